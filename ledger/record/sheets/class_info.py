# SPDX-License-Identifier: Apache-2.0

"""School, class and signers: the sheet `Thông tin`, a list of labels with a value beside each."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from ledger.record.findings import Finding, Severity
from ledger.record.model import ClassInfo, Person, School
from ledger.record.scales import Origin
from ledger.record.sheets.cells import text
from ledger.record.sheets.tables import INFO, Heading, heading_key
from ledger.record.sheets.workbook import Grid
from ledger.record.spelling import folded
from ledger.record.subjects import Level

AUTHORITY = Heading("Sở GD&ĐT", other_names=("Sở GDĐT", "Sở Giáo dục và Đào tạo", "Tên Sở"))
AUTHORITY_CODE = Heading("Mã Sở", other_names=("Mã Sở GD&ĐT", "Mã sở giáo dục"))
SCHOOL = Heading("Trường", other_names=("Tên trường",))
SCHOOL_CODE = Heading("Mã trường")
LEVEL = Heading("Cấp học", other_names=("Cấp",))
SCHOOL_YEAR = Heading("Năm học")
GRADE = Heading("Khối", other_names=("Khối lớp",))
CLASS = Heading("Lớp", other_names=("Tên lớp",))
WARD = Heading("Xã/Phường", other_names=("Phường/Xã", "Xã, phường", "Xã"))
DISTRICT = Heading("Quận/Huyện", required=False, other_names=("Huyện", "Quận"))
PROVINCE = Heading("Tỉnh/Thành phố", other_names=("Tỉnh", "Thành phố", "Tỉnh, thành phố"))
PLACE = Heading("Địa danh", required=False, other_names=("Địa danh phát hành",))
HOMEROOM = Heading("Giáo viên chủ nhiệm", other_names=("GVCN",))
HOMEROOM_ID = Heading("Số CCCD GVCN", other_names=("Số CCCD giáo viên chủ nhiệm", "CCCD GVCN"))
PRINCIPAL = Heading("Hiệu trưởng", other_names=("Họ tên hiệu trưởng",))
PRINCIPAL_ID = Heading("Số CCCD hiệu trưởng", other_names=("CCCD hiệu trưởng",))
PRINCIPAL_TITLE = Heading("Chức vụ", required=False, other_names=("Chức vụ người ký",))
CIRCULAR = Heading("Thông tư")
ORIGIN = Heading("Nguồn gốc", required=False, other_names=("Nguồn gốc dữ liệu",))

INFO_FIELDS = (
    AUTHORITY,
    AUTHORITY_CODE,
    SCHOOL,
    SCHOOL_CODE,
    LEVEL,
    SCHOOL_YEAR,
    GRADE,
    CLASS,
    WARD,
    DISTRICT,
    PROVINCE,
    PLACE,
    HOMEROOM,
    HOMEROOM_ID,
    PRINCIPAL,
    PRINCIPAL_ID,
    PRINCIPAL_TITLE,
    CIRCULAR,
    ORIGIN,
)
_LEVELS = {
    "th": Level.TH,
    "tieuhoc": Level.TH,
    "thcs": Level.THCS,
    "trunghoccoso": Level.THCS,
    "thpt": Level.THPT,
    "trunghocphothong": Level.THPT,
}
DIGITISED: Final = "Số hóa từ học bạ giấy"
_ORIGINS = {
    folded(DIGITISED): Origin.DIGITISED_PAPER,
    "hocbagiay": Origin.DIGITISED_PAPER,
    "sohoa": Origin.DIGITISED_PAPER,
    "hocbaso": Origin.DIGITAL,
}


@dataclass(frozen=True, slots=True)
class ClassHead:
    """What the sheet `Thông tin` says of a whole class."""

    school: School
    class_info: ClassInfo
    origin: Origin


@dataclass(frozen=True, slots=True)
class _Entry:
    value: str
    row: int
    is_date: bool = False
    """Excel takes 9/1 for the ninth of January, and no line here is about a day."""


def read_class_info(grid: Grid, findings: list[Finding]) -> ClassHead | None:
    """Read the sheet; append what is wrong to `findings`, and return `None` if the class cannot be told from it."""
    entries = _entries(grid)
    findings += [_missing(field.name) for field in INFO_FIELDS if field.required and field.name not in entries]
    findings += [
        _wrong(field, entries[field.name], "chữ, không phải ngày tháng / text, not a date")
        for field in INFO_FIELDS
        if field.name in entries and entries[field.name].is_date
    ]

    def value(field: Heading) -> str:
        return entries[field.name].value if field.name in entries else ""

    level = _level(entries.get(LEVEL.name), findings)
    grade = _grade(entries.get(GRADE.name), findings)
    if level is None or grade is None:
        return None
    province = value(PROVINCE)
    school = School(
        authority_code=value(AUTHORITY_CODE),
        authority_name=value(AUTHORITY),
        code=value(SCHOOL_CODE),
        name=value(SCHOOL),
        ward=value(WARD),
        province=province,
        # On paper the line above the signatures reads "Hải Phòng, ngày 28 tháng 5 năm 2026".
        place=value(PLACE) or re.sub(r"^(thành phố|tỉnh)\s+", "", province, flags=re.IGNORECASE),
        district=value(DISTRICT) or None,
    )
    class_info = ClassInfo(
        name=value(CLASS),
        level=level,
        grade=grade,
        school_year=re.sub(r"\s*[-–—/]\s*", "-", value(SCHOOL_YEAR)),
        circular=value(CIRCULAR),
        homeroom=Person(value(HOMEROOM), value(HOMEROOM_ID) or None),
        principal=Person(value(PRINCIPAL), value(PRINCIPAL_ID) or None),
        principal_title=value(PRINCIPAL_TITLE) or "Hiệu trưởng",
    )
    return ClassHead(school, class_info, _origin(entries.get(ORIGIN.name), findings))


def _entries(grid: Grid) -> dict[str, _Entry]:
    by_key = {key: field.name for field in INFO_FIELDS for key in field.keys}
    entries: dict[str, _Entry] = {}
    for number, row in grid.numbered(1):
        said = [(value, isinstance(cell, date)) for cell in row if (value := text(cell))]
        name = by_key.get(heading_key(said[0][0].rstrip(":"))) if said else None
        if name is not None and len(said) > 1:
            entries.setdefault(name, _Entry(said[1][0], number, is_date=said[1][1]))
    return entries


def _missing(label: str) -> Finding:
    return Finding(
        "SH-05",
        Severity.ERROR,
        f"Trang “{INFO}” thiếu mục “{label}”. Hãy ghi giá trị ở cột B, cùng dòng với “{label}” ở cột A.",
        f"The sheet “{INFO}” lacks “{label}”. Write its value in column B, beside “{label}” in column A.",
        sheet=INFO,
        column=label,
        expected=label,
    )


def _wrong(field: Heading, entry: _Entry, expected: str) -> Finding:
    return Finding(
        "SH-05",
        Severity.ERROR,
        f"“{field.name}” ghi là “{entry.value}”; phải là {expected}. Hãy sửa ô này.",
        f"“{field.name}” says “{entry.value}”; it must be {expected}. Correct this cell.",
        sheet=INFO,
        row=entry.row,
        column=field.name,
        found=entry.value,
        expected=expected,
    )


def _level(entry: _Entry | None, findings: list[Finding]) -> Level | None:
    if entry is None:
        return None
    level = _LEVELS.get(folded(entry.value))
    if level is None:
        findings.append(_wrong(LEVEL, entry, "TH / THCS / THPT"))
    return level


def _origin(entry: _Entry | None, findings: list[Finding]) -> Origin:
    if entry is None:
        return Origin.DIGITAL
    origin = _ORIGINS.get(folded(entry.value))
    if origin is None:
        findings.append(_wrong(ORIGIN, entry, f"{DIGITISED} / Học bạ số"))
    return origin or Origin.DIGITAL


def _grade(entry: _Entry | None, findings: list[Finding]) -> int | None:
    if entry is None:
        return None
    match = re.fullmatch(r"(?:khối|lớp)?\s*(\d{1,2})", entry.value.lower(), flags=re.ASCII)
    if match is None:
        findings.append(_wrong(GRADE, entry, "1 … 12"))
        return None
    return int(match[1])
