# SPDX-License-Identifier: Apache-2.0

"""Intake: hostile bytes are looked at elsewhere, within bounds, and cost one answer at most.

Parsers of PDF and XML can be made to loop, to eat memory, or to crash. So whatever looks into a file runs in a worker process:

* a worker has a limit on its address space and on the time that one file may take;
* a worker that is out of memory, out of time, or dead is replaced, and its file ends as `Exhausted`, which the verifier turns
  into a finding (UNKNOWN, never red nor green);
* a pool that breaks as a whole (its idle workers were killed, say) is replaced once for the file that noticed.

What this does not do: it is no jail. A worker runs as the same user as the server, and its answer comes back through pickle;
bytes that take over a parser have taken over more than one answer. Run the verifier in a container of its own, without keys.

Nothing of a file is written: workers leave no core dump, and what is logged about a failure is its kind, never its words, which
may quote the file.

Example::

    with IsolatedExaminer(functools.partial(examine, roots=trust.roots)) as examiner:
        examination = examiner.examine(data)
"""

import functools
import gc
import logging
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from enum import StrEnum
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from verifier_api.errors import VerifierError

Seen = TypeVar("Seen")
Worker = Callable[[bytes], Seen]
"""Looks into one file. Must be picklable, as it travels to the worker processes: a module's function, or a partial of one."""

MAX_FILE_BYTES = 20_000_000
"""A unit's PDF has 0.2 to 1 MB with its signatures, a booklet of twelve years with scanned signatures under 10 MB."""

EXAMINATION_SECONDS = 15.0
"""For one file, from when a worker takes it up. A genuine one takes half a second, on a busy machine a few."""

WAITING_SECONDS = 60.0
"""For one file in all, waiting for a free worker included: longer than any browser's user waits."""

WORKER_MEMORY_BYTES = 800_000_000
"""Address space of one worker. Measured: 90 MB before the first file, 112 MB after a genuine PDF with three signatures."""

FILES_PER_WORKER = 1_000
"""Then a worker is replaced, so that what native parsers leak stays bounded."""

COLLECT_EVERY = (50_000, 20, 50)
"""When a worker looks for cycles in its memory. Python's own rhythm spends a third of a file's time walking through modules that
never end; so what is imported is frozen, and looked at no more. What a file leaves behind stays within the worker's limit."""

DEFAULT_WORKERS = 2

ALARM_GRACE_SECONDS = 5.0
"""How long after its time is up a worker that nobody has stopped is ended by the kernel: its server was killed, say."""

OUT_OF_MEMORY = 77
"""A worker's exit code: it hit its memory limit. It does not go on, since a heap that was full once soon is again."""

_logger = logging.getLogger(__name__)


class Shortage(StrEnum):
    """What a file ran out of, or what became of its worker."""

    TIME = "time"
    MEMORY = "memory"
    CRASHED = "crashed"
    """The worker died, or what it ran raised something that it should not."""
    BUSY = "busy"
    """No worker was free in time; says nothing about the file."""
    CLOSED = "closed"
    """The examiner has been closed: the server is going down."""


class Exhausted(VerifierError):
    """A file could not be looked at within the bounds. Nothing is known about it."""

    def __init__(self, shortage: Shortage) -> None:
        super().__init__(
            "Chưa kiểm tra xong tệp này trong giới hạn thời gian và bộ nhớ. Hãy dùng tệp gốc hoặc thử lại sau.",
            "The file could not be examined within the limits of time and memory. Use the original, or try again later.",
        )
        self.shortage = shortage


class IsolatedExaminer(Generic[Seen]):
    """Runs `worker` on files in separate processes. `examine` may be called from many threads at once.

    Guarantees that `examine` returns or raises `Exhausted` within `waiting_seconds` and a little, whatever the file does to its
    worker, and that `close` leaves no worker behind. Does not guarantee that two files never share a process, one after the
    other.
    """

    def __init__(
        self,
        worker: Worker[Seen],
        *,
        workers: int = DEFAULT_WORKERS,
        examination_seconds: float = EXAMINATION_SECONDS,
        waiting_seconds: float = WAITING_SECONDS,
        memory_bytes: int = WORKER_MEMORY_BYTES,
    ) -> None:
        self._new_crew = functools.partial(
            _Crew,
            worker,
            workers=workers,
            examination_seconds=examination_seconds,
            waiting_seconds=waiting_seconds,
            memory_bytes=memory_bytes,
        )
        self._lock = threading.Lock()
        self._closed = False
        self._crew: _Crew[Seen] = self._new_crew()

    def examine(self, data: bytes) -> Seen:
        """What `worker` returns for `data`. Raises `Exhausted`, and nothing else."""
        crew = self._crew
        try:
            return crew.examine(data)
        except BrokenProcessPool:
            pass
        try:
            return self._crew_after(crew).examine(data)
        except BrokenProcessPool:
            raise _noted(Shortage.CRASHED) from None

    def stands(self) -> bool:
        """Whether there are workers that take files."""
        return not self._closed and self._crew.stands()

    def close(self) -> None:
        """Stops all workers, whatever they are doing; files still being looked at end as `Exhausted`. Safe to repeat."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._crew.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _crew_after(self, broken: "_Crew[Seen]") -> "_Crew[Seen]":
        """The crew to ask once `broken` turned out to be of no use. Raises `Exhausted` when the examiner was closed."""
        with self._lock:
            if self._closed:
                raise Exhausted(Shortage.CLOSED)
            if self._crew is broken:  # Otherwise another thread has replaced it already.
                _logger.warning("the examining workers broke down together and are replaced")
                broken.stop()
                self._crew = self._new_crew()
            return self._crew


class _Crew(Generic[Seen]):
    """One pool of worker processes, and the files that wait for it. Of no use any more once it broke or was stopped."""

    def __init__(
        self,
        worker: Worker[Seen],
        *,
        workers: int,
        examination_seconds: float,
        waiting_seconds: float,
        memory_bytes: int,
    ) -> None:
        self._examination_seconds = examination_seconds
        self._waiting_seconds = waiting_seconds
        self._stopped = False
        self._waiting: set[threading.Event] = set()
        self._pool = ProcessPool(
            max_workers=workers,
            max_tasks=FILES_PER_WORKER,
            initializer=_prepare,
            initargs=(worker, memory_bytes, examination_seconds + ALARM_GRACE_SECONDS),
            # A forked child would inherit the server's sockets, locks held by other threads, and its memory.
            context=multiprocessing.get_context("spawn"),
        )
        # Asking starts the workers, so that the first file does not wait for their imports.
        self._pool.active  # noqa: B018

    def examine(self, data: bytes) -> Seen:
        """One attempt. Raises `Exhausted`, or `BrokenProcessPool` when the pool as a whole is of no use."""
        ended = threading.Event()
        self._waiting.add(ended)
        try:
            future: ProcessFuture[Seen] = self._pool.schedule(_examine, args=(data,), timeout=self._examination_seconds)
            # Not `result(timeout)`: its TimeoutError could not be told from that of the examination. And a pool that is
            # stopped leaves its futures as they are, so `stop` has to wake us, too.
            future.add_done_callback(lambda _: ended.set())
            ended.wait(self._waiting_seconds)
            if future.done():
                return _outcome(future)
            if self._stopped:
                raise BrokenProcessPool
            future.cancel()  # type: ignore[no-untyped-call]
            raise _noted(Shortage.BUSY)
        except (
            RuntimeError
        ) as error:  # What a pool says that was stopped, or broke earlier; and `BrokenProcessPool` is one.
            raise BrokenProcessPool from error
        finally:
            self._waiting.discard(ended)

    def stands(self) -> bool:
        """Whether it takes files."""
        return not self._stopped and bool(self._pool.active)

    def stop(self) -> None:
        """Kills the workers and sends everybody away who waits for them."""
        self._stopped = True
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()
        for ended in tuple(self._waiting):
            ended.set()


def _outcome(future: ProcessFuture[Seen]) -> Seen:
    """What a future that is done came to. Raises `Exhausted`, or `BrokenProcessPool`."""
    try:
        return future.result()
    except TimeoutError:
        raise _noted(Shortage.TIME) from None
    except (MemoryError, RecursionError):
        raise _noted(Shortage.MEMORY) from None
    except ProcessExpired as error:
        raise _noted(Shortage.MEMORY if error.exitcode == OUT_OF_MEMORY else Shortage.CRASHED) from None
    except BrokenProcessPool:
        raise
    except Exception as error:
        # A bug in what looks into files. It must not cost more than this answer, and its words may quote the file.
        _logger.error("the examining worker raised %s", type(error).__name__)  # noqa: TRY400 - a trace would quote it
        raise Exhausted(Shortage.CRASHED) from None


class UnsafeInProcessExaminer(Generic[Seen]):
    """Runs `worker` right here: no bound on time or memory, and a crash takes the program along. For tests only."""

    def __init__(self, worker: Worker[Seen]) -> None:
        self._worker = worker

    def examine(self, data: bytes) -> Seen:
        """What `worker` returns for `data`."""
        return self._worker(data)

    def stands(self) -> bool:
        """There is nothing that could fall."""
        return True

    def close(self) -> None:
        """Nothing to stop."""


_worker: Worker[object] | None = None
"""In a worker process: what to run on each file. Set once by `_prepare`, so that it does not travel with every file."""


_alarm_seconds = ALARM_GRACE_SECONDS


def _prepare(worker: Worker[object], memory_bytes: int, alarm_seconds: float) -> None:
    """Runs in a new worker process. Importing `worker`'s module, the slow part, has happened by the time it is unpickled."""
    global _worker, _alarm_seconds  # noqa: PLW0603 - a process of its own, and these are its settings
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # A core dump would write a pupil's record to disk.
    _worker = worker
    _alarm_seconds = alarm_seconds
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_EVERY)


def _examine(data: bytes) -> Any:  # noqa: ANN401 - whatever the prepared worker returns
    if _worker is None:
        raise RuntimeError("the worker process was not prepared")
    # Nobody handles this signal, so the kernel ends the process even where the interpreter is stuck in C code.
    signal.setitimer(signal.ITIMER_REAL, _alarm_seconds)
    try:
        return _worker(data)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _noted(shortage: Shortage) -> Exhausted:
    _logger.warning("a file exhausted its worker: %s", shortage.value)
    return Exhausted(shortage)
