# SPDX-License-Identifier: Apache-2.0

"""What the signatures of a record's XML prove: each slot's XML-DSig, by a library that did not make it.

`signer.xml` signs with lxml and has xmlsec check it; here signxml verifies, so that no library blesses its own mistake. A
signature counts only if it covers exactly the record (`DU_LIEU_HOC_BA`) and its own properties: what signxml hands back as
signed is compared with the record's canonical form, and the time is read from nowhere but there, which is what defeats
wrapping. What stands beside the signatures and is covered by none (`unsigned_content`) may say again what was signed, and
nothing else.

An XML-DSig of the ministry's profile carries no time-stamp, so `timestamped_at` is None: that the record existed in time is
proven by the anchor. Nor does it carry revocation data: whether a signer was revoked, only the PDF of the same unit can show.
"""

import asyncio
import base64
import hashlib
from datetime import UTC, datetime

from asn1crypto import pem, x509
from lxml import etree
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathError, ValidationError
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from ledger.record.xml import data_element
from verifier_api.judgements import SignatureJudgement
from verifier_api.trust import Anchors
from verifier_api.verdict import Outcome

SLOTS = ("GVCN", "CBQL", "KY_PHAT_HANH")
_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_SIGNATURE, _PROPERTIES = f"{_DS}Signature", f"{_DS}SignatureProperties"
_REFERENCES = 2
"""The record, and the signature's own properties with its SigningTime."""


def judge_xml(data: bytes, *, anchors: Anchors) -> tuple[SignatureJudgement, ...]:
    """Judges the signature in every filled slot, in the order of signing. `data` has been read by `ledger.record.xml` already.

    Raises nothing over what the file contains.
    """
    document = _parse(data)
    record = data_element(data)
    return tuple(
        _judge(document, slot, record, anchors)
        for slot in SLOTS
        if document.find(f"./DANH_SACH_THONG_TIN_KY/{slot}/{_SIGNATURE}") is not None
    )


def unsigned_content(data: bytes) -> str | None:
    """What the file says beside the record that no signature covers and no signer said, or None; English, for experts.

    Signatures cover the record and their own time. Around them a forger may write: another `NGAY_KY`, another person's
    number, a second signature, a stylesheet. To be asked of what `ledger.record.xml` has read already.
    """
    document = _parse(data)
    if [*document.itersiblings(), *document.itersiblings(preceding=True)]:
        return "something stands before or after HOC_BA"
    frame = [document, *document.findall("DANH_SACH_THONG_TIN_KY")]
    slots = [child for element in frame[1:] for child in element]
    for element in (*frame, *slots):
        if not isinstance(element.tag, str) or element.attrib or any(map(_said, (element.text, element.tail))):
            return f"{element.tag}: text, an attribute or a comment that nobody signed"
    if _said(document[0].tail):
        return "text behind DU_LIEU_HOC_BA"
    return next((problem for slot in slots if (problem := _beside(slot)) is not None), None)


def _said(text: str | None) -> bool:
    return bool(text and text.strip())


def _beside(slot: etree._Element) -> str | None:
    """What is wrong in one slot beside its signature."""
    tags = [child.tag for child in slot]
    allowed = {"NGAY_KY", "SO_CCCD", _SIGNATURE} if slot.tag in SLOTS else set()
    if len(set(tags)) != len(tags) or not set(tags) <= allowed or (tags and _SIGNATURE not in tags):
        return f"{slot.tag}: something that is no part of a signature, twice the same, or no signature at all"
    signature = slot.find(_SIGNATURE)
    if signature is None:
        return None
    objects = [child for each in signature.findall(f"{_DS}Object") for child in (each, *each)]
    beside = {
        "text, an attribute or an element that nobody signed": any(
            _said(child.tail) or (child is not signature and (len(child) or child.attrib)) for child in slot
        ),
        "the signature carries more than its own properties": [each.tag for each in objects]
        != [f"{_DS}Object", _PROPERTIES],
        "NGAY_KY is not the time that was signed": not _repeats_time(slot.findtext("NGAY_KY"), objects),
        "SO_CCCD is not in the signer's certificate": not _repeats_number(slot.findtext("SO_CCCD"), signature),
    }
    return next((f"{slot.tag}: {problem}" for problem, found in beside.items() if found), None)


def _repeats_time(stated: str | None, objects: list[etree._Element]) -> bool:
    """Nothing is stated, or what the properties say; whether these are the signed ones, `_judge` asks."""
    signed = _moment(_time_text(objects[-1])) if objects else None
    return stated is None or (signed is not None and _moment(stated) == signed)


def _repeats_number(stated: str | None, signature: etree._Element) -> bool:
    """Nothing is stated, or a value of the certificate's subject: bare, or behind a prefix such as `CCCD:`."""
    certificate, _ = _certificate(signature)
    values = [] if certificate is None else [str(value) for value in certificate.subject.native.values()]
    return stated is None or stated in {*values, *(value.rpartition(":")[2] for value in values)}


def _judge(document: etree._Element, slot: str, record: bytes, anchors: Anchors) -> SignatureJudgement:
    place = f"./DANH_SACH_THONG_TIN_KY/{slot}/"
    signature = document.find(f"{place}{_SIGNATURE}")
    certificate, problem = (None, "no signature") if signature is None else _certificate(signature)
    covered, claimed_at = False, None
    if certificate is not None:
        try:
            results = XMLVerifier().verify(
                document,
                x509_cert=_pem(certificate),
                id_attribute="Id",
                validate_schema=False,
                expect_config=SignatureConfiguration(
                    location=place,
                    expect_references=_REFERENCES,
                    signature_methods=frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256}),
                    digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
                    # The library would refuse a certificate that has ended by now. Dates are judged below, as of then.
                    verification_time=certificate.not_valid_before,
                ),
            )
            signed = results if isinstance(results, list) else [results]
            properties = [each.signed_xml for each in signed if getattr(each.signed_xml, "tag", None) == _PROPERTIES]
            covered = any(result.signed_data == record for result in signed) and len(properties) == 1
            claimed_at = _moment(_time_text(properties[0])) if covered else None
            problem = None if covered else "the signature does not cover the record and its own properties"
        except (SignXMLException, ValueError, TypeError, KeyError, AttributeError, etree.LxmlError) as error:
            problem = f"{type(error).__name__}: {error}"
    hierarchy, root = (None, None) if certificate is None else _path(certificate, anchors, claimed_at)
    good = problem is None and covered
    return SignatureJudgement(
        field=slot,
        signer="" if certificate is None else _name(certificate),
        stated_reason="",
        cert_der=b"" if certificate is None else certificate.dump(),
        cert_sha256=b"" if certificate is None else hashlib.sha256(certificate.dump()).digest(),
        hierarchy=hierarchy,
        issuer_root_sha256=root,
        claimed_at=claimed_at,
        timestamped_at=None,
        intact=good,
        valid=good,
        trusted=root is not None,
        revoked=False,
        revoked_at=None,
        covers_entire_file=False,
        sub_indication=("OK" if root else "NO_CERTIFICATE_CHAIN_FOUND") if good else "SIG_CRYPTO_FAILURE",
        outcome=(Outcome.PASSED if root else Outcome.UNKNOWN) if good else Outcome.FAILED,
        reason=problem or "",
        certificate_ends=None if certificate is None else certificate.not_valid_after,
    )


def _parse(data: bytes) -> etree._Element:
    return etree.fromstring(
        data, etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    )


def _time_text(properties: etree._Element | None) -> str | None:
    found = [] if properties is None else properties.findall(f"{_DS}SignatureProperty/{{*}}SigningTime")
    return found[0].text if len(found) == 1 else None


def _moment(text: str | None) -> datetime | None:
    """A time with a zone, or None for anything else."""
    try:
        moment = datetime.fromisoformat(text or "")
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _certificate(signature: etree._Element) -> tuple[x509.Certificate | None, str | None]:
    """The certificate that a signature names, or why there is none to be read."""
    encoded = signature.findtext(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate")
    try:
        certificate = x509.Certificate.load(base64.b64decode(encoded or ""), strict=True)
        _ = certificate.subject.native, certificate.not_valid_before, certificate.not_valid_after
    except (ValueError, TypeError, KeyError) as error:
        return None, f"no certificate can be read: {error}"
    return certificate, None


def _path(certificate: x509.Certificate, anchors: Anchors, moment: datetime | None) -> tuple[str | None, bytes | None]:
    """The hierarchy and the root above `certificate` as of `moment`; revocation is not asked here (module docstring)."""
    if moment is None:
        return None, None
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(root) for roots in anchors.roots.values() for root in roots],
        other_certs=[x509.Certificate.load(other) for other in anchors.intermediates],
        moment=moment,
        allow_fetching=False,
        revocation_mode="soft-fail",
    )
    try:
        path = asyncio.run(
            CertificateValidator(certificate, validation_context=context).async_validate_usage(  # type: ignore[no-untyped-call]
                {"non_repudiation"}
            )
        )
        root = hashlib.sha256(path.first.dump()).digest()
    except (PathBuildingError, PathError, ValidationError, ValueError, AttributeError):
        return None, None
    names = [
        name for name, roots in anchors.roots.items() if any(hashlib.sha256(der).digest() == root for der in roots)
    ]
    return (names[0], root) if names else (None, None)


def _name(certificate: x509.Certificate) -> str:
    names = certificate.subject.native
    return str(names.get("common_name") or names.get("organization_name") or "")


def _pem(certificate: x509.Certificate) -> str:
    return str(pem.armor("CERTIFICATE", certificate.dump()).decode())
