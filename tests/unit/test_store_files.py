# SPDX-License-Identifier: Apache-2.0

"""A folder of files by their digests: whole or not there, checked whenever read."""

import hashlib
import threading

import pytest

from ledger.errors import DamagedFile, UnknownFile
from ledger.store.files import FileStore

DATA = "Học bạ số".encode() * 1000


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path)


def files_in(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_is_put_is_got_back_under_its_digest(store):
    name = store.put(DATA)
    assert name == hashlib.sha256(DATA).hexdigest()
    assert store.get(name) == DATA
    assert store.get(store.put(b"")) == b""


def test_the_same_bytes_are_kept_once(store, tmp_path):
    assert store.put(DATA) == store.put(DATA)
    assert len(files_in(tmp_path)) == 1


@pytest.mark.parametrize("damage", [DATA[:-1], DATA + b"\n", b"", DATA[:-1] + b"\0"])
def test_a_damaged_file_is_noticed_and_repaired_by_its_own_bytes(store, tmp_path, damage):
    name = store.put(DATA)
    (path,) = files_in(tmp_path)
    path.write_bytes(damage)
    with pytest.raises(DamagedFile) as caught:
        store.get(name)
    assert name in caught.value.vi
    assert store.put(DATA) == name
    assert store.get(name) == DATA


def test_a_missing_file_is_unknown(store, tmp_path):
    name = store.put(DATA)
    files_in(tmp_path)[0].unlink()
    with pytest.raises(UnknownFile):
        store.get(name)


def test_another_store_over_the_same_folder_sees_it(store, tmp_path):
    assert FileStore(tmp_path).get(store.put(DATA)) == DATA


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "ab/" + "c" * 61]
)
def test_only_digests_are_names(store, tmp_path, name):
    store.put(DATA)
    with pytest.raises(UnknownFile):
        store.get(name)


def test_many_writers_of_the_same_bytes_do_not_disturb_each_other(tmp_path):
    start, names = threading.Barrier(8), []

    def write():
        start.wait()
        names.append(FileStore(tmp_path).put(DATA))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 1
    assert len(names) == 8
    assert [path.name for path in files_in(tmp_path)] == names[:1]
