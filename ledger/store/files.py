# SPDX-License-Identifier: Apache-2.0

"""Files named by their SHA-256: written once, never changed, checked whenever read.

`FileStore` is what the rest of the ledger uses; `FolderFiles` keeps it on a disk, `ledger.store.s3_files` in an object store.
Both lay a file out as `ab/abcd…`, so that either can be copied to the other, and both read from a backup, with any tool.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ledger.errors import CannotRead, CannotStore, DamagedFile, UnknownFile

DIGEST = re.compile("[0-9a-f]{64}")


class FileStore(Protocol):
    """Keeps bytes under their digest.

    Guarantees that a file which `put` has named is whole and kept, whatever dies afterwards, and that `get` returns the bytes
    that were put or raises. Two writers of the same bytes do not disturb each other. Never overwrites a file that is whole; a
    damaged one is repaired by putting its bytes again. It never deletes.

    "Not there" and "could not be asked" are two answers: `UnknownFile` (or False) only when the store itself said so, and
    `CannotRead` otherwise.
    """

    def put(self, data: bytes) -> str:
        """Stores `data` and returns its digest, 64 hexadecimal digits. Raises `CannotStore`; nothing half done is seen then."""

    def get(self, sha256: str) -> bytes:
        """The bytes with this digest. Raises `UnknownFile`, `DamagedFile` when the store holds something else, `CannotRead`."""

    def size(self, sha256: str) -> int:
        """How many bytes the store holds under this digest, unread and unchecked. Raises `UnknownFile` or `CannotRead`."""

    def __contains__(self, sha256: str) -> bool:
        """Whether something is held under this digest, unread and unchecked. Raises `CannotRead`."""

    def digests(self) -> Iterator[str]:
        """Every digest under which something is held, in ascending order, in constant memory. Raises `CannotRead`."""


class FolderFiles:
    """A `FileStore` in the folder `root`. What `put` has named is on disk, its folder too."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, data: bytes) -> str:
        """Stores `data` and returns its digest. Raises `CannotStore` when the disk takes it not."""
        name = hashlib.sha256(data).hexdigest()
        try:
            self._put(name, data)
        except OSError as error:
            raise CannotStore(_cause(error)) from error
        return name

    def _put(self, name: str, data: bytes) -> None:
        path = self._path(name)
        if self._holds(path, data):
            # Whoever renamed it here may have died before the folder was on disk.
            self._sync(path.parent)
            return
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._sync(self._root)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        self._sync(path.parent)

    def get(self, sha256: str) -> bytes:
        """The bytes with this digest. Raises `UnknownFile`, `DamagedFile` or `CannotRead`."""
        path = self._named(sha256)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise UnknownFile(sha256) from None
        except OSError as error:
            raise CannotRead(_cause(error)) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DamagedFile(sha256)
        return data

    def size(self, sha256: str) -> int:
        """How many bytes the file has. Raises `UnknownFile` or `CannotRead`."""
        path = self._named(sha256)
        try:
            return path.stat().st_size
        except FileNotFoundError:
            raise UnknownFile(sha256) from None
        except OSError as error:
            raise CannotRead(_cause(error)) from error

    def __contains__(self, sha256: str) -> bool:
        """Whether there is a file of this name. Raises `CannotRead`."""
        try:
            self.size(sha256)
        except UnknownFile:
            return False
        return True

    def digests(self) -> Iterator[str]:
        """Every digest that a file is named by, in ascending order. Raises `CannotRead`.

        Holds the names of one of 256 folders at a time.
        """
        for folder in self._names(self._root):
            if len(folder) == 2:  # noqa: PLR2004 - the first two digits
                for name in self._names(self._root / folder):
                    if DIGEST.fullmatch(name) and name.startswith(folder):
                        yield name

    @staticmethod
    def _names(folder: Path) -> list[str]:
        try:
            return sorted(os.listdir(folder))  # noqa: PTH208 - names alone: a folder may hold hundreds of thousands
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise CannotRead(_cause(error)) from error

    def _named(self, sha256: str) -> Path:
        if not DIGEST.fullmatch(sha256):
            raise UnknownFile(sha256)
        return self._path(sha256)

    def _path(self, name: str) -> Path:
        return self._root / name[:2] / name

    @staticmethod
    def _holds(path: Path, data: bytes) -> bool:
        try:
            return path.read_bytes() == data
        except OSError:
            return False

    @staticmethod
    def _sync(folder: Path) -> None:
        # A renamed file survives a power cut only once its folder is on disk too.
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _cause(error: OSError) -> str:
    return error.strerror or type(error).__name__
