# SPDX-License-Identifier: Apache-2.0

"""What the time-stamp tokens in a receipt prove. Runs on hostile bytes, so in a worker process, like files (`intake`).

Whoever brings a receipt can put any bytes in the place of a token, so tokens travel to the worker as one more kind of file:
`asked` writes root and tokens in a row, `examination.examine` knows such a row by its first bytes. A file that somebody
uploads and that begins so is looked at as tokens, within the same bounds, and is no record.

A token proves the time it tells if

1. it is a time-stamp token over SHA-256 of the root's 32 bytes, with one signer (`ledger.proof.root_token`);
2. its signature holds, by a certificate that may stamp time, under a root that is trusted here;
3. there is revocation data for every certificate on the way, current when it was stamped: what the token carries, or the trust
   folder's. Without such data nothing is known;
4. no revocation that is known, from the token or from the trust folder, lets others make such tokens (`tokens.dated_back`).

It is judged as of now. Nothing covers a token but itself, so it proves nothing any more once the authority's certificate has
ended; the anchor does not end.
"""

import asyncio
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Final

from asn1crypto import cms, core, crl, ocsp, x509
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed, AdESStatus, AdESSubIndic
from pyhanko.sign.validation.policy_decl import LocalKnowledge, SignatureValidationSpec
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from ledger.proof.errors import MalformedToken, OverSomethingElse
from ledger.proof.receipt import MAX_RECEIPT_BYTES, MAX_TOKENS
from ledger.proof.root_token import RootToken, token_over
from verifier_api.revocations import UnreadableEvidence, current_at
from verifier_api.tokens import Evidence, Found, Trusted, dated_back, ders, judge_token
from verifier_api.trust import Anchors
from verifier_api.verdict import Outcome

MARK: Final = b"hocba-root-tokens/1\n"
ROOT_BYTES: Final = 32
_LENGTH: Final = struct.Struct(">I")
MAX_REASON_CHARACTERS: Final = 400
REVOCATION_VALUES: Final = "1.2.840.113549.1.9.16.2.24"
"""ETSI EN 319 122-1, A.1.5: an unsigned attribute with CRLs and OCSP answers."""

_OUTCOMES: Final = {
    AdESStatus.PASSED: Outcome.PASSED,
    AdESStatus.FAILED: Outcome.FAILED,
    AdESStatus.INDETERMINATE: Outcome.UNKNOWN,
}


class _Crls(core.SequenceOf):  # type: ignore[misc]
    _child_spec = crl.CertificateList


class _Answers(core.SequenceOf):  # type: ignore[misc]
    _child_spec = ocsp.BasicOCSPResponse


class _RevocationValues(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("crls", _Crls, {"explicit": 0, "optional": True}),
        ("answers", _Answers, {"explicit": 1, "optional": True}),
        ("others", core.Any, {"explicit": 2, "optional": True}),
    ]


@dataclass(frozen=True)
class TokenJudgement:
    """What one token proves."""

    outcome: Outcome
    sub_indication: str
    """The standard's word for it (ETSI EN 319 102-1)."""
    stamped_at: datetime | None = None
    """The time that it tells; believed only with PASSED. None for what is no token over the root."""
    authority: str = ""
    """Who stamped, as the certificate says."""
    reason: str = ""
    """For experts; English, may be empty."""


def asked(root: bytes, tokens: Sequence[bytes]) -> bytes:
    """Root and tokens as one row of bytes, for a worker."""
    return b"".join((MARK, root, *(part for token in tokens for part in (_LENGTH.pack(len(token)), token))))


def judge(row: bytes, anchors: Anchors) -> tuple[TokenJudgement, ...]:
    """What each token of a row proves, in its order. Raises nothing over what stands there, but for running out of something."""
    root, tokens = _read(row)
    trusted = Trusted(anchors.roots, anchors.crls, anchors.ocsps)
    return tuple(_judge(root, token, trusted, anchors) for token in tokens)


def _read(row: bytes) -> tuple[bytes, list[bytes]]:
    """Root and tokens of a row; none of a row that `asked` did not write, as an uploaded file may be."""
    place = len(MARK) + ROOT_BYTES
    root = row[len(MARK) : place]
    tokens: list[bytes] = []
    while place + _LENGTH.size <= len(row) <= 2 * MAX_RECEIPT_BYTES and len(tokens) < MAX_TOKENS:
        (length,) = _LENGTH.unpack_from(row, place)
        place += _LENGTH.size
        tokens.append(row[place : place + length])
        place += length
    return root, tokens


def _judge(root: bytes, der: bytes, trusted: Trusted, anchors: Anchors) -> TokenJudgement:
    try:
        token = token_over(root, der)
    except OverSomethingElse as error:
        return TokenJudgement(Outcome.FAILED, _name(AdESFailure.HASH_FAILURE), reason=str(error))
    except MalformedToken as error:
        return TokenJudgement(Outcome.FAILED, _name(AdESFailure.FORMAT_FAILURE), reason=str(error))
    try:
        return _judge_sound(root, token, trusted, anchors)
    except MemoryError:
        raise  # Says something about this machine, and nothing about the token.
    except UnreadableEvidence as unreadable:
        return _unknown(token, AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE, str(unreadable))
    except Exception as error:
        # A token that the library stumbles over. No authority made it in good faith.
        reason = f"{type(error).__name__}: {error}"[:MAX_REASON_CHARACTERS]
        return TokenJudgement(Outcome.FAILED, _name(AdESFailure.FORMAT_FAILURE), token.stamped_at, reason=reason)


def _judge_sound(root: bytes, token: RootToken, trusted: Trusted, anchors: Anchors) -> TokenJudgement:
    """(2) to (4), of what reads as a token over the root."""
    signed = cms.ContentInfo.load(token.der, strict=True)["content"]
    carried = _carried(signed)
    evidence = carried.with_more(trusted.news)

    def imprint(algorithm: str) -> bytes:
        return hashlib.new(algorithm, root).digest()

    found = asyncio.run(judge_token(signed, _specification(trusted, anchors, carried), imprint, None))
    if found.sub_indication != AdESPassed.OK and evidence != carried:
        # The library knows one answer to a revocation, and (4) asks for its reason; so it gets the news only where it has to.
        found = asyncio.run(judge_token(signed, _specification(trusted, anchors, evidence), imprint, None))
    indication, reason = found.sub_indication, found.reason
    if indication == AdESPassed.OK and not current_at(
        ders(found.path), evidence.crls, evidence.ocsps, token.stamped_at
    ):
        indication = AdESIndeterminate.REVOCATION_OUT_OF_BOUNDS_NO_POE
        reason = "no revocation data was current when this was stamped"
    if indication == AdESPassed.OK and dated_back(found, evidence, None):
        indication, reason = (
            AdESIndeterminate.REVOKED_NO_POE,
            "the authority was revoked, and may have lost its key before",
        )
    outcome = _OUTCOMES[indication.status]
    if outcome is Outcome.PASSED and not (found.intact and found.valid and found.path is not None):
        outcome = Outcome.UNKNOWN
    return TokenJudgement(
        outcome=outcome,
        sub_indication=_name(indication),
        stamped_at=token.stamped_at,
        authority=_authority(found),
        reason="" if outcome is Outcome.PASSED else reason[:MAX_REASON_CHARACTERS],
    )


def _specification(trusted: Trusted, anchors: Anchors, evidence: Evidence) -> SignatureValidationSpec:
    """As for the tokens in a file, with what the token and the trust folder have in the place of the file's DSS."""
    specification = trusted.specification()
    known = specification.local_knowledge
    answers = [ocsp.OCSPResponse.load(answer) for answer in evidence.ocsps]
    return replace(
        specification,
        local_knowledge=LocalKnowledge(
            known_certs=[*known.known_certs, *(x509.Certificate.load(der) for der in anchors.intermediates)],
            known_ocsps=[one for answer in answers for one in OCSPContainer.load_multi(answer)],
            known_crls=[CRLContainer(crl_data=crl.CertificateList.load(found)) for found in evidence.crls],
        ),
    )


def _carried(signed: cms.SignedData) -> Evidence:
    """The revocation data that a token carries. Raises whatever the library does over what cannot be read."""
    crls: list[bytes] = []
    answers: list[bytes] = []
    for attribute in signed["signer_infos"][0]["unsigned_attrs"] or ():
        if attribute["type"].dotted != REVOCATION_VALUES:
            continue
        for value in attribute["values"]:
            values = _RevocationValues.load(value.dump(), strict=True)
            crls += [one.dump() for one in values["crls"] or ()]
            answers += [_whole(one) for one in values["answers"] or ()]
    return Evidence(tuple(crls), tuple(answers))


def _whole(answer: ocsp.BasicOCSPResponse) -> bytes:
    """An OCSP answer as a responder sends it."""
    body = {"response_type": "basic_ocsp_response", "response": core.ParsableOctetString(answer.dump())}
    whole: bytes = ocsp.OCSPResponse({"response_status": "successful", "response_bytes": body}).dump()
    return whole


def _authority(found: Found) -> str:
    leaf = None if found.path is None else found.path.leaf
    if not isinstance(leaf, x509.Certificate):
        return ""
    names = leaf.subject.native
    return str(names.get("common_name") or names.get("organization_name") or "")


def _unknown(token: RootToken, indication: AdESIndeterminate, reason: str) -> TokenJudgement:
    return TokenJudgement(Outcome.UNKNOWN, _name(indication), token.stamped_at, reason=reason[:MAX_REASON_CHARACTERS])


def _name(indication: AdESSubIndic) -> str:
    name: str = indication.standard_name
    return name
