// SPDX-License-Identifier: Apache-2.0

// How the keys of a school change at once, with the signature of its operator; proposals.js has the long way.

import { expect } from "chai";
import {
  batch,
  changeKeys,
  code,
  consent,
  ethers,
  expectAuthorityOnly,
  expectEvent,
  expectRefusal,
  FAR,
  inOneBlock,
  loadFixture,
  mined,
  newKeys,
  NOBODY,
  PROPOSAL_WAITS,
  proposeKeys,
  SCHOOL,
  schoolOf,
  seal,
  signedKeys,
  stage,
  Standing,
  time,
  UNKNOWN,
  walletStage,
  YEAR,
  ZERO,
} from "./fixture.js";

describe("TranscriptRegistry: keys of a school", () => {
  describe("changeKeys", () => {
    it("changes them at once, and remembers those before", async () => {
      const given = await loadFixture(stage);
      const { registry, operator, newOperator, asSchool } = given;
      const keys = newKeys(given);
      const { time: changed } = await expectEvent(
        changeKeys(registry, keys, await signedKeys(registry, operator, keys)),
        registry, "KeysChanged", SCHOOL, newOperator, 2n, seal("new"), consent("new"), true,
      );
      expect((await schoolOf(registry, SCHOOL)).version).to.equal(2n);
      expect([...(await schoolOf(registry, SCHOOL)).keys]).to.deep.equal([
        newOperator.address, changed, seal("new"), consent("new"),
      ]);
      expect((await registry.keysOf(SCHOOL, 1)).operator).to.equal(operator.address);
      for (const [asked, who, with_] of [
        [changed - 1n, operator.address, seal("school")],
        [changed, newOperator.address, seal("new")],
        [FAR, newOperator.address, seal("new")],
      ]) {
        expect(await registry.operatorAt(SCHOOL, asked)).to.equal(who);
        expect(await registry.sealAt(SCHOOL, asked)).to.equal(with_);
      }
      const anchoring = asSchool.anchor(SCHOOL, YEAR, batch("x").root, 5);
      await expectRefusal(anchoring, registry, "NotOperator", SCHOOL, operator, newOperator);
      await registry.connect(newOperator).anchor(SCHOOL, YEAR, batch("x").root, 5);
    });

    it("may change the seal alone, or as often as the operators agree", async () => {
      const given = await loadFixture(stage);
      const { registry, operator } = given;
      for (const version of [2, 3, 4]) {
        const keys = newKeys(given, { operator: operator.address, sealCertificate: seal(version), version });
        await changeKeys(registry, keys, await signedKeys(registry, operator, keys));
        expect((await registry.keysOf(SCHOOL, version)).sealCertificate).to.equal(seal(version));
      }
    });

    it("changes the keys of a suspended school, which may be how it gets well", async () => {
      const given = await loadFixture(stage);
      const keys = newKeys(given);
      await given.registry.suspendSchool(SCHOOL);
      await changeKeys(given.registry, keys, await signedKeys(given.registry, given.operator, keys));
      expect((await schoolOf(given.registry, SCHOOL)).standing).to.equal(Standing.Suspended);
    });

    it("is the authority's alone, whoever has signed", async () => {
      const given = await loadFixture(stage);
      const keys = newKeys(given);
      const signature = await signedKeys(given.registry, given.operator, keys);
      await expectAuthorityOnly(given, (as) => changeKeys(as, keys, signature));
    });

    for (const [what, changes] of [
      ["another school", { school: code("79000402") }],
      ["another operator", { operator: NOBODY }],
      ["another seal", { sealCertificate: ethers.id("x") }],
      ["another consent", { consent: ethers.id("x") }],
      ["another version", { version: 3 }],
      ["another deadline", { deadline: FAR - 1n }],
    ]) {
      it(`refuses a signature for ${what}`, async () => {
        const given = await loadFixture(stage);
        const { registry, operator } = given;
        const signature = await signedKeys(registry, operator, newKeys(given, changes));
        const changing = changeKeys(registry, newKeys(given), signature);
        await expectRefusal(changing, registry, "ConsentMissing", SCHOOL, operator);
      });
    }

    it("refuses a signature that is somebody else's, for another registry, damaged or missing", async () => {
      const given = await loadFixture(stage);
      const { registry, authority, operator, newOperator } = given;
      const keys = newKeys(given);
      const another = await ethers.deployContract("TranscriptRegistry", [authority, 0]);
      const good = await signedKeys(registry, operator, keys);
      for (const signature of [
        await signedKeys(registry, newOperator, keys),
        await signedKeys(registry, authority, keys),
        await signedKeys(another, operator, keys),
        `${good.slice(0, -2)}00`,
        good.slice(0, -2),
        "0x",
      ]) {
        await expectRefusal(changeKeys(registry, keys, signature), registry, "ConsentMissing", SCHOOL, operator);
      }
    });

    it("takes a signature once, though the keys change back", async () => {
      const given = await loadFixture(stage);
      const { registry, operator, newOperator } = given;
      const keys = newKeys(given);
      const signature = await signedKeys(registry, operator, keys);
      await changeKeys(registry, keys, signature);
      const back = newKeys(given, { operator: operator.address, version: 3 });
      await changeKeys(registry, back, await signedKeys(registry, newOperator, back));
      await expectRefusal(changeKeys(registry, keys, signature), registry, "ConsentMissing", SCHOOL, operator);
    });

    it("takes a signature until its deadline, and not a second longer", async () => {
      const given = await loadFixture(stage);
      const { registry, operator } = given;
      const deadline = BigInt(await time.latest()) + 100n;
      const keys = newKeys(given, { deadline });
      const signature = await signedKeys(registry, operator, keys);
      const snapshot = await ethers.provider.send("evm_snapshot", []);
      await time.setNextBlockTimestamp(deadline + 1n);
      await expectRefusal(changeKeys(registry, keys, signature), registry, "Expired", deadline);
      await ethers.provider.send("evm_revert", [snapshot]);
      await time.setNextBlockTimestamp(deadline);
      await changeKeys(registry, keys, signature);
    });

    it("asks a wallet that is the operator (ERC-1271)", async () => {
      const given = await walletStage("KeyWallet");
      const { registry, wallet, school, keyOfWallet, operator } = given;
      const keys = newKeys(given, { school });
      const wrong = await signedKeys(registry, operator, keys);
      const address = await wallet.getAddress();
      await expectRefusal(changeKeys(registry, keys, wrong), registry, "ConsentMissing", school, address);
      await changeKeys(registry, keys, await signedKeys(registry, keyOfWallet, keys));
      expect((await schoolOf(registry, school)).version).to.equal(2n);
    });
  });

  describe("changeKeys and proposeKeys alike", () => {
    for (const [name, act] of [
      ["changeKeys", (registry, school, keys) => registry.changeKeys(school, ...keys, FAR, "0x")],
      ["proposeKeys", (registry, school, keys) => registry.proposeKeys(school, ...keys)],
    ]) {
      it(`${name} refuses incomplete keys, and a school that is unknown, closed or about to change`, async () => {
        const given = await loadFixture(stage);
        const { registry, newOperator } = given;
        const complete = [newOperator, seal("new"), consent("new")];
        for (const hole of [0, 1, 2]) {
          const keys = complete.with(hole, hole === 0 ? NOBODY : ZERO);
          await expectRefusal(act(registry, SCHOOL, keys), registry, "IncompleteKeys", SCHOOL);
        }
        await expectRefusal(act(registry, UNKNOWN, complete), registry, "UnknownSchool", UNKNOWN);
        const { time: since } = await mined(proposeKeys(given));
        const effectiveFrom = since + PROPOSAL_WAITS;
        await expectRefusal(act(registry, SCHOOL, complete), registry, "AlreadyProposed", SCHOOL, effectiveFrom);
        await registry.closeSchool(SCHOOL, ZERO);
        await expectRefusal(act(registry, SCHOOL, complete), registry, "WrongStanding", SCHOOL, Standing.Closed);
      });
    }
  });

  describe("operatorAt, sealAt", () => {
    it("tell the last of two keys of one second", async () => {
      const given = await loadFixture(stage);
      const { registry, operator, newOperator } = given;
      const [there, back] = [newKeys(given), newKeys(given, { operator: operator.address, version: 3 })];
      const signatures = [
        await signedKeys(registry, operator, there),
        await signedKeys(registry, newOperator, back),
      ];
      const receipts = await inOneBlock(
        () => changeKeys(registry, there, signatures[0]),
        () => changeKeys(registry, back, signatures[1]),
      );
      const { timestamp } = await ethers.provider.getBlock(receipts[0].blockNumber);
      expect(await registry.operatorAt(SCHOOL, timestamp)).to.equal(operator.address);
      expect((await registry.keysOf(SCHOOL, 2)).since).to.equal((await registry.keysOf(SCHOOL, 3)).since);
    });
  });
});
