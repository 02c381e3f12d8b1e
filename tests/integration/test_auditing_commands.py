# SPDX-License-Identifier: Apache-2.0

"""`hocba audit`, `hocba export` and `hocba restore` as an operator runs them, on a small ledger with real records in it."""

import json
import shutil
from pathlib import Path

import bagit
import pytest

from ledger.record.digest import record_digest
from ledger.stamping import Stamping
from ledger.store.class_import import Draft
from ledger.store.database import open_for_writing
from ledger.store.reader import NewFile
from ledger.store.tables import FileRole
from ledger.unit import Role, Slot
from scripts.cli import main
from scripts.commands.terminal import EXIT_FAILED, EXIT_OK, EXIT_UNKNOWN, EXIT_USAGE
from scripts.settings import SETTINGS_FILE, TEMPLATE
from tests.simulators.anchoring_world import World
from tests.simulators.audited_world import tamper
from tests.simulators.databases import (
    DAMAGES,
    INSTALLED,
    copy_database,
    copy_folder,
    damage_database,
    database_at,
    installed,
)
from tests.simulators.root_stamper import SimulatedStamper
from tests.simulators.school_ledger import NOON, SEAL, SchoolLedger, digest, manifest_of, unit_id

XML = (Path(__file__).parents[1] / "vectors" / "record" / "hocba-0.xml").read_bytes()
PDF = b"%PDF-1.7 of record "
SECRET_NODE = "http://an.le:topsecret@127.0.0.1:9/v3/topsecret?key=topsecret"


def made(home: Path) -> None:
    """An installation with two anchored records, each with real files, and a trust folder."""
    home.mkdir()
    text = TEMPLATE.format(
        public_url="http://127.0.0.1:8000", desk_url="http://127.0.0.1:8001", tsa="http://tsa", location="VN", workers=1
    )
    (home / SETTINGS_FILE).write_text(text, encoding="utf-8")
    ledger = SchoolLedger.created(home)
    world = World(ledger)
    numbers = (1, 2)
    for number in numbers:
        _issue(ledger, number)
    world.seal()
    world.finish()
    stamping = Stamping(ledger.errands, ledger.errand_writer)
    assert len(list(stamping.stamp(SimulatedStamper(), stamping.waiting()))) == 1
    ledger.engine.dispose()
    copy_database(ledger.path, home / INSTALLED)
    ledger.path.unlink()
    installed(home, copied=True)
    trust = home / "trust"
    trust.mkdir()
    pin = {"chain_id": 31337, "address": "0x" + "c0" * 20, "code_hash": "0x" + "cc" * 32, "confirmations": 3}
    settings = {"registry": pin, "rpc": [SECRET_NODE], "hierarchies": {}, "roles": {}}
    (trust / "trust.json").write_text(json.dumps(settings))


def _issue(ledger: SchoolLedger, number: int) -> None:
    xml = XML + b"\n" * number
    source = ledger.files.put(XML)
    draft = Draft(unit_id(number), f"{number:010d}", number, digest("record", number), source)
    sheet = ledger.files.put(b"sheet")
    ledger.import_class([draft], name=f"9A{number}", sheet_sha256=sheet)
    pdf = ledger.files.put(PDF + str(number).encode())
    files = (
        NewFile(sha256=pdf, size=len(PDF) + 1),
        NewFile(sha256=ledger.files.put(xml), size=len(xml)),
    )
    ledger.writer.begin_signing(
        draft.unit_id,
        source_sha256=source,
        record_sha256=record_digest(xml).hex(),
        template="unit_v1.typ",
        pdf=files[0],
        xml=files[1],
    )
    for position, role in enumerate((Role.PRINCIPAL, Role.SEAL)):
        ledger.writer.add_signature(
            draft.unit_id,
            slot=Slot(role),
            position=position,
            cert_sha256=SEAL,
            signed_at=NOON,
            replaced={FileRole.PDF: files[0].sha256, FileRole.XML: files[1].sha256},
            pdf=files[0],
            xml=files[1],
        )
    unit = ledger.reader.unit(draft.unit_id)
    ledger.writer.issue(
        unit.id,
        manifest=manifest_of(unit, files[0]).canonical(),
        replaced={role: unit.file(role).sha256 for role in FileRole},
        pdf=files[0],
        xml=files[1],
    )


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("installation") / "home"
    made(home)
    return home


@pytest.fixture
def home(installation, tmp_path) -> Path:
    return installed(copy_folder(installation, tmp_path / "home", database=INSTALLED), copied=True)


def run(*words: object) -> int:
    return main([str(word) for word in words])


def changed(home: Path, statement: str, **values: object) -> None:
    ledger = SchoolLedger(home / INSTALLED, None)  # type: ignore[arg-type]
    ledger.__dict__["engine"] = engine = open_for_writing(database_at(home / INSTALLED))
    tamper(ledger, statement, **values)
    engine.dispose()


def findings(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_sound_ledger_has_nothing_to_report(home, capsys):
    assert run("audit", "--home", home, "--offline") == EXIT_OK
    assert "Không thiếu, không thừa, không sai khác" in capsys.readouterr().out


def test_the_same_for_machines(home, capsys):
    assert run("audit", "--home", home, "--offline", "--json") == EXIT_OK
    assert findings(capsys) == [{"summary": {"error": 0, "warning": 0, "unchecked": 0, "info": 0}}]


def test_a_finding_is_told_with_what_was_found_what_was_expected_and_what_to_do(home, capsys):
    changed(home, "UPDATE unit SET record_sha256 = 'ab' WHERE id = :unit", unit=unit_id(1).hex)
    assert run("audit", "--home", home, "--offline", "--lang", "en") == EXIT_FAILED
    told = capsys.readouterr().out
    assert f"✗ unit {unit_id(1)} (unit.record): The digest of the record is not the one that was issued" in told
    assert f"[found: ab, expected: {record_digest(XML).hex()}]" in told
    assert "→ unit.record: Leave everything as it is" in told


def test_the_same_finding_for_machines(home, capsys):
    changed(home, "UPDATE unit SET record_sha256 = 'ab' WHERE id = :unit", unit=unit_id(1).hex)
    assert run("audit", "--home", home, "--offline", "--json") == EXIT_FAILED
    first, *_, last = findings(capsys)
    assert (first["code"], first["severity"], first["subject"]) == ("unit.record", "error", f"unit {unit_id(1)}")
    assert last["summary"]["error"] == 2


def kept(home: Path, sha256: str) -> Path:
    return home / "files" / sha256[:2] / sha256


def xml_of(home: Path) -> str:
    return SchoolLedger(home / "x", None).files.put(XML + b"\n")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mutation", "code"),
    [
        (lambda path: path.unlink(), "file.missing"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"8", b"9", 1)), "file.damaged"),
        (lambda path: path.write_bytes(b""), "file.damaged"),
    ],
)
def test_a_file_that_is_not_as_it_was_is_found(home, capsys, mutation, code):
    mutation(kept(home, xml_of(home)))
    assert run("audit", "--home", home, "--offline", "--json") == EXIT_FAILED
    assert {each["code"] for each in findings(capsys)[:-1]} == {code}
    assert run("audit", "--home", home, "--offline", "--files") == EXIT_FAILED


def test_a_file_of_another_size_than_the_ledger_says_is_found(home, capsys):
    changed(home, "UPDATE unit_file SET size = 1 WHERE sha256 = :sha", sha=xml_of(home))
    assert run("audit", "--home", home, "--offline", "--json") == EXIT_FAILED
    assert {each.get("code") for each in findings(capsys)} == {"unit.files", "file.size", None}


def test_a_file_that_cannot_be_read_could_not_be_checked(home, capsys):
    path = kept(home, xml_of(home))
    path.unlink()
    path.mkdir()
    assert run("audit", "--home", home, "--offline", "--json") == EXIT_UNKNOWN
    assert {each["code"] for each in findings(capsys)[:-1]} == {"file.unreadable"}


def test_a_changed_mark_under_a_digest_that_was_made_to_fit_is_found(home, capsys):
    files = SchoolLedger(home / "x", None).files  # type: ignore[arg-type]
    before = xml_of(home)
    forged = files.put((XML + b"\n").replace(b"<TEN_HOC_SINH>", b"<TEN_HOC_SINH>X", 1).replace(b">9<", b">10<", 1))
    assert forged != before
    changed(home, "UPDATE unit_file SET sha256 = :forged WHERE sha256 = :before", forged=forged, before=before)
    assert run("audit", "--home", home, "--offline", "--json") == EXIT_FAILED
    assert {"file.record", "unit.files"} <= {each.get("code") for each in findings(capsys)}


def test_a_missing_file_does_not_show_where_only_digests_are_asked_for(home, capsys):
    kept(home, xml_of(home)).unlink()
    assert run("audit", "--home", home, "--chain", "--json") == EXIT_UNKNOWN
    assert [each["code"] for each in findings(capsys)[:-1]] == ["chain.unreachable"]


def test_a_node_that_is_down_is_neither_a_yes_nor_a_no(home, capsys):
    assert run("audit", "--home", home) == EXIT_UNKNOWN
    assert "? chain (chain.unreachable)" in capsys.readouterr().out


def test_an_outage_does_not_hide_a_finding(home):
    changed(home, "UPDATE unit SET record_sha256 = 'ab' WHERE id = :unit", unit=unit_id(1).hex)
    assert run("audit", "--home", home, "--chain") == EXIT_FAILED


def test_a_database_that_cannot_be_asked_could_not_be_checked(home):
    damage_database(home / INSTALLED, DAMAGES[-1])
    installed(home, copied=True)
    assert run("audit", "--home", home, "--offline") == EXIT_UNKNOWN


def test_offline_and_the_chain_exclude_one_another(home):
    assert run("audit", "--home", home, "--offline", "--chain") == EXIT_USAGE


def test_an_audit_says_nothing_on_standard_output_but_json(home, capsys):
    run("audit", "--home", home, "--offline", "--json")
    assert all(json.loads(line) for line in capsys.readouterr().out.splitlines())


def test_an_archive_leaves_and_comes_back_and_audits_clean(home, tmp_path, capsys):
    archive, anew = tmp_path / "archive", tmp_path / "anew"
    assert run("export", archive, "--home", home) == EXIT_OK
    bagit.Bag(str(archive)).validate()
    anew.mkdir()
    shutil.copy(home / SETTINGS_FILE, anew)
    installed(anew)
    shutil.copytree(archive / "data" / "trust", anew / "trust")
    assert run("restore", archive, "--home", anew) == EXIT_OK
    capsys.readouterr()
    assert run("audit", "--home", anew, "--offline", "--json") == EXIT_OK
    assert run("restore", archive, "--home", anew) == EXIT_FAILED


def test_no_secret_of_a_node_leaves(home, tmp_path):
    run("export", tmp_path / "archive", "--home", home)
    trust = json.loads((tmp_path / "archive" / "data" / "trust" / "trust.json").read_text())
    assert trust["rpc"] == ["http://127.0.0.1:9"]
    assert all(b"topsecret" not in path.read_bytes() for path in (tmp_path / "archive").rglob("*") if path.is_file())


def test_an_archive_of_nothing_is_refused(home, tmp_path):
    assert run("restore", tmp_path, "--home", home) == EXIT_FAILED
