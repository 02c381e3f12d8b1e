# SPDX-License-Identifier: Apache-2.0

"""The template is what the readers look for: empty it says what is missing, filled in it is a class without an error."""

import io
import zipfile

import openpyxl
import pytest

from ledger.record.check import CheckOptions, check_workbook
from ledger.record.findings import Severity
from ledger.record.scales import Achievement, PrimaryAward, Sex
from ledger.record.sheets.class_info import INFO_FIELDS
from ledger.record.sheets.tables import required_sheets
from ledger.record.sheets.template import workbook
from ledger.record.subjects import Level, compulsory_in

SAMPLE = CheckOptions(allow_synthetic_province=True)
INFO = {
    "Sở GD&ĐT": "Sở Giáo dục và Đào tạo Hải Phòng",
    "Mã Sở": "31",
    "Trường": "Trường Sông Cấm Mẫu",
    "Mã trường": "01999599",
    "Năm học": "2025-2026",
    "Lớp": "A",
    "Xã/Phường": "Phường Bạch Đằng Mẫu",
    "Tỉnh/Thành phố": "Thành phố Hải Phòng",
    "Giáo viên chủ nhiệm": "Lê Thị Hà",
    "Số CCCD GVCN": "099180123456",
    "Hiệu trưởng": "Trần Văn Long",
    "Số CCCD hiệu trưởng": "099075123456",
}
GRADES = [(level, grade) for level in Level for grade in level.grades]


def opened(level, grade):
    return openpyxl.load_workbook(io.BytesIO(workbook(level, grade)))


def checked(book):
    target = io.BytesIO()
    book.save(target)
    return check_workbook(target.getvalue(), file="mau.xlsx", options=SAMPLE)


def errors(reading):
    return [f for f in reading.findings if f.severity is Severity.ERROR]


def fill_info(book, grade):
    for row in book["Thông tin"].iter_rows():
        row[1].value = str(grade) if row[0].value == "Khối" else INFO.get(row[0].value, row[1].value)


def with_teachers(book):
    for row in book["Phân công"].iter_rows(min_row=2):
        if row[0].value:
            row[1].value, row[2].value = "Phạm Thu Mai", "099185123456"


def write(book, sheet, row, values):
    headings = {cell.value: cell.column for cell in book[sheet][1]}
    for heading, value in values.items():
        book[sheet].cell(row, headings[heading]).value = value


def filled(level, grade):
    """The template with one pupil who did well, in the cells that are required."""
    book = opened(level, grade)
    fill_info(book, grade)
    with_teachers(book)
    said = {"STT": 1, "Mã học sinh": "0112345678", "Họ và tên": "Lê An"}
    year = 2025 - grade - 5
    number = f"0993{year % 100:02d}012345"
    pupil = {
        "Ngày sinh": f"02/03/{year}",
        "Giới tính": "Nữ",
        "Số định danh cá nhân": number,
        "Họ và tên mẹ": "Hồ Thu Mai",
    }
    results = {"Nghỉ có phép": 0, "Nghỉ không phép": 1}
    if level is Level.TH:
        pupil |= {
            "Dân tộc": "Kinh",
            "Nơi sinh": "Huế",
            "Quê quán": "Huế",
            "Chỗ ở hiện nay": "Huế",
            "Số đăng bộ": "1/2025",
        }
        said_of = ("của GVCN", "phẩm chất", "năng lực chung", "năng lực đặc thù")
        results |= {"Cân nặng": 30, "Chiều cao": 130} | {f"Nhận xét {of}": "Ngoan." for of in said_of}
    write(book, "Học sinh", 2, said | pupil)
    for sheet in ("Môn học", "Phẩm chất năng lực", "Học kỳ I", "Học kỳ II", "Nhận xét"):
        if sheet not in book.sheetnames:
            continue
        values = {}
        for cell in book[sheet][1][3:]:
            kinds = [v for v in book[sheet].data_validations.dataValidation if f"{cell.column_letter}2" in v.cells]
            kind = kinds[0] if kinds else None
            choice = kind.formula1.strip('"').split(",")[0] if kind and kind.type == "list" else None
            values[cell.value] = choice or (9 if kind else "Chăm ngoan, tiến bộ đều.")
        write(book, sheet, 2, said | values)
    if level is Level.TH:
        results |= {"Đánh giá kết quả giáo dục": "Hoàn thành xuất sắc", "Khen thưởng": "Học sinh Xuất sắc"}
    else:
        results |= {f"{what} {term}": "Tốt" for what in ("Rèn luyện", "Học tập") for term in ("HKI", "HKII", "cả năm")}
        results |= {"Danh hiệu": "Học sinh Xuất sắc"}
    results |= {"Hoàn thành chương trình" if grade == level.grades[-1] else "Được lên lớp": "Có"}
    write(book, "Kết quả", 2, said | results)
    return book


@pytest.mark.parametrize(("level", "grade"), GRADES)
def test_a_template_with_one_pupil_filled_in_is_a_class_without_an_error(level, grade):
    reading = checked(filled(level, grade))
    assert errors(reading) == []
    (record,) = reading.class_sheet.records
    assert record.pupil.name == "Lê An"
    assert [s.code for s in compulsory_in(grade)] == [s.code for s in record.year.subjects][: len(compulsory_in(grade))]


@pytest.mark.parametrize("level", list(Level))
def test_an_empty_template_says_what_is_missing_and_lacks_no_sheet(level):
    reading = checked(opened(level, None))
    assert reading.class_sheet is None
    assert {f.rule for f in errors(reading)} == {"SH-05"}
    assert set(required_sheets(level)) <= set(opened(level, None).sheetnames)


@pytest.mark.parametrize("level", list(Level))
def test_a_template_without_pupils_says_so_and_lacks_no_column(level):
    book = opened(level, level.grades[0])
    fill_info(book, level.grades[0])
    with_teachers(book)
    assert [(f.rule, f.sheet) for f in errors(checked(book))] == [("SH-06", "Học sinh")]


@pytest.mark.parametrize("level", list(Level))
def test_codes_and_numbers_are_text_so_that_excel_keeps_their_zeros(level):
    book = opened(level, None)
    for sheet, heading in (
        *((name, "Mã học sinh") for name in book.sheetnames if name not in {"Hướng dẫn", "Thông tin", "Phân công"}),
        ("Học sinh", "Số định danh cá nhân"),
        ("Học sinh", "Số hộ chiếu"),
        ("Phân công", "Số CCCD giáo viên"),
    ):
        column = next(cell.column for cell in book[sheet][1] if cell.value == heading)
        assert {book[sheet].cell(row, column).number_format for row in range(2, 62)} == {"@"}, (sheet, heading)
    assert {row[1].number_format for row in book["Thông tin"].iter_rows()} == {"@"}


def choices(book, sheet, heading):
    column = next(cell.column_letter for cell in book[sheet][1] if cell.value == heading)
    (found,) = [v for v in book[sheet].data_validations.dataValidation if f"{column}61" in v.cells]
    assert found.type == "list"
    return found.formula1.strip('"').split(",")


def test_words_are_chosen_from_the_scales():
    primary, secondary = opened(Level.TH, 4), opened(Level.THPT, 12)
    assert choices(primary, "Học sinh", "Giới tính") == [sex.value for sex in Sex]
    assert choices(primary, "Môn học", "Toán - Mức") == [level.value for level in Achievement]
    assert choices(primary, "Phẩm chất năng lực", "Yêu nước") == ["Tốt", "Đạt", "Cần cố gắng"]
    assert choices(primary, "Kết quả", "Khen thưởng") == [award.value for award in PrimaryAward]
    assert choices(secondary, "Kết quả", "Rèn luyện HKI") == ["Tốt", "Khá", "Đạt", "Chưa đạt"]
    assert choices(secondary, "Kết quả", "Hoàn thành chương trình") == ["Có", "Không"]
    assert choices(secondary, "Học kỳ I", "Giáo dục thể chất") == ["Đạt", "Chưa đạt", "Miễn"]


def test_what_a_teacher_says_is_free():
    # Informatics is also the name of a competence, which has a list.
    assert opened(Level.THCS, 8)["Nhận xét"].data_validations.dataValidation == []


@pytest.mark.parametrize(("level", "grade"), GRADES)
def test_no_list_is_longer_than_excel_takes(level, grade):
    for sheet in opened(level, grade).worksheets:
        for validation in sheet.data_validations.dataValidation:
            assert len(validation.formula1) <= 255
            assert len(validation.error or "") <= 255
            assert len(validation.errorTitle or "") <= 32


@pytest.mark.parametrize("level", list(Level))
def test_the_notes_speak_of_every_sheet_in_both_languages(level):
    book = opened(level, None)
    assert book.sheetnames[0] == "Hướng dẫn"
    lines = list(book["Hướng dẫn"].iter_rows(min_row=3, values_only=True))
    assert [line[0] for line in lines] == book.sheetnames[1:]
    assert all(line[1] and line[2] for line in lines)


def test_headings_stay_in_sight():
    book = opened(Level.THCS, 6)
    assert {book[name].freeze_panes for name in book.sheetnames if name not in {"Hướng dẫn", "Thông tin"}} == {
        "D2",
        "A2",
    }


def test_every_line_of_the_class_is_asked_for():
    book = opened(Level.THCS, 6)
    assert [row[0].value for row in book["Thông tin"].iter_rows()] == [field.name for field in INFO_FIELDS]


def test_the_electives_of_an_upper_secondary_class_are_its_own():
    data = workbook(Level.THPT, 11, electives=("DIA_LI", "GDKT_PL", "AM_NHAC", "MI_THUAT"))
    headings = [cell.value for cell in openpyxl.load_workbook(io.BytesIO(data))["Học kỳ I"][1]]
    assert headings[-4:] == ["Địa lí", "Giáo dục kinh tế và pháp luật", "Âm nhạc", "Mĩ thuật"]
    assert "Vật lí" not in headings


def test_the_same_template_is_the_same_bytes():
    data = workbook(Level.TH, 5)
    assert data == workbook(Level.TH, 5)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {part.date_time for part in archive.infolist()} == {(2026, 1, 1, 0, 0, 0)}
        assert archive.read("docProps/core.xml").count(b"2026-01-01T00:00:00Z") == 2
