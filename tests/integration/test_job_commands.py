# SPDX-License-Identifier: Apache-2.0

"""`hocba jobs` and `hocba work`, as people type them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.unit import UnitState
from scripts.cli import main
from scripts.commands.work import Kind
from scripts.compose import Ledger
from scripts.deeds import Deeds
from scripts.settings import Settings
from tests.simulators.job_home import ROOT, new_home

PUPILS = 3


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path / "home", pupils=PUPILS).home


def said(capsys, *words: str, status: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert main(list(words)) == status
    told = capsys.readouterr()
    return told.out, told.err


def test_a_job_is_ordered_worked_off_and_shown(home, capsys):
    where = ("--home", str(home))
    assert "Chưa có việc" in said(capsys, "jobs", *where)[0]
    job_id = json.loads(said(capsys, "jobs", "add", "prepare", "--year", "2025-2026", *where, "--json")[0])["id"]
    (waiting,) = json.loads(said(capsys, "jobs", *where, "--json")[0])
    assert (waiting["id"], waiting["state"], waiting["turn"], waiting["planned"]) == (
        job_id,
        "waiting",
        "normal",
        False,
    )
    said(capsys, "work", "--once", *where)
    (done,) = json.loads(said(capsys, "jobs", *where, "--json")[0])
    assert (done["state"], done["total"], done["done"], done["refused"]) == ("done", PUPILS, PUPILS, 0)
    shown = said(capsys, "jobs", *where, "--lang", "en", "--watch")[0]
    assert f"{PUPILS}/{PUPILS}" in shown
    lines = said(capsys, "jobs", "show", job_id, *where, "--json")[0].splitlines()
    assert [json.loads(line)["told"] for line in lines] == ["done"] * PUPILS
    assert "không có gì để làm tiếp" in said(capsys, "jobs", "resume", job_id, *where, status=1)[1]


def test_a_job_that_waits_can_be_cancelled_and_resumed(home, capsys):
    where = ("--home", str(home))
    job_id = json.loads(said(capsys, "jobs", "add", "prepare", "--year", "2025-2026", *where, "--json")[0])["id"]
    assert json.loads(said(capsys, "jobs", "cancel", job_id, *where, "--json")[0])["state"] == "cancelled"
    said(capsys, "work", "--once", *where)
    assert Ledger.open(Settings.load(home)).reader.count_by_state() == {UnitState.DRAFT: PUPILS}
    assert "goes on" in said(capsys, "jobs", "resume", job_id, *where, "--lang", "en")[0]
    assert json.loads(said(capsys, "jobs", *where, "--json")[0])[0]["state"] == "waiting"


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (("prepare",), "--year"),
        (("verify",), "--folder"),
        (("issue", "--year", "2025-2026", "--class", "9A1"), "--school"),
    ],
)
def test_an_order_that_lacks_something_is_refused_and_says_what(home, capsys, words, needed):
    told = said(capsys, "jobs", "add", *words, "--home", str(home), status=1)[1]
    assert needed in told
    assert said(capsys, "jobs", "--home", str(home), "--json")[0] == "[]\n"


def test_an_order_for_a_class_that_is_not_there_fails_and_show_says_why(home, capsys):
    where = ("--home", str(home))
    order = ("--year", "2025-2026", "--class", "9Z", "--school", "31999599")
    job_id = json.loads(said(capsys, "jobs", "add", "issue", *order, *where, "--json")[0])["id"]
    said(capsys, "work", "--once", *where)
    assert "Chưa có lớp 9Z" in said(capsys, "jobs", "show", job_id, *where, status=1)[1]


def test_what_can_be_ordered_is_what_there_is_a_deed_for(home):
    with Deeds(Ledger.open(Settings.load(home))) as deeds:
        assert {*deeds.by_kind} == {kind.value for kind in Kind}


@pytest.mark.slow
def test_several_processes_end_together_when_nothing_is_left(home, capsys):
    said(capsys, "jobs", "add", "prepare", "--year", "2025-2026", "--home", str(home))
    command = [sys.executable, "-m", "scripts", "work", "--once", "-n", "2", "--home", str(home)]
    assert subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode == 0
    assert Ledger.open(Settings.load(home)).reader.count_by_state() == {UnitState.SIGNING: PUPILS}
    assert list(Path(f"{home}/jobs.sqlite.workers").iterdir()) == []


def test_the_jobs_of_many_machines_are_where_the_environment_says(home, monkeypatch):
    assert Settings.load(home).jobs == f"sqlite:///{home.absolute()}/jobs.sqlite"
    monkeypatch.setenv("HOCBA_JOBS", "postgresql://jobs@db/jobs")
    assert Settings.load(home).jobs == "postgresql://jobs@db/jobs"


@pytest.mark.parametrize(
    "jobs", ["postgresql://hocba:geheim@127.0.0.1:9/jobs", "sqlite:////nowhere/jobs.sqlite", "what"]
)
def test_jobs_that_cannot_be_reached_are_told_without_the_password(home, capsys, monkeypatch, jobs):
    monkeypatch.setenv("HOCBA_JOBS", jobs)
    told, complained = said(capsys, "jobs", "--home", str(home), "--json", status=1)
    assert told == ""
    assert "HOCBA_JOBS" in complained
    assert "geheim" not in complained
