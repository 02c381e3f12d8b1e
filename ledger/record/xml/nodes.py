# SPDX-License-Identifier: Apache-2.0

"""Writing and reading the plain elements of the data part, so that nothing can stand there unread.

`Writer` refuses text that is not as `spelling.clean` leaves it: what is signed is NFC, without invisible characters.
`Fields` is the other way: it hands out the children of an element one by one, and `done` refuses what nobody asked for.
A reader that skipped unknown elements would let a document say more to one program than to another.
"""

from collections.abc import Iterator

from lxml import etree

from ledger.record.errors import Hostile, Unreadable, Unwritable
from ledger.record.spelling import clean
from ledger.record.xml.fields import lack


class Writer:
    """Adds children to one element; a value of `None` adds none, as the ministry's format has it.

    With `so_far`, the year is not over: what a whole year has may be missing.
    """

    def __init__(self, element: etree._Element, *, so_far: bool = False) -> None:
        self._element = element
        self._so_far = so_far

    def group(self, tag: str, **attributes: str) -> "Writer":
        """Add a child that has children."""
        return Writer(etree.SubElement(self._element, tag, attributes), so_far=self._so_far)

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
            raise Unwritable(*lack(tag))
        self.optional(tag, value)

    def of_year(self, tag: str, value: str | None) -> None:
        """Add a leaf that the format demands of a whole year."""
        if value is not None or not self._so_far:
            self.required(tag, value)


class Fields:
    """The children of one element, to be taken by name; `so_far` as for `Writer`."""

    def __init__(self, element: etree._Element, *, so_far: bool = False) -> None:
        self._so_far = so_far
        self._path = str(element.tag)
        if (element.text or "").strip():
            raise self._unexpected("text")
        self._children: dict[str, list[etree._Element]] = {}
        for child in element:
            if not isinstance(child.tag, str):
                raise _hidden()
            if (child.tail or "").strip():
                raise self._unexpected("text")
            refuse_namespaces(child)
            self._children.setdefault(child.tag, []).append(child)

    def group(self, tag: str) -> "Fields":
        """Take a child that must be there once and has children."""
        (child,) = self._take(tag, at_least=1)
        _no_attributes(child)
        return Fields(child, so_far=self._so_far)

    def groups(self, tag: str) -> Iterator["Fields"]:
        """Take every child of a name."""
        for child in self._children.pop(tag, []):
            _no_attributes(child)
            yield Fields(child, so_far=self._so_far)

    def rows(self, tag: str) -> Iterator[tuple[str | None, "Fields"]]:
        """Take every child of a name, with its `Id`, by which a signature may refer to it."""
        for child in self._children.pop(tag, []):
            _no_attributes(child, allowed="Id")
            identifier = child.get("Id")
            yield None if identifier is None else str(identifier), Fields(child, so_far=self._so_far)

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
        text = leaf.text or ""
        if text != clean(text):
            raise Unreadable(
                f"Nội dung của {tag} có ký tự ẩn, khoảng trắng thừa hoặc chưa chuẩn hóa Unicode, nên hai người đọc có thể"
                " thấy khác nhau.",
                f"The text of {tag} holds invisible characters or stray white space, or is not normalised, so two readers"
                " may see it differently.",
            )
        return text or None

    def required(self, tag: str, *other_names: str) -> str:
        """Take a leaf that must be there."""
        value = self.optional(tag, *other_names)
        if value is None:
            raise Unreadable(
                f"Học bạ số thiếu thẻ {tag} trong {self._path}. Tệp không đúng cấu trúc hocba profile 0.",
                f"The document lacks {tag} in {self._path}. It is not in hocba profile 0.",
            )
        return value

    def of_year(self, tag: str, *other_names: str) -> str | None:
        """Take a leaf that must be there of a whole year."""
        return self.optional(tag, *other_names) if self._so_far else self.required(tag, *other_names)

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


def refuse_namespaces(element: etree._Element) -> None:
    """Refuse an element of the data that stands in a namespace, or declares one; a bare data part declares none."""
    # An unused declaration changes nothing that is signed (exclusive C14N leaves it out), so whoever adds one to a signed
    # document goes unnoticed; nothing of ours has a use for it.
    parent = element.getparent()
    if element.tag.startswith("{") or element.nsmap != ({} if parent is None else parent.nsmap):
        raise Unreadable(
            f"Thẻ {etree.QName(element).localname} khai báo không gian tên XML, phần dữ liệu học bạ không dùng.",
            f"The element {etree.QName(element).localname} declares an XML namespace, which the data part does not use.",
        )


def _no_attributes(element: etree._Element, allowed: str | None = None) -> None:
    if set(element.attrib) - {allowed}:
        raise Unreadable(
            f"Thẻ {element.tag} mang thuộc tính không có trong hocba profile 0.",
            f"The element {element.tag} carries an attribute that hocba profile 0 does not have.",
        )
