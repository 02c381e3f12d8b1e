# SPDX-License-Identifier: Apache-2.0

"""Two anchorers over one ledger, and a chain that misbehaves: slower at times, never twice, never lost."""

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from ledger.batch import BatchState
from ledger.chain.errors import Unreachable
from ledger.errors import LedgerError, LostRace, Refused
from ledger.journal import Deed
from ledger.store.chain_tables import AttemptRow
from ledger.store.errands import Attempt
from ledger.unit import UnitState
from tests.simulators.anchoring_world import World, world_with
from tests.simulators.mortality import Meanwhile
from tests.simulators.school_ledger import CONFIRMATIONS, OPERATOR, OTHER_OPERATOR, OTHER_SCHOOL, SCHOOL


@pytest.fixture
def world(tmp_path) -> World:
    world = world_with(tmp_path, 2)
    world.seal()
    return world


# Before its commit a process holds the write lock, so nobody else can come between there.
STEPS = ["before nonce", "after nonce", "before prepare_anchor", "after sign", "before broadcast", "after broadcast"]


@pytest.mark.parametrize("at", STEPS)
@pytest.mark.parametrize("meanwhile", ["one pass", "all the way"])
def test_two_anchorers_anchor_once(world, at, meanwhile):
    other = World(world.ledger.reopened(), world.chain)
    world.restart(Meanwhile(at, {"one pass": other.tick, "all the way": other.finish}[meanwhile]))
    progress = world.tick()
    assert progress.open + progress.moved >= 1
    world.restart()
    world.finish()
    names = [name for name, *_ in world.chain.events]
    assert names.count("BatchAnchored") == 1
    assert set(world.chain.received) == {raw for _, raw in world.attempts()}
    assert set(world.errands().values()) == {BatchState.FINAL}


def test_the_slower_of_two_stores_no_second_attempt(world):
    batch = world.batch()
    world.tick()
    before = world.attempts()
    late = Attempt(OPERATOR.address, 1, b"\x01" * 32, b"other bytes")
    with pytest.raises(LostRace):
        world.ledger.carried_by(batch, late)
    assert world.attempts() == before


def test_one_nonce_is_never_stored_for_two_errands(world):
    world.tick()
    world.ledger.issued(1, first=50)
    world.seal()
    batch = next(b for b in world.ledger.errands.open_batches() if b.state is BatchState.SEALED)
    with pytest.raises(LostRace):
        world.ledger.carried_by(batch, Attempt(OPERATOR.address, 0, b"\x02" * 32, b"other bytes"))
    assert world.errands()[f"batch {batch.id}"] is BatchState.SEALED
    world.finish()
    world.assert_whole(anchored=2)


def test_several_errands_take_nonces_in_turn(world):
    world.ledger.issued(1, first=50)
    world.seal()
    world.tick()
    assert [nonce for nonce, _ in world.attempts()] == [0, 1]
    world.finish()
    world.assert_whole(anchored=2)


def test_a_node_that_leaves_out_what_waits_does_not_mix_up_the_nonces(world):
    world.chain.counts_waiting = False
    world.ledger.issued(1, first=50)
    world.seal()
    world.tick()
    assert [nonce for nonce, _ in world.attempts()] == [0, 1]
    world.finish()
    world.assert_whole(anchored=2)


@pytest.mark.parametrize("state", ["SEALED", "PREPARED", "SENT", "MINED"])
def test_with_the_chain_down_nothing_changes(world, state):
    if state == "PREPARED":
        world.chain.loses_answer = True
        with pytest.raises(Unreachable):
            world.tick()
    elif state != "SEALED":
        world.tick()
    if state == "MINED":
        world.chain.mine()
        world.tick()
    assert world.batch().state.name == state
    before = (world.errands(), world.attempts(), world.ledger.reader.count_by_state(), list(world.chain.received))
    anchorer = world.ledger.anchorer(world.chain)
    world.chain.down = True
    with pytest.raises(Unreachable):
        anchorer.tick()
    assert (
        world.errands(),
        world.attempts(),
        world.ledger.reader.count_by_state(),
        list(world.chain.received),
    ) == before
    world.chain.down = False
    world.finish()
    world.assert_whole()


def test_a_reorg_takes_mined_back_and_is_an_ordinary_case(world):
    world.tick()
    world.chain.mine()
    world.tick()
    assert world.batch().state is BatchState.MINED
    world.chain.reorg(1)
    assert world.tick().open == 1
    assert world.batch().state is BatchState.SENT
    world.finish()
    world.assert_whole()


def test_nothing_is_final_before_it_is_deep_enough(world):
    (unit, _) = world.ledger.units(world.ledger.issued_ids())
    world.tick()
    for depth in range(1, CONFIRMATIONS):
        world.chain.mine()
        world.tick()
        assert world.batch().state is BatchState.MINED, depth
        assert not world.ledger.reader.receipt_of_unit(unit.id).final
        assert world.ledger.states() == {UnitState.ISSUED}
    world.chain.mine()
    world.tick()
    assert world.ledger.reader.receipt_of_unit(unit.id).final
    world.assert_whole()


def test_a_stuck_transaction_is_sent_again_and_never_signed_again(world):
    world.chain.stuck = True
    for _ in range(5):
        assert world.tick().open == 1
        world.chain.mine()
    assert world.batch().state is BatchState.SENT
    assert len(set(world.chain.received)) == 1
    world.chain.stuck = False
    world.finish()
    assert len(world.ledger.signed) == 1
    world.assert_whole()


def test_a_quiet_chain_is_asked_little(world):
    """One look per errand and pass: nine hundred schools share a node."""
    world.tick()
    world.chain.mine()
    world.tick()
    world.chain.asked.clear()
    world.tick()
    assert world.chain.asked == {"settled_block": 1, "receipt": 1}
    world.chain.mine(CONFIRMATIONS)
    world.finish()
    world.chain.asked.clear()
    world.tick()
    assert world.chain.asked == {"settled_block": 1}


def test_a_dropped_transaction_is_sent_again(world):
    world.tick()
    world.chain.drop()
    world.tick()
    world.finish()
    assert len(world.ledger.signed) == 1
    world.assert_whole()


def test_a_refused_batch_stays_sealed_and_says_why(world):
    progress = world.tick(wallet=OTHER_OPERATOR)
    (refused,) = progress.obstacles
    assert isinstance(refused, Refused)
    assert "NotOperator" in refused.en
    assert refused.vi
    assert progress.open == 0
    assert world.batch().state is BatchState.SEALED
    assert (world.attempts(), world.chain.received) == ([], [])


def test_a_refused_recall_keeps_no_other_errand_waiting(world):
    """The first school's recall is already on the chain, sent by somebody who holds the same key."""
    world.finish()
    first, _ = world.ledger.units(world.ledger.issued_ids())
    world.recall(first)
    (recall,) = world.recalls()
    outside(world, world.receipt(first))
    world.ledger.issued(1, first=50)
    world.seal()
    progress = world.tick()
    assert ["AlreadyRecalled" in each.en for each in progress.obstacles] == [True]
    assert progress.open == 1
    assert world.recalls() == [recall]
    assert world.batch().state is BatchState.SENT


def outside(world: World, receipt) -> None:
    """A recall of the same leaf that this ledger knows nothing of."""
    chain = world.chain
    unsigned = chain.prepare_recall(
        sender=OPERATOR.address,
        nonce=chain.nonce(OPERATOR.address),
        school=SCHOOL,
        root=receipt.root_bytes,
        entry=receipt.entry_bytes,
        reason=1,
    )
    chain.broadcast(OPERATOR.sign(unsigned).raw)
    chain.mine()


def anchored_by_hand(chain, root: bytes, *, nonce: int) -> None:
    """The school's own key anchors `root`, and this ledger knows nothing of it."""
    unsigned = chain.prepare_anchor(
        sender=OPERATOR.address, nonce=nonce, school=SCHOOL, school_year=2025, root=root, leaf_count=2
    )
    chain.broadcast(OPERATOR.sign(unsigned).raw)


def test_what_the_contract_undid_has_failed_when_it_is_deep(world):
    anchored_by_hand(world.chain, world.batch().root, nonce=0)
    world.tick()
    for _ in range(CONFIRMATIONS - 1):
        world.chain.mine()
        assert world.tick().open == 1
    world.chain.mine()
    progress = world.tick()
    assert (progress.open, progress.failed) == (0, 1)
    assert set(world.errands().values()) == {BatchState.FAILED}
    assert world.ledger.states() == {UnitState.ISSUED}


def test_a_reorg_may_still_carry_out_what_the_contract_undid(world):
    anchored_by_hand(world.chain, world.batch().root, nonce=0)
    world.tick()
    world.chain.mine()
    world.tick()
    world.chain.reorg(1)
    world.chain.drop()
    anchored_by_hand(world.chain, b"\x77" * 32, nonce=0)
    world.finish()
    assert set(world.errands().values()) == {BatchState.FINAL}
    assert len(world.ledger.signed) == 1


def test_a_number_that_somebody_else_used_is_given_up_once_that_stands_for_good(world):
    world.chain.loses_answer = True
    with pytest.raises(Unreachable):
        world.tick()
    world.chain.drop()
    anchored_by_hand(world.chain, b"\x77" * 32, nonce=0)
    world.chain.mine()
    assert world.tick().open == 1
    assert world.batch().state is BatchState.PREPARED
    assert world.ledger.errands.number(world.batch()).nonce == 0
    world.chain.mine(CONFIRMATIONS)
    world.tick()
    assert world.batch().state is BatchState.SENT
    assert world.ledger.errands.number(world.batch()).nonce == 1
    world.finish()
    assert set(world.errands().values()) == {BatchState.FINAL}
    assert [nonce for nonce, _ in world.attempts()] == [0, 1]


def test_a_number_comes_back_when_the_block_that_used_it_gives_way(world):
    world.chain.loses_answer = True
    with pytest.raises(Unreachable):
        world.tick()
    world.chain.drop()
    anchored_by_hand(world.chain, b"\x77" * 32, nonce=0)
    world.chain.mine()
    world.tick()
    world.chain.reorg(1)
    world.chain.drop()
    world.chain.received.clear()
    world.finish()
    world.assert_whole()
    assert len(world.ledger.signed) == 1


def test_a_refused_batch_keeps_no_later_one_waiting(world):
    anchored_by_hand(world.chain, world.batch().root, nonce=0)
    world.chain.mine()
    world.ledger.issued(1, first=50)
    world.seal()
    progress = world.tick()
    assert ["AlreadyAnchored" in each.en for each in progress.obstacles] == [True]
    assert [batch.state for batch in world.ledger.errands.open_batches()] == [BatchState.SEALED, BatchState.SENT]


@pytest.mark.parametrize("was_sent", [False, True])
def test_a_replacement_that_was_recalled_before_it_was_named_is_named_nowhere_and_keeps_nothing_waiting(
    world, was_sent
):
    """The chain took the second recall first: the naming that was to come before it makes no sense any more."""
    world.finish()
    first, _ = world.ledger.units(world.ledger.issued_ids())
    world.recall(first)
    world.finish()
    second = world.ledger.issued_again(first, 50)
    world.seal()
    while world.ledger.reader.unit(second.id).state is UnitState.ISSUED:
        world.chain.stuck = False
        world.tick()
        world.chain.mine()
    world.chain.drop()
    (naming,) = world.ledger.errands.open_acts()
    if was_sent:
        world.recall(second)
        world.tick()
        assert world.ledger.errands.number(naming).nonce > world.ledger.errands.number(world.recalls()[0]).nonce
    else:
        recalled_outside = world.receipt(second)
        outside(world, recalled_outside)
    for _ in range(2 * CONFIRMATIONS):
        world.tick()
        world.chain.mine()
    progress = world.tick()
    assert progress.open == 0
    assert world.errands()[f"act {naming.id}"] is BatchState.FAILED
    assert "LeafReplaced" not in [name for name, *_ in world.chain.events]
    assert world.ledger.reader.unit(first.id).state is UnitState.RECALLED
    if was_sent:
        world.ledger.decisions.retry(SCHOOL, by="co.hoa")
        assert world.tick().failed == 0
        assert world.errands()[f"act {naming.id}"] is BatchState.FAILED
    assert [entry.deed for entry, _ in world.ledger.journal.entries()].count(Deed.ACT_FAILED) == 1 + was_sent


@pytest.mark.parametrize("new", [BatchState.FAILED, BatchState.MINED])
def test_what_a_worker_saw_of_an_earlier_transaction_says_nothing_of_a_later_one(world, new):
    """It slept while the first one failed and a person had the errand tried again: the state is the same once more."""
    world.tick()
    seen, writer = world.batch(), world.ledger.errand_writer
    number = world.ledger.errands.number(seen)
    writer.move(seen, BatchState.FAILED, carrier=number)
    world.chain.drop()
    world.ledger.decisions.retry(SCHOOL, by="co.hoa")
    world.tick()
    assert world.batch().state is seen.state is BatchState.SENT
    with pytest.raises(LostRace):
        writer.move(seen, new, carrier=number)
    assert world.batch().state is BatchState.SENT


def test_each_school_carries_its_own(world):
    world.ledger.issued(1, first=90, school_code=OTHER_SCHOOL)
    world.seal(school_code=OTHER_SCHOOL)
    world.tick()
    states = {batch.school_code: batch.state for batch in world.ledger.errands.open_batches()}
    assert states == {SCHOOL: BatchState.SENT, OTHER_SCHOOL: BatchState.SEALED}
    world.finish(school_code=OTHER_SCHOOL, wallet=OTHER_OPERATOR)
    world.finish()
    assert set(world.errands().values()) == {BatchState.FINAL}


def test_a_ledger_that_lost_its_attempt_stops_the_line(world):
    world.tick()
    world.chain.drop()
    with Session(world.ledger.engine) as session, session.begin():
        session.execute(delete(AttemptRow))
    with pytest.raises(LedgerError) as caught:
        world.tick()
    assert not isinstance(caught.value, LostRace)
    assert "backup" in caught.value.en
    assert len(world.chain.received) == 1


def test_confirmations_below_one_are_refused(world):
    with pytest.raises(ValueError):
        world.ledger.anchorer(world.chain, finality=0)
