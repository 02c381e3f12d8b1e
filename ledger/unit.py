# SPDX-License-Identifier: Apache-2.0

"""The life of a unit: one pupil, one school year. Pure: states, legal moves, and who signs next.

::

    DRAFT --prepare--> SIGNING --issue--> ISSUED --anchor--> ANCHORED --recall--> RECALLED --replace--> REPLACED
      ^                   |                                     |
      +------return-------+                                     +--lock--> LOCKED --recall--> RECALLED

`ledger.store.writer` makes the moves, each as a compare-and-set on the state it was read in. What a crash costs in each
state stands in ARCHITECTURE.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ledger.errors import ForbiddenMove


class UnitState(StrEnum):
    """Where a unit stands. Stored by value."""

    DRAFT = "draft"
    """Imported and checked; nothing has been shown to a signer."""
    SIGNING = "signing"
    """XML and PDF are rendered and stored; signers sign one after the other."""
    ISSUED = "issued"
    """All required signatures are in place and the manifest is written; it waits for its anchor."""
    ANCHORED = "anchored"
    """Its root is final on the chain; the receipt may be handed out."""
    LOCKED = "locked"
    """The authority has locked the school year: from here a recall needs its consent."""
    RECALLED = "recalled"
    """Withdrawn on chain, with a reason. It stays verifiable, as recalled."""
    REPLACED = "replaced"
    """Recalled, and a newer unit takes its place."""


class UnitKind(StrEnum):
    """What one document is about. Stored by value, and what its manifest names."""

    UNIT = "unit"
    """One pupil, one school year."""
    BOOKLET = "booklet"
    """All years of one pupil at one level: a sealed cover that lists the units, filed under the newest of their years."""


class RecallReason(StrEnum):
    """Why a unit was recalled. Stored by value; the contract has a number for each, by the same name."""

    WRONG_DATA = "wrong-data"
    CIVIL_STATUS_CHANGE = "civil-status"
    REASSESSMENT = "reassessment"
    ISSUED_IN_ERROR = "issued-in-error"
    FRAUD = "fraud"
    OTHER = "other"


LEGAL_MOVES: frozenset[tuple[UnitState, UnitState]] = frozenset(
    {
        (UnitState.DRAFT, UnitState.SIGNING),
        (UnitState.SIGNING, UnitState.DRAFT),
        (UnitState.SIGNING, UnitState.ISSUED),
        (UnitState.ISSUED, UnitState.ANCHORED),
        (UnitState.ANCHORED, UnitState.LOCKED),
        (UnitState.ANCHORED, UnitState.RECALLED),
        (UnitState.LOCKED, UnitState.RECALLED),
        (UnitState.RECALLED, UnitState.REPLACED),
    }
)

UNISSUED_STATES = frozenset({UnitState.DRAFT, UnitState.SIGNING})
"""What is said here can still be corrected: nothing has been issued."""

FINAL_STATES = frozenset({UnitState.ANCHORED, UnitState.LOCKED})
"""On the chain, deep enough, and in force."""

PAST_STATES = frozenset({UnitState.RECALLED, UnitState.REPLACED})
"""A pupil may have any number of units in these for one year, and only one in the others."""


def require_move(old: UnitState, new: UnitState) -> None:
    """Raises `ForbiddenMove` unless the life-cycle has the arrow."""
    if (old, new) not in LEGAL_MOVES:
        raise ForbiddenMove("học bạ/unit", old, new)


class Role(StrEnum):
    """Who signs, by the ministry's slot names (CV 2088/BGDĐT-GDTH, annex 1)."""

    HOMEROOM = "GVCN"
    PRINCIPAL = "CBQL"
    SEAL = "KY_PHAT_HANH"


@dataclass(frozen=True)
class SigningProfile:
    """Who must sign a unit, and in which order. Data, not code: another authority adds another profile."""

    name: str
    order: tuple[Role, ...]
    """All who may sign, in the order in which they do."""
    required: frozenset[Role]
    """Those without whom nothing is issued."""

    def next_role(self, signed: Sequence[Role], *, assigned: frozenset[Role]) -> Role | None:
        """Who signs next, or `None` when nobody is waited for: all are done, or no further signature can mend the order.

        `signed` are the roles that have signed, in order. Of the optional roles only those in `assigned` are waited for, and
        only until somebody after them has signed. An optional role that has signed counts, whether assigned or not: what it
        signed must not be stuck because it was assigned at one sitting and forgotten at the next.
        """
        place = self.order.index(signed[-1]) + 1 if signed else 0
        passed, ahead = self.order[:place], self.order[place:]
        in_order = list(signed) == [role for role in passed if role in signed]
        if not in_order or not self.required & set(passed) <= set(signed):
            return None
        return next((role for role in ahead if role in self.required | assigned), None)

    def complete(self, signed: Sequence[Role]) -> bool:
        """Whether a unit with these signatures, in this order, may be issued."""
        return (
            self.required <= set(signed)
            and len(set(signed)) == len(signed)
            and list(signed) == [role for role in self.order if role in signed]
        )


MOET = SigningProfile(
    name="moet",
    order=(Role.HOMEROOM, Role.PRINCIPAL, Role.SEAL),
    required=frozenset({Role.PRINCIPAL, Role.SEAL}),
)
"""The ministry's own: principal and school must sign, the homeroom teacher may (CV 2088, annex 1, part III.2)."""

PROFILES = {profile.name: profile for profile in (MOET,)}
"""Every profile for units that a manifest may name."""

BOOKLET = SigningProfile(
    name="booklet",
    order=(Role.PRINCIPAL, Role.SEAL),
    required=frozenset({Role.SEAL}),
)
"""A booklet lists what others have signed already; the school's seal says that the list is whole (DESIGN.md section 3)."""


def profile_of(kind: UnitKind, name: str) -> SigningProfile | None:
    """The profile that a document of this kind may name; None for any other: a unit must not pass by a booklet's lighter one."""
    if kind is UnitKind.BOOKLET:
        return BOOKLET if name == BOOKLET.name else None
    return PROFILES.get(name)
