# SPDX-License-Identifier: Apache-2.0

"""The registry through one Ethereum node.

A node is believed about the *pinned* registry only. Before its first answer counts, it must show the pinned chain id, and
code with the pinned hash at the pinned address; otherwise `WrongChain`. That is asked once per connection, and again after
every failure, as another node may have come up behind the same address.

Example::

    registry = Web3Registry("http://127.0.0.1:8545", pin)
    status = registry.status_of(school="01000401", root=root, leaf=leaf, proof=proof)
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

from eth_utils.crypto import keccak

from ledger.chain import abi
from ledger.chain.errors import Rejected, Unreachable, Unsendable, WrongChain
from ledger.chain.registry import (
    Head,
    LeafStatus,
    RecallReason,
    RegistryPin,
    SchoolOnChain,
    TransactionReceipt,
    UnsignedTransaction,
)
from ledger.chain.web3_node import DEFAULT_TIMEOUT, Provider, Web3Node

_HASH_OF_NOTHING = "0x" + keccak(b"").hex()


class Web3Registry:
    """Reads the pinned registry and prepares changes to it, through one node.

    Implements `RegistryReader` and `RegistrySender`. It guarantees that every answer comes from a node that showed the pin;
    it does not guarantee that the node tells the truth about anything else, for which `quorum.QuorumReader` takes over.
    May be used from several threads.
    """

    def __init__(self, node: str | Provider, pin: RegistryPin, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Take a node's URL, or a web3 provider (eth-tester's, in tests). Nothing is asked yet."""
        self._node = Web3Node(node, timeout=timeout)
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

    def status_of(self, *, school: str, root: bytes, leaf: bytes, proof: Sequence[bytes]) -> LeafStatus:
        """Return everything the registry knows about `leaf`, at one block."""
        data = abi.call("statusOf", abi.school_word(school), root, leaf, list(proof))
        with self._pinned() as node:
            answer, head = self._view(node, data)
            try:
                return abi.leaf_status(answer, head)
            except Exception as error:
                raise node.unusable("unusable answer to statusOf") from error

    def school(self, code: str) -> SchoolOnChain | None:
        """Return the school registered under `code`, or None."""
        data = abi.call("schoolOf", abi.school_word(code))
        with self._pinned() as node:
            answer, _ = self._view(node, data)
            try:
                return abi.school_on_chain(answer, code)
            except Exception as error:
                raise node.unusable("unusable answer to schoolOf") from error

    def nonce(self, address: str) -> int:
        """Return the account's next free number, waiting transactions included."""
        with self._pinned() as node:
            return node.nonce(address)

    def prepare_register_school(
        self, *, sender: str, nonce: int, school: str, operator: str, seal_certificate: bytes
    ) -> UnsignedTransaction:
        """Prepare the registration of a school by the authority."""
        data = abi.call("registerSchool", abi.school_word(school), operator, seal_certificate)
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
        leaf: bytes,
        proof: Sequence[bytes],
        reason: RecallReason,
        replacement: tuple[bytes, bytes] | None = None,
    ) -> UnsignedTransaction:
        """Prepare a recall by the school's operator."""
        data = abi.recall_call(school=school, root=root, leaf=leaf, proof=proof, reason=reason, replacement=replacement)
        return self._prepare(sender, nonce, data)

    def broadcast(self, raw: bytes) -> bytes:
        """Hand signed bytes to the node; having them already is a success."""
        with self._pinned() as node:
            return node.broadcast(raw)

    def receipt(self, transaction_hash: bytes) -> TransactionReceipt | None:
        """Return where the transaction was mined, or None."""
        with self._pinned() as node:
            return node.receipt(transaction_hash)

    def _prepare(self, sender: str, nonce: int, data: bytes) -> UnsignedTransaction:
        with self._pinned() as node:
            return node.prepare(sender=sender, nonce=nonce, to=self._pin.address, data=data)

    def _view(self, node: Web3Node, data: bytes) -> tuple[bytes, Head]:
        """Ask one of the registry's views, none of which ever reverts; a node that says so talks nonsense."""
        try:
            return node.ask(self._pin.address, data)
        except (Rejected, Unsendable) as error:
            raise node.unusable("a view was refused") from error

    @contextmanager
    def _pinned(self) -> Iterator[Web3Node]:
        """Yield the node once it has shown the pin; a failure means that it must show it again."""
        with self._confirming:
            if not self._confirmed:
                self._confirm()
                self._confirmed = True
        try:
            yield self._node
        except Unreachable:
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
