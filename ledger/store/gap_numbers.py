# SPDX-License-Identifier: Apache-2.0

"""Numbers that nothing has, although later ones of the same account are in use; and the empty transactions that use them up.

A number for an empty transaction is set aside as an errand's is: one row per account and nonce, so that it goes to whoever asks
first. The database keeps the two apart for good: an attempt's foreign key names the number together with what it is for.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError

from ledger.errors import LostRace
from ledger.store.chain_tables import AttemptRow, NumberRow, NumberState
from ledger.store.errands import Attempt, Number
from ledger.store.reader import value_of
from ledger.store.sessions import reading, writing


class GapNumbers:
    """Finds such numbers, and keeps what fills them. `now` gives the time that is written beside each transaction."""

    def __init__(self, engine: Engine, *, now: Callable[[], dt.datetime]) -> None:
        self._engine = engine
        self._now = now

    def before(self, number: Number, *, mined: int, waiting: int) -> list[Number]:
        """The account's numbers before `number` that nothing has, or an empty transaction of ours, in order.

        `mined` and `waiting` are the account's next numbers by the chain, without and with what waits in the node.
        """
        query = select(NumberRow.nonce, NumberRow.fills).where(
            NumberRow.sender == number.sender,
            NumberRow.nonce >= mined,
            NumberRow.nonce < number.nonce,
            NumberRow.state != NumberState.FREE,
        )
        with reading(self._engine) as session:
            fills = {row.nonce: row.fills for row in session.execute(query)}
        of_nobody = range(max(mined, waiting), number.nonce)
        found = {nonce for nonce in of_nobody if nonce not in fills} | {nonce for nonce in fills if fills[nonce]}
        return [Number(number.sender, nonce) for nonce in sorted(found)]

    def attempts(self, number: Number) -> list[Attempt]:
        """The empty transactions with this number, oldest first."""
        query = (
            select(AttemptRow)
            .where(AttemptRow.sender == number.sender, AttemptRow.nonce == number.nonce, AttemptRow.fills)
            .order_by(AttemptRow.id)
        )
        with reading(self._engine) as session:
            return [value_of(Attempt, row) for row in session.scalars(query)]

    def take(self, number: Number) -> None:
        """Sets a number aside to be used up, before anything is signed with it; safe to repeat. An errand's is a lost race."""
        this = (NumberRow.sender == number.sender, NumberRow.nonce == number.nonce)
        with writing(self._engine) as session:
            if session.scalar(select(NumberRow.nonce).where(*this, NumberRow.fills)) is not None:
                return
            held = {"state": NumberState.HELD, "fills": True}
            try:
                freed = session.execute(
                    update(NumberRow).where(*this, NumberRow.state == NumberState.FREE).values(**held)
                )
                if freed.rowcount != 1:  # type: ignore[attr-defined]
                    session.add(NumberRow(sender=number.sender, nonce=number.nonce, **held))
                session.flush()
            except IntegrityError as error:
                raise LostRace(f"nonce {number.nonce} – {number.sender}", NumberState.FREE) from error

    def store(self, attempt: Attempt, *, after: int) -> None:
        """Stores an empty transaction, after so many others with its number. Nothing of it may be sent before this returns.

        Raises `LostRace` unless its number is set aside for that, or when another worker has stored one more meanwhile.
        """
        where = (AttemptRow.sender == attempt.sender, AttemptRow.nonce == attempt.nonce, AttemptRow.fills)
        lost = LostRace(f"nonce {attempt.nonce} – {attempt.sender}", f"{after} attempts")
        with writing(self._engine) as session:
            ours = (
                select(NumberRow.nonce)
                .where(NumberRow.sender == attempt.sender, NumberRow.nonce == attempt.nonce, NumberRow.fills)
                .with_for_update()
            )
            if session.scalar(ours) is None or len(session.scalars(select(AttemptRow.id).where(*where)).all()) != after:
                raise lost
            stored = replace(attempt, signed_at=self._now())
            values = {name: getattr(stored, name) for name in Attempt.__dataclass_fields__}
            session.add(AttemptRow(**values, fills=True))
            try:
                session.flush()
            except IntegrityError as error:
                raise lost from error
