# SPDX-License-Identifier: Apache-2.0

"""Issuing: from drafts to units that everybody has signed.

Three steps, each of which can be repeated after a crash and goes on where it stopped::

    prepare   XML and PDF are rendered, with empty places for all signatures: DRAFT to SIGNING
    sign      one role signs every unit whose turn it is, XML first, then PDF
    issue     the archive revision closes the PDF, the manifest is written: SIGNING to ISSUED

Nothing here holds a key or knows where one is: who signs comes in as a `Hand`, which is given documents and gives them back
signed. What comes back is checked before it is stored, because a document that lost a byte on the way would be found out only
by a parent. `ledger.importing` makes the drafts; `ledger.anchoring` takes over from `issued`.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast
from uuid import UUID

from ledger.additions import pdf_is_archived, pdf_is_signed, xml_is_signed
from ledger.archives import archive_ends
from ledger.drawing import Drawing
from ledger.errors import ForbiddenMove, NotSigned, WrongCertificate
from ledger.proof.manifest import IssuedFile, Level, ListedUnit, Manifest, ManifestSigner
from ledger.record.digest import record_digest
from ledger.record.xml import booklet as xml_booklet
from ledger.store.files import FileStore
from ledger.store.reader import Reader, Unit
from ledger.store.tables import FileRole
from ledger.store.writer import NewFile, Writer
from ledger.unit import BOOKLET, PROFILES, Role, SigningProfile, UnitKind, UnitState


@dataclass(frozen=True)
class Documents:
    """The two files of one unit."""

    unit_id: UUID
    pdf: bytes
    xml: bytes


@dataclass(frozen=True)
class Signed:
    """What a hand gave back for one unit."""

    documents: Documents
    signed_at: dt.datetime


class Hand(Protocol):
    """Somebody's signing key at work, for one sitting and one role."""

    @property
    def role(self) -> Role:
        """For which role it signs."""

    @property
    def cert_sha256(self) -> str:
        """SHA-256 of its certificate (DER), 64 hexadecimal digits."""

    def sign(self, documents: Iterable[Documents], *, first: bool) -> Iterator[Signed]:
        """Signs XML, then PDF, of each unit, and yields each as it is done, in any order.

        `first` says that no signature stands on them yet: the first one certifies the PDF.
        """


class Archivist(Protocol):
    """Whoever adds what makes signatures last: validation data for all of them and a document timestamp."""

    def archive(self, documents: Iterable[Documents]) -> Iterator[Documents]:
        """Appends one archive revision to each PDF and yields each as it is done, in any order."""


class Issuing:
    """Carries units from draft to `issued`.

    Guarantees that a unit's row names only files that are on disk, and that no role signs a unit twice. Does not guarantee that
    what was signed is right: rules are `ledger.record`'s, and a sheet with errors is refused before it becomes drafts.
    """

    def __init__(
        self,
        reader: Reader,
        writer: Writer,
        files: FileStore,
        drawing: Drawing,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._files = files
        self._drawing = drawing

    def prepare(self, units: Iterable[Unit], *, planned_issue_date: dt.datetime) -> Iterator[UUID]:
        """Draws the XML and the PDF of drafts and opens them for signing; yields each as it is stored."""
        for unit in units:
            drawn = self._drawing.draw(unit, planned_issue_date=planned_issue_date)
            self._writer.begin_signing(
                unit.id,
                source_sha256=unit.source_sha256,
                record_sha256=record_digest(drawn.xml).hex(),
                template=drawn.template,
                pdf=self._keep(drawn.pdf),
                xml=self._keep(drawn.xml),
            )
            yield unit.id

    def waiting_for(self, role: Role, units: Iterable[Unit], *, assigned: frozenset[Role]) -> list[Unit]:
        """Those of `units` in signing that `role` signs next. `assigned` are the optional roles that somebody fills."""
        return [
            unit
            for unit in units
            if unit.state is UnitState.SIGNING
            and self._profile(unit).next_role(unit.signed_roles, assigned=assigned) is role
        ]

    def sign(self, hand: Hand, units: Sequence[Unit]) -> Iterator[UUID]:
        """Has `hand` sign `units`, all of which wait for its role; yields each as it is stored.

        Killed at any moment, it leaves every unit either wholly signed by this role or not at all. Raises `NotSigned` when
        something else than the document with one more signature comes back, `WrongCertificate` for a seal that is not the
        registered one, and `ForbiddenMove` for a unit that does not wait for this role; these two before anything is signed.
        """
        assigned = frozenset({hand.role})
        for unit in units:
            if not self.waiting_for(hand.role, [unit], assigned=assigned):
                raise ForbiddenMove(f"học bạ/unit {unit.id}", unit.state, hand.role)
        for code in {unit.school_code for unit in units}:
            if hand.role is Role.SEAL and hand.cert_sha256 != self._reader.school(code).seal_cert_sha256:
                raise WrongCertificate(hand.role, code)
        by_id = {unit.id: unit for unit in units}
        for first in (True, False):
            turn = (self._documents(unit) for unit in units if (not unit.signatures) is first)
            for signed in hand.sign(turn, first=first):
                unit = self._known(by_id, signed.documents)
                self._check(unit, signed.documents, hand)
                self._writer.add_signature(
                    unit.id,
                    role=hand.role,
                    position=len(unit.signatures),
                    cert_sha256=hand.cert_sha256,
                    signed_at=signed.signed_at,
                    replaced={role: unit.file(role).sha256 for role in FileRole},
                    pdf=self._keep(signed.documents.pdf),
                    xml=self._keep(signed.documents.xml),
                )
                yield unit.id

    def issue(self, archivist: Archivist, units: Iterable[Unit]) -> Iterator[UUID]:
        """Closes units that carry every required signature, writes their manifests, and yields each as it is issued.

        Units that lack one are passed over. Raises `NotSigned` when something else than the PDF with its archive revision
        comes back.
        """
        complete = {unit.id: unit for unit in units if self._profile(unit).complete(unit.signed_roles)}
        for archived in archivist.archive(self._documents(unit) for unit in complete.values()):
            unit = self._known(complete, archived)
            before = unit.file(FileRole.PDF)
            if not pdf_is_archived(self._files.get(before.sha256), archived.pdf):
                raise NotSigned(f"PDF {unit.id}")
            pdf = replace(self._keep(archived.pdf), archive_ends=archive_ends(archived.pdf))
            signed_xml = unit.file(FileRole.XML)
            manifest = Manifest(
                kind=unit.kind.value,
                id=unit.id,
                school=unit.school_code,
                year=unit.school_year,
                level=cast("Level", unit.level),
                profile=self._profile(unit).name,
                record_sha256=unit.record_sha256,
                files=(
                    IssuedFile(role="pdf", sha256=pdf.sha256, size=pdf.size),
                    IssuedFile(role="xml", sha256=signed_xml.sha256, size=signed_xml.size),
                ),
                signers=tuple(ManifestSigner(role=s.role.value, cert_sha256=s.cert_sha256) for s in unit.signatures),
                replaces=unit.replaces,
                units=self._listed(unit),
            )
            self._writer.issue(unit.id, manifest=manifest.canonical(), replaced_pdf=before.sha256, pdf=pdf)
            yield unit.id

    def _profile(self, unit: Unit) -> SigningProfile:
        if unit.kind is UnitKind.BOOKLET:
            return BOOKLET
        return PROFILES[self._reader.school(unit.school_code).profile]

    def _listed(self, unit: Unit) -> tuple[ListedUnit, ...] | None:
        """What the manifest of a booklet lists; a unit lists nothing."""
        if unit.kind is not UnitKind.BOOKLET:
            return None
        booklet = xml_booklet.read(self._files.get(unit.source_sha256)).booklet
        return tuple(ListedUnit(id=line.unit_id, manifest_sha256=line.manifest_sha256) for line in booklet.units)

    def _documents(self, unit: Unit) -> Documents:
        return Documents(
            unit_id=unit.id,
            pdf=self._files.get(unit.file(FileRole.PDF).sha256),
            xml=self._files.get(unit.file(FileRole.XML).sha256),
        )

    @staticmethod
    def _known(asked: Mapping[UUID, Unit], documents: Documents) -> Unit:
        if (unit := asked.get(documents.unit_id)) is None:
            raise NotSigned(f"{documents.unit_id} (không yêu cầu ký / was not asked for)")
        return unit

    def _check(self, unit: Unit, signed: Documents, hand: Hand) -> None:
        """A signature only ever adds: what was there still is, and one place more is filled."""
        before = self._documents(unit)
        if not pdf_is_signed(before.pdf, signed.pdf, role=hand.role, cert_sha256=hand.cert_sha256):
            raise NotSigned(f"PDF {unit.id}")
        if not xml_is_signed(before.xml, signed.xml, role=hand.role, cert_sha256=hand.cert_sha256):
            raise NotSigned(f"XML {unit.id}")

    def _keep(self, data: bytes) -> NewFile:
        return NewFile(sha256=self._files.put(data), size=len(data))
