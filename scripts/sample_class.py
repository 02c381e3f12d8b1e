# SPDX-License-Identifier: Apache-2.0

"""Classes that never existed, in the shape that schools export theirs, for demonstrations, tests and measurements.

    python -m scripts.sample_class --grade 9 --class 9A1 --pupils 42 --seed 1 --out 9A1.xlsx

The same arguments give the same bytes. The grade decides the level unless `--level` says otherwise. Results are computed by
the rules of the circulars, so a class checks without an error; the pupils at the head of the list are boundary cases
(`sample_secondary.BOUNDARIES`, `sample_primary.BOUNDARIES`), and the names below them are those that software tends to
break (`sample_people.EDGE_PUPILS`). Personal numbers begin with 099, which was never assigned, so none can be anybody's;
school, people and comments are invented.

For tests, `make_workbook` takes the cells to spoil::

    make_workbook(edits=[Edit("Học kỳ I", stt=4, column="Toán", value=10.4)])
"""

import argparse
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openpyxl.worksheet.worksheet import Worksheet

from ledger.record.sheets.template import stable_bytes
from ledger.record.subjects import Level
from scripts.sample_primary import PrimaryClass
from scripts.sample_secondary import BOUNDARIES, LowerSecondaryClass, UpperSecondaryClass
from scripts.sample_sheets import HEADING_ROW, SampleClass, Value

__all__ = ["BOUNDARIES", "Edit", "make_workbook"]

_CLASSES: Final[dict[Level, type[SampleClass]]] = {
    Level.TH: PrimaryClass,
    Level.THCS: LowerSecondaryClass,
    Level.THPT: UpperSecondaryClass,
}
_GRADES: Final = {Level.TH: 4, Level.THCS: 9, Level.THPT: 12}
"""The grade where only the level is given."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A cell to overwrite after the workbook has been made. `stt` is 0 for the heading itself."""

    sheet: str
    stt: int
    column: str
    value: Value


def make_workbook(
    *,
    level: Level | None = None,
    grade: int | None = None,
    class_name: str | None = None,
    pupils: int = 42,
    seed: int = 1,
    first_year: int = 2025,
    edits: Iterable[Edit] = (),
    without_sheets: Sequence[str] = (),
) -> bytes:
    """Return an XLSX of one class, correct by our rules except for what `edits` spoil; of grade 9 where nothing is said."""
    of_grade = _GRADES[level or Level.THCS] if grade is None else grade
    here = next((known for known in Level if of_grade in known.grades), None)
    if here is None or level not in (None, here):
        raise SystemExit(
            f"Không có khối {of_grade} ở cấp {level.value if level else 'nào'}. Hãy chọn khối 1-5 (TH), 6-9 (THCS),"
            f" 10-12 (THPT). / There is no grade {of_grade} there. Choose 1-5 (TH), 6-9 (THCS) or 10-12 (THPT)."
        )
    name = class_name or f"{of_grade}A1"
    chance = random.Random(f"{seed}/{of_grade}/{name}")  # noqa: S311
    book = _CLASSES[here](chance, of_grade, name, pupils, first_year).workbook()
    for title in without_sheets:
        del book[title]
    for edit in edits:
        _apply(book[edit.sheet], edit)
    return stable_bytes(book)


def _apply(sheet: Worksheet, edit: Edit) -> None:
    if sheet.title == "Thông tin":
        row = next(row for row in sheet.iter_rows() if row[0].value == edit.column)
        row[1].value = edit.value
        return
    column = next(cell.column for cell in sheet[HEADING_ROW] if cell.value == edit.column)
    sheet.cell(HEADING_ROW + edit.stt, column).value = edit.value


def main(arguments: Sequence[str] | None = None) -> None:
    """Write one class to a file."""
    parser = argparse.ArgumentParser(description="Tạo một lớp học giả định. / Make a class that never existed.")
    parser.add_argument(
        "--level", choices=("th", "thcs", "thpt"), help="cấp học / level; the grade decides if not given"
    )
    parser.add_argument("--grade", type=int, help="khối / grade: 1-12")
    parser.add_argument("--class", dest="class_name", default=None, help="tên lớp / class name")
    parser.add_argument("--pupils", type=int, default=42, help="số học sinh / how many pupils")
    parser.add_argument("--seed", type=int, default=1, help="hạt giống / seed: the same gives the same bytes")
    parser.add_argument(
        "--first-year", type=int, default=2025, help="năm bắt đầu năm học / year the school year begins"
    )
    parser.add_argument("--out", type=Path, required=True, help="tệp .xlsx cần ghi / file to write")
    given = parser.parse_args(arguments)
    data = make_workbook(
        level=Level(given.level.upper()) if given.level else None,
        grade=given.grade,
        class_name=given.class_name,
        pupils=given.pupils,
        seed=given.seed,
        first_year=given.first_year,
    )
    given.out.write_bytes(data)


if __name__ == "__main__":
    main()
