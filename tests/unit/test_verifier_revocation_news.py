# SPDX-License-Identifier: Apache-2.0

"""How far revocation data from outside a file reaches: whose it is, which certificates it is about, and until when."""

from datetime import timedelta

import pytest
from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ReasonFlags

from tests.simulators.aging_pki import BEGIN, DAY, LIST_DAYS, Authority, der, year
from verifier_api.revocations import UnreadableEvidence, known, revocations

ROOT = Authority("root", 30)
CA = Authority("ca", 20, ROOT)
ANSWERING = Authority("answers", 20, ROOT, by_ocsp=True)
PERSON, ANSWERED = CA.person("An", -0.1, 2), ANSWERING.person("Bình", -0.1, 2)
PATH = [der(ROOT.certificate), der(CA.certificate), PERSON.certificate.dump()]
OTHER_PATH = [der(ROOT.certificate), der(ANSWERING.certificate), ANSWERED.certificate.dump()]
WEEK = timedelta(days=LIST_DAYS)


def lists(at, *, extension=None, of=CA):
    builder = x509.CertificateRevocationListBuilder(of.subject, at, at + WEEK)
    if extension is not None:
        builder = builder.add_extension(extension, critical=True)
    return der(builder.sign(of.key, hashes.SHA256()))


def told(*crls, path=PATH, ocsps=()):
    return known(path, crls, ocsps, signed_at=BEGIN)


def test_lists_of_everybody_on_the_path_are_dated_by_the_signers():
    found = told(CA.crl(BEGIN + 3 * DAY), CA.crl(BEGIN + DAY), ROOT.crl(BEGIN + 2 * DAY))
    assert (found.as_of, found.until) == (BEGIN + 3 * DAY, BEGIN + 2 * DAY + WEEK)


def test_an_answer_does_as_well():
    answer = ANSWERING.answer(ANSWERED.certificate, BEGIN + DAY)
    found = told(ROOT.crl(BEGIN), path=OTHER_PATH, ocsps=[answer])
    assert (found.as_of, found.until) == (BEGIN + DAY, BEGIN + 2 * DAY)


@pytest.mark.parametrize(
    "crls",
    [
        (),
        (CA.crl(BEGIN),),
        (ROOT.crl(BEGIN),),
        (Authority("ca", 20, ROOT).crl(BEGIN), ROOT.crl(BEGIN)),
    ],
    ids=["nothing", "none of the root", "none of the CA", "a namesake's"],
)
def test_data_that_is_missing_is_not_made_up(crls):
    assert told(*crls) is None


def test_another_ones_answer_tells_nothing():
    answer = CA.answer(ANSWERED.certificate, BEGIN)
    assert told(ROOT.crl(BEGIN), path=OTHER_PATH, ocsps=[answer]) is None
    assert told(ROOT.crl(BEGIN), path=OTHER_PATH, ocsps=[ANSWERING.answer(PERSON.certificate, BEGIN)]) is None


def test_a_list_made_after_a_certificate_ended_tells_nothing_of_it():
    assert told(CA.crl(year(2.1)), ROOT.crl(year(2.1))) is None
    before = told(CA.crl(year(2) - DAY), CA.crl(year(2.1)), ROOT.crl(year(2.1)))
    assert (before.as_of, before.until) == (year(2) - DAY, year(2.1) + WEEK)


@pytest.mark.parametrize(("since", "tells"), [(BEGIN, True), (year(2.05), False)])
def test_unless_it_says_that_it_keeps_them(since, tells):
    value = core.GeneralizedTime(since).dump()
    keeps = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), value)
    assert (told(lists(year(2.1), extension=keeps), ROOT.crl(year(2.1))) is not None) is tells


def test_the_last_word_on_one_that_ended_stands_only_if_it_is_newer_than_the_signature():
    last, roots = CA.crl(year(2) - DAY), ROOT.crl(year(19.999))
    newer = known(PATH, [last, roots], [], signed_at=year(2) - 2 * DAY)
    older = known(PATH, [last, roots], [], signed_at=year(2) - timedelta(hours=1))
    assert (newer.as_of, newer.until) == (year(2) - DAY, None)
    assert (older.as_of, older.until) == (year(2) - DAY, year(2) - DAY + WEEK)


SCOPES = {
    "persons only": ({"only_contains_user_certs": True}, True),
    "authorities only": ({"only_contains_ca_certs": True}, False),
    "attributes only": ({"only_contains_attribute_certs": True}, False),
    "indirect": ({"indirect_crl": True}, False),
    "one reason only": ({"only_some_reasons": frozenset({ReasonFlags.key_compromise})}, False),
    "its own part": ({"full_name": [x509.UniformResourceIdentifier("http://127.0.0.1:9/ca")]}, True),
    "another part": ({"full_name": [x509.UniformResourceIdentifier("http://127.0.0.1:9/other")]}, False),
}


@pytest.mark.parametrize("name", SCOPES)
def test_a_list_of_a_part_tells_of_that_part(name):
    given, tells = SCOPES[name]
    values = dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"), False
    )
    values |= {"full_name": None, "relative_name": None, "only_some_reasons": None} | given
    part = x509.IssuingDistributionPoint(**values)
    assert (told(lists(BEGIN, extension=part), ROOT.crl(BEGIN)) is not None) is tells


def test_what_only_tells_the_difference_to_another_list_tells_nothing_by_itself():
    assert told(lists(BEGIN, extension=x509.DeltaCRLIndicator(1)), ROOT.crl(BEGIN)) is None


def test_garbage_is_not_passed_over():
    with pytest.raises(UnreadableEvidence):
        told(b"garbage")


@pytest.mark.parametrize(
    ("reason", "benign"),
    [
        (None, False),
        (ReasonFlags.key_compromise, False),
        (ReasonFlags.ca_compromise, False),
        (ReasonFlags.certificate_hold, False),
        (ReasonFlags.superseded, True),
        (ReasonFlags.cessation_of_operation, True),
        (ReasonFlags.affiliation_changed, True),
    ],
)
def test_a_reason_says_whether_others_may_have_the_key(reason, benign):
    for authority, path in ((CA, PATH), (ANSWERING, OTHER_PATH)):
        person = ANSWERED if authority is ANSWERING else PERSON
        authority.revoked.clear()
        authority.revoke(person.certificate, at=BEGIN, reason=reason)
        crls, ocsps = [authority.crl(BEGIN + DAY)], [authority.answer(person.certificate, BEGIN + DAY)]
        authority.revoked.clear()
        for found in (revocations(path, crls, []), revocations(path, [], ocsps)):
            assert [(one.at, one.benign) for one in found] == [(BEGIN, benign)]
