# SPDX-License-Identifier: Apache-2.0

"""Whether everybody in a class has a record: those who are enrolled against those whose record is issued, and anchored. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.store.reader import Unit
from ledger.unit import FINAL_STATES, UnitState

ISSUED_STATES = FINAL_STATES | {UnitState.ISSUED}
"""Issued, and not withdrawn."""


@dataclass(frozen=True)
class Completeness:
    """How complete a class is."""

    enrolled: int
    """By the school's own count, when the class was imported."""
    issued: int
    """Pupils with an issued record that is in force."""
    anchored: int
    without: Sequence[Unit]
    """For each pupil who has none: the newest of the records that are not issued, or were recalled; in the order of the list."""
    unlisted: int
    """How many of the enrolled have no record at all, not even a draft."""

    @property
    def complete(self) -> bool:
        """Whether every enrolled pupil has an issued record that is anchored."""
        return not self.without and not self.unlisted and self.anchored >= self.enrolled


def completeness_of(enrolled: int, units: Iterable[Unit]) -> Completeness:
    """How complete a class with these yearly records is, past ones among them, in the order of its list."""
    of_pupils: dict[str, list[Unit]] = {}
    for unit in units:
        of_pupils.setdefault(unit.pupil_code, []).append(unit)
    issued = [code for code, own in of_pupils.items() if any(unit.state in ISSUED_STATES for unit in own)]
    anchored = [code for code in issued if any(unit.state in FINAL_STATES for unit in of_pupils[code])]
    return Completeness(
        enrolled=enrolled,
        issued=len(issued),
        anchored=len(anchored),
        without=[_newest(own) for code, own in of_pupils.items() if code not in set(issued)],
        unlisted=max(0, enrolled - len(of_pupils)),
    )


def _newest(units: Sequence[Unit]) -> Unit:
    """The one that nothing replaces."""
    replaced = {unit.replaces for unit in units}
    return next(unit for unit in units if unit.id not in replaced)
