# SPDX-License-Identifier: Apache-2.0

"""Batches: every leaf, path, root and receipt, derived again from salts and stored manifests.

A batch's tree is built once from its leaves, and each stored path is compared with the one that the tree gives. That is the same
as walking every path, at a fraction of the time.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import from_json
from sqlalchemy import select

from ledger.audit import findings
from ledger.audit.findings import Finding
from ledger.audit.journal_part import Vouching, deeds_about
from ledger.audit.pages import AnyRow, Pages
from ledger.batch import BatchState
from ledger.journal import Deed
from ledger.proof.errors import MalformedToken, TreeError
from ledger.proof.leaf import leaf_hash
from ledger.proof.merkle import MerkleTree, root_of
from ledger.proof.receipt import RECEIPT_FORMAT
from ledger.proof.root_token import token_over
from ledger.store.chain_tables import BatchRow, LeafRow
from ledger.store.tables import UnitRow

_BATCHES = select(
    BatchRow.id,
    BatchRow.school_code,
    BatchRow.school_year,
    BatchRow.root,
    BatchRow.leaf_count,
    BatchRow.state,
    BatchRow.sealed_at,
    BatchRow.changed_at,
    BatchRow.token,
    BatchRow.stamped_at,
)
_MEMBERS = {"format", "manifest", "salt", "leaf", "proof", "root", "anchor"}
_WORD_DIGITS = 66
"""0x and 32 bytes."""


def check_batches(pages: Pages, vouched: Vouching) -> Iterator[Finding]:
    """Every batch with all its leaves."""
    pages.watcher.begin("leaves", pages.count(LeafRow))
    for page in pages.of(_BATCHES, BatchRow.id):
        told = deeds_about(pages, [_subject(row) for row in page])
        for row in page:
            entries = [
                entry
                for entry in told.get(_subject(row), [])
                if entry.deed is not Deed.BATCH_SEALED or json.loads(entry.detail).get("school") == row.school_code
            ]
            yield from _told(row, entries, vouched)
            yield from _stamped(row)
            yield from _leaves(pages, row)


def _subject(row: AnyRow) -> str:
    return f"batch {row.root.hex()}"


def _told(row: AnyRow, told: Sequence[AnyRow], vouched: Vouching) -> Iterator[Finding]:
    """The row against what the journal says of the batch."""
    deeds = {entry.deed: entry for entry in told}
    subject = _subject(row)
    sealed = deeds.get(Deed.BATCH_SEALED)
    if sealed is not None:
        said = json.loads(sealed.detail)
        stored = {"school": row.school_code, "year": row.school_year, "leaves": row.leaf_count}
        if said != stored:
            yield findings.ROW_DIFFERS(subject, found=stored, expected=said)
    elif vouched.covers(row.school_code, row.sealed_at):
        yield findings.ROW_UNJOURNALED(subject, found=row.state)
    if Deed.BATCH_FINAL in deeds and row.state is not BatchState.FINAL:
        yield findings.ROW_DIFFERS(subject, found=row.state, expected=BatchState.FINAL)
    ended_unseen = row.state is BatchState.FINAL and Deed.BATCH_FINAL not in deeds
    if ended_unseen and vouched.covers(row.school_code, row.changed_at):
        yield findings.ROW_UNJOURNALED(subject, found=row.state, expected=Deed.BATCH_FINAL)
    if row.state is BatchState.FAILED:
        yield findings.ERRAND_FAILED(subject, found=row.state)


def _stamped(row: AnyRow) -> Iterator[Finding]:
    """The token is over the root, and tells the time that stands beside it. Its signature is for verifiers to judge."""
    subject = _subject(row)
    if row.token is None:
        yield findings.BATCH_UNSTAMPED(subject)
        return
    try:
        told = token_over(row.root, row.token).stamped_at
    except MalformedToken as error:
        yield findings.BATCH_TOKEN(subject, found=error, expected=row.root)
        return
    if told != row.stamped_at:
        yield findings.BATCH_TOKEN(subject, found=row.stamped_at, expected=told)


def _leaves(pages: Pages, batch: AnyRow) -> Iterator[Finding]:
    subject = _subject(batch)
    leaves = pages.session.scalars(select(LeafRow.leaf).where(LeafRow.batch_id == batch.id)).all()
    if len(leaves) != batch.leaf_count:
        yield findings.BATCH_LEAVES(subject, found=len(leaves), expected=batch.leaf_count)
    tree: MerkleTree | None = None
    try:
        tree = MerkleTree(leaves)
    except TreeError as error:
        yield findings.BATCH_ROOT(subject, found=error, expected=batch.root)
    if tree is not None and tree.root != batch.root:
        yield findings.BATCH_ROOT(subject, found=tree.root, expected=batch.root)
        tree = None
    query = (
        select(
            LeafRow.unit_id, LeafRow.leaf, LeafRow.receipt, UnitRow.manifest, UnitRow.school_code, UnitRow.school_year
        )
        .join(UnitRow, UnitRow.id == LeafRow.unit_id)
        .where(LeafRow.batch_id == batch.id)
    )
    for page in pages.of(query, LeafRow.unit_id):
        for row in page:
            yield from _receipt(row, batch, tree)
        pages.watcher.advance(len(page))


def _receipt(row: AnyRow, batch: AnyRow, tree: MerkleTree | None) -> Iterator[Finding]:
    """One stored receipt: its manifest is the unit's, its salt gives the leaf, its path leads to the batch's root."""
    subject = f"unit {row.unit_id}"
    receipt = read_receipt(row.receipt)
    if receipt is None:
        yield findings.RECEIPT_MALFORMED(subject, expected=RECEIPT_FORMAT)
        return
    manifest = row.manifest or b""
    where = {"school": receipt["anchor"].get("school"), "school_year": receipt["anchor"].get("school_year")}
    place = {"school": batch.school_code, "school_year": batch.school_year}
    if not _same(receipt["manifest"], manifest):
        named = receipt["manifest"].get("id") if isinstance(receipt["manifest"], dict) else None
        yield findings.RECEIPT_FOREIGN(subject, found=f"manifest of {named}", expected=row.unit_id)
    elif where != place or (row.school_code, row.school_year) != (batch.school_code, batch.school_year):
        yield findings.RECEIPT_FOREIGN(
            subject, found=f"{where}, unit of {row.school_code} {row.school_year}", expected=place
        )
    leaf = leaf_hash(salt=_word(receipt["salt"]), manifest_sha256=hashlib.sha256(manifest).digest())
    if leaf != row.leaf or _word(receipt["leaf"]) != row.leaf:
        yield findings.RECEIPT_LEAF(subject, found=leaf, expected=row.leaf)
    if not _leads(receipt, row.leaf, batch.root, tree):
        yield findings.RECEIPT_PATH(subject, found=receipt["root"], expected=batch.root)


def _leads(receipt: Mapping[str, Any], leaf: bytes, root: bytes, tree: MerkleTree | None) -> bool:
    if _word(receipt["root"]) != root:
        return False
    path = tuple(map(_word, receipt["proof"]))
    return path == tree.proof(leaf) if tree is not None else root_of(leaf, path) == root


def _same(manifest: object, stored: bytes) -> bool:
    try:
        return bool(manifest == from_json(stored))
    except ValueError:
        return False


def read_receipt(stored: bytes) -> dict[str, Any] | None:
    """The members of a stored receipt; None unless they are those of the format, each once, and its words are words.

    This reads what our own `Receipt.to_json` wrote, and looks at no more than the audit needs: a million of them in a minute.
    """
    try:
        receipt = json.loads(stored, object_pairs_hook=_each_once)
    except ValueError:
        return None
    if not isinstance(receipt, dict) or receipt.keys() - {"timestamps"} != _MEMBERS:
        return None
    words = [receipt["salt"], receipt["leaf"], receipt["root"], *(receipt["proof"] if _listed(receipt) else [None])]
    sound = receipt["format"] == RECEIPT_FORMAT and isinstance(receipt["anchor"], dict)
    # A receipt is stored without tokens; its batch's is put in when it is handed out.
    sound = sound and not receipt.get("timestamps")
    return receipt if sound and all(map(_is_word, words)) else None


def _listed(receipt: Mapping[str, Any]) -> bool:
    return isinstance(receipt["proof"], list)


def _is_word(text: object) -> bool:
    if not isinstance(text, str) or len(text) != _WORD_DIGITS or not text.startswith("0x"):
        return False
    try:
        bytes.fromhex(text[2:])
    except ValueError:
        return False
    return True


def _word(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member stands twice")
    return found
