# SPDX-License-Identifier: Apache-2.0

"""Changes carried through several nodes: one of them may lie, lag or be down, and neither a change nor money is lost by it.

What decides is believed only when `at_least` nodes say it alike: whether a transaction is in a block, whether a number was used,
whether the contract would refuse. What nodes may honestly differ in, such as fees, is the largest value that `at_least` of them
reach, so that no single node can make the account pay more or its transaction stick. Signed bytes go to every node that can be
reached: one that takes them is enough to carry them on, and one that does not cannot keep them.

Example::

    sender = QuorumSender([Web3Registry(url, pin) for url in urls], at_least=2)
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from eth_utils.crypto import keccak

from ledger.chain.errors import ChainError, Rejected, Unsendable
from ledger.chain.panel import DEFAULT_DEADLINE, Panel, Told, reached_by
from ledger.chain.quorum import QuorumReader
from ledger.chain.registry import (
    RecallReason,
    RecallRequest,
    Registry,
    Replacement,
    SignedBatch,
    TransactionReceipt,
    UnsignedTransaction,
)


class QuorumSender(QuorumReader):
    """Carries changes through all of `nodes`, and reads as `QuorumReader` does. May be used from several threads.

    Implements `Registry`. Raises `Disagreement` when too few nodes agree about something that decides: nothing is known to have
    changed then, and asking again is right.
    """

    _panel: Panel[Registry]

    def __init__(self, nodes: Sequence[Registry], *, at_least: int, deadline: float = DEFAULT_DEADLINE) -> None:
        super().__init__(nodes, at_least=at_least, deadline=deadline)

    # What decides.

    def used(self, address: str, *, block: int) -> int:
        """Return what enough nodes say alike about the account at the end of `block`."""
        return self._panel.alike(lambda node: node.used(address, block=block))[0]

    def receipt(self, transaction_hash: bytes) -> TransactionReceipt | None:
        """Return where enough nodes have the transaction, in the same block, or None when enough have it in none.

        While they are still bringing one another up to date neither may be so, which is a `Disagreement`.
        """
        return self._panel.alike(lambda node: node.receipt(transaction_hash))[0]

    def nonce(self, address: str) -> int:
        """Return the largest number up to which enough nodes know the account's to be taken: none can tear a gap alone."""
        return self._panel.reached(lambda node: node.nonce(address))

    # What is carried.

    def broadcast(self, raw: bytes) -> bytes:
        """Hand signed bytes to every node that can be reached; one that takes them is enough.

        Refused only when enough nodes refuse for the same reason, as one that lies or lags must not make us give up a number,
        or raise fees.
        """
        told = self._panel.ask(
            lambda node: node.broadcast(raw), enough=lambda told: len(told.answers) >= self._at_least
        )
        if refusal := self._common([error for error in told.errors if isinstance(error, Unsendable)], type):
            raise refusal
        if not told.answers:
            raise self._panel.failure(told, alike=0)
        return keccak(raw)

    def prepare_register_school(
        self, *, sender: str, nonce: int, school: str, operator: str, seal_certificate: bytes, consent: bytes
    ) -> UnsignedTransaction:
        """Prepare the registration of a school by the authority."""
        return self._prepared(
            lambda node: node.prepare_register_school(
                sender=sender,
                nonce=nonce,
                school=school,
                operator=operator,
                seal_certificate=seal_certificate,
                consent=consent,
            )
        )

    def prepare_anchor(
        self, *, sender: str, nonce: int, school: str, school_year: int, root: bytes, leaf_count: int
    ) -> UnsignedTransaction:
        """Prepare the anchoring of a batch by the school's operator."""
        return self._prepared(
            lambda node: node.prepare_anchor(
                sender=sender, nonce=nonce, school=school, school_year=school_year, root=root, leaf_count=leaf_count
            )
        )

    def prepare_recall(
        self,
        *,
        sender: str,
        nonce: int,
        school: str,
        root: bytes,
        entry: bytes,
        reason: RecallReason,
        replacement: Replacement | None = None,
    ) -> UnsignedTransaction:
        """Prepare a recall by the school's operator."""
        return self._prepared(
            lambda node: node.prepare_recall(
                sender=sender,
                nonce=nonce,
                school=school,
                root=root,
                entry=entry,
                reason=reason,
                replacement=replacement,
            )
        )

    def prepare_publish(
        self, *, sender: str, nonce: int, publisher: str | None, topic: bytes, digest: bytes
    ) -> UnsignedTransaction:
        """Prepare the publication of a statement."""
        return self._prepared(
            lambda node: node.prepare_publish(
                sender=sender, nonce=nonce, publisher=publisher, topic=topic, digest=digest
            )
        )

    def prepare_signed_anchor(self, *, sender: str, nonce: int, batch: SignedBatch) -> UnsignedTransaction:
        """Prepare the anchoring, by anybody, of a batch that the school's operator signed."""
        return self._prepared(lambda node: node.prepare_signed_anchor(sender=sender, nonce=nonce, batch=batch))

    def prepare_lock(self, *, sender: str, nonce: int, school_year: int) -> UnsignedTransaction:
        """Prepare the locking of a school year by the authority, for good."""
        return self._prepared(lambda node: node.prepare_lock(sender=sender, nonce=nonce, school_year=school_year))

    def prepare_approval(self, *, sender: str, nonce: int, school: str, request: RecallRequest) -> UnsignedTransaction:
        """Prepare the authority's consent to one recall, in just these words."""
        return self._prepared(
            lambda node: node.prepare_approval(sender=sender, nonce=nonce, school=school, request=request)
        )

    def prepare_replacement(
        self, *, sender: str, nonce: int, school: str, root: bytes, entry: bytes, replacement: Replacement
    ) -> UnsignedTransaction:
        """Prepare the naming, by the school's operator, of what takes a recalled record's place."""
        return self._prepared(
            lambda node: node.prepare_replacement(
                sender=sender, nonce=nonce, school=school, root=root, entry=entry, replacement=replacement
            )
        )

    def prepare_empty(self, *, sender: str, nonce: int) -> UnsignedTransaction:
        """Prepare a transaction of the account to itself that says nothing."""
        return self._prepared(lambda node: node.prepare_empty(sender=sender, nonce=nonce))

    @property
    def _at_least(self) -> int:
        return self._panel.at_least

    def _prepared(self, prepare: Callable[[Registry], UnsignedTransaction]) -> UnsignedTransaction:
        """The transaction as enough nodes would have it, or the refusal that enough of them report."""

        def enough(told: Told[UnsignedTransaction]) -> bool:
            return len(_alike(told.answers)) >= self._at_least or self._common(told.errors, _refusal) is not None

        told = self._panel.ask(prepare, enough=enough)
        alike = _alike(told.answers)
        if len(alike) >= self._at_least:
            return self._middle(alike)
        raise self._common(told.errors, _refusal) or self._panel.failure(told, alike=len(alike))

    def _middle(self, alike: Sequence[UnsignedTransaction]) -> UnsignedTransaction:
        """With fees and gas that as many nodes ask for; everything else they have in common."""

        def among(values: list[int | None]) -> int | None:
            told = [value for value in values if value is not None]
            return reached_by(told, self._at_least) if told else None

        return replace(
            alike[0],
            gas=reached_by([one.gas for one in alike], self._at_least),
            gas_price=among([one.gas_price for one in alike]),
            max_fee_per_gas=among([one.max_fee_per_gas for one in alike]),
            max_priority_fee_per_gas=among([one.max_priority_fee_per_gas for one in alike]),
        )

    def _common(self, errors: Sequence[ChainError], kind: Callable[[ChainError], object]) -> ChainError | None:
        """The error of whose kind enough nodes speak; a kind of None is none."""
        kinds = Counter(kind(error) for error in errors)
        return next(
            (error for error in errors if kind(error) is not None and kinds[kind(error)] >= self._at_least), None
        )


def _refusal(error: ChainError) -> object:
    """What the contract or a node refused, without the values: they hold block times, in which honest nodes may differ."""
    match error:
        case Rejected():
            return error.name
        case Unsendable():
            return type(error)
        case _:
            return None


def _alike(answers: Sequence[UnsignedTransaction]) -> list[UnsignedTransaction]:
    """The largest group of those that differ in gas and fees alone, and not in how fees are offered."""
    groups: dict[UnsignedTransaction, list[UnsignedTransaction]] = {}
    for one in answers:
        legacy = one.gas_price is not None
        rest = replace(one, gas=0, gas_price=0 if legacy else None, max_fee_per_gas=None if legacy else 0)
        groups.setdefault(replace(rest, max_priority_fee_per_gas=None if legacy else 0), []).append(one)
    return max(groups.values(), key=len, default=[])
