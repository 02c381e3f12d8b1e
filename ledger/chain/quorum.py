# SPDX-License-Identifier: Apache-2.0

"""Several nodes, asked together; what enough of them say alike is the answer.

One node can lie, lag or be down. `QuorumReader` asks all of its readers at the same time and believes an answer when
`at_least` of them give it; `at_least` is more than half, so that two different answers can never both be believed. An answer
is compared without its head, as honest nodes are rarely at the same block.

The head of the answer is one that `at_least` of the readers have reached: a node that invents blocks cannot make an anchor
look deeper than it is. It does not make a chain out of nodes that are all wrong; choosing nodes of several operators is the
reader's part.

Example::

    reader = QuorumReader([Web3Registry(url, pin) for url in urls], at_least=2)
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import TypeVar, cast

from ledger.chain.errors import ChainError, Disagreement, Malformed, Unreachable, WrongChain
from ledger.chain.registry import (
    Finality,
    Head,
    LeafStatus,
    RegistryEvent,
    RegistryHistory,
    RegistryPin,
    RegistryReader,
    SchoolOnChain,
    Statement,
)

Answer = TypeVar("Answer")

DEFAULT_DEADLINE = 15.0
"""Seconds after which a question is given up, whatever the readers' own timeouts."""
STRAGGLER_GRACE = 0.2
"""Seconds that a reader gets after enough others agreed: its head may be newer, but a dead node must not cost a timeout."""
QUESTIONS_AT_ONCE = 8
"""How many callers may ask at the same time before they wait for one another."""
_SOME_HEAD = Head(number=0, time=datetime.fromtimestamp(0, UTC))


class QuorumReader:
    """Believes what at least `at_least` of `readers` say. Implements `RegistryReader`; may be used from several threads.

    Raises `Disagreement` when too few agree, and `WrongChain` when at least `at_least` readers found another registry than
    the pinned one.
    """

    def __init__(self, readers: Sequence[RegistryReader], *, at_least: int, deadline: float = DEFAULT_DEADLINE) -> None:
        if not len(readers) / 2 < at_least <= len(readers):
            raise Malformed(
                f"Với {len(readers)} nút chuỗi, số nút phải đồng ý không thể là {at_least}: phải quá nửa và không quá tất cả.",
                f"Of {len(readers)} nodes {at_least} cannot be a quorum: it must be more than half, and not more than all.",
            )
        if len({reader.pin for reader in readers}) != 1:
            raise Malformed(
                "Các nút chuỗi được cấu hình với những sổ đăng ký khác nhau. Hãy ghim cùng một sổ đăng ký cho mọi nút.",
                "The nodes are set up for different registries. Pin the same registry for all of them.",
            )
        self._readers = tuple(readers)
        self._at_least = at_least
        self._deadline = deadline
        self._pool = ThreadPoolExecutor(len(readers) * QUESTIONS_AT_ONCE, thread_name_prefix="quorum")

    @property
    def pin(self) -> RegistryPin:
        """Which registry the answers are about."""
        return self._readers[0].pin

    def head(self) -> Head:
        """Return the newest block that at least `at_least` readers have reached."""
        heads, errors = self._all(lambda reader: reader.head(), enough=lambda heads: len(heads) >= self._at_least)
        if len(heads) < self._at_least:
            raise self._failure(alike=len(heads), errors=errors)
        return self._reached(heads)

    def settled_block(self, rule: Finality) -> int:
        """Return the newest block that at least `at_least` readers call settled; -1 if there is none yet."""
        told, errors = self._all(
            lambda reader: reader.settled_block(rule), enough=lambda told: len(told) >= self._at_least
        )
        if len(told) < self._at_least:
            raise self._failure(alike=len(told), errors=errors)
        return sorted(told, reverse=True)[self._at_least - 1]

    def status_of(
        self, *, school: str, root: bytes, entry: bytes, proof: Sequence[bytes], at: datetime | None = None
    ) -> LeafStatus:
        """Return what enough readers know alike about `entry`, with a head that as many have reached."""
        path = tuple(proof)
        told, errors = self._all(
            lambda reader: reader.status_of(school=school, root=root, entry=entry, proof=path, at=at),
            enough=lambda told: len(_largest([replace(one, head=_SOME_HEAD) for one in told])) >= self._at_least,
        )
        alike = _largest([replace(one, head=_SOME_HEAD) for one in told])
        if len(alike) < self._at_least:
            raise self._failure(alike=len(alike), errors=errors)
        return replace(told[alike[0]], head=self._reached([told[place].head for place in alike]))

    def seal_at(self, *, school: str, at: datetime) -> bytes:
        """Return what enough readers know alike about the school's seal at that time, none included."""
        return self._alike(lambda reader: reader.seal_at(school=school, at=at))

    def school(self, code: str) -> SchoolOnChain | None:
        """Return what enough readers know alike about the school, None included."""
        return self._alike(lambda reader: reader.school(code))

    def statement_at(self, *, publisher: str | None, topic: bytes, at: datetime | None = None) -> Statement | None:
        """Return what enough readers know alike as the newest statement, None included."""
        return self._alike(lambda reader: reader.statement_at(publisher=publisher, topic=topic, at=at))

    def _alike(self, question: Callable[[RegistryReader], Answer]) -> Answer:
        """Ask for something that has no head of its own, and return what enough readers say alike."""
        told, errors = self._all(question, enough=lambda told: len(_largest(told)) >= self._at_least)
        alike = _largest(told)
        if len(alike) < self._at_least:
            raise self._failure(alike=len(alike), errors=errors)
        return told[alike[0]]

    def close(self) -> None:
        """Let go of the threads. Questions that are under way end with their readers' own timeouts."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _all(
        self, question: Callable[[RegistryReader], Answer], *, enough: Callable[[list[Answer]], bool]
    ) -> tuple[list[Answer], list[ChainError]]:
        """Ask every reader, until all have answered, or enough have and the stragglers' time is over."""
        waiting: set[Future[Answer]] = {self._pool.submit(question, reader) for reader in self._readers}
        until = monotonic() + self._deadline
        answers: list[Answer] = []
        errors: list[ChainError] = []
        agreed = False
        while waiting and (left := until - monotonic()) > 0:
            done, waiting = wait(waiting, timeout=left, return_when=FIRST_COMPLETED)
            for finished in done:
                try:
                    answers.append(finished.result())
                except ChainError as error:
                    errors.append(error)
            if not agreed and enough(answers):
                agreed = True
                until = min(until, monotonic() + STRAGGLER_GRACE)
        for late in waiting:
            late.cancel()
        return answers, errors

    def _reached(self, heads: Sequence[Head]) -> Head:
        """Return the newest of `heads` that at least `at_least` of them have reached."""
        return sorted(heads, reverse=True)[self._at_least - 1]

    def _failure(self, *, alike: int, errors: Sequence[ChainError]) -> ChainError:
        strangers = [error for error in errors if isinstance(error, WrongChain)]
        if len(strangers) >= self._at_least:
            return strangers[0]
        if len(self._readers) == 1 and errors:
            return errors[0]
        return Disagreement(
            asked=len(self._readers),
            alike=alike,
            at_least=self._at_least,
            reasons="; ".join(_reasons(errors)) or "no error reported",
        )


class QuorumHistory(QuorumReader):
    """The same over readers that also tell what happened. Implements `RegistryHistory`."""

    def __init__(
        self, readers: Sequence[RegistryHistory], *, at_least: int, deadline: float = DEFAULT_DEADLINE
    ) -> None:
        super().__init__(readers, at_least=at_least, deadline=deadline)

    def events_between(self, first: int, last: int) -> tuple[RegistryEvent, ...]:
        """Return what enough readers tell alike: one that leaves something out, or adds something, is outvoted."""
        # The constructor took readers that can be asked this, and no others.
        return self._alike(lambda reader: cast("RegistryHistory", reader).events_between(first, last))


def _largest(answers: Sequence[object]) -> list[int]:
    """Return the places of the answer that occurs most often."""
    return max(([i for i, other in enumerate(answers) if other == one] for one in answers), key=len, default=[])


def _reasons(errors: Sequence[ChainError]) -> Iterator[str]:
    for error in errors:
        yield f"{error.node}: {error.reason}" if isinstance(error, Unreachable) else str(error)
