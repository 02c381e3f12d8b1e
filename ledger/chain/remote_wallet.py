# SPDX-License-Identifier: Apache-2.0

"""The chain key in a signer of its own, reached over Web3Signer's API; this process never holds it.

The signer (Consensys' Web3Signer, or anything that speaks its `eth1` API) keeps keys in files, an HSM or a key vault. It is asked
for one account's signature over the bytes of one transaction, hashes them itself, and what it answers is believed only when the
signature is the account's own.

Example::

    wallet = RemoteWallet.opened("https://signer.example:9000", "0x1234…", access=SignerAccess(token=Path("keys/token")))
    signed = wallet.sign(transaction)
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from eth_keys.datatypes import PublicKey, Signature
from eth_keys.exceptions import BadSignature
from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from ledger.chain.errors import Malformed, Missigned, SignerUnreachable, UnusableKey
from ledger.chain.registry import SignedTransaction, TypedMessage, UnsignedTransaction
from ledger.chain.transaction_bytes import require_sender, signed_transaction, signing_bytes

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds that the signer may take for each step of an answer: one with an HSM behind it is slow."""
_KEYS, _SIGN = "/api/v1/eth1/publicKeys", "/api/v1/eth1/sign"
_SIGNATURE_BYTES, _PUBLIC_KEY_BYTES = 65, 64
_V_OFFSET: Final = 27
_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Of secp256k1: the chain takes of a signature's two forms only the one whose s is not above it (EIP-2)."""


@dataclass(frozen=True)
class SignerAccess:
    """What opens the way to a signer; each is a file, so that nothing secret stands in settings."""

    authorities: Path | None = None
    """Certificates (PEM) that the signer's own must come from; without it, those that this machine trusts."""
    client_certificate: Path | None = None
    """The certificate that this machine shows, with its key behind it (PEM)."""
    token: Path | None = None
    """Text whose first line is a bearer token."""


@dataclass(frozen=True)
class _Signature:
    parity: int
    r: int
    s: int

    def to_bytes(self) -> bytes:
        return self.r.to_bytes(32) + self.s.to_bytes(32) + bytes([_V_OFFSET + self.parity])


class RemoteWallet:
    """Signs with a key that a signer elsewhere holds. Implements `ledger.chain.registry.Wallet`.

    Guarantees that whatever it returns was signed by the account's key, over just the bytes that it was given. Does not guarantee
    the same bytes for the same transaction: that is up to the signer, as Web3Signer with a key file does and an HSM need not.
    After `SignerUnreachable` nothing is known to have changed, and asking again is right.
    """

    def __init__(
        self, url: str, address: str, *, access: SignerAccess | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        """Take the signer's address and the account's. Nothing is asked yet."""
        if not is_address(address):
            raise Malformed(
                f"“{address}” không phải địa chỉ tài khoản chuỗi. Hãy sửa thiết lập khóa.",
                f"'{address}' is no account of a chain. Mend the setting of the key.",
            )
        self._url = url.rstrip("/")
        self._address = to_checksum_address(address)
        self._identifier: str | None = None
        self._client = _client(self._url, access or SignerAccess(), timeout)

    @classmethod
    def opened(
        cls, url: str, address: str, *, access: SignerAccess | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> "RemoteWallet":
        """The wallet, after the signer has shown that it holds the key."""
        wallet = cls(url, address, access=access, timeout=timeout)
        wallet._key()
        return wallet

    @property
    def address(self) -> str:
        """The account, with EIP-55 checksum."""
        return str(self._address)

    def sign(self, transaction: UnsignedTransaction) -> SignedTransaction:
        """Return the signed bytes."""
        require_sender(transaction, self.address)
        made = self._signature(signing_bytes(transaction))
        return signed_transaction(transaction, parity=made.parity, r=made.r, s=made.s)

    def sign_typed(self, message: TypedMessage) -> bytes:
        """Return the 65 bytes of an EIP-712 signature: r, s, and 27 or 28."""
        return self._signature(b"\x19\x01" + message.domain + message.content).to_bytes()

    def __repr__(self) -> str:
        return f"RemoteWallet({self.address} at {self._url})"

    def _signature(self, data: bytes) -> _Signature:
        path = f"{_SIGN}/{self._key()}"
        answer = self._asked("POST", path, {"data": "0x" + data.hex()})
        if answer.status_code == httpx.codes.NOT_FOUND:
            self._identifier = None  # It may come back under another name.
            raise self._no_key()
        return self._checked(self._text(answer), data)

    def _checked(self, told: str, data: bytes) -> _Signature:
        """The signature, if it is one that the chain takes, of this account, over just this."""
        answer = _unhexed(told.strip().strip('"'))
        if answer is None or len(answer) != _SIGNATURE_BYTES:
            raise Missigned(self._url, self.address)
        r, s, v = int.from_bytes(answer[:32]), int.from_bytes(answer[32:64]), answer[64]
        if v not in (_V_OFFSET, _V_OFFSET + 1) or s > _HALF_ORDER:
            raise Missigned(self._url, self.address)
        made = _Signature(v - _V_OFFSET, r, s)
        try:
            signer = Signature(vrs=(made.parity, r, s)).recover_public_key_from_msg_hash(keccak(data))
        except (BadSignature, ValidationError) as error:
            raise Missigned(self._url, self.address) from error
        if signer.to_checksum_address() != self.address:
            raise Missigned(self._url, self.address, found=signer.to_checksum_address())
        return made

    def _key(self) -> str:
        """How the signer names the account's key; it is asked once."""
        if self._identifier is None:
            answer = self._asked("GET", _KEYS)
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise self._unusable("no Web3Signer API (HTTP 404)")
            self._text(answer)
            try:
                told = answer.json()
            except ValueError as error:
                raise self._unusable("unusable answer") from error
            named = told if isinstance(told, list) else []
            self._identifier = next((name for name in named if _account(name) == self.address), None)
        if self._identifier is None:
            raise self._no_key()
        return self._identifier

    def _asked(self, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            return self._client.request(method, self._url + path, json=body)
        except httpx.TimeoutException as error:
            raise self._unusable("timeout") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._unusable("no connection") from error

    def _text(self, answer: httpx.Response) -> str:
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise UnusableKey(
                f"Máy chủ ký {self._url} không cho vào (HTTP {answer.status_code}). "
                "Hãy kiểm tra mã truy cập và chứng thư trong mục [web3signer].",
                f"The signer {self._url} lets nobody in (HTTP {answer.status_code}). "
                "Check token and certificate in section [web3signer].",
            )
        if answer.status_code != httpx.codes.OK:
            raise self._unusable(f"HTTP {answer.status_code}")
        return answer.text

    def _unusable(self, reason: str) -> SignerUnreachable:
        return SignerUnreachable(self._url, reason)

    def _no_key(self) -> UnusableKey:
        return UnusableKey(
            f"Máy chủ ký {self._url} không giữ khóa của tài khoản {self.address}. Hãy nạp khóa vào máy chủ ký, hoặc sửa địa chỉ "
            "tài khoản trong thiết lập.",
            f"The signer {self._url} does not hold the key of account {self.address}. Load the key there, or mend the account "
            "in the settings.",
        )


def _client(url: str, access: SignerAccess, timeout: float) -> httpx.Client:
    """No proxy, password or certificate from the environment: the way to a key is written down in one place."""
    try:
        trusted = ssl.create_default_context(cafile=access.authorities)
        if access.client_certificate is not None:
            trusted.load_cert_chain(access.client_certificate)
        headers = {}
        if access.token is not None:
            headers["Authorization"] = f"Bearer {access.token.read_text('utf-8').splitlines()[0].strip()}"
        # A kept connection may be closed by the other side just as it is used again; signatures are few enough for new ones.
        fresh = httpx.Limits(max_keepalive_connections=0)
        return httpx.Client(verify=trusted, headers=headers, timeout=timeout, limits=fresh, trust_env=False)
    except (OSError, ValueError, IndexError) as error:  # ssl's and Unicode's errors are among them
        raise UnusableKey(
            f"Không đọc được tệp truy cập máy chủ ký {url} ({type(error).__name__}). Hãy kiểm tra mục [web3signer].",
            f"What gives access to the signer {url} cannot be read ({type(error).__name__}). Check section [web3signer].",
        ) from None


def _account(name: object) -> str | None:
    """The account of a public key in hex, with or without the byte that says it is not compressed; None for anything else."""
    told = _unhexed(name) if isinstance(name, str) else None
    if told is None or len(told) not in (_PUBLIC_KEY_BYTES, _PUBLIC_KEY_BYTES + 1):
        return None
    try:
        return PublicKey(told[-_PUBLIC_KEY_BYTES:]).to_checksum_address()
    except ValidationError:
        return None


def _unhexed(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        return None
