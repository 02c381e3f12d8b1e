# SPDX-License-Identifier: Apache-2.0

"""How decisions end that are not carried: taken back, declined, tried again, given up, or done by somebody else meanwhile.

After each, the audit has nothing to report and the journal is whole and says who and why.
"""

import copy

import pytest

from ledger.audit.auditor import audit
from ledger.audit.findings import Severity
from ledger.batch import ActKind, BatchState
from ledger.chain.registry import RecallReason as OnChain
from ledger.chain.registry import RecallRequest
from ledger.errors import LostRace, NothingToApprove, NothingToTakeBack, ReasonMissing, TooLateToTakeBack
from ledger.journal import Deed, breaks
from ledger.proof.merkle import keccak
from ledger.store.errand_writer import NewAct
from ledger.store.errands import Number
from ledger.unit import RecallReason, UnitState
from tests.simulators.anchoring_world import World, world_with
from tests.simulators.audited_world import tamper
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate, Meanwhile, each, mortal_statements
from tests.simulators.school_ledger import AUTHORITY, CONFIRMATIONS, OPERATOR, OTHER_SCHOOL, SCHOOL, YEAR

WHY = "ghi nhầm học sinh"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Three anchored units, and the same with their year locked."""
    open_year = world_with(tmp_path_factory.mktemp("built"), 3)
    open_year.seal()
    open_year.finish()
    locked = World(
        open_year.ledger.copied(tmp_path_factory.mktemp("locked") / "ledger"), copy.deepcopy(open_year.chain)
    )
    locked.ledger.decisions.lock(YEAR, by="Sở", why="hết năm")
    locked.finish(**locked.as_authority())
    return open_year, locked


@pytest.fixture
def anchored(built, tmp_path):
    return World(built[0].ledger.copied(tmp_path / "anchored"), copy.deepcopy(built[0].chain))


@pytest.fixture
def locked(built, tmp_path):
    return World(built[1].ledger.copied(tmp_path / "locked"), copy.deepcopy(built[1].chain))


def first(world):
    return world.ledger.units(world.ledger.issued_ids())[0]


def recall(world, **more):
    world.ledger.decisions.recall(
        first(world).id, school_code=SCHOOL, reason=RecallReason.WRONG_DATA, by="van.thu", why="nhầm điểm", **more
    )


def withdraw(world, *, school_code=SCHOOL, why=WHY):
    world.ledger.decisions.withdraw(first(world).id, school_code=school_code, by="hieu.truong", why=why)


def decline(world, why="điểm đúng"):
    world.ledger.decisions.decline(first(world).id, by="so.gd", why=why)


def told(world):
    return [(entry.deed, entry.who, entry.why) for entry, _ in world.ledger.journal.entries()]


def assert_sound(world):
    """Nothing is wrong, but that somebody whose record was recalled has none."""
    found = audit(world.ledger.engine, chain=world.chain, finality=CONFIRMATIONS)
    assert {one.code for one in found if one.severity is not Severity.INFO} <= {"class.incomplete"}
    assert list(breaks(world.ledger.journal.entries())) == []


def refused(world, act, error):
    before = world.ledger.rows()
    with pytest.raises(error) as caught:
        act()
    assert world.ledger.rows() == before
    return caught.value


# Taking back, and declining.


def test_a_recall_that_was_not_sent_is_taken_back_and_may_be_decided_again(anchored):
    before = first(anchored)
    recall(anchored, evidence=b"%PDF bien ban")
    withdraw(anchored)
    assert anchored.ledger.errands.open_recalls() == []
    assert told(anchored)[-1] == (Deed.RECALL_WITHDRAWN, "hieu.truong", WHY)
    anchored.finish()
    assert first(anchored) == before
    assert_sound(anchored)
    recall(anchored)
    anchored.finish()
    assert first(anchored).state is UnitState.RECALLED
    assert_sound(anchored)


def test_what_was_sent_cannot_be_taken_back(anchored):
    recall(anchored)
    anchored.tick()
    told_why = refused(anchored, lambda: withdraw(anchored), TooLateToTakeBack)
    assert "đã gửi lên chuỗi" in told_why.vi
    anchored.finish()
    refused(anchored, lambda: withdraw(anchored), TooLateToTakeBack)


def test_what_was_signed_and_lost_its_number_counts_as_sent(anchored):
    recall(anchored)
    anchored.tick()
    (open_recall,) = anchored.recalls()
    anchored.ledger.errand_writer.lose_number(open_recall, anchored.ledger.errands.number(open_recall))
    refused(anchored, lambda: withdraw(anchored), TooLateToTakeBack)


def test_a_number_that_was_set_aside_goes_to_the_next_errand(anchored):
    recall(anchored)
    (open_recall,) = anchored.recalls()
    anchored.ledger.errand_writer.reserve(open_recall, Number(OPERATOR.address, 1))
    withdraw(anchored)
    assert anchored.ledger.errands.next_nonce(OPERATOR.address, mined=1, waiting=1) == 1
    recall(anchored)
    anchored.finish()
    assert first(anchored).state is UnitState.RECALLED


@pytest.mark.parametrize("deed", [withdraw, decline])
def test_nothing_is_ended_that_nobody_asked_for_and_nothing_without_a_reason(locked, deed):
    refused(locked, lambda: deed(locked), NothingToTakeBack)
    recall(locked)
    refused(locked, lambda: deed(locked, why=" "), ReasonMissing)


def test_only_the_school_that_asked_takes_it_back(anchored):
    recall(anchored)
    refused(anchored, lambda: withdraw(anchored, school_code=OTHER_SCHOOL), NothingToTakeBack)


def test_the_authority_declines_what_waits_for_it(locked):
    recall(locked)
    locked.tick()
    decline(locked)
    assert told(locked)[-1] == (Deed.RECALL_DECLINED, "so.gd", "điểm đúng")
    assert locked.tick().unapproved == ()
    assert first(locked).state is UnitState.LOCKED
    refused(locked, lambda: locked.ledger.decisions.approve(first(locked).id, by="so.gd"), NothingToApprove)
    assert_sound(locked)
    recall(locked)
    locked.ledger.decisions.approve(first(locked).id, by="so.gd")
    locked.finish(**locked.as_authority())
    locked.finish()
    assert first(locked).state is UnitState.RECALLED
    assert_sound(locked)


def test_a_recall_that_needs_no_consent_is_not_the_authoritys_to_decline(anchored):
    recall(anchored)
    refused(anchored, lambda: decline(anchored), NothingToTakeBack)


def test_what_was_consented_to_is_not_declined_any_more(locked):
    recall(locked)
    locked.ledger.decisions.approve(first(locked).id, by="so.gd")
    refused(locked, lambda: decline(locked), NothingToTakeBack)


def test_a_consent_of_which_nothing_was_sent_goes_with_the_recall(locked):
    recall(locked)
    locked.ledger.decisions.approve(first(locked).id, by="so.gd")
    withdraw(locked)
    assert locked.ledger.errands.approvals_of(first(locked).id, reason=RecallReason.WRONG_DATA) == []
    locked.finish(**locked.as_authority())
    assert_sound(locked)


def test_a_consent_that_stands_on_the_chain_stays_there(locked):
    recall(locked)
    locked.ledger.decisions.approve(first(locked).id, by="so.gd")
    locked.finish(**locked.as_authority())
    withdraw(locked)
    assert len(locked.ledger.errands.approvals_of(first(locked).id, reason=RecallReason.WRONG_DATA)) == 1
    assert_sound(locked)


def test_a_consent_that_stands_is_none_to_a_recall_for_another_reason(locked):
    """The registry takes each consent in just its words: with the first one alone the second recall would wait for ever."""
    recall(locked)
    locked.ledger.decisions.approve(first(locked).id, by="so.gd")
    locked.finish(**locked.as_authority())
    withdraw(locked)
    for decide_again in (1, 2):
        locked.ledger.decisions.recall(
            first(locked).id, school_code=SCHOOL, reason=RecallReason.FRAUD, by="van.thu", why="bằng giả"
        )
        assert len(locked.tick().unapproved) == 1
        if decide_again == 1:
            decline(locked)
    assert locked.ledger.decisions.approve(first(locked).id, by="so.gd") is None
    refused(locked, lambda: decline(locked), NothingToTakeBack)
    locked.finish(**locked.as_authority())
    locked.finish()
    assert first(locked).state is UnitState.RECALLED
    assert_sound(locked)


def test_a_consent_to_what_was_taken_back_meanwhile_is_a_lost_race(locked):
    recall(locked)
    consent = NewAct(ActKind.APPROVE, school_code=SCHOOL, unit_id=first(locked).id, reason=RecallReason.WRONG_DATA)
    withdraw(locked)
    refused(locked, lambda: locked.ledger.errand_writer.decide(consent), LostRace)


def test_a_worker_that_read_the_recall_before_it_was_taken_back_sends_nothing(anchored):
    recall(anchored)
    (stale,) = anchored.recalls()
    withdraw(anchored)
    sent = len(anchored.chain.received)
    with pytest.raises(LostRace):
        anchored.ledger.errand_writer.reserve(stale, Number(OPERATOR.address, 1))
    anchored.finish()
    assert len(anchored.chain.received) == sent


@pytest.mark.parametrize("at", ["before used", "before prepare_recall", "after prepare_recall"])
@pytest.mark.parametrize("which", ["another record", "another reason"])
def test_a_worker_that_read_it_before_does_not_take_the_next_recall_for_it(anchored, at, which):
    """SQLite gives the number of the row that is gone to the next one."""
    one, two, _ = anchored.ledger.units(anchored.ledger.issued_ids())
    wanted, reason = {
        "another record": (two, RecallReason.WRONG_DATA),
        "another reason": (one, RecallReason.ISSUED_IN_ERROR),
    }[which]
    recall(anchored)

    def decided_anew():
        other = anchored.ledger.reopened().decisions
        other.withdraw(one.id, school_code=SCHOOL, by="hieu.truong", why=WHY)
        other.recall(wanted.id, school_code=SCHOOL, reason=reason, by="van.thu", why="nhầm điểm")

    anchored.restart(Meanwhile(at, decided_anew))
    anchored.tick()
    anchored.restart()
    anchored.finish()
    (recalled,) = [values for name, values, *_ in anchored.chain.events if name == "LeafRecalled"]
    assert recalled["entry"] == anchored.receipt(wanted).entry_bytes
    assert recalled["reason"] == OnChain[reason.name]
    assert_sound(anchored)


def test_a_row_of_a_recall_that_was_taken_back_is_found_by_the_audit(anchored):
    recall(anchored)
    withdraw(anchored)
    anchored.ledger.errand_writer.decide_recall(
        first(anchored).id, school_code=SCHOOL, reason=RecallReason.WRONG_DATA, note=""
    )
    forged = [e for e, _ in anchored.ledger.journal.entries()][-1]
    assert forged.deed is Deed.RECALL_DECIDED
    assert_sound(anchored)


@pytest.mark.parametrize(
    ("tampering", "code"),
    [
        ("DELETE FROM act WHERE kind = 'approve'", "row.deleted"),
        ("UPDATE act SET reason = 'fraud' WHERE kind = 'approve'", "row.unjournaled"),
    ],
)
def test_the_audit_finds_a_consent_that_is_gone_or_says_something_else(locked, tampering, code):
    recall(locked)
    locked.ledger.decisions.approve(first(locked).id, by="so.gd")
    assert_sound(locked)
    tamper(locked.ledger, tampering)
    assert code in {one.code for one in audit(locked.ledger.engine)}


@pytest.mark.parametrize("kind", ["approve", "lock"])
def test_the_audit_finds_a_transaction_of_the_authoritys_that_says_something_else(locked, kind):
    recall(locked)
    locked.ledger.decisions.approve(first(locked).id, by="so.gd")
    locked.finish(**locked.as_authority())
    (act,) = locked.ledger.errands.acts(ActKind(kind))
    number, raw = locked.ledger.errands.number(act), b"\x02 another act"
    tamper(
        locked.ledger,
        "UPDATE attempt SET raw = :raw, tx_hash = :hash WHERE sender = :sender AND nonce = :nonce",
        raw=raw,
        hash=keccak(raw),
        sender=number.sender,
        nonce=number.nonce,
    )
    assert "errand.number" in {one.code for one in audit(locked.ledger.engine)}


def test_dying_at_any_statement_ends_it_wholly_or_not_at_all(built, tmp_path):
    deed = withdraw

    def ready(name):
        world = World(built[1].ledger.copied(tmp_path / name), copy.deepcopy(built[1].chain))
        recall(world)
        world.ledger.decisions.approve(first(world).id, by="so.gd")
        return world

    counted = ready("counted")
    counted.restart(Fate())
    mortal_statements(counted.ledger.engine, counted.ledger.fate)
    deed(counted)
    for step in each(counted.ledger.fate.log):
        world = ready(str(step))
        world.restart(Fate(dies_at=step))
        mortal_statements(world.ledger.engine, world.ledger.fate)
        with pytest.raises(Killed):
            deed(world)
        world.ledger.engine.dispose()
        world.restart()
        ended = world.ledger.errands.recall_of(first(world).id) is None
        assert ended is (told(world)[-1][0] is Deed.RECALL_WITHDRAWN), step
        assert ended is (world.ledger.errands.approvals_of(first(world).id, reason=RecallReason.WRONG_DATA) == []), step
        if not ended:
            deed(world)
        assert list(breaks(world.ledger.journal.entries())) == []
    assert_sound(world)


# Trying again, and giving up.


def undone(world):
    """A lock that the contract has undone: the authority's own key locked the year first, under the next number."""
    world.ledger.decisions.lock(YEAR, by="so.gd")
    world.tick(**world.as_authority())
    (act,) = world.ledger.errands.open_acts()
    for state in (BatchState.FAILED,):
        world.ledger.errand_writer.move(act, state)
    return act


def test_trying_again_is_told_with_who_and_why(anchored):
    act = undone(anchored)
    (again,) = anchored.ledger.decisions.retry(None, by="so.gd", why="đã sửa quyền")
    assert again.id == act.id
    ((entry, _),) = [e for e in anchored.ledger.journal.entries() if e[0].deed is Deed.ERRAND_RETRIED]
    assert (entry.who, entry.why, entry.subject) == ("so.gd", "đã sửa quyền", f"act {act.id}")
    assert entry.detail == {"errand": "act", "nonce": "2"}
    assert anchored.ledger.decisions.retry(None, by="so.gd") == []


def test_trying_again_and_its_entry_are_one(anchored):
    act = undone(anchored)
    before = anchored.ledger.rows()
    number = anchored.ledger.errands.number(act)
    with pytest.raises(LostRace):
        anchored.ledger.errand_writer.retry(act, number, why="")
    assert anchored.ledger.rows() == before


def overtaken(world):
    """The naming of a replacement that was recalled before it was named."""
    recall(world)
    world.finish()
    old = first(world)
    new = world.ledger.issued_again(old, 50)
    world.seal()
    while world.ledger.reader.unit(new.id).state is UnitState.ISSUED:
        world.tick()
        world.chain.mine()
    world.chain.drop()
    receipt = world.receipt(new)
    unsigned = world.chain.prepare_recall(
        sender=OPERATOR.address,
        nonce=world.chain.nonce(OPERATOR.address),
        school=SCHOOL,
        root=receipt.root_bytes,
        entry=receipt.entry_bytes,
        reason=OnChain.WRONG_DATA,
    )
    world.chain.broadcast(OPERATOR.sign(unsigned).raw)
    world.chain.mine()
    return world.ledger.errands.acts(ActKind.REPLACE)[0]


def test_a_naming_that_makes_no_sense_any_more_ends_by_itself_and_says_so(anchored):
    naming = overtaken(anchored)
    while naming.state is not BatchState.FAILED:
        anchored.tick()
        anchored.chain.mine()
        naming = anchored.ledger.errands.acts(ActKind.REPLACE)[0]
    assert anchored.ledger.errands.failed(SCHOOL) == []
    ((entry, _),) = [e for e in anchored.ledger.journal.entries() if e[0].deed is Deed.ERRAND_GIVEN_UP]
    assert (entry.who, entry.subject) == ("hocba", f"act {naming.id}")
    assert "recalled before it was named" in entry.why
    assert codes_about(anchored, naming) == ["errand.given-up"]


def codes_about(world, act):
    found = audit(world.ledger.engine, chain=world.chain, finality=CONFIRMATIONS)
    return [one.code for one in found if one.subject.startswith(f"act {act.id} ")]


def test_one_of_an_older_version_is_given_up_by_somebody_with_a_reason(anchored):
    """That version left it failed, with an entry that says no more."""
    anchored.ledger.errand_writer.decide(NewAct(ActKind.PUBLISH, school_code=SCHOOL, topic=b"t" * 32, digest=b"d" * 32))
    (act,) = anchored.ledger.errands.open_acts()
    anchored.ledger.errand_writer.move(act, BatchState.FAILED)
    assert codes_about(anchored, act) == ["errand.failed"]
    assert anchored.ledger.decisions.retry(SCHOOL, by="van.thu") == []
    refused(anchored, lambda: anchored.ledger.decisions.give_up(SCHOOL, by="van.thu", why=""), ReasonMissing)
    assert [one.id for one in anchored.ledger.decisions.give_up(SCHOOL, by="van.thu", why="không cần nữa")] == [act.id]
    assert told(anchored)[-1] == (Deed.ERRAND_GIVEN_UP, "van.thu", "không cần nữa")
    assert anchored.ledger.errands.failed(SCHOOL) == []
    assert anchored.ledger.decisions.give_up(SCHOOL, by="van.thu", why="lần nữa") == []
    assert codes_about(anchored, act) == ["errand.given-up"]


def test_what_may_yet_be_tried_again_is_not_given_up(anchored):
    act = undone(anchored)
    assert anchored.ledger.decisions.give_up(None, by="so.gd", why="thôi") == []
    assert [one.id for one in anchored.ledger.errands.failed(None)] == [act.id]


# What others did by hand.


def locked_by_hand(world):
    unsigned = world.chain.prepare_lock(
        sender=AUTHORITY.address, nonce=world.chain.nonce(AUTHORITY.address), school_year=int(YEAR[:4])
    )
    world.chain.broadcast(AUTHORITY.sign(unsigned).raw)
    world.chain.mine()


def carried(world, anchorer):
    for _ in range(3 * CONFIRMATIONS):
        if not anchorer.tick().open:
            return
        world.chain.mine()
    raise AssertionError(world.errands())


def test_a_year_that_was_locked_by_hand_ends_as_locked_once_that_stands(anchored):
    locked_by_hand(anchored)
    anchored.ledger.decisions.lock(YEAR, by="so.gd")
    received = len(anchored.chain.received)
    anchorer = anchored.ledger.anchorer(anchored.chain, **anchored.as_authority())
    assert anchorer.tick().open == 1
    assert not anchored.ledger.errands.year_locked(YEAR)
    carried(anchored, anchorer)
    assert anchored.ledger.errands.year_locked(YEAR)
    assert {unit.state for unit in anchored.ledger.units(anchored.ledger.issued_ids())} == {UnitState.LOCKED}
    assert len(anchored.chain.received) == received
    entry = [e for e, _ in anchored.ledger.journal.entries()][-1]
    assert (entry.deed, entry.detail) == (Deed.YEAR_LOCKED, {"found": "on the chain"})
    assert_sound(anchored)


def test_runs_that_are_shorter_than_the_chain_takes_see_it_stand_too(anchored):
    """As on a chain with finality after a quarter of an hour; each run is another process."""
    locked_by_hand(anchored)
    anchored.ledger.decisions.lock(YEAR, by="so.gd")
    for waits in (1, 1, 0):
        anchored.restart()
        run = anchored.ledger.anchorer(anchored.chain, **anchored.as_authority())
        assert [run.tick().open for _ in range(2)] == [1, waits]
        anchored.chain.mine()
    assert anchored.ledger.errands.year_locked(YEAR)
    assert_sound(anchored)


def test_a_lock_by_hand_that_a_reorg_takes_back_is_carried_by_us(anchored):
    locked_by_hand(anchored)
    anchored.ledger.decisions.lock(YEAR, by="so.gd")
    anchorer = anchored.ledger.anchorer(anchored.chain, **anchored.as_authority())
    assert anchorer.tick().open == 1
    anchored.chain.reorg(1)
    anchored.chain.drop()
    carried(anchored, anchorer)
    assert "found" not in [e for e, _ in anchored.ledger.journal.entries()][-1].detail
    assert_sound(anchored)


def test_a_consent_that_was_given_by_hand_ends_as_given_and_the_recall_goes_on(locked):
    recall(locked)
    locked.ledger.decisions.approve(first(locked).id, by="so.gd")
    receipt = locked.receipt(first(locked))
    unsigned = locked.chain.prepare_approval(
        sender=AUTHORITY.address,
        nonce=locked.chain.nonce(AUTHORITY.address),
        school=SCHOOL,
        request=RecallRequest(
            root=receipt.root_bytes, entry=receipt.entry_bytes, reason=OnChain.WRONG_DATA, replacement=None
        ),
    )
    locked.chain.broadcast(AUTHORITY.sign(unsigned).raw)
    locked.chain.mine()
    carried(locked, locked.ledger.anchorer(locked.chain, **locked.as_authority()))
    assert (
        locked.ledger.errands.approvals_of(first(locked).id, reason=RecallReason.WRONG_DATA)[0].state
        is BatchState.FINAL
    )
    locked.finish()
    assert first(locked).state is UnitState.RECALLED
    assert_sound(locked)


def test_a_number_set_aside_by_a_worker_that_comes_second_holds_nothing_up(anchored):
    """One worker finds the year locked while another, which looked before that, sets a number aside for the lock."""
    anchored.ledger.decisions.lock(YEAR, by="so.gd")
    (lock,) = anchored.ledger.errands.of_authority()
    locked_by_hand(anchored)
    anchored.chain.mine(CONFIRMATIONS)
    nonce = anchored.chain.nonce(AUTHORITY.address)
    anchored.ledger.errand_writer.reserve(lock, Number(AUTHORITY.address, nonce))
    anchored.ledger.errand_writer.found_done(lock)
    recall(anchored)
    anchored.tick()
    anchored.ledger.decisions.approve(first(anchored).id, by="so.gd")
    anchored.finish(**anchored.as_authority())
    assert nonce in {used for used, _ in anchored.attempts()}
    anchored.finish()
    assert first(anchored).state is UnitState.RECALLED
    assert_sound(anchored)
