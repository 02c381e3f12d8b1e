# SPDX-License-Identifier: Apache-2.0

"""The signatures of a record's XML: where they stand, what each has to cover, and what may stand around them.

Signatures cover the record, or a subject's row of it, and their own properties. Around them a forger may write: another
`NGAY_KY`, another person's number, a second signature, a stylesheet. What stands there may say again what was signed, and
nothing else; under XAdES it may hold one time-stamp and the data that proves certificates, each readable as what it claims to be.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from asn1crypto import cms, crl, ocsp, x509
from lxml import etree

from verifier_api.judgements import MAX_CERTIFICATE_BYTES

SLOTS: Final = ("GVCN", "CBQL", "KY_PHAT_HANH")
DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
XADES: Final = "{http://uri.etsi.org/01903/v1.3.2#}"
SIGNATURE: Final = f"{DS}Signature"
PROPERTIES: Final = f"{DS}SignatureProperties"
QUALIFYING: Final = f"{XADES}QualifyingProperties"
SIGNED_PROPERTIES: Final = f"{XADES}SignedProperties"
EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"

_LIST: Final = "DANH_SACH_THONG_TIN_KY"
_TEACHERS: Final = "DANH_SACH_GVBM"
_UNSIGNED: Final = f"{XADES}UnsignedProperties/{XADES}UnsignedSignatureProperties"


@dataclass(frozen=True)
class Place:
    """A place for a signature."""

    field: str
    """Its name: a slot of the ministry's, or `GVBM-` and the code of a subject."""
    path: str
    """Where it is, from HOC_BA, for ElementPath."""
    element: etree._Element

    @property
    def subject(self) -> str | None:
        """The code of the subject, for a subject teacher's place."""
        return self.field.removeprefix("GVBM-") if self.element.tag == "GVBM" else None

    @property
    def signature(self) -> etree._Element | None:
        """What stands in it."""
        return self.element.find(SIGNATURE)


def parse(data: bytes) -> etree._Element:
    """The tree of what `ledger.record.xml` has read already."""
    return etree.fromstring(
        data, etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    )


def places(document: etree._Element) -> Iterator[Place]:
    """Every place: of subject teachers as they stand there, then of the others in the order of signing."""
    for element in document.findall(f"{_LIST}/{_TEACHERS}/GVBM"):
        field = str(element.get("Id"))
        yield Place(field, f"./{_LIST}/{_TEACHERS}/GVBM[@Id='{field}']/", element)
    for slot in SLOTS:
        for element in document.findall(f"{_LIST}/{slot}"):
            yield Place(slot, f"./{_LIST}/{slot}/", element)


def unsigned_content(data: bytes) -> str | None:
    """What the file says beside the record that no signature covers and no signer said, or None; English, for experts.

    To be asked of what `ledger.record.xml` has read already.
    """
    document = parse(data)
    if [*document.itersiblings(), *document.itersiblings(preceding=True)]:
        return "something stands before or after HOC_BA"
    found = list(places(document))
    frame = [document, *document.findall(_LIST), *document.findall(f"{_LIST}/{_TEACHERS}")]
    for element in (*frame, *(place.element for place in found)):
        named = {"Id"} if element.tag == "GVBM" else set()
        if set(element.attrib) != named or _said(element.text) or _said(element.tail):
            return f"{element.tag}: text, an attribute or a comment that nobody signed"
    if _said(document[0].tail):
        return "text behind DU_LIEU_HOC_BA"
    known = {id(element) for element in (*frame, *(place.element for place in found))}
    for element in (child for holder in frame[1:] for child in holder):
        if id(element) not in known:
            return f"{element.tag}: no place for a signature"
    return next((problem for place in found if (problem := _beside(place)) is not None), None)


def moment(text: str | None) -> datetime | None:
    """A time with a zone, or None for anything else."""
    try:
        found = datetime.fromisoformat(text or "")
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def signing_time(properties: etree._Element | None) -> str | None:
    """The SigningTime in a signature's properties, if there is exactly one."""
    return property_text(properties, "SigningTime")


def property_text(properties: etree._Element | None, name: str) -> str | None:
    """What a signature's properties say under a name, in any namespace, if they do exactly once."""
    found = [] if properties is None else properties.findall(f"{DS}SignatureProperty/{{*}}{name}")
    return found[0].text if len(found) == 1 else None


def certificate_of(signature: etree._Element) -> tuple[x509.Certificate | None, str | None]:
    """The certificate that a signature names, or why there is none to be read."""
    try:
        der = next(iter(named_certificates(signature)), b"")
        if len(der) > MAX_CERTIFICATE_BYTES:
            return None, f"no certificate can be read: it has {len(der)} bytes"
        certificate = x509.Certificate.load(der, strict=True)
        _ = certificate.subject.native, certificate.not_valid_before, certificate.not_valid_after
    except (ValueError, TypeError, KeyError) as error:
        return None, f"no certificate can be read: {error}"
    return certificate, None


def named_certificates(signature: etree._Element) -> list[bytes]:
    """DER of the certificates in a KeyInfo: the signer's first, then those above it. Raises `ValueError` for other text."""
    leaves = signature.findall(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate")
    return [base64.b64decode("".join((leaf.text or "").split()), validate=True) for leaf in leaves]


def encapsulated(signature: etree._Element, *path: str) -> tuple[bytes, ...]:
    """The DER of each leaf at a path below the unsigned properties of XAdES. Raises `ValueError` for other text."""
    below = "/".join(f"{XADES}{name}" for name in path)
    leaves = signature.findall(f"{DS}Object/{QUALIFYING}/{_UNSIGNED}/{below}")
    return tuple(base64.b64decode("".join((leaf.text or "").split()), validate=True) for leaf in leaves)


def canonical(element: etree._Element) -> bytes:
    """Exclusive canonical XML 1.0 without comments."""
    out: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return out


def _said(text: str | None) -> bool:
    return bool(text and text.strip())


def _beside(place: Place) -> str | None:
    """What is wrong in one place beside its signature."""
    slot, signature = place.element, place.signature
    tags = [child.tag for child in slot]
    allowed = {"NGAY_KY", "SO_CCCD", SIGNATURE}
    if len(set(tags)) != len(tags) or not set(tags) <= allowed or (tags and SIGNATURE not in tags):
        return f"{place.field}: something that is no part of a signature, twice the same, or no signature at all"
    if signature is None:
        return None
    objects = [child for each in signature.findall(f"{DS}Object") for child in (each, *each)]
    shape = [each.tag for each in objects]
    own = [f"{DS}Object", PROPERTIES]
    stated, properties = slot.findtext("NGAY_KY"), objects[1] if len(objects) > 1 else None
    beside = {
        "text, an attribute or an element that nobody signed": any(
            _said(child.tail) or (child is not signature and (len(child) or child.attrib)) for child in slot
        ),
        "the signature carries more than its own properties": shape not in (own, [*own, f"{DS}Object", QUALIFYING]),
        "something in the signature that is no part of one": _more_than_a_signature(signature),
        "the unsigned properties hold something else than a time-stamp and validation data": len(shape) > len(own)
        and not _only_evidence(signature, objects[-1]),
        "NGAY_KY is not the time that was signed": not _repeats_time(stated, properties),
        "SO_CCCD is not in the signer's certificate": not _repeats_number(slot.findtext("SO_CCCD"), signature),
    }
    return next((f"{place.field}: {problem}" for problem, found in beside.items() if found), None)


def _repeats_time(stated: str | None, properties: etree._Element | None) -> bool:
    """Nothing is stated, or what the properties say; whether these are the signed ones, `xml_signatures` asks."""
    signed = moment(signing_time(properties))
    return stated is None or (signed is not None and moment(stated) == signed)


def _repeats_number(stated: str | None, signature: etree._Element) -> bool:
    """Nothing is stated, or a value of the certificate's subject: bare, or behind a prefix such as `CCCD:`."""
    certificate, _ = certificate_of(signature)
    values = [] if certificate is None else [str(value) for value in certificate.subject.native.values()]
    return stated is None or stated in {*values, *(value.rpartition(":")[2] for value in values)}


def _more_than_a_signature(signature: etree._Element) -> bool:
    """Whether there is more in a signature, or less, than SignedInfo, its value, certificates and Objects."""
    parts = [child.tag for child in signature]
    key_info = [element.tag for element in signature.findall(f"{DS}KeyInfo") for element in element.iter()]
    return (
        set(signature.attrib) != {"Id"}
        or parts[:3] != [f"{DS}SignedInfo", f"{DS}SignatureValue", f"{DS}KeyInfo"]
        or set(parts[3:]) - {f"{DS}Object"} != set()
        or key_info[:4] != [f"{DS}KeyInfo", f"{DS}X509Data", f"{DS}X509SubjectName", f"{DS}X509Certificate"]
        or set(key_info[4:]) - {f"{DS}X509Certificate"} != set()
        or not all(_is_read_as(x509.Certificate, leaf) for leaf in signature.iter(f"{DS}X509Certificate"))
        or any(_said(child.tail) or _said(child.text if len(child) else None) for child in signature)
        or any(child.attrib for child in signature)
    )


def _only_evidence(signature: etree._Element, qualifying: etree._Element) -> bool:
    """Whether XAdES's unsigned properties are one time-stamp, and at most once the two kinds of validation data."""
    unsigned = qualifying.find(f"{XADES}UnsignedProperties")
    kinds = [f"{XADES}{name}" for name in ("SignatureTimeStamp", "CertificateValues", "RevocationValues")]
    if (
        [*qualifying.attrib.items()] != [("Target", f"#{signature.get('Id')}")]
        or [child.tag for child in qualifying] != [SIGNED_PROPERTIES, f"{XADES}UnsignedProperties"]
        or unsigned is None
        or [child.tag for child in unsigned] != [f"{XADES}UnsignedSignatureProperties"]
        or [child.tag for child in unsigned[0]] not in (kinds[:1], kinds)
        or [child.tag for child in unsigned[0][0]] != [f"{DS}CanonicalizationMethod", f"{XADES}EncapsulatedTimeStamp"]
    ):
        return False
    inside = list(unsigned.iter())
    if _said(qualifying.text) or any(_said(element.tail) for element in (*qualifying, *inside)):
        return False
    return all(_is_evidence(element) for element in inside)


def _is_read_as(kind: type[x509.Certificate], leaf: etree._Element) -> bool:
    """Whether an element holds nothing but one value of this kind."""
    try:
        _ = kind.load(base64.b64decode("".join((leaf.text or "").split()), validate=True), strict=True).native
    except (ValueError, TypeError, KeyError):
        return False
    return not len(leaf) and not leaf.attrib


def _token(der: bytes) -> object:
    return cms.ContentInfo.load(der, strict=True)["content"]["encap_content_info"]["content"].parsed["gen_time"].native


_LEAVES: Final[dict[str, Callable[[bytes], object]]] = {
    "EncapsulatedTimeStamp": _token,
    "EncapsulatedX509Certificate": lambda der: x509.Certificate.load(der, strict=True).native,
    "EncapsulatedCRLValue": lambda der: crl.CertificateList.load(der, strict=True).native,
    "EncapsulatedOCSPValue": lambda der: ocsp.OCSPResponse.load(der, strict=True).native,
}
"""What may carry bytes below the unsigned properties, and how one tells that they are that."""

_HOLDERS: Final[Mapping[str, frozenset[str]]] = {
    f"{XADES}UnsignedProperties": frozenset({f"{XADES}UnsignedSignatureProperties"}),
    f"{XADES}UnsignedSignatureProperties": frozenset(
        f"{XADES}{kind}" for kind in ("SignatureTimeStamp", "CertificateValues", "RevocationValues")
    ),
    f"{XADES}SignatureTimeStamp": frozenset({f"{DS}CanonicalizationMethod", f"{XADES}EncapsulatedTimeStamp"}),
    f"{XADES}CertificateValues": frozenset({f"{XADES}EncapsulatedX509Certificate"}),
    f"{XADES}RevocationValues": frozenset({f"{XADES}CRLValues", f"{XADES}OCSPValues"}),
    f"{XADES}CRLValues": frozenset({f"{XADES}EncapsulatedCRLValue"}),
    f"{XADES}OCSPValues": frozenset({f"{XADES}EncapsulatedOCSPValue"}),
}
"""What each element below the unsigned properties may hold."""


def _is_evidence(element: etree._Element) -> bool:
    """Whether one element below the unsigned properties is as it should be, its children by their names."""
    tag, children = str(element.tag), {str(child.tag) for child in element}
    if tag == f"{DS}CanonicalizationMethod":
        return [*element.attrib.items()] == [("Algorithm", EXCLUSIVE_C14N)] and not children and not _said(element.text)
    if tag in _HOLDERS:
        return not element.attrib and bool(children) and children <= _HOLDERS[tag] and not _said(element.text)
    read = _LEAVES.get(tag.removeprefix(XADES))
    if read is None or element.attrib or children:
        return False
    try:
        read(base64.b64decode("".join((element.text or "").split()), validate=True))
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    return True
