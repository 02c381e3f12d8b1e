# SPDX-License-Identifier: Apache-2.0

"""Which lines and branches of the registry contract its Solidity tests reach: `python -m scripts.contract_coverage`.

Every line and every branch, or the run fails and names those that are left. forge measures; a few
runs of each property are enough to get everywhere.
"""

import sys

from scripts.contract_copy import contract_copy

RUNS = {"FOUNDRY_FUZZ_RUNS": "64", "FOUNDRY_INVARIANT_RUNS": "4"}


def report() -> str:
    """What forge measured, in lcov's form."""
    with contract_copy() as copy:
        told = copy.run("forge", "coverage", "--report", "lcov", environment=RUNS)
        measured = copy.folder / "lcov.info"
        if told.returncode != 0 or not measured.exists():
            raise RuntimeError(f"forge coverage failed:\n{told.stdout}{told.stderr}")
        return measured.read_text(encoding="utf-8")


def missed(lcov: str) -> tuple[int, list[str]]:
    """How many lines and branches of the registry's sources there are, and which of them nothing reached."""
    source, there, left = "", 0, []
    for line in lcov.splitlines():
        kind, _, value = line.partition(":")
        if kind == "SF":
            source = value
        if not source.startswith("contracts/") or source.startswith("contracts/test/"):
            continue
        if kind == "DA":
            number, count, *_ = value.split(",")
        elif kind == "BRDA":
            number, _block, branch, count = value.split(",")
            number += f", branch {branch}"
        else:
            continue
        there += 1
        if count in {"0", "-"}:
            left.append(f"{source}:{number}")
    return there, left


def main() -> int:
    """Name what is not reached; return the exit status."""
    there, left = missed(report())
    for place in left:
        sys.stderr.write(f"no test reaches {place}\n")
    sys.stdout.write(f"coverage of the contract: {there - len(left)} of {there} lines and branches\n")
    return 0 if there and not left else 1


if __name__ == "__main__":
    sys.exit(main())
