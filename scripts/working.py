# SPDX-License-Identifier: Apache-2.0

"""Workers: the work itself, and processes that do it beside another, `hocba work -n 4` or a desk.

A worker is a process of its own, so that whoever starts it opens none of the keys that jobs sign with. When that one is gone,
even killed, a worker ends after the unit in hand; when a worker is gone, another takes its place and goes on with its units.
"""

import logging
import multiprocessing
import signal
import sys
import threading
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import uuid4

from ledger.errors import LedgerError
from scripts.interrupts import not_for_children

LOOK_SECONDS: Final = 0.2
"""How often it is looked whether a worker is still there."""

AGAIN_SECONDS: Final = 5.0
"""How long after one is gone another is started: what ends at once must not be started all the time."""

_logger = logging.getLogger(__name__)
_spawn = multiprocessing.get_context("spawn")


def work(home: Path, stop: threading.Event, *, once: bool) -> None:
    """Works in this process until `stop` is set; with `once`, no longer than there is anything left to do."""
    # DBOS and the deeds are imported by whoever works, not by whoever starts workers or asks for help.
    from ledger.jobs.worker import Worker  # noqa: PLC0415
    from scripts.compose import Ledger  # noqa: PLC0415
    from scripts.deeds import Deeds  # noqa: PLC0415
    from scripts.settings import Settings  # noqa: PLC0415

    chosen = Settings.load(home)
    with (
        Deeds(Ledger.open(chosen)) as deeds,
        Worker(chosen.jobs, deeds.by_kind, name=uuid4().hex, stop=stop) as worker,
    ):
        worker.run(once=once)


class Workers:
    """So many processes that work, until the `with` block ends; then each finishes the unit in hand.

    With `once` they end by themselves when nothing is left to do; otherwise one that is gone is replaced.
    """

    def __init__(self, home: Path, many: int, *, once: bool = False) -> None:
        self._home = home
        self._once = once
        self._stop = threading.Event()
        self._workers = [self._started() for _ in range(many)]
        self._watch = threading.Thread(target=self._replace, name="workers", daemon=True)

    def __enter__(self) -> Self:
        if not self._once:
            self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if not self._once:
            self._watch.join()
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.join()

    def wait(self, stop: threading.Event) -> int:
        """Until `stop` is set or all have ended by themselves; the worst of their exit statuses so far."""
        while any(worker.is_alive() for worker in self._workers) and not stop.wait(LOOK_SECONDS):
            pass
        return max(abs(worker.exitcode or 0) for worker in self._workers)

    def _started(self) -> BaseProcess:
        worker = _spawn.Process(target=_as_child, args=(self._home, self._once), name="hocba-worker")
        with not_for_children():
            worker.start()
        return worker

    def _replace(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            for place, worker in enumerate(self._workers):
                if not worker.is_alive():
                    _logger.warning("a worker is gone (%s); another takes its place", worker.exitcode)
                    if self._stop.wait(AGAIN_SECONDS):
                        return
                    self._workers[place] = self._started()


def _as_child(home: Path, once: bool) -> None:  # noqa: FBT001 - what a process is started with
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=_follow_parent, args=(stop,), name="parent", daemon=True).start()
    try:
        work(home, stop, once=once)
    except LedgerError as error:
        sys.exit(f"{error.vi}\n{error.en}")


def _follow_parent(stop: threading.Event) -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
    stop.set()
