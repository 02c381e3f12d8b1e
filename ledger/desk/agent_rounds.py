# SPDX-License-Identifier: Apache-2.0

"""What the signing agent asks of the desk: what waits, a round, its documents; and what it brings: the key's values.

The agent runs on the signer's own computer and is not trusted: a round belongs to the account that opened it, a class is signed
only by whom it waits for, and every value is checked against certificate and document before it is used. Files leave this server
to nobody else than the one who is to sign them.
"""

import base64
import binascii
import json
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from ledger.desk.desk import Desk
from ledger.desk.signing_desk import SigningDesk, WorkKey
from ledger.desk.visits import account_of
from ledger.errors import LedgerError, UnknownRound
from ledger.right_signer import SHOWN_ROLES
from ledger.round_work import Progress
from ledger.signing import SignerIdentity, Values
from ledger.store.signing_tables import ItemState
from ledger.worklist import Work

MAX_CERTIFICATES: Final = 8
MAX_CERTIFICATE_TEXT: Final = 16_384
MAX_VALUES: Final = 500
MAX_VALUE_TEXT: Final = 2_048
"""RSA-4096 gives 512 bytes."""


class MalformedBase64(LedgerError):
    """A field of the agent's that is no base64."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"Trường “{field}” không phải base64. Hãy cập nhật công cụ ký (hocba sign).",
            f"The field '{field}' is not base64. Update the signing tool (hocba sign).",
        )


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Base64 = Annotated[str, Field(max_length=MAX_CERTIFICATE_TEXT)]


class OpenRound(_Body):
    """A round to be opened."""

    school: Annotated[str, Field(max_length=8)]
    school_year: Annotated[str, Field(max_length=9)]
    class_: Annotated[str, Field(alias="class", max_length=32)]
    slot: Annotated[str, Field(max_length=64)]
    certificate: Base64
    chain: Annotated[list[Base64], Field(max_length=MAX_CERTIFICATES)]

    @property
    def key(self) -> WorkKey:
        """Which work of those that wait."""
        return WorkKey(self.school, self.school_year, self.class_, self.slot)


class Value(_Body):
    """What the key said to one unit."""

    unit: UUID
    pdf: Annotated[str, Field(max_length=MAX_VALUE_TEXT)] | None
    xml: Annotated[str, Field(max_length=MAX_VALUE_TEXT)]

    @property
    def values(self) -> Values:
        """The same, as bytes."""
        return Values(pdf=None if self.pdf is None else _bytes(self.pdf, "pdf"), xml=_bytes(self.xml, "xml"))


class Answer(_Body):
    """What the key said to some units."""

    values: Annotated[list[Value], Field(max_length=MAX_VALUES)]


class AgentRounds:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def waiting(self, request: Request) -> dict[str, Any]:
        """What waits for this account's signature."""
        found = await self._desk.ask(self._signing.waiting, account_of(request))
        return {"waiting": [_work(work) for work in found]}

    async def open(self, request: Request, wanted: OpenRound) -> dict[str, Any]:
        """Opens a round, or finds it open; it is prepared in the background."""

        def opened() -> Progress:
            signer = SignerIdentity(
                certificate=_bytes(wanted.certificate, "certificate"),
                chain=tuple(_bytes(one, "chain") for one in wanted.chain),
                shown_role="",
            )
            return self._signing.open(account_of(request), wanted.key, signer)

        return _progress(await self._desk.ask(opened))

    async def progress(self, request: Request, round_id: UUID) -> dict[str, Any]:
        """How far it has come."""
        return _progress(await self._desk.ask(self._signing.progress, account_of(request), round_id))

    async def items(self, request: Request, round_id: UUID) -> dict[str, Any]:
        """What is to be signed."""

        def found() -> list[dict[str, Any]]:
            opened = self._signing.round_of(account_of(request), round_id)
            warnings = self._signing.warnings.of(opened.school_class)
            return [
                {
                    "unit": str(item.unit_id),
                    "stt": item.stt,
                    "pupil": self._signing.pupil(item),
                    "warnings": [finding.message("vi") for finding in warnings.get(item.stt, ())],
                    "signed_at": item.signed_at.isoformat(),
                    "pdf": None if item.pdf is None else _text(item.pdf.to_be_signed),
                    "pdf_place": None if item.pdf is None else json.loads(item.pdf.state),
                    "xml": _text(item.xml.to_be_signed),
                }
                for item in opened.those(ItemState.PREPARED)
            ]

        return {"items": await self._desk.ask(found)}

    async def document(self, request: Request, round_id: UUID, unit: UUID, kind: Literal["pdf", "xml"]) -> Response:
        """One prepared document, as the signer may look at it."""

        def found() -> bytes:
            opened = self._signing.round_of(account_of(request), round_id)
            prepared = next((self._signing.rounds.load(one) for one in opened.items if one.unit_id == unit), None)
            part = None if prepared is None else {"pdf": prepared.pdf, "xml": prepared.xml}[kind]
            if part is None:
                raise UnknownRound(f"{round_id}/{unit}/{kind}")
            return part.document

        return Response(await self._desk.ask(found), media_type="application/octet-stream")

    async def values(self, request: Request, round_id: UUID, answer: Answer) -> dict[str, Any]:
        """What the key said to some units."""

        def stored() -> Progress:
            opened = self._signing.round_of(account_of(request), round_id)
            self._signing.rounds.answer(opened.id, {one.unit: one.values for one in answer.values})
            return self._signing.work.progress(opened.id)

        return _progress(await self._desk.ask(stored))

    async def finish(self, request: Request, round_id: UUID) -> dict[str, Any]:
        """Puts in what has been answered, in the background."""
        return _progress(await self._desk.ask(self._signing.finish, account_of(request), round_id))

    @property
    def _signing(self) -> SigningDesk:
        return self._desk.signing


def _work(work: Work) -> dict[str, Any]:
    stt = {unit.id: unit.stt for unit in work.units}
    return {
        "school": work.school_class.school_code,
        "school_year": work.school_class.school_year,
        "class": work.school_class.name,
        "slot": str(work.slot),
        "role": SHOWN_ROLES[work.slot.role],
        "count": len(work.units),
        "returned": [{"stt": stt[one.unit_id], "reason": one.reason} for one in work.returned],
    }


def _progress(found: Progress) -> dict[str, Any]:
    return {
        "round": str(found.round_id),
        "total": found.total,
        "prepared": found.prepared,
        "answered": found.answered,
        "stored": found.stored,
        "busy": found.busy,
        "stopped": [{"stt": one.stt, "vi": one.vi, "en": one.en, "later": one.later} for one in found.stopped],
        "notice": None if found.notice is None else {"vi": found.notice[0], "en": found.notice[1]},
        "problem": None if found.problem is None else {"vi": found.problem.vi, "en": found.problem.en},
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str, field: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedBase64(field) from error
