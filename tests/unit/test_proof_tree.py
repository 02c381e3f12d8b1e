# SPDX-License-Identifier: Apache-2.0

"""Leaves, trees and manifests: what they refuse, and the attack that a Merkle tree must withstand."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from ledger.proof.errors import MalformedManifest, MalformedReceipt, TreeError
from ledger.proof.leaf import LEAF_TAG, leaf_hash
from ledger.proof.manifest import Manifest
from ledger.proof.merkle import MerkleTree, keccak, parent, root_of
from ledger.proof.receipt import MAX_PROOF_NODES, Receipt

GENUINE = (Path(__file__).parents[1] / "vectors" / "proofs" / "hocba-receipt-1.genuine.json").read_bytes()
LEAVES = [keccak(bytes([n])) for n in range(8)]


def canonical(**changes: object) -> bytes:
    """The genuine manifest's bytes with some members changed; None takes one away."""
    values = json.loads(GENUINE)["manifest"] | changes
    present = {name: value for name, value in values.items() if value is not None}
    return json.dumps(present, separators=(",", ":"), sort_keys=True).encode()


def test_keccak_is_the_chains_and_not_sha3():
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak(b"hocba.leaf.v1") == LEAF_TAG


@pytest.mark.parametrize("salt", [b"", b"\x01" * 31, b"\x01" * 33])
def test_a_leaf_takes_whole_words_only(salt):
    with pytest.raises(ValueError):
        leaf_hash(salt=salt, manifest_sha256=b"\x02" * 32)
    with pytest.raises(ValueError):
        leaf_hash(salt=b"\x02" * 32, manifest_sha256=salt)


def test_salt_and_digest_are_not_interchangeable():
    one, other = b"\x01" * 32, b"\x02" * 32
    assert leaf_hash(salt=one, manifest_sha256=other) != leaf_hash(salt=other, manifest_sha256=one)


@pytest.mark.parametrize(
    "leaves", [[], [b"short"], [LEAVES[0], b"\x00" * 33], [LEAVES[0], LEAVES[1], LEAVES[0]]], ids=len
)
def test_a_tree_refuses(leaves):
    with pytest.raises(TreeError):
        MerkleTree(leaves)


def test_a_strangers_leaf_has_no_proof():
    with pytest.raises(TreeError):
        MerkleTree(LEAVES[:5]).proof(LEAVES[6])


def test_an_inner_node_has_no_proof():
    with pytest.raises(TreeError):
        MerkleTree(LEAVES[:2]).proof(MerkleTree(LEAVES[:2]).root)


def test_a_tree_of_one_is_its_leaf():
    tree = MerkleTree(LEAVES[:1])
    assert (tree.root, tree.proof(LEAVES[0])) == (LEAVES[0], ())


def test_the_order_of_leaves_changes_nothing():
    assert MerkleTree(LEAVES).root == MerkleTree(reversed(LEAVES)).root


def test_an_inner_node_passes_the_path_but_never_for_a_receipt():
    """The known attack: a path alone can't tell a leaf from the node above it. A receipt computes its leaf instead."""
    receipt = Receipt.parse(GENUINE)
    first, *rest = receipt.proof_bytes
    above = parent(receipt.leaf_bytes, first)
    assert root_of(above, rest) == receipt.root_bytes
    forged = json.loads(GENUINE) | {"leaf": "0x" + above.hex(), "proof": ["0x" + node.hex() for node in rest]}
    with pytest.raises(MalformedReceipt, match="leaf"):
        Receipt.parse(json.dumps(forged).encode())


def test_a_path_that_leads_to_its_root_may_still_be_too_long():
    receipt = Receipt.parse(GENUINE)
    for length, readable in ((MAX_PROOF_NODES, True), (MAX_PROOF_NODES + 1, False)):
        proof = [keccak(bytes([n])) for n in range(length)]
        root = root_of(receipt.leaf_bytes, proof)
        words = {"proof": ["0x" + node.hex() for node in proof], "root": "0x" + root.hex()}
        data = json.dumps(json.loads(GENUINE) | words).encode()
        if readable:
            assert Receipt.parse(data).root_bytes == root
        else:
            with pytest.raises(MalformedReceipt, match="proof"):
                Receipt.parse(data)


def test_a_manifest_reads_what_it_wrote():
    manifest = Receipt.parse(GENUINE).manifest
    assert manifest.canonical() == canonical()
    assert Manifest.parse(manifest.canonical()) == manifest


def test_a_manifest_is_canonical_json():
    """RFC 8785: members sorted, no space, nothing absent, and the same bytes for the same values."""
    data = Receipt.parse(GENUINE).manifest.canonical()
    assert b" " not in data
    assert b"null" not in data
    assert list(json.loads(data)) == sorted(json.loads(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff",
        b" " + canonical(),
        canonical() + b"\n",
        json.dumps(json.loads(canonical())).encode(),
        canonical().replace(b'{"files"', b'{"version":"hocba-manifest/1","files"'),
        canonical().replace(b'"year"', b'"replaces":null,"year"'),
        canonical(version=None),
        canonical(kind=None),
        canonical(level="THCS "),
        canonical(level="thcs"),
        canonical(school="7900070"),
        canonical(year="2025/2026"),
        canonical(year="2026-2025"),
        canonical(profile="MOET"),
        canonical(profile=""),
        canonical(pupil="Nguyễn Văn A"),
        canonical(id="00000000-0000-0000-0000-000000000000"),
        canonical(replaces=json.loads(GENUINE)["manifest"]["id"]),
        canonical(signers=[{"role": "GVBM", "cert_sha256": "0" * 64}]),
        canonical(files=[{"role": "pdf", "sha256": "0" * 64, "size": 0}]),
        canonical(files=[{"role": r, "sha256": "0" * 64, "size": 1} for r in ("pdf", "xml")]),
    ],
)
def test_a_manifest_refuses(data):
    with pytest.raises(MalformedManifest):
        Manifest.parse(data)


def test_a_manifest_finds_its_files_by_their_bytes_alone():
    manifest = Receipt.parse(GENUINE).manifest
    assert manifest.file(manifest.files[1].sha256) == manifest.files[1]
    assert manifest.file("0" * 64) is None


def test_values_cannot_be_changed_after_they_were_judged():
    receipt = Receipt.parse(GENUINE)
    for value, member in ((receipt, "root"), (receipt.manifest, "school"), (receipt.anchor, "chain_id")):
        with pytest.raises(ValidationError):
            setattr(value, member, getattr(value, member))
