# SPDX-License-Identifier: Apache-2.0

"""A year's mark out of semesters before rounding: a warning where the mark book shows it, an error otherwise."""

from dataclasses import replace

import pytest
from given_workbooks import given
from gradebook_sample import HEADING_ROW, cell_of, with_mark_book

from ledger.record.check import CheckOptions, check_workbook
from ledger.record.findings import Severity
from ledger.record.rules.rulebook import RULEBOOKS, TT22
from scripts.sample_class import make_workbook

SAMPLE = CheckOptions(allow_synthetic_province=True)
EVEN = replace(SAMPLE, rulebooks=(*RULEBOOKS, replace(TT22, first_year=2025, reached={}, second_semester_weight=1)))
STT, SUBJECT = 3, "Toán"


def year_of(value, terms, options=SAMPLE):
    """TT-04 of one pupil whose components are `terms` in both semesters and whose year says `value`."""

    def change(book):
        for title, marks in zip(("Sổ điểm HKI", "Sổ điểm HKII"), terms, strict=True):
            for label, mark in zip(("TX1", "TX2", "TX3", "TX4", "GK", "CK"), marks, strict=True):
                cell_of(book[title], STT, SUBJECT, label).value = mark
        column = next(cell.column for cell in book["Cả năm"][HEADING_ROW] if cell.value == SUBJECT)
        book["Cả năm"].cell(HEADING_ROW + STT, column).value = value

    data = with_mark_book(given("thcs-9A1"), change=change)
    found = check_workbook(data, file="9A1.xlsx", options=options).findings
    return [(f.severity, f.stt, f.column, f.found, f.expected) for f in found if f.rule == "TT-04"]


def components(total):
    """Six marks whose weighed sum is `total`: what is over 63 lies in the regular marks."""
    marks, over = [7.0] * 6, total - 63
    for number in range(4):
        step = min(3, over)
        marks[number] += step
        over -= step
    return marks


@pytest.mark.parametrize(
    ("value", "severity"),
    [(7.3, None), (7.4, Severity.WARNING), (7.5, Severity.ERROR), (7.2, Severity.ERROR)],
)
def test_the_rounding_of_semesters_alone_never_blocks(value, severity):
    # 65/9 = 7.222 and 67/9 = 7.444: (7.2 + 2 × 7.4) / 3 = 7.333, but 7.370 before rounding.
    found = year_of(value, (components(65), components(67)))
    said = str(value).replace(".", ",")
    assert found == ([] if severity is None else [(severity, STT, SUBJECT, said, "7,3")])


def test_an_amendment_of_the_year_reaches_what_rounding_explains():
    # 66/9 = 7.333 and 68/9 = 7.556: (7.3 + 7.6) / 2 = 7.45, but 7.444 before rounding.
    terms = components(66), components(68)
    assert (Severity.WARNING, STT, SUBJECT, "7,4", "7,5") in year_of(7.4, terms, EVEN)
    assert (Severity.ERROR, STT, SUBJECT, "7,4", "7,5") in year_of(7.4, terms)


def test_a_year_before_every_circular_we_know_needs_its_semesters_as_the_school_computed_them():
    reading = check_workbook(with_mark_book(make_workbook(first_year=2019)), file="9A1.xlsx", options=SAMPLE)
    assert [(f.rule, f.sheet) for f in reading.findings if f.severity is Severity.ERROR] == [
        ("SH-03", "Học kỳ I"),
        ("SH-03", "Học kỳ II"),
        ("ID-10", "Thông tin"),
    ]
    assert reading.computed == ()
