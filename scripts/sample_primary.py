# SPDX-License-Identifier: Apache-2.0

"""Sample classes of primary school (Circular 27/2020)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from openpyxl import Workbook

from ledger.record.rules.rulebook import TT27
from ledger.record.rules.tt27 import award_due, completes, may_be_awarded, overall_result, tested_in
from ledger.record.scales import Achievement, Overall, PrimaryAward, Trait, TraitLevel
from ledger.record.sheets.primary_rows import level_column, test_column
from ledger.record.subjects import BY_CODE, Level, Subject, compulsory_in
from scripts.sample_people import EDGE_PUPILS, MORE_EDGE_PUPILS
from scripts.sample_sheets import COMMENTS, SampleClass, Value

_WELL, _DONE, _NOT = Achievement.HOAN_THANH_TOT, Achievement.HOAN_THANH, Achievement.CHUA_HOAN_THANH
_STRONG, _REACHED, _WEAK = TraitLevel.TOT, TraitLevel.DAT, TraitLevel.CAN_CO_GANG
_Scale = TypeVar("_Scale", Achievement, TraitLevel)
_FIRST_GRADE_WITH_TECHNOLOGY: Final = 3
_SPECIALISTS: Final = frozenset({"NGOAI_NGU_1", "TIN_HOC", "CONG_NGHE", "GDTC", "AM_NHAC", "MI_THUAT"})
"""Subjects that the homeroom teacher does not teach."""


@dataclass(frozen=True, slots=True)
class Case:
    """Results that lie on an edge of the rules. What is not named here is the best there is."""

    name: str
    tests: tuple[int, ...] = (10,)
    """Of the tested subjects in their order; the last one holds for all that follow."""
    level: Achievement = _WELL
    """Of the last subject."""
    trait: TraitLevel = _STRONG
    """Of the last trait."""
    title: bool = False
    """The school gives Học sinh Tiêu biểu, which it may."""
    promoted_by_principal: bool = False
    not_assessed: bool = False


BOUNDARIES: Final = (
    Case("every test just 9: xuất sắc", (9,)),
    Case("one test 8: tốt, with the title", (10, 8, 10), title=True),
    Case("one test just 7: tốt, without it", (9, 7, 9)),
    Case("one test 6: hoàn thành", (9, 6, 9)),
    Case("one test just 5: hoàn thành", (5, 9)),
    Case("one test 4: chưa hoàn thành", (9, 4, 9)),
    Case("one subject H: hoàn thành", level=_DONE),
    Case("one subject C: chưa hoàn thành", level=_NOT),
    Case("one trait Đạt: hoàn thành", trait=_REACHED),
    Case("one trait Cần cố gắng: chưa hoàn thành", trait=_WEAK),
    Case("one test 4, and moved up by the principal", (9, 4, 9), promoted_by_principal=True),
    Case("a pupil with a disability, not assessed", not_assessed=True),
)


@dataclass(frozen=True, slots=True)
class _Year:
    """What one pupil got."""

    levels: tuple[Achievement, ...]
    tests: dict[str, int]
    traits: dict[Trait, TraitLevel]

    @property
    def overall(self) -> Overall:
        return overall_result(self.levels, list(self.traits.values()), list(self.tests.values()), TT27)


class PrimaryClass(SampleClass):
    """A class of grades 1 to 5."""

    level = Level.TH
    circular = TT27.circular
    edge_pupils = (*EDGE_PUPILS, *MORE_EDGE_PUPILS)

    @property
    def _cases(self) -> int:
        return len(BOUNDARIES)

    def _choose_subjects(self) -> tuple[Subject, ...]:
        compulsory = compulsory_in(self._grade)
        language = BY_CODE["NGOAI_NGU_1"]
        # Grades 1 and 2 may choose a language; it has a level then, and no test.
        return compulsory if language in compulsory else (*compulsory[:2], language, *compulsory[2:])

    def workbook(self) -> Workbook:
        """Return the six sheets."""
        book = Workbook()
        book.remove(book.worksheets[0])
        homeroom, principal = self._adult(), self._adult()
        self._info(book.create_sheet("Thông tin"), homeroom, principal)
        self._roll(book, passports=True)
        teachers = [self._adult() if s.code in _SPECIALISTS else homeroom for s in self._subjects]
        lines = [(self._title(s), *teacher) for s, teacher in zip(self._subjects, teachers, strict=True)]
        self._assignment(book, ("Môn học", "Giáo viên", "Số CCCD giáo viên"), lines)
        years = [self._year_of(index) for index in range(len(self._pupils))]
        self._achievements(book, years)
        traits = [[level.value for level in year.traits.values()] if year else [] for year in years]
        self._table(book, "Phẩm chất năng lực", "PHẨM CHẤT, NĂNG LỰC", [t.label for t in self._traits()], traits)
        self._results(book, years)
        return book

    def _traits(self) -> list[Trait]:
        return [trait for trait in Trait if self._grade >= _FIRST_GRADE_WITH_TECHNOLOGY or not trait.optional]

    def _tested(self) -> list[Subject]:
        return [subject for subject in self._subjects if subject in tested_in(self._grade)]

    def _year_of(self, index: int) -> _Year | None:
        """Return what a pupil got; `None` for one who is not assessed."""
        tested, traits = self._tested(), self._traits()
        if index < len(BOUNDARIES):
            case = BOUNDARIES[index]
            if case.not_assessed:
                return None
            marks = {s.code: case.tests[min(n, len(case.tests) - 1)] for n, s in enumerate(tested)}
            levels = (*[_WELL] * (len(self._subjects) - 1), case.level)
            return _Year(levels, marks, {t: case.trait if t is traits[-1] else _STRONG for t in traits})
        strength = self._chance.random()
        levels = tuple(self._choose((_WELL, _DONE, _NOT), strength) for _ in self._subjects)
        tests = {s.code: min(10, max(4, round(self._chance.gauss(6.5 + 3 * strength, 1)))) for s in tested}
        return _Year(levels, tests, {t: self._choose((_STRONG, _REACHED, _WEAK), strength) for t in traits})

    def _choose(self, scale: tuple[_Scale, _Scale, _Scale], strength: float) -> _Scale:
        return self._chance.choices(scale, (2 + 40 * strength, 6, 0.04))[0]

    def _achievements(self, book: Workbook, years: Sequence[_Year | None]) -> None:
        headings: list[str] = []
        tested = self._tested()
        for subject in self._subjects:
            headings.append(level_column(self._title(subject)))
            if subject in tested:
                headings.append(test_column(self._title(subject)))
        rows = []
        for year in years:
            row: list[Value] = []
            for level, subject in zip(year.levels, self._subjects, strict=True) if year else ():
                row.append(level.value)
                if year is not None and subject in tested:
                    row.append(year.tests[subject.code])
            rows.append(row)
        self._table(book, "Môn học", "ĐÁNH GIÁ CUỐI NĂM", headings, rows)

    def _results(self, book: Workbook, years: Sequence[_Year | None]) -> None:
        final = self._grade == Level.TH.grades[-1]
        headings = (
            *("Cân nặng", "Chiều cao", "Nghỉ có phép", "Nghỉ không phép", "Đánh giá kết quả giáo dục"),
            *("Hoàn thành chương trình" if final else "Được lên lớp", "Khen thưởng", "Nhận xét của GVCN"),
            *("Nhận xét phẩm chất", "Nhận xét năng lực chung", "Nhận xét năng lực đặc thù"),
            *("Quyết định của hiệu trưởng", "Ghi chú"),
        )
        rows = [self._result(index, year) for index, year in enumerate(years)]
        self._table(book, "Kết quả", "KẾT QUẢ CẢ NĂM", headings, rows)

    def _result(self, index: int, year: _Year | None) -> list[Value]:
        case = BOUNDARIES[index] if index < len(BOUNDARIES) else None
        overall = year.overall if year else None
        height = round(self._chance.gauss(104 + 6 * self._grade, 4))
        weight = round(self._chance.gauss(height / 5 - 4, 2), 1)
        # Completing primary school is not the principal's to decide, so in grade 5 that case stays where it is.
        decided = case is not None and case.promoted_by_principal and self._grade != Level.TH.grades[-1]
        promoted = decided or overall is None or completes(overall)
        return [
            weight,
            height,
            self._chance.choice((0, 0, 1, 2, 4)),
            self._chance.choice((0, 0, 0, 1)),
            overall.value if overall else None,
            "Có" if promoted else "Không",
            _title_of(overall, case),
            *(self._chance.choice(COMMENTS) for _ in range(4)),
            "Cho lên lớp, có kế hoạch giúp đỡ riêng trong năm học tới." if decided else None,
            "Học sinh khuyết tật, không đánh giá." if year is None else None,
        ]


def _title_of(overall: Overall | None, case: Case | None) -> str | None:
    if overall is None:
        return None
    due = award_due(overall)
    given = may_be_awarded(overall) if case is None or case.title else due
    award = due or (given if given is PrimaryAward.TIEU_BIEU else None)
    return award.value if award else None
