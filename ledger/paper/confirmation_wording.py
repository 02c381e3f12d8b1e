# SPDX-License-Identifier: Apache-2.0

"""The confirmation of a pupil's results in mid-year, in the words of the regulation (QĐ 1789/QĐ-SGDĐT, Điều 22.2).

The old school's head and seal confirm "kết quả giáo dục trong năm học tính đến thời điểm học sinh chuyển đi": marks and results
as they stand on that day, in the spelling that the form has for them, and which units of earlier years go along. Promotion,
awards and whatever else a whole year comes to are left out: those are the new school's to say.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ledger.paper.content import HandedOverRow, Line, PaperConfirmation
from ledger.paper.moments import shown_day
from ledger.paper.wording import from_record
from ledger.record.model import Record

HOW_ASSESSED = "Đánh giá"


def confirmation_of(
    record: Record,
    *,
    unit_id: UUID,
    to_code: str,
    to_school: str,
    handed_over: Sequence[HandedOverRow],
    until: datetime,
) -> PaperConfirmation:
    """What the confirmation of `record` says, as of `until`. Raises `NoForm` and `NaiveTime` as `wording.from_record` does."""
    unit = from_record(record, unit_id=unit_id, planned_issue_date=until)
    return PaperConfirmation(
        unit_id=unit_id,
        level=unit.level,
        authority=unit.authority,
        school=unit.school,
        school_code=record.school.code,
        to_school=to_school,
        to_code=to_code,
        level_title=unit.level_title,
        school_year=unit.school_year,
        class_name=unit.class_name,
        pupil=unit.pupil,
        identity=unit.identity,
        until=shown_day(until),
        marks=unit.marks,
        results=unit.results,
        achievements=unit.achievements,
        traits=unit.traits,
        attendance=tuple(line for line in unit.outcome if _of_the_time_so_far(line)),
        homeroom_comment=unit.homeroom_comment,
        handed_over=tuple(handed_over),
        place_and_date=unit.place_and_date,
        head=unit.head,
        head_position=unit.head_position,
    )


def _of_the_time_so_far(line: Line) -> bool:
    return not line.wide or line.label == HOW_ASSESSED
