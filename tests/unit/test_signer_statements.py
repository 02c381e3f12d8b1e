# SPDX-License-Identifier: Apache-2.0

"""A statement opens to the text and the certificate it was signed with, and not at all once a byte has changed."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

from signer.errors import BrokenStatement
from signer.keys import load_pkcs12
from signer.statements import opened, sign_statement

TEXT = "Trường THCS Hoa Mai đồng ý.".encode()


def key_of(private):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Trường THCS Hoa Mai")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = x509.CertificateBuilder(name, name, private.public_key(), 7, start, start + timedelta(days=365)).sign(
        private, hashes.SHA256()
    )
    return load_pkcs12(
        pkcs12.serialize_key_and_certificates(None, private, certificate, None, BestAvailableEncryption(b"1")), "1"
    )


@pytest.fixture(scope="module", params=["RSA", "P-256"])
def seal(request):
    make = {
        "RSA": lambda: rsa.generate_private_key(65537, 2048),
        "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    }
    return key_of(make[request.param]())


def test_a_statement_says_what_was_signed_and_by_whom(seal):
    statement = opened(sign_statement(TEXT, seal))
    assert (statement.content, statement.certificate_sha256) == (TEXT, seal.certificate_sha256)


def test_another_text_in_the_same_signature_is_refused(seal):
    statement = sign_statement(TEXT, seal)
    assert TEXT in statement
    with pytest.raises(BrokenStatement):
        opened(statement.replace(TEXT, TEXT.replace(b"Hoa Mai", b"Hoa Lan")))


def test_no_changed_byte_leaves_a_statement_that_says_the_same_of_the_same_signer(seal):
    statement = sign_statement(TEXT, seal)
    for place in range(0, len(statement), 7):
        changed = bytearray(statement)
        changed[place] ^= 1
        try:
            told = opened(bytes(changed))
        except BrokenStatement:
            continue
        # What lies outside the signature, such as the order of unused certificates, may differ; the words may not.
        assert (told.content, told.certificate_sha256) == (TEXT, seal.certificate_sha256)


@pytest.mark.parametrize("data", [b"", TEXT, b"0\x80", bytes(2000)])
def test_what_is_no_statement_is_said_to_be_none(data):
    with pytest.raises(BrokenStatement):
        opened(data)
