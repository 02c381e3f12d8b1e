# SPDX-License-Identifier: Apache-2.0

"""Circular 27/2020: what a primary pupil's results amount to. Pure functions.

A year at primary has no averages. It has a level in each subject, a level for each quality and competence, and a test at
the end of the year in some subjects; the four overall results are four lists of demands on those, and the first that is
met counts (`overall_result`). Whether a pupil completed the grade (`completes`) and which title the school may give
(`may_be_awarded`) follow from the overall result alone.

Who calls these leaves out subjects that the pupil is exempt from, and asks only when nothing is missing: what is not
there can neither be good nor bad.
"""

from collections.abc import Collection

from ledger.record.rules.rulebook import PrimaryRulebook
from ledger.record.scales import Achievement, Overall, PrimaryAward, TraitLevel
from ledger.record.subjects import SUBJECTS, Subject, taught_in

_WELL = frozenset({Achievement.HOAN_THANH_TOT})
_DONE = _WELL | {Achievement.HOAN_THANH}
_STRONG = frozenset({TraitLevel.TOT})
_REACHED = _STRONG | {TraitLevel.DAT}


def overall_result(
    levels: Collection[Achievement], traits: Collection[TraitLevel], tests: Collection[int], rules: PrimaryRulebook
) -> Overall:
    """Return what the year came to: the first of the four whose demands are all met (Article 9.2a).

    `tests` are those at the end of the year; a grade without any, or a pupil excused from all, is judged by the rest.
    Nothing at all amounts to nothing: without a subject or a trait the result is Chưa hoàn thành.
    """

    def reach(least: int) -> bool:
        return all(test >= least for test in tests)

    if not levels or not traits:
        return Overall.CHUA_HOAN_THANH
    if _WELL.issuperset(levels) and _STRONG.issuperset(traits):
        if reach(rules.excellent_test):
            return Overall.HOAN_THANH_XUAT_SAC
        if reach(rules.good_test):
            return Overall.HOAN_THANH_TOT
    if _DONE.issuperset(levels) and _REACHED.issuperset(traits) and reach(rules.pass_test):
        return Overall.HOAN_THANH
    return Overall.CHUA_HOAN_THANH


def tested_in(grade: int) -> tuple[Subject, ...]:
    """Return the subjects of a primary grade that end the year with a test which every pupil takes (Article 7.1b).

    The article names *compulsory* subjects, so a foreign language that grade 1 or 2 chose may go without.
    """
    return tuple(subject for subject in SUBJECTS if subject.scored and grade in subject.compulsory)


def has_test(subject: Subject, grade: int) -> bool:
    """Return whether a test at the end of the year may stand beside a subject in a grade."""
    return subject.scored and taught_in(subject, grade)


def completes(overall: Overall) -> bool:
    """Return whether a pupil completed the programme of the grade (Article 11, whose text is not at hand)."""
    return overall is not Overall.CHUA_HOAN_THANH


def award_due(overall: Overall) -> PrimaryAward | None:
    """Return the title that follows from the overall result by itself (Article 13.1a)."""
    return PrimaryAward.XUAT_SAC if overall is Overall.HOAN_THANH_XUAT_SAC else None


def may_be_awarded(overall: Overall) -> PrimaryAward | None:
    """Return the one title that the overall result leaves open, or `None` (Article 13.1a).

    Học sinh Tiêu biểu asks for more besides, an outstanding subject or clear progress, and that the class agrees: that
    is for the school to know, so the title may be given or not.
    """
    return PrimaryAward.TIEU_BIEU if overall is Overall.HOAN_THANH_TOT else award_due(overall)
