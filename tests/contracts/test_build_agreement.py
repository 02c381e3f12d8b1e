# SPDX-License-Identifier: Apache-2.0

"""One source, three tools, one bytecode; and the artifact that the Python packages carry is of today's source."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sha3

from scripts.contract_artifact import ARTIFACT, ROOT, CompilationFailed, compile_contract, main


def built_by(command: list[str], result: str):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["npx", *command],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((ROOT / result).read_text())


@pytest.mark.slow
def test_hardhat_forge_and_py_solc_x_build_the_same_bytes():
    # Compared whole: with bytecodeHash "none" the tail holds only the compiler's version, no hash of the metadata.
    ours = compile_contract()
    hardhat = built_by(["hardhat", "build"], "build/hardhat/contracts/TranscriptRegistry.sol/TranscriptRegistry.json")
    forge = built_by(["forge", "build"], "build/forge/TranscriptRegistry.sol/TranscriptRegistry.json")
    assert hardhat["bytecode"] == forge["bytecode"]["object"] == ours["bytecode"]
    assert hardhat["deployedBytecode"] == forge["deployedBytecode"]["object"] == ours["runtimeBytecode"]


def test_the_committed_artifact_is_fresh():
    assert main(["--check"]) == 0


def test_a_stale_artifact_is_refused_in_two_languages(tmp_path, capsys):
    stale = tmp_path / "TranscriptRegistry.json"
    stale.write_text(ARTIFACT.read_text().replace('"cancun"', '"paris"'))
    assert main(["--check", "--file", str(stale)]) == 1
    said = capsys.readouterr().err
    assert "không khớp" in said
    assert "is stale" in said


def test_a_warning_of_the_compiler_is_an_error(tmp_path):
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "TranscriptRegistry.sol").write_text(
        "// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\n"
        "contract TranscriptRegistry { function idle() external pure { uint256 unused; } }\n"
    )
    with pytest.raises(CompilationFailed, match="Unused local variable"):
        compile_contract(tmp_path)


def test_the_code_hash_is_that_of_the_runtime_code():
    artifact = json.loads(ARTIFACT.read_text())
    code = bytes.fromhex(artifact["runtimeBytecode"][2:])
    assert artifact["runtimeCodeHash"] == "0x" + sha3.keccak_256(code).hexdigest()
    # A contract with immutables would have another code hash at every deployment, and no pin could be told in advance.
    assert artifact["immutableReferences"] == {}
