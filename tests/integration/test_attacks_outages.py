# SPDX-License-Identifier: Apache-2.0

"""Whatever is down, lies or dies: the answer is that nothing is known. Never red for a genuine file, never green for any."""

import functools
import json
import os
import signal
from dataclasses import dataclass, field, replace

import attacked_school as world
import pytest
from attacked_school import FAILED, OPEN, PASSED
from web3.providers.base import JSONBaseProvider

from ledger.chain.quorum import QuorumReader
from ledger.chain.registry import RegistryPin
from ledger.chain.web3_registry import Web3Registry
from verifier_api.examination import examine
from verifier_api.intake import IsolatedExaminer
from verifier_api.signatures import judge_pdf
from verifier_api.verdict import Outcome, Standing


@dataclass
class LyingNode(JSONBaseProvider):
    """Stands before the chain and does to its answers what its state says."""

    answers: dict = field(default_factory=dict)
    """Method to what becomes of its result."""
    raises: Exception | None = None

    def __post_init__(self):
        super().__init__()

    def make_request(self, method, params):
        if self.raises is not None:
            raise self.raises
        told = world.chain().node.make_request(method, params)
        if method in self.answers and "result" in told:
            told = {**told, "result": self.answers[method](told["result"])}
        return told


def through(node, pin=None):
    return Web3Registry(node, pin or world.chain().deployment.pin)


def not_concluded(registry, *codes):
    """A genuine file, which passes over an honest node, and a forgery that no chain was needed to find."""
    for data in (world.genuine().xml, world.genuine().pdf):
        verdict = world.judge(data, world.genuine_receipt(), registry=registry)
        assert verdict.conclusion is OPEN
        assert verdict.standing is Standing.UNKNOWN
        assert set(codes) <= world.complaints(verdict)
        assert not world.codes(verdict, Outcome.FAILED)


GARBAGE = {
    "null": lambda _: None,
    "empty": lambda _: "0x",
    "short": lambda _: "0x" + "00" * 31,
    "all ones": lambda _: "0x" + "ff" * 352,
    "no hex": lambda _: "không biết",
    "an object": lambda _: {"code": 0},
    "a number": lambda _: 7,
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_node_talks_garbage(garbage):
    not_concluded(through(LyingNode({"eth_call": garbage})), "chain.unreachable")


@pytest.mark.parametrize(
    "error",
    [ConnectionError("refused"), TimeoutError("slow"), json.JSONDecodeError("html", "<html>", 0), OSError("gone")],
    ids=["refused", "timeout", "html instead of JSON", "gone"],
)
def test_node_is_down(error):
    not_concluded(through(LyingNode(raises=error)), "chain.unreachable")


def test_nobody_listens_at_the_nodes_address():
    not_concluded(Web3Registry("http://127.0.0.1:9", world.chain().deployment.pin), "chain.unreachable")


def test_node_of_another_chain():
    not_concluded(through(LyingNode({"eth_chainId": lambda _: "0x1"})), "chain.wrong_registry")


def test_registry_with_other_code():
    not_concluded(through(LyingNode({"eth_getCode": lambda _: "0x6000"})), "chain.wrong_registry")


def test_no_registry_at_the_pinned_address():
    pin = world.chain().deployment.pin
    elsewhere = RegistryPin(chain_id=pin.chain_id, address="0x" + "ab" * 20, code_hash=pin.code_hash)
    not_concluded(through(world.chain().node, elsewhere), "chain.wrong_registry")


# Three nodes.


def answer_of(receipt):
    return world.chain().registry.status_of(
        school=receipt.manifest.school, root=receipt.root_bytes, entry=receipt.entry_bytes, proof=receipt.proof_bytes
    )


@dataclass
class Liar:
    """A node that says of everything what suits it. Implements `RegistryReader`."""

    told: object

    @property
    def pin(self):
        return world.chain().deployment.pin

    def head(self):
        return world.chain().registry.head()

    def status_of(self, **_):
        return self.told

    def school(self, code):
        return world.chain().registry.school(code)


@pytest.fixture
def quorum():
    opened = []

    def of(*readers):
        opened.append(QuorumReader(readers, at_least=2))
        return opened[-1]

    yield of
    for reader in opened:
        reader.close()


def test_one_of_three_denies_a_recall(quorum):
    receipt = world.anchored(world.manifest_of(world.genuine()))
    current = answer_of(receipt)
    world.chain().recall(receipt)
    honest = world.chain().registry
    verdict = world.judge(world.genuine().xml, receipt, registry=quorum(Liar(current), honest, honest))
    assert verdict.standing is Standing.RECALLED


def test_one_of_three_invents_an_anchor(quorum):
    (never,) = world.batched(world.manifest_of(world.genuine()))
    liar = Liar(answer_of(world.genuine_receipt()))
    honest = world.chain().registry
    verdict = world.judge(world.genuine().xml, never, registry=quorum(liar, honest, honest))
    assert (verdict.conclusion, verdict.standing) == (FAILED, Standing.UNANCHORED)


def test_one_of_three_denies_the_anchor(quorum):
    liar = Liar(replace(answer_of(world.genuine_receipt()), anchored_at=None, anchored_in_block=None, included=False))
    honest = world.chain().registry
    verdict = world.judge(world.genuine().xml, world.genuine_receipt(), registry=quorum(honest, liar, honest))
    assert (verdict.conclusion, verdict.standing) == (PASSED, Standing.CURRENT)


def test_one_of_three_makes_a_shallow_anchor_deep(quorum):
    shallow = world.anchored(world.manifest_of(world.genuine()), deep=False)
    told = answer_of(shallow)
    liar = Liar(replace(told, head=replace(told.head, number=told.head.number + 1000)))
    honest = world.chain().registry
    verdict = world.judge(world.genuine().xml, shallow, registry=quorum(liar, honest, honest))
    assert (verdict.conclusion, verdict.standing) == (OPEN, Standing.UNANCHORED)


def test_one_is_down_and_one_lies(quorum):
    liar = Liar(replace(answer_of(world.genuine_receipt()), anchored_at=None, anchored_in_block=None, included=False))
    down = through(LyingNode(raises=ConnectionError("refused")))
    not_concluded(quorum(liar, down, world.chain().registry), "chain.unreachable")


def test_two_of_three_serve_another_registry(quorum):
    other = [through(LyingNode({"eth_getCode": lambda _: "0x6000"})) for _ in range(2)]
    not_concluded(quorum(*other, world.chain().registry), "chain.wrong_registry")


# The workers.


@functools.cache
def full():
    return world.trusting().anchors


def dies(_):
    os.kill(os.getpid(), signal.SIGKILL)


def stumbles(_):
    raise AssertionError


@pytest.mark.parametrize("worker", [dies, stumbles], ids=["killed", "raises what it should not"])
def test_worker_is_lost(worker):
    with IsolatedExaminer(worker, workers=1) as examiner:
        verdict = world.judge(world.genuine().pdf, world.genuine_receipt(), examined_by=examiner)
    assert (verdict.conclusion, verdict.standing) == (OPEN, Standing.UNKNOWN)
    assert world.complaints(verdict) == {"intake.exhausted"}


class Hungry(frozenset):
    """Names of fields, on a machine that runs out of memory when it is asked for `what`."""

    what = "__sub__"

    def __sub__(self, other):
        return self._fed("__sub__", frozenset.__sub__(self, other))

    def __contains__(self, name):
        return self._fed("__contains__", frozenset.__contains__(self, name))

    def _fed(self, asked, answer):
        if asked == self.what:
            raise MemoryError
        return answer


@pytest.mark.parametrize("what", ["__sub__", "__contains__"], ids=["while reading", "while comparing revisions"])
def test_want_of_memory_is_no_judgement_of_the_file(what):
    """It leaves the library's hands as it is; the worker then ends, and the verdict is as of a lost worker."""
    names = Hungry(role.value for role in world.ROLES_IN_ORDER)
    names.what = what
    with pytest.raises(MemoryError):
        judge_pdf(world.genuine().pdf, roots=full().roots, field_names=names)


@pytest.mark.parametrize("kind", ["pdf", "xml"])
def test_genuine_in_a_worker_process(kind):
    with IsolatedExaminer(functools.partial(examine, anchors=full()), workers=1) as examiner:
        verdict = world.judge(getattr(world.genuine(), kind), world.genuine_receipt(), examined_by=examiner)
    assert (verdict.conclusion, verdict.standing) == (PASSED, Standing.CURRENT)
