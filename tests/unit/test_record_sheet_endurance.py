# SPDX-License-Identifier: Apache-2.0

"""A school imports all its classes in one process: what reading one of them needed is given back."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED_GROWTH = 8 * 1024 * 1024
"""A hundred classes of 45, and few schools have more, would be 45 MB of records alone if they were kept."""


@pytest.mark.slow
def test_a_hundred_workbooks_in_a_row_need_no_more_memory_than_one():
    done = subprocess.run(
        [sys.executable, "-m", "scripts.bench.bench_sheets", "--endure", "100"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    grown = re.search(r"rose by (\d+) bytes", done.stdout)
    assert grown is not None, done.stdout
    assert int(grown[1]) < ALLOWED_GROWTH
