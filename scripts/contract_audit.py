# SPDX-License-Identifier: Apache-2.0

"""Slither's look at the registry contract: `python -m scripts.contract_audit`.

A finding fails the run unless it is waived below, with its reason; a waiver that waives nothing fails it too, so that the list
stays true. Slither lives in an environment of its own (requirements-audit.in), beside the compiler that everything else uses.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.devchain import ROOT

SLITHER = ROOT / ".tools" / "audit" / "bin" / "slither"
ANYWHERE = "*"

WAIVED: Mapping[tuple[str, str], str] = {
    (
        "timestamp",
        ANYWHERE,
    ): "Deadlines, waiting times and histories are about time. A validator can move it by seconds; the "
    "shortest span that counts here is a day.",
    (
        "assembly",
        "_isSignedByContract",
    ): "A high-level call would copy however much a hostile contract returns into our "
    "memory, and the batches after it would pay.",
    ("costly-loop", "_useApproval"): "The loop is over the caller's own list, and each approval is a place of its own.",
    ("incorrect-equality", "_isSignedBy"): "An error code and an address; nobody can push them past a value.",
    (
        "incorrect-equality",
        "_requireProposed",
    ): "Zero is what an empty place reads as; a proposal's time is never zero.",
    ("incorrect-equality", "_requireRecalled"): "Zero is what an empty place reads as; a recall's word is never zero.",
    ("incorrect-equality", "anchorMany"): "The length of an error that this contract itself encoded.",
    ("incorrect-equality", "annulRecall"): "Whether it is the very second of the recall is what is asked.",
    ("unused-return", "_versionAt"): "Only the version is asked, not since when.",
    ("unused-return", "_isSignedBy"): "The third value only explains the error.",
}
"""(detector, function) and why its finding is none."""


def findings() -> list[Mapping[str, Any]]:
    """What Slither finds in the registry's own sources."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        # A copy without the tests: Slither cleans forge's build folder, and forge compiles whatever lies in the sources.
        shutil.copytree(ROOT / "contracts", copy / "contracts", ignore=shutil.ignore_patterns("test", "deployments"))
        shutil.copy(ROOT / "foundry.toml", copy)
        for shared in ("node_modules", "scripts"):
            (copy / shared).symlink_to(ROOT / shared)
        report = copy / "slither.json"
        tools = os.pathsep.join(
            [str(Path(sys.executable).parent), str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]]
        )
        told = subprocess.run(
            [str(SLITHER), ".", "--filter-paths=node_modules", f"--json={report}"],
            cwd=copy,
            env={**os.environ, "PATH": tools},
            capture_output=True,
            text=True,
            check=False,
        )
        if not report.exists():
            raise RuntimeError(f"Slither did not run:\n{told.stderr}")
        answer = json.loads(report.read_text(encoding="utf-8"))
    if not answer["success"]:
        raise RuntimeError(f"Slither did not finish: {answer['error']}")
    found: list[Mapping[str, Any]] = answer["results"].get("detectors", [])
    return found


def place(finding: Mapping[str, Any]) -> str:
    """The function that a finding is about, or the name of whatever else it is about."""
    elements = finding["elements"]
    function = next((element for element in elements if element["type"] == "function"), elements[0])
    return str(function["name"])


def main() -> int:
    """Report what is not waived, and waivers that waive nothing; return the exit status."""
    used = set()
    unwaived = []
    for finding in findings():
        keys = {(finding["check"], place(finding)), (finding["check"], ANYWHERE)} & WAIVED.keys()
        used |= keys
        if not keys:
            unwaived.append(finding)
    for finding in unwaived:
        sys.stderr.write(f"{finding['check']} ({finding['impact']}): {finding['description']}\n")
    for detector, function in sorted(WAIVED.keys() - used):
        sys.stderr.write(f"waived but not found any more: {detector} in {function}\n")
    sys.stdout.write(f"Slither: {len(unwaived)} findings, {len(used)} waived with a reason\n")
    return 1 if unwaived or WAIVED.keys() - used else 0


if __name__ == "__main__":
    sys.exit(main())
