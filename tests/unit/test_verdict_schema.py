# SPDX-License-Identifier: Apache-2.0

"""Every verdict is what the published schema says, and a schema that took anything would say nothing."""

import copy
import datetime as dt
from pathlib import Path

import pytest
from simulators.json_schema import complaints

from ledger.chain.registry import RecallReason
from tests.simulators.issuing_world import NOW, World

SCHEMA = Path(__file__).parents[2] / "verifier_api/verdict-1.schema.json"


@pytest.fixture(scope="module")
def verdicts():
    """One verdict of each kind, as JSON."""
    world = World()
    good, recalled, shallow, pending = world.issue(), world.issue(), world.issue(depth=1), world.issue(batched=False)
    world.recall(recalled, reason=RecallReason.CIVIL_STATUS_CHANGE, replaced_by=good)
    verifier, earlier = world.verifier(), world.verifier(at=NOW - dt.timedelta(days=30))
    files = [
        good.pdf,
        recalled.pdf,
        shallow.pdf,
        pending.pdf,
        world.forged(good),
        b"",
        b"%PDF bomb",
        b"nonsense",
        b"<x/>",
    ]
    told = [each.verify(data) for each in (verifier, earlier) for data in files]
    told += [verifier.unit(good.id), verifier.digest("0" * 64), verifier.receipt(b"{}"), verifier.oversized()]
    told += [verifier.receipt(recalled.receipt.to_json()), verifier.unopened("no rights")]
    world.chain_down = world.ledger_down = True
    told += [verifier.verify(good.pdf), verifier.unit(good.id)]
    return [verdict.to_dict(language) for verdict in told for language in ("vi", "en")]


def test_every_verdict_fits_the_schema(verdicts):
    assert set(complaints(SCHEMA, verdicts)) == {""}
    assert {one["conclusion"] for one in verdicts} == {"TOTAL_PASSED", "INDETERMINATE", "TOTAL_FAILED"}
    assert {one["standing"] for one in verdicts} >= {"CURRENT", "REPLACED", "UNANCHORED", "UNKNOWN"}


def test_what_is_no_verdict_does_not_fit(verdicts):
    good = next(one for one in verdicts if one["signatures"] and one["school"])
    spoilt = []
    for member in (name for name in good if name != "as_of"):
        spoilt += [{name: value for name, value in good.items() if name != member}, {**good, member: 5}]
    spoilt += [{**good, "conclusion": "PASSED"}, {**good, "file_sha256": "0x12"}, {**good, "format": "hocba-verdict/2"}]
    nested = copy.deepcopy(good)
    del nested["findings"][0]["code"]
    spoilt += [nested, {**good, "as_of": None}]
    assert "" not in complaints(SCHEMA, spoilt)
    assert complaints(SCHEMA, [{**good, "of_a_later_day": 1}]) == [""]
