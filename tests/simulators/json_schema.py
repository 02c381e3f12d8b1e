# SPDX-License-Identifier: Apache-2.0

"""A foreign eye on JSON: npm's ajv, in one process for many values, as Node takes a moment to start."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SCRIPT = Path(__file__).with_suffix(".mjs")


def complaints(schema: Path, values: Sequence[object]) -> list[str]:
    """What ajv has against each of `values`, by a JSON Schema 2020-12; an empty text where it has nothing."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    asked = json.dumps({"schema": json.loads(schema.read_text()), "values": values})
    done = subprocess.run(
        ["node", str(SCRIPT)], input=asked, capture_output=True, text=True, check=True, timeout=60,
        env={**os.environ, "PATH": path},
    )  # fmt: skip
    return json.loads(done.stdout)
