# SPDX-License-Identifier: Apache-2.0

"""Circular 22/2021 a second time, by other means, compared over generated pupils.

The oracle counts in whole tenths, sorts where the rules count, and decides the adjustment by trying every subject at
every better mark. It shares no line with `ledger.record.rules_tt22`.
"""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ledger.record.rulebook import TT22
from ledger.record.rules_tt22 import award_for, study_result, year_conduct, year_mark
from ledger.record.scales import Attainment, Rating

TENTHS = st.integers(0, 100)
# Whole tenths near the thresholds come up far more often than chance would have them.
EDGES = st.sampled_from([33, 34, 35, 36, 49, 50, 51, 64, 65, 66, 79, 80, 81, 89, 90, 91])
SCORES = st.lists(EDGES | TENTHS, min_size=7, max_size=10)
STRONG = st.builds(
    lambda low, rest: [low, *rest], EDGES | TENTHS, st.lists(st.integers(65, 100), min_size=6, max_size=8)
)
PASSES = st.lists(st.sampled_from([True, True, True, True, False]), min_size=3, max_size=5)
ORDER = list(Rating)


def level(scores, passes):
    """Return 0 for Tốt to 3 for Chưa đạt."""
    lowest, sixth, failed = min(scores), sorted(scores, reverse=True)[5], passes.count(False)
    if not failed and lowest >= 65 and sixth >= 80:
        return 0
    if not failed and lowest >= 50 and sixth >= 65:
        return 1
    if failed <= 1 and lowest >= 35 and sixth >= 50:
        return 2
    return 3


def raised(scores, passes):
    """Return what Article 9.3 makes of it when one subject may be imagined better, or `None`."""
    plain = level(scores, passes)
    for goal in (0, 1):
        helpful = [
            index
            for index in range(len(scores))
            if any(
                level([*scores[:index], better, *scores[index + 1 :]], passes) <= goal
                for better in range(scores[index], 101)
            )
        ]
        helpful += [
            len(scores) + index
            for index, passed in enumerate(passes)
            if not passed and level(scores, [*passes[:index], True, *passes[index + 1 :]]) <= goal
        ]
        if plain - goal >= 2 and len(helpful) == 1:
            return plain - 1
    return None


def as_marks(scores, passes):
    marks = {f"S{i}": Decimal(tenths) / 10 for i, tenths in enumerate(scores)}
    return marks | {f"C{i}": Attainment.DAT if passed else Attainment.CHUA_DAT for i, passed in enumerate(passes)}


@given(SCORES | STRONG, PASSES)
def test_both_programs_agree_on_study(scores, passes):
    found = study_result(as_marks(scores, passes), TT22)
    assert found.plain is ORDER[level(scores, passes)]
    expected = raised(scores, passes)
    assert found.best is ORDER[level(scores, passes) if expected is None else expected]


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
    expected = (2 * (hk1 + 2 * hk2) + 3) // 6
    assert year_mark(Decimal(hk1) / 10, Decimal(hk2) / 10, TT22) == Decimal(expected) / 10


@given(st.integers(0, 3), st.integers(0, 3))
def test_both_programs_agree_on_conduct(hk1, hk2):
    if hk2 == 3:
        expected = 3
    else:
        # Semester II moves one step towards semester I when they lie far enough apart, and never to Chưa đạt.
        worse = hk1 - hk2 >= 2
        better = hk2 - hk1 >= 2
        expected = min(2, hk2 + worse - better)
    assert year_conduct(ORDER[hk1], ORDER[hk2]) is ORDER[expected]


@given(SCORES, st.sampled_from(ORDER), st.sampled_from(ORDER))
def test_both_programs_agree_on_awards(scores, conduct, study):
    title = None
    if (conduct, study) == (Rating.TOT, Rating.TOT):
        title = "Học sinh Xuất sắc" if sorted(scores)[-6] >= 90 else "Học sinh Giỏi"
    award = award_for(conduct, study, list(as_marks(scores, []).values()), TT22)
    assert (award.value if award else None) == title
