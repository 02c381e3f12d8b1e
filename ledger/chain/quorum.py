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

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, cast

from ledger.chain.panel import DEFAULT_DEADLINE, Panel, reached_by
from ledger.chain.registry import (
    Finality,
    Head,
    LeafStatus,
    RegistryEvent,
    RegistryHistory,
    RegistryPin,
    RegistryReader,
    SchoolKeys,
    SchoolOnChain,
    Statement,
)

_SOME_HEAD: Final = Head(number=0, time=datetime.fromtimestamp(0, UTC))


class QuorumReader:
    """Believes what at least `at_least` of `readers` say. Implements `RegistryReader`; may be used from several threads.

    Raises `Disagreement` when too few agree, and `WrongChain` when at least `at_least` readers found another registry than
    the pinned one.
    """

    def __init__(self, readers: Sequence[RegistryReader], *, at_least: int, deadline: float = DEFAULT_DEADLINE) -> None:
        self._panel: Panel[RegistryReader] = Panel(readers, at_least=at_least, deadline=deadline)

    @property
    def pin(self) -> RegistryPin:
        """Which registry the answers are about."""
        return self._panel.pin

    def head(self) -> Head:
        """Return the newest block that at least `at_least` readers have reached."""
        return self._panel.reached(lambda reader: reader.head())

    def settled_block(self, rule: Finality) -> int:
        """Return the newest block that at least `at_least` readers call settled; -1 if there is none yet."""
        return self._panel.reached(lambda reader: reader.settled_block(rule))

    def status_of(
        self, *, school: str, root: bytes, entry: bytes, proof: Sequence[bytes], at: datetime | None = None
    ) -> LeafStatus:
        """Return what enough readers know alike about `entry`, with a head that as many have reached."""
        path = tuple(proof)
        alike = self._panel.alike(
            lambda reader: reader.status_of(school=school, root=root, entry=entry, proof=path, at=at),
            seen_as=lambda status: replace(status, head=_SOME_HEAD),
        )
        return replace(alike[0], head=reached_by([status.head for status in alike], self._panel.at_least))

    def seal_at(self, *, school: str, at: datetime) -> bytes:
        """Return what enough readers know alike about the school's seal at that time, none included."""
        return self._panel.alike(lambda reader: reader.seal_at(school=school, at=at))[0]

    def school(self, code: str) -> SchoolOnChain | None:
        """Return what enough readers know alike about the school, None included."""
        return self._panel.alike(lambda reader: reader.school(code))[0]

    def keys_of(self, code: str) -> tuple[SchoolKeys, ...]:
        """Return what enough readers know alike about all of the school's keys."""
        return self._panel.alike(lambda reader: reader.keys_of(code))[0]

    def statement_at(self, *, publisher: str | None, topic: bytes, at: datetime | None = None) -> Statement | None:
        """Return what enough readers know alike as the newest statement, None included."""
        return self._panel.alike(lambda reader: reader.statement_at(publisher=publisher, topic=topic, at=at))[0]

    def close(self) -> None:
        """Let go of the threads. Questions that are under way end with their readers' own timeouts."""
        self._panel.close()


class QuorumHistory(QuorumReader):
    """The same over readers that also tell what happened. Implements `RegistryHistory`."""

    def __init__(
        self, readers: Sequence[RegistryHistory], *, at_least: int, deadline: float = DEFAULT_DEADLINE
    ) -> None:
        super().__init__(readers, at_least=at_least, deadline=deadline)

    def events_between(self, first: int, last: int) -> tuple[RegistryEvent, ...]:
        """Return what enough readers tell alike: one that leaves something out, or adds something, is outvoted."""
        # The constructor took readers that can be asked this, and no others.
        return self._panel.alike(lambda reader: cast("RegistryHistory", reader).events_between(first, last))[0]
