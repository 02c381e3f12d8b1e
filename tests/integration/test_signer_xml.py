# SPDX-License-Identifier: Apache-2.0

"""Three slots of the ministry's XML, checked by two implementations that share no code with the signer."""

import hashlib
import re
import subprocess
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta

import laid_out_paper as paper
import pytest
from asn1crypto import pem
from lxml import etree
from signxml import SignatureConfiguration, XMLVerifier
from signxml.exceptions import InvalidInput, InvalidSignature

from signer.errors import (
    AlreadySigned,
    CertificateNotValid,
    ChangedSincePrepared,
    NotLaidOut,
    UnreadableDocument,
    WrongValue,
)
from signer.xml import PreparedXml, finish_slot, prepare_slot, sign_slot
from signer.xml_signature import canonical

SLOTS = ("GVCN", "CBQL", "KY_PHAT_HANH")
DS = "http://www.w3.org/2000/09/xmldsig#"
EMPTY = """<?xml version="1.0" encoding="UTF-8"?>
<HOC_BA>
  <DU_LIEU_HOC_BA Id="data"><THONG_TIN_CHUNG><HO_VA_TEN>Nguyễn Thị Mẫu</HO_VA_TEN></THONG_TIN_CHUNG>
    <TONG_KET><DIEM>8.5</DIEM></TONG_KET></DU_LIEU_HOC_BA>
  <DANH_SACH_THONG_TIN_KY><GVCN/><CBQL/><KY_PHAT_HANH/></DANH_SACH_THONG_TIN_KY>
</HOC_BA>
""".encode()


def signed(xml=EMPTY, slots=SLOTS):
    for slot in slots:
        key = paper.key_of(paper.pki(), slot)
        xml = sign_slot(
            xml, slot=slot, key=key, signing_time=paper.now(), cccd=None if slot == "KY_PHAT_HANH" else "079180000001"
        )
    return xml


@pytest.fixture(scope="module")
def record():
    return signed()


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain")
    pki = paper.pki()
    certificates = {
        **{f"{h}-root": pki.root_certificates(h)[0] for h in ("vgca", "public")},
        **{f"{h}-ca": pki.certificate(h, f"{h}-ca").dump() for h in ("vgca", "public")},
    }
    for name, der in certificates.items():
        (folder / f"{name}.pem").write_bytes(pem.armor("CERTIFICATE", der))
    (folder / "all.pem").write_bytes(b"".join((folder / f"{name}.pem").read_bytes() for name in certificates))
    return folder


def xmlsec1(xml, slot, chain):
    file = chain / "record.xml"
    file.write_bytes(xml)
    ids = ["DU_LIEU_HOC_BA", f"{DS}:SignatureProperties", f"{DS}:Signature"]
    trusted = [part for h in ("vgca", "public") for part in ("--trusted-pem", chain / f"{h}-root.pem")]
    others = [part for h in ("vgca", "public") for part in ("--untrusted-pem", chain / f"{h}-ca.pem")]
    command = ["xmlsec1", "--verify", "--enabled-reference-uris", "same-doc", *trusted, *others]
    command += [part for name in ids for part in ("--id-attr:Id", name)]
    done = subprocess.run([*command, "--node-id", f"sig-{slot}", file], capture_output=True, text=True, check=False)
    return done.returncode == 0 and "2/2" in done.stdout + done.stderr


def signxml_accepts(xml, slot, chain):
    expected = SignatureConfiguration(location=f"./DANH_SACH_THONG_TIN_KY/{slot}/", expect_references=2)
    try:
        # The schema is validated too: SigningTime has a namespace of its own.
        found = XMLVerifier().verify(
            etree.fromstring(xml), ca_pem_file=str(chain / "all.pem"), id_attribute="Id", expect_config=expected
        )
    except (InvalidSignature, InvalidInput):
        return False
    return found[0].signed_xml.tag == "DU_LIEU_HOC_BA"


@pytest.mark.parametrize("slot", SLOTS)
def test_two_strangers_accept_each_signature(record, chain, slot):
    assert xmlsec1(record, slot, chain)
    assert signxml_accepts(record, slot, chain)


@pytest.mark.parametrize("slot", SLOTS)
def test_a_changed_mark_breaks_every_signature(record, chain, slot):
    forged = record.replace(b"8.5", b"9.5")
    assert not xmlsec1(forged, slot, chain)
    assert not signxml_accepts(forged, slot, chain)


def test_a_changed_time_breaks_its_own_signature_only(record, chain):
    times = re.findall(rb"<SigningTime[^>]*>([^<]+)<", record)
    assert len(times) == 3
    start = record.index(b"SigningTime")
    forged = record[:start] + record[start:].replace(times[0], b"2020-01-01T00:00:00+07:00", 1)
    assert [xmlsec1(forged, slot, chain) for slot in SLOTS] == [False, True, True]


def test_the_data_is_the_same_before_and_after(record):
    def digest(xml):
        return hashlib.sha256(canonical(etree.fromstring(xml).find("DU_LIEU_HOC_BA"))).hexdigest()

    assert digest(EMPTY) == digest(record)


def test_who_and_when_stand_beside_the_signature():
    when = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)
    xml = sign_slot(EMPTY, slot="GVCN", key=paper.key_of(paper.pki(), "GVCN"), signing_time=when, cccd="079180000001")
    place = etree.fromstring(xml).find("DANH_SACH_THONG_TIN_KY/GVCN")
    assert [child.tag for child in place] == ["NGAY_KY", "SO_CCCD", f"{{{DS}}}Signature"]
    assert place.findtext("NGAY_KY") == "2026-11-20T10:04:05+07:00"
    assert place.findtext("SO_CCCD") == "079180000001"
    subject = place.findtext(f"{{{DS}}}Signature/{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509SubjectName")
    assert subject.startswith("CN=Lê Thị An,")


def test_the_signature_stands_outside_the_data(record):
    assert etree.fromstring(record).find(f"DU_LIEU_HOC_BA//{{{DS}}}Signature") is None


def test_nobody_signs_a_slot_twice(record):
    with pytest.raises(AlreadySigned):
        signed(record, ["CBQL"])


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.replace(b"<CBQL/>", b""),
        lambda x: x.replace(b"<CBQL/>", b"<CBQL/><CBQL/>"),
        lambda x: x.replace(b'Id="data"', b'Id="other"'),
        lambda x: x.replace(b"<DIEM>", b'<DIEM Id="data">'),
        lambda x: x.replace(b"HOC_BA>", b"HOCBA>"),
        lambda _: b'<X Id="data"/>',
    ],
    ids=["no slot", "two slots", "no data", "two with the Id", "other tags", "other document"],
)
def test_what_is_not_laid_out_is_refused(change):
    with pytest.raises((NotLaidOut, UnreadableDocument)):
        signed(change(EMPTY), ["CBQL"])


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"not xml",
        b"%PDF-1.7",
        EMPTY.replace(b"<HOC_BA>", b"<!DOCTYPE HOC_BA><HOC_BA>", 1),
        EMPTY.replace(b"<HOC_BA>", b'<!DOCTYPE HOC_BA [<!ENTITY x "9.5">]><HOC_BA>', 1).replace(b"8.5", b"&x;"),
        EMPTY.replace(b"<HOC_BA>", b'<!DOCTYPE HOC_BA SYSTEM "file:///etc/passwd"><HOC_BA>', 1),
        EMPTY + b" " * (10 * 1024 * 1024),
        b"<a>" * 100_000,
    ],
    ids=["empty", "text", "pdf", "doctype", "entity", "external", "too large", "too deep"],
)
def test_what_cannot_be_read_safely_is_refused(xml):
    with pytest.raises(UnreadableDocument):
        signed(xml, ["GVCN"])


def test_an_ended_certificate_signs_nothing():
    late = paper.now() + timedelta(days=4 * 365)
    with pytest.raises(CertificateNotValid):
        sign_slot(EMPTY, slot="GVCN", key=paper.key_of(paper.pki(), "GVCN"), signing_time=late)


# Three steps, with the key elsewhere.


def prepared(slot="GVCN", xml=EMPTY, *, of=None, **told):
    return prepare_slot(xml, slot=slot, who=key_for(slot, of).who, signing_time=paper.now(), **told)


def key_for(slot, of=None):
    return paper.key_of(of or paper.pki(), slot if slot in SLOTS else "GVCN")


def finished(what, *, key=None, value=None):
    key = key or key_for(what.slot)
    return finish_slot(what, who=key.who, value=key.sign(what.to_be_signed) if value is None else value)


def test_what_is_prepared_survives_a_restart_and_is_signed(chain):
    before = prepared()
    again = PreparedXml(*astuple(before))
    assert xmlsec1(finished(again), "GVCN", chain)


def test_a_value_for_another_record_is_not_put_in():
    one, other = prepared(), prepared(xml=EMPTY.replace(b"8.5", b"9.5"))
    with pytest.raises(WrongValue):
        finished(one, value=key_for("GVCN").sign(other.to_be_signed))


@pytest.mark.parametrize("slot", ["GVCN", "KY_PHAT_HANH"], ids=["P-256", "RSA"])
@pytest.mark.parametrize("value", [b"", b"x", bytes(64), bytes(256)], ids=["none", "one byte", "zeros", "zeros of RSA"])
def test_what_is_no_value_at_all_is_not_put_in(slot, value):
    with pytest.raises(WrongValue):
        finished(prepared(slot), value=value)


def test_what_was_prepared_for_one_is_not_finished_for_another():
    with pytest.raises(ChangedSincePrepared):
        finished(prepared(), key=key_for("GVCN", paper.stranger()))


CHANGED = {
    "a mark": lambda p: replace(p, document=p.document.replace(b"8.5", b"9.5")),
    "the time beside": lambda p: replace(p, document=re.sub(rb"<NGAY_KY>20..", b"<NGAY_KY>2000", p.document)),
    "the time that is signed": lambda p: replace(
        p, document=re.sub(rb"(<SigningTime[^>]*>)20..", rb"\g<1>2000", p.document)
    ),
    "the digest": lambda p: replace(p, document=p.document.replace(b"<DigestValue>", b"<DigestValue>AAAA", 1)),
    "a third reference": lambda p: replace(
        p, document=p.document.replace(b"</SignedInfo>", b'<Reference URI="#x"/></SignedInfo>')
    ),
    "what was signed": lambda p: replace(p, to_be_signed=p.to_be_signed.replace(b"#data", b"#d")),
    "another slot": lambda p: replace(p, slot="CBQL"),
    "a value already": lambda p: replace(p, document=p.document.replace(b"<SignatureValue/>", b"<SignatureValue>AA==</SignatureValue>")),
    "no signature": lambda p: replace(p, document=EMPTY),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_what_changed_since_it_was_prepared_is_not_finished(change):
    before = prepared()
    after = change(before)
    assert after != before
    with pytest.raises(ChangedSincePrepared):
        # Even by the genuine key, over just these bytes.
        finished(after, key=key_for("GVCN"))


@pytest.mark.parametrize("slot", ["GVCN ", "gvcn", "GVBM", "GVBM-", "GVBM-toan", "*", "", "DANH_SACH_GVBM"])
def test_a_slot_that_does_not_exist_is_refused(slot):
    with pytest.raises(NotLaidOut):
        prepared(slot)
