# SPDX-License-Identifier: Apache-2.0

"""Opening an XLSX that a stranger sent, and seeing it as plain grids; `ledger.record.sheets.table_files` does CSV and JSON.

A workbook is a ZIP of XML, which is two ways to hurt whoever opens it. Before openpyxl sees a byte, the archive's own
directory is held against limits: number of parts, declared size of each and of all. Python's `zipfile` never inflates
past a declared size, so a directory that lies only damages its own file. No part of a real workbook has a DTD; one that
has is refused. Macros, external links and pictures are never looked at.

What comes out is a `Grid` per sheet: the values as they stand, `FORMULA` where a formula has no stored result.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from ledger.record.findings import Finding, Severity

MAX_FILE_BYTES: Final = 10 * 1024 * 1024
"""A class of 60 with long comments is about 60 kB; ten megabytes is the ministry's limit for a whole transaction."""
MAX_UNPACKED_BYTES: Final = 64 * 1024 * 1024
MAX_PARTS: Final = 500
MAX_ROWS: Final = 400
MAX_COLUMNS: Final = 160
"""A mark book has six columns for each of some fourteen subjects."""
MAX_SHEETS: Final = 40

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Compound files: both the old XLS and an XLSX with a password begin like this."""


@dataclass(frozen=True, slots=True)
class Formula:
    """Stands where a formula has never been computed, so that nobody takes the cell for empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Reported:
    """Stands where something is wrong that has been told already, so that nobody tells it again."""


Cell = object
"""str, int, float, datetime, bool, `Formula`, `Reported` or None: what openpyxl gives, narrowed by `cells`."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet. Row and column numbers count from 1, as the spreadsheet shows them."""

    title: str
    rows: tuple[tuple[Cell, ...], ...]

    def at(self, row: int, column: int) -> Cell:
        """Return the cell, or `None` beyond the edge."""
        if row > len(self.rows) or column > len(self.rows[row - 1]):
            return None
        return self.rows[row - 1][column - 1]

    def numbered(self, first: int) -> Iterator[tuple[int, tuple[Cell, ...]]]:
        """Yield the rows from `first` on with their numbers, empty ones left out."""
        for number, row in enumerate(self.rows[first - 1 :], start=first):
            if any(cell is not None and cell != "" for cell in row):
                yield number, row


def trimmed(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Return a row without the empty cells at its end, which programs write out as far as they ever went."""
    row = list(cells)
    while row and (row[-1] is None or row[-1] == ""):
        row.pop()
    return tuple(row)


class Refused(Exception):
    """Carries the one finding that says why a file was not opened. `ledger.record.sheets.class_sheet` catches it."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message_en)
        self.finding = finding

    @classmethod
    def because(cls, rule: str, message_vi: str, message_en: str) -> "Refused":
        """Make a refusal of the whole file."""
        return cls(Finding(rule, Severity.ERROR, message_vi, message_en))

    @classmethod
    def too_large(cls, file: str, found: str) -> "Refused":
        """Make a refusal of what is beyond the limits of this module."""
        return cls(
            Finding(
                "SH-02",
                Severity.ERROR,
                f"Tệp {file} quá lớn so với danh sách một lớp. Hãy xuất lại từng lớp một, không kèm ảnh, rồi nạp lại.",
                f"The file {file} is too large for a class list. Export one class at a time, without pictures.",
                found=found,
                expected=f"≤ {MAX_FILE_BYTES} byte, ≤ {MAX_UNPACKED_BYTES} byte unpacked, ≤ {MAX_PARTS} parts,"
                f" ≤ {MAX_SHEETS} sheets, ≤ {MAX_ROWS} rows, ≤ {MAX_COLUMNS} columns",
            )
        )


def grids(data: bytes, *, file: str) -> tuple[Grid, ...]:
    """Return the sheets of an XLSX. Raises `Refused` with a finding when these bytes are none, or not a safe one."""
    try:
        _look_inside(data, file)
        values = _load(data, file, data_only=True)
        if _has_formulas(data):
            values = _with_formulas(values, _load(data, file, data_only=False))
    # openpyxl lets whatever went wrong inside a damaged part out as it is; to a school they are all one thing.
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        ParseError,
        SyntaxError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        OverflowError,
    ) as error:
        raise Refused.because(
            "SH-01",
            f"Tệp {file} bị hỏng nên không mở được. Hãy mở bằng Excel hoặc LibreOffice, lưu lại (.xlsx) rồi nạp lại.",
            f"The file {file} is damaged and cannot be opened. Open it in Excel or LibreOffice, save it again as"
            " .xlsx, and import that.",
        ) from error
    return tuple(Grid(grid.title, tuple(trimmed(row) for row in grid.rows)) for grid in values)


def _look_inside(data: bytes, file: str) -> None:
    if not data:
        raise Refused.because(
            "SH-01",
            f"Tệp {file} rỗng (0 byte). Hãy xuất lại từ phần mềm của trường rồi nạp lại.",
            f"The file {file} is empty (0 bytes). Export it again from the school's software.",
        )
    if data.startswith(_OLE):
        raise Refused.because(
            "SH-01",
            f"Tệp {file} có mật khẩu, hoặc là bản Excel cũ (.xls). Hãy gỡ mật khẩu và lưu dạng Excel Workbook (.xlsx).",
            f"The file {file} has a password, or is an old .xls. Remove the password and save it as .xlsx.",
        )
    if len(data) > MAX_FILE_BYTES:
        raise Refused.too_large(file, f"{len(data)} byte")
    if not data.startswith(_ZIP):
        raise Refused.because(
            "SH-01",
            f"Tệp {file} không phải là bảng tính Excel (.xlsx), cũng không phải tệp ZIP các trang CSV hay tệp JSON."
            " Hãy chọn đúng tệp, hoặc lưu lại dạng .xlsx. Một tệp CSV chỉ là một trang: hãy nạp cả thư mục chứa đủ các trang.",
            f"The file {file} is no Excel workbook (.xlsx), no ZIP of CSV sheets and no JSON. Choose the right file, or"
            " save it as .xlsx. One CSV is only one sheet: import the whole folder.",
        )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        unpacked = sum(part.file_size for part in parts)
        if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED_BYTES:
            raise Refused.too_large(file, f"{unpacked} byte, {len(parts)} part(s)")
        if any(part.flag_bits & 0x1 for part in parts):
            raise Refused.because(
                "SH-01",
                f"Tệp {file} bị khóa bằng mật khẩu. Hãy gỡ mật khẩu rồi nạp lại.",
                f"The file {file} is locked with a password. Remove the password and import it again.",
            )
        for part in parts:
            if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.read(part):
                raise Refused.because(
                    "SH-02",
                    f"Tệp {file} chứa khai báo DTD mà bảng tính thật không có, nên bị từ chối vì lý do an toàn."
                    " Hãy xuất lại từ phần mềm của trường.",
                    f"The file {file} contains a DTD, which no real workbook does; it is refused for safety."
                    " Export it again from the school's software.",
                )


def _has_formulas(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [part for part in archive.infolist() if part.filename.startswith("xl/worksheets/")]
        return any(b"<f" in archive.read(part) for part in sheets)


def _load(data: bytes, file: str, *, data_only: bool) -> tuple[Grid, ...]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=data_only, keep_links=False)
    try:
        found = []
        for sheet in book.worksheets[:MAX_SHEETS]:
            # The declared dimension of a sheet is a hint that exporters get wrong; the bounds are ours.
            sheet.reset_dimensions()
            rows = tuple(sheet.iter_rows(max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS + 1, values_only=True))
            if len(rows) > MAX_ROWS and any(cell is not None for cell in rows[-1]):
                raise Refused.too_large(file, f"{sheet.title}: > {MAX_ROWS} rows")
            if any(len(row) > MAX_COLUMNS and row[MAX_COLUMNS] is not None for row in rows):
                raise Refused.too_large(file, f"{sheet.title}: > {MAX_COLUMNS} columns")
            found.append(Grid(sheet.title, rows[:MAX_ROWS]))
        return tuple(found)
    finally:
        book.close()


def _with_formulas(values: tuple[Grid, ...], formulas: tuple[Grid, ...]) -> tuple[Grid, ...]:
    """Put a `Formula` wherever a formula stands that has no stored value."""
    merged = []
    for value_grid, formula_grid in zip(values, formulas, strict=True):
        rows = []
        for number, row in enumerate(value_grid.rows, start=1):
            cells: list[Cell] = []
            for column, value in enumerate(row, start=1):
                written = formula_grid.at(number, column)
                unknown = value is None and isinstance(written, str) and written.startswith("=")
                cells.append(Formula(str(written)) if unknown else value)
            rows.append(tuple(cells))
        merged.append(Grid(value_grid.title, tuple(rows)))
    return tuple(merged)
