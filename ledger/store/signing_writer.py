# SPDX-License-Identifier: Apache-2.0

"""Every change of who may sign, who is to sign, and what is being signed. Like `ledger.store.writer`, which see.

Each method is one transaction; each move names the state it was read in, and finding its row elsewhere is a `LostRace`.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Delete, Engine, Update, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger.errors import ForbiddenMove, LostRace
from ledger.signing import SignerIdentity, Values
from ledger.store.reader import NewFile, Unit
from ledger.store.sessions import writing
from ledger.store.signing_reader import Registration, RoundItem, SchoolClass, written_chain
from ledger.store.signing_tables import (
    AssignmentRow,
    Holding,
    ItemState,
    RegistrationRow,
    RegistrationState,
    RoundItemRow,
    RoundRow,
    RoundState,
    UnitReturnRow,
)
from ledger.store.tables import FileRole, SignatureRow, UnitFileRow, UnitRow
from ledger.unit import Role, Slot, UnitState


@dataclass(frozen=True)
class Request:
    """A school asks that a certificate may sign."""

    school_code: str
    cert_sha256: str
    certificate: bytes
    chain: tuple[bytes, ...]
    role: Role
    subjects: frozenset[str]
    holder: str
    account: str
    holding: Holding
    hierarchy: str
    delegated_by: str | None
    valid_from: dt.datetime | None
    """From when it is asked for; None: from when it is approved."""
    valid_to: dt.datetime | None


class SigningWriter:
    """Makes every change. `now` gives the time that is written beside each."""

    def __init__(self, engine: Engine, *, now: Callable[[], dt.datetime]) -> None:
        self._engine = engine
        self._now = now

    # Who may sign.

    def request(self, request: Request, *, by: str) -> int:
        """Adds a pending line and returns its number. The same request still pending is a lost race."""
        values = {name: getattr(request, name) for name in Request.__dataclass_fields__}
        values |= {"subjects": " ".join(sorted(request.subjects)), "chain": written_chain(request.chain)}
        with writing(self._engine) as session:
            row = RegistrationRow(
                **values, state=RegistrationState.PENDING, requested_at=self._now(), requested_by=by, reason=""
            )
            session.add(row)
            try:
                session.flush()
            except IntegrityError as error:
                raise LostRace(f"chứng thư/certificate {request.cert_sha256[:12]}", "not requested") from error
            return row.id

    def decide(
        self,
        registration: Registration,
        *,
        approved: bool,
        valid_from: dt.datetime | None,
        valid_to: dt.datetime | None,
        reason: str,
        by: str,
    ) -> None:
        """PENDING to APPROVED or REFUSED."""
        state = RegistrationState.APPROVED if approved else RegistrationState.REFUSED
        self._move_registration(
            registration,
            RegistrationState.PENDING,
            state=state,
            valid_from=valid_from,
            valid_to=valid_to,
            reason=reason,
            decided_by=by,
            decided_at=self._now(),
        )

    def end(self, registration: Registration, *, valid_to: dt.datetime, reason: str) -> None:
        """Ends an approved line. It stays: what was signed before is judged by it."""
        self._move_registration(registration, RegistrationState.APPROVED, valid_to=valid_to, reason=reason)

    def _move_registration(self, registration: Registration, old: RegistrationState, **values: object) -> None:
        as_read = (
            RegistrationRow.id == registration.id,
            RegistrationRow.state == old,
            RegistrationRow.valid_to.is_(None)
            if registration.valid_to is None
            else RegistrationRow.valid_to == registration.valid_to,
        )
        with writing(self._engine) as session:
            _one(
                session.execute(update(RegistrationRow).where(*as_read).values(**values)),
                f"chứng thư/certificate {registration.cert_sha256[:12]}",
                old,
            )

    # Who is to sign.

    def assign(self, school_class: SchoolClass, slot: Slot, *, account: str, replacing: str, by: str) -> None:
        """Gives a slot of a class to an account; whoever had it before is ended. The same account again changes nothing."""
        now = self._now()
        with writing(self._engine) as session:
            current = session.scalars(
                select(AssignmentRow)
                .filter_by(class_id=school_class.id, role=slot.role, subject=slot.subject, ended_at=None)
                .with_for_update()
            ).one_or_none()
            if current is not None and (current.account, current.replacing) == (account, replacing):
                return
            if current is not None:
                current.ended_at = now
                session.flush()  # The index allows one that is not ended.
            session.add(
                AssignmentRow(
                    class_id=school_class.id,
                    role=slot.role,
                    subject=slot.subject,
                    account=account,
                    replacing=replacing,
                    assigned_at=now,
                    assigned_by=by,
                )
            )
            try:
                session.flush()
            except IntegrityError as error:
                raise LostRace(f"phân công/assignment {slot} – {school_class.name}", "unassigned") from error

    # What is being signed.

    def open_round(
        self,
        round_id: UUID,
        *,
        school_class: SchoolClass,
        slot: Slot,
        signer: SignerIdentity,
        cert_sha256: str,
        account: str,
    ) -> None:
        """Opens a round without items. Another open one of this certificate for the slot is a lost race."""
        now = self._now()
        with writing(self._engine) as session:
            session.add(
                RoundRow(
                    id=round_id,
                    class_id=school_class.id,
                    role=slot.role,
                    subject=slot.subject,
                    cert_sha256=cert_sha256,
                    certificate=signer.certificate,
                    chain=written_chain(signer.chain),
                    shown_role=signer.shown_role,
                    account=account,
                    state=RoundState.OPEN,
                    opened_at=now,
                    changed_at=now,
                )
            )
            try:
                session.flush()
            except IntegrityError as error:
                raise LostRace(f"đợt ký/round {slot} – {school_class.name}", "not open") from error

    def put_item(self, round_id: UUID, item: RoundItem) -> None:
        """Adds a prepared unit to an open round, in the place of one of the same unit whose values do not wait to be put in.

        One that is stored gives way too: its signature was taken off, or nobody would have prepared the unit anew.
        """
        with writing(self._engine) as session:
            self._expect_open(session, round_id)
            session.execute(
                delete(RoundItemRow).where(
                    RoundItemRow.round_id == round_id,
                    RoundItemRow.unit_id == item.unit_id,
                    RoundItemRow.state != ItemState.ANSWERED,
                )
            )
            session.add(
                RoundItemRow(
                    round_id=round_id,
                    unit_id=item.unit_id,
                    stt=item.stt,
                    state=ItemState.PREPARED,
                    signed_at=item.signed_at,
                    prepared_at=item.prepared_at,
                    pdf_before=item.pdf_before,
                    xml_before=item.xml_before,
                    pdf_prepared=item.pdf.sha256 if item.pdf else None,
                    pdf_to_be_signed=item.pdf.to_be_signed if item.pdf else None,
                    pdf_state=item.pdf.state if item.pdf else None,
                    xml_prepared=item.xml.sha256,
                    xml_to_be_signed=item.xml.to_be_signed,
                    xml_state=item.xml.state,
                )
            )
            try:
                session.flush()
            except IntegrityError as error:
                raise LostRace(f"đợt ký/round – {item.unit_id}", ItemState.PREPARED) from error

    def drop_items(self, round_id: UUID, unit_ids: Collection[UUID]) -> None:
        """Takes out prepared units that nobody waits for any more. No key has signed them, so nobody is told."""
        with writing(self._engine) as session:
            session.execute(
                delete(RoundItemRow).where(
                    RoundItemRow.round_id == round_id,
                    RoundItemRow.unit_id.in_(unit_ids),
                    RoundItemRow.state == ItemState.PREPARED,
                )
            )

    def take_over(self, round_id: UUID, *, account: str) -> None:
        """An open round goes on under another account: of the same certificate, which was looked at again."""
        with writing(self._engine) as session:
            session.execute(
                update(RoundRow)
                .where(RoundRow.id == round_id, RoundRow.state == RoundState.OPEN)
                .values(account=account, changed_at=self._now())
            )

    def answer(self, round_id: UUID, unit_id: UUID, values: Values) -> None:
        """PREPARED to ANSWERED, with what the key said."""
        found = {"pdf_value": values.pdf, "xml_value": values.xml}
        with writing(self._engine) as session:
            self._expect_open(session, round_id)
            self._move_item(session, round_id, unit_id, ItemState.PREPARED, ItemState.ANSWERED, **found)

    def refuse_item(self, round_id: UUID, item: RoundItem, *, vi: str, en: str) -> None:
        """PREPARED or ANSWERED to REFUSED, with the reason."""
        with writing(self._engine) as session:
            why = {"problem_vi": vi, "problem_en": en}
            self._move_item(session, round_id, item.unit_id, item.state, ItemState.REFUSED, **why)

    def store_item(self, round_id: UUID, unit_id: UUID) -> None:
        """ANSWERED to STORED: the signature stands on the unit's files."""
        with writing(self._engine) as session:
            self._move_item(session, round_id, unit_id, ItemState.ANSWERED, ItemState.STORED)

    def close_round(self, round_id: UUID) -> None:
        """OPEN to CLOSED, if none of it waits for a key or to be put in; else it stays open."""
        waiting = select(RoundItemRow.unit_id).where(
            RoundItemRow.round_id == round_id, RoundItemRow.state.in_([ItemState.PREPARED, ItemState.ANSWERED])
        )
        with writing(self._engine) as session:
            # Whoever puts an item in holds the round, so that what waits is looked at when nothing more can come.
            session.execute(select(RoundRow.id).where(RoundRow.id == round_id).with_for_update())
            session.execute(
                update(RoundRow)
                .where(RoundRow.id == round_id, RoundRow.state == RoundState.OPEN, ~waiting.exists())
                .values(state=RoundState.CLOSED, changed_at=self._now())
            )

    def give_back(
        self, unit: Unit, *, slot: Slot, before: Mapping[FileRole, NewFile] | None, reason: str, by: str
    ) -> None:
        """Takes off the signature in `slot` and all after it, and puts the files back as they were before it: `before`.

        Without `before` the unit goes back to draft and loses every signature.
        """
        taken = unit.signatures if before is None else unit.signatures[unit.signed_slots.index(slot) :]
        values = {"state": UnitState.DRAFT, "template": None, "subjects": ""} if before is None else {}
        with writing(self._engine) as session:
            moved = session.execute(
                update(UnitRow)
                .where(UnitRow.id == unit.id, UnitRow.state == UnitState.SIGNING)
                .values(changed_at=self._now(), **values)
            )
            _one(moved, f"học bạ/unit {unit.id}", UnitState.SIGNING)
            for signature in taken:
                place = (SignatureRow.role == signature.role, SignatureRow.subject == signature.subject)
                gone = session.execute(delete(SignatureRow).where(SignatureRow.unit_id == unit.id, *place))
                _one(gone, f"chữ ký/signature {signature.slot} – {unit.id}", "signed")
            left = session.scalar(select(func.count()).select_from(SignatureRow).where(SignatureRow.unit_id == unit.id))
            if left != len(unit.signatures) - len(taken):
                raise LostRace(f"học bạ/unit {unit.id}", f"{len(unit.signatures)} signatures")
            for role in FileRole:
                old = unit.file(role).sha256
                as_read = (UnitFileRow.unit_id == unit.id, UnitFileRow.role == role, UnitFileRow.sha256 == old)
                change: Update | Delete = delete(UnitFileRow)
                if before is not None:
                    change = update(UnitFileRow).values(sha256=before[role].sha256, size=before[role].size)
                _one(session.execute(change.where(*as_read)), f"tệp/file {role} – {unit.id}", old[:12])
            session.add(
                UnitReturnRow(
                    unit_id=unit.id,
                    role=slot.role,
                    subject=slot.subject,
                    reason=reason,
                    returned_by=by,
                    returned_at=self._now(),
                )
            )

    def _expect_open(self, session: Session, round_id: UUID) -> None:
        """Nobody closes the round before this transaction ends."""
        held = select(RoundRow.state).where(RoundRow.id == round_id).with_for_update()
        if session.scalars(held).one_or_none() is not RoundState.OPEN:
            raise LostRace(f"đợt ký/round {round_id}", RoundState.OPEN)

    @staticmethod
    def _move_item(
        session: Session, round_id: UUID, unit_id: UUID, old: ItemState, new: ItemState, **values: object
    ) -> None:
        if (old, new) not in ITEM_MOVES:
            raise ForbiddenMove("đợt ký/round", old, new)
        moved = session.execute(
            update(RoundItemRow)
            .where(RoundItemRow.round_id == round_id, RoundItemRow.unit_id == unit_id, RoundItemRow.state == old)
            .values(state=new, **values)
        )
        _one(moved, f"đợt ký/round – {unit_id}", old)


ITEM_MOVES: frozenset[tuple[ItemState, ItemState]] = frozenset(
    {
        (ItemState.PREPARED, ItemState.ANSWERED),
        (ItemState.PREPARED, ItemState.REFUSED),
        (ItemState.ANSWERED, ItemState.STORED),
        (ItemState.ANSWERED, ItemState.REFUSED),
    }
)


def _one(result: object, what: str, expected: str) -> None:
    """Exactly one row moved, or the race is lost."""
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise LostRace(what, expected)
