# SPDX-License-Identifier: Apache-2.0

"""Which row is which pupil: the class list, and the rows of every other sheet that belong to it.

Sheets are joined by the pupil's code. Where a code stands twice the first goes with the first. A name that differs
between sheets under one code means that rows have slipped, and is an error.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ledger.record.findings import Finding, Severity
from ledger.record.sheets import cells
from ledger.record.sheets.cell_reader import CellReader
from ledger.record.sheets.tables import CODE, NAME, PUPILS, STT, Table
from ledger.record.sheets.workbook import Cell
from ledger.record.spelling import folded


@dataclass(frozen=True, slots=True)
class PupilRow:
    """One pupil's row on one sheet."""

    number: int
    stt: int | None
    code: str | None
    name: str | None
    cells: tuple[Cell, ...]


_NUMBER = re.compile(r"(\d{1,3})(?:[.,]0*)?", flags=re.ASCII)
_COUNTED = re.compile(r"(tong|cong|tile|tyle|soluong|sohs|sohocsinh|siso|thongke|(diem)?trungbinh)")
"""How a row of totals below a table begins, folded."""
_PUPIL_CELLS = 3
"""A row without number and code that has this many cells filled is a pupil somebody forgot to number, not a footer."""

_CODE_LENGTH = 8
_FOOTER_CELLS = 4
"""A row without number that has no more cells filled than this may be a footer that reaches into the pupils' codes."""


def pupil_rows(table: Table, reader: CellReader) -> list[PupilRow]:
    """Return the rows of a table that speak of a pupil; footers and signatures below it do not."""
    rows = []
    for number, line in table.rows:
        written = cells.text(table.cell(line, STT.name)) or ""
        match = _NUMBER.fullmatch(written)
        stt = int(match[1]) if match else None
        code = cells.text(table.cell(line, CODE.name))
        row = PupilRow(number, stt, code, table.name(line), line)
        filled = sum(cells.text(cell) is not None for cell in line)
        # A code is one long word. A signature or a day has several, a total is short beside words for a number.
        footer = code is not None and (" " in code or (written != "" and len(code) < _CODE_LENGTH))
        if stt is None and footer and filled <= _FOOTER_CELLS:
            continue
        if stt is None and code is None:
            if _COUNTED.match(folded(row.name or "")):
                continue
            if row.name and filled >= _PUPIL_CELLS:
                reader.findings.append(_nameless(table.sheet, row))
            continue
        # A numbered line without anything else is a blank form line.
        if code is None and row.name is None:
            continue
        if code is None:
            reader.findings.append(no_code(table.sheet, row))
        rows.append(row)
    return rows


def join(
    table: Table, pupils: Sequence[PupilRow], reader: CellReader, *, everybody: bool = True
) -> dict[int, PupilRow]:
    """Return each pupil's row on another sheet, by the pupil's index; say who is missing, unknown or misnamed.

    Where the sheet is not about `everybody`, nobody is missing on it.
    """
    waiting = pupil_rows(table, reader)
    joined: dict[int, PupilRow] = {}
    for index, pupil in enumerate(pupils):
        row = next((row for row in waiting if row.code is not None and row.code == pupil.code), None)
        if row is None:
            row = next((row for row in waiting if _same_person(row, pupil)), None)
            if row is None:
                reader.findings += [_absent(table.sheet, pupil)] if everybody else []
                continue
            reader.findings.append(_other_code(table.sheet, row, pupil))
        else:
            reader.findings += misnamed(table, row, pupil)
        waiting.remove(row)
        joined[index] = row
    reader.findings += [stranger(table.sheet, row) for row in waiting]
    return joined


def misnamed(table: Table, row: PupilRow, pupil: PupilRow) -> list[Finding]:
    """Say that a row has a pupil's code but somebody else's name; nothing if they agree, or the table has no names."""
    same = NAME.name not in table.columns or folded(row.name or "") == folded(pupil.name or "")
    return [] if same else [_other_name(table.sheet, row, pupil)]


def _same_person(row: PupilRow, pupil: PupilRow) -> bool:
    return row.stt is not None and row.stt == pupil.stt and folded(row.name or "") == folded(pupil.name or "")


def _at(finding: Finding, sheet: str, row: PupilRow) -> Finding:
    return replace(finding, sheet=sheet, row=row.number, stt=row.stt, pupil=row.code)


def _nameless(sheet: str, row: PupilRow) -> Finding:
    return _at(
        Finding(
            "SH-06",
            Severity.ERROR,
            "Dòng này có tên nhưng không có STT và mã học sinh. Hãy ghi mã học sinh, hoặc xóa dòng nếu thừa.",
            "This row has a name but neither number nor pupil code. Write the code, or delete the row.",
            column=CODE.name,
        ),
        sheet,
        row,
    )


def no_code(sheet: str, row: PupilRow) -> Finding:
    """Say that a row has no code."""
    return _at(
        Finding(
            "SH-06",
            Severity.ERROR,
            "Học sinh ở dòng này chưa có mã học sinh. Hãy ghi mã theo cơ sở dữ liệu ngành.",
            "The pupil in this row has no code. Write the code from the sector database.",
            column=CODE.name,
            expected="10-12 ký tự / characters",
        ),
        sheet,
        row,
    )


def _absent(sheet: str, pupil: PupilRow) -> Finding:
    return Finding(
        "SH-06",
        Severity.ERROR,
        f"Học sinh mã {pupil.code} có trong trang “{PUPILS}” (dòng {pupil.number}) nhưng không có ở trang “{sheet}”."
        " Hãy bổ sung dòng của học sinh này, hoặc sửa mã cho khớp.",
        f"Pupil {pupil.code} stands on “{PUPILS}” (row {pupil.number}) but not on “{sheet}”."
        " Add the pupil's row there, or correct the code.",
        sheet=sheet,
        stt=pupil.stt,
        column=CODE.name,
        pupil=pupil.code,
        expected=pupil.code,
    )


def stranger(sheet: str, row: PupilRow) -> Finding:
    """Say that nobody in the class has the code of this row."""
    return _at(
        Finding(
            "SH-06",
            Severity.ERROR,
            f"Mã {row.code} ở dòng này không có trong trang “{PUPILS}”. Hãy sửa mã, xóa dòng, hoặc thêm học sinh.",
            f"The code {row.code} in this row is not on “{PUPILS}”. Correct the code, delete the row, or add the pupil.",
            column=CODE.name,
            found=row.code,
        ),
        sheet,
        row,
    )


def _other_code(sheet: str, row: PupilRow, pupil: PupilRow) -> Finding:
    return replace(
        _at(
            Finding(
                "SH-09",
                Severity.ERROR,
                f"Mã học sinh ở đây là {row.code}, nhưng trang “{PUPILS}” ghi {pupil.code} cho cùng STT và tên."
                " Hãy sửa cho hai trang giống nhau.",
                f"The pupil code here is {row.code}, but “{PUPILS}” has {pupil.code} for the same number and name."
                " Make the two sheets agree.",
                column=CODE.name,
                found=row.code,
                expected=pupil.code,
            ),
            sheet,
            row,
        ),
        pupil=pupil.code,
    )


def _other_name(sheet: str, row: PupilRow, pupil: PupilRow) -> Finding:
    return _at(
        Finding(
            "SH-09",
            Severity.ERROR,
            f"Họ tên ở dòng này khác với trang “{PUPILS}” (dòng {pupil.number}) dù cùng mã học sinh;"
            " có thể các dòng đã bị lệch. Hãy đối chiếu hai trang.",
            f"The name in this row differs from “{PUPILS}” (row {pupil.number}) under the same code;"
            " rows may have slipped. Compare the two sheets.",
            column=NAME.name,
            found=row.name,
            expected=pupil.name,
        ),
        sheet,
        row,
    )
