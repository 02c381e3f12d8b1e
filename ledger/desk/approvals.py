# SPDX-License-Identifier: Apache-2.0

"""The authority answers what schools ask: approves or refuses certificates, and ends the right to sign.

What is decided here holds at once inside the ledger; verifiers elsewhere learn of it when the list is published
(`hocba signers publish`), which needs the authority's own key and is not done by the desk.
"""

from collections.abc import Callable
from http import HTTPStatus

from fastapi import Request
from starlette.responses import Response

from ledger.desk.certificates import LineView, line_views
from ledger.desk.desk import Desk
from ledger.desk.pages import to
from ledger.desk.visits import account_of, field
from ledger.errors import CertificateRefused, LostRace
from ledger.store.signing_tables import RegistrationState
from ledger.web.languages import Text

DECIDED_MEANWHILE = Text(
    "Yêu cầu này vừa được người khác xử lý. Danh sách dưới đây đã được cập nhật; hãy xem lại.",
    "Somebody else has just dealt with this request. The list below is up to date; look at it again.",
)


class Approvals:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """Requests that wait, and every line that was decided."""
        return await self._shown(request)

    async def approve(self, request: Request, number: int) -> Response:
        """From now on the certificate may sign."""
        registrations, by = self._desk.signing.registrations, account_of(request).name
        return await self._done(request, number, lambda: registrations.decide(number, approved=True, by=by))

    async def refuse(self, request: Request, number: int) -> Response:
        """No, with a reason that the school reads."""
        registrations, by = self._desk.signing.registrations, account_of(request).name
        reason = field(request, "ly-do").strip()
        work = lambda: registrations.decide(number, approved=False, reason=reason, by=by)  # noqa: E731 - read right below
        return await self._done(request, number, work)

    async def end(self, request: Request, number: int) -> Response:
        """From now on the certificate may no longer sign; what it signed stays."""
        reason = field(request, "ly-do").strip()

        def ended() -> None:
            if not reason:
                raise CertificateRefused(
                    "Kết thúc quyền ký cần có lý do, để trường biết vì sao. Hãy ghi lý do.",
                    "Ending a right to sign needs a reason, so that the school knows why. Give one.",
                )
            self._desk.signing.registrations.end(number, reason=reason)

        return await self._done(request, number, ended)

    async def _done(self, request: Request, number: int, deed: Callable[[], None]) -> Response:
        try:
            await self._desk.ask(deed)
        except LostRace:
            return await self._shown(request, problem=DECIDED_MEANWHILE)
        except CertificateRefused as error:
            return await self._shown(request, problem=Text(error.vi, error.en), at=number)
        return to("/so/chung-thu?vua=quyet-dinh")

    async def _shown(self, request: Request, *, problem: Text | None = None, at: int = 0) -> Response:
        lines, schools = await self._desk.ask(self._lines)
        return self._desk.pages.render(
            "approvals.html",
            request,
            status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
            switch="/so/chung-thu",
            # Who asked first is answered first.
            pending=[one for one in reversed(lines) if one.line.state is RegistrationState.PENDING],
            decided=[one for one in lines if one.line.state is not RegistrationState.PENDING],
            schools=schools,
            problem=problem,
            at=at,
            decided_now=request.query_params.get("vua") == "quyet-dinh",
        )

    def _lines(self) -> tuple[list[LineView], dict[str, str]]:
        stores = self._desk.stores
        people = {one.name: one.display_name for one in stores.accounts.all()}
        schools = {school.code: school.name for school in stores.reader.schools()}
        return line_views(stores.lines.registrations(), people, self._desk.now()), schools
