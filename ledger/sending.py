# SPDX-License-Identifier: Apache-2.0

"""Sending: the transactions of one number, each stored before it is sent, and raised where the network leaves it lying.

What they are for is the caller's affair (`ledger.anchoring`, `ledger.gaps`), as is what to do when the number was used.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.batch import Patience, Sighting, Waiting
from ledger.chain.errors import NonceTaken, Rejected, Underpriced
from ledger.chain.registry import RegistrySender, UnsignedTransaction, Wallet
from ledger.store.errands import Attempt

RAISED_PERCENT = 25
"""How much more a replacing transaction offers. Nodes ask for 10 percent at least; some for more."""


@dataclass(frozen=True)
class Purpose:
    """What the transactions of one number are for."""

    again: Callable[[], UnsignedTransaction]
    """Writes the same once more, at the fees of today. Raises `Rejected` when the registry would refuse it."""
    store: Callable[[Attempt], None]
    """Stores one more of them; nothing of it may be sent before this returns."""


class Sending:
    """Signs with one key, sends, and looks where things are.

    Guarantees that what it sends is stored, and that it signs a dearer transaction only after a node has taken the one before or
    called it too cheap. Does not guarantee that anything is mined.
    """

    def __init__(
        self, sender: RegistrySender, wallet: Wallet, *, now: Callable[[], dt.datetime], patience: Patience
    ) -> None:
        self._sender = sender
        self._wallet = wallet
        self._now = now
        self._patience = patience

    def signed(self, unsigned: UnsignedTransaction) -> Attempt:
        """The transaction, signed; it has to be stored before it is sent."""
        signed = self._wallet.sign(unsigned)
        return Attempt(
            sender=unsigned.sender,
            nonce=unsigned.nonce,
            tx_hash=signed.hash,
            raw=signed.raw,
            fee=unsigned.fee,
            tip=unsigned.max_priority_fee_per_gas,
        )

    def sent(self, attempts: Sequence[Attempt], purpose: Purpose, *, dearer: bool) -> bool:
        """Whether a node has the newest of `attempts`, or a dearer one; not when their number was used.

        One that is too cheap for the node is raised at once, and with `dearer` so is one that a node has. Who cannot pay for what
        is stored is asked for no more, hence that order. Raises `Unsendable` when no node takes it.
        """
        try:
            try:
                self._sender.broadcast(attempts[-1].raw)
            except Underpriced:
                if (raised := self._raised(attempts, purpose)) is None:
                    raise
            else:
                raised = self._raised(attempts, purpose) if dearer else None
            if raised is not None:
                self._sender.broadcast(raised.raw)
        except NonceTaken:
            return False
        return True

    def sight(self, attempts: Sequence[Attempt]) -> Sighting | None:
        """Where any of the attempts is; at most one can be in a block, as they have one number."""
        for attempt in reversed(attempts):
            if (receipt := self._sender.receipt(attempt.tx_hash)) is not None:
                return Sighting(block_number=receipt.block_number, succeeded=receipt.status)
        return None

    def waiting(self, attempts: Sequence[Attempt]) -> Waiting | None:
        """For how long they have been in no block, if they are in none."""
        signed = [attempt.signed_at for attempt in attempts if attempt.signed_at is not None]
        if not signed:
            return None
        now = self._now()
        return Waiting(attempts=len(attempts), newest=now - signed[-1], oldest=now - signed[0])

    def _raised(self, attempts: Sequence[Attempt], purpose: Purpose) -> Attempt | None:
        """The same under the same number at higher fees, signed and stored; None where nothing can be raised."""
        attempt = attempts[-1]
        if len(attempts) >= self._patience.most_attempts or attempt.sender != self._wallet.address:
            return None
        try:
            fresh = purpose.again()
        except Rejected:
            return None  # Whatever the contract says today, the number is spent on what was signed.
        before = fresh.fee if attempt.fee is None else attempt.fee
        raised = fresh.outbidding(fee=before, tip=attempt.tip, percent=RAISED_PERCENT)
        if raised.fee <= before:
            return None  # A chain without fees: there is nothing to offer more of.
        dearer = self.signed(raised)
        purpose.store(dearer)
        return dearer
