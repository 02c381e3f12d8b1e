# SPDX-License-Identifier: Apache-2.0

"""Attacks on the XML: the insider rewrites what lies around signatures that are genuine, and anchors the result.

No signature here is by anybody but its owner; all of them are whole. What is tried is to make them say something else.
"""

import base64
import copy
import functools
import hashlib
import re

import attacked_school as world
import pytest
from attacked_school import FAILED, PRINCIPAL, TEACHER, concluded
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from ledger.proof.manifest import ManifestSigner
from signer.xml import sign_slot
from signer.xml_signature import canonical
from verifier_api.examination import examine
from verifier_api.intake import IsolatedExaminer
from verifier_api.judgements import MAX_CERTIFICATE_BYTES
from verifier_api.verdict import Outcome
from verifier_api.xml_places import certificate_of

DS = "{http://www.w3.org/2000/09/xmldsig#}"
SLOTS = "DANH_SACH_THONG_TIN_KY"
FORGED_TIME = "2020-01-01T08:00:00+07:00"


def rewritten(change, *, of=None):
    """The genuine XML with `change` made to its tree."""
    root = etree.fromstring((of or world.genuine()).xml)
    changed = change(root)
    return etree.tostring(root if changed is None else changed, encoding="UTF-8", xml_declaration=True)


def slot(root, role):
    return root.find(f"{SLOTS}/{role.value}")


def signature(root, role):
    return slot(root, role).find(f"{DS}Signature")


def anchored_by_insider(data, conclusion, *expected, **changes):
    return concluded(data, world.manifest_of(world.genuine(), xml=data, **changes), conclusion, *expected)


# What stands beside a signature and is covered by none.


def other_time(root):
    slot(root, PRINCIPAL).find("NGAY_KY").text = FORGED_TIME


def no_time_at_all(root):
    slot(root, PRINCIPAL).find("NGAY_KY").text = "hôm qua"


def other_persons_number(root):
    slot(root, TEACHER).find("SO_CCCD").text = "099199009999"


def number_in_the_seal(root):
    etree.SubElement(slot(root, world.SEAL), "SO_CCCD").text = "099170000002"


def note_in_a_slot(root):
    etree.SubElement(slot(root, PRINCIPAL), "GHI_CHU").text = "Điểm Toán sửa thành 10,0"


def text_in_a_slot(root):
    slot(root, PRINCIPAL).text = "Điểm Toán sửa thành 10,0"


def element_inside_the_time(root):
    etree.SubElement(slot(root, PRINCIPAL).find("NGAY_KY"), "DIEM").text = "10,0"


def attribute_on_the_root(root):
    root.set("GHI_CHU", "Điểm Toán sửa thành 10,0")


def attribute_on_a_slot(root):
    slot(root, PRINCIPAL).set("CHUC_VU", "Giám đốc Sở")


def text_behind_the_record(root):
    root[0].tail = "Điểm Toán sửa thành 10,0"


def stylesheet(root):
    root.addprevious(etree.ProcessingInstruction("xml-stylesheet", 'href="https://example.net/10.xsl"'))
    return root.getroottree()


def comment_behind(root):
    root.addnext(etree.Comment("10,0"))
    return root.getroottree()


def comment_between_slots(root):
    root.find(SLOTS).insert(0, etree.Comment("10,0"))


def subject_teachers(root):
    teachers = etree.SubElement(root.find(SLOTS), "DANH_SACH_GVBM")
    etree.SubElement(teachers, "GVBM").text = "Nguyễn Văn Bịa"


def more_in_the_signature(root):
    etree.SubElement(signature(root, PRINCIPAL), f"{DS}Object").text = "10,0"


def more_beside_the_properties(root):
    etree.SubElement(signature(root, PRINCIPAL).find(f"{DS}Object"), "DIEM").text = "10,0"


def claim_without_a_signature(root):
    """Who did not sign is said to have signed."""
    slot(root, TEACHER).remove(signature(root, TEACHER))


BESIDE = [
    other_time,
    no_time_at_all,
    other_persons_number,
    number_in_the_seal,
    note_in_a_slot,
    text_in_a_slot,
    element_inside_the_time,
    attribute_on_the_root,
    attribute_on_a_slot,
    stylesheet,
    comment_behind,
    comment_between_slots,
    subject_teachers,
    more_in_the_signature,
    more_beside_the_properties,
]


@pytest.mark.parametrize("change", BESIDE, ids=[change.__name__.replace("_", " ") for change in BESIDE])
def test_written_beside_the_signatures(change):
    data = rewritten(change)
    verdict = world.judge(data, world.anchored(world.manifest_of(world.genuine(), xml=data)))
    assert verdict.conclusion is FAILED
    assert world.complaints(verdict) & {"signatures.changed_after", "intake.unreadable"}
    # The signatures themselves are whole: nothing else would have found this.
    assert {one.outcome for one in verdict.signatures} <= {Outcome.PASSED}


def test_text_behind_the_record():
    data = rewritten(text_behind_the_record)
    verdict = world.judge(data, world.anchored(world.manifest_of(world.genuine(), xml=data)))
    assert (verdict.conclusion, "signatures.changed_after" in world.complaints(verdict)) == (FAILED, True)


def test_claim_without_a_signature():
    data = rewritten(claim_without_a_signature)
    listed = world.manifest_of(world.genuine()).signers[1:]
    anchored_by_insider(data, FAILED, "signatures.changed_after", signers=listed)


# Wrapping.


def test_time_wrapped():
    """Forged properties stand where a reader looks; the signed ones lie in a second Object."""

    def change(root):
        own = signature(root, PRINCIPAL)
        genuine = own.find(f"{DS}Object")
        forged = copy.deepcopy(genuine)
        forged[0].set("Id", "other-props")
        forged.find(".//{*}SigningTime").text = FORGED_TIME
        genuine.addprevious(forged)
        slot(root, PRINCIPAL).find("NGAY_KY").text = FORGED_TIME

    anchored_by_insider(rewritten(change), FAILED, "signatures.changed_after")


def test_time_changed():
    data = rewritten(lambda root: setattr(signature(root, PRINCIPAL).find(".//{*}SigningTime"), "text", FORGED_TIME))
    anchored_by_insider(data, FAILED, "signatures.invalid", "signatures.changed_after")


def forged_record(root):
    forged = copy.deepcopy(root[0])
    mark = next(each for each in forged.iter("CA_NAM") if re.fullmatch(r"\d\.\d|10\.0", each.text or ""))
    mark.text = "10.0" if mark.text != "10.0" else "9.9"
    return forged


def test_mark_changed():
    """And the manifest holds the digest of the forged record."""

    def change(root):
        root.replace(root[0], forged_record(root))

    data = rewritten(change)
    digest = hashlib.sha256(canonical(etree.fromstring(data)[0])).hexdigest()
    anchored_by_insider(data, FAILED, "signatures.invalid", record_sha256=digest)


@pytest.mark.parametrize("forged_id", ["data", "data2"], ids=["the same Id", "another Id"])
def test_record_wrapped(forged_id):
    """The signed record is moved into a signature's Object, a forged one stands in its place."""

    def change(root):
        genuine, forged = root[0], forged_record(root)
        forged.set("Id", forged_id)
        root.replace(genuine, forged)
        signature(root, PRINCIPAL).find(f"{DS}Object").append(genuine)

    data = rewritten(change)
    verdict = world.judge(data, world.anchored(world.manifest_of(world.genuine(), xml=data)))
    assert verdict.conclusion is FAILED
    assert "intake.unreadable" in world.complaints(verdict)


def test_record_twice():
    def change(root):
        root.insert(0, forged_record(root))

    data = rewritten(change)
    verdict = world.judge(data, world.anchored(world.manifest_of(world.genuine(), xml=data)))
    assert (verdict.conclusion, "intake.unreadable" in world.complaints(verdict)) == (FAILED, True)


def test_comment_inside_a_mark():
    data = world.genuine().xml.replace(b"<CA_NAM>", b"<CA_NAM><!-- -->1", 1)
    verdict = world.judge(data, world.anchored(world.manifest_of(world.genuine(), xml=data)))
    assert (verdict.conclusion, "intake.unreadable" in world.complaints(verdict)) == (FAILED, True)


def test_signature_that_covers_only_its_own_time():
    """The principal's own key, but both references lead to the properties: a blank cheque."""
    key = world.key_of(PRINCIPAL)

    def change(root):
        own = signature(root, PRINCIPAL)
        info = own.find(f"{DS}SignedInfo")
        first, second = info.findall(f"{DS}Reference")
        info.replace(first, copy.deepcopy(second))
        raw = resigned(key, canonical(info))
        own.find(f"{DS}SignatureValue").text = base64.b64encode(raw).decode()

    anchored_by_insider(rewritten(change), FAILED, "signatures.invalid")


def resigned(key, data):
    """XML-DSig wants r and s side by side."""
    r, s = decode_dss_signature(key.sign(data))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_signature_of_another_pupils_record():
    def change(root):
        other = etree.fromstring(world.genuine(1).xml)
        slot(root, PRINCIPAL).replace(signature(root, PRINCIPAL), signature(other, PRINCIPAL))
        slot(root, PRINCIPAL).find("NGAY_KY").text = slot(other, PRINCIPAL).findtext("NGAY_KY")

    anchored_by_insider(rewritten(change), FAILED, "signatures.invalid")


def test_record_of_another_pupil_under_these_signatures():
    def change(root):
        root.replace(root[0], etree.fromstring(world.genuine(1).xml)[0])

    data = rewritten(change)
    other = world.genuine(1)
    anchored_by_insider(data, FAILED, "signatures.invalid", id=other.unit_id, record_sha256=other.record_sha256)


@pytest.mark.parametrize("listed_as", ["they signed", "they stand"])
def test_slots_swapped(listed_as):
    """The teacher's signature in the principal's slot and the other way round."""

    def change(root):
        one, other = slot(root, TEACHER), slot(root, PRINCIPAL)
        one.tag, other.tag = other.tag, one.tag

    signers = world.manifest_of(world.genuine()).signers
    if listed_as == "they stand":
        signers = (
            ManifestSigner(role=TEACHER.value, cert_sha256=signers[1].cert_sha256),
            ManifestSigner(role=PRINCIPAL.value, cert_sha256=signers[0].cert_sha256),
            signers[2],
        )
    expected = (
        ("signatures.not_listed",)
        if listed_as == "they stand"
        else ("signatures.not_listed", "signatures.other_signer")
    )
    anchored_by_insider(rewritten(change), FAILED, *expected, signers=signers)


def test_second_signature_in_one_slot():
    def change(root):
        second = copy.deepcopy(signature(root, PRINCIPAL))
        for element in second.iter():
            element.attrib.pop("Id", None)
        slot(root, PRINCIPAL).append(second)

    anchored_by_insider(rewritten(change), FAILED, "signatures.changed_after")


def test_certificate_swapped():
    """The KeyInfo names the principal, and the value is the teacher's."""

    def change(root):
        path = f".//{DS}X509Certificate"
        signature(root, TEACHER).find(path).text = signature(root, PRINCIPAL).findtext(path)

    data = rewritten(change)
    verdict = world.judge(data, world.anchored(world.manifest_of(world.genuine(), xml=data)))
    assert verdict.conclusion is FAILED
    assert {"signatures.invalid", "signatures.other_signer"} <= world.complaints(verdict)


def test_no_signature_at_all():
    data = rewritten(lambda root: [slot(root, role).clear() for role in world.ROLES_IN_ORDER] and None)
    verdict = world.judge(data, world.anchored(world.manifest_of(world.genuine(), xml=data)))
    assert (verdict.conclusion, "signatures.none" in world.complaints(verdict)) == (FAILED, True)


def test_bare_record():
    """What the PDF carries is no document by itself."""
    data = etree.tostring(etree.fromstring(world.genuine().xml)[0])
    verdict = world.judge(data, world.anchored(world.manifest_of(world.genuine(), xml=data)))
    assert (verdict.conclusion, "signatures.none" in world.complaints(verdict)) == (FAILED, True)


def test_signed_by_our_own_tool_without_a_number():
    """Genuine: who has no personal number in the certificate leaves none in the slot."""
    paper = world.drawn()
    document = paper.xml
    for role in world.ROLES_IN_ORDER:
        document = sign_slot(document, slot=role.value, key=world.key_of(role), signing_time=world.now())
    signers = world.manifest_of(world.genuine()).signers
    manifest = world.manifest_of(paper, xml=document, signers=signers)
    concluded(document, manifest, world.PASSED)


def test_a_certificate_as_long_as_a_book_is_not_read():
    root = etree.fromstring(world.genuine().xml)
    signed = signature(root, TEACHER)
    assert certificate_of(signed)[0] is not None
    certificate = signed.find(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate")
    certificate.text = base64.b64encode(base64.b64decode(certificate.text) + bytes(MAX_CERTIFICATE_BYTES)).decode()
    found, problem = certificate_of(signed)
    assert found is None
    assert problem.endswith(" bytes")


def key_of_no_known_kind(root):
    """The certificate's key says that it is of a kind that nobody has heard of: one bit of its OID is another."""
    certificate = signature(root, TEACHER).find(f".//{DS}X509Certificate")
    der = base64.b64decode(certificate.text)
    (kind,) = {RSA, P256} & {each for each in (RSA, P256) if each in der}
    certificate.text = base64.b64encode(der.replace(kind, kind[:-1] + b"\x7f", 1)).decode()


RSA, P256 = bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06072a8648ce3d0201")


def test_a_certificate_with_a_key_of_no_known_kind_is_a_bad_signature_and_no_mishap_of_ours():
    with IsolatedExaminer(functools.partial(examine, anchors=world.trusting().anchors), workers=1) as examiner:
        verdict = world.judge(rewritten(key_of_no_known_kind), world.genuine_receipt(), examined_by=examiner)
    assert verdict.conclusion is FAILED
    assert "intake.exhausted" not in {finding.code for finding in verdict.findings}
