# SPDX-License-Identifier: Apache-2.0

"""Timestamp tokens: what each proves, by whom it has to be believed, and whether what is known today undoes it.

A token is judged now, or at the time which a later good token proves. If its authority was revoked because the key was lost,
or nobody says why, whoever has the key can make tokens of any date; then only a later token of somebody else's, made before
the loss, proves that this one is genuine (RFC 3161, section 4).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed, AdESSubIndic
from pyhanko.sign.validation.ades import ades_timestamp_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy, FreshnessReqType
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from verifier_api.revocations import Revocation, revocations

_CENTURY: Final = timedelta(days=36500)
"""Freshness asked of revocation data: none, because it was fresh when it was put into the file and timestamped with it."""


class Trusted:
    """Trusted roots, which hierarchy each belongs to, and what is known about revocation beside what the file holds."""

    def __init__(
        self, roots: Mapping[str, Sequence[bytes]], crls: Sequence[bytes] = (), ocsps: Sequence[bytes] = ()
    ) -> None:
        self.news = Evidence(tuple(crls), tuple(ocsps))
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


@dataclass(frozen=True)
class Evidence:
    """CRLs and OCSP answers, DER."""

    crls: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]

    def with_more(self, other: "Evidence") -> "Evidence":
        """Both together."""
        return Evidence((*self.crls, *other.crls), (*self.ocsps, *other.ocsps))

    def revocations(self, path: ValidationPath | None) -> list[Revocation]:
        """What it shows of the certificates on `path`. Raises `UnreadableEvidence`."""
        return revocations(ders(path), self.crls, self.ocsps)


@dataclass(frozen=True)
class Found:
    """What the library said about one signature, before it is put into our words."""

    sub_indication: AdESSubIndic
    reason: str
    intact: bool = False
    valid: bool = False
    path: ValidationPath | None = None
    timestamped_at: datetime | None = None
    token_doubtful: bool = False
    """By what is known now, the authority behind the only good token may have lost its key before it made that."""


async def token_time(
    signature: EmbeddedPdfSignature, anchors: Trusted, proven: datetime | None
) -> tuple[datetime | None, bool]:
    """The time that the signature's own token proves (an unsigned attribute over the signature value), if it is good.

    And whether news from outside the file makes that doubtful.
    """
    value = signature.signer_info["signature"].native
    evidence = evidence_in(signature.reader)
    doubtful: datetime | None = None
    for attribute in signature.signer_info["unsigned_attrs"]:
        if attribute["type"].native != "signature_time_stamp_token":
            continue
        for token in attribute["values"]:
            specification = _with_dss(signature.reader, anchors.specification())
            found = await judge_token(token["content"], specification, lambda name: _digest(name, value), proven)
            if found.sub_indication != AdESPassed.OK or dated_back(found, evidence, proven):
                continue
            if not dated_back(found, evidence.with_more(anchors.news), proven):
                return found.timestamped_at, False
            doubtful = found.timestamped_at
    return doubtful, doubtful is not None


def dated_back(found: Found, evidence: Evidence, proven: datetime | None) -> bool:
    """Whether a token may have been made after its authority lost the key, whatever time it tells (RFC 3161, section 4).

    A later good timestamp may prove that it existed before; otherwise only a harmless reason for the revocation helps.
    """
    said = found.timestamped_at
    return any(
        not (proven is not None and proven < revoked.at)
        and not (revoked.benign and said is not None and said < revoked.at)
        for revoked in evidence.revocations(found.path)
    )


async def judge_timestamp(signature: EmbeddedPdfSignature, anchors: Trusted, proven: datetime | None) -> Found:
    """Step 3."""
    specification = _with_dss(signature.reader, anchors.specification())
    return await judge_token(signature.signed_data, specification, signature.compute_digest, proven)


async def judge_token(
    token: cms.SignedData,
    specification: SignatureValidationSpec,
    imprint: Callable[[str], bytes],
    proven: datetime | None,
) -> Found:
    """A token judged now; or, if its certificate has ended since, at the time which a later good timestamp proves."""
    said = token["encap_content_info"]["content"].parsed["gen_time"].native
    result = await ades_timestamp_validation(token, specification, imprint)
    if result.ades_subindic != AdESPassed.OK and proven is not None:
        then = ValidationTimingInfo(validation_time=proven, best_signature_time=said, point_in_time_validation=True)
        result = await ades_timestamp_validation(token, specification, imprint, timing_info=then)
    status = result.api_status
    return Found(
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


def evidence_in(reader: PdfFileReader) -> Evidence:
    """Every CRL and every OCSP answer in the file."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return Evidence((), ())
    return Evidence(
        tuple(reference.get_object().data for reference in store.crls),
        tuple(reference.get_object().data for reference in store.ocsps),
    )


def ders(path: ValidationPath | None) -> list[bytes]:
    """The certificates on a path, from the root to the signer."""
    return [] if path is None else [certificate.dump() for certificate in path]
