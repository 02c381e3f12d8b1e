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

from ledger.errors import CannotRecord, Unavailable

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


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One state of the ledger. A database that cannot be asked is `Unavailable`, whatever its driver calls that."""
    try:
        with Session(engine) as session:
            yield session
    except SQLAlchemyError as error:
        raise unavailable(error) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """All of it, or nothing. What the database refuses because of its own rules passes as it is."""
    with refusals_told_apart(), Session(engine) as session, session.begin():
        yield session


@contextmanager
def refusals_told_apart() -> Iterator[None]:
    """Whether a change was against the rules, or could not be made at all, and then why."""
    try:
        yield
    except (IntegrityError, DataError, ProgrammingError):
        raise
    except (DBAPIError, PoolTimeout) as error:
        raise unavailable(error) from error


def unavailable(error: SQLAlchemyError) -> Unavailable:
    """What a failure is called: `CannotRecord` when the database itself says that its disk is to blame."""
    told = error.orig if isinstance(error, DBAPIError) else error
    code, state = getattr(told, "sqlite_errorcode", 0), getattr(told, "sqlstate", None)
    if code & _PRIMARY in _SQLITE_CODES or state in _POSTGRESQL_STATES:
        return CannotRecord(str(told).strip().partition("\n")[0])
    return Unavailable()
