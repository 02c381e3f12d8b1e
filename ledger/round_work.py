# SPDX-License-Identifier: Apache-2.0

"""Signing rounds in the background of a server: people see how far a round has come, and services that are down are asked again.

Preparing and finishing a class takes seconds, longer than a request should. What counts is in the database; here is only who
works on which round at the moment, and what went wrong last. After a restart nothing is lost: what keys have signed is finished
by itself, and whoever opens a round again goes on where it stood.
"""

import datetime as dt
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from ledger.errors import LedgerError
from ledger.rounds import Rounds, Stopped
from ledger.signing import SignerIdentity
from ledger.store.signing_reader import SchoolClass, SigningReader
from ledger.store.signing_tables import ItemState
from ledger.unit import Role, Slot

RETRY_AFTER: Final = dt.timedelta(minutes=1)
"""How long after a time-stamping authority did not answer it is asked again."""

WORKING_AT_ONCE: Final = 4
"""Rounds that are worked on side by side; what the processor does happens in the scribe's processes, as many as it has."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far a round has come."""

    round_id: UUID
    total: int
    prepared: int
    """Ready to be signed."""
    answered: int
    """Signed by the key, not stored yet."""
    stored: int
    busy: bool
    stopped: tuple[Stopped, ...]
    """What is not signed, and why."""
    problem: LedgerError | None
    """What stopped the work on the round as a whole."""
    notice: tuple[str, str] | None = None
    """What the signer should know before signing, Vietnamese and English."""


@dataclass
class _Standing:
    """What is known of a round beside the database."""

    total: int
    busy: int = 0
    stopped: dict[UUID, Stopped] = field(default_factory=dict)
    problem: LedgerError | None = None
    notice: tuple[str, str] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while somebody works on the round: two threads would race each other for every unit."""


class RoundWork:
    """Works on rounds in threads of its own, until its `with` block ends. Threads may share it."""

    def __init__(self, rounds: Rounds, lines: SigningReader, *, retry_after: dt.timedelta = RETRY_AFTER) -> None:
        self._rounds = rounds
        self._lines = lines
        self._retry_after = retry_after.total_seconds()
        self._standings: dict[UUID, _Standing] = {}
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self._threads = ThreadPoolExecutor(WORKING_AT_ONCE, thread_name_prefix="round")
        self._retrying = threading.Thread(target=self._retry_for_ever, name="round-retry", daemon=True)

    def __enter__(self) -> Self:
        self._retrying.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._retrying.join()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def open(
        self, school_class: SchoolClass, slot: Slot, signer: SignerIdentity, *, assigned: frozenset[Role], account: str
    ) -> Progress:
        """Opens a round and starts preparing it. Raises what `Rounds.open` raises."""
        opened = self._rounds.open(school_class, slot, signer, assigned=assigned, account=account)
        round_id = opened.round_id
        items = self._lines.round(round_id).those(ItemState.PREPARED, ItemState.ANSWERED)
        standing = self._standing(round_id)
        standing.total, standing.problem = max(opened.total + len(items), standing.total), None
        standing.notice = opened.notice
        standing.stopped.clear()
        self._work(round_id, opened.preparing)
        return self.progress(round_id)

    def finish(self, round_id: UUID) -> Progress:
        """Starts putting in what has been answered."""
        self._standing(round_id).problem = None
        self._work(round_id, self._rounds.finish(round_id))
        return self.progress(round_id)

    def progress(self, round_id: UUID) -> Progress:
        """How far the round has come. Raises `UnknownRound`."""
        standing = self._standing(round_id)
        busy = standing.busy > 0  # Looked at first: whoever is no longer busy has stored what is read next.
        found = self._lines.round(round_id)
        refused = {
            item.unit_id: Stopped(item.unit_id, item.stt, item.problem_vi or "", item.problem_en or "", later=False)
            for item in found.those(ItemState.REFUSED)
        }
        stored = {item.unit_id for item in found.those(ItemState.STORED)}
        stopped = {unit_id: one for unit_id, one in standing.stopped.items() if unit_id not in stored} | refused
        return Progress(
            round_id=round_id,
            total=max(standing.total, len(found.items)),
            prepared=len(found.those(ItemState.PREPARED)),
            answered=len(found.those(ItemState.ANSWERED)),
            stored=len(stored),
            busy=busy,
            stopped=tuple(sorted(stopped.values(), key=lambda one: one.stt)),
            problem=standing.problem,
            notice=standing.notice,
        )

    def retry(self) -> None:
        """Finishes every round in which a key has signed and values still wait, now."""
        for round_id in self._lines.unfinished_rounds():
            if self._standing(round_id).busy == 0:
                self._work(round_id, self._rounds.finish(round_id))

    def _retry_for_ever(self) -> None:
        while True:
            try:
                self.retry()
            except LedgerError as error:
                _logger.warning("rounds could not be asked for: %s", type(error).__name__)
            if self._ended.wait(self._retry_after):
                return

    def _work(self, round_id: UUID, steps: Iterator[UUID | Stopped]) -> None:
        standing = self._standing(round_id)
        with self._guard:
            standing.busy += 1

        def work() -> None:
            try:
                with standing.lock:
                    for step in steps:
                        if isinstance(step, Stopped):
                            standing.stopped[step.unit_id] = step
                        else:
                            standing.stopped.pop(step, None)
                        if self._ended.is_set():
                            return
            except LedgerError as error:
                standing.problem = error
            except Exception as error:  # What nobody foresaw must not leave the round busy for ever.
                _logger.warning("a round stopped: %s", type(error).__name__)
                standing.problem = in_words(error)
            finally:
                with self._guard:
                    standing.busy -= 1

        self._threads.submit(work)

    def _standing(self, round_id: UUID) -> _Standing:
        with self._guard:
            return self._standings.setdefault(round_id, _Standing(total=0))


class Interrupted(LedgerError):
    """Work in the background stopped for a reason that nobody foresaw. What was done is kept."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"Máy chủ gặp lỗi khi đang xử lý ({cause}). Những gì đã xong vẫn được giữ; hãy mở lại danh sách và làm tiếp, nếu "
            "vẫn lỗi hãy báo người vận hành.",
            f"The server failed while it worked ({cause}). What was done is kept; open the list again and go on, and if it "
            "fails again tell the operator.",
        )


def in_words(error: Exception) -> LedgerError:
    """What people are told of an error in the background. A scribe's or archivist's own errors speak to them as ours do."""
    vi, en = getattr(error, "vi", None), getattr(error, "en", None)
    if isinstance(vi, str) and isinstance(en, str):
        return LedgerError(vi, en)
    return Interrupted(type(error).__name__)
