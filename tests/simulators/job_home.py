# SPDX-License-Identifier: Apache-2.0

"""An installation with an imported class and jobs to do to it, and a worker over it that is a process of its own.

python -m tests.simulators.job_home HOME        is that process: `hocba work --once`, without the command line's imports
"""

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from ledger.jobs.worker import Worker
from ledger.record.check import CheckOptions, check_workbook
from ledger.store.reader import School
from ledger.unit import MOET
from scripts.compose import Ledger
from scripts.deeds import Deeds
from scripts.sample_class import make_workbook
from scripts.settings import DEFAULT_WORKERS, SETTINGS_FILE, TEMPLATE, Settings
from tests.simulators.databases import installed

ROOT = Path(__file__).parents[2]
NOBODY = "http://127.0.0.1:9/"
CLASS = "9A1"


def new_home(folder: Path, jobs: str | None = None, *, pupils: int) -> Settings:
    """A home with one class of drafts; its jobs are in `jobs`, or beside it."""
    folder.mkdir()
    text = TEMPLATE.format(
        public_url=NOBODY, desk_url="http://127.0.0.1:8001", tsa=NOBODY, location="Hải Phòng", workers=DEFAULT_WORKERS
    )
    if jobs is not None:
        text = text.replace('jobs = "sqlite:///jobs.sqlite"', f'jobs = "{jobs}"')
    (folder / SETTINGS_FILE).write_text(text, encoding="utf-8")
    ledger = Ledger.open(settings := Settings.load(installed(folder)))
    source = make_workbook(grade=9, class_name=CLASS, pupils=pupils, seed=11)
    options = CheckOptions(allow_synthetic_province=True)
    sheet = check_workbook(source, file=f"{CLASS}.xlsx", options=options).class_sheet
    school = School(sheet.school.code, sheet.school.name, "Sở", MOET.name, "0x" + "11" * 20, "00" * 32)
    ledger.writer.register_school(school)
    ledger.importing.carry_out(ledger.importing.plan(sheet), source=source)
    return settings


def start_worker(home: Path) -> subprocess.Popen[bytes]:
    """A worker in a process of its own."""
    return subprocess.Popen([sys.executable, "-m", "tests.simulators.job_home", str(home)], cwd=ROOT)


def work(home: Path, *, adopt_seconds: float = 0.2) -> None:
    """Works in this process until nothing is left, whoever does it."""
    settings = Settings.load(home)
    with (
        Deeds(Ledger.open(settings)) as deeds,
        Worker(settings.jobs, deeds.by_kind, name=uuid4().hex, adopt_seconds=adopt_seconds) as worker,
    ):
        worker.run(once=True)


if __name__ == "__main__":
    work(Path(sys.argv[1]))
