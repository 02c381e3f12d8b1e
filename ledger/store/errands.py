# SPDX-License-Identifier: Apache-2.0

"""What is on its way to the chain, for reading: batches, recalls, acts, their numbers and attempts. Selects only."""

import datetime as dt
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import InstrumentedAttribute

from ledger.batch import AUTHORITY_ACTS, OPEN_STATES, ActKind, BatchState
from ledger.journal import Deed
from ledger.store.chain_tables import (
    ActRow,
    AttemptRow,
    BatchRow,
    JournalRow,
    LeafRow,
    NumberRow,
    NumberState,
    RecallRow,
)
from ledger.store.reader import value_of
from ledger.store.sessions import reading
from ledger.store.tables import SchoolRow, UnitRow
from ledger.unit import RecallReason, UnitState


@dataclass(frozen=True)
class Batch:
    """A closed set of leaves under one root."""

    id: int
    school_code: str
    school_year: str
    root: bytes
    leaf_count: int
    state: BatchState
    signature: bytes | None = None
    """The school's own, for a batch that the authority is to send."""
    deadline: dt.datetime | None = None
    """Until when it serves."""


@dataclass(frozen=True)
class Recall:
    """The decision to withdraw a unit."""

    id: int
    unit_id: UUID
    school_code: str
    reason: RecallReason
    state: BatchState


@dataclass(frozen=True)
class Act:
    """What else a school or the authority does on the registry; which fields are filled depends on `kind`."""

    id: int
    kind: ActKind
    school_code: str | None
    school_year: str | None
    topic: bytes | None
    digest: bytes | None
    unit_id: UUID | None
    replacement_id: UUID | None
    reason: RecallReason | None
    state: BatchState


Errand = Batch | Recall | Act


@dataclass(frozen=True)
class Attempt:
    """One signed transaction."""

    sender: str
    nonce: int
    tx_hash: bytes
    raw: bytes
    fee: int | None = None
    tip: int | None = None
    signed_at: dt.datetime | None = None
    """Filled in by whoever stores it."""


@dataclass(frozen=True)
class Number:
    """A nonce that is set aside for an errand."""

    sender: str
    nonce: int


@dataclass(frozen=True)
class Backlog:
    """What waits to be closed into a batch."""

    count: int
    oldest: dt.datetime | None
    """When the one that has waited longest was issued."""


class Errands:
    """Asks what is on its way to the chain."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open_batches(self) -> list[Batch]:
        """Batches still on their way, oldest first."""
        with reading(self._engine) as session:
            query = select(BatchRow).where(BatchRow.state.in_(OPEN_STATES)).order_by(BatchRow.id)
            return [value_of(Batch, row) for row in session.scalars(query)]

    def unstamped(self, school_code: str | None = None) -> list[Batch]:
        """Batches without a token over their root, wherever they stand, oldest first; of one school, if it is named."""
        query = select(BatchRow).where(BatchRow.token.is_(None)).order_by(BatchRow.id)
        if school_code is not None:
            query = query.where(BatchRow.school_code == school_code)
        with reading(self._engine) as session:
            return [value_of(Batch, row) for row in session.scalars(query)]

    def open_recalls(self) -> list[Recall]:
        """Recalls still on their way, oldest first."""
        with reading(self._engine) as session:
            query = select(RecallRow).where(RecallRow.state.in_(OPEN_STATES)).order_by(RecallRow.id)
            return [value_of(Recall, row) for row in session.scalars(query)]

    def open_acts(self) -> list[Act]:
        """Acts still on their way, oldest first."""
        with reading(self._engine) as session:
            query = select(ActRow).where(ActRow.state.in_(OPEN_STATES)).order_by(ActRow.id)
            return [value_of(Act, row) for row in session.scalars(query)]

    def recall_of(self, unit_id: UUID) -> Recall | None:
        """The decision to withdraw a unit, wherever it stands."""
        with reading(self._engine) as session:
            row = session.scalars(select(RecallRow).where(RecallRow.unit_id == unit_id)).one_or_none()
            return None if row is None else value_of(Recall, row)

    def batch_of(self, unit_id: UUID) -> Batch | None:
        """The batch that a unit is in; None while it is in none."""
        query = select(BatchRow).join(LeafRow, LeafRow.batch_id == BatchRow.id).where(LeafRow.unit_id == unit_id)
        with reading(self._engine) as session:
            row = session.scalars(query).one_or_none()
            return None if row is None else value_of(Batch, row)

    def acts(self, kind: ActKind, *, unit_id: UUID | None = None) -> list[Act]:
        """The acts of a kind wherever they stand, newest first; about one unit, if it is named."""
        query = select(ActRow).where(ActRow.kind == kind).order_by(ActRow.id.desc())
        if unit_id is not None:
            query = query.where(ActRow.unit_id == unit_id)
        with reading(self._engine) as session:
            return [value_of(Act, row) for row in session.scalars(query)]

    def approvals_of(self, unit_id: UUID, *, reason: RecallReason) -> list[Act]:
        """The authority's approvals about a unit that is recalled for that reason, but for those that the contract undid.

        The registry takes each in just its words: one for another reason is none.
        """
        query = select(ActRow).where(
            ActRow.kind == ActKind.APPROVE,
            ActRow.unit_id == unit_id,
            ActRow.reason == reason,
            ActRow.state != BatchState.FAILED,
        )
        with reading(self._engine) as session:
            return [value_of(Act, row) for row in session.scalars(query)]

    def of_school(self, code: str) -> list[Errand]:
        """What the school's own key carries, in the order in which it is to be tried."""
        own_batches = [batch for batch in self.open_batches() if batch.school_code == code]
        if self.relayed(code):
            # One that was prepared before the school was relayed is carried to its end as it began.
            own_batches = [batch for batch in own_batches if batch.state is not BatchState.SEALED]
            own_batches = [batch for batch in own_batches if batch.signature is None]
        recalls = [recall for recall in self.open_recalls() if recall.school_code == code]
        acts = [act for act in self.open_acts() if act.school_code == code and act.kind not in AUTHORITY_ACTS]
        return [*own_batches, *recalls, *acts]

    def of_authority(self) -> list[Errand]:
        """What the authority's key carries: its own acts, and batches that schools have signed."""
        acts = [act for act in self.open_acts() if act.kind in AUTHORITY_ACTS or act.school_code is None]
        return [*(batch for batch in self.open_batches() if batch.signature is not None), *acts]

    def to_be_signed(self, code: str, *, now: dt.datetime) -> list[Batch]:
        """Sealed batches of a relayed school that it has not signed, or so long ago that the signature serves no more."""
        if not self.relayed(code):
            return []
        return [
            batch
            for batch in self.open_batches()
            if batch.school_code == code
            and batch.state is BatchState.SEALED
            and (batch.deadline is None or batch.deadline <= now)
        ]

    def relayed(self, code: str) -> bool:
        """Whether the authority sends the school's batches."""
        with reading(self._engine) as session:
            return bool(session.scalar(select(SchoolRow.relayed).where(SchoolRow.code == code)))

    def backlog(self, *, school_code: str, school_year: str) -> Backlog:
        """The issued units of a school and year that are in no batch."""
        waiting = (
            select(func.count(), func.min(UnitRow.changed_at))
            .outerjoin(LeafRow, LeafRow.unit_id == UnitRow.id)
            .where(
                UnitRow.school_code == school_code,
                UnitRow.school_year == school_year,
                UnitRow.state == UnitState.ISSUED,
                LeafRow.unit_id.is_(None),
            )
        )
        with reading(self._engine) as session:
            return Backlog(*session.execute(waiting).one())

    def attempts(self, errand: Errand) -> list[Attempt]:
        """The stored transactions that carry `errand`, oldest first; those with a lost number are not among them."""
        query = (
            select(AttemptRow)
            .join(NumberRow, (NumberRow.sender == AttemptRow.sender) & (NumberRow.nonce == AttemptRow.nonce))
            .where(key_of(NumberRow, errand) == errand.id, NumberRow.state == NumberState.HELD)
            .order_by(AttemptRow.id)
        )
        with reading(self._engine) as session:
            return [value_of(Attempt, row) for row in session.scalars(query)]

    def number(self, errand: Errand) -> Number | None:
        """The number that is set aside for `errand`."""
        query = select(NumberRow).where(key_of(NumberRow, errand) == errand.id, NumberRow.state == NumberState.HELD)
        with reading(self._engine) as session:
            row = session.scalars(query).one_or_none()
            return None if row is None else value_of(Number, row)

    def next_nonce(self, sender: str, *, mined: int, waiting: int) -> int:
        """A number that nothing of ours has: a free one if there is one, or else the first that the chain waits for.

        `mined` and `waiting` are the account's next numbers by the chain, without and with what waits in the node. Below ours
        there may be one that somebody else's transaction had, and that the nodes have forgotten since: ours wait for it to be
        used, so that it is taken first.
        """
        of_sender = select(NumberRow.nonce).where(NumberRow.sender == sender)
        with reading(self._engine) as session:
            free = session.scalar(
                of_sender.where(NumberRow.state == NumberState.FREE, NumberRow.nonce >= mined)
                .order_by(NumberRow.nonce)
                .limit(1)
            )
            number = max(mined, waiting)
            taken = set(session.scalars(of_sender.where(NumberRow.nonce >= number)))
        if free is not None:
            return free
        return next(each for each in itertools.count(number) if each not in taken)

    def failed(self, school_code: str | None) -> list[Errand]:
        """What the contract has undone, of a school or of the authority; a person may have it tried again.

        What was given up is none of it.
        """
        with reading(self._engine) as session:
            over = set(session.scalars(select(JournalRow.subject).where(JournalRow.deed == Deed.ERRAND_GIVEN_UP)))
            found: list[Errand] = []
            kinds: list[tuple[type[Errand], type[BatchRow | RecallRow | ActRow]]]
            kinds = [(Batch, BatchRow), (Recall, RecallRow), (Act, ActRow)]
            for kind, table in kinds:
                rows = session.scalars(select(table).where(table.state == BatchState.FAILED).order_by(table.id))
                found += [value_of(kind, row) for row in rows]
        found = [errand for errand in found if not (isinstance(errand, Act) and f"act {errand.id}" in over)]
        return [errand for errand in found if _carried_by(errand) == school_code]

    def year_locked(self, school_year: str) -> bool:
        """Whether the ledger knows that the authority has locked the year."""
        locked = select(ActRow.id).where(
            ActRow.kind == ActKind.LOCK, ActRow.school_year == school_year, ActRow.state == BatchState.FINAL
        )
        with reading(self._engine) as session:
            return session.scalar(locked) is not None

    def published(self, topic: bytes, *, school_code: str | None, states: Iterable[BatchState]) -> bytes | None:
        """The newest digest about `topic` that is in any of `states`."""
        newest = (
            select(ActRow.digest)
            .where(
                ActRow.kind == ActKind.PUBLISH,
                ActRow.topic == topic,
                ActRow.school_code == school_code if school_code is not None else ActRow.school_code.is_(None),
                ActRow.state.in_(list(states)),
            )
            .order_by(ActRow.id.desc())
            .limit(1)
        )
        with reading(self._engine) as session:
            return session.scalar(newest)


def _carried_by(errand: Errand) -> str | None:
    """Whose key carries it: a school's, or the authority's for None."""
    if isinstance(errand, Act) and errand.kind in AUTHORITY_ACTS:
        return None
    return None if isinstance(errand, Batch) and errand.signature is not None else errand.school_code


def key_of(table: type[NumberRow], errand: Errand) -> InstrumentedAttribute[int | None]:
    """The column in which an errand of this kind is named."""
    return {Batch: table.batch_id, Recall: table.recall_id, Act: table.act_id}[type(errand)]
