# SPDX-License-Identifier: Apache-2.0

"""Mark books whose headings stand in three rows, or are merged over several marks: nothing is left out of an average."""

import pytest
from given_workbooks import given
from gradebook_sample import HEADING_ROW, with_mark_book

from ledger.record.sheets.class_sheet import read_class
from ledger.record.sheets.gradebook import BOOKS
from ledger.record.sheets.tables import YEAR


def with_merged_tests(regular, number):
    """Return a change of a book in two rows: one heading over all regular marks, with `number(1)` … below, or nothing."""

    def change(book):
        for heading in BOOKS.values():
            sheet = book[heading.name]
            # The third row comes in every case; where nothing is written into it, it is deleted again.
            sheet.insert_rows(HEADING_ROW + 2)
            for cell in sheet[HEADING_ROW + 1]:
                label = str(cell.value)
                if label.startswith("TX"):
                    cell.value = regular if label == "TX1" else None
                    sheet.cell(HEADING_ROW + 2, cell.column).value = number(int(label[2:]))
            if number(1) is None:
                sheet.delete_rows(HEADING_ROW + 2)

    return change


@pytest.mark.parametrize("name", ["thcs-9A1", "thpt-12A3"])
@pytest.mark.parametrize(
    ("regular", "number"),
    [
        ("ĐĐGtx", int),
        ("ĐĐGtx", str),
        ("Điểm đánh giá\nthường xuyên", "Lần {}".format),
        ("TX", "TX{}".format),
        ("ĐĐGtx", lambda _: None),
    ],
)
def test_every_regular_mark_counts_however_its_heading_is_merged(name, regular, number):
    plain = read_class(given(name), file="lop.xlsx")
    book = with_mark_book(given(name), two_rows=True, change=with_merged_tests(regular, number))
    reading = read_class(book, file="lop.xlsx")
    assert reading.findings == ()
    assert [record.year for record in reading.draft.records] == [record.year for record in plain.draft.records]
    assert [label for label, _ in reading.computed[0].components][:2] == ["TX1", "TX2"]


def test_a_second_mark_under_a_merged_test_is_refused():
    def change(book):
        sheet = book[BOOKS["Học kỳ I"].name]
        columns = [cell.column for cell in sheet[HEADING_ROW + 1] if cell.value == "CK"]
        sheet.insert_cols(columns[-1] + 1)
        for row in range(HEADING_ROW + 2, sheet.max_row + 1):
            sheet.cell(row, columns[-1] + 1).value = "Đạt"

    reading = read_class(with_mark_book(given("thcs-9A1"), two_rows=True, change=change), file="lop.xlsx")
    assert [(f.rule, f.column) for f in reading.findings] == [("TT-02", "Nội dung giáo dục của địa phương - CK")]


def test_a_row_that_only_counts_the_columns_is_no_pupil():
    def change(book):
        del book[YEAR]
        for sheet in book.worksheets[1:]:
            rows = HEADING_ROW + (2 if sheet.title in {heading.name for heading in BOOKS.values()} else 1)
            sheet.insert_rows(rows)
            for column in range(1, sheet.max_column + 1):
                sheet.cell(rows, column).value = "ABC"[column - 1] if column < 4 else f"({column - 3})"

    reading = read_class(with_mark_book(given("thcs-9A1"), two_rows=True, change=change), file="lop.xlsx")
    assert [f for f in reading.findings if f.sheet != "Phân công"] == []
    assert reading.draft.enrolled == 42
