# SPDX-License-Identifier: Apache-2.0

"""One Ethereum node: blocks, calls, fees, transactions. The one module that imports web3.

What nodes say when they refuse differs from make to make. It is sorted out here and nowhere else: a revert becomes `Rejected`
with the contract's own error, a refused transaction one of the `Unsendable`, and anything else that is not an answer becomes
`Unreachable`. A node is a stranger: nonsense from it is an outage, never a crash.
"""

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

import requests
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3
from web3.exceptions import BlockNotFound, ContractLogicError, TransactionNotFound, Web3RPCError
from web3.middleware import ExtraDataToPOAMiddleware
from web3.providers.base import JSONBaseProvider
from web3.types import BlockData, BlockIdentifier, FilterParams, TxParams, TxReceipt

from ledger.chain import abi, dripping
from ledger.chain.errors import ChainError, NonceTaken, OutOfFunds, Rejected, Underpriced, Unreachable, Unsendable
from ledger.chain.registry import Finality, Head, TransactionReceipt, UnsignedTransaction

Provider = JSONBaseProvider
"""What may stand in for a URL: eth-tester's provider, in tests."""
DEFAULT_TIMEOUT = 5.0
"""Seconds that a node may take to accept a connection, and again between two pieces of its answer; twice that for all of it."""
GAS_HEADROOM_PERCENT = 25
"""Added to a gas estimate, which holds only for the block it was made at. Unused gas is not paid for."""
BASE_FEE_MULTIPLE = 2
"""How far the base fee may rise before a waiting transaction sticks: doubled, six full blocks in a row (EIP-1559)."""
CONNECTIONS_KEPT = 16
"""Open connections kept per node for threads that ask at the same time."""


class Web3Node:
    """One node, whatever contract it is asked about: blocks, fees, transactions. Errors leave as this package's own."""

    def __init__(self, node: str | JSONBaseProvider, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Take a node's URL, or a web3 provider (eth-tester's, in tests). Nothing is asked yet."""
        self.name = node if isinstance(node, str) else type(node).__name__
        # eth-tester knows blocks by number only; as it lives in our process, no re-organisation can come between.
        self._by_block_hash = isinstance(node, str)
        self._web3 = Web3(_http(node, timeout) if isinstance(node, str) else node)
        # Besu's QBFT and other chains of known validators put more than 32 bytes into extraData, which web3 refuses else.
        self._web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)

    def chain_id(self) -> int:
        """Return the node's chain id."""
        with self._answering():
            return self._web3.eth.chain_id

    def code_hash(self, address: str) -> str:
        """Return keccak256 of the code at `address`, in hex; that of nothing when there is none."""
        with self._answering():
            return "0x" + keccak(self._web3.eth.get_code(to_checksum_address(address))).hex()

    def head(self) -> Head:
        """Return the newest block."""
        with self._answering():
            return _head(self._web3.eth.get_block("latest"))

    def settled_block(self, rule: Finality) -> int:
        """Return the number of the newest block that no reorganisation takes back; -1 if there is none yet."""
        with self._answering():
            if rule == "finalized":
                try:
                    return self._web3.eth.get_block("finalized")["number"]
                except BlockNotFound:
                    return -1
            return max(-1, self._web3.eth.block_number - rule + 1)

    def used(self, address: str, block: int) -> int:
        """Return the first of the account's numbers that was not used up to the end of `block`."""
        if block < 0:
            return 0
        with self._answering():
            return self._web3.eth.get_transaction_count(to_checksum_address(address), block)

    def ask(self, to: str, data: bytes) -> tuple[bytes, Head]:
        """Call a view at the newest block, and return its answer and that block."""
        with self._answering():
            block = self._web3.eth.get_block("latest")
            moment = {"blockHash": block["hash"].to_0x_hex()} if self._by_block_hash else block["number"]
            answer = self._web3.eth.call(
                {"to": to_checksum_address(to), "data": _hexed(data)}, cast("BlockIdentifier", moment)
            )
            return bytes(answer), _head(block)

    def logs(
        self, address: str, *, topics: Sequence[bytes], first: int, last: int
    ) -> list[tuple[int, list[bytes], bytes]]:
        """Return what the contract told of in these blocks under any of `topics`, in order: block, topics, data."""
        asked: FilterParams = {
            "address": to_checksum_address(address),
            "fromBlock": first,
            "toBlock": last,
            "topics": [[_hexed(topic) for topic in topics]],
        }
        with self._answering():
            found = sorted(self._web3.eth.get_logs(asked), key=lambda log: (log["blockNumber"], log["logIndex"]))
            return [
                (log["blockNumber"], [bytes(topic) for topic in log["topics"]], bytes(log["data"])) for log in found
            ]

    def nonce(self, address: str) -> int:
        """Return the account's next free number, waiting transactions included."""
        with self._answering():
            return self._web3.eth.get_transaction_count(to_checksum_address(address), "pending")

    def prepare(self, *, sender: str, nonce: int, to: str | None, data: bytes) -> UnsignedTransaction:
        """Estimate gas and fees. Raises `Rejected` when the contract would say no."""
        asked: TxParams = {"from": to_checksum_address(sender), "data": _hexed(data)}
        if to is not None:
            asked["to"] = to_checksum_address(to)
        with self._answering():
            eth = self._web3.eth
            gas = eth.estimate_gas(asked) * (100 + GAS_HEADROOM_PERCENT) // 100
            base_fee = eth.get_block("latest").get("baseFeePerGas")
            # A chain without fees says so by its gas price; asked for a tip, its node may name a default all the same.
            price = eth.gas_price if not base_fee else None
            legacy = base_fee is None or price == 0
            tip = 0 if legacy else int(eth.max_priority_fee)
            return UnsignedTransaction(
                chain_id=eth.chain_id,
                sender=to_checksum_address(sender),
                nonce=nonce,
                to=None if to is None else to_checksum_address(to),
                data=data,
                gas=gas,
                gas_price=price if legacy else None,
                max_fee_per_gas=None if legacy else BASE_FEE_MULTIPLE * (base_fee or 0) + tip,
                max_priority_fee_per_gas=None if legacy else tip,
            )

    def broadcast(self, raw: bytes) -> bytes:
        """Hand signed bytes to the node; having them already is a success."""
        transaction_hash = keccak(raw)
        try:
            with self._answering():
                self._web3.eth.send_raw_transaction(raw)
        except Unreachable:
            raise
        except ChainError:
            # "Already known" has a wording of its own at each make of node, and "nonce too low" is what one of them says
            # about a transaction that it has mined. So the node is asked for the transaction itself.
            if not self._knows(transaction_hash):
                raise
        return transaction_hash

    def receipt(self, transaction_hash: bytes) -> TransactionReceipt | None:
        """Return where the transaction was mined, or None."""
        with self._answering():
            try:
                found: TxReceipt = self._web3.eth.get_transaction_receipt(_word(transaction_hash))
            except TransactionNotFound:
                return None
            created = found.get("contractAddress")
            return TransactionReceipt(
                transaction_hash=bytes(found["transactionHash"]),
                block_number=found["blockNumber"],
                block_hash=bytes(found["blockHash"]),
                status=found["status"] == 1,
                gas_used=found["gasUsed"],
                contract_address=str(created) if created else None,
            )

    def unusable(self, reason: str) -> Unreachable:
        """Return the error for an answer that makes no sense."""
        return Unreachable(self.name, reason)

    def _knows(self, transaction_hash: bytes) -> bool:
        with self._answering():
            try:
                self._web3.eth.get_transaction(_word(transaction_hash))
            except TransactionNotFound:
                return False
            return True

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn whatever web3, requests or eth-tester raise into this package's errors."""
        try:
            yield
        except ChainError:
            raise
        except requests.Timeout as error:
            raise self.unusable("timeout") from error
        except requests.HTTPError as error:
            raise self.unusable(f"HTTP {_http_status(error)}") from error
        except requests.RequestException as error:
            raise self.unusable("no connection") from error
        except Exception as error:
            revert = _revert_data(error)
            if revert is not None:
                raise self._rejected(revert) from error
            refusal = _refusal(error)
            if refusal is not None:
                raise refusal from error
            raise self.unusable(f"unusable answer, {type(error).__name__}") from error

    def _rejected(self, revert: bytes) -> ChainError:
        try:
            return abi.rejection(revert)
        except Exception:  # whatever eth_abi makes of a stranger's bytes
            return Rejected("", {"data": revert})


_REFUSALS: tuple[tuple[type[Unsendable], tuple[str, ...]], ...] = (
    (NonceTaken, ("nonce too low", "invalid transaction nonce", "oldnonce")),
    (OutOfFunds, ("insufficient funds", "upfront cost", "insufficientfunds", "does not have enough balance")),
    (Underpriced, ("underpriced", "less than block base fee", "gas price below", "price is too low", "feetoolow")),
)
"""What geth, Besu, Nethermind, anvil and py-evm say in lower case when they refuse a transaction."""


def _http(url: str, timeout: float) -> HTTPProvider:
    session = requests.Session()
    adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=CONNECTIONS_KEPT)
    adapter.poolmanager.pool_classes_by_scheme = dripping.POOLS
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    # web3 would try five times with growing pauses; how often to try is the caller's decision.
    return HTTPProvider(url, {"timeout": timeout}, session=session, exception_retry_configuration=None)


def _revert_data(error: Exception) -> bytes | None:
    """Return what the contract returned when it reverted, or None if `error` is something else.

    Over JSON-RPC the bytes come as hex in the error's data. eth-tester, which this module may not import, raises
    `TransactionFailed` and quotes the bytes as Python writes them: "execution reverted: b'...'".
    """
    if isinstance(error, ContractLogicError):
        data: Any = error.data
        return bytes.fromhex(data.removeprefix("0x")) if isinstance(data, str) and _is_hex(data) else b""
    if type(error).__name__ == "TransactionFailed":
        _, _, quoted = str(error).partition("execution reverted: ")
        try:
            value = ast.literal_eval(quoted)
        except (ValueError, SyntaxError):
            return b""
        return value if isinstance(value, bytes) else b""
    return None


def _is_hex(text: str) -> bool:
    body = text.removeprefix("0x")
    return len(body) % 2 == 0 and not set(body.lower()) - set("0123456789abcdef")


def _refusal(error: Exception) -> Unsendable | None:
    """Return why a node does not take a transaction, or None if `error` says nothing about one."""
    said = str(error.args[0]) if error.args else ""
    if isinstance(error, Web3RPCError):
        response = error.rpc_response or {}
        detail = response.get("error")
        said = str(detail.get("message", said)) if isinstance(detail, dict) else said
    elif type(error).__name__ != "ValidationError":
        return None
    lowered = said.lower()
    for kind, wordings in _REFUSALS:
        if any(wording in lowered for wording in wordings):
            return kind(said)
    return Unsendable(said)


def _http_status(error: requests.HTTPError) -> str:
    return "error" if error.response is None else str(error.response.status_code)


def _head(block: BlockData) -> Head:
    return Head(number=block["number"], time=datetime.fromtimestamp(block["timestamp"], UTC))


def _hexed(data: bytes) -> Any:  # noqa: ANN401 - web3 types this as its own HexStr
    return "0x" + data.hex()


def _word(value: bytes) -> Any:  # noqa: ANN401 - web3 types this as its own Hash32
    return value
