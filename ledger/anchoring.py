# SPDX-License-Identifier: Apache-2.0

"""Anchoring: carrying sealed batches, recalls and acts onto the chain, across crashes.

An errand is carried once, however many times this process dies on the way, and however many do the same at once. Five rules make
that so:

* **A number is set aside before it is signed with.** The database gives each nonce of an account to one errand. Two workers that
  carry the same errand use the same number, and the chain takes one transaction for it.
* **Write first, then send.** A transaction is signed and stored before a single byte leaves the machine. After a crash the stored
  bytes are sent again; what the network leaves lying is replaced under the same number, at higher fees, stored first too.
* **Move only from where you stood.** Every change of state names the state it was read in. If another worker has moved the
  errand since, the change is refused with `LostRace`, and the errand is read again.
* **No number is left out.** The chain would wait for it: one that nothing has is used up with an empty transaction, after a while
  in which the next errand may still take it (`ledger.gaps`).
* **Ask the chain, not the error message.** What a node says when it refuses a transaction only makes us look: whether one of
  ours is in a block, and whether the number was used in a block that stands for good.

States and legal moves live in `ledger.batch`, and so does the decision what to do next; this module carries it out. It reads no
settings, never sleeps and starts no thread: `tick` is one bounded pass, safe to repeat and safe to interrupt, and whoever
calls it owns the loop.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ledger.batch import DEFAULT_PATIENCE, OPEN_STATES, BatchState, Patience, Step, Waiting, next_step
from ledger.chain.errors import OutOfFunds, Rejected, Unsendable
from ledger.chain.registry import Finality, RegistrySender, Wallet
from ledger.chain.signed_batches import batch_message
from ledger.done_elsewhere import DoneElsewhere
from ledger.errors import CannotSend, LedgerError, LostRace, Refused
from ledger.gaps import Gaps
from ledger.sending import Purpose, Sending
from ledger.store.errand_writer import ErrandWriter
from ledger.store.errands import Attempt, Errand, Errands, Number
from ledger.store.gap_numbers import GapNumbers
from ledger.store.reader import Reader
from ledger.transactions import Transactions, first_year, incomplete

RELAY_DAYS = 30
"""How long a school's signature under a batch serves: the authority's longest holiday, twice."""
_NOTED = {
    Step.NOTE_MINED: BatchState.MINED,
    Step.NOTE_REORG: BatchState.PREPARED,
    Step.NOTE_FINAL: BatchState.FINAL,
    Step.NOTE_FAILED: BatchState.FAILED,
}
"""What the chain showed, and where the errand stands then."""
_APPROVAL_MISSING = "ApprovalMissing"
_REPLACEMENT_RECALLED = "ReplacementRecalled"
_OVERTAKEN = "bản thay thế đã bị thu hồi trước khi ghi lên chuỗi / the replacement was recalled before it was named"


@dataclass(frozen=True)
class Progress:
    """What one pass of the anchorer left behind."""

    moved: int
    """How many errands changed their state."""
    open: int
    """How many are still on their way, and need nobody but the chain."""
    failed: int
    """How many the contract has undone on chain, in this pass. A person must look."""
    stuck: int = 0
    """How many of the open ones have been in no block for so long that people should know."""
    unapproved: tuple[Errand, ...] = field(default=())
    """Those that wait for the authority's approval on the chain; they are not counted as open."""
    signed: int = 0
    """How many batches the school signed for the authority to send."""
    obstacles: tuple[LedgerError, ...] = field(default=())
    """What a person has to see to: each errand that the contract refuses, and each account that can send nothing now. What waits
    for that is not counted as open."""
    filled: int = 0
    """How many numbers that nothing had were given an empty transaction, so that what comes after them can go on."""


class Anchorer:
    """Carries the errands of one account: a school's with its operator key, or the authority's.

    Guarantees that for every transaction it ever sent, the same bytes are in the database, and that an errand is FINAL only
    when its transaction is in a block that stands by `finality`. Does not guarantee delivery: when the chain is unreachable,
    `tick` raises what the sender raised, the errand stands where it stood, and the next `tick` goes on from there. An errand that
    another worker is carrying, or that the contract refuses, keeps none of the others waiting. An account without money, or whose
    transaction no node takes, keeps its own later transactions waiting and nothing else.

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
        gap_numbers: GapNumbers,
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
        self._elsewhere = DoneElsewhere(writer, sender, address=wallet.address, finality=finality)
        self._sending = Sending(sender, wallet, now=now, patience=patience)
        self._gaps = Gaps(gap_numbers, sender, self._sending, address=wallet.address, patience=patience)

    def tick(self) -> Progress:
        """Moves every open errand of the account as far as the chain allows today, and tells what holds up the others."""
        signed = self._sign_for_the_authority()
        this = _Pass(self._sender.settled_block(self._finality))
        moved = still_open = failed = stuck = 0
        unapproved: list[Errand] = []
        errands = self._mine()
        for errand in errands:
            try:
                after = self._carry(errand, this)
            except LostRace:
                still_open += 1  # Whoever moved it carries it on; the next pass reads it again.
            except _Unapproved:
                unapproved.append(errand)
            except _Overtaken:
                moved += 1
            except (Refused, CannotSend) as refusal:
                this.refused.append(refusal)
            else:
                moved += after.state is not errand.state
                still_open += after.state in OPEN_STATES
                failed += after.state is BatchState.FAILED
                stuck += after.state is BatchState.SENT and this.stuck(errand, self._patience)
        if moved:
            # What ends may begin something else: a record on the chain takes a recalled one's place.
            known = {(type(errand), errand.id) for errand in errands}
            still_open += sum((type(errand), errand.id) not in known for errand in self._mine())
        filled = self._fill_gaps(this)
        held_up, obstacles = this.held_up(), this.obstacles()
        return Progress(moved, still_open - held_up, failed, stuck, tuple(unapproved), signed, obstacles, filled)

    def _fill_gaps(self, this: "_Pass") -> int:
        """Uses up the numbers that nothing has, and that what was sent waits behind."""
        filled = 0
        for number in self._gaps.before(this.in_no_block()):
            if this.waits(number):
                break
            try:
                filled += self._gaps.fill(number)
            except LostRace:
                continue  # An errand has taken it, or another worker fills it.
            except Unsendable as why:
                this.stop(number, why)
        return filled

    def _mine(self) -> Sequence[Errand]:
        if self._school_code is None:
            return self._errands.of_authority()
        return self._errands.of_school(self._school_code)

    def _carry(self, errand: Errand, this: "_Pass") -> Errand:
        """Makes moves until the errand is through, or waits for the chain or for its account; returns it as it stands then."""
        while errand.state in OPEN_STATES:
            attempts = self._errands.attempts(errand)
            sighting = self._sending.sight(attempts)
            step = next_step(
                errand.state,
                sighting=sighting,
                settled=this.settled,
                waiting=None if sighting else self._sending.waiting(attempts),
                patience=self._patience,
            )
            match step:
                case Step.PREPARE:
                    errand = self._prepare(errand, this)
                    if errand.state is BatchState.SEALED:
                        return errand
                case Step.BROADCAST | Step.RAISE:
                    errand = self._send(errand, attempts, this, dearer=step is Step.RAISE)
                    if errand.state is not BatchState.SEALED:
                        return errand
                case Step.NOTE_MINED | Step.NOTE_REORG | Step.NOTE_FINAL | Step.NOTE_FAILED:
                    errand = self._move(errand, _NOTED[step], attempts)
                case Step.WAIT:
                    return errand
        return errand

    def _send(self, errand: Errand, attempts: Sequence[Attempt], this: "_Pass", *, dearer: bool) -> Errand:
        """Sends what is stored. The errand is SENT afterwards, or SEALED where its number is lost, or stands where it stood."""
        if not attempts:
            raise incomplete(errand, "giao dịch đã ký", "its signed transaction")
        number = Number(attempts[-1].sender, attempts[-1].nonce)
        this.under_way(errand, number, self._sending.waiting(attempts))
        if this.waits(number):
            return errand
        purpose = Purpose(
            again=lambda: self._transactions.unsigned(errand, sender=number.sender, nonce=number.nonce),
            store=lambda attempt: self._writer.raise_attempt(errand, attempt),
        )
        try:
            sent = self._sending.sent(attempts, purpose, dearer=dearer)
        except Unsendable as why:
            this.stop(number, why)
            return errand
        if sent:
            return self._move(errand, BatchState.SENT, attempts) if errand.state is BatchState.PREPARED else errand
        used_for_good = self._sender.used(number.sender, block=this.settled) > number.nonce
        # What was raised meanwhile, by us or by another worker, may be what used it.
        if not used_for_good or self._sending.sight(self._errands.attempts(errand)) is not None:
            return errand  # One of ours has it after all, or another transaction in a block that may yet give way.
        self._writer.lose_number(errand, number)
        this.forget(errand)
        return replace(errand, state=BatchState.SEALED)

    def _prepare(self, errand: Errand, this: "_Pass") -> Errand:
        """Sets a number aside, signs the errand's transaction with it, and stores it; not for an account that is held up.

        The errand is PREPARED afterwards, or stands where it stood.
        """
        held = self._held_number(errand)
        number = self._next_number() if held is None else held
        if this.waits(number):
            this.under_way(errand, number)
            return errand
        try:
            unsigned = self._transactions.unsigned(errand, sender=number.sender, nonce=number.nonce)
        except OutOfFunds as why:
            this.stop(number, why)
            this.under_way(errand, number)
            return errand
        except (Rejected, Unsendable) as error:
            if isinstance(error, Rejected) and errand not in self._mine():
                # Refused because another worker has carried it to the chain since it was read.
                raise LostRace(f"{type(errand).__name__} {errand.id}", errand.state) from error
            if held is not None:
                self._writer.free(errand, held)
            raise self._refusal(errand, error) from error
        if held is None:
            self._writer.reserve(errand, number)
        self._writer.store_attempt(errand, self._sending.signed(unsigned))
        return replace(errand, state=BatchState.PREPARED)

    def _held_number(self, errand: Errand) -> Number | None:
        """The number that an earlier pass set aside for it, and signed nothing with."""
        held = self._errands.number(errand)
        if held is not None and held.sender != self._wallet.address:
            self._writer.free(errand, held)  # The account that was to carry it does so no more.
            return None
        return held

    def _next_number(self) -> Number:
        address = self._wallet.address
        nonce = self._errands.next_nonce(
            address,
            mined=self._sender.used(address, block=self._sender.settled_block(1)),
            waiting=self._sender.nonce(address),
        )
        return Number(address, nonce)

    def _refusal(self, errand: Errand, error: Rejected | Unsendable) -> Exception:
        """What becomes of an errand that the contract, or every node, will not take as it is."""
        what = f"{type(errand).__name__} {errand.id}"
        if isinstance(error, Unsendable):
            return CannotSend(what, error.vi, error.en)
        if error.name == _APPROVAL_MISSING:
            return _Unapproved()
        if error.name == _REPLACEMENT_RECALLED:
            # What was to take a recalled record's place was recalled itself, and is current never again.
            self._writer.supersede(errand, why=_OVERTAKEN)
            return _Overtaken()
        if self._elsewhere.ended(errand, error):
            return _Overtaken()
        return Refused(what, str(error))

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

    def _move(self, errand: Errand, new: BatchState, attempts: Sequence[Attempt]) -> Errand:
        """Notes what was seen of `attempts`, which have one number."""
        self._writer.move(errand, new, carrier=Number(attempts[-1].sender, attempts[-1].nonce))
        return replace(errand, state=new)


class _Pass:
    """What one pass knows: the settled block, what has which number, and from which number on an account can send nothing."""

    def __init__(self, settled: int) -> None:
        self.settled = settled
        self.refused: list[LedgerError] = []
        self._under_way: dict[tuple[type[Errand], int], tuple[Number, Waiting | None]] = {}
        self._stops: dict[str, tuple[int, Unsendable]] = {}

    def under_way(self, errand: Errand, number: Number, waiting: Waiting | None = None) -> None:
        """Notes what is in no block."""
        self._under_way[type(errand), errand.id] = (number, waiting)

    def forget(self, errand: Errand) -> None:
        """Its number is another's."""
        del self._under_way[type(errand), errand.id]

    def in_no_block(self) -> Iterator[tuple[Number, Waiting]]:
        """Every number with which something was sent that is in no block, and for how long."""
        return ((number, waiting) for number, waiting in self._under_way.values() if waiting is not None)

    def stuck(self, errand: Errand, patience: Patience) -> bool:
        """Whether it has been in no block for so long that people should know."""
        _, waiting = self._under_way.get((type(errand), errand.id), (None, None))
        return waiting is not None and waiting.stuck(patience)

    def stop(self, number: Number, why: Unsendable) -> None:
        """No node takes what has this number, and so the chain takes nothing that the account sends after it."""
        if number.sender not in self._stops or number.nonce < self._stops[number.sender][0]:
            self._stops[number.sender] = (number.nonce, why)

    def waits(self, number: Number) -> bool:
        """Whether it comes after one that no node takes."""
        return number.sender in self._stops and number.nonce > self._stops[number.sender][0]

    def held_up(self) -> int:
        """How many errands wait until somebody sees to their account."""
        return sum(self._held_up().values())

    def obstacles(self) -> tuple[LedgerError, ...]:
        """What somebody has to see to."""
        waiting, stops = self._held_up(), self._stops.items()
        accounts = [CannotSend(account, why.vi, why.en, waiting=waiting[account]) for account, (_, why) in stops]
        return (*self.refused, *accounts)

    def _held_up(self) -> Counter[str]:
        numbers = [number for number, _ in self._under_way.values()]
        return Counter(
            number.sender
            for number in numbers
            if number.sender in self._stops and number.nonce >= self._stops[number.sender][0]
        )


class _Unapproved(Exception):
    """The registry waits for the authority's approval."""


class _Overtaken(Exception):
    """What was to be done makes no sense any more, and nobody needs to look."""
