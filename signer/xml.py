# SPDX-License-Identifier: Apache-2.0

"""XML signatures as the ministry specifies them: one slot at a time, outside the data they cover.

    HOC_BA
     ├─ DU_LIEU_HOC_BA Id="data"            what everybody signs
     └─ DANH_SACH_THONG_TIN_KY
         ├─ GVCN          NGAY_KY, SO_CCCD, Signature
         ├─ CBQL          NGAY_KY, SO_CCCD, Signature
         └─ KY_PHAT_HANH  NGAY_KY, Signature

A signature has two references: `#data`, and its own `SignatureProperties` with the `SigningTime`
(MOET's technical specification of 2024, section 1.6). Both are digested over exclusive C14N, so the slots can be filled one
after the other, and the file reformatted around the data, without touching what was signed.

Canonical forms come from libxml2 through lxml; the private key is asked for one signature only, so it may as well sit in a
token; and before the file is handed out, xmlsec, which shares no code of ours, has verified it against the certificate.

Example::

    signed = sign_slot(xml, slot="GVCN", key=key, signing_time=now, cccd="079180000001")
"""

import base64
import hashlib
from datetime import datetime, timedelta, timezone
from typing import Final, Literal, get_args

import xmlsec
from asn1crypto import pem
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.oid import NameOID
from lxml import etree

from signer.errors import AlreadySigned, NotLaidOut, SigningFailed, UnreadableDocument
from signer.keys import LoadedKey

Slot = Literal["GVCN", "CBQL", "KY_PHAT_HANH"]
"""Homeroom teacher, principal, and the school, whose signature issues the record."""

DATA_ID: Final = "data"
MAX_XML_BYTES: Final = 10 * 1024 * 1024
"""The ministry's limit for one transaction (section 2.8); a record is a thousandth of it."""

_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_METHODS: Final = {
    "sha256_rsa": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "sha256_ecdsa": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
}
PROPERTY_NAMESPACE: Final = "urn:hocba:signature-properties:1"
"""Namespace of `SigningTime`. The specification gives none; the schema of XML-DSig demands one other than its own for what
stands in a SignatureProperty, and readers that look for the name alone find it in any."""

VIETNAM_TIME: Final = timezone(timedelta(hours=7))
_P256_COORDINATE_BYTES: Final = 32


def sign_slot(
    xml: bytes,
    *,
    slot: Slot,
    key: LoadedKey,
    signing_time: datetime,
    cccd: str | None = None,
) -> bytes:
    """Fill one empty slot with a signature over the data, and return the document.

    `signing_time` is aware; it becomes `NGAY_KY` and `SigningTime`, in Vietnam's time. `cccd` becomes `SO_CCCD`, for a
    person. The canonical bytes of the data are the same before and after.

    Raises `UnreadableDocument`, `NotLaidOut`, `AlreadySigned`, `CertificateNotValid` or `SigningFailed`.
    """
    key.require_valid_at(signing_time)
    root = parse(xml)
    data = _data_of(root)
    place = _place_of(root, slot)
    if place.find(f"{{{_DS}}}Signature") is not None:
        raise AlreadySigned(
            f"Mục ký {slot} trong tệp XML đã có chữ ký. Nếu cần ký lại, hãy thu hồi và lập học bạ mới.",
            f"The slot {slot} of the XML is signed already. To sign again, recall the record and prepare a new one.",
        )
    stated = signing_time.astimezone(VIETNAM_TIME).isoformat(timespec="seconds")
    for tag, value in (("NGAY_KY", stated), ("SO_CCCD", cccd)):
        if value is not None:
            _set(place, tag, value)
    before = canonical(data)
    signature, signed_info = _template(f"sig-{slot}", key, stated)
    place.append(signature)
    digests = signed_info.findall(f"{{{_DS}}}Reference/{{{_DS}}}DigestValue")
    properties = signature.find(f"{{{_DS}}}Object/{{{_DS}}}SignatureProperties")
    for digest, covered in zip(digests, (data, properties), strict=True):
        digest.text = base64.b64encode(hashlib.sha256(canonical(covered)).digest()).decode()
    raw = key.sign(canonical(signed_info))
    signature_value = signature.find(f"{{{_DS}}}SignatureValue")
    assert signature_value is not None  # noqa: S101 - the template below makes it
    signature_value.text = base64.b64encode(raw if key.algorithm == "sha256_rsa" else _joined(raw)).decode()
    signed = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    # Read back from bytes: what counts is the file a stranger gets, not the tree in memory.
    again = parse(signed)
    if canonical(_data_of(again)) != before:
        raise _failed("the data would change")
    _verify(again, slot, key)
    return signed


def parse(xml: bytes) -> etree._Element:
    """Read a record's XML without believing it: no DTD, no entities, no network, and within the ministry's size limit.

    Raises `UnreadableDocument`.
    """
    if len(xml) > MAX_XML_BYTES:
        raise _unreadable("larger than 10 MB")
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _unreadable(str(error)) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _unreadable("it has a document type declaration")
    return root


def canonical(element: etree._Element | None) -> bytes:
    """Exclusive canonical XML 1.0 without comments, as `#data` and the like are digested."""
    if element is None:
        raise _failed("a part of the signature is missing")
    out: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return out


def _data_of(root: etree._Element) -> etree._Element:
    found = [element for element in root.iter(etree.Element) if element.get("Id") == DATA_ID]
    if root.tag != "HOC_BA" or len(found) != 1 or found[0].tag != "DU_LIEU_HOC_BA" or found[0].getparent() is not root:
        raise NotLaidOut(
            "Tệp XML không có đúng một phần DU_LIEU_HOC_BA mang Id “data” nên không ký. Hãy xuất lại từ phần mềm.",
            "The XML has not exactly one DU_LIEU_HOC_BA with Id “data”, so it is not signed. Export it again.",
        )
    return found[0]


def _place_of(root: etree._Element, slot: str) -> etree._Element:
    places = root.findall(f"DANH_SACH_THONG_TIN_KY/{slot}") if slot in get_args(Slot) else []
    if len(places) != 1:
        raise NotLaidOut(
            f"Tệp XML không có đúng một mục ký {slot} nên không ký. Hãy xuất lại từ phần mềm.",
            f"The XML has not exactly one slot {slot} for a signature, so it is not signed. Export it again.",
        )
    return places[0]


def _set(place: etree._Element, tag: str, value: str) -> None:
    child = place.find(tag)
    if child is None:
        child = etree.SubElement(place, tag)
    child.text = value


def _template(name: str, key: LoadedKey, stated: str) -> tuple[etree._Element, etree._Element]:
    """The signature with everything but digests and value, and its SignedInfo."""

    def part(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
        return etree.SubElement(parent, f"{{{_DS}}}{tag}", attributes)

    # The default namespace, so that tags read as the ministry's text writes them: Signature, SignedInfo, X509Certificate.
    signature = etree.Element(f"{{{_DS}}}Signature", {"Id": name}, nsmap={None: _DS})  # type: ignore[dict-item]  # the stubs forget None
    signed_info = part(signature, "SignedInfo")
    part(signed_info, "CanonicalizationMethod", Algorithm=_EXCLUSIVE_C14N)
    part(signed_info, "SignatureMethod", Algorithm=_METHODS[key.algorithm])
    for uri in (f"#{DATA_ID}", f"#{name}-props"):
        reference = part(signed_info, "Reference", URI=uri)
        part(part(reference, "Transforms"), "Transform", Algorithm=_EXCLUSIVE_C14N)
        part(reference, "DigestMethod", Algorithm=_SHA256)
        part(reference, "DigestValue")
    part(signature, "SignatureValue")
    x509 = part(part(signature, "KeyInfo"), "X509Data")
    part(x509, "X509SubjectName").text = _rfc4514(key)
    part(x509, "X509Certificate").text = base64.b64encode(key.certificate.dump()).decode()
    properties = part(part(signature, "Object"), "SignatureProperties", Id=f"{name}-props")
    property_ = part(properties, "SignatureProperty", Target=f"#{name}")
    stamped = etree.SubElement(property_, f"{{{PROPERTY_NAMESPACE}}}SigningTime", nsmap={None: PROPERTY_NAMESPACE})  # type: ignore[dict-item]
    stamped.text = stated
    return signature, signed_info


def _rfc4514(key: LoadedKey) -> str:
    """The subject as XML-DSig wants it, RFC 4514, most specific part first."""
    subject = load_der_x509_certificate(key.certificate.dump()).subject
    return subject.rfc4514_string({NameOID.SERIAL_NUMBER: "serialNumber"})


def _joined(der: bytes) -> bytes:
    """ECDSA's r and s side by side, as RFC 4050 and XML-DSig 1.1 want them, instead of a DER sequence."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(_P256_COORDINATE_BYTES, "big") + s.to_bytes(_P256_COORDINATE_BYTES, "big")


def _verify(root: etree._Element, slot: Slot, key: LoadedKey) -> None:
    node = _place_of(root, slot).find(f"{{{_DS}}}Signature")
    if node is None:
        raise _failed("it is missing")
    context = xmlsec.SignatureContext()
    try:
        for element in root.iter(etree.Element):
            if element.get("Id") is not None:
                context.register_id(element, "Id")
        certificate = pem.armor("CERTIFICATE", key.certificate.dump())
        context.key = xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem)
        context.verify(node)
    except xmlsec.Error as error:
        raise _failed(str(error)) from error


def _unreadable(cause: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"Không đọc được tệp XML một cách an toàn ({cause}). Hãy xuất lại học bạ từ phần mềm rồi ký.",
        f"The XML cannot be read safely ({cause}). Export the record again from the software, then sign.",
    )


def _failed(cause: str) -> SigningFailed:
    return SigningFailed(
        f"Chữ ký XML vừa tạo không kiểm tra được ({cause}) nên không lưu. Hãy gửi thông báo này cho bộ phận hỗ trợ.",
        f"The XML signature just made does not verify ({cause}), so it was not kept. Send this message to support.",
    )
