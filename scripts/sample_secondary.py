# SPDX-License-Identifier: Apache-2.0

"""Sample classes of lower and upper secondary (Circular 22/2021)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Final

from openpyxl import Workbook

from ledger.record.rules.rulebook import TT22
from ledger.record.rules.tt22 import award_for, promotes, rounded, study_result, year_conduct, year_mark
from ledger.record.scales import Attainment, Mark, Rating
from ledger.record.sheets.periods import remembered_periods
from ledger.record.subjects import BY_CODE, Level, Subject, compulsory_in
from scripts.sample_people import EDGE_PUPILS, MORE_EDGE_PUPILS
from scripts.sample_sheets import COMMENTS, SampleClass, Value, shown

PERIODS: Final = {"NGU_VAN": 140, "TOAN": 140, "KHTN": 140, "NGOAI_NGU_1": 105, "LS_DL": 105, "HDTN_HN": 105}
ELECTIVES: Final = ("VAT_LI", "HOA_HOC", "SINH_HOC", "TIN_HOC")
SPECIALISED: Final = frozenset({"TOAN", "VAT_LI", "HOA_HOC"})
"""The subjects whose specialised topics (chuyên đề) an upper-secondary class takes: three of them."""

_DAT, _FAILED = Attainment.DAT, Attainment.CHUA_DAT


@dataclass(frozen=True, slots=True)
class Case:
    """Marks that lie on an edge of the rules: the same in both semesters, for the scored subjects in their order."""

    name: str
    scores: tuple[str, ...]
    comments: tuple[Attainment, ...] = (_DAT, _DAT, _DAT, _DAT)
    absences: tuple[int, int] = (0, 0)
    first_comments: tuple[Attainment, ...] | None = None
    """In semester I, where that differs."""
    reassessed: str | None = None
    """What the last scored subject came to after re-assessment in summer."""


BOUNDARIES: Final = (
    Case("one 6.4 in an otherwise Tốt record: Khá, one step, no adjustment", ("6.4", *["8.6"] * 7)),
    Case("all 9.1: Học sinh Xuất sắc", ("9.1",) * 8),
    Case("exactly six at 8.0: Tốt", (*["8.0"] * 6, "6.5", "6.5")),
    Case("exactly five at 8.0: Khá", (*["8.0"] * 5, "7.9", "6.5", "6.5")),
    Case("one 4.9 in an otherwise Tốt record: Đạt, adjusted to Khá", ("8.6", "4.9", *["8.6"] * 6)),
    Case(
        "one comment subject Chưa đạt in an otherwise Tốt record: adjusted to Khá", ("8.6",) * 8, (_FAILED, *[_DAT] * 3)
    ),
    Case("45 absences: promoted", (*["7.0"] * 8,), absences=(44, 1)),
    Case("46 absences: not promoted", (*["7.0"] * 8,), absences=(44, 2)),
    Case("one 3.4: Chưa đạt, and no single subject away from Khá", (*["5.0"] * 7, "3.4")),
)
UPPER_BOUNDARIES: Final = (
    *BOUNDARIES,
    Case(
        "a comment subject passed only in semester I: Chưa đạt for the year",
        ("8.6",) * 8,
        (_FAILED, *[_DAT] * 3),
        first_comments=(_DAT,) * 4,
    ),
    Case("one 3.4, assessed again at 5.0: promoted after all", (*["5.0"] * 7, "3.4"), reassessed="5.0"),
)
"""Of upper secondary; a subject more than `Case` names has the mark of the last but one."""


class LowerSecondaryClass(SampleClass):
    """A class of grades 6 to 9."""

    level = Level.THCS
    circular = TT22.circular
    cases: tuple[Case, ...] = BOUNDARIES

    @property
    def _cases(self) -> int:
        return len(self.cases)

    def _choose_subjects(self) -> tuple[Subject, ...]:
        return compulsory_in(self._grade)

    def workbook(self) -> Workbook:
        """Return the eight sheets."""
        book = Workbook()
        book.remove(book.worksheets[0])
        teachers = [self._adult() for _ in self._subjects]
        self._info(book.create_sheet("Thông tin"), teachers[2], self._adult())
        self._lists(book, teachers)
        marks = [self._marks(index) for index in range(len(self._pupils))]
        names = [self._title(subject) for subject in self._subjects]
        for title, banner, term in (("Học kỳ I", "BẢNG ĐIỂM HỌC KỲ I", 0), ("Học kỳ II", "BẢNG ĐIỂM HỌC KỲ II", 1)):
            self._table(book, title, banner, names, [[shown(mark) for mark in both[term]] for both in marks])
        year = [[self._year_mark(first, second) for first, second in zip(*both, strict=True)] for both in marks]
        self._table(book, "Cả năm", "BẢNG ĐIỂM CẢ NĂM", names, [[shown(mark) for mark in line] for line in year])
        self._results(book, marks, year)
        comments = [[self._chance.choice(COMMENTS) for _ in (*names, "")] for _ in self._pupils]
        self._table(book, "Nhận xét", "NHẬN XÉT", [*names, "Nhận xét của GVCN"], comments)
        return book

    def _lists(self, book: Workbook, teachers: Sequence[tuple[str, str]]) -> None:
        self._roll(book)
        headings = ("Môn học", "Giáo viên", "Số CCCD giáo viên", "Số tiết/năm", "Hình thức đánh giá")
        lines = [
            (self._title(subject), *teacher, PERIODS.get(subject.code, 35), "Điểm số" if subject.scored else "Nhận xét")
            for subject, teacher in zip(self._subjects, teachers, strict=True)
        ]
        self._assignment(book, headings, lines)

    def _marks(self, index: int) -> tuple[list[Mark], list[Mark]]:
        if index < len(self.cases):
            case = self.cases[index]
            return self._line(case, case.first_comments or case.comments), self._line(case, case.comments)
        strength = min(9.3, max(5.2, self._chance.gauss(7.6, 1.1)))
        return self._term(strength), self._term(strength)

    def _line(self, case: Case, attained: Sequence[Attainment]) -> list[Mark]:
        extra = sum(subject.scored for subject in self._subjects) - len(case.scores)
        scores = iter((*case.scores[:-1], *[case.scores[-2]] * extra, case.scores[-1]))
        comments = iter(attained)
        return [Decimal(next(scores)) if subject.scored else next(comments) for subject in self._subjects]

    def _term(self, strength: float) -> list[Mark]:
        marks: list[Mark] = []
        for subject in self._subjects:
            if subject.scored:
                raw = min(10.0, max(2.0, self._chance.gauss(strength, 0.7)))
                marks.append(rounded(Decimal(str(raw))))
            else:
                marks.append(_FAILED if self._chance.random() < 0.01 else _DAT)  # noqa: PLR2004
        return marks

    def _year_mark(self, hk1: Mark, hk2: Mark) -> Mark:
        mark = year_mark(hk1, hk2, TT22)
        if mark is None:  # pragma: no cover - both semesters come from one list of subjects
            raise AssertionError("the semesters are on different scales")
        return mark

    def _results(
        self, book: Workbook, marks: Sequence[tuple[list[Mark], list[Mark]]], years: Sequence[Sequence[Mark]]
    ) -> None:
        rows = [self._result(index, marks[index], years[index]) for index in range(len(self._pupils))]
        self._table(book, "Kết quả", "KẾT QUẢ CẢ NĂM", self._result_headings(), rows)

    def _result_headings(self) -> tuple[str, ...]:
        final = self._grade == self.level.grades[-1]
        return (
            *("Rèn luyện HKI", "Rèn luyện HKII", "Rèn luyện cả năm", "Học tập HKI", "Học tập HKII", "Học tập cả năm"),
            *("Nghỉ có phép", "Nghỉ không phép", "Hoàn thành chương trình" if final else "Được lên lớp", "Danh hiệu"),
        )

    def _conduct(self, index: int) -> tuple[tuple[Rating, Rating], tuple[int, int]]:
        """Return conduct in both semesters, and absences."""
        if index < len(self.cases):
            return (Rating.TOT, Rating.TOT), self.cases[index].absences
        hk1, hk2 = self._chance.choices(tuple(Rating), (78, 16, 5, 1), k=2)
        return (hk1, hk2), (self._chance.choice((0, 0, 1, 2, 3, 6)), self._chance.choice((0, 0, 0, 1)))

    def _result(self, index: int, marks: tuple[list[Mark], list[Mark]], year: Sequence[Mark]) -> list[Value]:
        conduct, absences = self._conduct(index)
        conduct_year = year_conduct(*conduct)
        study = [self._study(line) for line in (*marks, year)]
        promoted = promotes(conduct_year, study[2], sum(absences), TT22)
        award = award_for(conduct_year, study[2], year, TT22)
        return [
            *(rating.value for rating in (*conduct, conduct_year, *study)),
            *absences,
            "Có" if promoted else "Không",
            award.value if award else None,
        ]

    def _study(self, line: Sequence[Mark]) -> Rating:
        by_code = {subject.code: mark for subject, mark in zip(self._subjects, line, strict=True)}
        return study_result(by_code, TT22).best


class UpperSecondaryClass(LowerSecondaryClass):
    """A class of grades 10 to 12: electives, specialised topics, all sixteen pairs of conduct, re-assessment."""

    level = Level.THPT
    cases = UPPER_BOUNDARIES
    edge_pupils = (*EDGE_PUPILS, *MORE_EDGE_PUPILS)

    def _choose_subjects(self) -> tuple[Subject, ...]:
        compulsory = compulsory_in(self._grade)
        scored = [subject for subject in compulsory if subject.scored]
        return (*scored, *(BY_CODE[code] for code in ELECTIVES), *(s for s in compulsory if not s.scored))

    def workbook(self) -> Workbook:
        """Return the nine sheets."""
        book = super().workbook()
        again = [(index, case) for index, case in enumerate(self.cases[: len(self._pupils)]) if case.reassessed]
        last = next(subject for subject in reversed(self._subjects) if subject.scored)
        sheet = self._sheet(
            book, "Đánh giá lại", "ĐÁNH GIÁ LẠI SAU HÈ", ["STT", "Mã học sinh", "Họ và tên", self._title(last)]
        )
        for index, case in again:
            pupil = self._pupils[index]
            sheet.append((index + 1, pupil.code, pupil.name.full, float(Decimal(case.reassessed or 0))))
        return book

    def _lists(self, book: Workbook, teachers: Sequence[tuple[str, str]]) -> None:
        self._roll(book, passports=True)
        headings = ("Môn học", "Giáo viên", "Số CCCD giáo viên", "Chuyên đề", "Số tiết/năm", "Hình thức đánh giá")
        lines = [
            (
                self._title(subject),
                *teacher,
                "x" if subject.code in SPECIALISED else None,
                remembered_periods(subject, self._grade),
                "Điểm số" if subject.scored else "Nhận xét",
            )
            for subject, teacher in zip(self._subjects, teachers, strict=True)
        ]
        self._assignment(book, headings, lines)

    def _conduct(self, index: int) -> tuple[tuple[Rating, Rating], tuple[int, int]]:
        conduct, absences = super()._conduct(index)
        pairs = list(product(Rating, Rating))
        place = index - len(self.cases)
        return (pairs[place] if 0 <= place < len(pairs) else conduct), absences

    def _result_headings(self) -> tuple[str, ...]:
        return (*super()._result_headings(), "Học tập sau hè")

    def _result(self, index: int, marks: tuple[list[Mark], list[Mark]], year: Sequence[Mark]) -> list[Value]:
        row = super()._result(index, marks, year)
        reassessed = self.cases[index].reassessed if index < len(self.cases) else None
        if reassessed is None:
            return [*row, None]
        last = max(place for place, subject in enumerate(self._subjects) if subject.scored)
        study = self._study([Decimal(reassessed) if place == last else mark for place, mark in enumerate(year)])
        promoted = promotes(Rating.TOT, study, 0, TT22)
        return [*row[:-2], "Có" if promoted else "Không", row[-1], study.value]
