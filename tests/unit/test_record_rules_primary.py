# SPDX-License-Identifier: Apache-2.0

"""Circular 27/2020 against tables worked by hand."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.record.rules import tt27 as rules_tt27
from ledger.record.rules.rulebook import TT27
from ledger.record.rules.tt27 import award_due, completes, has_test, may_be_awarded, overall_result
from ledger.record.scales import Achievement, Overall, PrimaryAward, TraitLevel
from ledger.record.subjects import BY_CODE

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/record/tt27.json").read_text())
LEVELS = dict(zip("THC", Achievement, strict=True))
TRAITS = dict(zip("TDC", TraitLevel, strict=True))
OVERALL = dict(zip("XTHC", Overall, strict=True))


def overall_of(case, rules=TT27):
    levels, traits = [LEVELS[letter] for letter in case["levels"]], [TRAITS[letter] for letter in case["traits"]]
    return overall_result(levels, traits, case["tests"], rules)


@pytest.mark.parametrize("case", VECTORS["overall"], ids=lambda case: case["name"])
def test_the_first_of_four_whose_demands_are_met_counts(case):
    assert overall_of(case) is OVERALL[case["overall"]]


@pytest.mark.parametrize("case", VECTORS["overall"], ids=lambda case: case["name"])
def test_thresholds_are_data(case):
    strict = replace(TT27, excellent_test=11, good_test=11, pass_test=11)
    assert overall_of(case, strict) is (OVERALL[case["overall"]] if not case["tests"] else Overall.CHUA_HOAN_THANH)


@pytest.mark.parametrize("grade", range(1, 6))
def test_each_grade_has_its_tests(grade):
    assert {subject.code for subject in rules_tt27.tested_in(grade)} == set(VECTORS["tested"][str(grade)].split())


def test_a_language_chosen_in_grade_one_may_have_a_test_and_need_not():
    language = BY_CODE["NGOAI_NGU_1"]
    assert has_test(language, 1)
    assert language not in rules_tt27.tested_in(1)
    assert not has_test(BY_CODE["DAO_DUC"], 1)
    assert not has_test(BY_CODE["KHOA_HOC"], 3)


@pytest.mark.parametrize(("overall", "title", "due"), VECTORS["awards"])
def test_each_title_goes_with_one_result(overall, title, due):
    award = PrimaryAward(title) if title else None
    assert may_be_awarded(OVERALL[overall]) is award
    assert award_due(OVERALL[overall]) is (award if due else None)


@pytest.mark.parametrize(("overall", "done"), VECTORS["completed"].items())
def test_all_but_the_lowest_result_complete_the_grade(overall, done):
    assert completes(OVERALL[overall]) is done
