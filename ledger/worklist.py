# SPDX-License-Identifier: Apache-2.0

"""What waits for whom: the classes in which somebody's signature is the next one.

A teacher signs in the slots they are assigned to, the principal in every class of the school, and whoever keeps the seal last.
Of the optional slots (the homeroom teacher's, where the profile leaves it open) those count that somebody is assigned to.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from ledger.issuing import Issuing
from ledger.store.reader import Reader, Unit
from ledger.store.signing_reader import Returned, SchoolClass, SigningReader
from ledger.unit import Role, Slot, UnitState


@dataclass(frozen=True)
class Work:
    """Units of one class that wait for one slot."""

    school_class: SchoolClass
    slot: Slot
    units: tuple[Unit, ...]
    returned: tuple[Returned, ...]
    """Those of them that were given back to this slot, each with the newest reason."""


class Worklist:
    """Finds what waits. Reads only."""

    def __init__(self, reader: Reader, lines: SigningReader, issuing: Issuing) -> None:
        self._reader = reader
        self._lines = lines
        self._issuing = issuing

    def of_account(self, account: str, *, school_code: str, everywhere: Iterable[Role] = ()) -> list[Work]:
        """What waits for an account: in its assigned slots, and in every class for the roles that it has `everywhere`.

        These are the principal's and the seal's. Classes in which nothing waits are left out.
        """
        everywhere = tuple(everywhere)
        found: list[Work] = []
        for school_class in self._lines.classes(school_code=school_code):
            if own := self.own_slots(account, school_class, everywhere=everywhere):
                found += self.in_class(school_class, own)
        return found

    def own_slots(self, account: str, school_class: SchoolClass, *, everywhere: Iterable[Role] = ()) -> list[Slot]:
        """The slots of a class in which an account signs: where it is assigned, and for the roles that it has `everywhere`."""
        assignments = self._lines.assignments(class_id=school_class.id)
        own = [one.slot for one in assignments if one.account == account]
        others = {one.slot for one in assignments if one.account != account}
        # A role that is assigned to another in this class is theirs there.
        return own + [Slot(role) for role in everywhere if Slot(role) not in {*own, *others}]

    def in_class(self, school_class: SchoolClass, slots: Iterable[Slot]) -> list[Work]:
        """What waits in one class for some slots."""
        units = self._reader.units(
            school_code=school_class.school_code,
            school_year=school_class.school_year,
            class_name=school_class.name,
            states=[UnitState.SIGNING],
        )
        if not units:
            return []
        assigned, returned = self.assigned(school_class), self._lines.returns(class_id=school_class.id)
        found = []
        for slot in slots:
            waiting = tuple(self._issuing.waiting_for(slot, units, assigned=assigned | {slot.role}))
            if waiting:
                ids = {unit.id for unit in waiting}
                newest: dict[UUID, Returned] = {
                    one.unit_id: one for one in returned if one.slot == slot and one.unit_id in ids
                }
                found.append(Work(school_class, slot, waiting, tuple(newest.values())))
        return found

    def assigned(self, school_class: SchoolClass) -> frozenset[Role]:
        """The roles of a class that somebody is assigned to."""
        return frozenset(one.slot.role for one in self._lines.assignments(class_id=school_class.id))
