# SPDX-License-Identifier: Apache-2.0

"""The chain key, in a file or in memory.

This is the one module that touches private keys of the chain, and no part that only answers questions may import it; a key that
never comes into this process is used through `ledger.chain.remote_wallet`. A key
is kept encrypted in a Web3 Secret Storage ("keystore v3") file, as every Ethereum tool reads and writes it; here it is open
only inside a `KeyWallet`, which shows its address and nothing else.

Example::

    wallet = KeyWallet.from_keystore(Path("anchor-key.json"), password=password)
    signed = wallet.sign(transaction)
"""

import json
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from ledger.chain.errors import UnusableKey
from ledger.chain.registry import SignedTransaction, TypedMessage, UnsignedTransaction
from ledger.chain.transaction_bytes import require_sender


class KeyWallet:
    """Signs with a private key that this process holds. Implements `ledger.chain.registry.Wallet`."""

    __slots__ = ("_account",)

    def __init__(self, key: bytes) -> None:
        try:
            self._account: LocalAccount = Account.from_key(key)
        except Exception:  # eth_keys raises many kinds, and their messages may hold the key
            raise UnusableKey(
                "Khóa chuỗi không hợp lệ: phải là 32 byte. Hãy tạo lại khóa.",
                "The chain key is not valid: 32 bytes are needed. Make a new key.",
            ) from None

    @classmethod
    def from_keystore(cls, path: Path, *, password: str) -> "KeyWallet":
        """Open a keystore v3 file."""
        try:
            key = Account.decrypt(path.read_text(encoding="utf-8"), password)
        except OSError as error:
            raise UnusableKey(
                f"Không đọc được tệp khóa chuỗi {path}: {error.strerror}. Hãy kiểm tra đường dẫn và quyền đọc.",
                f"The chain key file {path} cannot be read: {error.strerror}. Check its path and permissions.",
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError, NotImplementedError) as error:
            raise UnusableKey(
                f"Không mở được tệp khóa chuỗi {path}. Hãy kiểm tra mật khẩu, hoặc khôi phục tệp từ bản sao lưu.",
                f"The chain key file {path} cannot be opened. Check the password, or restore the file from its backup.",
            ) from error
        return cls(bytes(key))

    def write_keystore(self, path: Path, *, password: str) -> None:
        """Write the key as a new keystore v3 file that only its owner may read. An existing file is never replaced."""
        text = json.dumps(Account.encrypt(self._account.key, password))
        try:
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UnusableKey(
                f"Không ghi được tệp khóa chuỗi {path}: {error.strerror}. Hãy chọn nơi khác.",
                f"The chain key file {path} cannot be written: {error.strerror}. Choose another place.",
            ) from error

    @property
    def address(self) -> str:
        """The account, with EIP-55 checksum."""
        return str(self._account.address)

    def sign(self, transaction: UnsignedTransaction) -> SignedTransaction:
        """Return the signed bytes. The same transaction gives the same bytes (RFC 6979)."""
        require_sender(transaction, self.address)
        signed = self._account.sign_transaction(_fields(transaction))
        return SignedTransaction(raw=bytes(signed.raw_transaction), hash=bytes(signed.hash))

    def sign_typed(self, message: TypedMessage) -> bytes:
        """Return the 65 bytes of an EIP-712 signature: r, s, and 27 or 28."""
        signable = SignableMessage(version=b"\x01", header=message.domain, body=message.content)
        return bytes(self._account.sign_message(signable).signature)

    def __repr__(self) -> str:
        return f"KeyWallet({self.address})"


def _fields(transaction: UnsignedTransaction) -> dict[str, Any]:
    """Return the transaction under the names that eth_account gives its fields."""
    fields: dict[str, Any] = {
        "chainId": transaction.chain_id,
        "nonce": transaction.nonce,
        "data": transaction.data,
        "gas": transaction.gas,
        "value": 0,
    }
    if transaction.to is not None:
        fields["to"] = to_checksum_address(transaction.to)
    if transaction.gas_price is not None:
        return fields | {"gasPrice": transaction.gas_price}
    return fields | {
        "maxFeePerGas": transaction.max_fee_per_gas,
        "maxPriorityFeePerGas": transaction.max_priority_fee_per_gas,
    }
