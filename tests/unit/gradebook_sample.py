# SPDX-License-Identifier: Apache-2.0

"""A class that hands in its mark book: components invented so that they give the averages it has."""

import io
from decimal import Decimal

import openpyxl

from ledger.record.rules.rulebook import TT22
from ledger.record.rules.tt22 import regular_marks
from ledger.record.sheets.gradebook import BOOKS
from ledger.record.sheets.tables import TERM_1, TERM_2

HEADING_ROW = 5
SPREAD = Decimal("0.3")


def components(average, count):
    """TX1 …, GK, CK with that average; two regular marks differ, because nobody's are all the same."""
    if not isinstance(average, int | float):
        return [average] * (count + 2)
    mark = Decimal(str(average))
    marks = [mark] * (count + 2)
    if SPREAD <= mark <= 10 - SPREAD:
        marks[0], marks[1] = mark + SPREAD, mark - SPREAD
    return [float(value) for value in marks]


def periods_of(book):
    sheet = book["Phân công"]
    column = next(cell.column for cell in sheet[HEADING_ROW] if cell.value == "Số tiết/năm")
    rows = sheet.iter_rows(min_row=HEADING_ROW + 1, values_only=True)
    return {row[0]: row[column - 1] for row in rows if row[0]}


def with_mark_book(data, *, two_rows=False, keep_terms=False, change=None):
    """Return the workbook `data` with mark books in place of its terms, or beside them."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    periods = periods_of(book)
    for term in (TERM_1, TERM_2):
        rows = list(book[term].iter_rows(min_row=HEADING_ROW, values_only=True))
        _write(book.create_sheet(BOOKS[term].name), rows, periods, two_rows=two_rows)
        if not keep_terms:
            del book[term]
    if change is not None:
        change(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _write(sheet, rows, periods, *, two_rows):
    sheet["A1"] = "SỔ THEO DÕI VÀ ĐÁNH GIÁ HỌC SINH"
    counts = {title: regular_marks(periods[title], TT22) for title in rows[0][3:]}
    # In two rows the pupils' headings are merged downwards, the subjects' across their components.
    for column, title in enumerate(rows[0][:3], start=1):
        sheet.cell(HEADING_ROW, column, title)
        if two_rows:
            sheet.merge_cells(start_row=HEADING_ROW, end_row=HEADING_ROW + 1, start_column=column, end_column=column)
    column = 4
    for title, count in counts.items():
        labels = [f"TX{number + 1}" for number in range(count)] + ["GK", "CK"]
        for offset, label in enumerate(labels):
            if two_rows:
                sheet.cell(HEADING_ROW + 1, column + offset, label)
            else:
                sheet.cell(HEADING_ROW, column + offset, f"{title} - {label}")
        if two_rows:
            sheet.cell(HEADING_ROW, column, title)
            sheet.merge_cells(
                start_row=HEADING_ROW,
                end_row=HEADING_ROW,
                start_column=column,
                end_column=column + len(labels) - 1,
            )
        column += len(labels)
    first = HEADING_ROW + 1 + two_rows
    for number, row in enumerate(rows[1:], start=first):
        marks = [
            mark for title, average in zip(counts, row[3:], strict=True) for mark in components(average, counts[title])
        ]
        for column, value in enumerate((*row[:3], *marks), start=1):
            sheet.cell(number, column, value)


def cell_of(sheet, stt, subject, label):
    """A cell of a mark book in one heading row."""
    column = next(cell.column for cell in sheet[HEADING_ROW] if cell.value == f"{subject} - {label}")
    return sheet.cell(HEADING_ROW + stt, column)
