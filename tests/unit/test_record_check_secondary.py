# SPDX-License-Identifier: Apache-2.0

"""Secondary records held against Circular 22/2021: summer, late arrivals, subjects, kinds of marks."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from graded_records import SCHOOL, TEACHER, even_line, secondary_codes, with_subject, with_year

from ledger.record.check import CheckOptions, check_record
from ledger.record.findings import Severity
from ledger.record.model import Place, Schooling, SecondarySubject
from ledger.record.scales import Attainment, Award, Rating

D = Decimal
ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
FAILED = {"TOAN": (34, 34), "KHTN": (49, 49), "GDTC": (True, False)}
"""Three subjects that fail a year: study is Chưa đạt, and each of them may be assessed again."""
SUMMER = {"TOAN": 50, "KHTN": 50, "GDTC": True}


def rules(record, place=None, **options):
    drawn = check_record(record, place, options=CheckOptions(**options))
    return [(f.rule, f.severity) for f in drawn if f.severity is not INFO]


def found(record, place=None):
    return [(f.rule, f.severity, f.sheet, f.column) for f in check_record(record, place) if f.severity is not INFO]


def test_a_pupil_who_passes_again_in_summer_is_promoted():
    line = even_line(marks=FAILED, again=SUMMER)
    year = line.year()
    assert (year.study.year, year.study.reassessed, year.promoted) == (Rating.CHUA_DAT, Rating.KHA, True)
    assert rules(line.record()) == []
    assert rules(with_year(line.record(), promoted=False)) == [("TT-09", ERROR)]


def test_a_pupil_who_fails_again_is_not():
    line = even_line(marks=FAILED, again=SUMMER | {"TOAN": 34, "KHTN": 34})
    assert (line.year().study.reassessed, line.year().promoted) == (Rating.CHUA_DAT, False)
    assert rules(line.record()) == []
    assert rules(with_year(line.record(), promoted=True)) == [("TT-09", ERROR)]


def test_re_assessment_replaces_the_year_of_its_subject_and_nothing_else():
    record = even_line(marks=FAILED, again=SUMMER).record()
    assert rules(with_subject(record, "TOAN", year=D("5.0"))) == [("TT-04", ERROR)]
    assert rules(with_subject(record, "GDTC", year=Attainment.DAT)) == [("TT-05", ERROR)]
    assert rules(with_year(record, study=replace(record.year.study, year=Rating.KHA))) == [("TT-06", ERROR)]


def test_a_title_is_judged_by_the_year_before_re_assessment():
    line = even_line(score=95, marks={"TOAN": (30, 30), "GDTC": (True, False), "GDDP": (True, False)})
    again = replace(line, again={"TOAN": 95, "GDTC": True, "GDDP": True})
    assert again.year().study.reassessed is Rating.TOT
    assert rules(again.record()) == []
    assert rules(with_year(again.record(), award=Award.XUAT_SAC)) == [("TT-11", ERROR)]


@pytest.mark.parametrize(
    ("code", "mark"),
    [("NGU_VAN", D("9.0")), ("NGHE_THUAT", Attainment.DAT), ("NGU_VAN", D("7.0")), ("NGHE_THUAT", Attainment.CHUA_DAT)],
)
def test_a_subject_that_was_not_failed_may_not_be_assessed_again(code, mark):
    record = with_subject(even_line(marks=FAILED, again=SUMMER).record(), code, reassessed=mark)
    assert found(record) == [("TT-12", ERROR, "Đánh giá lại", code)]


def test_what_followed_from_a_mark_that_should_not_be_there_is_not_a_second_mistake():
    line = even_line(marks=FAILED | {"NGU_VAN": (50, 50)}, again=SUMMER | {"NGU_VAN": 70})
    with_it = line.record()
    assert found(with_it) == [("TT-12", ERROR, "Đánh giá lại", "NGU_VAN")]
    without = replace(line, again=SUMMER).year().study
    assert found(with_year(with_it, study=without)) == [("TT-12", ERROR, "Đánh giá lại", "NGU_VAN")]


@pytest.mark.parametrize("trained", [None, 2])
def test_nobody_is_assessed_again_whose_conduct_of_the_year_failed(trained):
    line = even_line(marks=FAILED, conduct=(2, 3), trained=trained)
    record = line.record()
    for code, mark in (("TOAN", D("5.0")), ("KHTN", D("5.0")), ("GDTC", Attainment.DAT)):
        record = with_subject(record, code, reassessed=mark)
    assert found(record) == [("TT-12", ERROR, "Đánh giá lại", "TOAN")]


def test_nobody_is_assessed_again_whose_study_is_good_enough():
    record = with_subject(even_line(marks={"TOAN": (49, 49)}).record(), "TOAN", reassessed=D("6.0"))
    assert record.year.study.year is Rating.DAT
    (finding,) = check_record(record)
    assert (finding.rule, finding.sheet, finding.column) == ("TT-12", "Đánh giá lại", "TOAN")
    assert "đã Đạt" in finding.message_vi


def test_a_result_after_summer_without_any_subject_is_refused():
    record = even_line(marks=FAILED).record()
    spoilt = with_year(record, study=replace(record.year.study, reassessed=Rating.DAT))
    assert found(spoilt) == [("TT-12", ERROR, "Kết quả", "Học tập sau hè")]


def test_a_result_after_summer_that_was_not_written_is_asked_for_and_promotion_is_judged_all_the_same():
    record = even_line(marks=FAILED, again=SUMMER).record()
    silent = with_year(record, study=replace(record.year.study, reassessed=None))
    assert found(silent) == [("TT-12", WARNING, "Kết quả", "Học tập sau hè")]
    assert rules(with_year(silent, promoted=False)) == [("TT-12", WARNING), ("TT-09", ERROR)]


@pytest.mark.parametrize(
    ("mark", "rule"),
    [(D("10.5"), "TT-01"), (D("5.25"), "TT-01"), (D("NaN"), "TT-01"), (Attainment.DAT, "TT-15")],
)
@pytest.mark.parametrize("again", [SUMMER, {"TOAN": 50}])
def test_a_mark_after_re_assessment_is_on_the_scale_of_its_subject_and_nothing_follows_from_another(mark, rule, again):
    record = even_line(marks=FAILED, again=again).record()
    assert found(with_subject(record, "TOAN", reassessed=mark)) == [(rule, ERROR, "Đánh giá lại", "TOAN")]


def test_a_mark_after_re_assessment_that_could_not_be_read_is_left_alone():
    record = even_line(marks=FAILED, again=SUMMER).record()
    unread = Place(declined=frozenset({("Đánh giá lại", "TOAN")}))
    assert rules(with_subject(record, "TOAN", reassessed=None), unread) == []
    assert rules(with_subject(record, "TOAN", reassessed=None)) == [("TT-12", ERROR)]


def test_training_in_summer_promotes_whose_conduct_failed():
    line = even_line(conduct=(2, 3), trained=2)
    assert line.year().promoted
    assert rules(line.record()) == []
    assert rules(with_year(line.record(), promoted=False)) == [("TT-09", ERROR)]
    assert rules(replace(line, trained=3).record()) == []


@pytest.mark.parametrize("conduct", [(0, 0), (1, 2), (0, 1)])
def test_training_in_summer_is_for_failed_conduct_alone(conduct):
    record = even_line(conduct=conduct).record()
    for result in Rating:
        spoilt = with_year(record, conduct=replace(record.year.conduct, reassessed=result))
        assert found(spoilt) == [("TT-12", ERROR, "Kết quả", "Rèn luyện sau hè")]


def test_training_in_summer_does_not_change_the_year_and_earns_no_title():
    record = even_line(score=95, conduct=(2, 3), trained=0).record()
    assert rules(record) == []
    assert rules(with_year(record, award=Award.XUAT_SAC)) == [("TT-11", ERROR)]
    spoilt = replace(record.year.conduct, year=Rating.DAT)
    assert rules(with_year(record, conduct=spoilt)) == [("TT-08", ERROR)]


@pytest.mark.parametrize(("excused", "unexcused", "promoted"), [(45, 0, True), (20, 25, True), (46, 0, False), (20, 26, False)])  # fmt: skip
def test_forty_five_absences_are_allowed_and_forty_six_are_not(excused, unexcused, promoted):
    record = with_year(even_line().record(), absences_excused=excused, absences_unexcused=unexcused)
    assert rules(with_year(record, promoted=promoted)) == []
    drawn = rules(with_year(record, promoted=not promoted))
    assert drawn == ([("TT-09", ERROR)] if promoted else [("TT-10", ERROR), ("TT-09", ERROR)])


def arriving(day, line=None):
    """Return a record without semester I of a pupil who came on `day`."""
    record = (line or even_line()).record()
    subjects = tuple(replace(result, hk1=None) for result in record.year.subjects)
    year = replace(
        record.year,
        subjects=subjects,
        conduct=replace(record.year.conduct, hk1=None),
        study=replace(record.year.study, hk1=None),
    )
    here = Schooling("2025-2026", record.class_info.name, SCHOOL.name, day)
    return replace(record, year=year, history=(here,))


def test_who_came_after_semester_one_lacks_it_in_one_warning():
    record = arriving(date(2026, 2, 3))
    (warning,) = check_record(record)
    assert (warning.rule, warning.severity, warning.sheet) == ("TT-16", WARNING, "Học kỳ I")
    assert "03/02/2026" in warning.message_vi
    assert "14 kết quả" in warning.message_vi


def test_the_year_of_who_came_late_is_taken_as_written():
    record = with_subject(arriving(date(2026, 2, 3)), "TOAN", year=D("7.4"))
    assert rules(record) == [("TT-16", WARNING)]
    # What can still be told is told.
    assert rules(with_subject(record, "TOAN", hk2=None)) == [("TT-16", ERROR), ("TT-16", WARNING)]
    assert rules(with_year(record, promoted=False)) == [("TT-16", WARNING), ("TT-09", ERROR)]
    assert rules(with_year(record, study=replace(record.year.study, hk2=None)))[1:] == [("TT-13", ERROR)]


@pytest.mark.parametrize("day", [None, date(2025, 9, 5), date(2026, 1, 17)])
def test_who_was_there_in_semester_one_lacks_every_result(day):
    drawn = rules(arriving(day))
    assert drawn.count(("TT-16", ERROR)) == 12
    assert drawn.count(("TT-13", ERROR)) == 2


def test_when_semester_one_ends_is_a_setting():
    day = date(2026, 1, 17)
    assert rules(arriving(day), semester_2_begins=(1, 12)) == [("TT-16", WARNING)]
    assert rules(arriving(date(2026, 1, 18))) == [("TT-16", WARNING)]


def test_a_day_of_arrival_at_another_class_says_nothing_about_this_one():
    record = arriving(date(2026, 2, 3))
    elsewhere = replace(record.history[0], class_name="8C")
    assert ("TT-16", ERROR) in rules(replace(record, history=(elsewhere,)))


def test_who_came_late_with_results_of_the_former_school_is_held_to_them():
    record = even_line().record()
    here = Schooling("2025-2026", record.class_info.name, SCHOOL.name, date(2026, 2, 3))
    record = replace(record, history=(here,))
    assert rules(record) == []
    assert rules(with_subject(record, "TOAN", year=D("7.1"))) == [("TT-04", ERROR)]


@pytest.mark.parametrize(
    ("code", "wrong"),
    [("TOAN", Attainment.DAT), ("NGU_VAN", Attainment.CHUA_DAT), ("GDTC", D("8.0")), ("GDDP", D("0.0"))],
)
def test_each_subject_has_its_kind_of_result_and_one_finding_says_so(code, wrong):
    record = with_subject(even_line().record(), code, hk1=wrong, hk2=wrong, year=wrong)
    assert found(record) == [("TT-15", ERROR, "Học kỳ I", code)]


def test_at_upper_secondary_music_and_fine_art_have_no_marks():
    line = even_line(11, electives=("AM_NHAC", "MI_THUAT", "DIA_LI", "VAT_LI"))
    assert rules(line.record()) == []
    assert rules(with_subject(line.record(), "AM_NHAC", hk2=D("9.0"))) == [("TT-15", ERROR)]
    assert rules(with_subject(even_line(7).record(), "NGHE_THUAT", hk2=D("9.0"))) == [("TT-15", ERROR)]


def test_a_level_with_seven_scored_subjects_still_knows_six():
    line = even_line(10, 80, electives=("AM_NHAC", "MI_THUAT", "DIA_LI", "VAT_LI"), marks={"TOAN": (65, 65)})
    assert line.year().study.year is Rating.TOT
    assert rules(line.record()) == []
    assert rules(with_year(line.record(), study=replace(line.year().study, year=Rating.KHA))) == [("TT-06", ERROR)]


def with_set(record, *, without=(), add=()):
    kept = [result for result in record.year.subjects if result.code not in without]
    mark = D("7.0")
    kept += [SecondarySubject(code, code, mark, mark, mark, None, TEACHER) for code in add]
    return with_year(record, subjects=tuple(kept))


@pytest.mark.parametrize(
    ("grade", "without", "add", "drawn"),
    [
        (8, ("GDCD",), (), 1),
        (8, ("GDTC", "GDCD"), (), 2),
        (8, (), ("VAT_LI",), 1),
        (8, (), ("TIENG_VIET",), 1),
        (8, (), ("KHONG_CO",), 1),
        (8, (), ("TOAN",), 1),
        (8, (), ("NGOAI_NGU_2",), 0),
        (8, (), ("TIENG_DTTS",), 0),
        (11, ("DIA_LI",), (), 1),
        (11, (), ("SINH_HOC",), 1),
        (11, ("DIA_LI",), ("SINH_HOC",), 0),
        (11, ("LICH_SU",), (), 1),
        (11, (), ("KHTN",), 1),
        (11, (), ("NGOAI_NGU_2", "TIENG_DTTS"), 0),
    ],
)
def test_the_subjects_are_those_of_the_level_or_somebody_should_look(grade, without, add, drawn):
    record = with_set(even_line(grade).record(), without=without, add=add)
    assert [entry for entry in rules(record) if entry[0] == "TT-14"] == [("TT-14", WARNING)] * drawn


@pytest.mark.parametrize(("clusters", "drawn"), [(0, 0), (1, 1), (2, 1), (3, 0), (4, 1)])
def test_three_clusters_of_specialised_topics_where_any_is_named(clusters, drawn):
    record = even_line(12).record()
    for code in ("TOAN", "NGU_VAN", "DIA_LI", "VAT_LI")[:clusters]:
        record = with_subject(record, code, specialised=True)
    assert rules(record) == [("TT-14", WARNING)] * drawn


def test_a_pupil_who_is_not_assessed_need_not_take_every_subject():
    record = with_set(even_line(8).record(), without=("GDCD", "TIN_HOC"))
    assert rules(with_year(record, not_assessed=True)) == []
    assert rules(with_year(with_set(record, add=("VAT_LI",)), not_assessed=True)) == [("TT-14", WARNING)]


def test_an_extra_subject_that_the_pupil_does_not_take_lacks_nothing():
    record = even_line().record()
    empty = SecondarySubject("NGOAI_NGU_2", "Ngoại ngữ 2", None, None, None, None, TEACHER)
    assert rules(with_year(record, subjects=(*record.year.subjects, empty))) == []
    begun = replace(empty, hk1=D("6.0"))
    assert rules(with_year(record, subjects=(*record.year.subjects, begun))) == [("TT-16", ERROR)] * 2


def test_an_elective_of_the_class_that_is_empty_is_a_gap():
    record = with_subject(even_line(11).record(), "VAT_LI", hk1=None, hk2=None, year=None)
    assert rules(record) == [("TT-16", ERROR)] * 3


def test_a_pupil_who_is_not_assessed_lacks_neither_marks_nor_results():
    record = even_line().record()
    for code in secondary_codes(8):
        record = with_subject(record, code, hk1=None, hk2=None, year=None)
    year = record.year
    blank = replace(
        year,
        conduct=replace(year.conduct, hk1=None, hk2=None, year=None),
        study=replace(year.study, hk1=None, hk2=None, year=None),
        award=None,
    )
    assert rules(replace(record, year=replace(blank, not_assessed=True))) == []
    assert {rule for rule, _ in rules(replace(record, year=blank))} == {"TT-13", "TT-16"}


def test_cells_that_could_not_be_read_are_left_alone():
    record = even_line(marks=FAILED, again=SUMMER).record()
    silent = with_year(record, study=replace(record.year.study, reassessed=None))
    unread = Place(declined=frozenset({("Kết quả", "Học tập sau hè")}))
    assert rules(silent, unread) == []
    late = with_subject(arriving(date(2026, 2, 3)), "TOAN", hk1=None)
    everything = frozenset({("Học kỳ I", code) for code in secondary_codes(8)})
    ratings = frozenset({("Kết quả", "Rèn luyện HKI"), ("Kết quả", "Học tập HKI")})
    assert rules(late, Place(declined=everything | ratings)) == []


def test_every_new_finding_says_what_to_do_and_cites_its_circular():
    records = [
        with_subject(even_line(marks=FAILED, again=SUMMER).record(), "NGU_VAN", reassessed=D("8.0")),
        with_subject(even_line().record(), "TOAN", reassessed=D("8.0")),
        with_year(even_line().record(), conduct=replace(even_line().year().conduct, reassessed=Rating.DAT)),
        with_subject(even_line().record(), "GDTC", hk1=D("8.0")),
        with_set(even_line(11).record(), without=("DIA_LI", "TOAN"), add=("KHTN",)),
        arriving(date(2026, 3, 1)),
    ]
    drawn = [finding for record in records for finding in check_record(record, Place(4, {"Đánh giá lại": 9}))]
    assert {finding.rule for finding in drawn} >= {"TT-12", "TT-14", "TT-15", "TT-16"}
    for finding in drawn:
        assert "hãy" in finding.message_vi.lower()
        assert finding.message_vi != finding.message_en
        assert all((finding.sheet, finding.column, finding.article, finding.pupil, finding.stt == 4))
        assert (finding.row == 9) is (finding.sheet == "Đánh giá lại")
