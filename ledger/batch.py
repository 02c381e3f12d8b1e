# SPDX-License-Identifier: Apache-2.0

"""The life of whatever is carried to the chain, and what to do next. Pure.

A batch is a closed set of leaves under one root; a recall withdraws one leaf. Both are carried by a transaction, and both
go the same way::

    SEALED --sign and store--> PREPARED --broadcast--> SENT --in a block--> MINED --deep enough--> FINAL
                                  ^                      |                    |
                                  +---- not in a block --+------- reorg ------+

An *attempt* is one signed transaction. It is stored before a byte of it leaves the machine, and the same bytes are sent
again after a crash. A reorg takes MINED back to PREPARED and is an ordinary case.
"""

from dataclasses import dataclass
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
    """It is as deep as the chain's confirmation rule asks; receipts are handed out from here on."""
    FAILED = "failed"
    """The contract refused it, deep enough that no reorg brings it back, and it changed nothing on chain. A person must look."""


LEGAL_MOVES: frozenset[tuple[BatchState, BatchState]] = frozenset(
    {
        (BatchState.SEALED, BatchState.PREPARED),
        (BatchState.SEALED, BatchState.FAILED),
        (BatchState.PREPARED, BatchState.SENT),
        (BatchState.PREPARED, BatchState.MINED),
        (BatchState.SENT, BatchState.PREPARED),
        (BatchState.SENT, BatchState.MINED),
        (BatchState.SENT, BatchState.FAILED),
        (BatchState.PREPARED, BatchState.FAILED),
        (BatchState.MINED, BatchState.PREPARED),
        (BatchState.MINED, BatchState.FINAL),
    }
)

OPEN_STATES = frozenset({BatchState.SEALED, BatchState.PREPARED, BatchState.SENT, BatchState.MINED})
"""What still needs somebody to carry it on."""


class Step(Enum):
    """The one thing to do next."""

    PREPARE = "sign a transaction and store it"
    BROADCAST = "send the stored bytes, again if need be"
    NOTE_MINED = "note that it is in a block"
    NOTE_REORG = "note that it no longer is"
    NOTE_FINAL = "note that it is deep enough"
    NOTE_FAILED = "note that the contract refused it"
    WAIT = "nothing to do until the chain moves"


@dataclass(frozen=True)
class Sighting:
    """What the chain says of an attempt's transaction."""

    block_number: int
    succeeded: bool


def next_step(state: BatchState, *, sighting: Sighting | None, head: int, confirmations: int) -> Step:
    """What to do for an errand in `state` whose transaction the chain shows as `sighting`, with its head at block `head`.

    `confirmations` counts the transaction's own block: with 1, a transaction in the newest block is final. Judges only by
    what the chain says now, so it may be asked again at any time, by anybody.
    """
    match state:
        case BatchState.SEALED:
            return Step.PREPARE
        case BatchState.PREPARED | BatchState.SENT:
            if sighting is None:
                return Step.BROADCAST
            # A reorg may still carry out what this branch of the chain refused.
            refused = Step.NOTE_FAILED if _deep(sighting, head, confirmations) else Step.WAIT
            return Step.NOTE_MINED if sighting.succeeded else refused
        case BatchState.MINED:
            if sighting is None or not sighting.succeeded:
                return Step.NOTE_REORG
            return Step.NOTE_FINAL if _deep(sighting, head, confirmations) else Step.WAIT
        case BatchState.FINAL | BatchState.FAILED:
            return Step.WAIT


def _deep(sighting: Sighting, head: int, confirmations: int) -> bool:
    return head - sighting.block_number + 1 >= confirmations
