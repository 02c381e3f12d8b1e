// SPDX-License-Identifier: Apache-2.0

// What a reader is told about one record, now and at earlier moments.

import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { expect } from "chai";
import {
  anchoredStage,
  batch,
  By,
  code,
  ethers,
  FAR,
  HEIR,
  inOneBlock,
  loadFixture,
  mined,
  NO_REPLACEMENT,
  NOBODY,
  OTHER_SCHOOL,
  Reason,
  REPRESENTATIVE_WAITS,
  SCHOOL,
  seal,
  stage,
  Standing,
  time,
  UNKNOWN,
  YEAR,
  ZERO,
} from "./fixture.js";

const NOTHING = {
  included: false,
  anchoredAt: 0n,
  anchoredInBlock: 0n,
  leafCount: 0n,
  schoolYear: 0n,
  lockedAt: 0n,
  late: false,
  version: 0n,
  anchoredBy: NOBODY,
  sealCertificate: ZERO,
  anchorDoubtful: false,
  compromisedSince: 0n,
  compromiseRecordedAt: 0n,
  recalledAt: 0n,
  recalledInBlock: 0n,
  approvedAt: 0n,
  reason: 0n,
  recalledBy: By.Nobody,
  recaller: NOBODY,
  recallDoubtful: false,
  replacedAt: 0n,
  replacedBy: By.Nobody,
  replacer: NOBODY,
  replacementDoubtful: false,
  replacementSchool: ZERO,
  replacementEntry: ZERO,
  standing: Standing.Unregistered,
  successor: ZERO,
};

/** The status of the record in place `i` of a batch, as a plain object; at `asked`, if it is given. */
async function status(registry, { root, entry, proof }, i, { school = SCHOOL, asked } = {}) {
  const answer =
    asked === undefined
      ? await registry.statusOf(school, root, entry(i), proof(i))
      : await registry.statusAt(school, root, entry(i), proof(i), asked);
  return answer.toObject();
}

describe("TranscriptRegistry: reading", () => {
  describe("statusOf", () => {
    it("tells everything about a record that nothing has happened to", async () => {
      const { registry, operator, first } = await loadFixture(anchoredStage);
      const told = await status(registry, first, 0);
      expect(told).to.deep.equal({
        ...NOTHING,
        included: true,
        anchoredAt: told.anchoredAt,
        anchoredInBlock: told.anchoredInBlock,
        leafCount: 5n,
        schoolYear: BigInt(YEAR),
        version: 1n,
        anchoredBy: operator.address,
        sealCertificate: seal("school"),
        standing: Standing.Active,
      });
    });

    it("agrees with OpenZeppelin's tree about every record of batches of every shape", async () => {
      const { registry, asSchool } = await loadFixture(stage);
      for (const size of [1, 2, 3, 4, 7, 8, 9]) {
        const given = batch(`of ${size}`, size);
        await asSchool.anchor(SCHOOL, YEAR, given.root, size);
        for (let i = 0; i < size; i += 1) {
          expect(given.leaf(i)).to.equal(ethers.keccak256(given.entry(i)));
          expect((await status(registry, given, i)).included).to.equal(true);
        }
      }
    });

    it("reads zeros for what it does not know, and includes nothing in them", async () => {
      const { registry, first } = await loadFixture(anchoredStage);
      expect(await status(registry, first, 0, { school: UNKNOWN })).to.deep.equal(NOTHING);
      const known = { ...NOTHING, standing: Standing.Active };
      expect(await status(registry, first, 0, { school: OTHER_SCHOOL })).to.deep.equal(known);
      expect(await status(registry, batch("third"), 0)).to.deep.equal(known);
      expect((await registry.statusOf(SCHOOL, ZERO, ZERO, [])).toObject()).to.deep.equal(known);
    });

    it("includes no record by another's path, nor by one that is too short, too long or another batch's", async () => {
      const { registry, first, second } = await loadFixture(anchoredStage);
      const [entry, proof] = [first.entry(0), first.proof(0)];
      for (const [claimed, path] of [
        [entry, first.proof(1)],
        [second.entry(0), proof],
        [second.entry(0), second.proof(0)],
        [entry, proof.slice(0, -1)],
        [entry, proof.slice(1)],
        [entry, [...proof, ZERO]],
        [entry, []],
        [first.root, []],
        [first.leaf(0), proof],
      ]) {
        const { included, anchoredAt } = await registry.statusOf(SCHOOL, first.root, claimed, path);
        expect(included).to.equal(false);
        expect(anchoredAt).to.not.equal(0n);
      }
    });

    it("takes no inner node for a record: the tree's own library would, the registry hashes first", async () => {
      const { registry, asSchool } = await loadFixture(stage);
      const four = batch("four", 4);
      await asSchool.anchor(SCHOOL, YEAR, four.root, 4);
      const [, left, right] = four.nodes();
      const children = four.nodes().slice(3, 5).sort();
      expect(ethers.keccak256(ethers.concat(children))).to.equal(left);
      // As a leaf, the node would pass: its sibling leads it to the root.
      const pair = [left, right].sort();
      expect(ethers.keccak256(ethers.concat(pair))).to.equal(four.root);
      // As an entry it does not, nor does anything that 32 bytes could say of the 64 beneath it.
      for (const entry of [left, right, four.root, ...children]) {
        for (const path of [[], [right], [left], [four.nodes()[3], right], [four.nodes()[4], right]]) {
          expect((await registry.statusOf(SCHOOL, four.root, entry, path)).included).to.equal(false);
        }
      }
      const types = ["bytes32", "bytes32", "bytes32"];
      expect(StandardMerkleTree.verify(four.root, types, [left, right, ZERO], [])).to.equal(false);
    });

    it("tells a recall even when the path is wrong", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredStage);
      await asSchool.recall(SCHOOL, first.root, first.entry(2), Reason.Fraud, NO_REPLACEMENT);
      const { included, reason } = await registry.statusOf(SCHOOL, first.root, first.entry(2), []);
      expect([included, reason]).to.deep.equal([false, Reason.Fraud]);
    });

    it("marks what was anchored in a later second than its year was locked", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredStage);
      const { time: locked } = await mined(registry.lockSchoolYear(YEAR));
      const third = batch("third");
      await asSchool.anchor(SCHOOL, YEAR, third.root, third.size);
      for (const [given, late] of [
        [first, false],
        [third, true],
      ]) {
        const told = await status(registry, given, 0);
        expect([told.lockedAt, told.late]).to.deep.equal([locked, late]);
      }
    });

    it("does not call late what was anchored in the very second of the lock", async () => {
      const { registry, asSchool } = await loadFixture(anchoredStage);
      const third = batch("third");
      await inOneBlock(
        () => registry.lockSchoolYear(YEAR),
        () => asSchool.anchor(SCHOOL, YEAR, third.root, third.size),
      );
      const { anchoredAt, lockedAt, late } = await status(registry, third, 0);
      expect([anchoredAt, late]).to.deep.equal([lockedAt, false]);
    });

    it("tells the keys with which a batch was anchored, whatever the school has now", async () => {
      const { registry, operator, newOperator, first } = await loadFixture(anchoredStage);
      await registry.proposeKeys(SCHOOL, newOperator, seal("new"), ethers.id("new"));
      await time.increase(REPRESENTATIVE_WAITS);
      await registry.completeKeys(SCHOOL);
      const third = batch("third");
      await registry.connect(newOperator).anchor(SCHOOL, YEAR, third.root, third.size);
      for (const [given, ...keys] of [
        [first, 1n, operator.address, seal("school")],
        [third, 2n, newOperator.address, seal("new")],
      ]) {
        const told = await status(registry, given, 0);
        expect([told.version, told.anchoredBy, told.sealCertificate]).to.deep.equal(keys);
      }
    });

    it("tells how the school stands, and who acts for it", async () => {
      const { registry, first } = await loadFixture(anchoredStage);
      await registry.suspendSchool(SCHOOL);
      expect((await status(registry, first, 0)).standing).to.equal(Standing.Suspended);
      await registry.closeSchool(SCHOOL, HEIR);
      const { standing, successor, included } = await status(registry, first, 0);
      expect([standing, successor, included]).to.deep.equal([Standing.Closed, HEIR, true]);
    });
  });

  describe("statusOf, about keys in wrong hands", () => {
    it("doubts what was anchored from that second on, and nothing before", async () => {
      const { registry, first, second, heirs } = await loadFixture(anchoredStage);
      const { anchoredAt: since } = await status(registry, second, 0);
      const { time: reported } = await mined(registry.reportCompromise(SCHOOL, 1, since));
      for (const [given, school, doubtful, compromise] of [
        [first, SCHOOL, false, [since, reported]],
        [second, SCHOOL, true, [since, reported]],
        [heirs, HEIR, false, [0n, 0n]],
      ]) {
        const told = await status(registry, given, 0, { school });
        expect([told.compromisedSince, told.compromiseRecordedAt]).to.deep.equal(compromise);
        expect(told.anchorDoubtful).to.equal(doubtful);
        expect(told.included).to.equal(true);
      }
    });

    it("doubts recalls and replacements, each by its own second, and not the anchor before them", async () => {
      const { registry, asSchool, first, second } = await loadFixture(anchoredStage);
      const recalled = await mined(
        asSchool.recall(SCHOOL, first.root, first.entry(0), Reason.Fraud, NO_REPLACEMENT),
      );
      await time.increase(60);
      const replaced = await mined(
        asSchool.addReplacement(SCHOOL, first.root, first.entry(0), { root: second.root, entry: second.entry(0) }),
      );
      for (const [since, ...doubts] of [
        [replaced.time + 1n, false, false, false],
        [replaced.time, false, false, true],
        [recalled.time + 1n, false, false, true],
        [recalled.time, false, true, true],
        [1n, true, true, true],
        [0n, false, false, false],
      ]) {
        await time.increase(60);
        await registry.reportCompromise(SCHOOL, 1, since);
        const told = await status(registry, first, 0);
        expect([told.anchorDoubtful, told.recallDoubtful, told.replacementDoubtful]).to.deep.equal(doubts);
      }
    });

    it("asks the successor's keys where the successor acted, and no keys where the authority did", async () => {
      const { registry, asHeir, first } = await loadFixture(anchoredStage);
      await registry.closeSchool(SCHOOL, HEIR);
      await registry.closeSchool(OTHER_SCHOOL, ZERO);
      await time.increase(REPRESENTATIVE_WAITS);
      await asHeir.recall(SCHOOL, first.root, first.entry(0), Reason.Fraud, NO_REPLACEMENT);
      await registry.reportCompromise(SCHOOL, 1, 1);
      let told = await status(registry, first, 0);
      expect([told.anchorDoubtful, told.recallDoubtful]).to.deep.equal([true, false]);
      await registry.reportCompromise(HEIR, 1, 1);
      told = await status(registry, first, 0);
      expect([told.anchorDoubtful, told.recallDoubtful]).to.deep.equal([true, true]);
    });
  });

  describe("statusAt", () => {
    it("tells of every moment what statusOf told at its end", async () => {
      const given = await loadFixture(anchoredStage);
      const { registry, operator, asSchool, asHeir, first, second, heirs } = given;
      const moments = [];
      const take = async (sent) => {
        if (sent) await mined(sent);
        const asked = BigInt(await time.latest());
        moments.push([asked, await status(registry, first, 0)]);
        await time.increase(600);
      };
      const [{ root }, entry] = [first, first.entry(0)];
      const replacement = { root: second.root, entry: second.entry(0) };
      await take();
      await take(asSchool.recall(SCHOOL, root, entry, Reason.WrongData, NO_REPLACEMENT));
      await take(asSchool.addReplacement(SCHOOL, root, entry, replacement));
      await take(registry.reportCompromise(SCHOOL, 1, moments[1][0]));
      await registry.approveAnnulment(SCHOOL, root, entry);
      await take(asSchool.annulRecall(SCHOOL, root, entry));
      await take(registry.reportCompromise(SCHOOL, 1, 0));
      await take(asSchool.recall(SCHOOL, root, entry, Reason.Fraud, replacement));
      await take(registry.lockSchoolYear(YEAR));
      await registry.approveAnnulment(SCHOOL, root, entry);
      await take(asSchool.annulRecall(SCHOOL, root, entry));
      await take(registry.suspendSchool(SCHOOL));
      await take(registry.closeSchool(SCHOOL, HEIR));
      await time.increase(REPRESENTATIVE_WAITS);
      const approved = { root, entry, reason: Reason.Other, replacement: { root: heirs.root, entry: heirs.entry(1) } };
      await registry.approveRecalls(SCHOOL, [approved]);
      await take(asHeir.recall(SCHOOL, root, entry, Reason.Other, approved.replacement));
      await take(registry.reportCompromise(HEIR, 1, 1));

      for (const [i, [asked, told]] of moments.entries()) {
        const next = moments[i + 1]?.[0] ?? FAR;
        expect(await status(registry, first, 0, { asked })).to.deep.equal(told);
        expect(await status(registry, first, 0, { asked: next - 1n })).to.deep.equal(told);
      }
      const reasons = moments.map(([, told]) => told.reason);
      expect(reasons).to.deep.equal([0n, 1n, 1n, 1n, 0n, 0n, 5n, 5n, 0n, 0n, 0n, 6n, 6n]);
      expect(moments.map(([, told]) => told.recallDoubtful)).to.deep.equal([
        false, false, false, true, false, false, false, false, false, false, false, false, true,
      ]);
      expect(moments[3][1].recaller).to.equal(operator.address);
      expect(moments[12][1].replacementSchool).to.equal(HEIR);
    });

    it("knows nothing of what comes later: batch, lock, school", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredStage);
      const { anchoredAt } = await status(registry, first, 0);
      const { since } = await registry.keysOf(SCHOOL, 1);
      const third = batch("third");
      const { time: locked } = await mined(registry.lockSchoolYear(YEAR));
      await asSchool.anchor(SCHOOL, YEAR, third.root, third.size);
      for (const asked of [0n, since - 1n]) {
        expect(await status(registry, first, 0, { asked })).to.deep.equal(NOTHING);
      }
      const registered = { ...NOTHING, standing: Standing.Active };
      expect(await status(registry, first, 0, { asked: since })).to.deep.equal(registered);
      expect(await status(registry, first, 0, { asked: anchoredAt - 1n })).to.deep.equal(registered);
      expect((await status(registry, first, 0, { asked: anchoredAt })).included).to.equal(true);
      expect(await status(registry, third, 0, { asked: locked })).to.deep.equal(registered);
      expect((await status(registry, first, 0, { asked: locked - 1n })).lockedAt).to.equal(0n);
      expect((await status(registry, first, 0, { asked: locked })).lockedAt).to.equal(locked);
    });

    it("tells which of two authorities recalled within the second of their hand-over", async () => {
      const { registry, authority, stranger, first } = await loadFixture(anchoredStage);
      await registry.closeSchool(SCHOOL, ZERO);
      await registry.beginDefaultAdminTransfer(stranger);
      await time.increase(8 * 24 * 3600);
      await inOneBlock(
        () => registry.recall(SCHOOL, first.root, first.entry(0), Reason.Fraud, NO_REPLACEMENT),
        () => registry.connect(stranger).acceptDefaultAdminTransfer(),
      );
      const told = await status(registry, first, 0);
      expect((await registry.authorityAt(told.recalledAt)).authority).to.equal(stranger.address);
      expect([told.recalledBy, told.recaller]).to.deep.equal([By.Authority, authority.address]);
    });

    it("answers for a code that is none as for a school it does not know", async () => {
      const { registry, first } = await loadFixture(anchoredStage);
      expect(await status(registry, first, 0, { school: code("x"), asked: FAR })).to.deep.equal(NOTHING);
    });
  });
});
