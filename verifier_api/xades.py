# SPDX-License-Identifier: Apache-2.0

"""What XAdES adds to an XML signature: when it existed at the latest, and whether a certificate was revoked by then.

The time-stamp is a token over the canonical SignatureValue by an authority under a root that was given. It is judged as of the
time it states, without a network. That the token itself is older than the end of the authority's certificate, a file cannot prove
for ever by itself; the anchor on the chain does.
"""

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, x509
from lxml import etree
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext

from verifier_api.revocations import UnreadableEvidence, current_at, earliest_revocation
from verifier_api.trust import Anchors
from verifier_api.xml_places import DS, XADES, canonical, encapsulated, moment, named_certificates, signing_time

_OF_SIGNATURE = f"{XADES}SignedSignatureProperties"
_CERTIFICATE_DIGEST = f"{_OF_SIGNATURE}/{XADES}SigningCertificateV2/{XADES}Cert/{XADES}CertDigest/{DS}DigestValue"


@dataclass(frozen=True)
class Evidence:
    """What lies beside a signature, DER. All of it is unsigned, and proves what its own issuers signed."""

    tokens: tuple[bytes, ...] = ()
    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    answers: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, signature: etree._Element) -> "Evidence":
        """What a signature carries. Raises `ValueError` for what cannot be read."""
        return cls(
            tokens=encapsulated(signature, "SignatureTimeStamp", "EncapsulatedTimeStamp"),
            certificates=(
                *named_certificates(signature),
                *encapsulated(signature, "CertificateValues", "EncapsulatedX509Certificate"),
            ),
            crls=encapsulated(signature, "RevocationValues", "CRLValues", "EncapsulatedCRLValue"),
            answers=encapsulated(signature, "RevocationValues", "OCSPValues", "EncapsulatedOCSPValue"),
        )

    def context(self, anchors: Anchors, at: datetime) -> ValidationContext:
        """For building paths as of a time. Without revocation data: the library would refuse who was revoked later as well."""
        return ValidationContext(
            trust_roots=[x509.Certificate.load(root) for roots in anchors.roots.values() for root in roots],
            other_certs=[x509.Certificate.load(other) for other in (*anchors.intermediates, *self.certificates)],
            moment=at,
            allow_fetching=False,
            revocation_mode="soft-fail",
        )

    def revocation(self, path: Sequence[bytes], at: datetime) -> tuple[datetime | None, str | None]:
        """When a certificate of a path was revoked, if the data here say so; and what is wrong with them, if there are any."""
        if not (self.crls or self.answers):
            return None, None
        try:
            revoked_at = earliest_revocation(path, self.crls, self.answers)
            current = current_at(path, self.crls, self.answers, at)
        except UnreadableEvidence as unreadable:
            return None, str(unreadable)
        # A forger may choose which data lie here, and will choose old ones.
        return revoked_at, None if current else "no revocation data beside the signature was current when it was made"


@dataclass(frozen=True)
class Stamped:
    """A time that is proven, and until when its proof stands by itself."""

    at: datetime
    authority_ends: datetime
    """When the certificate of the time-stamping authority ends."""


def signed_problem(
    signed: etree._Element | None, properties: etree._Element | None, certificate: x509.Certificate
) -> str | None:
    """What is wrong with the signed properties: they have to name this certificate, and the time that the others state."""
    if signed is None:
        return "the properties of XAdES are not signed"
    named = signed.findall(_CERTIFICATE_DIGEST)
    stated = signed.findall(f"{_OF_SIGNATURE}/{XADES}SigningTime")
    if len(named) != 1 or named[0].text != _digest_text(certificate):
        return "SigningCertificateV2 does not name the certificate"
    if len(stated) != 1 or moment(stated[0].text) != moment(signing_time(properties)):
        return "two signing times that differ"
    return None


def stamped(signature: etree._Element, evidence: Evidence, anchors: Anchors) -> Stamped | str:
    """The time that the one token proves, or why it proves none."""
    if len(evidence.tokens) != 1:
        return f"{len(evidence.tokens)} time-stamps"
    holder = signature.find(f"{DS}SignatureValue")
    value = b"" if holder is None else canonical(holder)
    try:
        token = cms.ContentInfo.load(evidence.tokens[0], strict=True)["content"]
        said = token["encap_content_info"]["content"].parsed["gen_time"].native
        status = asyncio.run(
            validate_tst_signed_data(
                token, evidence.context(anchors, said), lambda name: hashlib.new(name, value).digest()
            )
        )
        path = status["validation_path"]
        if not (status["intact"] and status["valid"] and path is not None and status["trust_problem_indic"] is None):
            return "the time-stamp does not hold, or nobody trusts its authority"
        revoked_at, problem = evidence.revocation([one.dump() for one in path], said)
        if problem is not None or (revoked_at is not None and revoked_at <= said):
            return problem or "the time-stamping authority had been revoked by then"
        return Stamped(said, path.leaf.not_valid_after)
    except (SignatureValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
        return f"the time-stamp cannot be judged: {type(error).__name__}: {error}"


def _digest_text(certificate: x509.Certificate) -> str:
    return base64.b64encode(hashlib.sha256(certificate.dump()).digest()).decode()
