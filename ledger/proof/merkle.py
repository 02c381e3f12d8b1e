# SPDX-License-Identifier: Apache-2.0

"""The Merkle tree of OpenZeppelin's `StandardMerkleTree`, so that its contracts and its npm library read our proofs.

Nodes are 32 bytes. A parent is keccak256 of its two children in ascending order, so a proof needs no directions. Leaves are
sorted, then laid from the end of the array that holds the tree. That array is counted from 1 here (from 0 there): node 1 is the
root, node `i` has the children `2i` and `2i + 1`, so its sibling is `i ^ 1`. Leaves are double hashes (`ledger.proof.leaf`),
inner nodes single ones: no inner node can pass for a leaf. The contract checks the same with OpenZeppelin's `MerkleProof`;
`tests/contracts` compares all three.

A city seals a million units, hence the loops without calls of our own in them (`scripts.bench.bench_merkle`).

Example::

    >>> tree = MerkleTree([keccak(b"a"), keccak(b"b"), keccak(b"c")])
    >>> root_of(keccak(b"b"), tree.proof(keccak(b"b"))) == tree.root
    True
    >>> all(root_of(leaf, proof) == tree.root for leaf, proof in tree.proofs())
    True
"""

from collections.abc import Iterable, Iterator, Sequence

import sha3

from ledger.proof.errors import TreeError

NODE_BYTES = 32

_keccak_256 = sha3.keccak_256


def keccak(data: bytes) -> bytes:
    """Keccak-256 as the EVM computes it: 32 bytes, not FIPS 202's SHA3-256."""
    return bytes(_keccak_256(data).digest())


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
        count = len(ordered)
        if not ordered:
            raise TreeError("a tree needs at least one leaf")
        if set(map(len, ordered)) != {NODE_BYTES}:
            raise TreeError(f"every leaf has {NODE_BYTES} bytes")
        self._index = dict(zip(ordered, range(2 * count - 1, count - 1, -1), strict=True))
        if len(self._index) != count:
            raise TreeError("a leaf was given twice")
        ordered.reverse()
        nodes = [b""] * count + ordered
        for i in range(count - 1, 0, -1):
            left, right = nodes[2 * i], nodes[2 * i + 1]
            nodes[i] = _keccak_256(left + right if left < right else right + left).digest()
        self._nodes = nodes

    @property
    def root(self) -> bytes:
        """The 32 bytes that are anchored."""
        return self._nodes[1]

    def proof(self, leaf: bytes) -> tuple[bytes, ...]:
        """The siblings on the way from `leaf` to the root, lowest first. Raises `TreeError` for a stranger's leaf."""
        if (i := self._index.get(leaf)) is None:
            raise TreeError(f"leaf {leaf.hex()} is not in this tree")
        nodes = self._nodes
        return tuple([nodes[(i >> level) ^ 1] for level in range(i.bit_length() - 1)])

    def proofs(self) -> Iterator[tuple[bytes, tuple[bytes, ...]]]:
        """Every leaf with its proof, in the order of the drawn tree and not in that of the leaves given.

        Faster than asking for one after the other, because two neighbours share all of their proofs but the lowest node. Holds
        no more than one path at a time.
        """
        nodes = self._nodes
        count = len(nodes) // 2
        above: list[tuple[int, tuple[bytes, ...]]] = [(1, ())]
        while above:
            i, path = above.pop()
            if i >= count:
                yield nodes[i], path
            else:
                left, right = 2 * i, 2 * i + 1
                above.append((right, (nodes[left], *path)))
                above.append((left, (nodes[right], *path)))


def root_of(leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root to which `proof` leads from `leaf`, whether or not anybody ever anchored it."""
    node = leaf
    for sibling in proof:
        node = _keccak_256(node + sibling if node < sibling else sibling + node).digest()
    return node
