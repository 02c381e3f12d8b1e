# SPDX-License-Identifier: Apache-2.0

"""Several nodes: what enough of them say alike is the answer, and nothing else is."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from simulators.registry_answers import NEVER_HEARD_OF

from ledger.chain.errors import ChainError, Disagreement, Malformed, Unreachable, WrongChain
from ledger.chain.quorum import QuorumReader
from ledger.chain.registry import (
    Head,
    LeafStatus,
    RecallReason,
    RegistryPin,
    SchoolKeys,
    SchoolOnChain,
    SchoolStanding,
    Statement,
)

PIN = RegistryPin(chain_id=31337, address="0x" + "11" * 20, code_hash="0x" + "22" * 32)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
STUCK_SECONDS = 5
ROOT, LEAF = b"\x01" * 32, b"\x02" * 32


def head(number: int) -> Head:
    return Head(number=number, time=NOON + timedelta(seconds=number))


CURRENT = replace(
    NEVER_HEARD_OF,
    anchored_at=NOON,
    anchored_in_block=7,
    leaf_count=45,
    school_year=2025,
    included=True,
    version=1,
    seal_certificate=b"\x05" * 32,
    anchored_by="0x" + "33" * 20,
    head=head(100),
)
RECALLED = replace(CURRENT, recalled_at=NOON, reason=RecallReason.FRAUD)
SCHOOL = SchoolOnChain(
    "79000401", SchoolStanding.ACTIVE, 1, "0x" + "33" * 20, b"\x05" * 32, b"\x0c" * 32, NOON, successor=""
)


@dataclass
class Node:
    """A node as a `RegistryReader`, driven by its state; `questions` keeps what it was asked."""

    told: LeafStatus = CURRENT
    registered: SchoolOnChain | None = SCHOOL
    newest: Statement | None = None
    keys: tuple[SchoolKeys, ...] = ()
    at: int = 100
    failure: ChainError | None = None
    pin: RegistryPin = PIN
    stuck: threading.Event | None = None
    recovered: bool = False
    questions: list[tuple[object, ...]] = field(default_factory=list)

    def _answer(self, *question):
        self.questions.append(question)
        if self.stuck is not None:
            self.stuck.wait(STUCK_SECONDS)
            self.recovered = True
        if self.failure is not None:
            raise self.failure

    def head(self) -> Head:
        self._answer()
        return head(self.at)

    def status_of(
        self, *, school: str, root: bytes, entry: bytes, proof: Sequence[bytes], at: datetime | None = None
    ) -> LeafStatus:
        self._answer(school, root, entry, tuple(proof), at)
        return replace(self.told, head=head(self.at))

    def seal_at(self, *, school: str, at: datetime) -> bytes:
        self._answer(school, at)
        return self.told.seal_certificate

    def school(self, code: str) -> SchoolOnChain | None:
        self._answer(code)
        return self.registered

    def keys_of(self, code: str) -> tuple[SchoolKeys, ...]:
        self._answer("keys", code)
        return self.keys

    def statement_at(self, *, publisher: str | None, topic: bytes, at: datetime | None = None) -> Statement | None:
        self._answer(publisher, topic, at)
        return self.newest


DOWN = Unreachable("http://node", "timeout")
STRANGER = WrongChain("chain id", expected=31337, found=1)


def status(reader):
    return reader.status_of(school="79000401", root=ROOT, entry=LEAF, proof=iter([LEAF]))


@pytest.fixture
def quorum():
    readers = []

    def made(nodes, at_least, **options):
        readers.append(QuorumReader(nodes, at_least=at_least, **options))
        return readers[-1]

    yield made
    for reader in readers:
        reader.close()


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    "liar",
    [
        Node(told=RECALLED, registered=None, at=100),
        Node(told=replace(CURRENT, anchored_at=None), at=10**9),
        Node(told=replace(CURRENT, seal_certificate=b"\x06" * 32), at=0),
        Node(failure=DOWN),
        Node(failure=STRANGER),
    ],
)
def test_one_of_three_changes_nothing(quorum, place, liar):
    nodes = [Node(), Node()]
    nodes.insert(place, liar)
    reader = quorum(nodes, 2)
    assert status(reader) == CURRENT
    assert reader.school("79000401") == SCHOOL
    assert reader.head() == head(100)
    whole = [("79000401", ROOT, LEAF, (LEAF,), None), ("79000401",), ()]
    assert [node.questions for node in nodes if node is not liar] == [whole, whole]


@pytest.mark.parametrize(
    ("others", "newest"),
    [((100, 103, 105), 103), ((100, 100, 10**9), 100), ((0, 100, 103), 100), ((5, 5, 5), 5)],
)
def test_the_head_is_one_that_enough_have_reached(quorum, others, newest):
    reader = quorum([Node(at=at) for at in others], 2)
    assert reader.head() == head(newest)
    assert status(reader).head == head(newest)


def test_a_head_of_one_who_disagrees_does_not_count(quorum):
    reader = quorum([Node(at=100), Node(at=101), Node(told=RECALLED, at=102)], 2)
    assert status(reader).head == head(100)


def test_a_recall_seen_by_enough_is_a_recall(quorum):
    assert status(quorum([Node(told=RECALLED), Node(told=RECALLED), Node()], 2)).reason is RecallReason.FRAUD


@pytest.mark.parametrize(
    ("nodes", "alike"),
    [
        ([Node(), Node(told=RECALLED), Node(failure=DOWN)], 1),
        ([Node(), Node(failure=DOWN), Node(failure=DOWN)], 1),
        ([Node(failure=DOWN), Node(failure=DOWN), Node(failure=STRANGER)], 0),
        ([Node(), Node(told=RECALLED), Node(told=replace(CURRENT, leaf_count=1))], 1),
    ],
)
def test_too_few_alike_is_a_disagreement_and_an_outage(quorum, nodes, alike):
    with pytest.raises(Disagreement) as caught:
        status(quorum(nodes, 2))
    assert isinstance(caught.value, Unreachable)
    assert (caught.value.alike, caught.value.asked, caught.value.at_least) == (alike, 3, 2)


def test_heads_of_too_few_are_no_head(quorum):
    with pytest.raises(Disagreement):
        quorum([Node(), Node(failure=DOWN), Node(failure=DOWN)], 2).head()


def test_an_unknown_school_is_an_answer_that_can_be_agreed_on(quorum):
    assert quorum([Node(registered=None), Node(registered=None), Node()], 2).school("79000401") is None


def test_strangers_in_a_majority_are_named(quorum):
    with pytest.raises(WrongChain):
        status(quorum([Node(failure=STRANGER), Node(failure=STRANGER), Node()], 2))


def test_of_a_single_node_its_own_error_is_told(quorum):
    with pytest.raises(Unreachable, match="http://node") as caught:
        status(quorum([Node(failure=DOWN)], 1))
    assert not isinstance(caught.value, Disagreement)


def test_a_stuck_node_is_not_waited_for_once_enough_agree(quorum):
    stuck = Node(stuck=threading.Event())
    try:
        assert status(quorum([stuck, Node(), Node()], 2)) == CURRENT
        assert not stuck.recovered
    finally:
        stuck.stuck.set()


def test_a_node_that_hangs_uses_up_its_own_threads_alone(quorum):
    stuck = Node(stuck=threading.Event())
    try:
        three = quorum([stuck, Node(), Node()], 2)
        assert [status(three) for _ in range(30)] == [CURRENT] * 30
    finally:
        stuck.stuck.set()


def test_a_question_ends_with_its_deadline(quorum):
    stuck = threading.Event()
    try:
        with pytest.raises(Disagreement):
            status(quorum([Node(stuck=stuck), Node(stuck=stuck), Node()], 2, deadline=0.05))
    finally:
        stuck.set()


@pytest.mark.parametrize(("count", "at_least"), [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (3, 4), (1, 2)])
def test_a_quorum_that_two_answers_could_both_reach_is_refused(count, at_least):
    with pytest.raises(Malformed):
        QuorumReader([Node() for _ in range(count)], at_least=at_least)


def test_nodes_with_different_pins_are_refused():
    with pytest.raises(Malformed):
        QuorumReader([Node(), Node(pin=replace(PIN, chain_id=1)), Node()], at_least=2)


def test_one_lying_node_of_three_changes_no_seal(quorum):
    nodes = [Node(), Node(told=replace(CURRENT, seal_certificate=b"\x06" * 32)), Node()]
    assert quorum(nodes, at_least=2).seal_at(school="79000401", at=NOON) == b"\x05" * 32


def test_one_lying_node_of_three_changes_no_statement(quorum):
    published, invented = Statement(b"\x07" * 32, NOON), Statement(b"\x08" * 32, NOON)
    nodes = [Node(newest=published), Node(newest=invented), Node(newest=published)]
    reader = quorum(nodes, at_least=2)
    assert reader.statement_at(publisher=None, topic=LEAF) == published
    assert nodes[0].questions == [(None, LEAF, None)]
    assert quorum([Node(), Node(newest=invented), Node()], at_least=2).statement_at(publisher=None, topic=LEAF) is None


def test_nodes_that_each_know_another_statement_are_a_disagreement(quorum):
    nodes = [Node(), *(Node(newest=Statement(byte * 32, NOON)) for byte in (b"\x07", b"\x08"))]
    with pytest.raises(Disagreement):
        quorum(nodes, at_least=2).statement_at(publisher=None, topic=LEAF)


def test_one_lying_node_of_three_steals_no_key(quorum):
    kept = SchoolKeys(1, "0x" + "33" * 20, b"\x05" * 32, NOON, None, None)
    stolen = replace(kept, compromised_since=NOON, compromise_recorded_at=NOON)
    reader = quorum([Node(keys=(kept,)), Node(keys=(stolen,)), Node(keys=(kept,))], at_least=2)
    assert reader.keys_of("79000401") == (kept,)
