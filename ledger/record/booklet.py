# SPDX-License-Identifier: Apache-2.0

"""What a booklet says: who the pupil is by the newest year, and which yearly units belong together.

The ministry's unit is one school year; a paper học bạ holds all years of a level. A booklet is the cover that makes one of the
other: it repeats no mark, and names each unit by its id and by the SHA-256 of its manifest, so that no unit can be taken out, put
in or exchanged behind a cover that the school has sealed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger.record.errors import Unwritable
from ledger.record.model import ClassInfo, PrimaryYear, Pupil, Record, School, Schooling


@dataclass(frozen=True, slots=True)
class BookletLine:
    """One unit that a booklet lists."""

    school_year: str
    grade: int
    class_name: str
    school_code: str
    school_name: str
    unit_id: UUID
    manifest_sha256: str
    """64 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Booklet:
    """All years of one pupil at one level. The cover of a print of several years is that of the newest (CV 2088, 1.5)."""

    school: School
    class_info: ClassInfo
    pupil: Pupil
    history: tuple[Schooling, ...]
    units: tuple[BookletLine, ...]
    """Oldest year first."""
    completed: bool | None = None
    """Whether the pupil completed the level, once its last grade is in."""


def bound(units: Sequence[tuple[Record, UUID, str]]) -> Booklet:
    """Return the booklet of issued units, each a record, an id and the SHA-256 of its manifest, oldest year first.

    Raises `Unwritable` for units that make no booklet: of two pupils or two levels, two of one year, or none.
    """
    if not units:
        raise Unwritable(
            "Chưa có học bạ năm học nào để đóng thành sổ. Hãy phát hành học bạ từng năm học trước.",
            "There is no yearly record to bind. Issue the records of the years first.",
        )
    records = [record for record, _, _ in units]
    years = [record.class_info.school_year for record in records]
    same = {(record.pupil.code, record.class_info.level) for record in records}
    if len(same) != 1 or years != sorted(set(years)):
        raise Unwritable(
            "Các học bạ trong một sổ phải của cùng một học sinh, cùng cấp học, mỗi năm học một học bạ."
            " Hãy bỏ học bạ thừa.",
            "The records of a booklet are of one pupil and one level, one for each school year, oldest first."
            " Leave out what is too many.",
        )
    newest = records[-1]
    return Booklet(
        newest.school,
        newest.class_info,
        newest.pupil,
        _history(records),
        tuple(_line(*unit) for unit in units),
        _completed(newest),
    )


def _line(record: Record, unit_id: UUID, manifest_sha256: str) -> BookletLine:
    info, school = record.class_info, record.school
    return BookletLine(info.school_year, info.grade, info.name, school.code, school.name, unit_id, manifest_sha256)


def _completed(newest: Record) -> bool | None:
    if not newest.class_info.is_final:
        return None
    year = newest.year
    return year.completed if isinstance(year, PrimaryYear) else year.promoted


def _history(records: Sequence[Record]) -> tuple[Schooling, ...]:
    """Every line that some unit tells, and each unit's own year, once, in the order of years."""
    told: dict[tuple[str, str, str], Schooling] = {}
    for record in records:
        own = Schooling(record.class_info.school_year, record.class_info.name, record.school.name)
        for line in (*record.history, own):
            told.setdefault((line.school_year, line.class_name, line.school_name), line)
    return tuple(sorted(told.values(), key=lambda line: line.school_year))
