# SPDX-License-Identifier: Apache-2.0

"""What a process that signs or examines has to import before it is of use: little, or a class waits for seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"web3", "fastapi", "sqlalchemy", "uvicorn", "openpyxl", "eth_account", "scripts.cli"}
WAYS_IN = ["scripts.__main__"]
"""What a spawned process imports of the command that started it."""
WORK = ["scripts.crew", "verifier_api.examination"]
"""Where the functions are that it is given."""


@pytest.mark.parametrize("module", [*WAYS_IN, *WORK])
def test_a_worker_imports_nothing_of_the_command_line_the_chain_or_the_server(module):
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()


def test_the_way_in_runs_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "scripts", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "hocba" in done.stdout
