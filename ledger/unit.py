# SPDX-License-Identifier: Apache-2.0

"""The life of a unit: one pupil, one school year. Pure: states, legal moves, and who signs next.

::

    DRAFT --prepare--> SIGNING --issue--> ISSUED --anchor--> ANCHORED --recall--> RECALLED --replace--> REPLACED
      ^                   |                                     |
      +------return-------+                                     +--lock--> LOCKED --recall--> RECALLED

`ledger.store.writer` makes the moves, each as a compare-and-set on the state it was read in. What a crash costs in each
state stands in ARCHITECTURE.md.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from types import MappingProxyType
from typing import Self

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
    """Who signs, by the ministry's slot names (CV 2088/BGDĐT-GDTH, annex 1; GVBM: HCMC's QĐ 1789, Điều 20.5a)."""

    SUBJECT = "GVBM"
    HOMEROOM = "GVCN"
    PRINCIPAL = "CBQL"
    SEAL = "KY_PHAT_HANH"


ON_PAPER = frozenset({Role.HOMEROOM, Role.PRINCIPAL, Role.SEAL})
"""Those for whom the paper lays out a field."""


@dataclass(frozen=True, order=True)
class Slot:
    """One place for a signature: a role, and for a subject teacher the subject."""

    role: Role
    subject: str = ""
    """Code of the subject (`ledger.record.subjects`); empty for all other roles."""

    def __post_init__(self) -> None:
        if (self.role is Role.SUBJECT) is not bool(self.subject):
            raise ValueError(f"{self.role} with subject {self.subject!r}")

    def __str__(self) -> str:
        return f"{self.role}-{self.subject}" if self.subject else self.role.value

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads what `str` wrote. Raises `ValueError` for anything else."""
        role, _, subject = text.partition("-")
        return cls(Role(role), subject)


class Ownership(StrEnum):
    """Who runs a school. Stored by value; HCMC asks for another seal of public ones (CV 2817/SGDĐT-VP)."""

    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True)
class SigningProfile:
    """Who must sign a unit, and in which order. Data, not code: another authority adds another entry to profiles.toml."""

    name: str
    order: tuple[Role, ...]
    """All who may sign, in the order in which they do."""
    required: frozenset[Role]
    """Those without whom nothing is issued. Subject teachers: all subjects of the record, each by its own."""
    on_paper: frozenset[Role] = ON_PAPER
    """Whose signatures the PDF carries too; the others sign the XML alone."""
    xml_timestamps: bool = False
    """Whether each signature in the XML is an XAdES one with a timestamp, and the last adds validation data (B-LT)."""
    seal_hierarchies: Mapping[Ownership, frozenset[str]] = field(default_factory=dict)
    """Hierarchies that the seal's certificate may come from, by who runs the school; what is not named may come from any."""

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

    def next_slots(
        self, signed: Sequence[Slot], *, subjects: frozenset[str], assigned: frozenset[Role]
    ) -> frozenset[Slot]:
        """The places that are to be filled next: one, or those of all subject teachers who have not signed, in any order.

        `subjects` are the codes of the subjects in the record. Empty when nobody is waited for, as with `next_role`.
        """
        done = self._roles_done(signed, subjects)
        role = None if done is None else self.next_role(done, assigned=assigned)
        if role is Role.SUBJECT:
            return frozenset(Slot(role, subject) for subject in subjects) - set(signed)
        return frozenset() if role is None else frozenset({Slot(role)})

    def complete(self, signed: Sequence[Role]) -> bool:
        """Whether a unit with these signatures, in this order, may be issued."""
        return (
            self.required <= set(signed)
            and len(set(signed)) == len(signed)
            and list(signed) == [role for role in self.order if role in signed]
        )

    @property
    def hears_subject_teachers(self) -> bool:
        """Whether each subject has a place of its own."""
        return Role.SUBJECT in self.order

    def all_signed(self, signed: Sequence[Slot], *, subjects: frozenset[str]) -> bool:
        """Whether a unit about these subjects, with these signatures in this order, may be issued."""
        done = self._roles_done(signed, subjects)
        return done is not None and self.complete(done)

    def _roles_done(self, signed: Sequence[Slot], subjects: frozenset[str]) -> list[Role] | None:
        """As `_roles_done`. Where there is no subject, as for a pupil who is not assessed, its teachers have nothing to sign."""
        done = _roles_done(signed, subjects)
        return done if subjects or done is None or not self.hears_subject_teachers else [Role.SUBJECT, *done]

    def seal_may_come_from(self, hierarchy: str, ownership: Ownership) -> bool:
        """Whether the seal of a school that is run so may be certified by that hierarchy."""
        allowed = self.seal_hierarchies.get(ownership)
        return allowed is None or hierarchy in allowed


def _roles_done(signed: Sequence[Slot], subjects: frozenset[str]) -> list[Role] | None:
    """The roles that are done, in order; subject teachers count as one, once the last of them has signed.

    None when no further signature can mend what is there: a place filled twice, a subject that the record does not have, or
    somebody who signed while a subject was open.
    """
    if len(set(signed)) != len(signed):
        return None
    taught = [slot.subject for slot in signed if slot.role is Role.SUBJECT]
    if not set(taught) <= subjects or any(slot.role is not Role.SUBJECT for slot in signed[: len(taught)]):
        return None
    rest = [slot.role for slot in signed[len(taught) :]]
    if not taught:
        return rest
    if len(taught) == len(subjects):
        return [Role.SUBJECT, *rest]
    # Not all yet: nothing is done, and nobody else may have signed.
    return None if rest else []


def _profiles(text: str) -> Mapping[str, SigningProfile]:
    """The profiles in the words of profiles.toml. An unknown word is an error: a rule that is not understood is not kept."""
    found = {}
    for name, entry in tomllib.loads(text).items():
        values = dict(entry)
        hierarchies = values.pop("seal_hierarchies", {})
        found[name] = SigningProfile(
            name=name,
            order=tuple(Role(role) for role in values.pop("order")),
            required=frozenset(Role(role) for role in values.pop("required")),
            on_paper=frozenset(Role(role) for role in values.pop("on_paper")),
            seal_hierarchies={Ownership(who): frozenset(names) for who, names in hierarchies.items()},
            **values,
        )
    return MappingProxyType(found)


PROFILES: Mapping[str, SigningProfile] = _profiles(
    resources.files("ledger").joinpath("profiles.toml").read_text("utf-8")
)
"""Every profile for units that a manifest may name."""

MOET = PROFILES["moet"]
"""The ministry's own."""

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
