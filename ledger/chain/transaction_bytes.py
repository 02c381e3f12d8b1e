# SPDX-License-Identifier: Apache-2.0

"""A transaction as bytes: what is signed, and what a node takes. Pure.

Two kinds, as `UnsignedTransaction` has them: with the fees of EIP-1559 (type 2 of EIP-2718), and with one price, bound to its
chain by EIP-155.
"""

from typing import Any, Final

import rlp
from eth_utils.crypto import keccak

from ledger.chain.errors import Malformed
from ledger.chain.registry import SignedTransaction, UnsignedTransaction

_DYNAMIC_FEE: Final = b"\x02"
_FIRST_CHAIN_BOUND_V: Final = 35
"""EIP-155: v is this, twice the chain id, and the parity."""


def require_sender(transaction: UnsignedTransaction, address: str) -> None:
    """Raises `Malformed` unless the transaction is one of the account `address`."""
    if transaction.sender.lower() != address.lower():
        raise Malformed(
            f"Giao dịch của {transaction.sender} không ký được bằng khóa của {address}.",
            f"A transaction of {transaction.sender} cannot be signed with the key of {address}.",
        )


def signing_bytes(transaction: UnsignedTransaction) -> bytes:
    """What the signature is made over, once it is hashed with keccak256."""
    if transaction.gas_price is not None:
        return _rlp([*_fields(transaction), transaction.chain_id, 0, 0])
    return _DYNAMIC_FEE + _rlp(_fields(transaction))


def signed_transaction(transaction: UnsignedTransaction, *, parity: int, r: int, s: int) -> SignedTransaction:
    """The transaction with its signature; `parity` is 0 or 1."""
    if transaction.gas_price is not None:
        raw = _rlp([*_fields(transaction), _FIRST_CHAIN_BOUND_V + 2 * transaction.chain_id + parity, r, s])
    else:
        raw = _DYNAMIC_FEE + _rlp([*_fields(transaction), parity, r, s])
    return SignedTransaction(raw=raw, hash=keccak(raw))


def says_nothing(raw: bytes, *, account: str) -> bool:
    """Whether signed bytes are a transaction to `account` of no value and without a word."""
    dynamic = raw[:1] == _DYNAMIC_FEE
    try:
        fields = rlp.decode(raw[1:] if dynamic else raw)
        to, value, data = fields[5:8] if dynamic else fields[3:6]
    except (rlp.DecodingError, ValueError, TypeError, IndexError):
        return False
    return bool(to == bytes.fromhex(account[2:]) and value == data == b"")


def _fields(transaction: UnsignedTransaction) -> list[Any]:
    to = b"" if transaction.to is None else bytes.fromhex(transaction.to[2:])
    value, nobody_in_advance = 0, list[Any]()
    if transaction.gas_price is not None:
        return [transaction.nonce, transaction.gas_price, transaction.gas, to, value, transaction.data]
    fees = [transaction.max_priority_fee_per_gas or 0, transaction.max_fee_per_gas or 0]
    asked = [transaction.gas, to, value, transaction.data, nobody_in_advance]
    return [transaction.chain_id, transaction.nonce, *fees, *asked]


def _rlp(fields: list[Any]) -> bytes:
    return bytes(rlp.encode(fields))
