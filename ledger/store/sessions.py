# SPDX-License-Identifier: Apache-2.0

"""One short transaction, for reading or for writing; a database that cannot be asked is `Unavailable` in both.

One whose disk is full, broken or read-only is `CannotRecord`, a kind of the same: whoever waits for a database to come back need
not tell them apart, and a person has to.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from ledger.errors import CannotRecord, LostRace, Unavailable

_SQLITE_CODES: Final = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}
"""Primary result codes (https://sqlite.org/rescode.html) of which a person has to mend the cause."""
_PRIMARY: Final = 0xFF
_POSTGRESQL_STATES: Final = {"53100", "58030", "25006"}
"""disk_full, io_error, read_only_sql_transaction."""
_NOT_OURS: Final = {"42P01", "42501"}
"""undefined_table, insufficient_privilege: no ledger of this writer's stands here."""
_STOPPED_EACH_OTHER: Final = {"40001", "40P01"}
"""serialization_failure, deadlock_detected: PostgreSQL ended this transaction because of another one."""


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One state of the ledger. A database that cannot be asked is `Unavailable`, whatever its driver calls that."""
    try:
        with Session(engine) as session:
            if engine.dialect.name == "postgresql":
                # A unit, its files and its signatures are three questions. On SQLite the engine's own BEGIN sees to it.
                one_state = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                session.connection(execution_options=one_state)
            yield session
    except SQLAlchemyError as error:
        raise unavailable(error) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """All of it, or nothing. What the database refuses because of its own rules passes as it is.

    Two that stopped each other are a lost race for the one that the database ended; nothing of it remains.
    """
    with refusals_told_apart(), Session(engine) as session, session.begin():
        yield session


@contextmanager
def refusals_told_apart() -> Iterator[None]:
    """Whether a change was against the rules, came second, or could not be made at all, and then why."""
    try:
        yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state in _STOPPED_EACH_OTHER:
            raise LostRace("sổ cái/ledger", "as read") from error
        if isinstance(error, IntegrityError | DataError | ProgrammingError) and state not in _NOT_OURS:
            raise
        raise unavailable(error) from error
    except PoolTimeout as error:
        raise unavailable(error) from error


def unavailable(error: SQLAlchemyError) -> Unavailable:
    """What a failure is called: `CannotRecord` when the database itself says that its disk is to blame."""
    told = error.orig if isinstance(error, DBAPIError) else error
    code, state = getattr(told, "sqlite_errorcode", 0), getattr(told, "sqlstate", None)
    if code & _PRIMARY in _SQLITE_CODES or state in _POSTGRESQL_STATES:
        return CannotRecord(str(told).strip().partition("\n")[0])
    return Unavailable()
