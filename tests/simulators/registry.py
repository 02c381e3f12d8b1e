# SPDX-License-Identifier: Apache-2.0

"""A chain with the registry contract on it, driven by its state. It takes real signed bytes and checks who signed them.

Implements `RegistrySender` and `RegistryReader`. Example::

    chain = SimulatedChain(authority=authority.address)
    chain.mine()                    # what waits goes into a block, in the order of nonces
    chain.reorg(2)                  # the last two blocks give way to three empty ones; their transactions wait again
    chain.drop()                    # the node forgets what waits
    chain.down = True               # nobody answers
    chain.loses_answer = True       # the next transaction is taken, and then the connection breaks
    chain.stuck = True              # blocks come, but nothing of ours is in them
    chain.counts_waiting = False    # the node's next free nonce leaves out what waits, as some nodes' does

The contract is contracts/TranscriptRegistry.sol, rule for rule, as far as schools, anchors and recalls go; the state is what a
replay of all blocks gives, so that a reorg needs no undoing. `asked` counts questions, `received` keeps every transaction that
reached the node, `events` lists what the contract emitted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import rlp
from eth_abi.abi import decode
from eth_account import Account
from eth_utils.address import to_checksum_address

from ledger.chain import abi
from ledger.chain.errors import NonceTaken, Rejected, Unreachable, Unsendable
from ledger.chain.registry import (
    Head,
    LeafStatus,
    RecallReason,
    RegistryPin,
    SchoolOnChain,
    TransactionReceipt,
    UnsignedTransaction,
)
from ledger.proof.merkle import keccak, root_of

GENESIS = datetime(2026, 6, 1, tzinfo=UTC)
BLOCK_TIME = timedelta(seconds=12)
FUTURE = 16
"""How far ahead of the account's number the node lets a transaction wait."""
NO_REPLACEMENT = (bytes(32), bytes(32))
FUNCTIONS = {
    keccak(f"{name}({','.join(types)})".encode())[:4]: (name, types)
    for name, types in {
        "registerSchool": ["bytes32", "address", "bytes32"],
        "anchor": ["bytes32", "uint16", "bytes32", "uint32"],
        "recall": ["bytes32", "bytes32", "bytes32", "bytes32[]", "uint8", "(bytes32,bytes32)"],
    }.items()
}


@dataclass(frozen=True)
class Transaction:
    """Signed bytes, read."""

    raw: bytes
    sender: str
    nonce: int
    data: bytes

    @property
    def hash(self) -> bytes:
        return keccak(self.raw)

    @classmethod
    def read(cls, raw: bytes) -> "Transaction":
        try:
            nonce, _price, _gas, _to, _value, data, *_ = rlp.decode(raw)
            sender = Account.recover_transaction(raw)
        except Exception as error:
            raise Unsendable("not a transaction") from error
        return cls(raw=raw, sender=sender, nonce=int.from_bytes(nonce, "big"), data=data)


@dataclass(frozen=True)
class Block:
    number: int
    branch: int
    transactions: tuple[Transaction, ...] = ()

    @property
    def hash(self) -> bytes:
        return keccak(f"{self.number} on branch {self.branch}".encode())

    @property
    def time(self) -> datetime:
        return GENESIS + self.number * BLOCK_TIME


@dataclass
class Registry:
    """The contract's state and rules."""

    authority: str
    schools: dict[str, SchoolOnChain] = field(default_factory=dict)
    batches: dict[tuple[str, bytes], tuple[Block, int, int]] = field(default_factory=dict)
    recalls: dict[tuple[str, bytes], tuple[Block, RecallReason, Any]] = field(default_factory=dict)
    events: list[tuple[Any, ...]] = field(default_factory=list)

    def call(self, sender: str, data: bytes, block: Block) -> None:
        """Carries out one call, or raises `Rejected` and changes nothing."""
        name, types = FUNCTIONS[data[:4]]
        school, *arguments = decode(types, data[4:])
        getattr(self, name)(school.rstrip(b"\0").decode(), *arguments, sender=sender, block=block)

    def registerSchool(self, school: str, operator: str, seal: bytes, *, sender: str, block: Block) -> None:  # noqa: N802
        _require(sender == self.authority, "AccessControlUnauthorizedAccount", account=sender)
        _require(school not in self.schools, "AlreadyRegistered", school=school)
        self.schools[school] = SchoolOnChain(school, to_checksum_address(operator), seal, block.time, block.number)
        self.events.append(("SchoolRegistered", school))

    def anchor(self, school: str, year: int, root: bytes, leaves: int, *, sender: str, block: Block) -> None:
        self._require_operator(school, sender)
        _require(any(root), "MissingRoot", school=school)
        _require(year != 0, "MissingSchoolYear", school=school, root=root)
        _require(leaves != 0, "EmptyBatch", school=school, root=root)
        _require((school, root) not in self.batches, "AlreadyAnchored", school=school, root=root)
        self.batches[school, root] = (block, leaves, year)
        self.events.append(("BatchAnchored", school, root))

    def recall(  # noqa: PLR0917 - as the contract takes them
        self,
        school: str,
        root: bytes,
        leaf: bytes,
        proof: Any,
        reason: int,
        replacement: Any,
        *,
        sender: str,
        block: Block,
    ) -> None:
        self._require_operator(school, sender)
        _require((school, root) in self.batches, "NotAnchored", school=school, root=root)
        _require(root_of(leaf, proof) == root, "NotIncluded", school=school, root=root, leaf=leaf)
        _require(reason != 0, "MissingReason", school=school, leaf=leaf)
        _require((school, leaf) not in self.recalls, "AlreadyRecalled", school=school, leaf=leaf)
        new_root, new_leaf = replacement
        if replacement != NO_REPLACEMENT:
            _require(any(new_root) and any(new_leaf), "IncompleteReplacement", root=new_root, leaf=new_leaf)
            _require((school, new_root) in self.batches, "NotAnchored", school=school, root=new_root)
            current = new_leaf != leaf and (school, new_leaf) not in self.recalls
            _require(current, "ReplacementRecalled", school=school, leaf=new_leaf)
        self.recalls[school, leaf] = (block, RecallReason(reason), replacement)
        self.events.append(("LeafRecalled", school, leaf))

    def _require_operator(self, school: str, sender: str) -> None:
        _require(school in self.schools, "UnknownSchool", school=school)
        operator = self.schools[school].operator
        _require(operator == sender, "NotOperator", school=school, caller=sender, operator=operator)


class SimulatedChain:
    """The chain, its one node, and what was asked of it."""

    def __init__(self, *, authority: str) -> None:
        self.down = False
        self.loses_answer = False
        self.stuck = False
        self.counts_waiting = True
        self.asked: Counter[str] = Counter()
        self.received: list[bytes] = []
        self._authority = authority
        self._blocks = [Block(0, branch=0)]
        self._branch = 0
        self._waiting: dict[tuple[str, int], Transaction] = {}

    def __repr__(self) -> str:
        mined = {block.number: len(block.transactions) for block in self._blocks if block.transactions}
        return f"SimulatedChain(head {self._blocks[-1].number}, mined {mined}, waiting {sorted(self._waiting)})"

    # What drives it.

    def mine(self, blocks: int = 1) -> None:
        """Adds blocks; the first takes in whatever can be carried out now."""
        for _ in range(blocks):
            taken: list[Transaction] = []
            while not self.stuck and (ready := self._next_ready(taken)):
                taken.append(self._waiting.pop((ready.sender, ready.nonce)))
            self._blocks.append(Block(len(self._blocks), self._branch, tuple(taken)))

    def reorg(self, depth: int) -> None:
        """Another branch wins: the last `depth` blocks give way to one more, all empty, and what was in them waits again."""
        self._branch += 1
        lost, self._blocks = self._blocks[-depth:], self._blocks[:-depth]
        for transaction in (each for block in lost for each in block.transactions):
            self._waiting[transaction.sender, transaction.nonce] = transaction
        for _ in range(depth + 1):
            self._blocks.append(Block(len(self._blocks), self._branch))

    def drop(self) -> None:
        """The node forgets every transaction that waits."""
        self._waiting.clear()

    @property
    def registry(self) -> Registry:
        """The contract as the blocks have made it."""
        return self._replayed()[0]

    @property
    def events(self) -> list[tuple[Any, ...]]:
        """What the contract emitted, in order."""
        return self.registry.events

    # What the ledger asks: RegistryReader and RegistrySender.

    @property
    def pin(self) -> RegistryPin:
        return RegistryPin(chain_id=31337, address="0x" + "c0" * 20, code_hash="0x" + "cc" * 32)

    def head(self) -> Head:
        self._ask("head")
        return Head(self._blocks[-1].number, self._blocks[-1].time)

    def school(self, code: str) -> SchoolOnChain | None:
        self._ask("school")
        return self.registry.schools.get(code)

    def status_of(self, *, school: str, root: bytes, leaf: bytes, proof: Sequence[bytes]) -> LeafStatus:
        self._ask("status_of")
        registry = self.registry
        known = registry.schools.get(school)
        anchored, leaves, year = registry.batches.get((school, root), (None, 0, 0))
        recalled, reason, replacement = registry.recalls.get((school, leaf), (None, None, NO_REPLACEMENT))
        return LeafStatus(
            anchored_at=anchored and anchored.time,
            anchored_in_block=anchored and anchored.number,
            leaf_count=leaves,
            school_year=year,
            included=anchored is not None and root_of(leaf, proof) == root,
            recalled_at=recalled and recalled.time,
            reason=reason,
            replacement=None if replacement == NO_REPLACEMENT else replacement,
            seal_certificate=b"" if known is None else known.seal_certificate,
            operator="" if known is None else known.operator,
            head=Head(self._blocks[-1].number, self._blocks[-1].time),
        )

    def nonce(self, address: str) -> int:
        self._ask("nonce")
        number = self._mined_count(address)
        while self.counts_waiting and (address, number) in self._waiting:
            number += 1
        return number

    def prepare_register_school(
        self, *, sender: str, nonce: int, school: str, operator: str, seal_certificate: bytes
    ) -> UnsignedTransaction:
        data = abi.call("registerSchool", abi.school_word(school), operator, seal_certificate)
        return self._prepare(sender, nonce, data)

    def prepare_anchor(
        self, *, sender: str, nonce: int, school: str, school_year: int, root: bytes, leaf_count: int
    ) -> UnsignedTransaction:
        return self._prepare(sender, nonce, abi.call("anchor", abi.school_word(school), school_year, root, leaf_count))

    def prepare_recall(self, *, sender: str, nonce: int, **changes: Any) -> UnsignedTransaction:
        return self._prepare(sender, nonce, abi.recall_call(**{"replacement": None, **changes}))

    def broadcast(self, raw: bytes) -> bytes:
        self._ask("broadcast")
        transaction = Transaction.read(raw)
        place = (transaction.sender, transaction.nonce)
        mined = self._mined_count(transaction.sender)
        if transaction.hash not in self._replayed()[1] and self._waiting.get(place) != transaction:
            if transaction.nonce < mined or place in self._waiting:
                raise NonceTaken(f"nonce {transaction.nonce}")
            if transaction.nonce >= mined + FUTURE:
                raise Unsendable("nonce too far ahead")
            self._waiting[place] = transaction
        self.received.append(raw)
        if self.loses_answer:
            self.loses_answer = False
            raise Unreachable("simulated", "connection broke after the request")
        return transaction.hash

    def receipt(self, transaction_hash: bytes) -> TransactionReceipt | None:
        self._ask("receipt")
        if (found := self._replayed()[1].get(transaction_hash)) is None:
            return None
        block, succeeded = found
        return TransactionReceipt(transaction_hash, block.number, block.hash, succeeded, gas_used=50_000)

    def _ask(self, question: str) -> None:
        self.asked[question] += 1
        if self.down:
            raise Unreachable("simulated", "down")

    def _prepare(self, sender: str, nonce: int, data: bytes) -> UnsignedTransaction:
        """A node estimates at its newest block, where only what is mined counts."""
        self._ask("prepare")
        self.registry.call(sender, data, Block(len(self._blocks), self._branch))
        return UnsignedTransaction(self.pin.chain_id, sender, nonce, self.pin.address, data, gas=200_000, gas_price=0)

    def _mined_count(self, address: str) -> int:
        return sum(each.sender == address for block in self._blocks for each in block.transactions)

    def _next_ready(self, taken: Sequence[Transaction]) -> Transaction | None:
        for (sender, nonce), transaction in sorted(self._waiting.items()):
            if nonce == self._mined_count(sender) + sum(each.sender == sender for each in taken):
                return transaction
        return None

    def _replayed(self) -> tuple[Registry, dict[bytes, tuple[Block, bool]]]:
        registry, mined = Registry(self._authority), {}
        for block in self._blocks:
            for transaction in block.transactions:
                try:
                    registry.call(transaction.sender, transaction.data, block)
                    mined[transaction.hash] = (block, True)
                except Rejected:
                    mined[transaction.hash] = (block, False)
        return registry, mined


def _require(holds: bool, name: str, **values: object) -> None:  # noqa: FBT001
    if not holds:
        raise Rejected(name, values)
