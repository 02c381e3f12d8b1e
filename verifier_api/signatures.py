# SPDX-License-Identifier: Apache-2.0

"""What the signatures of a PDF prove: every signature and timestamp judged, and what was added afterwards.

The judgement is made *at the proven time*: a signature counts as of the time its timestamps prove, with the certificates
and revocation data which the file itself holds, so that it can be made without a network, and twenty years on
(ETSI EN 319 102-1, 5.6.3). Then it is made once more *as known now*: a revocation may be published later and dated back, and
only data from outside the file (`crls`, `ocsps`) can show that. Both answers are kept; the worse one counts.

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
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed, AdESStatus
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
)
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator.authority import AuthorityWithCert
from pyhanko_certvalidator.path import ValidationPath

from verifier_api import corrections, quicker
from verifier_api.judgements import (
    MAX_CERTIFICATE_BYTES,
    MAX_FIELD_CHARACTERS,
    MAX_NAME_CHARACTERS,
    MAX_REASON_CHARACTERS,
    Attachment,
    PdfJudgement,
    SignatureJudgement,
    shortened,
)
from verifier_api.revisions import leaves_out_itself, review
from verifier_api.revocations import UnreadableEvidence, current_at, known
from verifier_api.tokens import Evidence, Found, Trusted, dated_back, ders, evidence_in, judge_timestamp, token_time
from verifier_api.verdict import Outcome

__all__ = ["Attachment", "PdfJudgement", "SignatureJudgement", "judge_pdf"]

corrections.apply()
quicker.apply()

# The library logs a traceback, with the names of those who signed, for every certificate it cannot follow. What it has to
# say is in the judgement; a log is no place for names.
for _library in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)

MAX_SIGNATURES: Final = 64
"""A unit has three signatures and gains a timestamp every few years; a file with more was made to keep us busy."""

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
    crls: Sequence[bytes] = (),
    ocsps: Sequence[bytes] = (),
) -> PdfJudgement:
    """Judge every signature of `pdf`. Asks no network, and raises nothing over what the file contains.

    `roots` are the trusted root certificates (DER) of each hierarchy; `field_names` the fields that the paper lays out.
    `issued_revision` may be given when a prefix of the file, up to that revision, is known to be what was issued. `crls` and
    `ocsps` (DER) are revocation data from outside the file, as new as can be had.
    """
    try:
        reader = quicker.Reader(io.BytesIO(pdf))
        embedded = list(reader.embedded_signatures)
        laid_out_open = tuple(sorted(field_names - {signature.field_name for signature in embedded}))
        if len(embedded) > MAX_SIGNATURES:
            return _unreadable(f"{len(embedded)} signatures")
    except MemoryError:
        raise  # Says something about this machine, and nothing about the file: it must never end as a judgement.
    except Exception as error:
        return _unreadable(_words(error))
    anchors = Trusted(roots, crls, ocsps)
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


async def _judge_all(
    embedded: Sequence[EmbeddedPdfSignature], anchors: Trusted
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
                found = await judge_timestamp(signature, anchors, proven)
            else:
                found = await _judge_signature(signature, anchors, proven)
            judgement = _describe(signature, found, anchors, proven if stamp else None)
        except MemoryError:
            raise
        except Exception as error:
            judgement = _unjudged(signature, error)
        judged.append((judgement, stamp))
        if stamp:
            proven = judgement.timestamped_at if judgement.outcome is Outcome.PASSED else None
    return judged[::-1]


async def _judge_signature(signature: EmbeddedPdfSignature, anchors: Trusted, proven: datetime | None) -> Found:
    """Steps 2 and 5: the whole procedure of EN 319 102-1, 5.6.3, without the library's view of differences."""
    result = await ades_lta_validation(signature, PdfSignatureValidationSpec(anchors.specification(), diff_policy=None))
    status, indication = result.api_status, result.ades_subindic
    timestamped_at, doubtful = await token_time(signature, anchors, proven)
    if indication == AdESPassed.OK and timestamped_at is None:
        # A signature without a good timestamp of its own is not of our profile, whatever covers it later on.
        indication = AdESIndeterminate.SIG_CONSTRAINTS_FAILURE
    return Found(
        sub_indication=indication,
        reason=result.failure_msg or "",
        intact=status is not None and status.intact,
        valid=status is not None and status.valid,
        path=None if status is None else status.validation_path,
        timestamped_at=timestamped_at,
        token_doubtful=doubtful,
    )


def _describe(
    signature: EmbeddedPdfSignature, found: Found, anchors: Trusted, proven: datetime | None
) -> SignatureJudgement:
    root = _root_of(found.path)
    hierarchy = anchors.hierarchies.get(root) if root is not None else None
    revoked_at, known_now = None, None
    then = indication = found.sub_indication
    stamp = signature.sig_object_type == "/DocTimeStamp"
    try:
        own = evidence_in(signature.reader)
        everything = own.with_more(anchors.news)
        revoked_at = min((one.at for one in everything.revocations(found.path)), default=None)
        # Asked of people only: their evidence is gathered after they signed. That of a document timestamp lies beneath it.
        if (
            then == AdESPassed.OK
            and not stamp
            and found.timestamped_at is not None
            and not current_at(ders(found.path), own.crls, own.ocsps, found.timestamped_at)
        ):
            # The library asks for no freshness (`_CENTURY`), so whoever made the file could put in a list of last year.
            then = AdESIndeterminate.REVOCATION_OUT_OF_BOUNDS_NO_POE
            found = replace(found, reason="no revocation data in the file was current when this was signed")
        # The library stops at the first CRL that says "good"; see verifier_api.revocations.
        harmful = dated_back if stamp else _revoked_before
        if then == AdESPassed.OK and harmful(found, own, proven):
            then = AdESIndeterminate.REVOKED_NO_POE
        indication = then
        if indication == AdESPassed.OK and harmful(found, everything, proven):
            indication = AdESIndeterminate.REVOKED_NO_POE
            found = replace(found, reason="revoked, as revocation data from outside the file says")
        elif indication == AdESPassed.OK and found.token_doubtful:
            indication = AdESIndeterminate.NO_POE
            found = replace(
                found, reason="the authority that timestamped this was revoked, and nothing proves it older"
            )
        if not stamp and found.timestamped_at is not None:
            news = anchors.news
            known_now = known(ders(found.path), news.crls, news.ocsps, signed_at=found.timestamped_at)
    except UnreadableEvidence as unreadable:
        found = replace(found, reason=_words(unreadable))
        indication = AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE if indication == AdESPassed.OK else indication
    outcome = _STATUS[indication.status]
    if outcome is Outcome.PASSED and not (found.intact and found.valid and hierarchy is not None):
        outcome = Outcome.UNKNOWN
    der = signature.signer_cert.dump()
    if len(der) > MAX_CERTIFICATE_BYTES:  # All signatures of a file may share it, and each would bring a copy.
        raise ValueError(f"the signer's certificate has {len(der)} bytes")
    return SignatureJudgement(
        field=_field(signature),
        signer=shortened(_common_name(signature.signer_cert), MAX_NAME_CHARACTERS),
        stated_reason=shortened(str(signature.sig_object.get("/Reason", "")), MAX_NAME_CHARACTERS),
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
        sub_indication_then=then.standard_name,
        known=known_now,
        ends_at=sum([int(number) for number in signature.byte_range][2:]),
        in_place=_in_place(signature),
    )


def _unjudged(signature: EmbeddedPdfSignature, error: Exception) -> SignatureJudgement:
    """A signature that the library stumbled over. Nobody made it in good faith with a tool of ours."""
    return SignatureJudgement(
        field=_field(signature),
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
        in_place=_in_place(signature),
    )


def _field(signature: EmbeddedPdfSignature) -> str:
    # The library's own string knows the whole file, and would take it along.
    return shortened(str(signature.field_name), MAX_FIELD_CHARACTERS)


def _in_place(signature: EmbeddedPdfSignature) -> bool:
    try:
        return leaves_out_itself(signature)
    except MemoryError:
        raise
    except Exception:
        return False


def _revoked_before(found: Found, evidence: Evidence, _proven: datetime | None) -> bool:
    """Whether a certificate on a person's path was revoked by the time at which the signature is proven to have been there."""
    signed_at = found.timestamped_at
    return any(signed_at is None or revoked.at <= signed_at for revoked in evidence.revocations(found.path))


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
