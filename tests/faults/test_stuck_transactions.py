# SPDX-License-Identifier: Apache-2.0

"""A transaction that the network leaves lying: offered again at higher fees under its own number, and then people are told."""

import itertools

import pytest

from ledger.batch import BatchState, Patience
from ledger.chain.errors import OutOfFunds, Unreachable
from ledger.chain.registry import UnsignedTransaction
from ledger.store.errands import Number
from tests.simulators.anchoring_world import World, world_with
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate, each
from tests.simulators.registry import Transaction
from tests.simulators.school_ledger import CONFIRMATIONS, OPERATOR, SCHOOL, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def begun(folder, clock, *, fee: int = 100) -> World:
    """A batch that was sent at a fee which a moment later is too low."""
    folder.mkdir(exist_ok=True)
    world = world_with(folder, 2)
    world.ledger.now = clock
    world.seal()
    world.chain.least_fee = fee
    world.tick()
    world.chain.least_fee = fee * 2
    return world


@pytest.fixture
def world(tmp_path, clock) -> World:
    return begun(tmp_path, clock)


def fees(world: World) -> list[int]:
    return [Transaction.read(raw).fee for _, raw in world.attempts()]


def test_it_is_left_in_peace_for_a_while(world, clock):
    clock.passes(minutes=2)
    world.chain.mine()
    assert world.tick().stuck == 0
    assert fees(world) == [100]


def test_then_it_is_replaced_under_its_own_number(world, clock):
    clock.passes(minutes=3)
    world.tick()
    assert fees(world) == [100, 200]
    assert {nonce for nonce, _ in world.attempts()} == {0}
    assert len({(each.nonce, each.data) for each in world.ledger.signed}) == 1
    world.finish()
    assert set(world.errands().values()) == {BatchState.FINAL}
    assert [name for name, *_ in world.chain.events].count("BatchAnchored") == 1


def test_what_the_chain_asks_rises_faster_than_we_raise(world, clock):
    world.chain.stuck = True
    for _ in range(9):
        clock.passes(minutes=3)
        world.tick()
    offered = fees(world)
    assert len(offered) == Patience().most_attempts
    assert all(later * 100 >= earlier * 125 for earlier, later in itertools.pairwise(offered))
    assert world.tick().stuck == 1
    world.chain.stuck = False
    world.finish()
    assert set(world.errands().values()) == {BatchState.FINAL}


def test_the_cheaper_one_may_be_mined_after_all(world, clock):
    clock.passes(minutes=3)
    world.chain.loses_answer = True
    with pytest.raises(Unreachable):
        world.tick()
    world.chain.drop()
    world.chain.least_fee = 0
    world.chain.broadcast(world.attempts()[0][1])
    world.chain.mine()
    world.finish()
    assert set(world.errands().values()) == {BatchState.FINAL}
    assert [name for name, *_ in world.chain.events].count("BatchAnchored") == 1


def test_a_chain_without_fees_is_only_told_again(tmp_path, clock):
    world = begun(tmp_path, clock, fee=0)
    world.chain.stuck = True
    for _ in range(8):
        clock.passes(minutes=3)
        progress = world.tick()
    assert fees(world) == [0]
    assert (progress.open, progress.stuck) == (1, 1)
    world.chain.stuck = False
    world.finish()
    world.assert_whole()


def test_one_that_is_too_cheap_to_be_taken_is_raised_at_once(tmp_path, clock):
    """Somebody with the same key has sent another transaction under the number; ours must outbid it."""
    world = world_with(tmp_path, 2)
    world.ledger.now = clock
    world.seal()
    world.chain.least_fee = 100
    world.chain.loses_answer = True
    with pytest.raises(Unreachable):
        world.tick()
    world.chain.drop()
    ours = Transaction.read(world.attempts()[0][1])
    foreign = UnsignedTransaction(
        31337, OPERATOR.address, ours.nonce, world.chain.pin.address, ours.data, gas=200_000, gas_price=105
    )
    world.chain.broadcast(OPERATOR.sign(foreign).raw)
    world.tick()
    assert fees(world) == [100, 125]
    world.chain.mine()
    world.tick()
    assert world.batch().state is BatchState.MINED


def test_dying_at_any_step_while_fees_are_raised_costs_nothing(tmp_path, clock):
    start = clock.time
    first = begun(tmp_path / "first", clock)
    clock.passes(minutes=3)
    first.restart(Fate())
    first.ledger.now = clock
    first.tick()
    steps = each(first.ledger.fate.log)
    assert "after sign" in first.ledger.fate.log
    for step in steps:
        clock.time = start
        world = begun(tmp_path / str(step), clock)
        clock.passes(minutes=3)
        world.restart(Fate(dies_at=step))
        world.ledger.now = clock
        with pytest.raises(Killed):
            world.tick()
        world.restart()
        world.ledger.now = clock
        world.chain.least_fee = 0
        world.finish()
        assert set(world.errands().values()) == {BatchState.FINAL}
        assert [name for name, *_ in world.chain.events].count("BatchAnchored") == 1
        assert set(world.chain.received) <= {raw for _, raw in world.attempts()}
        assert len({(each.nonce, each.data) for each in world.ledger.signed}) == 1


def test_a_number_whose_errand_was_refused_is_given_to_the_next(tmp_path):
    """The worker died with a number set aside; meanwhile the contract would refuse what it was for."""
    world = world_with(tmp_path, 2)
    world.seal()
    world.restart(Fate(dies_at="before sign"))
    with pytest.raises(Killed):
        world.tick()
    assert world.ledger.errands.number(world.batch()).nonce == 0
    world.restart()
    batch = world.batch()
    foreign = world.chain.prepare_anchor(
        sender=OPERATOR.address, nonce=0, school=batch.school_code, school_year=2025, root=batch.root, leaf_count=2
    )
    world.chain.broadcast(OPERATOR.sign(foreign).raw)
    world.chain.mine()
    world.ledger.issued(1, first=50)
    world.seal()
    with pytest.raises(Exception, match="AlreadyAnchored"):
        world.tick()
    refused, sent = world.ledger.errands.open_batches()
    assert world.ledger.errands.number(refused) is None
    assert world.ledger.errands.number(sent).nonce == 1


def test_a_free_number_is_taken_before_a_new_one(tmp_path):
    world = world_with(tmp_path, 1)
    world.seal()
    batch = world.batch()
    ledger = world.ledger
    ledger.errand_writer.reserve(batch, Number(OPERATOR.address, 0))
    ledger.errand_writer.free(batch, Number(OPERATOR.address, 0))
    assert ledger.errands.next_nonce(OPERATOR.address, mined=0, waiting=5) == 0
    assert ledger.errands.next_nonce(OPERATOR.address, mined=1, waiting=5) == 5
    world.finish()
    world.assert_whole()


def test_a_number_that_somebody_elses_lost_transaction_had_is_taken_by_the_next_errand(tmp_path):
    """Ours come after it, and would wait for ever; when the next errand takes it, all go on."""
    world = world_with(tmp_path, 1)
    chain = world.chain
    foreign = chain.prepare_publish(
        sender=OPERATOR.address, nonce=0, publisher=SCHOOL, topic=b"\x01" * 32, digest=b"\x02" * 32
    )
    chain.broadcast(OPERATOR.sign(foreign).raw)
    world.seal()
    world.tick()
    assert [nonce for nonce, _ in world.attempts()] == [1]
    chain.drop()
    chain.mine(CONFIRMATIONS)
    assert world.tick().open == 1
    world.ledger.issued(1, first=50)
    world.seal()
    world.finish()
    assert sorted(nonce for nonce, _ in world.attempts()) == [0, 1]
    assert set(world.errands().values()) == {BatchState.FINAL}


def test_an_account_without_money_is_told_and_nothing_is_lost(world, monkeypatch):
    def poor(_raw: bytes) -> bytes:
        raise OutOfFunds("insufficient funds")

    with monkeypatch.context() as patched:
        patched.setattr(world.chain, "broadcast", poor)
        with pytest.raises(OutOfFunds):
            world.tick()
    world.chain.least_fee = 0
    world.finish()
    world.assert_whole()


def test_nothing_is_final_before_the_chain_itself_says_so(tmp_path):
    world = world_with(tmp_path, 2)
    world.seal()
    world.tick(finality="finalized")
    world.chain.mine(CONFIRMATIONS + 1)
    world.tick(finality="finalized")
    assert world.batch().state is BatchState.MINED
    world.chain.mine()
    world.tick(finality="finalized")
    assert set(world.errands().values()) == {BatchState.FINAL}


def test_a_node_that_lags_makes_nothing_final_and_nothing_twice(tmp_path):
    world = world_with(tmp_path, 2)
    world.seal()
    world.tick()
    world.chain.mine(CONFIRMATIONS)
    world.chain.lags = CONFIRMATIONS
    for _ in range(3):
        assert world.tick().open == 1
    assert world.batch().state is BatchState.SENT
    world.chain.lags = 0
    world.finish()
    world.assert_whole()
    assert len(world.ledger.signed) == 1


def test_a_transaction_that_arrives_late_is_one_transaction(tmp_path):
    world = world_with(tmp_path, 2)
    world.seal()
    world.chain.delays = True
    for _ in range(3):
        world.tick()
    world.finish()
    world.assert_whole()
    assert len(world.ledger.signed) == 1
