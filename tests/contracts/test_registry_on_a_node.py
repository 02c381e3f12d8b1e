# SPDX-License-Identifier: Apache-2.0

"""The registry through a real node (anvil), and through nodes that fail, refuse, lie and vanish."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import replace

import pytest
from registry_scene import SCHOOL, SEAL, Batch, scene_on
from simulators.faulty_node import FaultyNode

from ledger.chain.errors import NonceTaken, OutOfFunds, Rejected, Underpriced, Unreachable, Unsendable, WrongChain
from ledger.chain.lean_node import MAX_ANSWER_BYTES
from ledger.chain.quorum import QuorumReader
from ledger.chain.registry import RecallReason, Replacement
from ledger.chain.wallet import KeyWallet
from ledger.chain.web3_registry import Web3Registry
from scripts.devchain import Devchain, DevchainError, free_port

pytestmark = pytest.mark.chain


def rpc(url, method, *params):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    with urllib.request.urlopen(
        urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=10
    ) as a:
        return json.load(a)["result"]


@pytest.fixture
def faulty(devchain):
    with FaultyNode(devchain.url) as node:
        yield node


def through(node, scene) -> Web3Registry:
    return Web3Registry(node.url, scene.deployment.pin, 2.0)


def test_a_unit_is_anchored_recalled_and_told(node_scene):
    batch = Batch("one")
    node_scene.anchor(batch)
    node_scene.recall(batch, 0, reason=RecallReason.OTHER, replacement=Replacement(batch.root, batch.entries[1]))
    status = node_scene.status(batch, 0)
    assert status.included
    assert status.reason is RecallReason.OTHER
    assert status.replacement == (SCHOOL, batch.entries[1])
    assert status.head == node_scene.registry.head()
    assert node_scene.registry.school(SCHOOL).seal_certificate == SEAL


def test_a_statement_is_published_and_told(node_scene):
    node_scene.publish(b"\x01" * 32, topic=b"\x70" * 32)
    told = node_scene.registry.statement_at(publisher=None, topic=b"\x70" * 32)
    assert told == (b"\x01" * 32, node_scene.registry.head().time)


@pytest.mark.parametrize("answer", ["0x", "0x00", "0x" + "ff" * 64, "nonsense", None])
def test_an_answer_that_is_no_statement_is_an_outage(node_scene, faulty, answer):
    faulty.answers["eth_call"] = lambda _: answer
    with pytest.raises(Unreachable):
        through(faulty, node_scene).statement_at(publisher=None, topic=b"\x70" * 32)


def test_a_refusal_has_the_same_name_and_values_as_in_process(node_scene):
    batch = Batch("one")
    node_scene.anchor(batch)
    with pytest.raises(Rejected) as caught:
        node_scene.prepare_anchor(batch)
    assert caught.value.name == "AlreadyAnchored"
    assert caught.value.values["root"] == batch.root


def test_sending_a_waiting_transaction_again_is_a_success(devchain, node_scene):
    rpc(devchain.url, "evm_setAutomine", False)
    signed = node_scene.operator.sign(node_scene.prepare_anchor(Batch("one")))
    nonce = node_scene.registry.nonce(node_scene.operator.address)
    assert node_scene.registry.broadcast(signed.raw) == signed.hash
    assert node_scene.registry.receipt(signed.hash) is None
    assert node_scene.registry.broadcast(signed.raw) == signed.hash
    assert node_scene.registry.nonce(node_scene.operator.address) == nonce + 1
    rpc(devchain.url, "evm_mine")
    assert node_scene.registry.receipt(signed.hash).status is True
    assert node_scene.registry.broadcast(signed.raw) == signed.hash


def test_a_nonce_of_another_transaction_is_taken(node_scene):
    first, second = node_scene.prepare_anchor(Batch("one")), node_scene.prepare_anchor(Batch("two"))
    node_scene.send(node_scene.operator, first)
    with pytest.raises(NonceTaken):
        node_scene.registry.broadcast(node_scene.operator.sign(second).raw)


def test_a_waiting_transaction_is_replaced_at_a_higher_fee_only(devchain, node_scene):
    rpc(devchain.url, "evm_setAutomine", False)
    first, second = node_scene.prepare_anchor(Batch("one")), node_scene.prepare_anchor(Batch("two"))
    second = replace(second, nonce=first.nonce)
    node_scene.registry.broadcast(node_scene.operator.sign(first).raw)
    with pytest.raises(Underpriced):
        node_scene.registry.broadcast(node_scene.operator.sign(second).raw)
    dearer = node_scene.operator.sign(
        second.outbidding(fee=second.fee, tip=second.max_priority_fee_per_gas, percent=15)
    )
    assert node_scene.registry.broadcast(dearer.raw) == dearer.hash


def test_an_empty_account_is_told_that_it_is_empty(node_scene):
    poor = KeyWallet(b"\x07" * 32)
    node_scene.register(school="79000403", operator=poor.address)
    prepared = node_scene.prepare_anchor(Batch("one"), school="79000403", wallet=poor)
    with pytest.raises(OutOfFunds):
        node_scene.registry.broadcast(poor.sign(prepared).raw)


def test_garbage_is_not_a_transaction(node_scene):
    with pytest.raises(Unsendable):
        node_scene.registry.broadcast(b"\x02garbage")


def test_a_reorganisation_takes_a_receipt_back(devchain, node_scene):
    batch = Batch("one")
    receipt = node_scene.anchor(batch)
    rpc(devchain.url, "anvil_reorg", 1, [])
    assert node_scene.registry.receipt(receipt.transaction_hash) is None
    assert node_scene.status(batch, 0).anchored_at is None


def test_a_chain_without_fees_is_paid_nothing():
    with Devchain(options=["--block-base-fee-per-gas", "0"]) as free, FaultyNode(free.url) as node:
        scene = scene_on(free.url, [free.wallet(i) for i in range(4)])
        node.answers["eth_gasPrice"] = lambda _: "0x0"
        node.answers["eth_getBlockByNumber"] = lambda block: block | {"baseFeePerGas": "0x0"}
        rpc(free.url, "anvil_setBalance", scene.operator.address, "0x0")
        rpc(free.url, "anvil_setNextBlockBaseFeePerGas", "0x0")
        prepared = replace(scene, registry=through(node, scene)).prepare_anchor(Batch("one"))
        assert (prepared.gas_price, prepared.max_fee_per_gas) == (0, None)
        assert scene.send(scene.operator, prepared).status


def test_a_chain_from_before_london_is_paid_its_gas_price(node_scene, faulty):
    faulty.answers["eth_gasPrice"] = lambda _: "0x4a817c800"
    faulty.answers["eth_getBlockByNumber"] = lambda block: {k: v for k, v in block.items() if k != "baseFeePerGas"}
    prepared = replace(node_scene, registry=through(faulty, node_scene)).prepare_anchor(Batch("one"))
    assert (prepared.gas_price, prepared.max_priority_fee_per_gas) == (20_000_000_000, None)
    assert node_scene.send(node_scene.operator, prepared).status


def test_the_chain_is_there_again_after_a_restart(tmp_path):
    batch = Batch("one")
    with Devchain(state=tmp_path / "chain.json") as chain:
        scene = scene_on(chain.url, [chain.wallet(i) for i in range(4)])
        scene.anchor(batch)
        before = scene.status(batch, 0)
        chain.stop()
        chain.stop()
        chain.start()
        again = Web3Registry(chain.url, scene.deployment.pin)
        after = again.status_of(school=SCHOOL, root=batch.root, entry=batch.entries[0], proof=batch.proof(0))
    assert (after.anchored_at, after.anchored_in_block) == (before.anchored_at, before.anchored_in_block)
    assert chain.pid is None


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_a_devchain_told_to_end_keeps_its_state(tmp_path, word):
    state = tmp_path / "chain.json"
    words = [sys.executable, "-m", "scripts.devchain", "--port", str(free_port()), "--state", str(state)]
    # A shell that runs the tests in the background has told them, and so their children, to ignore SIGINT.
    ignoring = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        signal.signal(signal.SIGINT, ignoring)
        try:
            assert "chain id 31337" in running.stdout.readline()
            running.send_signal(word)
            assert running.wait(30) == 0
        finally:
            running.terminate()
    assert json.loads(state.read_text())["accounts"]


def test_a_devchain_that_cannot_start_says_why():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(DevchainError, match="did not start"):
            Devchain(port=taken.getsockname()[1]).start()


def test_a_stopped_node_is_unreachable_and_another_one_in_its_place_is_not_believed():
    with Devchain(port=free_port()) as chain:
        scene = scene_on(chain.url, [chain.wallet(i) for i in range(4)])
        scene.registry.head()
        port = int(chain.url.rsplit(":", 1)[1])
        chain.stop()
        for ask in (
            scene.registry.head,
            lambda: scene.registry.school(SCHOOL),
            lambda: scene.registry.nonce(scene.operator.address),
            lambda: scene.registry.receipt(b"\x01" * 32),
            lambda: scene.registry.broadcast(b"\x02"),
            lambda: scene.prepare_anchor(Batch("one")),
        ):
            with pytest.raises(Unreachable):
                ask()
        with Devchain(port=port, chain_id=4242), pytest.raises(WrongChain, match="chain id"):
            scene.registry.head()


def test_a_node_that_never_answers_is_unreachable_in_time(node_scene):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        registry = Web3Registry(f"http://127.0.0.1:{silent.getsockname()[1]}", node_scene.deployment.pin, 0.2)
        with pytest.raises(Unreachable, match="timeout"):
            registry.head()


@pytest.mark.parametrize(
    "body", [b"", b"<html>busy</html>", b"[]", b'{"jsonrpc":"2.0","id":1}', b'{"result":null}', b"\xff"]
)
def test_nonsense_is_an_outage(node_scene, faulty, body):
    registry = through(faulty, node_scene)
    registry.head()
    faulty.body = body
    for ask in (registry.head, lambda: registry.school(SCHOOL), lambda: registry.nonce(node_scene.operator.address)):
        with pytest.raises(Unreachable):
            ask()


def test_an_http_error_is_an_outage_that_is_asked_about_once(node_scene, faulty):
    registry = through(faulty, node_scene)
    registry.head()
    asked = faulty.asked.total()
    faulty.http_status = 503
    with pytest.raises(Unreachable, match="HTTP 503"):
        registry.head()
    assert faulty.asked.total() == asked + 1


@pytest.mark.parametrize("answer", ["0x", "0x00", "0x" + "ff" * 32 * 11, "0x" + "00" * 32 * 10, "nonsense", None, 7])
def test_an_answer_that_is_no_status_is_an_outage(node_scene, faulty, answer):
    batch = Batch("one")
    faulty.answers["eth_call"] = lambda _: answer
    with pytest.raises(Unreachable):
        through(faulty, node_scene).status_of(school=SCHOOL, root=batch.root, entry=batch.entries[0], proof=())


@pytest.mark.parametrize(
    "change",
    [
        {"hash": None},
        {"hash": "0x12"},
        {"number": 7},
        {"number": "0x"},
        {"number": "0x" + "f" * 17},
        {"timestamp": "noon"},
        {"timestamp": "0x" + "f" * 16},
        None,
    ],
)
def test_a_newest_block_that_makes_no_sense_is_an_outage(node_scene, faulty, change):
    faulty.answers["eth_getBlockByNumber"] = lambda block: None if change is None else {**block, **change}
    with pytest.raises(Unreachable, match="unusable answer"):
        through(faulty, node_scene).school(SCHOOL)
    faulty.honest()
    assert through(faulty, node_scene).school(SCHOOL).seal_certificate == SEAL


def test_an_answer_without_end_is_an_outage_and_the_next_question_gets_its_own(node_scene, faulty):
    registry = through(faulty, node_scene)
    faulty.answers["eth_call"] = lambda result: result + "00" * MAX_ANSWER_BYTES
    with pytest.raises(Unreachable, match="too long"):
        registry.school(SCHOOL)
    faulty.honest()
    assert registry.school(SCHOOL).seal_certificate == SEAL


def test_an_answer_to_another_question_is_an_outage(node_scene, faulty):
    registry = through(faulty, node_scene)
    registry.head()
    faulty.body = b'{"jsonrpc":"2.0","id":0,"result":"0x"}'
    with pytest.raises(Unreachable, match="not an answer"):
        registry.school(SCHOOL)


def test_a_view_that_a_node_says_was_reverted_is_an_outage(node_scene, faulty):
    faulty.errors["eth_call"] = {"code": 3, "message": "execution reverted", "data": "0x12345678"}
    with pytest.raises(Unreachable):
        through(faulty, node_scene).school(SCHOOL)


def test_a_node_is_asked_for_its_pin_once(node_scene, faulty):
    registry = through(faulty, node_scene)
    for _ in range(3):
        registry.head()
    assert (faulty.asked["eth_chainId"], faulty.asked["eth_getCode"]) == (1, 1)


@pytest.mark.parametrize(
    ("method", "lie", "what"),
    [
        ("eth_chainId", lambda _: "0x1", "chain id"),
        ("eth_getCode", lambda _: "0x", "code"),
        ("eth_getCode", lambda code: code[:-2] + "00", "code hash"),
    ],
)
def test_a_node_without_the_pinned_registry_is_not_believed(node_scene, faulty, method, lie, what):
    faulty.answers[method] = lie
    with pytest.raises(WrongChain) as caught:
        through(faulty, node_scene).school(SCHOOL)
    assert caught.value.what == what


def test_a_chain_of_validators_may_write_long_extra_data(node_scene, faulty):
    faulty.answers["eth_getBlockByNumber"] = lambda block: block | {"extraData": "0x" + "ab" * 200}
    assert through(faulty, node_scene).head() == node_scene.registry.head()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("nonce too low", NonceTaken),
        ("Nonce too low", NonceTaken),
        ("insufficient funds for gas * price + value", OutOfFunds),
        ("Upfront cost exceeds account balance", OutOfFunds),
        ("replacement transaction underpriced", Underpriced),
        ("max fee per gas less than block base fee", Underpriced),
        ("Gas price below configured minimum gas price", Underpriced),
        ("intrinsic gas too low", Unsendable),
    ],
)
def test_every_make_of_node_is_understood_when_it_refuses(node_scene, faulty, said, kind):
    faulty.errors["eth_sendRawTransaction"] = {"code": -32000, "message": said}
    signed = node_scene.operator.sign(node_scene.prepare_anchor(Batch("one")))
    with pytest.raises(Unsendable) as caught:
        through(faulty, node_scene).broadcast(signed.raw)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    "said", ["already known", "Known transaction", "transaction already imported", "nonce too low"]
)
def test_a_transaction_the_node_has_is_sent_whatever_it_says(node_scene, faulty, said):
    prepared = node_scene.prepare_anchor(Batch("one"))
    node_scene.send(node_scene.operator, prepared)
    signed = node_scene.operator.sign(prepared)
    faulty.errors["eth_sendRawTransaction"] = {"code": -32000, "message": said}
    assert through(faulty, node_scene).broadcast(signed.raw) == signed.hash


def test_one_lying_node_of_three_changes_nothing(node_scene, faulty):
    batch = Batch("one")
    node_scene.anchor(batch)
    faulty.answers["eth_call"] = lambda answer: "0x" + "00" * (len(answer) // 2 - 1)
    with FaultyNode(faulty.upstream) as honest:
        registries = [through(faulty, node_scene), through(honest, node_scene), node_scene.registry]
        assert registries[0].school(SCHOOL) is None
        reader = QuorumReader(registries, at_least=2)
        told = reader.status_of(school=SCHOOL, root=batch.root, entry=batch.entries[0], proof=batch.proof(0))
        assert told == node_scene.status(batch, 0)
        assert reader.school(SCHOOL) == node_scene.registry.school(SCHOOL)
        reader.close()
