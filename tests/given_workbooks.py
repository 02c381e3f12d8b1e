# SPDX-License-Identifier: Apache-2.0

"""Class workbooks that lie beside the project (`../shared/data`), made by others than us. Without them, their tests say so."""

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "shared" / "data"


def given(name: str) -> bytes:
    """The bytes of one of them; skips the test that asks where they are not there."""
    path = FOLDER / f"{name}.xlsx"
    if not path.exists():
        pytest.skip(f"{path.name} does not lie beside the project", allow_module_level=True)
    return path.read_bytes()


def planted_faults() -> list[dict]:
    """The faults of thcs-8A2-faults.xlsx, or none where the file is not there."""
    path = FOLDER / "thcs-8A2-faults.json"
    return json.loads(path.read_text())["faults"] if path.exists() else []
