# SPDX-License-Identifier: Apache-2.0

"""Confirmations of results in mid-year: the head's key and the seal sign them here, and what comes back is looked into here.

`ledger.confirming` draws a confirmation and decides what a good one is; it can read no signature and holds no key.
`TrustedExaminer` reads them for it, with the verifier's own examination, in a process of its own with bounds on time and memory.
`signed` is one signature, made as those of records are; `kept` adds what makes both last.
"""

import datetime as dt
import functools
from collections.abc import Callable
from pathlib import Path

from pyhanko.sign.timestamps import TimeStamper

from ledger.confirming import SIGNERS, ConfirmationExaminer, Doubt, Endorsement, ExaminedConfirmation
from ledger.errors import CannotTransfer, CertificateRefused
from ledger.paper.fields import ROLES, FieldName, box
from ledger.paper.stamps import KIND_OF_FIELD, stamp_pdf
from ledger.registering import CertificateJudge, Registrations
from ledger.right_signer import DEPUTY, SHOWN_ROLES
from ledger.signing import SignerIdentity
from ledger.unit import Role, Slot
from scripts.certificates import TrustedJudge
from signer.archive import archive
from signer.certificate import SignerCertificate
from signer.keys import SigningKey
from signer.pdf import finish_field, prepare_field
from signer.validation_data import ValidationData
from verifier_api.errors import VerifierError
from verifier_api.examination import Examination, examine
from verifier_api.intake import IsolatedExaminer
from verifier_api.judgements import SignatureJudgement
from verifier_api.trust import Trust
from verifier_api.verdict import Outcome

UNCHECKED = frozenset(
    {
        "CERTIFICATE_CHAIN_GENERAL_FAILURE",
        "TRY_LATER",
        "NO_POE",
        "REVOCATION_OUT_OF_BOUNDS_NO_POE",
        "SIG_CONSTRAINTS_FAILURE",
    }
)
"""What ETSI EN 319 102-1 says of a signature with nothing against it, of which something could not be had: revocation data, a
time-stamp, or proof that they are old enough. Whatever else is not PASSED is refused."""


class TrustedExaminer:
    """Looks into confirmations by the roots of a trust folder. Implements `ledger.confirming.ConfirmationExaminer`.

    The folder is read and the process started when a file comes: few pupils change schools in mid-year, and whoever takes one in
    needs neither. Guarantees nothing about the file's content; `ledger.confirming` compares that.
    """

    def __init__(self, trust: Callable[[], Trust], *, now: Callable[[], dt.datetime]) -> None:
        self._trust = trust
        self._now = now

    @classmethod
    def of(cls, folder: Path, *, now: Callable[[], dt.datetime]) -> ConfirmationExaminer:
        """That of the trust folder of an installation."""
        return cls(functools.partial(Trust.load, folder), now=now)

    def examine(self, pdf: bytes) -> ExaminedConfirmation:
        """What is to be seen in it. Raises `CannotTransfer` when nobody can look now."""
        try:
            trust = self._trust()
            worker = functools.partial(examine, anchors=trust.anchors)
            with IsolatedExaminer[Examination](worker, workers=1) as examiner:
                seen = examiner.examine(pdf)
        except VerifierError as error:
            raise CannotTransfer(
                f"Chưa kiểm tra được chữ ký của bản xác nhận, nên chưa ghi gì. {error.vi}",
                f"The signatures of the confirmation could not be looked into, so nothing was stored. {error.en}",
            ) from error
        return examined(seen, trust, TrustedJudge(trust.anchors, now=self._now))


def examined(seen: Examination, trust: Trust, judge: CertificateJudge) -> ExaminedConfirmation:
    """What an examination comes to for a confirmation. `judge` is asked about certificates that the file says too little of."""
    stamps_hold = all(stamp.outcome is Outcome.PASSED or _may_be_good(stamp) for stamp in seen.timestamps)
    return ExaminedConfirmation(
        record=seen.record if seen.problem is None else None,
        whole=seen.problem is None and seen.changed_after is None and stamps_hold,
        signatures=tuple(_endorsement(one, trust, judge) for one in seen.signatures),
    )


def _endorsement(one: SignatureJudgement, trust: Trust, judge: CertificateJudge) -> Endorsement:
    role = next((role for role in Role if role.value == one.field), None)
    root = one.issuer_root_sha256
    certified = role is not None and root is not None and trust.may_certify(root.hex(), role.value)
    certified = certified and (one.outcome is Outcome.PASSED or _may_be_good(one))
    revoked, known = one.revoked, one.outcome is Outcome.PASSED
    if certified and not known and not revoked:
        # The file itself does not say, so its certification authority is asked, as of now.
        try:
            found = judge.judge(one.cert_der, ())
        except CertificateRefused:
            certified = False
        else:
            revoked, known = found.revoked, found.revocation_known
            certified = found.hierarchy is not None
    doubts = [] if known else [Doubt.NO_REVOCATION_DATA]
    doubts += [] if one.timestamped_at is not None else [Doubt.NO_PROVEN_TIME]
    return Endorsement(
        role=role,
        signer=one.signer,
        cert_sha256=one.cert_sha256.hex(),
        signed_at=one.timestamped_at,
        holds=one.intact and one.valid and one.outcome is not Outcome.FAILED,
        certified=certified,
        revoked=revoked,
        doubts=tuple(doubts) if certified and not revoked else (),
    )


def _may_be_good(one: SignatureJudgement) -> bool:
    return one.outcome is Outcome.UNKNOWN and one.intact and one.valid and one.sub_indication in UNCHECKED


def identity(key: SigningKey, slot: Slot, registrations: Registrations, *, school_code: str) -> SignerIdentity:
    """Who signs, as registered: the chain to embed, and the words to show. Raises `CertificateRefused` for who may not."""
    who = key.who
    asked = SignerIdentity(who.certificate.dump(), tuple(one.dump() for one in who.chain), SHOWN_ROLES[slot.role])
    line, judged = registrations.require_may_sign(asked, slot, school_code=school_code)
    shown = asked.shown_role if line.delegated_by is None else DEPUTY
    return SignerIdentity(asked.certificate, judged.chain, shown)


def signed(
    pdf: bytes,
    slot: Slot,
    key: SigningKey,
    identity: SignerIdentity,
    *,
    timestamper: TimeStamper,
    location: str,
    now: Callable[[], dt.datetime],
) -> bytes:
    """`pdf` with the signature of one more signer (PAdES B-T), by a key that is at hand.

    `identity` is what its registration knows of it: the chain to embed and the words of the visible signature. Raises a
    `SignerError`, or a `LayoutError` for what is no confirmation; nothing is signed then.
    """
    who = SignerCertificate.load(identity.certificate, identity.chain)
    field, at = FieldName(slot.role.value), now()
    place = box(pdf, field)
    stamp = stamp_pdf(
        KIND_OF_FIELD[field],
        name=who.common_name,
        role=identity.shown_role,
        organisation=who.organisation or who.common_name,
        signed_at=at,
        width=place.width,
        height=place.height,
    )
    prepared = prepare_field(
        pdf,
        field=field,
        who=who,
        stamp=stamp,
        first=slot.role is SIGNERS[0],
        reason=ROLES[field],
        name=who.common_name,
        location=location,
        signed_at=at,
    )
    value = key.sign(prepared.to_be_signed)
    return finish_field(prepared, who=who, value=value, timestamper=timestamper)


def kept(pdf: bytes, trust: Trust, *, timestamper: TimeStamper, now: Callable[[], dt.datetime]) -> bytes:
    """A confirmation that both have signed, with the validation data of both and a document timestamp (B-LTA).

    Raises a `SignerError` where these cannot be had; the file as it was serves too, with a doubt.
    """
    roots = [root for roots in trust.anchors.roots.values() for root in roots]
    return archive(pdf, timestamper=timestamper, validation_data=ValidationData.online(roots, now=now))
