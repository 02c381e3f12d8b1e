# SPDX-License-Identifier: Apache-2.0

"""A class as its school exports it, turned into records; or told what is wrong with it, all at once.

`read_class` goes through the workbook in this order, and at each step collects findings and carries on:

1. Open it, within limits (`ledger.record.workbook`).
2. Who and where: school, class and signers, from `Thông tin`.
3. Which pupils: `Học sinh`, one row each; and which subjects, taught by whom: `Phân công`.
4. What each pupil got: the marks sheets, `Kết quả` and `Nhận xét`, joined by the pupil's code. Where a code stands
   twice the first goes with the first. A name that differs between sheets under one code means that rows have slipped,
   and is an error.
5. The year's marks: from `Cả năm`, or computed from the semesters where that sheet is not there.

This judges the *form* of a workbook. Whether what it says follows from the circulars is for `ledger.record.check`, whose
`check_workbook` does both. A class with any error is not imported, never half of it: `SheetReading.class_sheet` is then
`None`, and `draft` holds what could be read, for the rules to look at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ledger.record import cells
from ledger.record.class_info import read_class_info
from ledger.record.errors import UnknownRulebook
from ledger.record.findings import Finding, Severity, has_errors
from ledger.record.model import (
    ClassInfo,
    ClassSheet,
    Person,
    Place,
    Record,
    School,
    Schooling,
    SecondarySubject,
)
from ledger.record.pupil_rows import (
    PROMOTED,
    PUPIL_COLUMNS,
    RESULT_COLUMNS,
    PupilRow,
    Reader,
    join,
    promoted_column,
    pupil_from,
    pupil_rows,
    year_from,
)
from ledger.record.rulebook import SecondaryRulebook, rulebook_for
from ledger.record.rules_tt22 import year_mark
from ledger.record.scales import Mark
from ledger.record.spelling import clean, folded
from ledger.record.subjects import BY_CODE, Subject, compulsory_in, subject_named
from ledger.record.tables import (
    CODE,
    COMMENTS,
    INFO,
    NAME,
    PUPILS,
    RESULTS,
    SHEETS,
    STT,
    TEACHERS,
    TERM_1,
    TERM_2,
    YEAR,
    Heading,
    Table,
    missing_column,
    missing_sheet,
    missing_table,
    sheets_by_title,
    table_in,
    unknown_column,
)
from ledger.record.workbook import Grid, Refused, grids

_SUBJECT = Heading("Môn học", other_names=("Môn", "Môn học/HĐGD"))
_TEACHER = Heading("Giáo viên", other_names=("Họ và tên giáo viên", "Giáo viên bộ môn", "Giáo viên dạy"))
_TEACHER_ID = Heading("Số CCCD giáo viên", required=False, other_names=("Số CCCD", "CCCD", "Số định danh cá nhân"))
_HOMEROOM_COMMENT = Heading("Nhận xét của GVCN", other_names=("Nhận xét GVCN", "Nhận xét của giáo viên chủ nhiệm"))


@dataclass(frozen=True, slots=True)
class SheetReading:
    """What reading a workbook came to."""

    class_sheet: ClassSheet | None
    """The class; `None` as soon as there is one error."""
    draft: ClassSheet | None
    """What could be read in spite of errors, for the rules to look at. Never import this."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Taught:
    """A subject of this class."""

    subject: Subject
    name: str
    teacher: Person | None


def read_class(data: bytes, *, file: str) -> SheetReading:
    """Read the workbook `data`; `file` is what messages call it. Never raises for what is in the file."""
    try:
        found = grids(data, file=file)
    except Refused as refused:
        return SheetReading(None, None, (refused.finding,))
    return read_grids(found, file=file)


def read_grids(sheets: Iterable[Grid], *, file: str) -> SheetReading:
    """Read a class from sheets that have been opened already; `file` is what messages call their source."""
    found = sheets_by_title(sheets)
    reader = Reader()
    info = read_class_info(found[INFO], reader.findings) if INFO in found else None
    # A primary class has other sheets; having said that it cannot be read, do not also list what it lacks.
    if not any(finding.rule == "SH-11" for finding in reader.findings):
        reader.findings += [missing_sheet(sheet, file) for sheet in SHEETS if sheet not in found and sheet != YEAR]
    if info is None or PUPILS not in found:
        return SheetReading(None, None, tuple(reader.findings))
    school, class_info = info
    draft = _Assembly(reader, found, school, class_info).class_sheet()
    findings = tuple(reader.findings)
    return SheetReading(None if has_errors(findings) else draft, draft, findings)


class _Assembly:
    """Puts one class together from its sheets."""

    def __init__(self, reader: Reader, found: Mapping[str, Grid], school: School, class_info: ClassInfo) -> None:
        self._reader = reader
        self._found = found
        self._school = school
        self._class = class_info
        self._tables: dict[str, Table] = {}
        self._joined: dict[str, dict[int, PupilRow]] = {}

    def class_sheet(self) -> ClassSheet | None:
        pupils_table = self._table(PUPILS, PUPIL_COLUMNS, (CODE, NAME))
        if pupils_table is None:
            return None
        pupils = pupil_rows(pupils_table, self._reader)
        for heading in PUPIL_COLUMNS:
            if heading.required and heading.name not in pupils_table.columns and heading not in (CODE, NAME):
                self._reader.findings.append(missing_column(PUPILS, heading.name))
        if not pupils:
            self._reader.findings.append(_empty_class())
            return None
        marks = {sheet: table for sheet in (TERM_1, TERM_2, YEAR) if (table := self._marks_table(sheet))}
        taught = self._subjects(marks)
        results = self._table(RESULTS, RESULT_COLUMNS, (CODE,))
        if results is not None:
            final = promoted_column(final=self._class.is_final)
            self._reader.findings += [
                missing_column(RESULTS, final if heading is PROMOTED else heading.name)
                for heading in RESULT_COLUMNS
                if heading.required and heading.name not in results.columns and heading not in (CODE, NAME)
            ]
        comments = self._marks_table(COMMENTS)
        for sheet, table in {**marks, RESULTS: results, COMMENTS: comments}.items():
            if table is not None:
                self._joined[sheet] = join(table, pupils, self._reader)
        rules = self._rules()
        pairs = [self._record(index, row, pupils_table, taught, rules) for index, row in enumerate(pupils)]
        pairs.sort(key=lambda pair: (pair[1].stt is None, pair[1].stt or 0))
        return ClassSheet(
            school=self._school,
            class_info=self._class,
            records=tuple(record for record, _ in pairs),
            places=tuple(place for _, place in pairs),
            enrolled=len(pupils),
            year_computed=YEAR not in self._found,
        )

    def _rules(self) -> SecondaryRulebook | None:
        # An impossible school year is reported as ID-10 by the rules; here it only means that nothing can be computed.
        try:
            rules = rulebook_for(self._class.level, self._class.first_year or 0)
        except UnknownRulebook:
            return None
        return rules if isinstance(rules, SecondaryRulebook) else None

    def _table(self, sheet: str, headings: tuple[Heading, ...], anchors: tuple[Heading, ...]) -> Table | None:
        if sheet not in self._found:
            return None
        table = table_in(self._found[sheet], sheet, headings, anchors)
        if table is None:
            self._reader.findings.append(missing_table(sheet, anchors))
        else:
            self._tables[sheet] = table
        return table

    def _marks_table(self, sheet: str) -> Table | None:
        """Find a table with a column per subject; the columns come out under the subjects' codes."""
        known = (STT, CODE, NAME, _HOMEROOM_COMMENT) if sheet == COMMENTS else (STT, CODE, NAME)
        table = self._table(sheet, known, (CODE,))
        if table is None:
            return None
        columns = dict(table.columns)
        for number, title in table.others:
            subject = subject_named(title, self._class.level)
            if subject is None:
                self._reader.findings.append(unknown_column(sheet, title))
            else:
                columns.setdefault(subject.code, number)
        self._tables[sheet] = replace(table, columns=columns, others=())
        return self._tables[sheet]

    def _subjects(self, marks: Mapping[str, Table]) -> list[_Taught]:
        """Return the subjects of the class in the order of `Phân công`, and say which sheets lack one of them."""
        taught: dict[str, _Taught] = {}
        table = self._table(TEACHERS, (_SUBJECT, _TEACHER, _TEACHER_ID), (_SUBJECT, _TEACHER))
        for row, line in table.rows if table else ():
            title = cells.text(table.cell(line, _SUBJECT.name)) if table else None
            if title is None or table is None:
                continue
            subject = subject_named(title, self._class.level)
            if subject is None:
                self._reader.findings.append(_unknown_subject(title, row))
                continue
            name = cells.text(table.cell(line, _TEACHER.name))
            person = Person(name, cells.text(table.cell(line, _TEACHER_ID.name))) if name else None
            taught.setdefault(subject.code, _Taught(subject, title, person))
        expected = {subject.code: subject for subject in compulsory_in(self._class.grade)}
        expected |= {code: entry.subject for code, entry in taught.items()}
        for sheet_table in marks.values():
            expected |= {code: BY_CODE[code] for code in sheet_table.columns if code in BY_CODE}
        for code, subject in expected.items():
            name = taught[code].name if code in taught else subject.name
            if table is not None and (code not in taught or taught[code].teacher is None):
                self._reader.findings.append(_no_teacher(name))
            taught.setdefault(code, _Taught(subject, name, None))
            self._reader.findings += [missing_column(s, name) for s, t in marks.items() if code not in t.columns]
        return list(taught.values())

    def _record(
        self, index: int, row: PupilRow, pupils: Table, taught: list[_Taught], rules: SecondaryRulebook | None
    ) -> tuple[Record, Place]:
        rows = {PUPILS: row.number} | {
            sheet: joined[index].number for sheet, joined in self._joined.items() if index in joined
        }
        place = Place(row.stt, rows)
        reader = self._reader.at(place, row.code)
        pupil = pupil_from(row, pupils, reader)
        results = self._joined.get(RESULTS, {}).get(index)
        year = year_from(results, self._tables.get(RESULTS), reader, final=self._class.is_final)
        comments = self._joined.get(COMMENTS, {}).get(index)
        if comments is not None:
            said = cells.text(self._tables[COMMENTS].cell(comments.cells, _HOMEROOM_COMMENT.name))
            year = replace(year, homeroom_comment=said)
        year = replace(year, subjects=tuple(self._subject_result(index, entry, reader, rules) for entry in taught))
        history = (Schooling(self._class.school_year, self._class.name, self._school.name),)
        record = Record(self._school, self._class, pupil, year, history)
        return record, replace(place, declined=frozenset(reader.declined))

    def _subject_result(
        self, index: int, entry: _Taught, reader: Reader, rules: SecondaryRulebook | None
    ) -> SecondarySubject:
        marks: dict[str, Mark | None] = {}
        exempt = False
        for sheet in (TERM_1, TERM_2, YEAR):
            row = self._joined.get(sheet, {}).get(index)
            table = self._tables.get(sheet)
            marks[sheet] = None
            if row is None or table is None or entry.subject.code not in table.columns:
                if sheet in self._found:
                    reader.decline(sheet, entry.name)
                continue
            cell = table.cell(row.cells, entry.subject.code)
            if folded(cells.text(cell) or "") in cells.EXEMPT:
                exempt = True
                continue
            marks[sheet] = reader.mark(sheet, entry.name, cell, scored=entry.subject.scored)
        hk1, hk2, year = marks[TERM_1], marks[TERM_2], marks[YEAR]
        if YEAR not in self._found and hk1 is not None and hk2 is not None and rules is not None:
            year = year_mark(hk1, hk2, rules)
        comment = None
        row = self._joined.get(COMMENTS, {}).get(index)
        if row is not None:
            comment = cells.text(self._tables[COMMENTS].cell(row.cells, entry.subject.code))
        return SecondarySubject(entry.subject.code, clean(entry.name), hk1, hk2, year, comment, entry.teacher, exempt)


def _empty_class() -> Finding:
    return Finding(
        "SH-06",
        Severity.ERROR,
        "Trang “Học sinh” không có học sinh nào. Hãy ghi danh sách lớp bên dưới dòng tiêu đề.",
        "The sheet “Học sinh” names no pupil. Write the class list below its headings.",
        sheet=PUPILS,
    )


def _unknown_subject(title: str, row: int) -> Finding:
    return Finding(
        "SH-10",
        Severity.WARNING,
        f"“{title}” không phải là môn học đã biết nên được bỏ qua. Nếu là môn học, hãy sửa tên môn cho đúng.",
        f"“{title}” is no subject that we know; the row was left aside. If it is a subject, correct its name.",
        sheet=TEACHERS,
        row=row,
        column=_SUBJECT.name,
        found=title,
    )


def _no_teacher(name: str) -> Finding:
    return Finding(
        "SH-10",
        Severity.ERROR,
        f"Môn “{name}” chưa có giáo viên. Hãy ghi giáo viên dạy môn này ở trang “Phân công”.",
        f"Nobody is named as the teacher of “{name}”. Name the teacher on the sheet “Phân công”.",
        sheet=TEACHERS,
        column=_TEACHER.name,
        expected=name,
    )
