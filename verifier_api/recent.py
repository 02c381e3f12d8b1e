# SPDX-License-Identifier: Apache-2.0

"""What ledger and chain said a moment ago, so that a QR code which a class scans at once costs one question and not forty.

Answers are kept, never verdicts: proof, anchor and standing are worked out anew for every request, from what was said at most
`KEPT_SECONDS` ago. Together with the half minute for which a client may keep an answer, a recall shows within a minute. What is
not known, and what could not be asked, is not kept.

An answer that is asked for again in the second half of its time is renewed beside, by whoever `later` gives work to, so that
what is asked all the time never has to be waited for. It gets no older for that.

`kept` is the same with nobody to ask: it raises `NotKept` instead, so that a server can try before it waits in another thread.

Example::

    issued, registry = recent(reader, registry, now=time.monotonic)
    verifier = Verifier.live(issued=issued, registry=registry, ...)
    at_once = Verifier.live(issued=issued.kept(), registry=registry.kept(), ...)
"""

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Final, NamedTuple, TypeVar, cast
from uuid import UUID

from ledger.chain.errors import ChainError
from ledger.chain.registry import (
    Finality,
    Head,
    LeafStatus,
    RegistryPin,
    RegistryReader,
    SchoolKeys,
    SchoolOnChain,
    Statement,
)
from ledger.errors import LedgerError
from ledger.proof.receipt import Receipt
from ledger.store.reader import ReceiptEntry
from verifier_api.verifier import Issued

KEPT_SECONDS: Final = 20.0
"""How old an answer of ledger or chain may be. With `routes.VERDICT_SECONDS` this must stay below a minute."""

MOST_KEPT: Final = 20_000
"""Answers of the chain."""

MOST_RECEIPTS: Final = 4_000
"""Answers of the ledger: some 80 MB where every receipt has its token, of 12 kB."""

MOST_READ: Final = 2_000
"""Receipts kept as they were read: some 70 MB."""

MOST_COMING: Final = 1_000
"""Answers that wait to be renewed; where there are more, some are waited for once they are too old."""

Answer = TypeVar("Answer")
Asked = TypeVar("Asked")


class NotKept(Exception):
    """Nobody has asked this lately, or what was said is too old."""


class _Kept(NamedTuple):
    asked_at: float
    answer: object
    ask: Callable[[], object]


class Recently:
    """Answers by question, each with the time at which it was asked for; of more than `most`, the older half goes.

    May be used from several threads: two that ask the same at once may both have to ask.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float],
        seconds: float = KEPT_SECONDS,
        most: int = MOST_KEPT,
        later: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._seconds, self._now, self._half, self._later = seconds, now, max(1, most // 2), later
        self._young: dict[Hashable, _Kept] = {}
        self._old: dict[Hashable, _Kept] = {}
        self._coming: set[Hashable] = set()

    def told(self, question: Hashable, asked: Asked | None, ask: Callable[[Asked], Answer]) -> Answer:
        """The answer that is kept, or else what `asked` says, which is kept from then on. Raises `NotKept` without `asked`."""
        found = self._young.get(question) or self._old.get(question)
        age = self._seconds if found is None else self._now() - found.asked_at
        if found is not None and age <= self._seconds:
            if (
                age > self._seconds / 2
                and self._later
                and question not in self._coming
                and len(self._coming) < MOST_COMING
            ):
                self._coming.add(question)
                self._later(partial(self._renew, question, found.ask))
            return cast("Answer", found.answer)
        if asked is None:
            raise NotKept
        return self._ask(question, partial(ask, asked))

    def _ask(self, question: Hashable, ask: Callable[[], Answer]) -> Answer:
        before = self._now()  # The answer may be true of no later moment than that.
        answer = ask()
        newer = self._young.get(question)
        if newer is not None and newer.asked_at > before:
            return cast(
                "Answer", newer.answer
            )  # Whoever asked later was told sooner: a recall that shows does not vanish again.
        if answer is not None:
            if len(self._young) >= self._half:
                self._old, self._young = self._young, {}
            self._young[question] = _Kept(before, answer, ask)
        return answer

    def _renew(self, question: Hashable, ask: Callable[[], object]) -> None:
        try:
            self._ask(question, ask)
        except (ChainError, LedgerError):
            pass  # Nobody waits for it. Whoever asks when the answer is too old hears of it.
        finally:
            self._coming.discard(question)


class RecentRegistry:
    """A registry whose answers are kept, but for the newest block. Implements `RegistryReader`."""

    def __init__(self, registry: RegistryReader | None, recently: Recently, *, pin: RegistryPin) -> None:
        self._registry, self._recently, self._pin = registry, recently, pin

    def kept(self) -> "RecentRegistry":
        """The same with nobody to ask."""
        return RecentRegistry(None, self._recently, pin=self._pin)

    @property
    def pin(self) -> RegistryPin:
        """Which registry the answers are about."""
        return self._pin

    def head(self) -> Head:
        """Return the newest block. Never kept."""
        if self._registry is None:
            raise NotKept
        return self._registry.head()

    def settled_block(self, rule: Finality) -> int:
        """Return the newest settled block of a moment ago: it only makes an anchor look younger than it is."""
        return self._recently.told(("settled", rule), self._registry, lambda registry: registry.settled_block(rule))

    def status_of(
        self, *, school: str, root: bytes, entry: bytes, proof: Sequence[bytes], at: datetime | None = None
    ) -> LeafStatus:
        """Return what the registry knew about `entry` a moment ago."""
        path = tuple(proof)
        return self._recently.told(
            ("status", school, root, entry, path, at),
            self._registry,
            lambda registry: registry.status_of(school=school, root=root, entry=entry, proof=path, at=at),
        )

    def seal_at(self, *, school: str, at: datetime) -> bytes:
        """Return the certificate with which the school sealed then."""
        return self._recently.told(
            ("seal", school, at), self._registry, lambda registry: registry.seal_at(school=school, at=at)
        )

    def school(self, code: str) -> SchoolOnChain | None:
        """Return the school as it stood a moment ago, or None."""
        return self._recently.told(("school", code), self._registry, lambda registry: registry.school(code))

    def keys_of(self, code: str) -> tuple[SchoolKeys, ...]:
        """Return the versions of the school's keys of a moment ago."""
        return self._recently.told(("keys", code), self._registry, lambda registry: registry.keys_of(code))

    def statement_at(self, *, publisher: str | None, topic: bytes, at: datetime | None = None) -> Statement | None:
        """Return what was the newest statement a moment ago, or None."""
        return self._recently.told(
            ("statement", publisher, topic, at),
            self._registry,
            lambda registry: registry.statement_at(publisher=publisher, topic=topic, at=at),
        )


class RecentReceipts:
    """A ledger whose receipts are kept. Implements `verifier_api.verifier.Issued`."""

    def __init__(self, issued: Issued | None, recently: Recently, *, complete: bool) -> None:
        self._issued, self._recently, self.complete = issued, recently, complete

    def kept(self) -> "RecentReceipts":
        """The same with nobody to ask."""
        return RecentReceipts(None, self._recently, complete=self.complete)

    def receipt_of_file(self, sha256: str) -> ReceiptEntry | None:
        """The receipt of the unit that this exact file belongs to; None when no such file was issued."""
        return self._recently.told(("file", sha256), self._issued, lambda issued: issued.receipt_of_file(sha256))

    def receipt_of_unit(self, unit_id: UUID) -> ReceiptEntry | None:
        """The receipt of a unit; None when no such unit was issued."""
        return self._recently.told(("unit", unit_id), self._issued, lambda issued: issued.receipt_of_unit(unit_id))

    def successor(self, unit_id: UUID) -> UUID | None:
        """The unit that replaces this one, as far as is known."""
        return self._recently.told(("successor", unit_id), self._issued, lambda issued: issued.successor(unit_id))


class ReadReceipts:
    """Reads receipts and keeps them as they were read; proofs are computed anew each time. Safe to share between threads."""

    def __init__(self, most: int = MOST_READ) -> None:
        self._read = lru_cache(maxsize=most)(Receipt.parse)

    def __call__(self, data: bytes) -> Receipt:
        """The receipt. Raises `MalformedReceipt`."""
        receipt = self._read(data)
        receipt.recompute()
        return receipt


def recent(
    issued: Issued,
    registry: RegistryReader,
    *,
    now: Callable[[], float],
    newest_block_within: float | None = None,
    later: Callable[[Callable[[], None]], object] | None = None,
) -> tuple[RecentReceipts, RecentRegistry]:
    """Ledger and registry with their answers kept; `now` is a clock that never goes back, `later` does what can wait.

    Where a chain that stands still is to be noticed after `newest_block_within` seconds, an answer is kept for a third of that
    at most, lest its own age look like the chain's.
    """
    seconds = KEPT_SECONDS if newest_block_within is None else min(KEPT_SECONDS, newest_block_within / 3)
    receipts, answers = (
        Recently(now=now, seconds=seconds, most=most, later=later) for most in (MOST_RECEIPTS, MOST_KEPT)
    )
    return (
        RecentReceipts(issued, receipts, complete=issued.complete),
        RecentRegistry(registry, answers, pin=registry.pin),
    )
