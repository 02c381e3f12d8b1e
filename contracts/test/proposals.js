// SPDX-License-Identifier: Apache-2.0

// How the keys of a school change without its operator's signature: proposed in public, and stoppable while they wait.

import { expect } from "chai";
import {
  batch,
  changeKeys,
  code,
  consent,
  DAY,
  ethers,
  expectAuthorityOnly,
  expectEvent,
  expectRefusal,
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

/** A stage on which new keys are proposed, and from when they can take effect. */
async function proposed() {
  const given = await loadFixture(stage);
  const { time: since } = await mined(proposeKeys(given));
  return { ...given, effectiveFrom: since + WAITS };
}

describe("TranscriptRegistry: proposed keys", () => {
  describe("proposeKeys", () => {
    it("proposes keys that wait 72 hours, and changes nothing yet", async () => {
      const given = await loadFixture(stage);
      const { registry, operator, newOperator, asSchool } = given;
      const now = BigInt(await time.latest()) + 10n;
      await time.setNextBlockTimestamp(now);
      await expectEvent(
        proposeKeys(given), registry, "KeysProposed", SCHOOL, newOperator, seal("new"), consent("new"), now + WAITS,
      );
      expect([...(await registry.proposalOf(SCHOOL))]).to.deep.equal([
        newOperator.address, now + WAITS, false, seal("new"), consent("new"),
      ]);
      expect((await schoolOf(registry, SCHOOL)).keys.operator).to.equal(operator.address);
      await asSchool.anchor(SCHOOL, YEAR, batch("x").root, 5);
    });

    it("is the authority's alone", async () => {
      const given = await loadFixture(stage);
      await expectAuthorityOnly(given, (as) => proposeKeys(given, as));
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

      const { time: since } = await mined(proposeKeys(given));
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
      await changeKeys(registry, keys, await signedKeys(registry, operator, keys));
      await proposeKeys(given);
      await expectEvent(
        registry.connect(newOperator).objectToKeys(SCHOOL, "0x"), registry, "KeysObjected", SCHOOL, newOperator,
      );
    });

    it("is not forgotten when the authority withdraws the next proposal", async () => {
      const given = await proposed();
      const { registry, asSchool } = given;
      await asSchool.objectToKeys(SCHOOL, "0x");
      await proposeKeys(given);
      await registry.withdrawKeys(SCHOOL);
      const { time: since } = await mined(proposeKeys(given));
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
      await changeKeys(registry, keys, await signedKeys(registry, operator, keys));
    });

    it("is the authority's alone, and refuses where nothing is proposed", async () => {
      const given = await proposed();
      await expectAuthorityOnly(given, (as) => as.withdrawKeys(SCHOOL));
      await expectRefusal(given.registry.withdrawKeys(UNKNOWN), given.registry, "NothingProposed", UNKNOWN);
    });
  });
});
