# SPDX-License-Identifier: Apache-2.0

"""Every change of units and their files; `errand_writer` makes those of what goes to the chain.

Each method is one transaction, and each move names the state it was read in.

A move that finds its row elsewhere changes nothing and raises `LostRace`: another worker was first. A database that cannot be
asked is `Unavailable`, and nothing is known to have changed. Callers store files before they call, so a row never names bytes
that are not on disk.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from typing import Self
from uuid import UUID

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger.errors import LostRace
from ledger.journal import Deed, Detail
from ledger.store import class_import
from ledger.store.class_import import ClassImport, Draft
from ledger.store.journal_store import BY_ITSELF, add_entry
from ledger.store.moves import move_unit
from ledger.store.reader import NewFile, School, Unit
from ledger.store.sessions import writing
from ledger.store.tables import (
    EarlierFileRow,
    FileRole,
    SchoolRow,
    SignatureRow,
    UnitFileRow,
    UnitRow,
)
from ledger.unit import Slot, UnitState


class Writer:
    """Makes every change. `now` gives the time that is written beside each, `who` the name that the journal gives."""

    def __init__(self, engine: Engine, *, now: Callable[[], dt.datetime], who: str = BY_ITSELF) -> None:
        self._engine = engine
        self._now = now
        self._who = who

    def by(self, who: str) -> Self:
        """The same, for what `who` does."""
        return type(self)(self._engine, now=self._now, who=who)

    def register_school(self, school: School) -> None:
        """Adds a school. Adding the same one again changes nothing; with other values it raises `LostRace`."""
        values = {name: getattr(school, name) for name in School.__dataclass_fields__}
        with writing(self._engine) as session:
            row = session.get(SchoolRow, school.code)
            if row is None:
                session.add(SchoolRow(**values, registered_at=self._now()))
                keys: Detail = {"operator": school.operator, "seal": school.seal_cert_sha256}
                try:
                    session.flush()
                except IntegrityError as error:
                    raise LostRace(f"trường/school {school.code}", "unregistered") from error
                self._note(session, Deed.SCHOOL_REGISTERED, f"school {school.code}", detail=keys)
            elif any(getattr(row, name) != value for name, value in values.items()):
                raise LostRace(f"trường/school {school.code}", "unregistered")

    def import_class(self, change: ClassImport) -> None:
        """Takes a class in, all of it or nothing; see `ledger.store.class_import.carry_out`."""
        with writing(self._engine) as session:
            if class_import.carry_out(session, change, now=self._now()):
                subject = f"class {change.school_code} {change.school_year} {change.name}"
                self._note(session, Deed.CLASS_IMPORTED, subject, detail=_told(change))

    def add_booklet(self, draft: Draft, *, units: Sequence[Unit], instead_of: Unit | None = None) -> None:
        """Adds a booklet; see `ledger.store.class_import.add_booklet`."""
        with writing(self._engine) as session:
            class_import.add_booklet(session, draft, units=units, instead_of=instead_of, now=self._now())
            gone = None if instead_of is None else str(instead_of.id)
            listed: Detail = {"units": [str(unit.id) for unit in units], "instead_of": gone}
            self._note(session, Deed.BOOKLET_BOUND, f"unit {draft.unit_id}", detail=listed)

    def begin_signing(
        self,
        unit_id: UUID,
        *,
        source_sha256: str,
        record_sha256: str,
        template: str,
        pdf: NewFile,
        xml: NewFile,
        subjects: frozenset[str] = frozenset(),
    ) -> None:
        """DRAFT to SIGNING, with the rendered files that signers will see, what drew them, and the digest of the record.

        `subjects` are those whose teachers have a place to sign.

        `source_sha256` is what they were drawn from: a draft that was corrected meanwhile is still a draft, and a lost race.
        """
        with writing(self._engine) as session:
            drawn = {"record_sha256": record_sha256, "template": template, "subjects": " ".join(sorted(subjects))}
            from_it = UnitRow.source_sha256 == source_sha256
            move_unit(session, unit_id, UnitState.DRAFT, UnitState.SIGNING, from_it, now=self._now(), **drawn)
            session.add_all(
                UnitFileRow(unit_id=unit_id, role=role, sha256=file.sha256, size=file.size)
                for role, file in ((FileRole.PDF, pdf), (FileRole.XML, xml))
            )

    def add_signature(
        self,
        unit_id: UUID,
        *,
        slot: Slot,
        position: int,
        cert_sha256: str,
        signed_at: dt.datetime,
        replaced: dict[FileRole, str],
        pdf: NewFile,
        xml: NewFile,
    ) -> None:
        """Stores one signature. `replaced` are the digests of what was signed; others mean a lost race.

        A subject teacher signs the XML alone: `pdf` is then what it was.
        """
        with writing(self._engine) as session:
            self._expect_unit(session, unit_id, UnitState.SIGNING)
            session.add(
                SignatureRow(
                    unit_id=unit_id,
                    role=slot.role,
                    subject=slot.subject,
                    position=position,
                    cert_sha256=cert_sha256,
                    signed_at=signed_at,
                    pdf_before=replaced[FileRole.PDF],
                    xml_before=replaced[FileRole.XML],
                )
            )
            try:
                session.flush()  # A second signature in the same slot or place is refused here, before any file moves.
            except IntegrityError as error:
                raise LostRace(f"chữ ký/signature {slot} – {unit_id}", "unsigned") from error
            self._replace_file(session, unit_id, FileRole.PDF, replaced[FileRole.PDF], pdf)
            self._replace_file(session, unit_id, FileRole.XML, replaced[FileRole.XML], xml)

    def issue(
        self, unit_id: UUID, *, manifest: bytes, replaced: dict[FileRole, str], pdf: NewFile, xml: NewFile
    ) -> None:
        """SIGNING to ISSUED, with the files that last and the canonical manifest. `replaced` are the digests of those before."""
        with writing(self._engine) as session:
            move_unit(session, unit_id, UnitState.SIGNING, UnitState.ISSUED, now=self._now(), manifest=manifest)
            self._replace_file(session, unit_id, FileRole.PDF, replaced[FileRole.PDF], pdf)
            self._replace_file(session, unit_id, FileRole.XML, replaced[FileRole.XML], xml)
            digest = hashlib.sha256(manifest).hexdigest()
            self._note(session, Deed.UNIT_ISSUED, f"unit {unit_id}", detail={"manifest": digest})

    def note_archive_end(self, unit_id: UUID, *, pdf: str, archive_ends: dt.datetime) -> None:
        """Notes when the last document timestamp of the PDF with digest `pdf` ends, for one issued before that was noted."""
        this_file = (UnitFileRow.unit_id == unit_id, UnitFileRow.role == FileRole.PDF, UnitFileRow.sha256 == pdf)
        with writing(self._engine) as session:
            session.execute(update(UnitFileRow).where(*this_file).values(archive_ends=archive_ends))

    def renew(self, unit_id: UUID, *, replaced_pdf: str, pdf: NewFile) -> None:
        """Puts a PDF with a new document timestamp in the place of the one with digest `replaced_pdf`, which stays findable.

        The state of an issued unit does not change, nor its manifest. Somebody else having renewed it is a lost race.
        """
        size = (
            select(UnitFileRow.size)
            .join(UnitRow, UnitRow.id == UnitFileRow.unit_id)
            .where(UnitRow.id == unit_id, UnitRow.manifest.is_not(None), UnitFileRow.sha256 == replaced_pdf)
        )
        with writing(self._engine) as session:
            if (replaced_size := session.scalar(size)) is None:
                raise LostRace(f"tệp/file {FileRole.PDF} – {unit_id}", replaced_pdf[:12])
            self._replace_file(session, unit_id, FileRole.PDF, replaced_pdf, pdf)
            session.add(
                EarlierFileRow(sha256=replaced_pdf, unit_id=unit_id, size=replaced_size, renewed_at=self._now())
            )
            renewal: Detail = {"from": replaced_pdf, "to": pdf.sha256}
            self._note(session, Deed.PAPER_RENEWED, f"unit {unit_id}", detail=renewal)

    def _note(self, session: Session, deed: Deed, subject: str, *, detail: Detail) -> None:
        add_entry(session, deed, subject, who=self._who, now=self._now(), detail=detail)

    @staticmethod
    def _expect_unit(session: Session, unit_id: UUID, state: UnitState) -> None:
        """Nobody moves the unit before this transaction ends."""
        held = select(UnitRow.state).where(UnitRow.id == unit_id).with_for_update()
        if session.scalars(held).one_or_none() is not state:
            raise LostRace(f"học bạ/unit {unit_id}", state)

    @staticmethod
    def _replace_file(session: Session, unit_id: UUID, role: FileRole, old: str, new: NewFile) -> None:
        result = session.execute(
            update(UnitFileRow)
            .where(UnitFileRow.unit_id == unit_id, UnitFileRow.role == role, UnitFileRow.sha256 == old)
            .values(sha256=new.sha256, size=new.size, archive_ends=new.archive_ends)
        )
        if result.rowcount != 1:  # type: ignore[attr-defined]
            raise LostRace(f"tệp/file {role} – {unit_id}", old[:12])


def _told(change: ClassImport) -> Detail:
    """What the journal says of an import: whom it added, changed and took out, and what of each was in the sheet."""
    return {
        "sheet": change.sheet_sha256,
        "enrolled": change.enrolled,
        "added": [f"{draft.unit_id} {draft.record_sha256}" for draft in change.added],
        "revised": [f"{each.unit.id} {each.record_sha256}" for each in change.revised],
        "removed": [str(unit.id) for unit in change.removed],
    }
