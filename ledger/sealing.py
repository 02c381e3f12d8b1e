# SPDX-License-Identifier: Apache-2.0

"""Sealing: closing batches of what is issued, by count, by age or by hand."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable

from ledger.proof.leaf import SALT_BYTES, leaf_hash
from ledger.proof.manifest import Manifest
from ledger.proof.merkle import MerkleTree
from ledger.proof.receipt import Receipt
from ledger.store.errand_writer import ErrandWriter, NewLeaf
from ledger.store.errands import Backlog, Errands
from ledger.store.reader import Reader, School
from ledger.unit import UnitState


def is_due(backlog: Backlog, *, batch_count: int | None, batch_hours: int | None, now: dt.datetime) -> bool:
    """Whether a school that closes a batch once so many units wait, or one has waited for so many hours, is to close one now."""
    if backlog.oldest is None:
        return False
    enough = batch_count is not None and backlog.count >= batch_count
    return enough or (batch_hours is not None and now - backlog.oldest >= dt.timedelta(hours=batch_hours))


class Sealer:
    """Closes batches: all issued units of a school and year that are in none yet.

    Guarantees that salts, paths and receipts are stored before anything about the batch is sent anywhere. Does not send it:
    `ledger.anchoring.Anchorer` takes over from there. `salt` gives 32 bytes from the operating system unless a test says
    otherwise.
    """

    def __init__(
        self,
        reader: Reader,
        errands: Errands,
        writer: ErrandWriter,
        *,
        chain_id: int,
        registry: str,
        salt: Callable[[], bytes] = lambda: secrets.token_bytes(SALT_BYTES),
    ) -> None:
        self._reader = reader
        self._errands = errands
        self._writer = writer
        self._chain_id = chain_id
        self._registry = registry
        self._salt = salt

    def seal_if_due(self, school: School, *, school_year: str, now: dt.datetime) -> int:
        """As `seal`, if by the school's own policy a batch is due."""
        backlog = self._errands.backlog(school_code=school.code, school_year=school_year)
        due = is_due(backlog, batch_count=school.batch_count, batch_hours=school.batch_hours, now=now)
        return self.seal(school_code=school.code, school_year=school_year) if due else 0

    def seal(self, *, school_code: str, school_year: str) -> int:
        """Seals one batch and returns how many leaves it has: 0 when no issued unit waits."""
        units = self._reader.units(
            school_code=school_code, school_year=school_year, states=[UnitState.ISSUED], kind=None, unbatched=True
        )
        if not units:
            return 0
        # A manifest is parsed where its receipt is made, and let go: forty thousand of them at once cost twice the time.
        salted = [(unit.id, unit.manifest or b"", self._salt()) for unit in units]
        leaves = [
            leaf_hash(salt=salt, manifest_sha256=hashlib.sha256(manifest).digest()) for _, manifest, salt in salted
        ]
        tree = MerkleTree(leaves)
        self._writer.seal_batch(
            school_code=school_code,
            school_year=school_year,
            root=tree.root,
            leaves=[
                NewLeaf(
                    unit_id=unit_id,
                    leaf=leaf,
                    receipt=Receipt.of(
                        manifest=Manifest.parse(manifest),
                        salt=salt,
                        proof=tree.proof(leaf),
                        root=tree.root,
                        chain_id=self._chain_id,
                        registry=self._registry,
                    ).to_json(),
                )
                for leaf, (unit_id, manifest, salt) in zip(leaves, salted, strict=True)
            ],
        )
        return len(leaves)
