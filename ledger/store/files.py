# SPDX-License-Identifier: Apache-2.0

"""A folder of files named by their SHA-256: written once, never changed, checked whenever read."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

from ledger.errors import CannotStore, DamagedFile, UnknownFile

_DIGEST = re.compile("[0-9a-f]{64}")


class FileStore:
    """Keeps bytes under their digest.

    Guarantees that a file which `put` has named is whole and on disk, whatever dies afterwards, and that `get` returns the
    bytes that were put or raises. Two writers of the same bytes do not disturb each other. A damaged file is repaired by
    putting its bytes again. It never deletes.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, data: bytes) -> str:
        """Stores `data` and returns its digest, 64 hexadecimal digits. Raises `CannotStore` when the disk takes it not."""
        name = hashlib.sha256(data).hexdigest()
        try:
            self._put(name, data)
        except OSError as error:
            raise CannotStore(error.strerror or type(error).__name__) from error
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
        """The bytes with this digest. Raises `UnknownFile`, or `DamagedFile` when the disk gives back something else."""
        if not _DIGEST.fullmatch(sha256):
            raise UnknownFile(sha256)
        try:
            data = self._path(sha256).read_bytes()
        except FileNotFoundError:
            raise UnknownFile(sha256) from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DamagedFile(sha256)
        return data

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
