# SPDX-License-Identifier: Apache-2.0

"""Which rules a record is judged by, what a whole class draws once, and who the pupil is."""

from dataclasses import replace
from datetime import date

import pytest
from graded_records import even_line, primary_year, record_of, with_subject, with_year

from ledger.record.check import CheckOptions, check, check_record
from ledger.record.findings import Severity
from ledger.record.model import ClassSheet, Place
from ledger.record.rules.rulebook import RULEBOOKS, TT22, TT27
from ledger.record.scales import Origin, Overall, PrimaryAward, Rating
from ledger.record.subjects import Level

ERROR, WARNING = Severity.ERROR, Severity.WARNING
PAPER = Origin.DIGITISED_PAPER

# What the draft announced in 2026 would be: one entry for each level. The thresholds are invented.
AMENDED = (
    *RULEBOOKS,
    replace(TT27, circular="27/2020/TT-BGDĐT (sửa đổi)", first_year=2026, reached={}, excellent_test=10, pass_test=4),
    replace(
        TT22,
        circular="22/2021/TT-BGDĐT (sửa đổi)",
        first_year=2026,
        reached={},
        many=5,
        absences_allowed=30,
        second_semester_weight=1,
    ),
)
TODAY, TOMORROW = CheckOptions(), CheckOptions(rulebooks=AMENDED)


def rules(record, options=TODAY, place=None):
    return [(f.rule, f.severity) for f in check_record(record, place, options=options)]


def test_an_amendment_is_one_entry_per_level_and_years_before_it_keep_their_rules():
    def four(first_year):
        year = primary_year(4, tests={"TOAN": 4})
        return record_of(4, year, first_year=first_year)

    raised = {"overall": Overall.HOAN_THANH, "completed": True, "promoted": True}
    assert rules(four(2025), TOMORROW) == rules(four(2025)) == rules(four(2026)) == []
    assert rules(four(2026), TOMORROW) == [("TH-05", ERROR), ("TH-08", WARNING)]
    assert rules(with_year(four(2026), **raised), TOMORROW) == []
    assert rules(with_year(four(2025), **raised), TOMORROW) == [("TH-05", ERROR), ("TH-08", WARNING)]


def test_an_amendment_of_excellence_holds_from_its_year_on():
    nine = primary_year(4, tests={"TOAN": 9})
    assert nine.award is PrimaryAward.XUAT_SAC
    assert rules(record_of(4, nine, first_year=2025), TOMORROW) == []
    assert rules(record_of(4, nine, first_year=2026), TOMORROW) == [("TH-05", ERROR), ("TH-06", ERROR)]


def test_an_amendment_of_secondary_reaches_marks_study_and_promotion():
    uneven = even_line(8, 80, marks={"TOAN": (50, 80)}, absences=40)
    before, after = uneven.record(first_year=2025), uneven.record(first_year=2026)
    assert rules(before, TOMORROW) == rules(before) == rules(after) == []
    # (5,0 + 8,0) / 2 = 6,5 instead of 7,0; thirty absences are allowed, not forty-five.
    drawn = {(f.rule, f.expected) for f in check_record(after, options=TOMORROW)}
    assert drawn == {("TT-04", "6,5"), ("TT-10", "≤ 30"), ("TT-09", "Không")}
    assert {f.article for f in check_record(after, options=TOMORROW)} == {
        "Thông tư 22/2021/TT-BGDĐT (sửa đổi), Điều 9",
        "Thông tư 22/2021/TT-BGDĐT (sửa đổi), Điều 12",
    }


def test_an_amendment_of_how_many_subjects_count():
    marks = dict.fromkeys(("TOAN", "KHTN", "LS_DL"), (70, 70))
    line = even_line(8, 80, marks=marks)
    assert line.year().study.year is Rating.KHA
    assert rules(line.record(first_year=2025), TOMORROW) == []
    assert {rule for rule, _ in rules(line.record(first_year=2026), TOMORROW)} == {"TT-06", "TT-11"}


@pytest.mark.parametrize(
    ("grade", "first_year", "origin", "drawn"),
    [
        (8, 2020, Origin.DIGITAL, [("ID-10", ERROR)]),
        (8, 2020, PAPER, [("ID-10", WARNING)]),
        (3, 2019, Origin.DIGITAL, [("ID-10", ERROR)]),
        (3, 2019, PAPER, [("ID-10", WARNING)]),
        (8, 2022, Origin.DIGITAL, [("ID-10", WARNING)]),
        (8, 2022, PAPER, [("ID-10", WARNING)]),
        (8, 2023, Origin.DIGITAL, []),
        (8, 2023, PAPER, []),
        (6, 2021, Origin.DIGITAL, []),
        (10, 2021, Origin.DIGITAL, [("ID-10", WARNING)]),
        (12, 2024, PAPER, []),
        (1, 2020, PAPER, []),
        (5, 2023, Origin.DIGITAL, [("ID-10", WARNING)]),
        (5, 2024, Origin.DIGITAL, []),
    ],
)
def test_a_year_before_the_rules_blocks_a_digital_record_and_warns_of_a_paper_one(grade, first_year, origin, drawn):
    if grade < 6:
        record = record_of(grade, primary_year(grade), first_year=first_year)
        wrong = with_year(record, overall=Overall.HOAN_THANH)
    else:
        record = even_line(grade).record(first_year=first_year)
        wrong = with_year(record, promoted=False)
    record, wrong = replace(record, origin=origin), replace(wrong, origin=origin)
    assert rules(record) == drawn
    # Where a warning says that results were not checked, they were not; anywhere else they were.
    assert (rules(wrong) == drawn) is bool(drawn)


@pytest.mark.parametrize(("grade", "first_year"), [(4, 2022), (3, 2019), (9, 2023), (9, 2020)])
def test_the_subjects_of_an_older_curriculum_are_not_held_against_this_one(grade, first_year):
    if grade < 6:
        record = record_of(grade, primary_year(grade), first_year=first_year)
    else:
        record = even_line(grade).record(first_year=first_year)
    fewer = with_year(record, subjects=record.year.subjects[1:])
    assert rules(replace(fewer, origin=PAPER)) == [("ID-10", WARNING)]


def test_a_school_year_that_cannot_be_read_is_said_once():
    record = even_line().record()
    spoilt = replace(record, class_info=replace(record.class_info, school_year="năm ngoái"))
    assert rules(spoilt) == [("ID-10", ERROR)]


def test_results_in_the_form_of_another_level_are_refused():
    primary, secondary = record_of(4, primary_year(4)), even_line(8).record()
    assert rules(replace(primary, year=secondary.year)) == [("ID-09", ERROR)]
    assert rules(replace(secondary, year=primary.year)) == [("ID-09", ERROR)]


def test_a_grade_of_another_level_is_said_once():
    record = even_line().record()
    wrong = replace(record.class_info, grade=10, level=Level.THCS)
    drawn = check_record(replace(record, class_info=wrong))
    assert [(f.rule, f.column) for f in drawn if f.severity is ERROR] == [("ID-09", "Khối")]


def class_of(*records):
    first = records[0]
    named = [
        replace(r, pupil=replace(r.pupil, code=f"31{i:08d}", personal_id=f"{r.pupil.personal_id[:6]}{i:06d}"))
        for i, r in enumerate(records)
    ]
    places = tuple(Place(i + 1, {"Học sinh": i + 6}) for i in range(len(named)))
    return ClassSheet(first.school, first.class_info, tuple(named), places, len(named))


def test_what_is_wrong_for_all_is_said_once_and_what_is_wrong_for_one_names_the_pupil():
    record = even_line().record()
    fewer = tuple(result for result in record.year.subjects if result.code != "GDCD")
    odd = with_year(record, subjects=fewer)
    (alone,) = check(class_of(record, odd, record))
    assert (alone.rule, alone.pupil, alone.stt) == ("TT-14", "3100000001", 2)
    (shared,) = check(class_of(odd, odd, odd))
    assert (shared.rule, shared.pupil, shared.stt) == ("TT-14", None, None)


def test_a_class_of_an_old_year_is_warned_of_once_and_each_pupil_of_another_origin_by_name():
    record = even_line().record(first_year=2020)
    paper = replace(record, origin=PAPER)
    assert [(f.rule, f.severity, f.pupil) for f in check(class_of(paper, paper))] == [("ID-10", WARNING, None)]
    mixed = check(class_of(record, paper))
    assert [(f.severity, f.stt) for f in mixed] == [(ERROR, 1), (WARNING, 2)]


def test_a_class_without_pupils_is_still_held_to_its_own_rules():
    sheet = class_of(even_line().record())
    empty = replace(sheet, records=(), places=(), school=replace(sheet.school, code="123"))
    assert [f.rule for f in check(empty)] == ["ID-08"]


def test_one_record_alone_is_held_to_what_its_class_would_be():
    record = even_line().record()
    assert rules(replace(record, school=replace(record.school, code="123"))) == [("ID-08", ERROR)]
    assert rules(replace(record, school=replace(record.school, authority_code="HP"))) == [("ID-08", WARNING)]


def test_a_class_says_the_same_of_a_pupil_as_the_record_alone():
    record = with_subject(even_line().record(), "TOAN", hk2=None)
    sheet = class_of(record)
    assert check(sheet) == check_record(sheet.records[0], sheet.places[0])


@pytest.mark.parametrize(
    ("pupil", "drawn"),
    [
        ({"personal_id": None}, [("ID-02", ERROR)]),
        ({"personal_id": None, "number_pending": True}, [("ID-02", WARNING)]),
        ({"personal_id": "03121200000", "number_pending": True}, [("ID-02", ERROR)]),
        ({"personal_id": "031212000oo1"}, [("ID-02", ERROR)]),
        ({"personal_id": "٠٣١٢١٢٠٠٠٠٠١"}, [("ID-02", ERROR)]),
        ({"personal_id": None, "nationality": "Hàn Quốc"}, [("ID-02", WARNING)]),
        ({"personal_id": "AB-1", "nationality": "Hàn Quốc"}, []),
        ({"personal_id": None, "nationality": "Hàn Quốc", "passport": "M12345678"}, []),
        ({"personal_id": None, "passport": "C1234567"}, [("ID-02", ERROR)]),
        ({"personal_id": "031112000001"}, [("ID-03", WARNING)]),
        ({"personal_id": "003212000001"}, [("ID-04", WARNING)]),
        ({"personal_id": "130212000001"}, []),
        ({"name": ""}, [("ID-07", ERROR)]),
        ({"name": "H'Hen Niê"}, []),
        ({"name": "Giàng A Páo"}, []),
        ({"name": "Park Ji-hoon"}, []),
        ({"name": "Thạch Sô Phép"}, []),
        ({"name": "Lê An"}, []),
        ({"name": "Nguyễn Hoàng Bảo Minh Anh"}, []),
        ({"name": "Suharto"}, [("ID-07", ERROR)]),
        ({"name": "Suharto", "single_name": True}, []),
        ({"name": "Suhart0", "single_name": True}, [("ID-07", ERROR)]),
        ({"name": "Le\N{COMBINING CIRCUMFLEX ACCENT} An"}, [("ID-07", ERROR)]),
        ({"birth_date": date(2012, 12, 31)}, []),
        ({"birth_date": None}, [("ID-05", ERROR)]),
        ({"sex": None}, [("ID-05", ERROR)]),
        ({"mother": None}, [("ID-11", WARNING)]),
        ({"mother": None, "guardian": "Lê Văn Bảy"}, []),
    ],
)
def test_who_the_pupil_is(pupil, drawn):
    record = even_line(8).record()
    assert record.pupil.personal_id == "031212000001"
    assert rules(replace(record, pupil=replace(record.pupil, **pupil))) == drawn


def test_what_could_not_be_read_about_a_pupil_has_been_said():
    record = even_line(8).record()
    unread = {
        "Số định danh cá nhân": {"personal_id": None},
        "Ngày sinh": {"birth_date": None},
        "Giới tính": {"sex": None},
    }
    for column, change in unread.items():
        place = Place(declined=frozenset({("Học sinh", column)}))
        assert rules(replace(record, pupil=replace(record.pupil, **change)), place=place) == []


@pytest.mark.parametrize(("born", "drawn"), [(2014, 1), (2013, 0), (2012, 0), (2009, 0), (2008, 1)])
def test_an_unusual_age_is_looked_at(born, drawn):
    record = even_line(8).record()
    pupil = replace(record.pupil, birth_date=date(born, 6, 1), personal_id=f"0312{born % 100:02d}000001")
    assert rules(replace(record, pupil=pupil)) == [("ID-06", WARNING)] * drawn
