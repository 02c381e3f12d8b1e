# SPDX-License-Identifier: Apache-2.0

"""From cells to findings: the given classes with cells overwritten, as a school would get them wrong."""

import io

import pytest
from given_workbooks import given
from openpyxl import load_workbook

from ledger.record.check import CheckOptions, check_workbook
from ledger.record.findings import Severity

SYNTHETIC = CheckOptions(allow_synthetic_province=True)
HEADINGS = 5


def overwritten(name, cells, sheets=()):
    """Return a given class with (sheet, STT, column) cells overwritten, and sheets of rows added."""
    book = load_workbook(io.BytesIO(given(name)))
    for (title, stt, column), value in cells.items():
        sheet = book[title]
        columns = {cell.value: cell.column for cell in sheet[HEADINGS]}
        number = columns.get(column) or sheet.max_column + 1
        sheet.cell(HEADINGS, number, column)
        sheet.cell(HEADINGS + stt, number).value = value
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def value_at(name, title, stt, column):
    sheet = load_workbook(io.BytesIO(given(name)))[title]
    columns = {cell.value: cell.column for cell in sheet[HEADINGS]}
    return sheet.cell(HEADINGS + stt, columns[column]).value


def errors(data):
    reading = check_workbook(data, file="lop.xlsx", options=SYNTHETIC)
    found = [finding for finding in reading.findings if finding.severity is Severity.ERROR]
    assert (reading.class_sheet is None) is bool(found)
    return [(f.rule, f.sheet, f.stt, f.row, f.column) for f in found]


PRIMARY_MISTAKES = [
    ("TH-01", "Môn học", 3, "Toán - Mức", None),
    ("TH-02", "Phẩm chất năng lực", 3, "Nhân ái", None),
    ("TH-03", "Môn học", 3, "Toán - KTĐK", 11),
    ("TH-03", "Môn học", 3, "Toán - KTĐK", 9.5),
    ("TH-04", "Môn học", 3, "Khoa học - KTĐK", None),
    ("TH-05", "Kết quả", 3, "Đánh giá kết quả giáo dục", "Hoàn thành"),
    ("TH-05", "Kết quả", 3, "Đánh giá kết quả giáo dục", None),
    ("TH-06", "Kết quả", 1, "Khen thưởng", "Học sinh Xuất sắc"),
    ("TH-07", "Kết quả", 3, "Được lên lớp", None),
    ("TH-11", "Kết quả", 3, "Nghỉ có phép", None),
]


@pytest.mark.parametrize(("rule", "sheet", "stt", "column", "value"), PRIMARY_MISTAKES)
def test_one_mistake_in_a_primary_class_is_one_error_in_its_cell(rule, sheet, stt, column, value):
    data = overwritten("th-4B", {(sheet, stt, column): value})
    assert errors(data) == [(rule, sheet, stt, HEADINGS + stt, column)]


FAILED_9A1 = next(
    stt
    for stt in range(1, 43)
    if value_at("thcs-9A1", "Kết quả", stt, "Học tập cả năm") == "Đạt"
    and value_at("thcs-9A1", "Kết quả", stt, "Rèn luyện cả năm") != "Chưa đạt"
)
"""A pupil of the given class who just passed: two more failed subjects make a summer of it."""


def summer(marks, after, promoted="Có"):
    """Return the class with that pupil failing two subjects by comment, and assessed again in `marks`."""
    stt = FAILED_9A1
    failed = {
        (sheet, stt, subject): "Chưa đạt"
        for sheet in ("Học kỳ II", "Cả năm")
        for subject in ("Nghệ thuật", "Giáo dục thể chất")
    }
    results = {
        ("Kết quả", stt, "Học tập HKII"): "Chưa đạt",
        ("Kết quả", stt, "Học tập cả năm"): "Chưa đạt",
        ("Kết quả", stt, "Học tập sau hè"): after,
        ("Kết quả", stt, "Hoàn thành chương trình"): promoted,
        ("Kết quả", stt, "Danh hiệu"): None,
    }
    code, name = (value_at("thcs-9A1", "Học sinh", stt, column) for column in ("Mã học sinh", "Họ và tên"))
    rows = [["STT", "Mã học sinh", "Họ và tên", *marks], [stt, code, name, *marks.values()]]
    return overwritten("thcs-9A1", failed | results, [("Đánh giá lại", rows)])


PASSED = {"Nghệ thuật": "Đạt", "Giáo dục thể chất": "Đạt"}


def test_a_summer_that_follows_is_imported():
    assert errors(summer(PASSED, "Đạt")) == []


def test_a_summer_that_does_not_follow_is_refused_where_it_stands():
    row = HEADINGS + FAILED_9A1
    assert errors(summer(PASSED, "Tốt")) == [("TT-12", "Kết quả", FAILED_9A1, row, "Học tập sau hè")]
    failed_again = dict.fromkeys(PASSED, "Chưa đạt")
    promoted = ("TT-09", "Kết quả", FAILED_9A1, row, "Hoàn thành chương trình")
    assert errors(summer(failed_again, "Chưa đạt", "Không")) == []
    assert errors(summer(failed_again, "Chưa đạt", "Có")) == [promoted]


def test_a_subject_that_was_passed_is_not_assessed_again():
    also = PASSED | {"Hoạt động trải nghiệm, hướng nghiệp": "Đạt"}
    assert errors(summer(also, "Đạt")) == [
        ("TT-12", "Đánh giá lại", FAILED_9A1, 2, "Hoạt động trải nghiệm, hướng nghiệp")
    ]
