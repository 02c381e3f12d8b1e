# SPDX-License-Identifier: Apache-2.0

"""What happened on the registry, told by a real node and by the reference model alike; and the whole audit over the real contract."""

import pytest
from registry_scene import CONSENT, SCHOOL, SEAL, Batch
from simulators.faulty_node import FaultyNode
from simulators.registry import SimulatedChain

from ledger.chain.errors import Unreachable
from ledger.chain.quorum import QuorumHistory
from ledger.chain.registry import RecallReason, Replacement
from ledger.chain.web3_registry import Web3Registry
from ledger.store.database import migrate
from tests.simulators.anchoring_world import World
from tests.simulators.audited_world import codes, findings
from tests.simulators.mortality import Fate
from tests.simulators.school_ledger import SCHOOL as LEDGER_SCHOOL
from tests.simulators.school_ledger import SEAL as LEDGER_SEAL
from tests.simulators.school_ledger import YEAR, SchoolLedger, school

pytestmark = pytest.mark.chain

TOPIC = b"\x70" * 32


def replayed(scene) -> SimulatedChain:
    """The reference model, to which the same happens; its registration is one of two, as in the scene."""
    chain = SimulatedChain(authority=scene.authority.address)

    def sent(wallet, prepare, **values) -> None:
        unsigned = prepare(sender=wallet.address, nonce=chain.nonce(wallet.address), **values)
        chain.broadcast(wallet.sign(unsigned).raw)
        chain.mine()

    one, two = Batch("one"), Batch("two")
    keys = {"seal_certificate": SEAL, "consent": CONSENT}
    sent(scene.authority, chain.prepare_register_school, school=SCHOOL, operator=scene.operator.address, **keys)
    for batch in (one, two):
        where = {"school": SCHOOL, "school_year": 2025, "root": batch.root, "leaf_count": batch.size}
        sent(scene.operator, chain.prepare_anchor, **where)
    recalled = {"school": SCHOOL, "root": one.root, "entry": one.entries[0]}
    sent(scene.operator, chain.prepare_recall, **recalled, reason=RecallReason.FRAUD)
    replacement = Replacement(two.root, two.entries[1])
    sent(scene.operator, chain.prepare_replacement, **recalled, replacement=replacement)
    sent(scene.authority, chain.prepare_publish, publisher=None, topic=TOPIC, digest=b"\x01" * 32)
    sent(scene.authority, chain.prepare_lock, school_year=2025)
    return chain


def played(scene) -> None:
    one, two = Batch("one"), Batch("two")
    for batch in (one, two):
        scene.anchor(batch)
    scene.recall(one, 0, reason=RecallReason.FRAUD)
    registry = scene.registry
    unsigned = registry.prepare_replacement(
        sender=scene.operator.address,
        nonce=registry.nonce(scene.operator.address),
        school=SCHOOL,
        root=one.root,
        entry=one.entries[0],
        replacement=Replacement(two.root, two.entries[1]),
    )
    scene.send(scene.operator, unsigned)
    scene.publish(b"\x01" * 32, topic=TOPIC)
    unsigned = registry.prepare_lock(
        sender=scene.authority.address, nonce=registry.nonce(scene.authority.address), school_year=2025
    )
    scene.send(scene.authority, unsigned)


TOLD = ("BatchAnchored", "LeafRecalled", "LeafReplaced", "StatementPublished", "SchoolYearLocked")


def test_a_node_and_the_reference_model_tell_the_same(node_scene):
    played(node_scene)
    head = node_scene.registry.head().number
    told = node_scene.registry.events_between(0, head)
    model = replayed(node_scene)
    expected = [each for each in model.events_between(0, model.head().number) if each.name in TOLD]
    assert [(each.name, dict(each.values)) for each in told] == [(each.name, dict(each.values)) for each in expected]
    assert {each.name for each in told} == set(TOLD)
    blocks = [each.block for each in told]
    assert blocks == sorted(blocks)
    assert blocks[-1] == head
    assert node_scene.registry.events_between(blocks[1], blocks[2]) == told[1:3]


NONSENSE = {
    "nothing": lambda _: None,
    "a word": lambda _: "nonsense",
    "a log without topics": lambda _: [{"topics": []}],
    "data that is too short": lambda logs: [{**logs[0], "data": "0x00"}],
    "an event of somebody else's": lambda logs: [{**logs[0], "topics": ["0x" + "11" * 32]}],
}


def test_logs_that_make_no_sense_or_are_refused_are_an_outage(devchain, node_scene):
    node_scene.anchor(Batch("one"))
    with FaultyNode(devchain.url) as node:
        registry = Web3Registry(node.url, node_scene.deployment.pin, 2.0)
        head = registry.head().number
        for answer in NONSENSE.values():
            node.answers["eth_getLogs"] = answer
            with pytest.raises(Unreachable):
                registry.events_between(0, head)
        node.errors["eth_getLogs"] = {"code": -32005, "message": "query returned more than 10000 results"}
        with pytest.raises(Unreachable):
            registry.events_between(0, head)
        node.errors.clear()
        node.answers.clear()
        assert [each.name for each in registry.events_between(0, head)] == ["BatchAnchored"]


def test_the_audit_holds_over_a_real_node_and_outvotes_one_that_leaves_out_recalls(devchain, node_scene, tmp_path):
    registry = node_scene.registry
    node_scene.register(school=LEDGER_SCHOOL, operator=node_scene.stranger.address, seal=bytes.fromhex(LEDGER_SEAL))
    ledger = _ledger(tmp_path, node_scene.stranger)
    world = World(ledger, registry)
    ledger.issued(3)
    ledger.sealer(registry).seal(school_code=LEDGER_SCHOOL, school_year=YEAR)
    carried(world, node_scene)
    unit = ledger.reader.units(school_code=LEDGER_SCHOOL, school_year=YEAR)[0]
    world.recall(unit)
    carried(world, node_scene)
    assert findings(world, finality=1) == []
    with FaultyNode(devchain.url) as node:
        node.answers["eth_getLogs"] = lambda logs: [log for log in logs if len(log["topics"]) < 4]
        liar = Web3Registry(node.url, node_scene.deployment.pin)
        assert codes(world, chain=liar, finality=1) == {"chain.events"}
        honest = [Web3Registry(devchain.url, node_scene.deployment.pin) for _ in range(2)]
        quorum = QuorumHistory([liar, *honest], at_least=2)
        try:
            assert findings(world, chain=quorum, finality=1) == []
        finally:
            quorum.close()
    node_scene.anchor(Batch("strange"), school=LEDGER_SCHOOL, wallet=node_scene.stranger)
    assert codes(world, finality=1) == {"chain.anchor-unknown"}


def _ledger(folder, operator) -> SchoolLedger:
    ledger = SchoolLedger(folder / "ledger.db", Fate())
    migrate(ledger.engine)
    ledger.writer.register_school(school(LEDGER_SCHOOL, operator))
    return ledger


def carried(world: World, scene) -> None:
    for _ in range(99):
        if not world.tick(wallet=scene.stranger, finality=1).open:
            return
    raise AssertionError("still open")
