# SPDX-License-Identifier: Apache-2.0

"""The table of findings: each has a code of its own, both languages, a line in docs/audit.md, and a test that finds it."""

import re
from collections import Counter
from pathlib import Path

import pytest

from ledger.audit import findings
from ledger.audit.findings import Severity
from scripts.commands.auditing import exit_status
from scripts.commands.terminal import EXIT_FAILED, EXIT_OK, EXIT_UNKNOWN

ROOT = Path(__file__).parents[2]


def test_every_finding_has_a_code_of_its_own_and_says_what_it_is_and_what_to_do_in_both_languages():
    codes = [kind.code for kind in findings.ALL]
    assert len(set(codes)) == len(codes)
    for kind in findings.ALL:
        assert kind.vi != kind.en
        assert kind.remedy_vi != kind.remedy_en
        assert all((kind.vi, kind.en, kind.remedy_vi, kind.remedy_en))


def test_the_page_about_the_audit_lists_every_finding_as_it_is():
    listed = re.findall(r"^\| `([a-z.-]+)` \| ([EWUI]) \| (.*) \|$", (ROOT / "docs/audit.md").read_text(), re.MULTILINE)
    assert listed == [(kind.code, kind.severity.value[0].upper(), kind.en) for kind in findings.ALL]


def test_every_finding_is_found_in_a_test():
    tests = [*ROOT.glob("tests/faults/test_*.py"), *ROOT.glob("tests/*/test_audit*.py")]
    said = "".join(path.read_text() for path in tests if path != Path(__file__))
    assert [kind.code for kind in findings.ALL if f'"{kind.code}"' not in said] == []


@pytest.mark.parametrize(
    ("severities", "status"),
    [
        ([], EXIT_OK),
        ([Severity.INFO], EXIT_OK),
        ([Severity.WARNING], EXIT_FAILED),
        ([Severity.ERROR, Severity.UNCHECKED], EXIT_FAILED),
        ([Severity.UNCHECKED, Severity.INFO], EXIT_UNKNOWN),
    ],
)
def test_the_exit_status_follows_the_worst_that_was_found(severities, status):
    assert exit_status(Counter(severities)) == status


def test_bytes_are_shown_in_hexadecimal_and_a_finding_is_a_value_for_machines():
    found = findings.BATCH_ROOT("batch ab", found=b"\x01\x02", expected=3)
    assert found.to_dict("en") == {
        "code": "batch.root",
        "severity": "error",
        "subject": "batch ab",
        "found": "0102",
        "expected": "3",
        "message": findings.BATCH_ROOT.en,
        "remedy": findings.BATCH_ROOT.remedy_en,
    }
    assert found.to_dict("vi")["message"] == findings.BATCH_ROOT.vi
