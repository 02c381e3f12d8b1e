# SPDX-License-Identifier: Apache-2.0

"""What each check makes of what was gathered. Pure: values in, findings out; no file, no chain, no clock.

The numbers are those of `verifier_api.verifier`.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from ledger.chain.registry import LeafStatus, RecallReason
from ledger.proof.manifest import Manifest
from ledger.unit import Role, UnitKind, profile_of
from verifier_api import findings as f
from verifier_api.examination import ClaimedLine, Examination, FileKind
from verifier_api.judgements import SignatureJudgement
from verifier_api.trust import Trust
from verifier_api.verdict import Finding, Outcome, SignatureSummary, Standing

VIETNAM = dt.timezone(dt.timedelta(hours=7))
"""Times are told to people as NĐ 30/2020/NĐ-CP asks: at +07:00."""

CLOCK_SKEW = dt.timedelta(minutes=5)
"""How far the clocks of two time-stamping authorities may lie apart (DOMAIN.md, SG-02). The revisions prove the order itself."""

ROLE_NAMES = {
    "GVCN": ("giáo viên chủ nhiệm", "homeroom teacher"),
    "CBQL": ("hiệu trưởng", "principal"),
    "KY_PHAT_HANH": ("con dấu số của trường", "the school's seal"),
}
"""The ministry's slots in words, Vietnamese and English."""

TIMESTAMP = ("dấu thời gian", "document timestamp")

REASONS = {
    RecallReason.WRONG_DATA: ("sai dữ liệu", "wrong data"),
    RecallReason.CIVIL_STATUS_CHANGE: ("thay đổi hộ tịch", "change of civil status"),
    RecallReason.REASSESSMENT: ("đánh giá lại", "re-assessment"),
    RecallReason.ISSUED_IN_ERROR: ("phát hành nhầm", "issued in error"),
    RecallReason.FRAUD: ("gian lận", "fraud"),
    RecallReason.OTHER: ("lý do khác", "another reason"),
}


def told(moment: dt.datetime) -> str:
    """A time as people read it: 28/05/2026 09:12 (+07:00)."""
    return moment.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M (+07:00)")


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


def signatures(examination: Examination, expected: Expected) -> Iterator[Finding]:
    """Step 6. Every complaint there is, or else one finding that all is well."""
    manifest, judgements = expected.manifest, examination.signatures
    if not judgements:
        yield f.SIGNATURES_NONE()
        return
    complaints = [
        *_who(judgements, manifest),
        *(complaint for judgement in judgements for complaint in _one(judgement, expected)),
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
    yield from _listed(judgements, expected)
    yield from _as_known_now(examination, expected.now)


def _as_known_now(examination: Examination, now: dt.datetime) -> Iterator[Finding]:
    """What has become known of the signers' certificates since; a revocation from before they signed is a complaint already."""
    if examination.kind is FileKind.XML:
        yield f.SIGNATURES_XML_REVOCATION()
        return
    judgements = examination.signatures
    for judgement in judgements:
        if judgement.revoked_at is not None and judgement.trusted:
            role = ROLE_NAMES.get(judgement.field, (judgement.field, judgement.field))
            yield f.SIGNATURES_REVOKED_LATER(role=role, when=told(judgement.revoked_at))
    current = [one.known for one in judgements if one.known and (one.known.until is None or one.known.until >= now)]
    if len(current) == len(judgements) and all(judgement.trusted for judgement in judgements):
        yield f.SIGNATURES_REVOCATION_KNOWN(when=told(min(known.as_of for known in current)))
    else:
        yield f.SIGNATURES_REVOCATION_NOW()


def signatures_alone(examination: Examination, trust: Trust) -> Iterator[Finding]:
    """What the signatures say of a file of which nothing else is known: who is broken or not to be trusted, and no more."""
    if not examination.signatures:
        yield f.SIGNATURES_NONE()
        return
    complaints = []
    for judgement in examination.signatures:
        words = ROLE_NAMES.get(judgement.field, (judgement.field, judgement.field))
        root = judgement.issuer_root_sha256
        if judgement.outcome is Outcome.FAILED:
            complaints.append(f.SIGNATURES_INVALID({"sub_indication": judgement.sub_indication}, role=words))
        elif root is None or not trust.may_certify(root.hex(), judgement.field):
            complaints.append(f.SIGNATURES_UNTRUSTED(role=words))
    yield from complaints or [f.SIGNATURES_SKIPPED()]


def _who(judgements: Sequence[SignatureJudgement], manifest: Manifest) -> Iterator[Finding]:
    """Those who signed are those whom the manifest lists, in its order, and the profile is content with them."""
    listed, present = [signer.role for signer in manifest.signers], [judgement.field for judgement in judgements]
    if missing := [role for role in listed if role not in present]:
        yield f.SIGNATURES_MISSING(roles=_names(missing))
    if strangers := [name for name in present if name not in listed]:
        yield f.SIGNATURES_STRANGER(roles=_names(strangers))
    profile = profile_of(UnitKind(manifest.kind), manifest.profile)
    if profile is None or not profile.complete([Role(role) for role in listed]):
        yield f.SIGNATURES_MISSING(roles=manifest.profile)
    times = [judgement.timestamped_at for judgement in judgements if judgement.timestamped_at is not None]
    backwards = any(later < earlier - CLOCK_SKEW for earlier, later in pairwise(times))
    if (present != listed and sorted(present) == sorted(listed)) or backwards:
        yield f.SIGNATURES_ORDER()


def _names(roles: Sequence[str]) -> tuple[str, str]:
    """Roles in words, in both languages; a stranger's field keeps its own name."""
    words = [ROLE_NAMES.get(role, (role, role)) for role in roles]
    return ", ".join(vi for vi, _ in words), ", ".join(en for _, en in words)


def _one(judgement: SignatureJudgement, expected: Expected) -> Iterator[Finding]:
    """One signature by itself: who, under which root, and whether it holds."""
    role, manifest = judgement.field, expected.manifest
    details = {"field": role, "sub_indication": judgement.sub_indication, "reason": judgement.reason}
    words = ROLE_NAMES.get(role, (role, role))
    if any(signer.role == role and signer.cert_sha256 != judgement.cert_sha256.hex() for signer in manifest.signers):
        yield f.SIGNATURES_OTHER_SIGNER(details, role=words)
    if not (judgement.intact and judgement.valid):
        yield f.SIGNATURES_INVALID(details, role=words)
        return
    root = judgement.issuer_root_sha256
    if root is None or not expected.trust.may_certify(root.hex(), role):
        yield f.SIGNATURES_UNTRUSTED(details, role=words)
        return
    ended, anchored_at = judgement.certificate_ends, expected.anchored_at
    unproven = judgement.timestamped_at is None
    if unproven and ended is not None and anchored_at is not None and ended < anchored_at:
        # Nothing proves that it was made while the certificate was good: whoever has the key by now may have made it.
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


def _listed(judgements: Sequence[SignatureJudgement], expected: Expected) -> Iterator[Finding]:
    """Each signer stands on the authority's list for this school and role when it signed.

    A time-stamp proves when that was. An XML signature has none: it was made at the latest when it was anchored, and says itself
    when. Who is listed at one of these times and not at the other may have signed in time, or after leaving; nobody can know.
    """
    if expected.trust.settings.signers is None:
        yield f.SIGNATURES_NO_LIST()
        return
    # Of a broken signature neither signer nor time is known; it has been complained of already.
    sound = [judgement for judgement in judgements if judgement.intact and judgement.valid]
    all_listed = len(sound) == len(judgements)
    for judgement in sound:
        proven = judgement.timestamped_at
        times = [judgement.claimed_at, expected.anchored_at] if proven is None else [proven]
        listed = {at is not None and _covered(judgement, at, expected) for at in times}
        words = ROLE_NAMES.get(judgement.field, (judgement.field, judgement.field))
        if None not in times and listed == {False}:
            yield f.SIGNATURES_NOT_LISTED(role=words)
        elif listed != {True}:
            yield f.SIGNATURES_INDETERMINATE({"field": judgement.field, "reason": "when it was made"}, role=words)
        all_listed = all_listed and listed == {True}
    if all_listed:
        yield f.SIGNATURES_LISTED()


def _covered(judgement: SignatureJudgement, at: dt.datetime, expected: Expected) -> bool:
    """Whether some line of the authority's list allows this signature at that time."""
    return any(
        line.covers(
            cert_sha256=judgement.cert_sha256.hex(), role=judgement.field, school=expected.manifest.school, at=at
        )
        for line in expected.trust.settings.signers or ()
    )


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


def summaries(judgements: Sequence[SignatureJudgement]) -> tuple[SignatureSummary, ...]:
    """The signatures as a person reads them."""
    return tuple(
        SignatureSummary(
            role=judgement.field,
            signer=judgement.signer,
            signed_at=judgement.timestamped_at,
            outcome=judgement.outcome,
            sub_indication=judgement.sub_indication,
        )
        for judgement in judgements
    )
