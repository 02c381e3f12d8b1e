# SPDX-License-Identifier: Apache-2.0

"""What stands on the pages of one unit, as words ready to print.

A `PaperUnit` knows no rules and no marks: every mark, level and date in it is already the Vietnamese text which a
reader will see. `None` means that there is nothing to say; the page then shows a dash where the form has a line, and
leaves out what the form calls "nếu có". Turning a record into these words is `ledger.paper.wording`.
"""

import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from ledger.paper.errors import UnprintableText

WIDEST_WORD = 15.0
"""What surely fits into half a line, in em. A wider word is a slip of the keyboard or an address, and is given places
to break so that it cannot run off the page."""

NARROW_COLUMNS: Mapping[str, float] = MappingProxyType(
    {"subject": 6.0, "teacher": 6.0, "class_name": 6.0, "comment": 8.0, "name": 8.0}
)
"""The same for what stands in a narrow column of a table. The widest Vietnamese syllable, "nghiêng", takes 3.7 em."""

_BREAK = "\u200b"


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
            return change(unicodedata.normalize("NFC", " ".join(value.split())), name)
        case dict():
            return {key: _mapped(item, change, key) for key, item in value.items()}
        case list() | tuple():
            return [_mapped(item, change, name) for item in value]
        case UUID():
            return str(value)
        case _:
            return value


def _printable(text: str, name: str) -> str:
    for character in text:
        # Cc, Cf, Cs, Co, Cn: controls, format marks, lone surrogates, private use, unassigned.
        if unicodedata.category(character).startswith("C"):
            raise UnprintableText(character, text)
    widest = NARROW_COLUMNS.get(name, WIDEST_WORD)
    return " ".join(_breakable(word, widest) for word in text.split(" "))


def _breakable(word: str, widest: float) -> str:
    """`word` with places to break, if it takes more than `widest` em."""
    if sum(_em(character) for character in word) <= widest:
        return word
    pieces, width = [""], 0.0
    for character in word:
        width += _em(character)
        if width > widest:
            pieces.append("")
            width = _em(character)
        pieces[-1] += character
    return _BREAK.join(pieces)


def _em(character: str) -> float:
    """About how wide a letter is in Times, erring on the wide side."""
    if unicodedata.combining(character):
        return 0.0
    if character in "MW%@—…":
        return 1.0
    if character.isupper():
        return 0.78
    return 0.8 if character in "mw" else 0.52
