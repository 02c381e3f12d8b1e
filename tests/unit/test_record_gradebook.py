# SPDX-License-Identifier: Apache-2.0

"""The mark book: averages to the last tenth, and never one out of marks that are not there."""

from dataclasses import replace
from decimal import Decimal

import pytest
from given_workbooks import given
from gradebook_sample import HEADING_ROW, cell_of, with_mark_book

from ledger.record.check import CheckOptions, check_workbook
from ledger.record.findings import Severity
from ledger.record.rules.rulebook import RULEBOOKS, TT22
from ledger.record.rules.tt22 import regular_marks, rounded, term_average
from ledger.record.scales import Attainment
from ledger.record.sheets.gradebook_columns import book_in
from ledger.record.sheets.periods import remembered_periods
from ledger.record.sheets.workbook import Grid
from ledger.record.subjects import BY_CODE, Level
from scripts.sample_class import Edit, make_workbook

SAMPLE = CheckOptions(allow_synthetic_province=True)
BOOK = "Sổ điểm HKI"
PLAIN = 25
LOCAL = "Nội dung giáo dục của địa phương"


def checked(data):
    return check_workbook(data, file="9A1.xlsx", options=SAMPLE)


def spoilt(*changes, data=None, **options):
    """A reading of a class whose mark book of the first term has these cells (stt, subject, label, value) changed."""

    def change(book):
        for stt, subject, label, value in changes:
            cell_of(book[BOOK], stt, subject, label).value = value

    return checked(with_mark_book(data or make_workbook(), change=change, **options))


def said(reading, *severities):
    kinds = severities or (Severity.ERROR,)
    return [(f.rule, f.sheet, f.row, f.column) for f in reading.findings if f.severity in kinds]


@pytest.mark.parametrize("name", ["thcs-9A1", "thpt-12A3"])
@pytest.mark.parametrize("two_rows", [False, True])
def test_a_mark_book_reads_to_the_same_records_as_the_terms(name, two_rows):
    plain, book = checked(given(name)), checked(with_mark_book(given(name), two_rows=two_rows))
    assert book.class_sheet is not None, book.findings
    assert book.class_sheet.records == plain.class_sheet.records


@pytest.mark.parametrize("two_rows", [False, True])
def test_the_averages_come_with_their_components_and_the_rows_of_the_book(two_rows):
    reading = checked(with_mark_book(make_workbook(), two_rows=two_rows))
    record, place = reading.class_sheet.records[PLAIN - 1], reading.class_sheet.places[PLAIN - 1]
    assert place.rows["Học kỳ I"] == HEADING_ROW + two_rows + PLAIN
    mine = {(c.subject, c.term): c for c in reading.computed if c.pupil == record.pupil.code}
    toan = next(subject for subject in record.year.subjects if subject.code == "TOAN")
    assert mine["TOAN", "Học kỳ I"].value == toan.hk1
    assert mine["TOAN", "Học kỳ II"].value == toan.hk2
    assert [label for label, _ in mine["TOAN", "Học kỳ I"].components] == ["TX1", "TX2", "TX3", "TX4", "GK", "CK"]
    assert [label for label, _ in mine["GDTC", "Học kỳ I"].components] == ["TX1", "TX2", "GK", "CK"]
    assert mine["GDTC", "Học kỳ I"].value is Attainment.DAT
    assert len(mine) == 24


@pytest.mark.parametrize(
    ("regular", "midterm", "final", "average"),
    [
        ("6.4 6.4 6.3", "6.5", "6.5", "6.5"),  # 6.45
        ("7.9 7.9 7.8", "8.0", "8.0", "8.0"),  # 7.95
        ("4.9 4.9 4.8", "5.0", "5.0", "5.0"),  # 4.95
        ("3.4 3.4 3.3", "3.5", "3.5", "3.5"),  # 3.45
        ("6.4 6.4 6.2", "6.5", "6.5", "6.4"),  # 6.4375
        ("7.9 7.9 7.7", "8.0", "8.0", "7.9"),  # 7.9375
        ("10 10", "10", "10", "10.0"),
        ("0 0", "0", "0", "0.0"),
        ("9", "6", "6", "6.5"),  # with one regular mark the divisor is 6, and only then
        ("9 9 9 9", "6", "6", "7.3"),  # 66/9 = 7.33; with the mean of the regular marks it would be 6.5
    ],
)
def test_the_average_is_exact_and_halves_go_up(regular, midterm, final, average):
    marks = [Decimal(mark) for mark in regular.split()]
    assert rounded(term_average(marks, Decimal(midterm), Decimal(final), TT22)) == Decimal(average)


@pytest.mark.parametrize(
    ("marks", "average"),
    [
        ((6.4, 6.4, 6.3, 6.5, 6.5), "6.5"),
        ((7.9, 7.9, 7.8, 8, 8), "8.0"),
        ((4.9, 4.9, 4.8, 5, 5), "5.0"),
        ((3.4, 3.4, 3.3, 3.5, 3.5), "3.5"),
        (("6,4", "6.4", "6,3", 6.5, 6.499999999999999), "6.5"),
    ],
)
def test_boundary_averages_come_out_of_a_workbook_as_by_hand(marks, average):
    data = make_workbook(edits=[Edit("Phân công", 2, "Số tiết/năm", 70)])
    labels = ("TX1", "TX2", "TX3", "GK", "CK")
    reading = spoilt(*[(PLAIN, "Toán", label, mark) for label, mark in zip(labels, marks, strict=True)], data=data)
    toan = next(s for s in reading.draft.records[PLAIN - 1].year.subjects if s.code == "TOAN")
    assert toan.hk1 == Decimal(average)


@pytest.mark.parametrize("label", ["TX1", "TX3", "TX4", "GK", "CK"])
def test_a_missing_component_is_named_and_nothing_is_computed(label):
    reading = spoilt((PLAIN, "Toán", label, None))
    assert said(reading) == [("TT-16", BOOK, HEADING_ROW + PLAIN, f"Toán - {label}")]
    assert reading.class_sheet is None
    code = reading.draft.records[PLAIN - 1].pupil.code
    assert [c.term for c in reading.computed if (c.pupil, c.subject) == (code, "TOAN")] == ["Học kỳ II"]
    (finding,) = [f for f in reading.findings if f.severity is Severity.ERROR]
    assert "nhà trường ghi 0" in finding.message_vi


def test_a_missing_check_of_a_comment_subject_is_named():
    reading = spoilt((PLAIN, "Nghệ thuật", "GK", None))
    assert said(reading) == [("TT-16", BOOK, HEADING_ROW + PLAIN, "Nghệ thuật - GK")]
    assert "Chưa đạt" in reading.findings[0].message_vi


def test_a_zero_for_an_unexcused_absence_counts():
    reading = spoilt((PLAIN, "Toán", "CK", 0))
    code = reading.draft.records[PLAIN - 1].pupil.code
    (mark,) = [c for c in reading.computed if (c.pupil, c.subject, c.term) == (code, "TOAN", "Học kỳ I")]
    assert dict(mark.components)["CK"] == 0
    assert mark.value < 7


def test_a_pupil_without_any_component_has_no_result_and_one_finding():
    labels = ("TX1", "TX2", "TX3", "TX4", "GK", "CK")
    reading = spoilt(*[(PLAIN, "Toán", label, None) for label in labels])
    assert [finding for finding in said(reading) if finding[3] == "Toán"] == [
        ("TT-16", "Học kỳ I", HEADING_ROW + PLAIN, "Toán")
    ]


def test_one_check_not_passed_makes_the_semester_not_passed():
    reading = spoilt((PLAIN, "Nghệ thuật", "TX2", "CĐ"))
    art = next(s for s in reading.draft.records[PLAIN - 1].year.subjects if s.code == "NGHE_THUAT")
    assert art.hk1 is Attainment.CHUA_DAT


def test_a_pupil_exempt_from_the_whole_book_has_no_result_there_and_is_judged_by_the_other_semester():
    labels = ("TX1", "TX2", "GK", "CK")
    reading = spoilt(*[(PLAIN, "Giáo dục thể chất", label, "Miễn") for label in labels])
    sport = next(s for s in reading.draft.records[PLAIN - 1].year.subjects if s.code == "GDTC")
    assert (sport.hk1, sport.hk2, sport.exempt) == (None, Attainment.DAT, False)
    assert said(reading) == []
    assert ("TT-16", "Học kỳ I") in [where[:2] for where in said(reading, Severity.WARNING)]


@pytest.mark.parametrize("value", [10.4, -1, 7.25, "vắng", "Miễn"])
def test_what_is_no_mark_is_reported_once_in_its_own_cell(value):
    reading = spoilt((PLAIN, "Toán", "TX2", value))
    assert said(reading) == [("TT-01", BOOK, HEADING_ROW + PLAIN, "Toán - TX2")]


def test_a_formula_that_nobody_computed_is_not_an_empty_cell():
    assert said(spoilt((PLAIN, "Toán", "GK", "=A1+B1"))) == [("SH-07", BOOK, HEADING_ROW + PLAIN, "Toán - GK")]


def test_an_amendment_of_the_marks_of_a_semester_is_one_entry_and_years_before_it_keep_their_own():
    amended = replace(
        TT22,
        circular="22/2021/TT-BGDĐT (sửa đổi)",
        first_year=2026,
        reached={},
        regular_marks=((1, 3), (71, 4)),
        midterm_weight=1,
        final_weight=1,
        second_semester_weight=1,
    )

    def change(book):
        for title, marks in ((BOOK, (9, 9, 9, 9, 6, 6)), ("Sổ điểm HKII", (5,) * 6)):
            for label, mark in zip(("TX1", "TX2", "TX3", "TX4", "GK", "CK"), marks, strict=True):
                cell_of(book[title], PLAIN, "Toán", label).value = mark

    def toan_of(first_year):
        data = with_mark_book(make_workbook(first_year=first_year, without_sheets=["Cả năm"]), change=change)
        reading = check_workbook(data, file="9A1.xlsx", options=replace(SAMPLE, rulebooks=(*RULEBOOKS, amended)))
        (toan,) = [s for s in reading.draft.records[PLAIN - 1].year.subjects if s.code == "TOAN"]
        counted = {(f.column, f.found, f.expected, f.article) for f in reading.findings if f.rule == "TT-02"}
        return [str(mark) for mark in (toan.hk1, toan.hk2, toan.year)], counted

    # (36 + 2 × 6 + 3 × 6) / 9 and (7.3 + 2 × 5) / 3; then (36 + 6 + 6) / 6 and (8 + 5) / 2.
    assert toan_of(2025) == (["7.3", "5.0", "5.8"], set())
    few = ("Giáo dục công dân", "Tin học", "Công nghệ", "Giáo dục thể chất", "Nghệ thuật", LOCAL)
    article = "Thông tư 22/2021/TT-BGDĐT (sửa đổi), Điều 6, Điều 9"
    assert toan_of(2026) == (["8.0", "5.0", "6.5"], {(f"{title} - TX", "2", "3", article) for title in few})


@pytest.mark.parametrize(("periods", "count"), [(1, 2), (35, 2), (36, 3), (70, 3), (71, 4), (140, 4)])
def test_the_number_of_regular_marks_follows_from_the_periods(periods, count):
    assert regular_marks(periods, TT22) == count


def emptied(label, subject="Toán"):
    return [(stt, subject, label, None) for stt in range(1, 43)]


def test_too_few_regular_marks_at_lower_secondary_are_one_error_for_the_class_where_the_school_states_the_periods():
    assert said(spoilt(*emptied("TX4"))) == [("TT-02", BOOK, None, "Toán - TX")]


def test_too_many_regular_marks_at_lower_secondary_are_an_error():
    def change(book):
        cell_of(book[BOOK], 0, "Toán", "CK").value = "Toán - TX5"
        sheet = book[BOOK]
        for row in sheet.iter_rows(min_row=HEADING_ROW, max_row=HEADING_ROW + 42):
            last = sheet.max_column + (row[0].row == HEADING_ROW)
            sheet.cell(row[0].row, last, "Toán - CK" if row[0].row == HEADING_ROW else row[8].value)

    reading = checked(with_mark_book(make_workbook(), change=change))
    assert [f for f in said(reading) if f[0] == "TT-02"] == [("TT-02", BOOK, None, "Toán - TX")]


def test_by_periods_that_are_only_remembered_it_is_a_warning():
    def change(book):
        for stt in range(1, 43):
            cell_of(book[BOOK], stt, "Toán", "TX4").value = None
        book["Phân công"].cell(HEADING_ROW + 2, 4).value = None

    reading = checked(with_mark_book(make_workbook(), change=change))
    assert said(reading) == []
    assert ("TT-02", BOOK, None, "Toán - TX") in said(reading, Severity.WARNING)


def test_at_upper_secondary_it_is_a_warning_even_where_the_school_states_the_periods():
    reading = spoilt(*[(stt, "Toán", "TX4", None) for stt in range(1, 41)], data=given("thpt-12A3"))
    assert ("TT-02", BOOK, None, "Toán - TX") in said(reading, Severity.WARNING)
    assert [finding for finding in said(reading) if finding[0] == "TT-02"] == []


def test_at_upper_secondary_one_more_for_a_cluster_of_topics_is_nobody_elses_missing_mark():
    def change(book):
        sheet = book[BOOK]
        last = sheet.max_column + 1
        sheet.cell(HEADING_ROW, last, "Vật lí - TX4")
        sheet.cell(HEADING_ROW + PLAIN, last, 9)

    reading = checked(with_mark_book(make_workbook(grade=12), change=change))
    assert [finding for finding in said(reading) if finding[0] == "TT-16"] == []
    assert ("TT-02", BOOK, None, "Vật lí - TX") in said(reading, Severity.WARNING)


@pytest.mark.parametrize("label", ["GK", "CK"])
def test_a_subject_without_its_tests_is_one_finding_and_not_one_per_pupil(label):
    reading = spoilt((0, "Toán", label, None))
    assert said(reading) == [("SH-04", BOOK, None, f"Toán - {label}")]


def test_a_second_column_of_a_test_is_refused():
    reading = spoilt((0, "Toán", "TX4", "Toán - GK"))
    assert [finding for finding in said(reading) if finding[0] == "TT-02"] == [("TT-02", BOOK, None, "Toán - GK")]
    assert not any(c.subject == "TOAN" and c.term == "Học kỳ I" for c in reading.computed)


def test_terms_beside_the_book_that_say_the_same_are_fine():
    reading = checked(with_mark_book(make_workbook(), keep_terms=True))
    assert reading.class_sheet is not None, reading.findings
    assert reading.class_sheet.records == checked(make_workbook()).class_sheet.records


def test_a_term_that_says_something_else_is_an_error_there():
    data = with_mark_book(make_workbook(), keep_terms=True)
    whole = checked(data).class_sheet.records[PLAIN - 1].year.subjects
    art = next(subject.hk1 for subject in whole if subject.code == "NGHE_THUAT")
    assert art is Attainment.DAT

    def change(book):
        book["Học kỳ I"].cell(HEADING_ROW + PLAIN, 13).value = "Chưa đạt"
        toan = book["Học kỳ I"].cell(HEADING_ROW + PLAIN, 5)
        toan.value = round(toan.value + 0.1, 1)

    reading = checked(with_mark_book(make_workbook(), keep_terms=True, change=change))
    found = [finding for finding in said(reading) if finding[0] == "TT-03"]
    row = HEADING_ROW + PLAIN
    assert found == [("TT-03", "Học kỳ I", row, "Toán"), ("TT-03", "Học kỳ I", row, "Nghệ thuật")]


def test_a_pupil_in_the_book_alone_or_in_the_term_alone_is_named():
    def change(book):
        book["Học kỳ I"].cell(HEADING_ROW + PLAIN, 2).value = "3100000001"
        book["Học kỳ I"].cell(HEADING_ROW + PLAIN, 1).value = 99

    reading = checked(with_mark_book(make_workbook(), keep_terms=True, change=change))
    assert {(rule, sheet) for rule, sheet, _, column in said(reading) if column == "Mã học sinh"} == {
        ("SH-06", BOOK),
        ("SH-06", "Học kỳ I"),
    }


def test_an_average_that_the_book_itself_gives_must_be_right():
    def change(book):
        sheet = book[BOOK]
        last = sheet.max_column + 1
        sheet.cell(HEADING_ROW, last, "Toán - ĐTBmhk")
        sheet.cell(HEADING_ROW + PLAIN, last, 1.5)

    reading = checked(with_mark_book(make_workbook(), change=change))
    assert said(reading) == [("TT-03", BOOK, HEADING_ROW + PLAIN, "Toán - ĐTB")]


def test_a_pupil_missing_from_the_book_is_named():
    reading = checked(with_mark_book(make_workbook(), change=lambda book: book[BOOK].delete_rows(HEADING_ROW + PLAIN)))
    assert [(f.rule, f.stt) for f in reading.findings if f.severity is Severity.ERROR] == [("SH-06", PLAIN)]


def test_a_book_without_headings_is_refused():
    reading = checked(with_mark_book(make_workbook(), change=lambda book: book[BOOK].delete_rows(HEADING_ROW)))
    assert ("SH-04", BOOK, None, "Mã học sinh") in said(reading)


@pytest.mark.parametrize(
    "rows",
    [
        (("Mã HS", "Ngoại ngữ 1 (Tiếng Anh) - TX 1", "NGOAI NGU 1 – GK", "Ngoại ngữ 1 (CK)"),),
        (("Mã HS", "Ngoại ngữ 1 ĐĐGtx1", "Ngoại ngữ 1: ĐĐGgk", "Ngoại ngữ 1/Cuối kỳ"),),
        (("Mã HS", "Tiếng Anh", None, None), (None, "TX", "Giữa kì", "Cuối\nkì")),
        ((None, "Ngoại ngữ 1", None, None), ("Mã HS", "Thường xuyên 1", "GK", "CK")),
    ],
)
def test_headings_are_known_however_they_are_written(rows):
    findings = []
    book = book_in(Grid("x", rows), "x", Level.THCS, findings)
    (english,) = book.subjects
    assert english.subject.code == "NGOAI_NGU_1"
    assert [(c.label, c.column) for c in english.components] == [("TX1", 2), ("GK", 3), ("CK", 4)]
    assert book.last_heading_row == len(rows)
    assert findings == []


def test_a_column_that_nobody_knows_is_left_aside_and_said_so():
    findings = []
    book = book_in(Grid("x", (("Mã HS", "Cờ vua - TX1", "Cờ vua - GK", "Hạnh kiểm"),)), "x", Level.THCS, findings)
    assert book.subjects == ()
    assert [(f.rule, f.severity, f.column) for f in findings] == [
        ("SH-04", Severity.WARNING, "Cờ vua"),
        ("SH-04", Severity.WARNING, "Hạnh kiểm"),
    ]


def test_every_subject_of_secondary_has_remembered_periods():
    for level in (Level.THCS, Level.THPT):
        for grade in level.grades:
            assert [
                s.code for s in BY_CODE.values() if grade in s.compulsory and remembered_periods(s, grade) is None
            ] == []
