# SPDX-License-Identifier: Apache-2.0

"""Primary records held against Circular 27/2020, one mistake at a time."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from given_workbooks import given
from graded_records import TEACHER, TESTED, primary_year, record_of, with_subject, with_year

from ledger.record import xml
from ledger.record.check import CheckOptions, check_record, check_workbook
from ledger.record.errors import Unwritable
from ledger.record.findings import Severity
from ledger.record.model import Person, Place, PrimarySubject
from ledger.record.scales import Achievement, Overall, PrimaryAward, Trait
from ledger.record.sheets.tables import COMMENTS

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ERROR, WARNING = Severity.ERROR, Severity.WARNING


def found(record, place=None):
    return [(f.rule, f.severity, f.sheet, f.column) for f in check_record(record, place)]


def rules(record):
    return [(f.rule, f.severity) for f in check_record(record)]


def grade(number, **changes):
    return record_of(number, primary_year(number, **changes))


def test_the_given_class_draws_no_error():
    reading = check_workbook(given("th-4B"), file="4B", options=CheckOptions(allow_synthetic_province=True))
    assert {f.severity for f in reading.findings} <= {WARNING}
    assert reading.class_sheet.enrolled == 35


def test_the_given_class_with_one_result_raised_draws_one_error_where_it_stands():
    sheet = check_workbook(given("th-4B"), file="4B").draft
    index, record = next((i, r) for i, r in enumerate(sheet.records) if r.year.overall is Overall.HOAN_THANH)
    raised = check_record(with_year(record, overall=Overall.HOAN_THANH_TOT), sheet.places[index])
    (error,) = [f for f in raised if f.severity is ERROR]
    assert (error.rule, error.sheet, error.column) == ("TH-05", "Kết quả", "Đánh giá kết quả giáo dục")
    assert (error.row, error.stt, error.pupil) == (index + 6, index + 1, record.pupil.code)
    assert (error.found, error.expected) == ("Hoàn thành tốt", "Hoàn thành")
    assert error.article == "Thông tư 27/2020/TT-BGDĐT, Điều 9.2a"


@pytest.mark.parametrize("number", range(1, 6))
def test_a_required_test_that_is_missing_is_an_error_in_each_grade(number):
    for code in TESTED[number]:
        spoilt = with_subject(grade(number), code, test=None)
        assert found(spoilt) == [("TH-04", ERROR, "Môn học", f"{code} - KTĐK")]


def test_a_missing_test_of_a_pupil_with_a_disability_is_one_warning():
    record = with_year(grade(4), not_assessed=True)
    for code in TESTED[4][2:]:
        record = with_subject(record, code, test=None)
    assert found(record) == [("TH-04", WARNING, "Môn học", "NGOAI_NGU_1 - KTĐK")]


def test_a_pupil_who_is_not_assessed_lacks_nothing_else():
    year = replace(primary_year(2), traits={}, overall=None, award=None, not_assessed=True)
    blank = tuple(replace(result, level=None) for result in year.subjects)
    assert check_record(record_of(2, replace(year, subjects=blank))) == []


def test_a_pupil_who_is_not_assessed_is_not_held_to_the_table():
    kinder = with_year(grade(3, levels={"TOAN": 2}), overall=Overall.HOAN_THANH, completed=True, promoted=True)
    assert [f.rule for f in check_record(kinder)] == ["TH-05", "TH-08"]
    assert check_record(with_year(kinder, not_assessed=True)) == []


def test_a_subject_that_the_pupil_is_exempt_from_is_left_out():
    excused = with_subject(grade(4), "GDTC", level=None, exempt=True)
    assert check_record(excused) == []
    # What was written beside an exemption does not pull the result down either.
    assert check_record(with_subject(grade(4), "TOAN", level=Achievement.HOAN_THANH, test=2, exempt=True)) == []


def test_a_language_chosen_in_grade_one_needs_no_test_but_one_that_is_written_counts():
    def with_language(level, test):
        year = primary_year(1)
        language = PrimarySubject("NGOAI_NGU_1", "Ngoại ngữ 1", level, test, None, TEACHER)
        return record_of(1, replace(year, subjects=(*year.subjects, language)))

    assert rules(with_language(Achievement.HOAN_THANH_TOT, None)) == []
    assert rules(with_language(None, None)) == []
    assert rules(with_language(None, 9)) == [("TH-01", ERROR)]
    assert [rule for rule, _ in rules(with_language(Achievement.HOAN_THANH_TOT, 8))] == ["TH-05", "TH-06"]


def test_a_mark_in_a_subject_without_a_test_warns_and_does_not_count():
    assert found(with_subject(grade(4), "DAO_DUC", test=3)) == [("TH-04", WARNING, "Môn học", "DAO_DUC - KTĐK")]


@pytest.mark.parametrize("mark", [11, -1, True, False])
def test_what_is_no_whole_mark_is_refused_and_nothing_is_computed_from_it(mark):
    assert found(with_subject(grade(5), "TOAN", test=mark)) == [("TH-03", ERROR, "Môn học", "TOAN - KTĐK")]


def test_each_quality_and_competence_must_be_there():
    for trait in Trait:
        traits = {each: level for each, level in primary_year(3).traits.items() if each is not trait}
        expected = [] if trait.optional else [("TH-02", ERROR, "Phẩm chất năng lực", trait.label)]
        assert found(with_year(grade(3), traits=traits)) == expected


@pytest.mark.parametrize(
    ("changes", "title", "drawn"),
    [
        ({}, PrimaryAward.XUAT_SAC, []),
        ({}, None, [("TH-06", WARNING)]),
        ({}, PrimaryAward.TIEU_BIEU, [("TH-06", ERROR)]),
        ({"tests": {"TOAN": 8}}, PrimaryAward.TIEU_BIEU, []),
        ({"tests": {"TOAN": 8}}, None, []),
        ({"tests": {"TOAN": 8}}, PrimaryAward.XUAT_SAC, [("TH-06", ERROR)]),
        ({"tests": {"TOAN": 6}}, PrimaryAward.TIEU_BIEU, [("TH-06", ERROR)]),
        ({"tests": {"TOAN": 4}}, PrimaryAward.XUAT_SAC, [("TH-06", ERROR)]),
    ],
)
def test_a_title_goes_with_its_result(changes, title, drawn):
    assert rules(with_year(grade(4, **changes), award=title)) == drawn


FAILED = {"levels": {"TOAN": 2}}


@pytest.mark.parametrize(
    ("number", "changes", "said", "drawn"),
    [
        (4, FAILED, {}, []),
        (4, FAILED, {"promoted": True}, [("TH-07", WARNING)]),
        (4, FAILED, {"promoted": True, "principal_note": "  "}, [("TH-07", WARNING)]),
        (4, FAILED, {"promoted": True, "principal_note": "QĐ 12: lên lớp, phụ đạo hè."}, []),
        (4, FAILED, {"completed": True, "promoted": True}, [("TH-08", WARNING)]),
        (4, {}, {"promoted": False}, [("TH-07", WARNING)]),
        (4, {}, {"promoted": False, "principal_note": "?"}, [("TH-07", WARNING)]),
        (4, {}, {"completed": False, "promoted": False}, [("TH-08", WARNING)]),
        (4, {}, {"promoted": None}, [("TH-07", ERROR)]),
        (4, {}, {"completed": None}, [("TH-08", ERROR)]),
        (5, {}, {"completed": None}, []),
        (5, {}, {"completed": False}, [("TH-08", ERROR)]),
        (5, FAILED, {"completed": True}, [("TH-08", ERROR)]),
        (5, FAILED, {"promoted": True}, [("TH-07", WARNING)]),
        (5, {}, {"promoted": False}, [("TH-07", WARNING)]),
        (5, FAILED, {"completed": True, "promoted": True}, [("TH-08", WARNING)]),
        (5, FAILED, {"completed": True, "promoted": True, "principal_note": "QĐ 12"}, []),
    ],
)
def test_completion_rests_on_memory_so_only_what_is_missing_or_contradicts_itself_blocks(number, changes, said, drawn):
    assert rules(with_year(grade(number, **changes), **said)) == drawn


def test_in_grade_five_the_column_is_that_of_completion():
    spoilt = with_year(grade(5), promoted=None)
    assert [f.column for f in check_record(spoilt)] == ["Hoàn thành chương trình"]


def test_a_subject_not_completed_wants_a_comment_where_comments_are_written():
    silent = with_subject(grade(4, levels={"TOAN": 2}), "TOAN", comment=" ")
    assert found(silent) == [("TH-10", WARNING, "Môn học", "TOAN - Mức")]
    assert found(silent, Place(3, {COMMENTS: 8})) == [("TH-10", WARNING, "Nhận xét", "TOAN")]
    assert rules(with_subject(grade(4), "TOAN", comment=None)) == []


@pytest.mark.parametrize(
    ("number", "stranger", "missing"),
    [(3, "LS_DL", "TNXH"), (3, "KHOA_HOC", "TIN_HOC"), (4, "TNXH", "LS_DL"), (2, "TIN_HOC", "TIENG_VIET"), (5, "NGU_VAN", "CONG_NGHE")],
)  # fmt: skip
def test_the_subjects_are_those_of_the_grade(number, stranger, missing):
    year = primary_year(number)
    kept = tuple(result for result in year.subjects if result.code != missing)
    alien = PrimarySubject(stranger, stranger, Achievement.HOAN_THANH_TOT, None, None, TEACHER)
    assert rules(record_of(number, replace(year, subjects=kept))) == [("TH-09", ERROR)]
    assert [f.found for f in check_record(record_of(number, replace(year, subjects=(*year.subjects, alien))))] == [
        stranger
    ]
    twice = (*year.subjects, year.subjects[0])
    assert rules(record_of(number, replace(year, subjects=twice))) == [("TH-09", ERROR)]


def test_computing_and_technology_in_one_row_are_two_rows_missing():
    year = primary_year(4)
    kept = tuple(result for result in year.subjects if result.code not in ("TIN_HOC", "CONG_NGHE"))
    joined = PrimarySubject("TIN_HOC_CONG_NGHE", "Tin học và Công nghệ", Achievement.HOAN_THANH, 8, None, TEACHER)
    drawn = check_record(record_of(4, replace(year, subjects=(*kept, joined))))
    assert {(f.rule, f.severity, f.expected) for f in drawn} == {
        ("TH-09", ERROR, None),
        ("TH-09", ERROR, "Tin học và Công nghệ (Tin học)"),
        ("TH-09", ERROR, "Tin học và Công nghệ (Công nghệ)"),
    }


@pytest.mark.parametrize("count", [None, -1])
def test_absences_are_counted(count):
    assert found(with_year(grade(1), absences_unexcused=count)) == [("TH-11", ERROR, "Kết quả", "Nghỉ không phép")]


def with_pupil(record, **changes):
    return replace(record, pupil=replace(record.pupil, **changes))


@pytest.mark.parametrize(
    ("record", "sheet", "column"),
    [
        (with_pupil(grade(1), register_number=None), "Học sinh", "Số đăng bộ"),
        (with_pupil(grade(1), ethnicity=None), "Học sinh", "Dân tộc"),
        (with_pupil(grade(1), birthplace=None), "Học sinh", "Nơi sinh"),
        (with_pupil(grade(1), hometown=None), "Học sinh", "Quê quán"),
        (with_pupil(grade(1), address=None), "Học sinh", "Chỗ ở hiện nay"),
        (with_year(grade(1), weight=None), "Kết quả", "Cân nặng"),
        (with_year(grade(1), height=None), "Kết quả", "Chiều cao"),
        (with_year(grade(1), homeroom_comment=None), "Kết quả", "Nhận xét của GVCN"),
        (with_year(grade(1), quality_comment=None), "Kết quả", "Nhận xét phẩm chất"),
        (with_year(grade(1), general_comment=None), "Kết quả", "Nhận xét năng lực chung"),
        (with_year(grade(1), specific_comment=None), "Kết quả", "Nhận xét năng lực đặc thù"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_the_xml_could_not_be_written_without_is_told_before(record, sheet, column):
    assert found(record) == [("TH-12", ERROR, sheet, column)]
    with pytest.raises(Unwritable):
        xml.write(record, unit_id=UUID(int=1, version=4), created_at=NOON, planned_issue_date=NOON)


def test_a_child_without_a_mother_has_a_record():
    record = with_pupil(grade(1), mother=None)
    assert [(finding.rule, finding.severity) for finding in check_record(record)] == [("ID-11", WARNING)]
    complete = replace(record, class_info=replace(record.class_info, principal=Person("Đỗ Văn Minh", "031080000001")))
    assert (
        xml.read(xml.write(complete, unit_id=UUID(int=1, version=4), created_at=NOON, planned_issue_date=NOON)).record
        == complete
    )


def test_a_cell_that_could_not_be_read_is_left_alone():
    cells = {
        ("Môn học", "TOAN - Mức"): {"level": None},
        ("Môn học", "TOAN - KTĐK"): {"test": None},
    }
    for cell, change in cells.items():
        assert found(with_subject(grade(4), "TOAN", **change), Place(declined=frozenset({cell}))) == []
    year = {
        "Đánh giá kết quả giáo dục": {"overall": None},
        "Được lên lớp": {"promoted": None},
        "Khen thưởng": {"award": None},
        "Nghỉ có phép": {"absences_excused": None},
    }
    for column, change in year.items():
        assert found(with_year(grade(4), **change), Place(declined=frozenset({("Kết quả", column)}))) == []
    fewer = {trait: level for trait, level in primary_year(4).traits.items() if trait is not Trait.TIN_HOC}
    unread = Place(declined=frozenset({("Phẩm chất năng lực", Trait.TIN_HOC.label)}))
    assert found(with_year(grade(4), traits=fewer, overall=Overall.HOAN_THANH, award=None), unread) == []


def test_every_finding_says_what_to_do_in_both_languages():
    year = replace(primary_year(4, levels={"TOAN": 2}), absences_excused=-1, weight=None, promoted=True, award=PrimaryAward.XUAT_SAC)  # fmt: skip
    spoilt = with_subject(with_subject(record_of(4, year), "TIENG_VIET", test=11), "KHOA_HOC", test=None)
    spoilt = with_subject(spoilt, "TOAN", comment=None)
    spoilt = with_subject(with_subject(spoilt, "HDTN", level=None), "GDTC", test=5)
    drawn = check_record(with_year(spoilt, traits={}))
    assert {f.rule for f in drawn} >= {"TH-01", "TH-02", "TH-03", "TH-04", "TH-06", "TH-07", "TH-10", "TH-11", "TH-12"}
    for finding in drawn:
        assert "hãy" in finding.message_vi.lower()
        assert finding.message_vi != finding.message_en
        assert all((finding.sheet, finding.column, finding.article, finding.pupil))
