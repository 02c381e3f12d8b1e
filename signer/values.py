# SPDX-License-Identifier: Apache-2.0

"""The value of a signature: what a key says to the SHA-256 of some bytes, checked before it goes into a document.

RSA gives PKCS#1 v1.5, P-256 a DER sequence of r and s. A value that was made for another document would fit into this one
as well; the file would then hold a signature that every reader calls invalid (SIGNING.md 6), and its place would be taken.
"""

from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signer.certificate import SignerCertificate
from signer.errors import WrongValue


class Signatory(Protocol):
    """Whoever signs at once: a certificate, and the key behind it."""

    @property
    def who(self) -> SignerCertificate:
        """Whose signature it is."""

    def sign(self, data: bytes) -> bytes:
        """The value for SHA-256 of `data`."""


def require_fit(who: SignerCertificate, signed: bytes, value: bytes) -> None:
    """Raise `WrongValue` unless `value` is the signature of this certificate's key over SHA-256 of `signed`."""
    key = load_der_public_key(who.certificate.public_key.dump())
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, signed, padding.PKCS1v15(), hashes.SHA256())
            return
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, signed, ec.ECDSA(hashes.SHA256()))
            return
    except InvalidSignature:
        raise WrongValue(who.common_name) from None
    raise WrongValue(who.common_name)
