# SPDX-License-Identifier: Apache-2.0

"""What the verifier remembers of bulk work: who holds an API key, how much of a day's quota is used, and which jobs there are.

A database of the verifier's own, never the ledger's. It holds no file, no digest that was asked about and no verdict. A key is
stored as its SHA-256: it is 256 bits of chance, so there is nothing that a slow hash would protect.

Every change is one statement that names the state it moves from. Quota is taken *before* the work, so a crash never costs the
verifier an unpaid bulk; what a job took is given back when the job is lost, and of smaller questions a crash costs the holder a
little of a day.

Example::

    store = BulkStore(engine, now=utc_now)
    store.add_key("dai-hoc-a", digest=key_digest(key), per_day=100_000)
"""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Update,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError

from verifier_api.errors import KeyNameTaken, UnknownKey


class JobState(StrEnum):
    """Where a job stands. RUNNING goes to one of the others, and none of those goes anywhere."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    """Something went wrong on our side."""
    LOST = "LOST"
    """The process that held its key has ended; its files can be read by nobody."""


@dataclass(frozen=True)
class KeyHolder:
    """Whoever holds a key."""

    id: int
    name: str
    per_day: int
    """How many files and digests it may ask about in one day (UTC)."""
    used_today: int
    revoked: bool


@dataclass(frozen=True)
class Allowance:
    """What is left of a day's quota after a request took its part, or failed to."""

    granted: bool
    per_day: int
    left: int
    resets_in: int
    """Seconds until the next day begins (UTC)."""
    key_id: int
    day: str
    """The day it was taken from (UTC), which is where it is given back to."""
    count: int
    """How much was asked for."""


@dataclass(frozen=True)
class JobRow:
    """One bulk job."""

    id: UUID
    key_id: int
    state: JobState
    total: int
    done: int
    created_at: dt.datetime
    ended_at: dt.datetime | None


_metadata = MetaData()

_keys = Table(
    "api_keys",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("per_day", Integer, nullable=False),
    Column("revoked", Integer, nullable=False, default=0),
    CheckConstraint("per_day >= 0"),
    CheckConstraint("revoked IN (0, 1)"),
)
_usage = Table(
    "usage",
    _metadata,
    Column("key_id", ForeignKey("api_keys.id"), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("used", Integer, nullable=False),
    CheckConstraint("used >= 0"),
)
_jobs = Table(
    "jobs",
    _metadata,
    Column("id", String(36), primary_key=True),
    Column("key_id", ForeignKey("api_keys.id"), nullable=False),
    Column("state", String, nullable=False),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("ended_at", Integer, nullable=True),
    CheckConstraint("state IN ('RUNNING', 'DONE', 'CANCELLED', 'FAILED', 'LOST')"),
    CheckConstraint("(state = 'RUNNING') = (ended_at IS NULL)"),
    CheckConstraint("0 <= done AND done <= total"),
)


def key_digest(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


class BulkStore:
    """Keys, quotas and jobs. Safe to share between threads and processes; makes its tables when they are missing."""

    def __init__(self, engine: Engine, *, now: Callable[[], dt.datetime]) -> None:
        self._engine = engine
        self._now = now
        _metadata.create_all(engine)

    def add_key(self, name: str, *, digest: str, per_day: int) -> None:
        """Lets whoever holds the key with this digest in. Raises `KeyNameTaken`."""
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_keys).values(name=name, digest=digest, per_day=per_day))
        except IntegrityError:
            raise KeyNameTaken(name) from None

    def revoke_key(self, name: str) -> None:
        """Shuts a key out from now on. Raises `UnknownKey` when there is none of this name that still opens."""
        wanted = update(_keys).where(_keys.c.name == name, _keys.c.revoked == 0)
        with self._engine.begin() as connection:
            if connection.execute(wanted.values(revoked=1)).rowcount != 1:
                raise UnknownKey(name)

    def holders(self) -> list[KeyHolder]:
        """All keys, by name."""
        return self._holders()

    def holder(self, key: str) -> KeyHolder | None:
        """Whose key this is; None for no key of ours."""
        found = self._holders(key_digest(key))
        return found[0] if found else None

    def take(self, holder: KeyHolder, count: int) -> Allowance:
        """Takes `count` of the day's quota, all of it or nothing."""
        now = self._now().astimezone(dt.UTC)
        day = now.date().isoformat()
        mine = (_usage.c.key_id == holder.id, _usage.c.day == day)
        with self._engine.begin() as connection:
            connection.execute(sqlite_insert(_usage).values(key_id=holder.id, day=day, used=0).on_conflict_do_nothing())
            # The quota as it is now: it may have been changed, or the key revoked, since the holder was looked up.
            per_day = (
                connection.scalar(select(_keys.c.per_day).where(_keys.c.id == holder.id, _keys.c.revoked == 0)) or 0
            )
            moved = connection.execute(
                update(_usage).where(*mine, _usage.c.used + count <= per_day).values(used=_usage.c.used + count)
            )
            used = connection.scalar(select(_usage.c.used).where(*mine)) or 0
        midnight = dt.datetime.combine(now.date() + dt.timedelta(days=1), dt.time(), dt.UTC)
        return Allowance(
            granted=moved.rowcount == 1,
            per_day=per_day,
            left=max(0, per_day - used),
            resets_in=max(1, int((midnight - now).total_seconds())),
            key_id=holder.id,
            day=day,
            count=count,
        )

    def give_back(self, taken: Allowance, count: int) -> None:
        """Gives `count` of what was taken back to its day."""
        with self._engine.begin() as connection:
            connection.execute(_given_back(taken.key_id, taken.day, count))

    def add_job(self, job_id: UUID, holder: KeyHolder, *, total: int, at_once: int) -> bool:
        """Writes a new job down, unless the holder has `at_once` running already: then False."""
        with self._engine.begin() as connection:
            running = connection.scalar(
                select(func.count()).where(_jobs.c.key_id == holder.id, _jobs.c.state == JobState.RUNNING.value)
            )
            if (running or 0) >= at_once:
                return False
            connection.execute(
                insert(_jobs).values(
                    id=str(job_id),
                    key_id=holder.id,
                    state=JobState.RUNNING.value,
                    total=total,
                    done=0,
                    created_at=int(self._now().timestamp()),
                )
            )
        return True

    def job(self, job_id: UUID, holder: KeyHolder) -> JobRow | None:
        """A job of this holder's; None for any other."""
        wanted = select(_jobs).where(_jobs.c.id == str(job_id), _jobs.c.key_id == holder.id)
        with self._engine.begin() as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            return None
        return JobRow(
            id=job_id,
            key_id=row.key_id,
            state=JobState(row.state),
            total=row.total,
            done=row.done,
            created_at=_time(row.created_at),
            ended_at=None if row.ended_at is None else _time(row.ended_at),
        )

    def advance(self, job_id: UUID) -> bool:
        """One more file is judged. False when the job no longer runs: it was cancelled."""
        running = update(_jobs).where(_jobs.c.id == str(job_id), _jobs.c.state == JobState.RUNNING.value)
        with self._engine.begin() as connection:
            return connection.execute(running.values(done=_jobs.c.done + 1)).rowcount == 1

    def end(self, job_id: UUID, state: JobState) -> bool:
        """The job's end. False when it had ended already."""
        running = update(_jobs).where(_jobs.c.id == str(job_id), _jobs.c.state == JobState.RUNNING.value)
        values = {"state": state.value, "ended_at": int(self._now().timestamp())}
        with self._engine.begin() as connection:
            return connection.execute(running.values(values)).rowcount == 1

    def lose_all_running(self) -> None:
        """Whoever worked on these is gone, and so are the keys of their files. What they took is given back."""
        running = _jobs.c.state == JobState.RUNNING.value
        lost = {"state": JobState.LOST.value, "ended_at": int(self._now().timestamp())}
        with self._engine.begin() as connection:
            for row in connection.execute(update(_jobs).where(running).values(lost).returning(_jobs)).all():
                day = _time(row.created_at).date().isoformat()
                connection.execute(_given_back(row.key_id, day, row.total))

    def ended_at(self, job_id: UUID) -> dt.datetime | None:
        """When a job ended; None while it runs, and for one that is not known."""
        with self._engine.begin() as connection:
            seconds = connection.scalar(select(_jobs.c.ended_at).where(_jobs.c.id == str(job_id)))
        return None if seconds is None else _time(seconds)

    def clear_before(self, when: dt.datetime) -> None:
        """Removes what nobody asks about any more: jobs that ended, and days that passed, before `when`."""
        with self._engine.begin() as connection:
            connection.execute(delete(_jobs).where(_jobs.c.ended_at < int(when.timestamp())))
            connection.execute(delete(_usage).where(_usage.c.day < when.astimezone(dt.UTC).date().isoformat()))

    def _holders(self, digest: str | None = None) -> list[KeyHolder]:
        day = self._now().astimezone(dt.UTC).date().isoformat()
        today = (_usage.c.key_id == _keys.c.id) & (_usage.c.day == day)
        query = select(_keys, func.coalesce(_usage.c.used, 0).label("used")).select_from(_keys.outerjoin(_usage, today))
        if digest is not None:
            query = query.where(_keys.c.digest == digest)
        with self._engine.begin() as connection:
            return [
                KeyHolder(id=row.id, name=row.name, per_day=row.per_day, used_today=row.used, revoked=bool(row.revoked))
                for row in connection.execute(query.order_by(_keys.c.name))
            ]


def _given_back(key_id: int, day: str, count: int) -> Update:
    left = func.max(_usage.c.used - count, 0)
    return update(_usage).where(_usage.c.key_id == key_id, _usage.c.day == day).values(used=left)


def _time(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
