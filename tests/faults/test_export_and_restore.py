# SPDX-License-Identifier: Apache-2.0

"""A ledger leaves as an archive that anybody can check, and comes back from it after its database was destroyed."""

import copy
import hashlib
import json
import shutil
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import bagit
import pytest

from ledger.bag import BagReader, BagWriter, UnusableArchive
from ledger.errors import LedgerError, UnknownSchool
from ledger.exporting import Exporting, NotWhole
from ledger.journal import breaks
from ledger.proof.receipt import Receipt
from ledger.restoring import NotEmpty, Restoring
from ledger.store.account_tables import AccountRow
from ledger.store.database import migrate, open_for_writing
from ledger.store.files import FolderFiles
from ledger.store.row_files import LEFT_OUT, archived_tables, lines_of
from ledger.store.tables import Base
from scripts.receipt_folder import ReceiptFolder
from tests.simulators.anchoring_world import World
from tests.simulators.audited_world import RECALLED, copied, eventful, findings, with_files
from tests.simulators.databases import empty_database_at
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate
from tests.simulators.school_ledger import OTHER_SCHOOL, SCHOOL, SchoolLedger

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
TRUST = [("trust.json", b"{}")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return with_files(eventful(tmp_path_factory.mktemp("eventful")))


@pytest.fixture(scope="module")
def archive(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "whole"
    list(exporting(world).export(path, now=NOON, trust=TRUST))
    return path


@pytest.fixture
def own(world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same world, to be changed."""
    return copied(world, tmp_path_factory.mktemp("own") / "copy")


def exporting(world: World, files: FolderFiles | None = None) -> Exporting:
    return Exporting(world.ledger.engine, files or world.ledger.files)


def restored(archive: Path, folder: Path, fate: Fate | None = None) -> World:
    folder.mkdir(exist_ok=True)
    ledger = SchoolLedger(folder / "ledger.db", fate or Fate())
    list(Restoring(BagReader(archive), ledger.engine, ledger.files).restore())
    return World(ledger, chain=None)


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# Out.


def test_any_bagit_tool_finds_the_archive_whole(archive):
    bagit.Bag(str(archive)).validate()


def test_any_bagit_tool_finds_a_change_in_it(archive, tmp_path):
    changed = Path(shutil.copytree(archive, tmp_path / "changed"))
    with next((changed / "data" / "units").rglob("*.pdf")).open("ab") as file:
        file.write(b" ")
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(changed)).validate()


def test_each_anchored_record_lies_beside_its_files(archive, world):
    receipts = list((archive / "data" / "units").rglob("*.receipt.json"))
    assert len(receipts) == 7
    for path in receipts:
        manifest = Receipt.parse(path.read_bytes()).manifest
        assert path.name == f"{manifest.id}.receipt.json"
        xml = path.with_name(f"{manifest.id}.xml").read_bytes()
        assert world.ledger.files.put(xml) == manifest.files[1].sha256
        assert path.with_name(f"{manifest.id}.pdf").is_file()


def test_whoever_verifies_a_folder_of_it_finds_the_receipt_of_each_file_there(archive):
    folders = {path.parent for path in (archive / "data" / "units").rglob("*.receipt.json")}
    receipts = ReceiptFolder(sorted(folders))
    for pdf in (path for folder in folders for path in folder.glob("*.xml")):
        entry = receipts.receipt_of_file(hashlib.sha256(pdf.read_bytes()).hexdigest())
        assert (str(entry.unit_id) == pdf.stem) if entry else not pdf.with_suffix(".receipt.json").exists()


def test_every_file_that_a_row_names_is_in_it(archive, world):
    held = {path.name for path in (archive / "data" / "files").rglob("*") if path.is_file()}
    held |= {world.ledger.files.put(path.read_bytes()) for path in (archive / "data" / "units").rglob("*.*")}
    said = "".join(path.read_text() for path in (archive / "data" / "ledger").glob("*.jsonl"))
    rows = [json.loads(line) for line in said.splitlines()]
    for column in ("source_sha256", "sheet_sha256", "confirmation_sha256", "pdf_before", "xml_before"):
        assert {row[column] for row in rows if row.get(column)} <= held
    assert {row["sha256"] for row in rows if "sha256" in row} <= held


def test_no_account_and_no_password_leaves(own, tmp_path):
    with own.ledger.engine.begin() as connection:
        connection.execute(
            AccountRow.__table__.insert().values(
                name="an.le", display_name="Lê An", password_hash="$argon2id$secret", made_at=NOON
            )
        )
    list(exporting(own).export(tmp_path / "out", now=NOON))
    assert "account" in LEFT_OUT
    assert not (tmp_path / "out" / "data" / "ledger" / "account.jsonl").exists()
    assert all(b"argon2id" not in path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())


def test_every_table_is_archived_or_left_out_on_purpose():
    assert {table.name for table in archived_tables()} | LEFT_OUT == set(Base.metadata.tables)


def test_what_each_line_holds_is_written_down(archive):
    said = json.loads((archive / "data" / "ledger" / "schema.json").read_text())
    for table, columns in said.items():
        for line in (archive / "data" / "ledger" / f"{table}.jsonl").read_text().splitlines():
            assert json.loads(line).keys() == columns.keys()


def test_an_archive_is_never_written_over(archive, world):
    before = names(archive)
    with pytest.raises(Exception, match="exists"):
        list(exporting(world).export(archive, now=NOON))
    assert names(archive) == before


def test_a_file_that_is_missing_leaves_no_archive(world, tmp_path):
    with pytest.raises(NotWhole):
        list(exporting(world, FolderFiles(tmp_path / "nothing")).export(tmp_path / "out", now=NOON))
    assert list(tmp_path.iterdir()) == []


class MortalFiles:
    """Files whose reader dies with one of them."""

    def __init__(self, files: FolderFiles, fate: Fate) -> None:
        self._files = files
        self._fate = fate

    def get(self, sha256: str) -> bytes:
        self._fate.step("get")
        return self._files.get(sha256)


@pytest.mark.parametrize("step", [1, 9, 30, 60])
def test_killed_in_the_middle_an_export_leaves_nothing_in_its_place_and_starts_again(archive, world, tmp_path, step):
    with pytest.raises(Killed):
        list(exporting(world, MortalFiles(world.ledger.files, Fate(dies_at=step))).export(tmp_path / "out", now=NOON))
    assert not (tmp_path / "out").exists()
    list(exporting(world).export(tmp_path / "out", now=NOON, trust=TRUST))
    assert names(tmp_path / "out") == names(archive)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


# One school.


def test_one_schools_archive_has_its_own_rows_and_of_others_nothing(own, tmp_path):
    own.ledger.drafts(1, school_code=OTHER_SCHOOL, first=90)
    list(exporting(own).export(tmp_path / "other", now=NOON, school_code=OTHER_SCHOOL))
    bagit.Bag(str(tmp_path / "other")).validate()
    folder = tmp_path / "other" / "data" / "ledger"
    rows = {path.stem: [json.loads(line) for line in path.read_text().splitlines()] for path in folder.glob("*.jsonl")}
    assert {row["code"] for row in rows["school"]} == {OTHER_SCHOOL}
    assert {row["school_code"] for row in rows["unit"]} == {OTHER_SCHOOL}
    assert rows["leaf"] == rows["recall"] == []
    told = [row for row in rows["journal"] if "deed" in row]
    assert not any(SCHOOL in row["subject"] for row in told)
    assert f"school {OTHER_SCHOOL}" in {row["subject"] for row in told}


def test_in_one_schools_archive_the_journal_is_still_one_chain(world, tmp_path):
    list(exporting(world).export(tmp_path / "one", now=NOON, school_code=SCHOOL))
    lines = (tmp_path / "one" / "data" / "ledger" / "journal.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert all(after["previous"] == before["hash"] for before, after in pairwise(entries))
    assert entries[-1]["hash"] == world.ledger.journal.head().hex()
    assert any("deed" not in entry for entry in entries)
    assert f"unit {RECALLED}" in {entry.get("subject") for entry in entries}


def test_one_schools_archive_makes_no_ledger(world, tmp_path):
    list(exporting(world).export(tmp_path / "one", now=NOON, school_code=SCHOOL))
    with pytest.raises(UnusableArchive):
        restored(tmp_path / "one", tmp_path / "anew")


def test_a_school_that_is_not_here_cannot_be_exported(world):
    with pytest.raises(UnknownSchool):
        exporting(world).count("00000000")


# And back.


def rows_of(ledger: SchoolLedger) -> dict[str, list[str]]:
    from sqlalchemy.orm import Session  # noqa: PLC0415 - one place

    with Session(ledger.engine) as session:
        return {table.name: list(lines_of(session, table)) for table in archived_tables()}


def test_a_ledger_whose_database_was_destroyed_comes_back_and_audits_clean(world, tmp_path):
    list(exporting(world).export(tmp_path / "backup", now=NOON))
    before, kept = rows_of(world.ledger), set(names(world.ledger.path.parent / "files"))
    back = restored(tmp_path / "backup", tmp_path / "anew")
    assert rows_of(back.ledger) == before
    assert names(tmp_path / "anew" / "files") <= kept
    back.chain = world.chain
    assert findings(back) == []
    assert list(breaks(back.ledger.journal.entries())) == []


def test_a_restored_ledger_goes_on(archive, world, tmp_path):
    back = restored(archive, tmp_path / "anew")
    back.chain = copy.deepcopy(world.chain)
    back.ledger.issued(1, first=60)
    back.seal()
    back.finish()
    assert findings(back) == []


def test_a_ledger_that_has_rows_is_not_restored_into(archive, tmp_path):
    ledger = SchoolLedger.created(tmp_path)
    before = ledger.rows()
    with pytest.raises(NotEmpty):
        restored(archive, tmp_path)
    assert ledger.rows() == before


def test_tables_of_another_version_are_not_restored_into(archive, tmp_path):
    migrate(open_for_writing(empty_database_at(tmp_path / "ledger.db")), "0005")
    with pytest.raises(NotEmpty):
        restored(archive, tmp_path)


def test_empty_tables_of_the_same_version_are_restored_into(archive, world, tmp_path):
    migrate(open_for_writing(empty_database_at(tmp_path / "ledger.db")))
    back = restored(archive, tmp_path)
    assert back.ledger.rows()["school"]


def changed(archive: Path, folder: Path, change) -> Path:
    other = Path(shutil.copytree(archive, folder / "changed"))
    change(other)
    return other


def altered(other: Path) -> None:
    path = other / "data" / "ledger" / "unit.jsonl"
    path.write_text(path.read_text().replace('"stt": 1,', '"stt": 2,'))


def missing(other: Path) -> None:
    next(path for path in (other / "data" / "files").rglob("*") if path.is_file()).unlink()


def too_many(other: Path) -> None:
    (other / "data" / "ledger" / "account.jsonl").write_text("{}")


def shorter_list(other: Path) -> None:
    path = other / "manifest-sha256.txt"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def other_info(other: Path) -> None:
    path = other / "bag-info.txt"
    path.write_text(path.read_text().replace("2026-07-01", "2026-07-02"))


def no_list(other: Path) -> None:
    (other / "manifest-sha256.txt").unlink()


def leads_out(other: Path) -> None:
    path = other / "manifest-sha256.txt"
    path.write_text(path.read_text() + f"{'00' * 32}  data/../../../etc/passwd\n")


def other_format(other: Path) -> None:
    path = other / "bag-info.txt"
    path.write_text(path.read_text().replace("hocba-export/1", "hocba-export/9"))


@pytest.mark.parametrize(
    "change", [altered, missing, too_many, shorter_list, other_info, no_list, leads_out, other_format]
)
def test_an_archive_that_is_not_as_it_left_is_refused_before_anything_is_written(archive, tmp_path, change):
    other = changed(archive, tmp_path, change)
    with pytest.raises(UnusableArchive):
        restored(other, tmp_path / "anew")
    assert not (tmp_path / "anew" / "files").exists()


def test_killed_at_any_step_a_restore_leaves_an_empty_ledger_and_starts_again(archive, world, tmp_path):
    steps = Fate()
    whole = restored(archive, tmp_path / "first", steps)
    expected = rows_of(whole.ledger)
    for step in range(1, len(steps.log) + 1, max(1, len(steps.log) // 12)):
        folder = tmp_path / f"killed at {step}"
        with pytest.raises(Killed):
            restored(archive, folder, Fate(dies_at=step))
        again = restored(archive, folder) if not _done(folder) else World(SchoolLedger(folder / "ledger.db", Fate()))
        assert rows_of(again.ledger) == expected


def _done(folder: Path) -> bool:
    """Killed after the last commit, all of it is there."""
    ledger = SchoolLedger(folder / "ledger.db", Fate())
    try:
        return bool(ledger.reader.schools())
    except Exception:  # there are no tables yet
        return False


def test_two_exports_to_one_place_do_not_mix(tmp_path):
    place = tmp_path / "archive"
    with BagWriter(place) as first:
        first.add("a", b"a")
        with pytest.raises(LedgerError, match="Another process"), BagWriter(place):
            pass
        first.add("b", b"b")
        first.finish({}, now=datetime(2026, 6, 1, tzinfo=UTC))
    assert bagit.Bag(str(place)).is_valid()
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]
