# SPDX-License-Identifier: Apache-2.0

"""Anchoring: carrying sealed batches, recalls and acts onto the chain, across crashes.

An errand is carried once, however many times this process dies on the way, and however many do the same at once. Four rules make
that so:

* **A number is set aside before it is signed with.** The database gives each nonce of an account to one errand. Two workers that
  carry the same errand use the same number, and the chain takes one transaction for it.
* **Write first, then send.** A transaction is signed and stored before a single byte leaves the machine. After a crash the stored
  bytes are sent again; what the network leaves lying is replaced under the same number, at higher fees, stored first too.
* **Move only from where you stood.** Every change of state names the state it was read in. If another worker has moved the
  errand since, the change is refused with `LostRace`, and the errand is read again.
* **Ask the chain, not the error message.** What a node says when it refuses a transaction only makes us look: whether one of
  ours is in a block, and whether the number was used in a block that stands for good.

States and legal moves live in `ledger.batch`, and so does the decision what to do next; this module carries it out. It reads no
settings, never sleeps and starts no thread: `tick` is one bounded pass, safe to repeat and safe to interrupt, and whoever
calls it owns the loop.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ledger.batch import (
    DEFAULT_PATIENCE,
    OPEN_STATES,
    BatchState,
    Patience,
    Sighting,
    Step,
    Waiting,
    next_step,
)
from ledger.chain.errors import NonceTaken, Rejected, Underpriced
from ledger.chain.registry import Finality, RegistrySender, SignedTransaction, UnsignedTransaction, Wallet
from ledger.chain.signed_batches import batch_message
from ledger.done_elsewhere import DoneElsewhere
from ledger.errors import LostRace, Refused
from ledger.store.errand_writer import ErrandWriter
from ledger.store.errands import Attempt, Errand, Errands, Number
from ledger.store.reader import Reader
from ledger.transactions import Transactions, first_year, incomplete

RAISED_PERCENT = 25
"""How much more a replacing transaction offers. Nodes ask for 10 percent at least; some for more."""
RELAY_DAYS = 30
"""How long a school's signature under a batch serves: the authority's longest holiday, twice."""
_APPROVAL_MISSING = "ApprovalMissing"
_REPLACEMENT_RECALLED = "ReplacementRecalled"
_OVERTAKEN = "bản thay thế đã bị thu hồi trước khi ghi lên chuỗi / the replacement was recalled before it was named"


@dataclass(frozen=True)
class Progress:
    """What one pass of the anchorer left behind."""

    moved: int
    """How many errands changed their state."""
    open: int
    """How many are still on their way."""
    failed: int
    """How many the contract has undone on chain, in this pass. A person must look."""
    stuck: int = 0
    """How many of the open ones have been in no block for so long that people should know."""
    unapproved: tuple[Errand, ...] = field(default=())
    """Those that wait for the authority's approval on the chain; they are not counted as open."""
    signed: int = 0
    """How many batches the school signed for the authority to send."""


class Anchorer:
    """Carries the errands of one account: a school's with its operator key, or the authority's.

    Guarantees that for every transaction it ever sent, the same bytes are in the database, and that an errand is FINAL only
    when its transaction is in a block that stands by `finality`. Does not guarantee delivery: when the chain is unreachable,
    `tick` raises what the sender raised, the errand stands where it stood, and the next `tick` goes on from there. An errand that
    another worker is carrying, or that the contract refuses, keeps none of the others waiting.

    `sender` is one node, or several that show the same chain: whether a number was used by somebody else is asked of it.
    """

    def __init__(
        self,
        reader: Reader,
        errands: Errands,
        writer: ErrandWriter,
        sender: RegistrySender,
        wallet: Wallet,
        *,
        school_code: str | None,
        finality: Finality,
        now: Callable[[], dt.datetime],
        chain_id: int,
        registry: str,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        if finality != "finalized" and finality < 1:
            raise ValueError("a transaction's own block is its first confirmation")
        self._errands = errands
        self._writer = writer
        self._sender = sender
        self._transactions = Transactions(reader, sender)
        self._wallet = wallet
        self._school_code = school_code
        self._finality = finality
        self._now = now
        self._chain_id = chain_id
        self._registry = registry
        self._patience = patience
        self._elsewhere = DoneElsewhere(writer, sender, finality=finality)

    def tick(self) -> Progress:
        """Moves every open errand of the account as far as the chain allows today.

        Raises `Refused` for the first that the contract would not take, after all others have moved.
        """
        signed = self._sign_for_the_authority()
        settled = self._sender.settled_block(self._finality)
        moved = still_open = failed = stuck = 0
        unapproved: list[Errand] = []
        refused: Refused | None = None
        errands = self._mine()
        for errand in errands:
            try:
                after = self._carry(errand, settled)
            except LostRace:
                still_open += 1  # Whoever moved it carries it on; the next pass reads it again.
            except _Unapproved:
                unapproved.append(errand)
            except _Overtaken:
                moved += 1
            except Refused as refusal:
                refused = refused or refusal
            else:
                moved += after.state is not errand.state
                still_open += after.state in OPEN_STATES
                failed += after.state is BatchState.FAILED
                stuck += self._is_stuck(after)
        if refused is not None:
            raise refused
        if moved:
            # What ends may begin something else: a record on the chain takes a recalled one's place.
            known = {(type(errand), errand.id) for errand in errands}
            still_open += sum((type(errand), errand.id) not in known for errand in self._mine())
        return Progress(moved, still_open, failed, stuck, tuple(unapproved), signed)

    def _mine(self) -> Sequence[Errand]:
        if self._school_code is None:
            return self._errands.of_authority()
        return self._errands.of_school(self._school_code)

    def _carry(self, errand: Errand, settled: int) -> Errand:
        """Makes moves until the errand must wait for the chain, and returns it as it stands then."""
        while True:
            attempts = self._errands.attempts(errand)
            sighting = self._sight(attempts)
            step = next_step(
                errand.state,
                sighting=sighting,
                settled=settled,
                waiting=None if sighting else self._waiting(attempts),
                patience=self._patience,
            )
            match step:
                case Step.PREPARE:
                    self._prepare(errand)
                    errand = replace(errand, state=BatchState.PREPARED)
                case Step.BROADCAST | Step.RAISE:
                    errand = self._send(errand, attempts, dearer=step is Step.RAISE, settled=settled)
                    if errand.state is not BatchState.SEALED:
                        return errand
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

    def _send(self, errand: Errand, attempts: Sequence[Attempt], *, dearer: bool, settled: int) -> Errand:
        """Sends what is stored. The errand is SENT afterwards, or SEALED where its number is lost, or stands where it stood."""
        if not attempts:
            raise incomplete(errand, "giao dịch đã ký", "its signed transaction")
        if dearer and (raised := self._raised(errand, attempts)) is not None:
            attempts = [*attempts, raised]
        if self._sent(errand, attempts):
            return self._move(errand, BatchState.SENT) if errand.state is BatchState.PREPARED else errand
        number = Number(attempts[-1].sender, attempts[-1].nonce)
        used_for_good = self._sender.used(number.sender, block=settled) > number.nonce
        if not used_for_good or self._sight(attempts) is not None:
            return errand  # One of ours has it after all, or another transaction in a block that may yet give way.
        self._writer.lose_number(errand, number)
        return replace(errand, state=BatchState.SEALED)

    def _sight(self, attempts: Sequence[Attempt]) -> Sighting | None:
        """Where any of the attempts is; at most one can be in a block, as they have one number."""
        for attempt in reversed(attempts):
            if (receipt := self._sender.receipt(attempt.tx_hash)) is not None:
                return Sighting(block_number=receipt.block_number, succeeded=receipt.status)
        return None

    def _waiting(self, attempts: Sequence[Attempt]) -> Waiting | None:
        signed = [attempt.signed_at for attempt in attempts if attempt.signed_at is not None]
        if not signed:
            return None
        now = self._now()
        return Waiting(attempts=len(attempts), newest=now - signed[-1], oldest=now - signed[0])

    def _is_stuck(self, errand: Errand) -> bool:
        if errand.state is not BatchState.SENT:
            return False
        waiting = self._waiting(self._errands.attempts(errand))
        return waiting is not None and waiting.stuck(self._patience)

    def _sent(self, errand: Errand, attempts: Sequence[Attempt]) -> bool:
        """Whether a node has taken the newest attempt; not when its number was used. One that is too cheap is raised at once."""
        try:
            self._sender.broadcast(attempts[-1].raw)
        except NonceTaken:
            return False
        except Underpriced:
            if (raised := self._raised(errand, attempts)) is None:
                raise
            self._sender.broadcast(raised.raw)
        return True

    def _prepare(self, errand: Errand) -> None:
        """Sets a number aside, signs the errand's transaction with it, and stores it."""
        address = self._wallet.address
        held = self._errands.number(errand)
        if held is not None and held.sender != address:
            self._writer.free(errand, held)  # The account that was to carry it does so no more, and signed nothing.
            held = None
        if held is None:
            nonce = self._errands.next_nonce(
                address,
                mined=self._sender.used(address, block=self._sender.settled_block(1)),
                waiting=self._sender.nonce(address),
            )
            number = Number(address, nonce)
        else:
            number = held
        try:
            unsigned = self._transactions.unsigned(errand, sender=number.sender, nonce=number.nonce)
        except Rejected as error:
            if errand not in self._mine():
                # Refused because another worker has carried it to the chain since it was read.
                raise LostRace(f"{type(errand).__name__} {errand.id}", errand.state) from error
            if held is not None:
                self._writer.free(errand, held)
            if error.name == _APPROVAL_MISSING:
                raise _Unapproved from error
            if error.name == _REPLACEMENT_RECALLED:
                # What was to take a recalled record's place was recalled itself, and is current never again.
                self._writer.supersede(errand, why=_OVERTAKEN)
                raise _Overtaken from error
            if self._elsewhere.ended(errand, error):
                raise _Overtaken from error
            raise Refused(f"{type(errand).__name__} {errand.id}", str(error)) from error
        if held is None:
            self._writer.reserve(errand, number)
        self._writer.store_attempt(errand, _attempt(unsigned, self._wallet.sign(unsigned)))

    def _raised(self, errand: Errand, attempts: Sequence[Attempt]) -> Attempt | None:
        """The same errand under the same number at higher fees, signed and stored; None where nothing can be raised."""
        attempt = attempts[-1]
        if len(attempts) >= self._patience.most_attempts:
            return None
        try:
            fresh = self._transactions.unsigned(errand, sender=attempt.sender, nonce=attempt.nonce)
        except Rejected:
            return None  # Whatever the contract says today, the number is spent on what was signed.
        before = fresh.fee if attempt.fee is None else attempt.fee
        raised = fresh.outbidding(fee=before, tip=attempt.tip, percent=RAISED_PERCENT)
        if raised.fee <= before:
            return None  # A chain without fees: there is nothing to offer more of.
        dearer = _attempt(raised, self._wallet.sign(raised))
        self._writer.raise_attempt(errand, dearer)
        return dearer

    def _sign_for_the_authority(self) -> int:
        """The school signs what the authority is to send; no transaction is needed for that."""
        if self._school_code is None:
            return 0
        now = self._now().replace(microsecond=0)
        waiting = self._errands.to_be_signed(self._school_code, now=now)
        for batch in waiting:
            deadline = now + dt.timedelta(days=RELAY_DAYS)
            message = batch_message(
                chain_id=self._chain_id,
                registry=self._registry,
                school=batch.school_code,
                school_year=first_year(batch.school_year),
                root=batch.root,
                leaf_count=batch.leaf_count,
                deadline=deadline,
            )
            self._writer.sign_batch(batch, signature=self._wallet.sign_typed(message), deadline=deadline)
        return len(waiting)

    def _move(self, errand: Errand, new: BatchState) -> Errand:
        self._writer.move(errand, new)
        return replace(errand, state=new)


class _Unapproved(Exception):
    """The registry waits for the authority's approval."""


class _Overtaken(Exception):
    """What was to be done makes no sense any more, and nobody needs to look."""


def _attempt(unsigned: UnsignedTransaction, signed: SignedTransaction) -> Attempt:
    return Attempt(
        sender=unsigned.sender,
        nonce=unsigned.nonce,
        tx_hash=signed.hash,
        raw=signed.raw,
        fee=unsigned.fee,
        tip=unsigned.max_priority_fee_per_gas,
    )
