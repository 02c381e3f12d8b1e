# SPDX-License-Identifier: Apache-2.0

"""The `hocba` command on PostgreSQL: the environment names the database, and everything else is as on SQLite."""

import pytest

from ledger.record.sheets.class_sheet import read_class
from ledger.store.reader import School
from scripts.cli import main
from scripts.compose import Ledger, public_reader
from scripts.sample_class import make_workbook
from scripts.settings import DATABASE_VARIABLE, Settings
from tests.simulators.databases import POSTGRESQL, empty_database_at

pytestmark = pytest.mark.skipif(not POSTGRESQL, reason="HOCBA_TEST_DATABASE is not postgresql")
YEAR = "2025-2026"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An installation over an empty database, whose address is written as people write it."""
    address = empty_database_at(tmp_path / "ledger.db")
    monkeypatch.setenv(DATABASE_VARIABLE, address.replace("postgresql+psycopg://", "postgresql://"))
    assert main(["init", str(tmp_path / "home"), "--tsa", "http://127.0.0.1:9/tsa"]) == 0
    return tmp_path / "home"


def test_init_makes_the_tables_there_and_no_file_here(home):
    assert not list(home.glob("*.sqlite*"))
    assert "postgresql+psycopg" not in (home / "hocba.toml").read_text()
    assert Ledger.open(Settings.load(home)).reader.schools() == []


def test_a_class_is_imported_and_the_public_service_reads_it(home, tmp_path):
    path = tmp_path / "9A1.xlsx"
    path.write_bytes(make_workbook(pupils=5))
    school = read_class(path.read_bytes(), file=path.name).draft.school
    ledger = Ledger.open(Settings.load(home))
    ledger.writer.register_school(
        School(school.code, school.name, school.authority_name, "moet", "0x" + "1" * 40, "2" * 64)
    )
    assert main(["import", str(path), "--home", str(home), "--synthetic"]) == 0
    assert len(ledger.reader.units(school_code=school.code, school_year=YEAR)) == 5
    assert [one.code for one in public_reader(Settings.load(home)).schools()] == [school.code]


def test_an_account_is_added_and_listed(home, capsys):
    assert main(["account", "add", "so.gd", "--display-name", "Sở", "--duty", "authority", "--home", str(home)]) == 0
    capsys.readouterr()
    assert main(["account", "list", "--home", str(home)]) == 0
    assert "so.gd" in capsys.readouterr().out


def test_a_server_that_is_not_there_is_said_in_words(home, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(DATABASE_VARIABLE, f"postgresql://nobody@/hocba?host={tmp_path}")
    assert main(["account", "list", "--home", str(home), "--lang", "en"]) != 0
    assert "cannot be reached" in " ".join(capsys.readouterr().err.split())
