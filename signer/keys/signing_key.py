# SPDX-License-Identifier: Apache-2.0

"""What every signing key can do, wherever it is."""

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import NoReturn, Protocol, Self

from signer.certificate import SignerCertificate
from signer.errors import UnsuitableKey


class Secret(Protocol):
    """A PIN, a passphrase or a token that hides itself, as pydantic's `SecretStr` does."""

    def get_secret_value(self) -> str:
        """The secret in clear."""


class Hidden:
    """A secret that did not come from a person, such as what a provider handed out."""

    def __init__(self, clear: str) -> None:
        self.__clear = clear

    def __repr__(self) -> str:
        return "Hidden(**********)"

    def get_secret_value(self) -> str:
        """The secret in clear."""
        return self.__clear


class SigningKey(Protocol):
    """A private key that is open for one sitting, and the certificate that speaks for it.

    It guarantees that every value it hands out fits certificate and digest. It does not say whether the certificate is
    trusted, in force or revoked: `SignerCertificate.require_valid_at` and the verifier do. One thread at a time.
    """

    @property
    @abstractmethod
    def who(self) -> SignerCertificate:
        """Who signs with it."""

    @property
    def asks_pin_for_each_signature(self) -> bool:
        """Whether the key wants its PIN for every single signature (CKA_ALWAYS_AUTHENTICATE). To be said before starting."""
        return False

    @property
    def batch(self) -> int:
        """How many digests it is best given at once: more than one where one authorization holds for many."""
        return 1

    @abstractmethod
    def sign_digests(self, digests: Sequence[bytes]) -> Iterator[bytes]:
        """Sign SHA-256 digests, and yield each value in order as it is made. RSA: PKCS#1 v1.5. P-256: a DER sequence.

        What was yielded before an error stays good: the caller keeps it, and later asks for the rest. Raises
        `KeyOutOfReach` when the key is gone, `SigningFailed` for a value that does not fit, or a `KeyProblem`.
        """

    def sign(self, data: bytes) -> bytes:
        """Sign `data`, hashed here with SHA-256."""
        (value,) = self.sign_digests([hashlib.sha256(data).digest()])
        return value

    def close(self) -> None:
        """Give the key back. Closing twice does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        who = self.who
        digest = who.certificate_sha256.hex()
        return f"{type(self).__name__}({who.common_name!r}, {who.algorithm}, certificate sha256 {digest})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise UnsuitableKey(
            "Khoá ký đang mở không được sao chép sang tiến trình khác; hãy để tiến trình đó tự mở khoá.",
            "A key that is open is not copied or sent to another process; let that process open the key itself.",
        )
