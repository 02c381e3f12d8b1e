# SPDX-License-Identifier: Apache-2.0

"""Documents keep their word: what they print is what the program prints, and what they name is there."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scripts import findings_page
from scripts.attester import problems as of_attester
from scripts.attesting import ATTESTER_FILE, AttesterSettings
from scripts.settings import PublicSettings
from signer import errors
from verifier_api import findings

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    "docs/contract.md",
    "docs/gas.md",
    "README.md",
    "ARCHITECTURE.md",
    "DECISIONS.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "docs/operating.md",
    "docs/jobs.md",
    "docs/api.md",
    "docs/attesting.md",
    "docs/signing-keys.md",
    "docs/performance.md",
]


def help_text(*words):
    environment = {**os.environ, "COLUMNS": "110", "TERMINAL_WIDTH": "110"}
    command = [sys.executable, "-m", "scripts.cli", *words, "--help"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_readme_shows_the_real_help():
    shown = re.search(r"```text\n(Usage: .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert shown is not None
    assert shown.group(1).strip() == help_text().strip()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_a_document_links_to_are_there(document):
    text = (ROOT / document).read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert ((ROOT / document).parent / target).exists(), target


def test_every_command_that_the_operating_page_uses_exists():
    used = set(re.findall(r"\bhocba ([a-z]+)", (ROOT / "docs/operating.md").read_text()))
    known = set(re.findall(r"^  ([a-z]+) ", help_text(), re.MULTILINE))
    assert used
    assert used <= known


def test_every_finding_has_a_code_of_its_own_and_says_what_it_is_in_both_languages():
    codes = [kind.code for kind in findings.ALL]
    assert len(set(codes)) == len(codes)
    assert all(kind.vi != kind.en and kind.vi and kind.en for kind in findings.ALL)


def test_the_list_of_findings_is_fresh():
    assert (ROOT / "docs/findings.md").read_text() == findings_page.page()


def test_every_way_in_which_a_key_can_fail_is_explained():
    def leaves(kind):
        return {kind} if not kind.__subclasses__() else set().union(*map(leaves, kind.__subclasses__()))

    failing = leaves(errors.KeyProblem) | leaves(errors.KeyOutOfReach)
    explained = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/signing-keys.md").read_text(), re.MULTILINE))
    assert {kind.__name__ for kind in failing} == explained - {"SigningFailed"}


def test_every_refusal_of_the_attester_is_explained():
    explained = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", (ROOT / "docs/attesting.md").read_text(), re.MULTILINE)
    assert sorted(explained) == sorted((row.code, str(row.status.value)) for row in of_attester.ALL)


def test_the_attesters_settings_are_those_that_its_page_shows(tmp_path):
    shown, verifiers = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/attesting.md").read_text(), re.DOTALL)
    told = shown.replace("# per_minute", "per_minute")
    (tmp_path / ATTESTER_FILE).write_text(told, "utf-8")
    read = AttesterSettings.load(tmp_path)
    assert set(tomllib.loads(told)) == set(AttesterSettings.model_fields) - {"home"}
    assert read.per_minute == AttesterSettings.model_fields["per_minute"].default
    section = tomllib.loads(verifiers)["public"]["attester"]
    assert PublicSettings.model_validate({"attester": section}).attester is not None


def test_no_source_file_lacks_its_licence_line():
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "*.sol", "*.js", "*.cjs"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    missing = [
        name
        for name in tracked.stdout.split()
        if "SPDX-License-Identifier: Apache-2.0" not in (ROOT / name).read_text()[:200]
    ]
    assert missing == []
