# SPDX-License-Identifier: Apache-2.0

"""A registry rebuilt from its log: the events, each with the second and the number of its block, and nothing else.

The interface promises "events for everything, one per change, enough to rebuild all state"; this is the rebuilding. It shares
no rule with the contract or with the reference model: it never asks whether something was allowed, only what follows from its
having happened. What an event leaves out follows from the events before it:

* who recalled, or named a replacement: the school's operator, or once the school is closed that of its successor, or the
  authority, as each was by then;
* when a recall was approved: the approval of just these words, if policy or lock asked for one;
* which keys anchored a batch: the school's newest.

`Replay` of the log up to some second knows what the registry knew then. It answers like `registry_past.Past`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulators.registry_conditions import Event
from simulators.registry_facts import (
    NOBODY,
    ZERO,
    AnnulledRecall,
    Keys,
    LeafStatus,
    Proposal,
    Recall,
    Recaller,
    RecallPolicy,
    RecallRequest,
    Record,
    Replacement,
    School,
    Standing,
)

from ledger.proof.merkle import keccak, root_of


@dataclass(frozen=True)
class Logged:
    """An event, with the second and the number of its block."""

    time: int
    block: int
    event: Event


@dataclass
class _School:
    standing: Standing = Standing.UNREGISTERED
    successor: bytes = ZERO
    since: int = 0
    keys: list[Keys] = field(default_factory=list)
    contested: bool = False
    proposal: Proposal = field(default_factory=Proposal)
    reports: dict[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Batch:
    time: int
    block: int
    year: int
    leaf_count: int
    version: int


@dataclass
class _Act:
    """A recall, or the naming of a replacement."""

    time: int
    by: Recaller
    school: bytes
    """Whose operator acted; zero for the authority."""
    version: int
    account: str


@dataclass
class _Recall:
    act: _Act
    block: int
    approved_at: int
    reason: int
    replaced: _Act | None = None
    replacement: Record | None = None


class Replay:
    """What a log amounts to."""

    def __init__(self, log: Iterable[Logged]) -> None:
        self._authorities: list[tuple[str, int]] = []
        self._pending = (NOBODY, 0)
        self._policy = (RecallPolicy.SCHOOL_ALONE, 0)
        self._locks: dict[int, int] = {}
        self._schools: dict[bytes, _School] = defaultdict(_School)
        self._batches: dict[tuple[bytes, bytes], _Batch] = {}
        self._recalls: dict[Record, _Recall] = {}
        self._annulled: dict[Record, list[tuple[_Recall, int]]] = defaultdict(list)
        self._approvals: dict[Record, dict[RecallRequest, int]] = defaultdict(dict)
        self._statements: dict[tuple[bytes, bytes], list[tuple[bytes, int]]] = defaultdict(list)
        for logged in log:
            self._take(logged)

    # What the events do.

    def _take(self, logged: Logged) -> None:
        time, values = logged.time, logged.event.values
        match logged.event.name:
            case "RoleGranted" | "RoleRevoked" | "DefaultAdminTransferScheduled" | "DefaultAdminTransferCanceled":
                self._take_hand_over(time, logged.event)
            case "DefaultAdminDelayChangeScheduled" | "DefaultAdminDelayChangeCanceled" | "BatchRefused":
                pass
            case "RecallPolicySet":
                self._policy = (RecallPolicy(values["policy"]), time)
            case "SchoolYearLocked":
                self._locks[values["schoolYear"]] = time
            case "StatementPublished":
                self._statements[values["publisher"], values["topic"]].append((values["digest"], time))
            case "BatchAnchored":
                school = values["school"]
                version = len(self._schools[school].keys)
                batch = _Batch(time, logged.block, values["schoolYear"], values["leafCount"], version)
                self._batches[school, values["root"]] = batch
            case "RecallApproved" | "AnnulmentApproved" | "ApprovalWithdrawn" | "RecallAnnulled":
                self._take_approval(time, logged.event)
            case "LeafRecalled" | "LeafReplaced":
                self._take_recall(logged)
            case _:
                self._take_school(time, logged.event)

    def _take_hand_over(self, time: int, event: Event) -> None:
        match event.name:
            case "RoleGranted":
                self._authorities.append((event.values["account"], time))
                self._pending = (NOBODY, 0)
            case "RoleRevoked":
                self._authorities.append((NOBODY, time))
                self._pending = (NOBODY, 0)
            case "DefaultAdminTransferScheduled":
                self._pending = (event.values["newAdmin"], event.values["acceptSchedule"])
            case _:
                self._pending = (NOBODY, 0)

    def _take_school(self, time: int, event: Event) -> None:
        values = event.values
        school = self._schools[values["school"]]
        match event.name:
            case "SchoolRegistered" | "KeysChanged":
                school.keys.append(Keys(values["operator"], time, values["sealCertificate"], values["consent"]))
                school.contested = False
                school.proposal = Proposal()
                if event.name == "SchoolRegistered":
                    school.standing, school.since = Standing.ACTIVE, time
            case "KeysProposed":
                keys = (values["sealCertificate"], values["consent"])
                school.proposal = Proposal(values["operator"], values["effectiveFrom"], school.contested, *keys)
            case "KeysObjected":
                school.contested, school.proposal = True, Proposal()
            case "KeysWithdrawn":
                school.proposal = Proposal()
            case "SchoolSuspended":
                school.standing, school.since = Standing.SUSPENDED, time
            case "SchoolReinstated":
                school.standing, school.since = Standing.ACTIVE, time
            case "SchoolClosed" | "SuccessorNamed":
                school.standing, school.successor, school.since = Standing.CLOSED, values["successor"], time
            case "CompromiseReported":
                school.reports[values["version"]] = (values["since"], time)
            case unknown:
                raise AssertionError(f"an event that nobody knows what to make of: {unknown}")

    def _take_approval(self, time: int, event: Event) -> None:
        record = _record_in(event)
        match event.name:
            case "RecallApproved":
                self._approvals[record][_request_in(event)] = time
            case "AnnulmentApproved":
                self._approvals[record][RecallRequest(record.root, record.entry)] = time
            case "ApprovalWithdrawn":
                del self._approvals[record][_request_in(event)]
            case _:
                self._annulled[record].append((self._recalls.pop(record), time))
                self._approvals[record].clear()

    def _take_recall(self, logged: Logged) -> None:
        record, values = _record_in(logged.event), logged.event.values
        act = self._act_for(record.school, logged.time)
        if logged.event.name == "LeafRecalled":
            approved_at = self._approved(act, record, _request_in(logged.event))
            self._recalls[record] = _Recall(act, logged.block, approved_at, values["reason"])
        recall = self._recalls[record]
        if values["replacementEntry"] == ZERO:
            return
        root, entry = values["replacementRoot"], values["replacementEntry"]
        if logged.event.name == "LeafReplaced":
            named = Replacement(root, entry)
            self._approved(act, record, RecallRequest(record.root, record.entry, recall.reason, named))
        own = (record.school, root) in self._batches
        issuer = record.school if own else self._schools[record.school].successor
        recall.replaced, recall.replacement = act, Record(issuer, root, entry)

    def _act_for(self, school: bytes, time: int) -> _Act:
        """Whoever may act for the school did."""
        named = self._schools[school]
        if named.standing == Standing.CLOSED and named.successor == ZERO:
            authority, _ = self._authorities[-1]
            return _Act(time, Recaller.AUTHORITY, ZERO, len(self._authorities), authority)
        by = Recaller.SUCCESSOR if named.standing == Standing.CLOSED else Recaller.SCHOOL
        acting = named.successor if by == Recaller.SUCCESSOR else school
        keys = self._schools[acting].keys
        return _Act(time, by, acting, len(keys), keys[-1].operator)

    def _approved(self, act: _Act, record: Record, request: RecallRequest) -> int:
        """When this was approved, if it had to be; the approval has served."""
        locked = self._batches[record.school, record.root].year in self._locks
        if act.by == Recaller.AUTHORITY or not (locked or self._policy[0] == RecallPolicy.WITH_APPROVAL):
            return 0
        return self._approvals[record].pop(request)

    # What it amounts to.

    def authority(self) -> tuple[str, int]:
        return self._authorities[-1] if self._authorities else (NOBODY, 0)

    def pending_authority(self) -> tuple[str, int]:
        return self._pending

    def policy(self) -> tuple[RecallPolicy, int]:
        return self._policy

    def locked_at(self, year: int) -> int:
        return self._locks.get(year, 0)

    def version(self, school: bytes) -> int:
        return len(self._schools[school].keys)

    def keys(self, school: bytes, version: int) -> Keys:
        return self._schools[school].keys[version - 1] if 0 < version <= self.version(school) else Keys()

    def operator(self, school: bytes) -> str:
        return self.keys(school, self.version(school)).operator

    def seal(self, school: bytes) -> bytes:
        return self.keys(school, self.version(school)).seal_certificate

    def standing(self, school: bytes) -> tuple[Standing, bytes, int]:
        named = self._schools[school]
        return named.standing, named.successor, named.since

    def school(self, school: bytes) -> School:
        named, version = self._schools[school], self.version(school)
        return School(named.standing, version, named.contested, self.keys(school, version), named.successor)

    def proposal(self, school: bytes) -> Proposal:
        return self._schools[school].proposal

    def compromise(self, school: bytes, version: int) -> tuple[int, int]:
        return self._schools[school].reports.get(version, (0, 0))

    def annulments(self, record: Record) -> int:
        return len(self._annulled[record])

    def annulled_recall(self, record: Record, index: int) -> tuple[AnnulledRecall, int]:
        made, annulled_at = self._annulled[record][index]
        named, replacement = made.replaced, made.replacement
        recall = Recall(
            recalled_at=made.act.time,
            recalled_in_block=made.block,
            approved_at=made.approved_at,
            replaced_at=named.time if named else 0,
            version=made.act.version,
            replacer_version=named.version if named else 0,
            reason=made.reason,
            by=made.act.by,
            replacer=named.by if named else 0,
            replaced_by_successor=replacement is not None and replacement.school != record.school,
        )
        return AnnulledRecall(recall, replacement.entry if replacement else ZERO), annulled_at

    def approved_at(self, school: bytes, request: RecallRequest) -> int:
        return self._approvals[Record(school, request.root, request.entry)].get(request, 0)

    def statements(self, publisher: bytes, topic: bytes) -> list[tuple[bytes, int]]:
        return self._statements[publisher, topic]

    def newest_statement(self, publisher: bytes, topic: bytes) -> tuple[bytes, int]:
        published = self.statements(publisher, topic)
        return published[-1] if published else (ZERO, 0)

    def status(self, record: Record, proof: Sequence[bytes]) -> LeafStatus:
        named = self._schools[record.school]
        told: dict[str, Any] = {"standing": named.standing, "successor": named.successor}
        if batch := self._batches.get((record.school, record.root)):
            keys = self.keys(record.school, batch.version)
            since, recorded_at = self.compromise(record.school, batch.version)
            told |= {
                "included": root_of(keccak(record.entry), proof) == record.root,
                "anchored_at": batch.time,
                "anchored_in_block": batch.block,
                "leaf_count": batch.leaf_count,
                "school_year": batch.year,
                "locked_at": self.locked_at(batch.year),
                "late": batch.year in self._locks and self._locks[batch.year] < batch.time,
                "version": batch.version,
                "anchored_by": keys.operator,
                "seal_certificate": keys.seal_certificate,
                "anchor_doubtful": 0 < since <= batch.time,
                "compromised_since": since,
                "compromise_recorded_at": recorded_at,
            }
        if recall := self._recalls.get(record):
            told |= {
                "recalled_at": recall.act.time,
                "recalled_in_block": recall.block,
                "approved_at": recall.approved_at,
                "reason": recall.reason,
                "recalled_by": recall.act.by,
                "recaller": recall.act.account,
                "recall_doubtful": self._doubtful(recall.act),
            }
            if recall.replaced and recall.replacement:
                told |= {
                    "replaced_at": recall.replaced.time,
                    "replaced_by": recall.replaced.by,
                    "replacer": recall.replaced.account,
                    "replacement_doubtful": self._doubtful(recall.replaced),
                    "replacement_school": recall.replacement.school,
                    "replacement_entry": recall.replacement.entry,
                }
        return LeafStatus(**told)

    def _doubtful(self, act: _Act) -> bool:
        since, _ = self.compromise(act.school, act.version)
        return 0 < since <= act.time


def _record_in(event: Event) -> Record:
    return Record(event.values["school"], event.values["root"], event.values["entry"])


def _request_in(event: Event) -> RecallRequest:
    values = event.values
    replacement = Replacement(values["replacementRoot"], values["replacementEntry"])
    return RecallRequest(values["root"], values["entry"], values["reason"], replacement)
