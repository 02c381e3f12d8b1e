# SPDX-License-Identifier: Apache-2.0

"""The same deaths over the real contract, on a chain in this process: what the simulator promises, the EVM keeps."""

import pytest
from eth_tester import EthereumTester, PyEVMBackend
from web3 import EthereumTesterProvider

from ledger.anchoring import Anchorer
from ledger.batch import BatchState
from ledger.chain.registry import RecallReason
from ledger.chain.wallet import KeyWallet
from ledger.chain.web3_node import Web3Node
from ledger.chain.web3_registry import Web3Registry
from ledger.errors import Refused
from ledger.unit import UnitState
from scripts.deploy import deploy
from tests.simulators.anchoring_world import World
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate
from tests.simulators.school_ledger import CONFIRMATIONS, SCHOOL, SEAL, YEAR, SchoolLedger

DEATHS = ["before sign", "after sign", "before commit", "before broadcast", "after broadcast"]


class Evm:
    """A registry on py-evm with one school; blocks come when a transaction does, or by hand."""

    def __init__(self) -> None:
        backend = PyEVMBackend()
        self._tester = EthereumTester(backend)
        provider = EthereumTesterProvider(self._tester)
        self.authority, self.operator = (KeyWallet(key.to_bytes()) for key in backend.account_keys[:2])
        self.registry = Web3Registry(provider, deploy(Web3Node(provider), self.authority, sleep=lambda _: None).pin)
        unsigned = self.registry.prepare_register_school(
            sender=self.authority.address,
            nonce=self.registry.nonce(self.authority.address),
            school=SCHOOL,
            operator=self.operator.address,
            seal_certificate=bytes.fromhex(SEAL),
            consent=bytes.fromhex("c0" * 32),
        )
        self.registry.broadcast(self.authority.sign(unsigned).raw)

    def mine(self) -> None:
        self._tester.mine_block()

    def anchorer(self, ledger: SchoolLedger) -> Anchorer:
        return ledger.anchorer(self.registry, wallet=self.operator)

    def finish(self, ledger: SchoolLedger) -> None:
        while self.anchorer(ledger).tick().open:
            self.mine()

    def status(self, ledger: SchoolLedger, unit):
        receipt = World(ledger, self.registry).receipt(unit)
        return self.registry.status_of(
            school=SCHOOL, root=receipt.root_bytes, entry=receipt.entry_bytes, proof=receipt.proof_bytes
        )


@pytest.fixture(scope="module")
def evm() -> Evm:
    return Evm()


def sealed(evm: Evm, folder) -> SchoolLedger:
    ledger = SchoolLedger.created(folder)
    ledger.issued(3)
    ledger.sealer(evm.registry).seal(school_code=SCHOOL, school_year=YEAR)
    return ledger


@pytest.mark.parametrize("where", DEATHS)
def test_dying_costs_nothing_on_the_real_contract(evm, tmp_path, where):
    before = evm.registry.nonce(evm.operator.address)
    dying = sealed(evm, tmp_path).reopened(Fate(dies_at=where))
    with pytest.raises(Killed):
        evm.anchorer(dying).tick()
    ledger = dying.reopened()
    evm.finish(ledger)
    assert evm.registry.nonce(evm.operator.address) == before + 1
    assert len({(each.nonce, each.data) for each in ledger.signed}) == 1
    assert ledger.states() == {UnitState.ANCHORED}
    for unit in ledger.units(ledger.issued_ids()):
        status = evm.status(ledger, unit)
        assert (status.included, status.leaf_count, status.school_year) == (True, 3, 2025)
        assert status.head.number - status.anchored_in_block + 1 >= CONFIRMATIONS


@pytest.mark.parametrize("where", DEATHS)
def test_dying_while_recalling_costs_nothing_on_the_real_contract(evm, tmp_path, where):
    ledger = sealed(evm, tmp_path)
    evm.finish(ledger)
    unit, *others = ledger.units(ledger.issued_ids())
    World(ledger, evm.registry).recall(unit)
    dying = ledger.reopened(Fate(dies_at=where))
    with pytest.raises(Killed):
        evm.anchorer(dying).tick()
    ledger = dying.reopened()
    evm.finish(ledger)
    assert ledger.reader.unit(unit.id).state is UnitState.RECALLED
    assert evm.status(ledger, unit).reason is RecallReason.WRONG_DATA
    assert [evm.status(ledger, other).recalled_at for other in others] == [None, None]


def test_what_the_real_contract_refuses_stays_sealed(evm, tmp_path):
    ledger = sealed(evm, tmp_path)
    (batch,) = ledger.errands.open_batches()
    by_hand = evm.registry.prepare_anchor(
        sender=evm.operator.address,
        nonce=evm.registry.nonce(evm.operator.address),
        school=SCHOOL,
        school_year=2025,
        root=batch.root,
        leaf_count=3,
    )
    evm.registry.broadcast(evm.operator.sign(by_hand).raw)
    (refused,) = evm.anchorer(ledger).tick().obstacles
    assert isinstance(refused, Refused)
    assert "AlreadyAnchored" in refused.en
    assert ledger.errands.open_batches()[0].state is BatchState.SEALED
