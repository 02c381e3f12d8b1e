# SPDX-License-Identifier: Apache-2.0

"""A transaction that the network leaves lying: offered again at higher fees under its own number, and then people are told."""

import itertools

import pytest
from sqlalchemy import update

from ledger.batch import BatchState, Patience
from ledger.chain.errors import Unreachable
from ledger.chain.registry import UnsignedTransaction
from ledger.chain.wallet import KeyWallet
from ledger.errors import CannotSend
from ledger.store.errands import Number
from ledger.store.tables import SchoolRow
from tests.simulators.anchoring_world import World, world_with
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate, each
from tests.simulators.registry import Transaction
from tests.simulators.school_ledger import AUTHORITY, CONFIRMATIONS, OPERATOR, SCHOOL, Clock


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
    assert ["AlreadyAnchored" in each.en for each in world.tick().obstacles] == [True]
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


def test_an_account_without_money_is_told_and_nothing_is_lost(world):
    world.chain.drop()
    world.chain.poor = {OPERATOR.address}
    progress = world.tick()
    (obstacle,) = progress.obstacles
    assert isinstance(obstacle, CannotSend)
    assert (OPERATOR.address in obstacle.en, "Fund it" in obstacle.en, "nạp thêm" in obstacle.vi) == (True,) * 3
    assert progress.open == 0
    world.chain.poor, world.chain.least_fee = set(), 0
    world.finish()
    world.assert_whole()


def test_who_cannot_pay_is_not_asked_for_more(tmp_path, clock):
    """The account is empty from the start: what waits for money is not raised meanwhile."""
    world = world_with(tmp_path, 1)
    world.ledger.now = clock
    world.seal()
    world.chain.least_fee = 100
    world.chain.poor = {OPERATOR.address}
    for _ in range(8):
        assert world.tick().obstacles
        clock.passes(minutes=3)
    assert fees(world) == [100]
    world.chain.poor = set()
    world.finish()
    assert set(world.errands().values()) == {BatchState.FINAL}


def relayed(world: World) -> None:
    with world.ledger.engine.begin() as connection:
        connection.execute(update(SchoolRow).where(SchoolRow.code == SCHOOL).values(relayed=True))


def later_one(world: World, first: int) -> None:
    """One more batch, of one more unit."""
    world.ledger.issued(1, first=first)
    world.seal()


def test_an_account_without_money_sends_nothing_later_and_what_it_sent_before_goes_on(tmp_path):
    world = world_with(tmp_path, 1)
    world.seal()
    world.tick()
    world.chain.mine(CONFIRMATIONS)
    world.chain.poor = {OPERATOR.address}
    later_one(world, 50)
    later_one(world, 60)
    progress = world.tick()
    assert (progress.moved, progress.open) == (2, 0)
    assert ["2 errands" in each.en for each in progress.obstacles] == [True]
    assert list(world.errands().values()) == [BatchState.FINAL, BatchState.PREPARED, BatchState.SEALED]
    assert len(world.chain.received) == 1
    world.chain.poor = set()
    world.finish()
    world.assert_whole(anchored=3)


def test_what_was_sent_behind_one_that_nobody_takes_waits_for_somebody_too(tmp_path):
    """Both were sent, the node forgot both, and the money is gone: the chain alone moves neither of them any more."""
    world = world_with(tmp_path, 1)
    world.seal()
    later_one(world, 50)
    world.tick()
    first, second = (batch for batch in world.ledger.errands.open_batches())
    assert [world.ledger.errands.number(batch).nonce for batch in (first, second)] == [0, 1]
    world.chain.drop()
    world.chain.broadcast(world.attempts()[1][1])
    world.chain.poor = {OPERATOR.address}
    progress = world.tick()
    assert (progress.open, ["2 errands" in each.en for each in progress.obstacles]) == (0, [True])


def test_one_accounts_empty_purse_keeps_no_other_account_waiting(tmp_path):
    """The authority's key was changed while a transaction of the old one waited for money."""
    world = world_with(tmp_path, 1)
    relayed(world)
    world.seal()
    world.tick()
    world.chain.poor = {AUTHORITY.address}
    assert world.tick(**world.as_authority()).open == 0
    later_one(world, 50)
    world.tick()
    new_key = KeyWallet(b"\x08" * 32)
    progress = world.tick(school_code=None, wallet=new_key)
    assert (progress.open, [AUTHORITY.address in each.en for each in progress.obstacles]) == (1, [True])
    assert list(world.errands().values()) == [BatchState.PREPARED, BatchState.SENT]
    world.chain.mine(CONFIRMATIONS)
    assert world.tick(school_code=None, wallet=new_key).open == 0
    assert list(world.errands().values()) == [BatchState.PREPARED, BatchState.FINAL]


def test_what_an_earlier_key_has_signed_is_never_signed_by_another(tmp_path, clock):
    """It has waited long enough to be raised, by a key that is not here any more."""
    world = world_with(tmp_path, 1)
    world.ledger.now = clock
    relayed(world)
    world.seal()
    world.tick()
    world.chain.least_fee = 100
    world.tick(**world.as_authority())
    world.chain.least_fee = 200
    clock.passes(minutes=5)
    assert world.tick(school_code=None, wallet=KeyWallet(b"\x08" * 32)).open == 1
    assert {each.sender for each in world.ledger.signed} == {AUTHORITY.address}


def test_a_fee_that_no_node_takes_keeps_only_what_comes_after_it_waiting(tmp_path):
    world = world_with(tmp_path, 1)
    world.seal()
    world.tick()
    world.chain.mine()
    later_one(world, 50)
    world.tick()
    world.chain.drop()
    world.chain.mine(CONFIRMATIONS)
    later_one(world, 60)
    world.chain.takes_from = 1000
    progress = world.tick(patience=Patience(most_attempts=1))
    assert ["2 errands" in each.en and "higher fee" in each.en for each in progress.obstacles] == [True]
    assert list(world.errands().values()) == [BatchState.FINAL, BatchState.SENT, BatchState.SEALED]
    assert world.tick().obstacles == ()
    assert fees(world) == [0, 0, 1000, 1000]
    world.finish()
    assert set(world.errands().values()) == {BatchState.FINAL}


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
