# SPDX-License-Identifier: Apache-2.0

"""What is kept for a moment: questions are saved, a recall still shows in time, and an outage is never remembered."""

from dataclasses import replace

import pytest

from ledger.chain.registry import RecallReason
from ledger.store.reader import ReceiptEntry
from tests.simulators.issuing_world import NOW, TRUST, World
from tests.simulators.web_client import get
from verifier_api.recent import KEPT_SECONDS, MOST_RECEIPTS, NotKept, Recently, recent
from verifier_api.routes import VERDICT_SECONDS
from verifier_api.verdict import Standing
from verifier_api.verifier import Verifier


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


class Kept:
    """A world, and both verifiers over what is kept of it."""

    def __init__(self, **options):
        self.world, self.clock = World(), Clock()
        self.unit = self.world.issue()
        receipts, registry = recent(self.world, self.world, now=self.clock, **options)
        self.waiting, self.at_once = (
            Verifier.live(trust=TRUST, issued=one, registry=other, examiner=None, now=lambda: NOW)
            for one, other in ((receipts, registry), (receipts.kept(), registry.kept()))
        )

    def at_once_after_waiting(self):
        self.waiting.unit(self.unit.id)
        return self.at_once.unit(self.unit.id)

    def asked(self):
        return self.world.asked.total()


def test_what_was_asked_a_moment_ago_is_not_asked_again():
    kept = Kept()
    first = kept.waiting.digest(kept.unit.sha256)
    asked = kept.asked()
    assert kept.waiting.digest(kept.unit.sha256) == first
    assert kept.at_once.digest(kept.unit.sha256) == first
    assert kept.asked() == asked


def test_what_nobody_asked_is_not_known_at_once():
    kept = Kept()
    with pytest.raises(NotKept):
        kept.at_once.digest(kept.unit.sha256)
    with pytest.raises(NotKept):
        kept.at_once.unit(kept.unit.id)


def test_a_recall_shows_within_a_minute_with_what_clients_keep():
    assert KEPT_SECONDS <= 30
    assert KEPT_SECONDS + VERDICT_SECONDS < 60
    kept = Kept()
    assert kept.waiting.unit(kept.unit.id).standing is Standing.CURRENT
    kept.world.recall(kept.unit, reason=RecallReason.FRAUD)
    kept.clock.seconds += KEPT_SECONDS + 0.001
    with pytest.raises(NotKept):
        kept.at_once.unit(kept.unit.id)
    assert kept.waiting.unit(kept.unit.id).standing is Standing.RECALLED


@pytest.mark.parametrize("leg", ["ledger_down", "chain_down"])
def test_an_outage_is_not_kept(leg):
    kept = Kept()
    setattr(kept.world, leg, True)
    assert kept.waiting.unit(kept.unit.id).standing is Standing.UNKNOWN
    setattr(kept.world, leg, False)
    assert kept.waiting.unit(kept.unit.id).standing is Standing.CURRENT


def test_what_is_unknown_is_asked_again():
    kept = Kept()
    coming = "ab" * 32
    kept.waiting.digest(coming)
    asked = kept.asked()
    kept.waiting.digest(coming)
    assert kept.asked() > asked


def test_where_a_standing_chain_is_to_be_noticed_answers_are_kept_for_less():
    kept = Kept(newest_block_within=15)
    kept.waiting.unit(kept.unit.id)
    kept.clock.seconds += 5.001
    with pytest.raises(NotKept):
        kept.at_once.unit(kept.unit.id)


def test_an_answer_is_as_old_as_its_question():
    clock = Clock()
    recently = Recently(now=clock, seconds=10)

    def slow(_):
        clock.seconds += 9
        return "answer"

    assert recently.told("question", "asked", slow) == "answer"
    clock.seconds += 2
    with pytest.raises(NotKept):
        recently.told("question", None, slow)


def test_an_answer_that_comes_late_does_not_take_the_place_of_a_newer_one():
    clock = Clock()
    recently = Recently(now=clock)

    def slow(_):
        clock.seconds += 15
        assert recently.told("standing", "node", lambda _: "recalled") == "recalled"
        return "current"

    assert recently.told("standing", "node", slow) == "recalled"
    assert recently.told("standing", None, slow) == "recalled"


def test_what_is_asked_all_the_time_is_renewed_beside_and_gets_no_older():
    clock, waiting, asked = Clock(), [], []
    recently = Recently(now=clock, seconds=10, later=waiting.append)

    def ask(_):
        asked.append(clock.seconds)
        return f"as of {clock.seconds}"

    def told():
        return recently.told("question", None, ask)

    recently.told("question", "asked", ask)
    clock.seconds += 5
    told()
    assert not waiting  # In the first half of its time nobody is asked.
    clock.seconds += 2
    assert [told(), told()] == ["as of 1000.0"] * 2
    assert len(waiting) == 1  # Once, however often it is asked for.
    waiting.pop()()
    assert asked == [1000.0, 1007.0]
    clock.seconds += 9.5
    assert told() == "as of 1007.0"
    clock.seconds += 1
    with pytest.raises(NotKept):  # The renewal that `later` has not come to yet keeps nothing alive.
        told()


def test_an_answer_that_cannot_be_renewed_is_no_longer_given_when_it_is_too_old():
    kept = Kept(later=lambda renew: renew())
    assert kept.at_once_after_waiting().standing is Standing.CURRENT
    kept.world.chain_down = True
    kept.clock.seconds += KEPT_SECONDS * 0.75
    assert kept.at_once.unit(kept.unit.id).standing is Standing.CURRENT
    kept.clock.seconds += KEPT_SECONDS * 0.5
    assert kept.waiting.unit(kept.unit.id).standing is Standing.UNKNOWN


def test_a_recall_shows_in_what_is_renewed():
    kept = Kept(later=lambda renew: renew())
    assert kept.at_once_after_waiting().standing is Standing.CURRENT
    kept.world.recall(kept.unit, reason=RecallReason.FRAUD)
    kept.clock.seconds += KEPT_SECONDS * 0.75
    kept.at_once.unit(kept.unit.id)  # Old enough to be renewed, and as it was.
    assert kept.at_once.unit(kept.unit.id).standing is Standing.RECALLED


def test_no_more_is_kept_than_there_is_room_for():
    recently = Recently(now=Clock(), most=10)
    for number in range(100):
        recently.told(number, "asked", lambda _, number=number: str(number))
    known = []
    for number in range(100):
        try:
            known.append(recently.told(number, None, str))
        except NotKept:
            continue
    assert 1 <= len(known) <= 10
    assert known[-1] == "99"


def test_the_api_says_the_same_at_once_as_after_waiting():
    kept = Kept()
    app = kept.world.app(verifier=kept.waiting, at_once=kept.at_once)
    path = f"/v1/units/{kept.unit.id}"
    first = get(app, path)
    asked = kept.asked()
    assert get(app, path).content == first.content
    assert kept.asked() == asked
    assert first.json()["standing"] == "CURRENT"


def test_receipts_with_their_tokens_fill_no_more_than_was_promised():
    kept = Kept()
    entry = ReceiptEntry(kept.unit.id, bytes(20_000), final=True)
    kept.world.receipt_of_file = lambda _: replace(entry, receipt=bytes(20_000))
    receipts, _ = recent(kept.world, kept.world, now=kept.clock)
    for number in range(2 * MOST_RECEIPTS):
        receipts.receipt_of_file(f"{number:064x}")
    held = receipts._recently
    assert sum(len(each.answer.receipt) for part in (held._young, held._old) for each in part.values()) <= 80_000_000
