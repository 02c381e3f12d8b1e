# SPDX-License-Identifier: Apache-2.0

"""Signers at work in this process: real keys of the demo PKI, real PAdES and XML signatures, no server.

`DeskHand` and `DeskArchivist` are what `Issuing` asks for. They are driven by their state::

    hand = DeskHand(pki, Slot(Role.PRINCIPAL))
    hand.dies_after = 1                     # raises `Killed` when the second unit's turn comes
    hand.spoils = lambda before, after: ... # does something to what it hands back
    hand.cannot = {unit_id: "why"}          # gives that unit back unfinished

`asked` lists the units in the order in which they were to be signed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from ledger.paper.fields import ROLES, FieldName, boxes
from ledger.paper.stamps import KIND_OF_FIELD, stamp_pdf
from ledger.right_signer import SHOWN_ROLES
from ledger.signing import Documents, Signed, ToPrepare, Unfinished
from ledger.unit import ON_PAPER, Role, Slot
from scripts.demo_pki import DemoPki
from signer.archive import archive
from signer.keys import load_pkcs12
from signer.pdf import sign_field
from signer.validation_data import ValidationData
from signer.xml import keep_xml, sign_slot


class Killed(BaseException):
    """The process ends here. Like a real kill, no `except Exception` stops it."""


def utc_now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class DeskHand:
    """One signer at one desk. Implements `ledger.signing.Hand`."""

    pki: DemoPki
    slot: Slot
    dies_after: int | None = None
    spoils: Callable[[Documents, Documents], Documents] = field(default=lambda _, after: after)
    cannot: Mapping[UUID, str] = field(default_factory=dict)
    announces: str | None = None
    """Another certificate than its own, for a hand that lies."""
    asked: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Whoever teaches the class teaches every subject of it: a certificate names no subject.
        role = Role.HOMEROOM if self.slot.role is Role.SUBJECT else self.slot.role
        identity = self.pki.identities[role]
        self._key = load_pkcs12(identity.pkcs12.read_bytes(), identity.passphrase)
        self._timestamper = self.pki.timestamper(utc_now)

    @property
    def cert_sha256(self) -> str:
        return self.announces or self._key.certificate_sha256.hex()

    def sign(self, units: Iterable[ToPrepare]) -> Iterator[Signed | Unfinished]:
        for unit in units:
            before = unit.documents
            if len(self.asked) == self.dies_after:
                raise Killed
            self.asked.append(before.unit_id)
            if before.unit_id in self.cannot:
                why = self.cannot[before.unit_id]
                yield Unfinished(before.unit_id, why, why, lasting=True)
                continue
            signed_at = utc_now()
            pdf = self._pdf(before.pdf, first=unit.first, at=signed_at) if self.slot.role in ON_PAPER else b""
            after = Documents(before.unit_id, pdf, self._xml(unit, signed_at))
            yield Signed(documents=self.spoils(before, after), signed_at=signed_at)

    def _xml(self, unit: ToPrepare, at: datetime) -> bytes:
        return sign_slot(
            unit.documents.xml,
            slot=str(self.slot),
            key=self._key,
            signing_time=at,
            timestamper=self._timestamper if unit.xades else None,
        )

    def _pdf(self, pdf: bytes, *, first: bool, at: datetime) -> bytes:
        name = FieldName(self.slot.role.value)
        box = boxes(pdf)[name]
        stamp = stamp_pdf(
            KIND_OF_FIELD[name],
            name=self._key.common_name,
            role=SHOWN_ROLES[self.slot.role],
            organisation=self._key.common_name,
            signed_at=at,
            width=box.width,
            height=box.height,
        )
        return sign_field(
            pdf,
            field=name,
            key=self._key,
            stamp=stamp,
            first=first,
            reason=ROLES[name],
            name=self._key.common_name,
            location="Hải Phòng",
            timestamper=self._timestamper,
            signed_at=at,
        )


@dataclass
class DeskArchivist:
    """Closes files with validation data and a document timestamp. Implements `ledger.signing.Archivist`."""

    pki: DemoPki
    dies_after: int | None = None
    spoils: Callable[[Documents, Documents], Documents] = field(default=lambda _, after: after)
    asked: list[UUID] = field(default_factory=list)

    def archive(self, units: Iterable[ToPrepare]) -> Iterator[Documents]:
        roots = self.pki.root_certificates("vgca") + self.pki.root_certificates("public")
        data = ValidationData.offline(roots, crls=self.pki.crls(utc_now()), now=utc_now)
        for unit in units:
            before = unit.documents
            if len(self.asked) == self.dies_after:
                raise Killed
            self.asked.append(before.unit_id)
            pdf = archive(before.pdf, timestamper=self.pki.timestamper(utc_now), validation_data=data)
            xml = keep_xml(before.xml, validation_data=data) if unit.xades else before.xml
            yield self.spoils(before, Documents(before.unit_id, pdf, xml))
