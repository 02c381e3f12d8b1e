# SPDX-License-Identifier: Apache-2.0

"""The receipts of `tests/vectors/proofs`: one genuine, and one per way to spoil it, each named after what is wrong with it.

A refusal is `{"desc", "receipt"}`, where `receipt` is the text of the file. The genuine receipt was handed out once and is
frozen: it is read from the folder and never written again, because what was ever handed out must stay readable.

    python -m scripts.vectors            # write the refusals anew from the genuine receipt
    python -m scripts.vectors --check    # refuse when a file is stale, missing or left over
"""

import argparse
import copy
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ledger.proof.leaf import leaf_hash
from ledger.proof.manifest import Manifest
from ledger.proof.merkle import keccak, parent
from ledger.proof.receipt import MAX_PROOF_NODES, MAX_RECEIPT_BYTES

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "proofs"
GENUINE = FOLDER / "hocba-receipt-1.genuine.json"

Json = dict[str, Any]


def refusals(genuine: bytes) -> dict[str, Json]:
    """Every refusal by its file name, as made from the genuine receipt."""
    found: dict[str, Json] = {}
    for name, desc, text in _spoilt(genuine.decode()):
        found[f"hocba-receipt-1.{name}.json"] = {"desc": desc, "receipt": text}
    return found


def rendered(vector: Json) -> str:
    """A vector as the text that is committed."""
    return json.dumps(vector, ensure_ascii=False, indent=1) + "\n"


def _spoilt(genuine: str) -> Iterator[tuple[str, str, str]]:
    receipt: Json = json.loads(genuine)

    def with_change(change: Callable[[Json], object]) -> str:
        spoilt = copy.deepcopy(receipt)
        change(spoilt)
        return json.dumps(spoilt, ensure_ascii=False, indent=2) + "\n"

    for name, desc, change in (*_changed_marks(), *_changed_paths(receipt), *_changed_forms(receipt)):
        yield name, desc, with_change(change)
    yield from _changed_texts(genuine, receipt)


Spoiling = tuple[str, str, Callable[[Json], object]]


def _changed_marks() -> Iterator[Spoiling]:
    """Another value, well formed, in each place whose value the leaf or the anchor holds fast."""
    other = "0123456789abcdef" * 4
    manifest = {
        "id": "11111111-2222-4333-8444-555555555555",
        "school": "79000999",
        "year": "2024-2025",
        "level": "THPT",
        "profile": "another",
        "record_sha256": other,
    }
    for member, value in manifest.items():
        yield f"changed-{member}", f"manifest.{member} is another's", _setter("manifest", member, value=value)
    yield "changed-pdf-digest", "the PDF is another file", _setter("manifest", "files", 0, "sha256", value=other)
    yield "changed-pdf-size", "the PDF has another size", _setter("manifest", "files", 0, "size", value=1)
    yield "changed-xml-digest", "the XML is another file", _setter("manifest", "files", 1, "sha256", value=other)
    yield "changed-signer", "somebody else signed", _setter("manifest", "signers", 1, "cert_sha256", value=other)
    yield "changed-signer-role", "another role signed", _setter("manifest", "signers", 0, "role", value="CBQL")
    yield "removed-signer", "one signature fewer", lambda r: r["manifest"]["signers"].pop(0)
    yield "removed-file", "one file fewer", lambda r: r["manifest"]["files"].pop()
    yield "reordered-signers", "another order of signing", lambda r: r["manifest"]["signers"].reverse()
    yield "added-replaces", "it replaces another", _setter("manifest", "replaces", value=manifest["id"])
    yield "other-school", "anchored by another school than it names", _setter("anchor", "school", value="79000999")
    yield "other-year", "anchored for another year", _setter("anchor", "school_year", value="2024-2025")
    yield "swapped-salt", "the salt of another leaf", _setter("salt", value="0x" + other)
    yield "swapped-leaf", "the leaf of another unit", _setter("leaf", value="0x" + other)
    yield "swapped-root", "the root of another batch", _setter("root", value="0x" + other)


def _changed_paths(receipt: Json) -> Iterator[Spoiling]:
    path, leaf = receipt["proof"], receipt["leaf"]
    above = "0x" + parent(bytes.fromhex(leaf[2:]), bytes.fromhex(path[0][2:])).hex()
    once = "0x" + _single_hash(receipt).hex()
    too_long = ["0x" + "00" * 32] * (MAX_PROOF_NODES + 1)
    yield "removed-component", "the path lacks its last node", lambda r: r["proof"].pop()
    yield "removed-first-component", "the path lacks its first node", lambda r: r["proof"].pop(0)
    yield "appended-component", "the path has a node more", lambda r: r["proof"].append(path[0])
    yield "prepended-component", "the path has a node before the first", lambda r: r["proof"].insert(0, path[0])
    yield "reordered-components", "the path is in another order", lambda r: r["proof"].reverse()
    yield "changed-component", "a node of the path is another", _setter("proof", 0, value="0x" + "11" * 32)
    yield "empty-proof", "there is no path", _setter("proof", value=[])
    yield "too-long-proof", f"more than {MAX_PROOF_NODES} nodes", _setter("proof", value=too_long)
    yield "leaf-as-root", "leaf and root are one, under the path of a batch", _setter("root", value=leaf)
    yield (
        "inner-node-as-leaf",
        "the node above the leaf stands for the leaf, with the rest of the path",
        lambda r: r.update(leaf=above, proof=path[1:]),
    )
    yield "leaf-hashed-once", "the leaf is a single hash", _setter("leaf", value=once)


def _single_hash(receipt: Json) -> bytes:
    manifest = Manifest.parse(json.dumps(receipt["manifest"], separators=(",", ":"), sort_keys=True).encode())
    salt = bytes.fromhex(receipt["salt"][2:])
    single = keccak(keccak(b"hocba.leaf.v1") + salt + manifest.sha256())
    if keccak(single) != leaf_hash(salt=salt, manifest_sha256=manifest.sha256()):
        raise AssertionError("the leaf is no longer a double hash over tag, salt and digest")
    return single


def _changed_forms(receipt: Json) -> Iterator[Spoiling]:
    """The same values written otherwise, and values that no receipt has."""
    yield "unknown-version", "a version that we do not know", _setter("format", value="hocba-receipt/2")
    yield "unknown-manifest-version", "such a manifest", _setter("manifest", "version", value="hocba-manifest/2")
    yield "unknown-kind", "neither unit nor anything we know", _setter("manifest", "kind", value="class")
    yield "unknown-member", "it says more than we understand", _setter("comment", value="")
    yield "unknown-manifest-member", "so does the manifest", _setter("manifest", "pupil", value="Nguyễn Văn A")
    yield "unknown-anchor-member", "so does the anchor", _setter("anchor", "block", value=1)
    yield "null-replaces", "nothing said by null", _setter("manifest", "replaces", value=None)
    yield "null-salt", "no salt", _setter("salt", value=None)
    for member in receipt:
        yield f"missing-{member}", f"{member} is left out", lambda r, member=member: r.pop(member)  # type: ignore[misc]
    yield "missing-manifest-version", "the manifest has no version", lambda r: r["manifest"].pop("version")
    yield "missing-kind", "the manifest has no kind", lambda r: r["manifest"].pop("kind")
    yield "booklet-without-units", "a booklet that lists nothing", _setter("manifest", "kind", value="booklet")
    listed = [{"id": "11111111-1111-4111-8111-111111111111", "manifest_sha256": "0" * 64}]
    yield "unit-that-lists-units", "only a booklet lists units", _setter("manifest", "units", value=listed)
    yield "empty-units", "nothing said by an empty list", _setter("manifest", "units", value=[])
    yield "no-files", "no file", _setter("manifest", "files", value=[])
    yield "no-signers", "nobody signed", _setter("manifest", "signers", value=[])
    yield "uppercase-hex", "digits in upper case", lambda r: r.update(root=r["root"].upper().replace("0X", "0x"))
    yield "uppercase-prefix", "0X", lambda r: r.update(root=r["root"].replace("0x", "0X"))
    yield "uppercase-uuid", "an id in upper case", lambda r: r["manifest"].update(id=r["manifest"]["id"].upper())
    yield "braced-uuid", "an id in braces", lambda r: r["manifest"].update(id="{" + r["manifest"]["id"] + "}")
    yield "uuid-without-hyphens", "bare digits", lambda r: r["manifest"].update(id=r["manifest"]["id"].replace("-", ""))
    yield "uuid-version-1", "not random", _setter("manifest", "id", value="5ee52a94-5b3d-11f0-8de9-0242ac120002")
    yield "short-word", "31 bytes", lambda r: r.update(salt=r["salt"][:-2])
    yield "long-word", "33 bytes", lambda r: r.update(salt=r["salt"] + "00")
    yield "word-with-line-feed", "a line feed after a word", lambda r: r.update(salt=r["salt"] + "\n")
    yield "arabic-digits", "digits of another script", _setter("anchor", "school", value="٧٩٠٠٠٧٠١")
    yield "impossible-year", "a year of two years", _setter("manifest", "year", value="2025-2027")
    yield "number-as-text", "a size in quotes", _setter("manifest", "files", 0, "size", value="1000")
    yield "number-as-truth", "a size of true", _setter("manifest", "files", 0, "size", value=True)
    yield "number-with-fraction", "a size of 1000.0", _setter("manifest", "files", 0, "size", value=1000.0)
    yield "negative-size", "less than nothing", _setter("manifest", "files", 0, "size", value=-1)
    yield "inexact-size", "2^53, where readers part", _setter("manifest", "files", 0, "size", value=2**53)
    yield "inexact-chain-id", "2^53 again", _setter("anchor", "chain_id", value=2**53)
    yield "chain-id-zero", "no chain", _setter("anchor", "chain_id", value=0)
    yield "same-file-twice", "one role twice", lambda r: r["manifest"]["files"].append(r["manifest"]["files"][0])
    yield "replaces-itself", "its own successor", lambda r: r["manifest"].update(replaces=r["manifest"]["id"])
    yield "timestamp-no-base64", "a token in another alphabet", _setter("timestamps", value=["<token>"])
    yield "too-many-timestamps", "nine tokens", _setter("timestamps", value=["MIIA"] * 9)


def _changed_texts(genuine: str, receipt: Json) -> Iterator[tuple[str, str, str]]:
    """What only the text shows: two programs would read different values."""
    compact = json.dumps(receipt)
    yield "duplicate-key", "the root stands twice, the true one last", '{"root": "0x00", ' + compact[1:]
    yield "duplicate-key-same-value", "the format stands twice", '{"format": "hocba-receipt/1", ' + compact[1:]
    yield (
        "duplicate-manifest-key",
        "the manifest's level stands twice",
        compact.replace('"level":', '"level": "THPT", "level":'),
    )
    yield "duplicate-key-escaped", "once as it is, once escaped", '{"\\u0073alt": "0x00", ' + compact[1:]
    yield "trailing-garbage", "more after its end", genuine + "{}"
    yield "trailing-nul", "a zero byte after its end", genuine + "\0"
    yield "byte-order-mark", "a mark before its beginning", "\ufeff" + genuine
    yield "truncated", "its end is missing", genuine[: len(genuine) // 2]
    yield "empty", "nothing", ""
    yield "array", "a list of one receipt", f"[{compact}]"
    yield "not-json", "something else", "<receipt/>"
    yield "not-a-number", "NaN", compact.replace('"chain_id": ', '"chain_id": NaN, "x": ')
    yield "exponent", "a number in another form", compact.replace('"size": ', '"size": 1e3, "x": ')
    yield "deep", "built to exhaust a reader", "[" * 5000
    yield "too-large", f"more than {MAX_RECEIPT_BYTES} bytes", compact + " " * MAX_RECEIPT_BYTES


def _setter(*path: str | int, value: object) -> Callable[[Json], object]:
    def change(receipt: Json) -> None:
        place: Any = receipt
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the refusals, or with `--check` compare them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.vectors", description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="fail when a file is stale; write nothing")
    asked = parser.parse_args(arguments)
    fresh = {name: rendered(vector) for name, vector in refusals(GENUINE.read_bytes()).items()}
    standing = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json") if path != GENUINE}
    if asked.check:
        if stale := sorted(name for name in {*fresh, *standing} if fresh.get(name) != standing.get(name)):
            sys.stderr.write(
                f"Tệp mẫu không khớp: {', '.join(stale)}. Hãy chạy: python -m scripts.vectors\n"
                f"Stale vectors: {', '.join(stale)}. Run: python -m scripts.vectors\n"
            )
            return 1
        return 0
    for name in standing.keys() - fresh.keys():
        (FOLDER / name).unlink()
    for name, text in fresh.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
