# SPDX-License-Identifier: Apache-2.0

"""What the first sheet of a template tells whoever fills it in: a line per sheet, in Vietnamese and in English."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ledger.record.sheets.tables import (
    ACHIEVEMENTS,
    COMMENTS,
    HISTORY,
    INFO,
    PUPILS,
    REASSESSED,
    RESULTS,
    TEACHERS,
    TERM_1,
    TERM_2,
    TRAITS,
)

NOTES_SHEET: Final = "Hướng dẫn"
"""Readers leave this sheet aside."""


@dataclass(frozen=True, slots=True)
class Note:
    """What to say of one sheet."""

    vi: str
    en: str


_TERM: Final = Note(
    "Mỗi môn một cột: điểm từ 0 đến 10 với một chữ số thập phân (7,5), hoặc Đạt / Chưa đạt, hoặc Miễn. Có thể thay bằng"
    " trang sổ điểm “Sổ điểm HKI”, “Sổ điểm HKII” (Toán - TX1 … TX4, GK, CK): phần mềm sẽ tự tính.",
    "A column per subject: a mark from 0 to 10 with one decimal, or Đạt / Chưa đạt, or Miễn (exempt). The mark book may"
    " stand in its place (sheets “Sổ điểm HKI”, “Sổ điểm HKII” with Toán - TX1 … TX4, GK, CK): it is computed then.",
)
NOTES: Final[Mapping[str, Note]] = {
    INFO: Note(
        "Ghi vào cột B. Mã trường có 8 chữ số; năm học ghi như 2025-2026. Không bắt buộc: Quận/Huyện (chỉ đến năm học"
        " 2024-2025), Địa danh, Chức vụ, Nguồn gốc.",
        "Write into column B. The school's code has 8 digits; a school year is written like 2025-2026. Optional:"
        " Quận/Huyện (until 2024-2025), Địa danh, Chức vụ, Nguồn gốc (only for what was copied from paper).",
    ),
    PUPILS: Note(
        "Mỗi học sinh một dòng. Mã học sinh lấy từ cơ sở dữ liệu ngành. Ngày sinh ghi ngày/tháng/năm. Số định danh gồm 12"
        " chữ số; nếu chưa có, ghi “Chưa có”; học sinh nước ngoài ghi Số hộ chiếu.",
        "A row per pupil. The code comes from the sector database; a date is day/month/year. The personal number has 12"
        " digits; write “Chưa có” if it is still to be given, or the passport of a foreign pupil.",
    ),
    TEACHERS: Note(
        "Mỗi môn một dòng, với giáo viên dạy lớp này. Sửa tên môn cho đúng với lớp (ví dụ Ngoại ngữ 1 (Tiếng Anh), các môn"
        " lựa chọn), và sửa giống như vậy ở các trang khác.",
        "A row per subject, with who teaches this class. Correct the names for your class (the language, the electives),"
        " and in the same way on the other sheets.",
    ),
    TERM_1: _TERM,
    TERM_2: Note(
        "Như trang Học kỳ I. Kết quả cả năm được tính từ hai học kỳ; nếu muốn ghi, thêm trang “Cả năm”.",
        "As Học kỳ I. The year is computed from the two semesters; add a sheet “Cả năm” to state it yourself.",
    ),
    ACHIEVEMENTS: Note(
        "Mỗi môn có cột Mức: Hoàn thành tốt, Hoàn thành, Chưa hoàn thành (hoặc T, H, C); môn có kiểm tra định kỳ thêm cột"
        " KTĐK: điểm nguyên từ 0 đến 10.",
        "Each subject has a level, Hoàn thành tốt, Hoàn thành, Chưa hoàn thành (or T, H, C); a tested subject also has"
        " the mark of the test at the end of the year, a whole number.",
    ),
    TRAITS: Note(
        "Mỗi phẩm chất, năng lực: Tốt, Đạt, Cần cố gắng (hoặc T, Đ, C). Công nghệ và Tin học để trống ở lớp 1, 2.",
        "Each quality and competence: Tốt, Đạt, Cần cố gắng (or T, Đ, C). Leave Công nghệ and Tin học empty in grades 1, 2.",
    ),
    RESULTS: Note(
        "Kết quả cả năm của từng học sinh; chọn trong danh sách. Danh hiệu hoặc Khen thưởng để trống nếu không có. Học sinh"
        " khuyết tật không đánh giá: ghi rõ ở Ghi chú.",
        "Each pupil's results of the year; choose from the lists. Leave the award empty if there is none. Say under Ghi chú"
        " if a pupil with a disability is not assessed (“khuyết tật, không đánh giá”).",
    ),
    COMMENTS: Note(
        "Nhận xét của từng giáo viên bộ môn, và của giáo viên chủ nhiệm ở cột cuối.",
        "What each teacher says of the pupil, and the homeroom teacher in the last column.",
    ),
    REASSESSED: Note(
        "Không bắt buộc: chỉ ghi học sinh và môn được đánh giá lại sau hè.",
        "Optional: only the pupils and subjects that were assessed again in summer.",
    ),
    HISTORY: Note(
        "Không bắt buộc: mỗi năm học trước một dòng.",
        "Optional: a row for each earlier school year.",
    ),
}


def notes_for(sheets: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield the lines of the notes on a workbook that has these sheets: title, Vietnamese, English."""
    yield (
        NOTES_SHEET,
        "Mỗi tệp một lớp. Ô tiêu đề đậm là bắt buộc. Đừng đổi tên trang và tiêu đề cột; thêm cột, thêm dòng được.",
        "One class per file. A bold heading is required. Keep the titles of sheets and columns; more may be added.",
    )
    yield "Trang", "Nội dung", "In English"
    for sheet in sheets:
        yield sheet, NOTES[sheet].vi, NOTES[sheet].en
