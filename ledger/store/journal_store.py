# SPDX-License-Identifier: Apache-2.0

"""The journal in the database: how an entry is added, within the transaction of the very change that it tells of."""

import datetime as dt
import json
from collections.abc import Iterator

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from ledger.journal import BEGINNING, MAX_WHY, Deed, Detail, Entry
from ledger.store.chain_tables import JournalRow
from ledger.store.sessions import reading

BY_ITSELF = "hocba"
"""Who did what nobody asked for: the program, going on with what was decided."""
_LOCK = 0x686F636261  # "hocba": any number that no other part uses.
_ROWS_AT_ONCE = 1000


def take_turn(session: Session) -> None:
    """Waits until no other transaction can add an entry. SQLite lets one write at a time anyway.

    Whoever changes what another change depends on (a year's lock, the units in it) takes the turn first, and reads afterwards.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def add_entry(
    session: Session,
    deed: Deed,
    subject: str,
    *,
    who: str,
    now: dt.datetime,
    why: str = "",
    detail: Detail | None = None,
) -> None:
    """Adds the next entry. It stands once the transaction is committed, together with whatever else that changes."""
    take_turn(session)
    last = session.execute(select(JournalRow.seq, JournalRow.hash).order_by(JournalRow.seq.desc()).limit(1)).first()
    seq, previous = (0, BEGINNING) if last is None else last
    entry = Entry(seq + 1, now, who, deed, subject, why[:MAX_WHY], detail or {}, previous)
    session.add(
        JournalRow(
            seq=entry.seq,
            at=entry.at,
            who=entry.who,
            deed=entry.deed,
            subject=entry.subject,
            why=entry.why,
            detail=json.dumps(entry.detail, ensure_ascii=False),
            previous=entry.previous,
            hash=entry.digest(),
        )
    )
    session.flush()


class Journal:
    """Reads the journal."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def head(self) -> bytes:
        """The hash of the newest entry; 32 zero bytes before the first."""
        with reading(self._engine) as session:
            newest = select(JournalRow.hash).order_by(JournalRow.seq.desc()).limit(1)
            return session.scalar(newest) or BEGINNING

    def entries(self, *, subject: str | None = None) -> Iterator[tuple[Entry, bytes]]:
        """Every entry with the hash that is stored beside it, oldest first, a few at a time; of one subject, if it is named."""
        query = select(JournalRow).order_by(JournalRow.seq)
        if subject is not None:
            query = query.where(JournalRow.subject == subject)
        with reading(self._engine) as session:
            for row in session.scalars(query.execution_options(yield_per=_ROWS_AT_ONCE)):
                yield _entry(row), row.hash
                session.expunge(row)

    def since(self, head: bytes) -> Iterator[Entry]:
        """The entries after the one with this hash; all of them for one that no entry has."""
        last = select(JournalRow.seq).where(JournalRow.hash == head).scalar_subquery()
        query = select(JournalRow).where(JournalRow.seq > func.coalesce(last, 0)).order_by(JournalRow.seq)
        with reading(self._engine) as session:
            for row in session.scalars(query.execution_options(yield_per=_ROWS_AT_ONCE)):
                yield _entry(row)
                session.expunge(row)

    def has(self, head: bytes) -> bool:
        """Whether an entry has this hash."""
        with reading(self._engine) as session:
            return session.scalar(select(JournalRow.seq).where(JournalRow.hash == head)) is not None


def _entry(row: JournalRow) -> Entry:
    return Entry(row.seq, row.at, row.who, row.deed, row.subject, row.why, json.loads(row.detail), row.previous)
