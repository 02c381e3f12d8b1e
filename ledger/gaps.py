# SPDX-License-Identifier: Apache-2.0

"""Gaps: numbers of a chain account that nothing has, while ours with later numbers wait for them.

The chain takes an account's transactions in the order of their numbers and leaves none out. A number can be left without any: an
errand was refused after its number was set aside, or a transaction that is not ours had it and the nodes forgot it. The next
errand takes such a number first. Where none comes, ours would wait for ever; so after some time the number is used up with an
empty transaction of the account to itself.

That transaction is stored before it is sent, sent again after a crash and raised where it is left lying, as any other is. It has
no state of its own: whether it is needed is asked of the chain each time, and it is sent as long as ours wait behind it.
"""

from collections.abc import Iterable

from ledger.batch import Patience, Waiting
from ledger.chain.registry import RegistrySender
from ledger.sending import Purpose, Sending
from ledger.store.errands import Number
from ledger.store.gap_numbers import GapNumbers


class Gaps:
    """Fills the gaps among the numbers of the account `address`, whose key `sending` signs with.

    Guarantees that a number with which anything was signed for an errand is left alone, and that an empty transaction is stored
    before it is sent. Does not guarantee that nobody else's transaction is replaced: one that no node shows may still turn up,
    and is too late then.
    """

    def __init__(
        self, numbers: GapNumbers, sender: RegistrySender, sending: Sending, *, address: str, patience: Patience
    ) -> None:
        self._numbers = numbers
        self._sender = sender
        self._sending = sending
        self._address = address
        self._patience = patience

    def before(self, in_no_block: Iterable[tuple[Number, Waiting]]) -> list[Number]:
        """The gaps before those of ours that have been in no block for long; asks the chain only when there are such.

        What waits in a node leaves no gap, whosever it is, as it is mined sooner or later; only our own has to be raised.
        """
        late = [number.nonce for number, waiting in in_no_block if self._late(number, waiting)]
        if not late:
            return []
        mined = self._sender.used(self._address, block=self._sender.settled_block(1))
        waiting = self._sender.nonce(self._address)
        return self._numbers.before(Number(self._address, max(late)), mined=mined, waiting=waiting)

    def fill(self, number: Number) -> bool:
        """Sends what uses the number up; tells whether it was begun just now.

        Raises `LostRace` when somebody else has taken the number, and `Unsendable` when no node takes the transaction.
        """
        self._numbers.take(number)
        attempts = self._numbers.attempts(number)
        if begun := not attempts:
            first = self._sending.signed(self._sender.prepare_empty(sender=number.sender, nonce=number.nonce))
            self._numbers.store(first, after=0)
            attempts = self._numbers.attempts(number)
        purpose = Purpose(
            again=lambda: self._sender.prepare_empty(sender=number.sender, nonce=number.nonce),
            store=lambda attempt: self._numbers.store(attempt, after=len(attempts)),
        )
        waiting = self._sending.waiting(attempts)
        # If the number was used meanwhile, whoever used it, there is no gap any more.
        self._sending.sent(attempts, purpose, dearer=waiting is not None and waiting.too_long(self._patience))
        return begun

    def _late(self, number: Number, waiting: Waiting) -> bool:
        return number.sender == self._address and waiting.behind_a_gap(self._patience)
