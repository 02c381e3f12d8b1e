# SPDX-License-Identifier: Apache-2.0

"""Three real nodes (anvil) with one chain, of which one lies, lags or is gone: nothing that is read or anchored changes by it.

When too few are left to agree, the answer is that nothing could be found out: never no, never yes.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from ledger.batch import BatchState
from ledger.chain.errors import Disagreement, Rejected, Unreachable, WrongChain
from ledger.chain.quorum import QuorumReader
from ledger.chain.quorum_sender import QuorumSender
from ledger.chain.registry import LeafStatus, RecallReason, Registry, UnsignedTransaction
from ledger.proof.merkle import MerkleTree, keccak
from scripts.workday import if_agreed
from tests.simulators.faulty_node import FaultyNode
from tests.simulators.real_nodes import OPERATOR, Network, NodeWorld, rpc
from tests.simulators.registry_answers import NEVER_HEARD_OF
from tests.simulators.school_ledger import CONFIRMATIONS, SCHOOL, SchoolLedger

pytestmark = pytest.mark.chain

FAR = hex(10**6)


@dataclass(frozen=True)
class Leaf:
    """What is asked about one record."""

    root: bytes
    entry: bytes
    proof: tuple[bytes, ...]

    def asked_of(self, reader: Registry | QuorumReader) -> LeafStatus:
        return reader.status_of(school=SCHOOL, root=self.root, entry=self.entry, proof=self.proof)


def leaf(name: str) -> Leaf:
    entries = [keccak(f"{name} {number}".encode()) for number in range(2)]
    tree = MerkleTree([keccak(entry) for entry in entries])
    return Leaf(tree.root, entries[0], tree.proof(keccak(entries[0])))


ANCHORED, RECALLED, UNKNOWN = leaf("anchored"), leaf("recalled"), leaf("unknown")
LEAVES = {"anchored": ANCHORED, "recalled": RECALLED, "unknown": UNKNOWN}


def carried(network: Network, unsigned: UnsignedTransaction) -> None:
    registry = network.registries()[-1]
    sent = registry.broadcast(OPERATOR.sign(unsigned).raw)
    network.mine()
    assert registry.receipt(sent).status


@pytest.fixture(scope="module")
def running() -> Iterator[Network]:
    with Network(3) as network:
        registry = network.registries()[-1]
        for each in (ANCHORED, RECALLED):
            who = {"sender": OPERATOR.address, "nonce": registry.nonce(OPERATOR.address), "school": SCHOOL}
            carried(network, registry.prepare_anchor(**who, school_year=2025, root=each.root, leaf_count=2))
        who["nonce"] += 1
        where = {"root": RECALLED.root, "entry": RECALLED.entry}
        carried(network, registry.prepare_recall(**who, **where, reason=RecallReason.FRAUD))
        yield network


@pytest.fixture
def network(running) -> Iterator[Network]:
    yield running
    running.heal()


@pytest.fixture
def reader(network) -> Iterator[QuorumReader]:
    asked = QuorumReader(network.registries(), at_least=2)
    yield asked
    asked.close()


@pytest.fixture
def sender(network) -> Iterator[QuorumSender]:
    told = QuorumSender(network.registries(), at_least=2)
    yield told
    told.close()


# Reading.


def truth(network: Network, asked: Leaf) -> LeafStatus:
    return replace(asked.asked_of(network.registries()[-1]), head=NEVER_HEARD_OF.head)


def told_by(reader: QuorumReader, asked: Leaf) -> LeafStatus:
    return replace(asked.asked_of(reader), head=NEVER_HEARD_OF.head)


def says_of_all_what_it_says_of(network: Network, front: FaultyNode, other: Leaf) -> None:
    """A lie that is a whole, well-formed answer: the one about another record."""
    heard: list[str] = []
    front.answers["eth_call"] = lambda answer: heard.append(answer) or answer
    other.asked_of(network.registries()[network.fronts.index(front)])
    front.answers["eth_call"] = lambda _: heard[0]


@pytest.mark.parametrize(("asked", "claimed"), list(itertools.permutations(LEAVES, 2)))
@pytest.mark.parametrize("liar", [0, 2])
def test_one_liar_of_three_changes_no_answer_in_any_direction(network, reader, asked, claimed, liar):
    honest = truth(network, LEAVES[asked])
    says_of_all_what_it_says_of(network, network.fronts[liar], LEAVES[claimed])
    assert told_by(QuorumReader([network.registries()[liar]], at_least=1), LEAVES[asked]) != honest
    assert told_by(reader, LEAVES[asked]) == honest


SPOILT: dict[str, Callable[[FaultyNode], None]] = {
    "another chain": lambda front: front.answers.update(eth_chainId=lambda _: "0x1"),
    "another contract": lambda front: front.answers.update(eth_getCode=lambda code: code[:-2] + "00"),
    "no contract": lambda front: front.answers.update(eth_getCode=lambda _: "0x"),
    "nonsense": lambda front: setattr(front, "body", b"<html>"),
    "gone": lambda front: setattr(front, "http_status", 503),
    "no blocks": lambda front: front.answers.update(eth_getBlockByNumber=lambda _: None),
}


@pytest.mark.parametrize("asked", LEAVES)
@pytest.mark.parametrize("how", SPOILT)
def test_one_that_cannot_be_believed_changes_no_answer(network, reader, asked, how):
    honest = truth(network, LEAVES[asked])
    SPOILT[how](network.fronts[0])
    assert told_by(reader, LEAVES[asked]) == honest


def test_one_that_lags_changes_no_answer_and_holds_nothing_back(network, reader):
    late = leaf("late")
    network.behind.add(0)
    registry = network.registries()[-1]
    who = {"sender": OPERATOR.address, "nonce": registry.nonce(OPERATOR.address), "school": SCHOOL}
    carried(network, registry.prepare_anchor(**who, school_year=2025, root=late.root, leaf_count=2))
    assert late.asked_of(network.registries()[0]).anchored_at is None
    assert told_by(reader, late) == truth(network, late)
    assert late.asked_of(reader).included
    assert reader.head() == registry.head()
    assert reader.settled_block(1) == registry.settled_block(1)


def test_one_that_invents_blocks_pushes_no_head_up(network, reader):
    honest = network.registries()[-1].head()
    network.fronts[0].answers["eth_getBlockByNumber"] = lambda block: block | {"number": FAR}
    network.fronts[0].answers["eth_blockNumber"] = lambda _: FAR
    assert reader.head() == honest
    assert reader.settled_block(3) == honest.number - 2
    assert ANCHORED.asked_of(reader).head == honest


@pytest.mark.parametrize("asked", LEAVES)
@pytest.mark.parametrize("gone", [(0, 1), (1, 2), (0, 1, 2)])
def test_when_too_few_are_left_nothing_could_be_found_out(network, reader, asked, gone):
    for place in gone:
        network.fronts[place].http_status = 503
    with pytest.raises(Disagreement) as caught:
        LEAVES[asked].asked_of(reader)
    assert isinstance(caught.value, Unreachable)
    with pytest.raises(Disagreement):
        reader.head()


def test_a_liar_and_one_that_is_gone_leave_nothing_to_believe(network, reader):
    network.fronts[0].http_status = 503
    says_of_all_what_it_says_of(network, network.fronts[1], UNKNOWN)
    with pytest.raises(Disagreement):
        ANCHORED.asked_of(reader)


def test_when_most_hold_another_registry_the_settings_are_wrong(network, reader):
    for front in network.fronts[:2]:
        front.answers["eth_chainId"] = lambda _: "0x1"
    with pytest.raises(WrongChain, match="chain id"):
        ANCHORED.asked_of(reader)


# Anchoring.


@pytest.fixture(scope="module")
def issued(tmp_path_factory) -> SchoolLedger:
    """A ledger with issued units, made once and copied for each test."""
    ledger = SchoolLedger.created(tmp_path_factory.mktemp("issued"))
    ledger.issued(2)
    return ledger


@pytest.fixture
def world(network, sender, issued, tmp_path) -> NodeWorld:
    return NodeWorld.on(network, issued.copied(tmp_path / "ledger"), sender)


def hashed(raw: str) -> str:
    return "0x" + keccak(bytes.fromhex(raw[2:])).hex()


def mined_at_once(hash_: str) -> dict[str, object]:
    """A receipt for anything, deep in the past."""
    nobody = "0x" + "00" * 20
    return {
        "transactionHash": hash_,
        "transactionIndex": "0x0",
        "blockNumber": "0x1",
        "blockHash": "0x" + "11" * 32,
        "status": "0x1",
        "gasUsed": "0x1",
        "cumulativeGasUsed": "0x1",
        "effectiveGasPrice": "0x1",
        "from": nobody,
        "to": nobody,
        "contractAddress": None,
        "logs": [],
        "logsBloom": "0x" + "00" * 256,
        "type": "0x2",
    }


def denies_everything(front: FaultyNode) -> None:
    """What would have a number given up: it was used, not by us, and ours is nowhere."""
    front.answers["eth_getTransactionReceipt"] = lambda _: None
    front.answers["eth_getTransactionByHash"] = lambda _: None
    front.answers["eth_getTransactionCount"] = lambda _: FAR
    front.errors["eth_sendRawTransaction"] = {"code": -32000, "message": "nonce too low"}


def refusing(message: str, data: str | None = None) -> dict[str, object]:
    return {"code": 3, "message": message} | ({} if data is None else {"data": data})


MISCHIEF: dict[str, Callable[[FaultyNode], None]] = {
    "has seen no transaction": lambda front: front.answers.update(eth_getTransactionReceipt=lambda _: None),
    "has seen every transaction": lambda front: front.replies.update(eth_getTransactionReceipt=mined_at_once),
    "says that the contract undid it": lambda front: front.replies.update(
        eth_getTransactionReceipt=lambda hash_: mined_at_once(hash_) | {"status": "0x0"}
    ),
    "says that no number was used": lambda front: front.answers.update(eth_getTransactionCount=lambda _: "0x0"),
    "says that all numbers were used": lambda front: front.answers.update(eth_getTransactionCount=lambda _: FAR),
    "denies everything": denies_everything,
    "swallows what is sent": lambda front: front.replies.update(eth_sendRawTransaction=hashed),
    "says that it is too cheap": lambda front: front.errors.update(
        eth_sendRawTransaction=refusing("replacement transaction underpriced")
    ),
    "says that the account is empty": lambda front: front.errors.update(
        eth_sendRawTransaction=refusing("insufficient funds")
    ),
    "says that the contract would refuse": lambda front: front.errors.update(
        eth_estimateGas=refusing("execution reverted", "0x")
    ),
    "asks for a fortune": lambda front: front.answers.update(
        eth_maxPriorityFeePerGas=lambda _: hex(10**17), eth_estimateGas=lambda _: hex(2**40)
    ),
    "asks for nothing": lambda front: front.answers.update(
        eth_maxPriorityFeePerGas=lambda _: "0x0", eth_estimateGas=lambda _: "0x5208"
    ),
    "has one price": lambda front: front.answers.update(
        eth_getBlockByNumber=lambda block: block | {"baseFeePerGas": "0x0"}, eth_gasPrice=lambda _: "0x0"
    ),
    "invents blocks": lambda front: front.answers.update(eth_blockNumber=lambda _: FAR),
    **SPOILT,
}


@pytest.mark.parametrize("how", MISCHIEF)
def test_whatever_one_of_three_does_a_batch_is_anchored_once_and_not_before_it_is(network, world, how):
    MISCHIEF[how](network.fronts[0])
    for _ in range(2):
        world.tick()
        assert world.state is BatchState.SENT  # Nothing is mined yet, whoever says so.
    for depth in range(1, CONFIRMATIONS):
        network.mine()
        world.tick()
        assert (world.depth(), world.state) == (depth, BatchState.MINED)
    network.mine()
    world.tick()
    assert world.depth() == CONFIRMATIONS
    world.assert_anchored_once()
    mined = rpc(network.url, "eth_getTransactionByHash", world.events()[0]["transactionHash"])
    assert (mined["type"], int(mined["maxPriorityFeePerGas"], 16)) == ("0x2", 10**9)


def test_one_that_lags_keeps_nothing_waiting(network, world):
    world.tick()
    network.behind.add(0)
    network.mine(CONFIRMATIONS)
    world.tick()
    world.assert_anchored_once()


def test_with_two_of_three_behind_nothing_is_final_before_they_come_after(network, world):
    world.tick()
    network.behind |= {0, 1}
    network.mine(CONFIRMATIONS)
    for _ in range(2):
        world.tick()
        assert world.state is BatchState.SENT
    network.heal()
    world.tick()
    world.assert_anchored_once()


@pytest.mark.parametrize("gone", [(0, 1), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("when", [BatchState.SEALED, BatchState.SENT, BatchState.MINED])
def test_with_too_few_left_nothing_moves(network, world, when, gone):
    if when is not BatchState.SEALED:
        world.tick()
    if when is BatchState.MINED:
        network.mine()
        world.tick()
    assert world.state is when
    before = (world.attempts(), list(world.ledger.signed))
    for place in gone:
        network.fronts[place].http_status = 503
    with pytest.raises(Disagreement):
        world.tick()
    assert (world.state, world.attempts(), world.ledger.signed) == (when, *before)
    network.heal()
    world.finish()
    world.assert_anchored_once()


def test_a_node_that_was_not_reached_gets_it_from_the_others_and_one_that_was_is_enough(network, world):
    network.fronts[0].http_status = 503
    network.fronts[1].replies["eth_sendRawTransaction"] = hashed
    world.tick()
    assert world.state is BatchState.SENT
    network.mine()
    assert world.depth() == 1
    network.heal()
    world.finish()
    world.assert_anchored_once()


def test_nodes_that_do_not_all_have_the_block_yet_are_waited_for_and_those_that_are_gone_are_not(network, world):
    world.tick()
    network.behind.add(0)
    network.mine()
    network.fronts[1].http_status = 503
    assert if_agreed(world.tick) is None
    network.heal()
    assert if_agreed(world.tick).open == 1
    for front in network.fronts[:2]:
        front.http_status = 503
    with pytest.raises(Disagreement):
        if_agreed(world.tick)


def test_what_most_say_the_contract_refuses_is_refused(network, sender):
    who = {"sender": OPERATOR.address, "nonce": sender.nonce(OPERATOR.address), "school": SCHOOL}
    network.fronts[0].answers["eth_call"] = lambda _: "0x"
    with pytest.raises(Rejected) as caught:
        sender.prepare_anchor(**who, school_year=2025, root=ANCHORED.root, leaf_count=2)
    assert caught.value.name == "AlreadyAnchored"


def test_a_node_that_would_have_us_sign_for_another_chain_is_not_believed(network):
    front, registry = network.fronts[0], network.registries()[0]
    registry.head()
    front.answers["eth_chainId"] = lambda _: "0x1"
    with pytest.raises(WrongChain, match="chain id"):
        registry.prepare_publish(
            sender=OPERATOR.address, nonce=0, publisher=SCHOOL, topic=b"\x01" * 32, digest=b"\x02" * 32
        )
