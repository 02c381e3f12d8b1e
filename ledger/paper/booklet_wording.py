# SPDX-License-Identifier: Apache-2.0

"""A pupil's units at one level in the words of the booklet's cover document.

The booklet lists; it does not judge. Who the pupil is comes from the newest unit, the schooling history from all of
them, and each unit is named by its UUID and the SHA-256 of its manifest, so that the cover says exactly which papers
belong behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.paper.content import HistoryRow, ListedRow, PaperBooklet
from ledger.paper.errors import UnfitForBooklet
from ledger.paper.moments import place_and_date, shown_day
from ledger.paper.wording import LEVEL_TITLES, cover_lines, history_row, identity_lines, level_completion
from ledger.record.model import Record, Schooling

GROUP = 8
"""Hexadecimal digits in a group; four groups to a line."""


@dataclass(frozen=True)
class ListedUnit:
    """One issued unit that the booklet holds."""

    record: Record
    unit_id: UUID
    manifest_sha256: bytes


def from_units(
    units: Sequence[ListedUnit], *, booklet_id: UUID, planned_issue_date: datetime, short_code: str | None = None
) -> PaperBooklet:
    """What the cover document of `units` says, whatever order they are given in.

    Raises `UnfitForBooklet` unless they are one pupil's (by the pupil's code) at one level, at most one for each school
    year; `NaiveTime` for a date without a zone.
    """
    ordered = sorted(units, key=lambda unit: unit.record.class_info.school_year)
    _refuse_what_is_not_one_booklet(ordered)
    newest = ordered[-1].record
    school, info = newest.school, newest.class_info
    first = ordered[0].record.class_info.school_year
    return PaperBooklet(
        booklet_id=booklet_id,
        level=info.level,
        authority=school.authority_name,
        school=school.name,
        level_title=LEVEL_TITLES[info.level],
        school_years=f"{first[:4]}-{info.school_year[-4:]}",
        class_name=info.name,
        pupil=newest.pupil.name,
        cover=cover_lines(school, newest.pupil),
        identity=identity_lines(newest.pupil),
        history=_history(ordered),
        units=tuple(_listed(unit) for unit in ordered),
        completion=level_completion(newest),
        place_and_date=place_and_date(school.place, planned_issue_date),
        head=info.principal.name,
        head_position=info.principal_title,
        issue_date=shown_day(planned_issue_date),
        short_code=short_code,
    )


def _refuse_what_is_not_one_booklet(units: Sequence[ListedUnit]) -> None:
    if not units:
        raise UnfitForBooklet("chưa có đơn vị học bạ nào", "there is no unit")
    if len({unit.record.pupil.code for unit in units}) > 1:
        raise UnfitForBooklet("các đơn vị học bạ không cùng một học sinh", "the units are not of one pupil")
    if len({unit.record.class_info.level for unit in units}) > 1:
        raise UnfitForBooklet("các đơn vị học bạ không cùng một cấp học", "the units are not of one level")
    if len({unit.record.class_info.school_year for unit in units}) < len(units):
        raise UnfitForBooklet("có hai đơn vị học bạ của cùng một năm học", "two units are of the same school year")


def _listed(unit: ListedUnit) -> ListedRow:
    info, digits = unit.record.class_info, unit.manifest_sha256.hex()
    groups = [digits[start : start + GROUP] for start in range(0, len(digits), GROUP)]
    half = len(groups) // 2
    return ListedRow(
        school_year=info.school_year,
        grade=info.grade,
        class_name=info.name,
        school=unit.record.school.name,
        unit_id=unit.unit_id,
        manifest=(" ".join(groups[:half]), " ".join(groups[half:])),
    )


def _history(units: Sequence[ListedUnit]) -> tuple[HistoryRow, ...]:
    """Every line that some unit tells, and the year of each, once and in the order of years."""
    told: dict[tuple[str, str, str], Schooling] = {}
    for unit in units:
        record = unit.record
        own = Schooling(record.class_info.school_year, record.class_info.name, record.school.name)
        for line in (*record.history, own):
            told.setdefault((line.school_year, line.class_name, line.school_name), line)
    return tuple(history_row(line) for line in sorted(told.values(), key=lambda line: line.school_year))
