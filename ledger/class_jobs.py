# SPDX-License-Identifier: Apache-2.0

"""A clerk's work on a whole class, ordered at a desk as a durable job: laying out its drafts for signing, and issuing it.

Both take longer than a request should. A worker does them (`ledger.jobs`), in whatever process and on whatever machine; the order
stands from the moment it is given, whatever dies. Somebody waits for it at a counter, so it goes before a city's night run.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from ledger.errors import LedgerError
from ledger.jobs.job import Job, JobState, Order, Outcome, Priority, Told
from ledger.store.reader import Unit
from ledger.store.signing_reader import SchoolClass

_GOING: Final = frozenset({JobState.WAITING, JobState.RUNNING})


class Deed(StrEnum):
    """What is done to a class; the kinds of job of the same names."""

    PREPARE = "prepare"
    """Drafts are drawn and opened for signing."""
    ISSUE = "issue"
    """What everybody has signed gets its archive revision and its manifest."""


class Board(Protocol):
    """What of `ledger.jobs.board.JobBoard` a desk asks for."""

    def order(self, kind: str, order: Order, /, *, priority: Priority, about: str) -> str:
        """Orders a job and returns its name."""

    def latest(self, kind: str, about: str, /) -> Job | None:
        """The newest job of this kind that is about the same."""

    def outcomes(self, job_id: str, /) -> Iterable[tuple[str, Outcome]]:
        """Each unit that has its outcome, with it."""


class JobFailed(LedgerError):
    """A job ended before its time, for a reason that only the machine's log knows."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"Việc {job_id} bị hỏng giữa chừng. Hãy thử lại; nếu vẫn hỏng, báo người vận hành (hocba jobs show {job_id}).",
            f"The job {job_id} broke off. Try again; if it breaks again, tell the operator (hocba jobs show {job_id}).",
        )


@dataclass(frozen=True)
class ClassProgress:
    """How far a deed has come, or how it ended."""

    state: JobState
    total: int
    done: int
    refused: Mapping[tuple[str, str], tuple[int, ...]]
    """Why some still wait, Vietnamese and English, and which: their numbers in the class."""
    problem: LedgerError | None
    """What ended the whole before its time."""

    @property
    def going(self) -> bool:
        """Whether it waits for a worker or is worked on."""
        return self.state in _GOING


class ClassJobs:
    """The jobs of classes. Threads may share it."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def order(self, school_class: SchoolClass, deed: Deed, *, planned: dt.datetime | None = None) -> None:
        """Orders a deed, unless it is under way already; `planned` is the planned day of issue of what is laid out.

        Ordered twice at the same moment, it is done once: the second job finds every unit done.
        """
        latest = self._board.latest(deed, _about(school_class))
        if latest is not None and latest.state in _GOING:
            return
        order = {"school": school_class.school_code, "year": school_class.school_year, "class": school_class.name}
        if planned is not None:
            order["planned"] = planned.isoformat()
        self._board.order(deed, order, priority=Priority.URGENT, about=_about(school_class))

    def progress(self, school_class: SchoolClass, deed: Deed, waiting: Collection[Unit]) -> ClassProgress | None:
        """How far the deed has come, or how it ended last; None if nobody has ordered it here.

        `waiting` are the units that it could still be done to: only of those it is told why they were refused.
        """
        job = self._board.latest(deed, _about(school_class))
        if job is None:
            return None
        numbers = {str(unit.id): unit.stt for unit in waiting}
        refused: dict[tuple[str, str], tuple[int, ...]] = {}
        for unit_id, outcome in self._board.outcomes(job.id) if job.refused else ():
            if outcome.told is Told.REFUSED and unit_id in numbers:
                why = (outcome.vi, outcome.en)
                refused[why] = tuple(sorted((*refused.get(why, ()), numbers[unit_id])))
        return ClassProgress(job.state, job.total, job.done + job.already, refused, _problem(job))


def _about(school_class: SchoolClass) -> str:
    return f"class{school_class.id}"


def _problem(job: Job) -> LedgerError | None:
    if job.problem is not None:
        return LedgerError(*job.problem)
    return JobFailed(job.id) if job.state is JobState.FAILED else None
