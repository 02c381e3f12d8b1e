# SPDX-License-Identifier: Apache-2.0

"""Random histories of a registry in which interesting things happen.

A history is a list of `Act`s. The teller keeps a model of its own while it tells, so that it knows what would succeed: nearly
every choice is made among what makes sense now, and one in sixteen among everything. Most acts thus succeed, and those that
fail get past the first condition. A choice shrinks towards the sensible, and a wait towards none.
"""

from collections.abc import Callable
from contextlib import suppress
from itertools import starmap
from typing import Any

from hypothesis import strategies as st
from registry_cast import (
    AUTHORITY,
    CONSENTS,
    CONTRACT_SIGNER,
    DIGESTS,
    ENTRIES,
    FLAWS,
    FLAWS_OF_A_CONTRACT,
    HEIR,
    MALFORMED,
    ODD_YEARS,
    OPERATORS,
    ROOTS,
    SCHOOLS,
    SEALS,
    SENDERS,
    STRANGER,
    TOPICS,
    TREES,
    YEARS,
    Flawed,
)
from registry_choices import Choices, Senseless
from registry_twins import Act
from simulators.registry_conditions import (
    ADMIN_ROLE,
    Call,
    Refused,
    Signed,
    SignedBatch,
    key_words,
    snake,
)
from simulators.registry_facts import (
    NOBODY,
    ZERO,
    ApprovalGiven,
    BatchAnchored,
    RecallMade,
    RecallPolicy,
    RecallRequest,
    Record,
    Replacement,
    Standing,
)
from simulators.registry_model import CONTESTED_PROPOSAL_WAITS, PROPOSAL_STAYS, PROPOSAL_WAITS

WAITS = [*[0] * 16, *[1] * 8, 2, 60, 3600, PROPOSAL_WAITS, PROPOSAL_WAITS, CONTESTED_PROPOSAL_WAITS]
DELAYS = [86400, 0, 1, 5 * 86400, 30 * 86400]
LATER = 100
TRIES = 8

FREQUENCIES = {
    "registerSchool": 3,
    "changeKeys": 4,
    "proposeKeys": 4,
    "objectToKeys": 3,
    "withdrawKeys": 1,
    "completeKeys": 4,
    "suspendSchool": 1,
    "reinstateSchool": 3,
    "closeSchool": 4,
    "nameSuccessor": 4,
    "reportCompromise": 4,
    "setRecallPolicy": 2,
    "lockSchoolYear": 2,
    "anchor": 8,
    "anchorBySig": 4,
    "anchorMany": 3,
    "approveRecalls": 8,
    "approveAnnulment": 6,
    "withdrawApproval": 2,
    "recall": 10,
    "recallMany": 3,
    "addReplacement": 6,
    "annulRecall": 8,
    "publish": 4,
    "beginDefaultAdminTransfer": 2,
    "cancelDefaultAdminTransfer": 1,
    "acceptDefaultAdminTransfer": 3,
    "renounceRole": 2,
    "changeDefaultAdminDelay": 1,
    "rollbackDefaultAdminDelay": 1,
}
FUNCTIONS = [name for name, frequency in FREQUENCIES.items() for _ in range(frequency)]


@st.composite
def histories(draw: st.DrawFn, *, steps: int) -> tuple[int, list[Act]]:
    """The delay of hand-overs that the registry is created with, and what is done then."""
    delay = draw(st.sampled_from(DELAYS[:3]))
    teller = Teller(draw, delay)
    return delay, [teller.next() for _ in range(steps)]


class Teller(Choices):
    """Draws one act after another."""

    def __init__(self, draw: st.DrawFn, hand_over_delay: int) -> None:
        super().__init__(draw, hand_over_delay)
        self._begins = ["registerSchool", "registerSchool", "registerSchool", "anchor", "anchor"][::-1]
        self._sequel: list[Callable[[], tuple[Any, ...]]] = []

    def next(self) -> Act:
        """The next act; the model carries it out."""
        wait = 0 if self._sequel else self.one_of(WAITS)
        self._time += wait
        self._block += 1 if wait else self._draw(st.integers(0, 1))
        self._past = self._model.past()
        act = self._planned() or self._sensible() or self._act("publish", AUTHORITY, ZERO, TOPICS[0], DIGESTS[0])
        with suppress(Refused):
            self._model.carry_out(act.function, Call(act.sender, act.time, act.block), *act.arguments)
        self._time, self._block = act.time, act.block
        return act

    def _planned(self) -> Act | None:
        return self._act(*self._sequel.pop(0)()) if self._sequel else None

    def _plot(self, school: bytes) -> None:
        """An authority hides behind a second who recalled: the successor is closed, and another school takes its place."""
        _, successor, _ = self._past.standing(school)
        active = [each for each in self.schools(Standing.ACTIVE) if each != successor]
        if successor != ZERO and active and self.one_of([False, True]):
            heir = self.one_of(active)
            self._sequel = [
                lambda: ("closeSchool", self.authority_itself(), successor, ZERO),
                lambda: ("nameSuccessor", self.authority_itself(), school, heir),
            ]

    def _complete(self, school: bytes) -> tuple[Any, ...]:
        """Usually as soon as it may be, or on the last day."""
        self.wait_until(self._past.proposal(school).effective_from + self.one_of([0, 0, 0, PROPOSAL_STAYS]))
        return "completeKeys", self.authority_itself(), school

    def _sensible(self) -> Act | None:
        for _ in range(TRIES):
            function = self._begins.pop() if self._begins else self.one_of(FUNCTIONS)
            try:
                sender, *arguments = getattr(self, snake(function))()
            except Senseless:
                self._sequel = []
                continue
            return self._act(function, sender, *arguments)
        return None

    def _act(self, function: str, sender: str, *arguments: Any) -> Act:
        return Act(function, sender, self._time, self._block, arguments)

    # The authority.

    def set_recall_policy(self) -> tuple[Any, ...]:
        return self.authority(), int(self.one_of([*RecallPolicy]))

    def lock_school_year(self) -> tuple[Any, ...]:
        unlocked = [year for year in YEARS if not self._past.locked_at(year)]
        return self.authority(), self.pick([*unlocked, *unlocked, *YEARS], ODD_YEARS)

    def begin_default_admin_transfer(self) -> tuple[Any, ...]:
        return self.authority(), self.pick([HEIR, AUTHORITY, HEIR, NOBODY], SENDERS)

    def cancel_default_admin_transfer(self) -> tuple[Any, ...]:
        self.pick(["pending"] if self._past.pending_authority()[1] else [], ["whatever"])
        return (self.authority(),)

    def accept_default_admin_transfer(self) -> tuple[Any, ...]:
        heir, after = self._past.pending_authority()
        sender = self.sender(heir)
        self.wait_until(after + 1)
        return (sender,)

    def renounce_role(self) -> tuple[Any, ...]:
        heir, after = self._past.pending_authority()
        self.pick(["pending"] if after and heir == NOBODY else [], ["whatever"])
        self.wait_until(after + 1)
        sender = self.authority()
        return sender, ADMIN_ROLE, self.pick([sender], SENDERS)

    def change_default_admin_delay(self) -> tuple[Any, ...]:
        return self.authority(), self.one_of(DELAYS)

    def rollback_default_admin_delay(self) -> tuple[Any, ...]:
        return (self.authority(),)

    # Schools.

    def keys(self) -> tuple[str, bytes, bytes]:
        return (
            self.pick(OPERATORS, [NOBODY]),
            self.pick(SEALS, [ZERO]),
            self.pick(CONSENTS, [ZERO]),
        )

    def register_school(self) -> tuple[Any, ...]:
        return self.authority(), self.school(Standing.UNREGISTERED), *self.keys()

    def changeable(self) -> bytes:
        open_ones = self.schools(Standing.ACTIVE, Standing.SUSPENDED)
        proposed = [each for each in open_ones if self._past.proposal(each).effective_from]
        return self.pick((each for each in open_ones if each not in proposed), [*SCHOOLS, *3 * proposed])

    def proposed(self) -> bytes:
        return self.pick([each for each in SCHOOLS if self._past.proposal(each).effective_from], SCHOOLS)

    def change_keys(self) -> tuple[Any, ...]:
        school = self.changeable()
        operator, seal, consent = self.keys()
        deadline = self.deadline()
        version = self._past.version(school) + self.pick([1], [0, 2])
        words = key_words(school, operator, seal, self.pick([consent], CONSENTS), version, deadline)
        signature = self.signature(self._past.operator(school), words)
        return self.authority(), school, operator, seal, consent, deadline, signature

    def propose_keys(self) -> tuple[Any, ...]:
        school = self.changeable()
        if self.one_of([False, True]):
            self._sequel = [lambda: self._complete(school)]
        return self.authority(), school, *self.keys()

    def object_to_keys(self) -> tuple[Any, ...]:
        school = self.proposed()
        if self.one_of([False, True]):
            keys = self.keys()
            self._sequel = [
                lambda: ("proposeKeys", self.authority_itself(), school, *keys),
                lambda: self._complete(school),
            ]
        operator = self._past.operator(school)
        if operator in SENDERS and self._draw(st.booleans()):
            return self.one_of([operator, operator, operator, AUTHORITY, STRANGER]), school, b""
        words = ("ObjectToKeys", school, self._past.proposal(school).effective_from + self.pick([0], [1]))
        return self.one_of(SENDERS), school, self.signature(operator, words)

    def withdraw_keys(self) -> tuple[Any, ...]:
        return self.authority(), self.proposed()

    def complete_keys(self) -> tuple[Any, ...]:
        school = self.proposed()
        self.wait_until(self._past.proposal(school).effective_from + self.pick([0], [PROPOSAL_STAYS]))
        return self.authority(), school

    def suspend_school(self) -> tuple[Any, ...]:
        return self.authority(), self.school(Standing.ACTIVE)

    def reinstate_school(self) -> tuple[Any, ...]:
        return self.authority(), self.school(Standing.SUSPENDED)

    def close_school(self) -> tuple[Any, ...]:
        school = self.school(Standing.ACTIVE, Standing.SUSPENDED)
        open_ones = self.schools(Standing.ACTIVE, Standing.SUSPENDED)
        return (
            self.authority(),
            school,
            self.pick([*(each for each in open_ones if each != school), ZERO], self.unusable()),
        )

    def unusable(self) -> list[bytes]:
        """Successors that mostly cannot be."""
        return [*SCHOOLS, ZERO, *3 * self.schools(Standing.CLOSED)]

    def name_successor(self) -> tuple[Any, ...]:
        def unsucceeded(school: bytes) -> bool:
            _, successor, _ = self._past.standing(school)
            return successor == ZERO or self._past.standing(successor)[0] == Standing.CLOSED

        school = self.pick(filter(unsucceeded, self.schools(Standing.CLOSED)), SCHOOLS)
        successor = self.pick(self.schools(Standing.ACTIVE, Standing.SUSPENDED), self.unusable())
        return self.authority(), school, successor

    def report_compromise(self) -> tuple[Any, ...]:
        school = self.pick(self.registered(), SCHOOLS)
        versions = self._past.version(school)
        version = self.pick([*range(1, versions + 1)] * 3 + [0], [versions + 1])
        acts = [each.time for kind in (BatchAnchored, RecallMade) for each in self._past.all(kind)]
        since = [*acts, *(time + 1 for time in acts if time < self._time), 0, 1, self._time]
        return self.authority(), school, version, self.pick(since, [self._time + 1, self._time - 1])

    # Batches.

    def deadline(self) -> int:
        return self._time + self.one_of([0, 0, LATER, LATER, LATER, LATER, -1])

    def signature(self, by: str, words: tuple[Any, ...]) -> Signed | Flawed:
        by = self.pick([by] if by in OPERATORS else [], [*OPERATORS, AUTHORITY])
        signed = Signed(by, words)
        flaws = FLAWS if by != CONTRACT_SIGNER else FLAWS_OF_A_CONTRACT
        return self.pick([signed], list(starmap(Flawed, ((signed, flaw) for flaw in flaws))))

    def batch(self, school: bytes) -> tuple[bytes, int, bytes, int]:
        root = self.pick((each for each in ROOTS if not self._past.batch(school, each)), [*ROOTS, ZERO])
        leaf_count = len(TREES[root][1]) if root in TREES else 1
        return school, self.pick(YEARS, ODD_YEARS), root, self.pick([leaf_count], [0, 1, 2**32 - 1])

    def anchor(self) -> tuple[Any, ...]:
        active = [each for each in self.schools(Standing.ACTIVE) if self._past.operator(each) in SENDERS]
        school = self.pick(active, SCHOOLS)
        return self.sender(self._past.operator(school)), *self.batch(school)

    def signed_batch(self) -> SignedBatch:
        school = self.school(Standing.ACTIVE)
        batch = SignedBatch(*self.batch(school), self.deadline(), None)
        signed_words = self.pick([batch], [batch._replace(leaf_count=batch.leaf_count + 1)]).words
        if batch.leaf_count == 2**32 - 1:
            signed_words = batch.words
        return batch._replace(signature=self.signature(self._past.operator(school), signed_words))

    def anchor_by_sig(self) -> tuple[Any, ...]:
        return self.one_of(SENDERS), self.signed_batch()

    def anchor_many(self) -> tuple[Any, ...]:
        return self.one_of(SENDERS), [self.signed_batch() for _ in range(self.one_of([2, 1, 3, 0]))]

    # Recalls.

    def replacement(self, record: Record, *, needed: bool = False) -> Replacement:
        """Usually one that can stand in: a current record of the school, or of its successor."""
        _, successor, _ = self._past.standing(record.school)
        current = [
            each
            for each in self.records(of={record.school, successor})
            if each.entry != record.entry and self._past.recall(each) is None
        ]
        own_roots = {each.root for each in current if each.school == record.school}
        others = [each for each in current if each.root not in own_roots]
        candidates = [Replacement(*each[1:]) for each in current + 3 * others]
        everything = [*(Replacement(*each[1:]) for each in self.records()), Replacement(*self.any_record()[1:])]
        everything += [Replacement(ROOTS[0], ZERO), Replacement(ZERO, ENTRIES[0])]
        if not needed and self._draw(st.booleans()):
            return Replacement()
        return self.pick(candidates, [*everything, Replacement()])

    def reason(self) -> int:
        return self.pick(range(1, 7), [0])

    def approvable(self) -> tuple[bytes, RecallRequest]:
        unreplaced = self.recalled(replaced=False)
        record = self.record([*self.current(), *unreplaced, *unreplaced])
        if found := self._past.recall(record):
            replacement = self.replacement(record, needed=True)
            return record.school, RecallRequest(*record[1:], self.pick([found[0].reason], range(1, 7)), replacement)
        return record.school, RecallRequest(*record[1:], self.reason(), self.replacement(record))

    def approve_recalls(self) -> tuple[Any, ...]:
        drawn = [self.approvable() for _ in range(self.one_of([1, 2, 0]))]
        school = drawn[0][0] if drawn else self.one_of(SCHOOLS)
        return self.authority(), school, [request for of, request in drawn if of == school]

    def approve_annulment(self) -> tuple[Any, ...]:
        def unapproved(record: Record) -> bool:
            return not self._past.approved_at(record.school, RecallRequest(*record[1:]))

        return self.authority(), *self.record(filter(unapproved, self.recalled()))

    def withdraw_approval(self) -> tuple[Any, ...]:
        approved = self.open_requests()
        given = [(each.school, each.request) for each in self._past.all(ApprovalGiven)]
        return self.authority(), *self.pick(approved, [*given, (SCHOOLS[0], RecallRequest(ROOTS[0], ENTRIES[0]))])

    def recall_request(self, school: bytes | None = None) -> tuple[bytes, RecallRequest]:
        """Something that can be recalled now, with an approval where that is needed."""
        current = set(self.current())
        approved = [
            (of, request)
            for of, request in self.open_requests()
            if request.reason and Record(of, request.root, request.entry) in current
        ]
        free = [each for each in self.acting(current) if not self.needs_approval(each)]
        choices = [each for each in approved if self.recaller(each[0]) in SENDERS]
        choices += [(each.school, RecallRequest(each.root, each.entry)) for each in sorted(free)]
        choices = [each for each in choices if school in {None, each[0]}]
        choices += 4 * [each for each in choices if self._past.standing(each[0])[0] == Standing.CLOSED]
        careless = self.record(current)
        of, request = self.pick(choices, [(careless.school, RecallRequest(*careless[1:]))])
        if request.reason:
            return of, self.pick([request], [request._replace(reason=request.reason % 6 + 1)])
        record = Record(of, request.root, request.entry)
        return of, request._replace(reason=self.reason(), replacement=self.replacement(record))

    def recall(self) -> tuple[Any, ...]:
        school, request = self.recall_request()
        self._plot(school)
        return self.represented(school), school, *request

    def recall_many(self) -> tuple[Any, ...]:
        school, first = self.recall_request()
        others = [self.recall_request(school) for _ in range(self.one_of([1, 2, 0]))]
        return self.represented(school), school, [first, *(each for of, each in others if of == school)]

    def add_replacement(self) -> tuple[Any, ...]:
        unreplaced = self.acting(self.recalled(replaced=False))
        free = [each for each in unreplaced if not self.needs_approval(each)]
        approved = {
            Record(of, request.root, request.entry): request.replacement
            for of, request in self.open_requests()
            if request.reason and request.replacement != Replacement()
        }
        replaced = self.acting(self.recalled(replaced=True))
        able = [*free, *(each for each in unreplaced if each in approved)]
        record = self.record([*8 * able, *replaced] if able else [])
        self._plot(record.school)
        if record in approved and self.needs_approval(record):
            return self.represented(record.school), *record, approved[record]
        return self.represented(record.school), *record, self.replacement(record, needed=True)

    def annul_recall(self) -> tuple[Any, ...]:
        def agreed(record: Record) -> bool:
            by_authority = self._past.standing(record.school)[:2] == (Standing.CLOSED, ZERO)
            return by_authority or self._past.approved_at(record.school, RecallRequest(*record[1:])) != 0

        record = self.record(self.acting(filter(agreed, self.recalled())))
        found = self._past.recall(record)
        if found and self.one_of([True, True, False]):
            self.wait_until(found[0].time + 1)
        return self.represented(record.school), *record

    # Statements.

    def publish(self) -> tuple[Any, ...]:
        publisher = self.pick([ZERO, *self.schools(Standing.ACTIVE, Standing.SUSPENDED)], [*SCHOOLS, *MALFORMED])
        acting = self._past.operator(publisher) if publisher != ZERO else self._past.authority()[0]
        return self.sender(acting), publisher, self.one_of(TOPICS), self.pick(DIGESTS, [ZERO])
