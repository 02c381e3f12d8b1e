// SPDX-License-Identifier: Apache-2.0

// How a school's keys change: at once with its operator's signature, or by a proposal that waits and can be stopped.

import { expect } from "chai";
import {
  batch,
  code,
  consent,
  DAY,
  ethers,
  expectAuthorityOnly,
  expectEvent,
  expectRefusal,
  FAR,
  inOneBlock,
  loadFixture,
  mined,
  NOBODY,
  PROPOSAL_WAITS,
  SCHOOL,
  schoolOf,
  seal,
  signedKeys,
  signedObjection,
  stage,
  Standing,
  time,
  UNKNOWN,
  walletStage,
  YEAR,
  ZERO,
} from "./fixture.js";

const NO_PROPOSAL = [NOBODY, 0n, false, ZERO, ZERO];
const WAITS = PROPOSAL_WAITS;
const CONTESTED_WAITS = BigInt(14 * DAY);
const STAYS = BigInt(14 * DAY);

/** The new keys, as the present operator signs them. */
function newKeys(given, changes = {}) {
  return {
    school: SCHOOL,
    operator: given.newOperator.address,
    sealCertificate: seal("new"),
    consent: consent("new"),
    version: 2,
    deadline: FAR,
    ...changes,
  };
}

function change(registry, keys, signature) {
  return registry.changeKeys(
    keys.school, keys.operator, keys.sealCertificate, keys.consent, keys.deadline, signature,
  );
}

function propose(given, registry = given.registry) {
  return registry.proposeKeys(SCHOOL, given.newOperator, seal("new"), consent("new"));
}

/** A stage on which new keys are proposed, and from when they can take effect. */
async function proposed(proposing = stage) {
  const given = await loadFixture(proposing);
  const { time: since } = await mined(propose(given));
  return { ...given, effectiveFrom: since + WAITS };
}

describe("TranscriptRegistry: keys of a school", () => {
  describe("changeKeys", () => {
    it("changes them at once, and remembers those before", async () => {
      const given = await loadFixture(stage);
      const { registry, operator, newOperator, asSchool } = given;
      const keys = newKeys(given);
      const { time: changed } = await expectEvent(
        change(registry, keys, await signedKeys(registry, operator, keys)),
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
        await change(registry, keys, await signedKeys(registry, operator, keys));
        expect((await registry.keysOf(SCHOOL, version)).sealCertificate).to.equal(seal(version));
      }
    });

    it("changes the keys of a suspended school, which may be how it gets well", async () => {
      const given = await loadFixture(stage);
      const keys = newKeys(given);
      await given.registry.suspendSchool(SCHOOL);
      await change(given.registry, keys, await signedKeys(given.registry, given.operator, keys));
      expect((await schoolOf(given.registry, SCHOOL)).standing).to.equal(Standing.Suspended);
    });

    it("is the authority's alone, whoever has signed", async () => {
      const given = await loadFixture(stage);
      const keys = newKeys(given);
      const signature = await signedKeys(given.registry, given.operator, keys);
      await expectAuthorityOnly(given, (as) => change(as, keys, signature));
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
        await expectRefusal(change(registry, newKeys(given), signature), registry, "ConsentMissing", SCHOOL, operator);
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
        await expectRefusal(change(registry, keys, signature), registry, "ConsentMissing", SCHOOL, operator);
      }
    });

    it("takes a signature once, though the keys change back", async () => {
      const given = await loadFixture(stage);
      const { registry, operator, newOperator } = given;
      const keys = newKeys(given);
      const signature = await signedKeys(registry, operator, keys);
      await change(registry, keys, signature);
      const back = newKeys(given, { operator: operator.address, version: 3 });
      await change(registry, back, await signedKeys(registry, newOperator, back));
      await expectRefusal(change(registry, keys, signature), registry, "ConsentMissing", SCHOOL, operator);
    });

    it("takes a signature until its deadline, and not a second longer", async () => {
      const given = await loadFixture(stage);
      const { registry, operator } = given;
      const deadline = BigInt(await time.latest()) + 100n;
      const keys = newKeys(given, { deadline });
      const signature = await signedKeys(registry, operator, keys);
      const snapshot = await ethers.provider.send("evm_snapshot", []);
      await time.setNextBlockTimestamp(deadline + 1n);
      await expectRefusal(change(registry, keys, signature), registry, "Expired", deadline);
      await ethers.provider.send("evm_revert", [snapshot]);
      await time.setNextBlockTimestamp(deadline);
      await change(registry, keys, signature);
    });

    it("asks a wallet that is the operator (ERC-1271)", async () => {
      const given = await walletStage("KeyWallet");
      const { registry, wallet, school, keyOfWallet, operator } = given;
      const keys = newKeys(given, { school });
      const wrong = await signedKeys(registry, operator, keys);
      await expectRefusal(change(registry, keys, wrong), registry, "ConsentMissing", school, await wallet.getAddress());
      await change(registry, keys, await signedKeys(registry, keyOfWallet, keys));
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
        const { time: since } = await mined(propose(given));
        await expectRefusal(act(registry, SCHOOL, complete), registry, "AlreadyProposed", SCHOOL, since + WAITS);
        await registry.closeSchool(SCHOOL, ZERO);
        await expectRefusal(act(registry, SCHOOL, complete), registry, "WrongStanding", SCHOOL, Standing.Closed);
      });
    }
  });

  describe("proposeKeys", () => {
    it("proposes keys that wait 72 hours, and changes nothing yet", async () => {
      const given = await loadFixture(stage);
      const { registry, operator, newOperator, asSchool } = given;
      const now = BigInt(await time.latest()) + 10n;
      await time.setNextBlockTimestamp(now);
      await expectEvent(
        propose(given), registry, "KeysProposed", SCHOOL, newOperator, seal("new"), consent("new"), now + WAITS,
      );
      expect([...(await registry.proposalOf(SCHOOL))]).to.deep.equal([
        newOperator.address, now + WAITS, false, seal("new"), consent("new"),
      ]);
      expect((await schoolOf(registry, SCHOOL)).keys.operator).to.equal(operator.address);
      await asSchool.anchor(SCHOOL, YEAR, batch("x").root, 5);
    });

    it("is the authority's alone", async () => {
      const given = await loadFixture(stage);
      await expectAuthorityOnly(given, (as) => propose(given, as));
    });

    it("has nothing to tell before", async () => {
      const { registry } = await loadFixture(stage);
      expect([...(await registry.proposalOf(SCHOOL))]).to.deep.equal(NO_PROPOSAL);
    });
  });

  describe("completeKeys", () => {
    it("changes the keys when the 72 hours are over, and not a second sooner", async () => {
      const given = await proposed();
      const { registry, newOperator, effectiveFrom } = given;
      await time.setNextBlockTimestamp(effectiveFrom - 1n);
      await expectRefusal(registry.completeKeys(SCHOOL), registry, "StillWaiting", SCHOOL, effectiveFrom);
      await time.setNextBlockTimestamp(effectiveFrom);
      await expectEvent(
        registry.completeKeys(SCHOOL), registry,
        "KeysChanged", SCHOOL, newOperator, 2n, seal("new"), consent("new"), false,
      );
      expect([...(await registry.keysOf(SCHOOL, 2))]).to.deep.equal([
        newOperator.address, effectiveFrom, seal("new"), consent("new"),
      ]);
      expect([...(await registry.proposalOf(SCHOOL))]).to.deep.equal(NO_PROPOSAL);
      await expectRefusal(registry.completeKeys(SCHOOL), registry, "NothingProposed", SCHOOL);
      await registry.connect(newOperator).anchor(SCHOOL, YEAR, batch("x").root, 5);
    });

    it("changes them within 14 days from then, and not a second later", async () => {
      const { registry, effectiveFrom } = await proposed();
      const snapshot = await ethers.provider.send("evm_snapshot", []);
      await time.setNextBlockTimestamp(effectiveFrom + STAYS);
      await registry.completeKeys(SCHOOL);
      await ethers.provider.send("evm_revert", [snapshot]);
      await time.setNextBlockTimestamp(effectiveFrom + STAYS + 1n);
      await expectRefusal(registry.completeKeys(SCHOOL), registry, "Expired", effectiveFrom + STAYS);
      await registry.withdrawKeys(SCHOOL);
    });

    it("is the authority's alone, and refuses where nothing is proposed or the school has closed", async () => {
      const given = await proposed();
      const { registry } = given;
      await time.increase(WAITS);
      await expectAuthorityOnly(given, (as) => as.completeKeys(SCHOOL));
      for (const school of [UNKNOWN, code("79000402")]) {
        await expectRefusal(registry.completeKeys(school), registry, "NothingProposed", school);
      }
      await registry.closeSchool(SCHOOL, ZERO);
      await expectRefusal(registry.completeKeys(SCHOOL), registry, "WrongStanding", SCHOOL, Standing.Closed);
    });

    it("completes the keys of a suspended school", async () => {
      const { registry } = await proposed();
      await registry.suspendSchool(SCHOOL);
      await time.increase(WAITS);
      await registry.completeKeys(SCHOOL);
      const { standing, version } = await schoolOf(registry, SCHOOL);
      expect([standing, version]).to.deep.equal([Standing.Suspended, 2n]);
    });
  });

  describe("objectToKeys", () => {
    it("stops a proposal, even at the last moment, and makes the next one wait 14 days", async () => {
      const given = await proposed();
      const { registry, operator, asSchool } = given;
      await time.increase(WAITS);
      await expectEvent(asSchool.objectToKeys(SCHOOL, "0x"), registry, "KeysObjected", SCHOOL, operator);
      expect([...(await registry.proposalOf(SCHOOL))]).to.deep.equal(NO_PROPOSAL);
      expect((await schoolOf(registry, SCHOOL)).contested).to.equal(true);
      await expectRefusal(registry.completeKeys(SCHOOL), registry, "NothingProposed", SCHOOL);

      const { time: since } = await mined(propose(given));
      const effectiveFrom = since + CONTESTED_WAITS;
      const { effectiveFrom: told, contested } = await registry.proposalOf(SCHOOL);
      expect([told, contested]).to.deep.equal([effectiveFrom, true]);
      await expectRefusal(asSchool.objectToKeys(SCHOOL, "0x"), registry, "AlreadyContested", SCHOOL);
      await time.setNextBlockTimestamp(effectiveFrom - 1n);
      await expectRefusal(registry.completeKeys(SCHOOL), registry, "StillWaiting", SCHOOL, effectiveFrom);
      await time.setNextBlockTimestamp(effectiveFrom);
      await registry.completeKeys(SCHOOL);
      const { contested: still, version } = await schoolOf(registry, SCHOOL);
      expect([still, version]).to.deep.equal([false, 2n]);
    });

    it("can be done again once the keys have changed", async () => {
      const given = await proposed();
      const { registry, operator, newOperator, asSchool } = given;
      await asSchool.objectToKeys(SCHOOL, "0x");
      const keys = newKeys(given);
      await change(registry, keys, await signedKeys(registry, operator, keys));
      await propose(given);
      await expectEvent(
        registry.connect(newOperator).objectToKeys(SCHOOL, "0x"), registry, "KeysObjected", SCHOOL, newOperator,
      );
    });

    it("is not forgotten when the authority withdraws the next proposal", async () => {
      const given = await proposed();
      const { registry, asSchool } = given;
      await asSchool.objectToKeys(SCHOOL, "0x");
      await propose(given);
      await registry.withdrawKeys(SCHOOL);
      const { time: since } = await mined(propose(given));
      expect((await registry.proposalOf(SCHOOL)).effectiveFrom).to.equal(since + CONTESTED_WAITS);
    });

    it("is the present operator's alone: not the authority's, nor that of the one who waits", async () => {
      const { registry, authority, operator, otherOperator, newOperator, stranger, effectiveFrom } = await proposed();
      for (const caller of [authority, otherOperator, newOperator, stranger]) {
        for (const signature of ["0x", await signedObjection(registry, caller, effectiveFrom)]) {
          const objecting = registry.connect(caller).objectToKeys(SCHOOL, signature);
          await expectRefusal(objecting, registry, "ConsentMissing", SCHOOL, operator);
        }
      }
    });

    it("can be sent by anybody with the operator's signature", async () => {
      const { registry, operator, relayer, effectiveFrom } = await proposed();
      const signature = await signedObjection(registry, operator, effectiveFrom);
      await expectEvent(
        registry.connect(relayer).objectToKeys(SCHOOL, signature), registry, "KeysObjected", SCHOOL, operator,
      );
      expect((await schoolOf(registry, SCHOOL)).contested).to.equal(true);
    });

    it("refuses a signature against another proposal, another school's, or for another registry", async () => {
      const { registry, authority, operator, relayer, effectiveFrom } = await proposed();
      const another = await ethers.deployContract("TranscriptRegistry", [authority, 0]);
      for (const signature of [
        await signedObjection(registry, operator, effectiveFrom + 1n),
        await signedObjection(registry, operator, effectiveFrom, code("79000402")),
        await signedObjection(another, operator, effectiveFrom),
      ]) {
        const objecting = registry.connect(relayer).objectToKeys(SCHOOL, signature);
        await expectRefusal(objecting, registry, "ConsentMissing", SCHOOL, operator);
      }
    });

    it("asks a wallet that is the operator (ERC-1271)", async () => {
      const { registry, wallet, school, keyOfWallet, relayer, newOperator } = await walletStage("KeyWallet");
      const { time: since } = await mined(registry.proposeKeys(school, newOperator, seal("new"), consent("new")));
      const signature = await signedObjection(registry, keyOfWallet, since + WAITS, school);
      const address = await wallet.getAddress();
      await expectEvent(
        registry.connect(relayer).objectToKeys(school, signature), registry, "KeysObjected", school, address,
      );
    });

    it("is open to a suspended school's operator, and refuses where nothing is proposed", async () => {
      const { registry, operator, asSchool } = await proposed();
      await expectRefusal(asSchool.objectToKeys(UNKNOWN, "0x"), registry, "NothingProposed", UNKNOWN);
      await registry.suspendSchool(SCHOOL);
      await expectEvent(asSchool.objectToKeys(SCHOOL, "0x"), registry, "KeysObjected", SCHOOL, operator);
      await expectRefusal(asSchool.objectToKeys(SCHOOL, "0x"), registry, "NothingProposed", SCHOOL);
    });
  });

  describe("withdrawKeys", () => {
    it("takes a proposal back, so that the keys can change by consent", async () => {
      const given = await proposed();
      const { registry, operator } = given;
      await expectEvent(registry.withdrawKeys(SCHOOL), registry, "KeysWithdrawn", SCHOOL);
      expect([...(await registry.proposalOf(SCHOOL))]).to.deep.equal(NO_PROPOSAL);
      expect((await schoolOf(registry, SCHOOL)).contested).to.equal(false);
      const keys = newKeys(given);
      await change(registry, keys, await signedKeys(registry, operator, keys));
    });

    it("is the authority's alone, and refuses where nothing is proposed", async () => {
      const given = await proposed();
      await expectAuthorityOnly(given, (as) => as.withdrawKeys(SCHOOL));
      await expectRefusal(given.registry.withdrawKeys(UNKNOWN), given.registry, "NothingProposed", UNKNOWN);
    });
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
        () => change(registry, there, signatures[0]),
        () => change(registry, back, signatures[1]),
      );
      const { timestamp } = await ethers.provider.getBlock(receipts[0].blockNumber);
      expect(await registry.operatorAt(SCHOOL, timestamp)).to.equal(operator.address);
      expect((await registry.keysOf(SCHOOL, 2)).since).to.equal((await registry.keysOf(SCHOOL, 3)).since);
    });
  });
});
