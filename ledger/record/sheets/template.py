# SPDX-License-Identifier: Apache-2.0

"""An empty class workbook for a school to fill in: every sheet, every heading, and what belongs where.

Titles and headings are the constants that the readers look for, so template and reader cannot drift apart. Codes and
personal numbers are formatted as text, because Excel eats the zeros in front of a number; words come from lists; the
headings stay in sight. The first sheet, `Hướng dẫn`, says what goes where and what may be left out.

Example::

    workbook(Level.THCS, 9)  # the bytes of an .xlsx
"""

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from ledger.record.rules.required_fields import CELLS
from ledger.record.rules.rulebook import TT22, TT27
from ledger.record.rules.tt27 import tested_in
from ledger.record.scales import (
    Achievement,
    Attainment,
    Award,
    Overall,
    PrimaryAward,
    Rating,
    Sex,
    Trait,
    TraitLevel,
)
from ledger.record.sheets import class_info, class_tables, gradebook, history_rows, primary_rows, pupil_rows
from ledger.record.sheets.tables import (
    ACHIEVEMENTS,
    CODE,
    COMMENTS,
    HISTORY,
    INFO,
    NAME,
    PUPILS,
    REASSESSED,
    RESULTS,
    STT,
    TEACHERS,
    TERM_1,
    TERM_2,
    TRAITS,
    Heading,
)
from ledger.record.sheets.template_notes import NOTES, NOTES_SHEET, notes_for
from ledger.record.subjects import BY_CODE, Level, Subject, compulsory_in

ROWS: Final = 60
"""So many lines are formatted for pupils; a class of more may simply go on below."""
DEFAULT_GRADE: Final = {Level.TH: 4, Level.THCS: 6, Level.THPT: 10}
"""Whose subjects stand in a template that is not for one grade."""
DEFAULT_ELECTIVES: Final = ("VAT_LI", "HOA_HOC", "SINH_HOC", "TIN_HOC")
"""Upper secondary: every class chooses four (Circular 32/2018); the school writes its own over these."""

_SAVED: Final = (2026, 1, 1, 0, 0, 0)
_NEEDED: Final = PatternFill("solid", fgColor="FFD9E7F5")
_OPTIONAL: Final = PatternFill("solid", fgColor="FFF2F2F2")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a column holds."""

    width: int = 16
    number_format: str = "General"
    choices: tuple[str, ...] = ()
    most: int | None = None
    """A mark lies between 0 and this. Other words (`Miễn`) are allowed, after a question."""
    wrap: bool = False


def _choices(*values: str) -> _Kind:
    return _Kind(max(12, *(min(28, len(value) + 4) for value in values)), choices=values)


_PLAIN: Final = _Kind()
_CODE: Final = _Kind(18, "@")
_DATE: Final = _Kind(14, "dd/mm/yyyy")
_WORDS: Final = _Kind(36, wrap=True)
_PERSON: Final = _Kind(28)
_COUNT: Final = _Kind(12, "0")
_SCORE: Final = _Kind(11, "0.0", most=10)
_TEST: Final = _Kind(11, "0", most=10)
_RATING: Final = _choices(*(rating.value for rating in Rating))
_YES_NO: Final = _choices("Có", "Không")
_KINDS: Final = {
    STT.name: _Kind(6, "0"),
    CODE.name: _CODE,
    NAME.name: _PERSON,
    pupil_rows.BIRTH.name: _DATE,
    pupil_rows.ARRIVED.name: _DATE,
    pupil_rows.SEX.name: _choices(*(sex.value for sex in Sex)),
    pupil_rows.PERSONAL_ID.name: _CODE,
    pupil_rows.PASSPORT.name: _CODE,
    pupil_rows.REGISTER_NUMBER.name: _CODE,
    pupil_rows.FATHER.name: _PERSON,
    pupil_rows.MOTHER.name: _PERSON,
    pupil_rows.GUARDIAN.name: _PERSON,
    pupil_rows.ADDRESS.name: _WORDS,
    pupil_rows.BIRTHPLACE.name: _PERSON,
    pupil_rows.HOMETOWN.name: _PERSON,
    pupil_rows.NOTE.name: _WORDS,
    class_tables.SUBJECT.name: _Kind(40),
    class_tables.TEACHER.name: _PERSON,
    class_tables.TEACHER_ID.name: _CODE,
    class_tables.SPECIALISED.name: _choices("x"),
    gradebook.PERIODS.name: _COUNT,
    **{heading.name: _RATING for heading in (*pupil_rows.CONDUCT, *pupil_rows.STUDY)},
    pupil_rows.CONDUCT_AGAIN.name: _RATING,
    pupil_rows.STUDY_AGAIN.name: _RATING,
    pupil_rows.EXCUSED.name: _COUNT,
    pupil_rows.UNEXCUSED.name: _COUNT,
    pupil_rows.PROMOTED.name: _YES_NO,
    pupil_rows.promoted_column(final=True): _YES_NO,
    pupil_rows.COMPLETED.name: _YES_NO,
    pupil_rows.AWARD.name: _choices(*(award.value for award in Award)),
    pupil_rows.OVERALL.name: _choices(*(overall.value for overall in Overall)),
    pupil_rows.PRIMARY_AWARD.name: _choices(*(award.value for award in PrimaryAward)),
    pupil_rows.WEIGHT.name: _Kind(11, "0.0"),
    pupil_rows.HEIGHT.name: _Kind(11, "0.0"),
    **{
        heading.name: _WORDS
        for heading in (
            pupil_rows.HOMEROOM_COMMENT,
            pupil_rows.QUALITY_COMMENT,
            pupil_rows.GENERAL_COMMENT,
            pupil_rows.SPECIFIC_COMMENT,
            pupil_rows.SUMMER_COMMENT,
            pupil_rows.OTHER_AWARDS,
            pupil_rows.SUDDEN_AWARDS,
            pupil_rows.PRINCIPAL_NOTE,
        )
    },
    history_rows.YEAR_OF_LINE.name: _CODE,
    history_rows.SCHOOL_OF_LINE.name: _PERSON,
}
_ACHIEVEMENT: Final = _choices(*(level.value for level in Achievement))
_TRAIT: Final = _choices(*(level.value for level in TraitLevel))
_ATTAINMENT: Final = _choices(*(level.value for level in Attainment), "Miễn")
_PUPIL: Final = (STT, CODE, NAME)


def workbook(level: Level, grade: int | None = None, *, electives: Sequence[str] = DEFAULT_ELECTIVES) -> bytes:
    """Return an empty workbook for a class of `level`; for the subjects of `grade` if one is given.

    `electives` are codes of the subjects that an upper-secondary class chose. A grade of another level is taken for none.
    """
    here = grade if grade in level.grades else None
    return stable_bytes(_Template(level, here, electives).book())


def stable_bytes(book: Workbook) -> bytes:
    """Save, and take the time of saving out again: it stands in each entry of the archive and in the properties."""
    saved, stable = io.BytesIO(), io.BytesIO()
    book.save(saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(stable, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            content = source.read(part)
            if part.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-01-01T00:00:00Z", content)
            target.writestr(zipfile.ZipInfo(part.filename, _SAVED), content, zipfile.ZIP_DEFLATED)
    return stable.getvalue()


class _Template:
    """Builds one template."""

    def __init__(self, level: Level, grade: int | None, electives: Sequence[str]) -> None:
        self._level = level
        self._grade = grade
        self._subjects = list(compulsory_in(grade or DEFAULT_GRADE[level]))
        if level is Level.THPT:
            self._subjects += [BY_CODE[code] for code in electives]
        self._book = Workbook()
        self._book.remove(self._book.worksheets[0])

    def book(self) -> Workbook:
        self._notes()
        self._info()
        self._table(PUPILS, pupil_rows.PUPIL_COLUMNS)
        self._teachers()
        if self._level is Level.TH:
            self._achievements()
            self._table(TRAITS, primary_rows.TRAIT_COLUMNS, kinds={trait.label: _TRAIT for trait in Trait})
            self._table(RESULTS, pupil_rows.PRIMARY_RESULT_COLUMNS)
        else:
            for sheet in (TERM_1, TERM_2):
                self._by_subject(sheet)
            self._table(RESULTS, pupil_rows.RESULT_COLUMNS)
            names = [Heading(subject.name) for subject in self._subjects]
            columns = (*_PUPIL, *names, pupil_rows.HOMEROOM_COMMENT)
            self._table(COMMENTS, columns, kinds={heading.name: _WORDS for heading in names})
            self._by_subject(REASSESSED, required=False)
        self._table(HISTORY, history_rows.HISTORY_COLUMNS)
        return self._book

    def _notes(self) -> None:
        sheet: Worksheet = self._book.create_sheet(NOTES_SHEET)
        for line in notes_for(self._book_sheets()):
            sheet.append(line)
        for column, width in zip("ABC", (24, 80, 80), strict=True):
            sheet.column_dimensions[column].width = width
        for row in sheet.iter_rows():
            for cell in row:
                cell.alignment = Alignment(wrap_text=True, vertical="top")
        for row_number in (1, 2):
            for cell in sheet[row_number]:
                cell.font = Font(bold=True)

    def _book_sheets(self) -> tuple[str, ...]:
        primary = (INFO, PUPILS, TEACHERS, ACHIEVEMENTS, TRAITS, RESULTS, HISTORY)
        secondary = (INFO, PUPILS, TEACHERS, TERM_1, TERM_2, RESULTS, COMMENTS, REASSESSED, HISTORY)
        return tuple(sheet for sheet in (primary if self._level is Level.TH else secondary) if sheet in NOTES)

    def _info(self) -> None:
        sheet: Worksheet = self._book.create_sheet(INFO)
        circular = (TT27 if self._level is Level.TH else TT22).circular
        known = {
            class_info.LEVEL.name: self._level.value,
            class_info.GRADE.name: None if self._grade is None else str(self._grade),
            class_info.CIRCULAR.name: circular,
        }
        for row, heading in enumerate(class_info.INFO_FIELDS, start=1):
            label = sheet.cell(row, 1, heading.name)
            label.font, label.fill = Font(bold=heading.required), _NEEDED if heading.required else _OPTIONAL
            # Whatever stands here is read as text: 31999599 is a code, and 2025-2026 no subtraction.
            sheet.cell(row, 2, known.get(heading.name)).number_format = "@"
        sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 26, 48
        origin = 1 + class_info.INFO_FIELDS.index(class_info.ORIGIN)
        _choose_from(sheet, f"B{origin}", (class_info.DIGITISED,))

    def _teachers(self) -> None:
        columns: tuple[Heading, ...] = class_tables.TEACHER_COLUMNS
        if self._level is Level.TH:
            columns = tuple(heading for heading in columns if heading is not class_tables.SPECIALISED)
        else:
            columns = (*columns, gradebook.PERIODS)
        sheet = self._table(TEACHERS, columns)
        for row, subject in enumerate(self._subjects, start=2):
            sheet.cell(row, 1, subject.name_at(self._level))

    def _achievements(self) -> None:
        grade = self._grade or DEFAULT_GRADE[self._level]
        tested = tested_in(grade)
        columns: list[Heading] = []
        kinds: dict[str, _Kind] = {}
        for subject in self._subjects:
            name = subject.name_at(self._level)
            columns.append(Heading(primary_rows.level_column(name)))
            kinds[columns[-1].name] = _ACHIEVEMENT
            if subject in tested:
                columns.append(Heading(primary_rows.test_column(name)))
                kinds[columns[-1].name] = _TEST
        self._table(ACHIEVEMENTS, (*_PUPIL, *columns), kinds=kinds)

    def _by_subject(self, sheet: str, *, required: bool = True) -> None:
        def kind(subject: Subject) -> _Kind:
            return _SCORE if subject.scored else _ATTAINMENT

        names = [Heading(subject.name, required) for subject in self._subjects]
        self._table(sheet, (*_PUPIL, *names), kinds={subject.name: kind(subject) for subject in self._subjects})

    def _table(
        self,
        title: str,
        headings: Sequence[Heading],
        *,
        kinds: dict[str, _Kind] | None = None,
    ) -> Worksheet:
        sheet: Worksheet = self._book.create_sheet(title)
        final = self._grade == self._level.grades[-1]
        for column, heading in enumerate(headings, start=1):
            promotion = heading is pupil_rows.PROMOTED
            name = pupil_rows.promoted_column(final=final) if promotion else heading.name
            cell = sheet.cell(1, column, name)
            needed = heading.required or (self._level is Level.TH and (title, heading.name) in CELLS.values())
            cell.font = Font(bold=needed)
            cell.fill = _NEEDED if needed else _OPTIONAL
            cell.alignment = Alignment(wrap_text=True, horizontal="center", vertical="center")
            _format(sheet, column, (kinds or {}).get(name) or _KINDS.get(name, _PLAIN))
        # Number, code and name stay in sight to the left of long tables.
        sheet.freeze_panes = "D2" if headings[0] is STT else "A2"
        return sheet


def _format(sheet: Worksheet, column: int, kind: _Kind) -> None:
    letter = get_column_letter(column)
    sheet.column_dimensions[letter].width = kind.width
    for row in range(2, ROWS + 2):
        cell = sheet.cell(row, column)
        cell.number_format = kind.number_format
        if kind.wrap:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    cells = f"{letter}2:{letter}{ROWS + 1}"
    if kind.choices:
        _choose_from(sheet, cells, kind.choices)
    elif kind.most is not None:
        limits = DataValidation(
            "decimal",
            operator="between",
            formula1="0",
            formula2=str(kind.most),
            allow_blank=True,
            showErrorMessage=True,
            errorStyle="warning",
            errorTitle="Điểm / Mark",
            error=f"Điểm từ 0 đến {kind.most}, hoặc ghi “Miễn”. / A mark from 0 to {kind.most}, or “Miễn”.",
        )
        sheet.add_data_validation(limits)
        limits.add(cells)


def _choose_from(sheet: Worksheet, cells: str, choices: Sequence[str]) -> None:
    listed = DataValidation(
        "list",
        formula1=f'"{",".join(choices)}"',
        allow_blank=True,
        showErrorMessage=True,
        errorTitle="Trong danh sách / From the list",
        error=" / ".join(choices)[:250],
    )
    sheet.add_data_validation(listed)
    listed.add(cells)
