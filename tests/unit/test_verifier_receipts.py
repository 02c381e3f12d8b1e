# SPDX-License-Identifier: Apache-2.0

"""A receipt that is missing or somebody else's says nothing against a genuine file; only what knows everything may say "not ours"."""

import json

import pytest

from scripts.compose import ReceiptFolder
from tests.simulators.issuing_world import World
from verifier_api.intake import UnsafeInProcessExaminer
from verifier_api.verdict import Conclusion
from verifier_api.verifier import Verifier


@pytest.fixture
def world():
    return World()


def without_ledger(world, folder):
    asked = world.verifier()
    return Verifier.live(
        trust=asked._trust,
        issued=ReceiptFolder([folder]),
        registry=world,
        examiner=UnsafeInProcessExaminer(world._examine),
        now=asked._now,
    )


def codes(verdict):
    return {finding.code for finding in verdict.findings}


def test_a_genuine_file_without_its_receipt_is_not_called_false(world, tmp_path):
    unit = world.issue()
    verdict = without_ledger(world, tmp_path).verify(unit.pdf)
    assert verdict.conclusion is Conclusion.INDETERMINATE
    assert "bytes.no_receipt" in codes(verdict)


def test_the_same_file_passes_once_its_receipt_lies_there(world, tmp_path):
    unit = world.issue()
    (tmp_path / "a.receipt.json").write_bytes(unit.receipt.to_json())
    assert without_ledger(world, tmp_path).verify(unit.pdf).conclusion is Conclusion.TOTAL_PASSED


def test_a_ledger_that_does_not_know_a_file_says_so(world):
    verdict = world.verifier().verify(b"%PDF-1.7 a stranger's")
    assert verdict.conclusion is Conclusion.TOTAL_FAILED
    assert "bytes.not_issued" in codes(verdict)


@pytest.mark.parametrize("kind", ["of another file", "malformed", "no JSON"])
def test_a_wrong_receipt_beside_a_file_that_the_ledger_knows_does_no_harm(world, kind):
    unit, other = world.issue(), world.issue()
    value = json.loads(other.receipt.to_json())
    receipt = {
        "of another file": other.receipt.to_json(),
        "malformed": json.dumps({**value, "salt": "0x" + "0" * 64}).encode(),
        "no JSON": b"{",
    }[kind]
    assert world.verifier().verify(unit.pdf, receipt=receipt).conclusion is Conclusion.TOTAL_PASSED


def test_a_folder_without_a_receipt_cannot_say_that_a_unit_or_digest_is_not_ours(world, tmp_path):
    unit = world.issue()
    for verdict in (without_ledger(world, tmp_path).unit(unit.id), without_ledger(world, tmp_path).digest(unit.sha256)):
        assert verdict.conclusion is Conclusion.INDETERMINATE
        assert "bytes.no_receipt" in codes(verdict)
    assert world.verifier().digest("0" * 64).conclusion is Conclusion.TOTAL_FAILED


def test_a_receipt_that_was_spoilt_since_is_no_longer_believed(world, tmp_path):
    unit, path = world.issue(), tmp_path / "a.receipt.json"
    path.write_bytes(unit.receipt.to_json())
    folder = ReceiptFolder([path])
    assert folder.receipt_of_unit(unit.id).receipt == unit.receipt.to_json()
    path.write_bytes(b"{")
    assert folder.receipt_of_unit(unit.id) is None
