# SPDX-License-Identifier: Apache-2.0

"""What a class sheet that is not finished says of one pupil: blanks where nothing is yet, and no refusal but for what is wrong."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from ledger.errors import CannotTransfer
from ledger.record import xml
from ledger.record.check import check_workbook
from ledger.record.errors import Unreadable, Unwritable
from ledger.record.model import Terms
from ledger.record.scales import Rating
from ledger.so_far import Asked, record_so_far
from scripts.sample_class import make_workbook
from tests.small_classes import add_table, half_year, opened, primary, put, saved

HALF = half_year(make_workbook(grade=9, class_name="9A1", pupils=2, seed=11))
FIRST, SECOND = check_workbook(HALF, file="9A1.xlsx").draft.records
ASKED = Asked(FIRST.pupil.code, FIRST.school.code, FIRST.class_info.school_year, "THCS")
UNIT, NOW = UUID(int=7, version=4), dt.datetime(2026, 1, 20, 2, 0, tzinfo=dt.UTC)
DAY = {"unit_id": UNIT, "created_at": NOW, "planned_issue_date": NOW}


def spoilt(stt, sheet, heading, value, *, data=HALF):
    book = opened(data)
    put(book, sheet, stt, heading, value)
    return saved(book)


def refused(data, word, *, asked=ASKED):
    with pytest.raises(CannotTransfer) as caught:
        record_so_far(data, asked, file="9A1.xlsx")
    assert word in caught.value.vi, caught.value.vi
    assert caught.value.en != caught.value.vi


def test_a_class_with_one_semester_cannot_be_imported_and_says_what_it_has():
    assert check_workbook(HALF, file="9A1.xlsx").class_sheet is None
    found = record_so_far(HALF, ASKED, file="9A1.xlsx")
    assert found == FIRST
    assert found.year.study == Terms(hk1=Rating.KHA)
    (maths,) = [one for one in found.year.subjects if one.code == "TOAN"]
    assert (maths.hk1, maths.hk2, maths.year) == (Decimal("8.6"), None, None)
    assert (found.year.promoted, found.year.absences_excused) == (None, None)


def test_what_it_says_is_written_and_read_back_and_is_no_record():
    document = xml.write(FIRST, **DAY, so_far=True)
    assert xml.read(document, so_far=True).record == FIRST
    assert xml.read(xml.data_element(document), so_far=True).planned_issue_date == NOW
    with pytest.raises(Unreadable):
        xml.read(document)
    with pytest.raises(Unwritable):
        xml.write(FIRST, **DAY)


def test_a_whole_record_is_not_taken_for_one_so_far():
    (whole, _) = check_workbook(
        make_workbook(grade=9, class_name="9A1", pupils=2, seed=11), file="x.xlsx"
    ).draft.records
    with pytest.raises(Unreadable):
        xml.read(xml.write(whole, **DAY), so_far=True)


def test_at_primary_marks_and_judgements_may_be_missing():
    book = primary()
    del book["Phẩm chất năng lực"]
    for sheet, heading in (("Kết quả", "Được lên lớp"), ("Kết quả", "Nghỉ có phép"), ("Môn học", "Toán - Mức")):
        put(book, sheet, 1, heading, None)
    found = record_so_far(saved(book), Asked("3100000001", "31312411", "2025-2026", "TH"), file="4A.xlsx")
    (maths,) = [one for one in found.year.subjects if one.code == "TOAN"]
    assert (maths.level, maths.test, found.year.traits, found.year.promoted) == (None, 7, {}, None)
    assert xml.read(xml.write(found, **DAY, so_far=True), so_far=True).record == found


WRONG = {
    "a mark that cannot be read": ("Học kỳ I", "Toán", "bảy", "không phải là điểm số"),
    "a name that is none": ("Học sinh", "Họ và tên", "An", "chỉ có một chữ"),
    "no date of birth": ("Học sinh", "Ngày sinh", None, "Thiếu ngày sinh"),
    "a number that is none": ("Học sinh", "Số định danh cá nhân", "123", "12 chữ số"),
    "rows that slipped": ("Học kỳ I", "Họ và tên", "Trần Ai Đó", "các dòng đã bị lệch"),
}


@pytest.mark.parametrize(("sheet", "heading", "value", "word"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_the_pupil_is_refused_and_with_another_is_not(sheet, heading, value, word):
    refused(spoilt(1, sheet, heading, value), word)
    assert record_so_far(spoilt(2, sheet, heading, value), ASKED, file="9A1.xlsx") == FIRST


@pytest.mark.parametrize("who", [FIRST, SECOND])
def test_a_number_that_two_have_is_refused_for_both(who):
    twice = spoilt(2, "Học sinh", "Số định danh cá nhân", FIRST.pupil.personal_id)
    refused(twice, "trùng với học sinh STT 1", asked=replace(ASKED, pupil_code=who.pupil.code))


def test_what_is_wrong_with_the_class_is_refused():
    book = opened(HALF)
    for label, value in book["Thông tin"].iter_rows(max_col=2):
        value.value = 12 if label.value == "Khối" else value.value
    refused(saved(book), "Khối 12 không thuộc cấp THCS")


def test_a_sheet_that_is_there_must_be_readable():
    misspelt = spoilt(0, "Học kỳ I", "Toán", "Tóan hc")
    refused(misspelt, "thiếu cột “Toán”")
    book = opened(HALF)
    add_table(book, "HK I", ("STT", "Mã học sinh", "Toán"), [(1, FIRST.pupil.code, 9)])
    refused(saved(book), "không biết trang nào đúng")
    book = opened(HALF)
    book["Học kỳ I"].delete_rows(5)
    refused(saved(book), "không có dòng tiêu đề")
    refused(b"", "rỗng")


def test_a_column_that_is_not_there_yet_is_a_blank():
    book = opened(HALF)
    headings = [cell.value for cell in book["Học kỳ I"][5]]
    book["Học kỳ I"].delete_cols(headings.index("Toán") + 1)
    found = record_so_far(saved(book), ASKED, file="9A1.xlsx")
    assert next(one for one in found.year.subjects if one.code == "TOAN").hk1 is None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"pupil_code": "3100000009"}, "không có học sinh mã 3100000009"),
        ({"school_code": "79000502"}, "không phải 79000502"),
        ({"school_year": "2024-2025"}, "không phải 2024-2025"),
        ({"level": "THPT"}, "không phải THPT"),
    ],
)
def test_a_sheet_of_another_class_is_refused(changes, word):
    asked = {name: getattr(ASKED, name) for name in Asked.__dataclass_fields__} | changes
    refused(HALF, word, asked=Asked(**asked))
