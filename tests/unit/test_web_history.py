# SPDX-License-Identifier: Apache-2.0

"""History: what the chain holds about a unit or a school, without any person, and never out of an outage."""

import datetime as dt

import pytest

from ledger.chain.registry import RecallReason, SchoolOnChain, SchoolStanding
from tests.simulators.issuing_world import NOW, PUPIL, SCHOOL, SIGNERS, World
from tests.simulators.web_client import get
from verifier_api.history import HistoryBody


class ChainOfTwo:
    """A registry that knows one school, and whatever a world says about units."""

    def __init__(self, world):
        self._world = world

    def head(self):
        return self._world.head()

    def status_of(self, **asked):
        return self._world.status_of(**asked)

    def school(self, code):
        self._world.head()  # An outage is an outage here, too.
        if code != SCHOOL:
            return None
        return SchoolOnChain(
            code=SCHOOL, standing=SchoolStanding.ACTIVE, version=3, operator="0x" + "11" * 20,
            seal_certificate=bytes(32), consent=bytes(32), since=NOW - dt.timedelta(days=30), successor="",
        )  # fmt: skip


@pytest.fixture
def world():
    return World()


@pytest.fixture
def app(world):
    return world.app(registry=ChainOfTwo(world))


def test_a_unit_has_an_anchor_and_then_a_recall(world, app):
    unit = world.issue()
    before = get(app, f"/v1/history?unit={unit.id}")
    assert [deed.what for deed in HistoryBody.model_validate(before.json()).deeds] == ["anchored"]
    world.recall(unit, reason=RecallReason.WRONG_DATA)
    answer = get(app, f"/v1/history?unit={unit.id}", headers={"If-None-Match": before.headers["etag"]})
    body = HistoryBody.model_validate(answer.json())
    assert [(deed.what, deed.reason) for deed in body.deeds] == [("anchored", None), ("recalled", "wrong-data")]
    assert (body.unit, body.school, body.block) == (unit.id, SCHOOL, 1_000)
    assert answer.headers["cache-control"] == "public, max-age=30"
    for word in (PUPIL, *SIGNERS.values(), unit.receipt.salt):
        assert word not in answer.text


def test_what_the_chain_never_saw_was_not_anchored(world, app):
    assert get(app, f"/v1/history?unit={world.issue(depth=0).id}").json()["deeds"] == []


def test_a_school_has_its_standing_and_keys(app):
    body = HistoryBody.model_validate(get(app, f"/v1/history?school={SCHOOL}").json())
    assert (body.school, body.standing) == (SCHOOL, "active")
    assert [(deed.what, deed.key_version) for deed in body.deeds] == [("keys-in-force", 3)]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "bad-request"),
        ("?school=7900060", 400, "bad-request"),
        (f"?school={SCHOOL}&unit=x", 400, "bad-request"),
        ("?unit=x", 400, "bad-unit-id"),
        ("?unit=00000000-0000-4000-8000-000000000063", 404, "unknown-unit"),
        ("?school=00000000", 404, "unknown-school"),
    ],
)
def test_what_cannot_be_told_is_a_problem(app, query, status, code):
    answer = get(app, "/v1/history" + query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_outage_is_no_empty_history(world, app):
    unit, waiting = world.issue(), world.issue(batched=False)
    assert get(app, f"/v1/history?unit={waiting.id}").json()["code"] == "receipt-pending"
    world.chain_down = True
    assert get(app, f"/v1/history?unit={unit.id}").json()["code"] == "chain-unavailable"
    assert get(app, f"/v1/history?school={SCHOOL}").json()["code"] == "chain-unavailable"
    world.ledger_down = True
    assert get(app, f"/v1/history?unit={unit.id}").json()["code"] == "ledger-unavailable"
