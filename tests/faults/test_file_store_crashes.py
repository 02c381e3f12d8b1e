# SPDX-License-Identifier: Apache-2.0

"""A process that is killed while it stores a file leaves the file whole, or leaves none; and then it is stored again."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.errors import CannotStore, UnknownFile
from ledger.store.files import FolderFiles

DATA = b"one signed revision" * 5000
NAME = hashlib.sha256(DATA).hexdigest()

CHILD = """
import os, signal, sys
from pathlib import Path
from ledger.store.files import FolderFiles

call, when, folder = sys.argv[1:]
real, calls = getattr(os, call), 0

def killed(*arguments, **named):
    if when == "after":
        real(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(os, call, killed)
FolderFiles(Path(folder)).put(b"one signed revision" * 5000)
"""

DEATHS = [("fsync", "before"), ("fsync", "after"), ("replace", "before"), ("replace", "after")]


def killed_at(call: str, when: str, folder: Path) -> int:
    child = [sys.executable, "-c", CHILD, call, when, str(folder)]
    return subprocess.run(child, check=False, cwd=Path(__file__).parents[2], timeout=60).returncode


@pytest.mark.parametrize(("call", "when"), DEATHS)
def test_a_killed_writer_leaves_all_or_nothing(tmp_path, call, when):
    (tmp_path / NAME[:2]).mkdir()
    assert killed_at(call, when, tmp_path) == -signal.SIGKILL
    store = FolderFiles(tmp_path)
    if (call, when) == ("replace", "after"):
        assert store.get(NAME) == DATA
    else:
        with pytest.raises(UnknownFile):
            store.get(NAME)
    assert store.put(DATA) == NAME
    assert store.get(NAME) == DATA


def test_a_refused_rename_leaves_nothing_behind(tmp_path):
    """Something else stands where the file belongs: the failure is told, and the unfinished file is gone."""
    (tmp_path / NAME[:2] / NAME).mkdir(parents=True)
    with pytest.raises(CannotStore):
        FolderFiles(tmp_path).put(DATA)
    assert [path.name for path in (tmp_path / NAME[:2]).iterdir()] == [NAME]
