// SPDX-License-Identifier: Apache-2.0

// Schools: how they are registered, suspended, reinstated, closed and succeeded, and what is reported about their keys.
// How keys change is in keys.js.

import { expect } from "chai";
import {
  anchoredStage,
  batch,
  code,
  consent,
  DAY,
  ethers,
  expectAuthorityOnly,
  expectEvent,
  expectRefusal,
  FAR,
  HEIR,
  loadFixture,
  mined,
  NOBODY,
  OTHER_SCHOOL,
  SCHOOL,
  schoolOf,
  seal,
  signedBatch,
  stage,
  Standing,
  time,
  UNKNOWN,
  YEAR,
  ZERO,
} from "./fixture.js";

const NEW_SCHOOL = code("01000701");

describe("TranscriptRegistry: schools", () => {
  describe("registerSchool", () => {
    it("gives a school its first keys, from that second on", async () => {
      const { registry, newOperator } = await loadFixture(stage);
      const { time: since } = await expectEvent(
        registry.registerSchool(NEW_SCHOOL, newOperator, seal("new"), consent("new")),
        registry, "SchoolRegistered", NEW_SCHOOL, newOperator, seal("new"), consent("new"),
      );
      const keys = [newOperator.address, since, seal("new"), consent("new")];
      const { standing, version, contested, keys: present, successor } = await schoolOf(registry, NEW_SCHOOL);
      expect([standing, version, contested, successor]).to.deep.equal([Standing.Active, 1n, false, ZERO]);
      expect([...present]).to.deep.equal(keys);
      expect([...(await registry.keysOf(NEW_SCHOOL, 1))]).to.deep.equal(keys);
      for (const [asked, operator, sealed, stood] of [
        [0n, NOBODY, ZERO, Standing.Unregistered],
        [since - 1n, NOBODY, ZERO, Standing.Unregistered],
        [since, newOperator.address, seal("new"), Standing.Active],
        [FAR, newOperator.address, seal("new"), Standing.Active],
      ]) {
        expect(await registry.operatorAt(NEW_SCHOOL, asked)).to.equal(operator);
        expect(await registry.sealAt(NEW_SCHOOL, asked)).to.equal(sealed);
        const sinceThen = stood === Standing.Active ? since : 0n;
        expect([...(await registry.standingAt(NEW_SCHOOL, asked))]).to.deep.equal([stood, ZERO, sinceThen]);
      }
    });

    it("is the authority's alone", async () => {
      const given = await loadFixture(stage);
      await expectAuthorityOnly(given, (as) => as.registerSchool(NEW_SCHOOL, given.stranger, seal("x"), consent("x")));
    });

    it("never replaces a school, not even one that is closed", async () => {
      const { registry, operator, stranger } = await loadFixture(stage);
      const again = () => registry.registerSchool(SCHOOL, stranger, seal("x"), consent("x"));
      await expectRefusal(again(), registry, "AlreadyRegistered", SCHOOL, operator);
      await registry.closeSchool(SCHOOL, ZERO);
      await expectRefusal(again(), registry, "AlreadyRegistered", SCHOOL, operator);
    });

    it("lets two schools share an operator, as a vendor's clients may", async () => {
      const { registry, operator } = await loadFixture(stage);
      await registry.registerSchool(NEW_SCHOOL, operator, seal("new"), consent("new"));
      const asBoth = registry.connect(operator);
      for (const school of [SCHOOL, NEW_SCHOOL]) await asBoth.anchor(school, YEAR, batch("shared").root, 5);
    });

    for (const [what, malformed] of [
      ["nothing", ZERO],
      ["seven digits", code("7900040")],
      ["nine digits", code("790004011")],
      ["a letter", code("7900040A")],
      ["a digit's left neighbour", code("7900040/")],
      ["a digit's right neighbour", code("7900040:")],
      ["a letter in the first place", code("A9000401")],
      ["a byte at the very end", `${SCHOOL.slice(0, -2)}01`],
      ["right-aligned digits", ethers.zeroPadValue(ethers.toUtf8Bytes("79000401"), 32)],
    ]) {
      it(`refuses ${what} for a school code`, async () => {
        const { registry, operator } = await loadFixture(stage);
        const registering = registry.registerSchool(malformed, operator, seal("x"), consent("x"));
        await expectRefusal(registering, registry, "MalformedSchoolCode", malformed);
      });
    }

    it("refuses keys without operator, seal or consent", async () => {
      const { registry, stranger } = await loadFixture(stage);
      for (const keys of [
        [NOBODY, seal("x"), consent("x")],
        [stranger, ZERO, consent("x")],
        [stranger, seal("x"), ZERO],
      ]) {
        await expectRefusal(registry.registerSchool(NEW_SCHOOL, ...keys), registry, "IncompleteKeys", NEW_SCHOOL);
      }
    });
  });

  describe("schoolOf, keysOf", () => {
    it("read zeros for what was never registered", async () => {
      const { registry } = await loadFixture(stage);
      const nothing = [NOBODY, 0n, ZERO, ZERO];
      const { standing, version, contested, keys, successor } = await schoolOf(registry, UNKNOWN);
      expect([standing, version, contested, successor]).to.deep.equal([Standing.Unregistered, 0n, false, ZERO]);
      expect([...keys]).to.deep.equal(nothing);
      for (const version of [0, 2]) expect([...(await registry.keysOf(SCHOOL, version))]).to.deep.equal(nothing);
    });
  });

  describe("suspendSchool, reinstateSchool", () => {
    it("stop and restore whatever a school does, and touch no other school", async () => {
      const { registry, operator, asSchool, asOther, first } = await loadFixture(anchoredStage);
      const suspended = await expectEvent(registry.suspendSchool(SCHOOL), registry, "SchoolSuspended", SCHOOL);
      const replacement = { root: ZERO, entry: ZERO };
      const signed = await signedBatch(registry, operator, "third");
      const request = { root: first.root, entry: first.entry(0), reason: 1, replacement };
      for (const act of [
        () => asSchool.anchor(SCHOOL, YEAR, batch("third").root, 5),
        () => registry.anchorBySig(signed),
        () => asSchool.recall(SCHOOL, first.root, first.entry(0), 1, replacement),
        () => asSchool.recallMany(SCHOOL, [request]),
        () => asSchool.addReplacement(SCHOOL, first.root, first.entry(0), replacement),
        () => asSchool.annulRecall(SCHOOL, first.root, first.entry(0)),
        () => asSchool.publish(SCHOOL, ethers.id("topic"), ethers.id("digest")),
      ]) {
        await expectRefusal(act, registry, "WrongStanding", SCHOOL, Standing.Suspended);
      }
      await asOther.anchor(OTHER_SCHOOL, YEAR, batch("third").root, 5);

      const reinstated = await expectEvent(registry.reinstateSchool(SCHOOL), registry, "SchoolReinstated", SCHOOL);
      await asSchool.anchor(SCHOOL, YEAR, batch("third").root, 5);
      const { since: registered } = await registry.keysOf(SCHOOL, 1);
      for (const [asked, stood, since] of [
        [suspended.time - 1n, Standing.Active, registered],
        [suspended.time, Standing.Suspended, suspended.time],
        [reinstated.time - 1n, Standing.Suspended, suspended.time],
        [reinstated.time, Standing.Active, reinstated.time],
      ]) {
        expect([...(await registry.standingAt(SCHOOL, asked))]).to.deep.equal([stood, ZERO, since]);
      }
    });

    it("are the authority's alone", async () => {
      const given = await loadFixture(stage);
      await expectAuthorityOnly(given, (as) => as.suspendSchool(SCHOOL));
      await given.registry.suspendSchool(SCHOOL);
      await expectAuthorityOnly(given, (as) => as.reinstateSchool(SCHOOL));
    });

    it("refuse a school that does not stand as they need it", async () => {
      const { registry } = await loadFixture(stage);
      await expectRefusal(registry.suspendSchool(UNKNOWN), registry, "UnknownSchool", UNKNOWN);
      await expectRefusal(registry.reinstateSchool(UNKNOWN), registry, "UnknownSchool", UNKNOWN);
      await expectRefusal(registry.reinstateSchool(SCHOOL), registry, "WrongStanding", SCHOOL, Standing.Active);
      await registry.suspendSchool(SCHOOL);
      await expectRefusal(registry.suspendSchool(SCHOOL), registry, "WrongStanding", SCHOOL, Standing.Suspended);
      await registry.closeSchool(SCHOOL, ZERO);
      await expectRefusal(registry.suspendSchool(SCHOOL), registry, "WrongStanding", SCHOOL, Standing.Closed);
      await expectRefusal(registry.reinstateSchool(SCHOOL), registry, "WrongStanding", SCHOOL, Standing.Closed);
    });
  });

  describe("closeSchool", () => {
    it("ends a school for good, with or without a successor", async () => {
      const { registry, asSchool, asOther } = await loadFixture(stage);
      const closed = await expectEvent(registry.closeSchool(SCHOOL, HEIR), registry, "SchoolClosed", SCHOOL, HEIR);
      await expectEvent(registry.closeSchool(OTHER_SCHOOL, ZERO), registry, "SchoolClosed", OTHER_SCHOOL, ZERO);
      expect((await registry.standingAt(SCHOOL, closed.time - 1n)).standing).to.equal(Standing.Active);
      expect([...(await registry.standingAt(SCHOOL, closed.time))]).to.deep.equal([Standing.Closed, HEIR, closed.time]);
      expect((await schoolOf(registry, SCHOOL)).successor).to.equal(HEIR);
      expect((await schoolOf(registry, OTHER_SCHOOL)).successor).to.equal(ZERO);
      for (const [act, school] of [
        [() => asSchool.anchor(SCHOOL, YEAR, batch("x").root, 5), SCHOOL],
        [() => asSchool.publish(SCHOOL, ethers.id("topic"), ethers.id("digest")), SCHOOL],
        [() => asOther.anchor(OTHER_SCHOOL, YEAR, batch("x").root, 5), OTHER_SCHOOL],
      ]) {
        await expectRefusal(act, registry, "WrongStanding", school, Standing.Closed);
      }
    });

    it("ends a suspended school as well", async () => {
      const { registry } = await loadFixture(stage);
      await registry.suspendSchool(SCHOOL);
      await expectEvent(registry.closeSchool(SCHOOL, HEIR), registry, "SchoolClosed", SCHOOL, HEIR);
    });

    it("is the authority's alone", async () => {
      await expectAuthorityOnly(await loadFixture(stage), (as) => as.closeSchool(SCHOOL, ZERO));
    });

    it("refuses a school that is unknown or closed", async () => {
      const { registry } = await loadFixture(stage);
      await expectRefusal(registry.closeSchool(UNKNOWN, ZERO), registry, "UnknownSchool", UNKNOWN);
      await registry.closeSchool(SCHOOL, ZERO);
      await expectRefusal(registry.closeSchool(SCHOOL, HEIR), registry, "WrongStanding", SCHOOL, Standing.Closed);
    });

    it("refuses a successor that is the school itself, unknown or closed, and takes a suspended one", async () => {
      const { registry } = await loadFixture(stage);
      await registry.closeSchool(OTHER_SCHOOL, ZERO);
      for (const successor of [SCHOOL, UNKNOWN, OTHER_SCHOOL]) {
        await expectRefusal(
          registry.closeSchool(SCHOOL, successor), registry, "UnusableSuccessor", SCHOOL, successor,
        );
      }
      await registry.suspendSchool(HEIR);
      await expectEvent(registry.closeSchool(SCHOOL, HEIR), registry, "SchoolClosed", SCHOOL, HEIR);
    });
  });

  describe("nameSuccessor", () => {
    it("gives a closed school a successor later, and remembers since when", async () => {
      const { registry } = await loadFixture(stage);
      const { time: closed } = await mined(registry.closeSchool(SCHOOL, ZERO));
      await time.increase(DAY);
      const { time: named } = await expectEvent(
        registry.nameSuccessor(SCHOOL, HEIR), registry, "SuccessorNamed", SCHOOL, HEIR,
      );
      for (const [asked, ...stood] of [
        [named - 1n, Standing.Closed, ZERO, closed],
        [named, Standing.Closed, HEIR, named],
      ]) {
        expect([...(await registry.standingAt(SCHOOL, asked))]).to.deep.equal(stood);
      }
    });

    it("gives it another when the successor is closed itself, and not before", async () => {
      const { registry } = await loadFixture(stage);
      await registry.closeSchool(SCHOOL, OTHER_SCHOOL);
      const name = () => registry.nameSuccessor(SCHOOL, HEIR);
      await expectRefusal(name(), registry, "AlreadySucceeded", SCHOOL, OTHER_SCHOOL);
      await registry.suspendSchool(OTHER_SCHOOL);
      await expectRefusal(name(), registry, "AlreadySucceeded", SCHOOL, OTHER_SCHOOL);
      await registry.closeSchool(OTHER_SCHOOL, HEIR);
      await expectEvent(name(), registry, "SuccessorNamed", SCHOOL, HEIR);
    });

    it("is the authority's alone", async () => {
      const given = await loadFixture(stage);
      await given.registry.closeSchool(SCHOOL, ZERO);
      await expectAuthorityOnly(given, (as) => as.nameSuccessor(SCHOOL, HEIR));
    });

    it("refuses a school that is not closed, and a successor that is none", async () => {
      const { registry } = await loadFixture(stage);
      await expectRefusal(registry.nameSuccessor(UNKNOWN, HEIR), registry, "UnknownSchool", UNKNOWN);
      await expectRefusal(registry.nameSuccessor(SCHOOL, HEIR), registry, "WrongStanding", SCHOOL, Standing.Active);
      await registry.closeSchool(SCHOOL, ZERO);
      await registry.closeSchool(OTHER_SCHOOL, ZERO);
      for (const successor of [ZERO, SCHOOL, UNKNOWN, OTHER_SCHOOL]) {
        await expectRefusal(
          registry.nameSuccessor(SCHOOL, successor), registry, "UnusableSuccessor", SCHOOL, successor,
        );
      }
    });
  });

  describe("reportCompromise", () => {
    it("keeps every report with its own time, a withdrawal too", async () => {
      const { registry } = await loadFixture(stage);
      const begin = BigInt(await time.latest());
      const reports = [];
      for (const since of [begin, begin - 500n, 0n]) {
        await time.increase(60);
        const reporting = registry.reportCompromise(SCHOOL, 1, since);
        const { time: reported } = await expectEvent(reporting, registry, "CompromiseReported", SCHOOL, 1n, since);
        reports.push([since, reported]);
      }
      expect([...(await registry.compromiseAt(SCHOOL, 1, reports[0][1] - 1n))]).to.deep.equal([0n, 0n]);
      for (const [since, reported] of reports) {
        expect([...(await registry.compromiseAt(SCHOOL, 1, reported))]).to.deep.equal([since, reported]);
      }
      expect([...(await registry.compromiseAt(SCHOOL, 1, reports[1][1] - 1n))]).to.deep.equal(reports[0]);
      expect([...(await registry.compromiseAt(SCHOOL, 2, FAR))]).to.deep.equal([0n, 0n]);
      expect([...(await registry.compromiseAt(OTHER_SCHOOL, 1, FAR))]).to.deep.equal([0n, 0n]);
    });

    it("takes the present second, and refuses the next", async () => {
      const { registry } = await loadFixture(stage);
      const now = BigInt(await time.latest()) + 100n;
      await time.setNextBlockTimestamp(now);
      await expectRefusal(registry.reportCompromise(SCHOOL, 1, now + 1n), registry, "InTheFuture", now + 1n);
      await time.setNextBlockTimestamp(now + 1n);
      await expectEvent(
        registry.reportCompromise(SCHOOL, 1, now + 1n), registry, "CompromiseReported", SCHOOL, 1n, now + 1n,
      );
    });

    it("can be made about a closed school", async () => {
      const { registry } = await loadFixture(stage);
      const { time: closed } = await mined(registry.closeSchool(SCHOOL, ZERO));
      await expectEvent(
        registry.reportCompromise(SCHOOL, 1, closed), registry, "CompromiseReported", SCHOOL, 1n, closed,
      );
    });

    it("is the authority's alone", async () => {
      await expectAuthorityOnly(await loadFixture(stage), (as) => as.reportCompromise(SCHOOL, 1, 1));
    });

    it("refuses an unknown school, and a version it never had", async () => {
      const { registry } = await loadFixture(stage);
      await expectRefusal(registry.reportCompromise(UNKNOWN, 1, 1), registry, "UnknownSchool", UNKNOWN);
      for (const version of [0, 2]) {
        await expectRefusal(
          registry.reportCompromise(SCHOOL, version, 1), registry, "UnknownVersion", SCHOOL, version,
        );
      }
    });
  });
});
