# SPDX-License-Identifier: Apache-2.0

"""The TT rules for one pupil: marks, study and conduct, each held against what it should follow from.

One mistake should not come back as five. A rule that builds on a value takes the value as *recomputed*, and falls back
to what was written where it cannot be; it keeps quiet about cells that have been reported as unreadable already; and a
pupil who came after semester I draws one warning for all that semester lacks. What follows from the year as a whole,
promotion and titles, is `ledger.record.rules.secondary_outcome`'s.

Article numbers 8 and 9 of Circular 22/2021 are from memory; 5, 12, 14 and 15 stand in the stored texts. Whether a year's
mark was computed from semester averages *before* rounding cannot be told here: a học bạ has no component scores.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from ledger.record.findings import Finding
from ledger.record.model import Place, Record, SecondarySubject, SecondaryYear
from ledger.record.rules.pupil_cells import PupilCells, shown
from ledger.record.rules.rulebook import SecondaryRulebook
from ledger.record.rules.secondary_outcome import OutcomeCheck, YearFound
from ledger.record.rules.subject_set import taken
from ledger.record.rules.tt22 import StudyResult, study_result, year_conduct, year_mark
from ledger.record.scales import Attainment, Mark, Rating
from ledger.record.sheets.pupil_rows import CONDUCT, STUDY
from ledger.record.sheets.tables import REASSESSED, RESULTS, TERM_1, TERM_2, YEAR
from ledger.record.subjects import BY_CODE


class SecondaryCheck:
    """The TT rules for one pupil."""

    def __init__(
        self,
        record: Record,
        year: SecondaryYear,
        place: Place,
        rules: SecondaryRulebook,
        *,
        year_sheet: str,
        late: date | None = None,
    ) -> None:
        self._record = record
        self._year = year
        self._cells = PupilCells(record.pupil.code, place)
        self._rules = rules
        self._year_sheet = year_sheet
        self._late = late
        """The day on which the pupil came, if that was after semester I."""

    def findings(self) -> Iterator[Finding]:
        """Yield them in the order of the module's docstring."""
        here = taken(self._year, self._record.class_info.grade)
        assessed = [
            result
            for result in self._year.subjects
            if not result.exempt and result.code in BY_CODE and result.code in here
        ]
        for result in assessed:
            yield from self._scale(result)
            if not self._year.not_assessed:
                yield from self._missing_marks(result)
        yield from self._late_arrival(assessed)
        # An impossible mark has been reported; nothing may be computed from it.
        assessed = [_believable(result) for result in assessed]
        for result in assessed:
            yield from self._year_mark(result)
        yield from self._study(assessed)
        yield from self._conduct()
        marks = self._year_marks(assessed)
        expected = self._study_of(marks)
        found = YearFound(
            subjects=tuple(assessed),
            marks=marks,
            conduct=self._conduct_expected() or self._year.conduct.year,
            studies=self._studies(expected),
        )
        yield from OutcomeCheck(self._record, self._year, self._cells, self._rules, found).findings()

    def _article(self, number: str) -> str:
        return f"Thông tư {self._rules.circular}, Điều {number}"

    def _scale(self, result: SecondarySubject) -> Iterator[Finding]:
        """TT-15 where a mark is of the wrong kind for the subject, TT-01 where it is no mark."""
        scored = BY_CODE[result.code].scored
        right = "0,0 … 10,0" if scored else "Đạt / Chưa đạt"
        marks = ((TERM_1, result.hk1), (TERM_2, result.hk2), (YEAR, result.year), (REASSESSED, result.reassessed))
        alien = [(sheet, mark) for sheet, mark in marks if mark is not None and isinstance(mark, Decimal) is not scored]
        if alien:
            where, found = alien[0]
            how_vi, how_en = ("bằng điểm số", "with marks") if scored else ("bằng nhận xét", "by comment alone")
            yield self._cells.error(
                "TT-15",
                where,
                result.name,
                shown(found),
                right,
                f"Môn {result.name} được đánh giá {how_vi}, không ghi “{shown(found)}”. Hãy ghi {right}.",
                f"{result.name} is assessed {how_en}; “{shown(found)}” does not belong there. Write {right}.",
                self._article("5"),
            )
        for sheet, mark in marks:
            if isinstance(mark, Decimal) and scored and not _is_score(mark):
                yield self._cells.error(
                    "TT-01",
                    sheet,
                    result.name,
                    shown(mark),
                    right,
                    f"“{shown(mark)}” không phải là kết quả của môn {result.name}. Hãy sửa cho đúng thang đánh giá.",
                    f"“{shown(mark)}” is not on the scale of {result.name}. Correct it.",
                    self._article("5"),
                )

    def _missing_marks(self, result: SecondarySubject) -> Iterator[Finding]:
        for sheet, mark in ((TERM_1, result.hk1), (TERM_2, result.hk2), (YEAR, result.year)):
            # A year that we compute ourselves is missing because a semester is, which is reported there; and what a
            # pupil who came late lacks of semester I is one warning, not one for each subject.
            computed = sheet == YEAR and self._year_sheet != YEAR
            excused = sheet == TERM_1 and self._late is not None
            if mark is not None or computed or excused or self._cells.declined(sheet, result.name):
                continue
            yield self._cells.error(
                "TT-16",
                sheet,
                result.name,
                None,
                "0,0 … 10,0" if BY_CODE[result.code].scored else "Đạt / Chưa đạt",
                f"Thiếu kết quả môn {result.name} ở trang “{sheet}”. Hãy ghi kết quả, hoặc ghi “Miễn” nếu được miễn.",
                f"The result of {result.name} is missing on “{sheet}”. Write it, or “Miễn” if exempt.",
                self._article("5, 9"),
            )

    def _late_arrival(self, assessed: Sequence[SecondarySubject]) -> Iterator[Finding]:
        if self._late is None or self._year.not_assessed:
            return
        lacking = [
            (TERM_1, result.name)
            for result in assessed
            if result.hk1 is None and not self._cells.declined(TERM_1, result.name)
        ]
        lacking += [
            (RESULTS, heading.name)
            for heading, written in ((CONDUCT[0], self._year.conduct.hk1), (STUDY[0], self._year.study.hk1))
            if written is None and not self._cells.declined(RESULTS, heading.name)
        ]
        if lacking:
            day = self._late.strftime("%d/%m/%Y")
            sheet, column = lacking[0]
            yield self._cells.warning(
                "TT-16",
                sheet,
                column,
                None,
                None,
                f"Học sinh chuyển đến ngày {day}, sau học kỳ I, nên còn thiếu {len(lacking)} kết quả học kỳ I và không tính"
                " lại được kết quả cả năm. Hãy đối chiếu với xác nhận kết quả của trường cũ.",
                f"The pupil came on {day}, after semester I, so {len(lacking)} results of semester I are missing and the"
                " year cannot be computed again. Compare the confirmation of results by the former school.",
                self._article("9"),
            )

    def _year_mark(self, result: SecondarySubject) -> Iterator[Finding]:
        if result.hk1 is None or result.hk2 is None or result.year is None:
            return
        expected = year_mark(result.hk1, result.hk2, self._rules)
        if expected is None or expected == result.year:
            return
        if isinstance(expected, Decimal):
            yield self._cells.error(
                "TT-04",
                self._year_sheet,
                result.name,
                shown(result.year),
                shown(expected),
                f"Điểm cả năm môn {result.name} phải là {shown(expected)} = (HKI {shown(result.hk1)} + 2 × HKII"
                f" {shown(result.hk2)}) / 3, làm tròn một chữ số. Hãy sửa ô này hoặc điểm học kỳ.",
                f"The year's mark of {result.name} must be {shown(expected)} = (HK I {shown(result.hk1)} + 2 × HK II"
                f" {shown(result.hk2)}) / 3, rounded to one decimal. Correct this cell or the semester.",
                self._article("9"),
            )
        else:
            yield self._cells.error(
                "TT-05",
                self._year_sheet,
                result.name,
                shown(result.year),
                shown(expected),
                f"Môn đánh giá bằng nhận xét lấy kết quả học kỳ II làm kết quả cả năm: {shown(expected)}. Hãy sửa ô này.",
                f"A comment subject has the result of semester II for the year: {shown(expected)}. Correct this cell.",
                self._article("9"),
            )

    def _year_marks(self, assessed: Sequence[SecondarySubject]) -> dict[str, Mark] | None:
        """Return the year's marks as recomputed, as written where they cannot be; `None` when one is missing."""
        marks: dict[str, Mark] = {}
        for result in assessed:
            computed = None
            if result.hk1 is not None and result.hk2 is not None:
                computed = year_mark(result.hk1, result.hk2, self._rules)
            mark = computed if computed is not None else result.year
            if mark is None:
                return None
            marks[result.code] = mark
        return marks or None

    def _study_of(self, marks: dict[str, Mark] | None) -> StudyResult | None:
        return study_result(marks, self._rules) if marks else None

    def _study(self, assessed: Sequence[SecondarySubject]) -> Iterator[Finding]:
        study = self._year.study
        terms = (
            (STUDY[0].name, study.hk1, _all_given({r.code: r.hk1 for r in assessed})),
            (STUDY[1].name, study.hk2, _all_given({r.code: r.hk2 for r in assessed})),
            (STUDY[2].name, study.year, self._year_marks(assessed)),
        )
        for column, written, marks in terms:
            expected = self._study_of(marks)
            if written is None:
                yield from self._missing_rating(column, first_term=column == STUDY[0].name)
            elif expected is None:
                continue
            elif written not in expected.acceptable:
                yield self._wrong_study(column, written, expected)
            elif written is not expected.plain:
                name = next((r.name for r in assessed if r.code == expected.readings[written]), "")
                yield self._cells.info(
                    "TT-07",
                    RESULTS,
                    column,
                    shown(written),
                    shown(written),
                    f"Kết quả {shown(expected.plain)} được điều chỉnh lên {shown(written)} do chỉ một môn ({name}).",
                    f"The result {shown(expected.plain)} is raised to {shown(written)} because of one subject ({name}).",
                    self._article("9"),
                )

    def _wrong_study(self, column: str, written: Rating, expected: StudyResult) -> Finding:
        right = " / ".join(rating.value for rating in expected.acceptable)
        if written is expected.plain.raised():
            # TT-07 is the misuse of the adjustment: one step up that Article 9.3 does not give.
            note_vi = (
                " Không được nâng mức: chỉ điều chỉnh khi do đúng một môn mà thấp xuống từ hai mức trở lên (TT-07)."
            )
            note_en = " It may not be raised: only where exactly one subject costs two steps or more (TT-07)."
        else:
            note_vi = note_en = ""
        return self._cells.error(
            "TT-06",
            RESULTS,
            column,
            shown(written),
            right,
            f"{column} theo các môn phải là {right}, không phải {shown(written)}.{note_vi} Hãy sửa ô này hoặc điểm các môn.",
            f"{column} follows from the marks as {right}, not {shown(written)}.{note_en} Correct this cell or the marks.",
            self._article("9"),
        )

    def _missing_rating(self, column: str, *, first_term: bool) -> Iterator[Finding]:
        excused = first_term and self._late is not None
        if excused or self._year.not_assessed or self._cells.declined(RESULTS, column):
            return
        yield self._cells.error(
            "TT-13",
            RESULTS,
            column,
            None,
            "Tốt / Khá / Đạt / Chưa đạt",
            f"Thiếu “{column}”. Hãy ghi kết quả; nếu là học sinh khuyết tật không đánh giá, hãy ghi rõ ở cột Ghi chú.",
            f"“{column}” is missing. Write it; for a pupil with a disability who is not assessed, say so under Ghi chú.",
            self._article("9"),
        )

    def _conduct(self) -> Iterator[Finding]:
        conduct = self._year.conduct
        for heading, written in zip(CONDUCT, (conduct.hk1, conduct.hk2, conduct.year), strict=True):
            if written is None:
                yield from self._missing_rating(heading.name, first_term=heading is CONDUCT[0])
        expected = self._conduct_expected()
        if expected is None or conduct.year is None or conduct.year is expected:
            return
        yield self._cells.error(
            "TT-08",
            RESULTS,
            CONDUCT[2].name,
            shown(conduct.year),
            shown(expected),
            f"Rèn luyện cả năm phải là {shown(expected)} vì HKI {shown(conduct.hk1)}, HKII {shown(conduct.hk2)}."
            " Hãy sửa ô này hoặc kết quả học kỳ.",
            f"Conduct of the year must be {shown(expected)}, from HK I {shown(conduct.hk1)} and HK II"
            f" {shown(conduct.hk2)}. Correct this cell or the semester.",
            self._article("8"),
        )

    def _conduct_expected(self) -> Rating | None:
        conduct = self._year.conduct
        return None if conduct.hk1 is None or conduct.hk2 is None else year_conduct(conduct.hk1, conduct.hk2)

    def _studies(self, expected: StudyResult | None) -> tuple[Rating, ...]:
        """Return every result of study for the year that what builds on it may take."""
        written = self._year.study.year
        if expected is None:
            return (written,) if written else ()
        # Where both readings of the adjustment are open and the school took one, what builds on it follows that.
        return (written,) if written is not None and written in expected.acceptable else expected.acceptable


def _all_given(marks: dict[str, Mark | None]) -> dict[str, Mark] | None:
    given = {code: mark for code, mark in marks.items() if mark is not None}
    return given if given and len(given) == len(marks) else None


def _is_score(mark: Decimal) -> bool:
    return mark.is_finite() and Decimal(0) <= mark <= Decimal(10) and mark == mark.quantize(Decimal("0.1"))


def _believable(result: SecondarySubject) -> SecondarySubject:
    scored = BY_CODE[result.code].scored

    def believed(mark: Mark | None) -> Mark | None:
        right = _is_score(mark) if scored and isinstance(mark, Decimal) else isinstance(mark, Attainment) and not scored
        return mark if right else None

    return replace(
        result,
        hk1=believed(result.hk1),
        hk2=believed(result.hk2),
        year=believed(result.year),
        reassessed=believed(result.reassessed),
    )
