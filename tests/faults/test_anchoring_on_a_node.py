# SPDX-License-Identifier: Apache-2.0

"""The anchorer over a real node (anvil) that forgets, reorganises, dies, and asks for more than was offered."""

import pytest

from ledger.batch import BatchState
from ledger.chain.errors import Unreachable
from ledger.chain.transaction_bytes import says_nothing
from ledger.chain.web3_registry import Web3Registry
from ledger.proof.merkle import keccak
from tests.simulators.faulty_node import FaultyNode
from tests.simulators.real_nodes import LoneNode, NodeWorld
from tests.simulators.registry import Transaction
from tests.simulators.school_ledger import CONFIRMATIONS, SCHOOL, SchoolLedger

pytestmark = pytest.mark.chain

GWEI = 10**9


@pytest.fixture(scope="module")
def issued(tmp_path_factory) -> SchoolLedger:
    """A ledger with issued units, made once and copied for each test."""
    ledger = SchoolLedger.created(tmp_path_factory.mktemp("issued"))
    ledger.issued(2)
    return ledger


@pytest.fixture
def node(tmp_path):
    with LoneNode(tmp_path) as running:
        yield running


@pytest.fixture
def ledger(issued, tmp_path) -> SchoolLedger:
    return issued.copied(tmp_path / "ledger")


@pytest.fixture
def world(node, ledger) -> NodeWorld:
    return NodeWorld.on(node, ledger, node.registry())


def test_a_batch_is_carried_to_its_end(world):
    world.finish()
    world.assert_anchored_once()
    assert world.depth() == CONFIRMATIONS


def test_a_reorganisation_takes_it_back_and_the_same_bytes_go_again(node, world):
    world.tick()
    node.mine()
    world.tick()
    assert world.state is BatchState.MINED
    node.rpc("anvil_reorg", 1, [])
    assert world.depth() == 0
    world.tick()
    assert world.state is BatchState.SENT
    world.finish()
    world.assert_anchored_once()


def test_a_transaction_that_the_node_dropped_goes_again(node, world):
    world.tick()
    ((_, raw),) = world.attempts()
    node.rpc("anvil_dropTransaction", "0x" + keccak(raw).hex())
    node.mine()
    assert world.depth() == 0
    world.finish()
    world.assert_anchored_once()


def test_a_node_that_is_killed_while_it_waits_forgets_it_and_is_told_again(node, world):
    node.save()
    world.tick()
    node.kill()
    with pytest.raises(Unreachable):
        world.tick()
    assert world.state is BatchState.SENT
    node.start()
    world.finish()
    world.assert_anchored_once()


def test_a_node_that_is_killed_after_it_mined_it_has_lost_the_block_and_is_told_again(node, world):
    node.save()
    world.tick()
    node.mine()
    world.tick()
    assert world.state is BatchState.MINED
    node.kill()
    with pytest.raises(Unreachable):
        world.tick()
    assert world.state is BatchState.MINED
    node.start()
    assert world.depth() == 0
    world.finish()
    world.assert_anchored_once()


def test_a_node_that_was_stopped_in_order_goes_on_where_it_stood(node, world):
    world.tick()
    node.mine()
    world.tick()
    node.save()
    world.finish()
    world.assert_anchored_once()


def test_one_that_lies_too_long_is_replaced_in_the_node_by_a_dearer_one(node, world):
    world.tick()
    world.clock.passes(minutes=2)
    assert world.tick().stuck == 0
    world.clock.passes(minutes=1)
    world.tick()
    (first, cheap), (second, dear) = world.attempts()
    assert first == second
    assert node.rpc("txpool_status")["pending"] == "0x1"
    assert node.rpc("eth_getTransactionByHash", "0x" + keccak(cheap).hex()) is None
    world.finish()
    world.assert_anchored_once(attempts=2)
    assert world.events()[0]["transactionHash"] == "0x" + keccak(dear).hex()


def test_one_that_the_risen_base_fee_shuts_out_is_replaced_under_its_own_number_at_once(node, world):
    """The node drops it, and would not take the same bytes again."""
    world.tick()
    node.rpc("anvil_setNextBlockBaseFeePerGas", hex(900 * GWEI))
    node.mine()
    assert world.depth() == 0
    world.tick()
    (_, cheap), (_, dear) = world.attempts()
    world.finish()
    world.assert_anchored_once(attempts=2)
    assert world.events()[0]["transactionHash"] == "0x" + keccak(dear).hex() != "0x" + keccak(cheap).hex()
    mined = node.rpc("eth_getTransactionByHash", "0x" + keccak(dear).hex())
    assert int(mined["maxFeePerGas"], 16) > 900 * GWEI


def test_it_is_final_when_the_chain_itself_says_so(node, world):
    world.tick()
    node.mine()
    assert world.tick(finality="finalized").open == 1
    node.rpc("anvil_mine", hex(63))
    world.tick(finality="finalized")
    assert world.state is BatchState.MINED
    node.mine()
    world.tick(finality="finalized")
    world.assert_anchored_once()


def test_a_chain_without_fees_carries_it_for_nothing(ledger, tmp_path):
    free = ["--block-base-fee-per-gas", "0", "--gas-price", "0", "--disable-min-priority-fee"]
    with LoneNode(tmp_path, free) as node:
        world = NodeWorld.on(node, ledger, node.registry())
        node.rpc("anvil_setBalance", world.operator.address, "0x0")
        world.finish()
        world.assert_anchored_once()
        mined = node.rpc("eth_getTransactionByHash", world.events()[0]["transactionHash"])
        assert (mined["type"], mined["gasPrice"]) == ("0x0", "0x0")
        assert node.rpc("eth_getBalance", world.operator.address, "latest") == "0x0"


def test_a_chain_with_one_price_is_paid_that_and_outbid_by_it(node, ledger):
    """As before London, when blocks had no base fee; the contract itself needs a newer machine than that."""
    with FaultyNode(node.url) as older:
        older.answers["eth_getBlockByNumber"] = lambda block: (
            block and {name: value for name, value in block.items() if name != "baseFeePerGas"}
        )
        world = NodeWorld.on(node, ledger, Web3Registry(older.url, node.pin))
        world.tick()
        world.clock.passes(minutes=3)
        world.tick()
        world.finish()
        world.assert_anchored_once(attempts=2)
        offered = [Transaction.read(raw).fee for _, raw in world.attempts()]
        mined = node.rpc("eth_getTransactionByHash", world.events()[0]["transactionHash"])
        assert (mined["type"], int(mined["gasPrice"], 16)) == ("0x0", offered[1])
        assert offered[1] * 100 >= offered[0] * 125


def test_a_number_whose_transaction_the_node_dropped_is_used_up_and_ours_goes_on(node, world):
    """It was somebody else's, with the same key; nothing else is to come."""
    words = world.registry.prepare_publish(
        sender=world.operator.address,
        nonce=world.registry.nonce(world.operator.address),
        publisher=SCHOOL,
        topic=b"\x01" * 32,
        digest=b"\x02" * 32,
    )
    foreign = world.registry.broadcast(world.operator.sign(words).raw)
    world.tick()
    node.rpc("anvil_dropTransaction", "0x" + foreign.hex())
    node.mine()
    assert world.depth() == 0
    world.clock.passes(minutes=5)
    assert world.tick().filled == 1
    world.finish()
    assert world.state is BatchState.FINAL
    assert len(world.events()) == 1
    assert [says_nothing(raw, account=world.operator.address) for _, raw in world.attempts()] == [True, False, False]
