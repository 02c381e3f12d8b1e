# SPDX-License-Identifier: Apache-2.0

"""Signers at work in this process: real keys of the demo PKI, real PAdES and XML signatures, no server.

`DeskHand` and `DeskArchivist` are what `Issuing` asks for. They are driven by their state::

    hand = DeskHand(pki, Role.PRINCIPAL)
    hand.dies_after = 1                     # raises `Killed` when the second unit's turn comes
    hand.spoils = lambda signed: ...        # does something to what it hands back

`asked` lists the units in the order in which they were to be signed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from ledger.issuing import Documents, Signed
from ledger.paper.fields import ROLES, FieldName, boxes
from ledger.paper.stamps import KIND_OF_FIELD, stamp_pdf
from ledger.unit import Role
from scripts.crew import SHOWN_ROLES
from scripts.demo_pki import DemoPki
from signer.archive import archive
from signer.keys import load_pkcs12
from signer.pdf import sign_field
from signer.validation_data import ValidationData
from signer.xml import sign_slot


class Killed(BaseException):
    """The process ends here. Like a real kill, no `except Exception` stops it."""


def utc_now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class DeskHand:
    """One signer at one desk. Implements `ledger.issuing.Hand`."""

    pki: DemoPki
    role: Role
    dies_after: int | None = None
    spoils: Callable[[Documents, Documents], Documents] = field(default=lambda _, after: after)
    announces: str | None = None
    """Another certificate than its own, for a hand that lies."""
    asked: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        identity = self.pki.identities[self.role]
        self._key = load_pkcs12(identity.pkcs12.read_bytes(), identity.passphrase)
        self._timestamper = self.pki.timestamper(utc_now)

    @property
    def cert_sha256(self) -> str:
        return self.announces or self._key.certificate_sha256.hex()

    def sign(self, documents: Iterable[Documents], *, first: bool) -> Iterator[Signed]:
        for before in documents:
            if len(self.asked) == self.dies_after:
                raise Killed
            self.asked.append(before.unit_id)
            signed_at = utc_now()
            after = Documents(
                before.unit_id, self._pdf(before.pdf, first=first, at=signed_at), self._xml(before.xml, signed_at)
            )
            yield Signed(documents=self.spoils(before, after), signed_at=signed_at)

    def _xml(self, document: bytes, at: datetime) -> bytes:
        return sign_slot(document, slot=self.role.value, key=self._key, signing_time=at)

    def _pdf(self, pdf: bytes, *, first: bool, at: datetime) -> bytes:
        name = FieldName(self.role.value)
        box = boxes(pdf)[name]
        stamp = stamp_pdf(
            KIND_OF_FIELD[name],
            name=self._key.common_name,
            role=SHOWN_ROLES[self.role],
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
    """Closes files with validation data and a document timestamp. Implements `ledger.issuing.Archivist`."""

    pki: DemoPki
    dies_after: int | None = None
    spoils: Callable[[Documents, Documents], Documents] = field(default=lambda _, after: after)
    asked: list[UUID] = field(default_factory=list)

    def archive(self, documents: Iterable[Documents]) -> Iterator[Documents]:
        roots = self.pki.root_certificates("vgca") + self.pki.root_certificates("public")
        data = ValidationData.offline(roots, crls=self.pki.crls(utc_now()), now=utc_now)
        for before in documents:
            if len(self.asked) == self.dies_after:
                raise Killed
            self.asked.append(before.unit_id)
            pdf = archive(before.pdf, timestamper=self.pki.timestamper(utc_now), validation_data=data)
            yield self.spoils(before, Documents(before.unit_id, pdf, before.xml))
