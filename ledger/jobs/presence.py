# SPDX-License-Identifier: Apache-2.0

"""Who is still there: a worker holds a lock for as long as it lives, and whoever can take that lock knows that it does not.

The operating system, or PostgreSQL, lets go of the lock the moment a process dies. So no clock decides who is dead, and a worker
that was only slow is not taken for one.
"""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol

import psycopg

KEEPALIVE = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
"""A machine that lost its power says no farewell: PostgreSQL asks after it, and gives it up within a minute."""


class Presence(Protocol):
    """One worker's own presence, and its eye on others'."""

    def enter(self, name: str) -> None:
        """From here on, until `leave` or death, others see this worker."""

    def keep(self) -> None:
        """Looks after the lock: a connection that was lost is made again."""

    def leave(self) -> None:
        """Gone, in order."""

    def gone(self, name: str) -> bool:
        """Whether the worker with this name has left or died."""


class FilePresence:
    """On one machine: a lock on a file, held by SQLite, which knows how to on every system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: tuple[Path, sqlite3.Connection] | None = None

    def enter(self, name: str) -> None:
        """Takes the lock."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / name
        self._held = path, _locked(path)

    def keep(self) -> None:
        """A file's lock is not lost."""

    def leave(self) -> None:
        """Lets go of the lock."""
        if self._held is not None:
            path, connection = self._held
            connection.close()
            path.unlink(missing_ok=True)
            self._held = None

    def gone(self, name: str) -> bool:
        """Whether the lock can be had."""
        path = self._folder / name
        if not path.exists():
            return True
        try:
            _locked(path).close()
        except sqlite3.OperationalError:
            return False
        path.unlink(missing_ok=True)
        return True


class PostgresPresence:
    """On many machines: an advisory lock of PostgreSQL's, on a connection of its own that goes to the server, not to a pooler."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._name = ""
        self._connection: psycopg.Connection | None = None

    def enter(self, name: str) -> None:
        """Takes the lock."""
        self._name = name
        self._connection = psycopg.connect(self._url, autocommit=True, options=KEEPALIVE)
        self._connection.execute("SELECT pg_advisory_lock(%s)", [_number(name)])

    def keep(self) -> None:
        """Asks whether the connection is there, and makes a new one if not; raises `psycopg.Error` while there is no server."""
        try:
            self._asked("SELECT 1", [])
        except psycopg.OperationalError:
            self.enter(self._name)

    def leave(self) -> None:
        """Lets go of the lock."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def gone(self, name: str) -> bool:
        """Whether the lock can be had."""
        if name == self._name:
            return False  # A session may take its own lock twice.
        if not self._asked("SELECT pg_try_advisory_lock(%s)", [_number(name)]):
            return False
        self._asked("SELECT pg_advisory_unlock(%s)", [_number(name)])
        return True

    def _asked(self, question: str, words: list[int]) -> object:
        if self._connection is None:
            raise psycopg.OperationalError("nobody entered")
        with closing(self._connection.execute(question, words)) as cursor:
            row = cursor.fetchone()
        return row and row[0]


def _locked(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        connection.close()
        raise
    return connection


def _number(name: str) -> int:
    """The 64 bits that an advisory lock is named by."""
    return int.from_bytes(hashlib.sha256(f"hocba worker {name}".encode()).digest()[:8], signed=True)
