# SPDX-License-Identifier: Apache-2.0

"""The order of signing: revisions prove it; the time-stamps' clocks may lie a little apart, and no more."""

import dataclasses
import datetime as dt

import pytest

from tests.simulators.issuing_world import SIGNED, World
from verifier_api import checks


@pytest.fixture(scope="module")
def signed():
    world = World()
    unit = world.issue()
    return world.seen[unit.pdf], unit.receipt.manifest


@pytest.mark.parametrize(
    ("minutes", "complaints"),
    [([0, 1, 2], []), ([0, -4, -4], []), ([0, -6, 0], ["signatures.order"]), ([10, 5, -1], ["signatures.order"])],
)
def test_clocks_may_lie_five_minutes_apart(signed, minutes, complaints):
    examination, manifest = signed
    judgements = [
        dataclasses.replace(judgement, timestamped_at=SIGNED + dt.timedelta(minutes=late))
        for judgement, late in zip(examination.signatures, minutes, strict=True)
    ]
    seen = dataclasses.replace(examination, signatures=judgements)
    assert [finding.code for finding in checks._who(seen, manifest)] == complaints
