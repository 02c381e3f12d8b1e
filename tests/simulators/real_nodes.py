# SPDX-License-Identifier: Apache-2.0

"""Real nodes (anvil) under a school's ledger: one that is killed, reorganised and starved of fees, or several with one chain.

`Network` is N anvils with the same genesis, to which a driver replays each block of one of them: the same transactions at the same
time make the same block, hash for hash. That is no consensus, and tests none; it shows what several nodes of one chain show, with
some of them behind, gone, or lying through the `FaultyNode` before each.

Example::

    with Network(3) as network:
        world = NodeWorld.on(network, ledger, QuorumSender(network.registries(), at_least=2))
        network.fronts[0].answers["eth_getTransactionReceipt"] = lambda _: None
        network.behind.add(1)
        world.finish()
        world.assert_anchored_once()
"""

import contextlib
import json
import os
import signal
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from eth_utils.abi import collapse_if_tuple

from ledger import journal
from ledger.batch import BatchState
from ledger.chain import abi
from ledger.chain.registry import Registry, RegistryPin
from ledger.chain.wallet import KeyWallet
from ledger.chain.web3_node import Web3Node
from ledger.chain.web3_registry import Web3Registry
from ledger.proof.merkle import keccak
from ledger.unit import UnitState
from scripts.deploy import deploy
from scripts.devchain import Devchain, dev_wallet, free_port
from tests.simulators.anchoring_world import World
from tests.simulators.faulty_node import FaultyNode
from tests.simulators.school_ledger import SCHOOL, SEAL, YEAR, Clock, SchoolLedger

GENESIS_SECOND, BLOCK_SECONDS = 1_780_000_000, 12
MOST_ROUNDS = 40
AUTHORITY, OPERATOR = dev_wallet(0), dev_wallet(1)


class RpcError(Exception):
    """What a node says when it refuses."""


def rpc(url: str, method: str, *params: object) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        told = json.load(answer)
    if "error" in told:
        raise RpcError(told["error"]["message"])
    return told["result"]


def anchored_topic() -> str:
    event = next(entry for entry in abi.ARTIFACT["abi"] if entry.get("name") == "BatchAnchored")
    return "0x" + keccak(f"BatchAnchored({','.join(map(collapse_if_tuple, event['inputs']))})".encode()).hex()


class LoneNode:
    """One anvil that mines when it is told to, and can be killed."""

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        self._chain = Devchain(state=folder / "chain.json", port=free_port(), options=options)

    def __enter__(self) -> Self:
        self._chain.start()
        self.pin = registered(self.url, sleep=lambda _: None)
        self.rpc("evm_setAutomine", False)
        return self

    def __exit__(self, *_: object) -> None:
        self._chain.stop()

    @property
    def url(self) -> str:
        return self._chain.url

    def rpc(self, method: str, *params: object) -> Any:
        return rpc(self.url, method, *params)

    def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.rpc("evm_mine")

    def save(self) -> None:
        """Its state goes to the file; whatever comes later is lost in a kill."""
        self._chain.stop()
        self._chain.start()
        self.rpc("evm_setAutomine", False)

    def kill(self) -> None:
        assert self._chain.pid is not None
        os.kill(self._chain.pid, signal.SIGKILL)
        self._chain.stop()

    def start(self) -> None:
        self._chain.start()
        self.rpc("evm_setAutomine", False)

    def registry(self) -> Web3Registry:
        return Web3Registry(self.url, self.pin)


class Network:
    """Several anvils with one chain; each is reached through a front that may lie."""

    def __init__(self, count: int) -> None:
        words = ["--no-mining", "--timestamp", str(GENESIS_SECOND)]
        self._chains = [Devchain(port=free_port(), options=words) for _ in range(count)]
        self._open = ExitStack()
        self._blocks: list[tuple[int, list[str]]] = []
        """Time and raw transactions of each block after the first."""
        self.behind: set[int] = set()
        """Those that get no new blocks for now."""
        self.fronts: list[FaultyNode] = []

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            for chain in self._chains:
                opening.enter_context(chain)
                self.fronts.append(opening.enter_context(FaultyNode(chain.url)))
            self.pin = registered(self.url, sleep=lambda _: self.mine())
            self.mine()
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def url(self) -> str:
        """The last node, which stays honest and is never behind."""
        return self._chains[-1].url

    def registries(self) -> list[Web3Registry]:
        """Each node through its front, with no memory of having shown its pin."""
        return [Web3Registry(front.url, self.pin) for front in self.fronts]

    def heal(self) -> None:
        """All are honest, answer, and stand at the same block."""
        for front in self.fronts:
            front.honest()
        self.behind.clear()
        for chain in self._chains:
            self._catch_up(chain.url)

    def mine(self, blocks: int = 1) -> None:
        """One node makes a block of what waits anywhere; the others but those that are behind make the same."""
        for _ in range(blocks):
            for chain in self._chains:
                for raw in _waiting(chain.url):
                    with contextlib.suppress(RpcError):  # It has this one, or a dearer one.
                        rpc(self.url, "eth_sendRawTransaction", raw)
            second = GENESIS_SECOND + BLOCK_SECONDS * (len(self._blocks) + 1)
            rpc(self.url, "evm_setNextBlockTimestamp", second)
            rpc(self.url, "evm_mine")
            block = rpc(self.url, "eth_getBlockByNumber", "latest", False)
            taken = [rpc(self.url, "eth_getRawTransactionByHash", each) for each in block["transactions"]]
            self._blocks.append((second, taken))
            for place, chain in enumerate(self._chains):
                if place not in self.behind:
                    self._catch_up(chain.url)

    def _catch_up(self, url: str) -> None:
        height = int(rpc(url, "eth_blockNumber"), 16)
        if height == len(self._blocks):
            return
        waiting = _waiting(url)
        rpc(url, "anvil_dropAllTransactions")
        for second, raws in self._blocks[height:]:
            for raw in raws:
                rpc(url, "eth_sendRawTransaction", raw)
            rpc(url, "evm_setNextBlockTimestamp", second)
            rpc(url, "evm_mine")
        for raw in waiting:
            with contextlib.suppress(RpcError):  # It is mined by now.
                rpc(url, "eth_sendRawTransaction", raw)
        newest = [rpc(each, "eth_getBlockByNumber", "latest", False)["hash"] for each in (url, self.url)]
        assert newest[0] == newest[1], "the replayed chain is another one"


def _waiting(url: str) -> list[str]:
    pool = rpc(url, "txpool_content")
    found = [each for kind in pool.values() for account in kind.values() for each in account.values()]
    return [rpc(url, "eth_getRawTransactionByHash", each["hash"]) for each in found]


def registered(url: str, *, sleep: Callable[[float], None]) -> RegistryPin:
    """A registry with the ledger's school, whose operator is the chain's second account."""
    deployment = deploy(Web3Node(url), AUTHORITY, sleep=sleep)
    registry = Web3Registry(url, deployment.pin)
    unsigned = registry.prepare_register_school(
        sender=AUTHORITY.address,
        nonce=1,
        school=SCHOOL,
        operator=OPERATOR.address,
        seal_certificate=bytes.fromhex(SEAL),
        consent=bytes.fromhex("c0" * 32),
    )
    sent = registry.broadcast(AUTHORITY.sign(unsigned).raw)
    for _ in range(MOST_ROUNDS):
        if registry.receipt(sent) is not None:
            break
        sleep(0)
    return deployment.pin


@dataclass
class NodeWorld:
    """A school's ledger with one sealed batch beside nodes; `mine` is how the chain goes on."""

    ledger: SchoolLedger
    registry: Registry
    url: str
    """A node that is asked for the truth."""
    mine: Callable[[], None]
    clock: Clock
    operator: KeyWallet = OPERATOR

    @classmethod
    def on(cls, chain: LoneNode | Network, ledger: SchoolLedger, registry: Registry) -> Self:
        """With a ledger of issued units."""
        clock = Clock()
        ledger.now = clock
        ledger.sealer(registry).seal(school_code=SCHOOL, school_year=YEAR)
        return cls(ledger, registry, chain.url, chain.mine, clock)

    def tick(self, **parts: object):
        return self.ledger.anchorer(self.registry, wallet=self.operator, **parts).tick()

    @property
    def state(self) -> BatchState:
        (state,) = World(self.ledger, self.registry).errands().values()
        return state

    def finish(self, **parts: object) -> None:
        for _ in range(MOST_ROUNDS):
            if not self.tick(**parts).open:
                return
            self.mine()
        raise AssertionError(f"still {self.state}")

    def attempts(self) -> list[tuple[int, bytes]]:
        return World(self.ledger, self.registry).attempts()

    def depth(self) -> int:
        """How many blocks deep the batch's event really is; 0 while there is none."""
        events = self.events()
        if not events:
            return 0
        return int(rpc(self.url, "eth_blockNumber"), 16) - int(events[0]["blockNumber"], 16) + 1

    def events(self) -> list[dict[str, Any]]:
        root = self.root()
        found = rpc(self.url, "eth_getLogs", {"fromBlock": "0x0", "topics": [anchored_topic()]})
        return [event for event in found if root in event["topics"] or root[2:] in event["data"]]

    def root(self) -> str:
        unit = self.ledger.units(self.ledger.issued_ids())[0]
        return "0x" + World(self.ledger, self.registry).receipt(unit).root_bytes.hex()

    def assert_anchored_once(self, *, attempts: int = 1) -> None:
        """What must be true in the end, whatever the nodes did."""
        assert self.state is BatchState.FINAL
        assert len(self.events()) == 1
        assert len({nonce for nonce, _ in self.attempts()}) == 1
        assert len(self.attempts()) == attempts
        assert len(self.ledger.signed) == attempts
        mined = {event["transactionHash"] for event in self.events()}
        assert mined <= {"0x" + keccak(raw).hex() for _, raw in self.attempts()}
        assert self.ledger.states() == {UnitState.ANCHORED}
        assert list(journal.breaks(self.ledger.journal.entries())) == []
