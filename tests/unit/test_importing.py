# SPDX-License-Identifier: Apache-2.0

"""A corrected sheet touches the pupils whose record changed, and nobody else; and says so before it does."""

import shutil
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text

from ledger.drawing import Drawing
from ledger.errors import AlreadyImported, LostRace, UnknownSchool
from ledger.importing import Change, Importing
from ledger.issuing import Issuing
from ledger.record import xml
from ledger.record.check import CheckOptions, check_workbook
from ledger.store.files import FileStore
from ledger.unit import Role, UnitState
from scripts.sample_class import make_workbook
from tests.simulators.mortality import Fate
from tests.simulators.school_ledger import NOON, SchoolLedger, school

WORKBOOK = make_workbook(grade=9, class_name="9A1", pupils=5, seed=11)
SHEET = check_workbook(WORKBOOK, file="9A1.xlsx", options=CheckOptions(allow_synthetic_province=True)).class_sheet
CODE, YEAR = SHEET.school.code, SHEET.class_info.school_year


@dataclass
class Office:
    """A school's ledger and files."""

    ledger: SchoolLedger
    files: FileStore

    @property
    def importing(self):
        return Importing(self.ledger.reader, self.ledger.writer, self.files, now=lambda: NOON, new_id=uuid4)

    def plan(self, sheet=SHEET):
        return self.importing.plan(sheet)

    def take_in(self, sheet=SHEET):
        plan = self.plan(sheet)
        self.importing.carry_out(plan, source=WORKBOOK)
        return plan

    def units(self):
        return self.ledger.reader.units(school_code=CODE, school_year=YEAR)

    def prepared(self):
        reader = self.ledger.reader
        drawing = Drawing(reader, self.files, public_url="https://hocba.example")
        issuing = Issuing(reader, self.ledger.writer, self.files, drawing)
        list(issuing.prepare(self.units(), planned_issue_date=NOON))

    def issue(self, unit):
        for role in (Role.PRINCIPAL, Role.SEAL):
            unit = self.ledger.sign(unit, role)
        self.ledger.issue(unit)

    def recall(self, unit):
        """As if the chain had taken the recall: only what the ledger shows matters here."""
        with self.ledger.engine.begin() as connection:
            connection.execute(text("UPDATE unit SET state = 'recalled' WHERE id = :id"), {"id": unit.id.hex})

    def said(self, unit):
        return xml.read(self.files.get(self.ledger.reader.unit(unit.id).source_sha256))

    def everything(self):
        return self.ledger.rows()


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    office = Office(SchoolLedger.created(folder), FileStore(folder / "files"))
    office.ledger.writer.register_school(replace(school(CODE), code=CODE))
    office.take_in()
    office.ledger.engine.dispose()
    return folder


@pytest.fixture
def office(first, tmp_path):
    folder = shutil.copytree(first, tmp_path / "office")
    return Office(SchoolLedger(folder / "ledger.db", Fate()), FileStore(folder / "files"))


def corrected(*numbers, sheet=SHEET, **changes):
    """The sheet with another mark, or other values in the year, for the pupils at these places."""
    records = list(sheet.records)
    for number in numbers:
        record = records[number]
        subject = record.year.subjects[0]
        mark = Decimal("3.1") if subject.hk1 != Decimal("3.1") else Decimal("3.2")
        subjects = (replace(subject, hk1=mark), *record.year.subjects[1:])
        records[number] = replace(record, year=replace(record.year, **(changes or {"subjects": subjects})))
    return replace(sheet, records=tuple(records))


def without(number, sheet=SHEET):
    keep = [index for index in range(len(sheet.records)) if index != number]
    return replace(sheet, records=tuple(sheet.records[i] for i in keep), places=tuple(sheet.places[i] for i in keep))


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


def test_a_list_in_another_order_moves_places_and_asks_nobody_to_sign_again(office):
    office.prepared()
    before = {unit.pupil_code: unit for unit in office.units()}
    turned = replace(SHEET, places=tuple(replace(place, stt=6 - place.stt) for place in SHEET.places))
    assert kinds(office.take_in(turned)) == ["unchanged"] * 5
    for unit in office.units():
        assert unit == replace(before[unit.pupil_code], stt=6 - before[unit.pupil_code].stt)


def test_a_plan_that_the_ledger_has_overtaken_changes_nothing(office):
    office.prepared()
    plan = office.plan(corrected(2))
    office.ledger.sign(office.units()[2], Role.HOMEROOM)
    before = office.everything()
    with pytest.raises(LostRace):
        office.importing.carry_out(plan, source=WORKBOOK)
    assert office.everything() == before


def test_an_unregistered_school_has_no_plan(office):
    stranger = replace(SHEET, school=replace(SHEET.school, code="79000999"))
    with pytest.raises(UnknownSchool):
        office.plan(stranger)
