# SPDX-License-Identifier: Apache-2.0

"""A chain with the registry contract on it, driven by its state. It takes real signed bytes and checks who signed them.

Implements `RegistrySender`, `RegistryReader` and `RegistryHistory`. Example::

    chain = SimulatedChain(authority=authority.address)
    chain.mine()                    # what waits goes into a block, in the order of nonces
    chain.reorg(2)                  # the last two blocks give way to three empty ones; their transactions wait again
    chain.drop()                    # the node forgets what waits
    chain.down = True               # nobody answers
    chain.loses_answer = True       # the next transaction is taken, and then the connection breaks
    chain.stuck = True              # blocks come, but nothing of ours is in them
    chain.counts_waiting = False    # the node's next free nonce leaves out what waits, as some nodes' does
    chain.least_fee = 7             # blocks take nothing that offers less for a unit of gas; estimates say so from now on
    chain.lags = 2                  # the node shows the chain as it was two blocks ago
    chain.delays = True             # what is sent reaches the node with the next block only
    chain.poor = {OPERATOR.address} # accounts that cannot pay for anything that the node does not have yet
    chain.takes_from = 7            # the node takes nothing that offers less for a unit of gas, and estimates say so
    chain.leaves_out = {"LeafRecalled"}  # the node does not tell of events of these names

The contract is the reference model of contracts/TranscriptRegistry.sol (`registry_model`), which tests/contracts compares with the
contract itself; only what needs signatures beside the sender's is left out. The state is what a replay of all blocks gives, so
that a reorg needs no undoing. `asked` counts questions, `received` keeps every transaction that
reached the node, `events` lists what the contract emitted.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import rlp
from eth_abi.abi import decode, encode
from eth_account import Account
from eth_account.messages import SignableMessage
from eth_utils.abi import collapse_if_tuple
from simulators.registry_conditions import Call, Event, Refused, Signed, SignedBatch, snake
from simulators.registry_facts import RecallRequest, Record, Replacement
from simulators.registry_model import RegistryModel
from simulators.registry_past import Past

from ledger.chain import abi
from ledger.chain.errors import NonceTaken, OutOfFunds, Rejected, Underpriced, Unreachable, Unsendable
from ledger.chain.registry import (
    Finality,
    Head,
    LeafStatus,
    RegistryEvent,
    RegistryPin,
    SchoolOnChain,
    Statement,
    TransactionReceipt,
    UnsignedTransaction,
)
from ledger.chain.registry import RecallRequest as RecallAsked
from ledger.chain.registry import Replacement as NewRecord
from ledger.chain.registry import SignedBatch as BatchSigned
from ledger.chain.signed_batches import batch_message
from ledger.proof.merkle import keccak

PIN = RegistryPin(chain_id=31337, address="0x" + "c0" * 20, code_hash="0x" + "cc" * 32)
GENESIS = datetime(2026, 6, 1, tzinfo=UTC)
BLOCK_TIME = timedelta(seconds=12)
HAND_OVER_DELAY = 86400
PRICE_BUMP = 10
"""Percent that a transaction must offer more to replace one with the same number (geth's `txpool.pricebump`)."""
FUTURE = 16
"""How far ahead of the account's number the node lets a transaction wait."""


def _types(parameters: Sequence[Mapping[str, Any]]) -> list[str]:
    return [collapse_if_tuple(each) for each in parameters]


def _request(fields: Sequence[Any]) -> RecallRequest:
    root, entry, reason, replacement = fields
    return RecallRequest(root, entry, reason, Replacement(*replacement))


def _signed_batch(fields: Sequence[Any]) -> SignedBatch:
    """The batch, with whoever signed just these words for this registry on this chain."""
    school, year, root, count, deadline, signature = fields
    batch = SignedBatch(school, year, root, count, deadline, signature)
    message = batch_message(
        chain_id=PIN.chain_id,
        registry=PIN.address,
        school=school.rstrip(b"\0").decode(),
        school_year=year,
        root=root,
        leaf_count=count,
        deadline=datetime.fromtimestamp(deadline, UTC),
    )
    signable = SignableMessage(version=b"\x01", header=message.domain, body=message.content)
    signer = Account.recover_message(signable, signature=signature)
    return batch._replace(signature=Signed(signer.lower(), batch.words))


def _as_is(value: object) -> object:
    return value


STRUCTS: Mapping[str, Callable[[Any], object]] = {
    "(bytes32,bytes32)": Replacement._make,
    "(bytes32,bytes32,uint8,(bytes32,bytes32))": _request,
    "(bytes32,uint16,bytes32,uint32,uint48,bytes)": _signed_batch,
    "(bytes32,bytes32,uint8,(bytes32,bytes32))[]": lambda requests: [_request(each) for each in requests],
}
"""How the model has the structs of the ABI, whose fields it reads by name."""

VIEWS = {
    entry["name"]: _types(entry["outputs"])
    for entry in abi.ARTIFACT["abi"]
    if entry["type"] == "function" and entry["stateMutability"] == "view"
}
MUTATIONS = {
    keccak(f"{entry['name']}({','.join(_types(entry['inputs']))})".encode())[:4]: (
        entry["name"],
        _types(entry["inputs"]),
    )
    for entry in abi.ARTIFACT["abi"]
    if entry["type"] == "function"
    and hasattr(RegistryModel, snake(entry["name"]))
    and (
        entry["name"] == "anchorBySig"
        or not any("bytes" in each.replace("bytes32", "") for each in _types(entry["inputs"]))
    )
}


@dataclass(frozen=True)
class Transaction:
    """Signed bytes, read."""

    raw: bytes
    sender: str
    nonce: int
    to: str
    data: bytes
    fee: int

    @property
    def hash(self) -> bytes:
        return keccak(self.raw)

    @classmethod
    def read(cls, raw: bytes) -> "Transaction":
        try:
            nonce, price, _gas, to, _value, data, *_ = rlp.decode(raw)
            sender = Account.recover_transaction(raw)
        except Exception as error:
            raise Unsendable("not a transaction") from error
        return cls(
            raw=raw,
            sender=sender,
            nonce=int.from_bytes(nonce, "big"),
            to="0x" + to.hex(),
            data=data,
            fee=int.from_bytes(price, "big"),
        )


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


class Contract:
    """The reference model behind the contract's ABI: calls and answers are bytes, as a node has them."""

    def __init__(self, authority: str, creation: Block) -> None:
        self.events: list[Event] = []
        self.blocks: list[int] = []
        """The block of each."""
        self._model = RegistryModel(_call(authority, creation), authority.lower(), HAND_OVER_DELAY)

    def send(self, sender: str, data: bytes, block: Block) -> None:
        """Carries out one call, or raises `Rejected` and changes nothing."""
        function, types = MUTATIONS[data[:4]]
        values = decode(types, data[4:])
        arguments = [STRUCTS.get(kind, _as_is)(value) for kind, value in zip(types, values, strict=True)]
        try:
            self.events += self._model.carry_out(function, _call(sender, block), *arguments)
            self.blocks += [block.number] * (len(self.events) - len(self.blocks))
        except Refused as refused:
            raise Rejected(refused.name, refused.values) from None

    def past(self, at: datetime | None = None) -> Past:
        """What it knows, or knew at that time."""
        return self._model.past() if at is None else self._model.past(int(at.timestamp()))


class SimulatedChain:
    """The chain, its one node, and what was asked of it."""

    def __init__(self, *, authority: str) -> None:
        self.down = False
        self.loses_answer = False
        self.stuck = False
        self.counts_waiting = True
        self.least_fee = 0
        self.lags = 0
        self.delays = False
        self.poor: set[str] = set()
        self.takes_from = 0
        self.leaves_out: set[str] = set()
        self._on_its_way: list[Transaction] = []
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
            for late in self._on_its_way:
                self._waiting.setdefault((late.sender, late.nonce), late)
            self._on_its_way.clear()
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
        self._on_its_way.clear()

    @property
    def registry(self) -> Contract:
        """The contract as the blocks have made it."""
        return self._replayed()[0]

    @property
    def events(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What the contract emitted, in order: names and values."""
        return [(event.name, event.values) for event in self.registry.events]

    @property
    def mined(self) -> dict[bytes, tuple[int, bool]]:
        """Every transaction in a block, whatever the node shows of it: how deep, its own block counted, and whether it succeeded."""
        height = len(self._blocks)
        return {each: (height - block.number, succeeded) for each, (block, succeeded) in self._replayed()[1].items()}

    def count(self, address: str) -> int:
        """How many of the account's transactions are in blocks, whatever the node shows of it."""
        return self._mined_count(address)

    # What the ledger asks: RegistryReader and RegistrySender.

    @property
    def pin(self) -> RegistryPin:
        return PIN

    def head(self) -> Head:
        self._ask("head")
        return Head(self._shown[-1].number, self._shown[-1].time)

    def settled_block(self, rule: Finality) -> int:
        """What a chain with the tag calls finalized is four blocks old here."""
        self._ask("settled_block")
        return max(-1, len(self._shown) - (5 if rule == "finalized" else rule))

    def used(self, address: str, *, block: int) -> int:
        self._ask("used")
        return sum(each.sender == address for one in self._shown[: block + 1] for each in one.transactions)

    @property
    def _shown(self) -> list[Block]:
        return self._blocks[: len(self._blocks) - self.lags]

    def school(self, code: str) -> SchoolOnChain | None:
        self._ask("school")
        return abi.school_on_chain(_answer("schoolOf", self.registry.past().school(abi.school_word(code))), code)

    def status_of(
        self, *, school: str, root: bytes, entry: bytes, proof: Sequence[bytes], at: datetime | None = None
    ) -> LeafStatus:
        self._ask("status_of")
        status = self.registry.past(at).status(Record(abi.school_word(school), root, entry), proof)
        return abi.leaf_status(_answer("statusOf", status), Head(self._blocks[-1].number, self._blocks[-1].time))

    def seal_at(self, *, school: str, at: datetime) -> bytes:
        self._ask("seal_at")
        return abi.seal_certificate(_answer("sealAt", self.registry.past(at).seal(abi.school_word(school))))

    def events_between(self, first: int, last: int) -> tuple[RegistryEvent, ...]:
        self._ask("events_between")
        contract = self.registry
        return tuple(
            RegistryEvent(event.name, block, event.values)
            for event, block in zip(contract.events, contract.blocks, strict=True)
            if first <= block <= last and event.name not in self.leaves_out
        )

    def statement_at(self, *, publisher: str | None, topic: bytes, at: datetime | None = None) -> Statement | None:
        self._ask("statement_at")
        newest = self.registry.past(at).newest_statement(abi.publisher_word(publisher), topic)
        return abi.newest_statement(encode(VIEWS["statementAt"], newest))

    def nonce(self, address: str) -> int:
        self._ask("nonce")
        number = self._mined_count(address)
        while self.counts_waiting and (address, number) in self._waiting:
            number += 1
        return number

    def prepare_register_school(
        self, *, sender: str, nonce: int, school: str, operator: str, seal_certificate: bytes, consent: bytes
    ) -> UnsignedTransaction:
        data = abi.call("registerSchool", abi.school_word(school), operator, seal_certificate, consent)
        return self._prepare(sender, nonce, data)

    def prepare_anchor(
        self, *, sender: str, nonce: int, school: str, school_year: int, root: bytes, leaf_count: int
    ) -> UnsignedTransaction:
        return self._prepare(sender, nonce, abi.call("anchor", abi.school_word(school), school_year, root, leaf_count))

    def prepare_signed_anchor(self, *, sender: str, nonce: int, batch: BatchSigned) -> UnsignedTransaction:
        return self._prepare(sender, nonce, abi.signed_anchor_call(batch))

    def prepare_lock(self, *, sender: str, nonce: int, school_year: int) -> UnsignedTransaction:
        return self._prepare(sender, nonce, abi.call("lockSchoolYear", school_year))

    def prepare_approval(self, *, sender: str, nonce: int, school: str, request: RecallAsked) -> UnsignedTransaction:
        return self._prepare(sender, nonce, abi.approval_call(school=school, request=request))

    def prepare_replacement(
        self, *, sender: str, nonce: int, school: str, root: bytes, entry: bytes, replacement: NewRecord
    ) -> UnsignedTransaction:
        replacing = (replacement.root, replacement.entry)
        data = abi.call("addReplacement", abi.school_word(school), root, entry, replacing)
        return self._prepare(sender, nonce, data)

    def prepare_recall(self, *, sender: str, nonce: int, **changes: Any) -> UnsignedTransaction:
        return self._prepare(sender, nonce, abi.recall_call(**{"replacement": None, **changes}))

    def prepare_publish(
        self, *, sender: str, nonce: int, publisher: str | None, topic: bytes, digest: bytes
    ) -> UnsignedTransaction:
        return self._prepare(sender, nonce, abi.call("publish", abi.publisher_word(publisher), topic, digest))

    def prepare_empty(self, *, sender: str, nonce: int) -> UnsignedTransaction:
        self._ask("prepare")
        return self._priced(sender, nonce, sender, b"")

    def broadcast(self, raw: bytes) -> bytes:
        self._ask("broadcast")
        transaction = Transaction.read(raw)
        place = (transaction.sender, transaction.nonce)
        mined = self._mined_count(transaction.sender)
        if transaction.hash not in self._replayed()[1] and self._waiting.get(place) != transaction:
            if transaction.nonce < mined:
                raise NonceTaken(f"nonce {transaction.nonce}")
            if transaction.sender in self.poor:
                raise OutOfFunds("insufficient funds for gas * price + value")
            if transaction.fee < self.takes_from:
                raise Underpriced("transaction underpriced")
            before = self._waiting.get(place)
            if before is not None and transaction.fee * 100 < before.fee * (100 + PRICE_BUMP) + (before.fee == 0):
                raise Underpriced("replacement transaction underpriced")
            if transaction.nonce >= mined + FUTURE:
                raise Unsendable("nonce too far ahead")
            if self.delays:
                self._on_its_way.append(transaction)
            else:
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
        if block.number > self._shown[-1].number:
            return None
        return TransactionReceipt(transaction_hash, block.number, block.hash, succeeded, gas_used=50_000)

    def _ask(self, question: str) -> None:
        self.asked[question] += 1
        if self.down:
            raise Unreachable("simulated", "down")

    def _prepare(self, sender: str, nonce: int, data: bytes) -> UnsignedTransaction:
        """A node estimates at its newest block, where only what is mined counts."""
        self._ask("prepare")
        self.registry.send(sender, data, Block(len(self._blocks), self._branch))
        return self._priced(sender, nonce, self.pin.address, data)

    def _priced(self, sender: str, nonce: int, to: str, data: bytes) -> UnsignedTransaction:
        price = max(self.least_fee, self.takes_from)
        return UnsignedTransaction(self.pin.chain_id, sender, nonce, to, data, gas=200_000, gas_price=price)

    def _mined_count(self, address: str) -> int:
        return sum(each.sender == address for block in self._blocks for each in block.transactions)

    def _next_ready(self, taken: Sequence[Transaction]) -> Transaction | None:
        for (sender, nonce), transaction in sorted(self._waiting.items()):
            next_in_turn = nonce == self._mined_count(sender) + sum(each.sender == sender for each in taken)
            if next_in_turn and transaction.fee >= self.least_fee:
                return transaction
        return None

    def _replayed(self) -> tuple[Contract, dict[bytes, tuple[Block, bool]]]:
        registry, mined = Contract(self._authority, self._blocks[0]), {}
        for block in self._blocks:
            for transaction in block.transactions:
                try:
                    if transaction.to == PIN.address:
                        registry.send(transaction.sender, transaction.data, block)
                    mined[transaction.hash] = (block, True)
                except Rejected:
                    mined[transaction.hash] = (block, False)
        return registry, mined


def _call(sender: str, block: Block) -> Call:
    # eth_abi reads accounts in lower case, and the model only compares.
    return Call(sender.lower(), int(block.time.timestamp()), block.number)


def _answer(view: str, value: object) -> bytes:
    return encode(VIEWS[view], [value])
