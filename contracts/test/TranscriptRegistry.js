// SPDX-License-Identifier: Apache-2.0

// The registry by function: what each promises in ITranscriptRegistry.sol, and what each refuses. Trees are built with
// OpenZeppelin's own library, so that agreement with it is tested and not assumed.

import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { expect } from "chai";
import { network } from "hardhat";

const { ethers, networkHelpers } = await network.create("local");

const WEEK = 7 * 24 * 3600;
const YEAR = 2025;
const SCHOOL = code("79000401");
const OTHER_SCHOOL = code("79000402");
const SEAL = ethers.id("seal certificate");
const OTHER_SEAL = ethers.id("another seal certificate");
const NO_REPLACEMENT = { root: ethers.ZeroHash, leaf: ethers.ZeroHash };
const Reason = { None: 0n, WrongData: 1n, Fraud: 5n };

function code(digits) {
  return ethers.encodeBytes32String(digits);
}

/** A batch of `size` records; `name` keeps the leaves of two batches apart. */
function batch(name, size = 5) {
  const tag = ethers.id("hocba.leaf.v1");
  const rows = Array.from({ length: size }, (_, i) => [tag, ethers.id(`${name} salt ${i}`), ethers.id(`${name} ${i}`)]);
  const tree = StandardMerkleTree.of(rows, ["bytes32", "bytes32", "bytes32"]);
  return {
    root: tree.root,
    size,
    leaf: (i) => tree.leafHash(rows[i]),
    proof: (i) => tree.getProof(rows[i]),
    nodes: () => tree.dump().tree,
  };
}

async function fixture() {
  const [authority, operator, otherOperator, stranger] = await ethers.getSigners();
  const registry = await ethers.deployContract("TranscriptRegistry", [authority, WEEK]);
  await registry.registerSchool(SCHOOL, operator, SEAL);
  await registry.registerSchool(OTHER_SCHOOL, otherOperator, OTHER_SEAL);
  return { registry, authority, operator, otherOperator, stranger, asSchool: registry.connect(operator) };
}

async function anchoredFixture() {
  const given = await fixture();
  const first = batch("first");
  const second = batch("second");
  await given.asSchool.anchor(SCHOOL, YEAR, first.root, first.size);
  await given.asSchool.anchor(SCHOOL, YEAR, second.root, second.size);
  return { ...given, first, second };
}

async function minedAt(response) {
  const receipt = await (await response).wait();
  const block = await ethers.provider.getBlock(receipt.blockNumber);
  return { time: BigInt(block.timestamp), block: BigInt(block.number) };
}

describe("TranscriptRegistry", () => {
  const { loadFixture } = networkHelpers;

  describe("constructor", () => {
    it("makes the given account the authority and starts without schools", async () => {
      const { registry, authority } = await loadFixture(fixture);
      expect(await registry.defaultAdmin()).to.equal(authority.address);
      expect(await registry.defaultAdminDelay()).to.equal(WEEK);
      expect((await registry.schoolOf(code("79000403"))).operator).to.equal(ethers.ZeroAddress);
    });

    it("refuses to be born without an authority", async () => {
      const factory = await ethers.getContractFactory("TranscriptRegistry");
      await expect(factory.deploy(ethers.ZeroAddress, WEEK)).to.be.revertedWithCustomError(
        factory,
        "AccessControlInvalidDefaultAdmin",
      );
    });
  });

  describe("hand-over of the authority", () => {
    it("takes two steps and the whole delay", async () => {
      const { registry, authority, stranger } = await loadFixture(fixture);
      await registry.beginDefaultAdminTransfer(stranger);
      await expect(registry.connect(stranger).acceptDefaultAdminTransfer()).to.be.revertedWithCustomError(
        registry,
        "AccessControlEnforcedDefaultAdminDelay",
      );
      expect(await registry.defaultAdmin()).to.equal(authority.address);
      await networkHelpers.time.increase(WEEK + 1);
      await registry.connect(stranger).acceptDefaultAdminTransfer();
      expect(await registry.defaultAdmin()).to.equal(stranger.address);
      await expect(registry.registerSchool(code("79000404"), authority, SEAL)).to.be.revertedWithCustomError(
        registry,
        "AccessControlUnauthorizedAccount",
      );
    });
  });

  describe("registerSchool", () => {
    it("keeps operator, seal, time and block, and says so in one event", async () => {
      const { registry, operator } = await loadFixture(fixture);
      const school = code("01000701");
      const registering = registry.registerSchool(school, operator, SEAL);
      await expect(registering).to.emit(registry, "SchoolRegistered").withArgs(school, operator.address, SEAL);
      const { time, block } = await minedAt(registering);
      expect([...(await registry.schoolOf(school))]).to.deep.equal([operator.address, time, block, SEAL]);
    });

    it("is the authority's alone", async () => {
      const { registry, operator, stranger } = await loadFixture(fixture);
      for (const caller of [operator, stranger]) {
        await expect(registry.connect(caller).registerSchool(code("01000701"), caller, SEAL))
          .to.be.revertedWithCustomError(registry, "AccessControlUnauthorizedAccount")
          .withArgs(caller.address, ethers.ZeroHash);
      }
    });

    it("never replaces a school", async () => {
      const { registry, operator, stranger } = await loadFixture(fixture);
      await expect(registry.registerSchool(SCHOOL, stranger, OTHER_SEAL))
        .to.be.revertedWithCustomError(registry, "AlreadyRegistered")
        .withArgs(SCHOOL, operator.address);
    });

    for (const [what, malformed] of [
      ["nothing", ethers.ZeroHash],
      ["seven digits", code("7900040")],
      ["nine digits", code("790004011")],
      ["a letter", code("7900040A")],
      ["a digit's left neighbour", code("7900040/")],
      ["a digit's right neighbour", code("7900040:")],
      ["a byte at the very end", `${SCHOOL.slice(0, -2)}01`],
      ["right-aligned digits", ethers.zeroPadValue(ethers.toUtf8Bytes("79000401"), 32)],
    ]) {
      it(`refuses ${what} for a school code`, async () => {
        const { registry, operator } = await loadFixture(fixture);
        await expect(registry.registerSchool(malformed, operator, SEAL))
          .to.be.revertedWithCustomError(registry, "MalformedSchoolCode")
          .withArgs(malformed);
      });
    }

    it("refuses a school without operator or without seal", async () => {
      const { registry, operator } = await loadFixture(fixture);
      const school = code("01000701");
      await expect(registry.registerSchool(school, ethers.ZeroAddress, SEAL))
        .to.be.revertedWithCustomError(registry, "MissingOperator")
        .withArgs(school);
      await expect(registry.registerSchool(school, operator, ethers.ZeroHash))
        .to.be.revertedWithCustomError(registry, "MissingSealCertificate")
        .withArgs(school);
    });
  });

  describe("anchor", () => {
    it("keeps time, block, year and count, and says so in one event", async () => {
      const { registry, asSchool } = await loadFixture(fixture);
      const { root, leaf, proof } = batch("first");
      const anchoring = asSchool.anchor(SCHOOL, YEAR, root, 5);
      await expect(anchoring).to.emit(registry, "BatchAnchored").withArgs(SCHOOL, root, YEAR, 5);
      const { time, block } = await minedAt(anchoring);
      const status = await registry.statusOf(SCHOOL, root, leaf(0), proof(0));
      expect(status.anchoredAt).to.equal(time);
      expect(status.anchoredInBlock).to.equal(block);
      expect(status.leafCount).to.equal(5);
      expect(status.schoolYear).to.equal(YEAR);
    });

    it("is the school's operator's alone, the authority included", async () => {
      const { registry, authority, operator, otherOperator, stranger } = await loadFixture(fixture);
      for (const caller of [authority, otherOperator, stranger]) {
        await expect(registry.connect(caller).anchor(SCHOOL, YEAR, batch("first").root, 5))
          .to.be.revertedWithCustomError(registry, "NotOperator")
          .withArgs(SCHOOL, caller.address, operator.address);
      }
    });

    it("refuses a school that is not registered", async () => {
      const { registry, asSchool } = await loadFixture(fixture);
      await expect(asSchool.anchor(code("79000403"), YEAR, batch("first").root, 5))
        .to.be.revertedWithCustomError(registry, "UnknownSchool")
        .withArgs(code("79000403"));
    });

    it("refuses the zero root, year 0 and an empty batch", async () => {
      const { registry, asSchool } = await loadFixture(fixture);
      const { root } = batch("first");
      await expect(asSchool.anchor(SCHOOL, YEAR, ethers.ZeroHash, 5))
        .to.be.revertedWithCustomError(registry, "MissingRoot")
        .withArgs(SCHOOL);
      await expect(asSchool.anchor(SCHOOL, 0, root, 5))
        .to.be.revertedWithCustomError(registry, "MissingSchoolYear")
        .withArgs(SCHOOL, root);
      await expect(asSchool.anchor(SCHOOL, YEAR, root, 0))
        .to.be.revertedWithCustomError(registry, "EmptyBatch")
        .withArgs(SCHOOL, root);
    });

    it("takes a root once per school and tells when it was taken", async () => {
      const { registry, asSchool } = await loadFixture(fixture);
      const { root } = batch("first");
      const { time } = await minedAt(asSchool.anchor(SCHOOL, YEAR, root, 5));
      await expect(asSchool.anchor(SCHOOL, YEAR + 1, root, 6))
        .to.be.revertedWithCustomError(registry, "AlreadyAnchored")
        .withArgs(SCHOOL, root, time);
    });

    it("lets nobody block a school by taking its root first", async () => {
      const { registry, asSchool, otherOperator } = await loadFixture(fixture);
      const { root } = batch("first");
      await registry.connect(otherOperator).anchor(OTHER_SCHOOL, YEAR, root, 5);
      await expect(asSchool.anchor(SCHOOL, YEAR, root, 5)).to.emit(registry, "BatchAnchored");
    });
  });

  describe("recall", () => {
    it("keeps time and reason, and says so in one event", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredFixture);
      const args = [SCHOOL, first.root, first.leaf(2), first.proof(2)];
      const recalling = asSchool.recall(...args, Reason.WrongData, NO_REPLACEMENT);
      await expect(recalling)
        .to.emit(registry, "LeafRecalled")
        .withArgs(SCHOOL, first.root, first.leaf(2), Reason.WrongData, ethers.ZeroHash, ethers.ZeroHash);
      const { time } = await minedAt(recalling);
      const status = await registry.statusOf(...args);
      expect(status.recalledAt).to.equal(time);
      expect(status.reason).to.equal(Reason.WrongData);
      expect(status.replacementLeaf).to.equal(ethers.ZeroHash);
      expect(status.included).to.equal(true);
    });

    it("names the replacement, in the same batch or another of the school", async () => {
      const { registry, asSchool, first, second } = await loadFixture(anchoredFixture);
      for (const [i, replacement] of [
        [0, { root: second.root, leaf: second.leaf(0) }],
        [1, { root: first.root, leaf: first.leaf(4) }],
      ]) {
        const args = [SCHOOL, first.root, first.leaf(i), first.proof(i)];
        await expect(asSchool.recall(...args, Reason.Fraud, replacement))
          .to.emit(registry, "LeafRecalled")
          .withArgs(SCHOOL, first.root, first.leaf(i), Reason.Fraud, replacement.root, replacement.leaf);
        const status = await registry.statusOf(...args);
        expect([status.replacementRoot, status.replacementLeaf]).to.deep.equal([replacement.root, replacement.leaf]);
      }
    });

    it("touches no other leaf of the batch", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredFixture);
      await asSchool.recall(SCHOOL, first.root, first.leaf(2), first.proof(2), Reason.Fraud, NO_REPLACEMENT);
      for (const i of [0, 1, 3, 4]) {
        const status = await registry.statusOf(SCHOOL, first.root, first.leaf(i), first.proof(i));
        expect(status.recalledAt).to.equal(0n);
      }
    });

    it("counts for the leaf in every batch of the school", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredFixture);
      const leaf = first.leaf(2);
      // A batch of one has its leaf for a root: the same record, anchored a second time.
      await asSchool.anchor(SCHOOL, YEAR, leaf, 1);
      await asSchool.recall(SCHOOL, first.root, leaf, first.proof(2), Reason.Fraud, NO_REPLACEMENT);
      const status = await registry.statusOf(SCHOOL, leaf, leaf, []);
      expect(status.included).to.equal(true);
      expect(status.recalledAt).to.not.equal(0n);
    });

    it("touches no leaf of another school, though the hash be the same", async () => {
      const { registry, asSchool, otherOperator, first } = await loadFixture(anchoredFixture);
      await registry.connect(otherOperator).anchor(OTHER_SCHOOL, YEAR, first.root, first.size);
      await asSchool.recall(SCHOOL, first.root, first.leaf(2), first.proof(2), Reason.Fraud, NO_REPLACEMENT);
      const status = await registry.statusOf(OTHER_SCHOOL, first.root, first.leaf(2), first.proof(2));
      expect(status.recalledAt).to.equal(0n);
    });

    it("is the school's operator's alone, the authority included", async () => {
      const { registry, authority, operator, otherOperator, first } = await loadFixture(anchoredFixture);
      for (const caller of [authority, otherOperator]) {
        await expect(
          registry
            .connect(caller)
            .recall(SCHOOL, first.root, first.leaf(2), first.proof(2), Reason.Fraud, NO_REPLACEMENT),
        )
          .to.be.revertedWithCustomError(registry, "NotOperator")
          .withArgs(SCHOOL, caller.address, operator.address);
      }
    });

    it("refuses a school that is not registered", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredFixture);
      await expect(
        asSchool.recall(code("79000403"), first.root, first.leaf(2), first.proof(2), Reason.Fraud, NO_REPLACEMENT),
      )
        .to.be.revertedWithCustomError(registry, "UnknownSchool")
        .withArgs(code("79000403"));
    });

    it("refuses a root that this school did not anchor", async () => {
      const { registry, asSchool, otherOperator } = await loadFixture(anchoredFixture);
      const third = batch("third");
      await registry.connect(otherOperator).anchor(OTHER_SCHOOL, YEAR, third.root, third.size);
      await expect(asSchool.recall(SCHOOL, third.root, third.leaf(0), third.proof(0), Reason.Fraud, NO_REPLACEMENT))
        .to.be.revertedWithCustomError(registry, "NotAnchored")
        .withArgs(SCHOOL, third.root);
    });

    it("refuses a leaf that its proof does not lead from", async () => {
      const { registry, asSchool, first, second } = await loadFixture(anchoredFixture);
      for (const [leaf, proof] of [
        [first.leaf(0), first.proof(1)],
        [second.leaf(0), first.proof(0)],
        [first.leaf(0), first.proof(0).slice(0, -1)],
        [first.leaf(0), [...first.proof(0), ethers.ZeroHash]],
        [first.leaf(0), []],
      ]) {
        await expect(asSchool.recall(SCHOOL, first.root, leaf, proof, Reason.Fraud, NO_REPLACEMENT))
          .to.be.revertedWithCustomError(registry, "NotIncluded")
          .withArgs(SCHOOL, first.root, leaf);
      }
    });

    it("refuses to be made twice, in whichever batch", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredFixture);
      const leaf = first.leaf(2);
      await asSchool.anchor(SCHOOL, YEAR, leaf, 1);
      const recalling = asSchool.recall(SCHOOL, first.root, leaf, first.proof(2), Reason.Fraud, NO_REPLACEMENT);
      const { time } = await minedAt(recalling);
      for (const [root, proof] of [
        [first.root, first.proof(2)],
        [leaf, []],
      ]) {
        await expect(asSchool.recall(SCHOOL, root, leaf, proof, Reason.WrongData, NO_REPLACEMENT))
          .to.be.revertedWithCustomError(registry, "AlreadyRecalled")
          .withArgs(SCHOOL, leaf, time);
      }
    });

    it("refuses no reason, and a reason nobody knows", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredFixture);
      const args = [SCHOOL, first.root, first.leaf(2), first.proof(2)];
      await expect(asSchool.recall(...args, Reason.None, NO_REPLACEMENT))
        .to.be.revertedWithCustomError(registry, "MissingReason")
        .withArgs(SCHOOL, first.leaf(2));
      await expect(asSchool.recall(...args, 7, NO_REPLACEMENT)).to.be.revertedWithoutReason(ethers);
    });

    it("refuses half a replacement", async () => {
      const { registry, asSchool, first, second } = await loadFixture(anchoredFixture);
      for (const replacement of [
        { root: second.root, leaf: ethers.ZeroHash },
        { root: ethers.ZeroHash, leaf: second.leaf(0) },
      ]) {
        await expect(
          asSchool.recall(SCHOOL, first.root, first.leaf(2), first.proof(2), Reason.Fraud, replacement),
        )
          .to.be.revertedWithCustomError(registry, "IncompleteReplacement")
          .withArgs(replacement.root, replacement.leaf);
      }
    });

    it("refuses a replacement that only another school has anchored", async () => {
      const { registry, asSchool, otherOperator, first } = await loadFixture(anchoredFixture);
      const third = batch("third");
      await registry.connect(otherOperator).anchor(OTHER_SCHOOL, YEAR, third.root, third.size);
      const replacement = { root: third.root, leaf: third.leaf(0) };
      await expect(
        asSchool.recall(SCHOOL, first.root, first.leaf(2), first.proof(2), Reason.Fraud, replacement),
      )
        .to.be.revertedWithCustomError(registry, "NotAnchored")
        .withArgs(SCHOOL, third.root);
    });

    it("refuses a circle: a leaf that replaces itself, or two that replace each other", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredFixture);
      const [a, b] = [0, 1].map((i) => ({ root: first.root, leaf: first.leaf(i) }));
      await expect(asSchool.recall(SCHOOL, first.root, a.leaf, first.proof(0), Reason.Fraud, a))
        .to.be.revertedWithCustomError(registry, "ReplacementRecalled")
        .withArgs(SCHOOL, a.leaf);
      await asSchool.recall(SCHOOL, first.root, a.leaf, first.proof(0), Reason.Fraud, b);
      await expect(asSchool.recall(SCHOOL, first.root, b.leaf, first.proof(1), Reason.Fraud, a))
        .to.be.revertedWithCustomError(registry, "ReplacementRecalled")
        .withArgs(SCHOOL, a.leaf);
    });
  });

  describe("statusOf", () => {
    it("answers for an anchored leaf with school, seal and operator", async () => {
      const { registry, operator, first } = await loadFixture(anchoredFixture);
      const status = await registry.statusOf(SCHOOL, first.root, first.leaf(0), first.proof(0));
      expect(status.included).to.equal(true);
      expect(status.sealCertificate).to.equal(SEAL);
      expect(status.operator).to.equal(operator.address);
    });

    it("knows every leaf of batches of every shape", async () => {
      const { registry, asSchool } = await loadFixture(fixture);
      for (const size of [1, 2, 3, 4, 7, 8, 9]) {
        const { root, leaf, proof } = batch(`of ${size}`, size);
        await asSchool.anchor(SCHOOL, YEAR, root, size);
        for (let i = 0; i < size; i += 1) {
          expect((await registry.statusOf(SCHOOL, root, leaf(i), proof(i))).included).to.equal(true);
        }
      }
    });

    it("reads zeros for what it does not know, and includes nothing in them", async () => {
      const { registry, first } = await loadFixture(anchoredFixture);
      const third = batch("third");
      for (const [school, root, leaf, proof] of [
        [code("79000403"), first.root, first.leaf(0), first.proof(0)],
        [OTHER_SCHOOL, first.root, first.leaf(0), first.proof(0)],
        [SCHOOL, third.root, third.leaf(0), third.proof(0)],
        [SCHOOL, ethers.ZeroHash, ethers.ZeroHash, []],
      ]) {
        const status = await registry.statusOf(school, root, leaf, proof);
        expect([status.included, status.anchoredAt, status.leafCount]).to.deep.equal([false, 0n, 0n]);
      }
    });

    it("tells a batch from a leaf that is not in it", async () => {
      const { registry, first, second } = await loadFixture(anchoredFixture);
      const status = await registry.statusOf(SCHOOL, first.root, second.leaf(0), second.proof(0));
      expect(status.anchoredAt).to.not.equal(0n);
      expect(status.included).to.equal(false);
    });

    it("tells a recall even when the proof is wrong", async () => {
      const { registry, asSchool, first } = await loadFixture(anchoredFixture);
      await asSchool.recall(SCHOOL, first.root, first.leaf(2), first.proof(2), Reason.Fraud, NO_REPLACEMENT);
      const status = await registry.statusOf(SCHOOL, first.root, first.leaf(2), []);
      expect(status.included).to.equal(false);
      expect(status.recalledAt).to.not.equal(0n);
    });

    it("WARNING: takes an inner node's hash for a leaf's, which is why readers compute the leaf", async () => {
      const { registry, asSchool } = await loadFixture(fixture);
      const four = batch("four", 4);
      await asSchool.anchor(SCHOOL, YEAR, four.root, 4);
      const [, left, right] = four.nodes();
      expect((await registry.statusOf(SCHOOL, four.root, left, [right])).included).to.equal(true);
      // The attack ends here: whoever holds a manifest hashes it twice, and 64 bytes hashed once are never that.
      const children = four.nodes().slice(3, 5).sort();
      expect(ethers.keccak256(ethers.concat(children))).to.equal(left);
      const claimed = ethers.keccak256(ethers.keccak256(ethers.concat(children)));
      expect((await registry.statusOf(SCHOOL, four.root, claimed, [right])).included).to.equal(false);
    });
  });
});
