# SPDX-License-Identifier: Apache-2.0

"""Trees, manifests and receipts over whatever Hypothesis can think of."""

import json
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.proof.errors import MalformedReceipt
from ledger.proof.leaf import leaf_hash
from ledger.proof.manifest import MAX_EXACT_INTEGER, IssuedFile, Manifest, ManifestSigner
from ledger.proof.merkle import MerkleTree, root_of
from ledger.proof.receipt import Receipt

words = st.binary(min_size=32, max_size=32)
digests = words.map(bytes.hex)
ids = st.uuids(version=4)
leaf_sets = st.sets(words, min_size=1, max_size=70)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    first, own, replaced = draw(st.integers(1000, 9998)), draw(ids), draw(st.none() | ids)
    pdf, xml = draw(st.lists(digests, min_size=2, max_size=2, unique=True))
    sizes = st.integers(1, MAX_EXACT_INTEGER)
    roles = draw(st.permutations(["GVCN", "CBQL", "KY_PHAT_HANH"]))[: draw(st.integers(1, 3))]
    return Manifest(
        id=own,
        school=f"{draw(st.integers(0, 99_999_999)):08d}",
        year=f"{first}-{first + 1}",
        level=draw(st.sampled_from(["TH", "THCS", "THPT"])),
        profile=draw(st.from_regex(r"\A[a-z][a-z0-9-]{0,31}\Z")),
        record_sha256=draw(digests),
        files=(
            IssuedFile(role="pdf", sha256=pdf, size=draw(sizes)),
            IssuedFile(role="xml", sha256=xml, size=draw(sizes)),
        ),
        signers=tuple(ManifestSigner(role=role, cert_sha256=draw(digests)) for role in roles),
        replaces=None if replaced == own else replaced,
    )


@st.composite
def receipts(draw: st.DrawFn) -> Receipt:
    manifest, salt = draw(manifests()), draw(words)
    leaf = leaf_hash(salt=salt, manifest_sha256=manifest.sha256())
    tree = MerkleTree({leaf, *draw(st.sets(words, max_size=20))})
    return Receipt.of(
        manifest=manifest,
        salt=salt,
        proof=tree.proof(leaf),
        root=tree.root,
        chain_id=draw(st.integers(1, MAX_EXACT_INTEGER)),
        registry="0x" + draw(st.binary(min_size=20, max_size=20)).hex(),
    )


@given(leaf_sets)
def test_every_leaf_leads_to_the_root_and_no_other_does(leaves):
    tree = MerkleTree(leaves)
    for leaf in leaves:
        proof = tree.proof(leaf)
        assert root_of(leaf, proof) == tree.root
        assert len(proof) <= (len(leaves) - 1).bit_length() + 1
    stranger = bytes(32)
    if stranger not in leaves:
        assert all(root_of(stranger, tree.proof(leaf)) != tree.root for leaf in leaves)


@given(leaf_sets)
def test_all_proofs_at_once_are_those_asked_for_one_by_one(leaves):
    tree = MerkleTree(leaves)
    proofs = list(tree.proofs())
    assert len(proofs) == len(leaves)
    assert dict(proofs) == {leaf: tree.proof(leaf) for leaf in leaves}


@given(leaf_sets, words)
def test_another_leaf_gives_another_root(leaves, more):
    if more not in leaves:
        assert MerkleTree(leaves).root != MerkleTree({*leaves, more}).root


@given(manifests())
def test_a_manifest_survives_its_canonical_form(manifest):
    assert Manifest.parse(manifest.canonical()) == manifest
    values = json.loads(manifest.canonical())
    assert manifest.canonical() == rfc8785.dumps(values)
    assert UUID(values["id"]) == manifest.id


@given(receipts())
def test_a_receipt_survives_being_handed_out(receipt):
    assert Receipt.parse(receipt.to_json()) == receipt
    assert Receipt.parse(receipt.to_json()).to_json() == receipt.to_json()
    # The form in which receipts have been handed out from the first day: every reader's own json can write it.
    assert receipt.to_json() == json.dumps(json.loads(receipt.to_json()), ensure_ascii=False, indent=2).encode() + b"\n"


@settings(max_examples=300)
@given(receipts(), st.data())
def test_one_changed_character_is_never_another_receipt(receipt, data):
    """Whatever is read says what was written: a change is refused, or it is one of the hints that prove nothing."""
    text = receipt.to_json()
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != text[place]))
    changed = text[:place] + bytes([other]) + text[place + 1 :]
    try:
        read = Receipt.parse(changed)
    except MalformedReceipt:
        return
    hints = {"anchor"}
    assert read.model_dump(exclude=hints) == receipt.model_dump(exclude=hints)


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_and_never_a_crash(data):
    with pytest.raises(MalformedReceipt):
        Receipt.parse(data)
