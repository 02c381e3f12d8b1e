# SPDX-License-Identifier: Apache-2.0

"""What clerk and principal decide about a record that their school has issued: its recall, and amendments of its civil status.

A recall is stored here and carried to the chain with the school's next `hocba anchor`; in a locked year the authority has to
consent first. An amendment adds to the record's history and changes nothing that was issued. Either stands in the journal, with
who and why.
"""

import hashlib
import threading
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ledger.desk.class_sight import unit_of
from ledger.desk.desk import Desk
from ledger.desk.grounds import (
    NO_DOCUMENT,
    NO_REASON,
    NOT_A_DOCUMENT,
    TOO_MANY_WORDS,
    as_download,
    at_the_desk,
    document_in,
    reason_in,
    require_document,
)
from ledger.desk.pages import to
from ledger.desk.problems import NOT_FOUND, Refusal
from ledger.desk.record_story import evidence_about
from ledger.desk.unit_pages import UnitPages
from ledger.desk.visits import field, school_of
from ledger.errors import (
    EvidenceMissing,
    ForbiddenMove,
    LedgerError,
    LostRace,
    NothingToTakeBack,
    TooLateToTakeBack,
)
from ledger.journal import Deed
from ledger.unit import RecallReason

NOT_UNDERSTOOD = LedgerError(
    "Hãy đánh dấu ô xác nhận: việc thu hồi không lấy lại được. Chưa ghi gì cả.",
    "Tick the box that confirms it: a recall cannot be taken back. Nothing was stored.",
)
NO_SUCH_REASON = LedgerError(
    "Chưa chọn vì sao thu hồi. Hãy chọn một lý do trong danh sách.",
    "No kind of reason was chosen. Choose one from the list.",
)
NOT_ISSUED = LedgerError(
    "Học bạ chưa phát hành thì không cần ghi đính chính: hãy sửa bảng lớp rồi nhập lại.",
    "A record that is not issued needs no amendment: correct the class sheet and import it again.",
)
OWN_WORDS = frozenset(
    {NO_REASON, TOO_MANY_WORDS, NO_DOCUMENT, NOT_A_DOCUMENT, NOT_UNDERSTOOD, NO_SUCH_REASON, NOT_ISSUED}
)

ANSWERS = (EvidenceMissing, ForbiddenMove, LostRace, NothingToTakeBack, TooLateToTakeBack)
"""What the ledger says that is an answer to one of the forms."""


class UnitDecisions:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk, units: UnitPages) -> None:
        self._desk = desk
        self._units = units
        self._amending = threading.Lock()
        """Two clicks on one button are one amendment: each looks, within it, whether the other was first."""

    async def recall(self, request: Request, unit_id: UUID) -> Response:
        """Decides to withdraw a record."""
        account, school_code = school_of(request)
        evidence = await document_in(request)

        def recalled() -> None:
            unit, _ = unit_of(self._desk, account, school_code, unit_id)
            if field(request, "vi-sao") not in set(RecallReason):
                raise NO_SUCH_REASON
            why = reason_in(request)
            if field(request, "hieu") != "co":
                raise NOT_UNDERSTOOD
            require_document(evidence)
            self._desk.deciding.decisions.recall(
                unit.id,
                school_code=school_code,
                reason=RecallReason(field(request, "vi-sao")),
                by=account.name,
                why=why,
                evidence=evidence,
            )

        try:
            await self._desk.ask(recalled)
        except LedgerError as error:
            return await self._refused(request, unit_id, error, form="recall")
        return to(f"/hoc-ba/{unit_id}?vua=thu-hoi")

    async def withdraw(self, request: Request, unit_id: UUID) -> Response:
        """Takes back a recall of which nothing was sent yet."""
        account, school_code = school_of(request)

        def withdrawn() -> None:
            unit, _ = unit_of(self._desk, account, school_code, unit_id)
            why = reason_in(request)
            self._desk.deciding.decisions.withdraw(unit.id, school_code=school_code, by=account.name, why=why)

        try:
            await self._desk.ask(withdrawn)
        except LedgerError as error:
            return await self._refused(request, unit_id, error, form="withdraw")
        return to(f"/hoc-ba/{unit_id}?vua=rut-thu-hoi")

    async def amend(self, request: Request, unit_id: UUID) -> Response:
        """Adds to a record's history what has changed since it was issued, with its document."""
        account, school_code = school_of(request)
        evidence = await document_in(request)

        def amended() -> None:
            unit, _ = unit_of(self._desk, account, school_code, unit_id)
            if unit.manifest is None:
                raise NOT_ISSUED
            why = reason_in(request)
            if not evidence:
                raise NO_DOCUMENT
            require_document(evidence)
            with self._amending:
                if not self._said_before(unit_id, why, hashlib.sha256(evidence).hexdigest()):
                    self._desk.deciding.decisions.amend(unit_id, evidence=evidence, by=account.name, why=why)

        try:
            await self._desk.ask(amended)
        except LedgerError as error:
            return await self._refused(request, unit_id, error, form="amend")
        return to(f"/hoc-ba/{unit_id}?vua=dinh-chinh")

    async def evidence(self, request: Request, unit_id: UUID, sha256: str) -> Response:
        """A document that something in the record's history rests on, for whoever may look at the record."""
        account, school_code = school_of(request)

        def found() -> bytes:
            unit, _ = unit_of(self._desk, account, school_code, unit_id)
            if sha256 not in evidence_about(self._desk, unit.id):
                raise Refusal(NOT_FOUND)
            return self._desk.stores.files.get(sha256)

        return as_download(await self._desk.ask(found), sha256)

    async def _refused(self, request: Request, unit_id: UUID, error: LedgerError, *, form: str) -> Response:
        """The page again, with why; what is no answer to the form goes on to the table of refusals."""
        if error not in OWN_WORDS and not isinstance(error, ANSWERS):
            raise error
        return await self._units.shown(request, unit_id, problem=at_the_desk(error), form=form)

    def _said_before(self, unit_id: UUID, why: str, sha256: str) -> bool:
        entries = self._desk.deciding.journal.entries(subject=f"unit {unit_id}")
        return any(
            entry.deed is Deed.AMENDED and entry.why == why and entry.detail.get("evidence") == sha256
            for entry, _ in entries
        )
