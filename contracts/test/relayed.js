// SPDX-License-Identifier: Apache-2.0

// Many schools' batches in one transaction: the bad ones are reported, and sink nobody.

import { expect } from "chai";
import {
  anchoredStage,
  batch,
  code,
  consent,
  ethers,
  HEIR,
  inOneBlock,
  loadFixture,
  mined,
  OTHER_SCHOOL,
  SCHOOL,
  seal,
  signedBatch,
  Standing,
  time,
  UNKNOWN,
  YEAR,
  ZERO,
} from "./fixture.js";

/** Schools with a wallet each, one of which is honest. */
async function walletsStage() {
  const given = await anchoredStage();
  const { registry, stranger } = given;
  const wallets = {};
  const names = ["KeyWallet", "GreedyWallet", "TalkativeWallet", "TerseWallet", "RevertingWallet"];
  for (const [i, name] of names.entries()) {
    const wallet = await ethers.deployContract(name, name === "KeyWallet" ? [stranger] : []);
    const school = code(`0100070${i}`);
    await registry.registerSchool(school, wallet, seal(name), consent(name));
    wallets[name] = { school, address: await wallet.getAddress() };
  }
  return { ...given, wallets, keyOfWallet: stranger };
}

/** What a transaction said, one line per batch: its root, and the refusal if there was one. */
function report(registry, receipt) {
  return receipt.logs.map((log) => {
    const event = registry.interface.parseLog(log);
    const { school, root } = event.args;
    if (event.name === "BatchAnchored") return [school, root, "anchored"];
    const refusal = registry.interface.parseError(event.args.reason);
    return [school, root, Number(event.args.index), refusal.name, ...refusal.args];
  });
}

describe("TranscriptRegistry: many batches at once", () => {
  describe("anchorMany", () => {
    it("anchors the batches of several schools, whoever sends them, and counts them", async () => {
      const { registry, operator, otherOperator, heirOperator, relayer } = await loadFixture(anchoredStage);
      const batches = [
        await signedBatch(registry, operator, "third"),
        await signedBatch(registry, otherOperator, "third", { school: OTHER_SCHOOL }),
        await signedBatch(registry, heirOperator, "fourth", { school: HEIR, schoolYear: YEAR + 1 }),
      ];
      const asRelayer = registry.connect(relayer);
      expect(await asRelayer.anchorMany.staticCall(batches)).to.equal(3n);
      const { receipt, time: anchored, block } = await mined(asRelayer.anchorMany(batches));
      expect(report(registry, receipt)).to.deep.equal(batches.map(({ school, root }) => [school, root, "anchored"]));
      for (const { school, root, schoolYear } of batches) {
        const status = await registry.statusOf(school, root, ZERO, []);
        expect([status.anchoredAt, status.anchoredInBlock]).to.deep.equal([anchored, block]);
        expect([status.leafCount, status.schoolYear]).to.deep.equal([5n, BigInt(schoolYear)]);
      }
    });

    it("takes none as well", async () => {
      const { registry } = await loadFixture(anchoredStage);
      expect(await registry.anchorMany.staticCall([])).to.equal(0n);
      expect((await mined(registry.anchorMany([]))).receipt.logs).to.deep.equal([]);
    });

    it("reports every batch that is refused, for the reason anchorBySig would give, and sinks none", async () => {
      const { registry, operator, otherOperator, relayer } = await loadFixture(anchoredStage);
      await registry.suspendSchool(HEIR);
      const { anchoredAt } = await registry.statusOf(SCHOOL, batch("first").root, ZERO, []);
      const deadline = BigInt(await time.latest()) - 1n;
      const [good, last] = [
        await signedBatch(registry, operator, "third"),
        await signedBatch(registry, otherOperator, "third", { school: OTHER_SCHOOL }),
      ];
      const { root } = good;
      const batches = [
        await signedBatch(registry, operator, "x", { school: UNKNOWN }),
        await signedBatch(registry, operator, "x", { school: HEIR }),
        good,
        await signedBatch(registry, operator, "x", { root: ZERO }),
        await signedBatch(registry, operator, "x", { schoolYear: 2215 }),
        await signedBatch(registry, operator, "x", { leafCount: 0 }),
        await signedBatch(registry, operator, "first"),
        await signedBatch(registry, operator, "x", { deadline }),
        await signedBatch(registry, otherOperator, "x"),
        { ...(await signedBatch(registry, operator, "x")), signature: "0x" },
        good,
        last,
      ];
      const x = batch("x").root;
      const { receipt, time: anchored } = await mined(registry.connect(relayer).anchorMany(batches));
      expect(report(registry, receipt)).to.deep.equal([
        [UNKNOWN, x, 0, "UnknownSchool", UNKNOWN],
        [HEIR, x, 1, "WrongStanding", HEIR, Standing.Suspended],
        [SCHOOL, root, "anchored"],
        [SCHOOL, ZERO, 3, "MissingRoot", SCHOOL],
        [SCHOOL, x, 4, "UnknownSchoolYear", 2215n],
        [SCHOOL, x, 5, "EmptyBatch", SCHOOL, x],
        [SCHOOL, batch("first").root, 6, "AlreadyAnchored", SCHOOL, batch("first").root, anchoredAt],
        [SCHOOL, x, 7, "Expired", deadline],
        [SCHOOL, x, 8, "SignatureInvalid", SCHOOL, x, operator.address],
        [SCHOOL, x, 9, "SignatureInvalid", SCHOOL, x, operator.address],
        [SCHOOL, root, 10, "AlreadyAnchored", SCHOOL, root, anchored],
        [OTHER_SCHOOL, last.root, "anchored"],
      ]);
      expect((await registry.statusOf(SCHOOL, x, ZERO, [])).anchoredAt).to.equal(0n);
    });

    it("lets no wallet spend what the others need, be it greedy, talkative, terse or reverting", async () => {
      const { registry, operator, wallets, keyOfWallet } = await loadFixture(walletsStage);
      const names = ["GreedyWallet", "KeyWallet", "GreedyWallet", "TalkativeWallet", "TerseWallet", "RevertingWallet"];
      const batches = [];
      for (const name of names) {
        batches.push(await signedBatch(registry, keyOfWallet, "third", { school: wallets[name].school }));
      }
      batches.push(await signedBatch(registry, operator, "third"));
      const { root } = batches[0];
      const refused = (name, i) => [
        wallets[name].school, root, i, "SignatureInvalid", wallets[name].school, root, wallets[name].address,
      ];
      const { receipt } = await mined(registry.anchorMany(batches, { gasLimit: 2_000_000 }));
      expect(report(registry, receipt)).to.deep.equal([
        refused("GreedyWallet", 0),
        [wallets.KeyWallet.school, root, "anchored"],
        refused("GreedyWallet", 2),
        [wallets.TalkativeWallet.school, root, "anchored"],
        refused("TerseWallet", 4),
        refused("RevertingWallet", 5),
        [SCHOOL, root, "anchored"],
      ]);
      // Two greedy wallets and a talkative one had 100,000 each.
      expect(receipt.gasUsed).to.be.lessThan(700_000n);
    });

    it("undoes all of it rather than deny a wallet its allowance for want of gas", async () => {
      const { registry, operator, wallets, keyOfWallet } = await loadFixture(walletsStage);
      const batches = [
        await signedBatch(registry, operator, "third"),
        await signedBatch(registry, keyOfWallet, "third", { school: wallets.KeyWallet.school }),
      ];
      const outcomes = new Set();
      for (let gasLimit = 80_000; gasLimit <= 300_000; gasLimit += 4_000) {
        try {
          outcomes.add(await registry.anchorMany.staticCall(batches, { gasLimit }));
        } catch (error) {
          outcomes.add(error.message.includes("NotEnoughGas") ? "NotEnoughGas" : "out of gas");
        }
      }
      outcomes.delete("out of gas");
      // Both or none, however much gas there is: 1 would mean that the wallet was refused unheard.
      expect([...outcomes]).to.have.members(["NotEnoughGas", 2n]);
      expect((await registry.statusOf(SCHOOL, batches[0].root, ZERO, [])).anchoredAt).to.equal(0n);
    });

    it("keeps no gas for the answer of an operator that is no contract", async () => {
      const { registry, operator, stranger } = await loadFixture(anchoredStage);
      const forged = await signedBatch(registry, stranger, "third");
      const { root } = forged;
      const { receipt } = await mined(registry.anchorMany([forged], { gasLimit: 80_000 }));
      expect(report(registry, receipt)).to.deep.equal([
        [SCHOOL, root, 0, "SignatureInvalid", SCHOOL, root, operator.address],
      ]);
    });

    it("anchors what a lone sender did not anchor first in the same block", async () => {
      const { registry, operator, asSchool } = await loadFixture(anchoredStage);
      const [third, fourth] = [
        await signedBatch(registry, operator, "third"),
        await signedBatch(registry, operator, "fourth"),
      ];
      const [, receipt] = await inOneBlock(
        () => asSchool.anchor(SCHOOL, YEAR, third.root, 5),
        () => registry.anchorMany([third, fourth], { gasLimit: 500_000 }),
      );
      const { timestamp } = await ethers.provider.getBlock(receipt.blockNumber);
      expect(report(registry, receipt)).to.deep.equal([
        [SCHOOL, third.root, 0, "AlreadyAnchored", SCHOOL, third.root, BigInt(timestamp)],
        [SCHOOL, fourth.root, "anchored"],
      ]);
    });
  });
});
