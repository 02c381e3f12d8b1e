# SPDX-License-Identifier: Apache-2.0

"""Choices among what there is in a registry, mostly sensible ones: what a teller of random histories draws with."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from hypothesis import strategies as st
from registry_cast import (
    AUTHORITY,
    ENTRIES,
    GENESIS,
    MALFORMED,
    ROOTS,
    SCHOOLS,
    SENDERS,
    TREES,
)
from simulators.registry_conditions import (
    REPRESENTATIVE_WAITS,
    Call,
)
from simulators.registry_facts import (
    NOBODY,
    ZERO,
    ApprovalGiven,
    BatchAnchored,
    RecallPolicy,
    RecallRequest,
    Record,
    Standing,
)
from simulators.registry_model import RegistryModel

CARELESS = 16
"""One in so many choices is made among everything."""

T = TypeVar("T")


class Senseless(Exception):
    """Nothing sensible of this kind can be done now."""


class Choices:
    """Knows a registry's past, by a model of its own, and the second that is being told of."""

    def __init__(self, draw: st.DrawFn, hand_over_delay: int) -> None:
        self._draw = draw
        self._time, self._block = GENESIS, 1
        self._model = RegistryModel(Call(AUTHORITY, GENESIS, 1), AUTHORITY, hand_over_delay)
        self._past = self._model.past()

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self._draw(st.integers(0, len(choices) - 1))]

    def pick(self, sensible: Iterable[T], everything: Sequence[T]) -> T:
        """One of the sensible choices, or, carelessly, one of all."""
        if self._draw(st.integers(0, CARELESS - 1)) == CARELESS - 1:
            return self.one_of(everything)
        choices = list(sensible)
        if not choices:
            raise Senseless
        return self.one_of(choices)

    def sender(self, *sensible: str) -> str:
        """A contract that signs never sends."""
        return self.pick((each for each in sensible if each in SENDERS), SENDERS)

    def authority(self) -> str:
        return self.sender(self._past.authority()[0])

    def authority_itself(self) -> str:
        authority, _ = self._past.authority()
        return authority if authority in SENDERS else AUTHORITY

    def wait_until(self, time: int) -> None:
        """To a certain second, or the one before or after it."""
        time += self.one_of([0, 0, 0, -1, 1])
        if time > self._time:
            self._time, self._block = time, self._block + 1

    # What there is.

    def schools(self, *standings: Standing) -> list[bytes]:
        return [each for each in SCHOOLS if self._past.standing(each)[0] in standings]

    def registered(self) -> list[bytes]:
        return self.schools(Standing.ACTIVE, Standing.SUSPENDED, Standing.CLOSED)

    def school(self, *standings: Standing) -> bytes:
        return self.pick(self.schools(*standings), [*SCHOOLS, *MALFORMED])

    def recaller(self, school: bytes) -> str:
        standing, successor, _ = self._past.standing(school)
        if standing != Standing.CLOSED:
            return self._past.operator(school) if standing == Standing.ACTIVE else NOBODY
        if successor == ZERO:
            return self._past.authority()[0]
        return self._past.operator(successor) if self._past.standing(successor)[0] == Standing.ACTIVE else NOBODY

    def represented(self, school: bytes) -> str:
        """The recaller, who usually waits until it may act for a school that is closed."""
        standing, _, since = self._past.standing(school)
        if standing == Standing.CLOSED:
            self.wait_until(since + REPRESENTATIVE_WAITS)
        return self.sender(self.recaller(school))

    def records(self, *, of: Iterable[bytes] | None = None) -> list[Record]:
        """The records of all batches that are anchored."""
        schools = set(SCHOOLS if of is None else of)
        batches = [each for each in self._past.all(BatchAnchored) if each.school in schools]
        return [Record(each.school, each.root, entry) for each in batches for entry in TREES[each.root][1]]

    def any_record(self) -> Record:
        return Record(self.one_of(SCHOOLS), self.one_of([*ROOTS, ZERO]), self.one_of([*ENTRIES, ZERO]))

    def record(self, sensible: Iterable[Record]) -> Record:
        """Careless, it is any record, often one that is recalled, and rarely one that is not even there."""
        return self.pick(sensible, [*self.records(), *4 * self.recalled(), self.any_record(), self.any_record()])

    def acting(self, records: Iterable[Record]) -> list[Record]:
        """Those whose recaller is somebody who sends."""
        return [each for each in records if self.recaller(each.school) in SENDERS]

    def recalled(self, *, replaced: bool | None = None) -> list[Record]:
        found = {each: self._past.recall(each) for each in self.records()}
        return [
            record for record, recall in found.items() if recall and (replaced is None or replaced == bool(recall[1]))
        ]

    def current(self) -> list[Record]:
        return [each for each in self.records() if self._past.recall(each) is None]

    def open_requests(self) -> list[tuple[bytes, RecallRequest]]:
        given = {(each.school, each.request) for each in self._past.all(ApprovalGiven)}
        return sorted(each for each in given if self._past.approved_at(*each))

    def needs_approval(self, record: Record) -> bool:
        batch = self._past.batch(record.school, record.root)
        locked = batch is not None and self._past.locked_at(batch.year) != 0
        by_authority = self._past.standing(record.school)[:2] == (Standing.CLOSED, ZERO)
        return not by_authority and (locked or self._past.policy()[0] == RecallPolicy.WITH_APPROVAL)
