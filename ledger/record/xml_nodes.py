# SPDX-License-Identifier: Apache-2.0

"""Writing and reading the plain elements of the data part, so that nothing can stand there unread.

`Writer` refuses text that is not as `spelling.clean` leaves it: what is signed is NFC, without invisible characters.
`Fields` is the other way: it hands out the children of an element one by one, and `done` refuses what nobody asked for.
A reader that skipped unknown elements would let a document say more to one program than to another.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Final, TypeVar
from uuid import UUID

from lxml import etree

from ledger.record.errors import Hostile, Unreadable, Unwritable
from ledger.record.scales import Attainment, Mark
from ledger.record.spelling import clean

VIETNAM: Final = timezone(timedelta(hours=7))
"""Times are written with +07:00 (Decree 30/2020, Annex I)."""

UUID_VERSION: Final = 4

_TENTH: Final = Decimal("0.1")
_MAX_COUNT: Final = 9999
_Words = TypeVar("_Words", bound=Enum)


class Writer:
    """Adds children to one element; a value of `None` adds none, as the ministry's format has it."""

    def __init__(self, element: etree._Element) -> None:
        self._element = element

    def group(self, tag: str, **attributes: str) -> "Writer":
        """Add a child that has children."""
        return Writer(etree.SubElement(self._element, tag, attributes))

    def optional(self, tag: str, value: str | None) -> None:
        """Add a leaf, unless there is nothing to say."""
        if value is None:
            return
        if not value or value != clean(value):
            raise Unwritable(
                f"Nội dung của {tag} để trống, chưa chuẩn hóa Unicode hoặc có ký tự ẩn. Hãy nhập lại nội dung này.",
                f"The text of {tag} is empty, not normalised, or holds invisible characters. Enter it again.",
            )
        etree.SubElement(self._element, tag).text = value

    def required(self, tag: str, value: str | None) -> None:
        """Add a leaf that the format demands."""
        if value is None:
            raise Unwritable(
                f"Học bạ còn thiếu {tag}. Hãy bổ sung trước khi lập học bạ số.",
                f"The record lacks {tag}. Add it before preparing the document.",
            )
        self.optional(tag, value)


class Fields:
    """The children of one element, to be taken by name."""

    def __init__(self, element: etree._Element) -> None:
        self._path = str(element.tag)
        if (element.text or "").strip():
            raise self._unexpected("text")
        self._children: dict[str, list[etree._Element]] = {}
        for child in element:
            if not isinstance(child.tag, str):
                raise _hidden()
            if (child.tail or "").strip():
                raise self._unexpected("text")
            self._children.setdefault(child.tag, []).append(child)

    def group(self, tag: str) -> "Fields":
        """Take a child that must be there once and has children."""
        (child,) = self._take(tag, at_least=1)
        _no_attributes(child)
        return Fields(child)

    def groups(self, tag: str) -> Iterator[tuple[str | None, "Fields"]]:
        """Take every child of a name, with its `Id`."""
        for child in self._children.pop(tag, []):
            _no_attributes(child, allowed="Id")
            identifier = child.get("Id")
            yield None if identifier is None else str(identifier), Fields(child)

    def optional(self, tag: str, *other_names: str) -> str | None:
        """Take a leaf; `None` when it is absent or, against the format's rule, empty."""
        found = [child for name in (tag, *other_names) for child in self._take(name)]
        if len(found) > 1:
            raise self._unexpected(tag)
        if not found:
            return None
        leaf = found[0]
        _no_attributes(leaf)
        if len(leaf):
            raise _hidden()
        return leaf.text or None

    def required(self, tag: str, *other_names: str) -> str:
        """Take a leaf that must be there."""
        value = self.optional(tag, *other_names)
        if value is None:
            raise Unreadable(
                f"Học bạ số thiếu thẻ {tag} trong {self._path}. Tệp không đúng cấu trúc hocba profile 0.",
                f"The document lacks {tag} in {self._path}. It is not in hocba profile 0.",
            )
        return value

    def done(self) -> None:
        """Refuse whatever has not been taken."""
        if self._children:
            raise self._unexpected(next(iter(self._children)))

    def _take(self, tag: str, *, at_least: int = 0) -> list[etree._Element]:
        found = self._children.pop(tag, [])
        if len(found) > 1 or len(found) < at_least:
            raise self._unexpected(tag)
        return found

    def _unexpected(self, what: str) -> Unreadable:
        return Unreadable(
            f"Trong {self._path}, “{what}” bị lặp, bị thiếu hoặc không thuộc hocba profile 0.",
            f"In {self._path}, “{what}” is repeated, missing, or no part of hocba profile 0.",
        )


def _hidden() -> Hostile:
    return Hostile(
        "Phần dữ liệu học bạ chứa chú thích XML hoặc thẻ lồng trong giá trị; tệp bị từ chối vì lý do an toàn.",
        "The data part holds XML comments, or elements inside a value; it is refused for safety.",
    )


def _no_attributes(element: etree._Element, allowed: str | None = None) -> None:
    if set(element.attrib) - {allowed}:
        raise Unreadable(
            f"Thẻ {element.tag} mang thuộc tính không có trong hocba profile 0.",
            f"The element {element.tag} carries an attribute that hocba profile 0 does not have.",
        )


def mark_text(mark: Mark | None) -> str | None:
    """Return a mark as the XML has it: one decimal, with a point; or the words."""
    if mark is None or isinstance(mark, Attainment):
        return None if mark is None else mark.value
    if not mark.is_finite() or not Decimal(0) <= mark <= Decimal(10) or mark != mark.quantize(_TENTH):
        raise Unwritable(
            f"Điểm {mark} không hợp lệ nên không lập được học bạ. Hãy kiểm tra lại bảng điểm.",
            f"The mark {mark} is impossible, so no document can be made. Check the marks.",
        )
    return str(mark.quantize(_TENTH))


def mark_from(text: str | None) -> Mark | None:
    """Return what a mark in the XML says."""
    if text is None:
        return None
    if re.fullmatch(r"\d\.\d|10\.0", text, flags=re.ASCII):
        return Decimal(text)
    for attainment in Attainment:
        if text == attainment.value:
            return attainment
    raise _misread(text)


def day_text(day: date | None) -> str | None:
    """Return a date as the ministry's own sample writes a birthday: `17/05/2017`."""
    return None if day is None else f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def day_from(text: str) -> date:
    """Return a date, written `dd/mm/yyyy` or in ISO 8601 with or without a time."""
    match = re.fullmatch(r"(\d{2})/(\d{2})/(\d{4})", text, flags=re.ASCII)
    try:
        if match:
            return date(int(match[3]), int(match[2]), int(match[1]))
        return datetime.fromisoformat(text).date()
    except ValueError as error:
        raise _misread(text) from error


def moment_text(moment: datetime) -> str:
    """Return a time in `+07:00`, whole seconds. Raises `Unwritable` for a time without a zone."""
    if moment.tzinfo is None:
        raise Unwritable(
            "Thời điểm thiếu múi giờ nên không ghi vào học bạ được.",
            "The time has no zone, so it cannot be written.",
        )
    return moment.astimezone(VIETNAM).replace(microsecond=0).isoformat()


def moment_from(text: str) -> datetime:
    """Return a time; one without a zone is refused."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _misread(text) from error
    if moment.tzinfo is None:
        raise _misread(text)
    return moment


def flag_text(value: bool | None) -> str | None:  # noqa: FBT001 - a value to print, not an option
    """Return `1` or `0`, as the National Data Centre's dictionary has it."""
    return None if value is None else "1" if value else "0"


def flag_from(text: str | None) -> bool | None:
    """Return what a flag says."""
    if text is not None and text not in {"0", "1"}:
        raise _misread(text)
    return None if text is None else text == "1"


def count_from(text: str) -> int:
    """Return a count."""
    if not re.fullmatch(r"\d{1,4}", text, flags=re.ASCII):
        raise _misread(text)
    return int(text)


def _misread(text: str) -> Unreadable:
    return Unreadable(
        f"Giá trị “{text[:60]}” trong học bạ số không đúng định dạng.",
        f"The value “{text[:60]}” in the document is not in its format.",
    )


def count_text(count: int | None) -> str | None:
    """Return a count as the XML has it."""
    if count is not None and not 0 <= count <= _MAX_COUNT:
        raise Unwritable(
            f"Số {count} không thể là số buổi nghỉ. Hãy kiểm tra lại trang Kết quả.",
            f"{count} cannot be a number of sessions. Check the results.",
        )
    return None if count is None else str(count)


def uuid_from(text: str) -> UUID:
    """Return a UUID of version 4 in its usual spelling; no other names a unit."""
    try:
        found = UUID(text)
    except ValueError as error:
        raise _misread(text) from error
    if str(found) != text.lower() or found.version != UUID_VERSION:
        raise _misread(text)
    return found


def one_of(words: type[_Words], text: str) -> _Words:
    """Return the member of an enum that a text names."""
    for member in words:
        if member.value == text:
            return member
    raise _misread(text)


def agree(tag: str, found: str | None, expected: str | None) -> None:
    """Refuse a document that says the same thing twice and differently."""
    if found != expected:
        raise Unreadable(
            f"Thẻ {tag} ghi “{found}” nhưng phần khác của học bạ cho thấy phải là “{expected}”.",
            f"{tag} says “{found}” where the rest of the document makes it “{expected}”.",
        )
