# SPDX-License-Identifier: Apache-2.0

"""The life of whatever is carried to the chain, and what to do next. Pure.

A batch is a closed set of leaves under one root; a recall withdraws one leaf; an act is anything else that the registry is told.
All are carried by a transaction, and all go the same way::

    SEALED --sign and store--> PREPARED --broadcast--> SENT --in a block--> MINED --settled--> FINAL
      ^                           ^                      |                    |
      |                           +---- not in a block --+------- reorg ------+
      +--- its number was used by a transaction that is not ours, or a person has it tried again after FAILED

SEALED leads to FAILED where the registry will never carry it out any more: a replacement was recalled before it was named; and to
FINAL where somebody has done the same with another tool: the year is locked already, the recall approved.

An *attempt* is one signed transaction. It is stored before a byte of it leaves the machine, and the same bytes are sent
again after a crash. One that the network leaves lying is replaced by another with the same number and higher fees. A reorg takes
MINED back to PREPARED and is an ordinary case.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, StrEnum


class BatchState(StrEnum):
    """Where a batch or a recall stands. Stored by value."""

    SEALED = "sealed"
    """Decided and stored, with all its proofs; no transaction exists."""
    PREPARED = "prepared"
    """A signed transaction is stored; nobody may have seen it."""
    SENT = "sent"
    """A node has taken the transaction."""
    MINED = "mined"
    """It is in a block that is not deep enough yet."""
    FINAL = "final"
    """It is in a block that no reorganisation takes back; receipts are handed out from here on."""
    FAILED = "failed"
    """The contract refused it, for good, and it changed nothing on chain. A person must look, and may have it tried again."""


LEGAL_MOVES: frozenset[tuple[BatchState, BatchState]] = frozenset(
    {
        (BatchState.SEALED, BatchState.PREPARED),
        (BatchState.SEALED, BatchState.FAILED),
        (BatchState.SEALED, BatchState.FINAL),
        (BatchState.PREPARED, BatchState.SEALED),
        (BatchState.PREPARED, BatchState.SENT),
        (BatchState.PREPARED, BatchState.MINED),
        (BatchState.SENT, BatchState.SEALED),
        (BatchState.SENT, BatchState.PREPARED),
        (BatchState.SENT, BatchState.MINED),
        (BatchState.SENT, BatchState.FAILED),
        (BatchState.PREPARED, BatchState.FAILED),
        (BatchState.MINED, BatchState.PREPARED),
        (BatchState.MINED, BatchState.FINAL),
        (BatchState.FAILED, BatchState.SEALED),
    }
)

OPEN_STATES = frozenset({BatchState.SEALED, BatchState.PREPARED, BatchState.SENT, BatchState.MINED})
"""What still needs somebody to carry it on."""


class ActKind(StrEnum):
    """What an act does on the registry. Stored by value."""

    PUBLISH = "publish"
    """States a digest, of the authority or of a school."""
    LOCK = "lock"
    """Locks a school year, for good. The authority's."""
    APPROVE = "approve"
    """Consents to one recall, or to one replacement of what is recalled. The authority's."""
    REPLACE = "replace"
    """Names the record that takes a recalled one's place. The school's."""


AUTHORITY_ACTS = frozenset({ActKind.LOCK, ActKind.APPROVE})
"""Those that only the authority's key can do; to publish, whoever publishes does."""


class Step(Enum):
    """The one thing to do next."""

    PREPARE = "sign a transaction and store it"
    BROADCAST = "send the stored bytes, again if need be"
    RAISE = "sign the same at higher fees, store it, and send that"
    NOTE_MINED = "note that it is in a block"
    NOTE_REORG = "note that it no longer is"
    NOTE_FINAL = "note that no reorganisation takes it back"
    NOTE_FAILED = "note that the contract refused it"
    WAIT = "nothing to do until the chain moves"


@dataclass(frozen=True)
class Sighting:
    """What the chain says of an attempt's transaction."""

    block_number: int
    succeeded: bool


@dataclass(frozen=True)
class Patience:
    """How long a transaction may lie with the network."""

    raise_after: timedelta = timedelta(minutes=3)
    """When an attempt has been in no block for so long, its fees are raised."""
    most_attempts: int = 6
    """So many, all in all, for one number: with a quarter more each time, three times the first offer."""
    fill_after: timedelta = timedelta(minutes=5)
    """When an attempt has been in no block for so long, a number before its own that has nothing is used up with an empty
    transaction: after the first raise, and well before anybody is told."""
    report_after: timedelta = timedelta(minutes=20)
    """When the first attempt has been in no block for so long, people are told."""


DEFAULT_PATIENCE = Patience()


@dataclass(frozen=True)
class Waiting:
    """How long an errand's attempts have been in no block."""

    attempts: int = 1
    newest: timedelta = timedelta(0)
    oldest: timedelta = timedelta(0)

    def stuck(self, patience: Patience) -> bool:
        """Whether people should be told."""
        return self.oldest >= patience.report_after

    def too_long(self, patience: Patience) -> bool:
        """Whether its fees should be raised, if they were not raised often enough."""
        return self.newest >= patience.raise_after and self.attempts < patience.most_attempts

    def behind_a_gap(self, patience: Patience) -> bool:
        """Whether a number before its own that has nothing should be used up."""
        return self.oldest >= patience.fill_after


def next_step(
    state: BatchState,
    *,
    sighting: Sighting | None,
    settled: int,
    waiting: Waiting | None = None,
    patience: Patience = DEFAULT_PATIENCE,
) -> Step:
    """What to do for an errand in `state` whose transaction the chain shows as `sighting`.

    `settled` is the newest block that no reorganisation takes back. Judges only by what the chain says now, so it may be asked
    again at any time, by anybody.
    """
    match state:
        case BatchState.SEALED:
            return Step.PREPARE
        case BatchState.PREPARED | BatchState.SENT:
            if sighting is None:
                return Step.RAISE if waiting is not None and waiting.too_long(patience) else Step.BROADCAST
            # A reorg may still carry out what this branch of the chain refused.
            refused = Step.NOTE_FAILED if sighting.block_number <= settled else Step.WAIT
            return Step.NOTE_MINED if sighting.succeeded else refused
        case BatchState.MINED:
            if sighting is None or not sighting.succeeded:
                return Step.NOTE_REORG
            return Step.NOTE_FINAL if sighting.block_number <= settled else Step.WAIT
        case BatchState.FINAL | BatchState.FAILED:
            return Step.WAIT
