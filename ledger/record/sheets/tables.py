# SPDX-License-Identifier: Apache-2.0

"""Finding a table in a sheet by its headings, wherever it stands and however it is spelt.

School software puts two or three title rows with merged cells above a table, and adds or moves columns from one version
to the next. So nothing here counts rows or columns: the heading row is the one that carries the headings we know.
Findings speak of sheets and columns by the names in this module, which are those of the commonest export.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.record.findings import Finding, Severity
from ledger.record.sheets.cells import text
from ledger.record.sheets.workbook import Cell, Grid
from ledger.record.spelling import folded
from ledger.record.subjects import Level

INFO: Final = "Thông tin"
PUPILS: Final = "Học sinh"
TEACHERS: Final = "Phân công"
TERM_1: Final = "Học kỳ I"
TERM_2: Final = "Học kỳ II"
YEAR: Final = "Cả năm"
RESULTS: Final = "Kết quả"
COMMENTS: Final = "Nhận xét"
ACHIEVEMENTS: Final = "Môn học"
"""Primary: what each pupil reached in each subject, with the test at the end of the year."""
TRAITS: Final = "Phẩm chất năng lực"
"""Primary: qualities and competences."""
REASSESSED: Final = "Đánh giá lại"
"""Secondary: marks after re-assessment in summer, of the pupils concerned."""
HISTORY: Final = "Quá trình học tập"
"""Earlier years, of any level."""

SHEETS: Final[Mapping[str, tuple[str, ...]]] = {
    INFO: ("Thông tin chung",),
    PUPILS: ("Danh sách", "Danh sách học sinh", "DSHS"),
    TEACHERS: ("Phân công giảng dạy", "Giáo viên"),
    TERM_1: ("HK I", "Học kỳ 1"),
    TERM_2: ("HK II", "Học kỳ 2"),
    YEAR: ("CN", "Tổng kết cả năm"),
    REASSESSED: ("Đánh giá lại sau hè", "Kiểm tra lại"),
    ACHIEVEMENTS: ("Môn học và HĐGD", "Môn học và hoạt động giáo dục", "Đánh giá môn học"),
    TRAITS: ("Phẩm chất và năng lực", "Năng lực, phẩm chất", "Năng lực và phẩm chất", "PC-NL"),
    RESULTS: ("Kết quả cả năm", "Tổng kết"),
    COMMENTS: ("Nhận xét cả năm",),
    HISTORY: ("Quá trình",),
}
"""Each sheet by its usual title, with others in use."""

_OF_EVERY_CLASS: Final = (INFO, PUPILS, TEACHERS, RESULTS)

_HEADING_ROWS: Final = 20
"""So deep below the top a table's headings are looked for."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column that we know."""

    name: str
    required: bool = True
    other_names: tuple[str, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """What its heading may fold to."""
        return frozenset(heading_key(name) for name in (self.name, *self.other_names))


STT: Final = Heading("STT", required=False, other_names=("TT", "Số thứ tự"))
CODE: Final = Heading("Mã học sinh", other_names=("Mã HS", "Mã định danh học sinh"))
NAME: Final = Heading("Họ và tên", other_names=("Họ tên", "Họ và tên học sinh", "Họ tên học sinh"))


def heading_key(title: str) -> str:
    """Fold a heading or a sheet title, so that `Học kì 1`, `HK I` and `HỌC KỲ I` are one."""
    key = folded(title).replace("hocky", "hk").replace("hocki", "hk")
    return key.replace("hk1", "hki").replace("hk2", "hkii")


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was found: which column each known heading has, and the rows below."""

    sheet: str
    columns: Mapping[str, int]
    others: tuple[tuple[int, str], ...]
    """(column, heading) of headings that nobody here knows."""
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    doubled: tuple[tuple[int, str, str], ...] = ()
    """(column, heading, known heading) of columns about what an earlier column is about already."""
    given_name: int | None = None
    """The column of the given name, where `Họ và tên` stands over two."""

    def cell(self, cells: tuple[Cell, ...], column: str) -> Cell:
        """Return the cell of a row under a heading, or `None` when the table has no such column."""
        number = self.columns.get(column)
        return None if number is None or number > len(cells) else cells[number - 1]

    def name(self, cells: tuple[Cell, ...]) -> str | None:
        """Return a person's whole name, which may stand in one cell or in two."""
        return whole_name(cells, self.columns.get(NAME.name), self.given_name)


def required_sheets(level: Level | None) -> tuple[str, ...]:
    """Return the sheets that a class must have; of an unknown level, those that every class has."""
    match level:
        case None:
            needed = frozenset(_OF_EVERY_CLASS)
        case Level.TH:
            needed = frozenset((*_OF_EVERY_CLASS, ACHIEVEMENTS, TRAITS))
        case Level.THCS | Level.THPT:
            # A year that has no sheet is computed from the semesters.
            needed = frozenset((*_OF_EVERY_CLASS, TERM_1, TERM_2, COMMENTS))
    return tuple(sheet for sheet in SHEETS if sheet in needed)


def sheets_by_title(grids: Iterable[Grid]) -> dict[str, Grid]:
    """Return the sheets that we know, by their usual title; of two for one thing, the one that has that title."""
    return {sheet: alike[0] for sheet, alike in sheets_alike(grids).items()}


def sheets_alike(grids: Iterable[Grid]) -> dict[str, list[Grid]]:
    """Return every sheet that might be the one of a title, those first that have the usual title itself."""
    titles = {heading_key(name): sheet for sheet, others in SHEETS.items() for name in (sheet, *others)}
    found: dict[str, list[Grid]] = {}
    for grid in grids:
        sheet = titles.get(heading_key(grid.title))
        if sheet is not None:
            found.setdefault(sheet, []).append(grid)
    usual = {heading_key(sheet) for sheet in SHEETS}
    return {
        sheet: sorted(alike, key=lambda grid: heading_key(grid.title) not in usual) for sheet, alike in found.items()
    }


def table_in(grid: Grid, sheet: str, headings: tuple[Heading, ...], anchors: tuple[Heading, ...]) -> Table | None:
    """Find the table whose heading row carries all `anchors`; `None` when there is none near the top.

    Headings may stand in two rows, with the upper ones merged over the lower: `Toán` over `Mức` and `KTĐK` are read as
    `Toán - Mức` and `Toán - KTĐK`.
    """
    by_key = {key: heading for heading in headings for key in heading.keys}
    for number, row in enumerate(grid.rows[:_HEADING_ROWS], start=1):
        titles = _name_in_one({column: title for column, cell in enumerate(row, start=1) if (title := text(cell))})
        keys = {heading_key(title) for title in titles.values()}
        if not all(anchor.keys & keys for anchor in anchors):
            continue
        below = grid.rows[number] if number < len(grid.rows) else ()
        lower = _lower_headings(titles, below, (STT, CODE, NAME, *anchors))
        titles = _name_in_one(_joined(titles, lower)) if lower else titles
        columns: dict[str, int] = {}
        others: list[tuple[int, str]] = []
        doubled: list[tuple[int, str, str]] = []
        for column, title in titles.items():
            heading = by_key.get(heading_key(title))
            if heading is None:
                others.append((column, title))
            elif heading.name in columns:
                doubled.append((column, title, heading.name))
            else:
                columns[heading.name] = column
        rows = list(grid.numbered(number + (2 if lower else 1)))
        rows = rows[1:] if rows and numbers_columns(rows[0][1]) else rows
        given = given_name_column(columns.get(NAME.name), titles, [row for _, row in rows])
        return Table(sheet, columns, tuple(others), tuple(rows), tuple(doubled), given)
    return None


def _lower_headings(titles: Mapping[int, str], row: tuple[Cell, ...], own: tuple[Heading, ...]) -> dict[int, str]:
    """Return the second row of headings, or nothing if `row` is a pupil's.

    A pupil's row has something in the columns that say whose it is, and nothing beside the columns that have a heading.
    """
    lower = {column: title for column, cell in enumerate(row, start=1) if (title := text(cell))}
    keys = frozenset(key for heading in own for key in heading.keys)
    whose = {column for column, title in titles.items() if heading_key(title) in keys}
    whose -= {column for column, title in lower.items() if heading_key(title) in _FAMILY_NAME}
    words = all(isinstance(row[column - 1], str) for column in lower)
    return lower if words and not whose & set(lower) and set(lower) - set(titles) else {}


def _joined(upper: Mapping[int, str], lower: Mapping[int, str]) -> dict[int, str]:
    """Return one heading per column; an upper one reaches over the empty cells to its right."""
    joined: dict[int, str] = {}
    over = ""
    for column in range(1, max((*upper, *lower)) + 1):
        over = upper.get(column, over)
        if column in lower:
            joined[column] = f"{over} - {lower[column]}" if over else lower[column]
        elif column in upper:
            joined[column] = upper[column]
    return joined


_FAMILY_NAME: Final = frozenset(
    before + name
    for before in ("", "hovaten")
    for name in ("ho", "hodem", "hovadem", "holot", "hovalot", "hotendem", "hovatendem", "hovatenlot", "hotenlot")
)
_GIVEN_NAME: Final = frozenset({"ten", "hovatenten"})


def _name_in_one(titles: dict[int, str]) -> dict[int, str]:
    """Read `Họ và tên đệm` beside `Tên` as one heading over two columns. One without the other is no whole name."""
    for column, title in titles.items():
        if heading_key(title) in _FAMILY_NAME and heading_key(titles.get(column + 1, "")) in _GIVEN_NAME:
            return {number: said for number, said in titles.items() if number != column + 1} | {column: NAME.name}
    return titles


_RESULTS_FOLDED: Final = frozenset(
    ("t", "k", "h", "d", "c", "cd", "x", "tot", "kha", "dat", "chuadat", "cancogang", "mien", "nam", "nu")
)
"""What may stand to the right of a name under a heading that somebody deleted."""


def _is_given_name(cell: Cell) -> bool:
    key = folded(text(cell) or "")
    return key.isalpha() and key not in _RESULTS_FOLDED and "hoanthanh" not in key


def given_name_column(name: int | None, titles: Iterable[int], rows: Sequence[Sequence[Cell]]) -> int | None:
    """Return the column of given names: the one to the right of `Họ và tên`, if it has words but no heading.

    Lists are sorted by given name, so schools keep it in a column of its own, below one merged heading. To read the first
    column alone would cut off every name.
    """
    if name is None or name + 1 in titles:
        return None
    named = [row for row in rows if len(row) >= name and isinstance(row[name - 1], str) and text(row[name - 1])]
    given = [row for row in named if len(row) > name and isinstance(row[name], str) and _is_given_name(row[name])]
    return name + 1 if named and 2 * len(given) >= len(named) else None


def whole_name(row: Sequence[Cell], name: int | None, given: int | None) -> str | None:
    """Return the name in a row, out of one column or two."""
    parts = [text(row[column - 1]) for column in (name, given) if column is not None and column <= len(row)]
    return " ".join(part for part in parts if part) or None


_COLUMN_NUMBER: Final = re.compile(r"\(?(?:(\d{1,3})|[^\W\d_])\)?")
_LEAST_NUMBERS: Final = 3


def numbers_columns(row: Iterable[Cell]) -> bool:
    """Return whether a row only counts the columns, as printed forms do below their headings (A, B, C, 1, 2, 3 …)."""
    said = [_COLUMN_NUMBER.fullmatch(title) for cell in row if (title := text(cell))]
    if len(said) < _LEAST_NUMBERS or not all(said):
        return False
    numbers = [int(match[1]) for match in said if match and match[1]]
    return bool(numbers) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def missing_sheet(sheet: str, file: str) -> Finding:
    """Say that a sheet is not there."""
    return Finding(
        "SH-03",
        Severity.ERROR,
        f"Tệp {file} thiếu trang “{sheet}”. Hãy xuất lại đủ các trang, hoặc thêm trang “{sheet}”.",
        f"The file {file} has no sheet “{sheet}”. Export it again with all sheets, or add the sheet “{sheet}”.",
        sheet=sheet,
        expected=sheet,
    )


def missing_table(sheet: str, anchors: tuple[Heading, ...]) -> Finding:
    """Say that a sheet has no heading row."""
    names = ", ".join(anchor.name for anchor in anchors)
    return Finding(
        "SH-04",
        Severity.ERROR,
        f"Trang “{sheet}” không có dòng tiêu đề với các cột: {names}. Hãy ghi lại dòng tiêu đề.",
        f"The sheet “{sheet}” has no heading row with the columns: {names}. Restore the heading row.",
        sheet=sheet,
        column=anchors[0].name,
        expected=names,
    )


def missing_column(sheet: str, column: str) -> Finding:
    """Say that a table lacks a column."""
    return Finding(
        "SH-04",
        Severity.ERROR,
        f"Trang “{sheet}” thiếu cột “{column}”. Hãy thêm cột này, hoặc sửa lại tiêu đề cho đúng.",
        f"The sheet “{sheet}” lacks the column “{column}”. Add it, or correct its heading.",
        sheet=sheet,
        column=column,
        expected=column,
    )


def unknown_column(sheet: str, title: str) -> Finding:
    """Say that a column was left aside."""
    return Finding(
        "SH-04",
        Severity.WARNING,
        f"Cột “{title}” ở trang “{sheet}” không phải là môn học hay mục đã biết nên không được nhập."
        " Nếu là môn học, hãy sửa tên môn cho đúng.",
        f"The column “{title}” of the sheet “{sheet}” is no subject or field that we know; it was left aside."
        " If it is a subject, correct its name.",
        sheet=sheet,
        column=title,
        found=title,
    )


def double_column(sheet: str, title: str) -> Finding:
    """Say that two columns are about the same thing, so that nobody can tell which counts."""
    return Finding(
        "SH-04",
        Severity.ERROR,
        f"Trang “{sheet}” có hai cột cho cùng một mục; cột sau là “{title}”. Hãy xóa cột thừa.",
        f"Two columns of the sheet “{sheet}” are about the same thing; the later one is “{title}”. Delete one of them.",
        sheet=sheet,
        column=title,
        found=title,
    )
