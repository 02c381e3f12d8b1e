# SPDX-License-Identifier: Apache-2.0

"""What the rules of the reference model have in common: calls, events, refusals, and the conditions that many calls share.

See `registry_model` for the calls themselves.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, NamedTuple

from simulators.registry_facts import (
    NOBODY,
    ZERO,
    Actor,
    ApprovalEnded,
    ApprovalGiven,
    AuthorityTaken,
    BatchAnchored,
    DelayScheduled,
    Fact,
    HandOverScheduled,
    KeysTaken,
    Proposal,
    Recaller,
    RecallMade,
    RecallPolicy,
    RecallRequest,
    Record,
    Replacement,
    ReplacementNamed,
    Standing,
)
from simulators.registry_past import Past

ADMIN_ROLE = ZERO
SCHOOL_YEARS = range(1975, 2215)
REPRESENTATIVE_WAITS = 72 * 3600


class Call(NamedTuple):
    """Who calls, and in which second and block."""

    sender: str
    time: int
    block: int


@dataclass(frozen=True)
class Event:
    """An event, its values by the names of the ABI."""

    name: str
    values: Mapping[str, Any]


class Refused(Exception):
    """The contract reverts: an error and its values, by the names of the ABI. Equal to another of the same words."""

    def __init__(self, name: str, **values: Any) -> None:
        super().__init__(name, values)
        self.name, self.values = name, values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refused) and (self.name, self.values) == (other.name, other.values)

    def __hash__(self) -> int:
        return hash(self.name)


class Signed(NamedTuple):
    """A signature that is what it says."""

    by: str
    words: tuple[Any, ...]
    """The name of the EIP-712 type and its fields in order."""


class SignedBatch(NamedTuple):
    school: bytes
    year: int
    root: bytes
    leaf_count: int
    deadline: int
    signature: object
    """`Signed`, or anything else for bytes that nobody's signature is."""

    @property
    def words(self) -> tuple[Any, ...]:
        """What has to be signed."""
        return ("AnchorBatch", *self[:5])


def key_words(  # noqa: PLR0917 - the fields of the EIP-712 type, in its order
    school: bytes, operator: str, seal: bytes, consent: bytes, version: int, deadline: int
) -> tuple[Any, ...]:
    """What the present operator has to sign for a change of keys."""
    return ("ChangeKeys", school, operator, seal, consent, version, deadline)


def mutation(rule: Callable[..., None]) -> Callable[..., tuple[Event, ...]]:
    """All or nothing: the rule's facts enter the journal, and its events are returned, unless it refuses."""

    @wraps(rule)
    def act(self: "Conditions", call: Call, *arguments: object) -> tuple[Event, ...]:
        length, self._events = len(self.journal), []
        try:
            rule(self, call, *arguments)
        except Refused:
            del self.journal[length:]
            raise
        return tuple(self._events)

    return act


class Conditions:
    """The journal, and who may do what as it stands."""

    def __init__(self) -> None:
        self.journal: list[Fact] = []
        self._events: list[Event] = []

    def past(self, time: int | None = None) -> Past:
        """What had happened by the end of the second `time`; everything without it."""
        return Past(fact for fact in self.journal if time is None or fact.time <= time)

    def carry_out(self, function: str, call: Call, *arguments: object) -> tuple[Event, ...]:
        """Calls a function by its name in the ABI."""
        act: Callable[..., tuple[Event, ...]] = getattr(self, snake(function))
        return act(call, *arguments)

    def _note(self, call: Call, kind: Callable[..., Fact], **values: Any) -> None:
        self.journal.append(kind(time=call.time, block=call.block, **values))

    def _tell(self, name: str, **values: Any) -> None:
        self._events.append(Event(name, values))

    # The authority.

    def _require_authority(self, call: Call) -> None:
        holds = call.sender == self.past().authority()[0]
        require(holds, "AccessControlUnauthorizedAccount", account=call.sender, neededRole=ADMIN_ROLE)

    def _hand_over(self, call: Call, account: str) -> None:
        self._note(call, AuthorityTaken, account=account)
        self._tell("RoleGranted", role=ADMIN_ROLE, account=account, sender=call.sender)

    def _schedule_hand_over(self, call: Call, account: str, after: int) -> None:
        if self.past().pending_authority()[1]:
            self._tell("DefaultAdminTransferCanceled")
        self._note(call, HandOverScheduled, account=account, after=after)

    def _schedule_delay(self, call: Call, delay: int, after: int) -> None:
        before = self.past().last(DelayScheduled)
        if before and before.after >= call.time:
            self._tell("DefaultAdminDelayChangeCanceled")
        self._note(call, DelayScheduled, delay=delay, after=after)

    # Schools and their keys.

    def _require_standing(self, school: bytes, *fitting: Standing) -> None:
        standing, _, _ = self.past().standing(school)
        require(standing != Standing.UNREGISTERED, "UnknownSchool", school=school)
        require(standing in fitting, "WrongStanding", school=school, standing=standing)

    def _require_operator(self, call: Call, school: bytes) -> None:
        self._require_standing(school, Standing.ACTIVE)
        operator = self.past().operator(school)
        require(call.sender == operator, "NotOperator", school=school, caller=call.sender, operator=operator)

    def _require_successor(self, school: bytes, successor: bytes) -> None:
        usable = successor != school and self.past().standing(successor)[0] in {Standing.ACTIVE, Standing.SUSPENDED}
        require(usable, "UnusableSuccessor", school=school, successor=successor)

    def _require_changeable(self, call: Call, school: bytes, operator: str, seal: bytes, consent: bytes) -> None:
        self._require_authority(call)
        self._require_standing(school, Standing.ACTIVE, Standing.SUSPENDED)
        require_keys(school, operator, seal, consent)
        effective_from = self.past().proposal(school).effective_from
        require(not effective_from, "AlreadyProposed", school=school, effectiveFrom=effective_from)

    def _require_proposed(self, school: bytes) -> Proposal:
        proposal = self.past().proposal(school)
        require(proposal != Proposal(), "NothingProposed", school=school)
        return proposal

    def _take_keys(self, call: Call, school: bytes, operator: str, seal: bytes, consent: bytes) -> None:
        keys = {"operator": operator, "seal_certificate": seal, "consent": consent}
        self._note(call, KeysTaken, school=school, version=self.past().version(school) + 1, **keys)

    def _change_keys(
        self, call: Call, school: bytes, operator: str, seal: bytes, consent: bytes, *, by_consent: bool
    ) -> None:
        self._take_keys(call, school, operator, seal, consent)
        keys = {"operator": operator, "version": self.past().version(school), "sealCertificate": seal}
        self._tell("KeysChanged", school=school, **keys, consent=consent, byConsent=by_consent)

    # Batches.

    def _require_batch(self, school: bytes, year: int, root: bytes, leaf_count: int) -> None:
        require(root != ZERO, "MissingRoot", school=school)
        require(year in SCHOOL_YEARS, "UnknownSchoolYear", schoolYear=year)
        require(leaf_count > 0, "EmptyBatch", school=school, root=root)
        if present := self.past().batch(school, root):
            raise Refused("AlreadyAnchored", school=school, root=root, anchoredAt=present.time)

    def _anchor(self, call: Call, school: bytes, year: int, root: bytes, leaf_count: int) -> None:
        batch = {"school": school, "root": root, "year": year, "leaf_count": leaf_count}
        self._note(call, BatchAnchored, **batch, version=self.past().version(school))
        self._tell("BatchAnchored", school=school, root=root, schoolYear=year, leafCount=leaf_count)

    def _anchor_signed(self, call: Call, batch: SignedBatch) -> None:
        school, year, root, leaf_count, deadline, signature = batch
        self._require_standing(school, Standing.ACTIVE)
        self._require_batch(school, year, root, leaf_count)
        require(call.time <= deadline, "Expired", deadline=deadline)
        operator = self.past().operator(school)
        signed = signature == Signed(operator, batch.words)
        require(signed, "SignatureInvalid", school=school, root=root, operator=operator)
        self._anchor(call, school, year, root, leaf_count)

    # Recalls.

    def _require_recaller(self, call: Call, school: bytes) -> Actor:
        """The caller, as who acts for the school."""
        past = self.past()
        standing, successor, since = past.standing(school)
        if standing != Standing.CLOSED:
            self._require_operator(call, school)
            return Actor(Recaller.SCHOOL, call.sender, school, past.version(school))
        possible_from = since + REPRESENTATIVE_WAITS
        require(call.time >= possible_from, "StillWaiting", school=school, effectiveFrom=possible_from)
        if successor != ZERO:
            self._require_operator(call, successor)
            return Actor(Recaller.SUCCESSOR, call.sender, successor, past.version(successor))
        self._require_authority(call)
        return Actor(Recaller.AUTHORITY, call.sender, ZERO, past.authority_number())

    def _require_recalled(self, record: Record) -> tuple[RecallMade, ReplacementNamed | None]:
        found = self.past().recall(record)
        if found is None:
            raise Refused("NotRecalled", school=record.school, entry=record.entry)
        return found

    def _approve(self, call: Call, school: bytes, request: RecallRequest) -> None:
        approved_at = self.past().approved_at(school, request)
        require(not approved_at, "AlreadyApproved", school=school, entry=request.entry, approvedAt=approved_at)
        self._note(call, ApprovalGiven, school=school, request=request)

    def _use_approval(self, call: Call, school: bytes, request: RecallRequest) -> int:
        """Returns when it was approved."""
        approved_at = self.past().approved_at(school, request)
        require(approved_at, "ApprovalMissing", school=school, root=request.root, entry=request.entry)
        self._note(call, ApprovalEnded, school=school, request=request)
        return approved_at

    def _use_approval_if_needed(self, call: Call, actor: Actor, school: bytes, request: RecallRequest) -> int:
        batch = self.past().batch(school, request.root)
        assert batch is not None
        locked = self.past().locked_at(batch.year) != 0
        needed = locked or self.past().policy()[0] == RecallPolicy.WITH_APPROVAL
        alone = actor.by == Recaller.AUTHORITY
        return self._use_approval(call, school, request) if needed and not alone else 0

    def _recall(self, call: Call, actor: Actor, school: bytes, request: RecallRequest) -> None:
        require_request(school, request)
        root, entry, reason, replacement = request
        require(self.past().batch(school, root), "NotAnchored", school=school, root=root)
        record = Record(school, root, entry)
        if found := self.past().recall(record):
            raise Refused("AlreadyRecalled", school=school, entry=entry, recalledAt=found[0].time)
        approved_at = self._use_approval_if_needed(call, actor, school, request)
        self._note(call, RecallMade, record=record, reason=reason, actor=actor, approved_at=approved_at)
        if replacement != Replacement():
            self._replace(call, actor, record, replacement)
        self._tell("LeafRecalled", **in_words(school, request))

    def _replace(self, call: Call, actor: Actor, record: Record, replacement: Replacement) -> None:
        root, entry = replacement
        require(ZERO not in {root, entry}, "IncompleteReplacement", root=root, entry=entry)
        _, successor, _ = self.past().standing(record.school)
        issuers = [school for school in (record.school, successor) if self.past().batch(school, root)]
        require(issuers, "NotAnchored", school=record.school, root=root)
        taking_over = Record(issuers[0], root, entry)
        current = entry != record.entry and self.past().recall(taking_over) is None
        require(current, "ReplacementRecalled", school=taking_over.school, entry=entry)
        self._note(call, ReplacementNamed, record=record, replacement=taking_over, actor=actor)


def snake(name: str) -> str:
    """The model's name for a function of the ABI."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def require(holds: object, name: str, **values: Any) -> None:
    """Refuses with this error unless the condition holds."""
    if not holds:
        raise Refused(name, **values)


def require_keys(school: bytes, operator: str, seal: bytes, consent: bytes) -> None:
    require(operator != NOBODY and ZERO not in {seal, consent}, "IncompleteKeys", school=school)


def require_request(school: bytes, request: RecallRequest) -> None:
    require(request.entry != ZERO, "MissingEntry", school=school, root=request.root)
    require(request.reason != 0, "MissingReason", school=school, entry=request.entry)


def in_words(school: bytes, request: RecallRequest) -> dict[str, Any]:
    """A recall as the events tell it."""
    root, entry, reason, (replacement_root, replacement_entry) = request
    named = {"replacementRoot": replacement_root, "replacementEntry": replacement_entry}
    return {"school": school, "root": root, "entry": entry, "reason": reason, **named}
