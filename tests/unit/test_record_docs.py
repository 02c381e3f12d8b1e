# SPDX-License-Identifier: Apache-2.0

"""The page that others build on names every rule, sheet and subject that the code knows, and none besides."""

import re
from pathlib import Path

from ledger.record.sheets.tables import SHEETS
from ledger.record.subjects import SUBJECTS
from ledger.record.xml import PROFILE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/formats-record.md").read_text()
RULE = re.compile(r"\b(?:SH|ID|TH|TT)-\d\d\b")


def test_every_rule_stands_in_the_table_and_no_other():
    code = "".join(path.read_text() for path in (ROOT / "ledger/record").rglob("*.py"))
    raised = set(re.findall(r'"((?:SH|ID|TH|TT)-\d\d)"', code))
    listed = {
        rule
        for line in PAGE.splitlines()
        if line.startswith(("| SH", "| ID", "| TH", "| TT"))
        for rule in RULE.findall(line.split("|")[1])
    }
    assert raised == listed


def test_every_sheet_and_subject_code_is_named():
    assert [sheet for sheet in SHEETS if sheet not in PAGE] == []
    assert [subject.code for subject in SUBJECTS if not re.search(rf"\b{subject.code}\b", PAGE)] == []


def test_the_profile_is_the_one_described():
    assert f"`{PROFILE}`" in PAGE
