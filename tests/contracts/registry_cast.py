# SPDX-License-Identifier: Apache-2.0

"""Who and what occurs in the random histories of a registry: accounts with their keys, schools, batches, years.

Names are few, so that a history meets the same school and the same record again and again. `signature_bytes` makes the bytes of
a `Signed` by way of eth-account's own EIP-712, and the bytes of a `Flawed` one by spoiling them.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from coincurve import PrivateKey
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from simulators.registry_conditions import Signed
from simulators.registry_facts import NOBODY, ZERO, Record

from ledger.proof.merkle import MerkleTree

GENESIS = 1_780_000_000
CHAIN_ID = 1
"""pyrevm's own."""


def word(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


def _account(name: str) -> tuple[str, PrivateKey]:
    key = PrivateKey(keccak(text=name))
    return "0x" + keccak(key.public_key.format(compressed=False)[1:])[12:].hex(), key


_NAMED = {name: _account(name) for name in ("authority", "heir", "thu", "minh", "lan", "stranger")}
KEYS = dict(_NAMED.values())
AUTHORITY, HEIR, THU, MINH, LAN, STRANGER = (address for address, _ in _NAMED.values())
CONTRACT_SIGNER = "0x" + "c0" * 20
CONTRACT_SIGNER_CODE = bytes.fromhex("60043560643514631626ba7e0260e01b5f5260205ff3")
"""An ERC-1271 signer that takes for its signature of a digest the digest itself: it compares the two words of its calldata and
returns the magic value times the outcome. It can sign, and never sends."""
OPERATORS = [THU, MINH, LAN, CONTRACT_SIGNER]
SENDERS = [AUTHORITY, HEIR, THU, MINH, LAN, STRANGER]

SCHOOLS = [word(f"7900040{i}") for i in range(1, 5)]
MALFORMED = [ZERO, word("7900040"), word("7900040A"), word("790004011"), word("/9000401"), word(":9000401"),
             word("79000401")[:31] + b"\1"]  # fmt: skip
SEALS = [keccak(text=f"seal {i}") for i in range(3)]
CONSENTS = [keccak(text=f"consent {i}") for i in range(3)]
TOPICS = [keccak(text="signer list"), ZERO]
DIGESTS = [keccak(text=f"digest {i}") for i in range(3)]
YEARS = [2025, 2026]
ODD_YEARS = [2027, 0, 1974, 1975, 2214, 2215, 2**16 - 1]

ENTRIES = [keccak(text=f"entry {i}") for i in range(5)]
TREES = {
    tree.root: (tree, entries)
    for entries in (ENTRIES[:1], ENTRIES[:2], ENTRIES[1:4], ENTRIES[2:5], ENTRIES[4:5])
    for tree in [MerkleTree(keccak(entry) for entry in entries)]
}
"""The third entry is in two batches, and so are others: what is said of a record must not hold for its entry elsewhere."""
ROOTS = list(TREES)

NAMES: dict[object, str] = {
    **{address: name for name, (address, _) in _NAMED.items()},
    CONTRACT_SIGNER: "contract signer",
    NOBODY: "nobody",
    ZERO: "0",
    **{each: each[:8].decode() for each in SCHOOLS},
    **{seal: f"seal {i}" for i, seal in enumerate(SEALS)},
    **{consent: f"consent {i}" for i, consent in enumerate(CONSENTS)},
    **{digest: f"digest {i}" for i, digest in enumerate(DIGESTS)},
    **{root: f"root {i}" for i, root in enumerate(ROOTS)},
    **{entry: f"entry {i}" for i, entry in enumerate(ENTRIES)},
}


def proof_of(record: Record) -> tuple[bytes, ...]:
    """The way from the record to its root; empty if the record is not in that batch."""
    tree, entries = TREES.get(record.root, (None, ()))
    return tree.proof(keccak(record.entry)) if tree and record.entry in entries else ()


class Flawed(NamedTuple):
    """A signature with something wrong about its bytes."""

    signed: Signed
    flaw: str


FLAWS = ["empty", "short", "compact", "high s", "recovery id 0", "zeros", "other chain", "other registry"]
FLAWS_OF_A_CONTRACT = ["empty", "zeros", "other chain", "other registry"]
"""The contract that signs looks at one word only."""

TYPES = {
    "AnchorBatch": ["bytes32 school", "uint16 schoolYear", "bytes32 root", "uint32 leafCount", "uint48 deadline"],
    "ObjectToKeys": ["bytes32 school", "uint48 effectiveFrom"],
    "ChangeKeys": ["bytes32 school", "address operator", "bytes32 sealCertificate", "bytes32 consent", "uint16 version",
                   "uint48 deadline"],
}  # fmt: skip
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@cache
def signature_bytes(signature: Signed | Flawed, registry: str) -> bytes:
    """The bytes of a signature for the registry at this address."""
    if isinstance(signature, Signed):
        return _signed(signature, registry, CHAIN_ID)
    true = _signed(signature.signed, registry, CHAIN_ID)
    r, s, v = true[:32], true[32:64], true[64:]
    spoilt: dict[str, Callable[[], bytes]] = {
        "empty": lambda: b"",
        "short": lambda: true[:-1],
        # ERC-2098: the parity goes into the first bit of s.
        "compact": lambda: r + bytes([s[0] | (v[0] - 27) << 7]) + s[1:],
        # The other signature of the same words that the curve allows.
        "high s": lambda: r + (CURVE_ORDER - int.from_bytes(s, "big")).to_bytes(32, "big") + bytes([55 - v[0]]),
        "recovery id 0": lambda: r + s + bytes([v[0] - 27]),
        "zeros": lambda: bytes(65),
        "other chain": lambda: _signed(signature.signed, registry, CHAIN_ID + 1),
        "other registry": lambda: _signed(signature.signed, STRANGER, CHAIN_ID),
    }
    return spoilt[signature.flaw]()


def _signed(signature: Signed, registry: str, chain_id: int) -> bytes:
    name, *values = signature.words
    fields = [dict(zip(("type", "name"), each.split(), strict=True)) for each in TYPES[name]]
    message = {field["name"]: value for field, value in zip(fields, values, strict=True)}
    domain: dict[str, Any] = {
        "name": "hocba TranscriptRegistry",
        "version": "1",
        "chainId": chain_id,
        "verifyingContract": registry,
    }
    typed = encode_typed_data(domain_data=domain, message_types={name: fields}, message_data=message)
    digest = keccak(b"\x19" + typed.version + typed.header + typed.body)
    if signature.by == CONTRACT_SIGNER:
        return digest
    recoverable = KEYS[signature.by].sign_recoverable(digest, hasher=None)
    return recoverable[:64] + bytes([recoverable[64] + 27])
