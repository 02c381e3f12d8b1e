# SPDX-License-Identifier: Apache-2.0

"""The TH rules for one pupil: what a primary record says, held against what it should follow from.

As at secondary, one mistake should not come back as five: a rule that builds on the overall result takes it as
*recomputed*, and falls back to what was written where something is missing; cells that have been reported as unreadable
are left alone; and for a pupil with a disability (`not_assessed`), whose demands are adjusted by an individual plan
(Article 8), nothing is missing and nothing is recomputed.

The text of Article 11, on completing a grade, is not at hand, so what rests on it warns and never blocks. What a finding
of ours calls an error stands in Articles 7, 9 and 13 or in the ministry's field table.
"""

from collections.abc import Iterator
from typing import Final

from ledger.record.findings import Finding
from ledger.record.model import Place, PrimarySubject, PrimaryYear, Record
from ledger.record.rules.pupil_cells import PupilCells, shown
from ledger.record.rules.required_fields import required_findings
from ledger.record.rules.rulebook import PrimaryRulebook
from ledger.record.rules.subject_set import taken
from ledger.record.rules.tt27 import award_due, completes, has_test, may_be_awarded, overall_result, tested_in
from ledger.record.scales import Achievement, Overall, Trait
from ledger.record.sheets.primary_rows import level_column, test_column
from ledger.record.sheets.pupil_rows import (
    COMPLETED,
    EXCUSED,
    OVERALL,
    PRIMARY_AWARD,
    PRINCIPAL_NOTE,
    UNEXCUSED,
    promoted_column,
)
from ledger.record.sheets.tables import ACHIEVEMENTS, COMMENTS, RESULTS, TRAITS
from ledger.record.subjects import BY_CODE

FIELDS: Final = "CV 2088/BGDĐT-GDTH, Phụ lục 1.1"
HIGHEST_TEST: Final = 10


class PrimaryCheck:
    """The TH rules for one pupil."""

    def __init__(self, record: Record, year: PrimaryYear, place: Place, rules: PrimaryRulebook) -> None:
        self._year = year
        self._cells = PupilCells(record.pupil.code, place)
        self._record = record
        self._rules = rules
        self._grade = record.class_info.grade
        self._final = record.class_info.is_final
        here = taken(year, self._grade)
        self._assessed = [
            result for result in year.subjects if not result.exempt and result.code in BY_CODE and result.code in here
        ]

    def findings(self) -> Iterator[Finding]:
        """Yield them in the order of the form: subjects, traits, the overall result, awards, completion."""
        for result in self._assessed:
            yield from self._subject(result)
        yield from self._missing_tests()
        yield from self._traits()
        yield from self._overall()
        yield from self._award()
        yield from self._completion()
        yield from self._absences()
        yield from required_findings(self._record, self._cells)

    def _article(self, number: str) -> str:
        return f"Thông tư {self._rules.circular}, Điều {number}"

    def _subject(self, result: PrimarySubject) -> Iterator[Finding]:
        level, test = level_column(result.name), test_column(result.name)
        if result.level is None and not self._year.not_assessed and not self._cells.declined(ACHIEVEMENTS, level):
            yield self._cells.error(
                "TH-01",
                ACHIEVEMENTS,
                level,
                None,
                " / ".join(step.value for step in Achievement),
                f"Thiếu mức đạt được môn {result.name}. Hãy ghi Hoàn thành tốt, Hoàn thành hoặc Chưa hoàn thành; nếu được miễn,"
                " hãy ghi “Miễn”.",
                f"The level reached in {result.name} is missing. Write Hoàn thành tốt, Hoàn thành or Chưa hoàn thành, or"
                " “Miễn” if exempt.",
                self._article("7.1a"),
            )
        if result.level is Achievement.CHUA_HOAN_THANH and not (result.comment or "").strip():
            commented = COMMENTS in self._cells.place.rows
            yield self._cells.warning(
                "TH-10",
                COMMENTS if commented else ACHIEVEMENTS,
                result.name if commented else level,
                None if commented else shown(result.level),
                "nhận xét / a comment",
                f"Môn {result.name} Chưa hoàn thành nhưng không có nhận xét. Hãy ghi nội dung, kỹ năng cần được giúp đỡ.",
                f"{result.name} is Chưa hoàn thành without a comment. Write what the pupil needs help with.",
                f"Thông tư {self._rules.circular}, Phụ lục 1",
            )
        if result.test is None:
            return
        if not has_test(BY_CODE[result.code], self._grade):
            yield self._cells.warning(
                "TH-04",
                ACHIEVEMENTS,
                test,
                shown(result.test),
                "để trống / empty",
                f"Môn {result.name} không có bài kiểm tra định kỳ; điểm này không được tính. Hãy xóa ô này.",
                f"{result.name} has no periodic test; this mark does not count. Empty this cell.",
                self._article("7.1b"),
            )
        elif not _is_test(result.test):
            yield self._cells.error(
                "TH-03",
                ACHIEVEMENTS,
                test,
                shown(result.test),
                "0, 1 … 10",
                f"Điểm kiểm tra môn {result.name} phải là số nguyên từ 0 đến 10, không phải {shown(result.test)}."
                " Hãy sửa ô này.",
                f"The test mark of {result.name} must be a whole number from 0 to 10, not {shown(result.test)}."
                " Correct this cell.",
                self._article("7.1d"),
            )

    def _untested(self) -> list[PrimarySubject]:
        required = {subject.code for subject in tested_in(self._grade)}
        return [
            result
            for result in self._assessed
            if result.code in required
            and result.test is None
            and not self._cells.declined(ACHIEVEMENTS, test_column(result.name))
        ]

    def _missing_tests(self) -> Iterator[Finding]:
        untested = self._untested()
        if untested and self._year.not_assessed:
            names = ", ".join(result.name for result in untested)
            yield self._cells.warning(
                "TH-04",
                ACHIEVEMENTS,
                test_column(untested[0].name),
                None,
                "0, 1 … 10",
                f"Học sinh khuyết tật không có điểm kiểm tra: {names}. Hãy kiểm tra lại theo kế hoạch giáo dục cá nhân.",
                f"A pupil with a disability has no test in: {names}. Check it against the individual plan.",
                self._article("8"),
            )
            return
        for result in untested:
            yield self._cells.error(
                "TH-04",
                ACHIEVEMENTS,
                test_column(result.name),
                None,
                "0, 1 … 10",
                f"Thiếu điểm kiểm tra cuối năm môn {result.name}. Hãy ghi điểm; nếu được miễn môn này, hãy ghi “Miễn”.",
                f"The test of {result.name} at the end of the year is missing. Write it, or “Miễn” if exempt.",
                self._article("7.1b"),
            )

    def _traits(self) -> Iterator[Finding]:
        if self._year.not_assessed:
            return
        for trait in Trait:
            if trait in self._year.traits or trait.optional or self._cells.declined(TRAITS, trait.label):
                continue
            yield self._cells.error(
                "TH-02",
                TRAITS,
                trait.label,
                None,
                "Tốt / Đạt / Cần cố gắng",
                f"Thiếu mức đạt được về “{trait.label}”. Hãy ghi Tốt, Đạt hoặc Cần cố gắng.",
                f"“{trait.label}” is missing. Write Tốt, Đạt or Cần cố gắng.",
                self._article("7.2"),
            )

    def _computed(self) -> Overall | None:
        """Return the overall result as it follows; `None` where something it follows from is missing or impossible."""
        year = self._year
        levels = [result.level for result in self._assessed if result.level is not None]
        tests = [
            result.test
            for result in self._assessed
            if result.test is not None and has_test(BY_CODE[result.code], self._grade)
        ]
        required = {subject.code for subject in tested_in(self._grade)}
        whole = (
            len(levels) == len(self._assessed)
            and all(result.test is not None for result in self._assessed if result.code in required)
            and all(map(_is_test, tests))
            and all(trait in year.traits for trait in Trait if not trait.optional)
            and not any(self._cells.declined(TRAITS, trait.label) for trait in Trait)
        )
        if year.not_assessed or not levels or not whole:
            return None
        return overall_result(levels, list(year.traits.values()), tests, self._rules)

    def _overall(self) -> Iterator[Finding]:
        written, expected = self._year.overall, self._computed()
        if written is None:
            if not self._year.not_assessed and not self._cells.declined(RESULTS, OVERALL.name):
                right = expected.value if expected else " / ".join(step.value for step in Overall)
                yield self._cells.error(
                    "TH-05",
                    RESULTS,
                    OVERALL.name,
                    None,
                    right,
                    f"Thiếu “{OVERALL.name}”. Hãy ghi: {right}.",
                    f"“{OVERALL.name}” is missing. Write: {right}.",
                    self._article("9.2a"),
                )
        elif expected is not None and written is not expected:
            yield self._cells.error(
                "TH-05",
                RESULTS,
                OVERALL.name,
                shown(written),
                shown(expected),
                f"“{OVERALL.name}” theo các môn, phẩm chất, năng lực và bài kiểm tra cuối năm phải là {expected.value}, không"
                f" phải {written.value}. Hãy sửa ô này hoặc các kết quả đó.",
                f"“{OVERALL.name}” follows from subjects, qualities, competences and tests as {expected.value}, not"
                f" {written.value}. Correct this cell or those results.",
                self._article("9.2a"),
            )

    def _award(self) -> Iterator[Finding]:
        overall, written = self._computed() or self._year.overall, self._year.award
        if self._year.not_assessed or overall is None or self._cells.declined(RESULTS, PRIMARY_AWARD.name):
            return
        allowed, due = may_be_awarded(overall), award_due(overall)
        if written is not None and written is not allowed:
            right = shown(allowed)
            vi, en = (f"là “{right}” hoặc ", f"“{right}” or ") if right else ("", "")
            yield self._cells.error(
                "TH-06",
                RESULTS,
                PRIMARY_AWARD.name,
                shown(written),
                right or "để trống / empty",
                f"Học sinh được đánh giá {overall.value} thì danh hiệu phải {vi}để trống. Hãy sửa ô này.",
                f"With {overall.value} the title must be {en}empty. Correct this cell.",
                self._article("13.1a"),
            )
        elif written is None and due is not None:
            yield self._cells.warning(
                "TH-06",
                RESULTS,
                PRIMARY_AWARD.name,
                None,
                shown(due),
                f"Học sinh được đánh giá {overall.value} thì được khen thưởng {due.value}. Hãy ghi danh hiệu, hoặc kiểm tra lại.",
                f"A pupil with {overall.value} is awarded {due.value}. Write the title, or check why not.",
                self._article("13.1a"),
            )

    def _completion(self) -> Iterator[Finding]:
        year, column = self._year, promoted_column(final=self._final)
        # In grade 5 the one says the other, where only one of them was written.
        completed = year.promoted if self._final and year.completed is None else year.completed
        if year.promoted is None or completed is None:
            yield from self._missing_completion(column)
            return
        overall = self._computed() or year.overall
        done = None if overall is None or year.not_assessed else completes(overall)
        # Where completion follows from the result and promotion does not, it is promotion that has to be explained.
        if self._final and completed is not year.promoted and completed is not done:
            yield self._cells.error(
                "TH-08",
                RESULTS,
                column,
                shown(completed),
                shown(year.promoted),
                "Ở lớp 5, hoàn thành chương trình tiểu học và được lên lớp là một; ở đây hai mục khác nhau. Hãy sửa cho giống"
                " nhau.",
                "In grade 5, to complete primary and to move up are one thing; here the two differ. Make them agree.",
                FIELDS,
            )
        elif done is None or overall is None:
            return
        elif completed is not done and not self._decided(completed):
            name = column if self._final else COMPLETED.name
            yield self._cells.warning(
                "TH-08",
                RESULTS,
                name,
                shown(completed),
                shown(done),
                f"Học sinh được đánh giá {overall.value} thì thường ghi “{name}”: {shown(done)}. Hãy kiểm tra lại; nếu hiệu"
                f" trưởng đã quyết định như vậy, hãy ghi ở cột “{PRINCIPAL_NOTE.name}”.",
                f"With {overall.value}, “{name}” is usually {shown(done)}. Check it; if the principal decided so, write it"
                f" under “{PRINCIPAL_NOTE.name}”.",
                self._article("11"),
            )
        elif year.promoted is not done and not self._decided(year.promoted):
            yield self._cells.warning(
                "TH-07",
                RESULTS,
                column,
                shown(year.promoted),
                shown(done),
                f"Học sinh được đánh giá {overall.value} nhưng “{column}” là {shown(year.promoted)}. Nếu hiệu trưởng đã quyết"
                f" định như vậy, hãy ghi ở cột “{PRINCIPAL_NOTE.name}”.",
                f"The overall result is {overall.value}, but “{column}” says {shown(year.promoted)}. If the principal"
                f" decided so, write it under “{PRINCIPAL_NOTE.name}”.",
                self._article("11"),
            )

    def _decided(self, said: bool) -> bool:  # noqa: FBT001 - what a cell says
        """Return whether the principal decided in the pupil's favour and wrote it down."""
        return said and bool((self._year.principal_note or "").strip())

    def _missing_completion(self, column: str) -> Iterator[Finding]:
        # One thing missing is one finding: completion is asked for only where promotion is there.
        rule, lacking = ("TH-07", column) if self._year.promoted is None else ("TH-08", COMPLETED.name)
        if rule == "TH-08" and self._year.overall is None:
            # Class lists have no column for completion: it follows from the overall result, which is missed already.
            return
        if not self._cells.declined(RESULTS, column) and not self._cells.declined(RESULTS, lacking):
            yield self._cells.error(
                rule,
                RESULTS,
                lacking,
                None,
                "Có / Không",
                f"Thiếu “{lacking}”. Hãy ghi Có hoặc Không.",
                f"“{lacking}” is missing. Write Có or Không.",
                FIELDS,
            )

    def _absences(self) -> Iterator[Finding]:
        year = self._year
        for column, count in (
            (EXCUSED.name, year.absences_excused),
            (UNEXCUSED.name, year.absences_unexcused),
        ):
            if (count is None and not self._cells.declined(RESULTS, column)) or (count is not None and count < 0):
                yield self._cells.error(
                    "TH-11",
                    RESULTS,
                    column,
                    shown(count),
                    "0, 1, 2 …",
                    f"“{column}” phải là số buổi, không để trống và không âm. Nếu không nghỉ, hãy ghi 0.",
                    f"“{column}” is a number of sessions, not empty, not negative. Write 0 for none.",
                    FIELDS,
                )


def _is_test(mark: int) -> bool:
    # A record that did not come through a reader of ours may hold anything that Python lets pass for a whole number.
    return type(mark) is int and 0 <= mark <= HIGHEST_TEST
