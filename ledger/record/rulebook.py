# SPDX-License-Identifier: Apache-2.0

"""Which circular holds for which year.

Marks are judged by the rules of their own year, for ever: a verifier that opens a record of 2026 in 2046 must not hold
it against thresholds that came later. So thresholds are data with a first school year, and a circular that changes them
is one more entry in `RULEBOOKS`, later than the ones before it. Nothing else in this package knows a threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ledger.record.errors import UnknownRulebook
from ledger.record.subjects import Level


@dataclass(frozen=True, slots=True)
class StudyStep:
    """What one result of study asks for (TT 22/2021, Article 9.2)."""

    all_at_least: Decimal
    """No scored subject lies below this."""
    many_at_least: Decimal
    """`Rulebook.many` scored subjects reach this."""
    failed_comments: int
    """So many comment subjects may be Chưa đạt."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The thresholds of one circular for one or more levels, from one school year on."""

    circular: str
    levels: frozenset[Level]
    first_year: int
    """The calendar year in which the first school year under these rules begins."""
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


TT22 = Rulebook(
    circular="22/2021/TT-BGDĐT",
    levels=frozenset({Level.THCS, Level.THPT}),
    # The circular reached the classes one after the other, from grade 6 in 2021-2022; all of them since 2024-2025.
    first_year=2021,
    many=6,
    tot=StudyStep(Decimal("6.5"), Decimal("8.0"), 0),
    kha=StudyStep(Decimal("5.0"), Decimal("6.5"), 0),
    dat=StudyStep(Decimal("3.5"), Decimal("5.0"), 1),
    adjusted_drop=2,
    award_mark=Decimal("9.0"),
    absences_allowed=45,
    second_semester_weight=2,
)

RULEBOOKS: tuple[Rulebook, ...] = (TT22,)


def rulebook_for(level: Level, first_year: int, books: Sequence[Rulebook] = RULEBOOKS) -> Rulebook:
    """Return the rules of `level` in the school year that begins in `first_year`.

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
    return max(fitting, key=lambda book: book.first_year)
