# SPDX-License-Identifier: Apache-2.0

"""Circular 22/2021 against tables worked by hand."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.record.errors import UnknownRulebook
from ledger.record.rules.rulebook import RULEBOOKS, TT22, rulebook_for
from ledger.record.rules.tt22 import (
    award_for,
    may_be_reassessed,
    promotes,
    rounded,
    study_result,
    year_conduct,
    year_mark,
)
from ledger.record.scales import Attainment, Award, Rating
from ledger.record.subjects import Level

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/record/tt22.json").read_text())
RATINGS = dict(zip("TKDC", Rating, strict=True))
D = Decimal


def marks_of(scores: str, comments: str = "") -> dict:
    line = {f"S{i}": D(score) for i, score in enumerate(scores.split())}
    words = {"+": Attainment.DAT, "-": Attainment.CHUA_DAT}
    return line | {f"C{i}": words[sign] for i, sign in enumerate(comments)}


def test_all_sixteen_pairs_of_conduct_are_named():
    assert len(VECTORS["conduct"]) == 16


@pytest.mark.parametrize(("pair", "year"), VECTORS["conduct"].items())
def test_conduct_of_the_year_is_as_the_table_says(pair, year):
    assert year_conduct(RATINGS[pair[0]], RATINGS[pair[1]]) is RATINGS[year]


@pytest.mark.parametrize(("raw", "expected"), VECTORS["rounded"])
def test_halves_go_up_in_exact_decimals(raw, expected):
    assert rounded(D(raw)) == D(expected)


@pytest.mark.parametrize(("hk1", "hk2", "expected"), VECTORS["year_marks"])
def test_the_year_counts_semester_two_twice(hk1, hk2, expected):
    assert year_mark(D(hk1), D(hk2), TT22) == D(expected)


def test_a_comment_subject_has_the_result_of_semester_two():
    assert year_mark(Attainment.DAT, Attainment.CHUA_DAT, TT22) is Attainment.CHUA_DAT
    assert year_mark(Attainment.CHUA_DAT, Attainment.DAT, TT22) is Attainment.DAT


def test_semesters_on_different_scales_have_no_year():
    assert year_mark(D("7.0"), Attainment.DAT, TT22) is None


@pytest.mark.parametrize("case", VECTORS["study"], ids=lambda case: case["name"])
def test_study_follows_from_the_marks(case):
    found = study_result(marks_of(case["scores"], case["comments"]), TT22)
    assert found.plain is RATINGS[case["plain"]]
    assert found.acceptable == tuple(RATINGS[letter] for letter in case["acceptable"])


@pytest.mark.parametrize("case", VECTORS["raw_averages"], ids=lambda case: case["name"])
def test_an_average_is_rounded_before_it_is_held_against_a_threshold(case):
    marks = marks_of(case["others"], "++++") | {"RAW": rounded(D(case["raw"]))}
    assert study_result(marks, TT22).plain is RATINGS[case["plain"]]


@pytest.mark.parametrize(("year", "allowed"), VECTORS["reassessed"])
def test_only_what_was_failed_may_be_assessed_again(year, allowed):
    mark = {"+": Attainment.DAT, "-": Attainment.CHUA_DAT}.get(year)
    assert may_be_reassessed(mark or D(year), TT22) is allowed


def test_the_adjustment_names_the_subject_at_fault():
    found = study_result(marks_of("8.6 4.9 8.6 8.6 8.6 8.6 8.6 8.6", "++++"), TT22)
    assert found.readings == {Rating.KHA: "S1"}
    assert found.best is Rating.KHA


@pytest.mark.parametrize(("conduct", "study", "absences", "expected"), VECTORS["promotion"])
def test_promotion_at_forty_five_absences_and_not_at_forty_six(conduct, study, absences, expected):
    assert promotes(RATINGS[conduct], RATINGS[study], absences, TT22) is expected


@pytest.mark.parametrize(("conduct", "study", "scores", "expected"), VECTORS["awards"])
def test_awards_ask_for_six_subjects_at_nine(conduct, study, scores, expected):
    award = award_for(RATINGS[conduct], RATINGS[study], list(marks_of(scores).values()), TT22)
    assert award is (Award(expected) if expected else None)


def test_an_amendment_is_one_entry_and_old_years_keep_their_rules():
    amended = replace(TT22, circular="../2026/TT-BGDĐT", first_year=2026, absences_allowed=50)
    books = (*RULEBOOKS, amended)
    assert rulebook_for(Level.THCS, 2025, books) is TT22
    assert rulebook_for(Level.THCS, 2026, books) is amended
    assert promotes(Rating.DAT, Rating.DAT, 50, rulebook_for(Level.THCS, 2026, books))
    assert not promotes(Rating.DAT, Rating.DAT, 50, rulebook_for(Level.THCS, 2025, books))


def test_a_circular_that_comes_grade_by_grade_leaves_the_one_before_in_force():
    amended = replace(TT22, circular="../2026/TT-BGDĐT", first_year=2026, reached={7: 2027, 8: 2028, 9: 2029})
    books = (amended, *RULEBOOKS)
    assert rulebook_for(Level.THCS, 2026, books, grade=6) is amended
    assert rulebook_for(Level.THCS, 2026, books, grade=9) is TT22
    assert rulebook_for(Level.THCS, 2029, books, grade=9) is amended
    assert rulebook_for(Level.THCS, 2021, books, grade=9) is TT22
    assert not TT22.reaches(9, 2021)


@pytest.mark.parametrize(("level", "year"), [(Level.THCS, 2020), (Level.TH, 2019)])
def test_a_year_or_level_without_rules_is_refused_not_guessed(level, year):
    with pytest.raises(UnknownRulebook):
        rulebook_for(level, year)
