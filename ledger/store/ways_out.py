# SPDX-License-Identifier: Apache-2.0

"""How a decision of which nothing was sent is taken back, and what ends without being carried. Each change is one transaction.

A recall that is taken back leaves no row: the unit stands as if nobody had asked, and may be recalled later. The journal keeps
that it was decided, by whom it was taken back or declined, and why.
"""

import datetime as dt
from collections.abc import Callable
from typing import Self
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, delete, exists, select, update
from sqlalchemy.orm import Session

from ledger.batch import ActKind, BatchState
from ledger.errors import LostRace, NothingToTakeBack, TooLateToTakeBack
from ledger.journal import Deed
from ledger.store.chain_tables import ActRow, AttemptRow, JournalRow, NumberRow, NumberState, RecallRow
from ledger.store.journal_store import BY_ITSELF, add_entry
from ledger.store.sessions import writing
from ledger.store.tables import UnitRow
from ledger.unit import UnitState

_NOBODY = {"batch_id": None, "recall_id": None, "act_id": None}


class WaysOut:
    """Ends what will not be carried. `now` gives the time that is written beside it, `who` the name that the journal gives."""

    def __init__(self, engine: Engine, *, now: Callable[[], dt.datetime], who: str = BY_ITSELF) -> None:
        self._engine = engine
        self._now = now
        self._who = who

    def by(self, who: str) -> Self:
        """The same, for what `who` decides."""
        return type(self)(self._engine, now=self._now, who=who)

    def withdraw_recall(self, unit_id: UUID, *, school_code: str, why: str) -> None:
        """The school takes its recall back, and with it a consent of which nothing was sent.

        Raises `NothingToTakeBack` where the school has none under way, and `TooLateToTakeBack` once anything of it was sent.
        """
        with writing(self._engine) as session:
            recall = self._unsent(session, unit_id, RecallRow.school_code == school_code)
            consents = select(ActRow).where(
                ActRow.kind == ActKind.APPROVE,
                ActRow.unit_id == unit_id,
                ActRow.replacement_id.is_(None),
                ActRow.state == BatchState.SEALED,
            )
            for consent in session.scalars(consents.with_for_update()).all():
                if not self._sent(session, NumberRow.act_id == consent.id):
                    self._release(session, NumberRow.act_id == consent.id)
                    session.execute(delete(ActRow).where(ActRow.id == consent.id, ActRow.state == BatchState.SEALED))
            self._take_out(session, recall, Deed.RECALL_WITHDRAWN, why)

    def decline_recall(self, unit_id: UUID, *, why: str) -> None:
        """The authority says no to a recall that waits for its consent.

        Raises `NothingToTakeBack` where none waits: the year is not locked, or the consent was given before.
        """
        with writing(self._engine) as session:
            recall = self._unsent(session, unit_id)
            locked = select(UnitRow.id).where(UnitRow.id == unit_id, UnitRow.state == UnitState.LOCKED)
            consent = select(ActRow.id).where(
                ActRow.kind == ActKind.APPROVE,
                ActRow.unit_id == unit_id,
                ActRow.replacement_id.is_(None),
                ActRow.reason == recall.reason,
                ActRow.state != BatchState.FAILED,
            )
            if session.scalar(locked) is None or session.scalar(consent.limit(1)) is not None:
                raise NothingToTakeBack(unit_id)
            self._take_out(session, recall, Deed.RECALL_DECLINED, why)

    def give_up(self, act_id: int, *, why: str) -> bool:
        """Ends an act that failed, for good: nobody is to try it again. False where that was said before.

        Raises `LostRace` where it stands elsewhere by now.
        """
        subject = f"act {act_id}"
        with writing(self._engine) as session:
            act = session.scalars(
                select(ActRow).where(ActRow.id == act_id, ActRow.state == BatchState.FAILED).with_for_update()
            ).one_or_none()
            if act is None:
                raise LostRace(f"việc trên chuỗi/{subject}", BatchState.FAILED)
            said = select(JournalRow.seq).where(JournalRow.deed == Deed.ERRAND_GIVEN_UP, JournalRow.subject == subject)
            if session.scalar(said.limit(1)) is not None:
                return False
            detail = {"kind": act.kind.value, "unit": None if act.unit_id is None else str(act.unit_id)}
            add_entry(session, Deed.ERRAND_GIVEN_UP, subject, who=self._who, now=self._now(), why=why, detail=detail)
            return True

    @staticmethod
    def _unsent(session: Session, unit_id: UUID, *also: ColumnElement[bool]) -> RecallRow:
        recall = session.scalars(
            select(RecallRow).where(RecallRow.unit_id == unit_id, *also).with_for_update()
        ).one_or_none()
        if recall is None:
            raise NothingToTakeBack(unit_id)
        if recall.state is not BatchState.SEALED or WaysOut._sent(session, NumberRow.recall_id == recall.id):
            raise TooLateToTakeBack(unit_id)
        return recall

    @staticmethod
    def _sent(session: Session, of_errand: ColumnElement[bool]) -> bool:
        """Whether anything was ever signed for an errand: what was signed may have been sent."""
        signed = exists().where(AttemptRow.sender == NumberRow.sender, AttemptRow.nonce == NumberRow.nonce)
        return session.scalar(select(NumberRow.nonce).where(of_errand, signed).limit(1)) is not None

    @staticmethod
    def _release(session: Session, of_errand: ColumnElement[bool]) -> None:
        """A number that was set aside, and nothing signed with it, goes to the next errand."""
        session.execute(
            update(NumberRow)
            .where(of_errand, NumberRow.state == NumberState.HELD)
            .values(state=NumberState.FREE, **_NOBODY)
        )

    def _take_out(self, session: Session, recall: RecallRow, deed: Deed, why: str) -> None:
        unit_id, reason = recall.unit_id, recall.reason
        self._release(session, NumberRow.recall_id == recall.id)
        gone = session.execute(delete(RecallRow).where(RecallRow.id == recall.id, RecallRow.state == BatchState.SEALED))
        if gone.rowcount != 1:  # type: ignore[attr-defined]
            raise LostRace(f"thu hồi/recall {unit_id}", BatchState.SEALED)
        detail = {"reason": reason.value}
        add_entry(session, deed, f"unit {unit_id}", who=self._who, now=self._now(), why=why, detail=detail)
