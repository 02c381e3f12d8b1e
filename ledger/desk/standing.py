# SPDX-License-Identifier: Apache-2.0

"""Where a decision stands on its way to the chain, in the few words that people need. Pure."""

from enum import Enum

from ledger.batch import BatchState


class Standing(Enum):
    """What is to happen next, and by whom."""

    WAITS = "the authority has to consent"
    CONSENTED = "the authority has consented; its consent is not on the chain yet"
    DECIDED = "it goes to the chain with the next run"
    ON_ITS_WAY = "a transaction carries it; the chain has to confirm"
    DONE = "it stands on the chain for good"
    FAILED = "the contract refused it; a person has to look"


def standing(state: BatchState, *, locked: bool, consent: BatchState | None) -> Standing:
    """How a decision in `state` stands; in a `locked` year it needs the authority's consent, which stands at `consent`."""
    match state:
        case BatchState.FINAL:
            return Standing.DONE
        case BatchState.FAILED:
            return Standing.FAILED
        case BatchState.SEALED if locked and consent is not BatchState.FINAL:
            return Standing.WAITS if consent is None else Standing.CONSENTED
        case BatchState.SEALED:
            return Standing.DECIDED
    return Standing.ON_ITS_WAY
