# SPDX-License-Identifier: Apache-2.0

"""The life of a batch: every arrow there is, and what to do in every state for everything the chain may show."""

import itertools
from datetime import timedelta

import pytest

from ledger.batch import LEGAL_MOVES, OPEN_STATES, BatchState, Patience, Sighting, Step, Waiting, next_step

SEALED, PREPARED, SENT, MINED, FINAL, FAILED = BatchState
HEAD, CONFIRMATIONS = 100, 3
DEEP, SHALLOW = HEAD - CONFIRMATIONS + 1, HEAD - CONFIRMATIONS + 2

ARROWS = {
    (SEALED, PREPARED),
    (SEALED, FAILED),
    (PREPARED, SEALED),
    (PREPARED, SENT),
    (PREPARED, MINED),
    (PREPARED, FAILED),
    (SENT, SEALED),
    (SENT, PREPARED),
    (SENT, MINED),
    (SENT, FAILED),
    (MINED, PREPARED),
    (MINED, FINAL),
    (FAILED, SEALED),
    (SEALED, FINAL),
}
SIGHTINGS = {
    "in no block": None,
    "in a shallow block": Sighting(SHALLOW, succeeded=True),
    "in a deep block": Sighting(DEEP, succeeded=True),
    "undone in a shallow block": Sighting(SHALLOW, succeeded=False),
    "undone in a deep block": Sighting(DEEP, succeeded=False),
}
STEPS = {
    SEALED: [Step.PREPARE] * 5,
    PREPARED: [Step.BROADCAST, Step.NOTE_MINED, Step.NOTE_MINED, Step.WAIT, Step.NOTE_FAILED],
    SENT: [Step.BROADCAST, Step.NOTE_MINED, Step.NOTE_MINED, Step.WAIT, Step.NOTE_FAILED],
    MINED: [Step.NOTE_REORG, Step.WAIT, Step.NOTE_FINAL, Step.NOTE_REORG, Step.NOTE_REORG],
    FINAL: [Step.WAIT] * 5,
    FAILED: [Step.WAIT] * 5,
}
LEADS_TO = {
    Step.PREPARE: PREPARED,
    Step.BROADCAST: SENT,
    Step.NOTE_MINED: MINED,
    Step.NOTE_REORG: PREPARED,
    Step.NOTE_FINAL: FINAL,
    Step.NOTE_FAILED: FAILED,
}


def step(state, sighting, *, head=HEAD, confirmations=CONFIRMATIONS):
    return next_step(state, sighting=sighting, settled=head - confirmations + 1)


def test_these_are_the_arrows_and_there_are_no_others():
    assert set(LEGAL_MOVES) == ARROWS


@pytest.mark.parametrize("state", BatchState)
@pytest.mark.parametrize("seen", SIGHTINGS)
def test_what_to_do_next(state, seen):
    assert step(state, SIGHTINGS[seen]) is STEPS[state][list(SIGHTINGS).index(seen)]


@pytest.mark.parametrize(("state", "sighting"), list(itertools.product(BatchState, SIGHTINGS.values())))
def test_no_step_leads_along_an_arrow_that_does_not_exist(state, sighting):
    decided = step(state, sighting)
    if decided is not Step.WAIT and LEADS_TO[decided] is not state:
        assert (state, LEADS_TO[decided]) in ARROWS


def test_final_is_final_and_what_failed_waits_for_a_person():
    assert not any(old is FINAL for old, _ in ARROWS)
    assert [new for old, new in ARROWS if old is FAILED] == [SEALED]
    assert {SEALED, PREPARED, SENT, MINED} == OPEN_STATES


@pytest.mark.parametrize(
    ("block", "confirmations", "final"),
    [(100, 1, True), (101, 1, False), (100, 2, False), (99, 2, True), (89, 12, True), (90, 12, False), (0, 101, True)],
)
def test_the_transactions_own_block_counts_as_the_first_confirmation(block, confirmations, final):
    expected = Step.NOTE_FINAL if final else Step.WAIT
    assert step(MINED, Sighting(block, succeeded=True), confirmations=confirmations) is expected


def test_a_node_that_lags_behind_its_own_receipt_makes_nothing_final():
    assert step(MINED, Sighting(HEAD + 5, succeeded=True), confirmations=1) is Step.WAIT


def test_values_that_the_database_holds_never_change():
    assert [state.value for state in BatchState] == ["sealed", "prepared", "sent", "mined", "final", "failed"]


def after(minutes: float, *, first: float | None = None, attempts: int = 1) -> Waiting:
    return Waiting(attempts, timedelta(minutes=minutes), timedelta(minutes=first or minutes))


@pytest.mark.parametrize("state", [PREPARED, SENT])
@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        (after(0), Step.BROADCAST),
        (after(2.9), Step.BROADCAST),
        (after(3), Step.RAISE),
        (after(3, first=60, attempts=5), Step.RAISE),
        (after(3, first=60, attempts=6), Step.BROADCAST),
        (None, Step.BROADCAST),
    ],
)
def test_what_lies_too_long_is_raised_so_many_times(state, waiting, expected):
    assert next_step(state, sighting=None, settled=DEEP, waiting=waiting) is expected


def test_what_is_in_a_block_is_not_raised():
    found = Sighting(SHALLOW, succeeded=True)
    assert next_step(SENT, sighting=found, settled=DEEP, waiting=after(60)) is Step.NOTE_MINED


def test_people_are_told_by_the_first_attempt_and_not_the_newest():
    assert not after(19.9).stuck(Patience())
    assert after(0, first=20, attempts=4).stuck(Patience())
