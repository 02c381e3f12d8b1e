# SPDX-License-Identifier: Apache-2.0

"""Keys that changed or were stolen: a change of seal harms no genuine file, a reported theft is told, an outage is not red."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import attacked_school as world
from attacked_school import FAILED, OPEN, PASSED

from ledger.chain.errors import Unreachable
from verifier_api.verdict import Outcome, Standing

DAY = timedelta(days=1)
OTHER_SEAL = b"\x0e" * 32


@dataclass(frozen=True)
class Retold:
    """The registry, but for what its state changes in the answers. Implements `RegistryReader`."""

    told: dict[str, Any]
    sealed_with: bytes | Exception = b""

    @property
    def pin(self):
        return world.chain().registry.pin

    def head(self):
        return world.chain().registry.head()

    def school(self, code):
        return world.chain().registry.school(code)

    def status_of(self, **asked):
        status = world.chain().registry.status_of(**asked)
        return replace(status, **{name: value(status) for name, value in self.told.items()})

    def seal_at(self, **_):
        if isinstance(self.sealed_with, Exception):
            raise self.sealed_with
        return self.sealed_with


def judged(registry, *, xml=False):
    paper = world.genuine()
    return world.judge(paper.xml if xml else paper.pdf, world.genuine_receipt(), registry=registry)


def another_seal_when_anchored(sealed_with):
    return Retold({"seal_certificate": lambda _: OTHER_SEAL}, sealed_with)


def test_a_new_seal_between_sealing_and_anchoring_harms_nobody():
    seal = world.chain().registry.school(world.CODE).seal_certificate
    verdict = judged(another_seal_when_anchored(seal))
    assert verdict.conclusion is PASSED
    assert "signatures.seal_registered" in world.codes(verdict, Outcome.PASSED)


def test_a_seal_that_was_registered_at_neither_time_is_not_the_schools():
    verdict = judged(another_seal_when_anchored(OTHER_SEAL))
    assert verdict.conclusion is FAILED
    assert "signatures.seal_other" in world.codes(verdict, Outcome.FAILED)


def test_the_time_that_an_xml_claims_for_itself_brings_no_other_seal():
    """Nothing proves when an XML was sealed, so that only the seal of its anchoring counts."""
    seal = world.chain().registry.school(world.CODE).seal_certificate
    assert judged(another_seal_when_anchored(seal), xml=True).conclusion is FAILED


def test_a_chain_that_falls_silent_about_the_seal_is_no_reason_for_red():
    verdict = judged(another_seal_when_anchored(Unreachable("node", "timeout")))
    assert verdict.conclusion is OPEN
    assert not world.codes(verdict, Outcome.FAILED)


def test_anchored_with_a_key_that_was_reported_as_stolen():
    reported = {
        "anchor_doubtful": lambda _: True,
        "compromised_since": lambda status: status.anchored_at - DAY,
        "compromise_recorded_at": lambda status: status.anchored_at + DAY,
    }
    verdict = judged(Retold(reported))
    assert verdict.conclusion is OPEN
    assert "chain.doubtful" in world.codes(verdict, Outcome.UNKNOWN)


def test_anchored_after_the_year_was_locked_is_told_and_passes():
    locked = {"late": lambda _: True, "locked_at": lambda status: status.anchored_at - DAY}
    verdict = judged(Retold(locked))
    assert verdict.conclusion is PASSED
    assert "chain.late" in world.codes(verdict, Outcome.PASSED)


def test_recalled_with_a_key_that_was_reported_as_stolen_stays_recalled_and_in_doubt():
    recalled = {"recalled_at": lambda status: status.anchored_at + DAY, "recall_doubtful": lambda _: True}
    verdict = judged(Retold(recalled))
    assert verdict.standing is Standing.RECALLED
    assert "standing.doubtful" in world.codes(verdict, Outcome.UNKNOWN)
