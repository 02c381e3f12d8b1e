# SPDX-License-Identifier: Apache-2.0

"""The confirmation of results that a school draws for a pupil who leaves in mid-year; its head and its seal sign the file then.

It is drawn from the record that is begun, or from the class sheet as far as it goes where none is (`ledger.transferring`). The
file goes to whoever asked and stays nowhere: the desk holds no key, and what is signed comes back with the release.
"""

import datetime as dt
from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from ledger.desk.desk import Desk
from ledger.desk.grounds import at_the_desk
from ledger.desk.transfer_forms import WRONG_FORM, asked_in, form_about
from ledger.desk.visits import field, school_of
from ledger.errors import CannotTransfer, LedgerError
from ledger.record.subjects import Level
from ledger.web import bodies
from ledger.web.languages import VIETNAM, Text

HERE = "/chuyen-truong/xac-nhan"


class ConfirmationPages:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def form(self, request: Request) -> Response:
        """The form by which a confirmation is drawn; with `?hoc-ba=` about the pupil of a record of the school's."""
        return await self._form(request)

    async def draw(self, request: Request) -> Response:
        """The unsigned confirmation, as a download."""
        account, school_code = school_of(request)
        sheet = await _sheet_in(request)
        until = self._desk.now().astimezone(VIETNAM).replace(microsecond=0)

        def drawn() -> bytes:
            asked = asked_in(request, self._desk, school_code)
            where = {
                "level": asked.level,
                "school_year": asked.school_year,
                "from_school": school_code,
                "to_school": asked.to_school,
            }
            transferring = self._desk.deciding.transferring
            if sheet is None:
                return transferring.confirmation(asked.pupil_code, **where, until=until)
            data, name = sheet
            return transferring.confirmation_of_sheet(
                asked.pupil_code, data, **where, file=name, until=until, by=account.name
            )

        try:
            pdf = await self._desk.ask(drawn)
        except LedgerError as error:
            if error not in WRONG_FORM and not isinstance(error, CannotTransfer):
                raise
            return await self._form(request, problem=at_the_desk(error))
        return Response(pdf, media_type="application/pdf", headers={"Content-Disposition": _named(until)})

    async def _form(self, request: Request, *, problem: Text | None = None) -> Response:
        account, school_code = school_of(request)
        about = request.query_params.get("hoc-ba", "")
        form = await self._desk.ask(form_about, self._desk, account, school_code, about)
        return self._desk.pages.render(
            "confirmation.html",
            request,
            status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
            switch=HERE,
            form=form,
            problem=problem,
            levels=list(Level),
            field=lambda name: field(request, name) if problem else "",
        )


async def _sheet_in(request: Request) -> tuple[bytes, str] | None:
    """The class sheet of the form and what its file is called; None where none was chosen."""
    files = [one for one in request.state.form.getlist("tep") if isinstance(one, UploadFile)]
    if len(files) != 1 or bodies.left_empty(files[0]):
        return None
    return await files[0].read(), files[0].filename or "bang-lop.xlsx"


def _named(until: dt.datetime) -> str:
    """A name that says nothing of whom it is about."""
    return f'attachment; filename="xac-nhan-ket-qua-{until:%Y%m%d-%H%M%S}.pdf"'
