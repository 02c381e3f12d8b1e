# SPDX-License-Identifier: Apache-2.0

"""The tables of one class's workbook, and which row of each is which pupil.

Sheets come and go with the level; what is done with each is the same: find the table by its headings, say which columns
it lacks and which nobody knows, and tie its rows to the pupils of the class list. `ClassTables` does that once, and then
answers what stands in a pupil's cell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ledger.record.findings import Finding, Severity
from ledger.record.model import Person, Place
from ledger.record.sheets import cells
from ledger.record.sheets.cell_reader import CellReader
from ledger.record.sheets.class_list import PupilRow, join, pupil_rows
from ledger.record.sheets.tables import (
    CODE,
    NAME,
    PUPILS,
    STT,
    TEACHERS,
    Heading,
    Table,
    double_column,
    missing_column,
    missing_table,
    table_in,
    unknown_column,
)
from ledger.record.sheets.workbook import Cell, Grid
from ledger.record.spelling import folded
from ledger.record.subjects import Level, Subject, subject_named

SUBJECT = Heading("Môn học", other_names=("Môn", "Môn học/HĐGD"))
TEACHER = Heading("Giáo viên", other_names=("Họ và tên giáo viên", "Giáo viên bộ môn", "Giáo viên dạy"))
TEACHER_ID = Heading("Số CCCD giáo viên", required=False, other_names=("Số CCCD", "CCCD", "Số định danh cá nhân"))
SPECIALISED = Heading("Chuyên đề", required=False, other_names=("Chuyên đề học tập", "Cụm chuyên đề"))
TEACHER_COLUMNS = (SUBJECT, TEACHER, TEACHER_ID, SPECIALISED)
"""The sheet `Phân công`. Other columns that schools keep there, such as periods a year, are not part of the record."""

_SAID = (STT, CODE, NAME)


@dataclass(frozen=True, slots=True)
class Taught:
    """A subject of this class."""

    subject: Subject
    name: str
    """As the school writes it; findings call its columns by this."""
    teacher: Person | None = None
    specialised: bool = False


class ClassTables:
    """The tables of one workbook. Whatever is wrong with them is in the reader's findings."""

    def __init__(self, reader: CellReader, found: Mapping[str, Grid], level: Level) -> None:
        self.reader = reader
        self.level = level
        self.pupils: list[PupilRow] = []
        self._found = found
        self._tables: dict[str, Table] = {}
        self._joined: dict[str, dict[int, PupilRow]] = {}

    def has_sheet(self, sheet: str) -> bool:
        """Return whether the workbook has the sheet, readable or not."""
        return sheet in self._found

    def __getitem__(self, sheet: str) -> Table | None:
        return self._tables.get(sheet)

    def find(self, sheet: str, headings: tuple[Heading, ...], anchors: tuple[Heading, ...] = (CODE,)) -> Table | None:
        """Find a sheet's table; say so when the sheet is there and has none."""
        if sheet not in self._found:
            return None
        table = table_in(self._found[sheet], sheet, headings, anchors)
        if table is None:
            self.reader.findings.append(missing_table(sheet, anchors))
        else:
            self._tables[sheet] = table
            self.reader.findings += [
                double_column(sheet, title) for column, title, known in table.doubled if _differ(table, column, known)
            ]
        return table

    def find_by_subject(self, sheet: str, *known: Heading) -> Table | None:
        """Find a table with a column per subject; the columns come out under the subjects' codes."""
        table = self.find(sheet, (*_SAID, *known))
        return table and self.name_columns(
            table, {title: subject.code for _, title in table.others if (subject := subject_named(title, self.level))}
        )

    def name_columns(self, table: Table, names: Mapping[str, str]) -> Table:
        """Give columns with these headings a name of their own; headings that are left over are reported."""
        columns = dict(table.columns)
        for number, title in table.others:
            name = names.get(title)
            if name is None:
                self.reader.findings.append(unknown_column(table.sheet, title))
            elif name in columns:
                self.reader.findings.append(double_column(table.sheet, title))
            else:
                columns[name] = number
        self._tables[table.sheet] = replace(table, columns=columns, others=())
        return self._tables[table.sheet]

    def require(self, sheet: str, headings: tuple[Heading, ...], shown: Mapping[str, str] | None = None) -> None:
        """Say which required columns a table lacks; `shown` renames a heading for people."""
        table = self._tables.get(sheet)
        if table is not None:
            self.reader.findings += [
                missing_column(sheet, (shown or {}).get(heading.name, heading.name))
                for heading in headings
                if heading.required and heading.name not in table.columns and heading not in (CODE, NAME)
            ]

    def list_pupils(self, headings: tuple[Heading, ...]) -> list[PupilRow]:
        """Read the class list; every other sheet is joined to it."""
        table = self.find(PUPILS, headings, (CODE, NAME))
        if table is not None:
            self.pupils = pupil_rows(table, self.reader)
            self._joined[PUPILS] = dict(enumerate(self.pupils))
        return self.pupils

    def join(self, sheet: str, *, everybody: bool = True) -> None:
        """Tie the rows of a sheet to the pupils, if it has a table."""
        if sheet in self._tables:
            self._joined[sheet] = join(self._tables[sheet], self.pupils, self.reader, everybody=everybody)

    def place(self, index: int) -> Place:
        """Return where a pupil stands, on every sheet."""
        rows = {sheet: joined[index].number for sheet, joined in self._joined.items() if index in joined}
        return Place(self.pupils[index].stt, rows)

    def holds(self, sheet: str, index: int, column: str) -> bool:
        """Return whether there is a cell for this pupil in this column, empty or not."""
        return sheet in self._tables and column in self._tables[sheet].columns and index in self._joined.get(sheet, {})

    def cell(self, sheet: str, index: int, column: str) -> Cell:
        """Return what stands in a pupil's cell, or `None`."""
        if not self.holds(sheet, index, column):
            return None
        return self._tables[sheet].cell(self._joined[sheet][index].cells, column)

    def words(self, sheet: str, index: int, column: str) -> str | None:
        """Return the text of a pupil's cell; a formula that nobody computed says nothing."""
        return cells.text(self.cell(sheet, index, column))

    def taught(self) -> dict[str, Taught]:
        """Return the subjects that `Phân công` names, by code and in its order."""
        taught: dict[str, Taught] = {}
        table = self.find(TEACHERS, TEACHER_COLUMNS, (SUBJECT, TEACHER))
        for number, line in table.rows if table else ():
            title = cells.text(table.cell(line, SUBJECT.name)) if table else None
            if title is None or table is None:
                continue
            subject = subject_named(title, self.level)
            if subject is None:
                self.reader.findings.append(_unknown_subject(title, number))
                continue
            reader = self.reader.at(Place(rows={TEACHERS: number}), None)
            name = cells.text(table.cell(line, TEACHER.name))
            person = Person(name, cells.text(table.cell(line, TEACHER_ID.name))) if name else None
            specialised = reader.value(TEACHERS, SPECIALISED.name, table.cell(line, SPECIALISED.name), cells.yes_no)
            taught.setdefault(subject.code, Taught(subject, title, person, specialised or False))
        return taught

    def complete(self, taught: dict[str, Taught], subjects: Sequence[Subject]) -> list[Taught]:
        """Return the subjects of `Phân công` and after them any further of `subjects`; say who has no teacher."""
        for subject in subjects:
            taught.setdefault(subject.code, Taught(subject, subject.name_at(self.level)))
        if TEACHERS in self._tables:
            self.reader.findings += [_no_teacher(entry.name) for entry in taught.values() if entry.teacher is None]
        return list(taught.values())


def _differ(table: Table, column: int, known: str) -> bool:
    """Return whether a second column says of any pupil what the first does not; an empty cell says nothing."""
    rows = [row for _, row in table.rows if CODE.name not in table.columns or cells.text(table.cell(row, CODE.name))]
    pairs = [(cells.text(table.cell(row, known)), cells.text(row[column - 1])) for row in rows if column <= len(row)]
    return any(second is not None and folded(second) != folded(first or "") for first, second in pairs)


def _unknown_subject(title: str, row: int) -> Finding:
    return Finding(
        "SH-10",
        Severity.WARNING,
        f"“{title}” không phải là môn học đã biết nên được bỏ qua. Nếu là môn học, hãy sửa tên môn cho đúng.",
        f"“{title}” is no subject that we know; the row was left aside. If it is a subject, correct its name.",
        sheet=TEACHERS,
        row=row,
        column=SUBJECT.name,
        found=title,
    )


def _no_teacher(name: str) -> Finding:
    return Finding(
        "SH-10",
        Severity.ERROR,
        f"Môn “{name}” chưa có giáo viên. Hãy ghi giáo viên dạy môn này ở trang “Phân công”.",
        f"Nobody is named as the teacher of “{name}”. Name the teacher on the sheet “Phân công”.",
        sheet=TEACHERS,
        column=TEACHER.name,
        expected=name,
    )
