# SPDX-License-Identifier: Apache-2.0

"""The form of a workbook: what is read in spite of everything, and what is refused in clear words."""

import io
import struct
import zipfile
from datetime import datetime
from decimal import Decimal

import openpyxl
import pytest
from given_workbooks import given

from ledger.record.check import CheckOptions, check_workbook
from ledger.record.findings import Severity
from ledger.record.sheets.class_sheet import read_class
from ledger.record.sheets.tables import heading_key
from ledger.record.sheets.workbook import MAX_FILE_BYTES
from ledger.record.spelling import clean, folded
from scripts.sample_class import Edit, make_workbook

PLAIN = 20


def reading_of(*edits, **options):
    return read_class(make_workbook(edits=edits, **options), file="9A1.xlsx")


def errors(reading):
    assert reading.class_sheet is None
    return [finding for finding in reading.findings if finding.severity is Severity.ERROR]


def refused(data):
    reading = read_class(data, file="9A1.xlsx")
    (finding,) = errors(reading)
    assert reading.draft is None
    assert "9A1.xlsx" in finding.message_vi
    assert "9A1.xlsx" in finding.message_en
    return finding.rule


def unchanged(_name, data):
    return data


def repacked(change=unchanged, extra=()):
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(make_workbook())) as source, zipfile.ZipFile(target, "w") as packed:
        for part in source.infolist():
            packed.writestr(part.filename, change(part.filename, source.read(part)), zipfile.ZIP_DEFLATED)
        for name, data in extra:
            packed.writestr(name, data, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def edited(change):
    book = openpyxl.load_workbook(io.BytesIO(make_workbook()))
    change(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"STT;Toan\n1;9",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"PK\x05\x06" + bytes(18),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    ],
    ids=["empty", "csv", "pdf", "cut short", "an empty archive", "password or old xls"],
)
def test_what_is_no_workbook_is_refused_in_one_finding(data):
    assert refused(data) == "SH-01"


def test_an_archive_that_is_something_else_is_refused():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr("hello.txt", "hello")
    assert refused(target.getvalue()) == "SH-01"


def test_a_damaged_part_is_refused():
    assert refused(repacked(lambda name, data: data[:200] if name.endswith("sheet2.xml") else data)) == "SH-01"


def test_an_encrypted_part_is_refused():
    data = bytearray(make_workbook())
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        central = archive.start_dir
    flags = struct.unpack_from("<H", data, central + 8)[0]
    struct.pack_into("<H", data, central + 8, flags | 1)
    assert refused(bytes(data)) == "SH-01"
    (finding,) = read_class(bytes(data), file="9A1.xlsx").findings
    assert "mật khẩu" in finding.message_vi


def test_a_zip_bomb_is_refused_by_what_it_declares():
    assert refused(repacked(extra=[("xl/media/bomb.bin", bytes(70 * 1024 * 1024))])) == "SH-02"


def test_too_many_parts_are_refused():
    assert refused(repacked(extra=[(f"x/{i}", b"") for i in range(600)])) == "SH-02"


def test_a_file_beyond_the_limit_is_refused_unopened():
    assert refused(b"PK\x03\x04" + bytes(MAX_FILE_BYTES)) == "SH-02"


def test_a_workbook_with_a_dtd_is_refused():
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    assert refused(repacked(extra=[("xl/worksheets/sheet99.xml", bomb)])) == "SH-02"


def test_more_rows_than_any_class_are_refused_not_cut_off():
    def change(book):
        for row in range(48, 460):
            book["Học sinh"].cell(row, 2, f"9{row:09d}")

    assert refused(edited(change)) == "SH-02"


@pytest.mark.parametrize(
    "sheet", ["Thông tin", "Học sinh", "Phân công", "Học kỳ I", "Học kỳ II", "Kết quả", "Nhận xét"]
)
def test_a_missing_sheet_is_named(sheet):
    reading = read_class(make_workbook(without_sheets=[sheet]), file="9A1.xlsx")
    assert ("SH-03", sheet) in [(f.rule, f.sheet) for f in errors(reading)]


def test_the_year_is_the_one_sheet_that_may_be_missing():
    data = make_workbook(without_sheets=["Cả năm"])
    with_year = check_workbook(make_workbook(), file="9A1").class_sheet
    without = check_workbook(data, file="9A1").class_sheet
    assert [record.year.subjects for record in without.records] == [
        record.year.subjects for record in with_year.records
    ]


@pytest.mark.parametrize(
    ("sheet", "column"),
    [
        ("Học sinh", "Ngày sinh"),
        ("Học sinh", "Số định danh cá nhân"),
        ("Học sinh", "Mã học sinh"),
        ("Phân công", "Giáo viên"),
        ("Học kỳ I", "Toán"),
        ("Học kỳ I", "Mã học sinh"),
        ("Học kỳ II", "Nghệ thuật"),
        ("Cả năm", "Tin học"),
        ("Kết quả", "Học tập cả năm"),
        ("Kết quả", "Hoàn thành chương trình"),
    ],
)
def test_a_missing_column_is_one_finding_and_not_one_per_pupil(sheet, column):
    found = [f for f in errors(reading_of(Edit(sheet, 0, column, "Cột lạ"))) if f.rule == "SH-04"]
    assert len(found) == 1
    assert found[0].sheet == sheet
    assert column in found[0].expected


def test_a_missing_column_of_marks_draws_no_missing_marks():
    data = make_workbook(edits=[Edit("Học kỳ I", 0, "Toán", None)])
    found = check_workbook(data, file="9A1", options=CheckOptions(allow_synthetic_province=True)).findings
    assert [(f.rule, f.column) for f in found if f.severity is Severity.ERROR] == [("SH-04", "Toán")]


def test_an_unknown_column_is_left_aside_and_said_so():
    reading = read_class(edited(lambda book: book["Học kỳ I"].cell(5, 16, "Cờ vua")), file="9A1")
    assert [(f.rule, f.severity, f.column) for f in reading.findings] == [("SH-04", Severity.WARNING, "Cờ vua")]
    assert reading.class_sheet is not None


@pytest.mark.parametrize("label", ["Trường", "Mã trường", "Lớp", "Năm học", "Hiệu trưởng", "Số CCCD GVCN"])
def test_a_missing_line_of_information_is_named(label):
    assert [(f.rule, f.column) for f in errors(reading_of(Edit("Thông tin", 0, label, None)))] == [("SH-05", label)]


def test_a_pupil_missing_on_one_sheet_is_named_there():
    reading = read_class(edited(lambda book: book["Học kỳ II"].delete_rows(25)), file="9A1")
    assert [(f.rule, f.sheet, f.stt) for f in errors(reading)] == [("SH-06", "Học kỳ II", 20)]


def test_a_pupil_nobody_knows_is_named_with_the_row():
    def change(book):
        for column, value in enumerate((43, "3100000009", "Lê Lạ"), start=1):
            book["Kết quả"].cell(48, column, value)

    found = errors(read_class(edited(change), file="9A1"))
    assert [(f.rule, f.sheet, f.row, f.pupil) for f in found] == [("SH-06", "Kết quả", 48, "3100000009")]


def test_a_code_that_differs_between_sheets_is_one_finding():
    found = errors(reading_of(Edit("Kết quả", PLAIN, "Mã học sinh", "3100000009")))
    assert [(f.rule, f.sheet, f.stt, f.found) for f in found] == [("SH-09", "Kết quả", PLAIN, "3100000009")]


def test_rows_that_slipped_against_their_codes_are_an_error():
    found = errors(reading_of(Edit("Học kỳ I", PLAIN, "Họ và tên", "Người Khác")))
    assert [(f.rule, f.column, f.stt) for f in found] == [("SH-09", "Họ và tên", PLAIN)]


def test_a_subject_without_a_teacher_is_an_error():
    found = errors(read_class(edited(lambda book: book["Phân công"].delete_rows(7)), file="9A1"))
    assert [(f.rule, f.sheet, f.expected) for f in found] == [("SH-10", "Phân công", "Toán")]


def test_a_formula_nobody_computed_is_not_an_empty_cell():
    found = errors(reading_of(Edit("Học kỳ I", PLAIN, "Toán", "=AVERAGE(7,8)")))
    assert [(f.rule, f.sheet, f.stt, f.column, f.found) for f in found] == [
        ("SH-07", "Học kỳ I", PLAIN, "Toán", "=AVERAGE(7,8)")
    ]


def test_an_error_value_of_excel_is_not_a_mark():
    found = errors(reading_of(Edit("Học kỳ I", PLAIN, "Toán", "#DIV/0!")))
    assert [(f.rule, f.found) for f in found] == [("TT-01", "#DIV/0!")]


def test_footers_and_blank_form_lines_are_no_pupils():
    def change(book):
        book["Học sinh"].cell(48, 1, 43)
        book["Học sinh"].cell(50, 3, "Tổng số: 42 học sinh")
        book["Học sinh"].cell(51, 8, "Hiệu trưởng")

    assert read_class(edited(change), file="9A1").class_sheet.enrolled == 42


def test_a_row_without_number_and_code_is_not_dropped_in_silence():
    def change(book):
        for column, value in ((3, "Lê Quên Mã"), (4, "01/02/2011"), (5, "Nữ")):
            book["Học sinh"].cell(48, column, value)

    assert [(f.rule, f.row) for f in errors(read_class(edited(change), file="9A1"))] == [("SH-06", 48)]


def test_an_empty_class_is_an_error():
    assert "SH-06" in [
        f.rule for f in errors(read_class(edited(lambda b: b["Học sinh"].delete_rows(6, 60)), file="9A1"))
    ]


@pytest.mark.parametrize("written", [7.5, "7.5", "7,5", " 7,5 ", "7,50", Decimal("7.5"), 7.499999999999999])
def test_a_mark_may_be_written_in_many_ways(written):
    marks = [Edit("Học kỳ I", PLAIN, "Toán", written)]
    draft = reading_of(*marks).draft
    assert draft.records[PLAIN - 1].year.subjects[1].hk1 == Decimal("7.5")


@pytest.mark.parametrize(
    "written",
    [datetime.fromisoformat("2011-02-09"), "09/02/2011", "9/2/2011", "2011-02-09", "09-02-2011", " 09.02.2011"],
)
def test_a_date_may_be_written_in_many_ways(written):
    draft = reading_of(Edit("Học sinh", PLAIN, "Ngày sinh", written)).draft
    assert draft.records[PLAIN - 1].pupil.birth_date.isoformat() == "2011-02-09"


def test_an_untidy_class_reads_like_a_tidy_one():
    records = read_class(given("thcs-6A5-messy"), file="6A5").class_sheet.records
    names = [record.pupil.name for record in records]
    assert {"H'Hen Niê", "Park Ji-hoon", "Tôn Nữ Hương Giang", "Nguyễn Thị Mai"} <= set(names)
    assert all(name == clean(name) for name in names)
    assert records[20].pupil.personal_id is None
    assert {result.name for result in records[0].year.subjects} >= {
        "Ngoại ngữ 1 (Tiếng Anh)",
        "Hoạt động trải nghiệm, hướng nghiệp",
    }


def test_records_stand_in_the_order_of_the_list():
    sheet = reading_of(Edit("Học sinh", 1, "STT", 99)).draft
    assert [place.stt for place in sheet.places][-1] == 99


def test_the_place_of_issue_is_the_province_as_people_say_it():
    assert reading_of().class_sheet.school.place == "Hải Phòng"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Họ\nvà tên ", "hovaten"),
        ("HO VA TEN", "hovaten"),
        ("Học kì 1", "hki"),
        ("HK II", "hkii"),
        ("Đạo đức", "daoduc"),
    ],
)
def test_headings_are_compared_without_accents_case_or_space(written, key):
    assert heading_key(written) == key


def test_clean_text_is_composed_visible_and_single_spaced():
    assert clean(" Nguyễn\u200b \n An ") == "Nguyễn An"
    assert folded("Ê Đê") == "ede"
