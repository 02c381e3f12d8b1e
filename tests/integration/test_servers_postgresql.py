# SPDX-License-Identifier: Apache-2.0

"""`hocba desk` and `hocba serve` as people start them, on PostgreSQL: the desk as its owner, the public service as a role that reads."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.engine import URL

from ledger.desk.passwords import Passwords
from ledger.desk.visits import CSRF_FIELD
from ledger.duty import Duty
from ledger.store.accounts import Accounts
from ledger.store.database import open_for_reading
from ledger.store.reader import Reader, Unit
from scripts.settings import DATABASE_VARIABLE, DEFAULT_WORKERS, SETTINGS_FILE, TEMPLATE
from tests.simulators.anchoring_world import World
from tests.simulators.databases import POSTGRESQL
from tests.simulators.operating_page import NAME, READER, made_by_the_page
from tests.simulators.school_ledger import NOON, SCHOOL, YEAR, SchoolLedger, digest, school

pytestmark = pytest.mark.skipif(not POSTGRESQL, reason="HOCBA_TEST_DATABASE is not postgresql")

ROOT = Path(__file__).parents[2]
UP_SECONDS, DOWN_SECONDS = 60, 30
NOBODY = "http://127.0.0.1:9/"
PASSWORD = "một mật khẩu đủ dài"


@dataclass(frozen=True)
class Installation:
    """A ledger with one anchored unit in the database that the operating page makes."""

    home: Path
    owner: URL
    reader: URL
    unit: Unit
    receipt: bytes


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("home")
    trust = home / "trust"
    trust.mkdir()
    registry = {"chain_id": 1, "address": "0x" + "a" * 40, "code_hash": "0x" + "b" * 64, "confirmations": 1}
    (trust / "trust.json").write_text(
        json.dumps({"registry": registry, "rpc": [NOBODY], "hierarchies": {}, "roles": {}})
    )
    with made_by_the_page() as (owner, reader):
        place = home / "database"
        place.write_text(owner.render_as_string(hide_password=False))
        ledger = SchoolLedger.at(place)
        ledger.writer.register_school(school())
        (unit,) = ledger.issued(1)
        world = World(ledger)
        world.seal()
        world.finish()
        accounts = Accounts(ledger.engine, now=lambda: NOON)
        accounts.add("van.thu", display_name="Văn thư Hoa", school_code=SCHOOL, duties=[Duty.CLERK])
        accounts.set_password("van.thu", Passwords().hash(PASSWORD))
        receipt = ledger.reader.receipt_of_unit(unit.id).receipt
        ledger.engine.dispose()
        yield Installation(home, owner, reader, unit, receipt)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: str, installation: Installation, database: URL) -> Iterator[str]:
    """One of the servers, as a process of its own; its address, once it answers. It ends in order, by itself, when it is told."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    settings = TEMPLATE.format(
        public_url=base, desk_url=base, tsa=NOBODY, location="Hải Phòng", workers=DEFAULT_WORKERS
    )
    (installation.home / SETTINGS_FILE).write_text(settings, encoding="utf-8")
    words = [sys.executable, "-m", "scripts", command, "--home", str(installation.home), "--port", str(port)]
    environment: Mapping[str, str] = {
        **os.environ,
        DATABASE_VARIABLE: database.set(drivername="postgresql").render_as_string(hide_password=False),
    }
    with subprocess.Popen(
        words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            until = time.monotonic() + UP_SECONDS
            while not answers(base):
                assert process.poll() is None, process.stdout.read().decode()
                assert time.monotonic() < until, "not up in time"
                time.sleep(0.1)
            yield base
            process.terminate()
            assert process.wait(DOWN_SECONDS) == 0, process.stdout.read().decode()
        finally:
            process.kill()


def answers(base: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(base.rpartition(":")[2]))) == 0


def users_of(installation: Installation) -> set[str]:
    """Who is connected to the ledger's database."""
    with psycopg.connect(installation.owner.set(drivername="postgresql").render_as_string(hide_password=False)) as mine:
        query = "SELECT usename FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        return {name for (name,) in mine.execute(query, [NAME])}


def test_the_public_service_answers_as_a_role_that_only_reads(installation):
    unit, pdf = installation.unit, next(file.sha256 for file in installation.unit.files if file.role.value == "pdf")
    with running("serve", installation, installation.reader) as base, httpx.Client(base_url=base, timeout=30) as client:
        page = client.get(f"/q/{unit.id}")
        assert page.status_code == 200
        assert (SCHOOL in page.text, YEAR in page.text) == (True, True)
        assert client.get(f"/v1/receipts/{pdf}").content == installation.receipt
        assert client.get(f"/v1/units/{unit.id}").json()["unit"] == str(unit.id)
        assert client.get(f"/v1/receipts/{digest('nobody')}").status_code == 404
        legs = client.get("/healthz").json()
        assert (legs["ledger"], legs["workers"], legs["chain"]) == ("up", "up", "down")
        assert users_of(installation) == {READER}
        assert not (installation.home / "hocba.sqlite").exists()


def test_that_role_cannot_sign_anybody_in(installation):
    """It can read no account: a desk that is started with it by mistake opens nothing."""
    address = installation.reader.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as mine, pytest.raises(InsufficientPrivilege):
        mine.execute("SELECT name FROM account")


def test_that_role_sees_how_far_the_journal_has_come_and_nothing_that_it_says(installation):
    address = installation.reader.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as mine:
        heads = [head for (head,) in mine.execute("SELECT hash FROM journal")]
        engine = open_for_reading(address)
        assert Reader(engine).has_head(heads[-1])
        engine.dispose()
        with pytest.raises(InsufficientPrivilege):
            mine.execute("SELECT why FROM journal")


def test_a_clerk_signs_in_at_the_desk(installation):
    with running("desk", installation, installation.owner) as base, httpx.Client(base_url=base, timeout=30) as client:
        form = client.get("/dang-nhap")
        token = re.search(rf'name="{CSRF_FIELD}" value="([^"]+)"', form.text)[1]
        fields = {CSRF_FIELD: token, "ten": "van.thu", "tiep": "/"}
        wrong = client.post("/dang-nhap", data={**fields, "mat-khau": "không phải"}, headers={"Origin": base})
        assert wrong.status_code == 401
        right = client.post("/dang-nhap", data={**fields, "mat-khau": PASSWORD}, headers={"Origin": base})
        assert (right.status_code, right.headers["location"]) == (303, "/")
        home = client.get("/")
        assert (home.status_code, "Văn thư Hoa" in home.text) == (200, True)
        assert users_of(installation) == {NAME}
