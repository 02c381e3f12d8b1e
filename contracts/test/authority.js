// SPDX-License-Identifier: Apache-2.0

// The authority: how it comes to be and is handed over, and the rules it sets for recalls and school years.

import { expect } from "chai";
import {
  ethers,
  expectAuthorityOnly,
  expectEvent,
  expectRefusal,
  FAR,
  HAND_OVER_DELAY,
  loadFixture,
  mined,
  NOBODY,
  Policy,
  stage,
  time,
  YEAR,
  ZERO,
} from "./fixture.js";

describe("TranscriptRegistry: the authority", () => {
  describe("constructor", () => {
    it("makes the given account the authority, with its delay, and knows it from that second on", async () => {
      const [, authority] = await ethers.getSigners();
      const registry = await ethers.deployContract("TranscriptRegistry", [authority, HAND_OVER_DELAY]);
      const { time: created } = await mined(registry.deploymentTransaction());
      expect(await registry.defaultAdmin()).to.equal(authority.address);
      expect(await registry.defaultAdminDelay()).to.equal(HAND_OVER_DELAY);
      expect([...(await registry.authorityAt(created))]).to.deep.equal([authority.address, created]);
      expect([...(await registry.authorityAt(created - 1n))]).to.deep.equal([NOBODY, 0n]);
    });

    it("refuses to be born without an authority", async () => {
      const factory = await ethers.getContractFactory("TranscriptRegistry");
      await expectRefusal(factory.deploy(NOBODY, 0), factory, "AccessControlInvalidDefaultAdmin", NOBODY);
    });

    it("leaves the same code at every address, so that readers can pin its hash", async () => {
      const { registry, stranger } = await loadFixture(stage);
      const another = await ethers.deployContract("TranscriptRegistry", [stranger, 1]);
      expect(await ethers.provider.getCode(another)).to.equal(await ethers.provider.getCode(registry));
    });

    it("takes no money", async () => {
      const { registry, stranger } = await loadFixture(stage);
      await expect(stranger.sendTransaction({ to: registry, value: 1 })).to.be.revertedWithoutReason(ethers);
    });
  });

  describe("eip712Domain", () => {
    it("states name, version, chain and address, and that these four are all", async () => {
      const { registry } = await loadFixture(stage);
      const { chainId } = await ethers.provider.getNetwork();
      expect([...(await registry.eip712Domain())]).to.deep.equal([
        "0x0f",
        "hocba TranscriptRegistry",
        "1",
        chainId,
        await registry.getAddress(),
        ZERO,
        [],
      ]);
    });
  });

  describe("hand-over of the authority", () => {
    async function handedOver() {
      const given = await loadFixture(stage);
      const { registry, stranger } = given;
      const created = (await mined(registry.deploymentTransaction())).time;
      await registry.beginDefaultAdminTransfer(stranger);
      await time.increase(HAND_OVER_DELAY + 1);
      const accepting = await registry.connect(stranger).acceptDefaultAdminTransfer();
      return { ...given, created, accepted: (await mined(accepting)).time };
    }

    it("takes two steps and the whole delay", async () => {
      const { registry, authority, stranger } = await loadFixture(stage);
      await registry.beginDefaultAdminTransfer(stranger);
      const { schedule } = await registry.pendingDefaultAdmin();
      await time.setNextBlockTimestamp(schedule);
      const accept = () => registry.connect(stranger).acceptDefaultAdminTransfer();
      await expectRefusal(accept(), registry, "AccessControlEnforcedDefaultAdminDelay", schedule);
      expect(await registry.defaultAdmin()).to.equal(authority.address);
      await time.setNextBlockTimestamp(schedule + 1n);
      await accept();
      expect(await registry.defaultAdmin()).to.equal(stranger.address);
    });

    it("takes effect at once for both, and neither account's past is forgotten", async () => {
      const { registry, authority, stranger, created, accepted } = await handedOver();
      await expectRefusal(
        registry.lockSchoolYear(YEAR), registry, "AccessControlUnauthorizedAccount", authority, ZERO,
      );
      await expectEvent(registry.connect(stranger).lockSchoolYear(YEAR), registry, "SchoolYearLocked", BigInt(YEAR));
      for (const [asked, ...was] of [
        [accepted - 1n, authority.address, created],
        [accepted, stranger.address, accepted],
        [FAR, stranger.address, accepted],
      ]) {
        expect([...(await registry.authorityAt(asked))]).to.deep.equal(was);
      }
    });

    it("cannot be begun by anybody else, nor accepted by anybody but the one who was named", async () => {
      const given = await loadFixture(stage);
      const { registry, stranger, relayer } = given;
      await expectAuthorityOnly(given, (as) => as.beginDefaultAdminTransfer(relayer));
      await registry.beginDefaultAdminTransfer(stranger);
      await time.increase(HAND_OVER_DELAY + 1);
      for (const caller of [given.authority, given.operator, relayer]) {
        await expectRefusal(
          registry.connect(caller).acceptDefaultAdminTransfer(), registry, "AccessControlInvalidDefaultAdmin", caller,
        );
      }
    });

    it("can be called off while it waits", async () => {
      const { registry, authority, stranger } = await loadFixture(stage);
      await registry.beginDefaultAdminTransfer(stranger);
      await registry.cancelDefaultAdminTransfer();
      await time.increase(HAND_OVER_DELAY + 1);
      const accepting = registry.connect(stranger).acceptDefaultAdminTransfer();
      await expectRefusal(accepting, registry, "AccessControlInvalidDefaultAdmin", stranger);
      expect((await registry.authorityAt(FAR)).authority).to.equal(authority.address);
    });

    it("cannot be short-cut by granting or revoking the role", async () => {
      const { registry, authority, stranger } = await loadFixture(stage);
      for (const attempt of [
        () => registry.grantRole(ZERO, stranger),
        () => registry.revokeRole(ZERO, authority),
      ]) {
        await expectRefusal(attempt, registry, "AccessControlEnforcedDefaultAdminRules");
      }
    });

    it("may end in nobody, in two steps as well, and history says so", async () => {
      const { registry, authority } = await loadFixture(stage);
      await registry.beginDefaultAdminTransfer(NOBODY);
      const { schedule } = await registry.pendingDefaultAdmin();
      await expectRefusal(
        registry.renounceRole(ZERO, authority), registry, "AccessControlEnforcedDefaultAdminDelay", schedule,
      );
      await time.increase(HAND_OVER_DELAY + 1);
      const { time: left } = await mined(registry.renounceRole(ZERO, authority));
      expect((await registry.authorityAt(left - 1n)).authority).to.equal(authority.address);
      expect([...(await registry.authorityAt(left))]).to.deep.equal([NOBODY, left]);
    });

    it("leaves no gap in history when somebody gives up a role that he never had", async () => {
      const { registry, authority, stranger } = await loadFixture(stage);
      const before = await registry.authorityAt(FAR);
      await registry.connect(stranger).renounceRole(ZERO, stranger);
      expect([...(await registry.authorityAt(FAR))]).to.deep.equal([...before]);
      expect(await registry.defaultAdmin()).to.equal(authority.address);
    });

    it("is not touched by other roles, which mean nothing here", async () => {
      const { registry, authority, stranger } = await loadFixture(stage);
      const role = ethers.id("some role");
      for (const change of ["grantRole", "grantRole", "revokeRole", "revokeRole"]) {
        await registry[change](role, stranger);
      }
      await registry.grantRole(role, stranger);
      expect((await registry.authorityAt(FAR)).authority).to.equal(authority.address);
      await expectRefusal(
        registry.connect(stranger).lockSchoolYear(YEAR), registry, "AccessControlUnauthorizedAccount", stranger, ZERO,
      );
    });
  });

  describe("setRecallPolicy", () => {
    it("begins with the school alone, changes, and remembers when", async () => {
      const { registry } = await loadFixture(stage);
      const begin = BigInt(await time.latest());
      const first = await expectEvent(
        registry.setRecallPolicy(Policy.WithApproval), registry, "RecallPolicySet", Policy.WithApproval,
      );
      const second = await expectEvent(
        registry.setRecallPolicy(Policy.SchoolAlone), registry, "RecallPolicySet", Policy.SchoolAlone,
      );
      for (const [asked, policy, since] of [
        [0n, Policy.SchoolAlone, 0n],
        [begin, Policy.SchoolAlone, 0n],
        [first.time - 1n, Policy.SchoolAlone, 0n],
        [first.time, Policy.WithApproval, first.time],
        [second.time - 1n, Policy.WithApproval, first.time],
        [second.time, Policy.SchoolAlone, second.time],
      ]) {
        expect([...(await registry.recallPolicyAt(asked))]).to.deep.equal([policy, since]);
      }
    });

    it("is the authority's alone", async () => {
      await expectAuthorityOnly(await loadFixture(stage), (as) => as.setRecallPolicy(Policy.WithApproval));
    });

    it("refuses a policy nobody knows", async () => {
      const { registry } = await loadFixture(stage);
      await expect(registry.setRecallPolicy(2)).to.be.revertedWithoutReason(ethers);
    });
  });

  describe("lockSchoolYear", () => {
    it("locks one year for good, and tells when", async () => {
      const { registry } = await loadFixture(stage);
      const { time: locked } = await expectEvent(
        registry.lockSchoolYear(YEAR), registry, "SchoolYearLocked", BigInt(YEAR),
      );
      expect(await registry.lockedAt(YEAR)).to.equal(locked);
      for (const year of [0, YEAR - 1, YEAR + 1, 65_535]) expect(await registry.lockedAt(year)).to.equal(0n);
      await expectRefusal(registry.lockSchoolYear(YEAR), registry, "AlreadyLocked", YEAR, locked);
      expect(await registry.lockedAt(YEAR)).to.equal(locked);
    });

    it("is the authority's alone", async () => {
      await expectAuthorityOnly(await loadFixture(stage), (as) => as.lockSchoolYear(YEAR));
    });

    it("knows 1975 to 2214, and locks none that has not begun", async () => {
      const { registry } = await loadFixture(stage);
      for (const year of [0, 1974, 2027, 2214, 2215, 65_535]) {
        await expectRefusal(registry.lockSchoolYear(year), registry, "UnknownSchoolYear", year);
      }
      for (const year of [1975, 2026]) {
        await expectEvent(registry.lockSchoolYear(year), registry, "SchoolYearLocked", BigInt(year));
      }
      await time.increaseTo(Date.UTC(2215, 6) / 1000);
      await registry.lockSchoolYear(2214);
      await expectRefusal(registry.lockSchoolYear(2215), registry, "UnknownSchoolYear", 2215);
    });
  });
});
