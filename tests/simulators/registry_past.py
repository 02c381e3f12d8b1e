# SPDX-License-Identifier: Apache-2.0

"""The past of a registry: the facts up to some second, and what follows from them.

The reference model of contracts/ITranscriptRegistry.sol has one idea: a journal of facts that only grows, and a `Past`, which
is the facts up to some second. Every answer is read off a past by going through its facts. What the registry says "at time t"
is thus what it would have said if nothing later had ever happened: `Past` knows no other time than its own, and nothing is
packed, searched by halves, or kept twice.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from simulators.registry_facts import (
    NOBODY,
    ZERO,
    AnnulledRecall,
    ApprovalEnded,
    ApprovalGiven,
    AuthorityTaken,
    BatchAnchored,
    CompromiseReported,
    DelayScheduled,
    Fact,
    HandOverScheduled,
    Keys,
    KeysProposed,
    KeysTaken,
    LeafStatus,
    PolicySet,
    Proposal,
    ProposalEnded,
    Recall,
    RecallAnnulled,
    RecallMade,
    RecallPolicy,
    RecallRequest,
    Record,
    ReplacementNamed,
    School,
    Standing,
    StandingTaken,
    StatementPublished,
    YearLocked,
)

from ledger.proof.merkle import keccak, root_of

F = TypeVar("F", bound=Fact)


class Past:
    """The facts up to some second, in their order, and what follows from them."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.facts: Sequence[Fact] = tuple(facts)

    @cached_property
    def _kinds(self) -> dict[type[Fact], list[Any]]:
        kinds: dict[type[Fact], list[Any]] = {}
        for fact in self.facts:
            kinds.setdefault(type(fact), []).append(fact)
        return kinds

    def all(self, kind: type[F], **where: object) -> list[F]:
        """All facts of one kind whose fields are as in `where`."""
        return [
            fact
            for fact in self._kinds.get(kind, ())
            if all(getattr(fact, name) == value for name, value in where.items())
        ]

    def last(self, kind: type[F], **where: object) -> F | None:
        return next(reversed(self.all(kind, **where)), None)

    # The authority.

    def authority(self) -> tuple[str, int]:
        """The authority, and since when."""
        taken = self.last(AuthorityTaken)
        return (taken.account, taken.time) if taken else (NOBODY, 0)

    def authority_number(self) -> int:
        """Which of all the authority is. The contract counts the moment without authority between two as well."""
        return 2 * len(self.all(AuthorityTaken)) - 1

    def pending_authority(self) -> tuple[str, int]:
        scheduled = self.last(HandOverScheduled)
        return (scheduled.account, scheduled.after) if scheduled else (NOBODY, 0)

    def hand_over_delay(self, now: int) -> int:
        """A change of the delay holds once its second has passed, if nothing called it off until then."""
        delay, changes = 0, self.all(DelayScheduled)
        for change, end in zip(changes, [*(each.time for each in changes[1:]), now], strict=True):
            if change.after and change.after < end:
                delay = change.delay
        return delay

    def policy(self) -> tuple[RecallPolicy, int]:
        """The policy, and since when."""
        decision = self.last(PolicySet)
        return (decision.policy, decision.time) if decision else (RecallPolicy.SCHOOL_ALONE, 0)

    def locked_at(self, year: int) -> int:
        lock = self.last(YearLocked, year=year)
        return lock.time if lock else 0

    # Schools.

    def keys(self, school: bytes, version: int) -> Keys:
        taken = self.last(KeysTaken, school=school, version=version)
        return Keys(taken.operator, taken.time, taken.seal_certificate, taken.consent) if taken else Keys()

    def version(self, school: bytes) -> int:
        return len(self.all(KeysTaken, school=school))

    def operator(self, school: bytes) -> str:
        return self.keys(school, self.version(school)).operator

    def seal(self, school: bytes) -> bytes:
        return self.keys(school, self.version(school)).seal_certificate

    def standing(self, school: bytes) -> tuple[Standing, bytes, int]:
        """How the school stands, who acts for it, and since when both."""
        taken = self.last(StandingTaken, school=school)
        return (taken.standing, taken.successor, taken.time) if taken else (Standing.UNREGISTERED, ZERO, 0)

    def contested(self, school: bytes) -> bool:
        """Whether the operator stopped a proposal since these keys hold."""
        contested = False
        for fact in self.facts:
            match fact:
                case KeysTaken() if fact.school == school:
                    contested = False
                case ProposalEnded(contested=True) if fact.school == school:
                    contested = True
        return contested

    def school(self, school: bytes) -> School:
        standing, successor, _ = self.standing(school)
        version = self.version(school)
        return School(standing, version, self.contested(school), self.keys(school, version), successor)

    def proposal(self, school: bytes) -> Proposal:
        open_one = Proposal()
        for fact in self.facts:
            match fact:
                case KeysProposed() if fact.school == school:
                    open_one = fact.proposal
                case ProposalEnded() if fact.school == school:
                    open_one = Proposal()
        return open_one

    def compromise(self, school: bytes, version: int) -> tuple[int, int]:
        report = self.last(CompromiseReported, school=school, version=version)
        return (report.since, report.time) if report else (0, 0)

    def doubtful(self, school: bytes, version: int, act: int) -> bool:
        """Whether what these keys did in the second `act` is in doubt; what the authority did never is."""
        since, _ = self.compromise(school, version)
        return since != 0 and act >= since

    # Batches, recalls and approvals.

    def batch(self, school: bytes, root: bytes) -> BatchAnchored | None:
        return self.last(BatchAnchored, school=school, root=root)

    def recalls(self, record: Record) -> list[tuple[RecallMade, ReplacementNamed | None, RecallAnnulled | None]]:
        """Every recall of a record, with what replaced the record and what annulled the recall, if anything did."""
        recalls: list[tuple[RecallMade, ReplacementNamed | None, RecallAnnulled | None]] = []
        for fact in self.facts:
            match fact:
                case RecallMade() if fact.record == record:
                    recalls.append((fact, None, None))
                case ReplacementNamed() if fact.record == record:
                    recalls[-1] = (recalls[-1][0], fact, None)
                case RecallAnnulled() if fact.record == record:
                    recalls[-1] = (*recalls[-1][:2], fact)
        return recalls

    def recall(self, record: Record) -> tuple[RecallMade, ReplacementNamed | None] | None:
        """The recall that stands."""
        return next(((made, named) for made, named, annulled in self.recalls(record) if annulled is None), None)

    def annulments(self, record: Record) -> int:
        return len(self.all(RecallAnnulled, record=record))

    def annulled_recall(self, record: Record, index: int) -> tuple[AnnulledRecall, int]:
        made, named, annulled = [each for each in self.recalls(record) if each[2] is not None][index]
        assert annulled is not None
        recall = Recall(
            made.time,
            made.block,
            made.approved_at,
            named.time if named else 0,
            made.actor.version,
            named.actor.version if named else 0,
            made.reason,
            made.actor.by,
            named.actor.by if named else 0,
            named is not None and named.replacement.school != record.school,
        )
        return AnnulledRecall(recall, named.replacement.entry if named else ZERO), annulled.time

    def approved_at(self, school: bytes, request: RecallRequest) -> int:
        """When what is still open was approved; an annulment closes all that was approved about its record before."""
        approved = 0
        for fact in self.facts:
            match fact:
                case ApprovalGiven() if (fact.school, fact.request) == (school, request):
                    approved = fact.time
                case ApprovalEnded() if (fact.school, fact.request) == (school, request):
                    approved = 0
                case RecallAnnulled() if fact.record == Record(school, request.root, request.entry):
                    approved = 0
        return approved

    # Statements.

    def statements(self, publisher: bytes, topic: bytes) -> list[tuple[bytes, int]]:
        published = self.all(StatementPublished, publisher=publisher, topic=topic)
        return [(each.digest, each.time) for each in published]

    def newest_statement(self, publisher: bytes, topic: bytes) -> tuple[bytes, int]:
        return next(reversed(self.statements(publisher, topic)), (ZERO, 0))

    # Everything about one record.

    def status(self, record: Record, proof: Sequence[bytes]) -> LeafStatus:
        school = record.school
        standing, successor, _ = self.standing(school)
        status = LeafStatus(standing=standing, successor=successor)
        if batch := self.batch(school, record.root):
            keys = self.keys(school, batch.version)
            locked_at = self.locked_at(batch.year)
            since, recorded_at = self.compromise(school, batch.version)
            status = status._replace(
                included=root_of(keccak(record.entry), proof) == record.root,
                anchored_at=batch.time,
                anchored_in_block=batch.block,
                leaf_count=batch.leaf_count,
                school_year=batch.year,
                locked_at=locked_at,
                late=0 < locked_at < batch.time,
                version=batch.version,
                anchored_by=keys.operator,
                seal_certificate=keys.seal_certificate,
                anchor_doubtful=self.doubtful(school, batch.version, batch.time),
                compromised_since=since,
                compromise_recorded_at=recorded_at,
            )
        if (found := self.recall(record)) is None:
            return status
        made, named = found
        status = status._replace(
            recalled_at=made.time,
            recalled_in_block=made.block,
            approved_at=made.approved_at,
            reason=made.reason,
            recalled_by=made.actor.by,
            recaller=made.actor.account,
            recall_doubtful=self.doubtful(made.actor.school, made.actor.version, made.time),
        )
        if named is None:
            return status
        return status._replace(
            replaced_at=named.time,
            replaced_by=named.actor.by,
            replacer=named.actor.account,
            replacement_doubtful=self.doubtful(named.actor.school, named.actor.version, named.time),
            replacement_school=named.replacement.school,
            replacement_entry=named.replacement.entry,
        )
