# SPDX-License-Identifier: Apache-2.0

"""A worker: takes shares of jobs from the queue, does them unit by unit, and takes over from workers that died.

::

    plan     the order's parts, and the units of each, are noted and cut into shares            once for a job
    share    a few units, one after the other, each noted as it is done                         by whichever worker is free

Killed anywhere, a worker loses nothing: what it noted is not asked for again, and the unit that it had in hand is asked for once
more, by another worker or by the next one to start. Whose work that is is told by its presence (`ledger.jobs.presence`), not by
a clock. A unit in hand is always finished before a worker that is asked to stop does.

One process has one worker, and one worker one unit in hand. To use more processors, start more of them.
"""

import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from types import TracebackType
from typing import Any, Final, Self

import psycopg
from dbos import DBOS, SetEnqueueOptions, SetWorkflowAttributes, SetWorkflowID
from sqlalchemy.exc import SQLAlchemyError

from ledger.errors import LedgerError
from ledger.jobs import engine
from ledger.jobs.board import JobBoard
from ledger.jobs.errors import UnknownKind
from ledger.jobs.job import Deed, Order, Outcome, Told
from ledger.jobs.presence import Presence
from ledger.round_work import in_words

SHARE_UNITS: Final = 10
"""Units in a share: few, as what is more urgent is taken up between two shares; not one, as each share costs milliseconds."""

LOOK_SECONDS: Final = 0.2
"""How often a worker looks whether it should stop."""

ADOPT_SECONDS: Final = 5.0
"""How often a worker looks for work that dead ones left."""

LEAVING_SECONDS: Final = 60.0
"""So long a worker that was asked to stop waits for the unit in hand."""

_OUTAGES: Final = (SQLAlchemyError, psycopg.OperationalError)

_logger = logging.getLogger(__name__)


class Leaving(BaseException):
    """The worker was asked to stop. No `Exception`: for DBOS the share has not failed, somebody else goes on with it."""


class Stranded(BaseException):
    """The database of jobs went away in the middle of a share; the share is given back when it is there again."""


class Worker:
    """Works until `stop` is set. Use it as a `with` block; a process may have one at a time.

    Guarantees that a unit is not in hand twice in this process, and that every unit of a share is noted before the next is
    begun. Does not guarantee that a deed is asked for only once: see `ledger.jobs.job`.
    """

    def __init__(
        self,
        url: str,
        deeds: Mapping[str, Deed],
        *,
        name: str,
        stop: threading.Event | None = None,
        presence: Presence | None = None,
        adopt_seconds: float = ADOPT_SECONDS,
    ) -> None:
        self._url = url
        self._deeds = deeds
        self._name = name
        self._presence = presence or engine.presence_at(url)
        self._board = JobBoard.at(url)
        self._adopt_seconds = adopt_seconds
        self._leaving = stop or threading.Event()
        self._hand = threading.Lock()
        self._held: set[str] = set()
        self._lost: frozenset[str] = frozenset()
        self._held_guard = threading.Lock()

    def __enter__(self) -> Self:
        # Seen before anything is taken: what nobody is seen to hold, others take over.
        self._presence.enter(self._name)
        engine.hush()
        DBOS(config=engine.configuration(self._url, name=self._name))

        @DBOS.workflow(name=engine.SHARE, max_recovery_attempts=engine.MOST_ATTEMPTS)
        def share(kind: str, order: dict[str, str], units: list[str]) -> dict[str, int]:
            return self._work(kind, order, units)

        @DBOS.workflow(name=engine.PLAN, max_recovery_attempts=engine.MOST_ATTEMPTS)
        def plan(kind: str, order: dict[str, str], priority: int) -> dict[str, Any]:
            def cut(job_id: str, number: int, units: list[str]) -> None:
                with (
                    SetWorkflowID(f"{job_id}/{number:06d}"),
                    SetEnqueueOptions(priority=priority),
                    SetWorkflowAttributes({"units": len(units)}),
                ):
                    DBOS.enqueue_workflow(engine.SHARES, share, kind, order, units)

            return self._plan(kind, order, cut)

        DBOS.launch()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        until = time.monotonic() + LEAVING_SECONDS
        while self._held and time.monotonic() < until:
            time.sleep(LOOK_SECONDS / 10)
        DBOS.destroy(destroy_registry=True)
        self._board.close()
        self._presence.leave()

    def run(self, *, once: bool = False) -> None:
        """Works until it is asked to stop; with `once`, no longer than there is anything left to do, whoever does it."""
        adopt_at = time.monotonic()
        while True:
            try:
                if time.monotonic() >= adopt_at:
                    self._adopt()
                    adopt_at = time.monotonic() + self._adopt_seconds
                if once and not self._board.open():
                    return
            except _OUTAGES as error:
                # A worker outlives its database; DBOS waits for most outages itself, but not for every kind of them.
                _logger.warning("the database of jobs does not answer: %s", type(error).__name__)
            if self._leaving.wait(LOOK_SECONDS):
                return

    def _adopt(self) -> None:
        """Gives back to the queue what workers had in hand that are gone, and what this one lost hold of."""
        self._presence.keep()
        in_hand = self._board.in_hand()
        for name in in_hand.keys() - {self._name}:
            if self._presence.gone(name):
                _logger.warning("worker %s is gone; its work is taken over", name)
                # DBOS offers this to its own conductor, which watches over workers from outside. Ours watch each other.
                DBOS._recover_pending_workflows([name])  # noqa: SLF001
        # Twice in a row: what was taken up this moment is held the next.
        with self._held_guard:
            lost = in_hand.get(self._name, frozenset()) - self._held
        self._board.give_back(lost & self._lost)
        self._lost = lost

    def _plan(self, kind: str, order: dict[str, str], cut: Callable[[str, int, list[str]], None]) -> dict[str, Any]:
        """The workflow of a job: every share of it is put into the queue by `cut`."""
        with self._holding():
            job_id, numbers, total = str(DBOS.workflow_id), count(1), 0
            try:
                for part in DBOS.run_step({"name": "parts"}, self._parts, kind, order):
                    units = DBOS.run_step({"name": "units"}, self._units, kind, order, part)
                    for first in range(0, len(units), SHARE_UNITS):
                        self._go_on()
                        cut(job_id, next(numbers), units[first : first + SHARE_UNITS])
                    total += len(units)
            except LedgerError as error:
                return {"total": total, "vi": error.vi, "en": error.en}
            return {"total": total}

    def _parts(self, kind: str, order: Order) -> list[str]:
        return list(self._deed(kind).parts(order))

    def _units(self, kind: str, order: Order, part: str) -> list[str]:
        return list(self._deed(kind).units(order, part))

    def _work(self, kind: str, order: dict[str, str], units: list[str]) -> dict[str, int]:
        """The workflow of a share."""
        with self._holding(), self._hand:
            told: Counter[str] = Counter()
            for unit in units:
                self._go_on()
                told[DBOS.run_step({"name": engine.UNIT}, self._one, kind, order, unit)["told"]] += 1
            return dict(told)

    def _one(self, kind: str, order: Order, unit: str) -> dict[str, Any]:
        try:
            return self._deed(kind).do(order, unit).to_json()
        except (
            Exception
        ) as error:  # One unit's trouble, foreseen or not, is told with its name and keeps no other from its turn.
            known = error if isinstance(error, LedgerError) else in_words(error)
            if known is not error and not hasattr(error, "vi"):
                _logger.warning("%s of %s stopped: %s", kind, unit, type(error).__name__, exc_info=error)
            return Outcome(Told.REFUSED, known.vi, known.en).to_json()

    def _deed(self, kind: str) -> Deed:
        if (deed := self._deeds.get(kind)) is None:
            raise UnknownKind(kind, self._deeds)
        return deed

    def _go_on(self) -> None:
        if self._leaving.is_set():
            raise Leaving

    @contextlib.contextmanager
    def _holding(self) -> Iterator[None]:
        """While a workflow is worked on. Trouble with the database of jobs is no failure of the job."""
        workflow_id = str(DBOS.workflow_id)
        with self._held_guard:
            self._held.add(workflow_id)
        try:
            yield
        except SQLAlchemyError as error:
            raise Stranded from error
        finally:
            with self._held_guard:
                self._held.discard(workflow_id)
