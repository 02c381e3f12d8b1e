# SPDX-License-Identifier: Apache-2.0

"""What the sample classes of every level have in common: pupils, teachers, and sheets in the shape that schools export.

Three title rows with merged cells stand above each table, and nothing says where the table begins.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from ledger.record.scales import Attainment, Mark
from ledger.record.subjects import Level, Subject
from scripts.sample_people import ADULT_YEARS, EDGE_PUPILS, SampleName, name_of, number_for

HEADING_ROW: Final = 5
FIRST_ROW: Final = HEADING_ROW + 1
AUTHORITY: Final = "Sở Giáo dục và Đào tạo Hải Phòng"
WARD: Final = "Phường Bạch Đằng Mẫu"
PROVINCE: Final = "Thành phố Hải Phòng"
SCHOOLS: Final = {
    Level.TH: ("Trường Tiểu học Sông Cấm Mẫu", "31999499"),
    Level.THCS: ("Trường THCS Sông Cấm Mẫu", "31999599"),
    Level.THPT: ("Trường THPT Sông Cấm Mẫu", "31999799"),
}
"""Name and code; schools that do not exist."""
COMMENTS: Final = (
    "Nắm chắc bài, trình bày gọn; nên mạnh dạn phát biểu hơn.",
    "Có cố gắng ở nửa cuối năm; cần luyện thêm bài tập vận dụng.",
    "Tiếp thu nhanh, biết giúp bạn cùng học.",
    "Chuẩn bị bài đều; cần cẩn thận hơn khi tính toán và viết.",
    "Ham đọc, diễn đạt rõ ràng, có ý tưởng riêng.",
)

Value = str | float | int | None
"""What a cell may hold."""


@dataclass(frozen=True, slots=True)
class SamplePupil:
    """One pupil of a class list."""

    name: SampleName
    code: str
    birth: date
    personal_id: str | None
    parents: tuple[str, str]


def shown(mark: Mark) -> Value:
    """Return a mark as a spreadsheet holds it."""
    return mark.value if isinstance(mark, Attainment) else float(mark)


class SampleClass(ABC):
    """Builds one class; every choice comes from the one random source, in one order."""

    level: Level
    edge_pupils: tuple[SampleName, ...] = EDGE_PUPILS
    circular: str

    def __init__(self, chance: random.Random, grade: int, class_name: str, size: int, first_year: int) -> None:
        self._chance = chance
        self._grade = grade
        self._class = class_name
        self._year = first_year
        self._school, self._school_code = SCHOOLS[self.level]
        self._subjects = self._choose_subjects()
        self._pupils: list[SamplePupil] = []
        for index in range(size):
            self._pupils.append(self._pupil(index))

    @abstractmethod
    def workbook(self) -> Workbook:
        """Return the sheets."""

    @abstractmethod
    def _choose_subjects(self) -> tuple[Subject, ...]:
        """Return what the class is taught."""

    @property
    @abstractmethod
    def _cases(self) -> int:
        """How many pupils at the head of the list are boundary cases."""

    def _pupil(self, index: int) -> SamplePupil:
        # The names that break software stand below the boundary cases, a fixed few places down.
        edge = index - self._cases
        name = self.edge_pupils[edge] if 0 <= edge < len(self.edge_pupils) else name_of(self._chance)
        birth = date(self._year - self._grade - 5, 1, 1) + timedelta(days=self._chance.randrange(365))
        if name.twin:
            birth = self._pupils[-1].birth
        number = number_for(self._chance, female=name.female, year=birth.year)
        code = f"31{self._chance.randrange(10**8):08d}"
        parents = (name_of(self._chance, female=False).full, name_of(self._chance, female=True).full)
        shown_number = "Chưa có" if name.pending else number if name.nationality == "Việt Nam" else None
        return SamplePupil(name, code, birth, shown_number, parents)

    def _adult(self) -> tuple[str, str]:
        name = name_of(self._chance)
        return name.full, number_for(self._chance, female=name.female, year=self._chance.choice(ADULT_YEARS))

    def _title(self, subject: Subject) -> str:
        name = subject.name_at(self.level)
        return f"{name} (Tiếng Anh)" if subject.code == "NGOAI_NGU_1" else name

    def _info(self, sheet: Worksheet, homeroom: tuple[str, str], principal: tuple[str, str]) -> None:
        for line in (
            ("Sở GD&ĐT", AUTHORITY),
            ("Mã Sở", "31"),
            ("Trường", self._school),
            ("Mã trường", self._school_code),
            ("Cấp học", self.level.value),
            ("Năm học", f"{self._year}-{self._year + 1}"),
            ("Khối", self._grade),
            ("Lớp", self._class),
            ("Xã/Phường", WARD),
            ("Tỉnh/Thành phố", PROVINCE),
            ("Giáo viên chủ nhiệm", homeroom[0]),
            ("Số CCCD GVCN", homeroom[1]),
            ("Hiệu trưởng", principal[0]),
            ("Số CCCD hiệu trưởng", principal[1]),
            ("Thông tư", self.circular),
        ):
            sheet.append(line)

    def _sheet(self, book: Workbook, title: str, banner: str, headings: Sequence[str]) -> Worksheet:
        sheet: Worksheet = book.create_sheet(title)
        sheet["A1"], sheet["A2"] = AUTHORITY.upper(), self._school.upper()
        sheet["A3"] = f"{banner} - LỚP {self._class} - NĂM HỌC {self._year}-{self._year + 1}"
        for merged in ("A1:F1", "A2:F2", "A3:H3"):
            sheet.merge_cells(merged)
        for column, heading in enumerate(headings, start=1):
            sheet.cell(HEADING_ROW, column, heading)
        return sheet

    def _table(
        self, book: Workbook, title: str, banner: str, headings: Sequence[str], rows: Sequence[Sequence[Value]]
    ) -> None:
        sheet = self._sheet(book, title, banner, ["STT", "Mã học sinh", "Họ và tên", *headings])
        for stt, (pupil, row) in enumerate(zip(self._pupils, rows, strict=True), start=1):
            line: tuple[Value, ...] = (stt, pupil.code, pupil.name.full, *row)
            for column, value in enumerate(line, start=1):
                sheet.cell(FIRST_ROW + stt - 1, column, value)

    def _roll(self, book: Workbook, *, passports: bool = False) -> None:
        """Write the class list; with `passports`, also what tells foreign pupils apart."""
        headings = (
            *("Ngày sinh", "Giới tính", "Số định danh cá nhân", "Dân tộc", "Quốc tịch", "Nơi sinh", "Quê quán"),
            *("Chỗ ở hiện nay", "Họ và tên cha", "Họ và tên mẹ", "Người giám hộ", "Số đăng bộ"),
            *(("Số hộ chiếu",) if passports else ()),
        )
        rows = [
            (
                pupil.birth.strftime("%d/%m/%Y"),
                "Nữ" if pupil.name.female else "Nam",
                pupil.personal_id,
                pupil.name.ethnicity,
                pupil.name.nationality,
                PROVINCE,
                PROVINCE,
                f"{WARD}, {PROVINCE}",
                *pupil.parents,
                None,
                f"{100 + index}/{self._year - self._grade + self.level.grades[0]}",
                *((f"M{index:08d}" if pupil.personal_id is None else None,) if passports else ()),
            )
            for index, pupil in enumerate(self._pupils)
        ]
        self._table(book, "Học sinh", "DANH SÁCH HỌC SINH", headings, rows)

    def _assignment(self, book: Workbook, headings: Sequence[str], lines: Sequence[Sequence[Value]]) -> None:
        sheet = self._sheet(book, "Phân công", "PHÂN CÔNG GIẢNG DẠY", headings)
        for row, line in enumerate(lines, start=FIRST_ROW):
            for column, value in enumerate(line, start=1):
                sheet.cell(row, column, value)
