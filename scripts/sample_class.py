# SPDX-License-Identifier: Apache-2.0

"""Classes that never existed, in the shape that schools export theirs, for demonstrations, tests and measurements.

    python -m scripts.sample_class --grade 9 --class 9A1 --pupils 42 --seed 1 --out 9A1.xlsx

The same arguments give the same bytes. Results are computed by the rules of the circular, so a class checks without an
error; the marks at the head of the list are boundary cases (`BOUNDARIES`), and its names include those that software
tends to break (`EDGE_PUPILS`). Personal numbers begin with 099, which was never assigned, so none can be anybody's;
school, people and comments are invented.

For tests, `make_workbook` takes the cells to spoil::

    make_workbook(edits=[Edit("Học kỳ I", stt=4, column="Toán", value=10.4)])
"""

import argparse
import io
import random
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from ledger.record.rulebook import TT22
from ledger.record.rules_tt22 import award_for, promotes, rounded, study_result, year_conduct, year_mark
from ledger.record.scales import Attainment, Mark, Rating
from ledger.record.subjects import Level, Subject, compulsory_in
from scripts.sample_people import ADULT_YEARS, EDGE_PUPILS, SampleName, name_of, number_for

HEADING_ROW: Final = 5
FIRST_ROW: Final = HEADING_ROW + 1
SCHOOL: Final = "Trường THCS Sông Cấm Mẫu"
AUTHORITY: Final = "Sở Giáo dục và Đào tạo Hải Phòng"
WARD: Final = "Phường Bạch Đằng Mẫu"
PROVINCE: Final = "Thành phố Hải Phòng"
PERIODS: Final = {"NGU_VAN": 140, "TOAN": 140, "KHTN": 140, "NGOAI_NGU_1": 105, "LS_DL": 105, "HDTN_HN": 105}
COMMENTS: Final = (
    "Nắm chắc bài, trình bày gọn; nên mạnh dạn phát biểu hơn.",
    "Có cố gắng ở nửa cuối năm; cần luyện thêm bài tập vận dụng.",
    "Tiếp thu nhanh, biết giúp bạn cùng học.",
    "Chuẩn bị bài đều; cần cẩn thận hơn khi tính toán và viết.",
    "Ham đọc, diễn đạt rõ ràng, có ý tưởng riêng.",
)

Value = str | float | int | None
"""What a cell may hold."""

_EPOCH: Final = (2026, 5, 20, 0, 0, 0)
_DAT, _FAILED = Attainment.DAT, Attainment.CHUA_DAT


@dataclass(frozen=True, slots=True)
class Edit:
    """A cell to overwrite after the workbook has been made. `stt` is 0 for the heading itself."""

    sheet: str
    stt: int
    column: str
    value: Value


@dataclass(frozen=True, slots=True)
class Case:
    """Marks that lie on an edge of the rules: the same in both semesters, for the scored subjects in their order."""

    name: str
    scores: tuple[str, ...]
    comments: tuple[Attainment, ...] = (_DAT, _DAT, _DAT, _DAT)
    absences: tuple[int, int] = (0, 0)


BOUNDARIES: Final = (
    Case("one 6.4 in an otherwise Tốt record: Khá, one step, no adjustment", ("6.4", *["8.6"] * 7)),
    Case("all 9.1: Học sinh Xuất sắc", ("9.1",) * 8),
    Case("exactly six at 8.0: Tốt", (*["8.0"] * 6, "6.5", "6.5")),
    Case("exactly five at 8.0: Khá", (*["8.0"] * 5, "7.9", "6.5", "6.5")),
    Case("one 4.9 in an otherwise Tốt record: Đạt, adjusted to Khá", ("8.6", "4.9", *["8.6"] * 6)),
    Case(
        "one comment subject Chưa đạt in an otherwise Tốt record: adjusted to Khá", ("8.6",) * 8, (_FAILED, *[_DAT] * 3)
    ),
    Case("45 absences: promoted", (*["7.0"] * 8,), absences=(44, 1)),
    Case("46 absences: not promoted", (*["7.0"] * 8,), absences=(44, 2)),
    Case("one 3.4: Chưa đạt, and no single subject away from Khá", (*["5.0"] * 7, "3.4")),
)


@dataclass(frozen=True, slots=True)
class _Pupil:
    name: SampleName
    code: str
    birth: date
    personal_id: str | None
    parents: tuple[str, str]


def make_workbook(
    *,
    grade: int = 9,
    class_name: str = "9A1",
    pupils: int = 42,
    seed: int = 1,
    first_year: int = 2025,
    edits: Iterable[Edit] = (),
    without_sheets: Sequence[str] = (),
) -> bytes:
    """Return an XLSX of one lower-secondary class, correct by our rules except for what `edits` spoil."""
    if grade not in Level.THCS.grades:
        raise SystemExit(
            f"Chỉ tạo được lớp THCS (khối 6-9), không phải khối {grade}. / Only grades 6 to 9 can be made, not {grade}."
        )
    book = _SampleClass(random.Random(f"{seed}/{grade}/{class_name}"), grade, class_name, pupils, first_year).workbook()  # noqa: S311
    for title in without_sheets:
        del book[title]
    for edit in edits:
        _apply(book[edit.sheet], edit)
    return _stable_bytes(book)


class _SampleClass:
    """Builds one class; every choice comes from the one random source, in one order."""

    def __init__(self, chance: random.Random, grade: int, class_name: str, size: int, first_year: int) -> None:
        self._chance = chance
        self._grade = grade
        self._class = class_name
        self._year = first_year
        self._subjects = compulsory_in(self._grade)
        self._rules = TT22
        self._pupils = [self._pupil(index) for index in range(size)]

    def workbook(self) -> Workbook:
        """Return the eight sheets."""
        book = Workbook()
        book.remove(book.worksheets[0])
        teachers = [self._adult() for _ in self._subjects]
        self._info(book.create_sheet("Thông tin"), teachers[2], self._adult())
        self._roll(book)
        self._assignment(book, teachers)
        marks = [self._marks(index) for index in range(len(self._pupils))]
        names = [self._title(subject) for subject in self._subjects]
        for title, banner, term in (("Học kỳ I", "BẢNG ĐIỂM HỌC KỲ I", 0), ("Học kỳ II", "BẢNG ĐIỂM HỌC KỲ II", 1)):
            self._table(book, title, banner, names, [[_shown(mark) for mark in both[term]] for both in marks])
        year = [[self._year_mark(first, second) for first, second in zip(*both, strict=True)] for both in marks]
        self._table(book, "Cả năm", "BẢNG ĐIỂM CẢ NĂM", names, [[_shown(mark) for mark in line] for line in year])
        self._results(book, marks, year)
        comments = [[self._chance.choice(COMMENTS) for _ in (*names, "")] for _ in self._pupils]
        self._table(book, "Nhận xét", "NHẬN XÉT", [*names, "Nhận xét của GVCN"], comments)
        return book

    def _pupil(self, index: int) -> _Pupil:
        # The names that break software stand below the boundary cases, a fixed few places down.
        edge = index - len(BOUNDARIES)
        name = EDGE_PUPILS[edge] if 0 <= edge < len(EDGE_PUPILS) else name_of(self._chance)
        birth = date(self._year - self._grade - 5, 1, 1) + timedelta(days=self._chance.randrange(365))
        number = number_for(self._chance, female=name.female, year=birth.year)
        code = f"31{self._chance.randrange(10**8):08d}"
        parents = (name_of(self._chance, female=False).full, name_of(self._chance, female=True).full)
        return _Pupil(name, code, birth, number if name.nationality == "Việt Nam" else None, parents)

    def _adult(self) -> tuple[str, str]:
        name = name_of(self._chance)
        return name.full, number_for(self._chance, female=name.female, year=self._chance.choice(ADULT_YEARS))

    def _title(self, subject: Subject) -> str:
        return f"{subject.name} (Tiếng Anh)" if subject.code == "NGOAI_NGU_1" else subject.name

    def _info(self, sheet: Worksheet, homeroom: tuple[str, str], principal: tuple[str, str]) -> None:
        for line in (
            ("Sở GD&ĐT", AUTHORITY),
            ("Mã Sở", "31"),
            ("Trường", SCHOOL),
            ("Mã trường", "31999599"),
            ("Cấp học", "THCS"),
            ("Năm học", f"{self._year}-{self._year + 1}"),
            ("Khối", self._grade),
            ("Lớp", self._class),
            ("Xã/Phường", WARD),
            ("Tỉnh/Thành phố", PROVINCE),
            ("Giáo viên chủ nhiệm", homeroom[0]),
            ("Số CCCD GVCN", homeroom[1]),
            ("Hiệu trưởng", principal[0]),
            ("Số CCCD hiệu trưởng", principal[1]),
            ("Thông tư", self._rules.circular),
        ):
            sheet.append(line)

    def _sheet(self, book: Workbook, title: str, banner: str, headings: Sequence[str]) -> Worksheet:
        sheet: Worksheet = book.create_sheet(title)
        sheet["A1"], sheet["A2"] = AUTHORITY.upper(), SCHOOL.upper()
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

    def _roll(self, book: Workbook) -> None:
        headings = (
            *("Ngày sinh", "Giới tính", "Số định danh cá nhân", "Dân tộc", "Quốc tịch", "Nơi sinh", "Quê quán"),
            *("Chỗ ở hiện nay", "Họ và tên cha", "Họ và tên mẹ", "Người giám hộ", "Số đăng bộ"),
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
                f"{100 + index}/{self._year - self._grade + 6}",
            )
            for index, pupil in enumerate(self._pupils)
        ]
        self._table(book, "Học sinh", "DANH SÁCH HỌC SINH", headings, rows)

    def _assignment(self, book: Workbook, teachers: Sequence[tuple[str, str]]) -> None:
        headings = ("Môn học", "Giáo viên", "Số CCCD giáo viên", "Số tiết/năm", "Hình thức đánh giá")
        sheet = self._sheet(book, "Phân công", "PHÂN CÔNG GIẢNG DẠY", headings)
        for row, (subject, teacher) in enumerate(zip(self._subjects, teachers, strict=True), start=FIRST_ROW):
            how = "Điểm số" if subject.scored else "Nhận xét"
            line: tuple[Value, ...] = (self._title(subject), *teacher, PERIODS.get(subject.code, 35), how)
            for column, value in enumerate(line, start=1):
                sheet.cell(row, column, value)

    def _marks(self, index: int) -> tuple[list[Mark], list[Mark]]:
        if index < len(BOUNDARIES):
            case = BOUNDARIES[index]
            scores, comments = iter(case.scores), iter(case.comments)
            line: list[Mark] = [Decimal(next(scores)) if s.scored else next(comments) for s in self._subjects]
            return line, list(line)
        strength = min(9.3, max(5.2, self._chance.gauss(7.6, 1.1)))
        return self._term(strength), self._term(strength)

    def _term(self, strength: float) -> list[Mark]:
        marks: list[Mark] = []
        for subject in self._subjects:
            if subject.scored:
                raw = min(10.0, max(2.0, self._chance.gauss(strength, 0.7)))
                marks.append(rounded(Decimal(str(raw))))
            else:
                marks.append(_FAILED if self._chance.random() < 0.01 else _DAT)  # noqa: PLR2004
        return marks

    def _year_mark(self, hk1: Mark, hk2: Mark) -> Mark:
        mark = year_mark(hk1, hk2, self._rules)
        if mark is None:  # pragma: no cover - both semesters come from one list of subjects
            raise AssertionError("the semesters are on different scales")
        return mark

    def _results(
        self, book: Workbook, marks: Sequence[tuple[list[Mark], list[Mark]]], years: Sequence[Sequence[Mark]]
    ) -> None:
        final = self._grade == Level.THCS.grades[-1]
        headings = (
            *("Rèn luyện HKI", "Rèn luyện HKII", "Rèn luyện cả năm", "Học tập HKI", "Học tập HKII", "Học tập cả năm"),
            *("Nghỉ có phép", "Nghỉ không phép", "Hoàn thành chương trình" if final else "Được lên lớp", "Danh hiệu"),
        )
        rows = [self._result(index, marks[index], years[index]) for index in range(len(self._pupils))]
        self._table(book, "Kết quả", "KẾT QUẢ CẢ NĂM", headings, rows)

    def _result(self, index: int, marks: tuple[list[Mark], list[Mark]], year: Sequence[Mark]) -> list[Value]:
        if index < len(BOUNDARIES):
            conduct, absences = (Rating.TOT, Rating.TOT), BOUNDARIES[index].absences
        else:
            hk1, hk2 = self._chance.choices(tuple(Rating), (78, 16, 5, 1), k=2)
            conduct, absences = (hk1, hk2), (self._chance.choice((0, 0, 1, 2, 3, 6)), self._chance.choice((0, 0, 0, 1)))
        conduct_year = year_conduct(*conduct)
        study = [self._study(line) for line in (*marks, year)]
        promoted = promotes(conduct_year, study[2], sum(absences), self._rules)
        award = award_for(conduct_year, study[2], year, self._rules)
        return [
            *(rating.value for rating in (*conduct, conduct_year, *study)),
            *absences,
            "Có" if promoted else "Không",
            award.value if award else None,
        ]

    def _study(self, line: Sequence[Mark]) -> Rating:
        by_code = {subject.code: mark for subject, mark in zip(self._subjects, line, strict=True)}
        return study_result(by_code, self._rules).best


def _shown(mark: Mark) -> Value:
    return float(mark) if isinstance(mark, Decimal) else mark.value


def _apply(sheet: Worksheet, edit: Edit) -> None:
    if sheet.title == "Thông tin":
        row = next(row for row in sheet.iter_rows() if row[0].value == edit.column)
        row[1].value = edit.value
        return
    column = next(cell.column for cell in sheet[HEADING_ROW] if cell.value == edit.column)
    sheet.cell(HEADING_ROW + edit.stt, column).value = edit.value


def _stable_bytes(book: Workbook) -> bytes:
    """Save, and take the time of saving out again: it stands in each entry of the archive and in the properties."""
    saved, stable = io.BytesIO(), io.BytesIO()
    book.save(saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(stable, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            content = source.read(part)
            if part.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-05-20T00:00:00Z", content)
            target.writestr(zipfile.ZipInfo(part.filename, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return stable.getvalue()


def main(arguments: Sequence[str] | None = None) -> None:
    """Write one class to a file."""
    parser = argparse.ArgumentParser(description="Tạo một lớp học giả định. / Make a class that never existed.")
    parser.add_argument("--grade", type=int, default=9, help="khối / grade: 6-9")
    parser.add_argument("--class", dest="class_name", default=None, help="tên lớp / class name")
    parser.add_argument("--pupils", type=int, default=42, help="số học sinh / how many pupils")
    parser.add_argument("--seed", type=int, default=1, help="hạt giống / seed: the same gives the same bytes")
    parser.add_argument(
        "--first-year", type=int, default=2025, help="năm bắt đầu năm học / year the school year begins"
    )
    parser.add_argument("--out", type=Path, required=True, help="tệp .xlsx cần ghi / file to write")
    given = parser.parse_args(arguments)
    data = make_workbook(
        grade=given.grade,
        class_name=given.class_name or f"{given.grade}A1",
        pupils=given.pupils,
        seed=given.seed,
        first_year=given.first_year,
    )
    given.out.write_bytes(data)


if __name__ == "__main__":
    main()
