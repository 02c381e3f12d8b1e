# SPDX-License-Identifier: Apache-2.0

"""A class as its school exports it, turned into records; or told what is wrong with it, all at once.

`read_class` goes through the workbook in this order, and at each step collects findings and carries on:

1. Open it, within limits (`ledger.record.sheets.table_files`).
2. Who and where: school, class and signers, from `Thông tin`; from the level follows which sheets there must be. Semesters
   are computed where there is a mark book instead (`ledger.record.sheets.gradebook`).
3. Which pupils: `Học sinh`, one row each; and which subjects, taught by whom: `Phân công`.
4. What each pupil got: the sheets of the level (`primary_rows`, `secondary_rows`), joined by
   the pupil's code.
5. Where each pupil was before (`history_rows`).

This judges the *form* of a workbook. Whether what it says follows from the circulars is for `ledger.record.check`, whose
`check_workbook` does both. A class with any error is not imported, never half of it: `SheetReading.class_sheet` is then
`None`, and `draft` holds what could be read, for the rules to look at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR

from ledger.record.errors import UnknownRulebook
from ledger.record.findings import Finding, Severity, has_errors
from ledger.record.model import ClassInfo, ClassSheet, Place, Record, Schooling
from ledger.record.rules.rulebook import RULEBOOKS, Rulebook, SecondaryRulebook, rulebook_for
from ledger.record.sheets.cell_reader import CellReader
from ledger.record.sheets.class_info import ClassHead, read_class_info
from ledger.record.sheets.class_tables import SUBJECT, TEACHER, ClassTables
from ledger.record.sheets.gradebook import ComputedMark, TermReading, computed_terms
from ledger.record.sheets.history_rows import history, read_histories
from ledger.record.sheets.primary_rows import PrimaryRows
from ledger.record.sheets.pupil_rows import PUPIL_COLUMNS, arrival, pupil_from
from ledger.record.sheets.secondary_rows import SecondaryRows
from ledger.record.sheets.table_files import grids_of
from ledger.record.sheets.tables import (
    CODE,
    INFO,
    PUPILS,
    TEACHERS,
    missing_sheet,
    required_sheets,
    sheets_alike,
    sheets_by_title,
    table_in,
)
from ledger.record.sheets.workbook import Grid, Refused
from ledger.record.subjects import Level


@dataclass(frozen=True, slots=True)
class SheetReading:
    """What reading a workbook came to."""

    class_sheet: ClassSheet | None
    """The class; `None` as soon as there is one error."""
    draft: ClassSheet | None
    """What could be read in spite of errors, for the rules to look at. Never import this."""
    findings: tuple[Finding, ...]
    computed: tuple[ComputedMark, ...] = ()
    """Semester averages that were computed from a mark book, with their components."""


def read_class(data: bytes, *, file: str, rulebooks: Sequence[Rulebook] = RULEBOOKS) -> SheetReading:
    """Read a class from `data`: XLSX, a ZIP of CSV, or JSON. Never raises for what is in it.

    `file` is what messages call it; by `rulebooks` averages are computed that the school left out.
    """
    try:
        found = grids_of(data, file=file)
    except Refused as refused:
        return SheetReading(None, None, (refused.finding,))
    return read_grids(found, file=file, rulebooks=rulebooks)


def read_grids(sheets: Iterable[Grid], *, file: str, rulebooks: Sequence[Rulebook] = RULEBOOKS) -> SheetReading:
    """Read a class from sheets that have been opened already; `file` is what messages call their source."""
    grids = tuple(sheets)
    reader = CellReader([])
    info = sheets_by_title(grids).get(INFO)
    head = read_class_info(info, reader.findings) if info else None
    rules = _secondary_rules(head.class_info, rulebooks) if head else None
    terms = computed_terms(grids, head.class_info, rules) if head and rules else TermReading(grids)
    reader.findings += terms.findings
    alike = sheets_alike(terms.grids)
    found = {sheet: same[0] for sheet, same in alike.items()}
    reader.findings += [
        _rival(sheet, grid) for sheet, same in alike.items() for grid in same[1:] if _holds(sheet, grid)
    ]
    needed = required_sheets(head.class_info.level if head else None)
    reader.findings += [missing_sheet(sheet, file) for sheet in needed if sheet not in found]
    draft = _class_sheet(reader, found, head, rules) if head else None
    findings = tuple(reader.findings)
    return SheetReading(None if has_errors(findings) else draft, draft, findings, terms.computed)


def _secondary_rules(info: ClassInfo, rulebooks: Sequence[Rulebook]) -> SecondaryRulebook | None:
    """Return what averages are computed by; `None` at primary, and for a year of which no circular is known.

    A school year that cannot be read is an error by itself (ID-10), so the latest rules will do to read the rest by.
    """
    first_year = MAXYEAR if info.first_year is None else info.first_year
    try:
        rules = rulebook_for(info.level, first_year, rulebooks, grade=info.grade)
    except UnknownRulebook:
        return None
    return rules if isinstance(rules, SecondaryRulebook) else None


def _class_sheet(
    reader: CellReader, found: Mapping[str, Grid], head: ClassHead, rules: SecondaryRulebook | None
) -> ClassSheet | None:
    """Put one class together from its sheets; `None` without a class list."""
    school, class_info = head.school, head.class_info
    tables = ClassTables(reader, found, class_info.level)
    pupils = tables.list_pupils(PUPIL_COLUMNS)
    table = tables[PUPILS]
    if table is None:
        return None
    tables.require(PUPILS, PUPIL_COLUMNS)
    if not pupils:
        reader.findings.append(_empty_class())
        return None
    primary = class_info.level is Level.TH
    rows = PrimaryRows(tables, class_info) if primary else SecondaryRows(tables, class_info, rules)
    now = Schooling(class_info.school_year, class_info.name, school.name)
    histories = read_histories(tables, now)

    def record(index: int) -> tuple[Record, Place]:
        row, place = pupils[index], tables.place(index)
        pupil_reader = reader.at(place, row.code)
        said = Record(
            school=school,
            class_info=class_info,
            pupil=pupil_from(row, table, pupil_reader),
            year=rows.year(index, pupil_reader),
            history=history(
                histories.get(index, ()),
                replace(now, arrived=arrival(row, table, pupil_reader)),
                row,
                reader.findings,
            ),
            origin=head.origin,
        )
        return said, replace(place, declined=frozenset(pupil_reader.declined))

    pairs = [record(index) for index in range(len(pupils))]
    pairs.sort(key=lambda pair: (pair[1].stt is None, pair[1].stt or 0))
    return ClassSheet(
        school=school,
        class_info=class_info,
        records=tuple(record for record, _ in pairs),
        places=tuple(place for _, place in pairs),
        enrolled=len(pupils),
        year_computed=rows.year_computed,
    )


def _holds(sheet: str, grid: Grid) -> bool:
    """Return whether a second sheet of a title has what is read from it, and is not, say, a list of teachers."""
    anchors = (SUBJECT, TEACHER) if sheet == TEACHERS else (CODE,)
    return sheet == INFO or table_in(grid, sheet, anchors, anchors) is not None


def _rival(sheet: str, grid: Grid) -> Finding:
    return Finding(
        "SH-02",
        Severity.ERROR,
        f"Trang “{grid.title}” cũng là trang “{sheet}”, nên không biết trang nào đúng. Hãy xóa trang thừa rồi nạp lại.",
        f"The sheet “{grid.title}” is another “{sheet}”, and nobody could say which counts. Delete one, and import again.",
        sheet=grid.title,
        expected=sheet,
    )


def _empty_class() -> Finding:
    return Finding(
        "SH-06",
        Severity.ERROR,
        "Trang “Học sinh” không có học sinh nào. Hãy ghi danh sách lớp bên dưới dòng tiêu đề.",
        "The sheet “Học sinh” names no pupil. Write the class list below its headings.",
        sheet=PUPILS,
    )
