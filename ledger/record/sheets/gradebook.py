# SPDX-License-Identifier: Apache-2.0

"""The mark book: a semester's marks one by one, and the averages that follow from them.

A school may hand in `Sổ điểm HKI` and `Sổ điểm HKII` in place of `Học kỳ I` and `Học kỳ II`. Each subject has its
regular marks (TX1, TX2 …), one in mid-term (GK) and one at the end (CK). `computed_terms` goes through them so:

1. The columns: `Toán - TX1` in one heading row, or `Toán` merged above TX1, GK, CK in two (`gradebook_columns`).
2. TT-02: how many regular marks the class has, by the periods of the subject; exactly one GK and one CK.
3. TT-16: a component that is missing is named, and nothing is computed without it. What an unexcused absence is worth
   (0, or Chưa đạt) is for the school to write down. A pupil with no component at all has no result there, and whether
   that may be is judged with all other results.
4. ĐTBmhk = (ΣTX + 2 × GK + 3 × CK) / (number of TX + 5), in exact numbers, halves upward. A subject that is assessed by
   comment is Đạt if every component is (TT 22/2021, Articles 5, 6 and 9). Numbers and weights are those of the rulebook.
5. TT-03: where the term's own sheet, or an average in the mark book, says something else, that is an error.

What comes out is the term's sheet as it would have been, under the same row numbers, so the reader of classes need not
know that it was computed; and each average with its components, to be shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from ledger.record.findings import Finding, Severity
from ledger.record.model import ClassInfo
from ledger.record.rules.rulebook import SecondaryRulebook
from ledger.record.rules.tt22 import regular_marks, rounded, term_average
from ledger.record.scales import Attainment, Mark
from ledger.record.sheets import cells
from ledger.record.sheets.cells import Misread
from ledger.record.sheets.class_tables import SUBJECT
from ledger.record.sheets.gradebook_columns import AVERAGE, FINAL, MIDTERM, Book, Component, SubjectColumns, book_in
from ledger.record.sheets.gradebook_findings import missing_component, other_average, regular_count, shown, too_many
from ledger.record.sheets.periods import remembered_periods
from ledger.record.sheets.tables import (
    CODE,
    NAME,
    STT,
    TEACHERS,
    TERM_1,
    TERM_2,
    Heading,
    heading_key,
    missing_column,
    missing_table,
    sheets_by_title,
    table_in,
    whole_name,
)
from ledger.record.sheets.workbook import Cell, Grid, Reported
from ledger.record.spelling import folded
from ledger.record.subjects import Level, subject_named

BOOKS: Final = {
    TERM_1: Heading("Sổ điểm HKI", required=False, other_names=("Sổ điểm chi tiết HKI", "Bảng điểm chi tiết HKI")),
    TERM_2: Heading("Sổ điểm HKII", required=False, other_names=("Sổ điểm chi tiết HKII", "Bảng điểm chi tiết HKII")),
}
"""The sheet of a mark book for each term's sheet."""
PERIODS: Final = Heading("Số tiết/năm", required=False, other_names=("Số tiết", "Số tiết cả năm"))
"""The column of `Phân công` that makes TT-02 an error at lower secondary."""


@dataclass(frozen=True, slots=True)
class ComputedMark:
    """One average, and what it was computed from."""

    pupil: str | None
    stt: int | None
    subject: str
    """A code of `ledger.record.subjects`."""
    term: str
    """`tables.TERM_1` or `tables.TERM_2`."""
    components: tuple[tuple[str, Mark], ...]
    """(TX1, mark) …, in the order of the book."""
    value: Mark
    unrounded: Fraction | None
    """The average before it was rounded; `None` for a subject that is assessed by comment."""


@dataclass(frozen=True, slots=True)
class TermReading:
    """What the mark books of a class came to."""

    grids: tuple[Grid, ...]
    """The sheets, with the terms' computed where they were not there."""
    computed: tuple[ComputedMark, ...] = ()
    findings: tuple[Finding, ...] = ()


def computed_terms(sheets: Iterable[Grid], class_info: ClassInfo, rules: SecondaryRulebook) -> TermReading:
    """Return the sheets of a secondary class with the terms computed from its mark books, if it has any."""
    grids = tuple(sheets)
    titles = {key: term for term, heading in BOOKS.items() for key in heading.keys}
    books: dict[str, Grid] = {}
    for grid in grids:
        term = titles.get(heading_key(grid.title))
        if term is not None:
            books.setdefault(term, grid)
    known = sheets_by_title(grids)
    stated = _stated_periods(known.get(TEACHERS), class_info.level) if books else {}
    findings: list[Finding] = []
    computed: list[ComputedMark] = []
    for term, grid in sorted(books.items()):
        page = _Page(term, class_info, rules, stated, findings, computed)
        result = page.read(grid, known.get(term))
        if result is not None and term not in known:
            grids = (*grids, result)
    return TermReading(grids, tuple(computed), tuple(findings))


def _stated_periods(grid: Grid | None, level: Level) -> dict[str, int]:
    table = table_in(grid, TEACHERS, (SUBJECT, PERIODS), (SUBJECT,)) if grid else None
    stated: dict[str, int] = {}
    for _, row in table.rows if table else ():
        subject = subject_named(cells.text(table.cell(row, SUBJECT.name)) or "", level) if table else None
        count = cells.count(table.cell(row, PERIODS.name)) if table else None
        if subject is not None and isinstance(count, int) and count > 0:
            stated.setdefault(subject.code, count)
    return stated


@dataclass(frozen=True, slots=True)
class _Line:
    """One pupil's row in a mark book."""

    number: int
    stt: int | None
    code: str | None
    cells: tuple[Cell, ...]

    def at(self, component: Component) -> Cell:
        return self.cells[component.column - 1] if component.column <= len(self.cells) else None

    def of(self, finding: Finding) -> Finding:
        return replace(finding, row=self.number, stt=self.stt, pupil=self.code)


@dataclass
class _Page:
    """Computes one term of one class."""

    term: str
    class_info: ClassInfo
    rules: SecondaryRulebook
    stated: dict[str, int]
    findings: list[Finding]
    computed: list[ComputedMark]
    sheet: str = field(init=False)

    def __post_init__(self) -> None:
        self.sheet = BOOKS[self.term].name

    def read(self, grid: Grid, written: Grid | None) -> Grid | None:
        """Return the term's sheet as it follows from the mark book `grid`, held against `written` if there is one."""
        book = book_in(grid, self.sheet, self.class_info.level, self.findings)
        if book is None:
            self.findings.append(missing_table(self.sheet, (CODE,)))
            return None
        lines = [self._line(number, row, book) for number, row in grid.numbered(book.last_heading_row + 1)]
        pupils = [line for line in lines if line.stt is not None or line.code is not None]
        names = [entry.title for entry in book.subjects]
        rows: dict[int, list[Cell]] = {book.last_heading_row: [STT.name, CODE.name, NAME.name, *names]}
        rows |= {line.number: [self._cell(line, book, heading) for heading in (STT, CODE, NAME)] for line in lines}
        for entry in book.subjects:
            values = self._subject(entry, pupils)
            for line in lines:
                rows[line.number].append(values.get(line.number))
        result = tuple(tuple(rows.get(number, ())) for number in range(1, max(rows) + 1))
        if written is not None:
            self._compare(written, book, pupils)
        return Grid(self.term, result)

    @staticmethod
    def _line(number: int, row: tuple[Cell, ...], book: Book) -> _Line:
        def said(heading: Heading) -> str | None:
            column = book.columns.get(heading.name, len(row) + 1)
            return cells.text(row[column - 1]) if column <= len(row) else None

        stt = said(STT) or ""
        return _Line(number, int(stt) if stt.isascii() and stt.isdigit() else None, said(CODE), row)

    @staticmethod
    def _cell(line: _Line, book: Book, heading: Heading) -> Cell:
        if heading is NAME:
            return whole_name(line.cells, book.columns.get(NAME.name), book.given_name)
        column = book.columns.get(heading.name, len(line.cells) + 1)
        return line.cells[column - 1] if column <= len(line.cells) else None

    def _subject(self, entry: SubjectColumns, pupils: list[_Line]) -> dict[int, Cell]:
        """Return the results of a subject by row: a mark, `Miễn`, nothing, or `Reported` where something is wrong."""
        if not self._complete(entry):
            return {line.number: Reported() for line in pupils}
        filled = {line.number: [c for c in entry.regular if cells.text(line.at(c)) is not None] for line in pupils}
        most = max((len(found) for found in filled.values()), default=0)
        required = self._regular_required(entry, most)
        return {line.number: self._result(entry, line, most, required) for line in pupils}

    def _complete(self, entry: SubjectColumns) -> bool:
        """TT-02: exactly one GK and one CK, and at least one TX."""
        kinds = ((MIDTERM, entry.midterm), (FINAL, entry.final))
        lacking = [kind for kind, found in (("TX1", entry.regular), *kinds) if not found]
        self.findings += [missing_column(self.sheet, f"{entry.title} - {kind}") for kind in lacking]
        # Where a heading is missing its marks may have fallen to the test on their left, so that is not told as well.
        many = [] if lacking else [(kind, len(found)) for kind, found in kinds if len(found) > 1]
        self.findings += [too_many(self.rules, self.sheet, entry.title, kind, count) for kind, count in many]
        return not lacking and not many

    def _regular_required(self, entry: SubjectColumns, most: int) -> int | None:
        """TT-02: hold the number of regular marks that the class has against the periods; return what is required."""
        stated = self.stated.get(entry.subject.code)
        periods = stated or remembered_periods(entry.subject, self.class_info.grade)
        if periods is None:
            return None
        required = regular_marks(periods, self.rules)
        if most not in (0, required):
            # At upper secondary a cluster of specialised topics may add one, and what we remember may be wrong.
            certain = stated is not None and self.class_info.level is Level.THCS
            self.findings.append(
                regular_count(self.rules, self.sheet, entry.title, most, required, periods=periods, certain=certain)
            )
        return required

    def _result(self, entry: SubjectColumns, line: _Line, most: int, required: int | None) -> Cell:
        components = (*entry.regular, *entry.midterm, *entry.final)
        written = {component: cells.text(line.at(component)) for component in components}
        filled = [text for text in written.values() if text is not None]
        if not filled:
            return None
        if all(folded(text) in cells.EXEMPT for text in filled):
            return "Miễn"
        marks: list[tuple[Component, Mark]] = []
        wrong = False
        for component in components:
            mark = self._mark(entry, line, component)
            wrong = wrong or isinstance(mark, Misread)
            if isinstance(mark, Decimal | Attainment):
                marks.append((component, mark))
        absent = [c for c in (*entry.midterm, *entry.final) if written[c] is None]
        absent += self._absent_regular(entry, written, most, required)
        self.findings += [line.of(missing_component(self.rules, self.sheet, entry, component)) for component in absent]
        if wrong or absent:
            return Reported()
        said = tuple((component.label, mark) for component, mark in marks)
        value, unrounded = self._average(marks)
        result = ComputedMark(line.code, line.stt, entry.subject.code, self.term, said, value, unrounded)
        self.computed.append(result)
        for component in entry.averages:
            column = f"{entry.title} - {AVERAGE}"
            self._same(line, result, line.at(component), scored=entry.subject.scored, sheet=self.sheet, column=column)
        return shown(result.value)

    def _average(self, marks: list[tuple[Component, Mark]]) -> tuple[Mark, Fraction | None]:
        """Return the semester's result from all components of a subject, and the average that it was rounded from."""
        scores = [(component.kind, mark) for component, mark in marks if isinstance(mark, Decimal)]
        if not scores:
            passed = all(mark is Attainment.DAT for _, mark in marks)
            return Attainment.DAT if passed else Attainment.CHUA_DAT, None
        one = dict(scores)
        regular = [mark for kind, mark in scores if kind not in (MIDTERM, FINAL)]
        average = term_average(regular, one[MIDTERM], one[FINAL], self.rules)
        return rounded(average), average

    def _absent_regular(
        self, entry: SubjectColumns, written: dict[Component, str | None], most: int, required: int | None
    ) -> list[Component]:
        """Return the regular marks that a pupil lacks, compared with the rest of the class."""
        has = [component for component in entry.regular if written[component] is not None]
        wanted = most
        # One pupil may have more than is required, by mistake (TT-02 says so) or because of a cluster of topics, which not
        # everybody takes; the others lack nothing.
        if required is not None:
            wanted = min(most, required)
        gaps = [component for component in entry.regular if written[component] is None]
        return gaps[: max(0, wanted - len(has))]

    def _mark(self, entry: SubjectColumns, line: _Line, component: Component) -> Mark | Misread | None:
        cell = line.at(component)
        mark = cells.uncomputed(cell) or (cells.score(cell) if entry.subject.scored else cells.attainment(cell))
        if isinstance(mark, Misread):
            finding = Finding(
                mark.rule,
                Severity.ERROR,
                mark.message_vi,
                mark.message_en,
                sheet=self.sheet,
                column=f"{entry.title} - {component.label}",
                found=mark.found,
                expected=mark.expected,
                article=mark.article,
            )
            self.findings.append(line.of(finding))
        return mark

    def _same(self, line: _Line, mark: ComputedMark, cell: Cell, *, scored: bool, sheet: str, column: str) -> None:
        """TT-03: an average that is written somewhere is the one that follows."""
        written = cells.score(cell) if scored else cells.attainment(cell)
        # An empty or unreadable cell is reported by whoever reads that sheet.
        if written is None or isinstance(written, Misread) or written == mark.value:
            return
        finding = other_average(self.rules, self.sheet, cells.text(cell) or "", mark.value)
        self.findings.append(line.of(replace(finding, sheet=sheet, column=column)))

    def _compare(self, written: Grid, book: Book, pupils: list[_Line]) -> None:
        """TT-03 for the term's own sheet, pupil by pupil; SH-06 for a pupil who stands on one of the two alone."""
        table = table_in(written, self.term, (STT, CODE, NAME), (CODE,))
        if table is None:
            return
        columns = {
            subject.code: (column, title)
            for column, title in table.others
            if (subject := subject_named(title, self.class_info.level)) is not None
        }
        rows = {code: (number, row) for number, row in table.rows if (code := cells.text(table.cell(row, CODE.name)))}
        here = {line.code: line for line in pupils}
        for code in rows.keys() - here.keys():
            self.findings.append(_on_one_sheet(code, self.term, rows[code][0], self.sheet))
        for code in here.keys() - rows.keys():
            if code is not None:
                self.findings.append(_on_one_sheet(code, self.sheet, here[code].number, self.term))
        scored = {entry.subject.code: entry.subject.scored for entry in book.subjects}
        for mark in self.computed:
            if mark.term != self.term or mark.pupil not in rows or mark.subject not in columns:
                continue
            number, row = rows[mark.pupil]
            column, title = columns[mark.subject]
            cell = row[column - 1] if column <= len(row) else None
            line = _Line(number, mark.stt, mark.pupil, row)
            self._same(line, mark, cell, scored=scored[mark.subject], sheet=self.term, column=title)


def _on_one_sheet(code: str, sheet: str, row: int, other: str) -> Finding:
    return Finding(
        "SH-06",
        Severity.ERROR,
        f"Học sinh mã {code} có ở trang “{sheet}” (dòng {row}) nhưng không có ở trang “{other}”."
        " Hãy bổ sung dòng của học sinh này, hoặc sửa mã cho khớp.",
        f"Pupil {code} stands on “{sheet}” (row {row}) but not on “{other}”. Add the pupil's row there, or correct the code.",
        sheet=other,
        column=CODE.name,
        pupil=code,
        expected=code,
    )
