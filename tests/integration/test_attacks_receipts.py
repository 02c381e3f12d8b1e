# SPDX-License-Identifier: Apache-2.0

"""Attacks on the way from file to chain: receipts that are another's, anchors that are none, recalls undone, ledgers rewritten."""

import json
import secrets
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import attacked_school as world
import pytest
from attacked_school import FAILED, OPEN, OTHER_CODE, PASSED
from simulators.json_schema import complaints

from ledger.chain.registry import RecallReason
from ledger.proof.leaf import leaf_hash
from ledger.proof.merkle import MerkleTree, parent
from ledger.proof.receipt import Receipt
from ledger.store.reader import ReceiptEntry
from verifier_api.verdict import Conclusion, Standing

UNDATED = "signatures.indeterminate"
"""An XML's signatures have no time but the anchor's, and there is none."""


def answer(data, receipt, **parts):
    """Conclusion, standing and complaints."""
    verdict = world.judge(data, receipt, **parts)
    return verdict.conclusion, verdict.standing, world.complaints(verdict)


def rejected(data, receipt, code, *also):
    conclusion, standing, found = answer(data, receipt)
    assert (conclusion, found) == (FAILED, {code, *also})
    assert standing is not Standing.CURRENT


@pytest.fixture
def xml():
    return world.genuine().xml


@pytest.fixture
def receipt():
    """A receipt of its own for this test to spoil on the chain."""
    return world.anchored(world.manifest_of(world.genuine()))


def test_genuine_through_the_ledger(xml, receipt):
    assert answer(xml, None, issued=world.Shelf(receipt)) == (PASSED, Standing.CURRENT, set())


def test_genuine_anchored_in_a_second_batch(xml, receipt):
    again = world.anchored(receipt.manifest)
    assert again.root != receipt.root
    for issued in (world.Shelf(), world.Shelf(receipt)):
        assert answer(xml, again, issued=issued) == (PASSED, Standing.CURRENT, set())


# Another's receipt.


def test_receipt_of_another_pupil(xml):
    rejected(xml, world.genuine_receipt(1), "bytes.other_receipt")


def test_file_altered_under_its_own_receipt(xml, receipt):
    name = world.SHEET.records[0].pupil.name.encode()
    rejected(xml.replace(name, name + b" B", 1), receipt, "bytes.altered", "signatures.invalid")


def test_file_with_something_appended(xml, receipt):
    rejected(xml + b"\n", receipt, "bytes.appended")


def test_receipt_that_names_another_school(xml):
    """The manifest of the school next door over our file, anchored by it: neither our seal nor our record."""
    neighbours = world.anchored(world.manifest_of(world.genuine(), school=OTHER_CODE))
    conclusion, _, found = answer(xml, neighbours)
    assert conclusion is FAILED
    assert {"contents.other_claim", "signatures.seal_other", "signatures.not_listed"} <= found


def test_our_root_anchored_by_the_school_next_door(xml):
    (stolen,) = world.batched(world.manifest_of(world.genuine()))
    world.chain().anchor(stolen.root_bytes, school=OTHER_CODE)
    rejected(xml, stolen, "chain.not_anchored", UNDATED)


def test_never_anchored(xml):
    rejected(xml, world.batched(world.manifest_of(world.genuine()))[0], "chain.not_anchored", UNDATED)


def test_anchored_for_another_year(xml):
    rejected(xml, world.anchored(world.manifest_of(world.genuine()), year=2019), "chain.not_anchored", UNDATED)


def test_anchored_by_a_school_that_nobody_registered(xml):
    (homeless,) = world.batched(world.manifest_of(world.genuine(), school="99999999"))
    rejected(xml, homeless, "chain.not_anchored", UNDATED, "contents.other_claim")


def test_not_deep_enough(xml):
    shallow = world.anchored(world.manifest_of(world.genuine()), deep=False)
    assert answer(xml, shallow)[:2] == (OPEN, Standing.UNANCHORED)
    assert "chain.awaiting" in answer(xml, shallow)[2]
    world.chain().mine()
    assert answer(xml, shallow) == (PASSED, Standing.CURRENT, set())


# Receipts that do not add up.


def spoiled(change):
    def spoil(receipt):
        value = json.loads(receipt.to_json())
        change(value)
        return json.dumps(value).encode()

    return spoil


def inner_node_as_leaf(value):
    sibling = bytes.fromhex(value["proof"][0][2:])
    value["leaf"] = "0x" + parent(bytes.fromhex(value["leaf"][2:]), sibling).hex()
    value["proof"] = value["proof"][1:]


def with_proof(change):
    return lambda value: value.update(proof=change(value["proof"]))


MALFORMED = {
    "inner node as leaf": spoiled(inner_node_as_leaf),
    "root as leaf": spoiled(lambda value: value.update(leaf=value["root"], proof=[])),
    "proof too short": spoiled(with_proof(lambda proof: proof[:-1])),
    "proof too long": spoiled(with_proof(lambda proof: [*proof, "0x" + "00" * 32])),
    "proof beyond all trees": spoiled(with_proof(lambda proof: [*proof, *["0x" + "00" * 32] * 33])),
    "sibling changed": spoiled(with_proof(lambda _: ["0x" + "11" * 32])),
    "other salt": spoiled(lambda value: value.update(salt="0x" + "22" * 32)),
    "other root": spoiled(lambda value: value.update(root=world.genuine_receipt(1).root)),
    "marks of another record": spoiled(lambda value: value["manifest"].update(record_sha256="00" * 32)),
    "other signers": spoiled(lambda value: value["manifest"]["signers"].pop()),
    "anchor of another school": spoiled(lambda value: value["anchor"].update(school=OTHER_CODE)),
    "unknown format": spoiled(lambda value: value.update(format="hocba-receipt/9")),
    "says more than we know": spoiled(lambda value: value.update(note="10,0")),
    "cut short": lambda receipt: receipt.to_json()[:-20],
    "empty": lambda _: b"",
    "noise": lambda _: secrets.token_bytes(500),
    "a book": lambda receipt: receipt.to_json() + b" " * 70_000,
}


@pytest.mark.parametrize("spoil", MALFORMED.values(), ids=MALFORMED)
def test_receipt_that_contradicts_itself(xml, spoil):
    rejected(xml, spoil(world.genuine_receipt()), "receipt.malformed")


def test_receipt_that_names_another_chain_and_registry_is_only_a_wrong_hint(xml, receipt):
    hint = spoiled(lambda value: value["anchor"].update(chain_id=1, registry="0x" + "ee" * 20))
    assert answer(xml, hint(receipt)) == (PASSED, Standing.CURRENT, set())


# Recalls.


def test_recalled(xml, receipt):
    world.chain().recall(receipt, reason=RecallReason.FRAUD)
    verdict = world.judge(xml, receipt)
    assert (verdict.standing, verdict.recall_reason) == (Standing.RECALLED, "fraud")
    assert "standing.current" not in {finding.code for finding in verdict.findings}


def test_recalled_before_the_anchor_is_deep(xml):
    shallow = world.anchored(world.manifest_of(world.genuine()), deep=False)
    world.chain().recall(shallow)
    assert world.judge(xml, shallow).standing is Standing.RECALLED


def test_recall_of_another_leaf_of_the_same_batch(xml):
    first, second = world.batched(world.manifest_of(world.genuine()), world.manifest_of(world.genuine(1)))
    world.chain().anchor(first.root_bytes)
    world.chain().recall(second)
    assert answer(xml, first) == (PASSED, Standing.CURRENT, set())
    assert world.judge(world.genuine(1).xml, second).standing is Standing.RECALLED


def test_recalled_and_the_same_leaf_anchored_again(xml, receipt):
    """A recall speaks of one batch, as the year of the batch decides who must approve it. The ledger remembers."""
    world.chain().recall(receipt)
    filler = leaf_hash(salt=secrets.token_bytes(32), manifest_sha256=bytes(32))
    tree = MerkleTree([receipt.leaf_bytes, filler])
    world.chain().anchor(tree.root)
    pin = world.chain().deployment.pin
    again = Receipt.of(
        manifest=receipt.manifest,
        salt=bytes.fromhex(receipt.salt[2:]),
        proof=tree.proof(receipt.leaf_bytes),
        root=tree.root,
        chain_id=pin.chain_id,
        registry=pin.address,
    )
    assert world.judge(xml, again, issued=world.Shelf(receipt)).standing is Standing.RECALLED


def test_recalled_and_anchored_again_under_another_salt(xml, receipt):
    """The operator brings a recalled record back under a leaf that nobody recalled. The ledger remembers the first one."""
    world.chain().recall(receipt)
    again = world.anchored(receipt.manifest)
    assert world.judge(xml, again, issued=world.Shelf(receipt)).standing is Standing.RECALLED


def replaced(receipt, successor):
    world.chain().recall(receipt, reason=RecallReason.REASSESSMENT, by=successor)
    shelf = world.Shelf(receipt, successor)
    shelf.successors[receipt.manifest.id] = successor.manifest.id
    return shelf


def test_replaced_by_the_unit_that_the_chain_names(xml, receipt):
    successor = world.anchored(world.manifest_of(world.genuine(1)))
    verdict = world.judge(xml, receipt, issued=replaced(receipt, successor))
    assert (verdict.standing, verdict.replaced_by) == (Standing.REPLACED, successor.manifest.id)


def test_replaced_and_the_ledger_names_a_strangers_unit(xml, receipt):
    shelf = replaced(receipt, world.anchored(world.manifest_of(world.genuine(1))))
    stranger = world.genuine_receipt(2)
    shelf.successors[receipt.manifest.id] = stranger.manifest.id
    shelf.by_unit |= world.Shelf(stranger).by_unit
    verdict = world.judge(xml, receipt, issued=shelf)
    assert (verdict.standing, verdict.replaced_by) == (Standing.REPLACED, None)


# A ledger that somebody wrote in.


def entry_of(own, **changes):
    return replace(ReceiptEntry(unit_id=own.manifest.id, receipt=own.to_json(), final=True), **changes)


def test_ledger_gives_another_units_receipt_for_this_file(xml, receipt):
    """No fault of the file: not red. And not green."""
    shelf = world.Shelf(receipt)
    shelf.by_file = dict.fromkeys(shelf.by_file, entry_of(world.genuine_receipt(1)))
    assert answer(xml, None, issued=shelf) == (OPEN, Standing.UNKNOWN, {"bytes.ledger_contradicts"})
    assert answer(xml, receipt, issued=shelf) == (PASSED, Standing.CURRENT, set())


def test_ledger_gives_a_damaged_receipt(xml, receipt):
    shelf = world.Shelf(receipt)
    shelf.by_file = dict.fromkeys(shelf.by_file, entry_of(receipt, receipt=receipt.to_json()[:-9]))
    assert answer(xml, None, issued=shelf) == (OPEN, Standing.UNKNOWN, {"bytes.ledger_contradicts"})


def test_ledger_has_lost_the_files_digest(xml, receipt):
    shelf = world.Shelf(receipt)
    shelf.by_file.clear()
    assert answer(xml, None, issued=shelf) == (PASSED, Standing.CURRENT, set())


def test_ledger_says_final_of_what_nobody_anchored(xml):
    (invented,) = world.batched(world.manifest_of(world.genuine()))
    assert answer(xml, None, issued=world.Shelf(invented))[0] is FAILED


def test_ledger_says_pending_of_what_nobody_anchored(xml):
    (waiting,) = world.batched(world.manifest_of(world.genuine()))
    shelf = world.Shelf(waiting)
    shelf.by_file = dict.fromkeys(shelf.by_file, entry_of(waiting, final=False))
    conclusion, standing, found = answer(xml, None, issued=shelf)
    assert (conclusion, standing) == (OPEN, Standing.UNANCHORED)
    assert "receipt.pending" in found


def test_qr_of_a_recalled_unit_answered_with_a_current_ones_receipt(receipt):
    world.chain().recall(receipt)
    shelf = world.Shelf(receipt)
    shelf.by_unit[receipt.manifest.id] = entry_of(world.genuine_receipt(1), unit_id=receipt.manifest.id)
    verdict = world.verifier(issued=shelf).unit(receipt.manifest.id)
    assert (verdict.standing, verdict.unit) == (Standing.UNKNOWN, receipt.manifest.id)
    assert "bytes.ledger_contradicts" in world.complaints(verdict)


def test_digest_of_a_recalled_file_answered_with_a_current_ones_receipt(receipt):
    world.chain().recall(receipt)
    shelf = world.Shelf(receipt)
    shelf.by_file = dict.fromkeys(shelf.by_file, entry_of(world.genuine_receipt(1)))
    verdict = world.verifier(issued=shelf).digest(receipt.manifest.files[0].sha256)
    assert verdict.standing is Standing.UNKNOWN
    assert verdict.conclusion is not Conclusion.TOTAL_PASSED


# A node that has stopped.


def stale_trust(seconds):
    trust = world.trusting()
    settings = trust.settings.model_copy(
        update={"registry": trust.settings.registry.model_copy(update={"newest_block_within": seconds})}
    )
    return replace(trust, settings=settings)


def hours_later(receipt, data, **parts):
    trust = stale_trust(3600)
    verifier = world.verifier(trust=trust, now=lambda: world.now() + timedelta(hours=3), **parts)
    return verifier.verify(data, receipt=receipt.to_json())


def test_node_that_stands_still_knows_no_recalls(xml, receipt):
    verdict = hours_later(receipt, xml)
    assert (verdict.conclusion, verdict.standing) == (OPEN, Standing.UNKNOWN)
    assert world.complaints(verdict) == {"chain.stale"}


def test_node_that_stands_still_has_not_heard_of_the_anchor(xml):
    verdict = hours_later(world.batched(world.manifest_of(world.genuine()))[0], xml)
    assert (verdict.conclusion, verdict.standing) == (OPEN, Standing.UNKNOWN)
    assert "chain.not_anchored" not in world.complaints(verdict)


def test_recall_that_a_stopped_node_knows_of_counts(xml, receipt):
    world.chain().recall(receipt)
    assert hours_later(receipt, xml).standing is Standing.RECALLED


def test_node_that_goes_on_is_believed(xml, receipt):
    assert answer(xml, receipt, trust=stale_trust(3600)) == (PASSED, Standing.CURRENT, set())


def test_the_verdict_on_every_attack_is_what_the_published_schema_says(xml, receipt):
    paper = world.genuine()
    hostile = [
        paper.pdf,
        xml,
        paper.pdf + b"%",
        paper.pdf[:-7],
        paper.pdf[:1000],
        xml.replace(b"</", b"< /", 1),
        b"%PDF-1.7 x",
    ]
    receipts = [receipt, b"["]
    told = [world.judge(data, given).to_dict() for data in hostile for given in receipts]
    schema = Path(__file__).parents[2] / "verifier_api/verdict-1.schema.json"
    assert set(complaints(schema, told)) == {""}
    assert {FAILED.value, PASSED.value} <= {one["conclusion"] for one in told}
