# SPDX-License-Identifier: Apache-2.0

"""A file store that fails as its state says, behind the production Protocol; what it did take is in a real folder.

Example::

    files = FailingFiles(folder, ailment=Ailment.FULL, from_call=3)
    files.put(b"one"), files.put(b"two")
    files.put(b"three")                    # CannotStore, and so for ever
    files.ailment = None                   # somebody made room
"""

import enum
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ledger.errors import CannotRead, CannotStore
from ledger.store.files import FolderFiles


class Ailment(enum.Enum):
    FULL = errno.ENOSPC
    """From `from_call` on, nothing is taken; what is there can be read."""
    READ_ONLY = errno.EROFS
    """The same, for another reason."""
    BROKEN = errno.EIO
    """Call number `from_call` fails, be it a read or a write, and no other: a disk that is about to die."""


@dataclass
class FailingFiles:
    """A `FileStore`. `calls` are those that came so far, by name: a first run without ailment tells how many there are."""

    root: Path
    ailment: Ailment | None = None
    from_call: int = 1
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._folder = FolderFiles(self.root)

    def put(self, data: bytes) -> str:
        if self._fails("put"):
            raise CannotStore(os.strerror(self.ailment.value))
        return self._folder.put(data)

    def get(self, sha256: str) -> bytes:
        if self._fails("get"):
            raise CannotRead(os.strerror(self.ailment.value))
        return self._folder.get(sha256)

    def size(self, sha256: str) -> int:
        if self._fails("size"):
            raise CannotRead(os.strerror(self.ailment.value))
        return self._folder.size(sha256)

    def __contains__(self, sha256: str) -> bool:
        if self._fails("contains"):
            raise CannotRead(os.strerror(self.ailment.value))
        return sha256 in self._folder

    def digests(self) -> Iterator[str]:
        if self._fails("digests"):
            raise CannotRead(os.strerror(self.ailment.value))
        return self._folder.digests()

    def _fails(self, call: str) -> bool:
        self.calls.append(call)
        match self.ailment:
            case None:
                return False
            case Ailment.BROKEN:
                return len(self.calls) == self.from_call
            case Ailment.FULL | Ailment.READ_ONLY:
                return call == "put" and len(self.calls) >= self.from_call
