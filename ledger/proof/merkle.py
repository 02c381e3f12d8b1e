# SPDX-License-Identifier: Apache-2.0

"""The Merkle tree of OpenZeppelin's `StandardMerkleTree`, so that its contracts and its npm library read our proofs.

Nodes are 32 bytes. A parent is keccak256 of its two children in ascending order, so a proof needs no directions. Leaves are
sorted, then laid from the end of the array that holds the tree: node `i` has the children `2i + 1` and `2i + 2`, and
node 0 is the root. Leaves are double hashes (`ledger.proof.leaf`), inner nodes single ones: no inner node can pass for a leaf.
The contract checks the same with OpenZeppelin's `MerkleProof`; `tests/contracts` compares all three.

Example::

    >>> tree = MerkleTree([keccak(b"a"), keccak(b"b"), keccak(b"c")])
    >>> root_of(keccak(b"b"), tree.proof(keccak(b"b"))) == tree.root
    True
"""

from collections.abc import Iterable, Sequence

import sha3

from ledger.proof.errors import TreeError

NODE_BYTES = 32


def keccak(data: bytes) -> bytes:
    """Keccak-256 as the EVM computes it: 32 bytes, not FIPS 202's SHA3-256."""
    return bytes(sha3.keccak_256(data).digest())


def parent(left: bytes, right: bytes) -> bytes:
    """The node above two others, which is the same whichever comes first."""
    return keccak(left + right if left < right else right + left)


class MerkleTree:
    """A tree over `leaves`, each 32 bytes and given once, in any order.

    Raises `TreeError` for no leaves, a leaf of another length, or one given twice: two units can never share a leaf,
    because every leaf has a salt of its own.
    """

    def __init__(self, leaves: Iterable[bytes]) -> None:
        ordered = sorted(leaves)
        if not ordered:
            raise TreeError("a tree needs at least one leaf")
        if any(len(leaf) != NODE_BYTES for leaf in ordered):
            raise TreeError(f"every leaf has {NODE_BYTES} bytes")
        nodes = [b""] * (len(ordered) - 1) + ordered[::-1]
        self._index = {leaf: len(nodes) - 1 - position for position, leaf in enumerate(ordered)}
        if len(self._index) != len(ordered):
            raise TreeError("a leaf was given twice")
        for i in range(len(ordered) - 2, -1, -1):
            nodes[i] = parent(nodes[2 * i + 1], nodes[2 * i + 2])
        self._nodes = nodes

    @property
    def root(self) -> bytes:
        """The 32 bytes that are anchored."""
        return self._nodes[0]

    def proof(self, leaf: bytes) -> tuple[bytes, ...]:
        """The siblings on the way from `leaf` to the root, lowest first. Raises `TreeError` for a stranger's leaf."""
        if (i := self._index.get(leaf)) is None:
            raise TreeError(f"leaf {leaf.hex()} is not in this tree")
        siblings = []
        while i > 0:
            siblings.append(self._nodes[i + 1 if i % 2 else i - 1])
            i = (i - 1) // 2
        return tuple(siblings)


def root_of(leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root to which `proof` leads from `leaf`, whether or not anybody ever anchored it."""
    node = leaf
    for sibling in proof:
        node = parent(node, sibling)
    return node
