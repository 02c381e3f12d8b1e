# SPDX-License-Identifier: Apache-2.0

"""A copy of the contract's project to work on: auditors and coverage clean and fill forge's build folder, and compile anew."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.devchain import ROOT


@dataclass(frozen=True)
class ContractCopy:
    """The copy, and how to run something in it."""

    folder: Path

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """Run a command in the copy, with this project's Node and tools first on its path. Its exit status is the caller's."""
        path = [str(Path(sys.executable).parent), str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]]
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, **(environment or {}), "PATH": os.pathsep.join(path)},
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def contract_copy(*left_out: str, one_compiler: bool = False) -> Iterator[ContractCopy]:
    """Copy the sources, but for names that match `left_out`, into a folder that is gone afterwards.

    `one_compiler`: the tests compile as the registry does, and not by the shorter way that foundry.toml gives them.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ignored = shutil.ignore_patterns("*.js", "deployments", *left_out)
        shutil.copytree(ROOT / "contracts", folder / "contracts", ignore=ignored)
        settings = (ROOT / "foundry.toml").read_text(encoding="utf-8").splitlines(keepends=True)
        if one_compiler:
            shorter = ("additional_compiler_profiles", "compilation_restrictions")
            settings = [line for line in settings if not line.startswith(shorter)]
        (folder / "foundry.toml").write_text("".join(settings), encoding="utf-8")
        for shared in ("node_modules", "scripts"):
            (folder / shared).symlink_to(ROOT / shared)
        yield ContractCopy(folder)
