# SPDX-License-Identifier: Apache-2.0

"""Stamping that dies, fails or is overtaken: no anchor waits, each batch keeps one token over its own root, and the audit is content."""

import base64
import itertools

import pytest
from sqlalchemy import text

from ledger.audit.auditor import audit
from ledger.errors import LostRace
from ledger.exporting import Exporting
from ledger.proof.receipt import Receipt
from ledger.proof.root_token import RootToken, token_over
from ledger.stamping import Stamped, Stamping, Unstamped
from tests.simulators.anchoring_world import World, world_with
from tests.simulators.audited_world import tamper
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate, each, mortal_statements
from tests.simulators.root_stamper import SimulatedStamper, token
from tests.simulators.school_ledger import OTHER_SCHOOL, SCHOOL

BATCHES = 2


@pytest.fixture(scope="session")
def sealed_ledger(tmp_path_factory):
    """A ledger with two sealed batches, made once and copied for each death."""
    world = world_with(tmp_path_factory.mktemp("sealed"), 2)
    world.seal()
    world.ledger.issued(1, first=11)
    world.seal()
    return world.ledger


@pytest.fixture
def worlds(sealed_ledger, tmp_path):
    return (World(sealed_ledger.copied(tmp_path / str(number))) for number in itertools.count())


@pytest.fixture
def world(worlds) -> World:
    return next(worlds)


def stamping(world: World) -> Stamping:
    return Stamping(world.ledger.errands, world.ledger.errand_writer)


def run(world: World, stamper: SimulatedStamper) -> list[Stamped | Unstamped]:
    """What `hocba anchor` does beside carrying."""
    return list(stamping(world).stamp(stamper, stamping(world).waiting(SCHOOL)))


def tokens(world: World) -> dict[str, tuple[bytes, ...]]:
    """The tokens of every receipt that the ledger gives, by its root."""
    found = {}
    for unit in world.ledger.issued_ids():
        receipt = Receipt.parse(world.ledger.reader.receipt_of_unit(unit).receipt)
        assert found.setdefault(receipt.root, receipt.tokens) == receipt.tokens, "one batch, one token"
    return found


def unstamped(world: World) -> list[str]:
    return [found.subject for found in audit(world.ledger.engine) if found.code == "batch.unstamped"]


def assert_whole(world: World) -> None:
    """Every batch has one token over its own root, anchored or not, and nobody has anything to report."""
    for root, (der,) in tokens(world).items():
        token_over(bytes.fromhex(root[2:]), der)
    assert stamping(world).waiting() == []
    world.assert_audited()


def test_every_receipt_of_a_batch_carries_its_token_and_is_otherwise_as_it_was(world):
    before = {unit: world.ledger.reader.receipt_of_unit(unit).receipt for unit in world.ledger.issued_ids()}
    done = run(world, SimulatedStamper())
    assert [type(one) for one in done] == [Stamped, Stamped]
    by_root = {"0x" + one.batch.root.hex(): one.token.der for one in done}
    for unit, stored in before.items():
        given = world.ledger.reader.receipt_of_unit(unit).receipt
        was = Receipt.parse(stored)
        encoded = base64.b64encode(by_root[was.root]).decode()
        assert given == was.model_copy(update={"timestamps": (encoded,)}).to_json()
    assert_whole(world)


def test_dying_anywhere_costs_a_token_and_nothing_else(worlds):
    steps = Fate()
    whole = next(worlds)
    whole.restart(steps)
    mortal_statements(whole.ledger.engine, steps)
    run(whole, SimulatedStamper(steps))
    assert steps.log.count("before commit") >= BATCHES
    for step in each(steps.log):
        world = next(worlds)
        world.restart(Fate(dies_at=step))
        mortal_statements(world.ledger.engine, world.ledger.fate)
        stamper = SimulatedStamper(world.ledger.fate)
        with pytest.raises(Killed):
            run(world, stamper)
        world.restart()
        kept = [held for held in tokens(world).values() if held]
        again = SimulatedStamper()
        run(world, again)
        assert len(again.asked) == BATCHES - len(kept), steps.log[step - 1]
        assert set(kept) <= set(tokens(world).values()), "what was kept stays"
        assert_whole(world)


def test_no_anchor_waits_for_a_token_and_the_token_is_fetched_later(world):
    dead = SimulatedStamper(down=True)
    (answer,) = run(world, dead)
    assert isinstance(answer, Unstamped)
    assert len(dead.asked) == 1, "the second batch does not wait as long as the first"
    world.finish()
    assert set(tokens(world).values()) == {()}
    assert len(unstamped(world)) == BATCHES
    world.assert_audited()
    run(world, SimulatedStamper())
    assert unstamped(world) == []
    assert_whole(world)


@pytest.mark.parametrize(
    "answers",
    [
        lambda _: b"",
        lambda _: b"noise" * 99,
        lambda _: token(b"\x11" * 32),
        lambda root: token(root)[:-1],
        lambda root: token(root) + b"\0",
    ],
    ids=["nothing", "noise", "another root's", "cut short", "with something behind it"],
)
def test_what_is_no_token_over_the_root_is_not_kept(world, answers):
    (answer,) = run(world, SimulatedStamper(answers=answers))
    assert isinstance(answer, Unstamped)
    assert len(unstamped(world)) == BATCHES
    run(world, SimulatedStamper())
    assert_whole(world)


def test_of_two_at_once_the_first_to_store_is_kept_and_both_go_on(world):
    class Overtaken(SimulatedStamper):
        """Somebody else stamps everything while this one has its first token in hand."""

        def stamp(self, root):
            if not self.asked:
                assert len(run(World(world.ledger.reopened(), world.chain), SimulatedStamper())) == BATCHES
            return super().stamp(root)

    before = Overtaken()
    assert run(world, before) == []
    assert len(before.asked) == BATCHES
    assert_whole(world)


def test_a_token_is_never_replaced(world):
    batch = stamping(world).waiting()[0]
    run(world, SimulatedStamper())
    kept = tokens(world)
    again = token_over(batch.root, token(batch.root))
    with pytest.raises(LostRace):
        world.ledger.errand_writer.keep_token(batch, again)
    assert tokens(world) == kept


def test_a_batch_that_is_another_by_now_gets_no_token(world):
    """A ledger that was restored from elsewhere may have given the number to another batch."""
    batch = stamping(world).waiting()[0]
    tamper(world.ledger, "UPDATE batch SET root = x'" + "ab" * 32 + f"' WHERE id = {batch.id}")
    with pytest.raises(LostRace):
        world.ledger.errand_writer.keep_token(batch, token_over(batch.root, token(batch.root)))


def test_another_schools_batches_wait_for_their_own_run(world):
    world.ledger.issued(1, school_code=OTHER_SCHOOL, first=21)
    world.seal(school_code=OTHER_SCHOOL)
    run(world, SimulatedStamper())
    (theirs,) = stamping(world).waiting()
    assert theirs.school_code == OTHER_SCHOOL


def test_the_database_keeps_no_token_without_its_time(world):
    with pytest.raises(Exception, match="stamped_once"), world.ledger.engine.begin() as connection:
        connection.execute(text("UPDATE batch SET token = NULL, stamped_at = '2025-01-01 00:00:00'"))


def test_an_archive_has_the_token_in_its_receipts_and_in_its_rows(world, tmp_path):
    run(world, SimulatedStamper())
    world.finish()

    class Files:
        def get(self, sha256: str) -> bytes:
            return sha256.encode()

    for _ in Exporting(world.ledger.engine, Files()).export(tmp_path / "bag", now=world.ledger.now()):
        pass
    receipts = [Receipt.parse(path.read_bytes()) for path in (tmp_path / "bag/data/units").rglob("*.receipt.json")]
    assert len(receipts) == 3
    rows = (tmp_path / "bag/data/ledger/batch.jsonl").read_text()
    for receipt in receipts:
        (der,) = receipt.tokens
        token_over(receipt.root_bytes, der)
        assert der.hex() in rows


def test_a_token_longer_than_a_receipt_can_carry_is_not_read():
    with pytest.raises(Exception, match="at most"):
        token_over(bytes(32), b"\x30" * 30_000)
    assert isinstance(token_over(bytes(32), token(bytes(32))), RootToken)
