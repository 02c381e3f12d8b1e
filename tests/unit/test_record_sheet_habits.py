# SPDX-License-Identifier: Apache-2.0

"""What teachers and their software do to a workbook: habits that must not matter, and such as would hide something."""

import io
from datetime import date, datetime, timedelta

import pytest
from given_workbooks import given
from openpyxl import load_workbook

from ledger.record.check import CheckOptions, check_workbook
from ledger.record.findings import Severity
from ledger.record.scales import Attainment
from ledger.record.sheets import cells

SAMPLE = CheckOptions(allow_synthetic_province=True)
HEADINGS = 5
FIRST_DAY = date(1899, 12, 30)
"""Day 0 of Excel's calendar."""


class School:
    """A given class to be spoilt, and what is said of it then."""

    def __init__(self, name="thcs-9A1"):
        self.book = load_workbook(io.BytesIO(given(name)))
        self.tables = [sheet for sheet in self.book if sheet.title not in ("Thông tin", "Phân công")]

    def column(self, title, heading):
        return next(cell.column for cell in self.book[title][HEADINGS] if cell.value == heading)

    def put(self, title, stt, heading, value):
        sheet, headings = self.book[title], [cell.value for cell in self.book[title][HEADINGS]]
        column = headings.index(heading) + 1 if heading in headings else sheet.max_column + 1
        sheet.cell(HEADINGS, column).value = heading
        sheet.cell(HEADINGS + stt, column).value = value

    def change(self, title, heading, new):
        """Put `new(value)` in each cell of a column."""
        column = self.column(title, heading)
        for row in range(HEADINGS + 1, self.book[title].max_row + 1):
            cell = self.book[title].cell(row, column)
            cell.value = new(cell.value)

    def reading(self):
        out = io.BytesIO()
        self.book.save(out)
        return check_workbook(out.getvalue(), file="lop.xlsx", options=SAMPLE)

    def errors(self):
        return [(f.rule, f.sheet, f.stt, f.column) for f in self.reading().findings if f.severity is Severity.ERROR]


def plain(name="thcs-9A1"):
    return check_workbook(given(name), file="lop.xlsx", options=SAMPLE).class_sheet.records


@pytest.mark.parametrize("headings", [("Họ và tên", None), ("Họ và tên đệm", "Tên"), ("Họ đệm", "Tên")])
def test_a_name_over_two_columns_is_never_cut_off(headings):
    school = School()
    for sheet in school.tables:
        sheet.insert_cols(4)
        for row in range(HEADINGS + 1, sheet.max_row + 1):
            name = sheet.cell(row, 3).value
            sheet.cell(row, 3).value, sheet.cell(row, 4).value = name.rsplit(" ", 1)
        sheet.cell(HEADINGS, 3).value, sheet.cell(HEADINGS, 4).value = headings
    reading = school.reading()
    assert reading.class_sheet is not None, reading.findings[:3]
    assert reading.class_sheet.records == plain()


def test_half_a_name_is_no_name():
    school = School()
    for sheet in school.tables:
        sheet.cell(HEADINGS, 3).value = "Họ và tên đệm"
    assert ("SH-04", "Học sinh", None, "Mã học sinh") in school.errors()


def test_one_exemption_does_not_hide_the_results_beside_it():
    school = School()
    school.put("Học kỳ I", 3, "Toán", "Miễn")
    school.put("Học kỳ II", 3, "Toán", 1.0)
    school.put("Cả năm", 3, "Toán", 1.0)
    assert ("TT-16", "Học kỳ I", 3, "Toán") in school.errors()
    assert any(rule in ("TT-06", "TT-09") for rule, *_ in school.errors())


@pytest.mark.parametrize("with_year", [True, False])
def test_semester_one_alone_may_be_excused_where_the_year_follows_from_semester_two(with_year):
    school = School()
    school.put("Học kỳ I", 3, "Giáo dục thể chất", "Miễn")
    if not with_year:
        del school.book["Cả năm"]
    reading = school.reading()
    said = [(f.rule, f.severity, f.stt) for f in reading.findings if f.severity is not Severity.INFO]
    assert said == [("TT-16", Severity.WARNING, 3)]
    result = next(r for r in reading.class_sheet.records[2].year.subjects if r.code == "GDTC")
    assert (result.hk1, result.year, result.exempt) == (None, Attainment.DAT, False)


@pytest.mark.parametrize(("column", "rule"), [("Toán - KTĐK", "TH-04"), ("Toán - Mức", "TH-01")])
def test_at_primary_neither_level_nor_test_hides_behind_an_exemption_of_the_other(column, rule):
    school = School("th-4B")
    school.put("Môn học", 3, column, "Miễn")
    assert (rule, "Môn học", 3, column) in school.errors()


def test_two_columns_about_one_thing_are_refused_where_they_differ():
    school = School()
    school.put("Kết quả", 0, "KQHT cả năm", "KQHT cả năm")
    assert school.errors() == []
    school.put("Kết quả", 7, "KQHT cả năm", "Chưa đạt")
    assert school.errors() == [("SH-04", "Kết quả", None, "KQHT cả năm")]


def test_two_sheets_of_one_thing_are_refused_and_a_list_of_teachers_is_none():
    school = School()
    school.book.create_sheet("Giáo viên", 0).append(["STT", "Tên giáo viên"])
    assert school.errors() == []
    school.book.copy_worksheet(school.book["Cả năm"]).title = "CN"
    assert school.errors() == [("SH-02", "CN", None, None)]


def test_a_class_that_excel_took_for_a_day_is_refused():
    school = School()
    row = next(row for row in school.book["Thông tin"].iter_rows() if row[0].value == "Lớp")
    row[1].value = datetime(2026, 1, 9)  # noqa: DTZ001 - as Excel has it
    assert school.errors() == [("SH-05", "Thông tin", None, "Lớp")]


@pytest.mark.parametrize(
    "note",
    [
        "HS khuyết tật; không đánh giá lại",
        "Không phải HS khuyết tật, không đánh giá",
        "Không khuyết tật; không đánh giá",
    ],
)
def test_a_note_excuses_nobody_by_a_word_alone(note):
    school = School()
    school.put("Kết quả", 3, "Ghi chú", note)
    school.put("Kết quả", 3, "Học tập cả năm", None)
    assert school.errors() == [("TT-13", "Kết quả", 3, "Học tập cả năm")]


def test_footers_may_stand_below_any_column():
    school = School()
    for sheet in school.tables:
        last = sheet.max_row
        for number, row in enumerate(
            (
                ("Tổng số:", "42 học sinh", "Nữ:", 20),
                ("Sĩ số", 42),
                (None, "Hải Phòng, ngày 25 tháng 5 năm 2026"),
                (None, "GIÁO VIÊN CHỦ NHIỆM", None, None, "HIỆU TRƯỞNG"),
                (None, "Phan Anh Khoa", None, None, "Nguyễn Bảo Thảo"),
                (None, None, "Số HS đạt từ 5,0 trở lên", 40, 41, 42),
                (None, None, "Tỉ lệ %", 95.2, 97.6, 100),
            ),
            start=last + 1,
        ):
            for column, value in enumerate(row, start=1):
                sheet.cell(number, column).value = value
    assert school.errors() == []


def test_a_pupil_with_words_for_a_number_is_no_footer():
    school = School()
    school.put("Học sinh", 3, "STT", "3 (mới)")
    assert school.reading().class_sheet.enrolled == 42


@pytest.mark.parametrize(
    ("title", "heading", "new"),
    [
        ("Học sinh", "STT", "{}.0".format),
        ("Học sinh", "Ngày sinh", lambda said: (datetime.strptime(said, "%d/%m/%Y").date() - FIRST_DAY).days),  # noqa: DTZ007
        ("Kết quả", "Nghỉ có phép", "{}.0".format),
        ("Kết quả", "Nghỉ không phép", "{},0".format),
        ("Kết quả", "Danh hiệu", lambda said: said and said.replace("Học sinh", "HS")),
        ("Kết quả", "Hoàn thành chương trình", lambda said: {"Có": "HTCT THCS", "Không": "Chưa HTCT"}[said]),
    ],
)
def test_a_column_may_be_written_as_software_does(title, heading, new):
    school = School()
    school.change(title, heading, new)
    reading = school.reading()
    assert reading.class_sheet is not None, reading.findings[:3]
    assert reading.class_sheet.records == plain()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Hoàn thành chương trình lớp 4; Được lên lớp 5.", True),
        ("Hoàn thành chương trình tiểu học.", True),
        ("Đã hoàn thành chương trình trung học cơ sở", True),
        ("Lên lớp 9", True),
        ("Chưa hoàn thành chương trình lớp 4", False),
        ("Không được lên lớp", False),
        ("Chưa được lên lớp", False),
        ("Ở lại lớp 8", False),
        ("Ở lại", False),
    ],
)
def test_promotion_may_be_said_in_the_phrases_of_the_forms(said, meant):
    assert cells.yes_no(said) is meant


@pytest.mark.parametrize(
    "said", ["Thi lại", "Lên lớp sau khi kiểm tra lại", "Rèn luyện trong hè", "Hoàn thành tốt", "Đạt"]
)
def test_what_is_not_decided_is_no_promotion(said):
    assert isinstance(cells.yes_no(said), cells.Misread)


@pytest.mark.parametrize("said", ["-0", "-0,0", -0.0])
def test_nothing_is_less_than_no_points(said):
    assert str(cells.score(said)) == "0.0"


@pytest.mark.parametrize("said", [1, 2011, 20110209, 32_873, 54_789, "40583"])
def test_no_other_number_is_a_day(said):
    assert isinstance(cells.day(said), cells.Misread)


def test_excels_days_are_counted_as_excel_does():
    assert cells.day(40_583) == FIRST_DAY + timedelta(days=40_583) == date(2011, 2, 9)


def test_results_may_have_headings_in_two_rows_with_cn_for_the_year():
    school = School()
    sheet = school.book["Kết quả"]
    sheet.insert_rows(HEADINGS + 1)
    upper = (
        "STT",
        "Mã học sinh",
        "Họ và tên",
        "Kết quả rèn luyện",
        None,
        None,
        "Kết quả học tập",
        None,
        None,
        "Số buổi nghỉ",
    )
    lower = (None, None, None, "HK I", "HK II", "CN", "HK I", "HK II", "CN", "Có phép", "Không phép")
    for number, row in enumerate((upper, lower), start=HEADINGS):
        for column, value in enumerate(row + (None,) * (11 - len(row)), start=1):
            sheet.cell(number, column).value = value
    assert school.errors() == []


def test_a_history_may_have_who_it_is_in_its_last_columns():
    school = School()
    code, name = (school.book["Học sinh"].cell(HEADINGS + 1, column).value for column in (2, 3))
    sheet = school.book.create_sheet("Quá trình học tập")
    sheet.append(["Năm học", "Lớp", "Trường", "Mã học sinh", "Họ và tên"])
    sheet.append(["2023-2024", "7A1", "Trường THCS Lạch Tray Mẫu", code, name])
    sheet.append(["2024-2025", "8A1", "Trường THCS Lạch Tray Mẫu"])
    reading = school.reading()
    assert reading.class_sheet is not None, reading.findings[:3]
    assert [line.class_name for line in reading.class_sheet.records[0].history] == ["7A1", "8A1", "9A1"]


@pytest.mark.parametrize(("said", "explained"), [(99311972604, True), ("9931197260", True), ("0993119726", False)])
def test_a_personal_number_without_its_zeros_is_refused_and_says_why(said, explained):
    school = School()
    school.put("Học sinh", 1, "Số định danh cá nhân", said)
    (finding,) = [f for f in school.reading().findings if f.rule == "ID-02"]
    assert finding.severity is Severity.ERROR
    assert ("Excel" in finding.message_vi, "Excel" in finding.message_en) == (explained, explained)
