# SPDX-License-Identifier: Apache-2.0

"""Every change of the ledger. Each method is one transaction, and each move names the state it was read in.

A move that finds its row elsewhere changes nothing and raises `LostRace`: another worker was first. A database that cannot be
asked is `Unavailable`, and nothing is known to have changed. Callers store files before they call, so a row never names bytes
that are not on disk.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import batch as batch_rules
from ledger.batch import BatchState
from ledger.errors import ForbiddenMove, LostRace, UnknownUnit
from ledger.store import class_import
from ledger.store.class_import import ClassImport, Draft
from ledger.store.reader import Attempt, Batch, NewFile, Recall, School, Unit
from ledger.store.sessions import writing
from ledger.store.tables import (
    AttemptRow,
    BatchRow,
    EarlierFileRow,
    FileRole,
    LeafRow,
    RecallRow,
    SchoolRow,
    SignatureRow,
    UnitFileRow,
    UnitRow,
)
from ledger.unit import RecallReason, Slot, UnitState, require_move


@dataclass(frozen=True)
class NewLeaf:
    """One unit's place in a batch that is being sealed."""

    unit_id: UUID
    leaf: bytes
    receipt: bytes


class Writer:
    """Makes every change. `now` gives the time that is written beside each."""

    def __init__(self, engine: Engine, *, now: Callable[[], dt.datetime]) -> None:
        self._engine = engine
        self._now = now

    def register_school(self, school: School) -> None:
        """Adds a school. Adding the same one again changes nothing; with other values it raises `LostRace`."""
        values = {name: getattr(school, name) for name in School.__dataclass_fields__}
        with writing(self._engine) as session:
            row = session.get(SchoolRow, school.code)
            if row is None:
                session.add(SchoolRow(**values, registered_at=self._now()))
            elif any(getattr(row, name) != value for name, value in values.items()):
                raise LostRace(f"trường/school {school.code}", "unregistered")

    def import_class(self, change: ClassImport) -> None:
        """Takes a class in, all of it or nothing; see `ledger.store.class_import.carry_out`."""
        with writing(self._engine) as session:
            class_import.carry_out(session, change, now=self._now())

    def add_booklet(self, draft: Draft, *, units: Sequence[Unit], instead_of: Unit | None = None) -> None:
        """Adds a booklet; see `ledger.store.class_import.add_booklet`."""
        with writing(self._engine) as session:
            class_import.add_booklet(session, draft, units=units, instead_of=instead_of, now=self._now())

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
            self._move_unit(session, unit_id, UnitState.DRAFT, UnitState.SIGNING, from_it, **drawn)
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
            self._move_unit(session, unit_id, UnitState.SIGNING, UnitState.ISSUED, manifest=manifest)
            self._replace_file(session, unit_id, FileRole.PDF, replaced[FileRole.PDF], pdf)
            self._replace_file(session, unit_id, FileRole.XML, replaced[FileRole.XML], xml)

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

    def seal_batch(self, *, school_code: str, school_year: str, root: bytes, leaves: Sequence[NewLeaf]) -> None:
        """Closes a batch of issued units, with the receipts that will be handed out. A unit in a batch already is a lost race."""
        now = self._now()
        with writing(self._engine) as session:
            row = BatchRow(
                school_code=school_code,
                school_year=school_year,
                root=root,
                leaf_count=len(leaves),
                state=BatchState.SEALED,
                sealed_at=now,
                changed_at=now,
            )
            session.add(row)
            try:
                session.flush()  # Leaves name their batch.
                for leaf in leaves:
                    self._expect_issued(session, leaf.unit_id, school_code=school_code, school_year=school_year)
                session.execute(
                    insert(LeafRow),
                    [{"unit_id": n.unit_id, "batch_id": row.id, "leaf": n.leaf, "receipt": n.receipt} for n in leaves],
                )
            except IntegrityError as error:
                raise LostRace("đợt neo/batch", "unbatched") from error

    def decide_recall(self, unit_id: UUID, *, school_code: str, reason: RecallReason, note: str) -> None:
        """Stores the decision to withdraw an anchored unit; the chain hears of it next. A second decision is a lost race.

        Raises `UnknownUnit` unless the unit is one of this school's, and `ForbiddenMove` from where no recall leads.
        """
        now = self._now()
        with writing(self._engine) as session:
            state = session.scalars(
                select(UnitRow.state).where(UnitRow.id == unit_id, UnitRow.school_code == school_code)
            ).one_or_none()
            if state is None:
                raise UnknownUnit(unit_id)
            require_move(state, UnitState.RECALLED)
            session.add(
                RecallRow(
                    unit_id=unit_id,
                    school_code=school_code,
                    reason=reason,
                    note=note,
                    state=BatchState.SEALED,
                    decided_at=now,
                    changed_at=now,
                )
            )
            try:
                session.flush()
            except IntegrityError as error:
                raise LostRace(f"thu hồi/recall {unit_id}", "not recalled") from error

    def store_attempt(self, errand: Batch | Recall, attempt: Attempt) -> None:
        """SEALED to PREPARED, together with the signed transaction. Nothing may be sent before this returns."""
        ours = {"batch_id": errand.id} if isinstance(errand, Batch) else {"recall_id": errand.id}
        with writing(self._engine) as session:
            self._move_errand(session, errand, BatchState.PREPARED)
            session.add(
                AttemptRow(
                    **ours,
                    sender=attempt.sender,
                    nonce=attempt.nonce,
                    tx_hash=attempt.tx_hash,
                    raw=attempt.raw,
                    signed_at=self._now(),
                )
            )
            try:
                session.flush()
            except IntegrityError as error:
                raise LostRace(f"nonce {attempt.nonce} – {attempt.sender}", "unused") from error

    def move_errand(self, errand: Batch | Recall, new: BatchState) -> None:
        """Moves a batch or a recall on from the state that `errand` was read in. FINAL takes its units along.

        From SEALED only `store_attempt` leads to PREPARED: nothing is prepared without a transaction.
        """
        if (errand.state, new) == (BatchState.SEALED, BatchState.PREPARED):
            raise ForbiddenMove("đợt neo/batch", errand.state, new)
        with writing(self._engine) as session:
            self._move_errand(session, errand, new)
            if new is not BatchState.FINAL:
                return
            if isinstance(errand, Batch):
                units: Iterable[UUID] = session.scalars(
                    select(LeafRow.unit_id).where(LeafRow.batch_id == errand.id)
                ).all()
                for unit_id in units:
                    self._move_unit(session, unit_id, UnitState.ISSUED, UnitState.ANCHORED)
            else:
                state = session.scalars(select(UnitRow.state).where(UnitRow.id == errand.unit_id)).one()
                self._move_unit(session, errand.unit_id, state, UnitState.RECALLED)

    def _move_errand(self, session: Session, errand: Batch | Recall, new: BatchState) -> None:
        if (errand.state, new) not in batch_rules.LEGAL_MOVES:
            raise ForbiddenMove("đợt neo/batch", errand.state, new)
        table = BatchRow if isinstance(errand, Batch) else RecallRow
        result = session.execute(
            update(table)
            .where(table.id == errand.id, table.state == errand.state)
            .values(state=new, changed_at=self._now())
        )
        if result.rowcount != 1:  # type: ignore[attr-defined]
            raise LostRace(f"đợt neo/batch {errand.id}", errand.state)

    def _move_unit(
        self,
        session: Session,
        unit_id: UUID,
        old: UnitState,
        new: UnitState,
        *also: ColumnElement[bool],
        **values: object,
    ) -> None:
        require_move(old, new)
        result = session.execute(
            update(UnitRow)
            .where(UnitRow.id == unit_id, UnitRow.state == old, *also)
            .values(state=new, changed_at=self._now(), **values)
        )
        if result.rowcount != 1:  # type: ignore[attr-defined]
            raise LostRace(f"học bạ/unit {unit_id}", old)

    @staticmethod
    def _expect_issued(session: Session, unit_id: UUID, *, school_code: str, school_year: str) -> None:
        found = session.scalars(
            select(UnitRow.id).where(
                UnitRow.id == unit_id,
                UnitRow.state == UnitState.ISSUED,
                UnitRow.school_code == school_code,
                UnitRow.school_year == school_year,
            )
        ).one_or_none()
        if found is None:
            raise LostRace(f"học bạ/unit {unit_id}", UnitState.ISSUED)

    @staticmethod
    def _expect_unit(session: Session, unit_id: UUID, state: UnitState) -> None:
        if session.scalars(select(UnitRow.state).where(UnitRow.id == unit_id)).one_or_none() is not state:
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
