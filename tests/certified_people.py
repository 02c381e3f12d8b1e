# SPDX-License-Identifier: Apache-2.0

"""People with keys and certificates, under an authority made for the purpose; for tests that only care where a key is."""

import functools
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(days=365)
KINDS = ("RSA-2048", "RSA-3072", "P-256")


def key_of(name, kind="P-256"):
    """Somebody's key: the same one for the same name and kind."""
    return _made_once(name, kind)


@functools.cache
def _made_once(name, kind):
    if kind == "P-256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, int(kind.removeprefix("RSA-")))


@functools.cache
def authority(name="CA thử nghiệm"):
    return _certificate(name, key_of(name), name, key_of(name), authority=True, usage="sign")


@functools.cache
def certificate_of(name, kind="P-256", *, usage="sign", under="CA thử nghiệm"):
    """A certificate for signing, or for encryption only (`usage="encrypt"`)."""
    return _certificate(name, key_of(name, kind), under, key_of(under), authority=False, usage=usage)


def _certificate(name, key, issuer, issuer_key, *, authority, usage):
    named = lambda who: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)])  # noqa: E731
    signs = usage == "sign"
    use = x509.KeyUsage(
        digital_signature=signs and not authority, content_commitment=signs and not authority, key_encipherment=not signs,
        data_encipherment=False, key_agreement=False, key_cert_sign=authority, crl_sign=authority, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder(named(issuer), named(name), key.public_key(), x509.random_serial_number(), START, END)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(use, critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
