# SPDX-License-Identifier: Apache-2.0

"""Classes held against the rules: the given workbooks, and one mistake at a time in a class of our own."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from given_workbooks import given, planted_faults

from ledger.record.check import CheckOptions, check, check_workbook
from ledger.record.findings import Severity
from ledger.record.scales import Attainment, Rating
from scripts.sample_class import BOUNDARIES, Edit, make_workbook

D = Decimal
SYNTHETIC = CheckOptions(allow_synthetic_province=True)
PLAIN = len(BOUNDARIES) + 11
"""STT of an ordinary pupil, below the boundary cases and the hard names."""


def errors_of(data, options=SYNTHETIC):
    reading = check_workbook(data, file="lop.xlsx", options=options)
    errors = [finding for finding in reading.findings if finding.severity is Severity.ERROR]
    assert (reading.class_sheet is None) == bool(errors)
    return errors


def spoilt(*edits, **options):
    return errors_of(make_workbook(edits=edits, **options))


@pytest.mark.parametrize(("name", "pupils"), [("thcs-9A1", 42), ("thcs-6A5-messy", 34), ("thpt-12A3", 40)])
def test_correct_classes_draw_no_error(name, pupils):
    reading = check_workbook(given(name), file=name, options=SYNTHETIC)
    assert not [f for f in reading.findings if f.severity is Severity.ERROR]
    assert reading.class_sheet.enrolled == len(reading.class_sheet.records) == pupils


FAULTS = planted_faults()


def place_of(finding):
    return tuple(finding[key] for key in ("rule", "sheet", "row", "stt", "column", "pupil"))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["rule"] + " " + fault["what"])
def test_each_planted_fault_is_found_at_its_place(fault):
    errors = errors_of(given("thcs-8A2-faults"))
    assert place_of(fault) in [place_of(finding.to_dict()) for finding in errors]


def test_pupils_without_a_fault_draw_no_error_and_others_only_what_follows():
    allowed = {(fault["stt"], rule) for fault in FAULTS for rule in (fault["rule"], *fault["may_entail"])}
    allowed |= {(fault["stt"], rule) for fault in FAULTS for rule in ("TT-06", "TT-09", "TT-11")}
    assert {(finding.stt, finding.rule) for finding in errors_of(given("thcs-8A2-faults"))} <= allowed


def test_our_own_classes_are_correct():
    for grade in (6, 9):
        for seed in range(3):
            assert errors_of(make_workbook(grade=grade, class_name=f"{grade}B", seed=seed)) == []


def test_the_same_seed_makes_the_same_bytes_and_another_does_not():
    assert make_workbook(seed=5) == make_workbook(seed=5)
    assert make_workbook(seed=5) != make_workbook(seed=6)


def test_every_error_says_what_to_do_in_both_languages_and_where():
    for finding in errors_of(given("thcs-8A2-faults")):
        assert finding.message_vi != finding.message_en
        assert "hãy" in finding.message_vi.lower()
        assert finding.to_dict("en")["message"] == finding.message_en
        assert all((finding.sheet, finding.row, finding.column, finding.article))


ONE_MISTAKE = [
    ("TT-01", Edit("Học kỳ I", PLAIN, "Toán", 10.4)),
    ("TT-01", Edit("Học kỳ I", PLAIN, "Toán", -1)),
    ("TT-01", Edit("Học kỳ II", PLAIN, "Toán", "7.25")),
    ("TT-01", Edit("Học kỳ II", PLAIN, "Toán", "bảy")),
    ("TT-01", Edit("Học kỳ II", PLAIN, "Toán", "Đạt")),
    ("TT-01", Edit("Học kỳ II", PLAIN, "Toán", "1e1")),
    ("TT-01", Edit("Học kỳ I", PLAIN, "Nghệ thuật", 8)),
    ("TT-04", Edit("Cả năm", 2, "Toán", 9.2)),
    ("TT-05", Edit("Cả năm", PLAIN, "Nghệ thuật", "Chưa đạt")),
    ("TT-06", Edit("Kết quả", 2, "Học tập cả năm", "Khá")),
    ("TT-06", Edit("Kết quả", 1, "Học tập cả năm", "Tốt")),
    ("TT-08", Edit("Kết quả", 2, "Rèn luyện cả năm", "Khá")),
    ("TT-09", Edit("Kết quả", 8, "Hoàn thành chương trình", "Có")),
    ("TT-09", Edit("Kết quả", 7, "Hoàn thành chương trình", "Không")),
    ("TT-09", Edit("Kết quả", 7, "Hoàn thành chương trình", None)),
    ("TT-10", Edit("Kết quả", 7, "Nghỉ có phép", 45)),
    ("TT-10", Edit("Kết quả", 7, "Nghỉ có phép", "4,5")),
    ("TT-10", Edit("Kết quả", 7, "Nghỉ có phép", None)),
    ("TT-11", Edit("Kết quả", 2, "Danh hiệu", "Học sinh Tiên tiến")),
    ("TT-11", Edit("Kết quả", 2, "Danh hiệu", "Học sinh Giỏi")),
    ("TT-11", Edit("Kết quả", 2, "Danh hiệu", None)),
    ("TT-13", Edit("Kết quả", 2, "Học tập HKI", None)),
    ("TT-16", Edit("Học kỳ II", PLAIN, "Toán", None)),
    ("TT-16", Edit("Học kỳ II", PLAIN, "Nghệ thuật", "  ")),
    ("ID-02", Edit("Học sinh", PLAIN, "Số định danh cá nhân", "09930912345")),
    ("ID-02", Edit("Học sinh", PLAIN, "Số định danh cá nhân", None)),
    ("ID-05", Edit("Học sinh", PLAIN, "Ngày sinh", "31/02/2011")),
    ("ID-05", Edit("Học sinh", PLAIN, "Ngày sinh", None)),
    ("ID-08", Edit("Thông tin", 0, "Mã trường", "3131250")),
    ("ID-09", Edit("Thông tin", 0, "Khối", 10)),
    ("ID-10", Edit("Thông tin", 0, "Năm học", "2025-2027")),
    ("ID-10", Edit("Thông tin", 0, "Năm học", "2015-2016")),
]


@pytest.mark.parametrize(("rule", "edit"), ONE_MISTAKE)
def test_one_mistake_is_found_where_it_was_made(rule, edit):
    found = [f for f in spoilt(edit) if f.rule == rule]
    assert [(f.sheet, f.column, f.stt or 0) for f in found] == [(edit.sheet, edit.column, edit.stt)]


@pytest.mark.parametrize("name", ["Nguyễn 2 Văn", "Mai", "Nguyễn ☺ Mai", "Nguyễn " * 20 + "An"])
def test_what_is_no_name_is_refused(name):
    sheets = ("Học sinh", "Học kỳ I", "Học kỳ II", "Cả năm", "Kết quả", "Nhận xét")
    found = spoilt(*(Edit(sheet, PLAIN, "Họ và tên", name) for sheet in sheets))
    assert [(f.rule, f.stt) for f in found] == [("ID-07", PLAIN)]


@pytest.mark.parametrize("written", ["45,0", "Chưa", "HSG xuất sắc"])
def test_a_word_that_is_no_rating_is_refused(written):
    found = spoilt(Edit("Kết quả", 2, "Học tập HKI", written))
    assert [(f.rule, f.column, f.found) for f in found] == [("SH-08", "Học tập HKI", written)]


def test_one_mark_wrong_does_not_come_back_as_five():
    assert [f.rule for f in spoilt(Edit("Cả năm", 2, "Toán", 3.0))] == ["TT-04"]


def test_a_step_up_that_the_adjustment_does_not_give_is_explained():
    (found,) = spoilt(Edit("Kết quả", 1, "Học tập HKI", "Tốt"))
    assert found.rule == "TT-06"
    assert "TT-07" in found.message_vi


def test_an_adjustment_may_be_used_or_left_and_is_remarked_on_when_used():
    used = check_workbook(make_workbook(), file="lop.xlsx", options=SYNTHETIC).findings
    assert ("TT-07", 5, "Học tập cả năm") in [(f.rule, f.stt, f.column) for f in used]
    assert spoilt(Edit("Kết quả", 5, "Học tập cả năm", "Đạt")) == []


def test_two_pupils_with_one_code_are_one_error_at_the_second():
    sheets = ("Học sinh", "Học kỳ I", "Học kỳ II", "Cả năm", "Kết quả", "Nhận xét")
    found = spoilt(*(Edit(sheet, stt, "Mã học sinh", "3100000001") for sheet in sheets for stt in (20, 30)))
    assert [(f.rule, f.stt, f.row, f.column) for f in found] == [("ID-12", 30, 35, "Mã học sinh")]


def test_an_exempt_pupil_lacks_nothing():
    sheets = ("Học kỳ I", "Học kỳ II", "Cả năm")
    assert spoilt(*(Edit(sheet, 2, "Giáo dục thể chất", "Miễn") for sheet in sheets)) == []


def test_the_sample_province_is_warned_about_unless_allowed():
    def warned(options):
        reading = check_workbook(make_workbook(), file="lop.xlsx", options=options)
        return [f.stt for f in reading.findings if f.rule == "ID-04"]

    assert warned(SYNTHETIC) == []
    assert len(warned(CheckOptions())) == 41


def klass():
    return check_workbook(make_workbook(), file="lop.xlsx", options=SYNTHETIC).class_sheet


def with_first(sheet, **changes):
    first = sheet.records[0]
    pupil = replace(first.pupil, **changes)
    return replace(sheet, records=(replace(first, pupil=pupil), *sheet.records[1:]))


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("ID-03", {"birth_date": date(2010, 1, 1)}),
        ("ID-04", {"personal_id": "003311000001"}),
        ("ID-06", {"birth_date": date(2005, 1, 1)}),
        ("ID-11", {"mother": None, "guardian": None}),
    ],
)
def test_what_rests_on_memory_or_has_exceptions_only_warns(rule, changes):
    found = [f for f in check(with_first(klass(), **changes), options=SYNTHETIC) if f.rule == rule and f.stt == 1]
    assert [f.severity for f in found] == [Severity.WARNING]


def test_a_record_from_elsewhere_is_held_to_the_same_scale():
    sheet = klass()
    first = sheet.records[0]
    for mark, rule in ((D("10.1"), "TT-01"), (D("7.25"), "TT-01"), (D("NaN"), "TT-01"), (Attainment.DAT, "TT-15")):
        subjects = (replace(first.year.subjects[0], hk1=mark), *first.year.subjects[1:])
        changed = replace(first, year=replace(first.year, subjects=subjects))
        found = check(replace(sheet, records=(changed, *sheet.records[1:])), options=SYNTHETIC)
        assert (rule, "Học kỳ I") in [(f.rule, f.sheet) for f in found]


def test_a_pupil_who_is_not_assessed_needs_no_marks_and_the_flag_is_kept():
    sheet = check_workbook(given("thcs-6A5-messy"), file="6A5", options=SYNTHETIC).class_sheet
    pupil = sheet.records[22]
    assert pupil.year.not_assessed
    assert pupil.year.study.year is None
    assert all(result.hk1 is None for result in pupil.year.subjects)


def test_the_year_is_computed_where_the_sheet_is_missing():
    sheet = check_workbook(given("thcs-6A5-messy"), file="6A5", options=SYNTHETIC).class_sheet
    assert sheet.year_computed
    first = sheet.records[0]
    assert (first.year.subjects[0].hk1, first.year.subjects[0].hk2) == (Decimal("5.3"), Decimal("7.6"))
    assert first.year.subjects[0].year == Decimal("6.8")
    assert first.year.study.year is Rating.DAT
