# SPDX-License-Identifier: Apache-2.0

"""Whatever dies, and whenever: one batch is anchored once, with the bytes that were stored, signed for one purpose.

Each test names what has happened; the last line is always the same.
"""

import itertools

import pytest

from ledger.batch import BatchState
from ledger.chain.errors import Unreachable
from tests.simulators.anchoring_world import World, world_with
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate, each

UNITS = 2


@pytest.fixture(scope="session")
def sealed_ledger(tmp_path_factory):
    """A ledger with one sealed batch, made once and copied for each death."""
    world = world_with(tmp_path_factory.mktemp("sealed"), UNITS)
    world.seal()
    return world.ledger


@pytest.fixture
def worlds(sealed_ledger, tmp_path):
    """A new world each time, all with the same sealed batch."""
    return (World(sealed_ledger.copied(tmp_path / str(number))) for number in itertools.count())


@pytest.fixture
def world(worlds) -> World:
    return next(worlds)


def dies(world: World, where: str) -> None:
    world.restart(Fate(dies_at=where))
    with pytest.raises(Killed):
        world.tick()
    world.restart()


def test_dying_before_signing_leaves_it_sealed(world):
    dies(world, "before sign")
    assert world.batch().state is BatchState.SEALED
    assert (world.attempts(), world.chain.received, world.ledger.signed) == ([], [], [])
    world.finish()
    world.assert_whole()


def test_dying_after_signing_and_before_storing_sends_nothing(world):
    dies(world, "after sign")
    assert world.batch().state is BatchState.SEALED
    assert (world.attempts(), world.chain.received) == ([], [])
    world.finish()
    world.assert_whole()


def test_dying_before_the_commit_sends_nothing(world):
    dies(world, "before commit")
    assert world.batch().state is BatchState.SEALED
    assert (world.attempts(), world.chain.received) == ([], [])
    world.finish()
    world.assert_whole()


def test_dying_after_storing_and_before_sending_costs_nothing(world):
    dies(world, "before broadcast")
    assert world.batch().state is BatchState.PREPARED
    assert [nonce for nonce, _ in world.attempts()] == [0]
    assert world.chain.received == []
    world.finish()
    assert len(world.ledger.signed) == 1
    world.assert_whole()


def test_dying_after_the_node_took_it_sends_the_same_bytes_again(world):
    dies(world, "after broadcast")
    assert world.batch().state is BatchState.PREPARED
    assert world.chain.received == [raw for _, raw in world.attempts()]
    world.finish()
    assert len(world.ledger.signed) == 1
    world.assert_whole()


def test_dying_while_sending_without_the_node_having_taken_it(world):
    dies(world, "after broadcast")
    world.chain.drop()
    world.finish()
    assert len(world.ledger.signed) == 1
    world.assert_whole()


def test_dying_while_it_is_mined_needs_no_second_transaction(world):
    dies(world, "after broadcast")
    world.chain.mine()
    sent = list(world.chain.received)
    world.finish()
    assert world.chain.received == sent
    world.assert_whole()


def test_dying_after_it_was_seen_in_a_block(world):
    world.tick()
    world.chain.mine()
    dies(world, "after receipt")
    assert world.batch().state is BatchState.SENT
    world.finish()
    world.assert_whole()


def test_dying_when_everything_is_deep_enough(world):
    world.tick()
    world.chain.mine(5)
    world.restart(Fate())
    dies(world, "before commit")
    assert not world.ledger.reader.receipt_of_unit(world.ledger.issued_ids()[0]).final
    world.finish()
    world.assert_whole()


def test_dying_across_a_reorg(world):
    world.tick()
    world.chain.mine()
    world.tick()
    assert world.batch().state is BatchState.MINED
    world.chain.reorg(1)
    dies(world, "before commit")
    assert world.batch().state is BatchState.MINED
    world.finish()
    assert len(world.ledger.signed) == 1
    world.assert_whole()


def test_a_reorg_that_the_node_does_not_survive_sends_the_same_bytes_again(world):
    world.tick()
    world.chain.mine()
    world.tick()
    world.chain.reorg(1)
    world.chain.drop()
    world.tick()
    assert world.batch().state is BatchState.SENT
    world.finish()
    assert len(world.ledger.signed) == 1
    world.assert_whole()


def smoothly(world: World) -> None:
    world.finish()


def across_a_reorg(world: World) -> None:
    world.tick()
    world.chain.mine(2)
    world.tick()
    world.chain.reorg(2)
    world.finish()


def across_a_loss(world: World) -> None:
    world.tick()
    world.chain.mine()
    world.tick()
    world.chain.reorg(1)
    world.chain.drop()
    world.tick()
    world.finish()


@pytest.mark.parametrize("history", [smoothly, across_a_reorg, across_a_loss])
def test_dying_at_any_step_costs_nothing(worlds, history):
    """Every step of every process is tried: the questions to chain, wallet and database, before and after."""
    first = next(worlds)
    first.restart(Fate())
    history(first)
    first.assert_whole()
    steps = first.ledger.fate.log
    assert len(steps) > 20
    for step in each(steps):
        world = next(worlds)
        world.restart(Fate(dies_at=step))
        with pytest.raises(Killed):
            history(world)
        world.restart()
        world.finish()
        world.assert_whole()


def test_dying_twice_in_a_row_at_any_step_costs_nothing(worlds):
    first = next(worlds)
    first.restart(Fate())
    first.finish()
    for step in each(first.ledger.fate.log):
        world = next(worlds)
        for _ in range(2):
            world.restart(Fate(dies_at=step))
            try:
                world.finish()
            except Killed:
                continue
            break
        world.restart()
        world.finish()
        world.assert_whole()


def test_dying_at_any_step_of_a_recall_costs_nothing(worlds):
    def recalled(world: World) -> None:
        world.finish()
        world.restart()
        unit = world.ledger.units(world.ledger.issued_ids())[0]
        world.recall(unit)

    first = next(worlds)
    recalled(first)
    first.restart(Fate())
    first.finish()
    first.assert_whole(recalled=1)
    for step in each(first.ledger.fate.log):
        world = next(worlds)
        recalled(world)
        world.restart(Fate(dies_at=step))
        with pytest.raises(Killed):
            world.finish()
        world.restart()
        world.finish()
        world.assert_whole(recalled=1)


@pytest.mark.parametrize("chain_loses", ["the question", "the answer"])
def test_a_broken_connection_while_sending_costs_nothing(world, chain_loses):
    world.chain.loses_answer = True
    with pytest.raises(Unreachable):
        world.tick()
    assert world.batch().state is BatchState.PREPARED
    if chain_loses == "the question":
        world.chain.drop()
    world.finish()
    assert len(world.ledger.signed) == 1
    world.assert_whole()


def test_dying_while_sealing_leaves_no_half_batch(tmp_path):
    world = world_with(tmp_path, UNITS)
    world.restart(Fate(dies_at="before commit"))
    with pytest.raises(Killed):
        world.seal()
    world.restart()
    assert world.errands() == {}
    assert world.seal() == UNITS
    world.finish()
    world.assert_whole()
