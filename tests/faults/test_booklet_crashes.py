# SPDX-License-Identifier: Apache-2.0

"""Binding a booklet that dies, at whatever statement or file: there is the old booklet or the new one, and never two or none.

And binding that is overtaken by a recall, by a signer, or by somebody who binds the same units.
"""

import itertools
from dataclasses import replace

import pytest
from sqlalchemy import text

from ledger.errors import BookletIssued, LostRace, NothingToBind, YearsMissing
from ledger.record.xml import booklet as xml_booklet
from ledger.store.tables import FileRole
from ledger.unit import Role, UnitKind, UnitState
from tests.simulators.mortality import Fate, each
from tests.simulators.school_ledger import NOON
from tests.simulators.school_office import CODE, SHEET, Office, corrected, counted, only, year_before

LATER_IDS = 1000
PUPIL = SHEET.records[0].pupil.code


@pytest.fixture(scope="module")
def final(tmp_path_factory):
    """One pupil with two years on the chain, and no booklet."""
    office = Office.opened(tmp_path_factory.mktemp("final")).reopened(new_id=counted())
    for sheet in (year_before(only(0)), only(0)):
        office.take_in(sheet)
        office.issued_without_papers(*office.units(sheet.class_info.school_year), state=UnitState.ANCHORED)
    return office


def bind(office):
    return office.booklets.bind(PUPIL, level="THCS", school_code=CODE)


def booklets(office):
    return [unit for unit in office.everyone() if unit.kind is UnitKind.BOOKLET]


def lists(office, booklet):
    return [line.unit_id for line in xml_booklet.read(office.files.get(booklet.source_sha256)).booklet.units]


def corrected_year(office):
    """The newest year is recalled and replaced: what is bound from now on lists another unit."""
    (newest,) = office.units()
    office.recall(newest)
    office.new_id = counted(500)
    office.take_in(corrected(0, sheet=only(0)))
    office.issued_without_papers(office.units()[-1], state=UnitState.ANCHORED)


@pytest.fixture(scope="module")
def drafted(final, tmp_path_factory):
    """A booklet that is being signed lists a unit that was replaced meanwhile."""
    office = final.copied(tmp_path_factory.mktemp("drafted") / "office").reopened(new_id=counted(100))
    bind(office)
    office.ledger.sign(office.ledger.opened(booklets(office)[0]), Role.PRINCIPAL)
    corrected_year(office)
    return office


@pytest.fixture(scope="module")
def recalled(final, tmp_path_factory):
    """A booklet was recalled together with one of its units, which has a successor."""
    office = final.copied(tmp_path_factory.mktemp("recalled") / "office").reopened(new_id=counted(100))
    bind(office)
    office.issued_without_papers(*booklets(office), state=UnitState.RECALLED)
    corrected_year(office)
    return office


@pytest.mark.parametrize("name", ["final", "drafted", "recalled"])
def test_dying_anywhere_leaves_the_booklet_that_was_or_the_one_that_was_to_be(name, request, tmp_path):
    start = request.getfixturevalue(name)
    folders = (tmp_path / str(number) for number in itertools.count())
    before = start.everything()
    steps = Fate()
    whole = start.copied(next(folders))
    bind(whole.reopened(steps, new_id=counted(LATER_IDS)))
    after = whole.everything()
    assert before != after
    for step in each(steps.log):
        office = start.copied(next(folders))
        office.dies(step, bind, first_id=LATER_IDS)
        office.assert_whole()
        assert office.everything() == before, steps.log[step - 1]
        bind(office.reopened(new_id=counted(LATER_IDS)))
        office.assert_whole()
        assert office.everything() == after, steps.log[step - 1]
    assert lists(whole, booklets(whole)[-1]) == [unit.id for unit in current_units(whole)]
    bind(whole)
    assert whole.everything() == after


def current_units(office):
    return [unit for unit in office.everyone() if unit.kind is UnitKind.UNIT and unit.state is UnitState.ANCHORED]


def test_dying_while_it_is_drawn_leaves_a_draft_or_all_that_signers_see(final, tmp_path):
    bound = final.copied(tmp_path / "bound").reopened(new_id=counted(100))
    bind(bound)
    before = bound.everything()
    steps = Fate()
    whole = bound.copied(tmp_path / "whole")
    whole.reopened(steps).prepared(*booklets(whole))
    for step in each(steps.log):
        office = bound.copied(tmp_path / str(step))
        office.dies(step, lambda other: other.prepared(*booklets(bound)))
        assert office.everything() == before
        office.prepared(*booklets(office))
        assert office.everything() == whole.everything()
    (booklet,) = booklets(whole)
    assert whole.files.get(booklet.file(FileRole.PDF).sha256) == whole.drawing.redraw(booklet)


@pytest.fixture
def office(final, tmp_path):
    return final.copied(tmp_path / "office")


class Overtaken:
    """Whoever asks the time has read everything and written nothing: at this moment somebody else does `deed`."""

    def __init__(self, deed):
        self.deed = deed

    def __call__(self):
        self.deed()
        return NOON


def refused(office, deed):
    """Binding, during which somebody else does `deed`, changes nothing more than that."""
    with pytest.raises(LostRace):
        bind(replace(office, now=Overtaken(deed)))
    office.assert_whole()


@pytest.mark.parametrize("year", [0, 1], ids=["the older year", "the newest year"])
def test_a_recall_meanwhile_of_any_year_refuses_the_booklet(office, year):
    refused(office, lambda: office.reopened().recall(current_units(office)[year]))
    assert booklets(office) == []


def test_who_binds_the_same_units_second_is_refused_and_then_finds_the_first(office):
    refused(office, lambda: bind(office.reopened()))
    (booklet,) = booklets(office)
    assert bind(office) == booklet.id


def test_a_signature_meanwhile_on_the_booklet_that_was_to_give_way(drafted, tmp_path):
    office = drafted.copied(tmp_path / "office")
    refused(office, lambda: office.reopened().ledger.sign(booklets(office)[0], Role.SEAL))
    (booklet,) = booklets(office)
    assert booklet.signed_roles == (Role.PRINCIPAL, Role.SEAL)


def test_a_booklet_that_gave_way_takes_no_late_signature(drafted, tmp_path):
    office = drafted.copied(tmp_path / "office")
    (old,) = booklets(office)
    bind(office.reopened())
    before = office.everything()
    with pytest.raises(LostRace):
        office.ledger.sign(old, Role.SEAL)
    assert office.everything() == before


def test_an_issued_booklet_gives_way_to_none(office):
    bind(office)
    office.issued_without_papers(*booklets(office))
    corrected_year(office)
    before = office.everything()
    with pytest.raises(BookletIssued):
        bind(office)
    assert office.everything() == before


@pytest.mark.parametrize("state", [UnitState.DRAFT, UnitState.SIGNING, UnitState.ISSUED, UnitState.RECALLED])
def test_what_is_not_final_is_not_bound(tmp_path, state):
    office = Office.opened(tmp_path)
    office.take_in(only(0))
    (unit,) = office.units()
    if state is UnitState.SIGNING:
        office.ledger.opened(unit)
    elif state is not UnitState.DRAFT:
        office.issued_without_papers(unit, state=state)
    before = office.everything()
    with pytest.raises(NothingToBind):
        bind(office)
    assert office.everything() == before


def test_another_school_does_not_bind_what_is_not_its_own(office):
    before = office.everything()
    with pytest.raises(NothingToBind):
        office.booklets.bind(PUPIL, level="THCS", school_code="79000501")
    assert office.everything() == before


@pytest.mark.parametrize("state", [UnitState.DRAFT, UnitState.SIGNING, UnitState.ISSUED, UnitState.RECALLED])
@pytest.mark.parametrize("year", [0, 1], ids=["earlier", "newest"])
def test_a_list_that_would_lack_a_year_is_not_bound(office, state, year):
    unit = [unit for unit in office.everyone() if unit.kind is UnitKind.UNIT][year]
    if state in (UnitState.DRAFT, UnitState.SIGNING):
        with office.ledger.engine.begin() as connection:
            connection.execute(
                text("UPDATE unit SET manifest = NULL, state = :s WHERE id = :id"),
                {"s": state.value, "id": unit.id.hex},
            )
    else:
        office.stand(unit, state)
    before = office.everything()
    with pytest.raises(YearsMissing) as caught:
        bind(office)
    assert unit.school_year in caught.value.vi
    assert office.everything() == before
