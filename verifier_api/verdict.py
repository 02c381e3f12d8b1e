# SPDX-License-Identifier: Apache-2.0

"""The answer, as values: findings, and the one verdict they amount to.

Conclusions are those of ETSI EN 319 102-1, section 5.1.2; beside the conclusion stands what the unit is *now*. A file can be
genuine beyond doubt (TOTAL_PASSED) and yet recalled: the first is about the bytes, the second about the school's last word.

Nothing in here is ever a bare `bool`, and no outage is ever a FAILED: what could not be found out is UNKNOWN.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

Language = Literal["vi", "en"]


class Outcome(StrEnum):
    """What one check came to."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    """Could not be found out now: a node is down, data is missing. Never shown as red, nor as green."""
    SKIPPED = "SKIPPED"
    """Not asked, because an earlier answer made it pointless or the question did not include it."""


class Conclusion(StrEnum):
    """What all findings about the file amount to (ETSI EN 319 102-1)."""

    TOTAL_PASSED = "TOTAL_PASSED"
    INDETERMINATE = "INDETERMINATE"
    TOTAL_FAILED = "TOTAL_FAILED"


class Standing(StrEnum):
    """What the unit is now, whatever became of this file."""

    CURRENT = "CURRENT"
    RECALLED = "RECALLED"
    REPLACED = "REPLACED"
    UNANCHORED = "UNANCHORED"
    """Issued here, and its root is not (finally) on the chain."""
    UNKNOWN = "UNKNOWN"


class Check(StrEnum):
    """The numbered steps of DESIGN.md section 8, in order."""

    INTAKE = "intake"
    BYTES = "bytes"
    RECEIPT = "receipt"
    CHAIN = "chain"
    STANDING = "standing"
    SIGNATURES = "signatures"
    CONTENTS = "contents"
    TIME = "time"
    """Beside the steps: the second witness of time, which never decides (`verifier_api.witness`)."""


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: Check
    outcome: Outcome
    code: str
    """Stable, never renamed once released; `verifier_api.findings` lists them all."""
    vi: str
    en: str
    details: Mapping[str, Any] = field(default_factory=dict)
    """For experts: digests, addresses, sub-indications. Never personal data."""

    def message(self, language: Language) -> str:
        """The sentence for people."""
        return self.vi if language == "vi" else self.en


@dataclass(frozen=True)
class SignatureSummary:
    """One signature, as a person wants to read it."""

    role: str
    """The slot's role (`GVBM`, `GVCN`, `CBQL`, `KY_PHAT_HANH`), or the field's own name in a stranger's file."""
    signer: str
    signed_at: dt.datetime | None
    """Proven by the signature's time-stamp; None when nothing proves it."""
    outcome: Outcome
    sub_indication: str | None = None
    """ETSI EN 319 102-1 sub-indication of the validation, when it did not pass."""
    subject: str | None = None
    """Code of the subject that a subject teacher signed; None for all others."""
    delegated_by: str | None = None
    """SHA-256 of the principal's certificate on whose behalf a deputy signed, as the authority's list says; None for whoever
    signed in their own right, and as long as that is not known."""

    def to_dict(self) -> dict[str, Any]:
        """The signature in the JSON verdict. `subject` and `delegated_by` are there only when there is one."""
        special = {"subject": self.subject, "delegated_by": self.delegated_by}
        return {
            "role": self.role,
            "signer": self.signer,
            "signed_at": _text(self.signed_at),
            "outcome": self.outcome.value,
            "sub_indication": self.sub_indication,
            **{name: value for name, value in special.items() if value is not None},
        }


@dataclass(frozen=True)
class Verdict:
    """Everything that is said about one file, or about one unit when only its id was given."""

    conclusion: Conclusion
    standing: Standing
    findings: tuple[Finding, ...]
    judged_at: dt.datetime
    file_sha256: str | None = None
    unit: UUID | None = None
    school: str | None = None
    """The eight-digit code that the manifest names and that anchored."""
    school_name: str | None = None
    """As its seal certificate, or the ledger, names it."""
    school_year: str | None = None
    level: str | None = None
    anchored_at: dt.datetime | None = None
    """The time of the block that anchored the root."""
    recalled_at: dt.datetime | None = None
    recall_reason: str | None = None
    replaced_by: UUID | None = None
    signatures: tuple[SignatureSummary, ...] = ()
    as_of: dt.datetime | None = None
    """The moment that was asked about, when that is not `judged_at`: everything here is then about that moment."""

    @property
    def good(self) -> bool:
        """Genuine beyond doubt and in force: what may be relied on."""
        return self.conclusion is Conclusion.TOTAL_PASSED and self.standing is Standing.CURRENT

    def finding(self, check: Check) -> Finding | None:
        """The most serious finding of one check, or None if it left none."""
        return max((f for f in self.findings if f.check is check), key=lambda f: _GRAVITY[f.outcome], default=None)

    @property
    def worst(self) -> Finding | None:
        """The finding that a person should read first: the earliest among the most serious.

        What is said of a time-stamp in the receipt is never it, as it says nothing against the record.
        """
        return max(self.findings, key=lambda f: (f.check is not Check.TIME, _GRAVITY[f.outcome]), default=None)

    @property
    def second_witness(self) -> Finding | None:
        """What a time-stamp in the receipt proves, where that is all that is known of the time: the chain has not answered."""
        chain = self.finding(Check.CHAIN)
        if self.conclusion is not Conclusion.INDETERMINATE or chain is None or chain.outcome is Outcome.PASSED:
            return None
        return next((f for f in self.findings if f.check is Check.TIME and f.outcome is Outcome.PASSED), None)

    def to_dict(self, language: Language = "vi") -> dict[str, Any]:
        """The JSON verdict (DESIGN.md section 9). Times are ISO 8601 in UTC; what is not known is null.

        `as_of` is there only in an answer about an earlier moment.
        """
        return {
            "format": "hocba-verdict/1",
            "conclusion": self.conclusion.value,
            "standing": self.standing.value,
            "unit": _text(self.unit),
            "school": None if self.school is None else {"code": self.school, "name": self.school_name},
            "school_year": self.school_year,
            "level": self.level,
            "anchored_at": _text(self.anchored_at),
            "recalled_at": _text(self.recalled_at),
            "recall_reason": self.recall_reason,
            "replaced_by": _text(self.replaced_by),
            "file_sha256": self.file_sha256,
            "judged_at": _text(self.judged_at),
            **({} if self.as_of is None else {"as_of": _text(self.as_of)}),
            "findings": [
                {
                    "check": f.check.value,
                    "outcome": f.outcome.value,
                    "code": f.code,
                    "message": f.message(language),
                    "details": dict(f.details),
                }
                for f in self.findings
            ],
            "signatures": [s.to_dict() for s in self.signatures],
        }


_GRAVITY = {Outcome.SKIPPED: 0, Outcome.PASSED: 1, Outcome.UNKNOWN: 2, Outcome.FAILED: 3}

MUST_PASS = frozenset({Check.INTAKE, Check.BYTES, Check.RECEIPT, Check.CHAIN, Check.SIGNATURES, Check.CONTENTS})
"""The checks without any of which no file is TOTAL_PASSED. `STANDING` is not among them: it has a word of its own.
Nor is `TIME`: anybody can put a token into a receipt, or take one out."""


def conclude(findings: Iterable[Finding]) -> Conclusion:
    """What `findings` about a file amount to. Fails closed: a required check that left no PASSED is not a pass.

    Any FAILED outside `STANDING` and `TIME` makes TOTAL_FAILED; otherwise any UNKNOWN, or a required check that did not pass,
    makes INDETERMINATE.
    """
    relevant = [finding for finding in findings if finding.check in MUST_PASS]
    outcomes = {finding.outcome for finding in relevant}
    if Outcome.FAILED in outcomes:
        return Conclusion.TOTAL_FAILED
    passed = {finding.check for finding in relevant if finding.outcome is Outcome.PASSED}
    if Outcome.UNKNOWN in outcomes or passed != MUST_PASS:
        return Conclusion.INDETERMINATE
    return Conclusion.TOTAL_PASSED


def _text(value: dt.datetime | UUID | None) -> str | None:
    match value:
        case None:
            return None
        case dt.datetime():
            return value.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        case UUID():
            return str(value)
