# SPDX-License-Identifier: Apache-2.0

"""A key in a PKCS#12 file: opened once with a passphrase, held for one sitting, and asked for signatures only.

The file is decrypted and its key checked when it is loaded; after that a signature costs what the mathematics cost
(PERFORMANCE.md: loading an RSA key anew for each signature takes a hundred times longer than signing). A `LoadedKey` shows
its certificate to everybody and its private half to nobody: not in `repr`, not to `pickle`, not as an attribute by
accident. A worker process loads the file itself.

Example::

    key = load_pkcs12(path.read_bytes(), passphrase)
    signature = key.sign(b"to be signed")  # SHA-256; PKCS#1 v1.5 for RSA, DER-encoded ECDSA for P-256
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Self

from asn1crypto import pkcs12 as asn1_pkcs12
from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12

from signer.certificate import SignerCertificate
from signer.errors import UnreadableKey, UnsuitableKey, WrongPassphrase
from signer.keys.signing_key import Secret, SigningKey
from signer.keys.values import SHA256


class LoadedKey(SigningKey):
    """A signer's certificate with its chain, and the private key behind it, ready to sign many times.

    It guarantees that key and certificate belong together and are strong enough. It does not say whether the certificate is
    trusted or revoked: that is the verifier's question.
    """

    def __init__(self, who: SignerCertificate, sign_digest: Callable[[bytes], bytes]) -> None:
        self._who = who
        self.__sign_digest = sign_digest

    @classmethod
    def holding(cls, key: PrivateKeyTypes, who: SignerCertificate) -> Self:
        """A private key with its certificate. Raises `UnsuitableKey` if they do not belong together."""
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if public != who.certificate.public_key.dump():
            raise UnsuitableKey(
                "Khoá bí mật không khớp với chứng thư số trong tệp. Hãy yêu cầu nhà cung cấp cấp lại tệp chữ ký số.",
                "The private key does not belong to the certificate in the file. Ask the provider for a new key file.",
            )
        if isinstance(key, rsa.RSAPrivateKey):
            return cls(who, lambda digest: key.sign(digest, padding.PKCS1v15(), SHA256))
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - a SignerCertificate is RSA or P-256, and this is its key
        return cls(who, lambda digest: key.sign(digest, ec.ECDSA(SHA256)))

    @property
    def who(self) -> SignerCertificate:
        """Who signs with it."""
        return self._who

    @property
    def certificate(self) -> x509.Certificate:
        """The signer's certificate."""
        return self._who.certificate

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Certificates of the authorities above it, in no particular order, root included if the file had it."""
        return self._who.chain

    @property
    def algorithm(self) -> str:
        """`sha256_rsa` or `sha256_ecdsa`, as asn1crypto names them."""
        return self._who.algorithm

    @property
    def common_name(self) -> str:
        """Who signs, as the certificate says."""
        return self._who.common_name

    @property
    def certificate_sha256(self) -> bytes:
        """Digest by which this certificate is known in manifests and signer lists."""
        return self._who.certificate_sha256

    def require_valid_at(self, moment: datetime) -> None:
        """Raise `CertificateNotValid` if the certificate does not cover `moment`, an aware time."""
        self._who.require_valid_at(moment)

    def sign_digests(self, digests: Sequence[bytes]) -> Iterator[bytes]:
        """Sign SHA-256 digests, in order. The key's own mathematics need no second look, and a look costs half a signature."""
        return map(self.__sign_digest, digests)


def load_pkcs12(data: bytes, passphrase: str | Secret) -> LoadedKey:
    """Open a PKCS#12 file (`.p12`, `.pfx`).

    Raises `WrongPassphrase` when the file is sound but does not open, `UnreadableKey` when it is no such file or holds no
    key with a certificate, `UnsuitableKey` when the key is not RSA of at least 2048 bits or P-256.
    """
    bundle = _decrypted(data, passphrase)
    if bundle is None:
        # The library says the same for a wrong passphrase and for a broken file; the outer structure tells them apart.
        # Raised out here, so that nothing that saw the passphrase stays in the chain of causes or of frames.
        if _looks_like_pkcs12(data):
            raise WrongPassphrase
        raise UnreadableKey(
            "Tệp này không phải tệp chữ ký số (.p12, .pfx) hoặc đã hỏng. Hãy chọn đúng tệp do nhà cung cấp chữ ký số gửi.",
            "This is not a PKCS#12 key file (.p12, .pfx), or it is damaged. Choose the file your certificate provider sent.",
        )
    if bundle.key is None or bundle.cert is None:
        raise UnreadableKey(
            "Tệp chữ ký số không có khoá bí mật kèm chứng thư số. Hãy xuất lại tệp, chọn kèm khoá bí mật.",
            "The key file holds no private key with its certificate. Export it again with the private key included.",
        )
    who = SignerCertificate.load(
        bundle.cert.certificate.public_bytes(Encoding.DER),
        [other.certificate.public_bytes(Encoding.DER) for other in bundle.additional_certs],
    )
    return LoadedKey.holding(bundle.key, who)


def _decrypted(data: bytes, passphrase: str | Secret) -> pkcs12.PKCS12KeyAndCertificates | None:
    try:
        secret = passphrase if isinstance(passphrase, str) else passphrase.get_secret_value()
        return pkcs12.load_pkcs12(data, secret.encode())
    except ValueError:
        return None


def _looks_like_pkcs12(data: bytes) -> bool:
    try:
        pfx = asn1_pkcs12.Pfx.load(data)
        return bool(pfx["version"].native == "v3" and pfx["auth_safe"]["content_type"].native == "data")
    except (ValueError, TypeError, KeyError):
        return False
