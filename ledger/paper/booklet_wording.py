# SPDX-License-Identifier: Apache-2.0

"""A booklet in the words of its cover document.

The cover lists; it does not judge. It says who the pupil is as the newest year has it, and names each unit by its UUID and the
SHA-256 of its manifest, so that it is plain which papers belong behind it. Nothing is printed that the booklet's own data does
not say.
"""

from datetime import datetime
from uuid import UUID

from ledger.paper.content import ListedRow, PaperBooklet
from ledger.paper.moments import place_and_date, shown_day
from ledger.paper.wording import LEVEL_TITLES, cover_lines, history_row, identity_lines, level_completion
from ledger.record.booklet import Booklet, BookletLine

GROUP = 8
"""Hexadecimal digits in a group; four groups to a line."""


def from_booklet(
    booklet: Booklet, *, booklet_id: UUID, planned_issue_date: datetime, short_code: str | None = None
) -> PaperBooklet:
    """What the cover document of `booklet` says. Raises `NaiveTime` for a date without a zone."""
    school, info = booklet.school, booklet.class_info
    first = booklet.units[0].school_year
    return PaperBooklet(
        booklet_id=booklet_id,
        level=info.level,
        authority=school.authority_name,
        school=school.name,
        level_title=LEVEL_TITLES[info.level],
        school_years=f"{first[:4]}-{info.school_year[-4:]}",
        class_name=info.name,
        pupil=booklet.pupil.name,
        cover=cover_lines(school, booklet.pupil),
        identity=identity_lines(booklet.pupil),
        history=tuple(history_row(line) for line in booklet.history),
        units=tuple(_listed(line) for line in booklet.units),
        completion=level_completion(info, booklet.completed),
        place_and_date=place_and_date(school.place, planned_issue_date),
        head=info.principal.name,
        head_position=info.principal_title,
        issue_date=shown_day(planned_issue_date),
        short_code=short_code,
    )


def _listed(line: BookletLine) -> ListedRow:
    digits = line.manifest_sha256
    groups = [digits[start : start + GROUP] for start in range(0, len(digits), GROUP)]
    half = len(groups) // 2
    return ListedRow(
        school_year=line.school_year,
        grade=line.grade,
        class_name=line.class_name,
        school=line.school_name,
        unit_id=line.unit_id,
        manifest=(" ".join(groups[:half]), " ".join(groups[half:])),
    )
