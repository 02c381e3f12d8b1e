# SPDX-License-Identifier: Apache-2.0

"""Every function of the registry and every refusal, from Python, on a chain in this process."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from registry_scene import CONSENT, OTHER_SCHOOL, SCHOOL, SEAL, Batch

from ledger.chain import abi
from ledger.chain.errors import Malformed, Rejected, WrongChain
from ledger.chain.registry import Recaller, RecallReason, RegistryPin, Replacement, SchoolStanding, Statement
from ledger.chain.web3_registry import Web3Registry
from ledger.proof.merkle import MerkleTree

UNKNOWN_SCHOOL = "79000499"
ZERO = bytes(32)
TOPIC = b"\x70" * 32


def refused(act, name, **values):
    with pytest.raises(Rejected) as caught:
        act()
    assert caught.value.name == name
    for key, value in values.items():
        assert caught.value.values[key] == value
    assert caught.value.vi
    assert caught.value.en


def word(code: str) -> bytes:
    return code.encode().ljust(32, b"\0")


def test_a_registered_school_can_be_read_back(scene):
    school = scene.registry.school(SCHOOL)
    assert (school.code, school.operator, school.seal_certificate) == (SCHOOL, scene.operator.address, SEAL)
    assert (school.standing, school.version, school.consent) == (SchoolStanding.ACTIVE, 1, CONSENT)
    assert school.since.tzinfo is UTC
    assert abs(school.since - datetime.now(UTC)) < timedelta(minutes=5)


def test_an_unknown_school_is_none(scene):
    assert scene.registry.school(UNKNOWN_SCHOOL) is None


def test_all_keys_of_a_school_can_be_read_back_with_what_was_reported_of_them(scene, in_process):
    authority, (first,) = scene.authority, scene.registry.keys_of(SCHOOL)
    assert (first.version, first.operator, first.seal_certificate) == (1, scene.operator.address, SEAL)

    def told(function, *arguments):
        nonce = scene.registry.nonce(authority.address)
        data = abi.call(function, word(SCHOOL), *arguments)
        scene.send(authority, scene.registry._prepare(authority.address, nonce, data))

    told("proposeKeys", scene.stranger.address, b"\x77" * 32, CONSENT)
    tester = in_process.ethereum_tester
    tester.time_travel(tester.get_block_by_number("latest")["timestamp"] + 72 * 3600 + 60)
    told("completeKeys")
    told("reportCompromise", 1, int(first.since.timestamp()) + 5)
    told("reportCompromise", 2, int(first.since.timestamp()) + 9)
    told("reportCompromise", 2, 0)
    old, new = scene.registry.keys_of(SCHOOL)
    assert (new.version, new.operator, new.seal_certificate) == (2, scene.stranger.address, b"\x77" * 32)
    assert old.since == first.since < new.since - timedelta(hours=72)
    assert (old.compromised_since, new.compromised_since) == (first.since + timedelta(seconds=5), None)
    assert old.compromise_recorded_at <= new.compromise_recorded_at
    assert scene.registry.keys_of(UNKNOWN_SCHOOL) == ()


def test_an_anchored_leaf_is_told_with_all_that_belongs_to_it(scene):
    batch = Batch("one")
    receipt = scene.anchor(batch)
    status = scene.status(batch, 3)
    assert status.anchored_in_block == receipt.block_number
    assert status.anchored_at == scene.registry.head().time
    assert (status.leaf_count, status.school_year, status.included) == (5, 2025, True)
    assert (status.recalled_at, status.reason, status.replacement) == (None, None, None)
    assert (status.seal_certificate, status.anchored_by, status.version) == (SEAL, scene.operator.address, 1)
    assert status.head == scene.registry.head()


def test_a_recall_is_told_with_reason_and_replacement(scene):
    batch, later = Batch("one"), Batch("two")
    scene.anchor(batch)
    scene.anchor(later)
    scene.recall(batch, 0, reason=RecallReason.FRAUD)
    scene.recall(batch, 1, reason=RecallReason.REASSESSMENT, replacement=Replacement(later.root, later.entries[2]))
    first, second = scene.status(batch, 0), scene.status(batch, 1)
    assert (first.reason, first.replacement) == (RecallReason.FRAUD, None)
    assert (second.reason, second.replacement) == (RecallReason.REASSESSMENT, (SCHOOL, later.entries[2]))
    assert (second.recalled_by, second.recaller) == (Recaller.SCHOOL, scene.operator.address)
    assert second.replaced_at == second.recalled_at
    assert second.recalled_at == scene.registry.head().time
    assert scene.status(batch, 2).recalled_at is None


@pytest.mark.parametrize("reason", RecallReason)
def test_the_contract_knows_every_reason_by_the_same_number(scene, reason):
    batch = Batch("one", 1)
    scene.anchor(batch)
    scene.recall(batch, 0, reason=reason)
    assert scene.status(batch, 0).reason is reason


def test_what_the_registry_does_not_know_is_none_and_never_included(scene):
    batch = Batch("never anchored")
    status = scene.status(batch, 0)
    assert (status.anchored_at, status.anchored_in_block, status.included) == (None, None, False)
    assert scene.status(batch, 0, school=UNKNOWN_SCHOOL).standing is SchoolStanding.UNREGISTERED
    assert scene.status(batch, 0, school=UNKNOWN_SCHOOL).seal_certificate == b""


def test_the_registry_is_asked_about_an_earlier_second(scene):
    batch = Batch("one")
    scene.anchor(batch)
    anchored = scene.status(batch, 0)
    scene.recall(batch, 0, reason=RecallReason.FRAUD)
    recalled_at = scene.status(batch, 0).recalled_at
    assert scene.status(batch, 0, at=recalled_at).recalled_at == recalled_at
    earlier = scene.status(batch, 0, at=recalled_at - timedelta(seconds=1))
    assert (earlier.recalled_at, earlier.reason, earlier.recaller) == (None, None, "")
    before = scene.status(batch, 0, at=anchored.anchored_at - timedelta(seconds=1))
    assert (before.anchored_at, before.included, before.anchored_by) == (None, False, "")


def test_the_seal_is_told_for_any_moment(scene):
    since = scene.registry.school(SCHOOL).since
    assert scene.registry.seal_at(school=SCHOOL, at=since) == SEAL
    assert scene.registry.seal_at(school=SCHOOL, at=since - timedelta(seconds=1)) == b""
    assert scene.registry.seal_at(school=UNKNOWN_SCHOOL, at=since) == b""


def test_the_newest_statement_is_told_and_the_newest_of_any_second(scene):
    assert scene.registry.statement_at(publisher=None, topic=TOPIC) is None
    scene.publish(b"\x01" * 32, topic=TOPIC)
    first = scene.registry.statement_at(publisher=None, topic=TOPIC)
    assert first == Statement(b"\x01" * 32, scene.registry.head().time)
    scene.publish(b"\x02" * 32, topic=TOPIC)
    second = scene.registry.statement_at(publisher=None, topic=TOPIC)
    assert second == (b"\x02" * 32, scene.registry.head().time)
    asked = {"publisher": None, "topic": TOPIC}
    before = second.published_at - timedelta(seconds=1)
    assert scene.registry.statement_at(**asked, at=second.published_at) == second
    assert scene.registry.statement_at(**asked, at=before) == (first if first.published_at <= before else None)
    assert scene.registry.statement_at(**asked, at=first.published_at - timedelta(seconds=1)) is None


def test_a_statement_is_its_publishers_and_its_topics(scene):
    scene.publish(b"\x01" * 32, topic=TOPIC)
    scene.publish(b"\x02" * 32, topic=TOPIC, publisher=SCHOOL, wallet=scene.operator)
    assert scene.registry.statement_at(publisher=None, topic=TOPIC).digest == b"\x01" * 32
    assert scene.registry.statement_at(publisher=SCHOOL, topic=TOPIC).digest == b"\x02" * 32
    assert scene.registry.statement_at(publisher=OTHER_SCHOOL, topic=TOPIC) is None
    assert scene.registry.statement_at(publisher=None, topic=ZERO) is None


def test_statement_refusals(scene):
    refused(lambda: scene.publish(ZERO, topic=TOPIC), "MissingDigest", topic=TOPIC)
    refused(
        lambda: scene.publish(b"\x01" * 32, topic=TOPIC, wallet=scene.operator),
        "AccessControlUnauthorizedAccount",
        account=scene.operator.address.lower(),
    )
    refused(lambda: scene.publish(b"\x01" * 32, topic=TOPIC, publisher=SCHOOL), "NotOperator")
    with pytest.raises(Malformed):
        scene.publish(b"short", topic=TOPIC)


def test_an_inner_node_of_the_tree_is_not_an_entry(scene):
    batch = Batch("two records", 2)
    scene.anchor(batch)
    # Two leaves hash to the root: whoever passes for the entry above them would stand for both.
    leaf, sibling = batch.leaves
    assert MerkleTree([leaf, sibling]).root == batch.root
    for forged in (batch.root, leaf, sibling):
        told = scene.registry.status_of(school=SCHOOL, root=batch.root, entry=forged, proof=())
        assert told.anchored_at is not None
        assert not told.included


def test_a_wrong_path_is_anchored_but_not_included(scene):
    batch = Batch("one")
    scene.anchor(batch)
    status = scene.status(batch, 0, proof=batch.proof(1))
    assert status.anchored_at is not None
    assert not status.included


def test_another_schools_root_is_not_this_schools(scene):
    batch = Batch("one")
    scene.anchor(batch)
    assert scene.status(batch, 0, school=OTHER_SCHOOL).anchored_at is None


def test_only_the_authority_registers(scene):
    refused(
        lambda: scene.register(school=UNKNOWN_SCHOOL, wallet=scene.operator),
        "AccessControlUnauthorizedAccount",
        neededRole=ZERO,
    )


def test_a_school_is_registered_once(scene):
    refused(scene.register, "AlreadyRegistered", school=word(SCHOOL))


def test_a_school_needs_a_seal_and_an_operator(scene):
    refused(lambda: scene.register(school=UNKNOWN_SCHOOL, seal=ZERO), "IncompleteKeys")
    refused(lambda: scene.register(school=UNKNOWN_SCHOOL, operator="0x" + "00" * 20), "IncompleteKeys")


def test_anchor_refusals(scene):
    batch = Batch("one")
    refused(lambda: scene.anchor(batch, wallet=scene.stranger), "NotOperator", school=word(SCHOOL))
    refused(lambda: scene.anchor(batch, wallet=scene.authority), "NotOperator")
    refused(lambda: scene.anchor(batch, school=UNKNOWN_SCHOOL), "UnknownSchool", school=word(UNKNOWN_SCHOOL))
    refused(lambda: scene.anchor(batch, root=ZERO), "MissingRoot")
    refused(lambda: scene.anchor(batch, year=0), "UnknownSchoolYear", schoolYear=0)
    refused(lambda: scene.anchor(batch, size=0), "EmptyBatch", root=batch.root)
    scene.anchor(batch)
    at = int(scene.status(batch, 0).anchored_at.timestamp())
    refused(lambda: scene.anchor(batch), "AlreadyAnchored", root=batch.root, anchoredAt=at)
    assert scene.status(batch, 0).leaf_count == batch.size


def test_recall_refusals(scene):
    batch, foreign = Batch("one"), Batch("of another school")
    scene.anchor(batch)
    scene.anchor(foreign, school=OTHER_SCHOOL, wallet=scene.other_operator)
    why = RecallReason.WRONG_DATA
    refused(lambda: scene.recall(batch, 0, reason=why, wallet=scene.authority), "NotOperator")
    refused(lambda: scene.recall(batch, 0, reason=why, school=UNKNOWN_SCHOOL), "UnknownSchool")
    refused(lambda: scene.recall(foreign, 0, reason=why), "NotAnchored", root=foreign.root)
    for half in (Replacement(batch.root, ZERO), Replacement(ZERO, batch.entries[1])):
        refused(lambda half=half: scene.recall(batch, 0, reason=why, replacement=half), "IncompleteReplacement")
    elsewhere = Replacement(foreign.root, foreign.entries[0])
    refused(lambda: scene.recall(batch, 0, reason=why, replacement=elsewhere), "NotAnchored", root=foreign.root)
    itself = Replacement(batch.root, batch.entries[0])
    refused(lambda: scene.recall(batch, 0, reason=why, replacement=itself), "ReplacementRecalled")
    assert scene.status(batch, 0).recalled_at is None
    scene.recall(batch, 0, reason=why)
    refused(lambda: scene.recall(batch, 0, reason=RecallReason.FRAUD), "AlreadyRecalled", entry=batch.entries[0])
    assert scene.status(batch, 0).reason is why


def test_a_reason_that_is_none_is_refused_by_the_contract_too(scene):
    batch = Batch("one")
    scene.anchor(batch)
    refused(lambda: scene.recall(batch, 0, reason=0), "MissingReason", entry=batch.entries[0])


@pytest.mark.parametrize("code", ["", "7900040", "790004011", "7900040A", "٧٩٠٠٠٤٠١", "79000401\0"])
def test_a_malformed_code_never_reaches_the_chain(scene, code):
    with pytest.raises(Malformed):
        scene.registry.school(code)


@pytest.mark.parametrize("changes", [{"root": b"short"}, {"year": 70000}, {"size": -1}, {"size": 2**32}])
def test_values_that_do_not_fit_are_malformed(scene, changes):
    with pytest.raises(Malformed):
        scene.anchor(Batch("one"), **changes)


def test_broadcasting_twice_is_one_transaction(scene):
    signed = scene.operator.sign(scene.prepare_anchor(Batch("one")))
    nonce = scene.registry.nonce(scene.operator.address)
    assert scene.registry.broadcast(signed.raw) == scene.registry.broadcast(signed.raw) == signed.hash
    assert scene.registry.nonce(scene.operator.address) == nonce + 1


def test_a_transaction_undone_by_the_contract_has_a_receipt_that_says_so(scene):
    batch = Batch("one")
    first, second = scene.prepare_anchor(batch), scene.prepare_anchor(batch)
    scene.send(scene.operator, first)
    assert scene.send(scene.operator, replace(second, nonce=second.nonce + 1)).status is False


def test_an_unknown_transaction_has_no_receipt(scene):
    assert scene.registry.receipt(b"\x01" * 32) is None


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("chain id", {"chain_id": 1}),
        ("code", {"address": "0x" + "11" * 20}),
        ("code hash", {"code_hash": "0x" + "22" * 32}),
    ],
)
def test_another_registry_than_the_pinned_one_is_not_asked(scene, in_process, what, changes):
    pin = scene.deployment.pin
    fields = {"chain_id": pin.chain_id, "address": pin.address, "code_hash": pin.code_hash}
    stranger = Web3Registry(in_process, RegistryPin(**fields | changes))
    for ask in (stranger.head, lambda: stranger.school(SCHOOL), lambda: stranger.broadcast(b"")):
        with pytest.raises(WrongChain) as caught:
            ask()
        assert caught.value.what == what
