# SPDX-License-Identifier: Apache-2.0

"""What the chain has and the ledger has not, and the other way round; and what an audit says when nodes lie, lag or are down."""

import copy

import pytest

from ledger.audit.auditor import audit
from ledger.audit.findings import Severity
from ledger.chain import abi
from ledger.chain.quorum import QuorumHistory
from ledger.chain.registry import RecallReason, Replacement
from ledger.journal import JOURNAL_TOPIC
from ledger.proof.merkle import keccak
from tests.simulators.anchoring_world import World
from tests.simulators.audited_world import (
    LAST_YEAR,
    RECALLED,
    TOPIC,
    codes,
    copied,
    eventful,
    findings,
    only,
    tamper,
)
from tests.simulators.school_ledger import (
    AUTHORITY,
    CONFIRMATIONS,
    OPERATOR,
    OTHER_OPERATOR,
    OTHER_SCHOOL,
    SCHOOL,
    unit_id,
)

STRANGE_ROOT = b"\x5a" * 32
UNTOUCHED = unit_id(3)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> World:
    return eventful(tmp_path_factory.mktemp("eventful"))


@pytest.fixture
def world(built: World, tmp_path) -> World:
    return copied(built, tmp_path / "copy")


def sent(world: World, wallet, change: str, *, blocks: int = CONFIRMATIONS, **values: object) -> None:
    """Somebody who has the key carries a change to the registry that the ledger knows nothing of."""
    chain = world.chain
    unsigned = getattr(chain, f"prepare_{change}")(sender=wallet.address, nonce=chain.nonce(wallet.address), **values)
    chain.broadcast(wallet.sign(unsigned).raw)
    chain.mine(blocks)


def anchor(world: World, root: bytes, *, wallet=OPERATOR, school: str = SCHOOL, leaves: int = 3) -> None:
    sent(world, wallet, "anchor", school=school, school_year=2025, root=root, leaf_count=leaves)


def record(world: World, unit) -> dict[str, object]:
    receipt = world.receipt(world.ledger.reader.unit(unit))
    return {"school": SCHOOL, "root": receipt.root_bytes, "entry": receipt.entry_bytes}


def recall(world: World, unit) -> None:
    sent(world, OPERATOR, "recall", **record(world, unit), reason=RecallReason.FRAUD)


def test_an_anchor_of_ours_that_we_do_not_know_is_found(world):
    anchor(world, STRANGE_ROOT)
    (found,) = findings(world)
    assert (found.code, found.subject) == ("chain.anchor-unknown", f"batch {STRANGE_ROOT.hex()}")
    assert SCHOOL in found.found


def test_a_root_of_ours_that_another_of_our_schools_anchored_is_found(world):
    root = world.receipt(world.ledger.reader.unit(UNTOUCHED)).root_bytes
    anchor(world, root, wallet=OTHER_OPERATOR, school=OTHER_SCHOOL)
    assert codes(world) == {"chain.anchor-unknown"}


def test_a_recalled_record_that_its_school_anchored_again_by_itself_is_found_and_named(world):
    leaf = world.receipt(world.ledger.reader.unit(RECALLED)).leaf_bytes
    anchor(world, leaf, leaves=1)
    (found,) = findings(world)
    assert (found.code, found.subject) == ("recall.anchored-again", f"unit {RECALLED}")


def test_a_recall_that_the_ledger_does_not_know_is_found(world):
    recall(world, UNTOUCHED)
    assert {(each.code, each.subject) for each in findings(world)} == {("chain.recall-unknown", f"unit {UNTOUCHED}")}


def test_a_recalled_unit_shown_as_current_with_its_recall_deleted_is_found_by_the_chain_too(world):
    tamper(
        world.ledger,
        "DELETE FROM recall",
        "UPDATE unit SET state = 'anchored' WHERE id = :unit",
        unit=RECALLED.hex,
    )
    assert "chain.recall-unknown" in codes(world)


def test_a_recall_of_an_entry_that_is_no_unit_of_ours_is_found(world):
    root = record(world, UNTOUCHED)["root"]
    sent(world, OPERATOR, "recall", school=SCHOOL, root=root, entry=b"\x44" * 32, reason=RecallReason.OTHER)
    assert codes(world) == {"chain.recall-unknown"}


def test_a_unit_shown_as_recalled_that_the_chain_has_in_force_is_found(world):
    world.recall(world.ledger.reader.unit(UNTOUCHED))
    tamper(
        world.ledger,
        "UPDATE recall SET state = 'final'",
        "UPDATE unit SET state = 'recalled' WHERE id = :unit",
        unit=UNTOUCHED.hex,
    )
    assert [each.subject for each in only(findings(world), "chain.recall-missing")] == [f"unit {UNTOUCHED}"]


def test_a_recall_under_way_is_nothing_to_report(world):
    world.recall(world.ledger.reader.unit(UNTOUCHED))
    assert findings(world) == []
    world.tick()
    world.tick()
    world.chain.mine()
    assert "LeafRecalled" in [name for name, _ in world.chain.events[-1:]]
    assert findings(world) == []


def test_a_batch_under_way_is_nothing_to_report(world):
    world.ledger.issued(2, first=60)
    world.seal()
    while world.tick().open:
        assert findings(world) == []
        world.chain.mine()
    world.assert_audited()


def test_a_recall_that_was_annulled_on_the_chain_is_worth_a_look(world):
    world.recall(world.ledger.reader.unit(UNTOUCHED))
    world.finish()
    told = record(world, UNTOUCHED)
    words = (abi.school_word(SCHOOL), told["root"], told["entry"])
    for wallet, function in ((AUTHORITY, "approveAnnulment"), (OPERATOR, "annulRecall")):
        unsigned = world.chain._prepare(wallet.address, world.chain.nonce(wallet.address), abi.call(function, *words))
        world.chain.broadcast(wallet.sign(unsigned).raw)
        world.chain.mine(CONFIRMATIONS)
    assert [(each.code, each.subject) for each in findings(world)] == [("chain.recall-annulled", f"unit {UNTOUCHED}")]


def test_another_replacement_than_the_ledgers_is_found(world):
    world.ledger.issued(1, first=70)
    world.recall(world.ledger.reader.unit(UNTOUCHED))
    world.finish()
    other = record(world, unit_id(4))
    sent(
        world,
        OPERATOR,
        "replacement",
        **record(world, UNTOUCHED),
        replacement=Replacement(root=other["root"], entry=other["entry"]),
    )
    assert [(each.code, each.subject) for each in findings(world)] == [("chain.replacement", f"unit {UNTOUCHED}")]


def test_a_replacement_that_was_changed_in_the_ledger_is_found(world):
    tamper(
        world.ledger,
        "UPDATE act SET replacement_id = :other WHERE kind = 'replace'",
        other=UNTOUCHED.hex,
    )
    assert "chain.replacement" in codes(world)


def test_a_year_that_is_locked_on_the_chain_alone_is_found(world):
    sent(world, AUTHORITY, "lock", school_year=2025)
    assert [(each.code, each.subject) for each in findings(world)] == [("chain.lock", "year 2025-2026")]


def test_a_year_that_is_locked_in_the_ledger_alone_is_found(world):
    tamper(
        world.ledger,
        "UPDATE act SET school_year = '2025-2026' WHERE kind = 'lock'",
        "UPDATE unit SET state = 'locked' WHERE state = 'anchored'",
    )
    found = {each.subject for each in only(findings(world), "chain.lock")}
    assert found == {"year 2025-2026", f"year {LAST_YEAR}"}


def test_a_statement_that_nobody_knows_is_found(world):
    sent(world, AUTHORITY, "publish", publisher=None, topic=TOPIC, digest=b"\x22" * 32)
    assert [each.code for each in findings(world)] == ["chain.statement-unknown"]


def test_a_statement_that_is_kept_outside_of_the_ledger_is_known(world):
    sent(world, AUTHORITY, "publish", publisher=None, topic=TOPIC, digest=b"\x22" * 32)
    assert findings(world, published={b"\x22" * 32}) == []


def test_a_statement_that_the_chain_does_not_have_is_found(world):
    tamper(world.ledger, "UPDATE act SET digest = :other WHERE topic = :topic", other=b"\x33" * 32, topic=TOPIC)
    assert "chain.statement-missing" in codes(world)


def test_a_journal_head_that_is_not_ours_is_found_whoever_published_it(world):
    sent(world, OPERATOR, "publish", publisher=SCHOOL, topic=JOURNAL_TOPIC, digest=keccak(b"another past"))
    assert [each.code for each in findings(world)] == ["journal.head-missing"]


def test_a_batch_called_final_that_is_not_on_the_chain_is_found(world):
    world.ledger.issued(2, first=60)
    world.seal()
    tamper(world.ledger, "UPDATE batch SET state = 'final' WHERE state = 'sealed'")
    assert "chain.root-missing" in codes(world)


def test_a_root_that_a_reorganisation_took_back_is_found(world):
    world.ledger.issued(2, first=60)
    world.seal()
    world.finish()
    assert findings(world) == []
    world.chain.reorg(CONFIRMATIONS + 1)
    world.chain.drop()
    assert "chain.root-missing" in codes(world)


def test_a_root_that_is_not_deep_enough_is_found(world):
    world.ledger.issued(2, first=60)
    world.seal()
    world.finish()
    assert "chain.root-missing" in codes(world, finality=CONFIRMATIONS + 50)


def test_a_school_with_another_key_on_the_chain_is_worth_a_look(world):
    tamper(
        world.ledger,
        "UPDATE school SET operator = :other WHERE code = :school",
        other="0x" + "98" * 20,
        school=SCHOOL,
    )
    assert {"chain.school", "row.differs"} == codes(world)


def test_a_chain_that_does_not_answer_could_not_be_checked_and_the_rest_was(world):
    world.chain.down = True
    tamper(world.ledger, "UPDATE unit SET record_sha256 = 'x' WHERE id = :unit", unit=UNTOUCHED.hex)
    found = findings(world)
    assert {(each.code, each.severity) for each in found} == {
        ("chain.unreachable", Severity.UNCHECKED),
        ("unit.record", Severity.ERROR),
    }


@pytest.mark.parametrize("name", ["BatchAnchored", "LeafRecalled", "SchoolYearLocked", "StatementPublished"])
def test_a_node_that_leaves_out_events_contradicts_itself(world, name):
    world.chain.leaves_out = {name}
    found = findings(world)
    assert "chain.events" in {each.code for each in found}


def test_of_three_nodes_one_that_leaves_out_events_is_outvoted(world):
    liar = copy.deepcopy(world.chain)
    liar.leaves_out = {"BatchAnchored", "LeafRecalled"}
    nodes = QuorumHistory([world.chain, liar, copy.deepcopy(world.chain)], at_least=2)
    try:
        assert findings(world, chain=nodes) == []
        anchor(world, STRANGE_ROOT)
        nodes = QuorumHistory([world.chain, copy.deepcopy(world.chain), liar], at_least=2)
        assert codes(world, chain=nodes) == {"chain.anchor-unknown"}
    finally:
        nodes.close()


def test_an_anchor_that_came_while_the_ledger_was_read_is_nothing_to_report(world):
    """It may have been sealed after the ledger was read; the next audit looks at it."""

    class Late:
        """The same chain, on which a block comes after the head was told for the first time."""

        def __init__(self) -> None:
            self.told = 0

        def __getattr__(self, name):
            return getattr(world.chain, name)

        def head(self):
            head = world.chain.head()
            self.told += 1
            if self.told == 1:
                anchor(world, STRANGE_ROOT)
            return head

    assert findings(world, chain=Late()) == []
    assert codes(world) == {"chain.anchor-unknown"}


def test_blocks_are_asked_for_in_smaller_pieces_when_a_node_refuses_so_many(world):
    from ledger.chain.errors import Unreachable  # noqa: PLC0415 - one case

    class Narrow:
        """A node that tells of three blocks at a time."""

        def __getattr__(self, name):
            return getattr(world.chain, name)

        def events_between(self, first, last):
            if last - first >= 3:
                raise Unreachable("narrow", "too many blocks")
            return world.chain.events_between(first, last)

    anchor(world, STRANGE_ROOT)
    assert codes(world, chain=Narrow()) == {"chain.anchor-unknown"}


def test_an_audit_changes_nothing(world):
    before = world.ledger.rows()
    list(audit(world.ledger.engine, chain=world.chain, finality=CONFIRMATIONS))
    assert world.ledger.rows() == before
