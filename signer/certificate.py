# SPDX-License-Identifier: Apache-2.0

"""A signer's certificate with its chain: all of a signer that preparing and finishing a document needs.

The private key may be in a file, in a token on another machine, or at a provider; what is shown and embedded is the same.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signer.errors import CertificateNotValid, UnreadableKey, UnsuitableKey

MINIMUM_RSA_BITS: Final = 2048
"""Below that, neither Vietnam's list of algorithms nor ETSI TS 119 312 lets anyone sign for years."""


@dataclass(frozen=True)
class SignerCertificate:
    """Who signs, as the certificate says. It does not say whether the certificate is trusted or revoked."""

    certificate: x509.Certificate
    """The signer's certificate."""
    chain: tuple[x509.Certificate, ...]
    """Certificates of the authorities above it, in no particular order, root included if it was given."""
    algorithm: str
    """`sha256_rsa` or `sha256_ecdsa`, as asn1crypto names them."""

    @classmethod
    def load(cls, certificate: bytes, chain: Sequence[bytes] = ()) -> Self:
        """From DER. Raises `UnreadableKey` for bytes that are no certificate, `UnsuitableKey` for a key we do not sign with."""
        try:
            read = x509.Certificate.load(certificate, strict=True)
            above = tuple(x509.Certificate.load(one, strict=True) for one in chain)
            _ = read.subject.native, read.not_valid_before, read.not_valid_after
            key = load_der_public_key(read.public_key.dump())
        except (ValueError, TypeError, KeyError) as error:
            raise UnreadableKey(
                "Chứng thư số không đọc được. Hãy xuất lại chứng thư từ thiết bị ký hoặc nhà cung cấp.",
                "The certificate cannot be read. Export it again from the token or the provider.",
            ) from error
        return cls(read, above, algorithm_of(key))

    @property
    def intermediates(self) -> tuple[x509.Certificate, ...]:
        """The chain without roots: a verifier trusts the roots it was given, never those that come along."""
        return tuple(one for one in self.chain if one.self_signed == "no")

    @property
    def common_name(self) -> str:
        """Who signs, as the certificate says."""
        names = self.certificate.subject.native
        return str(names.get("common_name") or names.get("organization_name") or "")

    @property
    def organisation(self) -> str:
        """For whom, as the certificate says; empty if it names none."""
        return str(self.certificate.subject.native.get("organization_name") or "")

    @property
    def personal_number(self) -> str | None:
        """The subject's serialNumber attribute without a prefix such as `CCCD:`; None if there is none."""
        number = self.certificate.subject.native.get("serial_number")
        return None if number is None else str(number).rpartition(":")[2]

    @property
    def certificate_sha256(self) -> bytes:
        """Digest by which this certificate is known in manifests and signer lists."""
        return hashlib.sha256(self.certificate.dump()).digest()

    def require_valid_at(self, moment: datetime) -> None:
        """Raise `CertificateNotValid` if the certificate does not cover `moment`, an aware time."""
        start, end = self.certificate.not_valid_before, self.certificate.not_valid_after
        if start <= moment <= end:
            return
        raise CertificateNotValid(
            f"Chứng thư số của {self.common_name} có hiệu lực từ {start:%d/%m/%Y} đến {end:%d/%m/%Y}, không dùng được vào "
            f"{moment:%d/%m/%Y}. Hãy gia hạn chứng thư số, hoặc kiểm tra ngày giờ của máy.",
            f"The certificate of {self.common_name} is valid from {start:%Y-%m-%d} to {end:%Y-%m-%d}, not on "
            f"{moment:%Y-%m-%d}. Renew it, or check the clock of this computer.",
        )


def algorithm_of(key: object) -> str:
    """The one way of signing that a public key is used with here. Raises `UnsuitableKey`."""
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MINIMUM_RSA_BITS:
        return "sha256_rsa"
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return "sha256_ecdsa"
    raise UnsuitableKey(
        "Loại khoá này không dùng để ký học bạ được: cần RSA từ 2048 bit trở lên hoặc ECDSA P-256. "
        "Hãy yêu cầu nhà cung cấp cấp chứng thư số mới.",
        "This kind of key cannot sign school records: RSA of at least 2048 bits or ECDSA P-256 is needed. "
        "Ask the provider for a new certificate.",
    )
