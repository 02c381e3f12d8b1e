# SPDX-License-Identifier: Apache-2.0

"""Signature values: what a key is given, what it says, and whether the one fits the other. Pure."""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signer.certificate import SignerCertificate
from signer.errors import SigningFailed

DIGEST_BYTES: Final = 32
SHA256: Final = Prehashed(hashes.SHA256())
_SHA256_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")
_P256_COORDINATE_BYTES: Final = 32


def digest_info(digest: bytes) -> bytes:
    """The DigestInfo that RSA PKCS#1 v1.5 pads (RFC 8017, 9.2): what a token is given that only does the raw mathematics."""
    return _SHA256_DIGEST_INFO + digest


def as_der(value: bytes) -> bytes:
    """An ECDSA value as a DER sequence; PKCS#11 and some providers put r and s side by side instead."""
    if len(value) == 2 * _P256_COORDINATE_BYTES:
        try:
            decode_dss_signature(value)
        except ValueError:
            r, s = value[:_P256_COORDINATE_BYTES], value[_P256_COORDINATE_BYTES:]
            return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    return value


class Check:
    """Whether values fit one certificate. Made once per key, since reading the public key costs more than using it."""

    def __init__(self, who: SignerCertificate) -> None:
        self._who = who
        self._public = load_der_public_key(who.certificate.public_key.dump())

    def require(self, value: bytes, digest: bytes) -> bytes:
        """Return `value` if it is this certificate's signature over `digest`; raise `SigningFailed` otherwise."""
        try:
            if isinstance(self._public, rsa.RSAPublicKey):
                self._public.verify(value, digest, padding.PKCS1v15(), SHA256)
            else:
                assert isinstance(self._public, ec.EllipticCurvePublicKey)  # noqa: S101 - SignerCertificate.load says so
                self._public.verify(value, digest, ec.ECDSA(SHA256))
        except (InvalidSignature, ValueError):
            raise SigningFailed(
                f"Giá trị chữ ký nhận được không khớp với chứng thư số của {self._who.common_name} nên không dùng. Hãy chọn "
                "đúng chứng thư số đi với khoá; nếu vẫn lỗi, hãy báo nhà cung cấp chữ ký số.",
                f"The signature value does not fit the certificate of {self._who.common_name}, so it is not used. Choose "
                "the certificate that belongs to the key; if that does not help, tell the certificate provider.",
            ) from None
        return value
