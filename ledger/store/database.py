# SPDX-License-Identifier: Apache-2.0

"""Opening the database: for writing, for reading only, and bringing its tables up to date.

The same ledger runs on SQLite and on PostgreSQL. What the code may rely on is the same on both, and is reached differently:

* **Writers.** SQLite lets one process write at a time, from the start of its transaction. PostgreSQL lets them all write, under
  READ COMMITTED: a compare-and-set waits for whoever holds its row and then looks at the row as it has become, and a rule that
  was *read* before a change is made holds only if the row it was read from was locked (`with_for_update`, which SQLite leaves
  out). Where two still stop each other, the database ends one of them, and `ledger.store.sessions` calls that a lost race.
* **Readers** see one state per transaction (`ledger.store.sessions.reading`).
* **Text** is compared and sorted by its bytes: `migrate` refuses a database that sorts by a language.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url

from ledger.errors import UnusableDatabase
from ledger.store.sessions import refusals_told_apart

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_SECONDS = 30.0
"""How long a writer waits for another one's commit before it gives up."""

CONNECT_TIMEOUT_SECONDS = 10
"""How long a PostgreSQL server may take to answer at all."""

MIGRATING = 0x686F63626D
"""The advisory lock ("hocbm", another than the journal's) that whoever migrates on PostgreSQL holds until it commits."""


def database_url(database: str | URL) -> URL:
    """An address as people write it (`postgresql://…`, `sqlite:///…`), with the driver that hocba brings along."""
    url = make_url(database)
    return url.set(drivername="postgresql+psycopg") if url.drivername in {"postgresql", "postgres"} else url


def open_for_writing(database: str | URL) -> Engine:
    """An engine for `Writer`. On SQLite: WAL, foreign keys, and every commit on disk before it returns."""
    url = database_url(database)
    if url.get_backend_name() != "sqlite":
        # What is left to the server would depend on how it is configured.
        settings = f"-c lock_timeout={int(BUSY_TIMEOUT_SECONDS)}s -c synchronous_commit=on"
        return create_engine(url, **_postgresql(url, settings), isolation_level="READ COMMITTED")
    engine = create_engine(url, connect_args=_SQLITE_ARGUMENTS)

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


def open_for_reading(database: str | URL) -> Engine:
    """An engine that cannot write, whoever holds it, and that shows one state of the ledger per transaction.

    A SQLite file is opened read-only, so that a wrong path is an error and not a new, empty ledger. On PostgreSQL the role in
    the address should have SELECT and nothing else (docs/operating.md); the setting here is the second lock on that door.
    """
    url = database_url(database)
    if url.get_backend_name() != "sqlite":
        settings = "-c default_transaction_read_only=on"
        return create_engine(url, **_postgresql(url, settings), isolation_level="REPEATABLE READ")
    engine = create_engine(_read_only(url), connect_args=_SQLITE_ARGUMENTS)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        connection.isolation_level = None
        connection.execute("PRAGMA query_only = ON")

    # Python's driver opens no transaction for a SELECT: files and signatures could be newer than their unit.
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def migrate(engine: Engine, revision: str = "head") -> None:
    """Brings the tables to a version, the newest unless told otherwise; changes nothing when they are there. All or nothing.

    Needs an engine for writing. Of two processes that migrate at once the second waits, and finds it done. SQLite can alter a
    table only by making it anew, which its foreign keys would forbid while other tables point at it; so they rest meanwhile (no
    statement can switch them inside a transaction), and are checked before the commit.
    https://sqlite.org/lang_altertable.html, section 7.
    """
    with (
        refusals_told_apart(),
        engine.connect() as connection,
        _foreign_keys_resting(connection),
        connection.begin(),
    ):
        if connection.dialect.name == "postgresql":
            _require_bytewise_text(connection)
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATING})
        if revision == "head" and revision_of(connection) == _newest():
            return  # As nearly always: every command opens its ledger, and all that follows reads all rows, or all migrations.
        command.upgrade(migration_config(connection), revision)
        if connection.dialect.name == "sqlite" and (broken := connection.exec_driver_sql(_CHECK).fetchall()):
            raise RuntimeError(f"a migration left rows that point nowhere: {broken[:5]}")


_CHECK = "PRAGMA foreign_key_check"
_SORTS_BY_BYTES = text(
    "SELECT current_setting('server_encoding') = 'UTF8' AND 'B' < 'a' AND 'd.z' < 'da' AND 'z' < 'á'"
)


def _require_bytewise_text(connection: Connection) -> None:
    """Lists must come in one order wherever the ledger runs: SQLite compares UTF-8 by its bytes, so PostgreSQL has to."""
    if not connection.scalar(_SORTS_BY_BYTES):
        raise UnusableDatabase


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


def revision_of(connection: Connection) -> str | None:
    """The version that the tables are at; None where there are none."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def _newest() -> str | None:
    """The version that the migrations beside this file lead to."""
    return ScriptDirectory(MIGRATIONS).get_current_head()


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


_SQLITE_ARGUMENTS = {"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}


def _postgresql(url: URL, settings: str) -> dict[str, Any]:
    """What every engine on PostgreSQL gets: it survives a restart of the server, and does not wait for one that is gone."""
    given = url.query.get("options", "")
    return {
        "connect_args": {
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "client_encoding": "UTF8",
            "options": f"{given} {settings}",
        },
        "pool_pre_ping": True,
    }
