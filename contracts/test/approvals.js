// SPDX-License-Identifier: Apache-2.0

// What needs the authority's approval, what an approval is good for, and how a recall is annulled.

import { expect } from "chai";
import {
  anchoredStage,
  batch,
  By,
  ethers,
  expectAuthorityOnly,
  expectEvent,
  expectOperatorOnly,
  expectRefusal,
  FAR,
  HEIR,
  inOneBlock,
  loadFixture,
  mined,
  NO_REPLACEMENT,
  Policy,
  Reason,
  REPRESENTATIVE_WAITS,
  SCHOOL,
  time,
  UNKNOWN,
  YEAR,
  ZERO,
} from "./fixture.js";

const record = ({ root, entry }, i) => ({ root, entry: entry(i) });
const request = (batch_, i, changes = {}) => ({
  ...record(batch_, i),
  reason: Reason.Fraud,
  replacement: NO_REPLACEMENT,
  ...changes,
});
const annulmentOf = ({ root, entry }) => ({ root, entry, reason: Reason.None, replacement: NO_REPLACEMENT });

const recall = (registry, { root, entry, reason, replacement }, school = SCHOOL) =>
  registry.recall(school, root, entry, reason, replacement);
const annul = (registry, { root, entry }) => registry.annulRecall(SCHOOL, root, entry);
const eventOf = ({ root, entry, reason, replacement }) => [
  SCHOOL, root, entry, reason, replacement.root, replacement.entry,
];

/** The stage after the authority locked the year of every batch. */
async function lockedStage() {
  const given = await anchoredStage();
  await given.registry.lockSchoolYear(YEAR);
  return given;
}

/** A record is recalled, and that it be annulled is approved. */
async function annullableStage() {
  const given = await anchoredStage();
  const asked = request(given.first, 0, { replacement: record(given.second, 0) });
  const made = await mined(recall(given.asSchool, asked));
  const { time: approved } = await mined(given.registry.approveAnnulment(SCHOOL, asked.root, asked.entry));
  return { ...given, asked, made, approved };
}

describe("TranscriptRegistry: approvals", () => {
  describe("approveRecalls", () => {
    it("approves each in just these words, and tells since when", async () => {
      const { registry, first, second } = await loadFixture(anchoredStage);
      const asked = request(first, 0, { replacement: record(second, 0) });
      const { time: approved } = await expectEvent(
        registry.approveRecalls(SCHOOL, [asked]), registry, "RecallApproved", ...eventOf(asked),
      );
      expect(await registry.approvedAt(SCHOOL, asked)).to.equal(approved);
      for (const other of [
        { ...asked, root: second.root },
        { ...asked, entry: first.entry(1) },
        { ...asked, reason: Reason.Other },
        { ...asked, replacement: NO_REPLACEMENT },
        { ...asked, replacement: record(second, 1) },
        { ...asked, replacement: { ...asked.replacement, root: first.root } },
        annulmentOf(asked),
      ]) {
        expect(await registry.approvedAt(SCHOOL, other)).to.equal(0n);
      }
      expect(await registry.approvedAt(HEIR, asked)).to.equal(0n);
    });

    it("approves many at once, all or none", async () => {
      const { registry, first } = await loadFixture(anchoredStage);
      const asked = [0, 1, 2].map((i) => request(first, i));
      const { receipt, time: approved } = await mined(registry.approveRecalls(SCHOOL, asked.slice(1)));
      const events = receipt.logs.map((log) => registry.interface.parseLog(log));
      expect(events.map(({ args }) => args.entry)).to.deep.equal([first.entry(1), first.entry(2)]);
      const taken = ["AlreadyApproved", SCHOOL, first.entry(1), approved];
      await expectRefusal(registry.approveRecalls(SCHOOL, asked), registry, ...taken);
      expect(await registry.approvedAt(SCHOOL, asked[0])).to.equal(0n);
    });

    it("is the authority's alone", async () => {
      const given = await loadFixture(anchoredStage);
      await expectAuthorityOnly(given, (as) => as.approveRecalls(SCHOOL, [request(given.first, 0)]));
      await expectAuthorityOnly(given, (as) => as.approveRecalls(SCHOOL, []));
    });

    it("refuses a batch that was not anchored, no entry and no reason", async () => {
      const { registry, first, heirs } = await loadFixture(anchoredStage);
      for (const [asked, ...refused] of [
        [request(heirs, 0), "NotAnchored", SCHOOL, heirs.root],
        [request(first, 0, { entry: ZERO }), "MissingEntry", SCHOOL, first.root],
        [request(first, 0, { reason: Reason.None }), "MissingReason", SCHOOL, first.entry(0)],
      ]) {
        await expectRefusal(registry.approveRecalls(SCHOOL, [asked]), registry, ...refused);
      }
      const nowhere = registry.approveRecalls(UNKNOWN, [request(first, 0)]);
      await expectRefusal(nowhere, registry, "NotAnchored", UNKNOWN, first.root);
    });
  });

  describe("withdrawApproval", () => {
    it("takes back a recall's approval and an annulment's", async () => {
      const { registry, asSchool, asked } = await loadFixture(annullableStage);
      const other = request(batch("first"), 1);
      await registry.approveRecalls(SCHOOL, [other]);
      for (const [approved, act] of [
        [other, null],
        [annulmentOf(asked), () => annul(asSchool, asked)],
      ]) {
        await expectEvent(
          registry.withdrawApproval(SCHOOL, approved), registry, "ApprovalWithdrawn", ...eventOf(approved),
        );
        expect(await registry.approvedAt(SCHOOL, approved)).to.equal(0n);
        const refused = ["ApprovalMissing", SCHOOL, approved.root, approved.entry];
        await expectRefusal(registry.withdrawApproval(SCHOOL, approved), registry, ...refused);
        if (act) await expectRefusal(act(), registry, ...refused);
      }
    });

    it("is the authority's alone", async () => {
      const given = await loadFixture(anchoredStage);
      const asked = request(given.first, 0);
      await given.registry.approveRecalls(SCHOOL, [asked]);
      await expectAuthorityOnly(given, (as) => as.withdrawApproval(SCHOOL, asked));
    });
  });

  for (const [name, act] of [
    ["recall", recall],
    ["recallMany", (registry, asked) => registry.recallMany(SCHOOL, [asked])],
  ]) {
    describe(`${name} with approval`, () => {
      for (const [when, begin] of [
        ["the school year is locked", (registry) => registry.lockSchoolYear(YEAR)],
        ["the policy says so", (registry) => registry.setRecallPolicy(Policy.WithApproval)],
      ]) {
        it(`needs it when ${when}, and uses it up`, async () => {
          const { registry, asSchool, first, second } = await loadFixture(anchoredStage);
          await begin(registry);
          const asked = request(first, 0, { replacement: record(second, 0) });
          const refused = ["ApprovalMissing", SCHOOL, first.root, first.entry(0)];
          await expectRefusal(act(asSchool, asked), registry, ...refused);
          const { time: approved } = await mined(registry.approveRecalls(SCHOOL, [asked]));
          for (const other of [
            { ...asked, reason: Reason.Other },
            { ...asked, replacement: record(second, 1) },
            { ...asked, replacement: NO_REPLACEMENT },
          ]) {
            await expectRefusal(act(asSchool, other), registry, ...refused);
          }
          await time.increase(60);
          await expectEvent(act(asSchool, asked), registry, "LeafRecalled", ...eventOf(asked));
          expect(await registry.approvedAt(SCHOOL, asked)).to.equal(0n);
          expect((await registry.statusOf(SCHOOL, first.root, first.entry(0), [])).approvedAt).to.equal(approved);
        });
      }

      it("does not need it in another year, nor when the policy has gone back", async () => {
        const { registry, asSchool, first } = await loadFixture(anchoredStage);
        await registry.lockSchoolYear(YEAR - 1);
        await registry.lockSchoolYear(YEAR + 1);
        await registry.setRecallPolicy(Policy.WithApproval);
        await registry.setRecallPolicy(Policy.SchoolAlone);
        await act(asSchool, request(first, 0));
        expect((await registry.statusOf(SCHOOL, first.root, first.entry(0), [])).approvedAt).to.equal(0n);
      });

      it("is still the operator's act: nobody else may use the approval", async () => {
        const given = await loadFixture(lockedStage);
        const asked = request(given.first, 0);
        await given.registry.approveRecalls(SCHOOL, [asked]);
        await expectOperatorOnly(given, SCHOOL, given.operator, (as) => act(as, asked));
      });
    });
  }

  describe("recall by a successor", () => {
    it("needs approval as the school would have", async () => {
      const { registry, asHeir, first } = await loadFixture(lockedStage);
      await registry.closeSchool(SCHOOL, HEIR);
      await time.increase(REPRESENTATIVE_WAITS);
      const asked = request(first, 0);
      await expectRefusal(recall(asHeir, asked), registry, "ApprovalMissing", SCHOOL, asked.root, asked.entry);
      await registry.approveRecalls(SCHOOL, [asked]);
      await recall(asHeir, asked);
    });
  });

  describe("addReplacement with approval", () => {
    it("needs one for just this replacement, with the recall's reason", async () => {
      const { registry, asSchool, first, second } = await loadFixture(anchoredStage);
      const [asked, replacement] = [request(first, 0), record(second, 0)];
      await recall(asSchool, asked);
      await registry.lockSchoolYear(YEAR);
      const add = () => asSchool.addReplacement(SCHOOL, asked.root, asked.entry, replacement);
      const refused = ["ApprovalMissing", SCHOOL, asked.root, asked.entry];
      await registry.approveRecalls(SCHOOL, [
        { ...asked, replacement: record(second, 1) },
        { ...asked, replacement, reason: Reason.Other },
      ]);
      await expectRefusal(add(), registry, ...refused);
      await registry.approveRecalls(SCHOOL, [{ ...asked, replacement }]);
      await expectEvent(
        add(), registry, "LeafReplaced", SCHOOL, asked.root, asked.entry, replacement.root, replacement.entry,
      );
      expect(await registry.approvedAt(SCHOOL, { ...asked, replacement })).to.equal(0n);
    });
  });

  describe("approveAnnulment", () => {
    it("approves it, once, and tells since when", async () => {
      const { registry, asked, approved } = await loadFixture(annullableStage);
      expect(await registry.approvedAt(SCHOOL, annulmentOf(asked))).to.equal(approved);
      const again = registry.approveAnnulment(SCHOOL, asked.root, asked.entry);
      await expectRefusal(again, registry, "AlreadyApproved", SCHOOL, asked.entry, approved);
    });

    it("says so in one event", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredStage);
      await recall(asSchool, request(first, 1));
      await expectEvent(
        registry.approveAnnulment(SCHOOL, first.root, first.entry(1)),
        registry, "AnnulmentApproved", SCHOOL, first.root, first.entry(1),
      );
    });

    it("is the authority's alone", async () => {
      const given = await loadFixture(annullableStage);
      await expectAuthorityOnly(given, (as) => as.approveAnnulment(SCHOOL, given.asked.root, given.asked.entry));
    });

    it("refuses a record that is not recalled", async () => {
      const { registry, first } = await loadFixture(anchoredStage);
      const approving = registry.approveAnnulment(SCHOOL, first.root, first.entry(0));
      await expectRefusal(approving, registry, "NotRecalled", SCHOOL, first.entry(0));
    });
  });

  describe("annulRecall", () => {
    it("makes the record current again, and keeps the recall as it was", async () => {
      const { registry, operator, asSchool, asked, made } = await loadFixture(annullableStage);
      const { root, entry, replacement } = asked;
      const { time: annulled } = await expectEvent(
        annul(asSchool, asked), registry, "RecallAnnulled", SCHOOL, root, entry,
      );
      const now = await registry.statusOf(SCHOOL, root, entry, []);
      expect([now.recalledAt, now.recalledInBlock, now.reason, now.recalledBy]).to.deep.equal([0n, 0n, 0n, By.Nobody]);
      expect([now.replacedAt, now.replacementSchool, now.replacementEntry]).to.deep.equal([0n, ZERO, ZERO]);
      expect(await registry.annulments(SCHOOL, root, entry)).to.equal(1n);
      const [kept, annulledAt] = await registry.annulledRecall(SCHOOL, root, entry, 0);
      expect(annulledAt).to.equal(annulled);
      expect(kept.replacementEntry).to.equal(replacement.entry);
      expect(kept.recall.toObject()).to.deep.equal({
        recalledAt: made.time,
        recalledInBlock: made.block,
        approvedAt: 0n,
        replacedAt: made.time,
        version: 1n,
        replacerVersion: 1n,
        reason: Reason.Fraud,
        by: By.School,
        replacer: By.School,
        replacedBySuccessor: false,
      });
      const before = await registry.statusAt(SCHOOL, root, entry, [], annulled - 1n);
      expect([before.recalledAt, before.recaller]).to.deep.equal([made.time, operator.address]);
      expect(before.replacementEntry).to.equal(replacement.entry);
    });

    it("lets the record be recalled again, and annulled again, each kept", async () => {
      const { registry, asSchool, asked } = await loadFixture(annullableStage);
      const { root, entry } = asked;
      await annul(asSchool, asked);
      for (const [count, reason] of [
        [2n, Reason.WrongData],
        [3n, Reason.Other],
      ]) {
        await recall(asSchool, { ...asked, reason });
        await registry.approveAnnulment(SCHOOL, root, entry);
        await annul(asSchool, asked);
        expect(await registry.annulments(SCHOOL, root, entry)).to.equal(count);
        const [kept] = await registry.annulledRecall(SCHOOL, root, entry, count - 1n);
        expect(kept.recall.reason).to.equal(reason);
      }
      const [oldest] = await registry.annulledRecall(SCHOOL, root, entry, 0);
      expect(oldest.recall.reason).to.equal(Reason.Fraud);
      await expect(registry.annulledRecall(SCHOOL, root, entry, 3)).to.be.revertedWithPanic(0x32);
    });

    it("is for the school's operator with the authority's approval, and for neither alone", async () => {
      const given = await loadFixture(annullableStage);
      const { registry, operator, asSchool, asked, first } = given;
      await expectOperatorOnly(given, SCHOOL, operator, (as) => annul(as, asked));
      const other = request(first, 1);
      await recall(asSchool, other);
      await expectRefusal(annul(asSchool, other), registry, "ApprovalMissing", SCHOOL, other.root, other.entry);
    });

    it("refuses a record that is not recalled, or whose recall was annulled", async () => {
      const { registry, asSchool, asked, first } = await loadFixture(annullableStage);
      const untouched = record(first, 1);
      await expectRefusal(annul(asSchool, untouched), registry, "NotRecalled", SCHOOL, untouched.entry);
      await annul(asSchool, asked);
      await expectRefusal(annul(asSchool, asked), registry, "NotRecalled", SCHOOL, asked.entry);
    });

    it("refuses within the second of the recall, of which nothing would be left", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredStage);
      const asked = request(first, 0);
      const gas = { gasLimit: 500_000 };
      const receipts = await inOneBlock(
        () => asSchool.recall(SCHOOL, asked.root, asked.entry, asked.reason, asked.replacement, gas),
        () => registry.approveAnnulment(SCHOOL, asked.root, asked.entry, gas),
        () => asSchool.annulRecall(SCHOOL, asked.root, asked.entry, gas),
      );
      expect(receipts.map(({ status }) => status)).to.deep.equal([1, 1, 0]);
      const { timestamp } = await ethers.provider.getBlock(receipts[0].blockNumber);
      const call = { blockTag: receipts[0].blockNumber };
      expect((await registry.statusOf(SCHOOL, asked.root, asked.entry, [], call)).recalledAt).to.equal(
        BigInt(timestamp),
      );
      await annul(asSchool, asked);
    });

    it("ends every approval that was given before it", async () => {
      const { registry, asSchool, asked, second } = await loadFixture(annullableStage);
      const unused = { ...asked, replacement: record(second, 1) };
      await registry.approveRecalls(SCHOOL, [unused]);
      await annul(asSchool, asked);
      await registry.lockSchoolYear(YEAR);
      expect(await registry.approvedAt(SCHOOL, unused)).to.equal(0n);
      const refused = ["ApprovalMissing", SCHOOL, asked.root, asked.entry];
      await expectRefusal(recall(asSchool, unused), registry, ...refused);
      await expectRefusal(registry.withdrawApproval(SCHOOL, unused), registry, ...refused);
      const { time: approved } = await mined(registry.approveRecalls(SCHOOL, [unused]));
      expect(await registry.approvedAt(SCHOOL, unused)).to.equal(approved);
      await recall(asSchool, unused);
    });

    it("frees a record to be a replacement again, without a circle", async () => {
      const { registry, asSchool, asked, second } = await loadFixture(annullableStage);
      await annul(asSchool, asked);
      await recall(asSchool, request(second, 0, { replacement: record(batch("first"), 0) }));
      await expectRefusal(recall(asSchool, asked), registry, "ReplacementRecalled", SCHOOL, second.entry(0));
    });
  });

  describe("annulRecall once the school is closed", () => {
    it("is its successor's with approval", async () => {
      const { registry, asHeir, heirOperator, authority, asked } = await loadFixture(annullableStage);
      await registry.closeSchool(SCHOOL, HEIR);
      await time.increase(REPRESENTATIVE_WAITS);
      await expectRefusal(annul(registry, asked), registry, "NotOperator", HEIR, authority, heirOperator);
      await expectEvent(annul(asHeir, asked), registry, "RecallAnnulled", SCHOOL, asked.root, asked.entry);
    });

    it("is the authority's for what it recalled alone, but never for what a school recalled", async () => {
      const { registry, asked, first } = await loadFixture(annullableStage);
      await registry.closeSchool(SCHOOL, ZERO);
      await time.increase(REPRESENTATIVE_WAITS);
      await expectRefusal(annul(registry, asked), registry, "SuccessorMissing", SCHOOL);
      const own = request(first, 3);
      await recall(registry, own);
      await expectEvent(annul(registry, own), registry, "RecallAnnulled", SCHOOL, own.root, own.entry);
      expect((await registry.statusAt(SCHOOL, own.root, own.entry, [], FAR)).recalledAt).to.equal(0n);
    });
  });
});
