# SPDX-License-Identifier: Apache-2.0

"""A corrected sheet touches the pupils whose record changed, and nobody else; and says so before it does."""

from dataclasses import replace

import pytest

from ledger.errors import AlreadyImported, LostRace, NoDocuments, PupilsDeparted, UnknownSchool
from ledger.importing import Change
from ledger.unit import Role, UnitState
from tests.simulators.school_ledger import OTHER_SCHOOL
from tests.simulators.school_office import SHEET, Office, corrected, turned, without


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    office = Office.opened(tmp_path_factory.mktemp("first"))
    office.take_in()
    return office


@pytest.fixture
def office(first, tmp_path):
    return first.copied(tmp_path / "office")


def kinds(plan):
    return [pupil.change.value for pupil in plan.pupils]


def test_a_new_class_is_added_whole(office):
    assert len(office.units()) == 5
    assert {unit.state for unit in office.units()} == {UnitState.DRAFT}


def test_a_plan_changes_nothing(office):
    before = office.everything()
    office.plan(corrected(1, 2))
    assert office.everything() == before


def test_the_same_sheet_again_changes_no_unit(office):
    before = office.everything()["unit"]
    assert kinds(office.take_in()) == ["unchanged"] * 5
    assert office.everything()["unit"] == before


def test_a_corrected_mark_touches_that_pupil_alone(office):
    before = office.units()
    plan = office.take_in(corrected(2))
    assert kinds(plan) == ["unchanged", "unchanged", "revised", "unchanged", "unchanged"]
    (difference,) = plan.pupils[2].differences
    assert (difference.vi, difference.after) == (f"{SHEET.records[2].year.subjects[0].name}: học kỳ I", "3,1")
    after = office.units()
    assert [unit.id for unit in after] == [unit.id for unit in before]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, True, False, True, True]
    assert office.said(after[2]).record == corrected(2).records[2]


def test_whoever_signed_what_is_no_longer_said_is_named_and_only_that_unit_is_signed_again(office):
    office.prepared()
    signed = [office.ledger.sign(unit, Role.HOMEROOM) for unit in office.units()]
    plan = office.take_in(corrected(3))
    assert [pupil.sign_again for pupil in plan.pupils] == [(), (), (), (Role.HOMEROOM,), ()]
    after = office.units()
    assert after[3].state is UnitState.DRAFT
    assert after[3].signatures == ()
    assert [after[i] for i in (0, 1, 2, 4)] == [signed[i] for i in (0, 1, 2, 4)]


def test_a_pupil_who_left_the_list_goes_and_the_others_stay(office):
    before = office.units()
    plan = office.take_in(without(0))
    assert kinds(plan) == ["unchanged"] * 4 + ["removed"]
    assert plan.pupils[-1].name == SHEET.records[0].pupil.name
    assert {unit.id for unit in office.units()} == {unit.id for unit in before[1:]}


def test_an_issued_pupil_who_left_the_list_stays(office):
    office.prepared()
    gone = office.units()[0]
    office.issue(gone)
    assert kinds(office.take_in(without(0)))[-1] == "kept"
    assert office.ledger.reader.unit(gone.id).state is UnitState.ISSUED


def test_what_is_issued_is_not_changed_and_the_whole_class_is_refused_by_name(office):
    office.prepared()
    office.issue(office.units()[1])
    before = office.everything()
    with pytest.raises(AlreadyImported) as caught:
        office.take_in(corrected(1, 2))
    assert SHEET.records[1].pupil.name in caught.value.vi
    assert SHEET.records[2].pupil.name not in caught.value.vi
    assert office.everything() == before


def test_what_is_issued_and_unchanged_stops_nobody(office):
    office.prepared()
    issued = office.units()[1]
    office.issue(issued)
    stands = office.ledger.reader.unit(issued.id)
    assert kinds(office.take_in(corrected(2)))[1:3] == ["unchanged", "revised"]
    assert office.ledger.reader.unit(issued.id) == stands


def test_a_recalled_unit_is_replaced_when_the_sheet_says_something_else(office):
    office.prepared()
    old = office.units()[1]
    office.issue(old)
    office.recall(old)
    assert kinds(office.plan()) == ["unchanged", "recalled", "unchanged", "unchanged", "unchanged"]
    plan = office.take_in(corrected(1))
    assert plan.count(Change.REPLACING) == 1
    new = next(unit for unit in office.units() if unit.pupil_code == old.pupil_code and unit.id != old.id)
    assert (new.state, new.replaces) == (UnitState.DRAFT, old.id)
    assert office.said(new).replaces == old.id
    assert kinds(office.plan(corrected(1))) == ["unchanged"] * 5


def test_a_recalled_unit_is_not_made_again_by_itself(office):
    office.prepared()
    office.issue(office.units()[1])
    office.recall(office.units()[1])
    assert kinds(office.take_in())[1] == "recalled"
    assert len(office.units()) == 5


def test_a_pupil_of_another_class_is_not_taken_over(office):
    other = replace(SHEET, class_info=replace(SHEET.class_info, name="9A2"))
    before = office.everything()
    plan = office.plan(other)
    assert plan.count(Change.BLOCKED) == 5
    with pytest.raises(AlreadyImported):
        office.take_in(other)
    assert office.everything() == before


def test_a_pupil_who_was_released_to_another_school_is_told_with_that_school_and_stops_the_class(office):
    leaves = office.units()[1]
    transferring = office.ledger.transferring
    transfer = transferring.release(
        leaves.pupil_code,
        level=leaves.level,
        school_year=leaves.school_year,
        from_school=leaves.school_code,
        to_school=OTHER_SCHOOL,
        confirmation=b"%PDF-1.7 xac nhan",
        by="van.thu",
    )
    assert kinds(office.plan()) == ["unchanged"] * 5
    assert kinds(office.plan(corrected(1))) == ["unchanged", "departed", "unchanged", "unchanged", "unchanged"]
    transferring.accept(transfer.id, school_code=OTHER_SCHOOL, by="hang.xom")
    before = office.everything()
    assert [(one.stt, one.gone_to) for one in office.plan().refused] == [(2, OTHER_SCHOOL)]
    with pytest.raises(PupilsDeparted) as caught:
        office.take_in()
    assert f"{SHEET.records[1].pupil.name} ({leaves.pupil_code}) → {OTHER_SCHOOL}" in caught.value.vi
    assert office.everything() == before
    assert kinds(office.take_in(without(1))) == ["unchanged"] * 4


def test_a_list_in_another_order_moves_places_and_asks_nobody_to_sign_again(office):
    office.prepared()
    before = {unit.pupil_code: unit for unit in office.units()}
    assert kinds(office.take_in(turned())) == ["unchanged"] * 5
    for unit in office.units():
        assert unit == replace(before[unit.pupil_code], stt=6 - before[unit.pupil_code].stt)


def test_a_plan_that_the_ledger_has_overtaken_changes_nothing(office):
    office.prepared()
    plan = office.plan(corrected(2))
    office.ledger.sign(office.units()[2], Role.HOMEROOM)
    before = office.everything()
    with pytest.raises(LostRace):
        office.carry_out(plan)
    assert office.everything() == before


def test_an_unregistered_school_has_no_plan(office):
    stranger = replace(SHEET, school=replace(SHEET.school, code="79000999"))
    with pytest.raises(UnknownSchool):
        office.plan(stranger)


def test_what_cannot_be_written_is_refused_by_name_before_anything_is_stored(office):
    record = SHEET.records[1]
    nameless = replace(record, pupil=replace(record.pupil, personal_id=None))
    sheet = replace(SHEET, records=(SHEET.records[0], nameless, *SHEET.records[2:]))
    before = office.everything()
    with pytest.raises(NoDocuments) as caught:
        office.plan(sheet)
    assert record.pupil.name in caught.value.vi
    assert office.everything() == before


def test_a_promotion_that_is_taken_back_is_a_correction(office):
    office.take_in(corrected(2, promoted=False))
    plan = office.plan(corrected(2, promoted=True))
    assert kinds(plan)[2] == "revised"
    assert [(one.before, one.after) for one in plan.pupils[2].differences] == [("Không", "Có")]
