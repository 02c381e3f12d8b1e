# SPDX-License-Identifier: Apache-2.0

"""A school imports all its classes in one process: what reading one of them needed is given back."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED_GROWTH = 8 * 1024 * 1024
"""Two hundred classes of 45, kept, are 90 MB of records alone."""


@pytest.mark.slow
def test_two_hundred_workbooks_in_a_row_need_no_more_memory_than_one():
    done = subprocess.run(
        [sys.executable, "-m", "scripts.bench.bench_sheets", "--endure", "200"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    grown = re.search(r"rose by (\d+) bytes", done.stdout)
    assert grown is not None, done.stdout
    assert int(grown[1]) < ALLOWED_GROWTH
