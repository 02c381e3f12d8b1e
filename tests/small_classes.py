# SPDX-License-Identifier: Apache-2.0

"""Classes of three pupils, in the shape that schools export theirs, for tests that spoil one thing in them.

`primary` and `upper_secondary` return an openpyxl workbook that reads without a finding; `put` overwrites a cell by
sheet, pupil and heading, `saved` gives the bytes. Personal numbers begin with 099, which was never assigned.
"""

import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook, load_workbook

from ledger.record.rules.tt27 import tested_in
from ledger.record.scales import Trait
from ledger.record.sheets.primary_rows import level_column
from ledger.record.sheets.primary_rows import test_column as ktdk_column
from ledger.record.subjects import BY_CODE, Level, compulsory_in

HEADING_ROW = 5
PUPILS = (
    ("3100000001", "Lê An", "02/11/2016", "Nữ", "099316000011"),
    ("3100000002", "Nguyễn Hoàng Bảo Minh", "24/05/2016", "Nam", "099216000022"),
    ("3100000003", "H'Hen Niê", "09/02/2016", "Nữ", "099316000033"),
)
ELECTIVES = ("DIA_LI", "VAT_LI", "HOA_HOC", "AM_NHAC")
_TITLES = ("SỞ GIÁO DỤC VÀ ĐÀO TẠO HẢI PHÒNG", "TRƯỜNG SÔNG CẤM MẪU", "NĂM HỌC 2025-2026")


def saved(book: Workbook) -> bytes:
    """The bytes of a workbook."""
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def opened(data: bytes) -> Workbook:
    """A workbook to change."""
    return load_workbook(io.BytesIO(data))


def column_of(book: Workbook, sheet: str, heading: str) -> int:
    """The column under a heading."""
    headings = [cell.value for cell in book[sheet][HEADING_ROW]]
    return headings.index(heading) + 1


def put(book: Workbook, sheet: str, stt: int, heading: str, value: object) -> None:
    """Overwrite a pupil's cell; `stt` is 0 for the heading itself. A heading that is not there becomes a new column."""
    headings = [cell.value for cell in book[sheet][HEADING_ROW]]
    if heading not in headings:
        last = max((number for number, title in enumerate(headings, start=1) if title), default=0)
        book[sheet].cell(HEADING_ROW, last + 1, heading)
    # `cell(…, value)` would leave a cell as it is when the value is None.
    book[sheet].cell(HEADING_ROW + stt, column_of(book, sheet, heading)).value = value


def add_table(book: Workbook, title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Add a sheet with three merged title rows above its table."""
    sheet = book.create_sheet(title)
    for number, words in enumerate(_TITLES, start=1):
        sheet.cell(number, 1, words)
        sheet.merge_cells(start_row=number, start_column=1, end_row=number, end_column=6)
    for number, row in enumerate((headings, *rows), start=HEADING_ROW):
        for column, value in enumerate(row, start=1):
            sheet.cell(number, column, value)


def _by_pupil(book: Workbook, title: str, columns: dict[str, object]) -> None:
    rows = [(stt, pupil[0], pupil[1], *columns.values()) for stt, pupil in enumerate(PUPILS, start=1)]
    add_table(book, title, ("STT", "Mã học sinh", "Họ và tên", *columns), rows)


def _begun(level: Level, grade: int, subjects: Sequence[str]) -> Workbook:
    book = Workbook()
    info = book.worksheets[0]
    info.title = "Thông tin"
    for row in (
        ("Sở GD&ĐT", "Sở Giáo dục và Đào tạo Hải Phòng"),
        ("Mã Sở", "31"),
        ("Trường", "Trường Sông Cấm Mẫu"),
        ("Mã trường", "31312411"),
        ("Cấp học", level.value),
        ("Năm học", "2025-2026"),
        ("Khối", grade),
        ("Lớp", f"{grade}A"),
        ("Xã/Phường", "Phường Bạch Đằng Mẫu"),
        ("Tỉnh/Thành phố", "Thành phố Hải Phòng"),
        ("Giáo viên chủ nhiệm", "Phan Anh Khoa"),
        ("Số CCCD GVCN", "099089000044"),
        ("Hiệu trưởng", "Nguyễn Bảo Thảo"),
        ("Số CCCD hiệu trưởng", "099186000055"),
        ("Thông tư", "27/2020/TT-BGDĐT" if level is Level.TH else "22/2021/TT-BGDĐT"),
    ):
        info.append(row)
    # The dates above are those of grade 4.
    born = [(*pupil[:2], f"{pupil[2][:6]}{2020 - grade}", *pupil[3:]) for pupil in PUPILS]
    add_table(
        book,
        "Học sinh",
        ("STT", "Mã học sinh", "Họ và tên", "Ngày sinh", "Giới tính", "Số định danh cá nhân", "Họ và tên mẹ"),
        [(stt, *pupil, "Vũ Gia My") for stt, pupil in enumerate(born, start=1)],
    )
    headings = ("Môn học", "Giáo viên", "Số CCCD giáo viên", "Số tiết/năm", "Hình thức đánh giá")
    add_table(book, "Phân công", headings, [(name, "Lê Bảo Nhi", "099170000066", 70, "-") for name in subjects])
    return book


def primary(grade: int = 4) -> Workbook:
    """A primary class: everything Hoàn thành, Đạt and 7."""
    subjects = {subject.name_at(Level.TH): subject for subject in compulsory_in(grade)}
    book = _begun(Level.TH, grade, list(subjects))
    columns: dict[str, object] = {}
    for name, subject in subjects.items():
        columns[level_column(name)] = "Hoàn thành"
        if subject in tested_in(grade):
            columns[ktdk_column(name)] = 7
    _by_pupil(book, "Môn học", columns)
    _by_pupil(book, "Phẩm chất năng lực", {trait.label: "Đạt" for trait in Trait})
    results = {
        "Cân nặng": 31.9,
        "Chiều cao": 138,
        "Nghỉ có phép": 1,
        "Nghỉ không phép": 0,
        "Đánh giá kết quả giáo dục": "Hoàn thành",
        "Hoàn thành chương trình" if grade == Level.TH.grades[-1] else "Được lên lớp": "Có",
        "Khen thưởng": None,
        "Nhận xét của GVCN": "Chăm, biết giúp bạn.",
        "Nhận xét phẩm chất": "Trung thực.",
        "Nhận xét năng lực chung": "Biết tự học.",
        "Nhận xét năng lực đặc thù": "Đọc tốt.",
    }
    _by_pupil(book, "Kết quả", results)
    return book


def upper_secondary() -> Workbook:
    """A class of grade 12: 7,5 in everything that is scored, so Khá."""
    subjects = [*compulsory_in(12), *(BY_CODE[code] for code in ELECTIVES)]
    book = _begun(Level.THPT, 12, [subject.name for subject in subjects])
    marks = {subject.name: 7.5 if subject.scored and subject.code != "AM_NHAC" else "Đạt" for subject in subjects}
    for sheet in ("Học kỳ I", "Học kỳ II", "Cả năm"):
        _by_pupil(book, sheet, marks)
    results: dict[str, object] = {f"Rèn luyện {term}": "Tốt" for term in ("HKI", "HKII", "cả năm")}
    results |= {f"Học tập {term}": "Khá" for term in ("HKI", "HKII", "cả năm")}
    results |= {"Nghỉ có phép": 1, "Nghỉ không phép": 0, "Hoàn thành chương trình": "Có", "Danh hiệu": None}
    _by_pupil(book, "Kết quả", results)
    _by_pupil(book, "Nhận xét", dict.fromkeys(marks, "Nắm chắc bài.") | {"Nhận xét của GVCN": "Chăm."})
    return book


def half_year(data: bytes) -> bytes:
    """A class of secondary as it stands in January: no sheet of semester II or the year, and of results semester I alone."""
    book = opened(data)
    for title in ("Học kỳ II", "Cả năm"):
        del book[title]
    headings = [cell.value for cell in book["Kết quả"][HEADING_ROW]]
    there = {"STT", "Mã học sinh", "Họ và tên", "Rèn luyện HKI", "Học tập HKI"}
    for column, title in enumerate(headings, start=1):
        if title not in there:
            for row in range(HEADING_ROW + 1, book["Kết quả"].max_row + 1):
                book["Kết quả"].cell(row, column).value = None
    return saved(book)
