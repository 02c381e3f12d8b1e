# SPDX-License-Identifier: Apache-2.0

"""Bulk work: many digests at once, a ZIP of files, and the jobs that large ones become.

1. *Who asks.* A key that was handed out, and is not revoked.
2. *May they.* The day's quota is taken before the work, all of it or nothing, and what an outage spoils is given back (`quota`).
3. *Small*: judged while the client waits. *Large*: a job. Its row is written first, then its files are laid down encrypted
   (`scratch`), and only then is it promised.
4. Each file is judged like any other upload; its verdict is laid down, encrypted; the file is removed.
5. An hour after its end, or when it is cancelled, the job's key is forgotten. A process that dies forgets all of its keys, and
   the next one says of those jobs that they are LOST.

Example::

    bulk = Bulk(verifier=verifier, store=BulkStore(engine, now=utc_now), scratch=Scratch(folder), now=utc_now, new_id=uuid4)
"""

import datetime as dt
import itertools
import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from verifier_api import findings, problems
from verifier_api.archive import Archive, ArchivedFile, HostileArchive
from verifier_api.attesting import Attesting
from verifier_api.bulk_store import Allowance, BulkStore, JobRow, JobState, KeyHolder
from verifier_api.problems import Refusal
from verifier_api.quota import Quota, spoiled
from verifier_api.scratch import Full, Scratch, Unreadable
from verifier_api.verdict import Check, Language, Outcome, Verdict

MAX_DIGESTS = 1_000
AT_ONCE_FILES = 50
"""ZIPs with more files become jobs: at half a second a file, nobody waits longer than that."""
JOBS_PER_KEY = 2
KEPT_SECONDS = 3600
"""How long the result of a job may be fetched."""
REMEMBERED_DAYS = 7
"""How long it is remembered that there was a job."""
SWEEPING_SECONDS = 60.0
SIGNATURE = "signature"
"""What the signature over a job's result is called among the job's files."""
DIGESTS_SIDE_BY_SIDE = 4
FILES_SIDE_BY_SIDE = 2
OUTAGE_AFTER = 3
"""So many digests in a row for which the chain did not answer are an outage; a thousand timeouts would take hours."""

_logger = logging.getLogger(__name__)


class Judge(Protocol):
    """Whoever finds verdicts: `verifier_api.verifier.Verifier`."""

    def verify(self, data: bytes, *, receipt: bytes | None = None) -> Verdict:
        """The verdict on one file."""

    def digest(self, sha256: str) -> Verdict:
        """What can be said from a file's digest."""


@dataclass(frozen=True)
class _Waiting:
    """A job's file as it lies in the scratch space."""

    name: str
    language: Language
    receipt: bytes | None
    data: bytes

    def to_bytes(self) -> bytes:
        receipt = None if self.receipt is None else self.receipt.decode("latin-1")
        head = json.dumps({"name": self.name, "language": self.language, "receipt": receipt}).encode()
        return head + b"\n" + self.data

    @classmethod
    def of(cls, laid: bytes) -> "_Waiting":
        head, _, data = laid.partition(b"\n")
        told = json.loads(head)
        receipt = None if told["receipt"] is None else told["receipt"].encode("latin-1")
        return cls(name=told["name"], language=told["language"], receipt=receipt, data=data)


@dataclass
class _Carried:
    """A job that is being carried."""

    left: int
    taken: Allowance
    waiting: Iterator[int]
    """Numbers of files that are not in the line yet."""
    spoiled: int = 0


class Bulk:
    """Answers bulk questions, and carries jobs in threads of its own. Holds no file in the clear but those being judged.

    Does not outlive its process: a job that was running when it ended is LOST, and has to be sent again.
    """

    def __init__(
        self,
        *,
        verifier: Judge,
        store: BulkStore,
        scratch: Scratch,
        now: Callable[[], dt.datetime],
        new_id: Callable[[], UUID],
        at_once_files: int = AT_ONCE_FILES,
        attesting: Attesting | None = None,
    ) -> None:
        """`attesting` signs results; without it they are not signed."""
        self._attesting = attesting
        self._verifier = verifier
        self._store = store
        self._scratch = scratch
        self._now = now
        self._new_id = new_id
        self._at_once_files = at_once_files
        self._quota = Quota(store)
        self._carried: dict[UUID, _Carried] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._judging = ThreadPoolExecutor(FILES_SIDE_BY_SIDE, thread_name_prefix="bulk-job")
        self._looking_up = ThreadPoolExecutor(DIGESTS_SIDE_BY_SIDE, thread_name_prefix="bulk-digests")
        # The scratch space is locked to this process, so whoever carried these is gone.
        store.lose_all_running()
        self._sweeper = threading.Thread(target=self._sweep_for_ever, name="bulk-sweeper", daemon=True)
        self._sweeper.start()

    def holder(self, authorization: str | None) -> KeyHolder:
        """(1) Whose key a request carries. Raises `Refusal`."""
        scheme, _, key = (authorization or "").partition(" ")
        found = self._store.holder(key.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise Refusal(problems.KEY_REQUIRED, headers={"WWW-Authenticate": 'Bearer realm="hocba"'})
        if found.revoked:
            raise Refusal(problems.KEY_REVOKED)
        return found

    def take(self, holder: KeyHolder, count: int) -> Allowance:
        """(2) Takes `count` of the day's quota. Raises `Refusal`."""
        return self._quota.take(holder, count)

    def digests(self, asked: Sequence[str], taken: Allowance) -> list[dict[str, Any]]:
        """(3) What can be said of each digest, in the order given. Raises `Refusal` when ledger or chain are down."""
        with self._quota.unless_done(taken):
            verdicts = self._looked_up(asked)
        self._quota.give_back(taken, sum(map(spoiled, verdicts)))
        return [_digest_row(sha256, verdict) for sha256, verdict in zip(asked, verdicts, strict=True)]

    def _looked_up(self, asked: Sequence[str]) -> list[Verdict]:
        unreached = 0
        answers = []
        # A few at a time, so that whoever asks for ten beside somebody's thousand waits for a few and not for all.
        left = iter(asked)
        futures = deque(self._look_up(sha256) for sha256 in itertools.islice(left, DIGESTS_SIDE_BY_SIDE))
        try:
            while futures:
                verdict = futures.popleft().result()
                futures.extend(self._look_up(sha256) for sha256 in itertools.islice(left, 1))
                if _code(verdict) == findings.BYTES_NO_LEDGER.code:
                    raise Refusal(problems.LEDGER_DOWN)
                unreached = unreached + 1 if _chain_unreached(verdict) else 0
                if unreached == OUTAGE_AFTER:
                    raise Refusal(problems.CHAIN_DOWN)
                answers.append(verdict)
        finally:
            for future in futures:
                future.cancel()
        return answers

    def _look_up(self, sha256: str) -> Future[Verdict]:
        return self._looking_up.submit(self._verifier.digest, sha256)

    def is_small(self, archive: Archive) -> bool:
        """Whether the client waits for the answer."""
        return len(archive) <= self._at_once_files

    def judge_now(self, archive: Archive, language: Language, taken: Allowance) -> list[dict[str, Any]]:
        """(3) The verdicts on a small archive's files. Raises `Refusal`."""
        with self._quota.unless_done(taken):
            try:
                # All of it is unpacked before any is judged: hostile ones are refused whole.
                files = list(archive.files())
            except HostileArchive as error:
                raise refused(error) from None
            verdicts = [self._verifier.verify(file.data, receipt=file.receipt) for file in files]
        self._quota.give_back(taken, sum(map(spoiled, verdicts)))
        return [
            {"name": file.name, "verdict": verdict.to_dict(language)}
            for file, verdict in zip(files, verdicts, strict=True)
        ]

    def start(self, holder: KeyHolder, archive: Archive, language: Language, taken: Allowance) -> JobRow:
        """(3) Makes a job of a large archive. Raises `Refusal`."""
        with self._quota.unless_done(taken):
            job = self._laid_down(holder, archive, language)
        with self._lock:
            self._carried[job] = _Carried(len(archive), taken, waiting=iter(range(len(archive))))
        for _ in range(FILES_SIDE_BY_SIDE):
            self._go_on(job)
        return self.job(holder, job)

    def _go_on(self, job: UUID) -> None:
        """Lines a job's next file up. Each has a few in the line and no more, so that large jobs do not hold up small ones."""
        with self._lock:
            carried = self._carried.get(job)
            number = None if carried is None else next(carried.waiting, None)
        if number is not None and not self._closed.is_set():
            with suppress(RuntimeError):  # The pool was shut down meanwhile; the job will be LOST.
                self._judging.submit(self._carry, job, number)

    def _laid_down(self, holder: KeyHolder, archive: Archive, language: Language) -> UUID:
        job = self._new_id()
        if not self._store.add_job(job, holder, total=len(archive), at_once=JOBS_PER_KEY):
            raise Refusal(problems.TOO_MANY_JOBS, limit=JOBS_PER_KEY)
        try:
            self._scratch.open_job(job)
            for number, file in enumerate(archive.files()):
                self._scratch.put(job, f"{number}.file", _waiting(file, language).to_bytes())
        except HostileArchive as error:
            self._end(job, JobState.FAILED)
            raise refused(error) from None
        except Full:
            self._end(job, JobState.FAILED)
            raise Refusal(problems.BUSY) from None
        except BaseException:
            self._end(job, JobState.FAILED)
            raise
        return job

    def job(self, holder: KeyHolder, job: UUID) -> JobRow:
        """How far a job is. Raises `Refusal`."""
        row = self._store.job(job, holder)
        if row is None:
            raise Refusal(problems.UNKNOWN_JOB)
        return row

    def result(self, holder: KeyHolder, job: UUID) -> Iterator[bytes]:
        """The job's verdicts as JSON lines, in the archive's order, decrypted one by one. Raises `Refusal`."""
        row = self.job(holder, job)
        if row.state is JobState.RUNNING:
            raise Refusal(problems.JOB_RUNNING)
        if row.state is not JobState.DONE or not self._scratch.holds(job) or self._is_over(row.ended_at):
            raise Refusal(problems.JOB_GONE)
        return (self._scratch.get(job, f"{number}.verdict") + b"\n" for number in range(row.total))

    @property
    def signs(self) -> bool:
        """Whether results can be had with a signature."""
        return self._attesting is not None

    def signature(self, holder: KeyHolder, job: UUID) -> bytes:
        """The detached CMS signature over the very bytes of the job's result, time-stamped. Raises `Refusal`.

        Made when it is first asked for, so that a sealing service that is down costs nobody a result, and kept with the job:
        asked for again, it is the same.
        """
        lines = self.result(holder, job)
        if self._attesting is None:
            raise Refusal(problems.REPORT_UNCONFIGURED)
        try:
            return self._scratch.get(job, SIGNATURE)
        except Unreadable:
            pass
        try:
            made = self._attesting.signature(b"".join(lines))
            self._scratch.put(job, SIGNATURE, made)
        except Unreadable:
            raise Refusal(problems.JOB_GONE) from None
        except Full:
            raise Refusal(problems.BUSY) from None
        return made

    def cancel(self, holder: KeyHolder, job: UUID) -> None:
        """Ends a job, and forgets what is left of it. Safe to repeat. Raises `Refusal`."""
        self.job(holder, job)
        self._end(job, JobState.CANCELLED)

    def sweep(self) -> None:
        """(5) Forgets what has been kept long enough."""
        for job in self._scratch.jobs():
            if self._is_over(self._store.ended_at(job)):
                self._scratch.forget(job)
        self._store.clear_before(self._now() - dt.timedelta(days=REMEMBERED_DAYS))

    def running(self) -> int:
        """How many jobs are being carried."""
        with self._lock:
            return len(self._carried)

    def close(self) -> None:
        """Stops all jobs and forgets them. Safe to repeat."""
        if self._closed.is_set():
            return
        self._closed.set()
        for pool in (self._judging, self._looking_up):
            pool.shutdown(wait=True, cancel_futures=True)
        self._sweeper.join()
        self._store.lose_all_running()
        self._scratch.close()

    def _carry(self, job: UUID, number: int) -> None:
        """(4) One file of a job, and then its next."""
        self._judge_one(job, number)
        self._go_on(job)

    def _judge_one(self, job: UUID, number: int) -> None:
        try:
            file = _Waiting.of(self._scratch.get(job, f"{number}.file"))
            verdict = self._verifier.verify(file.data, receipt=file.receipt)
            line = json.dumps({"name": file.name, "verdict": verdict.to_dict(file.language)}, ensure_ascii=False)
            self._scratch.put(job, f"{number}.verdict", line.encode())
            self._scratch.drop(job, f"{number}.file")
            if not self._store.advance(job):
                self._end(job, JobState.CANCELLED)
                return
        except Unreadable:  # It was cancelled meanwhile, or its noise was touched: either way nothing more can be said.
            self._end(job, JobState.FAILED)
            return
        except Exception as error:
            _logger.error("a bulk job ended with %s", type(error).__name__)  # noqa: TRY400 - a trace may quote the file
            self._end(job, JobState.FAILED)
            return
        with self._lock:
            carried = self._carried.get(job)
            if carried is None:
                return
            carried.left -= 1
            carried.spoiled += spoiled(verdict)
            last = carried.left == 0
            if last:
                del self._carried[job]
        if last and self._store.end(job, JobState.DONE):
            self._quota.give_back(carried.taken, carried.spoiled)

    def _end(self, job: UUID, state: JobState) -> None:
        with self._lock:  # Of two files that break at once, one ends the job and gives back what it took.
            ended = self._store.end(job, state)
            carried = self._carried.pop(job, None)
        self._scratch.forget(job)
        if ended and carried is not None and state is JobState.FAILED:
            self._quota.give_back(carried.taken, carried.taken.count)

    def _is_over(self, ended_at: dt.datetime | None) -> bool:
        return ended_at is not None and self._now() - ended_at >= dt.timedelta(seconds=KEPT_SECONDS)

    def _sweep_for_ever(self) -> None:
        while not self._closed.wait(SWEEPING_SECONDS):
            try:
                self.sweep()
            except Exception as error:
                _logger.error("sweeping the scratch space failed: %s", type(error).__name__)  # noqa: TRY400


def refused(error: HostileArchive) -> Refusal:
    """The answer to an archive that is not taken."""
    return Refusal(problems.ARCHIVE_REFUSED, reason=error.reason, entry=error.entry)


def _waiting(file: ArchivedFile, language: Language) -> _Waiting:
    return _Waiting(name=file.name, language=language, receipt=file.receipt, data=file.data)


def _digest_row(sha256: str, verdict: Verdict) -> dict[str, Any]:
    """A verdict from a digest, in short: what is still open is named by its code, and is never left out."""
    told = verdict.to_dict()
    names = (
        "standing",
        "conclusion",
        "unit",
        "school_year",
        "anchored_at",
        "recalled_at",
        "recall_reason",
        "replaced_by",
    )
    return {
        "sha256": sha256,
        "issued": _ISSUED.get(_code(verdict) or ""),
        **{name: told[name] for name in names},
        "school": verdict.school,
        "judged_at": told["judged_at"],
        "doubts": [found.code for found in verdict.findings if found.outcome in _DOUBTFUL],
    }


_ISSUED = {
    findings.BYTES_ISSUED.code: True,
    findings.BYTES_RENEWAL_LISTED.code: True,
    findings.BYTES_NOT_ISSUED.code: False,
}
"""Whatever else the ledger said is neither yes nor no."""
_DOUBTFUL = frozenset({Outcome.FAILED, Outcome.UNKNOWN})


def _code(verdict: Verdict) -> str | None:
    found = verdict.finding(Check.BYTES)
    return None if found is None else found.code


def _chain_unreached(verdict: Verdict) -> bool:
    return any(found.code == findings.CHAIN_UNREACHABLE.code for found in verdict.findings)
