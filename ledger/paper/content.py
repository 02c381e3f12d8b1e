# SPDX-License-Identifier: Apache-2.0

"""What stands on the pages of one unit, booklet or confirmation, as words ready to print.

A `PaperUnit`, `PaperBooklet` or `PaperConfirmation` knows no rules and no marks: every mark, level and date in it is
already the Vietnamese text which a reader will see. `None` means that there is nothing to say; the page then shows a dash
where the form has a line, and leaves out what the form calls "nếu có". Turning records into these words is
`ledger.paper.wording` for a unit, `ledger.paper.booklet_wording` for a booklet and `ledger.paper.confirmation_wording` for a
confirmation.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from ledger.paper.printable import WIDEST_WORD, printable, tidy
from ledger.record.subjects import Level

NARROW_COLUMNS: Mapping[str, float] = MappingProxyType(
    {"subject": 6.0, "teacher": 6.0, "class_name": 6.0, "comment": 8.0, "name": 8.0, "rows": 8.0}
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
    arrived: str | None = None
    """When the pupil came to this class, if that was in mid-year; the column is printed only if some line has it."""


@dataclass(frozen=True)
class MarkRow:
    """One subject in the table of marks at secondary."""

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
class AchievementRow:
    """One subject in the table of results at primary."""

    subject: str
    achieved: str | None
    test: str | None
    """The periodic test ("Điểm kiểm tra định kì"); most subjects have none."""
    comment: str | None
    teacher: str | None


@dataclass(frozen=True)
class TraitTable:
    """One of the three tables of qualities and competences at primary, with its one comment."""

    rows: tuple[tuple[str, str | None], ...]
    """What is judged, and how far it has come."""
    comment: str | None


@dataclass(frozen=True)
class PaperUnit:
    """Everything that is printed for one pupil and one school year."""

    unit_id: UUID
    level: Level
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
    """Absences, promotion or completion, awards; at primary sections 4 to 6 of the form."""
    homeroom_comment: str | None
    place_and_date: str
    """As the form ends: "Hải Phòng, ngày 28 tháng 5 năm 2026"."""
    head: str
    head_position: str
    homeroom_teacher: str
    short_code: str | None = None
    """To type where a QR cannot be scanned ("Mã tra cứu ngắn")."""
    cover: tuple[Line, ...] = ()
    """Where the school is, as the cover asks: commune, district for years that had one, province; register number."""
    issue_date: str | None = None
    """When the head signs, as planned ("Ngày ký học bạ")."""
    origin: str | None = None
    """Said plainly on every page of a year that was copied from paper: "Số hóa từ học bạ giấy"."""
    achievements: tuple[AchievementRow, ...] = ()
    """Primary's table of subjects; a secondary unit has `marks`."""
    traits: tuple[TraitTable, ...] = ()
    """Primary's qualities, general and specific competences, in this order."""
    summer_comment: str | None = None

    def as_json(self) -> str:
        """The content as the template reads it; see `words_as_json`."""
        return words_as_json(asdict(self))

    def text_with(self, character: str) -> str:
        """The first text on the pages that holds `character`, to tell a person where to look."""
        return first_text_with(character, asdict(self))


@dataclass(frozen=True)
class ListedRow:
    """One unit in a booklet's table."""

    school_year: str
    grade: int
    class_name: str
    school: str
    unit_id: UUID
    manifest: tuple[str, str]
    """SHA-256 of the unit's manifest on two lines, in groups of eight hexadecimal digits."""


@dataclass(frozen=True)
class PaperBooklet:
    """Everything that is printed on the cover document of one pupil's units at one level."""

    booklet_id: UUID
    level: Level
    authority: str
    school: str
    level_title: str
    school_years: str
    """From the first to the last: "2022-2026"."""
    class_name: str
    """The newest."""
    pupil: str
    cover: tuple[Line, ...]
    identity: tuple[Line, ...]
    """As the newest unit has it."""
    history: tuple[HistoryRow, ...]
    units: tuple[ListedRow, ...]
    completion: str | None
    """What the level came to, once its last grade is in."""
    place_and_date: str
    head: str
    head_position: str
    issue_date: str | None = None
    short_code: str | None = None
    """To type where a QR cannot be scanned ("Mã tra cứu ngắn")."""

    def as_json(self) -> str:
        """The content as the template reads it; see `words_as_json`."""
        return words_as_json(asdict(self))

    def text_with(self, character: str) -> str:
        """The first text on the pages that holds `character`, to tell a person where to look."""
        return first_text_with(character, asdict(self))


@dataclass(frozen=True)
class HandedOverRow:
    """One unit of an earlier year that goes along with a pupil who changes schools."""

    school_year: str
    class_name: str
    school: str
    unit_id: UUID


@dataclass(frozen=True)
class PaperConfirmation:
    """Everything that is printed on the confirmation of a pupil's results up to the day of leaving in mid-year."""

    unit_id: UUID
    """The unit that the old school had begun."""
    level: Level
    authority: str
    school: str
    school_code: str
    to_school: str
    to_code: str
    level_title: str
    school_year: str
    class_name: str
    pupil: str
    identity: tuple[Line, ...]
    until: str
    """The day up to which results are confirmed: "16/01/2026"."""
    marks: tuple[MarkRow, ...]
    results: tuple[ResultRow, ...]
    achievements: tuple[AchievementRow, ...]
    traits: tuple[TraitTable, ...]
    attendance: tuple[Line, ...]
    """Absences, and how the pupil is assessed where that is not as usual; nothing of what a whole year comes to."""
    homeroom_comment: str | None
    handed_over: tuple[HandedOverRow, ...]
    """Units of earlier years that the new school inherits, oldest first."""
    place_and_date: str
    head: str
    head_position: str

    def as_json(self) -> str:
        """The content as the template reads it; see `words_as_json`."""
        return words_as_json(asdict(self))

    def text_with(self, character: str) -> str:
        """The first text on the pages that holds `character`, to tell a person where to look."""
        return first_text_with(character, asdict(self))


def words_as_json(content: Mapping[str, Any]) -> str:
    """Content as a template reads it: NFC, single spaces, over-long words made breakable.

    Raises `UnprintableText` for characters nobody could see on paper (controls, direction marks, private use):
    a print-out must not be able to hide something that its data says.
    """
    return json.dumps(_mapped(content, _printable), ensure_ascii=False)


def first_text_with(character: str, content: Mapping[str, Any]) -> str:
    """The first text of `content` that holds `character`."""
    found: list[str] = []

    def note(text: str, _: str) -> str:
        if character in text:
            found.append(text)
        return text

    _mapped(content, note)
    return found[0] if found else character


def _mapped(value: Any, change: Callable[[str, str], str], name: str = "") -> Any:  # noqa: ANN401 - it is JSON
    """`value` with each text, tidied, put through `change` together with the name of the field it is in."""
    match value:
        case str():
            return change(tidy(value), name)
        case Enum():
            return value.value
        case Mapping():
            return {key: _mapped(item, change, key) for key, item in value.items()}
        case list() | tuple():
            return [_mapped(item, change, name) for item in value]
        case UUID():
            return str(value)
        case _:
            return value


def _printable(text: str, name: str) -> str:
    return printable(text, widest=NARROW_COLUMNS.get(name, WIDEST_WORD))
