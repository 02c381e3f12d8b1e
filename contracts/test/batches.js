// SPDX-License-Identifier: Apache-2.0

// Batches, anchored by the operator itself or relayed one by one with its signature. Many at once are in relayed.js.

import { expect } from "chai";
import {
  anchoredStage,
  batch,
  code,
  ethers,
  expectEvent,
  expectOperatorOnly,
  expectRefusal,
  FAR,
  loadFixture,
  mined,
  OTHER_SCHOOL,
  PROPOSAL_WAITS,
  SCHOOL,
  seal,
  signedBatch,
  stage,
  Standing,
  time,
  UNKNOWN,
  walletStage,
  YEAR,
  ZERO,
} from "./fixture.js";

/** A signed batch as if it had been signed otherwise. */
const altered = (signed, changes) => ({ ...signed, ...changes });

describe("TranscriptRegistry: batches", () => {
  describe("anchor", () => {
    it("keeps time, block, year, count, operator and seal", async () => {
      const { registry, operator, asSchool } = await loadFixture(stage);
      const { root, entry, proof } = batch("first");
      const { time: anchored, block } = await expectEvent(
        asSchool.anchor(SCHOOL, YEAR, root, 5), registry, "BatchAnchored", SCHOOL, root, BigInt(YEAR), 5n,
      );
      const status = await registry.statusOf(SCHOOL, root, entry(0), proof(0));
      expect([status.anchoredAt, status.anchoredInBlock]).to.deep.equal([anchored, block]);
      expect([status.schoolYear, status.leafCount]).to.deep.equal([BigInt(YEAR), 5n]);
      expect([status.anchoredBy, status.sealCertificate]).to.deep.equal([operator.address, seal("school")]);
    });

    it("is the school's operator's alone, the authority included", async () => {
      const given = await loadFixture(stage);
      const { root } = batch("first");
      await expectOperatorOnly(given, SCHOOL, given.operator, (as) => as.anchor(SCHOOL, YEAR, root, 5));
    });

    it("refuses a school that is not registered", async () => {
      const { registry, asSchool } = await loadFixture(stage);
      const anchoring = asSchool.anchor(UNKNOWN, YEAR, batch("first").root, 5);
      await expectRefusal(anchoring, registry, "UnknownSchool", UNKNOWN);
    });

    it("refuses the zero root and an empty batch", async () => {
      const { registry, asSchool } = await loadFixture(stage);
      const { root } = batch("first");
      await expectRefusal(asSchool.anchor(SCHOOL, YEAR, ZERO, 5), registry, "MissingRoot", SCHOOL);
      await expectRefusal(asSchool.anchor(SCHOOL, YEAR, root, 0), registry, "EmptyBatch", SCHOOL, root);
    });

    it("knows the school years 1975 to 2214, locked or not", async () => {
      const { registry, asSchool } = await loadFixture(stage);
      const { root } = batch("first");
      for (const year of [0, 1974, 2215, 65_535]) {
        await expectRefusal(asSchool.anchor(SCHOOL, year, root, 5), registry, "UnknownSchoolYear", year);
      }
      await registry.lockSchoolYear(1975);
      for (const year of [1975, 2214]) await asSchool.anchor(SCHOOL, year, batch(`of ${year}`).root, 5);
    });

    it("takes the largest count there is", async () => {
      const { registry, asSchool } = await loadFixture(stage);
      const [{ root }, most] = [batch("first"), 2n ** 32n - 1n];
      await asSchool.anchor(SCHOOL, 2214, root, most);
      const { leafCount, schoolYear } = await registry.statusOf(SCHOOL, root, ZERO, []);
      expect([leafCount, schoolYear]).to.deep.equal([most, 2214n]);
    });

    it("takes a root once per school, and tells when it was taken", async () => {
      const { registry, operator, asSchool } = await loadFixture(stage);
      const { root } = batch("first");
      const { time: anchored } = await mined(asSchool.anchor(SCHOOL, YEAR, root, 5));
      const taken = ["AlreadyAnchored", SCHOOL, root, anchored];
      await expectRefusal(asSchool.anchor(SCHOOL, YEAR + 1, root, 6), registry, ...taken);
      await expectRefusal(registry.anchorBySig(await signedBatch(registry, operator, "first")), registry, ...taken);
    });

    it("lets nobody block a school by taking its root first", async () => {
      const { registry, asSchool, asOther } = await loadFixture(stage);
      const { root } = batch("first");
      await asOther.anchor(OTHER_SCHOOL, YEAR + 1, root, 1);
      await expectEvent(
        asSchool.anchor(SCHOOL, YEAR, root, 5), registry, "BatchAnchored", SCHOOL, root, BigInt(YEAR), 5n,
      );
      expect((await registry.statusOf(OTHER_SCHOOL, root, ZERO, [])).leafCount).to.equal(1n);
    });
  });

  describe("anchorBySig", () => {
    it("anchors what the operator signed, whoever sends it", async () => {
      const { registry, operator, relayer, stranger } = await loadFixture(stage);
      for (const [sender, name] of [
        [relayer, "first"],
        [stranger, "second"],
      ]) {
        const signed = await signedBatch(registry, operator, name);
        await expectEvent(
          registry.connect(sender).anchorBySig(signed),
          registry, "BatchAnchored", SCHOOL, signed.root, BigInt(YEAR), 5n,
        );
        const { anchoredBy } = await registry.statusOf(SCHOOL, signed.root, ZERO, []);
        expect(anchoredBy).to.equal(operator.address);
      }
    });

    for (const [what, changes] of [
      ["another school", { school: OTHER_SCHOOL }],
      ["another year", { schoolYear: YEAR + 1 }],
      ["another root", { root: ethers.id("x") }],
      ["another count", { leafCount: 6 }],
      ["another deadline", { deadline: FAR - 1n }],
    ]) {
      it(`refuses a signature for ${what}`, async () => {
        const { registry, operator } = await loadFixture(stage);
        const { signature } = await signedBatch(registry, operator, "first", changes);
        const signed = altered(await signedBatch(registry, operator, "first"), { signature });
        const refused = ["SignatureInvalid", SCHOOL, signed.root, operator];
        await expectRefusal(registry.anchorBySig(signed), registry, ...refused);
      });
    }

    it("refuses a signature that is somebody else's, for another registry, damaged or missing", async () => {
      const { registry, authority, operator, otherOperator } = await loadFixture(stage);
      const another = await ethers.deployContract("TranscriptRegistry", [authority, 0]);
      const good = await signedBatch(registry, operator, "first");
      const { signature } = good;
      for (const wrong of [
        (await signedBatch(registry, otherOperator, "first")).signature,
        (await signedBatch(registry, authority, "first")).signature,
        (await signedBatch(another, operator, "first")).signature,
        `${signature.slice(0, -2)}00`,
        signature.slice(0, -2),
        `${signature}00`,
        "0x",
      ]) {
        await expectRefusal(
          registry.anchorBySig(altered(good, { signature: wrong })),
          registry, "SignatureInvalid", SCHOOL, good.root, operator,
        );
      }
    });

    it("refuses the twin that every ECDSA signature has", async () => {
      const { registry, operator } = await loadFixture(stage);
      const good = await signedBatch(registry, operator, "first");
      const { r, s, v } = ethers.Signature.from(good.signature);
      const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
      const twin = ethers.concat([r, ethers.toBeHex(order - BigInt(s), 32), ethers.toBeHex(v === 27 ? 28 : 27)]);
      await expectRefusal(
        registry.anchorBySig(altered(good, { signature: twin })),
        registry, "SignatureInvalid", SCHOOL, good.root, operator,
      );
    });

    it("refuses the signature of an operator that has been replaced", async () => {
      const { registry, operator, newOperator } = await loadFixture(stage);
      const old = await signedBatch(registry, operator, "first");
      await registry.proposeKeys(SCHOOL, newOperator, seal("new"), ethers.id("new"));
      await time.increase(PROPOSAL_WAITS);
      await registry.completeKeys(SCHOOL);
      await expectRefusal(registry.anchorBySig(old), registry, "SignatureInvalid", SCHOOL, old.root, newOperator);
      await registry.anchorBySig(await signedBatch(registry, newOperator, "first"));
    });

    it("takes a signature until its deadline, and not a second longer", async () => {
      const { registry, operator } = await loadFixture(stage);
      const deadline = BigInt(await time.latest()) + 100n;
      const [first, second] = [
        await signedBatch(registry, operator, "first", { deadline }),
        await signedBatch(registry, operator, "second", { deadline }),
      ];
      await time.setNextBlockTimestamp(deadline);
      await registry.anchorBySig(first);
      await expectRefusal(registry.anchorBySig(second), registry, "Expired", deadline);
    });

    it("refuses as anchor does, before it looks at the signature", async () => {
      const { registry, operator } = await loadFixture(anchoredStage);
      const good = await signedBatch(registry, operator, "third");
      const { anchoredAt } = await registry.statusOf(SCHOOL, batch("first").root, ZERO, []);
      for (const [changes, ...refused] of [
        [{ school: UNKNOWN }, "UnknownSchool", UNKNOWN],
        [{ root: ZERO }, "MissingRoot", SCHOOL],
        [{ schoolYear: 1974 }, "UnknownSchoolYear", 1974],
        [{ leafCount: 0 }, "EmptyBatch", SCHOOL, good.root],
        [{ root: batch("first").root }, "AlreadyAnchored", SCHOOL, batch("first").root, anchoredAt],
      ]) {
        await expectRefusal(registry.anchorBySig(altered(good, changes)), registry, ...refused);
      }
      await registry.closeSchool(SCHOOL, ZERO);
      await expectRefusal(registry.anchorBySig(good), registry, "WrongStanding", SCHOOL, Standing.Closed);
    });

    it("cannot be replayed", async () => {
      const { registry, operator } = await loadFixture(stage);
      const signed = await signedBatch(registry, operator, "first");
      const { time: anchored } = await mined(registry.anchorBySig(signed));
      await expectRefusal(registry.anchorBySig(signed), registry, "AlreadyAnchored", SCHOOL, signed.root, anchored);
    });
  });

  describe("anchorBySig for an operator that is a contract", () => {
    /** A batch signed by the stranger's key for the wallet's school. */
    const signedFor = ({ registry, school, keyOfWallet }, name = "first") =>
      signedBatch(registry, keyOfWallet, name, { school });

    it("asks a wallet, and takes its word either way", async () => {
      const given = await walletStage("KeyWallet");
      const { registry, wallet, school, operator } = given;
      const good = await signedFor(given);
      const bad = altered(good, { signature: (await signedBatch(registry, operator, "first", { school })).signature });
      const refused = ["SignatureInvalid", school, good.root, await wallet.getAddress()];
      await expectRefusal(registry.anchorBySig(bad), registry, ...refused);
      await expectEvent(
        registry.anchorBySig(good), registry, "BatchAnchored", school, good.root, BigInt(YEAR), 5n,
      );
      expect((await registry.statusOf(school, good.root, ZERO, [])).anchoredBy).to.equal(await wallet.getAddress());
    });

    for (const [name, what] of [
      ["GreedyWallet", "spends all its gas"],
      ["TerseWallet", "answers in too few bytes"],
      ["RevertingWallet", "reverts with the right word"],
    ]) {
      it(`refuses a wallet that ${what}`, async () => {
        const given = await walletStage(name);
        const { registry, wallet, school } = given;
        const signed = await signedFor(given);
        const refused = ["SignatureInvalid", school, signed.root, await wallet.getAddress()];
        await expectRefusal(registry.anchorBySig(signed), registry, ...refused);
      });
    }

    it("does not copy what a talkative wallet says beside yes", async () => {
      const given = await walletStage("TalkativeWallet");
      const signed = await signedFor(given);
      const { receipt } = await mined(given.registry.anchorBySig(signed));
      // The wallet has 100,000 gas to speak; to copy its 150,000 bytes would cost the registry 57,000 more.
      expect(receipt.gasUsed).to.be.lessThan(190_000n);
      expect((await given.registry.statusOf(given.school, signed.root, ZERO, [])).anchoredAt).to.not.equal(0n);
    });

    it("takes the key of an account that has code as well (EIP-7702), though the code says no", async () => {
      const { registry, operator } = await loadFixture(stage);
      const wallet = await ethers.deployContract("TerseWallet");
      await ethers.provider.send("hardhat_setCode", [operator.address, await ethers.provider.getCode(wallet)]);
      const signed = await signedBatch(registry, operator, "first");
      await expectEvent(
        registry.anchorBySig(signed), registry, "BatchAnchored", SCHOOL, signed.root, BigInt(YEAR), 5n,
      );
    });

    it("says so when too little gas is left to ask, and anchors nothing", async () => {
      const given = await walletStage("KeyWallet");
      const { registry, school } = given;
      const signed = await signedFor(given);
      const needed = (100_000n * 64n) / 63n + 5_000n;
      const attempt = registry.anchorBySig(signed, { gasLimit: 130_000 });
      await expect(attempt)
        .to.be.revertedWithCustomError(registry, "NotEnoughGas")
        .withArgs((left) => left < needed && left > 50_000n, needed);
      expect((await registry.statusOf(school, signed.root, ZERO, [])).anchoredAt).to.equal(0n);
      await registry.anchorBySig(signed, { gasLimit: 250_000 });
    });

    it("never asks a key for more gas", async () => {
      const { registry, operator } = await loadFixture(stage);
      await registry.anchorBySig(await signedBatch(registry, operator, "first"), { gasLimit: 100_000 });
    });

    it("asks no account without code", async () => {
      const { registry, stranger } = await loadFixture(stage);
      const school = code("01000701");
      const nobodysKey = ethers.getAddress(`0x${"77".repeat(20)}`);
      await registry.registerSchool(school, nobodysKey, seal("x"), ethers.id("x"));
      const signed = await signedBatch(registry, stranger, "first", { school });
      await expectRefusal(
        registry.anchorBySig(signed), registry, "SignatureInvalid", school, signed.root, nobodysKey,
      );
    });
  });
});
