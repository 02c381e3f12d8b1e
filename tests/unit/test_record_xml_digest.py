# SPDX-License-Identifier: Apache-2.0

"""The digest of a record: one for the document, signed or not, and for the attachment in the PDF, whoever computes it."""

import hashlib
import io
import xml.etree.ElementTree as ET
from base64 import b64decode

import paper_sample
import pikepdf
import pytest
import xmlsec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from record_documents import KEPT, RECORD, RECORDS, changed, document

from ledger.paper.render import ATTACHMENT, render_unit
from ledger.record.digest import record_digest
from ledger.record.xml import data_element, read

DS = "{http://www.w3.org/2000/09/xmldsig#}"


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_the_attachment_reads_and_digests_like_the_document(record):
    attachment = data_element(document(record))
    assert attachment.startswith(b'<DU_LIEU_HOC_BA Id="data">')
    assert read(attachment) == read(document(record))
    assert record_digest(attachment) == record_digest(document(record)) == hashlib.sha256(attachment).digest()


@pytest.mark.parametrize("name", KEPT)
def test_what_the_pdf_carries_has_the_digest_of_the_document(name):
    kept = KEPT[name].read_bytes()
    pdf = render_unit(
        paper_sample.unit(), record_xml=data_element(kept), qr_url=paper_sample.QR_URL, created=paper_sample.NOW
    )
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        attached = opened.attachments[ATTACHMENT].get_file().read_bytes()
    assert record_digest(attached) == hashlib.sha256(attached).digest() == record_digest(kept)
    assert read(attached) == read(kept)


@pytest.mark.parametrize("name", KEPT)
def test_pythons_own_parser_and_serializer_give_the_same_bytes(name):
    """Expat and CPython's C14N 2.0, which share no code with libxml2; for data without namespaces both forms are one."""
    root = ET.fromstring(KEPT[name].read_bytes())
    data = ET.tostring(root.find("DU_LIEU_HOC_BA"), encoding="unicode")
    assert ET.canonicalize(data).encode() == data_element(KEPT[name].read_bytes())


@pytest.mark.parametrize("name", KEPT)
def test_a_signing_library_computes_the_same_digest_and_signing_leaves_it_as_it_was(name):
    """Its canonical form is libxml2's, as ours; that it finds `#data` and digests what we digest is its own doing."""
    root = etree.fromstring(KEPT[name].read_bytes())
    slot = root.find(".//KY_PHAT_HANH")
    signature = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256, ns="ds")
    slot.append(signature)
    reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri="#data")
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(PEM, xmlsec.KeyFormat.PEM)
    xmlsec.tree.add_ids(root, ["Id"])
    context.sign(signature)
    signed = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    kept = KEPT[name].read_bytes()
    assert b64decode(root.findtext(f".//{DS}DigestValue")) == record_digest(kept) == record_digest(signed)
    assert read(signed) == read(kept)


PEM = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)


def test_what_stands_around_the_data_does_not_reach_the_digest():
    framed = changed("<HOC_BA>", '<HOC_BA xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:x="urn:x">')
    assert record_digest(framed) == record_digest(document())
    assert record_digest(b"\xef\xbb\xbf" + document()) == record_digest(document())
    assert record_digest(
        changed("<GVCN/>", "<GVCN> <NGAY_KY>2026-05-28T09:30:00+07:00</NGAY_KY></GVCN>")
    ) == record_digest(document())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (RECORD.pupil.name, RECORD.pupil.name + "h"),
        ("<TONG_KET>", "<TONG_KET> "),
        ('Id="diem-TOAN"', 'Id="diem-TOA"'),
        ("<CA_NAM>9.1<", "<CA_NAM>9.2<"),
        ("<NOI_SINH>", "<NOI_SINH x=''>"),
    ],
    ids=["a letter", "white space", "an Id", "a mark", "an attribute"],
)
def test_whatever_is_changed_in_the_data_changes_the_digest(old, new):
    assert record_digest(changed(old, new)) != record_digest(document())
