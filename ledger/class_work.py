# SPDX-License-Identifier: Apache-2.0

"""A clerk's work on a whole class in the background of a server: laying out its drafts for signing, and issuing it.

Both take longer than a request should, and both go on where they stopped: what is done stands in the database with each unit.
Here is only who works at the moment, how far it has come, and what went wrong last; after a restart whoever asks again goes on.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

from ledger.errors import LedgerError
from ledger.round_work import in_words
from ledger.rounds import Stopped

WORKING_AT_ONCE: Final = 2
"""Classes that are worked on side by side: as many as a small machine has cores."""

Steps = Callable[[], tuple[int, Iterator[object]]]
"""How many units there are to work on, and the work, which yields after each: `Stopped` for one that could not be done."""

_logger = logging.getLogger(__name__)


class Deed(StrEnum):
    """What is done to a class."""

    PREPARE = "prepare"
    """Drafts are drawn and opened for signing."""
    ISSUE = "issue"
    """What everybody has signed gets its archive revision and its manifest."""


@dataclass(frozen=True)
class ClassProgress:
    """How far a deed has come, or how it ended."""

    total: int
    done: int
    busy: bool
    stopped: tuple[Stopped, ...]
    problem: LedgerError | None
    """What ended the whole before its time."""


@dataclass
class _Standing:
    total: int = 0
    done: int = 0
    busy: bool = True
    stopped: list[Stopped] = field(default_factory=list)
    problem: LedgerError | None = None


class ClassWork:
    """Works on classes in threads of its own, until its `with` block ends. Threads may share it.

    One deed to one class is done once at a time; another process is kept from the same unit by the store alone.
    """

    def __init__(self) -> None:
        self._standings: dict[tuple[int, Deed], _Standing] = {}
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self._threads = ThreadPoolExecutor(WORKING_AT_ONCE, thread_name_prefix="class")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def start(self, class_id: int, deed: Deed, steps: Steps) -> None:
        """Starts a deed, unless it is under way already."""
        with self._guard:
            current = self._standings.get((class_id, deed))
            if current is not None and current.busy:
                return
            standing = self._standings[class_id, deed] = _Standing()
        self._threads.submit(self._work, standing, steps)

    def progress(self, class_id: int, deed: Deed) -> ClassProgress | None:
        """How far the deed has come, or how it ended last; None if nobody has begun it since this server started."""
        with self._guard:
            one = self._standings.get((class_id, deed))
            if one is None:
                return None
            return ClassProgress(one.total, one.done, one.busy, tuple(one.stopped), one.problem)

    def _work(self, standing: _Standing, steps: Steps) -> None:
        try:
            standing.total, done = steps()
            for step in done:
                if isinstance(step, Stopped):
                    standing.stopped.append(step)
                else:
                    standing.done += 1
                if self._ended.is_set():
                    return
        except LedgerError as error:
            standing.problem = error
        except Exception as error:  # What nobody foresaw must not leave the class busy for ever.
            _logger.warning("work on a class stopped: %s", type(error).__name__)
            standing.problem = in_words(error)
        finally:
            standing.busy = False
