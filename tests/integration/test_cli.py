# SPDX-License-Identifier: Apache-2.0

"""The `hocba` command in process: what it says, what it leaves alone, and the status it ends with."""

import dataclasses
import json
from io import BytesIO
from pathlib import Path
from uuid import UUID

import openpyxl
import pytest

from ledger.record.sheets.class_sheet import read_class
from ledger.store.reader import School, Unit
from ledger.unit import UnitKind, UnitState
from scripts import workday
from scripts.cli import main
from scripts.compose import Ledger
from scripts.sample_class import Edit, make_workbook
from scripts.settings import Settings, UnusableSettings
from tests.simulators.databases import installed

YEAR = "2025-2026"
FAULTS = {
    "missing sheet": ({"without_sheets": ["Kết quả"]}, {"sheet": "Kết quả"}),
    "missing column": ({"edits": [Edit("Học kỳ I", 0, "Toán", None)]}, {"sheet": "Học kỳ I", "column": "Toán"}),
    "mark of 10.4": (
        {"edits": [Edit("Học kỳ I", 20, "Toán", 10.4)]},
        {"sheet": "Học kỳ I", "column": "Toán", "stt": 20},
    ),
    "no such date": ({"edits": [Edit("Học sinh", 20, "Ngày sinh", "31/02/2011")]}, {"column": "Ngày sinh", "stt": 20}),
}


@pytest.fixture
def home(tmp_path, capsys):
    folder = tmp_path / "home"
    assert main(["init", str(folder), "--tsa", "http://127.0.0.1:9/tsa"]) == 0
    capsys.readouterr()
    return installed(folder)


@pytest.fixture
def ledger(home):
    return Ledger.open(Settings.load(home))


def sheet(tmp_path, **options):
    path = tmp_path / "lop.xlsx"
    path.write_bytes(make_workbook(**options))
    return path


def school_of(path, capsys):
    main(["check", str(path), "--json", "--synthetic"])
    capsys.readouterr()
    return read_class(path.read_bytes(), file=path.name).draft.school


def registered(ledger, path, capsys):
    school = school_of(path, capsys)
    ledger.writer.register_school(
        School(school.code, school.name, school.authority_name, "moet", "0x" + "1" * 40, "2" * 64)
    )
    return school.code


def test_init_does_not_replace_what_is_there(home):
    before = (home / "hocba.toml").read_bytes()
    assert main(["init", str(home), "--tsa", "http://127.0.0.1:9/other"]) == 3
    assert (home / "hocba.toml").read_bytes() == before


def test_a_good_class_is_imported_whole_and_again(home, ledger, tmp_path, capsys):
    path = sheet(tmp_path)
    code = registered(ledger, path, capsys)
    for _ in range(2):
        assert main(["import", str(path), "--home", str(home), "--synthetic"]) == 0
        assert len(ledger.reader.units(school_code=code, school_year=YEAR)) == 42


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_class_is_refused_with_its_place_and_nothing_is_imported(home, ledger, tmp_path, capsys, fault):
    good = sheet(tmp_path)
    code = registered(ledger, good, capsys)
    options, place = FAULTS[fault]
    path = sheet(tmp_path, **options)
    assert main(["import", str(path), "--home", str(home), "--synthetic", "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    errors = [finding for finding in printed["findings"] if finding["severity"] == "error"]
    assert any(all(finding[key] == value for key, value in place.items()) for finding in errors)
    assert all(finding["message"] for finding in errors)
    assert ledger.reader.units(school_code=code, school_year=YEAR) == []


def test_all_faults_are_told_at_once(tmp_path, capsys):
    edits = [Edit("Học kỳ I", 20, "Toán", 10.4), Edit("Học sinh", 21, "Ngày sinh", "31/02/2011")]
    assert main(["check", str(sheet(tmp_path, edits=edits)), "--json", "--synthetic"]) == 1
    found = {
        (f["stt"], f["column"]) for f in json.loads(capsys.readouterr().out)["findings"] if f["severity"] == "error"
    }
    assert {(20, "Toán"), (21, "Ngày sinh")} <= found


def test_two_pupils_with_one_code_are_refused(tmp_path, capsys):
    path = sheet(tmp_path)
    book = openpyxl.load_workbook(path)
    page = book["Học sinh"]
    rows = [row for row in page.iter_rows(min_row=6) if isinstance(row[0].value, int)]
    rows[20][1].value = rows[19][1].value
    out = BytesIO()
    book.save(out)
    path.write_bytes(out.getvalue())
    assert main(["check", str(path), "--json", "--synthetic"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert any(f["rule"] == "ID-12" and f["column"] == "Mã học sinh" for f in findings)


def test_check_keeps_its_json_keys(tmp_path, capsys):
    assert main(["check", str(sheet(tmp_path, edits=[Edit("Học kỳ I", 20, "Toán", 10.4)])), "--json"]) == 1
    finding = json.loads(capsys.readouterr().out)["findings"][0]
    keys = {"rule", "severity", "sheet", "row", "stt", "column", "pupil", "found", "expected", "article", "message"}
    assert set(finding) == keys


def test_an_unregistered_school_is_named(home, tmp_path, capsys):
    assert main(["import", str(sheet(tmp_path)), "--home", str(home), "--synthetic"]) == 1
    assert "hocba school" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["no-such-command"],
        ["verify"],
        ["verify", "--no-such-option"],
        ["verify", "no-such-file.pdf"],
        ["verify", "--receipt", "no-such-receipt.json"],
        ["verify", "no-such-*.pdf"],
        ["verify", "a" * 64, "--json", "--csv"],
        ["verify", "a" * 64, "--combinations", "c.csv"],
        ["verify", "a" * 64, "--at", "tomorrow"],
        ["check", "--lang", "fr", "x"],
    ],
)
def test_wrong_use_is_three(words):
    assert main(words) == 3


def test_a_missing_trust_folder_is_named_with_a_remedy(tmp_path, capsys):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    assert main(["verify", str(tmp_path / "a.pdf")]) == 3
    assert "trust.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("public_url = 5", "public_url"),
        ("workers = 0\n[signing]\ntsa='http://x'\nlocation='y'", "workers"),
        ("[signing]\ntsa='ftp://x'\nlocation='y'", "signing.tsa"),
        ("colour = 'red'\n[signing]\ntsa='http://x'\nlocation='y'", "colour"),
        ("database = 'mysql://h/d'\n[signing]\ntsa='http://x'\nlocation='y'", "postgresql://"),
        ("database = 'ledger'\n[signing]\ntsa='http://x'\nlocation='y'", "no address"),
        ("this is not toml", "at line 1"),
    ],
)
def test_settings_that_make_no_sense_are_named(tmp_path, text, problem):
    (tmp_path / "hocba.toml").write_text(text)
    with pytest.raises(UnusableSettings) as raised:
        Settings.load(tmp_path)
    assert problem in raised.value.en
    assert raised.value.vi != raised.value.en


def test_the_environment_names_another_database_and_nothing_else(home, monkeypatch):
    said = Settings.load(home)
    monkeypatch.setenv("HOCBA_DATABASE", "sqlite:///other.sqlite")
    assert Settings.load(home) == said.model_copy(update={"database": f"sqlite:///{home}/other.sqlite"})
    monkeypatch.setenv("HOCBA_DATABASE", "")
    assert Settings.load(home) == said


def test_init_with_words_that_make_no_sense_leaves_nothing(tmp_path, capsys):
    home = tmp_path / "home"
    assert main(["init", str(home), "--tsa", "nonsense"]) == 3
    assert "signing.tsa" in capsys.readouterr().err
    assert main(["init", str(home), "--tsa", "http://127.0.0.1:9/tsa", "--location", 'Trường "A"\\B']) == 0
    assert Settings.load(home).signing.location == 'Trường "A"\\B'


@pytest.mark.parametrize("name", ["9.1", "9/2", "../../evil", "9A1"])
def test_files_are_handed_out_under_names_that_are_no_paths(name):
    unit = dataclasses.replace(UNIT, class_name=name)
    handed = workday.hand_out_name(unit)
    assert Path("out") / f"{handed}.pdf" == Path("out", f"{handed}.pdf")
    assert (Path("out") / f"{handed}.pdf").parent == Path("out")
    assert workday.hand_out_name(dataclasses.replace(unit, stt=2)) != handed


UNIT = Unit(
    id=UUID(int=0),
    school_code="79000501",
    school_year=YEAR,
    level="THCS",
    class_name="9A1",
    kind=UnitKind.UNIT,
    stt=1,
    pupil_code="1",
    state=UnitState.ANCHORED,
    record_sha256="",
    source_sha256="",
    template=None,
    subjects=frozenset(),
    manifest=None,
    replaces=None,
    files=(),
    signatures=(),
)
