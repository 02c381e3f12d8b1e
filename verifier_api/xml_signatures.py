# SPDX-License-Identifier: Apache-2.0

"""What the signatures of a record's XML prove: each slot's XML-DSig, by a library that did not make it.

`signer.xml` signs with lxml and has xmlsec check it; here signxml verifies, so that no library blesses its own mistake. A
signature counts only if it covers exactly what belongs to its place, and its own properties: the record (`DU_LIEU_HOC_BA`),
or in a subject teacher's place the row of that very subject, in which case the properties have to name this unit. What signxml
hands back as signed is compared with the canonical form of that, and the time is read from nowhere but there, which is what
defeats wrapping. What stands beside the signatures and is covered by none, `verifier_api.xml_places` looks at.

A plain XML-DSig of the ministry's profile carries no time-stamp, so `timestamped_at` is None: that the record existed in time is
proven by the anchor. Nor does it carry revocation data: whether a signer was revoked, only the PDF of the same unit can show.
Under XAdES both may be there (`verifier_api.xades`), and then they are judged.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto import pem, x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.errors import PathBuildingError, PathError, ValidationError
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from ledger.record.xml import data_element
from verifier_api import xades
from verifier_api.judgements import MAX_NAME_CHARACTERS, MAX_REASON_CHARACTERS, SignatureJudgement, shortened
from verifier_api.trust import Anchors
from verifier_api.verdict import Outcome
from verifier_api.xml_places import (
    DS,
    PROPERTIES,
    QUALIFYING,
    SIGNED_PROPERTIES,
    Place,
    canonical,
    certificate_of,
    moment,
    parse,
    places,
    property_text,
    signing_time,
)

_REFERENCES = 2
"""What is signed, and the signature's own properties with its SigningTime; XAdES has its own properties signed as well."""


def judge_xml(data: bytes, *, anchors: Anchors) -> tuple[SignatureJudgement, ...]:
    """Judges the signature in every filled slot: subject teachers as they stand there, then the others in the order of signing.

    `data` has been read by `ledger.record.xml` already. Raises nothing over what the file contains.
    """
    document = parse(data)
    record = data_element(data)
    return tuple(_judge(document, place, record, anchors) for place in places(document) if place.signature is not None)


_UNREADABLE: Final = (
    SignXMLException,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    etree.LxmlError,
)
"""What the library raises over a signature that it cannot make sense of."""


@dataclass(frozen=True)
class _Read:
    """What a signature turned out to sign."""

    problem: str | None
    claimed_at: datetime | None = None


def _judge(document: etree._Element, place: Place, record: bytes, anchors: Anchors) -> SignatureJudgement:
    signature = place.signature
    assert signature is not None  # noqa: S101 - asked for filled places only
    certificate, problem = certificate_of(signature)
    read = _Read(problem) if certificate is None else _read(document, place, record, certificate)
    good = read.problem is None
    proof = _Proof() if certificate is None or not good else _prove(signature, certificate, read, anchors)
    indication, outcome = ("SIG_CRYPTO_FAILURE", Outcome.FAILED) if not good else _conclude(proof)
    return SignatureJudgement(
        field=place.field,
        signer="" if certificate is None else shortened(_name(certificate), MAX_NAME_CHARACTERS),
        stated_reason="",
        cert_der=b"" if certificate is None else certificate.dump(),
        cert_sha256=b"" if certificate is None else hashlib.sha256(certificate.dump()).digest(),
        hierarchy=proof.hierarchy,
        issuer_root_sha256=proof.root,
        claimed_at=read.claimed_at,
        timestamped_at=None if proof.stamped is None else proof.stamped.at,
        intact=good,
        valid=good,
        trusted=proof.root is not None and outcome is Outcome.PASSED,
        revoked=indication == "REVOKED_NO_POE",
        revoked_at=proof.revoked_at,
        covers_entire_file=False,
        sub_indication=indication,
        outcome=outcome,
        reason=(read.problem or proof.problem or "")[:MAX_REASON_CHARACTERS],
        certificate_ends=proof.ends,
        revocation_kept=proof.revocation_kept,
    )


def _read(document: etree._Element, place: Place, record: bytes, certificate: x509.Certificate) -> _Read:
    """Whether the signature holds, and covers what belongs to its place and its own properties, no more and no less."""
    signature = place.signature
    qualified = signature is not None and signature.find(f"{DS}Object/{QUALIFYING}") is not None
    try:
        results = XMLVerifier().verify(
            document,
            x509_cert=_pem(certificate),
            id_attribute="Id",
            validate_schema=False,
            expect_config=SignatureConfiguration(
                location=place.path,
                expect_references=_REFERENCES + qualified,
                signature_methods=frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256}),
                digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
                # The library would refuse a certificate that has ended by now. Dates are judged below, as of then.
                verification_time=certificate.not_valid_before,
            ),
        )
        signed = results if isinstance(results, list) else [results]
        by_tag = {str(getattr(each.signed_xml, "tag", "")): each for each in signed}
        properties = by_tag.get(PROPERTIES)
        covered = any(each.signed_data == _belonging(document, place, record) for each in signed)
        if len(by_tag) != _REFERENCES + qualified or properties is None or not covered:
            return _Read("the signature does not cover what belongs to its place, and its own properties")
        problem = _subject_problem(document, place, properties.signed_xml)
        if qualified:
            own = by_tag.get(SIGNED_PROPERTIES)
            problem = problem or xades.signed_problem(
                None if own is None else own.signed_xml, properties.signed_xml, certificate
            )
        return _Read(problem, moment(signing_time(properties.signed_xml)))
    except _UNREADABLE as error:
        return _Read(f"{type(error).__name__}: {error}")


def _belonging(document: etree._Element, place: Place, record: bytes) -> bytes | None:
    """The canonical bytes of which the signature in a place has to be; None if the file has no such row."""
    if place.subject is None:
        return record
    rows = [row for row in document[0].iter("DIEM_TONG_KET") if row.get("Id") == f"diem-{place.subject}"]
    return canonical(rows[0]) if len(rows) == 1 else None


def _subject_problem(document: etree._Element, place: Place, properties: etree._Element | None) -> str | None:
    """A row does not say whose it is, so the signature of a subject teacher has to name the unit."""
    if place.subject is None:
        return None
    unit = document.findtext("DU_LIEU_HOC_BA/THONG_TIN_CHUNG/MA_TRA_CUU_UUID")
    named = property_text(properties, "MA_TRA_CUU_UUID")
    return None if unit and named == unit else "the signature does not name this unit"


@dataclass(frozen=True)
class _Proof:
    """What is known of the certificate and the time of a signature that holds."""

    hierarchy: str | None = None
    root: bytes | None = None
    stamped: xades.Stamped | None = None
    revoked_at: datetime | None = None
    ends: datetime | None = None
    revocation_kept: bool = False
    problem: str | None = None


def _prove(signature: etree._Element, certificate: x509.Certificate, read: _Read, anchors: Anchors) -> _Proof:
    """The path above the certificate as of the proven time, or else the claimed one, and what XAdES's data say of it."""
    qualified = signature.find(f"{DS}Object/{QUALIFYING}") is not None
    try:
        evidence = xades.Evidence.of(signature)
    except ValueError as error:
        return _Proof(problem=f"the validation data cannot be read: {error}")
    found = xades.stamped(signature, evidence, anchors) if qualified else None
    stamped, problem = (None, found) if isinstance(found, str) else (found, None)
    path = _path(certificate, evidence, anchors, read.claimed_at if stamped is None else stamped.at)
    root = hashlib.sha256(path[0]).digest() if path else None
    names = [
        name for name, roots in anchors.roots.items() if any(hashlib.sha256(der).digest() == root for der in roots)
    ]
    revoked_at, stale = evidence.revocation(path, stamped.at) if path and stamped is not None else (None, None)
    return _Proof(
        hierarchy=names[0] if names else None,
        root=root if names else None,
        stamped=stamped,
        revoked_at=revoked_at,
        # Until then the proof of time stands by itself: the signer's certificate, or the time-stamping authority's.
        ends=certificate.not_valid_after if stamped is None else stamped.authority_ends,
        revocation_kept=bool(evidence.crls or evidence.answers),
        problem=problem or stale,
    )


def _conclude(proof: _Proof) -> tuple[str, Outcome]:
    """The standard's word for a signature that holds, and its status."""
    if proof.root is None:
        return "NO_CERTIFICATE_CHAIN_FOUND", Outcome.UNKNOWN
    if proof.problem is not None:
        # A time-stamp that proves nothing, or data that were not current: what was promised is not there.
        return "SIG_CONSTRAINTS_FAILURE", Outcome.UNKNOWN
    if proof.revoked_at is not None and (proof.stamped is None or proof.revoked_at <= proof.stamped.at):
        return "REVOKED_NO_POE", Outcome.UNKNOWN
    return "OK", Outcome.PASSED


def _path(
    certificate: x509.Certificate, evidence: xades.Evidence, anchors: Anchors, at: datetime | None
) -> list[bytes]:
    """The certificates from a trusted root down to `certificate` as of `at`; none if there is no way."""
    if at is None:
        return []
    try:
        path = asyncio.run(
            CertificateValidator(certificate, validation_context=evidence.context(anchors, at)).async_validate_usage(  # type: ignore[no-untyped-call]
                {"non_repudiation"}
            )
        )
        return [one.dump() for one in path]
    except (PathBuildingError, PathError, ValidationError, ValueError, AttributeError):
        return []


def _name(certificate: x509.Certificate) -> str:
    names = certificate.subject.native
    return str(names.get("common_name") or names.get("organization_name") or "")


def _pem(certificate: x509.Certificate) -> str:
    return str(pem.armor("CERTIFICATE", certificate.dump()).decode())
