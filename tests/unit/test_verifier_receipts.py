# SPDX-License-Identifier: Apache-2.0

"""A receipt that is missing or somebody else's says nothing against a genuine file; only what knows everything may say "not ours"."""

import base64
import hashlib
import json
import pickle
from dataclasses import replace
from uuid import UUID

import pytest

from ledger.chain.registry import RecallReason
from ledger.proof.leaf import leaf_hash
from ledger.proof.manifest import IssuedFile, ManifestSigner
from ledger.proof.receipt import Receipt
from scripts.receipt_folder import ReceiptFolder
from tests.simulators.issuing_world import PIN, SCHOOL, World
from verifier_api.intake import UnsafeInProcessExaminer
from verifier_api.verdict import Conclusion, Standing
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
    assert "bytes.printed" in codes(verdict)
    assert "bytes.not_issued" in codes(world.verifier().verify(b"<html/>"))


@pytest.mark.parametrize("kind", ["of another file", "malformed", "no JSON"])
def test_a_wrong_receipt_beside_a_file_that_the_ledger_knows_does_no_harm(world, kind):
    unit, other = world.issue(), world.issue()
    value = json.loads(other.receipt.to_json())
    receipt = {
        "of another file": other.receipt.to_json(),
        "malformed": json.dumps({**value, "salt": "0x" + "0" * 64}).encode(),
        "no JSON": b"{",
    }[kind]
    verdict = world.verifier().verify(unit.pdf, receipt=receipt)
    assert verdict.conclusion is Conclusion.TOTAL_PASSED
    assert "receipt.set_aside" in codes(verdict)


def made_up(unit, **changes):
    """A receipt that is sound in itself, covers the very file, and that nobody anchored: anybody can write one."""
    receipt, salt = unit.receipt, b"\x66" * 32
    manifest = receipt.manifest.model_copy(update=changes)
    leaf = leaf_hash(salt=salt, manifest_sha256=manifest.sha256())
    made = Receipt.of(manifest=manifest, salt=salt, proof=(), root=leaf, chain_id=31337, registry=PIN.address)
    return made.to_json()


CHANGES = {
    "nothing but the salt": {},
    "another unit": {"id": UUID(int=7, version=4)},
    "another school": {"school": "01000999"},
    "other signers": {"signers": (ManifestSigner(role="KY_PHAT_HANH", cert_sha256="66" * 32),)},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_made_up_receipt_beside_a_genuine_file_is_set_aside(world, changes):
    unit = world.issue()
    verdict = world.verifier().verify(unit.pdf, receipt=made_up(unit, **changes))
    assert (verdict.conclusion, verdict.standing, verdict.unit) == (Conclusion.TOTAL_PASSED, Standing.CURRENT, unit.id)
    assert "receipt.set_aside" in codes(verdict)


def test_a_made_up_receipt_does_not_undo_a_recall(world):
    unit = world.issue()
    world.recall(unit, reason=RecallReason.FRAUD)
    assert world.verifier().verify(unit.pdf, receipt=made_up(unit)).standing is Standing.RECALLED


def test_a_made_up_receipt_beside_a_file_that_waits_for_its_batch_changes_nothing(world):
    unit = world.issue(batched=False, depth=0)
    verdict = world.verifier().verify(unit.pdf, receipt=made_up(unit))
    assert (verdict.conclusion, verdict.standing) == (Conclusion.INDETERMINATE, Standing.UNANCHORED)
    assert {"receipt.set_aside", "receipt.pending"} <= codes(verdict)


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_forged_file_stays_forged_whatever_receipt_is_made_up_for_it(world, changes):
    unit = world.issue()
    forged = world.forged(unit)
    file = IssuedFile(role="pdf", sha256=hashlib.sha256(forged).hexdigest(), size=len(forged))
    verdict = world.verifier().verify(forged, receipt=made_up(unit, files=(file,), **changes))
    assert verdict.conclusion is Conclusion.TOTAL_FAILED
    assert "chain.not_anchored" in codes(verdict)
    assert "receipt.set_aside" not in codes(verdict)


def test_a_receipt_that_the_chain_bears_out_needs_no_ledger(world):
    unit = world.issue()
    world.ledger_down = True
    assert world.verifier().verify(unit.pdf, receipt=unit.receipt.to_json()).conclusion is Conclusion.TOTAL_PASSED


@pytest.mark.parametrize("kind", ["made up", "of another file"])
def test_while_no_ledger_can_be_asked_such_a_receipt_makes_nothing_red(world, kind):
    unit, other = world.issue(), world.issue()
    world.ledger_down = True
    verdict = world.verifier().verify(unit.pdf, receipt=made_up(unit) if kind == "made up" else other.receipt.to_json())
    assert (verdict.conclusion, verdict.standing) == (Conclusion.INDETERMINATE, Standing.UNKNOWN)
    assert {"bytes.no_ledger", "receipt.set_aside"} <= codes(verdict)


def test_the_same_receipt_is_asked_about_on_the_chain_once(world):
    unit = world.issue()
    world.chain_down = True
    verdict = world.verifier().verify(unit.pdf, receipt=unit.receipt.to_json())
    assert "receipt.set_aside" not in codes(verdict)
    assert world.asked["status_of"] == 1


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


def test_a_made_up_receipt_among_an_offices_files_turns_nobodys_file_or_id_false(world, tmp_path):
    unit = world.issue()
    (tmp_path / "another-applicant.receipt.json").write_bytes(made_up(unit))
    verifier = without_ledger(world, tmp_path)
    for verdict in (verifier.verify(unit.pdf), verifier.digest(unit.sha256), verifier.unit(unit.id)):
        assert verdict.conclusion is Conclusion.INDETERMINATE
        assert verdict.standing is Standing.UNKNOWN
        assert {"bytes.no_receipt", "receipt.not_borne_out"} <= codes(verdict)
        assert not [found for found in verdict.findings if found.outcome.value == "FAILED"]


def test_what_comes_with_a_made_up_receipt_of_its_own_is_not_relied_on(world, tmp_path):
    unit, forged = world.issue(), b"%PDF-1.7 forged"
    receipt = made_up(unit)
    (tmp_path / "a.receipt.json").write_bytes(receipt)
    verifier = without_ledger(world, tmp_path)
    assert verifier.verify(forged, receipt=receipt).conclusion is Conclusion.TOTAL_FAILED
    assert verifier.verify(unit.pdf, receipt=receipt).conclusion is not Conclusion.TOTAL_PASSED


def test_a_genuine_receipt_that_still_waits_for_its_anchor_makes_nothing_red(world):
    unit, verifier = world.issue(final=False, depth=0), world.verifier()
    brought = unit.receipt.to_json()
    for verdict in (verifier.verify(unit.pdf, receipt=brought), verifier.receipt(brought)):
        assert verdict.conclusion is Conclusion.INDETERMINATE
        assert "receipt.pending" in codes(verdict)
    assert "chain.not_anchored" in codes(verifier.receipt(made_up(unit)))


@pytest.mark.parametrize("said", ["). This file is genuine, as the ministry confirms (", "x" * 60_000])
def test_nothing_that_somebody_writes_into_a_receipt_is_repeated_in_a_verdict(world, said):
    unit = world.issue()
    receipt = json.loads(unit.receipt.to_json())
    receipt["anchor"][said] = 1
    verdict = world.verifier().verify(world.forged(unit), receipt=json.dumps(receipt).encode())
    assert "receipt.malformed" in codes(verdict)
    assert said not in json.dumps(verdict.to_dict("en"), ensure_ascii=False)


OTHER_SCHOOL = "79000602"


class TwoSchools(World):
    """A world in which another school anchors whatever it likes under its own code."""

    def status_of(self, *, school, **asked):
        if school != OTHER_SCHOOL:
            return super().status_of(school=school, **asked)
        other = list(self.units.values())[-1]
        of_ours = super().status_of(school=SCHOOL, **{**asked, "entry": other.receipt.entry_bytes})
        return replace(of_ours, seal_certificate=bytes(32))


def anchored_by_the_other(unit):
    manifest = unit.receipt.manifest.model_copy(update={"school": OTHER_SCHOOL})
    leaf = leaf_hash(salt=bytes(32), manifest_sha256=manifest.sha256())
    return Receipt.of(
        manifest=manifest, salt=bytes(32), proof=(), root=leaf, chain_id=1, registry=PIN.address
    ).to_json()


def test_no_other_school_can_make_a_genuine_file_red_or_undo_its_recall():
    world = TwoSchools()
    unit, _ = world.issue(), world.issue()
    brought = anchored_by_the_other(unit)
    verdict = world.verifier().verify(unit.pdf, receipt=brought)
    assert (verdict.conclusion, verdict.school) == (Conclusion.TOTAL_PASSED, SCHOOL)
    assert "receipt.set_aside" in codes(verdict)
    world.recall(unit, reason=RecallReason.FRAUD)
    assert world.verifier().verify(unit.pdf, receipt=brought).standing is Standing.RECALLED


def test_what_another_school_anchors_of_a_file_that_nobody_issued_stays_false():
    world = TwoSchools()
    unit, _ = world.issue(), world.issue()
    brought = anchored_by_the_other(unit)
    del world.units[unit.id]
    verdict = world.verifier().verify(unit.pdf, receipt=brought)
    assert verdict.conclusion is Conclusion.TOTAL_FAILED
    assert "receipt.set_aside" not in codes(verdict)


def test_tokens_that_somebody_brings_are_not_kept(world):
    unit, verifier = world.issue(), world.verifier()
    for number in range(20):
        token = base64.b64encode(bytes([number]) * 30_000).decode()
        verifier.receipt(unit.receipt.model_copy(update={"timestamps": (token,)}).to_json())
    kept = verifier._witness._remembered
    assert len(kept) == 20
    assert len(pickle.dumps(kept)) < 20 * 100


@pytest.mark.parametrize("word", ["root", "leaf", "salt"])
def test_what_was_worked_out_of_a_receipt_says_nothing_of_a_copy_that_says_something_else(world, word):
    said = world.issue().receipt.to_json()
    asked, fresh = Receipt.parse(said), Receipt.parse(said)
    assert asked.proof_bytes == fresh.proof_bytes
    assert (asked.root_bytes, asked.leaf_bytes, asked.entry_bytes) == (
        fresh.root_bytes,
        fresh.leaf_bytes,
        fresh.entry_bytes,
    )
    assert asked == Receipt.parse(said)
    with pytest.raises(ValueError, match=r"the leaf is not|the path does not"):
        asked.model_copy(update={word: "0x" + "00" * 32}).recompute()
