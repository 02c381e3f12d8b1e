# SPDX-License-Identifier: Apache-2.0

"""Intake: files that loop, eat memory, crash or lie cost one answer each, and nothing more."""

import functools
import logging
import multiprocessing
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from verifier_api.intake import ALARM_GRACE_SECONDS, Exhausted, IsolatedExaminer, Shortage, UnsafeInProcessExaminer

MEMORY = 400_000_000


def behave(data: bytes) -> object:  # noqa: C901, PLR0911, PLR0912 - one case for each trick
    """Does to its process what a hostile file would. Runs in the worker."""
    match data:
        case b"loop":
            while True:
                pass
        case b"loop in C":
            return sum(range(10**15))
        case b"eat memory":
            return [bytearray(50_000_000) for _ in range(100)]
        case b"die":
            os._exit(3)
        case b"leave as if all were well":
            os._exit(0)
        case b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"recurse":
            return behave(data)
        case b"raise":
            raise LookupError("Nguyễn Văn An, 10 điểm")
        case b"ignore everything":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                pass
        case b"who":
            return os.getpid()
        case b"limits":
            return resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_CORE)
        case b"unpicklable":
            return threading.Lock()
        case _:
            return len(data)
    return None


@pytest.fixture(scope="module")
def examiner():
    with IsolatedExaminer(behave, workers=1, examination_seconds=3.0, memory_bytes=MEMORY) as examiner:
        yield examiner


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie that waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("data", "shortage"),
    [
        (b"loop", Shortage.TIME),
        (b"loop in C", Shortage.TIME),
        (b"ignore everything", Shortage.TIME),
        (b"leave as if all were well", Shortage.TIME),
        (b"eat memory", Shortage.MEMORY),
        (b"recurse", Shortage.MEMORY),
        (b"die", Shortage.CRASHED),
        (b"crash", Shortage.CRASHED),
        (b"raise", Shortage.CRASHED),
        (b"unpicklable", Shortage.CRASHED),
    ],
)
def test_a_hostile_file_costs_one_answer_and_the_next_file_gets_its_own(examiner, data, shortage):
    with pytest.raises(Exhausted) as caught:
        examiner.examine(data)
    assert caught.value.shortage is shortage
    assert examiner.examine(b"12345") == 5


def test_exhausted_speaks_both_languages(examiner):
    with pytest.raises(Exhausted) as caught:
        examiner.examine(b"die")
    assert "tệp" in caught.value.vi
    assert "file" in caught.value.en


def test_a_worker_has_its_limits_and_dumps_no_core(examiner):
    assert examiner.examine(b"limits") == ((MEMORY, MEMORY), (0, 0))


def test_a_file_of_the_largest_size_gets_through(examiner):
    assert examiner.examine(bytes(20_000_000)) == 20_000_000


def test_what_a_worker_raises_is_logged_by_kind_and_never_by_its_words(examiner, caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(Exhausted) as caught:
        examiner.examine(b"raise")
    assert "LookupError" in caplog.text
    assert "Nguyễn" not in caplog.text
    assert caught.value.__cause__ is None


def test_the_file_is_looked_at_in_another_process(examiner):
    assert examiner.examine(b"who") != os.getpid()


def test_idle_workers_that_are_killed_are_replaced_unnoticed(examiner):
    first = examiner.examine(b"who")
    os.kill(first, signal.SIGKILL)
    second = examiner.examine(b"who")
    assert second != first


def test_a_looping_file_does_not_keep_another_from_its_answer():
    with IsolatedExaminer(behave, workers=2, examination_seconds=3.0, memory_bytes=MEMORY) as examiner:
        examiner.examine(b"warm")
        caught = []

        def hang():
            try:
                examiner.examine(b"loop")
            except Exhausted as error:
                caught.append(error.shortage)

        thread = threading.Thread(target=hang)
        thread.start()
        assert [examiner.examine(b"x" * length) for length in range(5)] == list(range(5))
        assert thread.is_alive()
        thread.join()
    assert caught == [Shortage.TIME]


def test_who_waits_too_long_for_a_worker_is_told_that_it_was_busy():
    with IsolatedExaminer(
        behave, workers=1, examination_seconds=30.0, waiting_seconds=1.0, memory_bytes=MEMORY
    ) as examiner:
        with pytest.raises(Exhausted) as caught:
            examiner.examine(b"loop")
        assert caught.value.shortage is Shortage.BUSY


def test_close_kills_a_worker_at_work_and_sends_its_file_away():
    examiner = IsolatedExaminer(behave, workers=1, examination_seconds=60.0, memory_bytes=MEMORY)
    pid = examiner.examine(b"who")
    caught = []
    started = threading.Event()

    def hang():
        started.set()
        try:
            examiner.examine(b"loop")
        except Exhausted as error:
            caught.append(error.shortage)

    thread = threading.Thread(target=hang)
    thread.start()
    started.wait()
    before = time.monotonic()
    examiner.close()
    thread.join()
    assert caught == [Shortage.CLOSED]
    assert not alive(pid)
    assert time.monotonic() - before < 20
    assert [child for child in multiprocessing.active_children() if child.pid == pid] == []


def test_a_closed_examiner_refuses_and_closes_again_without_complaint():
    examiner = IsolatedExaminer(behave, workers=1, memory_bytes=MEMORY)
    examiner.close()
    examiner.close()
    with pytest.raises(Exhausted) as caught:
        examiner.examine(b"12345")
    assert caught.value.shortage is Shortage.CLOSED


ABANDON = """
import os, signal, sys, threading
from test_intake import behave
from verifier_api.intake import IsolatedExaminer
examiner = IsolatedExaminer(behave, workers=1, examination_seconds=0.2)
print(examiner.examine(b"who"), flush=True)
threading.Thread(target=examiner.examine, args=(b"loop in C",), daemon=True).start()
sys.stdin.read()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_at_work_does_not_outlive_a_server_that_was_killed_by_much():
    command = [sys.executable, "-c", ABANDON]
    with subprocess.Popen(command, cwd=Path(__file__).parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        worker = os.pidfd_open(int(server.stdout.readline()))
        server.stdin.close()
        server.wait(30)
    ended = select.poll()
    ended.register(worker, select.POLLIN)
    assert ended.poll(1000 * (ALARM_GRACE_SECONDS + 10))
    os.close(worker)


def test_a_worker_function_may_carry_its_settings_along():
    with IsolatedExaminer(functools.partial(int.from_bytes, byteorder="big"), workers=1, memory_bytes=MEMORY) as it:
        assert it.examine(b"\x01\x00") == 256


def test_the_unsafe_examiner_runs_right_here():
    assert UnsafeInProcessExaminer(behave).examine(b"who") == os.getpid()
