# SPDX-License-Identifier: Apache-2.0

"""A revocation counts if its issuer signed it, the earliest of all, and what cannot be read is not passed over."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from verifier_api.revocations import UnreadableEvidence, earliest_revocation

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


def der(thing):
    return thing.public_bytes(Encoding.DER)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    def __init__(self, text, above=None):
        self.key, self.name = ec.generate_private_key(ec.SECP256R1()), name(text)
        self.certificate = (above or self).issue(self.name, self.key)

    def issue(self, subject, key, serial=None, usage=None):
        builder = x509.CertificateBuilder(
            self.name, subject, key.public_key(), serial or x509.random_serial_number(), START, START + 365 * DAY
        )
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        return builder.sign(self.key, hashes.SHA256())

    def crl(self, *revoked):
        builder = x509.CertificateRevocationListBuilder(self.name, START, START + 30 * DAY)
        for certificate, when in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder(certificate.serial_number, when).build()
            )
        return der(builder.sign(self.key, hashes.SHA256()))

    def answer(self, certificate, when, responder=None, key=None):
        status = ocsp.OCSPCertStatus.REVOKED if when else ocsp.OCSPCertStatus.GOOD
        responder, key = responder or self.certificate, key or self.key
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate, self.certificate, hashes.SHA1(), status, START, START + DAY, when, None
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder).certificates([responder])
        return der(builder.sign(key, hashes.SHA256()))


@pytest.fixture(scope="module")
def world():
    root = Authority("root")
    ca = Authority("ca", root)
    person = ca.issue(name("Lê Thị An"), ec.generate_private_key(ec.SECP256R1()))
    return root, ca, person, [der(root.certificate), der(ca.certificate), der(person)]


def test_nothing_shown_says_nothing(world):
    root, ca, person, path = world
    assert earliest_revocation(path, [], []) is None
    assert earliest_revocation(path, [ca.crl(), root.crl()], [ca.answer(person, None)]) is None


def test_a_later_list_that_dates_back_wins_over_a_good_one(world):
    _root, ca, person, path = world
    lists = [ca.crl(), ca.crl((person, START + 5 * DAY)), ca.crl((person, START + 2 * DAY))]
    assert earliest_revocation(path, lists, []) == START + 2 * DAY


def test_a_revoked_authority_counts_too(world):
    root, ca, _person, path = world
    assert earliest_revocation(path, [root.crl((ca.certificate, START + DAY))], []) == START + DAY


def test_an_answer_counts_like_a_list(world):
    _root, ca, person, path = world
    assert earliest_revocation(path, [], [ca.answer(person, None), ca.answer(person, START + DAY)]) == START + DAY


def test_a_delegated_responder_counts(world):
    _root, ca, person, path = world
    key = ec.generate_private_key(ec.SECP256R1())
    responder = ca.issue(name("ocsp"), key, usage=ExtendedKeyUsageOID.OCSP_SIGNING)
    assert earliest_revocation(path, [], [ca.answer(person, START + DAY, responder, key)]) == START + DAY


@pytest.mark.parametrize("usage", [None, ExtendedKeyUsageOID.TIME_STAMPING])
def test_a_certificate_that_may_not_answer_says_nothing(world, usage):
    _root, ca, person, path = world
    key = ec.generate_private_key(ec.SECP256R1())
    responder = ca.issue(name("ocsp"), key, usage=usage)
    assert earliest_revocation(path, [], [ca.answer(person, START + DAY, responder, key)]) is None


def test_a_strangers_list_or_answer_of_the_same_name_says_nothing(world):
    _root, _ca, person, path = world
    stranger = Authority("ca")
    shown = [stranger.crl((person, START + DAY))], [stranger.answer(person, START + DAY)]
    assert earliest_revocation(path, *shown) is None


@pytest.mark.parametrize("junk", [b"", b"\x30\x00", b"junk"])
def test_what_cannot_be_read_is_not_passed_over(world, junk):
    _root, _ca, _person, path = world
    with pytest.raises(UnreadableEvidence):
        earliest_revocation(path, [junk], [])
    with pytest.raises(UnreadableEvidence):
        earliest_revocation(path, [], [junk])
