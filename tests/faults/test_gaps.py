# SPDX-License-Identifier: Apache-2.0

"""A number that nothing has, with ours waiting behind it and no errand to come: it is used up, once, and everything goes on."""

import pytest
from eth_account import Account
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger.audit.auditor import audit, wrong
from ledger.batch import ActKind, BatchState
from ledger.chain.registry import UnsignedTransaction
from ledger.chain.transaction_bytes import says_nothing
from ledger.errors import CannotSend, LostRace
from ledger.store.chain_tables import AttemptRow, NumberRow, NumberState
from ledger.store.errand_writer import NewAct
from ledger.store.errands import Attempt, Number
from ledger.store.gap_numbers import GapNumbers
from ledger.store.tables import SchoolRow
from ledger.unit import UnitState
from tests.simulators.anchoring_world import World, world_with
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate, Meanwhile, each
from tests.simulators.registry import PIN, Transaction
from tests.simulators.school_ledger import AUTHORITY, CONFIRMATIONS, OPERATOR, SCHOOL, YEAR, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def foreign(world: World, *, fee: int = 0) -> bytes:
    """Something that this ledger knows nothing of, under the school's first number."""
    words = world.chain.prepare_publish(
        sender=OPERATOR.address, nonce=0, publisher=SCHOOL, topic=b"\x01" * 32, digest=b"\x02" * 32
    )
    raw = OPERATOR.sign(UnsignedTransaction(PIN.chain_id, words.sender, 0, PIN.address, words.data, 200_000, fee)).raw
    world.chain.broadcast(raw)
    return raw


def torn(folder, clock) -> World:
    """A batch that was sent behind a transaction which is not ours and which the node has forgotten."""
    folder.mkdir(exist_ok=True)
    world = world_with(folder, 1)
    world.ledger.now = clock
    foreign(world)
    world.seal()
    world.tick()
    world.chain.drop()
    world.chain.received.clear()
    return world


@pytest.fixture
def world(tmp_path, clock) -> World:
    return torn(tmp_path, clock)


def restarted(world: World, clock: Clock, fate: Fate | None = None) -> None:
    world.restart(fate)
    world.ledger.now = clock


def numbers(world: World) -> dict[int, tuple[NumberState, bool]]:
    with Session(world.ledger.engine) as session:
        return {row.nonce: (row.state, row.fills) for row in session.scalars(select(NumberRow))}


def assert_filled_once(world: World) -> None:
    """Ours is final, and what went before it said nothing, and was stored."""
    assert set(world.errands().values()) == {BatchState.FINAL}
    assert numbers(world)[0] == (NumberState.HELD, True)
    assert set(world.chain.received) <= {raw for _, raw in world.attempts()}
    assert {nonce: says_nothing(raw, account=OPERATOR.address) for nonce, raw in world.attempts()} == {
        0: True,
        1: False,
    }
    assert [name for name, *_ in world.chain.events].count("BatchAnchored") == 1
    assert world.chain.count(OPERATOR.address) == 2
    world.assert_audited()


def test_a_number_that_nothing_has_is_used_up_after_a_while(world, clock):
    clock.passes(minutes=5)
    assert world.tick().filled == 1
    world.finish()
    assert_filled_once(world)


def test_before_that_the_next_errand_may_take_it(world, clock):
    clock.passes(minutes=4)
    assert world.tick().filled == 0
    world.ledger.issued(1, first=50)
    world.seal()
    clock.passes(minutes=1)
    world.finish()
    assert numbers(world) == {0: (NumberState.HELD, False), 1: (NumberState.HELD, False)}


def test_what_still_waits_in_the_node_leaves_no_gap(tmp_path, clock):
    """It is somebody else's, and will be mined; ours come after it."""
    world = world_with(tmp_path, 1)
    world.ledger.now = clock
    foreign(world)
    world.seal()
    world.tick()
    world.chain.stuck = True
    clock.passes(minutes=30)
    assert (world.tick().filled, world.tick().stuck) == (0, 1)
    world.chain.stuck = False
    world.finish()
    assert set(numbers(world)) == {1}
    assert set(world.errands().values()) == {BatchState.FINAL}


def test_a_chain_on_which_nothing_is_late_is_not_asked_for_gaps(world, clock):
    clock.passes(minutes=2)
    world.chain.asked.clear()
    world.tick()
    assert world.chain.asked == {"settled_block": 1, "receipt": 1, "broadcast": 1}


def test_a_number_that_was_given_back_is_used_up(tmp_path, clock):
    """Two numbers were set aside; what the first was for was done by somebody else, and nothing else is to come."""
    world = world_with(tmp_path, 1)
    world.ledger.now = clock
    writer, authority = world.ledger.errand_writer, world.as_authority()
    first = world.chain.count(AUTHORITY.address)
    by_hand = world.chain.prepare_lock(sender=AUTHORITY.address, nonce=first, school_year=int(YEAR[:4]))
    world.chain.broadcast(AUTHORITY.sign(by_hand).raw)
    world.chain.mine(CONFIRMATIONS)
    writer.decide(NewAct(ActKind.LOCK, school_year=YEAR))
    writer.decide(NewAct(ActKind.PUBLISH, topic=b"\x01" * 32, digest=b"\x02" * 32))
    lock, publish = world.ledger.errands.open_acts()
    writer.reserve(lock, Number(AUTHORITY.address, first + 1))
    writer.reserve(publish, Number(AUTHORITY.address, first + 2))
    world.tick(**authority)
    assert numbers(world)[first + 1] == (NumberState.FREE, False)
    clock.passes(minutes=5)
    assert world.tick(**authority).filled == 1
    world.chain.mine(CONFIRMATIONS)
    world.tick(**authority)
    assert world.errands()[f"act {publish.id}"] is BatchState.FINAL


def test_a_number_of_a_batch_that_the_authority_is_to_send_now_holds_nothing_up(tmp_path, clock):
    """The school is relayed since the number was set aside, and the authority sends nothing today."""
    world = world_with(tmp_path, 1)
    world.ledger.now = clock
    world.seal()
    world.finish()
    world.ledger.issued(1, first=50)
    world.seal()
    number = Number(OPERATOR.address, world.chain.count(OPERATOR.address))
    world.ledger.errand_writer.reserve(world.batch(), number)
    with world.ledger.engine.begin() as connection:
        connection.execute(update(SchoolRow).where(SchoolRow.code == SCHOOL).values(relayed=True))
    unit = world.ledger.units(world.ledger.issued_ids())[0]
    world.recall(unit)
    world.finish()
    assert world.ledger.reader.unit(unit.id).state is UnitState.RECALLED
    world.finish(**world.as_authority())
    assert set(world.errands().values()) == {BatchState.FINAL}


def test_an_empty_transaction_is_sent_again_and_raised_as_any_other_is(world, clock):
    clock.passes(minutes=5)
    world.chain.least_fee = 100
    world.tick()
    world.chain.drop()
    world.chain.least_fee = 200
    clock.passes(minutes=2)
    assert world.tick().filled == 0
    clock.passes(minutes=1)
    world.tick()
    empty = [Transaction.read(raw) for nonce, raw in world.attempts() if nonce == 0]
    assert [each.fee for each in empty] == [100, 200]
    assert {(each.to, each.data) for each in empty} == {(OPERATOR.address.lower(), b"")}
    world.finish()
    assert_filled_once(world)


def test_dying_at_any_step_of_it_costs_nothing(tmp_path, clock):
    start = clock.time
    first = torn(tmp_path / "first", clock)
    clock.passes(minutes=5)
    restarted(first, clock, Fate())
    first.tick()
    assert "after prepare_empty" in first.ledger.fate.log
    for step in each(first.ledger.fate.log):
        clock.time = start
        world = torn(tmp_path / str(step), clock)
        clock.passes(minutes=5)
        restarted(world, clock, Fate(dies_at=step))
        with pytest.raises(Killed):
            world.tick()
        restarted(world, clock)
        world.finish()
        assert_filled_once(world)
        assert len({(each.nonce, each.data) for each in world.ledger.signed}) == 2


@pytest.mark.parametrize(
    "at", ["after nonce", "before prepare_empty", "after sign", "before broadcast", "after broadcast"]
)
@pytest.mark.parametrize("other", ["fills it too", "has an errand"])
def test_two_workers_use_one_number_for_one_purpose(world, clock, at, other):
    clock.passes(minutes=5)
    second = World(world.ledger.reopened(), world.chain)

    def meanwhile() -> None:
        if other == "has an errand":
            second.ledger.issued(1, first=50)
            second.seal()
        second.tick()

    restarted(world, clock, Meanwhile(at, meanwhile))
    world.tick()
    restarted(world, clock)
    world.finish()
    assert set(world.errands().values()) == {BatchState.FINAL}
    assert set(world.chain.received) <= {raw for _, raw in world.attempts()}
    said = {(nonce, Transaction.read(raw).data) for nonce, raw in world.attempts()}
    assert len({nonce for nonce, _ in said}) == len(said)
    world.assert_audited()


def test_somebody_elses_transaction_may_come_back_after_all(world, clock):
    """It is mined before ours was: the gap is none any more, and nothing is stuck."""
    clock.passes(minutes=5)
    restarted(world, clock, Fate(dies_at="after prepare_empty"))
    with pytest.raises(Killed):
        world.tick()
    restarted(world, clock)
    foreign(world, fee=1000)
    world.chain.broadcast(world.attempts()[-1][1])
    world.chain.mine()
    world.finish()
    assert set(world.errands().values()) == {BatchState.FINAL}
    assert [name for name, *_ in world.chain.events].count("StatementPublished") == 1


def test_an_account_without_money_is_told_there_too(world, clock):
    clock.passes(minutes=5)
    world.chain.broadcast(world.attempts()[0][1])
    world.chain.poor = {OPERATOR.address}
    progress = world.tick()
    (obstacle,) = progress.obstacles
    assert isinstance(obstacle, CannotSend)
    assert progress.open == 0
    world.chain.poor = set()
    world.finish()
    assert_filled_once(world)


# What the database forbids.


def test_a_number_that_was_used_up_is_never_an_errands(world, clock):
    clock.passes(minutes=5)
    world.tick()
    world.ledger.issued(1, first=50)
    world.seal()
    batch = world.ledger.errands.open_batches()[-1]
    with pytest.raises(LostRace):
        world.ledger.carried_by(batch, Attempt(OPERATOR.address, 0, b"\x09" * 32, b"other bytes"))
    with pytest.raises(IntegrityError), Session(world.ledger.engine) as session, session.begin():
        session.execute(update(NumberRow).where(NumberRow.nonce == 0).values(fills=False, batch_id=batch.id))


def test_an_errands_number_is_never_used_up(world):
    gaps = GapNumbers(world.ledger.engine, now=world.ledger.now)
    with pytest.raises(LostRace):
        gaps.take(Number(OPERATOR.address, 1))
    with pytest.raises(LostRace):
        gaps.store(Attempt(OPERATOR.address, 1, b"\x09" * 32, b"other bytes"), after=0)
    with pytest.raises(IntegrityError), Session(world.ledger.engine) as session, session.begin():
        session.execute(update(NumberRow).where(NumberRow.nonce == 1).values(fills=True, batch_id=None))


def test_a_transaction_under_a_number_that_nobody_set_aside_is_refused(world):
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), world.ledger.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO attempt (id, sender, nonce, tx_hash, raw, signed_at, fills) "
                "SELECT 99, sender, nonce, :other, raw, signed_at, TRUE FROM attempt"
            ),
            {"other": b"other"},
        )


# What the audit notices.


def test_the_audit_notices_an_empty_transaction_that_says_something(world, clock):
    clock.passes(minutes=5)
    world.tick()
    speaks = OPERATOR.sign(
        UnsignedTransaction(PIN.chain_id, OPERATOR.address, 0, OPERATOR.address, b"\x01", gas=50_000, gas_price=0)
    )
    with Session(world.ledger.engine) as session, session.begin():
        session.execute(update(AttemptRow).where(AttemptRow.fills).values(raw=speaks.raw, tx_hash=speaks.hash))
    found = wrong(audit(world.ledger.engine, chain=world.chain, finality=CONFIRMATIONS))
    assert [each.code for each in found] == ["errand.number"]


SAYS = {
    "nothing": ({}, True),
    "a word": ({"data": b"\x00"}, False),
    "to somebody else": ({"to": AUTHORITY.address}, False),
    "a new contract": ({"to": None}, False),
}


@pytest.mark.parametrize("fees", [{"gas_price": 1}, {"max_fee_per_gas": 2, "max_priority_fee_per_gas": 1}])
@pytest.mark.parametrize(("change", "empty"), SAYS.values(), ids=SAYS)
def test_what_says_nothing(fees, change, empty):
    plain = {"to": OPERATOR.address, "data": b""}
    unsigned = UnsignedTransaction(31337, OPERATOR.address, 0, gas=21_000, **plain | change, **fees)
    assert says_nothing(OPERATOR.sign(unsigned).raw, account=OPERATOR.address) is empty


def test_what_gives_money_away_says_something():
    fields = {"nonce": 0, "gasPrice": 1, "gas": 21_000, "to": OPERATOR.address, "value": 1, "data": b"", "chainId": 1}
    raw = bytes(Account.sign_transaction(fields, b"\x02" * 32).raw_transaction)
    assert not says_nothing(raw, account=OPERATOR.address)


@pytest.mark.parametrize("raw", [b"", b"\x02", b"\xc0", b"nothing of the kind", b"\x02\xc3\x01\x02\x03"])
def test_bytes_that_are_no_transaction_do_not_say_nothing(raw):
    assert not says_nothing(raw, account=OPERATOR.address)
