# SPDX-License-Identifier: Apache-2.0

"""What the signatures of a record's XML prove: each slot's XML-DSig, by a library that did not make it.

`signer.xml` signs with lxml and has xmlsec check it; here signxml verifies, so that no library blesses its own mistake. A
signature counts only if it covers exactly the record (`DU_LIEU_HOC_BA`) and its own properties: what signxml hands back as
signed is compared with the record's canonical form, which is what defeats wrapping.

An XML-DSig of the ministry's profile carries no time-stamp, so `timestamped_at` is None: that the record existed in time is
proven by the anchor, and its certificates' revocation by the PDF of the same unit, which the same people signed.
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
_REFERENCES = 2
"""The record, and the signature's own properties with its SigningTime."""


def judge_xml(data: bytes, *, anchors: Anchors) -> tuple[SignatureJudgement, ...]:
    """Judges the signature in every filled slot, in the order of signing. `data` has been read by `ledger.record.xml` already.

    Raises nothing over what the file contains.
    """
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    document = etree.fromstring(data, parser)
    record = data_element(data)
    return tuple(
        _judge(document, slot, record, anchors)
        for slot in SLOTS
        if document.find(f"./DANH_SACH_THONG_TIN_KY/{slot}/{_DS}Signature") is not None
    )


def _judge(document: etree._Element, slot: str, record: bytes, anchors: Anchors) -> SignatureJudgement:
    place = f"./DANH_SACH_THONG_TIN_KY/{slot}/"
    claimed_at, certificate, problem = _claims(document, place)
    covered = False
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
                ),
            )
            signed = results if isinstance(results, list) else [results]
            covered = any(result.signed_data == record for result in signed)
            problem = None if covered else "the signature does not cover the record"
        except (SignXMLException, ValueError, TypeError, KeyError, etree.LxmlError) as error:
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
    )


def _claims(document: etree._Element, place: str) -> tuple[datetime | None, x509.Certificate | None, str | None]:
    """What the signature says of itself: when, and with which certificate."""
    stated = document.findtext(
        f"{place}{_DS}Signature/{_DS}Object/{_DS}SignatureProperties/{_DS}SignatureProperty/{{*}}SigningTime"
    )
    encoded = document.findtext(f"{place}{_DS}Signature/{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate")
    try:
        moment = None if stated is None else datetime.fromisoformat(stated)
        claimed_at = None if moment is None or moment.tzinfo is None else moment.astimezone(UTC)
    except ValueError:
        claimed_at = None
    try:
        certificate = x509.Certificate.load(base64.b64decode(encoded or ""), strict=True)
        _ = certificate.subject.native
    except (ValueError, TypeError, KeyError) as error:
        return claimed_at, None, f"no certificate can be read: {error}"
    return claimed_at, certificate, None


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
