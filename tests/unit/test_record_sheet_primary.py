# SPDX-License-Identifier: Apache-2.0

"""Primary classes: two columns per subject, three scales that share letters, and what is refused of them."""

from decimal import Decimal

import pytest
from given_workbooks import given
from small_classes import opened, primary, put, saved
from untidy_workbooks import in_two_rows, untidied, without_accents

from ledger.record.findings import Severity
from ledger.record.model import PrimaryYear
from ledger.record.scales import Achievement, Overall, PrimaryAward, Trait, TraitLevel
from ledger.record.sheets.class_sheet import read_class
from ledger.record.sheets.primary_rows import subject_column
from ledger.record.subjects import Level, compulsory_in

MIDDLE = 2


def reading_of(*puts, grade=4, without=()):
    book = primary(grade)
    for sheet, stt, heading, value in puts:
        put(book, sheet, stt, heading, value)
    for sheet in without:
        del book[sheet]
    return read_class(saved(book), file="4A.xlsx")


def middle(reading):
    assert reading.draft is not None
    return reading.draft.records[MIDDLE - 1].year


def refusal(*puts, **options):
    """The one finding of a class that is refused for one cell, which must say everything that helps to find the cell."""
    reading = reading_of(*puts, **options)
    assert reading.class_sheet is None
    (finding,) = reading.findings
    assert finding.severity is Severity.ERROR
    assert finding.sheet in finding.message_vi or finding.row
    assert "ãy " in finding.message_vi, "it says what to do"
    return finding


def test_the_given_class_reads_without_a_finding():
    reading = read_class(given("th-4B"), file="4B.xlsx")
    assert reading.findings == ()
    assert len(reading.class_sheet.records) == 35
    first = reading.class_sheet.records[0].year
    assert isinstance(first, PrimaryYear)
    assert [(s.code, s.level, s.test) for s in first.subjects][:2] == [
        ("TIENG_VIET", Achievement.HOAN_THANH_TOT, 7),
        ("TOAN", Achievement.HOAN_THANH, 8),
    ]
    assert set(first.traits) == set(Trait)
    assert (first.overall, first.weight, first.height) == (Overall.HOAN_THANH, Decimal(29), Decimal(136))


@pytest.mark.parametrize("grade", Level.TH.grades)
def test_each_grade_reads_and_has_its_tests(grade):
    reading = reading_of(grade=grade)
    assert reading.findings == ()
    tested = {subject.code for subject in middle(reading).subjects if subject.test is not None}
    by_grade = {
        1: {"TIENG_VIET", "TOAN"},
        3: {"TIENG_VIET", "TOAN", "NGOAI_NGU_1", "TIN_HOC", "CONG_NGHE"},
        4: {"TIENG_VIET", "TOAN", "NGOAI_NGU_1", "TIN_HOC", "CONG_NGHE", "KHOA_HOC", "LS_DL"},
    }
    assert tested == by_grade[{2: 1, 5: 4}.get(grade, grade)]


@pytest.mark.parametrize("make", [primary, lambda: primary(1), lambda: opened(given("th-4B"))], ids=["4", "1", "given"])
def test_an_untidy_class_reads_to_the_same_records(make):
    tidy = read_class(saved(make()), file="4A.xlsx").class_sheet
    untidy = read_class(saved(untidied(make())), file="4A.xlsx")
    assert untidy.findings == ()
    assert untidy.class_sheet.records == tidy.records


def test_headings_may_stand_in_two_rows_the_upper_merged_over_the_lower():
    book = primary()
    in_two_rows(book, "Môn học", *(subject.name_at(Level.TH) for subject in compulsory_in(4)))
    in_two_rows(book, "Kết quả", "Nghỉ", "Nhận xét")
    reading = read_class(saved(book), file="4A.xlsx")
    assert reading.findings == ()
    assert reading.class_sheet.records == reading_of().class_sheet.records
    assert {place.rows["Môn học"] for place in reading.class_sheet.places} == {7, 8, 9}


def test_a_pupils_row_is_never_taken_for_headings():
    book = primary()
    book["Môn học"].cell(6, 30).value = book["Phẩm chất năng lực"].cell(6, 30).value = "đã xem lại"
    book["Phẩm chất năng lực"].cell(6, 1).value = "1"
    assert read_class(saved(book), file="4A.xlsx").class_sheet.records == reading_of().class_sheet.records
    for column in (1, 2, 3):
        book["Môn học"].cell(6, column).value = None
    reading = read_class(saved(book), file="4A.xlsx")
    assert reading.class_sheet is None
    assert [(f.rule, f.sheet, f.stt) for f in reading.findings] == [("SH-06", "Môn học", 1)]


@pytest.mark.parametrize(
    ("sheet", "heading", "value", "rule", "column"),
    [
        ("Môn học", "Toán - Mức", "Đạt", "TH-01", "Toán - Mức"),
        ("Môn học", "Toán - Mức", "Đ", "TH-01", "Toán - Mức"),
        ("Môn học", "Đạo đức - Mức", "Giỏi", "TH-01", "Đạo đức - Mức"),
        ("Môn học", "Toán - Mức", 9, "TH-01", "Toán - Mức"),
        ("Phẩm chất năng lực", "Yêu nước", "H", "TH-02", "Yêu nước"),
        ("Phẩm chất năng lực", "Tin học", "Hoàn thành", "TH-02", "Tin học"),
        ("Phẩm chất năng lực", "Thể chất", "Chưa đạt", "TH-02", "Thể chất"),
        ("Môn học", "Toán - KTĐK", "8,5", "TH-03", "Toán - KTĐK"),
        ("Môn học", "Toán - KTĐK", 8.5, "TH-03", "Toán - KTĐK"),
        ("Môn học", "Toán - KTĐK", 11, "TH-03", "Toán - KTĐK"),
        ("Môn học", "Toán - KTĐK", -1, "TH-03", "Toán - KTĐK"),
        ("Môn học", "Toán - KTĐK", "Hoàn thành", "TH-03", "Toán - KTĐK"),
        ("Môn học", "Toán - KTĐK", "=6+1", "SH-07", "Toán - KTĐK"),
        ("Kết quả", "Đánh giá kết quả giáo dục", "T", "SH-08", "Đánh giá kết quả giáo dục"),
        ("Kết quả", "Đánh giá kết quả giáo dục", "Khá", "SH-08", "Đánh giá kết quả giáo dục"),
        ("Kết quả", "Khen thưởng", "Học sinh Giỏi", "SH-08", "Khen thưởng"),
        ("Kết quả", "Được lên lớp", "có lẽ", "SH-08", "Được lên lớp"),
        ("Kết quả", "Nghỉ có phép", "vài", "SH-08", "Nghỉ có phép"),
        ("Kết quả", "Cân nặng", "nhẹ", "SH-08", "Cân nặng"),
        ("Kết quả", "Cân nặng", 319, "SH-08", "Cân nặng"),
        ("Kết quả", "Chiều cao", "1,38", "SH-08", "Chiều cao"),
        ("Kết quả", "Nhận xét phẩm chất", "=A1", "SH-07", "Nhận xét phẩm chất"),
        ("Kết quả", "Hoàn thành chương trình lớp học", "chắc vậy", "SH-08", "Hoàn thành chương trình lớp học"),
    ],
)
def test_a_cell_that_does_not_belong_is_refused_with_its_place(sheet, heading, value, rule, column):
    finding = refusal((sheet, MIDDLE, heading, value))
    assert (finding.rule, finding.sheet, finding.column) == (rule, sheet, column)
    assert (finding.row, finding.stt, finding.pupil) == (7, MIDDLE, "3100000002")
    assert finding.found == str(value)
    assert finding.expected


@pytest.mark.parametrize(
    ("written", "mark"), [(9, 9), ("9,0", 9), ("9.00", 9), (" 10 ", 10), (9.0, 9), ("0", 0), (None, None)]
)
def test_a_whole_mark_may_be_written_in_many_ways(written, mark):
    assert middle(reading_of(("Môn học", MIDDLE, "Toán - KTĐK", written))).subjects[1].test == mark


@pytest.mark.parametrize(
    ("written", "kilograms"), [(31.9, "31.9"), ("31,90", "31.9"), ("32 kg", "32"), (31.900000000000002, "31.9")]
)
def test_a_measure_may_be_written_in_many_ways(written, kilograms):
    assert middle(reading_of(("Kết quả", MIDDLE, "Cân nặng", written))).weight == Decimal(kilograms)


def test_a_letter_means_what_its_column_makes_it():
    year = middle(reading_of(("Môn học", MIDDLE, "Toán - Mức", "C"), ("Phẩm chất năng lực", MIDDLE, "Nhân ái", "C")))
    assert year.subjects[1].level is Achievement.CHUA_HOAN_THANH
    assert year.traits[Trait.NHAN_AI] is TraitLevel.CAN_CO_GANG


def test_a_trait_that_is_not_given_is_absent():
    year = middle(reading_of(("Phẩm chất năng lực", MIDDLE, "Tin học", None)))
    assert set(Trait) - set(year.traits) == {Trait.TIN_HOC}


@pytest.mark.parametrize(
    ("title", "code", "suffix"),
    [
        ("Toán - Mức", "TOAN", "Mức"),
        ("TOAN - MUC", "TOAN", "Mức"),
        ("Toán – Mức đạt được", "TOAN", "Mức"),
        ("Toán — KTĐK", "TOAN", "KTĐK"),
        ("Toán \N{MINUS SIGN} Điểm KTĐK", "TOAN", "KTĐK"),
        ("Toán–KTĐK", "TOAN", "KTĐK"),
        ("Toán\N{MINUS SIGN}Mức", "TOAN", "Mức"),
        ("Toán (KTĐK)", "TOAN", "KTĐK"),
        ("Toán [Mức đạt được]", "TOAN", "Mức"),
        ("Toán Điểm kiểm tra định kì", "TOAN", "KTĐK"),
        ("Ngoại ngữ 1 (Tiếng Anh) (Mức)", "NGOAI_NGU_1", "Mức"),
        ("TIN HOC VA CONG NGHE (TIN HOC)-KTDK", "TIN_HOC", "KTĐK"),
        ("Tin học và Công nghệ (Công nghệ): Mức", "CONG_NGHE", "Mức"),
        ("Đạo đức", "DAO_DUC", "Mức"),
    ],
)
def test_a_column_of_a_subject_may_be_headed_in_many_ways(title, code, suffix):
    subject, found = subject_column(title)
    assert (subject.code, found) == (code, suffix)


@pytest.mark.parametrize(
    "title", ["Toán", "Cờ vua - Mức", "Tin học và Công nghệ - Mức", "Toán - Mức giữa kì", "Mức", "-"]
)
def test_a_heading_that_could_mean_two_things_means_none(title):
    assert subject_column(title) is None


@pytest.mark.parametrize("sheet", ["Thông tin", "Học sinh", "Phân công", "Môn học", "Phẩm chất năng lực", "Kết quả"])
def test_a_missing_sheet_is_named_and_no_sheet_of_another_level(sheet):
    reading = reading_of(without=[sheet])
    assert reading.class_sheet is None
    missing = [finding for finding in reading.findings if finding.rule == "SH-03"]
    assert [(finding.sheet, "4A.xlsx" in finding.message_vi) for finding in missing] == [(sheet, True)]


@pytest.mark.parametrize(
    ("sheet", "heading"),
    [
        ("Môn học", "Toán - Mức"),
        ("Môn học", "Toán - KTĐK"),
        ("Môn học", "Đạo đức - Mức"),
        ("Phẩm chất năng lực", "Yêu nước"),
        ("Kết quả", "Đánh giá kết quả giáo dục"),
        ("Kết quả", "Được lên lớp"),
        ("Kết quả", "Nghỉ không phép"),
    ],
)
def test_a_missing_column_is_one_error_and_its_cells_are_declined(sheet, heading):
    reading = reading_of((sheet, 0, heading, None))
    assert [(f.rule, f.severity, f.sheet, f.column) for f in reading.findings] == [
        ("SH-04", Severity.ERROR, sheet, heading)
    ]
    assert all((sheet, heading) in place.declined for place in reading.draft.places)


def test_the_last_grade_completes_instead_of_moving_up():
    year = middle(reading_of(grade=5))
    assert (year.promoted, year.completed) == (True, True)
    missing = reading_of(("Kết quả", 0, "Hoàn thành chương trình", None), grade=5)
    assert [(f.rule, f.column) for f in missing.findings] == [("SH-04", "Hoàn thành chương trình")]


def test_technology_and_informatics_may_lack_their_columns():
    reading = reading_of(
        ("Phẩm chất năng lực", 0, "Tin học", None), ("Phẩm chất năng lực", 0, "Công nghệ", None), grade=1
    )
    assert reading.findings == ()
    assert not {Trait.TIN_HOC, Trait.CONG_NGHE} & set(middle(reading).traits)


def test_two_columns_for_one_subject_are_an_error():
    reading = reading_of(("Môn học", 0, "Toán (Mức đạt được)", "Toán (Mức đạt được)"))
    assert [(f.rule, f.severity, f.found) for f in reading.findings] == [
        ("SH-04", Severity.ERROR, "Toán (Mức đạt được)")
    ]


def test_a_column_nobody_knows_is_left_aside_and_said_so():
    reading = reading_of(("Môn học", 0, "Cờ vua - Mức", "Cờ vua - Mức"), ("Phẩm chất năng lực", 0, "Vẽ", "Vẽ"))
    assert [(f.rule, f.severity, f.column) for f in reading.findings] == [
        ("SH-04", Severity.WARNING, "Cờ vua - Mức"),
        ("SH-04", Severity.WARNING, "Vẽ"),
    ]
    assert reading.class_sheet is not None


def test_a_mark_under_a_subject_without_a_test_is_kept_for_the_rules():
    year = middle(reading_of(("Môn học", MIDDLE, "Đạo đức - KTĐK", 9)))
    assert {subject.code: subject.test for subject in year.subjects}["DAO_DUC"] == 9


def test_a_subject_without_a_teacher_is_an_error():
    book = primary()
    book["Phân công"].delete_rows(6)
    reading = read_class(saved(book), file="4A.xlsx")
    assert [(f.rule, f.expected) for f in reading.findings] == [("SH-10", "Tiếng Việt")]


def test_an_exempt_pupil_misses_nothing():
    subject = middle(reading_of(("Môn học", MIDDLE, "Giáo dục thể chất - Mức", "Miễn"))).subjects
    assert [(s.code, s.level) for s in subject if s.exempt] == [("GDTC", None)]


@pytest.mark.parametrize(
    ("said", "award"),
    [
        ("Học sinh Xuất sắc", PrimaryAward.XUAT_SAC),
        ("HSXS", PrimaryAward.XUAT_SAC),
        ("Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện", PrimaryAward.TIEU_BIEU),
        ("học sinh tiêu biểu", PrimaryAward.TIEU_BIEU),
        ("Không", None),
        (None, None),
    ],
)
def test_the_two_titles(said, award):
    assert middle(reading_of(("Kết quả", MIDDLE, "Khen thưởng", said))).award is award


@pytest.mark.parametrize(
    ("overall", "promoted", "column", "note", "completed"),
    [
        ("Hoàn thành tốt", "Có", None, None, True),
        ("Chưa hoàn thành", "Có", None, None, False),
        ("Chưa hoàn thành", "Có", "Có", None, True),
        (None, "Có", None, None, None),
        (None, "Có", None, "HS khuyết tật, không đánh giá", True),
        (None, "Không", None, "Khuyết tật: theo kế hoạch giáo dục cá nhân", False),
    ],
)
def test_whether_the_grade_was_completed(overall, promoted, column, note, completed):
    reading = reading_of(
        ("Kết quả", MIDDLE, "Đánh giá kết quả giáo dục", overall),
        ("Kết quả", MIDDLE, "Được lên lớp", promoted),
        ("Kết quả", MIDDLE, "Hoàn thành chương trình lớp học", column),
        ("Kết quả", MIDDLE, "Ghi chú", note),
    )
    assert middle(reading).completed is completed
    assert middle(reading).not_assessed is (note is not None)


@pytest.mark.parametrize("note", ["không đánh giá thái độ", "khuyết tật nhẹ", "kế hoạch cá nhân", 3, None])
def test_a_note_that_says_less_excuses_nobody(note):
    assert middle(reading_of(("Kết quả", MIDDLE, "Ghi chú", note))).not_assessed is False


def test_what_else_the_results_may_say():
    year = middle(
        reading_of(
            ("Kết quả", MIDDLE, "Khen thưởng đột xuất", "Nhặt được của rơi"),
            ("Kết quả", MIDDLE, "Thành tích khác", "Giải nhì cờ vua"),
            ("Kết quả", MIDDLE, "Quyết định của hiệu trưởng", "Lên lớp theo biên bản 12"),
        )
    )
    assert (year.sudden_awards, year.other_awards, year.principal_note) == (
        "Nhặt được của rơi",
        "Giải nhì cờ vua",
        "Lên lớp theo biên bản 12",
    )
    assert (year.homeroom_comment, year.quality_comment, year.general_comment, year.specific_comment) == (
        "Chăm, biết giúp bạn.",
        "Trung thực.",
        "Biết tự học.",
        "Đọc tốt.",
    )


def test_comments_by_subject_are_optional_and_read():
    book = primary()
    sheet = book.create_sheet(without_accents("Nhận xét"))
    sheet.append(("Mã học sinh", "Toán"))
    for row in range(3):
        sheet.append((f"310000000{row + 1}", f"Tính nhanh {row}"))
    records = read_class(saved(book), file="4A.xlsx").class_sheet.records
    assert [record.year.subjects[1].comment for record in records] == ["Tính nhanh 0", "Tính nhanh 1", "Tính nhanh 2"]
    sheet.delete_rows(3)
    missing = read_class(saved(book), file="4A.xlsx")
    assert [(f.rule, f.sheet, f.stt) for f in missing.findings] == [("SH-06", "Nhận xét", MIDDLE)]


def test_a_pupil_missing_on_a_sheet_is_named_once_and_not_cell_by_cell():
    book = primary()
    book["Môn học"].delete_rows(7)
    reading = read_class(saved(book), file="4A.xlsx")
    assert reading.class_sheet is None
    assert [(f.rule, f.sheet, f.stt) for f in reading.findings] == [("SH-06", "Môn học", MIDDLE)]
    declined = reading.draft.places[MIDDLE - 1].declined
    assert {("Môn học", "Toán - Mức"), ("Môn học", "Toán - KTĐK")} <= declined
