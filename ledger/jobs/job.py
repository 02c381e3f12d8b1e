# SPDX-License-Identifier: Apache-2.0

"""What a job is: an order for one deed to many units, and what became of each. Pure.

::

    order ──planned──▶ shares of a few units each ──workers──▶ an outcome for every unit

    WAITING ──a worker takes it──▶ RUNNING ──every unit has its outcome──▶ DONE
                                      │ cancel                 FAILED: a share could not be worked on at all
                                      ▼
                                  CANCELLED ──resume──▶ RUNNING

A deed may be asked for the same unit twice: when a worker is killed, the unit that it had in hand is asked for again. So a deed
looks at what stands in the ledger, whose compare-and-set decides, and answers ALREADY where another has done it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Protocol

Order = Mapping[str, str]
"""What a job is to be done to, in words that its deed understands: school, year, class, folder. Never a PIN: it is stored."""


class Priority(IntEnum):
    """Whose turn it is next: the smaller number; among equals the older one."""

    URGENT = 1
    """Somebody waits for it at a counter."""
    NORMAL = 1_000
    NIGHT = 1_000_000
    """A whole city's run, which lets everybody else go first."""


class Told(StrEnum):
    """What became of one unit."""

    DONE = "done"
    ALREADY = "already"
    """It had been done before: nothing was done twice."""
    REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """What a deed says of one unit."""

    told: Told
    vi: str = ""
    """Why it was refused."""
    en: str = ""
    detail: Mapping[str, Any] | None = None
    """What was found out, for deeds that find something out; JSON."""

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        words = {"vi": self.vi, "en": self.en, "detail": self.detail}
        return {"told": self.told.value, **{name: value for name, value in words.items() if value}}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Outcome":
        """What was stored."""
        return cls(Told(stored["told"]), stored.get("vi", ""), stored.get("en", ""), stored.get("detail"))


DONE, ALREADY = Outcome(Told.DONE), Outcome(Told.ALREADY)


class Deed(Protocol):
    """What a kind of job does. Order, parts and units are stored, so that a plan is the same after a crash."""

    def parts(self, order: Order, /) -> Sequence[str]:
        """What the order falls into, of which one fits into memory: schools, say."""

    def units(self, order: Order, part: str, /) -> Sequence[str]:
        """The units of a part that there is something to do for, in order."""

    def do(self, order: Order, unit: str, /) -> Outcome:
        """Does it to one unit, or finds it done. What it raises with words for people (`vi`, `en`) is its refusal."""


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True)
class Job:
    """One job, as far as it has come."""

    id: str
    kind: str
    order: Order
    priority: Priority
    state: JobState
    planned: bool
    """All its units are known; until then `total` grows."""
    total: int
    done: int
    already: int
    refused: int
    created_at: dt.datetime
    began_at: dt.datetime | None
    """When the first share was taken up."""
    ended_at: dt.datetime | None
    problem: tuple[str, str] | None
    """Why it failed as a whole, Vietnamese and English."""

    @property
    def finished(self) -> int:
        """Units that have their outcome."""
        return self.done + self.already + self.refused

    def rate(self, now: dt.datetime) -> float | None:
        """Units a second since it began; None as long as that says nothing."""
        if self.began_at is None or not self.finished:
            return None
        seconds = ((self.ended_at or now) - self.began_at).total_seconds()
        return self.finished / seconds if seconds > 0 else None

    def remaining(self, now: dt.datetime) -> dt.timedelta | None:
        """How long it will take at this rate."""
        rate = self.rate(now)
        if rate is None or self.state is not JobState.RUNNING or not self.planned:
            return None
        return dt.timedelta(seconds=(self.total - self.finished) / rate)
