# SPDX-License-Identifier: Apache-2.0

"""What each check makes of what was gathered. Pure: values in, findings out; no file, no chain, no clock.

The numbers are those of `verifier_api.verifier`.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from ledger.chain.registry import LeafStatus, RecallReason
from ledger.proof.manifest import Manifest
from ledger.unit import Role, SigningProfile, Slot, UnitKind, profile_of
from ledger.web.languages import told
from verifier_api import findings as f
from verifier_api import roles
from verifier_api.approval import Approvals
from verifier_api.examination import ClaimedLine, Examination, FileKind
from verifier_api.judgements import SignatureJudgement
from verifier_api.trust import Trust
from verifier_api.verdict import Finding, Outcome, SignatureSummary, Standing

CLOCK_SKEW = dt.timedelta(minutes=5)
"""How far the clocks of two time-stamping authorities may lie apart (DOMAIN.md, SG-02). The revisions prove the order itself."""

TIMESTAMP = ("dấu thời gian", "document timestamp")

REASONS = {
    RecallReason.WRONG_DATA: ("sai dữ liệu", "wrong data"),
    RecallReason.CIVIL_STATUS_CHANGE: ("thay đổi hộ tịch", "change of civil status"),
    RecallReason.REASSESSMENT: ("đánh giá lại", "re-assessment"),
    RecallReason.ISSUED_IN_ERROR: ("phát hành nhầm", "issued in error"),
    RecallReason.FRAUD: ("gian lận", "fraud"),
    RecallReason.OTHER: ("lý do khác", "another reason"),
}


def appended_bytes(data: bytes, manifest: Manifest) -> int | None:
    """How many bytes follow an issued file that is a prefix of `data`; None when none is."""
    for file in manifest.files:
        if len(data) > file.size and hashlib.sha256(data[: file.size]).hexdigest() == file.sha256:
            return len(data) - file.size
    return None


def renewed_bytes(examination: Examination, data: bytes, manifest: Manifest) -> int | None:
    """How many bytes of document timestamps follow an issued PDF that is a prefix of `data`; None when anything else does.

    That nothing but validation data and timestamps was added is what the revisions say; whether the timestamps are good, and
    nobody signed in the addition, is step 6.
    """
    added = appended_bytes(data, manifest)
    if added is None or examination.kind is not FileKind.PDF or examination.changed_after is not None:
        return None
    issued = len(data) - added
    signed_by_then = all(one.ends_at is not None and one.ends_at <= issued for one in examination.signatures)
    stamped_since = any(stamp.ends_at == len(data) for stamp in examination.timestamps)
    return added if signed_by_then and stamped_since else None


def chain(
    status: LeafStatus, manifest: Manifest, *, confirmations: int, pending: bool, stale: bool
) -> tuple[Finding, bool]:
    """Step 4. The finding, and whether the anchor is there at all, deep enough or not.

    `stale` says that the chain's newest block is too old for its answer to be news; `pending`, that the ledger itself still
    waits for this root to become final.
    """
    details = {"block": status.anchored_in_block, "head": status.head.number}
    if stale:
        # A node that stopped has not heard of the newest anchors, nor of the newest recalls.
        there = status.included and status.school_year == manifest.first_year
        return f.CHAIN_STALE(details, when=told(status.head.time)), there
    if status.anchored_at is None or status.anchored_in_block is None or not status.included:
        if pending:
            return f.RECEIPT_PENDING(), False
        return f.CHAIN_NOT_ANCHORED(details, school=manifest.school), False
    if status.school_year != manifest.first_year:
        # The school itself anchored this root, but for another year than the manifest names.
        return f.CHAIN_NOT_ANCHORED({**details, "anchored_year": status.school_year}, school=manifest.school), False
    depth = status.head.number - status.anchored_in_block + 1
    if depth < confirmations:
        return f.CHAIN_AWAITING(details, depth=depth, needed=confirmations), True
    return f.CHAIN_ANCHORED(details, school=manifest.school, when=told(status.anchored_at)), True


def standing(status: LeafStatus, *, final: bool) -> tuple[Finding, Standing]:
    """Step 5, for a root that is on the chain; `final` says whether it is deep enough. A recall counts at once."""
    if status.recalled_at is None:
        return (f.STANDING_CURRENT(), Standing.CURRENT) if final else (f.STANDING_UNKNOWN(), Standing.UNANCHORED)
    kind, result = (
        (f.STANDING_RECALLED, Standing.RECALLED)
        if status.replacement is None
        else (f.STANDING_REPLACED, Standing.REPLACED)
    )
    return kind(when=told(status.recalled_at), reason=REASONS[status.reason or RecallReason.OTHER]), result


def doubts(status: LeafStatus) -> Iterator[Finding]:
    """What the authority has reported about the keys that anchored and recalled, and whether the year was locked by then."""
    if status.late and status.locked_at is not None:
        yield f.CHAIN_LATE(when=told(status.locked_at))
    if status.anchor_doubtful and status.compromised_since is not None and status.compromise_recorded_at is not None:
        yield f.CHAIN_DOUBTFUL(when=told(status.compromised_since), reported=told(status.compromise_recorded_at))
    if status.recall_doubtful or status.replacement_doubtful:
        yield f.STANDING_DOUBTFUL()


@dataclass(frozen=True)
class Expected:
    """What the anchored manifest and the chain say about who signed."""

    manifest: Manifest
    trust: Trust
    seal_certificates: frozenset[bytes] | None
    """SHA-256 of each certificate with which the school may have sealed; None when the chain could not be asked."""
    anchored_at: dt.datetime | None
    """When the anchor proves that the signatures existed; None when the chain could not be asked."""
    now: dt.datetime
    """Whether revocation data is current is asked at this time."""
    stamped_at: dt.datetime | None = None
    """When a time-stamp token over the root proves the same, by an authority that is trusted; None when none does."""
    list_in_force: bool = True
    """Whether the list of signers is the authority's newest, as the chain says, or the operator vouches for it."""

    @property
    def existed_by(self) -> dt.datetime | None:
        """By when the signatures existed: the root holds them, and anchor and token each prove that it was there."""
        return min((at for at in (self.anchored_at, self.stamped_at) if at is not None), default=None)

    @property
    def approvals(self) -> Approvals:
        """The authority's list, to be asked about this file's signatures."""
        return Approvals(
            trust=self.trust,
            school=self.manifest.school,
            existed_by=self.existed_by,
            list_in_force=self.list_in_force,
        )


def signatures(examination: Examination, expected: Expected) -> Iterator[Finding]:
    """Step 6. Every complaint there is, or else one finding that all is well."""
    manifest, judgements = expected.manifest, examination.signatures
    if not judgements:
        yield f.SIGNATURES_NONE()
        return
    complaints = [
        *_who(examination, manifest),
        *(complaint for judgement in judgements for complaint in _one(judgement, expected)),
        *_not_stamped(examination, manifest),
    ]
    complaints += [complaint for stamp in examination.timestamps for complaint in _timestamp(stamp)]
    if examination.changed_after is not None:
        complaints.append(f.SIGNATURES_CHANGED({"difference": examination.changed_after}))
    yield from complaints
    if not complaints:
        yield f.SIGNATURES_VALID(count=len(judgements))
    seal = next((signer.cert_sha256 for signer in manifest.signers if signer.role == Role.SEAL.value), None)
    if expected.seal_certificates is not None:
        registered = seal is not None and bytes.fromhex(seal) in expected.seal_certificates
        yield f.SIGNATURES_SEAL_REGISTERED() if registered else f.SIGNATURES_SEAL_OTHER()
    yield from expected.approvals.findings(judgements)
    yield from _as_known_now(examination, expected.now)


def _as_known_now(examination: Examination, now: dt.datetime) -> Iterator[Finding]:
    """What has become known of the signers' certificates since; a revocation from before they signed is a complaint already."""
    if examination.kind is FileKind.XML:
        kept = all(judgement.revocation_kept for judgement in examination.signatures)
        yield f.SIGNATURES_REVOCATION_NOW() if kept else f.SIGNATURES_XML_REVOCATION()
        return
    judgements = examination.signatures
    for judgement in judgements:
        if judgement.revoked_at is not None and judgement.trusted:
            yield f.SIGNATURES_REVOKED_LATER(role=roles.words(judgement.field), when=told(judgement.revoked_at))
    current = [one.known for one in judgements if one.known and (one.known.until is None or one.known.until >= now)]
    if len(current) == len(judgements) and all(judgement.trusted for judgement in judgements):
        yield f.SIGNATURES_REVOCATION_KNOWN(when=told(min(known.as_of for known in current)))
    else:
        yield f.SIGNATURES_REVOCATION_NOW()


def _not_stamped(examination: Examination, manifest: Manifest) -> Iterator[Finding]:
    """Signatures of an XML that prove no time of their own, or not that their certificates were in force then (XAdES-B-LT).

    Only where the profile promises that they do; a PDF's always must.
    """
    profile = profile_of(UnitKind(manifest.kind), manifest.profile)
    if examination.kind is not FileKind.XML or profile is None or not profile.xml_timestamps:
        return
    for judgement in examination.signatures:
        if judgement.outcome is not Outcome.PASSED:
            continue
        lacks = "no time-stamp" if judgement.timestamped_at is None else "no revocation data"
        if judgement.timestamped_at is None or not judgement.revocation_kept:
            details = {"field": judgement.field, "sub_indication": "SIG_CONSTRAINTS_FAILURE", "reason": lacks}
            yield f.SIGNATURES_INDETERMINATE(details, role=roles.words(judgement.field))


def signatures_alone(examination: Examination, trust: Trust) -> Iterator[Finding]:
    """What the signatures say of a file of which nothing else is known: who is broken or not to be trusted, and no more."""
    if not examination.signatures:
        yield f.SIGNATURES_NONE()
        return
    complaints = []
    for judgement in examination.signatures:
        words = roles.words(judgement.field)
        root = judgement.issuer_root_sha256
        if judgement.outcome is Outcome.FAILED:
            complaints.append(f.SIGNATURES_INVALID({"sub_indication": judgement.sub_indication}, role=words))
        elif root is None or not trust.may_certify(root.hex(), roles.role_of(judgement.field)):
            complaints.append(f.SIGNATURES_UNTRUSTED(role=words))
    yield from complaints or [f.SIGNATURES_SKIPPED()]


def _who(examination: Examination, manifest: Manifest) -> Iterator[Finding]:
    """Those who signed this file are those whom the manifest lists for it, in its order, and the profile is content with all.

    A PDF carries only the signatures that its profile has on paper; the XML carries all.
    """
    judgements = examination.signatures
    profile = profile_of(UnitKind(manifest.kind), manifest.profile)
    everybody = [Slot(Role(signer.role), signer.subject or "") for signer in manifest.signers]
    here = profile.on_paper if profile is not None and examination.kind is FileKind.PDF else frozenset(Role)
    listed = [str(slot) for slot in everybody if slot.role in here]
    present = [judgement.field for judgement in judgements]
    if missing := [field for field in listed if field not in present]:
        yield f.SIGNATURES_MISSING(roles=roles.listing(missing))
    if strangers := [field for field in present if field not in listed]:
        yield f.SIGNATURES_STRANGER(roles=roles.listing(strangers))
    subjects = frozenset(examination.claimed_subjects)
    if profile is None or not profile.all_signed(everybody, subjects=subjects):
        demanded = (f"theo quy định ký «{manifest.profile}»", f"as the signing profile {manifest.profile} demands")
        yield f.SIGNATURES_MISSING(roles=_lacking(profile, everybody, subjects) or demanded)
    # Subject teachers sign in any order among themselves.
    in_order = [roles.role_of(field) for field in present] == [roles.role_of(field) for field in listed]
    if (not in_order and sorted(present) == sorted(listed)) or _backwards(judgements):
        yield f.SIGNATURES_ORDER()


def _lacking(
    profile: SigningProfile | None, signed: Sequence[Slot], subjects: frozenset[str]
) -> tuple[str, str] | None:
    """The places in words that a profile wants filled and nobody has; None when it is not for want of one."""
    wanted = [] if profile is None else [role for role in profile.order if role in profile.required]
    places = [
        slot
        for role in wanted
        for slot in ([Slot(role, code) for code in sorted(subjects)] if role is Role.SUBJECT else [Slot(role)])
    ]
    lacking = [str(slot) for slot in places if slot not in signed]
    return roles.listing(lacking) if lacking else None


def _backwards(judgements: Sequence[SignatureJudgement]) -> bool:
    """Whether somebody's time-stamp is older than that of another role before them, by more than clocks may differ."""
    times = [(roles.role_of(each.field), each.timestamped_at) for each in judgements if each.timestamped_at is not None]
    return any(
        before != after and later < earlier - CLOCK_SKEW for (before, earlier), (after, later) in combinations(times, 2)
    )


def _one(judgement: SignatureJudgement, expected: Expected) -> Iterator[Finding]:
    """One signature by itself: who, under which root, and whether it holds."""
    field, role, words = judgement.field, roles.role_of(judgement.field), roles.words(judgement.field)
    details = {"field": field, "sub_indication": judgement.sub_indication, "reason": judgement.reason}
    if any(
        str(Slot(Role(signer.role), signer.subject or "")) == field
        and signer.cert_sha256 != judgement.cert_sha256.hex()
        for signer in expected.manifest.signers
    ):
        yield f.SIGNATURES_OTHER_SIGNER(details, role=words)
    if not (judgement.intact and judgement.valid):
        yield f.SIGNATURES_INVALID(details, role=words)
        return
    root = judgement.issuer_root_sha256
    if root is None or not expected.trust.may_certify(root.hex(), role):
        yield f.SIGNATURES_UNTRUSTED(details, role=words)
        return
    ended, existed_by = judgement.certificate_ends, expected.existed_by
    if ended is not None and existed_by is not None and ended < existed_by:
        # Nothing proves that it was made while the certificate was good: whoever has the key by now may have made it. The same
        # goes for the time-stamp in an XML and the certificate of its authority.
        yield f.SIGNATURES_INDETERMINATE({**details, "sub_indication": "OUT_OF_BOUNDS_NO_POE"}, role=words)
        return
    match judgement.outcome:
        case Outcome.FAILED:
            yield f.SIGNATURES_INVALID(details, role=words)
        case Outcome.UNKNOWN if judgement.revoked and judgement.revoked_at is not None:
            yield f.SIGNATURES_REVOKED_BEFORE(details, role=words, when=told(judgement.revoked_at))
        case Outcome.UNKNOWN | Outcome.SKIPPED:
            yield f.SIGNATURES_INDETERMINATE(details, role=words)
        case Outcome.PASSED if judgement.trusted:
            pass
        case Outcome.PASSED:
            yield f.SIGNATURES_INDETERMINATE(details, role=words)


def _timestamp(stamp: SignatureJudgement) -> Iterator[Finding]:
    """A document timestamp: it holds, or it is named with what is wrong."""
    details = {"field": stamp.field, "sub_indication": stamp.sub_indication, "reason": stamp.reason}
    if stamp.outcome is Outcome.FAILED:
        yield f.SIGNATURES_INVALID(details, role=TIMESTAMP)
    elif stamp.outcome is not Outcome.PASSED:
        yield f.SIGNATURES_INDETERMINATE(details, role=TIMESTAMP)


def contents(examination: Examination, manifest: Manifest) -> Finding:
    """Step 7. The record inside is the one whose digest the manifest holds, and says of itself what the manifest says of it.

    The chain knows who anchored and for which year; a record that names another school or year would borrow that proof.
    """
    inside = (
        examination.claimed_unit,
        examination.claimed_school,
        examination.claimed_year,
        examination.claimed_level,
        examination.claimed_replaces,
        examination.claimed_units,
    )
    units = None if manifest.units is None else tuple((unit.id, unit.manifest_sha256) for unit in manifest.units)
    issued = (manifest.id, manifest.school, manifest.year, manifest.level, manifest.replaces, units)
    if examination.record_sha256 == manifest.record_sha256:
        return f.CONTENTS_MATCH() if inside == issued else f.CONTENTS_OTHER_CLAIM()
    return f.CONTENTS_DIFFER({"found": examination.record_sha256, "issued": manifest.record_sha256})


def strangers(
    booklet: Manifest, units: Sequence[Manifest | None], lines: Sequence[ClaimedLine] | None
) -> frozenset[UUID]:
    """Step 7. Those of a booklet's units that have no place in it, or another than its cover gives them.

    `units` are the manifests in the order in which the booklet lists them, None where one is not known; `lines` is what the cover
    says, None when there is no file to look into. A unit belongs that is no booklet, is of its level, of a later year than the
    one before, and as the last one of the booklet's own year and school.
    """
    said = lines if lines is not None and len(lines) == len(units) else [None] * len(units)
    found, year = set(), ""
    for number, (unit, line) in enumerate(zip(units, said, strict=True), start=1):
        if unit is None:
            continue
        fits = unit.kind == UnitKind.UNIT.value and unit.level == booklet.level and year < unit.year <= booklet.year
        # The newest year is the booklet's own, and only the newest.
        fits &= (unit.year == booklet.year) is (number == len(units))
        fits &= number < len(units) or unit.school == booklet.school
        fits &= line is None or (line.year, line.school) == (unit.year, unit.school)
        if not fits:
            found.add(unit.id)
        year = max(year, unit.year)
    return frozenset(found)


def summaries(
    judgements: Sequence[SignatureJudgement], approvals: Approvals | None = None
) -> tuple[SignatureSummary, ...]:
    """The signatures as a person reads them; `approvals` say who signed by delegation, once it is known for which school."""
    return tuple(
        SignatureSummary(
            role=roles.role_of(judgement.field),
            subject=getattr(roles.slot_of(judgement.field), "subject", "") or None,
            signer=judgement.signer,
            signed_at=judgement.timestamped_at,
            outcome=judgement.outcome,
            sub_indication=judgement.sub_indication,
            delegated_by=None if approvals is None else approvals.delegated_by(judgement),
        )
        for judgement in judgements
    )
