# SPDX-License-Identifier: Apache-2.0

"""A year at secondary, out of a pupil's rows: semesters, `Cả năm`, `Đánh giá lại`, `Kết quả` and `Nhận xét`.

The year's marks come from `Cả năm`, or are computed from the semesters where that sheet is not there. A cell whose row or
column is missing is *declined*: its absence has been reported once, and the rules leave it alone.
"""

from dataclasses import replace
from typing import Final

from ledger.record.model import ClassInfo, SecondarySubject, SecondaryYear, Terms
from ledger.record.rules.rulebook import SecondaryRulebook
from ledger.record.rules.subject_set import taken
from ledger.record.rules.tt22 import year_mark
from ledger.record.scales import Mark
from ledger.record.sheets import cells
from ledger.record.sheets.cell_reader import CellReader
from ledger.record.sheets.class_tables import ClassTables, Taught
from ledger.record.sheets.pupil_rows import (
    AWARD,
    CERTIFICATES,
    CONDUCT,
    CONDUCT_AGAIN,
    EXCUSED,
    HOMEROOM_COMMENT,
    NOTE,
    OTHER_AWARDS,
    PROMOTED,
    RESULT_COLUMNS,
    STUDY,
    STUDY_AGAIN,
    SUMMER_COMMENT,
    UNEXCUSED,
    exempts_from_assessment,
    promoted_column,
)
from ledger.record.sheets.results_row import ResultsRow
from ledger.record.sheets.tables import (
    COMMENTS,
    REASSESSED,
    RESULTS,
    TERM_1,
    TERM_2,
    YEAR,
    Heading,
    missing_column,
)
from ledger.record.sheets.workbook import Cell
from ledger.record.spelling import clean, folded
from ledger.record.subjects import BY_CODE, compulsory_in

_MARKS: Final = (TERM_1, TERM_2, YEAR)
_EXEMPTION: Final = "Thông tư 22/2021/TT-BGDĐT, Điều 5, Điều 9"


class SecondaryRows:
    """The sheets of a secondary class. Making one reports what they lack; `year` reads one pupil's rows."""

    def __init__(self, tables: ClassTables, class_info: ClassInfo, rules: SecondaryRulebook | None) -> None:
        self._tables = tables
        self._grade = class_info.grade
        self._rules = rules
        self._promoted = promoted_column(final=class_info.is_final)
        found = [table for sheet in _MARKS if (table := tables.find_by_subject(sheet))]
        taught = tables.taught()
        seen = [BY_CODE[code] for table in found for code in table.columns if code in BY_CODE]
        self._taught = tables.complete(taught, (*compulsory_in(class_info.grade), *seen))
        tables.reader.findings += [
            missing_column(table.sheet, entry.name)
            for entry in self._taught
            for table in found
            if entry.subject.code not in table.columns
        ]
        tables.find(RESULTS, RESULT_COLUMNS)
        tables.require(RESULTS, RESULT_COLUMNS, {PROMOTED.name: self._promoted})
        tables.find_by_subject(COMMENTS, HOMEROOM_COMMENT)
        tables.find_by_subject(REASSESSED)
        for sheet in (*_MARKS, RESULTS, COMMENTS):
            tables.join(sheet)
        tables.join(REASSESSED, everybody=False)

    @property
    def year_computed(self) -> bool:
        """Whether there is no sheet for the year, so that its marks are computed."""
        return not self._tables.has_sheet(YEAR)

    def year(self, index: int, reader: CellReader) -> SecondaryYear:
        """Return what the rows of one pupil say."""
        row = ResultsRow(self._tables, index, reader)
        comment = self._tables.cell(COMMENTS, index, HOMEROOM_COMMENT.name)
        year = SecondaryYear(
            subjects=tuple(self._subject(index, entry, reader) for entry in self._taught),
            conduct=_terms(row, CONDUCT, CONDUCT_AGAIN),
            study=_terms(row, STUDY, STUDY_AGAIN),
            absences_excused=row.value(EXCUSED, cells.count),
            absences_unexcused=row.value(UNEXCUSED, cells.count),
            promoted=row.value(PROMOTED, cells.yes_no, self._promoted),
            award=row.value(AWARD, cells.award),
            homeroom_comment=reader.words(COMMENTS, HOMEROOM_COMMENT.name, comment),
            not_assessed=exempts_from_assessment(self._tables.cell(RESULTS, index, NOTE.name)),
            summer_comment=row.words(SUMMER_COMMENT),
            other_awards=row.words(OTHER_AWARDS),
            certificates=row.words(CERTIFICATES),
        )
        # A column that the list has for others makes no row of dashes in the record of a pupil who does not take the subject.
        here = taken(year, self._grade)
        return replace(year, subjects=tuple(subject for subject in year.subjects if subject.code in here))

    def _subject(self, index: int, entry: Taught, reader: CellReader) -> SecondarySubject:
        code = entry.subject.code
        marks: dict[str, Mark | None] = dict.fromkeys((*_MARKS, REASSESSED))
        exempt: list[str] = []
        for sheet in marks:
            cell = self._tables.cell(sheet, index, code)
            if not self._tables.holds(sheet, index, code) and sheet != REASSESSED and self._tables.has_sheet(sheet):
                reader.decline(sheet, entry.name)
            elif folded(cells.text(cell) or "") in cells.EXEMPT:
                exempt.append(sheet)
            else:
                marks[sheet] = _mark(entry, reader, sheet, cell)
        hk1, hk2 = marks[TERM_1], marks[TERM_2]
        partly = bool(exempt) and any(mark is not None for mark in marks.values())
        # A subject assessed by comment has the year's result from semester II, so semester I may be excused by itself.
        excused = exempt == [TERM_1] and not entry.subject.scored and hk2 is not None
        for sheet in exempt if partly else ():
            reader.partly_exempt("TT-16", sheet, entry.name, certain=not excused, article=_EXEMPTION)
        if self.year_computed and excused:
            marks[YEAR] = hk2
        if self.year_computed and hk1 is not None and hk2 is not None and self._rules is not None:
            marks[YEAR] = year_mark(hk1, hk2, self._rules)
        return SecondarySubject(
            code,
            clean(entry.name),
            hk1,
            hk2,
            marks[YEAR],
            reader.words(COMMENTS, entry.name, self._tables.cell(COMMENTS, index, code)),
            entry.teacher,
            bool(exempt) and not partly,
            marks[REASSESSED],
            entry.specialised,
        )


def _mark(entry: Taught, reader: CellReader, sheet: str, cell: Cell) -> Mark | None:
    if entry.subject.scored:
        return reader.value(sheet, entry.name, cell, cells.score)
    return reader.value(sheet, entry.name, cell, cells.attainment)


def _terms(row: ResultsRow, headings: tuple[Heading, ...], again: Heading) -> Terms:
    hk1, hk2, year = (row.value(heading, cells.rating) for heading in headings)
    return Terms(hk1, hk2, year, row.value(again, cells.rating))
