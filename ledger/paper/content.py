# SPDX-License-Identifier: Apache-2.0

"""What stands on the pages of one unit, as words ready to print.

A `PaperUnit` knows no rules and no marks: every mark, level and date in it is already the Vietnamese text which a
reader will see. `None` means that there is nothing to say; the page then shows a dash where the form has a line, and
leaves out what the form calls "nếu có". Turning a record into these words is `ledger.paper.wording`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from ledger.paper.printable import WIDEST_WORD, printable, tidy

NARROW_COLUMNS: Mapping[str, float] = MappingProxyType(
    {"subject": 6.0, "teacher": 6.0, "class_name": 6.0, "comment": 8.0, "name": 8.0}
)
"""How wide a word may be, in em, that stands in a narrow column of a table."""


@dataclass(frozen=True)
class Line:
    """One line of the form: what it asks, and what the record answers."""

    label: str
    value: str | None
    wide: bool = True
    """Takes the whole width; otherwise two lines share it."""


@dataclass(frozen=True)
class HistoryRow:
    """One school year of the schooling history ("Quá trình học tập")."""

    school_year: str
    class_name: str
    school: str


@dataclass(frozen=True)
class MarkRow:
    """One subject in the table of marks."""

    subject: str
    term_1: str | None
    term_2: str | None
    year: str | None
    reassessed: str | None
    """After re-assessment in the summer; the column is printed only if some subject has one."""
    comment: str | None
    teacher: str | None


@dataclass(frozen=True)
class ResultRow:
    """One kind of result (study, conduct) by term."""

    name: str
    term_1: str | None
    term_2: str | None
    year: str | None
    reassessed: str | None = None


@dataclass(frozen=True)
class PaperUnit:
    """Everything that is printed for one pupil and one school year."""

    unit_id: UUID
    authority: str
    """The Sở, as it heads a letter: "Sở Giáo dục và Đào tạo Hải Phòng"."""
    school: str
    school_location: str | None
    """Ward and province of the school, as the cover of the form has them."""
    level_title: str
    """What kind of học bạ this is: "Trung học cơ sở"."""
    school_year: str
    class_name: str
    register_number: str | None
    pupil: str
    identity: tuple[Line, ...]
    history: tuple[HistoryRow, ...]
    marks: tuple[MarkRow, ...]
    results: tuple[ResultRow, ...]
    outcome: tuple[Line, ...]
    """Absences, promotion or completion, awards."""
    homeroom_comment: str | None
    place_and_date: str
    """As the form ends: "Hải Phòng, ngày 28 tháng 5 năm 2026"."""
    head: str
    head_position: str
    homeroom_teacher: str
    short_code: str | None = None
    """To type where a QR cannot be scanned."""

    def as_json(self) -> str:
        """The content as the template reads it: NFC, single spaces, over-long words made breakable.

        Raises `UnprintableText` for characters nobody could see on paper (controls, direction marks, private use):
        a print-out must not be able to hide something that its data says.
        """
        return json.dumps(_mapped(asdict(self), _printable), ensure_ascii=False)

    def text_with(self, character: str) -> str:
        """The first text on the pages that holds `character`, to tell a person where to look."""
        found: list[str] = []

        def note(text: str, _: str) -> str:
            if character in text:
                found.append(text)
            return text

        _mapped(asdict(self), note)
        return found[0] if found else character


def _mapped(value: Any, change: Callable[[str, str], str], name: str = "") -> Any:  # noqa: ANN401 - it is JSON
    """`value` with each text, tidied, put through `change` together with the name of the field it is in."""
    match value:
        case str():
            return change(tidy(value), name)
        case dict():
            return {key: _mapped(item, change, key) for key, item in value.items()}
        case list() | tuple():
            return [_mapped(item, change, name) for item in value]
        case UUID():
            return str(value)
        case _:
            return value


def _printable(text: str, name: str) -> str:
    return printable(text, widest=NARROW_COLUMNS.get(name, WIDEST_WORD))
