# SPDX-License-Identifier: Apache-2.0

"""How each kind of value is written in the ministry's XML, and what is read as one.

Every kind has one spelling that is written. Where the ministry's own text uses two (days, in its sample and in section 1.3
of CV 2088), both are read; otherwise the reader takes only what the writer gives, because a signed `08.0` or `+7` would be
one mark to some programs and none to others.
"""

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Final, TypeVar
from uuid import UUID

from ledger.record.errors import Unreadable, Unwritable
from ledger.record.scales import Attainment, Mark

VIETNAM: Final = timezone(timedelta(hours=7))
"""Times are written with +07:00 (Decree 30/2020, Annex I)."""
UUID_VERSION: Final = 4
GRADES: Final = range(1, 13)

_TENTH: Final = Decimal("0.1")
_TEN_THOUSANDTH: Final = Decimal("0.0001")
_MAX_COUNT: Final = 9999
_MAX_MEASURE: Final = 1000
_MAX_TEST: Final = 10
_TIME: Final = r"T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})"
_Words = TypeVar("_Words", bound=Enum)


def mark_text(mark: Mark | None) -> str | None:
    """Return a mark as the XML has it: one decimal, with a point; or the words."""
    if mark is None or isinstance(mark, Attainment):
        return None if mark is None else mark.value
    if not mark.is_finite() or not Decimal(0) <= mark <= Decimal(10) or mark != mark.quantize(_TENTH):
        raise Unwritable(
            f"Điểm {mark} không hợp lệ nên không lập được học bạ. Hãy kiểm tra lại bảng điểm.",
            f"The mark {mark} is impossible, so no document can be made. Check the marks.",
        )
    # A zero may carry a sign, which no mark has.
    return str(abs(mark).quantize(_TENTH))


def mark_from(text: str | None) -> Mark | None:
    """Return what a mark in the XML says."""
    if text is None:
        return None
    if re.fullmatch(r"\d\.\d|10\.0", text, flags=re.ASCII):
        return Decimal(text)
    return one_of(Attainment, text)


def periodic_text(test: int | None) -> str | None:
    """Return the result of a periodic test: a whole number, for decimals are not given (TT 27/2020, Article 7.1d)."""
    if test is not None and not 0 <= test <= _MAX_TEST:
        raise Unwritable(
            f"Điểm kiểm tra định kỳ {test} không hợp lệ: phải là số nguyên từ 0 đến 10. Hãy kiểm tra lại trang Môn học.",
            f"The periodic test {test} is impossible: it is a whole number from 0 to 10. Check the sheet Môn học.",
        )
    return None if test is None else str(test)


def periodic_from(text: str | None) -> int | None:
    """Return what a periodic test in the XML says."""
    if text is not None and not re.fullmatch(r"\d|10", text, flags=re.ASCII):
        raise misread(text)
    return None if text is None else int(text)


def measure_text(measure: Decimal | None, what: str) -> str | None:
    """Return a weight or a height: a point, and at most four decimals (CV 2088, section 1.3), none without need."""
    if measure is None:
        return None
    if not measure.is_finite() or not 0 < measure < _MAX_MEASURE or measure != measure.quantize(_TEN_THOUSANDTH):
        raise Unwritable(
            f"{what} {measure} không hợp lệ: phải là số dương, nhỏ hơn 1000, tối đa 4 chữ số thập phân."
            " Hãy kiểm tra lại trang Kết quả.",
            f"{measure} is impossible as weight or height: positive, below 1000, at most 4 decimals. Check the results.",
        )
    return format(measure.normalize(), "f")


def measure_from(text: str | None) -> Decimal | None:
    """Return what a weight or a height in the XML says."""
    if text is None:
        return None
    if not re.fullmatch(r"(?:0|[1-9]\d{0,2})(?:\.\d{1,4})?", text, flags=re.ASCII) or not Decimal(text):
        raise misread(text)
    return Decimal(text)


def day_text(day: date | None) -> str | None:
    """Return a date as the ministry's own sample writes a birthday: `17/05/2017`."""
    return None if day is None else f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def day_from(text: str) -> date:
    """Return a date, written `dd/mm/yyyy` or in ISO 8601 with or without a time (CV 2088, section 1.3)."""
    match = re.fullmatch(r"(\d{2})/(\d{2})/(\d{4})", text, flags=re.ASCII)
    try:
        if match:
            return date(int(match[3]), int(match[2]), int(match[1]))
        if re.fullmatch(rf"\d{{4}}-\d{{2}}-\d{{2}}(?:{_TIME})?", text, flags=re.ASCII):
            return datetime.fromisoformat(text).date()
    except ValueError as error:
        raise misread(text) from error
    raise misread(text)


def moment_text(moment: datetime) -> str:
    """Return a time in `+07:00`, whole seconds. Raises `Unwritable` for a time without a zone."""
    if moment.tzinfo is None:
        raise Unwritable(
            "Thời điểm thiếu múi giờ nên không ghi vào học bạ được. Hãy ghi cả múi giờ, ví dụ +07:00.",
            "The time has no zone, so it cannot be written. Give one, such as +07:00.",
        )
    return moment.astimezone(VIETNAM).replace(microsecond=0).isoformat()


def moment_from(text: str) -> datetime:
    """Return a time, written `YYYY-MM-DDThh:mm:ssTZD`; one without a zone is refused."""
    if not re.fullmatch(rf"\d{{4}}-\d{{2}}-\d{{2}}{_TIME}", text, flags=re.ASCII):
        raise misread(text)
    try:
        moment = datetime.fromisoformat(text)
        moment.astimezone(VIETNAM)
    except (ValueError, OverflowError) as error:
        # The first and the last day of the calendar lie outside it in another zone.
        raise misread(text) from error
    return moment


def flag_text(value: bool | None) -> str | None:  # noqa: FBT001 - a value to print, not an option
    """Return `1` or `0`, as the National Data Centre's dictionary has it."""
    return None if value is None else "1" if value else "0"


def flag_from(text: str | None) -> bool | None:
    """Return what a flag says."""
    if text is not None and text not in {"0", "1"}:
        raise misread(text)
    return None if text is None else text == "1"


def said_text(value: bool) -> str | None:  # noqa: FBT001 - a value to print, not an option
    """Return a flag that is absent unless it is set, as the flags of profile 0 are."""
    return "1" if value else None


def said_from(text: str | None) -> bool:
    """Return whether a flag of profile 0 is set. `0` is not written, so it is not read."""
    if text not in {None, "1"}:
        raise misread(str(text))
    return text is not None


def count_text(count: int | None) -> str | None:
    """Return a count as the XML has it."""
    if count is not None and not 0 <= count <= _MAX_COUNT:
        raise Unwritable(
            f"Số {count} không thể là số buổi nghỉ. Hãy kiểm tra lại trang Kết quả.",
            f"{count} cannot be a number of sessions. Check the results.",
        )
    return None if count is None else str(count)


def count_from(text: str) -> int:
    """Return a count."""
    if not re.fullmatch(r"0|[1-9]\d{0,3}", text, flags=re.ASCII):
        raise misread(text)
    return int(text)


def maybe_count_from(text: str | None) -> int | None:
    """Return a count, or `None` when there is no text."""
    return None if text is None else count_from(text)


def grade_text(grade: int) -> str:
    """Return a grade (khối) as the XML has it."""
    if grade not in GRADES:
        raise Unwritable(
            f"Khối {grade} không có trong chương trình giáo dục phổ thông. Hãy kiểm tra lại trang Thông tin.",
            f"There is no grade {grade}. Check the sheet Thông tin.",
        )
    return str(grade)


def grade_from(text: str) -> int:
    """Return a grade."""
    grade = count_from(text)
    if grade not in GRADES:
        raise misread(text)
    return grade


def uuid_from(text: str) -> UUID:
    """Return a UUID of version 4 in its usual spelling; no other names a unit."""
    try:
        found = UUID(text)
    except ValueError as error:
        raise misread(text) from error
    if str(found) != text.lower() or found.version != UUID_VERSION:
        raise misread(text)
    return found


def word(value: Enum | None) -> str | None:
    """Return the words of a scale."""
    return None if value is None else str(value.value)


def one_of(words: type[_Words], text: str) -> _Words:
    """Return the member of an enum that a text names."""
    for member in words:
        if member.value == text:
            return member
    raise misread(text)


def maybe_one_of(words: type[_Words], text: str | None) -> _Words | None:
    """Return the member of an enum that a text names, or `None` when there is no text."""
    return None if text is None else one_of(words, text)


def agree(tag: str, found: str | None, expected: str | None) -> None:
    """Refuse a document that says the same thing twice and differently."""
    if found != expected:
        raise Unreadable(
            f"Thẻ {tag} ghi “{found}” nhưng phần khác của học bạ cho thấy phải là “{expected}”.",
            f"{tag} says “{found}” where the rest of the document makes it “{expected}”.",
        )


def misread(text: str) -> Unreadable:
    """Return the refusal of a value that is not in its format."""
    return Unreadable(
        f"Giá trị “{text[:60]}” trong học bạ số không đúng định dạng.",
        f"The value “{text[:60]}” in the document is not in its format.",
    )
