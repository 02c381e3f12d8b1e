# SPDX-License-Identifier: Apache-2.0

"""Bulk work as durable jobs: seen while it runs, stopped after the unit in hand, resumed, overtaken, and gone on with by others."""

import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from ledger.jobs import engine
from ledger.jobs.board import JobBoard
from ledger.jobs.errors import NothingToResume, UnknownJob
from ledger.jobs.job import Job, JobState, Priority, Told
from ledger.jobs.worker import SHARE_UNITS
from tests.simulators.job_shop import Numbers, at_work, finished, new_database

# Not the simulators' noon: a file that leads to a ledger's database runs once more on PostgreSQL, and this one has both by itself.
NOON = datetime(2026, 5, 29, 12, tzinfo=UTC)
MANY = 60


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    return new_database(request.getfixturevalue("job_server"))


@pytest.fixture
def local(tmp_path):
    return f"sqlite:///{tmp_path / 'jobs.sqlite'}"


def in_order(many: int = MANY, name: str = "") -> list[str]:
    return [f"{name}{number}" for number in range(many)]


def test_every_unit_is_done_once_and_in_order_and_told(url):
    deed = Numbers(refuses=frozenset({"7"}))
    with JobBoard.at(url) as board:
        job_id = board.order("numbers", {"many": str(MANY)})
        assert board.job(job_id).state is JobState.WAITING
        with at_work(url, numbers=deed):
            job = finished(board, job_id)
        told = dict(board.outcomes(job_id))
    assert deed.did == [unit for unit in in_order() if unit != "7"]
    assert (job.state, job.planned, job.total) == (JobState.DONE, True, MANY)
    assert (job.done, job.already, job.refused) == (MANY - 1, 0, 1)
    assert list(told) == in_order()
    assert (told["7"].told, told["7"].vi, told["7"].en) == (Told.REFUSED, "Không được.", "It may not be.")


def test_progress_is_seen_while_it_runs_and_cancelling_stops_after_the_unit_in_hand(url):
    deed = Numbers(holds_at="25")
    with JobBoard.at(url) as board:
        job_id = board.order("numbers", {"many": str(MANY)})
        with at_work(url, numbers=deed):
            assert deed.held.wait(30)
            running = board.job(job_id)
            board.cancel(job_id)
            deed.goes_on.set()
        cancelled = board.job(job_id)
        assert (running.state, running.done, running.total) == (JobState.RUNNING, 25, MANY)
        assert running.remaining(running.began_at.replace(year=running.began_at.year + 1)) is not None
        assert cancelled.state is JobState.CANCELLED
        assert deed.did == in_order(26)

        assert board.resume(job_id) == job_id
        with at_work(url, numbers=deed):
            job = finished(board, job_id)
        # The unit that was in hand is asked for again, and found done.
        assert (job.state, job.done, job.already) == (JobState.DONE, MANY - 1, 1)
        assert deed.did == in_order()
        with pytest.raises(NothingToResume):
            board.resume(job_id)


def test_a_single_request_is_not_behind_a_citys_night_run(url):
    deed, many = Numbers(holds_at="night5"), 5 * SHARE_UNITS
    with JobBoard.at(url) as board:
        night = board.order("numbers", {"many": str(many), "name": "night"}, priority=Priority.NIGHT)
        with at_work(url, numbers=deed):
            assert deed.held.wait(30)
            parent = board.order("numbers", {"many": "2", "name": "parent"}, priority=Priority.URGENT)
            while not board.job(parent).planned:
                pass
            deed.goes_on.set()
            finished(board, parent)
            finished(board, night)
    before = deed.did.index("parent0")
    # The share in hand, and the one that the worker held already.
    assert 6 <= before <= 2 * SHARE_UNITS
    assert len(deed.did) == many + 2


def test_what_was_refused_is_tried_again_by_resuming_a_finished_job(local):
    deed = Numbers(refuses=frozenset({"1"}))
    with JobBoard.at(local) as board, at_work(local, numbers=deed):
        job_id = board.order("numbers", {"many": "4"})
        finished(board, job_id)
        deed.refuses = frozenset()
        again = board.resume(job_id)
        job = finished(board, again)
    assert again != job_id
    assert (job.done, job.already, job.refused) == (1, 3, 0)
    assert deed.did == ["0", "2", "3", "1"]


def test_a_worker_that_is_asked_to_stop_ends_after_the_unit_in_hand_and_another_release_goes_on(local):
    """The upgrade: what runs meanwhile is other code under the same names, which by DBOS's own reckoning is another version."""

    class NewRelease(Numbers):
        def do(self, order, unit, /):
            self.did.append(f"new {unit}")
            return super().do(order, unit)

    old, new = Numbers(holds_at="30"), NewRelease()
    with JobBoard.at(local) as board:
        job_id = board.order("numbers", {"many": str(MANY)})
        with at_work(local, numbers=old) as stop:
            assert old.held.wait(30)
            stop.set()
            old.goes_on.set()
        assert old.did == in_order(31)
        assert board.job(job_id).state is JobState.RUNNING
        with at_work(local, numbers=new):
            job = finished(board, job_id)
    assert (job.state, job.done) == (JobState.DONE, MANY)
    assert [unit for unit in new.did if not unit.startswith("new")] == in_order()[31:]


def test_rate_and_remaining_time_are_told_of_what_runs_and_is_planned():
    running = Job(
        id="numbers-1",
        kind="numbers",
        order={},
        priority=Priority.NORMAL,
        state=JobState.RUNNING,
        planned=True,
        total=100,
        done=18,
        already=1,
        refused=1,
        created_at=NOON,
        began_at=NOON,
        ended_at=None,
        problem=None,
    )
    later = NOON + timedelta(seconds=10)
    assert (running.rate(later), running.remaining(later)) == (2.0, timedelta(seconds=40))
    assert running.rate(NOON) is None
    assert replace(running, planned=False).remaining(later) is None
    ended = replace(running, state=JobState.CANCELLED, ended_at=NOON + timedelta(seconds=5))
    assert (ended.rate(later), ended.remaining(later)) == (4.0, None)


def test_an_order_of_an_unknown_kind_fails_and_says_which_there_are(local):
    with JobBoard.at(local) as board, at_work(local, numbers=Numbers()):
        job = finished(board, board.order("letters", {}))
    assert job.state is JobState.FAILED
    assert "letters" in job.problem[0]
    assert "numbers" in job.problem[1]


def test_jobs_that_ended_long_ago_are_forgotten_with_their_shares_and_others_are_not(url):
    long_ago, tomorrow = NOON.replace(year=2000), datetime.now(UTC) + timedelta(days=1)
    with JobBoard.at(url) as board:
        with at_work(url, numbers=Numbers()):
            ended = board.order("numbers", {"many": "25"})
            finished(board, ended)
        waiting = board.order("numbers", {"many": "2"})
        assert board.forget(ended_before=long_ago) == 0
        assert len(list(board.outcomes(ended))) == 25
        assert board.forget(ended_before=tomorrow) == 1
        assert [job.id for job in board.jobs()] == [waiting]
        with pytest.raises(UnknownJob):
            board.job(ended)
    database = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with database.connect() as connection:
        table = "workflow_status" if database.dialect.name == "sqlite" else "dbos.workflow_status"
        assert connection.execute(text(f"SELECT workflow_uuid FROM {table}")).scalars().all() == [waiting]
    database.dispose()


def test_nobody_knows_a_job_that_was_never_ordered(local):
    with JobBoard.at(local) as board:
        for ask in (board.job, board.cancel, board.resume):
            with pytest.raises(UnknownJob):
                ask("numbers-0000")


def test_a_worker_opens_no_port_and_asks_nobody(local, monkeypatch):
    """On SQLite there is nobody to talk to: no conductor, no telemetry, no page for administrators."""
    monkeypatch.setenv("DBOS_CONDUCTOR_KEY", "a key that nobody gave us")
    with JobBoard.at(local) as board:
        before = sockets()
        with at_work(local, numbers=Numbers()):
            finished(board, board.order("numbers", {"many": "4"}))
            during = sockets()
    assert during - before == set()


def sockets() -> set[str]:
    """The network sockets of this process, by the kernel's tables."""
    held = set()
    for place in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            held.add(str(place.readlink()))
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        rows = [line.split() for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]]
        found |= {f"{table} {row[1]}" for row in rows if f"socket:[{row[9]}]" in held}
    return found


def test_what_is_stored_is_json_and_bears_our_version(local, tmp_path):
    with JobBoard.at(local) as board, at_work(local, numbers=Numbers()):
        finished(board, board.order("numbers", {"many": "4"}))
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as connection:
        rows = connection.execute("SELECT serialization, application_version FROM workflow_status").fetchall()
        journal = connection.execute("PRAGMA journal_mode").fetchone()
    assert {*rows} == {("portable_json", engine.VERSION)}
    assert journal == ("wal",)
