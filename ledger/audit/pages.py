# SPDX-License-Identifier: Apache-2.0

"""Reading a table of any size in constant memory: pages of rows in the order of a key, and rows beside a page by their keys."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from ledger.store.tables import Base

ROWS_AT_ONCE = 1000
"""A page. SQLite takes some thirty thousand values in one statement; memory is what matters here."""


Query = Select[*tuple[Any, ...]]
AnyRow = Row[*tuple[Any, ...]]


class Watcher(Protocol):
    """Whoever shows how far an audit is."""

    def begin(self, part: str, total: int) -> None:
        """A part begins that has `total` rows."""

    def advance(self, rows: int) -> None:
        """So many rows more are done."""


class Unwatched:
    """Shows nothing."""

    def begin(self, part: str, total: int) -> None:
        """Nothing to do."""

    def advance(self, rows: int) -> None:
        """Nothing to do."""


@dataclass(frozen=True)
class Pages:
    """One state of the ledger, a page at a time. What is derived from a page is dropped with it."""

    session: Session
    watcher: Watcher

    def of(
        self, query: Query, key: InstrumentedAttribute[Any], *, part: str = "", at_once: int = ROWS_AT_ONCE
    ) -> Iterator[Sequence[AnyRow]]:
        """Pages of `query` in the order of `key`, which is unique and among its columns. A named part is shown to the watcher."""
        if part:
            self.watcher.begin(part, self.count(cast("type[Base]", key.class_)))
        last: Any = None
        while True:
            page = query.order_by(key).limit(at_once)
            found = self.session.execute(page if last is None else page.where(key > last)).all()
            if found:
                yield found
                last = getattr(found[-1], key.key)
            if part:
                self.watcher.advance(len(found))
            if len(found) < at_once:
                return

    def count(self, table: type[Base]) -> int:
        """How many rows a table has."""
        return self.session.scalar(select(func.count()).select_from(table)) or 0

    def count_of(self, query: Query) -> int:
        """How many rows `query` has."""
        return self.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0

    def beside(self, query: Query, key: InstrumentedAttribute[Any], values: Collection[Any]) -> dict[Any, list[AnyRow]]:
        """The rows of `query` whose `key` is among `values`, by it."""
        found: defaultdict[Any, list[AnyRow]] = defaultdict(list)
        for some in _slices(list(values)):
            for row in self.session.execute(query.where(key.in_(some))):
                found[getattr(row, key.key)].append(row)
        return found


def _slices(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), ROWS_AT_ONCE):
        yield values[start : start + ROWS_AT_ONCE]
