# SPDX-License-Identifier: Apache-2.0

"""What a clerk does with a whole class: lays its drafts out for signing, and issues what everybody has signed.

Both are jobs that a worker does (`ledger.class_jobs`); the page of the class shows how far they have come.
"""

import datetime as dt

from fastapi import Request
from starlette.responses import Response

from ledger.class_jobs import Deed
from ledger.desk.class_sight import class_of, units_of
from ledger.desk.classes import Classes
from ledger.desk.desk import Desk
from ledger.desk.pages import to
from ledger.desk.visits import field, school_of
from ledger.unit import UnitState
from ledger.web.languages import VIETNAM, Text

NO_SUCH_DAY = Text(
    "Ngày dự kiến phát hành chưa đúng. Hãy chọn một ngày, từ hôm nay trở đi.",
    "The planned day of issue is not right. Choose a day, today or later.",
)
NO_DRAFTS = Text(
    "Lớp này không còn bản nháp nào để chuẩn bị ký. Hãy tải lại trang.",
    "This class has no drafts left to prepare. Load the page again.",
)
NOT_READY = Text(
    "Chưa có học bạ nào đủ chữ ký để phát hành. Hãy xem phần “Đang chờ ai ký”.",
    "No record has all its signatures yet. Look at “Who is waited for”.",
)


class ClassDeeds:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk, classes: Classes) -> None:
        self._desk = desk
        self._classes = classes

    async def prepare(self, request: Request, class_id: int) -> Response:
        """Orders the laying out of a class's drafts for signing."""
        account, school_code = school_of(request)
        planned = planned_on(field(request, "ngay"), self._desk.now())
        signing = self._desk.signing

        def started() -> Text | None:
            school_class = class_of(self._desk, account, school_code, class_id)
            if planned is None:
                return NO_SUCH_DAY
            if not any(unit.state is UnitState.DRAFT for unit in units_of(self._desk, school_class)):
                return NO_DRAFTS
            signing.class_jobs.order(school_class, Deed.PREPARE, planned=planned)
            return None

        return await self._begun(request, class_id, await self._desk.ask(started))

    async def issue(self, request: Request, class_id: int) -> Response:
        """Orders the issuing of what everybody has signed."""
        account, school_code = school_of(request)
        signing = self._desk.signing

        def started() -> Text | None:
            school_class = class_of(self._desk, account, school_code, class_id)
            if not any(signing.issuing.is_signed_by_all(unit) for unit in units_of(self._desk, school_class)):
                return NOT_READY
            signing.class_jobs.order(school_class, Deed.ISSUE)
            return None

        return await self._begun(request, class_id, await self._desk.ask(started))

    async def _begun(self, request: Request, class_id: int, problem: Text | None) -> Response:
        if problem is not None:
            return await self._classes.shown(request, class_id, problem=problem)
        return to(f"/lop/{class_id}")


def planned_on(written: str, now: dt.datetime) -> dt.datetime | None:
    """The planned time of issue on a day of a form: now, if it is today. None for a day that is past, or none."""
    today = now.astimezone(VIETNAM).replace(microsecond=0)
    try:
        day = dt.date.fromisoformat(written)
    except ValueError:
        return None
    if day < today.date():
        return None
    return today if day == today.date() else dt.datetime.combine(day, dt.time(8), VIETNAM)
