# SPDX-License-Identifier: Apache-2.0

"""An upper-secondary class whose pupils chose different electives shares one list; each record holds what its pupil takes."""

import io

import pytest
from openpyxl import load_workbook

from ledger.record.check import CheckOptions, check_workbook
from ledger.record.findings import Severity
from ledger.record.subjects import BY_CODE
from scripts.sample_class import make_workbook

TERMS = ("Học kỳ I", "Học kỳ II", "Cả năm")
HEADINGS = 5
SYNTHETIC = CheckOptions(allow_synthetic_province=True)


def with_a_fifth_elective(takers=(), *, leave=()):
    """A class of four electives and a column of Địa lí: `takers` have marks there, and nothing in the subject named for them."""
    book = load_workbook(io.BytesIO(make_workbook(grade=12, class_name="12A1", pupils=4, seed=5)))
    book["Phân công"].append(["Địa lí", "Lê Thị Hoa", "099185000001"])
    for sheet in TERMS:
        page = book[sheet]
        columns = {cell.value: cell.column for cell in page[HEADINGS]}
        page.cell(HEADINGS, page.max_column + 1, "Địa lí")
        for stt in takers:
            page.cell(HEADINGS + stt, page.max_column).value = page.cell(HEADINGS + stt, columns["Vật lí"]).value
            page.cell(HEADINGS + stt, columns["Vật lí"]).value = None
        for stt in leave:
            page.cell(HEADINGS + stt, columns["Vật lí"]).value = None
    comments = book["Nhận xét"]
    columns = {cell.value: cell.column for cell in comments[HEADINGS]}
    for stt in (*takers, *leave):
        comments.cell(HEADINGS + stt, columns["Vật lí"]).value = None
    out = io.BytesIO()
    book.save(out)
    return check_workbook(out.getvalue(), file="12A1.xlsx", options=SYNTHETIC)


def electives(record):
    return {result.code for result in record.year.subjects if 12 in BY_CODE[result.code].optional}


def errors(reading):
    return {(f.rule, f.stt, f.column) for f in reading.findings if f.severity is Severity.ERROR}


def test_what_a_pupil_does_not_take_makes_no_row_and_no_finding():
    reading = with_a_fifth_elective(takers=(2,))
    assert errors(reading) == set()
    first, second = reading.class_sheet.records[:2]
    assert electives(first) - electives(second) == {"VAT_LI"}
    assert electives(second) - electives(first) == {"DIA_LI"}


def test_a_pupil_with_only_three_electives_has_a_gap():
    reading = with_a_fifth_elective(takers=(1,), leave=(3,))
    assert {(rule, stt) for rule, stt, _ in errors(reading)} == {("TT-16", 3)}


@pytest.mark.parametrize("circular", ["27/2020/TT-BGDĐT", "58/2011/TT-BGDĐT", "TT 22"])
def test_another_circular_than_the_one_in_force_is_refused(circular):
    book = load_workbook(io.BytesIO(make_workbook(grade=9, class_name="9A1", pupils=2, seed=5)))
    row = next(row for row in book["Thông tin"].iter_rows() if row[0].value == "Thông tư")
    row[1].value = circular
    out = io.BytesIO()
    book.save(out)
    reading = check_workbook(out.getvalue(), file="9A1.xlsx", options=SYNTHETIC)
    (error,) = [f for f in reading.findings if f.severity is Severity.ERROR]
    assert (error.rule, error.column, error.found) == ("SH-05", "Thông tư", circular)
