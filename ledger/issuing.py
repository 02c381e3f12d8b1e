# SPDX-License-Identifier: Apache-2.0

"""Issuing: from drafts to units that everybody has signed.

Three steps, each of which can be repeated after a crash and goes on where it stopped::

    prepare   XML and PDF are rendered, with empty places for all signatures: DRAFT to SIGNING
    sign      each slot of the profile is filled in its turn, XML first, then PDF
    issue     the archive revision closes the PDF, the manifest is written: SIGNING to ISSUED

Nothing here holds a key or knows where one is: what was signed comes in from a `Hand`, or from a signing round
(`ledger.rounds`), and is checked before it is stored, because a document that lost a byte on the way would be found out only by a
parent. `ledger.importing` makes the drafts; `ledger.anchoring` takes over from `issued`.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, cast
from uuid import UUID

from ledger.additions import pdf_is_archived, pdf_is_signed, xml_is_kept, xml_is_signed
from ledger.archives import archive_ends
from ledger.drawing import Drawing
from ledger.errors import ForbiddenMove, LedgerError, LostRace, NotAllIssued, NotAllSigned, NotSigned, WrongCertificate
from ledger.proof.manifest import IssuedFile, Level, ListedUnit, Manifest, ManifestSigner
from ledger.record import xml
from ledger.record.digest import record_digest
from ledger.record.xml import booklet as xml_booklet
from ledger.signing import Archivist, Documents, Hand, Signed, ToPrepare, Unfinished
from ledger.store.files import FileStore
from ledger.store.reader import NewFile, Reader, Unit
from ledger.store.tables import FileRole
from ledger.store.writer import Writer
from ledger.unit import BOOKLET, PROFILES, Role, SigningProfile, Slot, UnitKind, UnitState


class Approvals(Protocol):
    """Whoever knows which certificates were approved; `ledger.store.signing_reader.SigningReader` does."""

    def line_for(self, cert_sha256: str, slot: Slot, *, school_code: str, at: dt.datetime) -> object | None:
        """The line that allows that signature at that time, or None."""


class Issuing:
    """Carries units from draft to `issued`.

    Guarantees that a unit's row names only files that are on disk, that no slot is filled twice, and that nothing is issued with
    a signature missing, out of order, or by a certificate that was not approved when it signed. Does not guarantee that what
    was signed is right: rules are `ledger.record`'s, and a sheet with errors is refused before it becomes drafts.
    """

    def __init__(
        self,
        reader: Reader,
        writer: Writer,
        files: FileStore,
        drawing: Drawing,
        approvals: Approvals,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._files = files
        self._drawing = drawing
        self._approvals = approvals
        self._profiles: dict[str, SigningProfile] = {}
        """Of schools asked about before. A school that is registered keeps its profile: `Writer.register_school`."""

    def prepare(self, units: Iterable[Unit], *, planned_issue_date: dt.datetime) -> Iterator[UUID]:
        """Draws the XML and the PDF of drafts and opens them for signing; yields each as it is stored."""
        for unit in units:
            subject_teachers = self.profile(unit).hears_subject_teachers
            drawn = self._drawing.draw(unit, planned_issue_date=planned_issue_date, subject_slots=subject_teachers)
            self._writer.begin_signing(
                unit.id,
                source_sha256=unit.source_sha256,
                record_sha256=record_digest(drawn.xml).hex(),
                template=drawn.template,
                pdf=self._keep(drawn.pdf),
                xml=self._keep(drawn.xml),
                subjects=drawn.subjects,
            )
            yield unit.id

    def waiting_for(self, slot: Slot, units: Iterable[Unit], *, assigned: frozenset[Role]) -> list[Unit]:
        """Those of `units` in signing that `slot` is next for. `assigned` are the optional roles that somebody fills."""
        return [
            unit
            for unit in units
            if unit.state is UnitState.SIGNING and slot in self.next_slots(unit, assigned=assigned)
        ]

    def next_slots(self, unit: Unit, *, assigned: frozenset[Role]) -> frozenset[Slot]:
        """The places of a unit in signing that are to be filled next."""
        return self.profile(unit).next_slots(unit.signed_slots, subjects=unit.subjects, assigned=assigned)

    def is_signed_by_all(self, unit: Unit) -> bool:
        """Whether everybody has signed a unit that is not issued yet."""
        return unit.state is UnitState.SIGNING and self.profile(unit).all_signed(
            unit.signed_slots, subjects=unit.subjects
        )

    def sign(self, hand: Hand, units: Sequence[Unit]) -> Iterator[UUID]:
        """Has `hand` sign `units`, all of which wait for its slot; yields each as it is stored.

        Killed at any moment, it leaves every unit either wholly signed in this slot or not at all. Raises `NotSigned` when
        something else than the document with one more signature comes back, `WrongCertificate` for a seal that is not the
        registered one, and `ForbiddenMove` for a unit that does not wait for this slot; these two before anything is signed.
        What the hand could not finish is told at the end, the others being stored: `NotAllSigned`.
        """
        self.require_waiting(hand.slot, units, cert_sha256=hand.cert_sha256)
        by_id = {unit.id: unit for unit in units}
        unfinished = []
        for signed in hand.sign(self.to_prepare(unit) for unit in units):
            if isinstance(signed, Unfinished):
                unfinished.append(signed)
                continue
            self.accept(self._known(by_id, signed.documents), signed, slot=hand.slot, cert_sha256=hand.cert_sha256)
            yield signed.documents.unit_id
        if unfinished:
            raise NotAllSigned([(by_id[one.unit_id].stt, one.vi, one.en) for one in unfinished])

    def require_waiting(self, slot: Slot, units: Iterable[Unit], *, cert_sha256: str) -> None:
        """Raises `ForbiddenMove` unless all wait for this slot, `WrongCertificate` for another seal than the registered one."""
        schools = set()
        for unit in units:
            if not self.waiting_for(slot, [unit], assigned=frozenset({slot.role})):
                raise ForbiddenMove(f"học bạ/unit {unit.id}", unit.state, str(slot))
            schools.add(unit.school_code)
        for code in schools:
            if slot.role is Role.SEAL and cert_sha256 != self._reader.school(code).seal_cert_sha256:
                raise WrongCertificate(slot.role, code)

    def to_prepare(self, unit: Unit) -> ToPrepare:
        """A unit's documents for its next signer."""
        on_paper = self.profile(unit).on_paper
        return ToPrepare(
            self.documents(unit),
            first=not on_paper & set(unit.signed_roles),
            xades=self.profile(unit).xml_timestamps,
        )

    def accept(self, unit: Unit, signed: Signed, *, slot: Slot, cert_sha256: str) -> None:
        """Checks what came back from signing and stores it. Raises `NotSigned`, or `LostRace` if the unit has moved since."""
        documents = signed.documents
        if slot.role not in self.profile(unit).on_paper and not documents.pdf:
            # Who signs on the XML alone is not given the PDF, and gives none back.
            documents = replace(documents, pdf=self.documents(unit).pdf)
        self._check(unit, documents, slot, cert_sha256)
        self._writer.add_signature(
            unit.id,
            slot=slot,
            position=len(unit.signatures),
            cert_sha256=cert_sha256,
            signed_at=signed.signed_at,
            replaced={role: unit.file(role).sha256 for role in FileRole},
            pdf=self._keep(documents.pdf),
            xml=self._keep(documents.xml),
        )

    def issue(self, archivist: Archivist, units: Iterable[Unit]) -> Iterator[UUID]:
        """Closes units that carry every required signature, writes their manifests, and yields each as it is issued.

        Units that lack one are passed over. Raises `NotSigned` when something else than the documents with what makes them last
        comes back, and at the end, the others being issued, `NotAllIssued` for those that could not be: somebody signed without
        being approved, a service was down, a certificate was revoked since, or the unit was given back meanwhile.
        """
        ready: dict[UUID, Unit] = {}
        problems: list[tuple[int, str, str]] = []

        for archived in archivist.archive(self._complete(units, ready, problems)):
            if isinstance(archived, Unfinished):
                problems.append((ready[archived.unit_id].stt, archived.vi, archived.en))
                continue
            unit = self._known(ready, archived)
            try:
                self._close(unit, archived)
            except LostRace as error:
                problems.append((unit.stt, error.vi, error.en))
            else:
                yield archived.unit_id
        if problems:
            raise NotAllIssued(sorted(problems))

    def _complete(
        self, units: Iterable[Unit], ready: dict[UUID, Unit], problems: list[tuple[int, str, str]]
    ) -> Iterator[ToPrepare]:
        """The documents of what everybody has signed. Those units join `ready`, or `problems` if they must not be issued."""
        for unit in units:
            if not self.profile(unit).all_signed(unit.signed_slots, subjects=unit.subjects):
                continue
            try:
                self._require_approved(unit)
                self._require_all_subjects(unit)
                documents = self.to_prepare(unit)
            except LedgerError as error:
                problems.append((unit.stt, error.vi, error.en))
            else:
                ready[unit.id] = unit
                yield documents

    def profile(self, unit: Unit) -> SigningProfile:
        """Who must sign it."""
        if unit.kind is UnitKind.BOOKLET:
            return BOOKLET
        if (known := self._profiles.get(unit.school_code)) is None:
            known = self._profiles[unit.school_code] = PROFILES[self._reader.school(unit.school_code).profile]
        return known

    def documents(self, unit: Unit) -> Documents:
        """The two files of a unit as they are now."""
        return Documents(
            unit_id=unit.id,
            pdf=self._files.get(unit.file(FileRole.PDF).sha256),
            xml=self._files.get(unit.file(FileRole.XML).sha256),
        )

    def _close(self, unit: Unit, archived: Documents) -> None:
        """SIGNING to ISSUED with what the archivist gave back."""
        before = self.documents(unit)
        if not pdf_is_archived(before.pdf, archived.pdf):
            raise NotSigned(f"PDF {unit.id}")
        if archived.xml != before.xml and not xml_is_kept(before.xml, archived.xml):
            raise NotSigned(f"XML {unit.id}")
        pdf = replace(self._keep(archived.pdf), archive_ends=archive_ends(archived.pdf))
        xml = self._keep(archived.xml)
        manifest = Manifest(
            kind=unit.kind.value,
            id=unit.id,
            school=unit.school_code,
            year=unit.school_year,
            level=cast("Level", unit.level),
            profile=self.profile(unit).name,
            record_sha256=unit.record_sha256,
            files=(
                IssuedFile(role="pdf", sha256=pdf.sha256, size=pdf.size),
                IssuedFile(role="xml", sha256=xml.sha256, size=xml.size),
            ),
            signers=tuple(
                ManifestSigner(role=s.role.value, cert_sha256=s.cert_sha256, subject=s.subject or None)
                for s in unit.signatures
            ),
            replaces=unit.replaces,
            units=self._listed(unit),
        )
        replaced = {role: unit.file(role).sha256 for role in FileRole}
        self._writer.issue(unit.id, manifest=manifest.canonical(), replaced=replaced, pdf=pdf, xml=xml)

    def _require_approved(self, unit: Unit) -> None:
        """Refuses a unit with a slot that was filled by a certificate that was not approved for it at that time."""
        strangers = [
            str(signature.slot)
            for signature in unit.signatures
            if self._approvals.line_for(
                signature.cert_sha256, signature.slot, school_code=unit.school_code, at=signature.signed_at
            )
            is None
        ]
        if strangers:
            named = ", ".join(strangers)
            raise LedgerError(
                f"{named} ký bằng chứng thư chưa được Sở duyệt vào lúc ký. Hãy trả lại (hocba return) để ký lại bằng chứng "
                "thư đã duyệt.",
                f"{named} signed with a certificate that the authority had not approved at that time. Give it back (hocba "
                "return), to be signed with an approved one.",
            )

    def _require_all_subjects(self, unit: Unit) -> None:
        """Refuses a unit whose record has a subject for which no teacher had a place to sign, though the profile asks for it."""
        if not self.profile(unit).hears_subject_teachers:
            return
        record = xml.read(self._files.get(unit.file(FileRole.XML).sha256)).record
        if {subject.code for subject in record.year.subjects} != unit.subjects:
            raise LedgerError(
                "Học bạ này được lập khi trường chưa yêu cầu giáo viên bộ môn ký, nên thiếu chỗ ký. Hãy báo người vận hành "
                "để lập lại.",
                "This record was drawn when no subject teacher had to sign, and lacks their places. Tell the operator, to have "
                "it drawn anew.",
            )

    def _listed(self, unit: Unit) -> tuple[ListedUnit, ...] | None:
        """What the manifest of a booklet lists; a unit lists nothing."""
        if unit.kind is not UnitKind.BOOKLET:
            return None
        booklet = xml_booklet.read(self._files.get(unit.source_sha256)).booklet
        return tuple(ListedUnit(id=line.unit_id, manifest_sha256=line.manifest_sha256) for line in booklet.units)

    @staticmethod
    def _known(asked: Mapping[UUID, Unit], documents: Documents) -> Unit:
        if (unit := asked.get(documents.unit_id)) is None:
            raise NotSigned(f"{documents.unit_id} (không yêu cầu ký / was not asked for)")
        return unit

    def _check(self, unit: Unit, signed: Documents, slot: Slot, cert_sha256: str) -> None:
        """A signature only ever adds: what was there still is, and one place more is filled; on the XML alone, or on both."""
        before = self.documents(unit)
        if slot.role not in self.profile(unit).on_paper:
            if signed.pdf != before.pdf:
                raise NotSigned(f"PDF {unit.id}")
        elif not pdf_is_signed(before.pdf, signed.pdf, role=slot.role, cert_sha256=cert_sha256):
            raise NotSigned(f"PDF {unit.id}")
        if not xml_is_signed(before.xml, signed.xml, slot=slot, cert_sha256=cert_sha256):
            raise NotSigned(f"XML {unit.id}")

    def _keep(self, data: bytes) -> NewFile:
        return NewFile(sha256=self._files.put(data), size=len(data))
