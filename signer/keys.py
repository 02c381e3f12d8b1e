# SPDX-License-Identifier: Apache-2.0

"""Keys: opened once with a passphrase, held for one sitting, and asked for signatures only.

A PKCS#12 file is decrypted and its key checked when it is loaded; after that a signature costs what the mathematics cost
(PERFORMANCE.md: loading an RSA key anew for each signature takes a hundred times longer than signing). A `LoadedKey` shows
its certificate to everybody and its private half to nobody: not in `repr`, not to `pickle`, not as an attribute by
accident. A worker process loads the file itself.

Example::

    key = load_pkcs12(path.read_bytes(), passphrase)
    signature = key.sign(b"to be signed")  # SHA-256; PKCS#1 v1.5 for RSA, DER-encoded ECDSA for P-256
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, NoReturn, Protocol

from asn1crypto import pkcs12 as asn1_pkcs12
from asn1crypto import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12

from signer.certificate import SignerCertificate
from signer.errors import CertificateNotValid, UnreadableKey, UnsuitableKey, WrongPassphrase

MINIMUM_RSA_BITS: Final = 2048
"""Below that, neither Vietnam's list of algorithms nor ETSI TS 119 312 lets anyone sign for years."""

_SHA256: Final = Prehashed(hashes.SHA256())


class Secret(Protocol):
    """A passphrase that hides itself, as pydantic's `SecretStr` does."""

    def get_secret_value(self) -> str:
        """The passphrase in clear."""


class LoadedKey:
    """A signer's certificate with its chain, and the private key behind it, ready to sign many times.

    It guarantees that key and certificate belong together and are strong enough. It does not say whether the certificate is
    trusted or revoked: that is the verifier's question.
    """

    __slots__ = ("__sign_digest", "algorithm", "certificate", "chain")

    def __init__(
        self,
        *,
        certificate: x509.Certificate,
        chain: tuple[x509.Certificate, ...],
        algorithm: str,
        sign_digest: Callable[[bytes], bytes],
    ) -> None:
        self.certificate = certificate
        """The signer's certificate."""
        self.chain = chain
        """Certificates of the authorities above it, in no particular order, root included if the file had it."""
        self.algorithm = algorithm
        """`sha256_rsa` or `sha256_ecdsa`, as asn1crypto names them."""
        self.__sign_digest = sign_digest

    def __repr__(self) -> str:
        return f"LoadedKey({self.common_name!r}, {self.algorithm}, certificate sha256 {self.certificate_sha256.hex()})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise UnsuitableKey(
            "Khoá ký không được sao chép sang tiến trình khác; tiến trình đó phải tự mở tệp chữ ký số.",
            "A loaded key is not copied or sent to another process; let that process open the key file itself.",
        )

    @property
    def who(self) -> SignerCertificate:
        """The certificate with its chain: all of a signer that preparing and finishing a document needs."""
        return SignerCertificate(self.certificate, self.chain, self.algorithm)

    def sign_digests(self, digests: Sequence[bytes]) -> Iterator[bytes]:
        """Sign SHA-256 digests, one value for each, in order."""
        return map(self.__sign_digest, digests)

    @property
    def common_name(self) -> str:
        """Who signs, as the certificate says."""
        names = self.certificate.subject.native
        return str(names.get("common_name") or names.get("organization_name") or "")

    @property
    def certificate_sha256(self) -> bytes:
        """Digest by which this certificate is known in manifests and signer lists."""
        return hashlib.sha256(self.certificate.dump()).digest()

    def sign(self, data: bytes) -> bytes:
        """Sign `data` (hashed here with SHA-256). RSA: PKCS#1 v1.5. P-256: a DER sequence of r and s."""
        return self.__sign_digest(hashlib.sha256(data).digest())

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


def load_pkcs12(data: bytes, passphrase: str | Secret) -> LoadedKey:
    """Open a PKCS#12 file (`.p12`, `.pfx`).

    Raises `WrongPassphrase` when the file is sound but does not open, `UnreadableKey` when it is no such file or holds no
    key with a certificate, `UnsuitableKey` when the key is not RSA of at least 2048 bits or P-256.
    """
    secret = passphrase if isinstance(passphrase, str) else passphrase.get_secret_value()
    try:
        bundle = pkcs12.load_pkcs12(data, secret.encode())
    except ValueError:
        # The library says the same for a wrong passphrase and for a broken file; the outer structure tells them apart.
        # `from None`: nothing that saw the passphrase stays in the chain of causes.
        if _looks_like_pkcs12(data):
            raise WrongPassphrase from None
        raise UnreadableKey(
            "Tệp này không phải tệp chữ ký số (.p12, .pfx) hoặc đã hỏng. Hãy chọn đúng tệp do nhà cung cấp chữ ký số gửi.",
            "This is not a PKCS#12 key file (.p12, .pfx), or it is damaged. Choose the file your certificate provider sent.",
        ) from None
    if bundle.key is None or bundle.cert is None:
        raise UnreadableKey(
            "Tệp chữ ký số không có khoá bí mật kèm chứng thư số. Hãy xuất lại tệp, chọn kèm khoá bí mật.",
            "The key file holds no private key with its certificate. Export it again with the private key included.",
        )
    key, certificate = bundle.key, bundle.cert.certificate
    algorithm, sign = _signing_function(key)
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*spki) != certificate.public_key().public_bytes(*spki):
        raise UnsuitableKey(
            "Khoá bí mật không khớp với chứng thư số trong tệp. Hãy yêu cầu nhà cung cấp cấp lại tệp chữ ký số.",
            "The private key does not belong to the certificate in the file. Ask the provider for a new key file.",
        )
    return LoadedKey(
        certificate=x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        chain=tuple(
            x509.Certificate.load(other.certificate.public_bytes(Encoding.DER)) for other in bundle.additional_certs
        ),
        algorithm=algorithm,
        sign_digest=sign,
    )


def _signing_function(key: object) -> tuple[str, Callable[[bytes], bytes]]:
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= MINIMUM_RSA_BITS:
        return "sha256_rsa", lambda digest: key.sign(digest, padding.PKCS1v15(), _SHA256)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return "sha256_ecdsa", lambda digest: key.sign(digest, ec.ECDSA(_SHA256))
    raise UnsuitableKey(
        "Loại khoá này không dùng để ký học bạ được: cần RSA từ 2048 bit trở lên hoặc ECDSA P-256. "
        "Hãy yêu cầu nhà cung cấp cấp chứng thư số mới.",
        "This kind of key cannot sign school records: RSA of at least 2048 bits or ECDSA P-256 is needed. "
        "Ask the provider for a new certificate.",
    )


def _looks_like_pkcs12(data: bytes) -> bool:
    try:
        pfx = asn1_pkcs12.Pfx.load(data)
        return bool(pfx["version"].native == "v3" and pfx["auth_safe"]["content_type"].native == "data")
    except (ValueError, TypeError, KeyError):
        return False
