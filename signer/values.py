# SPDX-License-Identifier: Apache-2.0

"""The value of a signature: what a key says to the SHA-256 of some bytes, checked before it goes into a document.

RSA gives PKCS#1 v1.5, P-256 a DER sequence of r and s. A value that was made for another document would fit into this one
as well; the file would then hold a signature that every reader calls invalid (SIGNING.md 6), and its place would be taken.
"""

import hashlib
from typing import Protocol

from signer.certificate import SignerCertificate
from signer.errors import SigningFailed, WrongValue
from signer.keys.values import Check


class Signatory(Protocol):
    """Whoever signs at once: a certificate, and the key behind it."""

    @property
    def who(self) -> SignerCertificate:
        """Whose signature it is."""

    def sign(self, data: bytes) -> bytes:
        """The value for SHA-256 of `data`."""


def require_fit(who: SignerCertificate, signed: bytes, value: bytes) -> None:
    """Raise `WrongValue` unless `value` is the signature of this certificate's key over SHA-256 of `signed`."""
    try:
        Check(who).require(value, hashlib.sha256(signed).digest())
    except SigningFailed:
        raise WrongValue(who.common_name) from None
