# SPDX-License-Identifier: Apache-2.0

"""A disk of eight megabytes that can be filled, or made read-only: a file system in memory, mounted where a test wants it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_SIZE = 8 << 20
"""More than SQLite lets its `-wal` file grow (1,000 pages of 4 kB), so that only ballast fills the disk."""
_PAGE = 4096


@dataclass
class SmallDisk:
    """The file system at `folder`."""

    folder: Path

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self, *, but: int = 0) -> None:
        """Leaves `but` bytes free, in whole pages."""
        self.clear()
        state = os.statvfs(self.folder)
        pages = state.f_bavail * state.f_frsize // _PAGE - but // _PAGE
        self._ballast.write_bytes(b"x" * (pages * _PAGE))

    def clear(self) -> None:
        """Somebody makes room."""
        self._ballast.unlink(missing_ok=True)

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """As a disk is after an error, or after somebody's mistake. Whoever has a file open for writing must close it before."""
        _run("mount", "-o", "remount,ro", str(self.folder))
        try:
            yield
        finally:
            _run("mount", "-o", "remount,rw", str(self.folder))


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Mounts one at `folder`. Skips the test where this process may not mount."""
    folder.mkdir()
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder))
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a disk can be mounted only by root, where mounting is allowed: {error}")
    try:
        yield SmallDisk(folder)
    finally:
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)
