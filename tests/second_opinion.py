# SPDX-License-Identifier: Apache-2.0

"""Both circulars a second time, by other means than the rules use, to compare with.

Results are numbers, 0 the best. At primary each single result sets a ceiling and the lowest ceiling counts. At secondary
marks are whole tenths, which are sorted where the rules count, and the adjustment is decided by trying every subject at
every better mark. Nothing of `ledger` is imported.
"""

EXCELLENT, GOOD, DONE, NOT_DONE = range(4)
TOT, KHA, DAT, CHUA_DAT = range(4)


def primary_overall(levels, traits, tests):
    """`levels` and `traits` are 0, 1, 2 from the best; `tests` are marks."""
    ceilings = [(EXCELLENT, DONE, NOT_DONE)[each] for each in (*levels, *traits)]
    ceilings += [next((step for step, least in ((0, 9), (1, 7), (2, 5)) if mark >= least), NOT_DONE) for mark in tests]
    return max(ceilings)


def study(scores, passes):
    """`scores` are tenths, `passes` say of each comment subject whether it is Đạt."""
    lowest, sixth, failed = min(scores), sorted(scores, reverse=True)[5], list(passes).count(False)
    if not failed and lowest >= 65 and sixth >= 80:
        return TOT
    if not failed and lowest >= 50 and sixth >= 65:
        return KHA
    if failed <= 1 and lowest >= 35 and sixth >= 50:
        return DAT
    return CHUA_DAT


def raised(scores, passes):
    """What Article 9.3 makes of it when one subject may be imagined better, or `None`."""
    plain, scores, passes = study(scores, passes), list(scores), list(passes)
    for goal in (TOT, KHA):
        helpful = [
            index
            for index in range(len(scores))
            if any(
                study([*scores[:index], better, *scores[index + 1 :]], passes) <= goal
                for better in range(scores[index], 101)
            )
        ]
        helpful += [
            len(scores) + index
            for index, passed in enumerate(passes)
            if not passed and study(scores, [*passes[:index], True, *passes[index + 1 :]]) <= goal
        ]
        if plain - goal >= 2 and len(helpful) == 1:
            return plain - 1
    return None


def year_tenths(hk1, hk2):
    """The year's mark from two semesters', all in tenths, halves upward."""
    return (2 * (hk1 + 2 * hk2) + 3) // 6


def conduct(hk1, hk2):
    """Semester II moves one step towards semester I when they lie two apart, and never to or from Chưa đạt."""
    if hk2 == CHUA_DAT:
        return CHUA_DAT
    return min(DAT, hk2 + (hk1 - hk2 >= 2) - (hk2 - hk1 >= 2))


def promoted(conduct_after, study_after, absences):
    return max(conduct_after, study_after) < CHUA_DAT and absences < 46


def award(conduct_of_year, study_of_year, scores):
    """2 for Học sinh Xuất sắc, 1 for Học sinh Giỏi, 0 for none."""
    if conduct_of_year or study_of_year:
        return 0
    return 2 if sorted(scores)[-6] >= 90 else 1
