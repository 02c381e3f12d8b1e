# SPDX-License-Identifier: Apache-2.0

"""A school names the account that acts for it under its seal; the authority takes no other school's word, seal or registry."""

from datetime import date

import attacked_school as world
import pytest
import rfc8785

from ledger.consent import Consent, MalformedConsent
from scripts.registration import ConsentRefused, give_consent, read_consent
from signer.errors import BrokenStatement
from signer.statements import opened, sign_statement

OPERATOR = "0x" + "Ab" * 20
DAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def seal():
    return world.key_of(world.SEAL)


@pytest.fixture(scope="module")
def trust():
    return world.trusting_only()


@pytest.fixture(scope="module")
def statement(trust, seal):
    return give_consent(trust, seal, school=world.CODE, operator=OPERATOR, on=DAY)


def test_the_authority_reads_what_the_school_said(trust, seal, statement):
    signed = read_consent(trust, statement, school=world.CODE)
    assert signed.consent == Consent(
        school=world.CODE,
        operator=OPERATOR.lower(),
        seal_sha256=seal.certificate_sha256.hex(),
        chain_id=trust.pin.chain_id,
        registry=trust.pin.address,
        given_on=DAY,
    )
    assert len(signed.digest) == 32


def test_another_schools_consent_is_refused(trust, statement):
    with pytest.raises(ConsentRefused):
        read_consent(trust, statement, school="79000499")


@pytest.mark.parametrize("change", [{"chain_id": 1}, {"registry": "0x" + "77" * 20}])
def test_a_consent_for_another_registry_is_refused(trust, seal, statement, change):
    consent = Consent.parse(opened(statement).content).model_copy(update=change)
    with pytest.raises(ConsentRefused):
        read_consent(trust, sign_statement(consent.canonical(), seal), school=world.CODE)


def test_a_consent_under_another_seal_than_it_names_is_refused(trust, statement):
    forged = sign_statement(opened(statement).content, world.other_seal())
    with pytest.raises(ConsentRefused):
        read_consent(trust, forged, school=world.CODE)


@pytest.mark.parametrize(
    "change",
    [{"operator": OPERATOR}, {"operator": "0x12"}, {"school": "7900040"}, {"format": "hocba-consent/2"}, {"more": 1}],
)
def test_what_is_not_quite_a_consent_is_refused(trust, seal, statement, change):
    said = Consent.parse(opened(statement).content).model_dump(mode="json")
    with pytest.raises(MalformedConsent):
        read_consent(trust, sign_statement(rfc8785.dumps({**said, **change}), seal), school=world.CODE)


def test_the_same_words_in_another_form_are_refused(seal, trust, statement):
    with pytest.raises(MalformedConsent):
        read_consent(trust, sign_statement(opened(statement).content + b"\n", seal), school=world.CODE)


def test_a_consent_that_nobody_signed_is_refused(trust, statement):
    with pytest.raises(BrokenStatement):
        read_consent(trust, opened(statement).content, school=world.CODE)
