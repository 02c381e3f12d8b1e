# SPDX-License-Identifier: Apache-2.0

"""Receipts in folders, for verifying without any ledger."""

import functools
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from ledger.proof.errors import MalformedReceipt
from ledger.proof.receipt import MAX_TOKENS, Receipt
from ledger.store.reader import ReceiptEntry


class ReceiptFolder:
    """The receipts in folders, for verifying without any ledger. Implements `verifier_api.verifier.Issued`.

    A file of another kind, or a receipt that contradicts itself, is passed over: the file it belonged to will be unknown. What is
    kept in memory is where each receipt lies, so that a campaign's ten thousand cost little; it is read again when asked for.
    """

    complete = False
    """A folder is not a ledger: a file without a receipt here may well have been issued."""

    def __init__(self, places: Sequence[Path]) -> None:
        """`places` are folders with receipts, or receipts themselves."""
        self._paths: dict[bytes | UUID, tuple[Path, ...]] = {}
        self._successors: dict[UUID, UUID] = {}
        for place in places:
            for path in sorted(place.glob("*.receipt.json")) if place.is_dir() else [place]:
                if (receipt := _receipt_at(path)) is None:
                    continue
                manifest = receipt.manifest
                keys: list[bytes | UUID] = [manifest.id, *(bytes.fromhex(file.sha256) for file in manifest.files)]
                for key in keys:
                    self._paths[key] = self._agreed(self._paths.get(key), path, receipt)
                if manifest.replaces is not None:
                    self._successors[manifest.replaces] = manifest.id

    def receipt_of_file(self, sha256: str) -> ReceiptEntry | None:
        """The receipt that lists exactly this file."""
        return self._entry(self._paths.get(bytes.fromhex(sha256)))

    def receipt_of_unit(self, unit_id: UUID) -> ReceiptEntry | None:
        """The receipt of a unit."""
        return self._entry(self._paths.get(unit_id))

    def successor(self, unit_id: UUID) -> UUID | None:
        """The unit that replaces this one, if its receipt is here too."""
        return self._successors.get(unit_id)

    @staticmethod
    def _agreed(known: tuple[Path, ...] | None, path: Path, receipt: Receipt) -> tuple[Path, ...]:
        """Where the receipts lie that prove the same; two that differ say nothing, as either may be made up.

        The file is then unknown, and not false. One copy may be from before its root was stamped, and one from after.
        """
        if known is None or known == (path,):
            return (path,)
        before = _receipt_at(known[0]) if known else None
        if before is None or not before.same_proof(receipt):
            return ()
        if path in known or len(known) == MAX_TOKENS or before.timestamps == receipt.timestamps:
            return known
        return (*known, path)

    @staticmethod
    def _entry(paths: tuple[Path, ...] | None) -> ReceiptEntry | None:
        found = [receipt for receipt in map(_receipt_at, paths or ()) if receipt is not None]
        if not found:
            return None
        receipt = functools.reduce(
            lambda one, other: one.with_tokens_of(other) if one.same_proof(other) else one, found
        )
        return ReceiptEntry(receipt.manifest.id, receipt.to_json(), final=True)


def _receipt_at(path: Path) -> Receipt | None:
    try:
        return Receipt.parse(path.read_bytes())
    except (OSError, MalformedReceipt):
        return None
