# SPDX-License-Identifier: Apache-2.0

"""XAdES (ETSI EN 319 132-1) on top of an XML signature, where the profile asks for signatures that last by themselves.

    Object/QualifyingProperties Target="#sig-GVCN"
     ├─ SignedProperties Id="sig-GVCN-xades"     the certificate's digest, the claimed time; under a Reference of their own
     └─ UnsignedProperties
         ├─ SignatureTimeStamp                   a token over the canonical SignatureValue: XAdES-T
         ├─ CertificateValues                    the way to a root, of signer and time-stamping authority,
         └─ RevocationValues                     and that none was revoked: XAdES-LT

The first part is made with the signature, the time-stamp when its value is put in, and the values once, after the seal. None
of the unsigned part is covered by any signature, so adding it breaks none.
"""

import base64
import hashlib
from collections.abc import Iterable
from typing import Final

from asn1crypto import cms, x509
from asn1crypto.core import Asn1Value
from lxml import etree
from pyhanko.sign.timestamps import TimeStamper

from signer import sessions
from signer.archive import timestamp_signer
from signer.certificate import SignerCertificate
from signer.errors import UnreadableDocument
from signer.profile import PADES
from signer.validation_data import ValidationData

XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
SIGNED_PROPERTIES: Final = "http://uri.etsi.org/01903#SignedProperties"
"""What the Reference to the signed properties says that they are."""

_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"


def qualifies(signature: etree._Element) -> bool:
    """Whether a signature has properties of XAdES."""
    return signature.find(f"{{{_DS}}}Object/{{{XADES}}}QualifyingProperties") is not None


def signed_properties(signature: etree._Element, *, who: SignerCertificate, signing_time: str) -> etree._Element:
    """Add the properties that are signed, and return them; the Reference to them is the caller's."""
    name = str(signature.get("Id"))
    holder = etree.SubElement(signature, f"{{{_DS}}}Object")
    qualifying = etree.SubElement(
        holder, f"{{{XADES}}}QualifyingProperties", {"Target": f"#{name}"}, nsmap={"xades": XADES}
    )
    signed = _part(qualifying, "SignedProperties", Id=f"{name}-xades")
    of_signature = _part(signed, "SignedSignatureProperties")
    _part(of_signature, "SigningTime").text = signing_time
    digest = _part(_part(_part(of_signature, "SigningCertificateV2"), "Cert"), "CertDigest")
    etree.SubElement(digest, f"{{{_DS}}}DigestMethod", {"Algorithm": _SHA256})
    etree.SubElement(digest, f"{{{_DS}}}DigestValue").text = base64.b64encode(who.certificate_sha256).decode()
    of_objects = _part(signed, "SignedDataObjectProperties")
    for number in (1, 2):
        # EN 319 132-1, 6.3: one for each signed thing but these properties, which says of what kind it is.
        described = _part(of_objects, "DataObjectFormat", ObjectReference=f"#{name}-ref-{number}")
        _part(described, "MimeType").text = "text/xml"
    return signed


def reference_marks(name: str, number: int, element: etree._Element) -> dict[str, str]:
    """What XAdES wants to see on the `number`th Reference of a signature: an Id, or that it leads to the signed properties."""
    if element.tag == f"{{{XADES}}}SignedProperties":
        return {"Type": SIGNED_PROPERTIES}
    return {"Id": f"{name}-ref-{number}"}


def add_timestamp(signature: etree._Element, canonical_value: bytes, timestamper: TimeStamper) -> None:
    """Add a time-stamp over the canonical SignatureValue (EN 319 132-1, 5.3). Raises `TimestampUnavailable`."""
    imprint = hashlib.sha256(canonical_value).digest()
    token = sessions.run(timestamper.async_timestamp(imprint, PADES.digest))
    stamp = _part(_unsigned_of(signature), "SignatureTimeStamp")
    etree.SubElement(stamp, f"{{{_DS}}}CanonicalizationMethod", {"Algorithm": _EXCLUSIVE_C14N})
    _part(stamp, "EncapsulatedTimeStamp").text = base64.b64encode(token.dump()).decode()


def keep(signature: etree._Element, *, validation_data: ValidationData) -> None:
    """Add what proves the certificates of signer and time-stamping authority, unless it is there.

    Raises `CertificateUntrusted`, `ValidationDataUnavailable` or, for a signature that is not of ours, `UnreadableDocument`.
    """
    unsigned = _unsigned_of(signature)
    if unsigned.find(f"{{{XADES}}}CertificateValues") is not None:
        return
    try:
        own, *others = [_certificate(leaf) for leaf in signature.iterfind(f".//{{{_DS}}}X509Certificate")]
        tokens = [
            timestamp_signer(cms.ContentInfo.load(_der(leaf), strict=True)["content"])
            for leaf in unsigned.iterfind(f"{{{XADES}}}SignatureTimeStamp/{{{XADES}}}EncapsulatedTimeStamp")
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableDocument(
            f"Không đọc được chữ ký XAdES trong tệp XML ({error}). Hãy xuất lại học bạ từ phần mềm rồi ký.",
            f"A XAdES signature in the XML cannot be read ({error}). Export the record again, then sign.",
        ) from error
    known = [*others, *(one for _, more, _ in tokens for one in more)]
    proofs = [sessions.run(validation_data.proof(own, known))]
    proofs += [sessions.run(validation_data.proof(one, known, timestamping=True)) for one, _, _ in tokens]
    certificates = [one for proof in proofs for one in proof.path if one.self_signed == "no"]
    _hold(_part(unsigned, "CertificateValues"), "EncapsulatedX509Certificate", certificates)
    revocation = _part(unsigned, "RevocationValues")
    for holder, leaf, found in (
        ("CRLValues", "EncapsulatedCRLValue", [one for proof in proofs for one in proof.crls]),
        ("OCSPValues", "EncapsulatedOCSPValue", [one for proof in proofs for one in proof.ocsps]),
    ):
        if found:
            _hold(_part(revocation, holder), leaf, found)


def _hold(parent: etree._Element, tag: str, values: Iterable[Asn1Value]) -> None:
    for der in dict.fromkeys(value.dump() for value in values):
        _part(parent, tag).text = base64.b64encode(der).decode()


def _der(leaf: etree._Element) -> bytes:
    return base64.b64decode("".join((leaf.text or "").split()), validate=True)


def _certificate(leaf: etree._Element) -> x509.Certificate:
    return x509.Certificate.load(_der(leaf), strict=True)


def _unsigned_of(signature: etree._Element) -> etree._Element:
    """Where unsigned properties go, made if it is not there."""
    qualifying = signature.find(f"{{{_DS}}}Object/{{{XADES}}}QualifyingProperties")
    assert qualifying is not None  # noqa: S101 - asked for only where `qualifies` says so
    unsigned = qualifying.find(f"{{{XADES}}}UnsignedProperties")
    if unsigned is None:
        unsigned = _part(qualifying, "UnsignedProperties")
        _part(unsigned, "UnsignedSignatureProperties")
    return unsigned[0]


def _part(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{XADES}}}{tag}", attributes)
