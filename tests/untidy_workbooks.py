# SPDX-License-Identifier: Apache-2.0

"""Making a tidy workbook untidy without changing what it says, in every way that schools' exports are.

`untidied` writes the same class with: titles and headings without accents, with line breaks, decomposed (NFD), with stray
and no-break spaces; cells decomposed and padded; numbers as text with comma or point; dates as text or as Excel dates;
ratings as letters; columns in another order with empty ones between; signatures below the table.
"""

import unicodedata
from datetime import datetime

from openpyxl import Workbook
from small_classes import HEADING_ROW

from ledger.record.scales import Achievement, Attainment, Rating, TraitLevel

_LETTERS = {
    "Môn học": {
        Achievement.HOAN_THANH_TOT.value: "T",
        Achievement.HOAN_THANH.value: "h",
        Achievement.CHUA_HOAN_THANH.value: "C",
    },
    "Phẩm chất năng lực": {
        TraitLevel.TOT.value: "T",
        TraitLevel.DAT.value: "Đ",
        TraitLevel.CAN_CO_GANG.value: "c",
    },
}
_RATINGS = {Rating.TOT.value: "T", Rating.KHA.value: "K", Rating.DAT.value: "Đ", Rating.CHUA_DAT.value: "CĐ"}
_ATTAINMENTS = {Attainment.DAT.value: "đ", Attainment.CHUA_DAT.value: "CĐ"}
_MARKS = ("Môn học", "Học kỳ I", "Học kỳ II", "Cả năm")
_PLAIN_SHEETS = ("Học sinh", "Phân công", "Nhận xét", "Thông tin")


def without_accents(text: str) -> str:
    """As it is typed on a keyboard without Vietnamese."""
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).upper()


def _heading(text: str, turn: int) -> str:
    match turn % 5:
        case 0:
            return without_accents(text)
        case 1:
            return text.replace(" ", "\n", 1)
        case 2:
            return unicodedata.normalize("NFD", text)
        case 3:
            return "  " + text.replace(" ", "\N{NO-BREAK SPACE}") + "  "
        case _:
            return text.replace(" - ", " – ").lower()


def _value(value: object, sheet: str, turn: int) -> object:
    match value:
        case bool() | None:
            return value
        case float() if sheet == "Kết quả":
            return f"{value:.2f}".replace(".", ",")
        case int() | float():
            return (value, f"{value:.1f}".replace(".", ","), f" {value:.2f} ")[turn % 3] if sheet in _MARKS else value
        case str() if len(value) == 10 and value[2] == value[5] == "/":
            day, month, year = (int(part) for part in value.split("/"))
            return (datetime(year, month, day), f"{day}-{month}-{year}", f"{year}-{month:02}-{day:02}")[turn % 3]  # noqa: DTZ001
        case str():
            short = _LETTERS.get(sheet) or (
                _RATINGS if sheet == "Kết quả" else {} if sheet in _PLAIN_SHEETS else _ATTAINMENTS
            )
            if turn % 2 and value in short:
                return short[value]
            return unicodedata.normalize("NFD", f" {value.replace(' ', '  ', 1)} ")
        case _:
            raise TypeError(value)


def untidied(book: Workbook) -> Workbook:
    """The same class in another workbook."""
    untidy = Workbook()
    untidy.remove(untidy.worksheets[0])
    for sheet_number, sheet in enumerate(book.worksheets):
        rows = [list(row) for row in sheet.iter_rows(values_only=True)]
        title = (sheet.title, without_accents(sheet.title), unicodedata.normalize("NFD", sheet.title))[sheet_number % 3]
        target = untidy.create_sheet(title)
        if sheet.title == "Thông tin":
            for turn, (label, value) in enumerate(rows):
                target.append([None, f"{_heading(label, turn)} :", None, _value(value, sheet.title, turn)])
            continue
        width = len(rows[4])
        # Every table from the other side, with an empty column after the second.
        order = [column + (column > 1) + 1 for column in range(width)]
        for number, words in enumerate(("UBND PHƯỜNG", sheet.title, "NĂM HỌC 2025-2026"), start=1):
            target.cell(number, 2, words)
            target.merge_cells(start_row=number, start_column=2, end_row=number, end_column=5)
        for number, row in enumerate(rows[4:]):
            for place, column in enumerate(reversed(range(width))):
                turn = number + column
                value = row[column]
                if isinstance(value, str) and number == 0:
                    value = _heading(value, sheet_number + column)
                elif number:
                    value = _value(value, sheet.title, turn)
                target.cell(6 + number, order[place], value)
        target.cell(8 + len(rows), 3, "Hải Phòng, ngày 25 tháng 5 năm 2026")
        target.cell(9 + len(rows), 3, "Hiệu trưởng")
    return untidy


def in_two_rows(book: Workbook, sheet: str, *parents: str) -> None:
    """Write `Toán - Mức`, `Toán - KTĐK` in two rows, with `Toán` merged over both, and so for each of `parents`."""
    target = book[sheet]
    titles = [cell.value for cell in target[HEADING_ROW]]
    target.insert_rows(HEADING_ROW + 1)
    for parent in parents:
        columns = [column for column, title in enumerate(titles, start=1) if str(title).startswith(f"{parent} ")]
        for column in columns:
            target.cell(HEADING_ROW, column).value = parent if column == columns[0] else None
            target.cell(HEADING_ROW + 1, column).value = str(titles[column - 1]).removeprefix(parent).strip(" -")
        target.merge_cells(None, HEADING_ROW, columns[0], HEADING_ROW, columns[-1])
