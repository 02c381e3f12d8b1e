# SPDX-License-Identifier: Apache-2.0

"""The compiled registry contract, as the Python packages carry it: `ledger/chain/TranscriptRegistry.json`.

The file is committed, so that neither a verifier nor a writer needs a compiler, and it is checked, so that it cannot drift
from the source: `--check` compiles again and fails when a byte differs. The compiler is the npm solc behind `scripts/solc`,
driven by py-solc-x. A warning of the compiler is an error here.

    python -m scripts.contract_artifact            # write
    python -m scripts.contract_artifact --check    # refuse when stale

Standard JSON names sources relative to the project root, so the result does not depend on where the checkout lies.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sha3
import solcx

from scripts import generated

ROOT = Path(__file__).resolve().parent.parent
ARTIFACT = ROOT / "ledger" / "chain" / "TranscriptRegistry.json"
CONTRACT = "TranscriptRegistry"
SOURCE = f"contracts/{CONTRACT}.sol"
REMAPPING = "@openzeppelin/=node_modules/@openzeppelin/"
SETTINGS: Mapping[str, Any] = {
    "evmVersion": "cancun",
    "optimizer": {"enabled": True, "runs": 200},
    "viaIR": True,
    "metadata": {"bytecodeHash": "none"},
}
"""The same four values as in hardhat.config.js, where the reason for the last one stands."""


class CompilationFailed(Exception):
    """The compiler reported an error or a warning."""


def compile_contract(root: Path = ROOT) -> dict[str, Any]:
    """Compile the registry of the checkout at `root` and return the artifact as a JSON-ready value."""
    request = {
        "language": "Solidity",
        "sources": {SOURCE: {"content": (root / SOURCE).read_text(encoding="utf-8")}},
        "settings": {
            **SETTINGS,
            "remappings": [REMAPPING],
            "outputSelection": {
                SOURCE: {
                    CONTRACT: [
                        "abi",
                        "evm.bytecode.object",
                        "evm.deployedBytecode.object",
                        "evm.deployedBytecode.immutableReferences",
                        "metadata",
                    ]
                }
            },
        },
    }
    try:
        with _own_node_first():
            answer = solcx.compile_standard(request, base_path=str(root), solc_binary=ROOT / "scripts" / "solc")
    except solcx.exceptions.SolcError as error:
        raise CompilationFailed(str(error)) from error
    if diagnostics := [entry["formattedMessage"] for entry in answer.get("errors", [])]:
        raise CompilationFailed("\n".join(diagnostics))
    compiled = answer["contracts"][SOURCE][CONTRACT]
    runtime = compiled["evm"]["deployedBytecode"]["object"]
    return {
        "contract": CONTRACT,
        "compiler": json.loads(compiled["metadata"])["compiler"]["version"],
        "settings": dict(SETTINGS),
        "abi": compiled["abi"],
        "bytecode": "0x" + compiled["evm"]["bytecode"]["object"],
        "runtimeBytecode": "0x" + runtime,
        "immutableReferences": compiled["evm"]["deployedBytecode"].get("immutableReferences", {}),
        "runtimeCodeHash": "0x" + sha3.keccak_256(bytes.fromhex(runtime)).hexdigest(),
    }


@contextmanager
def _own_node_first() -> Iterator[None]:
    """Let `scripts/solc` find the Node of this environment: py-solc-x hands down our PATH and takes no other."""
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])
    try:
        yield
    finally:
        os.environ["PATH"] = path


def rendered(artifact: Mapping[str, Any]) -> str:
    """Return the artifact as the text that is committed."""
    return json.dumps(artifact, indent=1, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the artifact, or with `--check` compare it with the source; return the exit code."""
    try:
        return generated.run(
            arguments,
            module="scripts.contract_artifact",
            summary=__doc__.split("\n")[0],
            default=ARTIFACT,
            make=lambda: rendered(compile_contract()),
        )
    except CompilationFailed as error:
        sys.stderr.write(
            f"Không biên dịch được hợp đồng. Hãy sửa lỗi dưới đây. / The contract does not compile:\n{error}\n"
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
