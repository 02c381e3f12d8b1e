# SPDX-License-Identifier: Apache-2.0

"""Pupils who go to another school: the old school releases and may take it back, the new one sees what comes along and accepts.

Either school sees its own transfers alone. Of the records that come along the new school sees the list, while the transfer is
open and after it has accepted; the records themselves stay the old school's pages.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from fastapi import Request
from starlette.responses import Response

from ledger.confirming import DOUBTS, PDF, Confirmed
from ledger.desk.class_sight import pupil_name
from ledger.desk.desk import Desk
from ledger.desk.grounds import (
    MOST_WORDS,
    NO_REASON,
    TOO_MANY_WORDS,
    as_download,
    at_the_desk,
    document_in,
    reason_in,
)
from ledger.desk.pages import to
from ledger.desk.problems import NOT_FOUND, Refusal
from ledger.desk.record_story import who_in_words
from ledger.desk.transfer_forms import WRONG_FORM, asked_in, form_about
from ledger.desk.visits import field, school_of
from ledger.errors import CannotTransfer, LedgerError, LostRace
from ledger.record.subjects import Level
from ledger.store.reader import School
from ledger.store.transfers import Transfer
from ledger.transferring import Inheritance
from ledger.web.languages import Text

HERE = "/chuyen-truong"

NOT_A_PDF = LedgerError(
    "Bản xác nhận kết quả phải là tệp PDF có chữ ký của hiệu trưởng và con dấu. Hãy chọn lại tệp.",
    "The confirmation of results must be a PDF, signed by the head and sealed. Choose the file again.",
)
ON_THE_WAY = LedgerError(
    "Học sinh này đang có một hồ sơ chuyển trường chưa kết thúc nên không lập thêm. Hãy xem danh sách chuyển trường.",
    "A transfer of this pupil is not finished yet, so no other was made. Look at the list of transfers.",
)
ENDED_MEANWHILE = LedgerError(
    "Hồ sơ này, hoặc học bạ đi kèm, vừa thay đổi nên chưa ghi gì thêm. Hãy xem lại trang này rồi làm lại nếu còn cần.",
    "This transfer, or a record that goes with it, has just changed, so nothing more was stored. Look at this page again.",
)
OWN_WORDS = frozenset({*WRONG_FORM, NOT_A_PDF, ON_THE_WAY, ENDED_MEANWHILE, NO_REASON, TOO_MANY_WORDS})


class TransferState(StrEnum):
    """How a transfer stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class TransferLine:
    """One transfer in the list of a school."""

    transfer: Transfer
    coming: bool
    """Whether the pupil comes to the school that looks; otherwise they leave it."""
    pupil: str
    """Empty where whoever looks is not to know it any more."""
    other: str
    """The other school's name."""
    state: TransferState


@dataclass(frozen=True)
class TransferView:
    """What the page of one transfer shows."""

    line: TransferLine
    brought: Inheritance | None
    """None for a transfer that was withdrawn."""
    confirmed: Confirmed | None
    """What was found of its confirmation when the pupil was released."""
    schools: dict[str, str]
    released_by: Text
    accepted_by: Text | None


class TransferPages:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show_all(self, request: Request) -> Response:
        """The school's transfers, those that wait first."""
        _, school_code = school_of(request)
        lines = await self._desk.ask(self._lines, school_code)
        return self._desk.pages.render(
            "transfers.html",
            request,
            waiting=[line for line in lines if line.transfer.open],
            ended=[line for line in lines if not line.transfer.open],
        )

    async def form(self, request: Request) -> Response:
        """The form with which a pupil is released; with `?hoc-ba=` about the pupil of a record of the school's."""
        return await self._form(request)

    async def release(self, request: Request) -> Response:
        """The old school gives a pupil away."""
        account, school_code = school_of(request)
        confirmation = await document_in(request)

        def released() -> Transfer:
            asked = asked_in(request, self._desk, school_code)
            if confirmation and not confirmation.startswith(PDF):
                raise NOT_A_PDF
            try:
                return self._desk.deciding.transferring.release(
                    asked.pupil_code,
                    level=asked.level,
                    school_year=asked.school_year,
                    from_school=school_code,
                    to_school=asked.to_school,
                    confirmation=confirmation,
                    by=account.name,
                    why=reason_in(request),
                )
            except LostRace:
                raise ON_THE_WAY from None

        try:
            transfer = await self._desk.ask(released)
        except LedgerError as error:
            if error not in OWN_WORDS and not isinstance(error, CannotTransfer):
                raise
            return await self._form(request, problem=at_the_desk(error))
        return to(f"{HERE}/{transfer.id}?vua=cho-di")

    async def show(self, request: Request, number: int) -> Response:
        """One transfer: what comes along, and what there is to do."""
        return await self._shown(request, number)

    async def confirmation(self, request: Request, number: int) -> Response:
        """The confirmation of results, for both schools."""
        _, school_code = school_of(request)

        def found() -> tuple[bytes, str]:
            transfer = self._transfer(school_code, number)
            hidden = transfer.withdrawn_at is not None and transfer.to_school == school_code
            if transfer.confirmation_sha256 is None or hidden:
                raise Refusal(NOT_FOUND)
            return self._desk.stores.files.get(transfer.confirmation_sha256), transfer.confirmation_sha256

        return as_download(*await self._desk.ask(found))

    async def accept(self, request: Request, number: int) -> Response:
        """The new school takes the pupil in."""
        account, school_code = school_of(request)
        accept = self._desk.deciding.transferring.accept
        work = lambda: accept(number, school_code=school_code, by=account.name)  # noqa: E731 - read right below
        return await self._ended(request, number, work, receiving=True, just="tiep-nhan")

    async def withdraw(self, request: Request, number: int) -> Response:
        """The old school takes its release back, with a reason."""
        account, school_code = school_of(request)

        def withdrawn() -> None:
            why = reason_in(request)
            self._desk.deciding.transferring.withdraw(number, school_code=school_code, by=account.name, why=why)

        return await self._ended(request, number, withdrawn, receiving=False, just="rut")

    async def _ended(
        self, request: Request, number: int, deed: Callable[[], object], *, receiving: bool, just: str
    ) -> Response:
        _, school_code = school_of(request)

        def done() -> None:
            transfer = self._transfer(school_code, number)
            if (transfer.to_school if receiving else transfer.from_school) != school_code:
                raise Refusal(NOT_FOUND)
            if not transfer.open:
                raise ENDED_MEANWHILE
            try:
                deed()
            except LostRace:
                raise ENDED_MEANWHILE from None

        try:
            await self._desk.ask(done)
        except LedgerError as error:
            if error not in OWN_WORDS and not isinstance(error, CannotTransfer):
                raise
            return await self._shown(request, number, problem=at_the_desk(error))
        return to(f"{HERE}/{number}?vua={just}")

    async def _shown(self, request: Request, number: int, *, problem: Text | None = None) -> Response:
        _, school_code = school_of(request)
        view = await self._desk.ask(self._view, school_code, number)
        return self._desk.pages.render(
            "transfer.html",
            request,
            status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
            switch=f"{HERE}/{number}",
            view=view,
            doubts={doubt: Text(*words) for doubt, words in DOUBTS.items()},
            problem=problem,
            reason=field(request, "ly-do") if problem else "",
            most_words=MOST_WORDS,
            just=request.query_params.get("vua"),
        )

    async def _form(self, request: Request, *, problem: Text | None = None) -> Response:
        account, school_code = school_of(request)
        about = request.query_params.get("hoc-ba", "")
        form = await self._desk.ask(form_about, self._desk, account, school_code, about)
        return self._desk.pages.render(
            "release.html",
            request,
            status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
            switch=f"{HERE}/moi",
            form=form,
            problem=problem,
            levels=list(Level),
            field=lambda name: field(request, name) if problem else "",
            most_words=MOST_WORDS,
        )

    def _lines(self, school_code: str) -> list[TransferLine]:
        transfers = self._desk.deciding.transfers.those(school_code=school_code)
        return [self._line(one, school_code, self._desk.stores.reader.school) for one in reversed(transfers)]

    def _line(self, transfer: Transfer, school_code: str, school: Callable[[str], School]) -> TransferLine:
        coming = transfer.to_school == school_code
        state = TransferState.OPEN if transfer.open else TransferState.ACCEPTED
        if transfer.withdrawn_at is not None:
            state = TransferState.WITHDRAWN
        hidden = coming and state is TransferState.WITHDRAWN
        return TransferLine(
            transfer=transfer,
            coming=coming,
            pupil="" if hidden else self._name(transfer),
            other=school(transfer.from_school if coming else transfer.to_school).name,
            state=state,
        )

    def _name(self, transfer: Transfer) -> str:
        """The pupil's name, as the newest record of the school that released them says it."""
        units = self._desk.stores.reader.units_of_pupils([transfer.pupil_code], level=transfer.level)
        own = [unit for unit in units if unit.school_code == transfer.from_school]
        return pupil_name(self._desk, own[-1]) if own else ""

    def _view(self, school_code: str, number: int) -> TransferView:
        transfer, desk = self._transfer(school_code, number), self._desk
        withdrawn = transfer.withdrawn_at is not None
        brought = None if withdrawn else desk.deciding.transferring.inheritance(transfer)
        codes = {unit.school_code for unit in brought.records} if brought else set()
        accepted_by = transfer.accepted_by
        return TransferView(
            line=self._line(transfer, school_code, desk.stores.reader.school),
            brought=brought,
            confirmed=None if brought is None else desk.deciding.transferring.confirmed(transfer),
            schools={code: desk.stores.reader.school(code).name for code in codes},
            released_by=self._who(transfer.released_by, school_code, transfer.from_school),
            accepted_by=self._who(accepted_by, school_code, transfer.to_school) if accepted_by else None,
        )

    def _who(self, name: str, school_code: str, its_school: str) -> Text:
        """Who did it, for the own school; of the other one, which school it was."""
        if its_school == school_code:
            return who_in_words(self._desk, name, school_code)
        told = self._desk.stores.reader.school(its_school).name
        return Text(told, told)

    def _transfer(self, school_code: str, number: int) -> Transfer:
        """A transfer of the school's. Anybody else's is not found."""
        own = self._desk.deciding.transfers.those(school_code=school_code)
        found = next((one for one in own if one.id == number), None)
        if found is None:
            raise Refusal(NOT_FOUND)
        return found


def waiting_for(desk: Desk, school_code: str) -> int:
    """How many pupils a school has still to take in."""
    return sum(
        one.open and one.to_school == school_code for one in desk.deciding.transfers.those(school_code=school_code)
    )
