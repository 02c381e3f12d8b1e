# SPDX-License-Identifier: Apache-2.0

"""A time-stamp token over 32 bytes that are no document: the root of a batch, whatever that is.

The token is kept for decades beside nothing but the root, and has no file around it that could hold what proves it. So before
it is kept it is checked as thoroughly as a verifier will, and gets what a verifier will want: the certificates up to the
root, and as an unsigned attribute the revocation data of them (`revocation-values`, ETSI EN 319 122-1, A.1.5). Neither is
under the authority's signature; each is under its own issuer's.

Example::

    der = stamp(root, timestamper=HttpTimestamper(url), validation_data=ValidationData.online(roots, now=utc_now))
"""

import hashlib
from typing import ClassVar, Final

from asn1crypto import cms, core, crl, ocsp
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext

from signer import sessions
from signer.archive import timestamp_signer
from signer.errors import SignerError, TimestampUnavailable
from signer.library_errors import LIBRARY_ERRORS
from signer.profile import PADES
from signer.validation_data import CertificateProof, ValidationData

REVOCATION_VALUES: Final = "1.2.840.113549.1.9.16.2.24"
LONGEST: Final = 12 * 1024
"""Bytes of a token with all that is put into it. Some authorities' CRLs have megabytes: then the token goes without."""


class _Crls(core.SequenceOf):  # type: ignore[misc]
    _child_spec = crl.CertificateList


class _Answers(core.SequenceOf):  # type: ignore[misc]
    _child_spec = ocsp.BasicOCSPResponse


class RevocationValues(core.Sequence):  # type: ignore[misc]
    """CRLs and OCSP answers (ETSI EN 319 122-1, A.1.5)."""

    _fields: ClassVar = [
        ("crls", _Crls, {"explicit": 0, "optional": True}),
        ("answers", _Answers, {"explicit": 1, "optional": True}),
    ]


def stamp(digested: bytes, *, timestamper: TimeStamper, validation_data: ValidationData) -> bytes:
    """Asks for a token whose imprint is SHA-256 of `digested`, checks it, and returns it (DER) with what proves it.

    It is signed by a certificate that may stamp time, was not revoked, and leads to one of the roots that `validation_data` was
    given. Raises `TimestampUnavailable`, `ClockWrong`, `CertificateUntrusted` or `ValidationDataUnavailable`.
    """
    return sessions.run(_stamp(digested, timestamper, validation_data))


async def _stamp(digested: bytes, timestamper: TimeStamper, validation_data: ValidationData) -> bytes:
    imprint = hashlib.new(PADES.digest, digested).digest()
    try:
        token = await timestamper.async_timestamp(imprint, PADES.digest)
        own, others, _ = timestamp_signer(token["content"])
        proof = await validation_data.proof(own, others, timestamping=True)
        kept = _with_proof(token.dump(), proof)
        await _require_sound(kept, digested, proof)
    except SignerError:
        raise
    except (*LIBRARY_ERRORS, SignatureValidationError, OSError) as error:
        raise _unusable(str(error) or type(error).__name__) from error
    return kept


async def _require_sound(der: bytes, digested: bytes, proof: CertificateProof) -> None:
    """The token as it will be kept, read anew: over `digested`, and signed by the certificate that was looked into."""
    signed = cms.ContentInfo.load(der, strict=True)["content"]
    context = ValidationContext(
        trust_roots=[proof.path.trust_anchor],
        other_certs=list(proof.path.iter_certs(include_root=False)),
        moment=signed["encap_content_info"]["content"].parsed["gen_time"].native,
    )
    status = await validate_tst_signed_data(signed, context, lambda name: hashlib.new(name, digested).digest())
    if not (status["intact"] and status["valid"] and status["trust_problem_indic"] is None):
        raise _unusable("its signature does not hold")


def _with_proof(der: bytes, proof: CertificateProof) -> bytes:
    """The token with certificates and revocation data, as far as they are not too long."""
    token = cms.ContentInfo.load(der)
    signed = token["content"]
    there = {choice.chosen.dump() for choice in signed["certificates"]}
    above = [one for one in proof.path.iter_certs(include_root=False) if one.dump() not in there]
    signed["certificates"] = [
        *signed["certificates"],
        *(cms.CertificateChoices("certificate", one) for one in above),
    ]
    alone: bytes = token.dump()
    values = RevocationValues(
        {
            "crls": list(proof.crls) or None,
            "answers": [answer.basic_ocsp_response for answer in proof.ocsps] or None,
        }
    )
    attribute = cms.CMSAttribute({"type": REVOCATION_VALUES, "values": [core.Any(values)]})
    signer = signed["signer_infos"][0]
    signer["unsigned_attrs"] = [*(signer["unsigned_attrs"] or ()), attribute]
    whole: bytes = token.dump()
    return whole if len(whole) <= LONGEST else alone


def _unusable(cause: str) -> TimestampUnavailable:
    return TimestampUnavailable(
        f"Máy chủ dấu thời gian trả lời không dùng được ({cause}). Đợt neo chưa có dấu thời gian; lần neo sau sẽ hỏi lại.",
        f"The answer of the time-stamping authority cannot be used ({cause}). The batch has no token yet; the next run "
        f"asks again.",
    )
