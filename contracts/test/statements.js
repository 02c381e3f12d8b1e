// SPDX-License-Identifier: Apache-2.0

// Statements: who may publish them, and how they are found again.

import { expect } from "chai";
import {
  code,
  ethers,
  expectEvent,
  expectOperatorOnly,
  expectRefusal,
  FAR,
  inOneBlock,
  loadFixture,
  OTHER_SCHOOL,
  SCHOOL,
  stage,
  Standing,
  UNKNOWN,
  ZERO,
} from "./fixture.js";

const AUTHORITY = ZERO;
const TOPIC = ethers.id("hocba.signers");
const digest = (name) => ethers.id(`statement ${name}`);

describe("TranscriptRegistry: statements", () => {
  describe("publish", () => {
    it("keeps what the authority and the schools publish, each for itself and by topic", async () => {
      const { registry, asSchool } = await loadFixture(stage);
      for (const [as, publisher] of [
        [registry, AUTHORITY],
        [asSchool, SCHOOL],
      ]) {
        const { time: published } = await expectEvent(
          as.publish(publisher, TOPIC, digest(publisher)),
          registry, "StatementPublished", publisher, TOPIC, digest(publisher),
        );
        expect(await registry.statementCount(publisher, TOPIC)).to.equal(1n);
        expect([...(await registry.statement(publisher, TOPIC, 0))]).to.deep.equal([digest(publisher), published]);
      }
      for (const [publisher, topic] of [
        [OTHER_SCHOOL, TOPIC],
        [SCHOOL, ethers.id("another topic")],
      ]) {
        expect(await registry.statementCount(publisher, topic)).to.equal(0n);
        expect([...(await registry.statementAt(publisher, topic, FAR))]).to.deep.equal([ZERO, 0n]);
      }
    });

    it("is the operator's alone for a school, and the authority's alone for the authority", async () => {
      const given = await loadFixture(stage);
      const { registry, operator, otherOperator, relayer, stranger } = given;
      await expectOperatorOnly(given, SCHOOL, operator, (as) => as.publish(SCHOOL, TOPIC, digest("x")));
      for (const caller of [operator, otherOperator, relayer, stranger]) {
        const publishing = registry.connect(caller).publish(AUTHORITY, TOPIC, digest("x"));
        await expectRefusal(publishing, registry, "AccessControlUnauthorizedAccount", caller, ZERO);
      }
    });

    it("refuses the zero digest, and a school that is unknown, suspended or closed", async () => {
      const { registry, asSchool } = await loadFixture(stage);
      await expectRefusal(asSchool.publish(SCHOOL, TOPIC, ZERO), registry, "MissingDigest", SCHOOL, TOPIC);
      await expectRefusal(registry.publish(AUTHORITY, TOPIC, ZERO), registry, "MissingDigest", AUTHORITY, TOPIC);
      for (const publisher of [UNKNOWN, code("x")]) {
        const publishing = asSchool.publish(publisher, TOPIC, digest("x"));
        await expectRefusal(publishing, registry, "UnknownSchool", publisher);
      }
      const publish = () => asSchool.publish(SCHOOL, TOPIC, digest("x"));
      await registry.suspendSchool(SCHOOL);
      await expectRefusal(publish(), registry, "WrongStanding", SCHOOL, Standing.Suspended);
      await registry.closeSchool(SCHOOL, ZERO);
      await expectRefusal(publish(), registry, "WrongStanding", SCHOOL, Standing.Closed);
    });
  });

  describe("statement, statementAt", () => {
    it("find every statement by its place and by its time, were it published twice", async () => {
      const { registry, asSchool } = await loadFixture(stage);
      const published = [];
      for (const name of ["a", "b", "b", "c", "a", "d", "e"]) {
        const { time } = await expectEvent(
          asSchool.publish(SCHOOL, TOPIC, digest(name)), registry, "StatementPublished", SCHOOL, TOPIC, digest(name),
        );
        published.push([digest(name), time]);
      }
      expect([...(await registry.statementAt(SCHOOL, TOPIC, published[0][1] - 1n))]).to.deep.equal([ZERO, 0n]);
      for (const [i, expected] of published.entries()) {
        expect([...(await registry.statement(SCHOOL, TOPIC, i))]).to.deep.equal(expected);
        const next = published[i + 1]?.[1] ?? FAR;
        for (const asked of [expected[1], next - 1n]) {
          expect([...(await registry.statementAt(SCHOOL, TOPIC, asked))]).to.deep.equal(expected);
        }
      }
    });

    it("keep both of two statements of one second, of which the later counts", async () => {
      const { registry } = await loadFixture(stage);
      const publish = (name) => () => registry.publish(AUTHORITY, TOPIC, digest(name));
      const [{ blockNumber }] = await inOneBlock(publish("a"), publish("b"));
      const time = BigInt((await ethers.provider.getBlock(blockNumber)).timestamp);
      expect([...(await registry.statement(AUTHORITY, TOPIC, 0))]).to.deep.equal([digest("a"), time]);
      expect([...(await registry.statementAt(AUTHORITY, TOPIC, time))]).to.deep.equal([digest("b"), time]);
    });

    it("have no statement beyond the last", async () => {
      const { registry } = await loadFixture(stage);
      await expect(registry.statement(AUTHORITY, TOPIC, 0)).to.be.revertedWithPanic(0x32);
    });
  });
});
