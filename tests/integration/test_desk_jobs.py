# SPDX-License-Identifier: Apache-2.0

"""What a clerk orders for a class at the desk, done by the worker that runs beside it: the real board, the real processes."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.class_jobs import ClassJobs, Deed
from ledger.jobs.board import JobBoard
from ledger.jobs.job import JobState
from ledger.unit import UnitState
from scripts import working
from scripts.compose import Ledger
from scripts.working import Workers
from tests.simulators.job_home import CLASS, ROOT, new_home

PUPILS = 3
PATIENCE_SECONDS = 60
PLANNED = datetime(2026, 5, 31, 1, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path):
    return Ledger.open(new_home(tmp_path / "home", pupils=PUPILS))


def until(true):
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def children() -> list[int]:
    return [child.pid for child in multiprocessing.active_children() if child.name == "hocba-worker"]


def class_of(ledger):
    (school,) = ledger.reader.schools()
    return ledger.signing_reader.school_class(school_code=school.code, school_year="2025-2026", name=CLASS)


def test_a_class_that_is_ordered_is_done_and_its_progress_is_found_again(ledger):
    school_class, settings = class_of(ledger), ledger.settings
    with JobBoard.at(settings.jobs) as board:
        jobs = ClassJobs(board)
        assert jobs.progress(school_class, Deed.PREPARE, []) is None
        jobs.order(school_class, Deed.PREPARE, planned=PLANNED)
        jobs.order(school_class, Deed.PREPARE, planned=PLANNED)
        assert len(board.jobs()) == 1
        waiting = jobs.progress(school_class, Deed.PREPARE, [])
        assert (waiting.state, waiting.going, waiting.done) == (JobState.WAITING, True, 0)
        assert jobs.progress(school_class, Deed.ISSUE, []) is None
        with Workers(settings.home, 1):
            until(lambda: not jobs.progress(school_class, Deed.PREPARE, []).going)
        assert children() == []
        done = jobs.progress(school_class, Deed.PREPARE, [])
        assert (done.state, done.total, done.done, done.refused, done.problem) == (
            JobState.DONE,
            PUPILS,
            PUPILS,
            {},
            None,
        )
        assert ledger.reader.count_by_state() == {UnitState.SIGNING: PUPILS}
        # What has come to its end keeps nobody from ordering again.
        jobs.order(school_class, Deed.PREPARE, planned=PLANNED)
        assert len(board.jobs()) == 2


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced_and_the_class_is_done(ledger, monkeypatch):
    monkeypatch.setattr(working, "AGAIN_SECONDS", 0.1)
    school_class, settings = class_of(ledger), ledger.settings
    with JobBoard.at(settings.jobs) as board, Workers(settings.home, 1):
        jobs = ClassJobs(board)
        (first,) = children()
        os.kill(first, signal.SIGKILL)
        jobs.order(school_class, Deed.PREPARE, planned=PLANNED)
        until(lambda: not jobs.progress(school_class, Deed.PREPARE, []).going)
        assert children() != [first]
    assert ledger.reader.count_by_state() == {UnitState.SIGNING: PUPILS}


@pytest.mark.slow
def test_who_started_a_worker_is_killed_and_the_worker_ends(ledger):
    words = (
        "import sys, time, multiprocessing; from pathlib import Path; from scripts.working import Workers\n"
        "if __name__ == '__main__':\n"
        "    with Workers(Path(sys.argv[1]), 1):\n"
        "        print(multiprocessing.active_children()[0].pid, flush=True)\n"
        "        time.sleep(600)\n"
    )
    starts = ledger.settings.home / "starts.py"
    starts.write_text(words)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(starts), str(ledger.settings.home)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as desk:
        worker = int(desk.stdout.readline())
        presences = ledger.settings.home / "jobs.sqlite.workers"
        until(lambda: presences.is_dir() and any(presences.iterdir()))
        desk.kill()
    until(lambda: not alive(worker))
    assert list(presences.iterdir()) == []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
