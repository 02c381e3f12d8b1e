# SPDX-License-Identifier: Apache-2.0

"""What the signing agent asks of the desk: what waits, a round, its documents; and what it brings: the key's values.

The agent runs on the signer's own computer and is not trusted: a round belongs to the account that opened it, a class is signed
only by whom it waits for, and every value is checked against certificate and document before it is used. Files leave this server
to nobody else than the one who is to sign them.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from ledger.duty import Duty
from ledger.errors import LedgerError, NotTheirs, UnknownRound
from ledger.record import xml
from ledger.round_work import Progress, RoundWork
from ledger.rounds import SHOWN_ROLES, Rounds
from ledger.signing import SignerIdentity, Values
from ledger.store.accounts import Account
from ledger.store.reader import Reader
from ledger.store.signing_reader import Round, RoundItem, SigningReader
from ledger.store.signing_tables import ItemState
from ledger.unit import Role, Slot
from ledger.warnings import ClassWarnings
from ledger.worklist import Work, Worklist

EVERYWHERE: Final[Mapping[Duty, Role]] = {Duty.PRINCIPAL: Role.PRINCIPAL, Duty.CLERK: Role.SEAL}
"""Duties whose signature is asked for in every class of the school; teachers sign where they are assigned."""

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


@dataclass(frozen=True)
class Signing:
    """What the routes need."""

    reader: Reader
    lines: SigningReader
    rounds: Rounds
    work: RoundWork
    worklist: Worklist
    warnings: ClassWarnings

    def waiting(self, account: Account) -> list[Work]:
        """What waits for an account's signature."""
        if account.school_code is None:
            return []
        everywhere = [role for duty, role in EVERYWHERE.items() if duty in account.duties]
        return self.worklist.of_account(account.name, school_code=account.school_code, everywhere=everywhere)

    def of(self, account: Account, round_id: UUID) -> Round:
        """A round of this account's. Anybody else's is unknown to it: `UnknownRound`."""
        found = self.lines.round(round_id)
        if found.account != account.name:
            raise UnknownRound(round_id)
        return found


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


class Value(_Body):
    """What the key said to one unit."""

    unit: UUID
    pdf: Annotated[str, Field(max_length=MAX_VALUE_TEXT)] | None
    xml: Annotated[str, Field(max_length=MAX_VALUE_TEXT)]


class Answer(_Body):
    """What the key said to some units."""

    values: Annotated[list[Value], Field(max_length=MAX_VALUES)]


def agent_rounds(signing: Signing, *, signed_in: Callable[..., Account]) -> APIRouter:
    """The routes under `/agent/v1`; `signed_in` finds out whose bearer token it is, or refuses."""
    routes = APIRouter(prefix="/agent/v1")
    who = Annotated[Account, Depends(signed_in)]

    @routes.get("/waiting")
    def waiting(account: who) -> dict[str, Any]:
        return {"waiting": [_work(work) for work in signing.waiting(account)]}

    @routes.post("/rounds")
    def open_round(account: who, body: OpenRound) -> dict[str, Any]:
        wanted = (body.school, body.school_year, body.class_, body.slot)
        found = next((work for work in signing.waiting(account) if _key(work) == wanted), None)
        if found is None:
            raise NotTheirs(
                f"Lớp {body.class_}: không có học bạ nào chờ tài khoản này ký phần {body.slot}. Hãy tải lại danh sách.",
                f"Class {body.class_}: nothing waits for this account to sign {body.slot}. Load the list again.",
            )
        signer = SignerIdentity(
            certificate=_bytes(body.certificate, "certificate"),
            chain=tuple(_bytes(one, "chain") for one in body.chain),
            shown_role="",
        )
        assigned = signing.worklist.assigned(found.school_class) | {found.slot.role}
        return _progress(
            signing.work.open(found.school_class, found.slot, signer, assigned=assigned, account=account.name)
        )

    @routes.get("/rounds/{round_id}")
    def progress(account: who, round_id: UUID) -> dict[str, Any]:
        return _progress(signing.work.progress(signing.of(account, round_id).id))

    @routes.get("/rounds/{round_id}/items")
    def items(account: who, round_id: UUID) -> dict[str, Any]:
        found = signing.of(account, round_id)
        warnings = signing.warnings.of(found.school_class)
        return {
            "items": [
                {
                    "unit": str(item.unit_id),
                    "stt": item.stt,
                    "pupil": _pupil(signing, item),
                    "warnings": [finding.message("vi") for finding in warnings.get(item.stt, ())],
                    "signed_at": item.signed_at.isoformat(),
                    "pdf": None if item.pdf is None else base64.b64encode(item.pdf.to_be_signed).decode(),
                    "pdf_place": None if item.pdf is None else json.loads(item.pdf.state),
                    "xml": base64.b64encode(item.xml.to_be_signed).decode(),
                }
                for item in found.those(ItemState.PREPARED)
            ]
        }

    @routes.get("/rounds/{round_id}/items/{unit}/{kind}")
    def document(account: who, round_id: UUID, unit: UUID, kind: str) -> Response:
        found = signing.of(account, round_id)
        item = next((item for item in found.items if item.unit_id == unit), None)
        prepared = None if item is None else signing.rounds.load(item)
        part = None if prepared is None else {"pdf": prepared.pdf, "xml": prepared.xml}.get(kind)
        if part is None:
            raise UnknownRound(f"{round_id}/{unit}/{kind}")
        return Response(part.document, media_type="application/octet-stream")

    @routes.post("/rounds/{round_id}/values")
    def values(account: who, round_id: UUID, body: Answer) -> dict[str, Any]:
        found = signing.of(account, round_id)
        signing.rounds.answer(
            found.id,
            {
                value.unit: Values(
                    pdf=None if value.pdf is None else _bytes(value.pdf, "pdf"), xml=_bytes(value.xml, "xml")
                )
                for value in body.values
            },
        )
        return _progress(signing.work.progress(found.id))

    @routes.post("/rounds/{round_id}/finish")
    def finish(account: who, round_id: UUID) -> dict[str, Any]:
        return _progress(signing.work.finish(signing.of(account, round_id).id))

    return routes


def role_words(slot: Slot, subject_name: Callable[[str], str]) -> str:
    """A slot as people call it, Vietnamese: "Giáo viên bộ môn Toán"."""
    return f"{SHOWN_ROLES[slot.role]} {subject_name(slot.subject)}".strip()


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


def _key(work: Work) -> tuple[str, str, str, str]:
    school_class = work.school_class
    return school_class.school_code, school_class.school_year, school_class.name, str(work.slot)


def _progress(found: Progress) -> dict[str, Any]:
    return {
        "round": str(found.round_id),
        "total": found.total,
        "prepared": found.prepared,
        "answered": found.answered,
        "stored": found.stored,
        "busy": found.busy,
        "stopped": [{"stt": one.stt, "vi": one.vi, "en": one.en, "later": one.later} for one in found.stopped],
        "problem": None if found.problem is None else {"vi": found.problem.vi, "en": found.problem.en},
    }


def _pupil(signing: Signing, item: RoundItem) -> str:
    return xml.read(signing.rounds.load(item).xml.document).record.pupil.name


def _bytes(text: str, field: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedBase64(field) from error
