# SPDX-License-Identifier: Apache-2.0

"""The registry through one Ethereum node.

A node is believed about the *pinned* registry only. Before its first answer counts, it must show the pinned chain id, and
code with the pinned hash at the pinned address; otherwise `WrongChain`. That is asked once per connection, and again after
every failure, as another node may have come up behind the same address.

Example::

    registry = Web3Registry("http://127.0.0.1:8545", pin)
    status = registry.status_of(school="01000401", root=root, entry=entry, proof=proof)
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import TypeVar

from eth_utils.crypto import keccak

from ledger.chain import abi
from ledger.chain.errors import Rejected, Unreachable, Unsendable, WrongChain
from ledger.chain.lean_node import LeanNode
from ledger.chain.registry import (
    MOST_KEY_VERSIONS,
    Finality,
    Head,
    LeafStatus,
    RecallReason,
    RecallRequest,
    RegistryEvent,
    RegistryPin,
    Replacement,
    SchoolKeys,
    SchoolOnChain,
    SignedBatch,
    Statement,
    TransactionReceipt,
    UnsignedTransaction,
)
from ledger.chain.web3_node import DEFAULT_TIMEOUT, Provider, Web3Node

Answer = TypeVar("Answer")

_HASH_OF_NOTHING = "0x" + keccak(b"").hex()


_TOLD = abi.event_topics(
    "BatchAnchored",
    "LeafRecalled",
    "LeafReplaced",
    "RecallAnnulled",
    "SchoolYearLocked",
    "StatementPublished",
)


class Web3Registry:
    """Reads the pinned registry and prepares changes to it, through one node.

    Implements `RegistryReader`, `RegistryHistory` and `RegistrySender`. It guarantees that every answer comes from a node that
    showed the pin; it does not guarantee that the node tells the truth about anything else, for which `quorum.QuorumReader` and
    `quorum.QuorumHistory` take over. May be used from several threads.
    """

    def __init__(self, node: str | Provider, pin: RegistryPin, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Take a node's URL, or a web3 provider (eth-tester's, in tests). Nothing is asked yet."""
        self._node = Web3Node(node, timeout=timeout)
        # What a verifier asks all day goes without web3; eth-tester, which lives in our process, has no address to ask at.
        self._views = LeanNode(node, timeout=timeout) if isinstance(node, str) else self._node
        self._pin = pin
        self._confirmed = False
        self._confirming = Lock()

    @property
    def pin(self) -> RegistryPin:
        """Which registry the answers are about."""
        return self._pin

    def head(self) -> Head:
        """Return the newest block."""
        with self._pinned() as node:
            return node.head()

    def settled_block(self, rule: Finality) -> int:
        """Return the number of the newest block that no reorganisation takes back; -1 if there is none yet."""
        with self._pinned() as node:
            return node.settled_block(rule)

    def used(self, address: str, *, block: int) -> int:
        """Return the first of the account's numbers that was not used up to the end of `block`."""
        with self._pinned() as node:
            return node.used(address, block)

    def status_of(
        self, *, school: str, root: bytes, entry: bytes, proof: Sequence[bytes], at: datetime | None = None
    ) -> LeafStatus:
        """Return everything the registry knows about `entry`, at one block."""
        data = abi.status_call(school=school, root=root, entry=entry, proof=proof, at=at)
        return self._view("statusOf", data, abi.leaf_status)

    def seal_at(self, *, school: str, at: datetime) -> bytes:
        """Return the SHA-256 of the certificate with which the school sealed then; empty if it had none."""
        return self._view("sealAt", abi.seal_call(school=school, at=at), lambda answer, _: abi.seal_certificate(answer))

    def school(self, code: str) -> SchoolOnChain | None:
        """Return the school registered under `code`, or None."""
        data = abi.call("schoolOf", abi.school_word(code))
        return self._view("schoolOf", data, lambda answer, _: abi.school_on_chain(answer, code))

    def keys_of(self, code: str) -> tuple[SchoolKeys, ...]:
        """Return the versions of a school's keys, oldest first, none if it is not registered."""
        school = self.school(code)
        newest = 0 if school is None else school.version
        versions = range(max(1, newest - MOST_KEY_VERSIONS + 1), newest + 1)
        return tuple(self._keys(code, version) for version in versions)

    def _keys(self, code: str, version: int) -> SchoolKeys:
        data = abi.call("keysOf", abi.school_word(code), version)
        keys = self._view("keysOf", data, lambda answer, _: answer)
        return self._view(
            "compromiseAt",
            abi.compromise_call(code, version),
            lambda answer, _: abi.school_keys(version, keys, answer),
        )

    def statement_at(self, *, publisher: str | None, topic: bytes, at: datetime | None = None) -> Statement | None:
        """Return the newest statement about `topic`, or None if there is none."""
        data = abi.statement_call(publisher=publisher, topic=topic, at=at)
        return self._view("statementAt", data, lambda answer, _: abi.newest_statement(answer))

    def events_between(self, first: int, last: int) -> tuple[RegistryEvent, ...]:
        """Return what the registry told of in these blocks that an audit compares; `Unreachable` if the node refuses so many."""
        with self._pinned() as node:
            try:
                logs = node.logs(self._pin.address, topics=_TOLD, first=first, last=last)
            except (Rejected, Unsendable) as error:
                raise node.unusable(f"events of {last - first + 1} blocks were refused") from error
            try:
                return tuple(abi.event(topics, data, block) for block, topics, data in logs if first <= block <= last)
            except Exception as error:
                raise node.unusable("unusable events") from error

    def nonce(self, address: str) -> int:
        """Return the account's next free number, waiting transactions included."""
        with self._pinned() as node:
            return node.nonce(address)

    def prepare_register_school(
        self, *, sender: str, nonce: int, school: str, operator: str, seal_certificate: bytes, consent: bytes
    ) -> UnsignedTransaction:
        """Prepare the registration of a school by the authority."""
        data = abi.call("registerSchool", abi.school_word(school), operator, seal_certificate, consent)
        return self._prepare(sender, nonce, data)

    def prepare_anchor(
        self, *, sender: str, nonce: int, school: str, school_year: int, root: bytes, leaf_count: int
    ) -> UnsignedTransaction:
        """Prepare the anchoring of a batch by the school's operator."""
        return self._prepare(sender, nonce, abi.call("anchor", abi.school_word(school), school_year, root, leaf_count))

    def prepare_recall(
        self,
        *,
        sender: str,
        nonce: int,
        school: str,
        root: bytes,
        entry: bytes,
        reason: RecallReason,
        replacement: Replacement | None = None,
    ) -> UnsignedTransaction:
        """Prepare a recall by the school's operator."""
        data = abi.recall_call(school=school, root=root, entry=entry, reason=reason, replacement=replacement)
        return self._prepare(sender, nonce, data)

    def prepare_publish(
        self, *, sender: str, nonce: int, publisher: str | None, topic: bytes, digest: bytes
    ) -> UnsignedTransaction:
        """Prepare the publication of a statement."""
        return self._prepare(sender, nonce, abi.call("publish", abi.publisher_word(publisher), topic, digest))

    def prepare_signed_anchor(self, *, sender: str, nonce: int, batch: SignedBatch) -> UnsignedTransaction:
        """Prepare the anchoring, by anybody, of a batch that the school's operator signed."""
        return self._prepare(sender, nonce, abi.signed_anchor_call(batch))

    def prepare_lock(self, *, sender: str, nonce: int, school_year: int) -> UnsignedTransaction:
        """Prepare the locking of a school year by the authority, for good."""
        return self._prepare(sender, nonce, abi.call("lockSchoolYear", school_year))

    def prepare_approval(self, *, sender: str, nonce: int, school: str, request: RecallRequest) -> UnsignedTransaction:
        """Prepare the authority's consent to one recall, in just these words."""
        return self._prepare(sender, nonce, abi.approval_call(school=school, request=request))

    def prepare_replacement(
        self, *, sender: str, nonce: int, school: str, root: bytes, entry: bytes, replacement: Replacement
    ) -> UnsignedTransaction:
        """Prepare the naming, by the school's operator, of what takes a recalled record's place."""
        replacing = (replacement.root, replacement.entry)
        return self._prepare(sender, nonce, abi.call("addReplacement", abi.school_word(school), root, entry, replacing))

    def prepare_empty(self, *, sender: str, nonce: int) -> UnsignedTransaction:
        """Prepare a transaction of the account to itself that says nothing."""
        return self._prepare(sender, nonce, b"", to=sender)

    def broadcast(self, raw: bytes) -> bytes:
        """Hand signed bytes to the node; having them already is a success."""
        with self._pinned() as node:
            return node.broadcast(raw)

    def receipt(self, transaction_hash: bytes) -> TransactionReceipt | None:
        """Return where the transaction was mined, or None."""
        with self._pinned() as node:
            return node.receipt(transaction_hash)

    def _prepare(self, sender: str, nonce: int, data: bytes, *, to: str | None = None) -> UnsignedTransaction:
        """A call of the registry, unless `to` names another account."""
        with self._pinned() as node:
            prepared = node.prepare(sender=sender, nonce=nonce, to=to or self._pin.address, data=data)
            if prepared.chain_id != self._pin.chain_id:
                # A signature for another chain would be good there.
                raise WrongChain("chain id", expected=self._pin.chain_id, found=prepared.chain_id)
            return prepared

    def _view(self, view: str, data: bytes, read: Callable[[bytes, Head], Answer]) -> Answer:
        """Ask one of the registry's views, none of which ever reverts; a node that says so talks nonsense."""
        with self._pinned() as node:
            try:
                answer, head = self._views.ask(self._pin.address, data)
            except (Rejected, Unsendable) as error:
                raise node.unusable(f"{view} was refused") from error
            try:
                return read(answer, head)
            except Exception as error:
                raise node.unusable(f"unusable answer to {view}") from error

    @contextmanager
    def _pinned(self) -> Iterator[Web3Node]:
        """Yield the node once it has shown the pin; a failure means that it must show it again."""
        with self._confirming:
            if not self._confirmed:
                self._confirm()
                self._confirmed = True
        try:
            yield self._node
        except (Unreachable, WrongChain):
            self._confirmed = False
            raise

    def _confirm(self) -> None:
        chain_id = self._node.chain_id()
        if chain_id != self._pin.chain_id:
            raise WrongChain("chain id", expected=self._pin.chain_id, found=chain_id)
        code_hash = self._node.code_hash(self._pin.address)
        if code_hash == _HASH_OF_NOTHING:
            raise WrongChain("code", expected=self._pin.code_hash, found=f"none at {self._pin.address}")
        if code_hash != self._pin.code_hash:
            raise WrongChain("code hash", expected=self._pin.code_hash, found=code_hash)
