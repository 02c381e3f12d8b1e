# SPDX-License-Identifier: Apache-2.0

"""What a secondary year leads to: re-assessment in summer, promotion, titles (TT-09 to TT-12).

Re-assessment (Article 14) is for a pupil whose conduct is good enough and whose study is not. It replaces the year's
result of the subject that was assessed again, for promotion, and nothing else: the marks of the year stay as they are,
and a title is judged by them. Training in summer (Article 13) is for a pupil whose conduct of the year is Chưa đạt.

A mark assessed again without right is reported once. What the school concluded from it may then follow from the marks
with it or without it, so that the same mistake does not come back as a wrong result of study and a wrong promotion.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ledger.record.findings import Finding
from ledger.record.model import Record, SecondarySubject, SecondaryYear
from ledger.record.rules.pupil_cells import PupilCells, shown
from ledger.record.rules.rulebook import SecondaryRulebook
from ledger.record.rules.tt22 import award_for, may_be_reassessed, promotes, study_result
from ledger.record.scales import Mark, Rating
from ledger.record.sheets.pupil_rows import AWARD, CONDUCT_AGAIN, EXCUSED, STUDY_AGAIN, UNEXCUSED, promoted_column
from ledger.record.sheets.tables import REASSESSED, RESULTS


@dataclass(frozen=True, slots=True)
class YearFound:
    """The year's results that later rules build on: as recomputed, or as written where they cannot be."""

    subjects: tuple[SecondarySubject, ...]
    """Those that are assessed, with believable marks alone."""
    marks: Mapping[str, Mark] | None
    conduct: Rating | None
    studies: tuple[Rating, ...]
    """Every acceptable result of study; more than one where the readings of Article 9.3 part."""


class OutcomeCheck:
    """The rules on re-assessment, promotion and titles for one pupil."""

    def __init__(
        self, record: Record, year: SecondaryYear, cells: PupilCells, rules: SecondaryRulebook, found: YearFound
    ) -> None:
        self._year = year
        self._cells = cells
        self._rules = rules
        self._found = found
        self._promoted = promoted_column(final=record.class_info.is_final)
        self._again = {r.code: r for r in found.subjects if r.reassessed is not None}
        written = {r.code for r in year.subjects if r.reassessed is not None}
        # A mark of re-assessment that is impossible or unreadable has been reported; what follows from it is unknown.
        self._unknown = any(r.code in written and r.code not in self._again for r in found.subjects) or any(
            cells.declined(REASSESSED, r.name) for r in found.subjects
        )

    def findings(self) -> Iterator[Finding]:
        """Yield them in the order of the summer: training, re-assessment, promotion; then the title."""
        yield from self._training()
        yield from self._reassessment()
        yield from self._absences()
        yield from self._promotion()
        yield from self._award()

    def _article(self, number: str) -> str:
        return f"Thông tư {self._rules.circular}, Điều {number}"

    def _training(self) -> Iterator[Finding]:
        trained, conduct = self._year.conduct.reassessed, self._found.conduct
        if trained is None or conduct is None or conduct is Rating.CHUA_DAT:
            return
        yield self._cells.error(
            "TT-12",
            RESULTS,
            CONDUCT_AGAIN.name,
            shown(trained),
            "để trống / empty",
            f"Chỉ rèn luyện trong hè khi rèn luyện cả năm Chưa đạt; ở đây là {conduct.value}. Hãy xóa ô này.",
            f"Only a pupil whose conduct of the year is Chưa đạt trains in summer; here it is {conduct.value}."
            " Empty this cell.",
            self._article("13"),
        )

    def _reassessment(self) -> Iterator[Finding]:
        written = self._year.study.reassessed
        if not self._again:
            if written is not None and not self._unknown:
                yield self._cells.error(
                    "TT-12",
                    RESULTS,
                    STUDY_AGAIN.name,
                    shown(written),
                    "để trống / empty",
                    "Không có môn nào được đánh giá lại nên không có kết quả học tập sau hè. Hãy xóa ô này, hoặc ghi kết quả"
                    f" các môn đánh giá lại ở trang “{REASSESSED}”.",
                    "No subject was assessed again, so there is no result of study after summer. Empty this cell, or"
                    f" write the subjects' results on “{REASSESSED}”.",
                    self._article("14"),
                )
            return
        if (refused := self._refused()) is not None:
            yield refused
            return
        for result in self._without_right():
            yield self._cells.error(
                "TT-12",
                REASSESSED,
                result.name,
                shown(result.reassessed),
                "để trống / empty",
                f"Môn {result.name} có kết quả cả năm {shown(self._year_of(result))}, không thuộc diện đánh giá lại (dưới"
                f" {shown(self._rules.reassessed_below)} hoặc Chưa đạt). Hãy xóa kết quả đánh giá lại của môn này.",
                f"{result.name} has {shown(self._year_of(result))} for the year and may not be assessed again (only below"
                f" {shown(self._rules.reassessed_below)} or Chưa đạt). Remove its result after re-assessment.",
                self._article("14"),
            )
        expected = self._studies_after()
        if not expected:
            return
        right = " / ".join(rating.value for rating in expected)
        if written is None and not self._cells.declined(RESULTS, STUDY_AGAIN.name):
            yield self._cells.warning(
                "TT-12",
                RESULTS,
                STUDY_AGAIN.name,
                None,
                right,
                f"Học sinh đã được đánh giá lại nhưng chưa ghi “{STUDY_AGAIN.name}”. Hãy ghi kết quả: {right}.",
                f"The pupil was assessed again, but “{STUDY_AGAIN.name}” is empty. Write the result: {right}.",
                self._article("14"),
            )
        elif written is not None and written not in expected:
            yield self._cells.error(
                "TT-12",
                RESULTS,
                STUDY_AGAIN.name,
                shown(written),
                right,
                f"“{STUDY_AGAIN.name}” phải là {right}, tính từ kết quả cả năm sau khi thay kết quả các môn đánh giá lại. Hãy sửa"
                " ô này hoặc kết quả đánh giá lại.",
                f"“{STUDY_AGAIN.name}” must be {right}: the year's results with those of the subjects assessed again put in"
                " their place. Correct this cell or the results.",
                self._article("9, 14"),
            )

    def _refused(self) -> Finding | None:
        """Say why this pupil should not have been assessed again at all, once for all subjects."""
        conduct, studies = self._found.conduct, self._found.studies
        if conduct is Rating.CHUA_DAT:
            why_vi, why_en = "rèn luyện cả năm Chưa đạt", "conduct of the year is Chưa đạt"
        elif studies and Rating.CHUA_DAT not in studies:
            why_vi, why_en = f"học tập cả năm đã {studies[0].value}", f"study of the year is {studies[0].value} already"
        else:
            return None
        first = next(iter(self._again.values()))
        return self._cells.error(
            "TT-12",
            REASSESSED,
            first.name,
            shown(first.reassessed),
            "để trống / empty",
            f"Học sinh không thuộc diện đánh giá lại: {why_vi}. Chỉ đánh giá lại khi rèn luyện từ Đạt trở lên và học tập Chưa"
            " đạt. Hãy xóa các kết quả đánh giá lại của học sinh này.",
            f"This pupil may not be assessed again: {why_en}. It takes conduct of Đạt or better and study Chưa đạt."
            " Remove the pupil's results after re-assessment.",
            self._article("14"),
        )

    def _year_of(self, result: SecondarySubject) -> Mark | None:
        return (self._found.marks or {}).get(result.code, result.year)

    def _without_right(self) -> list[SecondarySubject]:
        marks = {code: self._year_of(result) for code, result in self._again.items()}
        return [
            self._again[code]
            for code, mark in marks.items()
            if mark is not None and not may_be_reassessed(mark, self._rules)
        ]

    def _studies_after(self) -> tuple[Rating, ...]:
        """Return every acceptable result of study after re-assessment; nothing where it cannot be told."""
        if self._found.marks is None or self._unknown:
            return ()
        wrongly = {result.code for result in self._without_right()}
        acceptable: set[Rating] = set()
        for left_out in (frozenset[str](), wrongly):
            replaced = {
                code: result.reassessed
                for code, result in self._again.items()
                if result.reassessed is not None and code not in left_out
            }
            acceptable.update(study_result({**self._found.marks, **replaced}, self._rules).acceptable)
        return tuple(sorted(acceptable, key=lambda rating: rating.rank))

    def _absences(self) -> Iterator[Finding]:
        year = self._year
        for heading, count in ((EXCUSED, year.absences_excused), (UNEXCUSED, year.absences_unexcused)):
            if (count is None and not self._cells.declined(RESULTS, heading.name)) or (count is not None and count < 0):
                yield self._cells.error(
                    "TT-10",
                    RESULTS,
                    heading.name,
                    shown(count),
                    "0, 1, 2 …",
                    f"“{heading.name}” phải là số buổi, không để trống và không âm. Nếu không nghỉ, hãy ghi 0.",
                    f"“{heading.name}” is a number of sessions, not empty, not negative. Write 0 for none.",
                    self._article("12"),
                )

    def _promotion(self) -> Iterator[Finding]:
        year, column = self._year, self._promoted
        if year.promoted is None:
            if not self._cells.declined(RESULTS, column):
                yield self._cells.error(
                    "TT-09",
                    RESULTS,
                    column,
                    None,
                    "Có / Không",
                    f"Thiếu “{column}”. Hãy ghi Có hoặc Không.",
                    f"“{column}” is missing. Write Có or Không.",
                    self._article("12"),
                )
            return
        counts = (year.absences_excused, year.absences_unexcused)
        given = [count for count in counts if count is not None and count >= 0]
        if len(given) < len(counts):
            return
        absences, allowed = sum(given), self._rules.absences_allowed
        if year.promoted and absences > allowed:
            yield self._cells.error(
                "TT-10",
                RESULTS,
                EXCUSED.name,
                str(absences),
                f"≤ {allowed}",
                f"Nghỉ {absences} buổi (có phép và không phép), quá {allowed} buổi thì không được"
                f" “{column}”. Hãy kiểm tra lại số buổi nghỉ.",
                f"{absences} sessions missed, more than the {allowed} that allow “{column}”."
                " Check the number of sessions.",
                self._article("12"),
            )
        if year.not_assessed:
            return
        conduct, studies = self._after_summer()
        if conduct is None or not studies:
            return
        if year.promoted in {promotes(conduct, study, absences, self._rules) for study in studies}:
            return
        yield self._cells.error(
            "TT-09",
            RESULTS,
            column,
            shown(year.promoted),
            shown(not year.promoted),
            f"“{column}” phải là {shown(not year.promoted)}: rèn luyện {conduct.value}, học tập {studies[0].value},"
            f" nghỉ {absences} buổi (tối đa {allowed}). Hãy sửa ô này hoặc các kết quả đó.",
            f"“{column}” must be {shown(not year.promoted)}: conduct {conduct.value}, study {studies[0].value},"
            f" {absences} sessions missed (at most {allowed}). Correct this cell or those results.",
            self._article("12"),
        )

    def _after_summer(self) -> tuple[Rating | None, tuple[Rating, ...]]:
        """Return conduct, and every acceptable result of study, as promotion takes them."""
        conduct, studies = self._found.conduct, self._found.studies
        if conduct is Rating.CHUA_DAT and self._year.conduct.reassessed is not None:
            conduct = self._year.conduct.reassessed
        if self._unknown:
            written = self._year.study.reassessed
            studies = (written,) if written is not None else ()
        elif self._again and self._refused() is None:
            after, written = self._studies_after(), self._year.study.reassessed
            studies = (written,) if written is not None and (written in after or not after) else after or studies
        return conduct, studies

    def _award(self) -> Iterator[Finding]:
        if self._year.not_assessed or self._cells.declined(RESULTS, AWARD.name):
            return
        conduct, studies, marks = self._found.conduct, self._found.studies, self._found.marks
        if conduct is None or not studies or marks is None:
            return
        earned = [award_for(conduct, study, list(marks.values()), self._rules) for study in studies]
        written = self._year.award
        if written in earned:
            return
        expected = shown(earned[0])
        vi, en = (f"là “{expected}”", f"“{expected}”") if expected else ("để trống", "empty")
        yield self._cells.error(
            "TT-11",
            RESULTS,
            AWARD.name,
            shown(written),
            expected or "để trống / empty",
            f"Danh hiệu phải {vi} (rèn luyện {conduct.value}, học tập {studies[0].value}). Hãy sửa ô này.",
            f"The title must be {en} (conduct {conduct.value}, study {studies[0].value}). Correct this cell.",
            self._article("15"),
        )
