# SPDX-License-Identifier: Apache-2.0

"""XAdES on top of the ministry's signature: what is time-stamped, what is kept, and that nothing else can stand there unsigned."""

import base64
import copy
import functools
import hashlib
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import attacked_school as world
import pytest
import taught_record as taught
from lxml import etree
from taught_record import judged, laid_out, place, rewritten, said_unsigned, signed

from ledger.record import xml as record_xml
from ledger.record.xml import data_element
from signer import xades as making
from signer.errors import (
    CertificateUntrusted,
    NotYetSigned,
    SigningFailed,
    TimestampUnavailable,
    ValidationDataUnavailable,
)
from signer.timestamps import HttpTimestamper
from signer.validation_data import ValidationData
from signer.xml import finish_slot, keep_xml, prepare_slot
from signer.xml_signature import canonical, signed_info_of, value_text
from verifier_api.verdict import Outcome

DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
TOAN = "GVBM-TOAN"
SIGNED = (TOAN, "GVCN", "KY_PHAT_HANH")


def stamper(of=None, when=None):
    return (of or world.pki()).timestamper(lambda: when or world.now())


def data_of(pki=None, *, at=None, crls=None):
    pki = pki or world.pki()
    at = at or world.now()
    lists = pki.crls(at) if crls is None else crls
    return ValidationData.offline(world.roots_of(pki), crls=lists, now=lambda: at)


@functools.cache
def stamped():
    return signed(laid_out(), *SIGNED, timestamper=stamper())


@functools.cache
def kept():
    return keep_xml(stamped(), validation_data=data_of())


def signature(root, slot=TOAN):
    return place(root, slot).find(f"{DS}Signature")


def unsigned(root, slot=TOAN):
    return signature(root, slot).find(f".//{XADES}UnsignedSignatureProperties")


@pytest.mark.parametrize("document", [stamped, kept], ids=["T", "LT"])
def test_each_signature_is_proven_to_be_as_old_as_its_time_stamp(document):
    found = judged(document())
    assert tuple(found) == SIGNED
    for one in found.values():
        assert (one.outcome, one.sub_indication, one.trusted) == (Outcome.PASSED, "OK", True)
        assert abs(one.timestamped_at - world.now()) < timedelta(minutes=5)
        assert one.claimed_at is not None
    assert said_unsigned(document()) is None


def test_the_time_rests_on_the_authoritys_certificate_or_else_on_the_signers():
    pki = world.pki()
    assert judged(stamped())[TOAN].certificate_ends == pki.certificate("public", "tsa").not_valid_after
    assert (
        judged(signed(laid_out(), TOAN))[TOAN].certificate_ends == pki.certificate("public", "teacher").not_valid_after
    )


def test_what_certificates_prove_lies_beside_each_signature_and_nothing_signed_has_moved():
    before, after = etree.fromstring(stamped()), etree.fromstring(kept())
    assert data_element(stamped()) == data_element(kept())
    for slot in SIGNED:
        assert [each.tag for each in unsigned(after, slot)] == [
            f"{XADES}{name}" for name in ("SignatureTimeStamp", "CertificateValues", "RevocationValues")
        ]
        for part in ("SignedInfo", "SignatureValue", "KeyInfo", f"Object/{DS}SignatureProperties"):
            assert canonical(signature(before, slot).find(f"{DS}{part}")) == canonical(
                signature(after, slot).find(f"{DS}{part}")
            )
    assert record_xml.read(kept()) == record_xml.read(stamped())


def test_keeping_twice_adds_nothing():
    assert keep_xml(kept(), validation_data=data_of(crls=[])) == kept()


def test_the_ministrys_time_stays_where_it_was():
    properties = signature(etree.fromstring(stamped())).find(f"{DS}Object/{DS}SignatureProperties")
    assert properties.find(f"{DS}SignatureProperty/{{*}}SigningTime") is not None


def test_a_plain_signature_has_no_properties_of_xades_and_is_not_kept():
    plain = signed(laid_out(), TOAN)
    assert b"xades" not in plain
    assert judged(plain)[TOAN].timestamped_at is None
    with pytest.raises(NotYetSigned):
        keep_xml(plain, validation_data=data_of())


# When a service is down.


def prepared(slot="GVCN"):
    return prepare_slot(laid_out(), slot=slot, who=taught.key_for(slot).who, signing_time=world.now(), xades=True)


def finished(what, timestamper):
    key = taught.key_for(what.slot)
    return finish_slot(what, who=key.who, value=key.sign(what.to_be_signed), timestamper=timestamper)


def test_without_an_authority_nothing_is_handed_out():
    with pytest.raises(SigningFailed):
        finished(prepared(), None)


def test_an_authority_that_is_down_costs_no_second_value():
    before = prepared()
    with pytest.raises(TimestampUnavailable):
        finished(before, HttpTimestamper("http://127.0.0.1:9/", timeout_seconds=1))
    assert judged(finished(before, stamper()))["GVCN"].outcome is Outcome.PASSED


def test_without_lists_nothing_is_kept():
    with pytest.raises(ValidationDataUnavailable):
        keep_xml(stamped(), validation_data=data_of(crls=[]))


def test_what_a_stranger_signed_is_not_kept_as_ours():
    with pytest.raises(CertificateUntrusted):
        keep_xml(stamped(), validation_data=data_of(world.stranger()))


# Revocation, as the data beside the signature tell it.


def with_lists(lists):
    """The same signatures with other lists beside them: a forger may choose which."""

    def change(root):
        for slot in SIGNED:
            holder = unsigned(root, slot).find(f"{XADES}RevocationValues/{XADES}CRLValues")
            holder[:] = []
            for one in lists:
                leaf = etree.SubElement(holder, f"{XADES}EncapsulatedCRLValue")
                leaf.text = base64.b64encode(one.dump()).decode()

    return judged(rewritten(kept(), change))[TOAN]


@pytest.fixture
def heard(tmp_path):
    """The authorities' lists after they heard that somebody's key is stolen."""
    shutil.copytree(world.pki().folder, tmp_path / "pki")
    teacher = world.pki().identities["GVCN"]
    people = {**world.pki().identities, "TSA": replace(teacher, certificate=Path("tsa.crt"))}
    pki = replace(world.pki(), folder=tmp_path / "pki", identities=people)
    return lambda who, *, since, at: pki.revoked(who, since=since).crls(at)


def test_who_was_revoked_before_signing(heard):
    since = world.now() - timedelta(days=2)
    found = with_lists(heard("GVCN", since=since, at=world.now()))
    assert (found.outcome, found.sub_indication, found.revoked) == (Outcome.UNKNOWN, "REVOKED_NO_POE", True)
    assert found.revoked_at == since


def test_who_was_revoked_after_signing(heard):
    since = world.now() + timedelta(minutes=10)
    found = with_lists(heard("GVCN", since=since, at=world.now() + timedelta(days=9)))
    assert (found.outcome, found.revoked, found.revoked_at) == (Outcome.PASSED, False, since)


def test_lists_that_had_run_out_when_it_was_signed():
    found = with_lists(world.pki().crls(world.now() - timedelta(days=60)))
    assert (found.outcome, found.sub_indication) == (Outcome.UNKNOWN, "SIG_CONSTRAINTS_FAILURE")
    assert "current" in found.reason


def test_an_authority_that_was_revoked_by_then_proves_no_time(heard):
    found = with_lists(heard("TSA", since=world.now() - timedelta(days=2), at=world.now()))
    assert (found.outcome, found.timestamped_at) == (Outcome.UNKNOWN, None)


# Unsigned, and so open to a forger.


def another_signatures_token(root):
    here, there = (unsigned(root, slot).find(f".//{XADES}EncapsulatedTimeStamp") for slot in (TOAN, "GVCN"))
    here.text = there.text


def a_strangers_token(root):
    token_of(root, world.stranger())


def token_of(root, pki):
    own = signature(root)
    unsigned(root).getparent().getparent().remove(unsigned(root).getparent())
    making.add_timestamp(own, canonical(own.find(f"{DS}SignatureValue")), stamper(pki))


@pytest.mark.parametrize("change", [another_signatures_token, a_strangers_token])
def test_a_token_that_proves_nothing_is_not_taken_for_one(change):
    found = judged(rewritten(stamped(), change))[TOAN]
    assert (found.outcome, found.sub_indication, found.timestamped_at) == (
        Outcome.UNKNOWN,
        "SIG_CONSTRAINTS_FAILURE",
        None,
    )
    assert found.reason


def no_token(root):
    unsigned(root).remove(unsigned(root)[0])


def no_unsigned_properties(root):
    parent = unsigned(root).getparent()
    parent.getparent().remove(parent)


def two_tokens(root):
    unsigned(root).insert(0, copy.deepcopy(unsigned(root)[0]))


def two_tokens_in_one(root):
    unsigned(root)[0].append(copy.deepcopy(unsigned(root)[0][1]))


def another_canonical_form(root):
    unsigned(root)[0][0].set("Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")


def a_note(root):
    etree.SubElement(unsigned(root), f"{XADES}SignerRoleV2").text = "Giám đốc Sở"


def a_note_of_ours(root):
    etree.SubElement(unsigned(root).getparent(), "GHI_CHU").text = "10,0"


def text_between(root):
    unsigned(root)[0].tail = "10,0"


def text_in_a_holder(root):
    unsigned(root)[1].text = "10,0"


def text_for_a_certificate(root):
    unsigned(root)[1][0].text = base64.b64encode("Điểm Toán 10,0".encode()).decode()


def text_behind_a_certificate(root):
    leaf = unsigned(root)[1][0]
    leaf.text = base64.b64encode(base64.b64decode(leaf.text) + b"10,0").decode()


def text_for_a_list(root):
    unsigned(root)[2][0][0].text = base64.b64encode(b"10,0").decode()


def text_for_a_token(root):
    unsigned(root)[0][1].text = "10,0"


def an_attribute(root):
    unsigned(root)[1].set("Id", "x")


def another_target(root):
    signature(root).find(f".//{XADES}QualifyingProperties").set("Target", "#sig-GVCN")


def an_object_more(root):
    etree.SubElement(signature(root), f"{DS}Object").append(copy.deepcopy(unsigned(root).getparent()))


def text_for_a_certificate_of_the_chain(root):
    etree.SubElement(signature(root).find(f"{DS}KeyInfo/{DS}X509Data"), f"{DS}X509Certificate").text = "10,0"


def values_without_a_list(root):
    unsigned(root).remove(unsigned(root)[2])


AROUND = [
    no_token, no_unsigned_properties, two_tokens, two_tokens_in_one, another_canonical_form, a_note, a_note_of_ours,
    text_between, text_in_a_holder, text_for_a_certificate, text_behind_a_certificate, text_for_a_list, text_for_a_token,
    an_attribute, another_target, an_object_more, text_for_a_certificate_of_the_chain, values_without_a_list,
]  # fmt: skip


@pytest.mark.parametrize("change", AROUND, ids=[change.__name__.replace("_", " ") for change in AROUND])
def test_written_where_nobody_signs(change):
    forged = rewritten(kept(), change)
    assert said_unsigned(forged) is not None
    # Nothing of it makes the verifier stumble.
    assert tuple(judged(forged)) == SIGNED


# Signed by the genuine key, and still not what it has to be.


def signed_again(change):
    """`change` is made before the value: the key signs whatever it is given."""

    def whole(root):
        own, key = signature(root), taught.key_for(TOAN)
        no_unsigned_properties(root)
        change(own)
        own.find(f"{DS}SignatureValue").text = value_text(key.sign(signed_info_of(own)), key.who.algorithm)
        making.add_timestamp(own, canonical(own.find(f"{DS}SignatureValue")), stamper())

    return judged(rewritten(stamped(), whole))[TOAN]


def redigested(own):
    """The digest of the properties of XAdES as they are now."""
    properties = own.find(f".//{XADES}SignedProperties")
    digest = hashlib.sha256(canonical(properties)).digest()
    own.find(f"{DS}SignedInfo")[-1].find(f"{DS}DigestValue").text = base64.b64encode(digest).decode()


def names_another_certificate(own):
    own.find(f".//{XADES}CertDigest/{DS}DigestValue").text = base64.b64encode(bytes(32)).decode()
    redigested(own)


def names_no_certificate(own):
    holder = own.find(f".//{XADES}SigningCertificateV2")
    holder.getparent().remove(holder)
    redigested(own)


def claims_another_time(own):
    own.find(f".//{XADES}SigningTime").text = "2020-01-01T08:00:00+07:00"
    redigested(own)


def properties_that_nobody_signed(own):
    info = own.find(f"{DS}SignedInfo")
    info.remove(info[-1])


def properties_changed_afterwards(own):
    own.find(f".//{XADES}SigningTime").text = "2020-01-01T08:00:00+07:00"


def test_what_is_signed_again_and_not_changed_is_genuine():
    assert signed_again(lambda _: None).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "change",
    [
        names_another_certificate,
        names_no_certificate,
        claims_another_time,
        properties_that_nobody_signed,
        properties_changed_afterwards,
    ],
)
def test_properties_of_xades_that_are_not_what_they_have_to_be(change):
    assert signed_again(change).outcome is Outcome.FAILED
