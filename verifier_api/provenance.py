# SPDX-License-Identifier: Apache-2.0

"""Where a file comes from: steps 2 and 3 of `verifier_api.verifier`. Which receipt covers its very bytes, and who has it.

No chain is asked here. A receipt that is sound in itself proves nothing yet: anybody can write one.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from ledger.errors import Unavailable
from ledger.proof.errors import MalformedReceipt
from ledger.proof.manifest import Manifest
from ledger.proof.receipt import Receipt
from ledger.store.reader import ReceiptEntry
from verifier_api import checks, mismatch
from verifier_api import findings as f
from verifier_api.abreast import LedgerIsAbreast, trusted
from verifier_api.case import Case
from verifier_api.examination import ClaimedLine, Examination
from verifier_api.verdict import Finding, Standing


class Issued(Protocol):
    """Whoever can give the receipt of what was issued: the ledger's reader, or a folder of receipts.

    Raises `Unavailable` when it cannot be asked. An entry without a receipt says: issued, and not in a batch yet.
    """

    @property
    def complete(self) -> bool:
        """Whether what it does not know was surely not issued: true of a ledger, false of a folder of receipts."""

    def receipt_of_file(self, sha256: str) -> ReceiptEntry | None:
        """The receipt of the unit that this exact file belongs to; None when no such file was issued."""

    def receipt_of_unit(self, unit_id: UUID) -> ReceiptEntry | None:
        """The receipt of a unit; None when no such unit was issued."""

    def successor(self, unit_id: UUID) -> UUID | None:
        """The unit that replaces this one, as far as is known."""


@dataclass(frozen=True)
class Proof:
    """A receipt that covers the bytes of a file."""

    receipt: Receipt
    pending: bool
    """Whether the ledger still waits for its root to be final."""
    brought: bool
    """Whether it came with the file, and not from the ledger."""

    def same_as(self, other: "Proof") -> bool:
        """Whether both lead from the same leaf to the same root."""
        return (self.receipt.leaf, self.receipt.root) == (other.receipt.leaf, other.receipt.root)


class Provenance:
    """Finds what proves a file. Changes nothing but the case that it is told to write in."""

    def __init__(self, issued: Issued, *, abreast: LedgerIsAbreast = trusted) -> None:
        self._issued = issued
        self._abreast = abreast

    def by_receipt(self, case: Case, data: bytes, examination: Examination, given: bytes) -> Proof | None:
        """(2), (3) By the receipt that came with a file."""
        try:
            receipt = Receipt.parse(given)
        except MalformedReceipt as error:
            case.note(f.RECEIPT_MALFORMED(problem=str(error)))
            return None
        case.unit, case.manifest = receipt.manifest.id, receipt.manifest
        if (covered := _covered(data, examination, receipt.manifest)) is None:
            case.note(mismatch.explained(data, examination, receipt.manifest))
            return None
        case.note(covered, f.RECEIPT_OK({"root": receipt.root, "leaf": receipt.leaf}))
        return Proof(receipt, pending=still_waiting(self._issued, receipt), brought=True)

    def by_ledger(self, case: Case, data: bytes, examination: Examination) -> Proof | None:
        """(2), (3) By what the ledger has of a file's digest, or else of the unit that the file claims to be."""
        claimed = examination.claimed_unit
        try:
            entry = self._issued.receipt_of_file(hashlib.sha256(data).hexdigest())
            known = entry is not None
            if entry is None and claimed is not None:
                entry = self._issued.receipt_of_unit(claimed)
        except Unavailable:
            case.note(f.BYTES_NO_LEDGER())
            return None
        if entry is None:
            details = {"claimed_unit": None if claimed is None else str(claimed)}
            if mismatch.printed(examination):
                case.note(f.BYTES_PRINTED(details))
            else:
                case.note(self.unknown(examination.claimed_school, details))
            return None
        case.unit = entry.unit_id
        if entry.receipt is None:
            if known:
                case.standing = Standing.UNANCHORED
            case.note(*((f.BYTES_ISSUED(), f.RECEIPT_PENDING()) if known else (f.BYTES_ALTERED(unit=claimed),)))
            return None
        try:
            receipt = Receipt.parse(entry.receipt)
        except MalformedReceipt as error:
            case.note(f.BYTES_LEDGER_CONTRADICTS({"problem": str(error)}))
            return None
        # If the ledger's index has lost the file, what it says of the unit proves it all the same.
        if (covered := _covered(data, examination, receipt.manifest)) is not None:
            case.unit, case.manifest = receipt.manifest.id, receipt.manifest
            case.note(covered, f.RECEIPT_OK({"root": receipt.root, "leaf": receipt.leaf}))
            return Proof(receipt, pending=not entry.final, brought=False)
        if known:
            # It has this file's digest beside another file's receipt. That is no fault of the file.
            case.note(f.BYTES_LEDGER_CONTRADICTS({"receipt_of": str(receipt.manifest.id)}))
        else:
            case.note(mismatch.explained(data, examination, receipt.manifest))
        return None

    def unknown(self, school: str | None, details: dict[str, Any] | None = None) -> Finding:
        """What it means that nothing is known of a file or a unit, which claims to be of `school` if it claims anything."""
        if not self._issued.complete:
            return f.BYTES_NO_RECEIPT(details)
        return f.BYTES_NOT_ISSUED(details) if self._abreast(school) else f.BYTES_LEDGER_BEHIND(details)

    def look_up_units(self, case: Case, booklet: Manifest, *, lines: Sequence[ClaimedLine] | None) -> None:
        """What is known of the units that a booklet lists, each only if it is the very one, and whether they belong in it.

        Whether they are of one pupil nobody can tell from manifests, which name no pupil; that is what the school's seal says.
        """
        if not booklet.units:
            return
        known = [known_receipt(self._issued, listed.id) for listed in booklet.units]
        case.listed = tuple(
            receipt if receipt and receipt.manifest.sha256().hex() == listed.manifest_sha256 else None
            for receipt, listed in zip(known, booklet.units, strict=True)
        )
        manifests = [None if receipt is None else receipt.manifest for receipt in case.listed]
        strange = checks.strangers(booklet, manifests, lines)
        case.note(*(f.CONTENTS_OTHER_UNIT(unit=unit_id) for unit_id in strange))
        case.listed = tuple(None if r is None or r.manifest.id in strange else r for r in case.listed)


def known_receipt(issued: Issued, unit_id: UUID) -> Receipt | None:
    """The ledger's own receipt of a unit, if it can be asked and has a sound one."""
    try:
        entry = issued.receipt_of_unit(unit_id)
        receipt = None if entry is None or entry.receipt is None else Receipt.parse(entry.receipt)
    except (Unavailable, MalformedReceipt):
        return None
    return receipt if receipt is not None and receipt.manifest.id == unit_id else None


def still_waiting(issued: Issued, receipt: Receipt) -> bool:
    """Whether the ledger has this very proof and waits for its root to be final: then the chain cannot know it yet."""
    try:
        entry = issued.receipt_of_unit(receipt.manifest.id)
        own = None if entry is None or entry.final or entry.receipt is None else Receipt.parse(entry.receipt)
    except (Unavailable, MalformedReceipt):
        return False
    return own is not None and own.same_proof(receipt)


def _covered(data: bytes, examination: Examination, manifest: Manifest) -> Finding | None:
    """That `manifest` is about these very bytes, or about those before the last document timestamps; None when it is not."""
    if manifest.file(hashlib.sha256(data).hexdigest()) is not None:
        return f.BYTES_ISSUED()
    added = checks.renewed_bytes(examination, data, manifest)
    return None if added is None else f.BYTES_RENEWED(count=added)
