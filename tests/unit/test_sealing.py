# SPDX-License-Identifier: Apache-2.0

"""When a school closes a batch by itself, and what becomes of a batch that the contract undid."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from ledger.batch import ActKind, BatchState
from ledger.chain import abi
from ledger.sealing import is_due
from ledger.store.chain_tables import ActRow
from ledger.store.errand_writer import NewAct
from ledger.store.errands import Backlog
from ledger.store.tables import SchoolRow
from ledger.unit import UnitState
from tests.simulators.anchoring_world import world_with
from tests.simulators.school_ledger import AUTHORITY, NOON, OPERATOR, SCHOOL, YEAR, Clock

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("count", "waited", "policy", "due"),
    [
        (0, None, {"batch_count": 1, "batch_hours": 1}, False),
        (9, 0, {"batch_count": 10, "batch_hours": None}, False),
        (10, 0, {"batch_count": 10, "batch_hours": None}, True),
        (1, 23, {"batch_count": None, "batch_hours": 24}, False),
        (1, 24, {"batch_count": None, "batch_hours": 24}, True),
        (1, 24, {"batch_count": 500, "batch_hours": 24}, True),
        (500, 1, {"batch_count": 500, "batch_hours": 24}, True),
        (900, 900, {"batch_count": None, "batch_hours": None}, False),
    ],
)
def test_a_batch_is_due_by_count_or_by_age_or_by_hand_alone(count, waited, policy, due):
    oldest = None if waited is None else NOON - waited * HOUR
    assert is_due(Backlog(count, oldest), now=NOON, **policy) is due


def test_a_school_closes_batches_by_its_own_policy(tmp_path):
    world, clock = world_with(tmp_path, 2), Clock()
    ledger = world.ledger
    ledger.now = clock
    with ledger.engine.begin() as connection:
        connection.execute(update(SchoolRow).values(batch_count=3, batch_hours=24))

    def seal_if_due():
        return ledger.sealer(world.chain).seal_if_due(ledger.reader.school(SCHOOL), school_year=YEAR, now=clock())

    assert seal_if_due() == 0
    ledger.issued(1, first=50)
    assert seal_if_due() == 3
    ledger.issued(1, first=60)
    assert seal_if_due() == 0
    clock.passes(hours=24)
    assert seal_if_due() == 1
    assert seal_if_due() == 0


def test_what_waits_in_a_batch_no_more_counts_as_waiting(tmp_path):
    world = world_with(tmp_path, 2)
    assert world.ledger.errands.backlog(school_code=SCHOOL, school_year=YEAR) == Backlog(2, NOON)
    world.seal()
    assert world.ledger.errands.backlog(school_code=SCHOOL, school_year=YEAR) == Backlog(0, None)


def undone(tmp_path):
    """A batch whose transaction was mined while the school was suspended."""
    world = world_with(tmp_path, 2)
    world.seal()
    world.tick()
    suspend(world, "suspendSchool")
    world.chain.mine(5)
    assert world.tick().failed == 1
    return world


def suspend(world, function):

    chain = world.chain
    nonce = chain.nonce(AUTHORITY.address)
    unsigned = chain._prepare(AUTHORITY.address, nonce, abi.call(function, abi.school_word(SCHOOL)))
    chain.drop() if function == "suspendSchool" else None
    chain.broadcast(AUTHORITY.sign(unsigned).raw)
    chain.mine()
    for _, raw in world.attempts():
        chain.broadcast(raw)


def test_what_the_contract_undid_is_tried_again_when_a_person_says_so(tmp_path):
    world = undone(tmp_path)
    assert world.tick().open == 0
    suspend(world, "reinstateSchool")
    again = world.ledger.decisions.retry(SCHOOL, by="van.thu")
    assert [errand.root for errand in again] == [world.batch().root]
    world.finish()
    assert set(world.errands().values()) == {BatchState.FINAL}
    assert world.ledger.states() == {UnitState.ANCHORED}
    assert [nonce for nonce, _ in world.attempts()] == [0, 1]
    assert {attempt.sender for attempt in world.ledger.signed} == {OPERATOR.address}


def test_whose_key_carries_it_has_it_tried_again(tmp_path):
    world = undone(tmp_path)
    assert world.ledger.decisions.retry(None, by="Sở") == []
    world.ledger.errand_writer.decide(NewAct(ActKind.LOCK, school_year=YEAR))
    with world.ledger.engine.begin() as connection:
        connection.execute(update(ActRow).values(state=BatchState.FAILED))
    assert [errand.kind for errand in world.ledger.errands.failed(None)] == [ActKind.LOCK]
    assert [type(errand).__name__ for errand in world.ledger.errands.failed(SCHOOL)] == ["Batch"]


def test_there_is_nothing_to_try_again_when_nothing_failed(tmp_path):
    world = world_with(tmp_path, 1)
    world.seal()
    world.finish()
    assert world.ledger.decisions.retry(SCHOOL, by="van.thu") == []
