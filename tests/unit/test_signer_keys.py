# SPDX-License-Identifier: Apache-2.0

"""Keys open with the right passphrase only, belong to their certificate, and show themselves to nobody."""

import pickle
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID
from hidden_pins import Pin, all_that_an_error_shows

from signer.certificate import SignerCertificate
from signer.errors import CertificateNotValid, SignerError, UnreadableKey, UnsuitableKey, WrongPassphrase
from signer.keys import LoadedKey, load_pkcs12

START = datetime(2026, 1, 1, tzinfo=UTC)
PASSPHRASE = "mật khẩu Đúng"


def certificate_of(key, signing_key=None):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lê Thị An")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, START, START + timedelta(days=365))
    own = signing_key or key
    return builder.sign(own, None if isinstance(own, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def packed(key, certificate=None, passphrase=PASSPHRASE):
    return pkcs12.serialize_key_and_certificates(
        None, key, certificate or certificate_of(key), None, BestAvailableEncryption(passphrase.encode())
    )


@pytest.fixture(scope="module")
def p256():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module", params=[2048, 3072])
def rsa_key(request):
    return rsa.generate_private_key(65537, request.param)


def test_p256_signs_what_its_certificate_verifies(p256):
    key = load_pkcs12(packed(p256), PASSPHRASE)
    p256.public_key().verify(key.sign(b"record"), b"record", ec.ECDSA(hashes.SHA256()))
    assert (key.algorithm, key.common_name) == ("sha256_ecdsa", "Lê Thị An")


def test_rsa_signs_what_its_certificate_verifies(rsa_key):
    key = load_pkcs12(packed(rsa_key), PASSPHRASE)
    rsa_key.public_key().verify(key.sign(b"record"), b"record", padding.PKCS1v15(), hashes.SHA256())
    assert key.algorithm == "sha256_rsa"


def test_a_passphrase_may_hide_itself(p256):
    assert load_pkcs12(packed(p256), Pin(PASSPHRASE)).common_name == "Lê Thị An"


@pytest.mark.parametrize("wrong", ["", "mật khẩu đúng", "x" * 1000])
def test_a_wrong_passphrase_is_said_in_both_languages_with_a_remedy(p256, wrong):
    with pytest.raises(WrongPassphrase) as refusal:
        load_pkcs12(packed(p256), wrong)
    assert "nhập lại" in refusal.value.vi
    assert "enter it again" in refusal.value.en


def test_a_wrong_passphrase_is_nowhere_in_the_error(p256):
    with pytest.raises(WrongPassphrase) as refusal:
        load_pkcs12(packed(p256), Pin("bí-mật-của-tôi"))
    assert "bí-mật" not in all_that_an_error_shows(refusal.value)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"\x30\x03\x02\x01\x03", b"\x30\x80" + b"\xff" * 64])
def test_what_is_no_key_file_is_told_apart_from_a_wrong_passphrase(data):
    with pytest.raises(UnreadableKey):
        load_pkcs12(data, PASSPHRASE)


def test_a_key_file_without_a_key_is_refused(p256):
    only_certificate = pkcs12.serialize_key_and_certificates(
        None, None, None, [certificate_of(p256)], BestAvailableEncryption(PASSPHRASE.encode())
    )
    with pytest.raises(UnreadableKey):
        load_pkcs12(only_certificate, PASSPHRASE)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: rsa.generate_private_key(65537, 1024),
        ed25519.Ed25519PrivateKey.generate,
    ],
    ids=["P-384", "RSA-1024", "Ed25519"],
)
def test_a_key_of_another_kind_is_refused(make):
    with pytest.raises(UnsuitableKey):
        load_pkcs12(packed(make()), PASSPHRASE)


def test_a_key_that_is_not_the_certificates_is_refused(p256):
    certificate = SignerCertificate.load(certificate_of(p256).public_bytes(Encoding.DER))
    with pytest.raises(UnsuitableKey):
        LoadedKey.holding(ec.generate_private_key(ec.SECP256R1()), certificate)


def test_a_key_shows_itself_to_nobody(p256):
    key = load_pkcs12(packed(p256), PASSPHRASE)
    scalar = p256.private_numbers().private_value
    assert str(scalar) not in repr(key)
    assert not any(isinstance(getattr(key, name), ec.EllipticCurvePrivateKey) for name in dir(key))
    with pytest.raises(SignerError):
        pickle.dumps(key)


@pytest.mark.parametrize("moment", [START - timedelta(seconds=1), START + timedelta(days=365, seconds=1)])
def test_a_certificate_signs_only_in_its_time(p256, moment):
    key = load_pkcs12(packed(p256), PASSPHRASE)
    key.require_valid_at(START)
    with pytest.raises(CertificateNotValid):
        key.require_valid_at(moment)
