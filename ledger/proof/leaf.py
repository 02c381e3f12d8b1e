# SPDX-License-Identifier: Apache-2.0

"""The leaf: what one unit leaves on a chain, unreadable to anybody without its salt.

A leaf is the double keccak256 of three words, as OpenZeppelin's `StandardMerkleTree` makes it from the types
`bytes32, bytes32, bytes32`: the tag of our format, 32 bytes of salt, and the SHA-256 of the manifest. The salt stays off
the chain. Once it is erased, nothing links the leaf to a pupil: digests of small records could otherwise be guessed.

The hash before the last is the *entry*. The registry contract is given entries and hashes them itself, so that an inner node of
the tree, which is a hash of 64 bytes, cannot be passed to it for a record.
"""

from ledger.proof.merkle import NODE_BYTES, keccak

LEAF_TAG = keccak(b"hocba.leaf.v1")
"""Keeps our leaves apart from those of any other use of the same tree."""

SALT_BYTES = 32


def entry_hash(*, salt: bytes, manifest_sha256: bytes) -> bytes:
    """The entry of a manifest with digest `manifest_sha256` under `salt`, both 32 bytes: what the registry contract takes.

    Raises `ValueError` for other lengths, which would make the words ambiguous: it is a mistake in our code, not in data.
    """
    if len(salt) != SALT_BYTES or len(manifest_sha256) != NODE_BYTES:
        raise ValueError("salt and manifest digest have 32 bytes each")
    return keccak(LEAF_TAG + salt + manifest_sha256)


def leaf_hash(*, salt: bytes, manifest_sha256: bytes) -> bytes:
    """The leaf of the same manifest: what the tree holds for its entry. Raises `ValueError` as `entry_hash` does."""
    return keccak(entry_hash(salt=salt, manifest_sha256=manifest_sha256))
