# SPDX-License-Identifier: Apache-2.0

"""Sample classes of every level check without an error, and hold the cases that they promise."""

import unicodedata
from decimal import Decimal
from itertools import pairwise, product

import pytest

from ledger.record.check import CheckOptions, check_workbook
from ledger.record.findings import Severity
from ledger.record.scales import Attainment, Overall, Rating, TraitLevel
from ledger.record.subjects import Level
from scripts import sample_primary, sample_secondary
from scripts.sample_class import main, make_workbook
from scripts.sample_people import EDGE_PUPILS, MORE_EDGE_PUPILS

SAMPLE = CheckOptions(allow_synthetic_province=True)


def checked(**options):
    return check_workbook(make_workbook(**options), file="mau.xlsx", options=SAMPLE)


def records(**options):
    reading = checked(**options)
    assert reading.class_sheet is not None, [f for f in reading.findings if f.severity is Severity.ERROR]
    return reading.class_sheet.records


@pytest.mark.parametrize("grade", range(1, 13))
@pytest.mark.parametrize("seed", [1, 2])
def test_a_class_of_any_grade_draws_no_error(grade, seed):
    assert len(records(grade=grade, seed=seed, pupils=45)) == 45


@pytest.mark.parametrize("grade", [1, 5, 9, 12])
def test_the_same_arguments_give_the_same_bytes_and_others_do_not(grade):
    assert make_workbook(grade=grade, seed=3) == make_workbook(grade=grade, seed=3)
    assert make_workbook(grade=grade, seed=3) != make_workbook(grade=grade, seed=4)


@pytest.mark.parametrize("level", list(Level))
def test_the_level_may_be_named_and_the_grade_decides_it_otherwise(level):
    (record, *_) = records(level=level, pupils=12)
    assert record.class_info.level is level
    assert records(grade=record.class_info.grade, pupils=12)[0] == record


@pytest.mark.parametrize("options", [{"grade": 0}, {"grade": 13}, {"level": Level.TH, "grade": 9}])
def test_a_grade_that_is_not_of_the_level_is_refused(options):
    with pytest.raises(SystemExit, match="khối"):
        make_workbook(**options)


def test_the_command_writes_the_file(tmp_path):
    main(["--level", "th", "--grade", "2", "--class", "2C", "--pupils", "30", "--out", str(tmp_path / "2C.xlsx")])
    assert (tmp_path / "2C.xlsx").read_bytes() == make_workbook(grade=2, class_name="2C", pupils=30)


@pytest.mark.parametrize("grade", [4, 12])
def test_the_names_that_break_software_are_there(grade):
    pupils = [record.pupil for record in records(grade=grade, pupils=45)]
    names = [pupil.name for pupil in pupils]
    for name in (*EDGE_PUPILS, *MORE_EDGE_PUPILS):
        assert unicodedata.normalize("NFC", name.full) in names
    assert any(not unicodedata.is_normalized("NFC", name.full) for name in MORE_EDGE_PUPILS)
    assert [pupil.number_pending for pupil in pupils if pupil.personal_id is None] == [False, True]
    (foreigner,) = [pupil for pupil in pupils if pupil.nationality != "Việt Nam"]
    assert foreigner.passport
    alike = [(a, b) for a, b in pairwise(pupils) if (a.name, a.birth_date) == (b.name, b.birth_date)]
    assert len(alike) == 1
    assert alike[0][0].code != alike[0][1].code


def test_primary_boundary_cases_are_what_they_are_called():
    cases = {case.name: record.year for case, record in zip(sample_primary.BOUNDARIES, records(grade=4), strict=False)}
    words = {
        "xuất sắc": Overall.HOAN_THANH_XUAT_SAC,
        "tốt": Overall.HOAN_THANH_TOT,
        "chưa hoàn thành": Overall.CHUA_HOAN_THANH,
        "hoàn thành": Overall.HOAN_THANH,
    }
    for name, year in cases.items():
        said = next((overall for word, overall in words.items() if word in name.split(": ")[-1]), None)
        if said is not None:
            assert year.overall is said, name
    assert TraitLevel.CAN_CO_GANG in set(cases["one trait Cần cố gắng: chưa hoàn thành"].traits.values())
    decided = cases["one test 4, and moved up by the principal"]
    assert (decided.overall, decided.promoted) == (Overall.CHUA_HOAN_THANH, True)
    assert decided.principal_note
    assert cases["a pupil with a disability, not assessed"].not_assessed
    assert cases["one test 8: tốt, with the title"].award is not None
    assert cases["one test just 7: tốt, without it"].award is None


def test_grades_1_and_2_may_learn_a_language_that_has_no_test():
    year = records(grade=1)[0].year
    (language,) = [subject for subject in year.subjects if subject.code == "NGOAI_NGU_1"]
    assert language.level is not None
    assert language.test is None


def test_upper_secondary_has_electives_topics_all_pairs_of_conduct_and_a_re_assessment():
    years = [record.year for record in records(grade=12)]
    codes = [subject.code for subject in years[0].subjects]
    assert set(sample_secondary.ELECTIVES) <= set(codes)
    assert {s.code for s in years[0].subjects if s.specialised} == sample_secondary.SPECIALISED
    assert {(year.conduct.hk1, year.conduct.hk2) for year in years} == set(product(Rating, repeat=2))
    cases = dict(zip([case.name for case in sample_secondary.UPPER_BOUNDARIES], years, strict=False))
    again = cases["one 3.4, assessed again at 5.0: promoted after all"]
    assert [s.reassessed for s in again.subjects if s.reassessed is not None] == [Decimal("5.0")]
    assert (again.study.year, again.study.reassessed, again.promoted) == (Rating.CHUA_DAT, Rating.DAT, True)
    late = cases["a comment subject passed only in semester I: Chưa đạt for the year"]
    assert [(s.hk1, s.year) for s in late.subjects if s.year is Attainment.CHUA_DAT] == [
        (Attainment.DAT, Attainment.CHUA_DAT)
    ]
