# SPDX-License-Identifier: Apache-2.0

"""Files that are made from code and committed: written by their script, and refused by CI once they are stale."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def run(arguments: Sequence[str] | None, *, module: str, summary: str, default: Path, make: Callable[[], str]) -> int:
    """The command of one such file: writes what `make` returns, or with `--check` compares it. Returns the exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=summary)
    parser.add_argument("--check", action="store_true", help="fail when the committed file is stale; write nothing")
    parser.add_argument("--file", type=Path, default=default, help="the file to write or check")
    asked = parser.parse_args(arguments)
    fresh = make()
    if not asked.check:
        asked.file.write_text(fresh, encoding="utf-8")
        return 0
    if asked.file.exists() and asked.file.read_text(encoding="utf-8") == fresh:
        return 0
    sys.stderr.write(
        f"{asked.file.name} không khớp mã nguồn. Hãy chạy: python -m {module}\n"
        f"{asked.file.name} is stale. Run: python -m {module}\n"
    )
    return 1
