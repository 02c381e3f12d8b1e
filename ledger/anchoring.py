# SPDX-License-Identifier: Apache-2.0

"""Anchoring: carrying sealed batches, and recalls, onto the chain, across crashes.

An errand (a batch, or a recall) is carried once, however many times this process dies on the way. Two rules make that so:

* **Write first, then send.** A transaction is signed and stored, nonce and all, before a single byte leaves the machine.
  After a crash the stored bytes are sent again; one nonce is never signed for two purposes.
* **Move only from where you stood.** Every change of state names the state it was read in. If another worker has moved the
  errand since, the change is refused with `LostRace`, and the errand is read again.

States and legal moves live in `ledger.batch`, and so does the decision what to do next; this module carries it out. It reads no
settings, never sleeps and starts no thread: `tick` is one bounded pass, safe to repeat and safe to interrupt, and whoever
calls it owns the loop.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from ledger.batch import OPEN_STATES, BatchState, Sighting, Step, next_step
from ledger.chain.errors import Rejected
from ledger.chain.registry import RecallReason, RegistrySender, UnsignedTransaction, Wallet
from ledger.errors import LedgerError, LostRace, Refused
from ledger.proof.leaf import SALT_BYTES, leaf_hash
from ledger.proof.manifest import Manifest
from ledger.proof.merkle import MerkleTree
from ledger.proof.receipt import Receipt
from ledger.store.reader import Attempt, Batch, Reader, Recall
from ledger.store.writer import NewLeaf, Writer
from ledger.unit import UnitState


class Sealer:
    """Closes batches: all issued units of a school and year that are in none yet.

    Guarantees that salts, paths and receipts are stored before anything about the batch is sent anywhere. Does not send it:
    `Anchorer` takes over from there. `salt` gives 32 bytes from the operating system unless a test says otherwise.
    """

    def __init__(
        self,
        reader: Reader,
        writer: Writer,
        *,
        chain_id: int,
        registry: str,
        salt: Callable[[], bytes] = lambda: secrets.token_bytes(SALT_BYTES),
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._chain_id = chain_id
        self._registry = registry
        self._salt = salt

    def seal(self, *, school_code: str, school_year: str) -> int:
        """Seals one batch and returns how many leaves it has: 0 when no issued unit waits."""
        units = self._reader.units(
            school_code=school_code, school_year=school_year, states=[UnitState.ISSUED], kind=None, unbatched=True
        )
        if not units:
            return 0
        salted = [(unit.id, Manifest.parse(unit.manifest or b""), self._salt()) for unit in units]
        leaves = [leaf_hash(salt=salt, manifest_sha256=manifest.sha256()) for _, manifest, salt in salted]
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
                        manifest=manifest,
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


@dataclass(frozen=True)
class Progress:
    """What one pass of the anchorer left behind."""

    moved: int
    """How many errands changed their state."""
    open: int
    """How many are still on their way."""
    failed: int
    """How many the contract has undone on chain, in this pass. A person must look."""


class Anchorer:
    """Carries one school's errands to the chain with the school's operator key.

    Guarantees that for every transaction it ever sent, the same bytes are in the database, and that an errand is FINAL only
    when its transaction is `confirmations` blocks deep. Does not guarantee delivery: when the chain is unreachable, `tick` raises
    what the sender raised, the errand stands where it stood, and the next `tick` goes on from there. An errand that another
    worker is carrying, or that the contract refuses, keeps none of the others waiting.
    """

    def __init__(
        self,
        reader: Reader,
        writer: Writer,
        sender: RegistrySender,
        wallet: Wallet,
        *,
        school_code: str,
        confirmations: int,
    ) -> None:
        if confirmations < 1:
            raise ValueError("a transaction's own block is its first confirmation")
        self._reader = reader
        self._writer = writer
        self._sender = sender
        self._wallet = wallet
        self._school_code = school_code
        self._confirmations = confirmations

    def tick(self, *, head: int) -> Progress:
        """Moves every open errand of the school as far as the chain, whose newest block is `head`, allows today.

        Raises `Refused` for the first that the contract would not take, after all others have moved.
        """
        everything: list[Batch | Recall] = [*self._reader.open_batches(), *self._reader.open_recalls()]
        errands = [errand for errand in everything if errand.school_code == self._school_code]
        moved = still_open = failed = 0
        refused: Refused | None = None
        for errand in errands:
            try:
                after = self._carry(errand, head)
            except LostRace:
                still_open += 1  # Whoever moved it carries it on; the next pass reads it again.
            except Refused as refusal:
                refused = refused or refusal
            else:
                moved += after.state is not errand.state
                still_open += after.state in OPEN_STATES
                failed += after.state is BatchState.FAILED
        if refused is not None:
            raise refused
        return Progress(moved=moved, open=still_open, failed=failed)

    def _carry(self, errand: Batch | Recall, head: int) -> Batch | Recall:
        """Makes moves until the errand must wait for the chain, and returns it as it stands then."""
        while True:
            attempt = self._reader.attempt(errand)
            sighting = self._sight(attempt)
            step = next_step(errand.state, sighting=sighting, head=head, confirmations=self._confirmations)
            match step:
                case Step.PREPARE:
                    self._prepare(errand)
                    errand = replace(errand, state=BatchState.PREPARED)
                case Step.BROADCAST:
                    if attempt is None:
                        raise _incomplete(errand, "giao dịch đã ký", "its signed transaction")
                    self._sender.broadcast(attempt.raw)
                    return self._move(errand, BatchState.SENT) if errand.state is BatchState.PREPARED else errand
                case Step.NOTE_MINED:
                    errand = self._move(errand, BatchState.MINED)
                case Step.NOTE_REORG:
                    errand = self._move(errand, BatchState.PREPARED)
                case Step.NOTE_FINAL:
                    return self._move(errand, BatchState.FINAL)
                case Step.NOTE_FAILED:
                    return self._move(errand, BatchState.FAILED)
                case Step.WAIT:
                    return errand

    def _sight(self, attempt: Attempt | None) -> Sighting | None:
        receipt = None if attempt is None else self._sender.receipt(attempt.tx_hash)
        return None if receipt is None else Sighting(block_number=receipt.block_number, succeeded=receipt.status)

    def _prepare(self, errand: Batch | Recall) -> None:
        """Signs the errand's transaction and stores it. A nonce that the chain or the ledger has used is not used again."""
        address = self._wallet.address
        nonce = max(self._sender.nonce(address), self._reader.next_nonce(address))
        try:
            unsigned = self._unsigned(errand, sender=address, nonce=nonce)
        except Rejected as error:
            if errand not in (*self._reader.open_batches(), *self._reader.open_recalls()):
                # Refused because another worker has carried it to the chain since it was read.
                raise LostRace(f"{type(errand).__name__} {errand.id}", errand.state) from error
            raise Refused(f"{type(errand).__name__} {errand.id}", str(error)) from error
        signed = self._wallet.sign(unsigned)
        self._writer.store_attempt(errand, Attempt(sender=address, nonce=nonce, tx_hash=signed.hash, raw=signed.raw))

    def _unsigned(self, errand: Batch | Recall, *, sender: str, nonce: int) -> UnsignedTransaction:
        if isinstance(errand, Batch):
            return self._sender.prepare_anchor(
                sender=sender,
                nonce=nonce,
                school=errand.school_code,
                school_year=int(errand.school_year[:4]),
                root=errand.root,
                leaf_count=errand.leaf_count,
            )
        entry = self._reader.receipt_of_unit(errand.unit_id)
        if entry is None or entry.receipt is None:
            raise _incomplete(errand, "biên nhận của học bạ", "its unit's receipt")
        receipt = Receipt.parse(entry.receipt)
        return self._sender.prepare_recall(
            sender=sender,
            nonce=nonce,
            school=errand.school_code,
            root=receipt.root_bytes,
            entry=receipt.entry_bytes,
            reason=RecallReason[errand.reason.name],
        )

    def _move(self, errand: Batch | Recall, new: BatchState) -> Batch | Recall:
        self._writer.move_errand(errand, new)
        return replace(errand, state=new)


def _incomplete(errand: Batch | Recall, vi: str, en: str) -> LedgerError:
    """No move of ours leads there, so somebody else has changed the database. Going on would only hide it."""
    what = f"{type(errand).__name__} {errand.id}"
    return LedgerError(
        f"Sổ cái thiếu {vi} của {what}. Hãy dừng việc neo và khôi phục cơ sở dữ liệu từ bản sao lưu.",
        f"The ledger lacks {en} for {what}. Stop anchoring and restore the database from its backup.",
    )
