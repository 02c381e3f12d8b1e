# SPDX-License-Identifier: Apache-2.0

"""Opening the database: for writing, for reading only, and bringing its tables up to date."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url

from ledger.store.sessions import refusals_told_apart

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_SECONDS = 30.0
"""How long a writer waits for another one's commit before it gives up."""


def open_for_writing(url: str | URL) -> Engine:
    """An engine for `Writer`. On SQLite: WAL, foreign keys, and every commit on disk before it returns."""
    engine = create_engine(url, connect_args=_sqlite_arguments(url))
    if engine.dialect.name == "sqlite":
        # Python's driver would start transactions late and at its own discretion; a compare-and-set needs the write lock from
        # the start, hence autocommit in the driver and an explicit BEGIN IMMEDIATE.
        @event.listens_for(engine, "connect")
        def configure(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
            connection.isolation_level = None
            for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL"):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def open_for_reading(url: str | URL) -> Engine:
    """An engine that cannot write, whoever holds it, and that shows one state of the ledger per transaction.

    A SQLite file is opened read-only, so that a wrong path is an error and not a new, empty ledger. On PostgreSQL the role in
    `url` should have SELECT and nothing else; the setting here is the second lock on that door.
    """
    engine = create_engine(_read_only(make_url(url)), connect_args=_sqlite_arguments(url))
    sqlite = engine.dialect.name == "sqlite"
    statement = (
        "PRAGMA query_only = ON"
        if sqlite
        else "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        if sqlite:
            connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()
        connection.commit()  # PostgreSQL forgets a setting whose transaction is rolled back.

    if sqlite:
        # Python's driver opens no transaction for a SELECT: files and signatures could be newer than their unit.
        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    return engine


def migrate(engine: Engine, revision: str = "head") -> None:
    """Brings the tables to a version, the newest unless told otherwise; changes nothing when they are there. All or nothing.

    Needs an engine for writing. SQLite can alter a table only by making it anew, which its foreign keys would forbid while other
    tables point at it; so they rest meanwhile (no statement can switch them inside a transaction), and are checked before the
    commit. https://sqlite.org/lang_altertable.html, section 7.
    """
    with (
        refusals_told_apart(),
        engine.connect() as connection,
        _foreign_keys_resting(connection),
        connection.begin(),
    ):
        command.upgrade(migration_config(connection), revision)
        if connection.dialect.name == "sqlite" and (broken := connection.exec_driver_sql(_CHECK).fetchall()):
            raise RuntimeError(f"a migration left rows that point nowhere: {broken[:5]}")


_CHECK = "PRAGMA foreign_key_check"


@contextmanager
def _foreign_keys_resting(connection: Connection) -> Iterator[None]:
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def migration_config(connection: Connection) -> Config:
    """Alembic's configuration, in code, on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _read_only(url: URL) -> URL:
    if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
        return url
    return url.set(database=f"file:{quote(url.database or '')}", query={"mode": "ro", "uri": "true"})


def _sqlite_arguments(url: str | URL) -> dict[str, Any]:
    if make_url(url).get_backend_name() != "sqlite":
        return {}
    return {"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
