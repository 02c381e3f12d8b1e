# SPDX-License-Identifier: Apache-2.0

"""Archives in BagIt form (RFC 8493): a folder of files with the digest of each, which any BagIt tool can check.

Written and read a file at a time. The Library of Congress's own package builds the list of all files in memory and hashes
what it has just written a second time; a city's archive has millions. Tests have it check what is written here.
"""

import datetime as dt
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Self

from ledger.errors import LedgerError

DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST, TAG_MANIFEST, INFO = "manifest-sha256.txt", "tagmanifest-sha256.txt", "bag-info.txt"
PAYLOAD = "data"
_AT_ONCE = 1 << 20
_PART = ".part"


class UnusableArchive(LedgerError):
    """An archive that is not whole, or not one of ours. Nothing was taken from it."""

    def __init__(self, path: Path, vi: str, en: str) -> None:
        super().__init__(
            f"Không dùng được bản lưu trữ {path}: {vi}. Chưa khôi phục gì; hãy lấy bản khác.",
            f"The archive {path} cannot be used: {en}. Nothing was restored; take another copy.",
        )


class BagWriter:
    """Writes one archive beside where it is to be, and puts it there whole: a folder of its name is never half an archive.

    Use as a context: what fails within leaves nothing in its place.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + _PART)
        self._bytes, self._count = 0, 0

    def __enter__(self) -> Self:
        if self._path.exists():
            raise LedgerError(
                f"{self._path} đã có; không ghi đè. Hãy chọn tên khác.", f"{self._path} exists. Choose another name."
            )
        self._part.parent.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self._part.with_name(self._part.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise LedgerError(
                f"Một tiến trình khác đang xuất vào {self._path}. Hãy đợi, hoặc chọn tên khác.",
                f"Another process is writing {self._path}. Wait, or choose another name.",
            ) from None
        shutil.rmtree(self._part, ignore_errors=True)  # What a run that was stopped left behind.
        (self._part / PAYLOAD).mkdir(parents=True)
        self._manifest = (self._part / MANIFEST).open("w", encoding="utf-8", newline="\n")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._manifest.close()
        if kind is not None and issubclass(kind, Exception):
            shutil.rmtree(self._part, ignore_errors=True)
        self._part.with_name(self._part.name + ".lock").unlink(missing_ok=True)
        os.close(self._lock)

    def add(self, name: str, data: bytes) -> None:
        """Adds a file of the payload."""
        with self.file(name) as write:
            write(data)

    def has(self, name: str) -> bool:
        """Whether it was added already."""
        return (self._part / PAYLOAD / name).exists()

    @contextmanager
    def file(self, name: str) -> Iterator["_Writing"]:
        """Adds a file of the payload bit by bit: call what this gives with bytes."""
        path = self._part / PAYLOAD / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            writing = _Writing(stream)
            yield writing
        self._manifest.write(f"{writing.digest}  {PAYLOAD}/{name}\n")
        self._bytes, self._count = self._bytes + writing.size, self._count + 1

    def finish(self, info: Mapping[str, str], *, now: dt.datetime) -> None:
        """Writes what describes the archive, and puts it in its place."""
        self._manifest.close()
        lines = {**info, "Bagging-Date": f"{now:%Y-%m-%d}", "Payload-Oxum": f"{self._bytes}.{self._count}"}
        (self._part / "bagit.txt").write_text(DECLARATION, encoding="utf-8", newline="\n")
        text = "".join(f"{name}: {value}\n" for name, value in lines.items())
        (self._part / INFO).write_text(text, encoding="utf-8", newline="\n")
        tags = [f"{_digest(self._part / name)}  {name}\n" for name in ("bagit.txt", INFO, MANIFEST)]
        (self._part / TAG_MANIFEST).write_text("".join(tags), encoding="utf-8", newline="\n")
        os.sync()  # All of it is on disk before it has its name: syncing each of millions of files would take hours.
        self._part.rename(self._path)
        os.sync()


class _Writing:
    """Writes and hashes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    def __call__(self, data: bytes) -> None:
        self._stream.write(data)
        self._hash.update(data)
        self.size += len(data)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


class BagReader:
    """Reads an archive. Believe nothing of it before `check` has come to its end."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def info(self) -> dict[str, str]:
        """What describes the archive. Raises `UnusableArchive`."""
        try:
            text = (self.path / INFO).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise UnusableArchive(self.path, "thiếu bag-info.txt", "bag-info.txt is missing") from None
        pairs = (line.partition(": ") for line in text.splitlines())
        return {name: value for name, _, value in pairs}

    def check(self) -> Iterator[str]:
        """Hashes every file and yields its name. Raises `UnusableArchive` at the first that is missing, altered or too many."""
        named = 0
        for manifest in (TAG_MANIFEST, MANIFEST):
            for name, digest in self._lines(manifest):
                named += manifest == MANIFEST
                if self._digest_of(name) != digest:
                    raise UnusableArchive(self.path, f"{name} bị thiếu hoặc đã bị sửa", f"{name} is missing or altered")
                yield name
        there = sum(len(files) for _, _, files in os.walk(self.path / PAYLOAD))
        if there != named:
            raise UnusableArchive(
                self.path,
                f"có {there} tệp, danh sách ghi {named}",
                f"it has {there} files, and {named} in its list",
            )
        oxum = self.info().get("Payload-Oxum", "")
        if oxum.partition(".")[2] != str(named):
            raise UnusableArchive(self.path, f"Payload-Oxum là {oxum}", f"its Payload-Oxum is {oxum}")

    def count(self) -> int:
        """How many files the archive says it has; 0 if it does not say."""
        return int(number) if (number := self.info().get("Payload-Oxum", "").partition(".")[2]).isdecimal() else 0

    def payload(self, under: str) -> Iterator[str]:
        """Names of the payload's files in one folder and those below, as the list has them."""
        for name, _ in self._lines(MANIFEST):
            if name.startswith(f"{PAYLOAD}/{under}/"):
                yield name.removeprefix(f"{PAYLOAD}/")

    def read(self, name: str) -> bytes:
        """The bytes of a file of the payload."""
        return (self.path / PAYLOAD / name).read_bytes()

    def lines(self, name: str) -> Iterator[str]:
        """The lines of a file of the payload."""
        with (self.path / PAYLOAD / name).open(encoding="utf-8", newline="\n") as stream:
            yield from stream

    def _digest_of(self, name: str) -> str | None:
        path = self.path / name
        inside = path.resolve().is_relative_to(self.path.resolve())
        return _digest(path) if inside and path.is_file() else None

    def _lines(self, manifest: str) -> Iterator[tuple[str, str]]:
        try:
            with (self.path / manifest).open(encoding="utf-8", newline="\n") as stream:
                for line in stream:
                    digest, _, name = line.rstrip("\n").partition("  ")
                    yield name, digest
        except (OSError, UnicodeDecodeError):
            raise UnusableArchive(self.path, f"thiếu {manifest}", f"{manifest} is missing") from None


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_AT_ONCE):
            found.update(piece)
    return found.hexdigest()
