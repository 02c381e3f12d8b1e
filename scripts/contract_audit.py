# SPDX-License-Identifier: Apache-2.0

"""What Slither finds in the registry contract, and what halmos proves of it: `python -m scripts.contract_audit`.

A finding of Slither fails the run unless it is waived below, with its reason; a waiver that waives nothing fails it too, so that
the list stays true. halmos must prove each claim of contracts/test/Proofs.t.sol. Both live in an environment of their own
(requirements-audit.in).
"""

import json
import re
import sys
from collections.abc import Mapping
from typing import Any

from scripts.contract_copy import contract_copy
from scripts.devchain import ROOT

AUDITORS = ROOT / ".tools" / "audit" / "bin"
PROOFS = "Proofs.t.sol"
BOUNDS = ("--loop=9", "--default-array-lengths=0,1", "--default-bytes-lengths=0,65", "--solver-timeout-assertion=60000")
"""How many rounds of a loop and how long lists halmos tries; a claim that the solver cannot settle in a minute fails."""

WAIVED: Mapping[str, str] = {
    "timestamp": "Deadlines, waiting times and histories are about time. A validator can move it by seconds; the shortest span "
    "that counts here is three days.",
    "assembly in _isSignedByContract": "A high-level call would copy however much a hostile contract returns into our memory, "
    "and the batches after it would pay.",
    "costly-loop in _useApproval": "The loop is over the caller's own list, and each approval is a place of its own.",
    "incorrect-equality in _isSignedBy": "An error code and an address; nobody can push them past a value.",
    "incorrect-equality in _requireProposed": "Zero is what an empty place reads as; a proposal's time is never zero.",
    "incorrect-equality in _requireRecalled": "Zero is what an empty place reads as; a recall's word is never zero.",
    "incorrect-equality in anchorMany": "The length of an error that this contract itself encoded.",
    "incorrect-equality in annulRecall": "Whether it is the very second of the recall is what is asked.",
    "unused-return in _versionAt": "Only the version is asked, not since when.",
    "unused-return in _isSignedBy": "The third value only explains the error.",
}
"""A detector, everywhere or in one function, and why its finding is none."""


def findings() -> list[Mapping[str, Any]]:
    """What Slither finds in the registry's own sources."""
    with contract_copy("test", one_compiler=True) as copy:
        report = copy.folder / "slither.json"
        told = copy.run(str(AUDITORS / "slither"), ".", "--filter-paths=node_modules", f"--json={report}")
        if not report.exists():
            raise RuntimeError(f"Slither did not run:\n{told.stderr}")
        answer = json.loads(report.read_text(encoding="utf-8"))
    if not answer["success"]:
        raise RuntimeError(f"Slither did not finish: {answer['error']}")
    found: list[Mapping[str, Any]] = answer["results"].get("detectors", [])
    return found


def proofs() -> tuple[str, bool]:
    """What halmos says of each claim, and whether all of them hold."""
    others = [test.name for test in (ROOT / "contracts" / "test").glob("*.t.sol") if test.name != PROOFS]
    # halmos stumbles over contracts that were built in two ways, hence the one compiler.
    with contract_copy(*others, one_compiler=True) as copy:
        # It looks for what a test deploys where forge would put it by default.
        (copy.folder / "out").symlink_to("build/forge")
        told = copy.run(str(AUDITORS / "halmos"), "--forge-build-out=build/forge", "--no-status", *BOUNDS)
    claims = len(re.findall(r"function check_", (ROOT / "contracts" / "test" / PROOFS).read_text(encoding="utf-8")))
    hold = told.returncode == 0 and f"{claims} passed; 0 failed" in told.stdout
    return told.stdout + told.stderr, hold


def place(finding: Mapping[str, Any]) -> str:
    """The function that a finding is about, or the name of whatever else it is about."""
    elements = finding["elements"]
    function = next((element for element in elements if element["type"] == "function"), elements[0])
    return str(function["name"])


def main() -> int:
    """Report what is not waived, waivers that waive nothing, and claims that are not proven; return the exit status."""
    used = set()
    unwaived = []
    for finding in findings():
        keys = {finding["check"], f"{finding['check']} in {place(finding)}"} & WAIVED.keys()
        used |= keys
        if not keys:
            unwaived.append(finding)
    for finding in unwaived:
        sys.stderr.write(f"{finding['check']} ({finding['impact']}): {finding['description']}\n")
    for waiver in sorted(WAIVED.keys() - used):
        sys.stderr.write(f"waived but not found any more: {waiver}\n")
    sys.stdout.write(f"Slither: {len(unwaived)} findings, {len(used)} waived with a reason\n")
    told, hold = proofs()
    sys.stdout.write("halmos: every claim proven\n" if hold else f"halmos: not every claim is proven\n{told}\n")
    return 0 if hold and not unwaived and not WAIVED.keys() - used else 1


if __name__ == "__main__":
    sys.exit(main())
