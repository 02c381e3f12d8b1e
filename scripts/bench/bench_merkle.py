# SPDX-License-Identifier: Apache-2.0

"""Merkle trees with all their proofs, beside OpenZeppelin's npm library: `python -m scripts.bench.bench_merkle [LEAVES...]`.

Each measurement runs in a process of its own, so that its peak memory is its own; ours and the library's take turns on the same
values, and their roots and proofs must be the same to the bit. The library is asked for `--peer` leaves only, because a million
takes it minutes; the ratio is between medians at that size. A leaf is made from salt and digest in both, and counts in both.
`all proofs` means that the bytes of each proof were there to be stored, one proof at a time.

Targets: 1,000,000 leaves with all proofs in 6 s and 1.5 GB, 40,000 in 0.3 s.

`--receipts 40000` measures what sealing costs beside the tree: manifests read, receipts made and written.
"""

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, TypedDict
from uuid import UUID

from ledger.proof.leaf import LEAF_TAG, leaf_hash
from ledger.proof.manifest import IssuedFile, Manifest, ManifestSigner
from ledger.proof.merkle import MerkleTree
from ledger.proof.receipt import Receipt

SIZES: Final = (40_000, 1_000_000)
TARGET_SECONDS: Final = {40_000: 0.3, 1_000_000: 6.0}
TARGET_BYTES: Final = 1_500_000_000
ROUNDS: Final = 5
PEER_LEAVES: Final = 10_000
PEER: Final = Path(__file__).with_name("standard_merkle_tree.mjs")
# macOS counts in bytes, Linux in kibibytes.
_PEAK_UNIT: Final = 1 if sys.platform == "darwin" else 1024


class Figures(TypedDict):
    """What one process measured of itself; `proofs` is the SHA-256 over all proofs in the order of the values."""

    tree_seconds: float
    proofs_seconds: float
    peak_bytes: int
    root: str
    proofs: str


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, metavar="LEAVES", default=SIZES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--peer", type=int, default=PEER_LEAVES, metavar="LEAVES", help="how many the library is given")
    parser.add_argument("--receipts", type=int, metavar="UNITS", help="measure sealing instead")
    parser.add_argument("--alone", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--compared", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.alone:
        print(json.dumps(measured(chosen.alone, compared=chosen.compared)))
    elif chosen.receipts:
        print(sealed(chosen.receipts))
    else:
        print(f"medians of {chosen.rounds} rounds, seconds")
        for size in chosen.sizes:
            print(f"  {size:>9,} leaves   {alone(size, chosen.rounds)}")
        print(f"  {chosen.peer:>9,} leaves   {beside_the_library(chosen.peer, chosen.rounds)}")


def measured(size: int, *, compared: bool) -> Figures:
    """Build one tree and go through all proofs, in this process. Only if `compared`, digest the proofs, which costs time too."""
    pairs: Iterable[tuple[bytes, bytes]] = ((_digest("salt", n), _digest("manifest", n)) for n in range(size))
    if compared:  # Then hashing them counts, and making them does not.
        pairs = list(pairs)
    start = time.perf_counter()
    leaves = [leaf_hash(salt=salt, manifest_sha256=digest) for salt, digest in pairs]
    hashed = time.perf_counter()
    tree = MerkleTree(leaves)
    built = time.perf_counter()
    proof_bytes = sum(len(b"".join(proof)) for _, proof in tree.proofs())
    proven = time.perf_counter()
    if not proof_bytes and size > 1:
        raise RuntimeError("a tree of several leaves has proofs")
    hashing = hashed - start if compared else 0.0
    digest = hashlib.sha256()
    for leaf in leaves if compared else ():
        digest.update(b"".join(tree.proof(leaf)))
    return {
        "tree_seconds": built - hashed + hashing,
        "proofs_seconds": proven - built,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT,
        "root": "0x" + tree.root.hex(),
        "proofs": digest.hexdigest(),
    }


def alone(size: int, rounds: int) -> str:
    """Return a line of figures for `size` leaves that are there already."""
    runs = [_run(_ours(size)) for _ in range(rounds)]
    tree, proofs, peak = _medians(runs)
    target = f"   target {TARGET_SECONDS[size]} s" if size in TARGET_SECONDS else ""
    limit = f" of {TARGET_BYTES / 1e6:,.0f} MB" if size in TARGET_SECONDS else ""
    return f"tree {tree:.3f}   all proofs {proofs:.3f}   together {tree + proofs:.3f}{target}   peak {peak / 1e6:,.0f} MB{limit}"


def beside_the_library(size: int, rounds: int) -> str:
    """Return a line that compares both at `size` values. Raises `RuntimeError` when they disagree about root or proofs."""
    node = ["node", str(PEER), str(size), "0x" + LEAF_TAG.hex()]
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(_run([*_ours(size), "--compared"]))
        theirs.append(_run(node))
    if {(run["root"], run["proofs"]) for run in ours} != {(run["root"], run["proofs"]) for run in theirs}:
        raise RuntimeError("the two trees have not the same root and proofs")
    tree, proofs, peak = _medians(ours)
    their_tree, their_proofs, their_peak = _medians(theirs)
    return (
        f"from values: tree {tree:.3f}, proofs {proofs:.3f}, peak {peak / 1e6:,.0f} MB;   library: {their_tree:.3f}, "
        f"{their_proofs:.3f}, {their_peak / 1e6:,.0f} MB;   ratios {their_tree / tree:.0f} and {their_proofs / proofs:.0f}; "
        "same root, same proofs"
    )


def sealed(units: int) -> str:
    """Return a line: what it costs to read the manifests of `units` units, and to make and write their receipts."""
    stored = [_manifest(n).canonical() for n in range(units)]
    start = time.perf_counter()
    salts = [_digest("salt", n) for n in range(units)]
    # A manifest's digest is that of its stored bytes; `Manifest.parse` below refuses bytes of which that would not be so.
    digests = [hashlib.sha256(data).digest() for data in stored]
    leaves = [leaf_hash(salt=salt, manifest_sha256=digest) for salt, digest in zip(salts, digests, strict=True)]
    tree = MerkleTree(leaves)
    built = time.perf_counter()
    for data, salt, leaf in zip(stored, salts, leaves, strict=True):
        Receipt.of(
            manifest=Manifest.parse(data),
            salt=salt,
            proof=tree.proof(leaf),
            root=tree.root,
            chain_id=31337,
            registry="0x" + "ab" * 20,
        ).to_json()
    written = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT
    return (
        f"{units:,} units: leaves and tree {built - start:.2f} s, manifests read and receipts made {written - built:.2f} s, "
        f"{(written - start) / units * 1e6:.0f} µs a unit, peak {peak / 1e6:,.0f} MB"
    )


def _manifest(n: int) -> Manifest:
    return Manifest(
        id=UUID(bytes=_digest("unit", n)[:16], version=4),
        school="31312502",
        year="2025-2026",
        level="THCS",
        profile="moet",
        record_sha256=_digest("record", n).hex(),
        files=(
            IssuedFile(role="pdf", sha256=_digest("pdf", n).hex(), size=150_000),
            IssuedFile(role="xml", sha256=_digest("xml", n).hex(), size=15_000),
        ),
        signers=(
            ManifestSigner(role="GVCN", cert_sha256=_digest("teacher", 1).hex()),
            ManifestSigner(role="CBQL", cert_sha256=_digest("principal", 1).hex()),
            ManifestSigner(role="KY_PHAT_HANH", cert_sha256=_digest("seal", 1).hex()),
        ),
    )


def _digest(what: str, n: int) -> bytes:
    return hashlib.sha256(f"{what} {n}".encode()).digest()


def _ours(size: int) -> list[str]:
    return [sys.executable, "-m", "scripts.bench.bench_merkle", "--alone", str(size)]


def _run(command: Sequence[str]) -> Figures:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    answer = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "PATH": path})
    figures: Figures = json.loads(answer.stdout)
    return figures


def _medians(runs: Sequence[Figures]) -> tuple[float, float, float]:
    return (
        statistics.median(run["tree_seconds"] for run in runs),
        statistics.median(run["proofs_seconds"] for run in runs),
        statistics.median(run["peak_bytes"] for run in runs),
    )


if __name__ == "__main__":
    main()
