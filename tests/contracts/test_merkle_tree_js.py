# SPDX-License-Identifier: Apache-2.0

"""Our trees against npm's @openzeppelin/merkle-tree: the same leaves, roots and proofs, and the same refusals."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.proof.leaf import LEAF_TAG, leaf_hash
from ledger.proof.merkle import MerkleTree, root_of
from ledger.proof.receipt import Receipt

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("standard_merkle_tree.mjs")
GENUINE = ROOT / "tests" / "vectors" / "proofs" / "hocba-receipt-1.genuine.json"
SIZES = (1, 2, 3, 5, 8, 42, 1000)


def word(data: bytes) -> str:
    return "0x" + data.hex()


def values_of(size: int) -> list[tuple[bytes, bytes]]:
    """Salt and manifest digest of each leaf."""
    return [(hashlib.sha256(b"salt %d" % n).digest(), hashlib.sha256(b"manifest %d" % n).digest()) for n in range(size)]


def as_values(salt: bytes, digest: bytes) -> list[str]:
    return [word(LEAF_TAG), word(salt), word(digest)]


@pytest.fixture(scope="module")
def foreign():
    """What OpenZeppelin's library says about all trees and claims, asked in one go: Node takes a second to start."""
    receipt = Receipt.parse(GENUINE.read_bytes())
    value = [word(LEAF_TAG), receipt.salt, word(receipt.manifest.sha256())]
    genuine = {"root": receipt.root, "value": value, "proof": list(receipt.proof)}
    claims = [
        genuine,
        genuine | {"value": [value[0], value[2], value[1]]},
        genuine | {"value": [word(bytes(32)), *value[1:]]},
        genuine | {"proof": genuine["proof"][:-1]},
        genuine | {"root": receipt.leaf},
    ]
    for size in SIZES:
        pairs = values_of(size)
        leaves = [leaf_hash(salt=salt, manifest_sha256=digest) for salt, digest in pairs]
        tree = MerkleTree(leaves)
        claims += [
            {"root": word(tree.root), "value": as_values(*pair), "proof": [word(node) for node in tree.proof(leaf)]}
            for pair, leaf in zip(pairs, leaves, strict=True)
        ]
    asked = {"trees": [[as_values(*pair) for pair in values_of(size)] for size in SIZES], "claims": claims}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    answer = subprocess.run(
        ["node", str(SCRIPT)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        timeout=60,
    )
    return json.loads(answer.stdout)


@pytest.mark.parametrize("size", SIZES)
def test_leaves_roots_and_proofs_are_the_same(foreign, size):
    theirs = foreign["answers"][SIZES.index(size)]
    leaves = [leaf_hash(salt=salt, manifest_sha256=digest) for salt, digest in values_of(size)]
    tree = MerkleTree(leaves)
    assert [word(leaf) for leaf in leaves] == theirs["leaves"]
    assert word(tree.root) == theirs["root"]
    assert [[word(node) for node in tree.proof(leaf)] for leaf in leaves] == theirs["proofs"]


def path_in(tree: list[str], i: int) -> list[str]:
    """The siblings from node `i` up, in a tree as their dump lays it: from 0, the children of `i` at `2i + 1` and `2i + 2`."""
    path = []
    while i:
        path.append(tree[i + 1 if i % 2 else i - 1])
        i = (i - 1) // 2
    return path


@pytest.mark.parametrize("size", SIZES)
def test_the_values_of_their_dump_have_its_root_and_its_paths_here(foreign, size):
    dump = foreign["answers"][SIZES.index(size)]["dump"]
    assert (dump["format"], dump["leafEncoding"]) == ("standard-v1", ["bytes32"] * 3)
    leaves = {}
    for entry in dump["values"]:
        tag, salt, digest = (bytes.fromhex(word[2:]) for word in entry["value"])
        assert tag == LEAF_TAG
        leaves[leaf_hash(salt=salt, manifest_sha256=digest)] = entry["treeIndex"]
    tree = MerkleTree(leaves)
    assert len(leaves) == size
    assert word(tree.root) == dump["tree"][0]
    for leaf, proof in tree.proofs():
        assert word(leaf) == dump["tree"][leaves[leaf]]
        assert [word(node) for node in proof] == path_in(dump["tree"], leaves[leaf])


@pytest.mark.parametrize("size", SIZES)
def test_their_proofs_lead_to_our_root(foreign, size):
    theirs = foreign["answers"][SIZES.index(size)]
    for leaf, proof in zip(theirs["leaves"], theirs["proofs"], strict=True):
        nodes = [bytes.fromhex(node[2:]) for node in proof]
        assert word(root_of(bytes.fromhex(leaf[2:]), nodes)) == theirs["root"]


def test_the_genuine_receipt_holds_there_too_and_the_spoilt_do_not(foreign):
    assert foreign["verdicts"][:5] == [True, False, False, False, False]


def test_all_our_proofs_hold_there(foreign):
    ours = foreign["verdicts"][5:]
    assert len(ours) == sum(SIZES)
    assert all(ours)
