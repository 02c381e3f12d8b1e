# SPDX-License-Identifier: Apache-2.0

"""The board that a desk orders classes' jobs at, with nobody at work until a test works: every state of a job is a state here.

Implements `ledger.class_jobs.Board`. The real one with real workers: tests/integration/test_desk_jobs.py.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ledger.errors import LedgerError
from ledger.jobs.job import DONE, Job, JobState, Outcome, Priority, Told
from tests.simulators.school_ledger import NOON


@dataclass
class ClassBoard:
    """Jobs in the order in which they were ordered."""

    ordered: list[tuple[str, Job]] = field(default_factory=list)
    """What each is about, and the job."""
    told: dict[str, list[tuple[str, Outcome]]] = field(default_factory=dict)

    def order(self, kind: str, order: dict[str, str], /, *, priority: Priority, about: str) -> str:
        job = Job(
            id=f"{kind}-{len(self.ordered) + 1}",
            kind=kind,
            order=order,
            priority=priority,
            state=JobState.WAITING,
            planned=False,
            total=0,
            done=0,
            already=0,
            refused=0,
            created_at=NOON,
            began_at=None,
            ended_at=None,
            problem=None,
        )
        self.ordered.append((about, job))
        return job.id

    def latest(self, kind: str, about: str, /) -> Job | None:
        return next((job for of, job in reversed(self.ordered) if (job.kind, of) == (kind, about)), None)

    def outcomes(self, job_id: str, /) -> Iterable[tuple[str, Outcome]]:
        return self.told.get(job_id, [])

    @property
    def jobs(self) -> list[Job]:
        return [job for _, job in self.ordered]

    def becomes(self, **news: object) -> Job:
        """The newest job comes to another state."""
        about, job = self.ordered.pop()
        self.ordered.append((about, replace(job, **news)))
        return self.ordered[-1][1]

    def work(self, units: Sequence[object], do: Callable[[object], object]) -> Job:
        """The newest job is done to `units`, one by one; who raises words for people is refused."""
        job, told = self.jobs[-1], []
        for unit in units:
            try:
                do(unit)
            except LedgerError as error:
                told.append((str(unit.id), Outcome(Told.REFUSED, error.vi, error.en)))
            else:
                told.append((str(unit.id), DONE))
        self.told[job.id] = told
        refused = sum(one.told is Told.REFUSED for _, one in told)
        return self.becomes(
            state=JobState.DONE, planned=True, total=len(told), done=len(told) - refused, refused=refused
        )
