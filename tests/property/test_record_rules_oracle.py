# SPDX-License-Identifier: Apache-2.0

"""Both circulars a second time, by other means (`second_opinion`), compared over generated results."""

from decimal import Decimal

import second_opinion
from hypothesis import given
from hypothesis import strategies as st

from ledger.record.rules.rulebook import TT22, TT27
from ledger.record.rules.tt22 import award_for, promotes, study_result, year_conduct, year_mark
from ledger.record.rules.tt27 import overall_result
from ledger.record.scales import Achievement, Attainment, Overall, Rating, TraitLevel

TENTHS = st.integers(0, 100)
# Whole tenths near the thresholds come up far more often than chance would have them.
EDGES = st.sampled_from([33, 34, 35, 36, 49, 50, 51, 64, 65, 66, 79, 80, 81, 89, 90, 91])
SCORES = st.lists(EDGES | TENTHS, min_size=7, max_size=10)
STRONG = st.builds(
    lambda low, rest: [low, *rest], EDGES | TENTHS, st.lists(st.integers(65, 100), min_size=6, max_size=8)
)
PASSES = st.lists(st.sampled_from([True, True, True, True, False]), min_size=3, max_size=5)
ORDER = list(Rating)
# Mostly the best, or no generated pupil would ever come near the upper two results.
STEPS = st.sampled_from([0] * 12 + [1, 1, 2])


def as_marks(scores, passes):
    marks = {f"S{i}": Decimal(tenths) / 10 for i, tenths in enumerate(scores)}
    return marks | {f"C{i}": Attainment.DAT if passed else Attainment.CHUA_DAT for i, passed in enumerate(passes)}


@given(SCORES | STRONG, PASSES)
def test_both_programs_agree_on_study(scores, passes):
    found = study_result(as_marks(scores, passes), TT22)
    plain, raised = second_opinion.study(scores, passes), second_opinion.raised(scores, passes)
    assert found.plain is ORDER[plain]
    assert found.best is ORDER[plain if raised is None else raised]


@given(SCORES | STRONG, PASSES)
def test_the_adjustment_never_gives_more_than_one_step_nor_reaches_the_top(scores, passes):
    found = study_result(as_marks(scores, passes), TT22)
    assert found.plain.rank - found.best.rank in (0, 1)
    assert found.best is found.plain or found.best in (Rating.KHA, Rating.DAT)


@given(SCORES, PASSES, st.data())
def test_a_better_mark_never_makes_the_table_worse(scores, passes, data):
    index = data.draw(st.integers(0, len(scores) - 1))
    better = [*scores]
    better[index] = data.draw(st.integers(scores[index], 100))
    before, after = (study_result(as_marks(line, passes), TT22).plain for line in (scores, better))
    assert after.rank <= before.rank


@given(TENTHS, TENTHS)
def test_both_programs_agree_on_the_year(hk1, hk2):
    expected = second_opinion.year_tenths(hk1, hk2)
    assert year_mark(Decimal(hk1) / 10, Decimal(hk2) / 10, TT22) == Decimal(expected) / 10


@given(st.integers(0, 3), st.integers(0, 3))
def test_both_programs_agree_on_conduct(hk1, hk2):
    assert year_conduct(ORDER[hk1], ORDER[hk2]) is ORDER[second_opinion.conduct(hk1, hk2)]


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 50))
def test_both_programs_agree_on_promotion(conduct, study, absences):
    assert promotes(ORDER[conduct], ORDER[study], absences, TT22) is second_opinion.promoted(conduct, study, absences)


@given(SCORES, st.integers(0, 3), st.integers(0, 3))
def test_both_programs_agree_on_awards(scores, conduct, study):
    award = award_for(ORDER[conduct], ORDER[study], list(as_marks(scores, []).values()), TT22)
    title = (None, "Học sinh Giỏi", "Học sinh Xuất sắc")[second_opinion.award(conduct, study, scores)]
    assert (award.value if award else None) == title


@given(
    st.lists(STEPS, min_size=1, max_size=14),
    st.lists(STEPS, min_size=1, max_size=15),
    st.lists(st.sampled_from([9, 10]) | st.integers(0, 10), max_size=7),
)
def test_both_programs_agree_on_a_primary_year(levels, traits, tests):
    found = overall_result([list(Achievement)[i] for i in levels], [list(TraitLevel)[i] for i in traits], tests, TT27)
    assert found is list(Overall)[second_opinion.primary_overall(levels, traits, tests)]
