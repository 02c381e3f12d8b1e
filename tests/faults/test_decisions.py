# SPDX-License-Identifier: Apache-2.0

"""What a school and the authority decide about records on the chain: who must agree, in which order, and that dying costs nothing."""

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import update

from ledger.batch import ActKind, BatchState
from ledger.chain.registry import RecallReason as OnChain
from ledger.errors import (
    EvidenceMissing,
    ForbiddenMove,
    LostRace,
    NoSchoolYear,
    NothingToApprove,
    Refused,
    UnknownUnit,
    YearAlreadyLocked,
)
from ledger.journal import BEGINNING, JOURNAL_TOPIC, Deed, breaks
from ledger.proof.receipt import Receipt
from ledger.store.errand_writer import NewAct
from ledger.store.tables import SchoolRow
from ledger.unit import RecallReason, UnitState
from tests.simulators.anchoring_world import World, world_with
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate, telling
from tests.simulators.school_ledger import OTHER_OPERATOR, SCHOOL, YEAR


@pytest.fixture(scope="module")
def anchored_ledger(tmp_path_factory):
    world = world_with(tmp_path_factory.mktemp("anchored"), 3)
    world.seal()
    world.finish()
    return world


@pytest.fixture
def worlds(anchored_ledger, tmp_path):
    """New worlds, each with three anchored units and a chain of its own that shows them."""

    def replayed(number: int) -> World:
        world = World(anchored_ledger.ledger.copied(tmp_path / str(number)))
        for _, raw in anchored_ledger.attempts():
            world.chain.broadcast(raw)
        world.chain.mine(5)
        return world

    return map(replayed, itertools.count())


@pytest.fixture
def world(worlds) -> World:
    return next(worlds)


def units(world):
    return world.ledger.units(world.ledger.issued_ids())


def decide_recall(world, unit, reason=RecallReason.WRONG_DATA, **more):
    return world.ledger.decisions.recall(
        unit.id, school_code=unit.school_code, reason=reason, by="chi.nguyen", why="nhầm điểm", **more
    )


def status(world, unit):
    receipt = Receipt.parse(world.ledger.reader.receipt_of_unit(unit.id).receipt)
    return world.chain.status_of(
        school=unit.school_code, root=receipt.root_bytes, entry=receipt.entry_bytes, proof=receipt.proof_bytes
    )


def lock(world):
    world.ledger.decisions.lock(YEAR, by="Sở GDĐT", why="hết năm học")
    world.finish(**world.as_authority())


def deeds(world):
    return [entry.deed for entry, _ in world.ledger.journal.entries()]


def assert_journal_whole(world):
    assert list(breaks(world.ledger.journal.entries())) == []


def test_a_locked_year_locks_what_is_anchored_and_nothing_else(world):
    world.ledger.issued(1, first=50)
    lock(world)
    assert [unit.state for unit in units(world)] == [UnitState.LOCKED] * 3 + [UnitState.ISSUED]
    assert status(world, units(world)[0]).locked_at is not None
    assert deeds(world)[-2:] == [Deed.YEAR_TO_LOCK, Deed.YEAR_LOCKED]


def test_what_is_anchored_after_the_lock_is_locked_at_once_and_late(world):
    late = world.ledger.issued(1, first=50)[0]
    lock(world)
    world.seal()
    world.finish()
    assert world.ledger.reader.unit(late.id).state is UnitState.LOCKED
    assert status(world, late).late


@pytest.mark.parametrize("slip", ["nam-hoc", "2025", "2025-2099", "2026-2025", "", "２０２５-２０２６", "2025-2026 "])
def test_a_slip_of_the_pen_locks_nothing(world, slip):
    with pytest.raises(NoSchoolYear):
        world.ledger.decisions.lock(slip, by="Sở", why="")
    assert world.ledger.errands.open_acts() == []


def test_a_year_is_locked_once(world):
    lock(world)
    with pytest.raises(YearAlreadyLocked):
        world.ledger.decisions.lock(YEAR, by="Sở", why="")
    assert deeds(world).count(Deed.YEAR_TO_LOCK) == 1


def test_deciding_a_lock_twice_before_it_is_carried_decides_it_once(world):
    for _ in range(2):
        world.ledger.decisions.lock(YEAR, by="Sở", why="")
    assert len(world.ledger.errands.open_acts()) == 1


def test_a_school_cannot_carry_a_lock(world):
    world.ledger.decisions.lock(YEAR, by="ai đó", why="")
    assert world.tick().open == 0
    assert world.ledger.errands.open_acts()[0].state is BatchState.SEALED


def test_after_the_lock_a_recall_waits_for_the_authority(world):
    lock(world)
    unit = units(world)[0]
    assert decide_recall(world, unit)
    progress = world.tick()
    assert (progress.open, [errand.unit_id for errand in progress.unapproved]) == (0, [unit.id])
    assert world.ledger.reader.unit(unit.id).state is UnitState.LOCKED
    assert world.ledger.decisions.approve(unit.id, by="Sở GDĐT", why="đúng là nhầm") is None
    (*_, (entry, _)) = world.ledger.journal.entries(subject=f"unit {unit.id}")
    assert (entry.deed, entry.who, entry.why) == (Deed.RECALL_TO_APPROVE, "Sở GDĐT", "đúng là nhầm")
    assert entry.detail == {"reason": "wrong-data", "replacement": None}
    world.finish(**world.as_authority())
    world.finish()
    assert world.ledger.reader.unit(unit.id).state is UnitState.RECALLED
    found = status(world, unit)
    assert found.reason is OnChain.WRONG_DATA
    assert found.approved_at is not None
    assert_journal_whole(world)


def test_approving_twice_is_approving_once(world):
    lock(world)
    unit = units(world)[0]
    decide_recall(world, unit)
    world.ledger.decisions.approve(unit.id, by="Sở")
    again = world.ledger.decisions.approve(unit.id, by="Sở")
    assert again is not None
    assert len(world.ledger.errands.open_acts()) == 1


def test_of_two_approvals_at_the_same_moment_one_is_stored(world):
    lock(world)
    unit = units(world)[0]
    decide_recall(world, unit)
    consent = NewAct(ActKind.APPROVE, school_code=SCHOOL, unit_id=unit.id, reason=RecallReason.WRONG_DATA)
    world.ledger.errand_writer.decide(consent)
    with pytest.raises(LostRace):
        world.ledger.reopened().errand_writer.decide(consent)


def test_nothing_is_approved_that_no_school_asked_for(world):
    with pytest.raises(NothingToApprove):
        world.ledger.decisions.approve(units(world)[0].id, by="Sở")


def test_a_recall_before_the_lock_needs_nobody(world):
    unit = units(world)[0]
    assert not decide_recall(world, unit)
    world.finish()
    assert world.ledger.reader.unit(unit.id).state is UnitState.RECALLED
    entry = list(world.ledger.journal.entries(subject=f"unit {unit.id}"))[-2][0]
    assert (entry.deed, entry.who, entry.why) == (Deed.RECALL_DECIDED, "chi.nguyen", "nhầm điểm")


def corrected(world, unit, number=70):
    """A correction from recall to the new record's anchor."""
    new = world.ledger.issued_again(world.ledger.reader.unit(unit.id), number)
    world.seal()
    world.finish()
    return new


def test_a_correction_names_the_new_record_on_the_chain(world):
    unit = units(world)[0]
    decide_recall(world, unit)
    world.finish()
    new = corrected(world, unit)
    world.finish()
    assert world.ledger.reader.unit(unit.id).state is UnitState.REPLACED
    assert world.ledger.reader.unit(new.id).state is UnitState.ANCHORED
    entry = Receipt.parse(world.ledger.reader.receipt_of_unit(new.id).receipt).entry_bytes
    assert status(world, unit).replacement == (SCHOOL, entry)
    assert_journal_whole(world)


def test_a_correction_after_the_lock_needs_two_approvals(world):
    lock(world)
    unit = units(world)[0]
    decide_recall(world, unit)
    world.ledger.decisions.approve(unit.id, by="Sở")
    world.finish(**world.as_authority())
    world.finish()
    new = corrected(world, unit)
    progress = world.tick()
    assert [errand.replacement_id for errand in progress.unapproved] == [new.id]
    world.ledger.decisions.approve(unit.id, by="Sở")
    world.finish(**world.as_authority())
    world.finish()
    assert world.ledger.reader.unit(unit.id).state is UnitState.REPLACED
    assert world.ledger.reader.unit(new.id).state is UnitState.LOCKED


def test_a_change_of_civil_status_needs_its_decision(world):
    unit = units(world)[0]
    with pytest.raises(EvidenceMissing):
        decide_recall(world, unit, RecallReason.CIVIL_STATUS_CHANGE)
    assert world.ledger.errands.open_recalls() == []
    decide_recall(world, unit, RecallReason.CIVIL_STATUS_CHANGE, evidence=b"%PDF quyet dinh")
    (entry, _) = list(world.ledger.journal.entries(subject=f"unit {unit.id}"))[-1]
    assert world.ledger.files.get(entry.detail["evidence"]) == b"%PDF quyet dinh"


def test_an_amendment_adds_to_the_history_and_changes_nothing_issued(world):
    unit = units(world)[0]
    digest = world.ledger.decisions.amend(unit.id, evidence=b"%PDF", by="van.thu", why="cải chính họ")
    assert world.ledger.reader.unit(unit.id) == unit
    (entry, _) = list(world.ledger.journal.entries(subject=f"unit {unit.id}"))[-1]
    assert (entry.deed, entry.detail, entry.why) == (Deed.AMENDED, {"evidence": digest}, "cải chính họ")


@pytest.mark.parametrize(("evidence", "why"), [(b"", "lý do"), (b"%PDF", " ")])
def test_an_amendment_without_document_or_reason_is_refused(world, evidence, why):
    with pytest.raises(EvidenceMissing):
        world.ledger.decisions.amend(units(world)[0].id, evidence=evidence, by="van.thu", why=why)


def test_a_draft_is_not_amended(world):
    (draft,) = world.ledger.drafts(1, first=80)
    with pytest.raises(UnknownUnit):
        world.ledger.decisions.amend(draft.id, evidence=b"%PDF", by="van.thu", why="lý do")


def test_what_is_recalled_is_not_recalled_again(world):
    unit = units(world)[0]
    decide_recall(world, unit)
    with pytest.raises(LostRace):
        decide_recall(world, unit)
    world.finish()
    with pytest.raises(ForbiddenMove):
        decide_recall(world, unit)


# The journal's head.


def published(world, publisher=SCHOOL):
    found = world.chain.statement_at(publisher=publisher, topic=JOURNAL_TOPIC)
    return found and found.digest


def test_the_head_is_published_with_the_evenings_batches(world):
    world.ledger.issued(1, first=50)
    world.seal()
    head = world.ledger.journal.head()
    assert world.ledger.decisions.publish_head(SCHOOL)
    world.finish()
    assert published(world) == head
    assert world.ledger.journal.has(head)
    assert not world.ledger.journal.has(BEGINNING)


def test_an_evening_on_which_nothing_was_decided_publishes_nothing(world):
    assert world.ledger.decisions.publish_head(SCHOOL)
    assert not world.ledger.decisions.publish_head(SCHOOL)
    world.finish()
    assert not world.ledger.decisions.publish_head(SCHOOL)
    decide_recall(world, units(world)[0])
    assert world.ledger.decisions.publish_head(SCHOOL)
    world.finish()
    assert not world.ledger.decisions.publish_head(SCHOOL)


def test_school_and_authority_publish_each_for_itself(world):
    assert world.ledger.decisions.publish_head(SCHOOL)
    assert world.ledger.decisions.publish_head(None)
    world.finish()
    assert published(world, None) is None
    world.finish(**world.as_authority())
    assert published(world, None) == published(world) == world.ledger.journal.head()


# Batches that the authority sends.


@pytest.fixture
def relayed(world):
    with world.ledger.engine.begin() as connection:
        connection.execute(update(SchoolRow).where(SchoolRow.code == SCHOOL).values(relayed=True))
    world.ledger.issued(2, first=50)
    world.seal()
    return world


def test_a_relayed_school_signs_and_the_authority_sends(relayed):
    progress = relayed.tick()
    assert (progress.signed, progress.open) == (1, 0)
    assert relayed.batch().state is BatchState.SEALED
    relayed.finish(**relayed.as_authority())
    assert {unit.state for unit in units(relayed)} == {UnitState.ANCHORED}
    last = [values for name, values in relayed.chain.events if name == "BatchAnchored"][-1]
    assert last["school"].rstrip(b"\0").decode() == SCHOOL
    assert_journal_whole(relayed)


def test_the_authority_sends_nothing_that_the_school_has_not_signed(relayed):
    assert relayed.tick(**relayed.as_authority()).open == 0
    assert relayed.batch().state is BatchState.SEALED


def test_a_signature_that_is_over_is_made_anew(relayed):

    relayed.tick()
    before = relayed.batch()
    later = before.deadline + timedelta(seconds=1)
    relayed.ledger.now = lambda: later
    assert relayed.tick(now=lambda: later).signed == 1
    assert relayed.batch().signature != before.signature
    assert relayed.batch().deadline > before.deadline


def test_another_schools_signature_anchors_nothing(relayed):

    relayed.tick(wallet=OTHER_OPERATOR)
    (refused,) = relayed.tick(**relayed.as_authority()).obstacles
    assert isinstance(refused, Refused)
    assert "SignatureInvalid" in refused.en


# Whatever dies.


def whole_correction(world):
    """Everything that a correction after the lock takes, by whoever's turn it is; goes on where an earlier run stopped."""
    if not world.ledger.errands.year_locked(YEAR):
        world.ledger.decisions.lock(YEAR, by="Sở")
        world.finish(**world.as_authority())
    unit = units(world)[0]
    if world.ledger.errands.recall_of(unit.id) is None:
        decide_recall(world, unit)
    if unit.state is UnitState.LOCKED:
        world.ledger.decisions.approve(unit.id, by="Sở")
        world.finish(**world.as_authority())
        world.finish()
    world.ledger.decisions.publish_head(SCHOOL)
    world.finish()


def test_dying_at_any_step_of_a_recall_after_the_lock_costs_nothing(worlds):
    first = next(worlds)
    first.restart(Fate())
    whole_correction(first)
    steps = telling(first.ledger.fate.log)
    assert len(steps) > 40
    for step in steps:
        world = next(worlds)
        world.restart(Fate(dies_at=step))
        with pytest.raises(Killed):
            whole_correction(world)
        world.restart()
        whole_correction(world)
        recalled = [unit for unit in units(world) if unit.state is UnitState.RECALLED]
        assert [unit.id for unit in recalled] == [units(first)[0].id]
        assert set(world.errands().values()) == {BatchState.FINAL}
        names = [name for name, _ in world.chain.events]
        assert (names.count("LeafRecalled"), names.count("SchoolYearLocked"), names.count("RecallApproved")) == (
            1,
            1,
            1,
        )
        assert_journal_whole(world)
        assert published(world) is not None
        assert world.ledger.journal.has(published(world))
