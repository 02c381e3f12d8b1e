// SPDX-License-Identifier: Apache-2.0

// Recalls and replacements where nobody needs to agree. Approvals are in approvals.js, annulments in annulments.js.

import { expect } from "chai";
import {
  anchoredStage,
  batch,
  By,
  ethers,
  expectEvent,
  expectOperatorOnly,
  expectRefusal,
  HEIR,
  inOneBlock,
  loadFixture,
  mined,
  NO_REPLACEMENT,
  OTHER_SCHOOL,
  Reason,
  REPRESENTATIVE_WAITS,
  SCHOOL,
  Standing,
  time,
  UNKNOWN,
  YEAR,
  ZERO,
} from "./fixture.js";

/** The record in place `i` of a batch, as a replacement names it. */
const record = ({ root, entry }, i) => ({ root, entry: entry(i) });

const request = (batch_, i, replacement = NO_REPLACEMENT, reason = Reason.Fraud) => ({
  ...record(batch_, i),
  reason,
  replacement,
});

const recall = (registry, { root, entry, reason, replacement }, school = SCHOOL) =>
  registry.recall(school, root, entry, reason, replacement);

/** The two ways to recall one record; whatever one refuses, the other must. */
const WAYS = [
  ["recall", recall],
  ["recallMany", (registry, asked, school = SCHOOL) => registry.recallMany(school, [asked])],
];

/** The school has closed, and its successor, if it has one, has waited its time. */
async function closedStage(successor) {
  const given = await loadFixture(anchoredStage);
  await given.registry.closeSchool(SCHOOL, successor);
  await time.increase(REPRESENTATIVE_WAITS);
  return given;
}

describe("TranscriptRegistry: recalls", () => {
  for (const [name, act] of WAYS) {
    describe(name, () => {
      it("keeps when, in which block, why and by whom", async () => {
        const { registry, operator, asSchool, first } = await loadFixture(anchoredStage);
        const asked = request(first, 2, NO_REPLACEMENT, Reason.WrongData);
        const { time: recalled, block } = await expectEvent(
          act(asSchool, asked), registry,
          "LeafRecalled", SCHOOL, first.root, first.entry(2), Reason.WrongData, ZERO, ZERO,
        );
        const status = await registry.statusOf(SCHOOL, first.root, first.entry(2), first.proof(2));
        expect([status.recalledAt, status.recalledInBlock, status.approvedAt]).to.deep.equal([recalled, block, 0n]);
        expect([status.reason, status.recalledBy]).to.deep.equal([Reason.WrongData, By.School]);
        expect([status.recaller, status.recallDoubtful]).to.deep.equal([operator.address, false]);
        expect([status.replacedAt, status.replacedBy, status.replacementEntry]).to.deep.equal([0n, 0n, ZERO]);
        expect(status.included).to.equal(true);
      });

      it("names the replacement, in the same batch or another of the school", async () => {
        const { registry, operator, asSchool, first, second } = await loadFixture(anchoredStage);
        for (const [i, replacement] of [
          [0, record(second, 0)],
          [1, record(first, 4)],
        ]) {
          const { root, entry } = replacement;
          const { time: replaced } = await expectEvent(
            act(asSchool, request(first, i, replacement)), registry,
            "LeafRecalled", SCHOOL, first.root, first.entry(i), Reason.Fraud, root, entry,
          );
          const status = await registry.statusOf(SCHOOL, first.root, first.entry(i), []);
          expect([status.replacedAt, status.replacementSchool]).to.deep.equal([replaced, SCHOOL]);
          expect([status.replacedBy, status.replacer]).to.deep.equal([By.School, operator.address]);
          expect(status.replacementEntry).to.equal(entry);
        }
      });

      it("is the school's operator's alone, the authority included", async () => {
        const given = await loadFixture(anchoredStage);
        await expectOperatorOnly(given, SCHOOL, given.operator, (as) => act(as, request(given.first, 2)));
      });

      it("refuses a school that is not registered, and a root that this school did not anchor", async () => {
        const { registry, asSchool, heirs } = await loadFixture(anchoredStage);
        await expectRefusal(act(asSchool, request(heirs, 0), UNKNOWN), registry, "UnknownSchool", UNKNOWN);
        await expectRefusal(act(asSchool, request(heirs, 0)), registry, "NotAnchored", SCHOOL, heirs.root);
        const nowhere = { ...request(heirs, 0), root: ZERO };
        await expectRefusal(act(asSchool, nowhere), registry, "NotAnchored", SCHOOL, ZERO);
      });

      it("refuses no entry, no reason, and a reason nobody knows", async () => {
        const { registry, asSchool, first } = await loadFixture(anchoredStage);
        const noEntry = { ...request(first, 2), entry: ZERO };
        await expectRefusal(act(asSchool, noEntry), registry, "MissingEntry", SCHOOL, first.root);
        const noReason = request(first, 2, NO_REPLACEMENT, Reason.None);
        await expectRefusal(act(asSchool, noReason), registry, "MissingReason", SCHOOL, first.entry(2));
        await expect(act(asSchool, request(first, 2, NO_REPLACEMENT, 7))).to.be.revertedWithoutReason(ethers);
      });

      it("refuses to be made twice", async () => {
        const { registry, asSchool, first } = await loadFixture(anchoredStage);
        const { time: recalled } = await mined(act(asSchool, request(first, 2)));
        const again = request(first, 2, NO_REPLACEMENT, Reason.Other);
        await expectRefusal(act(asSchool, again), registry, "AlreadyRecalled", SCHOOL, first.entry(2), recalled);
      });

      it("refuses half a replacement", async () => {
        const { registry, asSchool, first, second } = await loadFixture(anchoredStage);
        for (const replacement of [
          { root: second.root, entry: ZERO },
          { root: ZERO, entry: second.entry(0) },
        ]) {
          const { root, entry } = replacement;
          const attempt = act(asSchool, request(first, 2, replacement));
          await expectRefusal(attempt, registry, "IncompleteReplacement", root, entry);
        }
      });

      it("refuses a replacement that neither the school nor a successor of its has anchored", async () => {
        const { registry, asSchool, first, heirs } = await loadFixture(anchoredStage);
        for (const root of [heirs.root, ethers.id("never anchored")]) {
          const attempt = act(asSchool, request(first, 2, { root, entry: heirs.entry(0) }));
          await expectRefusal(attempt, registry, "NotAnchored", SCHOOL, root);
        }
      });

      it("refuses the record itself for its replacement, be it from another batch", async () => {
        const { registry, asSchool, first, second } = await loadFixture(anchoredStage);
        for (const root of [first.root, second.root]) {
          const attempt = act(asSchool, request(first, 0, { root, entry: first.entry(0) }));
          await expectRefusal(attempt, registry, "ReplacementRecalled", SCHOOL, first.entry(0));
        }
      });

      it("refuses circles of two and of three", async () => {
        const { registry, asSchool, first, second } = await loadFixture(anchoredStage);
        const [a, b, c] = [record(first, 0), record(first, 1), record(second, 0)];
        const made = (one, replacement) => ({ ...one, reason: Reason.Fraud, replacement });
        await act(asSchool, made(a, b));
        await expectRefusal(act(asSchool, made(b, a)), registry, "ReplacementRecalled", SCHOOL, a.entry);
        await act(asSchool, made(b, c));
        await expectRefusal(act(asSchool, made(c, a)), registry, "ReplacementRecalled", SCHOOL, a.entry);
        await expectRefusal(act(asSchool, made(c, b)), registry, "ReplacementRecalled", SCHOOL, b.entry);
      });
    });
  }

  describe("recall", () => {
    it("touches no other record, no other batch, and no other school", async () => {
      const { registry, asSchool, asOther, first, second } = await loadFixture(anchoredStage);
      await asOther.anchor(OTHER_SCHOOL, YEAR, first.root, first.size);
      await recall(asSchool, request(first, 2));
      for (const [school, root, entry] of [
        ...[0, 1, 3, 4].map((i) => [SCHOOL, first.root, first.entry(i)]),
        [SCHOOL, second.root, first.entry(2)],
        [OTHER_SCHOOL, first.root, first.entry(2)],
      ]) {
        expect((await registry.statusOf(school, root, entry, [])).recalledAt).to.equal(0n);
      }
    });

    it("does not ask whether the record exists, and says of a false one that it is in no batch", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredStage);
      const invented = ethers.id("invented");
      await recall(asSchool, { ...request(first, 0), entry: invented });
      const status = await registry.statusOf(SCHOOL, first.root, invented, first.proof(0));
      expect([status.included, status.reason]).to.deep.equal([false, Reason.Fraud]);
    });
  });

  describe("recallMany", () => {
    it("recalls a whole class, one event each", async () => {
      const { registry, asSchool, first, second } = await loadFixture(anchoredStage);
      const asked = [0, 1, 2, 3, 4].map((i) => request(first, i, record(second, i), Reason.WrongData));
      const { receipt, time: recalled } = await mined(asSchool.recallMany(SCHOOL, asked));
      const events = receipt.logs.map((log) => registry.interface.parseLog(log));
      expect(events.map(({ name, args }) => [name, args.entry, args.replacementEntry])).to.deep.equal(
        asked.map(({ entry, replacement }) => ["LeafRecalled", entry, replacement.entry]),
      );
      for (const { entry } of asked) {
        expect((await registry.statusOf(SCHOOL, first.root, entry, [])).recalledAt).to.equal(recalled);
      }
    });

    it("recalls all or none", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredStage);
      const asked = [request(first, 0), request(first, 1), request(first, 0)];
      await expect(asSchool.recallMany(SCHOOL, asked)).to.be.revertedWithCustomError(registry, "AlreadyRecalled");
      expect((await registry.statusOf(SCHOOL, first.root, first.entry(1), [])).recalledAt).to.equal(0n);
    });

    it("takes none as well, from nobody but the operator", async () => {
      const given = await loadFixture(anchoredStage);
      await given.asSchool.recallMany(SCHOOL, []);
      await expectOperatorOnly(given, SCHOOL, given.operator, (as) => as.recallMany(SCHOOL, []));
    });
  });

  describe("addReplacement", () => {
    const add = (registry, of, replacement) => registry.addReplacement(SCHOOL, of.root, of.entry, replacement);

    it("names the replacement later, and who named it", async () => {
      const { registry, operator, asSchool, first, second } = await loadFixture(anchoredStage);
      const [old, new_] = [record(first, 0), record(second, 0)];
      const { time: recalled } = await mined(recall(asSchool, request(first, 0)));
      await time.increase(60);
      const { time: replaced } = await expectEvent(
        add(asSchool, old, new_), registry,
        "LeafReplaced", SCHOOL, old.root, old.entry, new_.root, new_.entry,
      );
      const status = await registry.statusOf(SCHOOL, old.root, old.entry, []);
      expect([status.recalledAt, status.replacedAt]).to.deep.equal([recalled, replaced]);
      expect([status.replacementSchool, status.replacementEntry]).to.deep.equal([SCHOOL, new_.entry]);
      expect([status.replacedBy, status.replacer]).to.deep.equal([By.School, operator.address]);
      expect(status.reason).to.equal(Reason.Fraud);
    });

    it("names it once", async () => {
      const { registry, asSchool, first, second } = await loadFixture(anchoredStage);
      await recall(asSchool, request(first, 0, record(second, 0)));
      await expectRefusal(
        add(asSchool, record(first, 0), record(second, 1)),
        registry, "AlreadyReplaced", SCHOOL, first.entry(0), second.entry(0),
      );
    });

    it("is the school's operator's alone, the authority included", async () => {
      const given = await loadFixture(anchoredStage);
      const { asSchool, operator, first, second } = given;
      await recall(asSchool, request(first, 0));
      await expectOperatorOnly(given, SCHOOL, operator, (as) => add(as, record(first, 0), record(second, 0)));
    });

    it("refuses a record that is not recalled, and a replacement as recall does", async () => {
      const { registry, asSchool, first, second, heirs } = await loadFixture(anchoredStage);
      const old = record(first, 0);
      await expectRefusal(
        add(asSchool, old, record(second, 0)), registry, "NotRecalled", SCHOOL, first.entry(0),
      );
      await recall(asSchool, request(first, 0));
      await recall(asSchool, request(first, 1));
      for (const [replacement, ...refused] of [
        [NO_REPLACEMENT, "IncompleteReplacement", ZERO, ZERO],
        [{ root: second.root, entry: ZERO }, "IncompleteReplacement", second.root, ZERO],
        [{ root: ZERO, entry: second.entry(0) }, "IncompleteReplacement", ZERO, second.entry(0)],
        [record(heirs, 0), "NotAnchored", SCHOOL, heirs.root],
        [old, "ReplacementRecalled", SCHOOL, old.entry],
        [{ ...old, root: second.root }, "ReplacementRecalled", SCHOOL, old.entry],
        [record(first, 1), "ReplacementRecalled", SCHOOL, first.entry(1)],
      ]) {
        await expectRefusal(add(asSchool, old, replacement), registry, ...refused);
      }
    });
  });

  describe("once the school is closed", () => {
    it("its successor's operator recalls and replaces, from 72 hours later on, and nobody else", async () => {
      const given = await loadFixture(anchoredStage);
      const { registry, authority, operator, heirOperator, asSchool, asHeir, first, heirs } = given;
      const { time: closed } = await mined(registry.closeSchool(SCHOOL, HEIR));
      const effectiveFrom = closed + REPRESENTATIVE_WAITS;
      await time.setNextBlockTimestamp(effectiveFrom - 1n);
      for (const as of [asHeir, registry, asSchool]) {
        await expectRefusal(recall(as, request(first, 0)), registry, "StillWaiting", SCHOOL, effectiveFrom);
      }
      await time.setNextBlockTimestamp(effectiveFrom);
      await expectEvent(
        recall(asHeir, request(first, 0, record(heirs, 0))), registry,
        "LeafRecalled", SCHOOL, first.root, first.entry(0), Reason.Fraud, heirs.root, heirs.entry(0),
      );
      const status = await registry.statusOf(SCHOOL, first.root, first.entry(0), []);
      expect([status.recalledBy, status.recaller]).to.deep.equal([By.Successor, heirOperator.address]);
      expect([status.replacedBy, status.replacer]).to.deep.equal([By.Successor, heirOperator.address]);
      expect([status.replacementSchool, status.replacementEntry]).to.deep.equal([HEIR, heirs.entry(0)]);
      for (const [as, caller] of [
        [asSchool, operator],
        [registry, authority],
      ]) {
        await expectRefusal(recall(as, request(first, 1)), registry, "NotOperator", HEIR, caller, heirOperator);
      }
    });

    it("its successor may name a record of either school for a replacement, but none that is recalled", async () => {
      const { registry, asHeir, first, second, heirs } = await closedStage(HEIR);
      await recall(asHeir, request(first, 0, record(second, 0)));
      expect((await registry.statusOf(SCHOOL, first.root, first.entry(0), [])).replacementSchool).to.equal(SCHOOL);
      await recall(asHeir, request(heirs, 1), HEIR);
      const attempt = recall(asHeir, request(first, 1, record(heirs, 1)));
      await expectRefusal(attempt, registry, "ReplacementRecalled", HEIR, heirs.entry(1));
    });

    it("a suspended or closed successor must be reinstated or succeeded first", async () => {
      const { registry, asHeir, asOther, first } = await closedStage(HEIR);
      await registry.suspendSchool(HEIR);
      const attempt = () => recall(asHeir, request(first, 0));
      await expectRefusal(attempt(), registry, "WrongStanding", HEIR, Standing.Suspended);
      await registry.closeSchool(HEIR, OTHER_SCHOOL);
      await expectRefusal(attempt(), registry, "WrongStanding", HEIR, Standing.Closed);
      const { time: named } = await mined(registry.nameSuccessor(SCHOOL, OTHER_SCHOOL));
      const byOther = () => recall(asOther, request(first, 0));
      await expectRefusal(byOther(), registry, "StillWaiting", SCHOOL, named + REPRESENTATIVE_WAITS);
      await time.increase(REPRESENTATIVE_WAITS);
      await byOther();
    });

    it("the authority alone recalls and replaces while there is no successor, from 72 hours later on", async () => {
      const { registry, authority, operator, asSchool, asHeir, heirOperator, first, second } = await closedStage(ZERO);
      for (const [as, caller] of [
        [asSchool, operator],
        [asHeir, heirOperator],
      ]) {
        const attempt = recall(as, request(first, 0));
        await expectRefusal(attempt, registry, "AccessControlUnauthorizedAccount", caller, ZERO);
      }
      await registry.lockSchoolYear(YEAR);
      await recall(registry, request(first, 0));
      await registry.addReplacement(SCHOOL, first.root, first.entry(0), record(second, 0));
      const status = await registry.statusOf(SCHOOL, first.root, first.entry(0), []);
      expect([status.recalledBy, status.recaller, status.approvedAt]).to.deep.equal([
        By.Authority, authority.address, 0n,
      ]);
      expect([status.replacedBy, status.replacer]).to.deep.equal([By.Authority, authority.address]);
      expect([status.recallDoubtful, status.replacementDoubtful]).to.deep.equal([false, false]);
    });

    it("tells truly who recalled, though another successor is named within the second", async () => {
      const { registry, asHeir, heirOperator, first } = await closedStage(HEIR);
      const [{ blockNumber }] = await inOneBlock(
        () => recall(asHeir, request(first, 0)),
        () => registry.closeSchool(HEIR, ZERO),
        () => registry.nameSuccessor(SCHOOL, OTHER_SCHOOL),
      );
      const status = await registry.statusOf(SCHOOL, first.root, first.entry(0), []);
      expect(status.recalledInBlock).to.equal(BigInt(blockNumber));
      expect([status.recalledBy, status.recaller]).to.deep.equal([By.Successor, heirOperator.address]);
    });
  });
});
