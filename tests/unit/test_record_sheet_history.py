# SPDX-License-Identifier: Apache-2.0

"""What a class of any level may say beside its marks: where a pupil was before, who has no number yet, what summer changed."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from given_workbooks import given
from small_classes import add_table, opened, primary, put, saved, upper_secondary
from untidy_workbooks import in_two_rows, untidied

from ledger.record.findings import Severity
from ledger.record.model import Schooling
from ledger.record.scales import Attainment, Origin, Rating
from ledger.record.sheets.class_sheet import read_class
from scripts.sample_class import make_workbook

MIDDLE = 2
CODE = "3100000002"
HEADINGS = ("STT", "Mã học sinh", "Họ và tên", "Năm học", "Lớp", "Trường", "Ngày chuyển đến")
HERE = ("2025-2026", "4A", "Trường Sông Cấm Mẫu")


def line(year, class_name, school, arrived=None, *, stt=MIDDLE, code=CODE, name="Nguyễn Hoàng Bảo Minh"):
    return (stt, code, name, year, class_name, school, arrived)


def reading_of(*puts, lines=(), book=None):
    book = book or primary()
    for sheet, stt, heading, value in puts:
        put(book, sheet, stt, heading, value)
    if lines:
        add_table(book, "Quá trình học tập", HEADINGS, lines)
    return read_class(saved(book), file="4A.xlsx")


def middle(reading):
    assert reading.findings == ()
    return reading.class_sheet.records[MIDDLE - 1]


def refusals(reading):
    assert reading.class_sheet is None
    assert all(f.severity is Severity.ERROR and "ãy " in f.message_vi for f in reading.findings)
    return [(f.rule, f.sheet, f.row, f.column, f.found) for f in reading.findings]


def info(book, label, value):
    book["Thông tin"].append((label, value))
    return book


@pytest.mark.parametrize(
    "make",
    [
        upper_secondary,
        lambda: opened(given("thpt-12A3")),
        lambda: opened(given("thcs-9A1")),
        lambda: opened(make_workbook()),
    ],
    ids=["small", "given 12", "given 9", "sample 9"],
)
def test_an_untidy_secondary_class_reads_to_the_same_records(make):
    tidy = read_class(saved(make()), file="12A.xlsx").class_sheet
    untidy = read_class(saved(untidied(make())), file="12A.xlsx")
    assert untidy.findings == ()
    assert untidy.class_sheet.records == tidy.records


def test_headings_of_results_may_stand_in_two_rows():
    book = upper_secondary()
    in_two_rows(book, "Kết quả", "Rèn luyện", "Học tập", "Nghỉ")
    reading = reading_of(book=book)
    assert middle(reading).year == middle(reading_of(book=upper_secondary())).year


def test_without_a_history_there_is_this_year():
    assert middle(reading_of()).history == (Schooling(*HERE),)


def test_earlier_years_come_in_their_order_and_this_year_last():
    lines = [
        line("2024 – 2025", "3B", "Trường Cũ Mẫu", "05/09/2024"),
        line("2022-2023", "1A", "Trường Cũ Mẫu"),
        line("2025-2026", "4C", "Trường Cũ Mẫu"),
        line("2023/2024", "2A", "Trường Cũ Mẫu"),
    ]
    record = middle(reading_of(("Học sinh", MIDDLE, "Ngày chuyển đến", "12/01/2026"), lines=lines))
    assert [(past.school_year, past.class_name) for past in record.history] == [
        ("2022-2023", "1A"),
        ("2023-2024", "2A"),
        ("2024-2025", "3B"),
        ("2025-2026", "4C"),
        ("2025-2026", "4A"),
    ]
    assert record.history[2].arrived == date(2024, 9, 5)
    assert record.arrived == date(2026, 1, 12)


def test_the_line_of_this_year_is_not_doubled_and_tells_the_arrival():
    lines = [line("2025-2026", "4a ", "TRƯỜNG SÔNG CẤM MẪU", datetime(2026, 1, 12)), line("2024-2025", "3", "Cũ")]  # noqa: DTZ001
    record = middle(reading_of(lines=lines))
    assert record.history == (Schooling("2024-2025", "3", "Cũ"), Schooling(*HERE, date(2026, 1, 12)))


def test_who_is_merged_over_several_lines_is_the_same_pupil():
    lines = [
        line("2023-2024", "2A", "Cũ"),
        (None, None, None, "2024-2025", "3A", "Cũ", None),
        line("2024-2025", "3C", "Khác", stt=3, code="3100000003", name="H'Hen Niê"),
    ]
    reading = reading_of(lines=lines)
    assert [past.class_name for past in middle(reading).history] == ["2A", "3A", "4A"]
    assert [past.class_name for past in reading.class_sheet.records[2].history] == ["3C", "4A"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line("2024", "3A", "Cũ")], ("SH-08", 6, "Năm học", "2024")),
        ([line("2023-2025", "3A", "Cũ")], ("SH-08", 6, "Năm học", "2023-2025")),
        ([line("2026-2027", "5A", "Cũ")], ("SH-08", 6, "Năm học", "2026-2027")),
        ([line(None, "3A", "Cũ")], ("SH-08", 6, "Năm học", None)),
        ([line("2024-2025", None, "Cũ")], ("SH-08", 6, "Lớp", None)),
        ([line("2024-2025", "3A", None)], ("SH-08", 6, "Trường", None)),
        ([line("2024-2025", "3A", "Cũ", "hôm kia")], ("SH-08", 6, "Ngày chuyển đến", "hôm kia")),
        ([line("2024-2025", "3A", "=A1")], ("SH-07", 6, "Trường", "=A1")),
        ([line("2024-2025", "3A", "Cũ", code="3100000009")], ("SH-06", 6, "Mã học sinh", "3100000009")),
        ([line("2024-2025", "3A", "Cũ", code=None)], ("SH-06", 6, "Mã học sinh", None)),
        ([(None, None, None, "2024-2025", "3A", "Cũ")], ("SH-06", 6, "Mã học sinh", None)),
        ([line("2024-2025", "3A", "Cũ", name="Người Khác")], ("SH-09", 6, "Họ và tên", "Người Khác")),
    ],
)
def test_a_line_that_cannot_be_used_is_refused_with_its_place(lines, expected):
    (found,) = refusals(reading_of(lines=lines))
    assert found == (expected[0], "Quá trình học tập", *expected[1:])


def test_a_history_without_its_columns_is_refused():
    book = primary()
    add_table(book, "Quá trình học tập", ("Mã học sinh", "Năm học", "Lớp"), [(CODE, "2024-2025", "3A")])
    assert refusals(read_class(saved(book), file="4A.xlsx")) == [("SH-04", "Quá trình học tập", None, "Trường", None)]


def test_two_days_of_arrival_are_refused():
    lines = [line(*HERE, "13/01/2026")]
    found = refusals(reading_of(("Học sinh", MIDDLE, "Ngày chuyển đến", "12/01/2026"), lines=lines))
    assert found == [("SH-09", "Học sinh", 7, "Ngày chuyển đến", "12/01/2026 / 13/01/2026")]


def test_a_day_of_arrival_that_does_not_exist_is_refused():
    found = refusals(reading_of(("Học sinh", MIDDLE, "Ngày chuyển đến", "30/02/2026")))
    assert found == [("SH-08", "Học sinh", 7, "Ngày chuyển đến", "30/02/2026")]


@pytest.mark.parametrize("said", ["Chưa có", "chua co", "Chưa cấp", "Đang cấp", " ĐANG CẤP "])
def test_a_number_that_is_being_given_is_pending(said):
    pupil = middle(reading_of(("Học sinh", MIDDLE, "Số định danh cá nhân", said))).pupil
    assert (pupil.personal_id, pupil.number_pending) == (None, True)


@pytest.mark.parametrize("said", ["không", "099216000022", "mất", None])
def test_nothing_else_makes_a_number_pending(said):
    pupil = middle(reading_of(("Học sinh", MIDDLE, "Số định danh cá nhân", said))).pupil
    assert (pupil.personal_id, pupil.number_pending) == (said, False)


@pytest.mark.parametrize(
    ("note", "single"),
    [("Tên một chữ", True), ("họ tên một từ", True), ("HO TEN 1 TU", True), ("mồ côi mẹ", False), (None, False)],
)
def test_a_note_may_say_that_a_name_is_one_word(note, single):
    assert middle(reading_of(("Học sinh", MIDDLE, "Ghi chú", note))).pupil.single_name is single


def test_a_passport_is_kept():
    assert middle(reading_of(("Học sinh", MIDDLE, "Số hộ chiếu", "M1234"))).pupil.passport == "M1234"


@pytest.mark.parametrize(
    ("said", "origin"),
    [
        ("Số hóa từ học bạ giấy", Origin.DIGITISED_PAPER),
        ("SO HOA TU HOC BA GIAY", Origin.DIGITISED_PAPER),
        ("Học bạ số", Origin.DIGITAL),
        (None, Origin.DIGITAL),
    ],
)
def test_where_the_content_comes_from(said, origin):
    assert middle(reading_of(book=info(primary(), "Nguồn gốc", said))).origin is origin


def test_an_origin_nobody_knows_is_refused():
    assert refusals(reading_of(book=info(primary(), "Nguồn gốc", "chép tay"))) == [
        ("SH-05", "Thông tin", 16, "Nguồn gốc", "chép tay")
    ]


def test_what_summer_changed():
    book = upper_secondary()
    add_table(
        book,
        "Đánh giá lại",
        ("STT", "Mã học sinh", "Họ và tên", "Toán", "Giáo dục thể chất"),
        [(1, CODE, "Nguyễn Hoàng Bảo Minh", "6,5", None)],
    )
    puts = [
        ("Kết quả", MIDDLE, "Rèn luyện sau hè", "Khá"),
        ("Kết quả", MIDDLE, "Học tập sau hè", "Đ"),
        ("Kết quả", MIDDLE, "Nhận xét sau hè", "Có tiến bộ."),
        ("Kết quả", MIDDLE, "Thành tích khác", "Giải ba"),
        ("Kết quả", MIDDLE, "Chứng chỉ", "Nghề điện"),
    ]
    reading = reading_of(*puts, book=book)
    year = middle(reading).year
    assert (year.conduct.reassessed, year.study.reassessed) == (Rating.KHA, Rating.DAT)
    assert (year.summer_comment, year.other_awards, year.certificates) == ("Có tiến bộ.", "Giải ba", "Nghề điện")
    again = {subject.code: subject.reassessed for subject in year.subjects}
    assert {code: mark for code, mark in again.items() if mark is not None} == {"TOAN": Decimal("6.5")}
    others = [record.year for record in reading.class_sheet.records if record.pupil.code != CODE]
    assert all(subject.reassessed is None for other in others for subject in other.subjects)
    assert all(other.study.reassessed is None for other in others)
    assert all(place.declined == frozenset() for place in reading.class_sheet.places)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((1, CODE, "Nguyễn Hoàng Bảo Minh", 10.4), ("TT-01", 6, "Toán", "10.4")),
        ((1, CODE, "Nguyễn Hoàng Bảo Minh", "Đạt"), ("TT-01", 6, "Toán", "Đạt")),
        ((1, "3100000009", "Lê Lạ", 6), ("SH-06", 6, "Mã học sinh", "3100000009")),
        ((1, CODE, "Người Khác", 6), ("SH-09", 6, "Họ và tên", "Người Khác")),
    ],
)
def test_a_re_assessment_that_cannot_be_used_is_refused(row, expected):
    book = upper_secondary()
    add_table(book, "Đánh giá lại", ("STT", "Mã học sinh", "Họ và tên", "Toán"), [row])
    (found,) = refusals(reading_of(book=book))
    assert found == (expected[0], "Đánh giá lại", *expected[1:])


def test_a_comment_subject_is_re_assessed_in_words():
    book = upper_secondary()
    add_table(book, "Đánh giá lại", ("Mã học sinh", "Âm nhạc"), [(CODE, "Đ")])
    again = {subject.code: subject.reassessed for subject in middle(reading_of(book=book)).year.subjects}
    assert again["AM_NHAC"] is Attainment.DAT


def test_a_result_after_summer_that_is_no_rating_is_refused():
    found = refusals(reading_of(("Kết quả", MIDDLE, "Học tập sau hè", "Ổn"), book=upper_secondary()))
    assert found == [("SH-08", "Kết quả", 7, "Học tập sau hè", "Ổn")]


def test_specialised_topics_are_those_of_the_whole_class():
    book = upper_secondary()
    for stt, mark in ((2, "x"), (9, "X"), (1, None), (3, "không")):
        put(book, "Phân công", stt, "Chuyên đề", mark)
    reading = reading_of(book=book)
    chosen = {subject.code for subject in middle(reading).year.subjects if subject.specialised}
    titles = [book["Phân công"].cell(5 + stt, 1).value for stt in (2, 9)]
    assert {subject.name for subject in middle(reading).year.subjects if subject.specialised} == set(titles)
    assert len(chosen) == 2


def test_specialised_topics_that_are_neither_yes_nor_no_are_refused():
    found = refusals(reading_of(("Phân công", 2, "Chuyên đề", "có lẽ"), book=upper_secondary()))
    assert found == [("SH-08", "Phân công", 7, "Chuyên đề", "có lẽ")]


def test_a_comment_that_is_an_uncomputed_formula_is_refused():
    found = refusals(reading_of(("Nhận xét", MIDDLE, "Toán", "=A1"), book=upper_secondary()))
    assert found == [("SH-07", "Nhận xét", 7, "Toán", "=A1")]
