# SPDX-License-Identifier: Apache-2.0

"""What a signer may have added to a unit's files, and nothing else: looked at before it is stored.

A hand may be a token's driver, a remote service, or a program on a teacher's PC. It could give back a file that lost a byte,
somebody else's file, or the file as it was. So the shape of what was added is checked here: that what was there still is,
that the one place is filled, that the signature there is over these very bytes up to the end of the file, and that the
certificate is the one that was announced. Whether it is trusted and in time is the verifier's question, asked with its own
libraries.
"""

import base64
import binascii
import hashlib
import io
from collections.abc import Iterator

import pikepdf
from asn1crypto import cms, tsp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from lxml import etree
from pikepdf import Array, Dictionary, Name

from ledger.record import xml
from ledger.record.errors import Unreadable
from ledger.record.xml import parsing
from ledger.unit import Role, Slot

_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_UNSIGNED = "{http://uri.etsi.org/01903/v1.3.2#}UnsignedProperties"
_SUBJECT_TEACHERS = "DANH_SACH_GVBM"
_CERTIFICATE = "{http://www.w3.org/2000/09/xmldsig#}X509Certificate"


def pdf_is_signed(before: bytes, after: bytes, *, role: Role, cert_sha256: str) -> bool:
    """Whether `after` is `before` with one revision more, in which the field of `role` is signed with that certificate."""
    if len(after) <= len(before) or not after.startswith(before):
        return False
    filled, earlier = _filled(after), _filled(before)
    if filled is None or earlier is None or set(filled) - set(earlier) != {role.value}:
        return False
    signature = filled[role.value]
    covered = _covered(signature, after)
    return covered is not None and _signs(bytes(signature.Contents), covered, cert_sha256)


def pdf_is_archived(before: bytes, after: bytes) -> bool:
    """Whether `after` is `before` with validation data, and with a document timestamp that covers the whole file."""
    if len(after) <= len(before) or not after.startswith(before):
        return False
    filled, earlier = _filled(after), _filled(before)
    if filled is None or earlier is None:
        return False
    added = [filled[name] for name in set(filled) - set(earlier)]
    if len(added) != 1 or added[0].get("/Type") != Name.DocTimeStamp:
        return False
    covered = _covered(added[0], after)
    return covered is not None and _stamps(bytes(added[0].Contents), covered)


def xml_is_signed(before: bytes, after: bytes, *, slot: Slot, cert_sha256: str) -> bool:
    """Whether `after` has the data and signatures of `before`, and one more, in `slot`, by that certificate."""
    try:
        if xml.data_element(after) != xml.data_element(before):
            return False
        earlier, later = _slots(before), _slots(after)
    except Unreadable:
        return False
    name = str(slot)
    others = [other for other in earlier if other != name]
    if list(later) != list(earlier) or name not in later or any(later[other] != earlier[other] for other in others):
        return False
    if _SIGNATURE in _tags(earlier[name]):
        return False
    signatures = etree.fromstring(later[name]).findall(_SIGNATURE)
    return len(signatures) == 1 and cert_sha256 in _named(signatures[0])


def xml_is_kept(before: bytes, after: bytes) -> bool:
    """Whether `after` is `before` with nothing more than unsigned properties (XAdES validation data) in its signatures."""
    try:
        return xml.data_element(after) == xml.data_element(before) and _bare_slots(after) == _bare_slots(before)
    except Unreadable:
        return False


def _filled(pdf: bytes) -> dict[str, Dictionary] | None:
    """The signatures of a PDF by the names of their fields, or `None` when the bytes are no PDF of ours."""
    try:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            fields = document.Root.get("/AcroForm", Dictionary()).get("/Fields", Array())
            return {str(field.T): _detached(field.V) for field in fields if "/V" in field}
    except (pikepdf.PdfError, AttributeError, TypeError, ValueError, KeyError):
        return None


def _detached(signature: pikepdf.Object) -> Dictionary:
    """The three entries that are looked at, without the document, which is about to be closed."""
    return Dictionary(
        {
            "/Type": Name(str(signature.get("/Type", "/Sig"))),
            "/ByteRange": [int(number) for number in signature.ByteRange],
            "/Contents": pikepdf.String(bytes(signature.Contents)),
        }
    )


def _covered(signature: Dictionary, pdf: bytes) -> bytes | None:
    """What it covers, if that is everything but its own value: [0, start of the value, end of the value, rest]."""
    numbers = [int(number) for number in signature.ByteRange]
    if len(numbers) != 4:  # noqa: PLR2004 - ISO 32000-2, 12.8.1
        return None
    start, before, after, rest = numbers
    value = b"<" + bytes(signature.Contents).hex().encode() + b">"
    if start != 0 or after + rest != len(pdf) or pdf[before:after].lower() != value:
        return None
    return pdf[:before] + pdf[after:]


def _signs(contents: bytes, covered: bytes, cert_sha256: str) -> bool:
    """Whether a CMS signature (RFC 5652) is one over `covered` by that certificate."""
    try:
        signed = cms.ContentInfo.load(contents)["content"]
        (signer,) = signed["signer_infos"]
        certificates = [choice.chosen for choice in signed["certificates"] if choice.name == "certificate"]
        certificate = next(one for one in certificates if hashlib.sha256(one.dump()).hexdigest() == cert_sha256)
        attributes = signer["signed_attrs"]
        digests = [one["values"][0].native for one in attributes if one["type"].native == "message_digest"]
        key = load_der_public_key(certificate.public_key.dump())
        value, attributes_der = signer["signature"].native, attributes.untag().dump()
    except (ValueError, TypeError, KeyError, StopIteration):
        return False
    if digests != [hashlib.sha256(covered).digest()]:
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, attributes_der, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, attributes_der, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _stamps(contents: bytes, covered: bytes) -> bool:
    """Whether a timestamp token (RFC 3161) is one over `covered`."""
    try:
        info = cms.ContentInfo.load(contents)["content"]["encap_content_info"]["content"].parsed
        imprint = info["message_imprint"]
        algorithm, digest = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
    except (ValueError, TypeError, KeyError):
        return False
    return isinstance(info, tsp.TSTInfo) and algorithm == "sha256" and bool(digest == hashlib.sha256(covered).digest())


def _places(document: bytes) -> dict[str, etree._Element]:
    """Each place for a signature, by its slot; a subject teacher's is known by its Id, such as GVBM-TOAN."""
    places = parsing.parse(document).find(parsing.SIGNATURES)
    found: dict[str, etree._Element] = {}
    for place in () if places is None else places:
        for one in place if place.tag == _SUBJECT_TEACHERS else (place,):
            found[str(one.get("Id") or one.tag)] = one
    return found


def _slots(document: bytes) -> dict[str, bytes]:
    """The canonical bytes of each place for a signature."""
    return {name: _canonical(place) for name, place in _places(document).items()}


def _bare_slots(document: bytes) -> dict[str, bytes]:
    """The same without what XAdES may add to a signature afterwards."""
    found = {}
    for name, place in _places(document).items():
        for added in list(place.iter(_UNSIGNED)):
            parent = added.getparent()
            if parent is not None:
                parent.remove(added)
        found[name] = _canonical(place)
    return found


def _canonical(place: etree._Element) -> bytes:
    out: bytes = etree.tostring(place, method="c14n", exclusive=True, with_tail=False)
    return out


def _tags(element: bytes) -> list[str]:
    return [str(child.tag) for child in etree.fromstring(element)]


def _named(signature: etree._Element) -> Iterator[str]:
    for certificate in signature.iter(_CERTIFICATE):
        try:
            der = base64.b64decode("".join((certificate.text or "").split()), validate=True)
        except binascii.Error:
            continue
        yield hashlib.sha256(der).hexdigest()
