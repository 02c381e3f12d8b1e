# SPDX-License-Identifier: Apache-2.0

"""Which circular holds for which year.

Marks are judged by the rules of their own year, for ever: a verifier that opens a record of 2026 in 2046 must not hold
it against thresholds that came later. So thresholds are data with a first school year, and a circular that changes them
is one more entry in `RULEBOOKS`, later than the ones before it. Nothing else in this package knows a threshold or a weight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ledger.record.errors import UnknownRulebook
from ledger.record.subjects import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """One circular, for one or more levels, from one school year on."""

    circular: str
    levels: frozenset[Level]
    first_year: int
    """The calendar year in which the first school year under these rules begins."""
    reached: Mapping[int, int] = field(default_factory=dict)
    """Grade to the calendar year in which this circular reached it, where that was later than `first_year`."""

    def reaches(self, grade: int, first_year: int) -> bool:
        """Return whether a grade is under these rules in the school year that begins in `first_year`."""
        return first_year >= self.reached.get(grade, self.first_year)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryRulebook(Rulebook):
    """The thresholds of Circular 27/2020."""

    excellent_test: int
    """Every test at the end of the year reaches this for Hoàn thành xuất sắc (Article 9.2a)."""
    good_test: int
    """The same for Hoàn thành tốt."""
    pass_test: int
    """The same for Hoàn thành."""


@dataclass(frozen=True, slots=True)
class StudyStep:
    """What one result of study asks for (TT 22/2021, Article 9.2)."""

    all_at_least: Decimal
    """No scored subject lies below this."""
    many_at_least: Decimal
    """`SecondaryRulebook.many` scored subjects reach this."""
    failed_comments: int
    """So many comment subjects may be Chưa đạt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondaryRulebook(Rulebook):
    """The thresholds of Circular 22/2021."""

    regular_marks: tuple[tuple[int, int], ...]
    """(from so many periods a year, so many regular marks a semester), fewest periods first (Article 6)."""
    midterm_weight: int
    """How often the mid-term mark counts in the semester's average, where a regular mark counts once (Article 9.1)."""
    final_weight: int
    """The same for the mark at the end of the semester."""
    many: int
    """How many scored subjects "at least 6 subjects" means."""
    tot: StudyStep
    kha: StudyStep
    dat: StudyStep
    adjusted_drop: int
    """From how many steps down a single subject's fall is softened (Article 9.3)."""
    award_mark: Decimal
    """What `many` subjects must reach for Học sinh Xuất sắc (Article 15.1)."""
    absences_allowed: int
    """Sessions a year, excused and not, that still allow promotion (Article 12.1)."""
    second_semester_weight: int
    """How often semester II counts in the year's average (Article 9.1)."""
    reassessed_below: Decimal
    """A scored subject may be assessed again when its year lies below this (Article 14)."""


TT27 = PrimaryRulebook(
    circular="27/2020/TT-BGDĐT",
    levels=frozenset({Level.TH}),
    first_year=2020,
    reached={2: 2021, 3: 2022, 4: 2023, 5: 2024},
    excellent_test=9,
    good_test=7,
    pass_test=5,
)

TT22 = SecondaryRulebook(
    circular="22/2021/TT-BGDĐT",
    levels=frozenset({Level.THCS, Level.THPT}),
    first_year=2021,
    reached={7: 2022, 8: 2023, 9: 2024, 10: 2022, 11: 2023, 12: 2024},
    regular_marks=((1, 2), (36, 3), (71, 4)),
    midterm_weight=2,
    final_weight=3,
    many=6,
    tot=StudyStep(Decimal("6.5"), Decimal("8.0"), 0),
    kha=StudyStep(Decimal("5.0"), Decimal("6.5"), 0),
    dat=StudyStep(Decimal("3.5"), Decimal("5.0"), 1),
    adjusted_drop=2,
    award_mark=Decimal("9.0"),
    absences_allowed=45,
    second_semester_weight=2,
    reassessed_below=Decimal("5.0"),
)

RULEBOOKS: tuple[Rulebook, ...] = (TT27, TT22)
"""Later circulars are further entries. In which year a circular reached which grade is given from memory."""


def rulebook_for(
    level: Level, first_year: int, books: Sequence[Rulebook] = RULEBOOKS, *, grade: int | None = None
) -> Rulebook:
    """Return the rules of `level` in the school year that begins in `first_year`: the latest that are in force.

    Given a `grade`, rules that have reached it go before later ones that have not, for a circular that comes grade by
    grade leaves the one before it in force. Where none has reached it the latest is returned, and `reaches` says so.
    Raises `UnknownRulebook` when none of `books` reaches back that far, or knows the level.
    """
    fitting = [book for book in books if level in book.levels and book.first_year <= first_year]
    if not fitting:
        raise UnknownRulebook(
            f"Chưa có bộ quy tắc cho cấp {level.value}, năm học {first_year}-{first_year + 1}."
            " Hãy kiểm tra lại cấp học và năm học ở trang Thông tin.",
            f"No rules are known for level {level.value} in {first_year}-{first_year + 1}."
            " Check level and school year on the sheet Thông tin.",
        )
    reached = [book for book in fitting if grade is None or book.reaches(grade, first_year)]
    return max(reached or fitting, key=lambda book: book.first_year)
