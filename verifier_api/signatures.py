# SPDX-License-Identifier: Apache-2.0

"""What the signatures of a PDF prove: every signature and timestamp judged, and what was added afterwards.

The judgement is made *at the proven time*: a signature counts as of the time its timestamps prove, with the certificates
and revocation data which the file itself holds, so that it can be made without a network, and twenty years on
(ETSI EN 319 102-1, 5.6.3). Whether a certificate was revoked later and dated back is another question, with another source.

1. Read the file. What cannot be read is not ours.
2. For each signature: is the digest right, does the signature verify, does its certificate lead to a trusted root, was it
   good at the proven time? The answer is the sub-indication of the standard, and nothing else of the library's.
3. The same for each document timestamp. One from an authority that nobody trusts proves nothing.
4. Compare the revisions (`verifier_api.revisions`): nothing but signatures and validation data may have been added.
5. Say who signed which field. Whether that is who had to sign is the profile's business.

Every failing of the library over a hostile file ends as a judgement here, never as an exception; running out of memory does not.

Example::

    judgement = judge_pdf(pdf, roots={"vgca": [...], "public": [...]}, field_names=frozenset({"GVCN", "CBQL"}))
    judgement.outcome, [s.signer for s in judgement.signatures]
"""

import asyncio
import hashlib
import io
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed, AdESStatus, AdESSubIndic
from pyhanko.sign.validation.ades import ades_lta_validation, ades_timestamp_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator.authority import AuthorityWithCert
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy, FreshnessReqType
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from verifier_api import corrections
from verifier_api.judgements import Attachment, PdfJudgement, SignatureJudgement
from verifier_api.revisions import review
from verifier_api.revocations import UnreadableEvidence, current_at, earliest_revocation
from verifier_api.verdict import Outcome

__all__ = ["Attachment", "PdfJudgement", "SignatureJudgement", "judge_pdf"]

corrections.apply()

# The library logs a traceback, with the names of those who signed, for every certificate it cannot follow. What it has to
# say is in the judgement; a log is no place for names.
for _library in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)

_CENTURY: Final = timedelta(days=36500)
"""Freshness asked of revocation data: none, because it was fresh when it was put into the file and timestamped with it."""

MAX_SIGNATURES: Final = 64
"""A unit has three signatures and gains a timestamp every few years; a file with more was made to keep us busy."""

MAX_REASON_CHARACTERS: Final = 400
"""A hostile file may put a book into an error message."""

MAX_ATTACHMENT_BYTES: Final = 10 * 1024 * 1024
"""The ministry's limit for one transaction; a record's XML is a thousandth of it."""

_STATUS: Final = {
    AdESStatus.PASSED: Outcome.PASSED,
    AdESStatus.FAILED: Outcome.FAILED,
    AdESStatus.INDETERMINATE: Outcome.UNKNOWN,
}
"""The standard's INDETERMINATE is what a finding calls UNKNOWN."""

_REVOKED: Final = frozenset({"REVOKED", "REVOKED_NO_POE", "REVOKED_CA_NO_POE"})


def judge_pdf(
    pdf: bytes,
    *,
    roots: Mapping[str, Sequence[bytes]],
    field_names: frozenset[str],
    issued_revision: int | None = None,
) -> PdfJudgement:
    """Judge every signature of `pdf`. Asks no network, and raises nothing over what the file contains.

    `roots` are the trusted root certificates (DER) of each hierarchy; `field_names` the fields that the paper lays out.
    `issued_revision` may be given when a prefix of the file, up to that revision, is known to be what was issued.
    """
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        embedded = list(reader.embedded_signatures)
        laid_out_open = tuple(sorted(field_names - {signature.field_name for signature in embedded}))
        if len(embedded) > MAX_SIGNATURES:
            return _unreadable(f"{len(embedded)} signatures")
    except MemoryError:
        raise  # Says something about this machine, and nothing about the file: it must never end as a judgement.
    except Exception as error:
        return _unreadable(_words(error))
    anchors = _Anchors(roots)
    judged = asyncio.run(_judge_all(embedded, anchors))
    problem = _review(reader, field_names, issued_revision)
    return PdfJudgement(
        readable=True,
        signatures=tuple(one for one, stamp in judged if not stamp),
        document_timestamps=tuple(one for one, stamp in judged if stamp),
        revisions_ok=problem is None,
        revisions_problem=problem,
        unsigned_fields=laid_out_open,
        attachments=_attachments(reader),
    )


class _Anchors:
    """Trusted roots, and which hierarchy each belongs to."""

    def __init__(self, roots: Mapping[str, Sequence[bytes]]) -> None:
        self.hierarchies = {hashlib.sha256(der).digest(): name for name, ders in roots.items() for der in ders}
        self.certificates = [x509.Certificate.load(der) for ders in roots.values() for der in ders]

    def specification(self) -> SignatureValidationSpec:
        """How the library is to judge: our roots, revocation data demanded, taken from the file, no network."""
        revocation = CertRevTrustPolicy(
            REQUIRE_REVINFO,
            freshness=_CENTURY,
            freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
        )
        return SignatureValidationSpec(
            CertValidationPolicySpec(SimpleTrustManager.build(self.certificates), revocation),
            revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
            # Roots do not lie in the file; without them here, their CRLs are not found (SIGNING.md 4).
            local_knowledge=LocalKnowledge(known_certs=list(self.certificates)),
        )


async def _judge_all(
    embedded: Sequence[EmbeddedPdfSignature], anchors: _Anchors
) -> list[tuple[SignatureJudgement, bool]]:
    """Steps 2 and 3, from the last to the first: a later timestamp proves when an earlier one was still good."""
    judged: list[tuple[SignatureJudgement, bool]] = []
    proven: datetime | None = None
    for signature in reversed(embedded):
        stamp = False
        try:
            stamp = signature.sig_object_type == "/DocTimeStamp"
            signature.compute_integrity_info(skip_diff=True)  # type: ignore[no-untyped-call]
            if stamp:
                found = await _judge_timestamp(signature, anchors, proven)
            else:
                found = await _judge_signature(signature, anchors, proven)
            judgement = _describe(signature, found, anchors)
        except MemoryError:
            raise
        except Exception as error:
            judgement = _unjudged(signature, error)
        judged.append((judgement, stamp))
        if stamp:
            proven = judgement.timestamped_at if judgement.outcome is Outcome.PASSED else None
    return judged[::-1]


@dataclass(frozen=True)
class _Found:
    """What the library said about one signature, before it is put into our words."""

    sub_indication: AdESSubIndic
    reason: str
    intact: bool = False
    valid: bool = False
    path: ValidationPath | None = None
    timestamped_at: datetime | None = None


async def _judge_signature(signature: EmbeddedPdfSignature, anchors: _Anchors, proven: datetime | None) -> _Found:
    """Steps 2 and 5: the whole procedure of EN 319 102-1, 5.6.3, without the library's view of differences."""
    result = await ades_lta_validation(signature, PdfSignatureValidationSpec(anchors.specification(), diff_policy=None))
    status, indication = result.api_status, result.ades_subindic
    timestamped_at = await _token_time(signature, anchors, proven)
    if indication == AdESPassed.OK and timestamped_at is None:
        # A signature without a good timestamp of its own is not of our profile, whatever covers it later on.
        indication = AdESIndeterminate.SIG_CONSTRAINTS_FAILURE
    return _Found(
        sub_indication=indication,
        reason=result.failure_msg or "",
        intact=status is not None and status.intact,
        valid=status is not None and status.valid,
        path=None if status is None else status.validation_path,
        timestamped_at=timestamped_at,
    )


async def _token_time(signature: EmbeddedPdfSignature, anchors: _Anchors, proven: datetime | None) -> datetime | None:
    """The time that the signature's own token proves (an unsigned attribute over the signature value), if it is good."""
    value = signature.signer_info["signature"].native
    for attribute in signature.signer_info["unsigned_attrs"]:
        if attribute["type"].native != "signature_time_stamp_token":
            continue
        for token in attribute["values"]:
            specification = _with_dss(signature.reader, anchors.specification())
            found = await _judge_token(token["content"], specification, lambda name: _digest(name, value), proven)
            if found.sub_indication == AdESPassed.OK:
                return found.timestamped_at
    return None


async def _judge_timestamp(signature: EmbeddedPdfSignature, anchors: _Anchors, proven: datetime | None) -> _Found:
    """Step 3."""
    specification = _with_dss(signature.reader, anchors.specification())
    return await _judge_token(signature.signed_data, specification, signature.compute_digest, proven)


async def _judge_token(
    token: cms.SignedData,
    specification: SignatureValidationSpec,
    imprint: Callable[[str], bytes],
    proven: datetime | None,
) -> _Found:
    """A token judged now; or, if its certificate has ended since, at the time which a later good timestamp proves."""
    said = token["encap_content_info"]["content"].parsed["gen_time"].native
    result = await ades_timestamp_validation(token, specification, imprint)
    if result.ades_subindic != AdESPassed.OK and proven is not None:
        then = ValidationTimingInfo(validation_time=proven, best_signature_time=said, point_in_time_validation=True)
        result = await ades_timestamp_validation(token, specification, imprint, timing_info=then)
    status = result.api_status
    return _Found(
        sub_indication=result.ades_subindic,
        reason=result.failure_msg or "",
        intact=status is not None and status.intact,
        valid=status is not None and status.valid,
        path=None if status is None else status.validation_path,
        timestamped_at=said,
    )


def _digest(name: str, value: bytes) -> bytes:
    return hashlib.new(name, value).digest()


def _with_dss(reader: PdfFileReader, specification: SignatureValidationSpec) -> SignatureValidationSpec:
    """The same specification, knowing also the certificates and revocation data that the file holds."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return specification
    known = specification.local_knowledge
    answers = [ocsp.OCSPResponse.load(reference.get_object().data) for reference in store.ocsps]
    lists = [crl.CertificateList.load(reference.get_object().data) for reference in store.crls]
    return replace(
        specification,
        local_knowledge=LocalKnowledge(
            known_certs=[*known.known_certs, *store.load_certs()],
            known_ocsps=[one for answer in answers for one in OCSPContainer.load_multi(answer)],
            known_crls=[CRLContainer(crl_data=found) for found in lists],
        ),
    )


def _describe(signature: EmbeddedPdfSignature, found: _Found, anchors: _Anchors) -> SignatureJudgement:
    root = _root_of(found.path)
    hierarchy = anchors.hierarchies.get(root) if root is not None else None
    indication, revoked_at = found.sub_indication, None
    try:
        lists, answers = _evidence(signature.reader)
        path = [] if found.path is None else [certificate.dump() for certificate in found.path]
        revoked_at = earliest_revocation(path, lists, answers)
        # Asked of people only: their evidence is gathered after they signed. That of a document timestamp lies beneath it.
        if (
            indication == AdESPassed.OK
            and signature.sig_object_type != "/DocTimeStamp"
            and found.timestamped_at is not None
            and not current_at(path, lists, answers, found.timestamped_at)
        ):
            # The library asks for no freshness (`_CENTURY`), so whoever made the file could put in a list of last year.
            indication = AdESIndeterminate.REVOCATION_OUT_OF_BOUNDS_NO_POE
            found = replace(found, reason="no revocation data in the file was current when this was signed")
    except UnreadableEvidence as unreadable:
        found = replace(found, reason=_words(unreadable))
        indication = AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE if indication == AdESPassed.OK else indication
    known_too_late = found.timestamped_at is not None and revoked_at is not None and revoked_at > found.timestamped_at
    if revoked_at is not None and not known_too_late and indication == AdESPassed.OK:
        # The library stops at the first CRL that says "good"; see verifier_api.revocations.
        indication = AdESIndeterminate.REVOKED_NO_POE
    outcome = _STATUS[indication.status]
    if outcome is Outcome.PASSED and not (found.intact and found.valid and hierarchy is not None):
        outcome = Outcome.UNKNOWN
    der = signature.signer_cert.dump()
    return SignatureJudgement(
        field=signature.field_name,
        signer=_common_name(signature.signer_cert),
        stated_reason=str(signature.sig_object["/Reason"]) if "/Reason" in signature.sig_object else "",
        cert_der=der,
        cert_sha256=hashlib.sha256(der).digest(),
        hierarchy=hierarchy,
        issuer_root_sha256=root,
        claimed_at=_claimed(signature),
        timestamped_at=found.timestamped_at,
        intact=found.intact,
        valid=found.valid,
        trusted=outcome is Outcome.PASSED,
        revoked=indication.standard_name in _REVOKED,
        revoked_at=revoked_at,
        covers_entire_file=signature.evaluate_signature_coverage() == SignatureCoverageLevel.ENTIRE_FILE,
        sub_indication=indication.standard_name,
        outcome=outcome,
        reason="" if outcome is Outcome.PASSED else found.reason[:MAX_REASON_CHARACTERS],
    )


def _unjudged(signature: EmbeddedPdfSignature, error: Exception) -> SignatureJudgement:
    """A signature that the library stumbled over. Nobody made it in good faith with a tool of ours."""
    return SignatureJudgement(
        field=signature.field_name,
        signer="",
        stated_reason="",
        cert_der=b"",
        cert_sha256=b"",
        hierarchy=None,
        issuer_root_sha256=None,
        claimed_at=None,
        timestamped_at=None,
        intact=False,
        valid=False,
        trusted=False,
        revoked=False,
        revoked_at=None,
        covers_entire_file=False,
        sub_indication=AdESFailure.FORMAT_FAILURE.standard_name,
        outcome=Outcome.FAILED,
        reason=_words(error),
    )


def _evidence(reader: PdfFileReader) -> tuple[list[bytes], list[bytes]]:
    """Every CRL and every OCSP answer in the file, DER."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return [], []
    return (
        [reference.get_object().data for reference in store.crls],
        [reference.get_object().data for reference in store.ocsps],
    )


def _root_of(path: ValidationPath | None) -> bytes | None:
    authority = None if path is None else path.trust_anchor.authority
    return hashlib.sha256(authority.certificate.dump()).digest() if isinstance(authority, AuthorityWithCert) else None


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.native
    return str(names.get("common_name") or names.get("organization_name") or "")


def _claimed(signature: EmbeddedPdfSignature) -> datetime | None:
    """The time a signer claims; a document timestamp claims none."""
    try:
        claimed = signature.self_reported_timestamp
    except ValueError:
        return None
    return claimed if claimed is not None and claimed.tzinfo is not None else None


def _review(reader: PdfFileReader, names: frozenset[str], since: int | None) -> str | None:
    """Step 4: what was added that may not be, or `None`."""
    try:
        review(reader, names, since)
    except MemoryError:
        raise
    except Exception as error:
        return _words(error)
    return None


def _attachments(reader: PdfFileReader) -> tuple[Attachment, ...]:
    """Associated files of the document (ISO 19005-3, annex E); none when there are none or they cannot be read."""
    found = []
    try:
        for file in reader.root["/AF"]:
            specification = file.get_object()
            data = specification["/EF"]["/F"].data
            if len(data) <= MAX_ATTACHMENT_BYTES:
                found.append(Attachment(name=str(specification["/UF"]), data=data))
    except MemoryError:
        raise
    except Exception:
        return ()
    return tuple(found)


def _unreadable(problem: str) -> PdfJudgement:
    return PdfJudgement(
        readable=False,
        signatures=(),
        document_timestamps=(),
        revisions_ok=False,
        revisions_problem=problem,
        unsigned_fields=(),
        attachments=(),
    )


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MAX_REASON_CHARACTERS]
