# SPDX-License-Identifier: Apache-2.0

"""A disk that is really full, or really read-only, under the files and under SQLite: nothing half done, and a remedy is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.errors import CannotRecord, CannotStore, LedgerError
from ledger.store.database import migrate, open_for_writing
from ledger.store.files import FolderFiles
from ledger.unit import UnitState
from tests.simulators.registry import SimulatedChain
from tests.simulators.school_ledger import AUTHORITY, SCHOOL, YEAR, SchoolLedger, school
from tests.simulators.school_office import Office, counted, only
from tests.simulators.small_disk import small_disk

DATA = b"one signed revision" * 2000
PAGE = 4096


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        yield disk


def told(error: LedgerError, cause: str) -> None:
    assert cause in error.en
    assert cause in error.vi
    assert "free some disk space" in error.en
    assert "giải phóng dung lượng" in error.vi


def unfinished(folder: Path) -> list[Path]:
    return list(folder.rglob(".part-*"))


@pytest.mark.parametrize("room", [0, PAGE, 4 * PAGE])
def test_a_full_disk_takes_no_file_and_keeps_no_part_of_one(disk, room):
    files = FolderFiles(disk.folder / "files")
    earlier = files.put(b"there before")
    disk.fill(but=room)
    with pytest.raises(CannotStore) as caught:
        files.put(DATA)
    told(caught.value, "No space left on device")
    assert unfinished(disk.folder) == []
    assert list(files.digests()) == [earlier]
    assert files.get(earlier) == b"there before"
    disk.clear()
    assert files.get(files.put(DATA)) == DATA


def test_a_read_only_disk_takes_no_file(disk):
    files = FolderFiles(disk.folder / "files")
    earlier = files.put(b"there before")
    with disk.read_only():
        with pytest.raises(CannotStore) as caught:
            files.put(DATA)
        told(caught.value, "Read-only file system")
        assert files.get(earlier) == b"there before"
    assert list(files.digests()) == [earlier]


def test_an_import_on_a_disk_that_fills_up_is_whole_or_not_there(disk, tmp_path):
    elsewhere = Office.opened(tmp_path)
    elsewhere.new_id = counted()
    (disk.folder / "office").mkdir()
    office = Office.opened(disk.folder / "office")
    before, sheet = office.everything(), only(0, 1, 2)
    met = set()
    for room in range(0, 60 * PAGE, 2 * PAGE):
        office.ledger.engine.dispose()
        disk.fill(but=room)
        try:
            office.reopened(new_id=counted()).take_in(sheet)
        except (CannotStore, CannotRecord) as error:
            told(error, "disk" if isinstance(error, CannotRecord) else "No space left on device")
            met.add(type(error))
            assert unfinished(disk.folder) == []
            disk.clear()
            assert office.everything() == before
            office.assert_whole()
        else:
            break
    else:
        raise AssertionError("there never was room enough")
    assert CannotStore in met
    disk.clear()
    office.assert_whole()
    elsewhere.take_in(sheet)
    assert office.everything()["unit"] == elsewhere.everything()["unit"]


def test_sealing_on_a_full_disk_seals_nothing(disk):
    ledger = SchoolLedger.created(disk.folder)
    ledger.issued(12)
    before, chain = ledger.rows(), SimulatedChain(authority=AUTHORITY)
    disk.fill()
    with pytest.raises(CannotRecord) as caught:
        ledger.reopened().sealer(chain).seal(school_code=SCHOOL, school_year=YEAR)
    told(caught.value, "full")
    disk.clear()
    assert ledger.rows() == before
    assert ledger.states() == {UnitState.ISSUED}
    assert ledger.reopened().sealer(chain).seal(school_code=SCHOOL, school_year=YEAR) == 12


def test_a_read_only_disk_takes_no_change_and_no_migration(disk):
    ledger = SchoolLedger.created(disk.folder)
    before = ledger.rows()
    ledger.engine.dispose()
    with disk.read_only():
        deeds = (
            lambda: ledger.reopened().writer.register_school(school("79000999")),
            lambda: migrate(open_for_writing(ledger.url)),
        )
        for deed in deeds:
            with pytest.raises(CannotRecord) as caught:
                deed()
            told(caught.value, "unable to open database file")
    assert ledger.rows() == before


def test_a_database_file_that_may_not_be_written_is_told_as_such(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write whatever the permissions say; the read-only disk above is for root")
    ledger = SchoolLedger.created(tmp_path)
    ledger.engine.dispose()
    ledger.path.chmod(0o400)
    with pytest.raises(CannotRecord) as caught:
        ledger.reopened().writer.register_school(school("79000999"))
    told(caught.value, "readonly")


def limited(program: str, folder: Path, most: int) -> str:
    """What a process prints that may make no file larger than `most` bytes: the nearest to a full disk that nobody must be root for."""
    return subprocess.run(
        [sys.executable, "-c", LIMIT + program, str(folder), str(most)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        timeout=60,
    ).stdout


LIMIT = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
"""

FILES = """
from pathlib import Path
from ledger.errors import CannotStore
from ledger.store.files import FolderFiles
try:
    FolderFiles(Path(sys.argv[1])).put(b"x" * 10_000)
except CannotStore as error:
    print(error.en)
"""

DATABASE = """
from pathlib import Path
from ledger.errors import CannotRecord
from tests.simulators.mortality import Fate
from tests.simulators.school_ledger import SchoolLedger
try:
    SchoolLedger(Path(sys.argv[1]) / "ledger.db", Fate()).drafts(300)
except CannotRecord as error:
    print(error.en)
"""


def test_a_file_beyond_what_the_disk_allows_leaves_no_part(tmp_path):
    said = limited(FILES, tmp_path, 5_000)
    assert "File too large" in said
    assert "free some disk space" in said
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_database_beyond_what_the_disk_allows_is_as_before(tmp_path):
    ledger = SchoolLedger.created(tmp_path)
    before = ledger.rows()
    ledger.engine.dispose()
    said = limited(DATABASE, tmp_path, 40_000)
    assert "cannot be opened or written" in said
    assert "free some disk space" in said
    assert ledger.rows() == before
