# SPDX-License-Identifier: Apache-2.0

"""The rows of a class list: which row is which pupil, on every sheet, and what stands in them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ledger.record import cells
from ledger.record.cells import Misread
from ledger.record.findings import Finding, Severity
from ledger.record.model import Place, Pupil, SecondaryYear, Terms
from ledger.record.scales import Mark
from ledger.record.spelling import folded
from ledger.record.tables import CODE, NAME, PUPILS, RESULTS, STT, Heading, Table
from ledger.record.workbook import Cell

BIRTH = Heading("Ngày sinh", other_names=("Ngày tháng năm sinh", "Ngày, tháng, năm sinh"))
SEX = Heading("Giới tính")
PERSONAL_ID = Heading("Số định danh cá nhân", other_names=("Số CCCD", "CCCD", "Mã định danh cá nhân", "Số ĐDCN"))
NATIONALITY = Heading("Quốc tịch", required=False)
PUPIL_COLUMNS = (
    STT,
    CODE,
    NAME,
    BIRTH,
    SEX,
    PERSONAL_ID,
    Heading("Dân tộc", required=False),
    NATIONALITY,
    Heading("Nơi sinh", required=False),
    Heading("Quê quán", required=False),
    Heading("Chỗ ở hiện nay", required=False, other_names=("Chỗ ở", "Địa chỉ")),
    Heading("Họ và tên cha", required=False, other_names=("Họ tên cha", "Cha")),
    Heading("Họ và tên mẹ", required=False, other_names=("Họ tên mẹ", "Mẹ")),
    Heading("Người giám hộ", required=False, other_names=("Họ và tên người giám hộ",)),
    Heading("Số đăng bộ", required=False, other_names=("Số sổ đăng bộ",)),
)

PROMOTED = Heading("Được lên lớp", other_names=("Hoàn thành chương trình", "Lên lớp", "Được lên lớp/HTCT"))
AWARD = Heading("Danh hiệu", required=False, other_names=("Khen thưởng", "Danh hiệu thi đua"))
NOTE = Heading("Ghi chú", required=False)
CONDUCT = tuple(
    Heading(f"Rèn luyện {term}", other_names=(f"KQRL {term}", f"Kết quả rèn luyện {term}"))
    for term in ("HKI", "HKII", "cả năm")
)
STUDY = tuple(
    Heading(f"Học tập {term}", other_names=(f"KQHT {term}", f"Kết quả học tập {term}"))
    for term in ("HKI", "HKII", "cả năm")
)
EXCUSED = Heading("Nghỉ có phép", other_names=("Số buổi nghỉ có phép", "Có phép"))
UNEXCUSED = Heading("Nghỉ không phép", other_names=("Số buổi nghỉ không phép", "Không phép"))
RESULT_COLUMNS = (STT, CODE, NAME, *CONDUCT, *STUDY, EXCUSED, UNEXCUSED, PROMOTED, AWARD, NOTE)

_Value = TypeVar("_Value")


def promoted_column(*, final: bool) -> str:
    """Return what the column of promotion is called: the last grade of a level completes it instead."""
    return "Hoàn thành chương trình" if final else PROMOTED.name


@dataclass
class Reader:
    """Collects findings while cells are read. One `Reader` per workbook; `at` gives it a pupil to speak of."""

    findings: list[Finding] = field(default_factory=list)
    place: Place = field(default_factory=Place)
    pupil: str | None = None
    declined: set[tuple[str, str]] = field(default_factory=set)

    def at(self, place: Place, pupil: str | None) -> "Reader":
        """Return a reader for one pupil, which adds to the same findings."""
        return Reader(self.findings, place, pupil)

    def decline(self, sheet: str, column: str) -> None:
        """Note that a cell could not be read and that somebody has been told."""
        self.declined.add((sheet, column))

    def value(
        self, sheet: str, column: str, cell: Cell, read: Callable[[Cell], _Value | Misread | None]
    ) -> _Value | None:
        """Read a cell; a misreading becomes a finding and `None`."""
        found = cells.uncomputed(cell) or read(cell)
        if not isinstance(found, Misread):
            return found
        self.decline(sheet, column)
        self.findings.append(
            Finding(
                found.rule,
                Severity.ERROR,
                found.message_vi,
                found.message_en,
                sheet=sheet,
                row=self.place.rows.get(sheet),
                stt=self.place.stt,
                column=column,
                pupil=self.pupil,
                found=found.found,
                expected=found.expected,
                article=found.article,
            )
        )
        return None

    def mark(self, sheet: str, column: str, cell: Cell, *, scored: bool) -> Mark | None:
        """Read a subject's cell on the scale of that subject."""
        return (
            self.value(sheet, column, cell, cells.score)
            if scored
            else self.value(sheet, column, cell, cells.attainment)
        )

    def words(self, sheet: str, column: str, cell: Cell) -> str | None:
        """Read a cell as text."""
        return self.value(sheet, column, cell, cells.text)


@dataclass(frozen=True, slots=True)
class PupilRow:
    """One pupil's row on one sheet."""

    number: int
    stt: int | None
    code: str | None
    name: str | None
    cells: tuple[Cell, ...]


_PUPIL_CELLS = 3
"""A row without number and code that has this many cells filled is a pupil somebody forgot to number, not a footer."""


def pupil_rows(table: Table, reader: Reader) -> list[PupilRow]:
    """Return the rows of a table that speak of a pupil; footers and signatures below it do not."""
    rows = []
    for number, line in table.rows:
        written = cells.text(table.cell(line, STT.name)) or ""
        stt = int(written) if written.isascii() and written.isdigit() and len(written) < 4 else None  # noqa: PLR2004
        code = cells.text(table.cell(line, CODE.name))
        row = PupilRow(number, stt, code, cells.text(table.cell(line, NAME.name)), line)
        if stt is None and code is None:
            if row.name and sum(cells.text(cell) is not None for cell in line) >= _PUPIL_CELLS:
                reader.findings.append(_nameless(table.sheet, row))
            continue
        # A numbered line without anything else is a blank form line.
        if code is None and row.name is None:
            continue
        if code is None:
            reader.findings.append(_no_code(table.sheet, row))
        rows.append(row)
    return rows


def join(table: Table, pupils: list[PupilRow], reader: Reader) -> dict[int, PupilRow]:
    """Return each pupil's row on another sheet, by the pupil's index; say who is missing, unknown or misnamed."""
    waiting = pupil_rows(table, reader)
    joined: dict[int, PupilRow] = {}
    for index, pupil in enumerate(pupils):
        row = next((row for row in waiting if row.code is not None and row.code == pupil.code), None)
        if row is None:
            row = next((row for row in waiting if _same_person(row, pupil)), None)
            if row is None:
                reader.findings.append(_absent(table.sheet, pupil))
                continue
            reader.findings.append(_other_code(table.sheet, row, pupil))
        elif table.columns.get(NAME.name) and folded(row.name or "") != folded(pupil.name or ""):
            reader.findings.append(_other_name(table.sheet, row, pupil))
        waiting.remove(row)
        joined[index] = row
    reader.findings += [_stranger(table.sheet, row) for row in waiting]
    return joined


def _same_person(row: PupilRow, pupil: PupilRow) -> bool:
    return row.stt is not None and row.stt == pupil.stt and folded(row.name or "") == folded(pupil.name or "")


def pupil_from(row: PupilRow, table: Table, reader: Reader) -> Pupil:
    """Read a row of `Học sinh`."""

    def words(column: str) -> str | None:
        return reader.words(PUPILS, column, table.cell(row.cells, column))

    return Pupil(
        code=row.code or "",
        name=row.name or "",
        birth_date=reader.value(PUPILS, BIRTH.name, table.cell(row.cells, BIRTH.name), cells.day),
        sex=reader.value(PUPILS, SEX.name, table.cell(row.cells, SEX.name), cells.sex),
        personal_id=words(PERSONAL_ID.name),
        # Nearly every list is of Vietnamese pupils; one that leaves the column out says so by that.
        nationality=words(NATIONALITY.name) or "Việt Nam",
        ethnicity=words("Dân tộc"),
        birthplace=words("Nơi sinh"),
        hometown=words("Quê quán"),
        address=words("Chỗ ở hiện nay"),
        father=words("Họ và tên cha"),
        mother=words("Họ và tên mẹ"),
        guardian=words("Người giám hộ"),
        register_number=words("Số đăng bộ"),
    )


def year_from(row: PupilRow | None, table: Table | None, reader: Reader, *, final: bool) -> SecondaryYear:
    """Read a row of `Kết quả`; without one, everything in it is declined, because its absence has been reported."""
    promoted_name = promoted_column(final=final)
    if row is None or table is None:
        for heading in (*CONDUCT, *STUDY, EXCUSED, UNEXCUSED, AWARD):
            reader.decline(RESULTS, heading.name)
        reader.decline(RESULTS, promoted_name)
        return SecondaryYear((), Terms(), Terms(), None, None, None)

    def value(
        heading: Heading, read: Callable[[Cell], _Value | Misread | None], shown: str | None = None
    ) -> _Value | None:
        if heading.name not in table.columns:
            reader.decline(RESULTS, shown or heading.name)
        return reader.value(RESULTS, shown or heading.name, table.cell(row.cells, heading.name), read)

    # Of the notes only this one is part of the record: a note may say more about a child than the record should keep.
    flag = folded(cells.text(table.cell(row.cells, NOTE.name)) or "")
    return SecondaryYear(
        subjects=(),
        conduct=Terms(*(value(heading, cells.rating) for heading in CONDUCT)),
        study=Terms(*(value(heading, cells.rating) for heading in STUDY)),
        absences_excused=value(EXCUSED, cells.count),
        absences_unexcused=value(UNEXCUSED, cells.count),
        promoted=value(PROMOTED, cells.yes_no, promoted_name),
        award=value(AWARD, cells.award) if AWARD.name in table.columns else None,
        not_assessed="khuyettat" in flag and "khongdanhgia" in flag,
    )


def _at(finding: Finding, sheet: str, row: PupilRow) -> Finding:
    return replace(finding, sheet=sheet, row=row.number, stt=row.stt, pupil=row.code)


def _nameless(sheet: str, row: PupilRow) -> Finding:
    return _at(
        Finding(
            "SH-06",
            Severity.ERROR,
            "Dòng này có tên nhưng không có STT và mã học sinh. Hãy ghi mã học sinh, hoặc xóa dòng nếu thừa.",
            "This row has a name but neither number nor pupil code. Write the code, or delete the row.",
            column=CODE.name,
        ),
        sheet,
        row,
    )


def _no_code(sheet: str, row: PupilRow) -> Finding:
    return _at(
        Finding(
            "SH-06",
            Severity.ERROR,
            "Học sinh ở dòng này chưa có mã học sinh. Hãy ghi mã theo cơ sở dữ liệu ngành.",
            "The pupil in this row has no code. Write the code from the sector database.",
            column=CODE.name,
            expected="10-12 ký tự / characters",
        ),
        sheet,
        row,
    )


def _absent(sheet: str, pupil: PupilRow) -> Finding:
    return Finding(
        "SH-06",
        Severity.ERROR,
        f"Học sinh mã {pupil.code} có trong trang “{PUPILS}” (dòng {pupil.number}) nhưng không có ở trang “{sheet}”."
        " Hãy bổ sung dòng của học sinh này, hoặc sửa mã cho khớp.",
        f"Pupil {pupil.code} stands on “{PUPILS}” (row {pupil.number}) but not on “{sheet}”."
        " Add the pupil's row there, or correct the code.",
        sheet=sheet,
        stt=pupil.stt,
        column=CODE.name,
        pupil=pupil.code,
        expected=pupil.code,
    )


def _stranger(sheet: str, row: PupilRow) -> Finding:
    return _at(
        Finding(
            "SH-06",
            Severity.ERROR,
            f"Mã {row.code} ở dòng này không có trong trang “{PUPILS}”. Hãy sửa mã, xóa dòng, hoặc thêm học sinh.",
            f"The code {row.code} in this row is not on “{PUPILS}”. Correct the code, delete the row, or add the pupil.",
            column=CODE.name,
            found=row.code,
        ),
        sheet,
        row,
    )


def _other_code(sheet: str, row: PupilRow, pupil: PupilRow) -> Finding:
    return replace(
        _at(
            Finding(
                "SH-09",
                Severity.ERROR,
                f"Mã học sinh ở đây là {row.code}, nhưng trang “{PUPILS}” ghi {pupil.code} cho cùng STT và tên."
                " Hãy sửa cho hai trang giống nhau.",
                f"The pupil code here is {row.code}, but “{PUPILS}” has {pupil.code} for the same number and name."
                " Make the two sheets agree.",
                column=CODE.name,
                found=row.code,
                expected=pupil.code,
            ),
            sheet,
            row,
        ),
        pupil=pupil.code,
    )


def _other_name(sheet: str, row: PupilRow, pupil: PupilRow) -> Finding:
    return _at(
        Finding(
            "SH-09",
            Severity.ERROR,
            f"Họ tên ở dòng này khác với trang “{PUPILS}” (dòng {pupil.number}) dù cùng mã học sinh;"
            " có thể các dòng đã bị lệch. Hãy đối chiếu hai trang.",
            f"The name in this row differs from “{PUPILS}” (row {pupil.number}) under the same code;"
            " rows may have slipped. Compare the two sheets.",
            column=NAME.name,
            found=row.name,
            expected=pupil.name,
        ),
        sheet,
        row,
    )
