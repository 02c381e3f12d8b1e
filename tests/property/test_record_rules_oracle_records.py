# SPDX-License-Identifier: Apache-2.0

"""Whole records through `check_record`: what the second opinion computed is right, and one change draws its own rule.

Secondary records come with semesters on every edge of the tables, extra absences, training and re-assessment in summer;
primary ones with any mixture of levels, traits and tests. A correct one draws no error. One with a single result changed
draws the rule that the result belongs to, and no error besides.
"""

from dataclasses import replace
from decimal import Decimal

import second_opinion
from graded_records import (
    COMMENTED,
    ELECTIVES,
    OVERALLS,
    RATINGS,
    TESTED,
    TITLES,
    Line,
    primary_codes,
    primary_year,
    record_of,
    secondary_codes,
    with_subject,
    with_year,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.record.check import check_record
from ledger.record.findings import Severity
from ledger.record.scales import Attainment, PrimaryAward, Rating, Trait

SCORES = st.sampled_from([33, 34, 35, 49, 50, 64, 65, 66, 79, 80, 81, 89, 90, 91]) | st.integers(0, 100)
LEVEL_OF = st.sampled_from([0] * 12 + [1, 1, 2])
MISTAKES = settings(max_examples=60, deadline=None)


def errors(record):
    return {finding.rule for finding in check_record(record) if finding.severity is Severity.ERROR}


@st.composite
def lines(draw):
    grade = draw(st.integers(6, 12))
    electives = draw(st.permutations(ELECTIVES))[:4]
    codes = secondary_codes(grade, electives)
    usual = draw(st.sampled_from([40, 55, 70, 82, 93]))
    unusual = draw(st.sets(st.sampled_from(codes), max_size=4))
    marks = {}
    for code in codes:
        if code in COMMENTED:
            failed = code in unusual
            marks[code] = (draw(st.booleans()), not failed)
        else:
            marks[code] = (draw(SCORES), draw(SCORES)) if code in unusual else (usual, usual)
    conduct = draw(st.tuples(*(st.sampled_from([0, 0, 0, 1, 2, 3]),) * 2))
    line = Line(grade, marks, conduct, draw(st.sampled_from([0, 3, 44, 45, 46, 60])), draw(st.booleans()))
    of_year = line.year_marks
    if second_opinion.conduct(*conduct) == second_opinion.CHUA_DAT:
        return replace(line, trained=draw(st.sampled_from([None, 1, 2, 3])))
    if line.result(of_year) == second_opinion.CHUA_DAT:
        failed = [code for code, mark in of_year.items() if mark is False or (mark is not True and mark < 50)]
        chosen = [code for code in failed if draw(st.booleans())]
        again = {code: draw(st.booleans()) if code in COMMENTED else draw(SCORES) for code in chosen}
        return replace(line, again=again)
    return line


@given(lines())
@settings(max_examples=200, deadline=None)
def test_a_correct_secondary_record_draws_no_error_and_no_warning(line):
    assert {f.rule for f in check_record(line.record()) if f.severity is not Severity.INFO} == set()


@given(lines(), st.data())
@MISTAKES
def test_a_year_mark_that_does_not_follow_draws_its_rule(line, data):
    code = data.draw(st.sampled_from(sorted(line.marks)))
    right = line.year_marks[code]
    if code in COMMENTED:
        wrong = with_subject(line.record(), code, year=Attainment.CHUA_DAT if right else Attainment.DAT)
        assert errors(wrong) == {"TT-05"}
    else:
        wrong = data.draw(st.integers(0, 100).filter(lambda tenths: tenths != right))
        assert errors(with_subject(line.record(), code, year=Decimal(wrong) / 10)) == {"TT-04"}


@given(lines(), st.data())
@MISTAKES
def test_a_mark_that_is_missing_or_impossible_draws_its_rule(line, data):
    code = data.draw(st.sampled_from(sorted(line.marks)))
    term = data.draw(st.sampled_from(["hk1", "hk2", "year"]))
    scored = code not in COMMENTED
    assert errors(with_subject(line.record(), code, **{term: None})) == {"TT-16"}
    alien = Attainment.DAT if scored else Decimal("8.0")
    assert errors(with_subject(line.record(), code, **{term: alien})) == {"TT-15"}
    if scored:
        for impossible in (Decimal("10.1"), Decimal("-0.1"), Decimal("7.25"), Decimal("Infinity")):
            assert errors(with_subject(line.record(), code, **{term: impossible})) == {"TT-01"}


@given(lines(), st.sampled_from(["hk1", "hk2", "year"]), st.sampled_from(RATINGS))
@MISTAKES
def test_a_result_of_study_that_does_not_follow_draws_its_rule(line, term, wrong):
    record = line.record()
    either = {getattr(replace(line, adjust=adjust).year().study, term) for adjust in (True, False)}
    assume(wrong not in either)
    assert errors(with_year(record, study=replace(record.year.study, **{term: wrong}))) == {"TT-06"}
    assert errors(with_year(record, study=replace(record.year.study, **{term: None}))) == {"TT-13"}


@given(lines(), st.sampled_from(RATINGS))
@MISTAKES
def test_a_conduct_that_does_not_follow_draws_its_rule(line, wrong):
    record = line.record()
    assume(wrong is not record.year.conduct.year)
    assert errors(with_year(record, conduct=replace(record.year.conduct, year=wrong))) == {"TT-08"}


@given(lines())
@MISTAKES
def test_a_promotion_that_does_not_follow_draws_its_rule(line):
    record = line.record()
    too_many = {"TT-10"} if line.absences > 45 else set()
    assert errors(with_year(record, promoted=not record.year.promoted)) == {"TT-09"} | too_many
    assert errors(with_year(record, promoted=None)) == {"TT-09"}
    assert errors(with_year(record, absences_unexcused=None)) == {"TT-10"}
    assert errors(with_year(record, absences_excused=-1)) == {"TT-10"}


@given(lines(), st.sampled_from(TITLES))
@MISTAKES
def test_a_title_that_was_not_earned_draws_its_rule(line, title):
    record = line.record()
    assume(title is not record.year.award)
    assert errors(with_year(record, award=title)) == {"TT-11"}


@given(lines(), st.sampled_from(RATINGS), st.data())
@MISTAKES
def test_a_summer_that_does_not_follow_draws_its_rule(line, wrong, data):
    record = line.record()
    study, conduct = record.year.study, record.year.conduct
    if line.again:
        either = {replace(line, adjust=adjust).year().study.reassessed for adjust in (True, False)}
        assume(wrong not in either)
        assert errors(with_year(record, study=replace(study, reassessed=wrong))) == {"TT-12"}
    else:
        assert errors(with_year(record, study=replace(study, reassessed=wrong))) == {"TT-12"}
        # Nobody is assessed again whose study is good enough, or whose conduct is not.
        if conduct.year is Rating.CHUA_DAT or study.year is not Rating.CHUA_DAT:
            code = data.draw(st.sampled_from(sorted(line.marks)))
            mark = Attainment.DAT if code in COMMENTED else Decimal("6.0")
            assert errors(with_subject(record, code, reassessed=mark)) == {"TT-12"}
    if conduct.year is not Rating.CHUA_DAT:
        assert errors(with_year(record, conduct=replace(conduct, reassessed=wrong))) == {"TT-12"}


@st.composite
def primary_records(draw):
    grade = draw(st.integers(1, 5))
    levels = {code: draw(LEVEL_OF) for code in primary_codes(grade)}
    traits = {trait: draw(LEVEL_OF) for trait in Trait}
    lowest = draw(st.sampled_from([0, 4, 5, 6, 7, 8, 9]))
    tests = {code: draw(st.integers(lowest, 10)) for code in TESTED[grade]}
    year = primary_year(grade, levels, traits, tests)
    if grade < 3 and draw(st.booleans()):
        year = replace(year, traits={t: level for t, level in year.traits.items() if not t.optional})
        levels_left = [traits[trait] for trait in Trait if not trait.optional]
        overall = second_opinion.primary_overall(levels.values(), levels_left, tests.values())
        done = overall < second_opinion.NOT_DONE
        award = PrimaryAward.XUAT_SAC if overall == 0 else None
        year = replace(year, overall=OVERALLS[overall], completed=done, promoted=done, award=award)
    return record_of(grade, year)


@given(primary_records())
@settings(max_examples=200, deadline=None)
def test_a_correct_primary_record_draws_no_error_and_no_warning(record):
    assert check_record(record) == []


@given(primary_records(), st.sampled_from([*OVERALLS, None]))
@MISTAKES
def test_an_overall_result_that_does_not_follow_draws_its_rule(record, wrong):
    assume(wrong is not record.year.overall)
    assert errors(with_year(record, overall=wrong)) == {"TH-05"}


@given(primary_records(), st.sampled_from(PrimaryAward))
@MISTAKES
def test_a_primary_title_that_was_not_earned_draws_its_rule(record, title):
    allowed = {OVERALLS[0]: PrimaryAward.XUAT_SAC, OVERALLS[1]: PrimaryAward.TIEU_BIEU}
    assume(title is not allowed.get(record.year.overall))
    assert errors(with_year(record, award=title)) == {"TH-06"}


@given(primary_records(), st.data())
@MISTAKES
def test_what_is_missing_or_impossible_at_primary_draws_its_rule(record, data):
    grade = record.class_info.grade
    code = data.draw(st.sampled_from(TESTED[grade]))
    assert errors(with_subject(record, code, level=None)) == {"TH-01"}
    assert errors(with_subject(record, code, test=None)) == {"TH-04"}
    for impossible in (11, -1, True):
        assert errors(with_subject(record, code, test=impossible)) == {"TH-03"}
    trait = data.draw(st.sampled_from([trait for trait in Trait if not trait.optional]))
    traits = {each: level for each, level in record.year.traits.items() if each is not trait}
    assert errors(with_year(record, traits=traits)) == {"TH-02"}
    assert errors(with_year(record, promoted=None)) == {"TH-07"}
    assert errors(with_year(record, absences_excused=None)) == {"TH-11"}
    without = tuple(result for result in record.year.subjects if result.code != code)
    assert errors(with_year(record, subjects=without)) <= {"TH-09", "TH-05", "TH-06"}
