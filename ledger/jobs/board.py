# SPDX-License-Identifier: Apache-2.0

"""The list of jobs: ordering one, seeing how far each has come, cancelling and resuming. Asks the database and works on nothing.

Example::

    board = JobBoard.at("sqlite:////srv/hocba/jobs.sqlite")
    job_id = board.order("prepare", {"school": "31312502", "year": "2025-2026"}, priority=Priority.NIGHT)
    board.job(job_id).done
"""

import datetime as dt
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Self

from dbos import DBOSClient, WorkflowStatus

from ledger.jobs import engine
from ledger.jobs.errors import NothingToResume, UnknownJob
from ledger.jobs.job import Job, JobState, Order, Outcome, Priority, Told

PAGE: Final = 500
"""Shares that are read at a time."""

MOST_SHOWN: Final = 50
"""Jobs in the list, the newest first."""

_OPEN: Final = ("ENQUEUED", "PENDING", "DELAYED")
_STOPPED: Final = ("CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_BROKEN: Final = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")

_SETTLING_SECONDS: Final = 0.5
"""A plan that is cancelled in the middle may have one share more on its way into the queue."""


class JobBoard:
    """Everything about jobs but doing them. Close it, or use it as a `with` block."""

    def __init__(self, client: DBOSClient) -> None:
        self._client = client

    @classmethod
    def at(cls, url: str) -> Self:
        """The jobs in this database; it is made if it is not there."""
        return cls(engine.opened(url))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the database."""
        self._client.destroy()

    def order(self, kind: str, order: Order, *, priority: Priority = Priority.NORMAL, about: str | None = None) -> str:
        """Orders a job and returns its name. It stands from here on, whatever dies; a worker takes it up.

        `about` is a word of the caller's, without a hyphen, by which `latest` finds it again; it stands in the name.
        """
        job_id = f"{_beginning(kind, about)}{secrets.token_hex(4)}"
        self._client.enqueue(
            {
                "workflow_name": engine.PLAN,
                "queue_name": engine.PLANS,
                "workflow_id": job_id,
                "app_version": engine.VERSION,
                "priority": int(priority),
            },
            kind,
            dict(order),
            int(priority),
        )
        return job_id

    def job(self, job_id: str) -> Job:
        """How far a job has come. Raises `UnknownJob`."""
        return self._told(self._plan(job_id))

    def latest(self, kind: str, about: str) -> Job | None:
        """The newest job of this kind that was ordered `about` the same; None if there is none."""
        # DBOS keeps attributes too, but does not look for them in SQLite.
        found = self._client.list_workflows(
            name=engine.PLAN, workflow_id_prefix=_beginning(kind, about), sort_desc=True, limit=1
        )
        return self._told(found[0]) if found else None

    def jobs(self, most: int = MOST_SHOWN) -> list[Job]:
        """The newest jobs, newest first."""
        plans = self._client.list_workflows(name=engine.PLAN, sort_desc=True, limit=most)
        return [self._told(plan) for plan in plans]

    def open(self) -> bool:
        """Whether there is anything left that this release can do, or that is being done."""
        going = self._client.list_workflows(
            status=list(_OPEN), app_version=engine.VERSION, limit=1, load_input=False, load_output=False
        )
        return bool(going)

    def in_hand(self) -> Mapping[str, frozenset[str]]:
        """What each worker has taken up and not finished, dead ones too: workflows by the worker's name."""
        held: dict[str, set[str]] = {}
        for one in self._pages(status="PENDING", load_input=False, load_output=False):
            held.setdefault(one.executor_id or "", set()).add(one.workflow_id)
        return {name: frozenset(workflows) for name, workflows in held.items()}

    def give_back(self, workflows: Iterable[str]) -> None:
        """Puts into the queue again what was taken up and is not being worked on."""
        for workflow_id in workflows:
            # A share's name is its job's and a number (`ledger.jobs.worker`).
            queue = engine.SHARES if "/" in workflow_id else engine.PLANS
            self._client.resume_workflow(workflow_id, queue_name=queue)

    def outcomes(self, job_id: str) -> Iterator[tuple[str, Outcome]]:
        """Each unit that has its outcome, with it, in the order of the plan. Raises `UnknownJob`."""
        self._plan(job_id)
        for share in self._shares(job_id, load_input=True):
            units = share.input["args"][2] if share.input else ()
            yield from zip(units, self._steps(share.workflow_id), strict=False)

    def cancel(self, job_id: str) -> None:
        """Stops a job after the unit that is in hand; what is done stays done. Raises `UnknownJob`."""
        plan = self._plan(job_id)
        self._client.cancel_workflow(job_id)
        self._cancel_shares(job_id)
        if plan.status == "PENDING":
            time.sleep(_SETTLING_SECONDS)
            self._cancel_shares(job_id)

    def resume(self, job_id: str) -> str:
        """Goes on with what was cancelled or set aside, and returns the job that does.

        A job that came to its end with units refused, or in which a share failed, is ordered anew: what is done is found done.
        Raises `UnknownJob`, or `NothingToResume`.
        """
        plan = self._plan(job_id)
        resumed = plan.status in _STOPPED
        if resumed:
            self._client.resume_workflow(job_id, queue_name=engine.PLANS)
        while stopped := self._client.list_workflows(
            parent_workflow_id=job_id, status=list(_STOPPED), limit=PAGE, load_input=False, load_output=False
        ):
            self._client.resume_workflows([one.workflow_id for one in stopped], queue_name=engine.SHARES)
            resumed = True
        if resumed:
            return job_id
        job = self._told(plan)
        if job.state is JobState.FAILED or (job.state is JobState.DONE and job.refused):
            return self.order(job.kind, job.order, priority=job.priority)
        raise NothingToResume(job_id)

    def forget(self, *, ended_before: dt.datetime) -> int:
        """Drops jobs that ended before that from the list, and returns how many; what they did stays done.

        Stopped anywhere, the next call goes on: a job's shares go first.
        """
        plans = self._pages(name=engine.PLAN, end_time=ended_before.isoformat())
        old = [plan for plan in plans if self._ended_before(plan, ended_before)]
        for plan in old:
            while shares := self._client.list_workflows(
                parent_workflow_id=plan.workflow_id, limit=PAGE, load_input=False, load_output=False
            ):
                self._client.delete_workflows([one.workflow_id for one in shares])
            self._client.delete_workflow(plan.workflow_id)
        return len(old)

    def _ended_before(self, plan: WorkflowStatus, moment: dt.datetime) -> bool:
        ended_at = self._told(plan).ended_at
        return ended_at is not None and ended_at < moment

    def _cancel_shares(self, job_id: str) -> None:
        while going := self._client.list_workflows(
            parent_workflow_id=job_id, status=list(_OPEN), limit=PAGE, load_input=False, load_output=False
        ):
            self._client.cancel_workflows([one.workflow_id for one in going])

    def _plan(self, job_id: str) -> WorkflowStatus:
        found = self._client.list_workflows(workflow_ids=[job_id], name=engine.PLAN)
        if not found:
            raise UnknownJob(job_id)
        return found[0]

    def _shares(self, job_id: str, *, load_input: bool) -> Iterator[WorkflowStatus]:
        yield from self._pages(parent_workflow_id=job_id, load_input=load_input)

    def _pages(self, **asked: Any) -> Iterator[WorkflowStatus]:  # noqa: ANN401 - what DBOS takes
        offset = 0
        while page := self._client.list_workflows(**asked, limit=PAGE, offset=offset):
            yield from page
            offset += len(page)

    def _steps(self, share_id: str) -> Iterator[Outcome]:
        for step in self._client.list_workflow_steps(share_id):
            if step["function_name"] == engine.UNIT and step["output"] is not None:
                yield Outcome.from_json(step["output"])

    def _told(self, plan: WorkflowStatus) -> Job:
        kind, order, priority = plan.input["args"] if plan.input else ("?", {}, Priority.NORMAL)
        said: Mapping[str, Any] = plan.output or {}
        told: Counter[str] = Counter()
        statuses: Counter[str] = Counter({plan.status: 1})
        began, ended = [], [plan.completed_at or 0]
        planned_so_far = 0
        for share in self._shares(plan.workflow_id, load_input=False):
            statuses[share.status] += 1
            planned_so_far += int((share.attributes or {}).get("units", 0))
            told.update(share.output or Counter(one.told.value for one in self._steps(share.workflow_id)))
            began += [share.dequeued_at] if share.dequeued_at else []
            ended.append(share.completed_at or 0)
        state = _state(statuses, plan, begun=bool(told))
        return Job(
            id=plan.workflow_id,
            kind=kind,
            order=order,
            priority=Priority(priority),
            state=state,
            planned=plan.status == "SUCCESS",
            total=said.get("total", planned_so_far),
            done=told[Told.DONE],
            already=told[Told.ALREADY],
            refused=told[Told.REFUSED],
            created_at=_time(plan.created_at or 0),
            began_at=_time(min(began)) if began else None,
            ended_at=_time(max(ended)) if state in {JobState.DONE, JobState.FAILED, JobState.CANCELLED} else None,
            problem=(said["vi"], said["en"]) if "vi" in said else None,
        )


def _beginning(kind: str, about: str | None) -> str:
    return f"{kind}-" if about is None else f"{kind}-{about}-"


def _state(statuses: Counter[str], plan: WorkflowStatus, *, begun: bool) -> JobState:
    """Where a job stands, by how its plan and its shares do. A cancelled one may still have its last unit in hand."""
    if statuses["CANCELLED"]:
        return JobState.CANCELLED
    if statuses["PENDING"] or (begun and statuses["ENQUEUED"]):
        return JobState.RUNNING
    if statuses["ENQUEUED"] or statuses["DELAYED"]:
        return JobState.WAITING
    if any(statuses[broken] for broken in _BROKEN) or "vi" in (plan.output or {}):
        return JobState.FAILED
    return JobState.DONE


def _time(milliseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
