# SPDX-License-Identifier: Apache-2.0

"""A worker that is killed in the middle of a class: the others go on, or the next to start, and no unit is done twice."""

import contextlib
import os
import signal
import threading
import time
from collections import Counter

import pytest

from ledger.jobs.board import JobBoard
from ledger.jobs.job import JobState, Told
from ledger.paper.moments import VIETNAM
from ledger.store.tables import FileRole
from ledger.unit import UnitState
from scripts.compose import Ledger
from scripts.settings import Settings
from tests.simulators.job_home import CLASS, new_home, start_worker, work
from tests.simulators.job_shop import (
    PATIENCE_SECONDS,
    Numbers,
    PostgresServer,
    at_work,
    finished,
    new_database,
    postgres,
)
from tests.simulators.school_ledger import NOON

PUPILS = 36


@pytest.fixture(scope="module")
def server():
    with postgres() as uri:
        yield uri


@pytest.fixture
def home(request, tmp_path):
    """Jobs on SQLite, unless the test names PostgreSQL."""
    jobs = new_database(request.getfixturevalue("server")) if getattr(request, "param", None) == "postgresql" else None
    new_home(tmp_path / "home", jobs, pupils=PUPILS)
    return tmp_path / "home"


@pytest.fixture
def started():
    workers = []

    def start(home):
        workers.append(start_worker(home))
        return workers[-1]

    yield start
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            worker.kill()
        worker.wait()


class Class:
    """What the ledger says of the class, and what the job does."""

    def __init__(self, home):
        self.ledger = Ledger.open(Settings.load(home))
        self.board = JobBoard.at(self.ledger.settings.jobs)
        (school,) = self.ledger.reader.schools()
        (one,) = self.ledger.signing_reader.classes(school_code=school.code)
        order = {"school": school.code, "year": one.school_year, "class": CLASS}
        self.job_id = self.board.order("prepare", order | {"planned": NOON.astimezone(VIETNAM).isoformat()})
        self.where = {"school_code": school.code, "school_year": one.school_year}

    def prepared(self):
        return self.ledger.reader.units(**self.where, states=[UnitState.SIGNING])

    def wait_for(self, many):
        until = time.monotonic() + PATIENCE_SECONDS
        while len(self.prepared()) < many:
            assert time.monotonic() < until
            time.sleep(0.02)

    def assert_each_was_done_once(self):
        job, outcomes = self.board.job(self.job_id), list(self.board.outcomes(self.job_id))
        told = Counter(outcome.told for _, outcome in outcomes)
        assert (job.state, job.total, job.refused) == (JobState.DONE, PUPILS, 0)
        # Of a unit that was in hand, its worker may have died before it could say so: it is found done.
        assert told[Told.DONE] + told[Told.ALREADY] == PUPILS
        assert told[Told.ALREADY] <= 1
        units = self.prepared()
        assert sorted(unit for unit, _ in outcomes) == sorted(str(unit.id) for unit in units)
        assert len(units) == PUPILS
        for unit in units:
            assert self.ledger.files.get(unit.file(FileRole.PDF).sha256).startswith(b"%PDF")


@pytest.mark.slow
def test_the_next_worker_to_start_goes_on_where_the_killed_one_was(home, started):
    one = Class(home)
    first = started(home)
    one.wait_for(7)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    done_by_first = len(one.prepared())
    assert 7 <= done_by_first < PUPILS
    assert one.board.job(one.job_id).state is JobState.RUNNING
    work(home)
    one.assert_each_was_done_once()


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_a_worker_beside_the_killed_one_takes_its_work_over(home, started):
    one = Class(home)
    beside = threading.Thread(target=work, args=(home,))
    first = started(home)
    one.wait_for(1)
    beside.start()
    until = time.monotonic() + PATIENCE_SECONDS
    while len(one.board.in_hand()) < 2 and beside.is_alive():
        assert time.monotonic() < until
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert len(one.prepared()) < PUPILS
    beside.join(PATIENCE_SECONDS)
    one.assert_each_was_done_once()


@pytest.mark.slow
def test_a_database_that_goes_away_and_comes_back_costs_nothing():
    deed, server = Numbers(seconds=0.02), PostgresServer()
    try:
        with JobBoard.at(server.url) as board, at_work(server.url, numbers=deed):
            job_id = board.order("numbers", {"many": str(PUPILS)})
            until = time.monotonic() + PATIENCE_SECONDS
            while len(deed.did) < 7:
                assert time.monotonic() < until
                time.sleep(0.01)
            server.stop()
            time.sleep(1)  # The unit in hand is done, and cannot be noted.
            server.start()
            job = finished(board, job_id)
    finally:
        server.remove()
    assert (job.state, job.done + job.already, job.refused) == (JobState.DONE, PUPILS, 0)
    assert len(deed.did) == len(set(deed.did)) == PUPILS
