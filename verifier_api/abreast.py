# SPDX-License-Identifier: Apache-2.0

"""Whether the ledger that is read here has come as far as its owners have told the chain.

"Not issued here" is red, so it must not be said by a ledger that lags: a copy whose replication has stalled, or one that was
restored from last week's backup. With each evening's batches a school publishes the head of the ledger's journal on the chain; a
ledger that has not that head has not the records that were issued before it either.

Where nobody has published, or the chain cannot be asked, nothing speaks against the ledger.
"""

from collections.abc import Callable
from typing import Protocol

from ledger.chain.errors import ChainError
from ledger.chain.registry import RegistryReader
from ledger.errors import Unavailable
from ledger.journal import JOURNAL_TOPIC


class Heads(Protocol):
    """Whoever knows the ledger's journal by its hashes: `ledger.store.reader.Reader`."""

    def has_head(self, digest: bytes, /) -> bool:
        """Whether the journal has come as far as this entry. Raises `Unavailable`."""


class Abreast:
    """Compares a ledger's journal with what is published of it. Safe to share between threads."""

    def __init__(self, heads: Heads, registry: RegistryReader) -> None:
        self._heads = heads
        self._registry = registry
        self._seen: dict[str | None, bytes] = {}
        """By publisher, the newest head that was found here: a journal loses none, so it is looked up once."""

    def __call__(self, school: str | None) -> bool:
        """Whether nothing is missing here that the authority, or this school, has published."""
        publishers = (None,) if school is None else (None, school)
        return all(self._has_come_as_far_as(publisher) for publisher in publishers)

    def _has_come_as_far_as(self, publisher: str | None) -> bool:
        try:
            statement = self._registry.statement_at(publisher=publisher, topic=JOURNAL_TOPIC)
            if statement is None or statement.digest == self._seen.get(publisher):
                return True
            if not self._heads.has_head(statement.digest):
                return False
        except (ChainError, Unavailable):
            return True
        self._seen[publisher] = statement.digest
        return True


LedgerIsAbreast = Callable[[str | None], bool]
"""Whether the ledger has come as far as the authority and, if one is named, a school have published."""


def trusted(_school: str | None) -> bool:
    """Of whoever has only a folder of receipts, or no chain: nothing speaks against it."""
    return True
