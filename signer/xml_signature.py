# SPDX-License-Identifier: Apache-2.0

"""One XML signature: its elements, the canonical forms it is made of, and the look that another library takes at it.

    Signature Id="sig-GVCN"
     ├─ SignedInfo             Reference #data (or a subject's row), Reference #sig-GVCN-props, and under XAdES #sig-GVCN-xades
     ├─ SignatureValue
     ├─ KeyInfo/X509Data       X509SubjectName, X509Certificate, and under XAdES those above it
     ├─ Object                 SignatureProperties Id="sig-GVCN-props": SigningTime, and of a subject teacher the unit
     └─ Object                 only under XAdES: QualifyingProperties, see `signer.xades`

Canonical forms come from libxml2 through lxml; the finished signature is verified by xmlsec, which shares no code of ours.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

import xmlsec
from asn1crypto import pem
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.oid import NameOID
from lxml import etree

from signer import xades
from signer.certificate import SignerCertificate
from signer.errors import SigningFailed, UnreadableDocument

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
PROPERTY_NAMESPACE: Final = "urn:hocba:signature-properties:1"
"""Namespace of what stands in the SignatureProperties. The specification gives none; the schema of XML-DSig demands one other
than its own there, and readers that look for the name `SigningTime` alone find it in any."""

MAX_XML_BYTES: Final = 10 * 1024 * 1024
"""The ministry's limit for one transaction (section 2.8); a record is a thousandth of it."""

_METHODS: Final = {
    "sha256_rsa": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "sha256_ecdsa": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
}
_P256_COORDINATE_BYTES: Final = 32


@dataclass(frozen=True)
class Said:
    """What one signature says."""

    name: str
    """Its Id."""
    covered: etree._Element
    """What it is a signature of: an element with an Id."""
    who: SignerCertificate
    signing_time: str
    """As NGAY_KY has it."""
    unit_id: str | None
    """Of a subject teacher, who signs one row: whose row it is. The others sign the data, which says that itself."""
    xades: bool


def signature_of(said: Said) -> etree._Element:
    """The signature with everything but its value. The same arguments give the same canonical bytes."""
    # The default namespace, so that tags read as the ministry's text writes them: Signature, SignedInfo, X509Certificate.
    signature = etree.Element(f"{{{DS}}}Signature", {"Id": said.name}, nsmap={None: DS})  # type: ignore[dict-item]  # the stubs forget None
    signed_info = part(signature, "SignedInfo")
    part(signature, "SignatureValue")
    x509 = part(part(signature, "KeyInfo"), "X509Data")
    part(x509, "X509SubjectName").text = _rfc4514(said.who)
    for certificate in (said.who.certificate, *(said.who.intermediates if said.xades else ())):
        # EN 319 132-1, 6.3: under XAdES the way to the root too, as far as it is known.
        part(x509, "X509Certificate").text = base64.b64encode(certificate.dump()).decode()
    properties = part(part(signature, "Object"), "SignatureProperties", Id=f"{said.name}-props")
    for tag, text in (("SigningTime", said.signing_time), ("MA_TRA_CUU_UUID", said.unit_id)):
        if text is not None:
            property_ = part(properties, "SignatureProperty", Target=f"#{said.name}")
            stamped = etree.SubElement(property_, f"{{{PROPERTY_NAMESPACE}}}{tag}", nsmap={None: PROPERTY_NAMESPACE})  # type: ignore[dict-item]
            stamped.text = text
    covered = [said.covered, properties]
    if said.xades:
        qualified = xades.signed_properties(signature, who=said.who, signing_time=said.signing_time)
        covered.append(qualified)
    part(signed_info, "CanonicalizationMethod", Algorithm=EXCLUSIVE_C14N)
    part(signed_info, "SignatureMethod", Algorithm=_METHODS[said.who.algorithm])
    for number, element in enumerate(covered, start=1):
        marks = xades.reference_marks(said.name, number, element) if said.xades else {}
        reference = part(signed_info, "Reference", **marks, URI=f"#{element.get('Id')}")
        part(part(reference, "Transforms"), "Transform", Algorithm=EXCLUSIVE_C14N)
        part(reference, "DigestMethod", Algorithm=SHA256)
        digest = hashlib.sha256(canonical(element)).digest()
        part(reference, "DigestValue").text = base64.b64encode(digest).decode()
    return signature


def part(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    """Add an element of XML-DSig."""
    return etree.SubElement(parent, f"{{{DS}}}{tag}", attributes)


def signed_info_of(signature: etree._Element) -> bytes:
    """What the key signs: the canonical SignedInfo."""
    return canonical(signature.find(f"{{{DS}}}SignedInfo"))


def value_text(value: bytes, algorithm: str) -> str:
    """A value as XML-DSig writes it: ECDSA's r and s side by side (RFC 4050, XML-DSig 1.1), not as a DER sequence."""
    if algorithm == "sha256_ecdsa":
        r, s = decode_dss_signature(value)
        value = r.to_bytes(_P256_COORDINATE_BYTES, "big") + s.to_bytes(_P256_COORDINATE_BYTES, "big")
    return base64.b64encode(value).decode()


def verify(root: etree._Element, signature: etree._Element | None, who: SignerCertificate) -> None:
    """Raise `SigningFailed` unless xmlsec accepts the signature under this certificate."""
    if signature is None:
        raise failed("it is missing")
    context = xmlsec.SignatureContext()
    try:
        for element in root.iter(etree.Element):
            if element.get("Id") is not None:
                context.register_id(element, "Id")
        certificate = pem.armor("CERTIFICATE", who.certificate.dump())
        context.key = xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem)
        context.verify(signature)
    except xmlsec.Error as error:
        raise failed(str(error)) from error


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
        raise failed("a part of the signature is missing")
    out: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return out


def failed(cause: str) -> SigningFailed:
    """The refusal to hand out a signature that does not verify."""
    return SigningFailed(
        f"Chữ ký XML vừa tạo không kiểm tra được ({cause}) nên không lưu. Hãy gửi thông báo này cho bộ phận hỗ trợ.",
        f"The XML signature just made does not verify ({cause}), so it was not kept. Send this message to support.",
    )


def _rfc4514(who: SignerCertificate) -> str:
    """The subject as XML-DSig wants it, RFC 4514, most specific part first."""
    subject = load_der_x509_certificate(who.certificate.dump()).subject
    return subject.rfc4514_string({NameOID.SERIAL_NUMBER: "serialNumber"})


def _unreadable(cause: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"Không đọc được tệp XML một cách an toàn ({cause}). Hãy xuất lại học bạ từ phần mềm rồi ký.",
        f"The XML cannot be read safely ({cause}). Export the record again from the software, then sign.",
    )
