# SPDX-License-Identifier: Apache-2.0

"""A pupil leaves in January, when no record of the year can be begun: the class sheet is enough, and nothing less is."""

import datetime as dt

import pytest

from ledger.audit.auditor import audit
from ledger.errors import CannotTransfer, ConfirmationRefused, UnknownSchool
from ledger.journal import Deed, breaks
from ledger.record import xml
from ledger.store.class_import import Draft
from ledger.store.named_files import named_files
from ledger.store.sessions import reading
from ledger.unit import UnitState
from scripts.sample_class import make_workbook
from tests.simulators.anchoring_world import world_with
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate, each, mortal_statements
from tests.simulators.school_ledger import OTHER_SCHOOL, SCHOOL, YEAR, digest, unit_id
from tests.small_classes import half_year, opened, saved

NEXT, PUPIL, NEW_PUPIL = "2026-2027", f"{1:010d}", f"{9:010d}"
JANUARY = dt.datetime(2027, 1, 20, 2, 0, tzinfo=dt.UTC)
WORKBOOK = half_year(make_workbook(grade=7, class_name="7A1", pupils=2, seed=3, first_year=2026))
WRITTEN = opened(WORKBOOK)["Học sinh"]
SIGNED = b"\nsigned by two"


def sheet(school=SCHOOL):
    """The class sheet, of a school that is registered here, with pupils of whom it has one record and none."""
    book, (first, second) = opened(WORKBOOK), (WRITTEN.cell(row, 2).value for row in (6, 7))
    (code,) = (row[1].value for row in book["Thông tin"].iter_rows() if row[0].value == "Mã trường")
    said = {first: PUPIL, second: NEW_PUPIL, code: school}
    for cell in (cell for page in book for row in page.iter_rows() for cell in row):
        if cell.value in said:
            cell.value = said[cell.value]
    return saved(book)


SHEET = sheet()


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A pupil with one year on the chain, and nothing of the next."""
    world = world_with(tmp_path_factory.mktemp("grown"), 1)
    world.seal()
    world.finish()
    return world.ledger


@pytest.fixture
def ledger(grown, tmp_path):
    return grown.copied(tmp_path / "ledger")


def drawn(ledger, pupil=PUPIL, data=SHEET, **changes):
    asked = {"level": "THCS", "school_year": NEXT, "from_school": SCHOOL, "to_school": OTHER_SCHOOL, **changes}
    return ledger.transferring.confirmation_of_sheet(pupil, data, file="7A1.xlsx", until=JANUARY, by="van.thu", **asked)


def release(ledger, confirmation, pupil=PUPIL, **changes):
    asked = {"level": "THCS", "school_year": NEXT, "from_school": SCHOOL, "to_school": OTHER_SCHOOL, **changes}
    return ledger.transferring.release(pupil, confirmation=confirmation, by="van.thu", **asked)


def begin(ledger, school=SCHOOL, number=100):
    draft = Draft(unit_id(number), PUPIL, 1, digest("record", number), digest("source", number))
    ledger.import_class([draft], school_code=school, school_year=NEXT, name=f"7A{number}")


def told(ledger, deed, pupil=PUPIL):
    return [entry for entry, _ in ledger.journal.entries(subject=f"pupil {pupil}") if entry.deed is deed]


def refused(ledger, act, *words, error=CannotTransfer):
    kept = lambda: (ledger.rows(), sorted((ledger.path.parent / "files").rglob("*")))  # noqa: E731
    before = kept()
    with pytest.raises(error) as caught:
        act()
    assert kept() == before
    assert all(word in caught.value.vi for word in words), caught.value.vi
    assert caught.value.en != caught.value.vi


def test_the_new_school_inherits_what_was_issued_and_goes_on(ledger):
    transfer = release(ledger, drawn(ledger) + SIGNED)
    assert transfer.mid_year
    brought = ledger.transferring.accept(transfer.id, school_code=OTHER_SCHOOL, by="clerk.b")
    assert ([unit.id for unit in brought.records], brought.unfinished) == ([unit_id(1)], None)
    begin(ledger, OTHER_SCHOOL)
    states = {(u.school_code, u.school_year): u.state for u in ledger.reader.units_of_pupils([PUPIL], level="THCS")}
    assert states == {(SCHOOL, YEAR): UnitState.ANCHORED, (OTHER_SCHOOL, NEXT): UnitState.DRAFT}


def test_what_it_was_drawn_from_is_stored_and_in_the_journal_before_anybody_signs(ledger):
    pdf = drawn(ledger)
    (entry,) = told(ledger, Deed.CONFIRMATION_DRAWN)
    source = entry.detail["drawn_from"]
    found = xml.read(ledger.files.get(source), so_far=True)
    assert (entry.who, entry.detail["from"], entry.detail["to"], entry.detail["until"]) == (
        "van.thu",
        SCHOOL,
        OTHER_SCHOOL,
        JANUARY.isoformat(),
    )
    assert (found.record.pupil.code, str(found.unit_id)) == (PUPIL, entry.detail["record"])
    release(ledger, pdf + SIGNED)
    assert told(ledger, Deed.TRANSFERRED_OUT)[0].detail["drawn_from"] == source
    assert list(breaks(ledger.journal.entries())) == []
    ((said, to_school, handed_over),) = ledger.confirmations.asked
    assert (said.source_sha256, said.until, to_school) == (source, JANUARY, OTHER_SCHOOL)
    assert [unit.id for unit in handed_over] == [unit_id(1)]


def test_an_audit_knows_the_file_and_misses_it(ledger):
    drawn(ledger)
    (entry,) = told(ledger, Deed.CONFIRMATION_DRAWN)
    source, subject = entry.detail["drawn_from"], f"what journal {entry.seq} rests on"
    with reading(ledger.engine) as session:
        assert (source, subject) in set(named_files(session))
        assert (source, subject) in set(named_files(session, school_code=SCHOOL))
        assert source not in {one for one, _ in named_files(session, school_code=OTHER_SCHOOL)}
    missing = lambda: [one for one in audit(ledger.engine, files=ledger.files) if one.subject == subject]  # noqa: E731
    assert missing() == []
    (place,) = (ledger.path.parent / "files").rglob(source)
    place.unlink()
    assert [one.code for one in missing()] == ["file.missing"]


def test_of_a_pupil_of_whom_there_is_no_record_yet_the_sheet_is_enough(ledger):
    refused(ledger, lambda: release(ledger, b"%PDF-1.7", NEW_PUPIL), "không có học bạ")
    transfer = release(ledger, drawn(ledger, NEW_PUPIL) + SIGNED, NEW_PUPIL)
    brought = ledger.transferring.accept(transfer.id, school_code=OTHER_SCHOOL, by="clerk.b")
    assert (brought.records, brought.unfinished) == ((), None)


def test_of_a_pupil_who_came_and_has_no_record_here_yet_the_sheet_is_enough(ledger):
    ledger.transferring.accept(release(ledger, None).id, school_code=OTHER_SCHOOL, by="clerk.b")
    there = {"from_school": OTHER_SCHOOL, "to_school": SCHOOL}
    refused(ledger, lambda: drawn(ledger), "đã chuyển sang trường")
    release(ledger, drawn(ledger, data=sheet(OTHER_SCHOOL), **there) + SIGNED, **there)


def test_a_school_gives_no_pupil_away_who_is_another_schools(ledger):
    there = {"from_school": OTHER_SCHOOL, "to_school": SCHOOL}
    refused(ledger, lambda: drawn(ledger, data=sheet(OTHER_SCHOOL), **there), f"Trường {OTHER_SCHOOL} không có học bạ")


def test_a_pupil_who_is_not_on_the_sheet_and_a_sheet_of_another_school_are_refused(ledger):
    refused(ledger, lambda: drawn(ledger, f"{8:010d}"), "không có học sinh mã")
    refused(ledger, lambda: drawn(ledger, data=sheet(OTHER_SCHOOL)), f"không phải {SCHOOL}")
    refused(ledger, lambda: drawn(ledger, to_school="79000999"), error=UnknownSchool)
    refused(ledger, lambda: drawn(ledger, NEW_PUPIL, from_school="79000999"), error=UnknownSchool)


def test_where_the_record_is_begun_it_is_drawn_from_that(ledger):
    begin(ledger)
    refused(ledger, lambda: drawn(ledger), "không kèm bảng lớp")


def test_once_it_is_drawn_the_release_wants_it_signed(ledger):
    pdf = drawn(ledger)
    refused(ledger, lambda: release(ledger, None), "giữa năm cần bản xác nhận")
    refused(ledger, lambda: release(ledger, b"%PDF-1.7 another"), "do phần mềm này lập", error=ConfirmationRefused)
    refused(ledger, lambda: release(ledger, pdf[:-1]), "do phần mềm này lập", error=ConfirmationRefused)
    ledger.confirmations.unsound.add(pdf)
    refused(ledger, lambda: release(ledger, pdf), "chưa có chữ ký", error=ConfirmationRefused)


def test_what_was_drawn_of_another_pupil_year_or_level_does_not_do(ledger):
    pdf = drawn(ledger, NEW_PUPIL) + SIGNED
    refused(ledger, lambda: release(ledger, pdf), "không có gì để xác nhận")
    refused(ledger, lambda: release(ledger, pdf, NEW_PUPIL, school_year="2027-2028"), "không có học bạ")
    refused(ledger, lambda: release(ledger, pdf, NEW_PUPIL, level="THPT"), "không có học bạ")
    there = {"from_school": OTHER_SCHOOL, "to_school": SCHOOL}
    refused(ledger, lambda: release(ledger, pdf, NEW_PUPIL, **there), "không có học bạ")


def test_a_record_that_was_begun_since_wants_a_new_one(ledger):
    pdf = drawn(ledger) + SIGNED
    begin(ledger)
    refused(ledger, lambda: release(ledger, pdf), "đã được nhập sau khi lập", error=ConfirmationRefused)
    assert release(ledger, b"%PDF-1.7 of the record").mid_year


def test_of_several_that_were_drawn_each_is_its_own(ledger):
    first, second = drawn(ledger), drawn(ledger)
    assert first != second
    release(ledger, first + SIGNED)
    ((said, *_),) = ledger.confirmations.asked
    assert str(said.id) == told(ledger, Deed.CONFIRMATION_DRAWN)[0].detail["record"]


def test_dying_at_any_statement_hands_out_nothing_that_the_journal_does_not_know(grown, tmp_path):
    first = grown.copied(tmp_path / "first").reopened(Fate())
    mortal_statements(first.engine, first.fate)
    drawn(first)
    for step in each(first.fate.log):
        ledger = grown.copied(tmp_path / str(step))
        dying = ledger.reopened(Fate(dies_at=step))
        mortal_statements(dying.engine, dying.fate)
        with pytest.raises(Killed):
            drawn(dying)
        dying.engine.dispose()
        assert len(told(ledger, Deed.CONFIRMATION_DRAWN)) <= 1
        release(ledger, drawn(ledger) + SIGNED)
        assert list(breaks(ledger.journal.entries())) == []
