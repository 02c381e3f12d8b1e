# SPDX-License-Identifier: Apache-2.0

"""Files by their digests, in a folder and in an object store: whole or not there, checked whenever read."""

import hashlib
import threading
import uuid
from dataclasses import dataclass, field

import pytest

from ledger.errors import CannotRead, DamagedFile, UnknownFile
from ledger.store.files import FileStore, FolderFiles
from tests.simulators.object_store import BUCKET, ObjectStore

DATA = "Học bạ số".encode() * 1000
NAME = hashlib.sha256(DATA).hexdigest()


@dataclass
class Folder:
    """A folder's inside, as somebody with access to the disk sees it."""

    root: object

    def store(self):
        return FolderFiles(self.root)

    def names(self):
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())

    def write(self, name, data):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def remove(self, name):
        (self.root / name).unlink()


@dataclass
class Bucket:
    """A bucket's inside, as somebody with access to the store sees it."""

    object_store: ObjectStore
    prefix: str = field(default_factory=lambda: f"{uuid.uuid4()}/")

    def store(self):
        return self.object_store.files(self.prefix)

    def names(self):
        return [key.removeprefix(self.prefix) for key in self.object_store.keys(self.prefix)]

    def write(self, name, data):
        self.object_store.inside.put_object(Bucket=BUCKET, Key=self.prefix + name, Body=data)

    def remove(self, name):
        self.object_store.inside.delete_object(Bucket=BUCKET, Key=self.prefix + name)


@pytest.fixture(scope="module")
def object_store():
    with ObjectStore() as store:
        yield store


@pytest.fixture(params=["folder", "bucket"])
def kept(request, tmp_path):
    return Folder(tmp_path) if request.param == "folder" else Bucket(request.getfixturevalue("object_store"))


@pytest.fixture
def store(kept) -> FileStore:
    return kept.store()


def test_what_is_put_is_got_back_under_its_digest(store):
    assert store.put(DATA) == NAME
    assert store.get(NAME) == DATA
    assert store.get(store.put(b"")) == b""


def test_the_same_bytes_are_kept_once(store, kept):
    assert store.put(DATA) == store.put(DATA)
    assert kept.names() == [f"{NAME[:2]}/{NAME}"]


@pytest.mark.parametrize("damage", [DATA[:-1], DATA + b"\n", b"", DATA[:-1] + b"\0"])
def test_a_damaged_file_is_noticed_and_repaired_by_its_own_bytes(store, kept, damage):
    name = store.put(DATA)
    (path,) = kept.names()
    kept.write(path, damage)
    with pytest.raises(DamagedFile) as caught:
        store.get(name)
    assert name in caught.value.vi
    assert store.put(DATA) == name
    assert store.get(name) == DATA


def test_a_missing_file_is_unknown(store, kept):
    name = store.put(DATA)
    assert name in store
    kept.remove(kept.names()[0])
    assert name not in store
    for ask in (store.get, store.size):
        with pytest.raises(UnknownFile):
            ask(name)


def test_a_size_is_told_without_reading(store, kept):
    assert store.size(store.put(DATA)) == len(DATA)
    assert store.size(store.put(b"")) == 0
    kept.write(f"{NAME[:2]}/{NAME}", b"other")
    assert store.size(NAME) == len(b"other")


def test_all_digests_are_listed_in_order_and_nothing_else(store, kept):
    assert list(store.digests()) == []
    names = [store.put(b"%d" % number) for number in range(30)]
    for stray in ("readme.txt", f"{NAME[:2]}/.part-x", f"{NAME[:2]}/{NAME}.bak", f"{'0' * 2}/{'1' * 64}", f"x/{NAME}"):
        kept.write(stray, b"")
    assert list(store.digests()) == sorted(names)
    assert NAME not in store  # though another name begins with it


def test_another_store_over_the_same_place_sees_it(store, kept):
    assert kept.store().get(store.put(DATA)) == DATA


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "ab/" + "c" * 61]
)
def test_only_digests_are_names(store, name):
    store.put(DATA)
    assert name not in store
    for ask in (store.get, store.size):
        with pytest.raises(UnknownFile):
            ask(name)


def test_many_writers_of_the_same_bytes_do_not_disturb_each_other(kept):
    start, names = threading.Barrier(8), []

    def write():
        store = kept.store()
        start.wait()
        names.append(store.put(DATA))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names == [NAME] * 8
    assert kept.names() == [f"{NAME[:2]}/{NAME}"]
    assert kept.store().get(NAME) == DATA


def test_a_folder_that_cannot_be_read_is_not_called_empty(tmp_path):
    (tmp_path / "ab").write_bytes(b"no folder")
    name = "ab" + "0" * 62
    with pytest.raises(CannotRead):
        FolderFiles(tmp_path).get(name)
    with pytest.raises(CannotRead):
        assert name in FolderFiles(tmp_path)
