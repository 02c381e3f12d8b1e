# SPDX-License-Identifier: Apache-2.0

"""A year at primary, out of a pupil's rows: `Môn học`, `Phẩm chất năng lực`, `Kết quả`, and `Nhận xét` where there is one.

A subject has two columns on `Môn học`: the level reached (`Toán - Mức`) and, where it is tested, the mark of the test at
the end of the year (`Toán - KTĐK`). Which subjects are tested in a grade follows from the curriculum; a mark that stands
under any other subject is read too, for the rules to judge. Cells that cannot be read are declined as at secondary.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from ledger.record.findings import Finding
from ledger.record.model import ClassInfo, PrimarySubject, PrimaryYear
from ledger.record.rules.subject_set import taken
from ledger.record.rules.tt27 import completes, tested_in
from ledger.record.scales import Overall, Trait, TraitLevel
from ledger.record.sheets import cells, primary_cells
from ledger.record.sheets.cell_reader import CellReader
from ledger.record.sheets.cells import Misread
from ledger.record.sheets.class_tables import ClassTables, Taught
from ledger.record.sheets.pupil_rows import (
    COMPLETED,
    EXCUSED,
    GENERAL_COMMENT,
    HEIGHT,
    HOMEROOM_COMMENT,
    NOTE,
    OTHER_AWARDS,
    OVERALL,
    PRIMARY_AWARD,
    PRIMARY_RESULT_COLUMNS,
    PRINCIPAL_NOTE,
    PROMOTED,
    QUALITY_COMMENT,
    SPECIFIC_COMMENT,
    SUDDEN_AWARDS,
    UNEXCUSED,
    WEIGHT,
    exempts_from_assessment,
    promoted_column,
)
from ledger.record.sheets.results_row import ResultsRow
from ledger.record.sheets.tables import (
    ACHIEVEMENTS,
    CODE,
    COMMENTS,
    NAME,
    RESULTS,
    STT,
    TRAITS,
    Heading,
    Table,
    missing_column,
)
from ledger.record.sheets.workbook import Cell
from ledger.record.spelling import clean, folded
from ledger.record.subjects import Level, Subject, compulsory_in, subject_named

LEVEL_SUFFIX: Final = "Mức"
TEST_SUFFIX: Final = "KTĐK"
_EXEMPTION: Final = "Thông tư 27/2020/TT-BGDĐT, Điều 7"
_LEVEL_WORDS: Final = r"muc dat duoc|muc dat|muc"
_TEST_WORDS: Final = r"diem ktdk|ktdk|diem kiem tra dinh k[iy]|kiem tra dinh k[iy]|diem kt|diem"
_TITLE = re.compile(rf"(?P<subject>.+?)[\s:|/_.,(\[-]+(?:(?P<level>{_LEVEL_WORDS})|(?P<test>{_TEST_WORDS}))[\s)\].]*")
_OTHER_TRAIT_NAMES: Final[Mapping[Trait, tuple[str, ...]]] = {
    Trait.TU_CHU_TU_HOC: ("Tự chủ, tự học",),
    Trait.GIAO_TIEP_HOP_TAC: ("Giao tiếp, hợp tác",),
    Trait.GIAI_QUYET_VAN_DE: ("Giải quyết vấn đề, sáng tạo", "GQVĐ và sáng tạo"),
    Trait.THAM_MI: ("Thẩm mỹ",),
}
TRAIT_COLUMNS: Final = (
    STT,
    CODE,
    NAME,
    *(Heading(trait.label, not trait.optional, _OTHER_TRAIT_NAMES.get(trait, ())) for trait in Trait),
)
"""The sheet `Phẩm chất năng lực`."""
_Value = TypeVar("_Value")


def level_column(subject: str) -> str:
    """Return the heading of the level reached in a subject."""
    return f"{subject} - {LEVEL_SUFFIX}"


def test_column(subject: str) -> str:
    """Return the heading of a subject's test."""
    return f"{subject} - {TEST_SUFFIX}"


def subject_column(title: str) -> tuple[Subject, str] | None:
    """Return which subject a heading of `Môn học` means, and `LEVEL_SUFFIX` or `TEST_SUFFIX`; `None` if it means none.

    The two may be set apart by any dash, bracket or line break. A subject without a test may stand by its name alone.
    """
    bare = _unaccented(title)
    match = _TITLE.fullmatch(bare)
    if match is not None:
        subject = subject_named(title[: match.end("subject")], Level.TH)
        suffix = LEVEL_SUFFIX if match["level"] else TEST_SUFFIX
        return (subject, suffix) if subject else None
    subject = subject_named(title, Level.TH)
    return (subject, LEVEL_SUFFIX) if subject and not subject.scored else None


def _unaccented(title: str) -> str:
    """Return a heading in lower case without accents, every dash a hyphen, each letter where it was."""
    plain = []
    for letter in title:
        base = unicodedata.normalize("NFKD", letter)[0].lower()
        dash = unicodedata.category(letter) == "Pd" or letter == "\N{MINUS SIGN}"
        plain.append("-" if dash else "d" if base == "đ" else base[0])
    return "".join(plain)


class PrimaryRows:
    """The sheets of a primary class. Making one reports what they lack; `year` reads one pupil's rows."""

    year_computed: Final = False

    def __init__(self, tables: ClassTables, class_info: ClassInfo) -> None:
        self._tables = tables
        self._grade = class_info.grade
        self._tested = tested_in(class_info.grade)
        self._final = class_info.is_final
        self._promoted = promoted_column(final=class_info.is_final)
        table = tables.find(ACHIEVEMENTS, (STT, CODE, NAME))
        meant = {title: column for _, title in table.others if (column := subject_column(title))} if table else {}
        if table is not None:
            names = {title: f"{subject.code} - {suffix}" for title, (subject, suffix) in meant.items()}
            table = tables.name_columns(table, names)
        seen = [subject for subject, _ in meant.values()]
        self._taught = tables.complete(tables.taught(), (*compulsory_in(class_info.grade), *seen))
        if table is not None:
            tables.reader.findings += self._missing(table)
        traits = tables.find(TRAITS, TRAIT_COLUMNS)
        if traits is not None:
            tables.name_columns(traits, {})
            tables.require(TRAITS, TRAIT_COLUMNS)
        tables.find(RESULTS, PRIMARY_RESULT_COLUMNS)
        tables.require(RESULTS, PRIMARY_RESULT_COLUMNS, {PROMOTED.name: self._promoted})
        tables.find_by_subject(COMMENTS, HOMEROOM_COMMENT)
        for sheet in (ACHIEVEMENTS, TRAITS, RESULTS, COMMENTS):
            tables.join(sheet)

    def _missing(self, table: Table) -> list[Finding]:
        wanted = [(level_column(entry.subject.code), level_column(entry.name)) for entry in self._taught]
        wanted += [
            (test_column(entry.subject.code), test_column(entry.name))
            for entry in self._taught
            if entry.subject in self._tested
        ]
        return [missing_column(ACHIEVEMENTS, shown) for key, shown in wanted if key not in table.columns]

    def year(self, index: int, reader: CellReader) -> PrimaryYear:
        """Return what the rows of one pupil say."""
        row = ResultsRow(self._tables, index, reader)
        overall = row.value(OVERALL, primary_cells.overall)
        promoted = row.value(PROMOTED, cells.yes_no, self._promoted)
        not_assessed = exempts_from_assessment(self._tables.cell(RESULTS, index, NOTE.name))
        completed = row.value(COMPLETED, cells.yes_no)
        if completed is None:
            completed = self._completed(overall, promoted, not_assessed=not_assessed)
        homeroom = row.words(HOMEROOM_COMMENT) or reader.words(
            COMMENTS, HOMEROOM_COMMENT.name, self._tables.cell(COMMENTS, index, HOMEROOM_COMMENT.name)
        )
        year = PrimaryYear(
            subjects=tuple(self._subject(index, entry, reader, not_assessed=not_assessed) for entry in self._taught),
            traits={trait: level for trait in Trait if (level := self._trait(index, trait, reader))},
            overall=overall,
            absences_excused=row.value(EXCUSED, primary_cells.sessions),
            absences_unexcused=row.value(UNEXCUSED, primary_cells.sessions),
            completed=completed,
            promoted=promoted,
            award=row.value(PRIMARY_AWARD, primary_cells.award),
            other_awards=row.words(OTHER_AWARDS),
            sudden_awards=row.words(SUDDEN_AWARDS),
            weight=row.value(WEIGHT, primary_cells.weight),
            height=row.value(HEIGHT, primary_cells.height),
            homeroom_comment=homeroom,
            quality_comment=row.words(QUALITY_COMMENT),
            general_comment=row.words(GENERAL_COMMENT),
            specific_comment=row.words(SPECIFIC_COMMENT),
            principal_note=row.words(PRINCIPAL_NOTE),
            not_assessed=not_assessed,
        )
        # A column that the list has for others makes no row of dashes in the record of a pupil who does not take the subject.
        here = taken(year, self._grade)
        return replace(year, subjects=tuple(subject for subject in year.subjects if subject.code in here))

    def _completed(self, overall: Overall | None, promoted: bool | None, *, not_assessed: bool) -> bool | None:  # noqa: FBT001 - what a cell says
        """Return whether the grade was completed, where no column says so (TT 27, Article 11).

        In the last grade the column of promotion is that of completion.
        """
        if self._final:
            return promoted
        if overall is not None:
            return completes(overall)
        return promoted if not_assessed else None

    def _subject(self, index: int, entry: Taught, reader: CellReader, *, not_assessed: bool) -> PrimarySubject:
        code, name = entry.subject.code, entry.name
        exempt: list[str] = []

        def value(
            column: Callable[[str], str], read: Callable[[Cell], _Value | Misread | None], *, needed: bool
        ) -> _Value | None:
            key, shown = column(code), column(name)
            cell = self._tables.cell(ACHIEVEMENTS, index, key)
            if needed and not self._tables.holds(ACHIEVEMENTS, index, key):
                reader.decline(ACHIEVEMENTS, shown)
            if folded(cells.text(cell) or "") in cells.EXEMPT:
                exempt.append(shown)
                return None
            return reader.value(ACHIEVEMENTS, shown, cell, read)

        level = value(level_column, primary_cells.achievement, needed=True)
        test = value(test_column, primary_cells.whole_mark, needed=entry.subject in self._tested)
        comment = reader.words(COMMENTS, name, self._tables.cell(COMMENTS, index, code))
        partly = bool(exempt) and (level is not None or test is not None)
        # A pupil with a disability may well be assessed and not take the test.
        for column in exempt if partly and not (not_assessed and test is None) else ():
            rule = "TH-01" if level is None else "TH-04"
            reader.partly_exempt(rule, ACHIEVEMENTS, column, certain=True, article=_EXEMPTION)
        return PrimarySubject(code, clean(name), level, test, comment, entry.teacher, bool(exempt) and not partly)

    def _trait(self, index: int, trait: Trait, reader: CellReader) -> TraitLevel | None:
        if not trait.optional and not self._tables.holds(TRAITS, index, trait.label):
            reader.decline(TRAITS, trait.label)
        return reader.value(
            TRAITS, trait.label, self._tables.cell(TRAITS, index, trait.label), primary_cells.trait_level
        )
