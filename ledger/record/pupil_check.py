# SPDX-License-Identifier: Apache-2.0

"""The TT rules for one pupil: each result held against what it should follow from.

One mistake should not come back as five. A rule that builds on a value takes the value as *recomputed*, and falls back
to what was written where it cannot be; and it keeps quiet about cells that have been reported as unreadable already.
Article numbers 8 and 9 of Circular 22/2021 are from memory; 5, 12 and 15 stand in the stored texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from ledger.record.findings import Finding
from ledger.record.model import Place, Record, SecondarySubject, SecondaryYear
from ledger.record.pupil_cells import PupilCells
from ledger.record.pupil_rows import AWARD, CONDUCT, EXCUSED, STUDY, UNEXCUSED, promoted_column
from ledger.record.rulebook import SecondaryRulebook
from ledger.record.rules_tt22 import StudyResult, award_for, promotes, study_result, year_conduct, year_mark
from ledger.record.scales import Attainment, Award, Mark, Rating
from ledger.record.subjects import BY_CODE
from ledger.record.tables import RESULTS, TERM_1, TERM_2, YEAR

_MARKS = "Thông tư 22/2021/TT-BGDĐT, Điều 5, Điều 9"
_STUDY = "Thông tư 22/2021/TT-BGDĐT, Điều 9"
_CONDUCT = "Thông tư 22/2021/TT-BGDĐT, Điều 8"
_PROMOTION = "Thông tư 22/2021/TT-BGDĐT, Điều 12"
_AWARDS = "Thông tư 22/2021/TT-BGDĐT, Điều 15"


def shown(value: Mark | Rating | Award | int | None) -> str | None:
    """Return a value as the forms print it."""
    match value:
        case None:
            return None
        case bool():
            return "Có" if value else "Không"
        case Decimal():
            return str(value).replace(".", ",")
        case int():
            return str(value)
        case Attainment() | Rating() | Award():
            return str(value.value)


class PupilCheck:
    """The TT rules for one pupil."""

    def __init__(
        self, record: Record, year: SecondaryYear, place: Place, rules: SecondaryRulebook, *, year_sheet: str
    ) -> None:
        self._record = record
        self._year = year
        self._cells = PupilCells(record.pupil.code, place)
        self._rules = rules
        self._year_sheet = year_sheet

    def findings(self) -> Iterator[Finding]:
        """Yield them in the order of the module's docstring."""
        assessed = [result for result in self._year.subjects if not result.exempt and result.code in BY_CODE]
        if not self._year.not_assessed:
            for result in assessed:
                yield from self._marks(result)
        # An impossible mark has been reported; nothing may be computed from it.
        assessed = [_believable(result) for result in assessed]
        for result in assessed:
            yield from self._year_mark(result)
        yield from self._study(assessed)
        yield from self._conduct()
        yield from self._promotion(assessed)
        yield from self._award(assessed)

    def _marks(self, result: SecondarySubject) -> Iterator[Finding]:
        scored = BY_CODE[result.code].scored
        for sheet, mark in ((TERM_1, result.hk1), (TERM_2, result.hk2), (YEAR, result.year)):
            if mark is None:
                # A year that we compute ourselves is missing because a semester is, which is reported there.
                if not self._cells.declined(sheet, result.name) and not (sheet == YEAR and self._year_sheet != YEAR):
                    yield self._cells.error(
                        "TT-16",
                        sheet,
                        result.name,
                        None,
                        "0,0 … 10,0" if scored else "Đạt / Chưa đạt",
                        f"Thiếu kết quả môn {result.name} ở trang “{sheet}”. Hãy ghi kết quả, hoặc ghi “Miễn” nếu được miễn.",
                        f"The result of {result.name} is missing on “{sheet}”. Write it, or “Miễn” if exempt.",
                        _MARKS,
                    )
            elif not _is_mark(mark, scored=scored):
                yield self._cells.error(
                    "TT-01",
                    sheet,
                    result.name,
                    shown(mark),
                    "0,0 … 10,0" if scored else "Đạt / Chưa đạt",
                    f"“{shown(mark)}” không phải là kết quả của môn {result.name}. Hãy sửa cho đúng thang đánh giá.",
                    f"“{shown(mark)}” is not on the scale of {result.name}. Correct it.",
                    _MARKS,
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
                _STUDY,
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
                _STUDY,
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
                yield from self._missing_rating(column)
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
                    _STUDY,
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
            _STUDY,
        )

    def _missing_rating(self, column: str) -> Iterator[Finding]:
        if self._year.not_assessed or self._cells.declined(RESULTS, column):
            return
        yield self._cells.error(
            "TT-13",
            RESULTS,
            column,
            None,
            "Tốt / Khá / Đạt / Chưa đạt",
            f"Thiếu “{column}”. Hãy ghi kết quả; nếu là học sinh khuyết tật không đánh giá, hãy ghi rõ ở cột Ghi chú.",
            f"“{column}” is missing. Write it; for a pupil with a disability who is not assessed, say so under Ghi chú.",
            _STUDY,
        )

    def _conduct(self) -> Iterator[Finding]:
        conduct = self._year.conduct
        for heading, written in zip(CONDUCT, (conduct.hk1, conduct.hk2, conduct.year), strict=True):
            if written is None:
                yield from self._missing_rating(heading.name)
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
            _CONDUCT,
        )

    def _conduct_expected(self) -> Rating | None:
        conduct = self._year.conduct
        return None if conduct.hk1 is None or conduct.hk2 is None else year_conduct(conduct.hk1, conduct.hk2)

    def _judged(self, assessed: Sequence[SecondarySubject]) -> tuple[Rating, tuple[Rating, ...]] | None:
        """Return conduct, and every acceptable result of study, for what builds on them."""
        year = self._year
        conduct = self._conduct_expected() or year.conduct.year
        expected = self._study_of(self._year_marks(assessed))
        if expected is not None:
            # Where both readings of the adjustment are open and the school took one, what builds on it follows that.
            written = year.study.year
            studies = (written,) if written is not None and written in expected.acceptable else expected.acceptable
        else:
            studies = (year.study.year,) if year.study.year else ()
        return (conduct, studies) if conduct is not None and studies else None

    def _promotion(self, assessed: Sequence[SecondarySubject]) -> Iterator[Finding]:
        year = self._year
        column = promoted_column(final=self._record.class_info.is_final)
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
                    _PROMOTION,
                )
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
                    _PROMOTION,
                )
            return
        if year.absences_excused is None or year.absences_unexcused is None:
            return
        absences = year.absences_excused + year.absences_unexcused
        if year.promoted and absences > self._rules.absences_allowed:
            yield self._cells.error(
                "TT-10",
                RESULTS,
                EXCUSED.name,
                str(absences),
                f"≤ {self._rules.absences_allowed}",
                f"Nghỉ {absences} buổi (có phép và không phép), quá {self._rules.absences_allowed} buổi thì không được"
                f" “{column}”. Hãy kiểm tra lại số buổi nghỉ.",
                f"{absences} sessions missed, more than the {self._rules.absences_allowed} that allow “{column}”."
                " Check the number of sessions.",
                _PROMOTION,
            )
        judged = self._judged(assessed)
        if self._year.not_assessed or judged is None:
            return
        conduct, studies = judged
        if year.promoted in {promotes(conduct, study, absences, self._rules) for study in studies}:
            return
        yield self._cells.error(
            "TT-09",
            RESULTS,
            column,
            shown(year.promoted),
            shown(not year.promoted),
            f"“{column}” phải là {shown(not year.promoted)}: rèn luyện {conduct.value}, học tập {studies[0].value},"
            f" nghỉ {absences} buổi (tối đa {self._rules.absences_allowed}). Hãy sửa ô này hoặc các kết quả đó.",
            f"“{column}” must be {shown(not year.promoted)}: conduct {conduct.value}, study {studies[0].value},"
            f" {absences} sessions missed (at most {self._rules.absences_allowed}). Correct this cell or those results.",
            _PROMOTION,
        )

    def _award(self, assessed: Sequence[SecondarySubject]) -> Iterator[Finding]:
        if self._year.not_assessed or self._cells.declined(RESULTS, AWARD.name):
            return
        judged, marks = self._judged(assessed), self._year_marks(assessed)
        if judged is None or marks is None:
            return
        conduct, studies = judged
        earned = [award_for(conduct, study, list(marks.values()), self._rules) for study in studies]
        written = self._year.award
        if written in earned:
            return
        expected = shown(earned[0]) or "để trống / empty"
        yield self._cells.error(
            "TT-11",
            RESULTS,
            AWARD.name,
            shown(written),
            expected,
            f"Danh hiệu phải là: {expected} (rèn luyện {conduct.value}, học tập {studies[0].value}). Hãy sửa ô này.",
            f"The title must be: {expected} (conduct {conduct.value}, study {studies[0].value}). Correct this cell.",
            _AWARDS,
        )


def _all_given(marks: dict[str, Mark | None]) -> dict[str, Mark] | None:
    given = {code: mark for code, mark in marks.items() if mark is not None}
    return given if given and len(given) == len(marks) else None


def _is_mark(mark: Mark, *, scored: bool) -> bool:
    if not isinstance(mark, Decimal):
        return not scored
    return scored and mark.is_finite() and Decimal(0) <= mark <= Decimal(10) and mark == mark.quantize(Decimal("0.1"))


def _believable(result: SecondarySubject) -> SecondarySubject:
    scored = BY_CODE[result.code].scored
    hk1, hk2, year = (
        mark if mark is not None and _is_mark(mark, scored=scored) else None
        for mark in (result.hk1, result.hk2, result.year)
    )
    return replace(result, hk1=hk1, hk2=hk2, year=year)
