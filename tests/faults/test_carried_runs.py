# SPDX-License-Identifier: Apache-2.0

"""A run of `hocba anchor`, from its first pass to its last word: what stands in the way of some errands ends nobody else's waiting."""

from collections.abc import Callable

import pytest
import typer

from ledger.anchoring import Progress
from ledger.batch import BatchState
from ledger.errors import CannotSend, Refused
from scripts.commands.anchoring import watch
from scripts.commands.terminal import EXIT_UNKNOWN
from scripts.workday import NotAllCarried, UndoneOnChain, carried
from tests.faults.test_anchoring_races import anchored_by_hand, outside
from tests.simulators.anchoring_world import World, world_with
from tests.simulators.school_ledger import OPERATOR, YEAR


@pytest.fixture
def world(tmp_path) -> World:
    return world_with(tmp_path, 2)


def run(world: World, *, sleep: Callable[[float], None] | None = None) -> list[Progress]:
    """Watches a run to its end; while it sleeps, the chain goes on."""
    seen: list[Progress] = []

    def passes():
        for progress in carried(
            world.ledger.anchorer(world.chain), sleep=sleep or (lambda _seconds: world.chain.mine())
        ):
            seen.append(progress)
            yield progress

    watch(passes(), "en")
    return seen


def refused_recall(world: World) -> None:
    """The recall of a record that somebody else with the school's key has recalled."""
    world.seal()
    world.finish()
    first, _ = world.ledger.units(world.ledger.issued_ids())
    world.recall(first)
    outside(world, world.receipt(first))


def test_one_that_is_refused_ends_no_other_ones_waiting(world, capsys):
    refused_recall(world)
    world.ledger.issued(1, first=50)
    world.seal()
    with pytest.raises(Refused, match="AlreadyRecalled"):
        run(world)
    assert world.errands()["batch 2"] is BatchState.FINAL
    assert "1 obstacles need somebody to look" in capsys.readouterr().err


def test_an_empty_account_is_told_once_what_was_sent_before_is_final(world):
    world.seal()
    world.tick()
    world.ledger.issued(1, first=50)
    world.seal()
    world.chain.poor = {OPERATOR.address}
    with pytest.raises(CannotSend, match="1 errands could not be sent"):
        run(world)
    assert list(world.errands().values()) == [BatchState.FINAL, BatchState.PREPARED]


def test_money_that_comes_meanwhile_is_enough(world):
    world.seal()
    world.tick()
    world.ledger.issued(1, first=50)
    world.seal()
    world.chain.poor = {OPERATOR.address}

    def funded(_seconds: float) -> None:
        world.chain.poor = set()
        world.chain.mine()

    assert run(world, sleep=funded)[0].obstacles
    assert set(world.errands().values()) == {BatchState.FINAL}


def test_several_obstacles_are_all_told(world):
    refused_recall(world)
    world.ledger.issued(1, first=50)
    world.seal()
    anchored_by_hand(world.chain, world.batch().root, nonce=world.chain.count(OPERATOR.address))
    world.chain.mine()
    with pytest.raises(NotAllCarried) as caught:
        run(world)
    for told in ("AlreadyRecalled", "AlreadyAnchored"):
        assert told in caught.value.en
        assert told in caught.value.vi


def test_what_the_contract_undid_ends_no_other_ones_waiting(world):
    """The chain undoes the first batch in a block; the second goes on to its end, and then the first is told."""
    world.seal()
    anchored_by_hand(world.chain, world.batch().root, nonce=0)
    world.tick()
    world.chain.mine()
    world.ledger.issued(1, first=50)
    world.seal()
    with pytest.raises(UndoneOnChain, match="1 errands"):
        run(world)
    assert list(world.errands().values()) == [BatchState.FAILED, BatchState.FINAL]


def test_what_waits_for_the_authority_is_told_by_the_exit_status(world, capsys):
    world.seal()
    world.finish()
    world.ledger.decisions.lock(YEAR, by="Sở")
    world.finish(**world.as_authority())
    world.recall(world.ledger.units(world.ledger.issued_ids())[0])
    world.ledger.issued(1, first=50)
    world.seal()
    with pytest.raises(typer.Exit) as ended:
        run(world)
    assert ended.value.exit_code == EXIT_UNKNOWN
    assert "approval on the chain" in capsys.readouterr().err
    assert world.errands()["batch 2"] is BatchState.FINAL
