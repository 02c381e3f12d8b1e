# SPDX-License-Identifier: Apache-2.0

"""A unit to print, and what poppler reads back from paper."""

import re
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from html import unescape
from pathlib import Path
from uuid import UUID

from ledger.paper.content import HistoryRow, Line, MarkRow, PaperUnit, ResultRow

NOW = datetime(2026, 5, 28, 9, 30, tzinfo=timezone(timedelta(hours=7)))
UNIT_ID = UUID("123e4567-e89b-42d3-a456-556642440000")
ADDRESS = f"https://tracuu.hocba.example.vn/q/{UNIT_ID}"
QR_URL = f"{ADDRESS}#{'Ab_9' * 46}"
RECORD_XML = '<DU_LIEU_HOC_BA Id="data"><HO_VA_TEN>Trần Thanh Hân</HO_VA_TEN></DU_LIEU_HOC_BA>'.encode()
SUBJECTS = (
    "Ngữ văn",
    "Toán",
    "Ngoại ngữ 1 (Tiếng Anh)",
    "Giáo dục công dân",
    "Lịch sử và Địa lí",
    "Khoa học tự nhiên",
    "Công nghệ",
    "Tin học",
    "Giáo dục thể chất",
    "Nghệ thuật",
    "Hoạt động trải nghiệm, hướng nghiệp",
    "Nội dung giáo dục của địa phương",
)


def unit(**changes) -> PaperUnit:
    content = {
        "unit_id": UNIT_ID,
        "authority": "Sở Giáo dục và Đào tạo Hải Phòng",
        "school": "Trường THCS Lạch Tray Mẫu",
        "school_location": "Phường Gia Viên, Thành phố Hải Phòng",
        "level_title": "Trung học cơ sở",
        "school_year": "2025-2026",
        "class_name": "9A1",
        "register_number": "183/2022",
        "pupil": "Trần Thanh Hân",
        "identity": (
            Line("Giới tính", "Nữ", wide=False),
            Line("Ngày, tháng, năm sinh", "09/02/2011", wide=False),
            Line("Nơi sinh", "Thành phố Hải Phòng"),
            Line("Họ và tên cha", None),
        ),
        "history": (HistoryRow("2025-2026", "9A1", "Trường THCS Lạch Tray Mẫu"),),
        "marks": tuple(
            MarkRow(subject, "8,1", "7,8", "7,9", None, "Tư duy tốt, cần đọc thêm tài liệu.", "Phan Hoài Linh")
            for subject in SUBJECTS
        ),
        "results": (
            ResultRow("Kết quả rèn luyện", "Khá", "Tốt", "Tốt"),
            ResultRow("Kết quả học tập", "Khá", "Khá", "Khá"),
        ),
        "outcome": (
            Line("Số buổi nghỉ học có phép", "2", wide=False),
            Line("Số buổi nghỉ học không phép", "0", wide=False),
            Line("Kết quả cuối năm học", "Hoàn thành chương trình trung học cơ sở"),
        ),
        "homeroom_comment": "Có ý thức, còn thiếu tự tin khi phát biểu.",
        "place_and_date": "Hải Phòng, ngày 28 tháng 5 năm 2026",
        "head": "Nguyễn Thị Minh Phương",
        "head_position": "Hiệu trưởng",
        "homeroom_teacher": "Phan Hoài Linh",
        "short_code": "7QK2M-9XTRA-4C0VZ-W",
    }
    return PaperUnit(**(content | changes))


LONG_NAME = "Nguyễn Hoàng Bảo Minh Anh Công Tằng Tôn Nữ Thị Quỳnh Trang Phương Thảo Nguyên Khánh Huyền Diệu Linh Anh"
LONG_SCHOOL = "Trường Phổ thông Dân tộc Bán trú Tiểu học và Trung học cơ sở Nguyễn Thị Minh Khai xã Quảng Sơn Mẫu"


def crowded_unit() -> PaperUnit:
    """As much as anybody could put on a form, and more."""
    comment = "Hiểu bài, vận dụng còn chậm; cần luyện tập thêm, đọc lưu loát, rõ ràng. "
    rows = []
    for number, subject in enumerate((*SUBJECTS, "Ngoại ngữ 2 (Tiếng Nhật)", "Tiếng dân tộc thiểu số (Ba Na)")):
        said = {0: "x" * 700, 4: comment * 45}.get(number, comment * 4)
        teacher = LONG_NAME if number % 3 == 0 else "W" * 60
        rows.append(MarkRow(subject * 2, "10", "Chưa đạt", "Chưa đạt", "Đạt", said, teacher))
    return unit(
        authority="Ủy ban nhân dân Thành phố - Sở Giáo dục và Đào tạo Thừa Thiên Huế và Đà Nẵng",
        school=LONG_SCHOOL,
        school_location=LONG_SCHOOL,
        class_name="9A1 tăng cường tiếng Anh",
        register_number="1" * 80,
        pupil=LONG_NAME,
        identity=tuple(Line(f"Dòng thứ {n}", LONG_SCHOOL, wide=n % 3 == 0) for n in range(10)),
        history=tuple(
            HistoryRow("2025-2026", "9A1 tăng cường", "x" * 300 if n == 1 else LONG_SCHOOL) for n in range(9)
        ),
        marks=tuple(rows),
        results=(ResultRow("Kết quả rèn luyện", "Chưa đạt", None, "Chưa đạt", "Đạt"),),
        outcome=(Line("Số buổi nghỉ học có phép", "200", wide=False), Line("Khen thưởng", LONG_SCHOOL * 3)),
        homeroom_comment=comment * 60,
        place_and_date=f"{LONG_SCHOOL}, ngày 28 tháng 5 năm 2026",
        head=LONG_NAME,
        head_position=f"Phó Hiệu trưởng {LONG_SCHOOL}",
        homeroom_teacher="W" * 100,
    )


@dataclass(frozen=True)
class Word:
    """A word on a page, in points from its upper left corner."""

    page: int
    text: str
    x0: float
    y0: float
    x1: float
    y1: float

    def covers(self, other: "Word") -> bool:
        """Whether the letters of both overlap; boxes reach from ascender to descender, so their rims may touch."""
        slack = 0.3 * min(self.y1 - self.y0, other.y1 - other.y0)
        return (
            self.page == other.page
            and self.x0 + 0.5 < other.x1
            and other.x0 + 0.5 < self.x1
            and self.y0 + slack < other.y1
            and other.y0 + slack < self.y1
        )


def _run(*command: str, data: bytes) -> bytes:
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def text_of(pdf: bytes) -> str:
    return _run("pdftotext", "-layout", "-", "-", data=pdf).decode()


def words_of(pdf: bytes) -> list[Word]:
    words, page = [], -1
    pattern = re.compile(r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.*?)</word>')
    for line in _run("pdftotext", "-bbox", "-", "-", data=pdf).decode().splitlines():
        page += "<page " in line
        if found := pattern.search(line):
            x0, y0, x1, y1 = (float(found[n]) for n in range(1, 5))
            words.append(Word(page, unescape(found[5]), x0, y0, x1, y1))
    return words


def fonts_of(pdf: bytes, folder: Path) -> list[list[str]]:
    """Rows of pdffonts, split: name first, then type and encoding, then embedded, subset, to-Unicode."""
    (folder / "paper.pdf").write_bytes(pdf)
    return [line.split() for line in _run("pdffonts", str(folder / "paper.pdf"), data=b"").decode().splitlines()[2:]]


def picture_of(pdf: bytes, folder: Path, *, page: int, dpi: int) -> Path:
    (folder / "paper.pdf").write_bytes(pdf)
    out = folder / "page"
    _run(
        "pdftoppm", "-r", str(dpi), "-f", str(page), "-l", str(page), "-singlefile", "-png",
        str(folder / "paper.pdf"), str(out), data=b"",
    )  # fmt: skip
    return out.with_suffix(".png")
