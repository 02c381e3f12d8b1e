# SPDX-License-Identifier: Apache-2.0

"""Circular 22/2021: what marks, conduct and absences amount to. Pure functions, exact decimals.

The order is that of a school year: how many regular marks a semester asks for (`regular_marks`), its average (`term_average`),
the year's mark of a subject (`year_mark`), the result of study of a semester or the
year (`study_result`), of conduct (`year_conduct`), the award (`award_for`), what may be assessed again in summer
(`may_be_reassessed`), and promotion (`promotes`). Each takes the `SecondaryRulebook` of the year it is asked about.

The one place where the circular is not an algorithm is the adjustment of Article 9.3: a result that falls two or more
steps below Tốt or Khá "only because of exactly one subject" is raised by one. Two readings are in use, and both are
accepted (`StudyResult.readings`): the other subjects must reach the better result *by themselves* ("at least 6" counted
among what remains), or *once this subject is imagined good enough*, so that it also counts as one of the six.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

from ledger.record.rules.rulebook import SecondaryRulebook, StudyStep
from ledger.record.scales import Attainment, Award, Mark, Rating


def rounded(value: Decimal | Fraction) -> Decimal:
    """Return `value` to one decimal, halves upward: 6.45 is 6.5, as every school computes it by hand."""
    return Decimal(floor(Fraction(value) * 10 + Fraction(1, 2))).scaleb(-1)


def regular_marks(periods: int, rules: SecondaryRulebook) -> int:
    """Return how many regular marks a semester asks for in a subject of so many periods a year, at least one."""
    return max(count for least, count in rules.regular_marks if least <= periods)


def term_average(regular: Sequence[Decimal], midterm: Decimal, final: Decimal, rules: SecondaryRulebook) -> Fraction:
    """Return ĐTBmhk before it is rounded. `regular` may be of any length but 0; TT-02 says whether it is the right one."""
    weights = rules.midterm_weight, rules.final_weight
    total = sum(regular, Decimal(0)) + weights[0] * midterm + weights[1] * final
    return Fraction(total) / (len(regular) + sum(weights))


def year_average(hk1: Fraction, hk2: Fraction, rules: SecondaryRulebook) -> Fraction:
    """Return the year's average of two semesters before it is rounded."""
    weight = rules.second_semester_weight
    return (hk1 + weight * hk2) / (1 + weight)


def year_mark(hk1: Mark, hk2: Mark, rules: SecondaryRulebook) -> Mark | None:
    """Return a subject's result for the year, or `None` if the two semesters are on different scales.

    Scores: (HK I + 2 × HK II) / 3 from the semester averages as rounded, rounded once more. A comment subject has the
    result of semester II.
    """
    if isinstance(hk1, Decimal) and isinstance(hk2, Decimal):
        return rounded(year_average(Fraction(hk1), Fraction(hk2), rules))
    if isinstance(hk1, Attainment) and isinstance(hk2, Attainment):
        return hk2
    return None


@dataclass(frozen=True, slots=True)
class StudyResult:
    """The result of study for a semester or a year, with what the adjustment makes of it."""

    plain: Rating
    """By the table alone, without Article 9.3."""
    readings: Mapping[Rating, str]
    """Each raised result that a reading of Article 9.3 gives, with the code of the one subject at fault."""

    @property
    def acceptable(self) -> tuple[Rating, ...]:
        """Everything a school may have written, best first."""
        return tuple(sorted({self.plain, *self.readings}, key=lambda grade: grade.rank))

    @property
    def best(self) -> Rating:
        """The result to write when we compute it: with the adjustment wherever a reading allows it."""
        return self.acceptable[0]


def study_result(marks: Mapping[str, Mark], rules: SecondaryRulebook) -> StudyResult:
    """Return the result of study that follows from `marks`, by subject code. All assessed subjects must be there."""
    plain = _by_table(list(marks.values()), rules)
    readings: dict[Rating, str] = {}
    for goal in (Rating.TOT, Rating.KHA):
        if plain.rank - goal.rank < rules.adjusted_drop:
            continue
        culprits = {code for code in marks if _without(code, marks, rules).rank <= goal.rank}
        imagined = {code for code in marks if _imagined_good(code, marks, rules).rank <= goal.rank}
        for found in (culprits, imagined):
            # "Exactly one subject": if leaving out either of two would do, neither of them is *the* reason; but then
            # the table could not have fallen that far in the first place, so in practice one is found or none.
            if len(found) == 1:
                readings[plain.raised()] = next(iter(found))
    return StudyResult(plain, readings)


def _without(code: str, marks: Mapping[str, Mark], rules: SecondaryRulebook) -> Rating:
    return _by_table([mark for other, mark in marks.items() if other != code], rules)


def _imagined_good(code: str, marks: Mapping[str, Mark], rules: SecondaryRulebook) -> Rating:
    good: Mark = Attainment.DAT if isinstance(marks[code], Attainment) else Decimal(10)
    return _by_table([good if other == code else mark for other, mark in marks.items()], rules)


def _by_table(marks: Sequence[Mark], rules: SecondaryRulebook) -> Rating:
    scores = [mark for mark in marks if isinstance(mark, Decimal)]
    failed = sum(1 for mark in marks if mark is Attainment.CHUA_DAT)

    def reaches(step: StudyStep) -> bool:
        return (
            failed <= step.failed_comments
            and all(score >= step.all_at_least for score in scores)
            and sum(1 for score in scores if score >= step.many_at_least) >= rules.many
        )

    for grade, step in ((Rating.TOT, rules.tot), (Rating.KHA, rules.kha), (Rating.DAT, rules.dat)):
        if reaches(step):
            return grade
    return Rating.CHUA_DAT


def year_conduct(hk1: Rating, hk2: Rating) -> Rating:
    """Return the year's conduct from the two semesters' (Article 8.2): semester II, moved by at most one step by HK I."""
    match hk2:
        case Rating.TOT:
            return Rating.TOT if hk1 in (Rating.TOT, Rating.KHA) else Rating.KHA
        case Rating.KHA:
            return Rating.DAT if hk1 is Rating.CHUA_DAT else Rating.KHA
        case Rating.DAT:
            return Rating.KHA if hk1 is Rating.TOT else Rating.DAT
        case Rating.CHUA_DAT:
            return Rating.CHUA_DAT


def may_be_reassessed(year: Mark, rules: SecondaryRulebook) -> bool:
    """Return whether a subject may be assessed again in summer, by its result for the year (Article 14)."""
    return year < rules.reassessed_below if isinstance(year, Decimal) else year is Attainment.CHUA_DAT


def promotes(conduct: Rating, study: Rating, absences: int, rules: SecondaryRulebook) -> bool:
    """Return whether a pupil is promoted, or completes the level (Article 12).

    `conduct` and `study` are those of the year, or what summer made of them (Articles 13 and 14).
    """
    return Rating.CHUA_DAT not in (conduct, study) and absences <= rules.absences_allowed


def award_for(conduct: Rating, study: Rating, year_marks: Sequence[Mark], rules: SecondaryRulebook) -> Award | None:
    """Return the title that a pupil has earned, or `None` (Article 15)."""
    if conduct is not Rating.TOT or study is not Rating.TOT:
        return None
    excellent = sum(1 for mark in year_marks if isinstance(mark, Decimal) and mark >= rules.award_mark)
    return Award.XUAT_SAC if excellent >= rules.many else Award.GIOI
