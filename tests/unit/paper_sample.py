# SPDX-License-Identifier: Apache-2.0

"""Units and a booklet to print, usual and extreme, and what poppler reads back from paper."""

import re
import subprocess
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from html import unescape
from pathlib import Path
from uuid import UUID

from ledger.paper.content import (
    AchievementRow,
    HandedOverRow,
    HistoryRow,
    Line,
    ListedRow,
    MarkRow,
    PaperBooklet,
    PaperConfirmation,
    PaperUnit,
    ResultRow,
    TraitTable,
)
from ledger.paper.render import render_booklet, render_confirmation, render_unit
from ledger.record.scales import Trait, TraitKind
from ledger.record.subjects import Level, compulsory_in

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
        "level": Level.THCS,
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
        "cover": (
            Line("Xã (Phường, Đặc khu)", "Phường Gia Viên"),
            Line("Tỉnh (Thành phố)", "Thành phố Hải Phòng"),
            Line("Số đăng bộ", "183/2022"),
        ),
        "issue_date": "28/05/2026",
    }
    return PaperUnit(**(content | changes))


def upper_unit(**changes) -> PaperUnit:
    """Upper secondary, of a pupil whose name no English spelling rule expects."""
    content = {
        "level": Level.THPT,
        "level_title": "Trung học phổ thông",
        "school": "Trường THPT Lạch Tray Mẫu",
        "class_name": "12A1",
        "pupil": "H'Hen Niê Êban",
        "summer_comment": "Đã rèn luyện tốt trong hè.",
        "outcome": (
            Line("Kết quả cuối năm học", "Hoàn thành chương trình trung học phổ thông"),
            Line("Chứng chỉ", "IELTS 6.5"),
        ),
    }
    return unit(**(content | changes))


def primary_unit(**changes) -> PaperUnit:
    comment = "Đọc lưu loát, rõ ràng, viết chữ đẹp; biết vận dụng thực hành."
    content = {
        "level": Level.TH,
        "level_title": "Tiểu học",
        "school": "Trường Tiểu học Lạch Tray Mẫu",
        "class_name": "4A1",
        "pupil": "Giàng A Páo",
        "marks": (),
        "results": (),
        "outcome": (
            Line("4. Đánh giá kết quả giáo dục", "Hoàn thành tốt"),
            Line("5. Khen thưởng", None),
            Line("6. Hoàn thành chương trình lớp học/chương trình tiểu học", "Hoàn thành chương trình lớp 4"),
            Line("Số buổi nghỉ học có phép", "2", wide=False),
            Line("Số buổi nghỉ học không phép", "0", wide=False),
        ),
        "homeroom_comment": None,
        "achievements": tuple(
            AchievementRow(
                subject.name_at(Level.TH), "Hoàn thành tốt", "9" if subject.scored else None, comment, "Phan Hoài Linh"
            )
            for subject in compulsory_in(4)
        ),
        "traits": tuple(
            TraitTable(tuple((trait.label, "Tốt") for trait in Trait if trait.kind is kind), comment)
            for kind in TraitKind
        ),
    }
    return unit(**(content | changes))


def booklet(**changes) -> PaperBooklet:
    usual = unit()
    content = {
        "booklet_id": UUID("aaaaaaaa-1111-4222-8333-444444444444"),
        "level": Level.THCS,
        "authority": usual.authority,
        "school": usual.school,
        "level_title": usual.level_title,
        "school_years": "2022-2026",
        "class_name": "9A1",
        "pupil": usual.pupil,
        "cover": usual.cover,
        "identity": usual.identity,
        "history": usual.history,
        "units": tuple(
            ListedRow(
                f"{2016 + grade}-{2017 + grade}",
                grade,
                f"{grade}A1",
                usual.school,
                UUID(int=UNIT_ID.int + grade),
                (f"0123456{grade} 89abcdef 01234567 89abcdef", "76543210 fedcba98 76543210 fedcba98"),
            )
            for grade in range(6, 10)
        ),
        "completion": "Hoàn thành chương trình trung học cơ sở",
        "place_and_date": usual.place_and_date,
        "head": usual.head,
        "head_position": usual.head_position,
        "issue_date": usual.issue_date,
        "short_code": usual.short_code,
    }
    return PaperBooklet(**(content | changes))


def confirmation() -> PaperConfirmation:
    """What the old school confirms of a pupil who leaves in January."""
    half = unit()
    return PaperConfirmation(
        unit_id=UNIT_ID,
        level=half.level,
        authority=half.authority,
        school=half.school,
        school_code="31312502",
        to_school="Trường THCS Nơi Đến",
        to_code="31312503",
        level_title=half.level_title,
        school_year=half.school_year,
        class_name=half.class_name,
        pupil=half.pupil,
        identity=half.identity,
        until="16/01/2026",
        marks=tuple(replace(row, term_2=None, year=None) for row in half.marks),
        results=tuple(replace(row, term_2=None, year=None) for row in half.results),
        achievements=(),
        traits=(),
        attendance=half.outcome[:2],
        homeroom_comment=half.homeroom_comment,
        handed_over=(HandedOverRow("2024-2025", "8A1", half.school, UUID(int=7, version=4)),),
        place_and_date="Hải Phòng, ngày 16 tháng 01 năm 2026",
        head=half.head,
        head_position=half.head_position,
    )


def print_out(content: PaperUnit | PaperBooklet | PaperConfirmation, **changes) -> bytes:
    """The paper of `content`, by the newest template unless one is named."""
    if isinstance(content, PaperConfirmation):
        return render_confirmation(content, **{"record_xml": RECORD_XML, "created": NOW} | changes)
    arguments = {"record_xml": RECORD_XML, "qr_url": QR_URL, "created": NOW} | changes
    return render_unit(content, **arguments) if isinstance(content, PaperUnit) else render_booklet(content, **arguments)


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


LONG_COMMENT = ("Hiểu bài, vận dụng còn chậm; cần luyện tập thêm, đọc lưu loát, rõ ràng. " * 14)[:1000]
CROWDED = {
    "authority": "Ủy ban nhân dân Thành phố - Sở Giáo dục và Đào tạo Thừa Thiên Huế và Đà Nẵng",
    "school": LONG_SCHOOL,
    "class_name": "9A1 tăng cường tiếng Anh",
    "pupil": LONG_NAME,
    "cover": tuple(
        Line(label, LONG_SCHOOL)
        for label in ("Xã (Phường, Thị trấn)", "Huyện (Quận, Thị xã)", "Tỉnh (Thành phố)", "Số đăng bộ")
    ),
    "identity": tuple(Line(f"Dòng thứ {n}", LONG_SCHOOL, wide=n % 3 == 0) for n in range(13)),
    "history": tuple(
        HistoryRow(
            "2025-2026", "9A1 tăng cường", "x" * 300 if n == 1 else LONG_SCHOOL, "28/02/2026" if n == 4 else None
        )
        for n in range(9)
    ),
    "place_and_date": f"{LONG_SCHOOL}, ngày 28 tháng 5 năm 2026",
    "head": LONG_NAME,
    "head_position": f"Phó Hiệu trưởng {LONG_SCHOOL}",
}


def crowded_secondary() -> PaperUnit:
    """Every subject re-assessed and commented on at length, and copied from paper."""
    old = crowded_unit()
    rows = tuple(
        MarkRow(row.subject, "10", "Chưa đạt", "Chưa đạt", "Chưa đạt", LONG_COMMENT, row.teacher) for row in old.marks
    )
    return unit(
        **CROWDED,
        marks=rows,
        results=tuple(ResultRow(f"Kết quả {n}", *["Chưa đạt"] * 4) for n in range(2)),
        outcome=(*old.outcome, Line("Chứng chỉ", LONG_COMMENT), Line("Chuyên đề học tập", LONG_COMMENT)),
        homeroom_comment=LONG_COMMENT,
        summer_comment=LONG_COMMENT,
        homeroom_teacher="W" * 100,
        origin="Số hóa từ học bạ giấy",
    )


def crowded_primary() -> PaperUnit:
    usual = primary_unit()
    return primary_unit(
        **CROWDED,
        achievements=tuple(
            AchievementRow(f"{row.subject} {row.subject}", "Chưa hoàn thành", "10", LONG_COMMENT, LONG_NAME)
            for row in (*usual.achievements, *usual.achievements[:4])
        ),
        traits=tuple(
            TraitTable(tuple((label, "Cần cố gắng") for label, _ in table.rows), LONG_COMMENT) for table in usual.traits
        ),
        outcome=(*(Line(line.label, LONG_COMMENT) for line in usual.outcome[:3]), *usual.outcome[3:]),
        homeroom_comment=LONG_COMMENT,
        homeroom_teacher="W" * 100,
        origin="Số hóa từ học bạ giấy",
    )


def crowded_booklet() -> PaperBooklet:
    usual = booklet()
    rows = tuple(
        ListedRow(row.school_year, row.grade, "9A1 tăng cường", LONG_SCHOOL, row.unit_id, row.manifest)
        for row in usual.units * 3
    )
    return booklet(**CROWDED, units=rows)


def bare_secondary() -> PaperUnit:
    """Nothing but what a unit cannot be without."""
    nothing = dict.fromkeys(("identity", "history", "marks", "results", "outcome", "cover"), ())
    return unit(
        school_location=None, register_number=None, homeroom_comment=None, short_code=None, issue_date=None, **nothing
    )


def bare_primary() -> PaperUnit:
    usual = primary_unit()
    nothing = dict.fromkeys(("identity", "history", "achievements", "cover"), ())
    return primary_unit(
        **nothing,
        traits=tuple(TraitTable(tuple((label, None) for label, _ in table.rows), None) for table in usual.traits),
        outcome=tuple(Line(line.label, None) for line in usual.outcome[:3]),
        short_code=None,
        issue_date=None,
    )


def bare_booklet() -> PaperBooklet:
    return booklet(identity=(), history=(), cover=(), units=booklet().units[:1], completion=None, short_code=None)


FORMS = {
    "primary": primary_unit,
    "lower-secondary": unit,
    "upper-secondary": upper_unit,
    "booklet": booklet,
}
EXTREMES = {
    "crowded-primary": crowded_primary,
    "crowded-secondary": crowded_secondary,
    "crowded-booklet": crowded_booklet,
    "bare-primary": bare_primary,
    "bare-secondary": bare_secondary,
    "bare-booklet": bare_booklet,
}


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
