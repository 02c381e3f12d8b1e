# SPDX-License-Identifier: Apache-2.0

"""Every change of what is on its way to the chain. Each method is one transaction, and each move names the state it was read in.

As with `ledger.store.writer`, a move that finds its row elsewhere changes nothing and raises `LostRace`. Whatever decides
something, and whatever ends for good, stands in the journal in the same transaction.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import batch as batch_rules
from ledger.batch import ActKind, BatchState
from ledger.errors import ForbiddenMove, LostRace, UnknownUnit
from ledger.journal import JOURNAL_TOPIC, Deed, Detail
from ledger.proof.root_token import RootToken
from ledger.store.chain_tables import ActRow, AttemptRow, BatchRow, LeafRow, NumberRow, NumberState, RecallRow
from ledger.store.errands import Act, Attempt, Batch, Errand, Number, Recall, key_of
from ledger.store.journal_store import BY_ITSELF, add_entry, take_turn
from ledger.store.moves import move_unit
from ledger.store.sessions import writing
from ledger.store.tables import UnitRow
from ledger.unit import RecallReason, UnitState, require_move

_TABLES: Mapping[type[Errand], type[BatchRow | RecallRow | ActRow]] = {Batch: BatchRow, Recall: RecallRow, Act: ActRow}
_NOBODY = {"batch_id": None, "recall_id": None, "act_id": None}


@dataclass(frozen=True)
class NewLeaf:
    """One unit's place in a batch that is being sealed."""

    unit_id: UUID
    leaf: bytes
    receipt: bytes


@dataclass(frozen=True)
class NewAct:
    """What a school or the authority decides to do on the registry; see `ledger.store.chain_tables.ActRow`."""

    kind: ActKind
    school_code: str | None = None
    school_year: str | None = None
    topic: bytes | None = None
    digest: bytes | None = None
    unit_id: UUID | None = None
    replacement_id: UUID | None = None
    reason: RecallReason | None = None


class ErrandWriter:
    """Makes every change. `now` gives the time that is written beside each, `who` the name that the journal gives."""

    def __init__(self, engine: Engine, *, now: Callable[[], dt.datetime], who: str = BY_ITSELF) -> None:
        self._engine = engine
        self._now = now
        self._who = who

    def by(self, who: str) -> Self:
        """The same, for what `who` decides."""
        return type(self)(self._engine, now=self._now, who=who)

    # What is decided.

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
                session.execute(
                    insert(LeafRow),
                    [{"unit_id": n.unit_id, "batch_id": row.id, "leaf": n.leaf, "receipt": n.receipt} for n in leaves],
                )
            except IntegrityError as error:
                raise LostRace("đợt neo/batch", "unbatched") from error
            sealed = (
                select(func.count())
                .select_from(LeafRow)
                .join(UnitRow, UnitRow.id == LeafRow.unit_id)
                .where(
                    LeafRow.batch_id == row.id,
                    UnitRow.state == UnitState.ISSUED,
                    UnitRow.school_code == school_code,
                    UnitRow.school_year == school_year,
                )
            )
            if session.scalar(sealed) != len(leaves):
                raise LostRace("đợt neo/batch", UnitState.ISSUED)
            where: Detail = {"school": school_code, "year": school_year, "leaves": len(leaves)}
            self._note(session, Deed.BATCH_SEALED, f"batch {root.hex()}", detail=where)

    def sign_batch(self, batch: Batch, *, signature: bytes, deadline: dt.datetime) -> None:
        """Keeps the school's signature with which the authority may send a sealed batch until `deadline`."""
        with writing(self._engine) as session:
            result = session.execute(
                update(BatchRow)
                .where(BatchRow.id == batch.id, BatchRow.state == BatchState.SEALED)
                .values(signature=signature, deadline=deadline)
            )
            _expect_one(result, f"đợt neo/batch {batch.id}", BatchState.SEALED)
            self._let_go(session, batch)  # Of the school's own account, whose key does not carry the batch any more.

    def keep_token(self, batch: Batch, token: RootToken) -> None:
        """Keeps a token over the root of a batch, wherever the batch stands. One that has a token already is a lost race."""
        with writing(self._engine) as session:
            result = session.execute(
                update(BatchRow)
                .where(BatchRow.id == batch.id, BatchRow.root == batch.root, BatchRow.token.is_(None))
                .values(token=token.der, stamped_at=token.stamped_at)
            )
            _expect_one(result, f"đợt neo/batch {batch.id}", "without a token")

    def decide_recall(
        self,
        unit_id: UUID,
        *,
        school_code: str,
        reason: RecallReason,
        note: str,
        evidence_sha256: str | None = None,
    ) -> None:
        """Stores the decision to withdraw an anchored unit; the chain hears of it next. A second decision is a lost race.

        `evidence_sha256` is a stored document that it rests on. Raises `UnknownUnit` unless the unit is one of this school's, and
        `ForbiddenMove` from where no recall leads.
        """
        now = self._now()
        with writing(self._engine) as session:
            state = session.scalars(
                select(UnitRow.state).where(UnitRow.id == unit_id, UnitRow.school_code == school_code).with_for_update()
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
                    evidence_sha256=evidence_sha256,
                    state=BatchState.SEALED,
                    decided_at=now,
                    changed_at=now,
                )
            )
            try:
                session.flush()
            except IntegrityError as error:
                raise LostRace(f"thu hồi/recall {unit_id}", "not recalled") from error
            detail: Detail = {"reason": reason.value, "evidence": evidence_sha256}
            self._note(session, Deed.RECALL_DECIDED, f"unit {unit_id}", why=note, detail=detail)

    def decide(self, act: NewAct, *, why: str = "") -> None:
        """Stores an act; the chain hears of it next. One that is decided already, of those that are done once, is a lost race."""
        with writing(self._engine) as session:
            self._decide(session, act, why=why)

    def _decide(self, session: Session, act: NewAct, *, why: str = "") -> None:
        now = self._now()
        if act.kind is ActKind.APPROVE and act.replacement_id is None:
            # Whoever takes the recall back or declines it looks for a consent while holding the same row.
            recall = select(RecallRow.id).where(RecallRow.unit_id == act.unit_id).with_for_update()
            if session.scalar(recall) is None:
                raise LostRace(f"thu hồi/recall {act.unit_id}", BatchState.SEALED)
        values = {name: getattr(act, name) for name in NewAct.__dataclass_fields__}
        session.add(ActRow(**values, state=BatchState.SEALED, decided_at=now, changed_at=now))
        try:
            session.flush()
        except IntegrityError as error:
            raise LostRace(f"việc trên chuỗi/act {act.kind}", "undecided") from error
        if act.kind is ActKind.LOCK:
            self._note(session, Deed.YEAR_TO_LOCK, f"year {act.school_year}", why=why)
        elif act.kind is ActKind.APPROVE:
            self._note(session, Deed.RECALL_TO_APPROVE, f"unit {act.unit_id}", why=why, detail=_approved(act))
        elif act.kind is ActKind.PUBLISH and act.topic != JOURNAL_TOPIC:
            # Of its own head the journal says nothing: an entry about it would be a new head.
            self._note(session, Deed.TO_PUBLISH, f"topic {(act.topic or b'').hex()}", why=why, detail=_stated(act))

    def note(self, deed: Deed, subject: str, *, why: str, detail: Detail) -> None:
        """Adds an entry to the journal for what changes no row."""
        with writing(self._engine) as session:
            self._note(session, deed, subject, why=why, detail=detail)

    # How it is carried.

    def reserve(self, errand: Errand, number: Number) -> None:
        """Sets a number aside for a sealed errand, before anything is signed with it. One that is taken is a lost race."""
        taken = LostRace(f"nonce {number.nonce} – {number.sender}", NumberState.FREE)
        this = (NumberRow.sender == number.sender, NumberRow.nonce == number.nonce)
        with writing(self._engine) as session:
            self._expect(session, errand)
            held = {"state": NumberState.HELD, key_of(NumberRow, errand).key: errand.id}
            try:
                freed = session.execute(
                    update(NumberRow).where(*this, NumberRow.state == NumberState.FREE).values(**held)
                )
                if freed.rowcount != 1:  # type: ignore[attr-defined]
                    session.add(NumberRow(sender=number.sender, nonce=number.nonce, **held))
                session.flush()
            except IntegrityError as error:
                raise taken from error

    def free(self, errand: Errand, number: Number) -> None:
        """Gives back a number with which nothing was stored, as its errand was refused. Otherwise a lost race."""
        with writing(self._engine) as session:
            self._expect(session, errand)
            used = select(AttemptRow.id).where(AttemptRow.sender == number.sender, AttemptRow.nonce == number.nonce)
            if session.scalar(used.limit(1)) is not None:
                raise LostRace(f"nonce {number.nonce} – {number.sender}", "unused")
            self._move_number(session, errand, number, NumberState.FREE, **_NOBODY)

    def store_attempt(self, errand: Errand, attempt: Attempt) -> None:
        """SEALED to PREPARED, together with the signed transaction. Nothing may be sent before this returns.

        Raises `LostRace` unless its number is set aside for this errand.
        """
        with writing(self._engine) as session:
            self._move(session, errand, BatchState.PREPARED)
            self._store(session, errand, attempt)

    def raise_attempt(self, errand: Errand, attempt: Attempt) -> None:
        """Stores one more transaction with the same number, at higher fees. Nothing of it may be sent before this returns."""
        with writing(self._engine) as session:
            self._expect(session, errand)
            self._store(session, errand, attempt)

    def _store(self, session: Session, errand: Errand, attempt: Attempt) -> None:
        ours = select(NumberRow.nonce).where(
            NumberRow.sender == attempt.sender,
            NumberRow.nonce == attempt.nonce,
            NumberRow.state == NumberState.HELD,
            key_of(NumberRow, errand) == errand.id,
        )
        not_ours = LostRace(f"nonce {attempt.nonce} – {attempt.sender}", NumberState.HELD)
        if session.scalar(ours) is None:
            raise not_ours
        stored = replace(attempt, signed_at=self._now())
        session.add(AttemptRow(**{name: getattr(stored, name) for name in Attempt.__dataclass_fields__}))
        try:
            session.flush()
        except IntegrityError as error:
            raise not_ours from error

    def lose_number(self, errand: Errand, number: Number) -> None:
        """Back to SEALED: the number was used, for good, and not for this errand's good.

        A transaction that is not ours has it. What the contract undid is tried again with `retry`.
        """
        with writing(self._engine) as session:
            self._lose(session, errand, number)

    def _lose(self, session: Session, errand: Errand, number: Number) -> None:
        try:
            self._move(session, errand, BatchState.SEALED)
        except IntegrityError as error:  # What is done once was decided anew meanwhile.
            raise LostRace(f"đợt neo/act {errand.id}", errand.state) from error
        self._move_number(session, errand, number, NumberState.LOST)

    def retry(self, errand: Errand, number: Number, *, why: str) -> None:
        """Back to SEALED what the contract undid, as `lose_number` does; that a person decided it stands in the journal."""
        with writing(self._engine) as session:
            take_turn(session)
            self._lose(session, errand, number)
            detail: Detail = {"errand": type(errand).__name__.lower(), "nonce": str(number.nonce)}
            self._note(session, Deed.ERRAND_RETRIED, _subject(errand), why=why, detail=detail)

    def found_done(self, errand: Errand) -> None:
        """SEALED to FINAL without a transaction of ours: the registry has it already, in a block that stands."""
        with writing(self._engine) as session:
            take_turn(session)
            self._move(session, errand, BatchState.FINAL)
            self._let_go(session, errand)
            self._finish(session, errand, found=True)

    def supersede(self, errand: Errand, *, why: str) -> None:
        """SEALED to FAILED for what makes no sense any more, and given up at once: nobody has to look."""
        with writing(self._engine) as session:
            take_turn(session)
            self._move(session, errand, BatchState.FAILED)
            self._let_go(session, errand)
            self._note_failed(session, errand)
            detail: Detail = {"errand": type(errand).__name__.lower()}
            self._note(session, Deed.ERRAND_GIVEN_UP, f"act {errand.id}", why=why, detail=detail)

    def move(self, errand: Errand, new: BatchState, *, carrier: Number | None = None) -> None:
        """Moves an errand on from the state that it was read in. FINAL takes along whatever it is about.

        `carrier` is the number whose transaction was looked at. If another one carries the errand since (it failed, a person had
        it tried again), it is a lost race, though the state may be the same again.

        From SEALED only `store_attempt` leads to PREPARED and only `found_done` to FINAL, and to SEALED only `lose_number` and
        `retry`: nothing is prepared or done without a transaction, or without having been found done.
        """
        without = {BatchState.PREPARED, BatchState.FINAL}
        if new is BatchState.SEALED or (errand.state is BatchState.SEALED and new in without):
            raise ForbiddenMove("đợt neo/batch", errand.state, new)
        with writing(self._engine) as session:
            if new in {BatchState.FINAL, BatchState.FAILED}:
                take_turn(session)
            if carrier is not None:
                self._move_number(session, errand, carrier, NumberState.HELD)
            self._move(session, errand, new)
            if new is BatchState.FAILED:
                self._note_failed(session, errand)
            elif new is BatchState.FINAL:
                self._finish(session, errand)

    # What comes of it.

    def _finish(self, session: Session, errand: Errand, *, found: bool = False) -> None:
        """`found`: somebody has done it with another tool, as the journal then says."""
        how: Detail = {"found": "on the chain"} if found else {}
        match errand:
            case Batch():
                self._anchored(session, errand)
            case Recall():
                state = session.scalars(select(UnitRow.state).where(UnitRow.id == errand.unit_id)).one()
                move_unit(session, errand.unit_id, state, UnitState.RECALLED, now=self._now())
                self._note(session, Deed.UNIT_RECALLED, f"unit {errand.unit_id}")
                successor = select(UnitRow.id).where(
                    UnitRow.replaces == errand.unit_id, UnitRow.state.in_([UnitState.ANCHORED, UnitState.LOCKED])
                )
                if (replacement := session.scalar(successor)) is not None:
                    self._replace(session, errand.unit_id, replacement, errand.school_code)
            case Act(kind=ActKind.LOCK):
                year = errand.school_year or ""
                session.execute(
                    update(UnitRow)
                    .where(UnitRow.school_year == year, UnitRow.state == UnitState.ANCHORED)
                    .values(state=UnitState.LOCKED, changed_at=self._now())
                )
                self._note(session, Deed.YEAR_LOCKED, f"year {year}", detail=how)
            case Act(kind=ActKind.APPROVE):
                detail: Detail = {**_approved(errand), **how}
                self._note(session, Deed.RECALL_APPROVED, f"unit {errand.unit_id}", detail=detail)
            case Act(kind=ActKind.REPLACE, unit_id=UUID() as unit_id):
                move_unit(session, unit_id, UnitState.RECALLED, UnitState.REPLACED, now=self._now())
                detail = {"replacement": str(errand.replacement_id)}
                self._note(session, Deed.UNIT_REPLACED, f"unit {unit_id}", detail=detail)
            case Act() if errand.topic != JOURNAL_TOPIC:
                self._note(session, Deed.PUBLISHED, f"topic {(errand.topic or b'').hex()}", detail=_stated(errand))

    def _anchored(self, session: Session, batch: Batch) -> None:
        """The units of a batch that is final; in a year that was locked meanwhile they are locked at once."""
        locked = select(ActRow.id).where(
            ActRow.kind == ActKind.LOCK, ActRow.school_year == batch.school_year, ActRow.state == BatchState.FINAL
        )
        state = UnitState.ANCHORED if session.scalar(locked) is None else UnitState.LOCKED
        in_batch = select(LeafRow.unit_id).where(LeafRow.batch_id == batch.id)
        moved = session.execute(
            update(UnitRow)
            .where(UnitRow.id.in_(in_batch), UnitRow.state == UnitState.ISSUED)
            .values(state=state, changed_at=self._now())
        )
        if moved.rowcount != batch.leaf_count:  # type: ignore[attr-defined]
            raise LostRace(f"đợt neo/batch {batch.id}", UnitState.ISSUED)
        self._note(session, Deed.BATCH_FINAL, f"batch {batch.root.hex()}")
        old = UnitRow.__table__.alias("old")
        withdrawn = (
            select(UnitRow.replaces, UnitRow.id)
            .join(old, old.c.id == UnitRow.replaces)
            .where(UnitRow.id.in_(in_batch), old.c.state == UnitState.RECALLED)
        )
        for unit_id, replacement_id in session.execute(withdrawn).all():
            assert unit_id is not None  # noqa: S101 - it was joined by it
            self._replace(session, unit_id, replacement_id, batch.school_code)

    def _replace(self, session: Session, unit_id: UUID, replacement_id: UUID, school_code: str) -> None:
        """The chain is told what takes the place of a recalled unit, once both stand on it; by the school that issued it.

        A unit that another school issued instead is named in that school's receipt alone: the contract takes no replacement from
        anybody but the school itself or its successor.
        """
        issuer = session.scalar(select(UnitRow.school_code).where(UnitRow.id == unit_id))
        if issuer == school_code:
            act = NewAct(ActKind.REPLACE, school_code=school_code, unit_id=unit_id, replacement_id=replacement_id)
            self._decide(session, act)

    def _note_failed(self, session: Session, errand: Errand) -> None:
        match errand:
            case Batch():
                self._note(session, Deed.BATCH_FAILED, f"batch {errand.root.hex()}")
            case Recall():
                self._note(session, Deed.RECALL_FAILED, f"unit {errand.unit_id}")
            case Act():
                self._note(session, Deed.ACT_FAILED, f"act {errand.id}", detail={"kind": errand.kind.value})

    def _note(self, session: Session, deed: Deed, subject: str, *, why: str = "", detail: Detail | None = None) -> None:
        add_entry(session, deed, subject, who=self._who, now=self._now(), why=why, detail=detail)

    def _move(self, session: Session, errand: Errand, new: BatchState) -> None:
        if (errand.state, new) not in batch_rules.LEGAL_MOVES:
            raise ForbiddenMove("đợt neo/batch", errand.state, new)
        table = _TABLES[type(errand)]
        result = session.execute(update(table).where(*_as_read(errand)).values(state=new, changed_at=self._now()))
        _expect_one(result, f"đợt neo/{table.__tablename__} {errand.id}", errand.state)

    @staticmethod
    def _expect(session: Session, errand: Errand) -> None:
        """The errand stands where it was read, and stays there until this transaction ends."""
        table = _TABLES[type(errand)]
        found = session.scalars(select(table.id).where(*_as_read(errand)).with_for_update()).one_or_none()
        if found is None:
            raise LostRace(f"đợt neo/{table.__tablename__} {errand.id}", errand.state)

    @staticmethod
    def _let_go(session: Session, errand: Errand) -> None:
        """A number that is set aside for a sealed errand, and that nothing was signed with, goes to the next one.

        The chain would wait for it, and nothing would use it up: an errand has it.
        """
        session.execute(
            update(NumberRow)
            .where(key_of(NumberRow, errand) == errand.id, NumberRow.state == NumberState.HELD)
            .values(state=NumberState.FREE, **_NOBODY)
        )

    @staticmethod
    def _move_number(session: Session, errand: Errand, number: Number, new: NumberState, **values: object) -> None:
        result = session.execute(
            update(NumberRow)
            .where(
                NumberRow.sender == number.sender,
                NumberRow.nonce == number.nonce,
                NumberRow.state == NumberState.HELD,
                key_of(NumberRow, errand) == errand.id,
            )
            .values(state=new, **values)
        )
        _expect_one(result, f"nonce {number.nonce} – {number.sender}", NumberState.HELD)


def _as_read(errand: Errand) -> list[ColumnElement[bool]]:
    """Its row, as it was read, and not another's: SQLite gives the id of a recall that was taken back to the next one.

    Batches never go, and are told apart by id and state alone, as a signature may come to one at any time.
    """
    table = _TABLES[type(errand)]
    compared = ["id", "state"] if isinstance(errand, Batch) else [field.name for field in fields(errand)]
    return [getattr(table, name) == getattr(errand, name) for name in compared]


def _expect_one(result: object, what: str, expected: str) -> None:
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise LostRace(what, expected)


def _subject(errand: Errand) -> str:
    """What the journal calls an errand."""
    match errand:
        case Batch():
            return f"batch {errand.root.hex()}"
        case Recall():
            return f"unit {errand.unit_id}"
        case Act():
            return f"act {errand.id}"


def _stated(act: NewAct | Act) -> Detail:
    return {"school": act.school_code, "digest": (act.digest or b"").hex()}


def _approved(act: NewAct | Act) -> Detail:
    return {
        "reason": None if act.reason is None else act.reason.value,
        "replacement": None if act.replacement_id is None else str(act.replacement_id),
    }
