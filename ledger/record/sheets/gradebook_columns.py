# SPDX-License-Identifier: Apache-2.0

"""The headings of a mark book: which column is which component of which subject.

Three layouts are in use. In one row each column is named whole, `Toán - TX1`. In two rows the subject's name is merged
above its components; of a merged cell only the first column holds the text, so it counts up to the next name. In three
`ĐĐGtx` is merged above 1, 2, 3 (or Lần 1, Lần 2 …) as well. A column without any heading that has marks in it belongs to
the test on its left, whose heading was merged over it: to leave it aside would make another average of it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.record.findings import Finding
from ledger.record.sheets.cells import text
from ledger.record.sheets.tables import CODE, NAME, STT, given_name_column, heading_key, numbers_columns, unknown_column
from ledger.record.sheets.workbook import Grid
from ledger.record.spelling import folded
from ledger.record.subjects import Level, Subject, subject_named

REGULAR: Final = "TX"
MIDTERM: Final = "GK"
FINAL: Final = "CK"
AVERAGE: Final = "ĐTB"

_HEADING_ROWS: Final = 20
_TEST: Final = r"(?:d?dg|diem|(?:diem)?danhgia|(?:diem)?kiemtra|kt)?"
_KINDS: Final = (
    (REGULAR, re.compile(rf"{_TEST}(?:tx|thuongxuyen)(\d{{0,2}})")),
    (MIDTERM, re.compile(rf"{_TEST}(?:gk|giuaky|giuaki|giuahocky|giuahocki)()")),
    (FINAL, re.compile(rf"{_TEST}(?:ck|cuoiky|cuoiki|cuoihocky|cuoihocki)()")),
    (AVERAGE, re.compile(r"(?:d?tb|d?tbm|d?tbmhk|d?tbhk|diemtrungbinh|kqhk)()")),
)
_NUMBER: Final = re.compile(r"(?:lan|tx)?\d{1,2}")
"""What stands below a merged `ĐĐGtx`, folded."""
_SEPARATOR: Final = re.compile(r"[\s\-–—_:/(]+")


_Named = tuple[int, str, tuple[str, tuple[str, str]] | None]
"""A column, its heading, and the (subject, (kind, number)) that the heading means."""


@dataclass(frozen=True, slots=True)
class Component:
    """A column of the mark book."""

    kind: str
    """`REGULAR`, `MIDTERM`, `FINAL` or `AVERAGE`."""
    label: str
    """As messages call it: TX2, GK."""
    column: int


@dataclass(frozen=True, slots=True)
class SubjectColumns:
    """The columns of one subject."""

    subject: Subject
    title: str
    components: tuple[Component, ...]

    def _of(self, kind: str) -> tuple[Component, ...]:
        return tuple(component for component in self.components if component.kind == kind)

    @property
    def regular(self) -> tuple[Component, ...]:
        """TX1, TX2 and so on."""
        return self._of(REGULAR)

    @property
    def midterm(self) -> tuple[Component, ...]:
        """GK: one, if all is well."""
        return self._of(MIDTERM)

    @property
    def final(self) -> tuple[Component, ...]:
        """CK: one, if all is well."""
        return self._of(FINAL)

    @property
    def averages(self) -> tuple[Component, ...]:
        """The average that the book itself gives, if it does."""
        return self._of(AVERAGE)


@dataclass(frozen=True, slots=True)
class Book:
    """The headings of a mark book."""

    last_heading_row: int
    columns: Mapping[str, int]
    """Where number, code and name of a pupil stand, by heading."""
    subjects: tuple[SubjectColumns, ...]
    given_name: int | None = None
    """The column of the given name, where `Họ và tên` stands over two."""


def book_in(grid: Grid, sheet: str, level: Level, findings: list[Finding]) -> Book | None:
    """Find the headings of a mark book; `None` when no row near the top has the pupils' code. Says what it leaves aside."""
    rows = [_titles(row) for row in grid.rows[:_HEADING_ROWS]]
    first = next(
        (i for i, row in enumerate(rows) if any(heading_key(title) in CODE.keys for title in row.values())), None
    )
    if first is None:
        return None
    columns: dict[str, int] = {}
    for heading in (STT, CODE, NAME):
        for column, title in rows[first].items():
            if heading_key(title) in heading.keys:
                columns.setdefault(heading.name, column)
    own = set(columns.values())
    # The codes' heading may be merged over both rows, and so stand in the upper, or only in the lower of them.
    below = next(
        (i for i in (first + 1, first) if i < len(rows) and any(_component(t) for t in rows[i].values())), None
    )
    if below is None or any(_whole(title) for title in rows[first].values()):
        last = first
        named = [(column, title, _whole(title)) for column, title in rows[first].items() if column not in own]
    else:
        last = max(first, below)
        named = list(_two_rows(rows[below - 1] if below else {}, rows[below], own))
    titled = own.union(*rows[first : last + 1])
    if last + 1 < len(rows) and _numbers_tests(rows[last + 1], own):
        last += 1
    named = _with_merged(named, titled, _filled(grid.rows[last:], columns[CODE.name]))
    if last + 1 < len(grid.rows) and numbers_columns(grid.rows[last + 1]):
        last += 1
    given = given_name_column(columns.get(NAME.name), titled, grid.rows[last + 1 :])
    return Book(last + 1, columns, tuple(_subjects(named, sheet, level, findings)), given)


def _numbers_tests(row: Mapping[int, str], own: set[int]) -> bool:
    """Return whether a row is the third of the headings: 1, 2, 3 below a merged `ĐĐGtx`, and nothing about a pupil."""
    return bool(row) and not own & row.keys() and all(_NUMBER.fullmatch(folded(title)) for title in row.values())


def _filled(rows: Sequence[Sequence[object]], code: int) -> set[int]:
    """Return the columns in which a pupil has something, or the numbers of the last heading row, `rows[0]`, stand."""
    said = [_titles(row) for row in rows]
    return set(said[0]).union(*(row for row in said[1:] if code in row)) if said else set()


def _with_merged(named: Iterable[_Named], titled: set[int], filled: set[int]) -> list[_Named]:
    """Give each test the columns on its right that have marks but no heading."""
    found: list[_Named] = []
    for entry in named:
        found.append(entry)
        column, title, whole = entry
        if whole is None or whole[1][0] == AVERAGE:
            continue
        while (column := column + 1) in filled and column not in titled:
            found.append((column, title, (whole[0], (whole[1][0], ""))))
    return found


def _titles(row: Iterable[object]) -> dict[int, str]:
    return {column: title for column, cell in enumerate(row, start=1) if (title := text(cell))}


def _component(title: str) -> tuple[str, str] | None:
    """Return kind and number of a bare component: `TX 2` is ("TX", "2")."""
    key = folded(title)
    return next(((kind, match[1]) for kind, pattern in _KINDS if (match := pattern.fullmatch(key))), None)


def _whole(title: str) -> tuple[str, tuple[str, str]] | None:
    """Return subject and component of a heading that names both: `Ngoại ngữ 1 (Tiếng Anh) - TX 1`."""
    for separator in reversed(list(_SEPARATOR.finditer(title))):
        component = _component(title[separator.end() :].rstrip(") "))
        if component is not None and separator.start():
            return title[: separator.start()], component
    return None


def _two_rows(upper: Mapping[int, str], lower: Mapping[int, str], own: set[int]) -> Iterable[_Named]:
    subject: str | None = None
    for column in range(1, max((*upper, *lower), default=0) + 1):
        subject = upper.get(column, subject)
        below = lower.get(column)
        if column in own or below is None:
            continue
        component = _component(below)
        yield column, below, (subject, component) if subject is not None and component is not None else _whole(below)


def _subjects(
    named: Iterable[_Named],
    sheet: str,
    level: Level,
    findings: list[Finding],
) -> Iterable[SubjectColumns]:
    found: dict[str, tuple[Subject, str, list[Component]]] = {}
    strangers: set[str] = set()
    for column, title, whole in named:
        subject = subject_named(whole[0], level) if whole else None
        if whole is None or subject is None:
            name = whole[0] if whole else title
            if name not in strangers:
                strangers.add(name)
                findings.append(unknown_column(sheet, name))
            continue
        _, _, components = found.setdefault(subject.code, (subject, whole[0], []))
        kind, number = whole[1]
        if kind == REGULAR:
            number = number or str(1 + sum(component.kind == REGULAR for component in components))
        components.append(Component(kind, f"{kind}{number}", column))
    return [SubjectColumns(subject, title, tuple(components)) for subject, title, components in found.values()]
