# SPDX-License-Identifier: Apache-2.0

"""One short transaction, for reading or for writing; a database that cannot be asked is `Unavailable` in both."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from ledger.errors import Unavailable


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One state of the ledger. A database that cannot be asked is `Unavailable`, whatever its driver calls that."""
    try:
        with Session(engine) as session:
            yield session
    except SQLAlchemyError as error:
        raise Unavailable from error


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """All of it, or nothing. What the database refuses because of its own rules passes as it is."""
    try:
        with Session(engine) as session, session.begin():
            yield session
    except (IntegrityError, DataError, ProgrammingError):
        raise
    except (DBAPIError, PoolTimeout) as error:
        raise Unavailable from error
