# SPDX-License-Identifier: Apache-2.0

"""Where a pupil went to school before: the sheet `Quá trình học tập`, with a line per year, class and school.

A pupil may have several lines, or none: who has always been here needs none. The line of this year and this class is
always there and always last, whether or not the sheet has it; the sheet may say on which day the pupil came.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from ledger.record.findings import Finding, Severity
from ledger.record.model import Place, Schooling
from ledger.record.sheets import cells
from ledger.record.sheets.cell_reader import CellReader
from ledger.record.sheets.class_list import PupilRow, misnamed, no_code, pupil_rows, stranger
from ledger.record.sheets.class_tables import ClassTables
from ledger.record.sheets.pupil_rows import ARRIVED
from ledger.record.sheets.tables import CODE, HISTORY, NAME, PUPILS, STT, Heading, Table
from ledger.record.sheets.workbook import Cell
from ledger.record.spelling import folded

YEAR_OF_LINE = Heading("Năm học")
CLASS_OF_LINE = Heading("Lớp", other_names=("Tên lớp",))
SCHOOL_OF_LINE = Heading("Trường", other_names=("Tên trường", "Trường học"))
_OF_A_LINE = (YEAR_OF_LINE, CLASS_OF_LINE, SCHOOL_OF_LINE)
HISTORY_COLUMNS = (STT, CODE, NAME, *_OF_A_LINE, ARRIVED)
"""The sheet `Quá trình học tập`."""


def read_histories(tables: ClassTables, now: Schooling) -> dict[int, list[Schooling]]:
    """Return the lines of each pupil, by index; `now` is this year's line, which nothing may come after."""
    table = tables.find(HISTORY, HISTORY_COLUMNS)
    if table is None:
        return {}
    tables.require(HISTORY, HISTORY_COLUMNS)
    by_code: dict[str | None, int] = {}
    for index, pupil in enumerate(tables.pupils):
        by_code.setdefault(pupil.code, index)
    lines: dict[int, list[Schooling]] = {}
    for row in pupil_rows(_with_codes(table, tables.reader), tables.reader):
        if row.code not in by_code or row.code is None:
            # A line without a code has been reported by `pupil_rows`.
            tables.reader.findings += [stranger(HISTORY, row)] if row.code else []
            continue
        index = by_code[row.code]
        pupil = tables.pupils[index]
        tables.reader.findings += misnamed(table, row, pupil)
        reader = tables.reader.at(Place(pupil.stt, {HISTORY: row.number}), row.code)
        line = _line(row, table, reader)
        if line is not None and line.school_year > now.school_year:
            tables.reader.findings.append(_after(row, line, now))
        elif line is not None:
            lines.setdefault(index, []).append(line)
    return lines


def history(
    lines: Sequence[Schooling], now: Schooling, pupil: PupilRow, findings: list[Finding]
) -> tuple[Schooling, ...]:
    """Return a pupil's history in the order of the years, this year's line last; `now.arrived` is what `Học sinh` says."""
    here = [line for line in lines if _same(line, now)]
    arrived = {line.arrived for line in (now, *here) if line.arrived}
    if len(arrived) > 1:
        findings.append(_two_arrivals(pupil, arrived))
    earlier = sorted(
        (line for line in lines if line not in here),
        # Within a year the order is that of arrival; who came first was there without having come.
        key=lambda line: (line.school_year, line.arrived or date.min),
    )
    return (*earlier, replace(now, arrived=min(arrived, default=None)))


def _with_codes(table: Table, reader: CellReader) -> Table:
    """Write number, code and name, which schools merge over the lines of one pupil, into each of them."""
    rows: list[tuple[int, tuple[Cell, ...]]] = []
    who = [table.columns[heading.name] - 1 for heading in (STT, CODE, NAME) if heading.name in table.columns]
    who += [table.given_name - 1] if table.given_name else []
    for number, line in table.rows:
        # Rows end with their last filled cell, which may stand before the columns of who it is.
        cells_of = [*line, *(None for _ in range(max(who, default=0) + 1 - len(line)))]
        said = sum(cells.text(table.cell(line, heading.name)) is not None for heading in _OF_A_LINE)
        if said > 1 and all(cells.text(cells_of[column]) is None for column in who):
            if not rows:
                reader.findings.append(no_code(HISTORY, PupilRow(number, None, None, None, line)))
                continue
            for column in who:
                cells_of[column] = rows[-1][1][column]
        rows.append((number, tuple(cells_of)))
    return replace(table, rows=tuple(rows))


def _same(line: Schooling, now: Schooling) -> bool:
    return line.school_year == now.school_year and (folded(line.class_name), folded(line.school_name)) == (
        folded(now.class_name),
        folded(now.school_name),
    )


def _line(row: PupilRow, table: Table, reader: CellReader) -> Schooling | None:
    year = reader.value(HISTORY, YEAR_OF_LINE.name, table.cell(row.cells, YEAR_OF_LINE.name), cells.school_year)
    named = [
        reader.words(HISTORY, heading.name, table.cell(row.cells, heading.name))
        for heading in (CLASS_OF_LINE, SCHOOL_OF_LINE)
    ]
    arrived = reader.value(HISTORY, ARRIVED.name, table.cell(row.cells, ARRIVED.name), cells.arrival_day)
    for heading, said in zip(_OF_A_LINE, (year, *named), strict=True):
        # A column that is missing, or a cell that could not be read, has been reported.
        if said is None and heading.name in table.columns and (HISTORY, heading.name) not in reader.declined:
            reader.findings.append(_empty(row, heading.name))
    if year is None or named[0] is None or named[1] is None:
        return None
    return Schooling(year, named[0], named[1], arrived)


def _empty(row: PupilRow, column: str) -> Finding:
    return Finding(
        "SH-08",
        Severity.ERROR,
        f"Dòng này của trang “{HISTORY}” thiếu “{column}”. Hãy ghi đủ năm học, lớp và trường, hoặc xóa dòng.",
        f"This line of “{HISTORY}” lacks “{column}”. Write year, class and school, or delete the line.",
        sheet=HISTORY,
        row=row.number,
        stt=row.stt,
        column=column,
        pupil=row.code,
        expected=column,
    )


def _after(row: PupilRow, line: Schooling, now: Schooling) -> Finding:
    return Finding(
        "SH-08",
        Severity.ERROR,
        f"Năm học {line.school_year} ở đây sau năm học của lớp ({now.school_year}). Hãy sửa năm học, hoặc xóa dòng.",
        f"The school year {line.school_year} lies after that of the class ({now.school_year}). Correct it, or delete the"
        " line.",
        sheet=HISTORY,
        row=row.number,
        stt=row.stt,
        column=YEAR_OF_LINE.name,
        pupil=row.code,
        found=line.school_year,
        expected=f"≤ {now.school_year}",
    )


def _two_arrivals(pupil: PupilRow, days: set[date]) -> Finding:
    said = " / ".join(f"{day:%d/%m/%Y}" for day in sorted(days))
    return Finding(
        "SH-09",
        Severity.ERROR,
        f"Ngày chuyển đến lớp này được ghi khác nhau ({said}). Hãy sửa cho trang “{PUPILS}” và “{HISTORY}” giống nhau.",
        f"The day of arrival in this class is given twice, differently ({said}). Make “{PUPILS}” and “{HISTORY}” agree.",
        sheet=PUPILS,
        row=pupil.number,
        stt=pupil.stt,
        column=ARRIVED.name,
        pupil=pupil.code,
        found=said,
    )
