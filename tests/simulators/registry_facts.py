# SPDX-License-Identifier: Apache-2.0

"""What the reference model of the registry knows: facts, each with its second and block, and the values of its answers.

Answers are named tuples in the order of the ABI, so that they equal what `eth_abi` decodes.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

ZERO = bytes(32)
NOBODY = "0x" + "00" * 20


class RecallPolicy(IntEnum):
    SCHOOL_ALONE = 0
    WITH_APPROVAL = 1


class Standing(IntEnum):
    UNREGISTERED = 0
    ACTIVE = 1
    SUSPENDED = 2
    CLOSED = 3


class Recaller(IntEnum):
    NOBODY = 0
    SCHOOL = 1
    SUCCESSOR = 2
    AUTHORITY = 3


class Replacement(NamedTuple):
    root: bytes = ZERO
    entry: bytes = ZERO


class RecallRequest(NamedTuple):
    """One recall in the words in which it is asked for and approved; reason 0 and no replacement stand for an annulment."""

    root: bytes
    entry: bytes
    reason: int = 0
    replacement: Replacement = Replacement()


class Keys(NamedTuple):
    operator: str = NOBODY
    since: int = 0
    seal_certificate: bytes = ZERO
    consent: bytes = ZERO


class School(NamedTuple):
    standing: int = 0
    version: int = 0
    contested: bool = False
    keys: Keys = Keys()
    successor: bytes = ZERO


class Proposal(NamedTuple):
    operator: str = NOBODY
    effective_from: int = 0
    contested: bool = False
    seal_certificate: bytes = ZERO
    consent: bytes = ZERO


class Recall(NamedTuple):
    recalled_at: int = 0
    recalled_in_block: int = 0
    approved_at: int = 0
    replaced_at: int = 0
    version: int = 0
    replacer_version: int = 0
    reason: int = 0
    by: int = 0
    replacer: int = 0
    replaced_by_successor: bool = False


class AnnulledRecall(NamedTuple):
    recall: Recall
    replacement_entry: bytes


class LeafStatus(NamedTuple):
    included: bool = False
    anchored_at: int = 0
    anchored_in_block: int = 0
    leaf_count: int = 0
    school_year: int = 0
    locked_at: int = 0
    late: bool = False
    version: int = 0
    anchored_by: str = NOBODY
    seal_certificate: bytes = ZERO
    anchor_doubtful: bool = False
    compromised_since: int = 0
    compromise_recorded_at: int = 0
    recalled_at: int = 0
    recalled_in_block: int = 0
    approved_at: int = 0
    reason: int = 0
    recalled_by: int = 0
    recaller: str = NOBODY
    recall_doubtful: bool = False
    replaced_at: int = 0
    replaced_by: int = 0
    replacer: str = NOBODY
    replacement_doubtful: bool = False
    replacement_school: bytes = ZERO
    replacement_entry: bytes = ZERO
    standing: int = 0
    successor: bytes = ZERO


class Record(NamedTuple):
    """A record as its school, its batch and its entry name it."""

    school: bytes
    root: bytes
    entry: bytes


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that happened, in a second and a block."""

    time: int
    block: int


@dataclass(frozen=True, kw_only=True)
class AuthorityTaken(Fact):
    account: str
    """`NOBODY` when the authority gave up its role."""


@dataclass(frozen=True, kw_only=True)
class HandOverScheduled(Fact):
    account: str
    after: int
    """The second after which it can be accepted; 0 when the hand-over was called off, or done."""


@dataclass(frozen=True, kw_only=True)
class DelayScheduled(Fact):
    delay: int
    after: int
    """The second after which it holds; 0 when a change that had not come to hold was called off."""


@dataclass(frozen=True, kw_only=True)
class PolicySet(Fact):
    policy: RecallPolicy


@dataclass(frozen=True, kw_only=True)
class YearLocked(Fact):
    year: int


@dataclass(frozen=True, kw_only=True)
class KeysTaken(Fact):
    school: bytes
    version: int
    operator: str
    seal_certificate: bytes
    consent: bytes


@dataclass(frozen=True, kw_only=True)
class StandingTaken(Fact):
    school: bytes
    standing: Standing
    successor: bytes = ZERO


@dataclass(frozen=True, kw_only=True)
class KeysProposed(Fact):
    school: bytes
    proposal: Proposal


@dataclass(frozen=True, kw_only=True)
class ProposalEnded(Fact):
    school: bytes
    contested: bool
    """Whether the operator stopped it; otherwise it was withdrawn or carried out."""


@dataclass(frozen=True, kw_only=True)
class CompromiseReported(Fact):
    school: bytes
    version: int
    since: int


@dataclass(frozen=True, kw_only=True)
class BatchAnchored(Fact):
    school: bytes
    root: bytes
    year: int
    leaf_count: int
    version: int


@dataclass(frozen=True, kw_only=True)
class ApprovalGiven(Fact):
    school: bytes
    request: RecallRequest


@dataclass(frozen=True, kw_only=True)
class ApprovalEnded(Fact):
    """It served, or was withdrawn."""

    school: bytes
    request: RecallRequest


class Actor(NamedTuple):
    """Who acted for a school, as it was then."""

    by: Recaller
    account: str
    school: bytes
    """The school whose operator that was, or zero for the authority."""
    version: int
    """The version of that school's keys; for the authority, which of all it was."""


@dataclass(frozen=True, kw_only=True)
class RecallMade(Fact):
    record: Record
    reason: int
    actor: Actor
    approved_at: int


@dataclass(frozen=True, kw_only=True)
class ReplacementNamed(Fact):
    record: Record
    replacement: Record
    actor: Actor


@dataclass(frozen=True, kw_only=True)
class RecallAnnulled(Fact):
    record: Record


@dataclass(frozen=True, kw_only=True)
class StatementPublished(Fact):
    publisher: bytes
    topic: bytes
    digest: bytes
