# SPDX-License-Identifier: Apache-2.0

"""Moments as Vietnamese papers write them, in Vietnam's time whatever zone they were given in."""

from datetime import datetime, timedelta, timezone

from ledger.paper.errors import NaiveTime

VIETNAM = timezone(timedelta(hours=7))
"""The zone that signatures show (Nghị định 30/2020/NĐ-CP, Phụ lục I)."""

FEBRUARY = 2


def vietnamese(moment: datetime) -> datetime:
    """The same moment on Vietnam's clock. Raises `NaiveTime` if it has no zone."""
    if moment.tzinfo is None:
        raise NaiveTime
    return moment.astimezone(VIETNAM)


def shown_time(moment: datetime) -> str:
    """A moment as a signature shows it: "28/05/2026 09:30:00 +07:00"."""
    return vietnamese(moment).strftime("%d/%m/%Y %H:%M:%S +07:00")


def place_and_date(place: str, moment: datetime) -> str:
    """The line above signatures: "Hải Phòng, ngày 05 tháng 02 năm 2026".

    Days below 10 and the months 1 and 2 take a zero before them (Nghị định 30/2020/NĐ-CP, Phụ lục I), against
    afterthoughts with a pen.
    """
    day = vietnamese(moment)
    month = f"{day.month:02d}" if day.month <= FEBRUARY else str(day.month)
    return f"{place}, ngày {day.day:02d} tháng {month} năm {day.year}"


def shown_day(moment: datetime) -> str:
    """A day as a line of the form has it: "28/05/2026"."""
    return vietnamese(moment).strftime("%d/%m/%Y")
