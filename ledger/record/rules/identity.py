# SPDX-License-Identifier: Apache-2.0

"""Who a record is about, held against the ID rules: numbers, names, ages, duplicates.

The structure of the personal number is known from Decree 137/2015 and Circular 07/2016/TT-BCA, partly from memory, so
whatever reads meaning out of its digits (ID-03, ID-04) warns and never blocks. Its first three digits are the place of
birth registration by the 63 codes of before 2025; the 34 new ones are never looked at.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from ledger.record.findings import Finding, Severity
from ledger.record.model import ClassInfo, ClassSheet, Place, Pupil, Record, School
from ledger.record.rules.pupil_cells import PupilCells
from ledger.record.scales import Sex
from ledger.record.sheets.pupil_rows import BIRTH, PERSONAL_ID, SEX
from ledger.record.sheets.tables import CODE, INFO, NAME, PUPILS
from ledger.record.spelling import clean, folded

SYNTHETIC_PROVINCE: Final = "099"
"""Never assigned to a province, so a number that begins with it can belong to nobody. For samples and tests."""

# fmt: off
PROVINCES: Final = frozenset(
    f"{code:03d}"
    for code in (
        1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42, 44, 45,
        46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86, 87, 89,
        91, 92, 93, 94, 95, 96,
    )
)
# fmt: on
"""The 63 codes of Circular 07/2016/TT-BCA. Births abroad have a country's code, from 101 up."""

MAX_NAME: Final = 100
FIELDS: Final = "CV 2088/BGDĐT-GDTH, Phụ lục 1.1"
_NUMBER_LAW: Final = "Nghị định 137/2015/NĐ-CP, Điều 13"
_FIRST_COUNTRY: Final = 101
_ENTRY_AGE: Final = 5
"""A pupil of grade g normally turns g + 5 in the calendar year in which the school year begins."""


def class_findings(school: School, info: ClassInfo) -> Iterator[Finding]:
    """ID-08 to ID-10: what can be told from school and class alone."""
    if not re.fullmatch(r"\d{8}", school.code, flags=re.ASCII):
        yield _info(
            "ID-08",
            "Mã trường",
            school.code,
            "8 chữ số / digits",
            "Mã trường phải gồm đúng 8 chữ số theo cơ sở dữ liệu ngành. Hãy sửa mã trường.",
            "A school code has exactly 8 digits in the sector database. Correct it.",
        )
    # The ministry's list of Sở is not published; every code seen is the two digits of a province.
    if f"0{school.authority_code}" not in PROVINCES:
        yield replace(
            _info(
                "ID-08",
                "Mã Sở",
                school.authority_code,
                "2 chữ số của tỉnh, thành phố / digits of the province",
                "Mã Sở thường là hai chữ số mã tỉnh, thành phố, ví dụ 31. Hãy kiểm tra lại.",
                "The code of a Sở is usually the two digits of its province, such as 31. Check it.",
            ),
            severity=Severity.WARNING,
        )
    if info.grade not in info.level.grades:
        grades = f"{info.level.grades[0]}-{info.level.grades[-1]}"
        yield _info(
            "ID-09",
            "Khối",
            str(info.grade),
            f"{info.level.value}: {grades}",
            f"Khối {info.grade} không thuộc cấp {info.level.value} ({grades}). Hãy sửa khối hoặc cấp học.",
            f"Grade {info.grade} does not belong to level {info.level.value} ({grades}). Correct one of them.",
        )
    match = re.fullmatch(r"(\d{4})-(\d{4})", info.school_year, flags=re.ASCII)
    if match is None or int(match[2]) != int(match[1]) + 1:
        yield _info(
            "ID-10",
            "Năm học",
            info.school_year,
            "2025-2026",
            "Năm học phải ghi hai năm liền nhau, ví dụ 2025-2026. Hãy sửa ở trang Thông tin.",
            "A school year is two years in a row, such as 2025-2026. Correct it on the sheet Thông tin.",
        )


def _info(rule: str, column: str, found: str, expected: str, *words: str) -> Finding:
    message_vi, message_en = words
    return Finding(
        rule,
        Severity.ERROR,
        message_vi,
        message_en,
        sheet=INFO,
        column=column,
        found=found,
        expected=expected,
        article=FIELDS,
    )


def pupil_findings(record: Record, place: Place, *, allow_synthetic_province: bool) -> Iterator[Finding]:
    """ID-02 to ID-07 and ID-11 for one pupil."""
    cells = PupilCells(record.pupil.code, place)
    yield from _number(record.pupil, cells, allow_synthetic_province=allow_synthetic_province)
    yield from _birth(record.pupil, record.class_info, cells)
    yield from _name(record.pupil, cells)
    if record.pupil.sex is None and not cells.declined(PUPILS, SEX.name):
        yield cells.error(
            "ID-05",
            PUPILS,
            SEX.name,
            None,
            "Nam / Nữ",
            "Thiếu giới tính. Hãy ghi Nam hoặc Nữ.",
            "The sex is missing. Write Nam or Nữ.",
            FIELDS,
        )
    if not record.pupil.mother and not record.pupil.guardian:
        yield cells.warning(
            "ID-11",
            PUPILS,
            "Họ và tên mẹ",
            None,
            "họ và tên / a name",
            "Chưa có họ tên mẹ hoặc người giám hộ. Hãy bổ sung theo giấy khai sinh nếu có.",
            "Neither mother nor guardian is named. Add the name from the birth certificate if there is one.",
            FIELDS,
        )


def _number(pupil: Pupil, cells: PupilCells, *, allow_synthetic_province: bool) -> Iterator[Finding]:
    number, column = pupil.personal_id, PERSONAL_ID.name
    if cells.declined(PUPILS, column):
        return
    vietnamese = folded(pupil.nationality) in ("vietnam", "vn")
    if number is None and not vietnamese:
        if not pupil.passport:
            yield cells.warning(
                "ID-02",
                PUPILS,
                column,
                None,
                "số hộ chiếu / passport number",
                f"Học sinh quốc tịch {pupil.nationality} chưa có số định danh và hộ chiếu. Nếu có hộ chiếu, hãy ghi số hộ chiếu.",
                f"This pupil of nationality {pupil.nationality} has neither personal number nor passport. Write the passport"
                " number if there is one.",
                FIELDS,
            )
        return
    if number is None and pupil.number_pending:
        yield cells.warning(
            "ID-02",
            PUPILS,
            column,
            None,
            "12 chữ số / digits",
            "Học sinh đang chờ cấp số định danh cá nhân. Hãy bổ sung ngay khi có; học bạ số được tra cứu bằng số này.",
            "The pupil's personal number is still to be given. Add it as soon as it is there: records are found by it.",
            FIELDS,
        )
        return
    if number is None or (vietnamese and not re.fullmatch(r"\d{12}", number, flags=re.ASCII)):
        # Every number of a province begins with 0, and a cell kept as a number shows it without storing it.
        lost = number is not None and re.fullmatch(r"[1-9]\d{8,10}", number, flags=re.ASCII)
        lost_vi = " Có thể Excel đã bỏ số 0 ở đầu: hãy định dạng cột là Văn bản (Text) rồi ghi lại." if lost else ""
        lost_en = " Excel may have dropped the leading 0: format the column as text and write it again." if lost else ""
        yield cells.error(
            "ID-02",
            PUPILS,
            column,
            number,
            "12 chữ số / digits",
            f"Số định danh cá nhân phải gồm đúng 12 chữ số. Hãy đối chiếu giấy khai sinh hoặc VNeID rồi sửa.{lost_vi}",
            f"A personal number has exactly 12 digits. Compare the birth certificate or VNeID and correct it.{lost_en}",
            FIELDS,
        )
        return
    if not vietnamese:
        return
    if pupil.birth_date is not None and pupil.sex is not None:
        # Digit 4 says century and sex: 0, 1 for men and women born in 1900-1999, 2, 3 in 2000-2099, and so on.
        digit = 2 * (pupil.birth_date.year // 100 - 19) + (0 if pupil.sex is Sex.NAM else 1)
        expected = f"{digit}{pupil.birth_date.year % 100:02d}"
        if number[3:6] != expected:
            yield cells.warning(
                "ID-03",
                PUPILS,
                column,
                number[3:6],
                expected,
                f"Chữ số thứ 4-6 của số định danh ({number[3:6]}) không khớp giới tính và năm sinh ({expected})."
                " Hãy kiểm tra lại số định danh, ngày sinh và giới tính.",
                f"Digits 4-6 of the personal number ({number[3:6]}) do not fit sex and year of birth ({expected})."
                " Check all three.",
                _NUMBER_LAW,
            )
    head = number[:3]
    known = (
        head in PROVINCES or int(head) >= _FIRST_COUNTRY or (allow_synthetic_province and head == SYNTHETIC_PROVINCE)
    )
    if not known:
        yield cells.warning(
            "ID-04",
            PUPILS,
            column,
            head,
            "001 … 096",
            f"Ba chữ số đầu {head} không phải là mã tỉnh, thành phố hay quốc gia đã biết. Hãy kiểm tra lại số định danh.",
            f"The first three digits {head} are no province or country that we know. Check the personal number.",
            _NUMBER_LAW,
        )


def _birth(pupil: Pupil, info: ClassInfo, cells: PupilCells) -> Iterator[Finding]:
    if pupil.birth_date is None:
        if not cells.declined(PUPILS, BIRTH.name):
            yield cells.error(
                "ID-05",
                PUPILS,
                BIRTH.name,
                None,
                "dd/mm/yyyy",
                "Thiếu ngày sinh. Hãy ghi theo giấy khai sinh, ví dụ 09/02/2011.",
                "The date of birth is missing. Write it as on the birth certificate, such as 09/02/2011.",
                FIELDS,
            )
        return
    if info.first_year is None:
        return
    age = info.first_year - pupil.birth_date.year
    normal = info.grade + _ENTRY_AGE
    if not normal - 1 <= age <= normal + 3:
        yield cells.warning(
            "ID-06",
            PUPILS,
            BIRTH.name,
            pupil.birth_date.strftime("%d/%m/%Y"),
            f"{normal - 1} … {normal + 3} tuổi / years",
            f"Học sinh khối {info.grade} thường {normal} tuổi, ở đây là {age}. Hãy kiểm tra lại ngày sinh; "
            "nếu đúng thì giữ nguyên.",
            f"A pupil of grade {info.grade} is usually {normal}; this one is {age}. Check the date of birth; "
            "leave it if it is right.",
            "Điều lệ trường phổ thông (độ tuổi)",
        )


def _name(pupil: Pupil, cells: PupilCells) -> Iterator[Finding]:
    name = pupil.name
    if not name:
        found, vi, en = None, "Thiếu họ và tên.", "The name is missing."
    elif any(character.isdigit() for character in name):
        found, vi, en = name, "Họ và tên có chữ số.", "The name contains a digit."
    elif name != clean(name) or any(unicodedata.category(c)[0] == "S" for c in name):
        found, vi, en = name, "Họ và tên có ký tự lạ.", "The name contains a character no name has."
    elif len(name) > MAX_NAME:
        found, vi, en = name, f"Họ và tên dài quá {MAX_NAME} ký tự.", f"The name is longer than {MAX_NAME} characters."
    elif " " not in name and not pupil.single_name:
        found, vi, en = name, "Họ và tên chỉ có một chữ.", "The name is a single word."
    else:
        return
    yield cells.error(
        "ID-07",
        PUPILS,
        NAME.name,
        found,
        "họ và tên như giấy khai sinh / as on the birth certificate",
        f"{vi} Hãy ghi đầy đủ họ và tên như giấy khai sinh.",
        f"{en} Write the full name as on the birth certificate.",
        FIELDS,
    )


def duplicate_findings(sheet: ClassSheet) -> Iterator[Finding]:
    """ID-12 within a class: one pupil code, or one personal number, for two rows. The later row is the one reported."""
    codes = [record.pupil.code or None for record in sheet.records]
    numbers = [record.pupil.personal_id for record in sheet.records]
    for keys, column in ((codes, CODE.name), (numbers, PERSONAL_ID.name)):
        yield from _duplicates(sheet, keys, column)


def _duplicates(sheet: ClassSheet, keys: Sequence[str | None], column: str) -> Iterator[Finding]:
    first: dict[str, Place] = {}
    for record, place, key in zip(sheet.records, sheet.places, keys, strict=True):
        if key is None:
            continue
        if key not in first:
            first[key] = place
            continue
        earlier = first[key]
        yield PupilCells(record.pupil.code, place).error(
            "ID-12",
            PUPILS,
            column,
            key,
            None,
            f"“{column}” trùng với học sinh STT {earlier.stt} (dòng {earlier.rows.get(PUPILS)})."
            " Mỗi học sinh chỉ có một dòng; hãy sửa mã hoặc xóa dòng thừa.",
            f"“{column}” is the same as that of pupil no. {earlier.stt} (row {earlier.rows.get(PUPILS)})."
            " Each pupil has one row; correct the number or delete the extra row.",
            FIELDS,
        )
