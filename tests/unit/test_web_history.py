# SPDX-License-Identifier: Apache-2.0

"""History: what the chain holds about a unit or a school, without any person, and never out of an outage."""

import datetime as dt
from dataclasses import replace

import pytest

from ledger.chain.registry import RecallReason, SchoolKeys, SchoolOnChain, SchoolStanding
from tests.simulators.issuing_world import NOW, PIN, PUPIL, SCHOOL, SIGNERS, World
from tests.simulators.web_client import get
from verifier_api.history import HistoryBody
from verifier_api.recent import KEPT_SECONDS, recent

OLD = SchoolKeys(
    version=1,
    operator="0x" + "22" * 20,
    seal_certificate=b"\x01" * 32,
    since=NOW - dt.timedelta(days=900),
    compromised_since=NOW - dt.timedelta(days=60),
    compromise_recorded_at=NOW - dt.timedelta(days=10),
)
WITHDRAWN = replace(
    OLD, version=2, operator="0x" + "33" * 20, since=NOW - dt.timedelta(days=200), compromised_since=None
)
NEW = SchoolKeys(
    version=3,
    operator="0x" + "11" * 20,
    seal_certificate=bytes(32),
    since=NOW - dt.timedelta(days=30),
    compromised_since=None,
    compromise_recorded_at=None,
)


class ChainOfTwo:
    """A registry that knows one school, and whatever a world says about units."""

    pin = PIN

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

    def keys_of(self, code):
        self._world.head()
        return (OLD, WITHDRAWN, NEW) if code == SCHOOL else ()


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
    assert [(deed.what, deed.key_version, deed.at) for deed in body.deeds] == [
        ("keys-in-force", 1, OLD.since),
        ("keys-in-force", 2, WITHDRAWN.since),
        ("keys-in-force", 3, NEW.since),
        ("compromise-reported", 1, OLD.compromise_recorded_at),
    ]


def test_every_key_that_a_school_had_is_told_with_its_time_and_whether_it_was_stolen(app):
    keys = HistoryBody.model_validate(get(app, f"/v1/history?school={SCHOOL}").json()).keys
    assert [(key.version, key.operator, key.seal_cert_sha256) for key in keys] == [
        (key.version, key.operator, key.seal_certificate.hex()) for key in (OLD, WITHDRAWN, NEW)
    ]
    assert [(key.since, key.until) for key in keys] == [
        (OLD.since, WITHDRAWN.since), (WITHDRAWN.since, NEW.since), (NEW.since, None)
    ]  # fmt: skip
    assert [(key.stolen_since, key.stolen_reported_at) for key in keys] == [
        (OLD.compromised_since, OLD.compromise_recorded_at), (None, None), (None, None)
    ]  # fmt: skip


def test_a_history_that_was_told_a_moment_ago_costs_no_question(world):
    clock = [1000.0]
    _, registry = recent(world, ChainOfTwo(world), now=lambda: clock[0])
    app, unit = world.app(registry=registry), world.issue()
    for path in (f"/v1/history?school={SCHOOL}", f"/v1/history?unit={unit.id}"):
        first = get(app, path)
        asked = world.asked["head"] + world.asked["status_of"]
        assert get(app, path).content == first.content
        assert world.asked["head"] + world.asked["status_of"] == asked
        clock[0] += KEPT_SECONDS + 1
        get(app, path)
        assert world.asked["head"] + world.asked["status_of"] > asked


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
