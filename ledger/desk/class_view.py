# SPDX-License-Identifier: Apache-2.0

"""How one class stands: its records, for whom they wait, and what a clerk can do about it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger.class_jobs import ClassProgress, Deed
from ledger.desk.class_sight import people_of, pupil_name, units_of
from ledger.desk.completeness import Completeness, completeness_of
from ledger.desk.desk import Desk
from ledger.desk.signed_by import Signatories, SignedLine
from ledger.desk.slot_words import slot_name
from ledger.record.subjects import BY_CODE
from ledger.store.accounts import Account
from ledger.store.reader import Unit
from ledger.store.signing_reader import SchoolClass
from ledger.unit import Role, Slot, UnitState
from ledger.web.languages import Text

ANYBODY = frozenset({Role.PRINCIPAL, Role.SEAL})
"""Whoever has the duty signs these, where nobody is assigned."""


@dataclass(frozen=True)
class WaitedFor:
    """One slot that is next, and who fills it."""

    slot: Slot
    name: Text
    count: int
    who: str
    """The assigned person's name; empty where nobody is assigned."""
    needs_somebody: bool
    """Nobody is assigned, and nobody signs here without being."""
    own: bool
    """Whether it waits for whoever looks."""


@dataclass(frozen=True)
class ClassView:
    """What the page of a class shows."""

    school_class: SchoolClass
    pupils: Sequence[tuple[Unit, str, Sequence[SignedLine]]]
    waited_for: Sequence[WaitedFor]
    drafts: int
    ready: int
    deeds: Mapping[Deed, ClassProgress]
    completeness: Completeness

    @property
    def names(self) -> Mapping[UUID, str]:
        """Whose record each is."""
        return {unit.id: name for unit, name, _ in self.pupils}

    @property
    def unassigned(self) -> int:
        """How many slots are waited for and have nobody."""
        return sum(one.needs_somebody for one in self.waited_for)

    @property
    def busy(self) -> bool:
        """Whether the server is working on it."""
        return bool(self.going)

    @property
    def going(self) -> frozenset[Deed]:
        """What is ordered or under way, and need not be ordered again."""
        return frozenset(deed for deed, progress in self.deeds.items() if progress.going)


def view_of(desk: Desk, account: Account, school_class: SchoolClass) -> ClassView:
    """The class as `account` sees it."""
    units, signing = units_of(desk, school_class), desk.signing
    signatories = Signatories(desk.stores.lines, school_class.school_code)
    drafts = [unit for unit in units if unit.state is UnitState.DRAFT]
    ready = [unit for unit in units if signing.issuing.is_signed_by_all(unit)]
    found = {
        deed: signing.class_jobs.progress(school_class, deed, waiting)
        for deed, waiting in ((Deed.PREPARE, drafts), (Deed.ISSUE, ready))
    }
    return ClassView(
        school_class=school_class,
        pupils=[(unit, pupil_name(desk, unit), signatories.of(unit)) for unit in units],
        waited_for=waited_for(desk, account, school_class, units),
        drafts=len(drafts),
        ready=len(ready),
        completeness=completeness_of(school_class.enrolled, units),
        deeds={deed: progress for deed, progress in found.items() if progress is not None},
    )


def _place(subject: str) -> int:
    """The place of a subject in the curriculum; what it does not have comes last."""
    return list(BY_CODE).index(subject) if subject in BY_CODE else len(BY_CODE)


def waited_for(desk: Desk, account: Account, school_class: SchoolClass, units: Collection[Unit]) -> list[WaitedFor]:
    """For whom the records of a class wait, in the order of signing."""
    lines, signing = desk.stores.lines, desk.signing
    assignments = {one.slot: one.account for one in lines.assignments(class_id=school_class.id)}
    roles = frozenset(slot.role for slot in assignments)
    counts: dict[Slot, int] = {}
    order: Sequence[Role] = ()
    for unit in units:
        if unit.state is UnitState.SIGNING:
            order = order or signing.issuing.profile(unit).order
            for slot in signing.issuing.next_slots(unit, assigned=roles):
                counts[slot] = counts.get(slot, 0) + 1
    people, level = people_of(desk, school_class.school_code), next((unit.level for unit in units), "")
    own = signing.own_slots(account, school_class)
    return [
        WaitedFor(
            slot=slot,
            name=slot_name(slot, level),
            count=counts[slot],
            who=people.get(assignments[slot], assignments[slot]) if slot in assignments else "",
            needs_somebody=slot not in assignments and slot.role not in ANYBODY,
            own=slot in own,
        )
        for slot in sorted(counts, key=lambda slot: (order.index(slot.role), _place(slot.subject)))
    ]
