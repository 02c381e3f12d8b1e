# SPDX-License-Identifier: Apache-2.0

"""A school names the account that acts for it under its seal; the authority takes no other school's word, seal or registry."""

from datetime import timedelta

import attacked_school as world
import pytest
import rfc8785

from ledger.consent import Consent, MalformedConsent
from scripts.registration import ConsentRefused, give_consent, read_consent
from signer.errors import BrokenStatement, CertificateNotValid
from signer.statements import opened, sign_statement

OPERATOR = "0x" + "Ab" * 20


@pytest.fixture(scope="module")
def seal():
    return world.key_of(world.SEAL)


@pytest.fixture(scope="module")
def trust():
    return world.trusting()


@pytest.fixture(scope="module")
def statement(trust, seal):
    return give_consent(trust, seal, school=world.CODE, operator=OPERATOR, now=world.now())


def test_the_authority_reads_what_the_school_said(trust, seal, statement):
    signed = read_consent(trust, statement, school=world.CODE, now=world.now())
    assert signed.consent == Consent(
        school=world.CODE,
        operator=OPERATOR.lower(),
        seal_sha256=seal.certificate_sha256.hex(),
        chain_id=trust.pin.chain_id,
        registry=trust.pin.address,
        given_on=signed.consent.given_on,
    )
    assert abs(signed.consent.given_on - world.now().date()) <= timedelta(days=1)
    assert len(signed.digest) == 32


def test_another_schools_consent_is_refused(trust, statement):
    with pytest.raises(ConsentRefused):
        read_consent(trust, statement, school="79000499", now=world.now())


@pytest.mark.parametrize("change", [{"chain_id": 1}, {"registry": "0x" + "77" * 20}])
def test_a_consent_for_another_registry_is_refused(trust, seal, statement, change):
    consent = Consent.parse(opened(statement).content).model_copy(update=change)
    with pytest.raises(ConsentRefused):
        read_consent(trust, sign_statement(consent.canonical(), seal), school=world.CODE, now=world.now())


def test_a_consent_under_another_seal_than_it_names_is_refused(trust, statement):
    forged = sign_statement(opened(statement).content, world.other_seal())
    with pytest.raises(ConsentRefused):
        read_consent(trust, forged, school=world.CODE, now=world.now())


@pytest.mark.parametrize(
    "change",
    [{"operator": OPERATOR}, {"operator": "0x12"}, {"school": "7900040"}, {"format": "hocba-consent/2"}, {"more": 1}],
)
def test_what_is_not_quite_a_consent_is_refused(trust, seal, statement, change):
    said = Consent.parse(opened(statement).content).model_dump(mode="json")
    with pytest.raises(MalformedConsent):
        read_consent(trust, sign_statement(rfc8785.dumps({**said, **change}), seal), school=world.CODE, now=world.now())


def test_the_same_words_in_another_form_are_refused(seal, trust, statement):
    with pytest.raises(MalformedConsent):
        read_consent(trust, sign_statement(opened(statement).content + b"\n", seal), school=world.CODE, now=world.now())


def test_a_consent_that_nobody_signed_is_refused(trust, statement):
    with pytest.raises(BrokenStatement):
        read_consent(trust, opened(statement).content, school=world.CODE, now=world.now())


def test_a_seal_of_ones_own_making_is_refused(trust):
    """Anybody can certify a key and say that it is the school's: the statement is sound, but nobody has approved the seal."""
    stranger = world.other_seal()
    forged = give_consent(trust, stranger, school=world.CODE, operator=OPERATOR, now=world.now())
    with pytest.raises(ConsentRefused) as refusal:
        read_consent(trust, forged, school=world.CODE, now=world.now())
    assert stranger.certificate_sha256.hex() in refusal.value.en


def test_without_a_list_no_seal_is_the_schools(statement):
    with pytest.raises(ConsentRefused):
        read_consent(world.trusting(no_list=True), statement, school=world.CODE, now=world.now())


def test_a_seal_that_left_the_list_is_refused(statement):
    left = world.approved(world.SEAL, valid_to=world.now() - timedelta(days=1))
    with pytest.raises(ConsentRefused):
        read_consent(world.trusting_only(left), statement, school=world.CODE, now=world.now())


@pytest.mark.parametrize("words", [{"school": "123"}, {"operator": "0xzz"}, {"operator": ""}])
def test_a_code_or_an_account_that_is_none_is_said_so_in_two_languages(trust, seal, words):
    asked = {"school": world.CODE, "operator": OPERATOR, **words}
    with pytest.raises(MalformedConsent) as refusal:
        give_consent(trust, seal, **asked, now=world.now())
    (place,) = words
    assert place in refusal.value.vi
    assert place in refusal.value.en


def test_an_ended_seal_consents_to_nothing(trust, seal):
    with pytest.raises(CertificateNotValid):
        give_consent(trust, seal, school=world.CODE, operator=OPERATOR, now=world.now() + timedelta(days=20 * 365))
