# SPDX-License-Identifier: Apache-2.0

"""What the attester lets in: verdicts of `verifier_api/verdict-1.schema.json`, and nothing beside them. Pure.

1. *Shape.* Every member that the schema demands, none that it does not know, each within a bound. Readers of verdicts must
   take members that are new to them (docs/api.md); whoever seals must not, because it would seal what it does not show.
2. *Sense.* The conclusion is the one that the findings amount to (`verifier_api.verdict.conclude`).
3. *Time.* The verdict is of now: a report says "at this moment", and its time-stamp proves no other.

Example::

    told = read_report(body, now=utc_now())     # raises NotAVerdict, NotNow
    told.verdict.conclusion                     # a `verifier_api.verdict.Verdict`, its sentences in both languages
"""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

import rfc8785
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from scripts.attester.errors import NotAVerdict, NotNow
from verifier_api.verdict import (
    Check,
    Conclusion,
    Finding,
    Outcome,
    SignatureSummary,
    Standing,
    Verdict,
    conclude,
)

MAX_REPORT_BYTES = 1024 * 1024
"""One verdict in two languages. One on a record with fifteen signatures has 12 kB, on the worst of files 500."""
MAX_RESULT_BYTES = 32_000_000
"""A job's result: a thousand lines of at most 32 kB."""
MAX_RESULT_LINES = 1_000
MAX_AGE = dt.timedelta(minutes=5)
"""How old a verdict may be that becomes a report: it is made in the same request, so this is patience with clocks."""
MAX_AHEAD = dt.timedelta(minutes=1)
MAX_RESULT_AGE = dt.timedelta(days=1)
"""A job runs for hours when others wait before it, and is kept for one more."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Word = Annotated[str, Field(max_length=200)]
Sentence = Annotated[str, Field(max_length=6_000)]
"""One that names all signatures of a file has 4,500, if each is a stranger's (`verifier_api.judgements`)."""
MAX_FINDINGS = 300
"""The verifier judges 64 signatures, of each of which it finds three things, and 16 units of a booklet."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ToldFinding(_Strict):
    """What one check found."""

    check: Check
    outcome: Outcome
    code: Annotated[str, Field(pattern=r"^[a-z]+\.[a-z0-9_]+$", max_length=80)]
    message: Sentence
    details: dict[Word, JsonValue]


class ToldSignature(_Strict):
    """One signature. A stranger's field and certificate are called whatever they are called."""

    role: Word
    signer: Annotated[str, Field(max_length=500)]
    signed_at: AwareDatetime | None
    outcome: Outcome
    sub_indication: Word | None
    subject: Word = ""
    delegated_by: Sha256 | Literal[""] = ""


class ToldSchool(_Strict):
    """The school that the verdict names."""

    code: Annotated[str, Field(pattern=r"^[0-9]{8}$")]
    name: Annotated[str, Field(max_length=500)] | None


class ToldVerdict(_Strict):
    """The verdict on a file, as the schema has it, within bounds."""

    format: Literal["hocba-verdict/1"]
    conclusion: Conclusion
    standing: Standing
    unit: UUID | None
    school: ToldSchool | None
    school_year: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{4}$")] | None
    level: Annotated[str, Field(pattern=r"^[A-Z]{2,8}$")] | None
    anchored_at: AwareDatetime | None
    recalled_at: AwareDatetime | None
    recall_reason: Annotated[str, Field(pattern=r"^[a-z-]{1,40}$")] | None
    replaced_by: UUID | None
    file_sha256: Sha256
    """A report is about a file: what an id or a digest is answered with, is not sealed."""
    judged_at: AwareDatetime
    as_of: AwareDatetime | None = None
    findings: Annotated[tuple[ToldFinding, ...], Field(min_length=1, max_length=MAX_FINDINGS)]
    signatures: Annotated[tuple[ToldSignature, ...], Field(max_length=200)]

    def canonical(self) -> bytes:
        """The verdict as RFC 8785 writes it. Raises `NotAVerdict` for a number that no two programs would read alike."""
        try:
            return rfc8785.dumps(self.model_dump(mode="json", exclude_unset=True))
        except (rfc8785.CanonicalizationError, RecursionError):
            raise NotAVerdict("details") from None


class _Both(_Strict):
    vi: ToldVerdict
    en: ToldVerdict


class _Line(_Strict):
    name: Annotated[str, Field(max_length=1_000)]
    verdict: ToldVerdict


@dataclass(frozen=True)
class Told:
    """One verdict, as it was let in."""

    verdict: Verdict
    """Its findings carry their sentences in both languages."""
    machine: bytes
    """The same as canonical JSON, sentences in Vietnamese: what a program reads from the report."""


def read_report(body: bytes, *, now: dt.datetime) -> Told:
    """The verdict in `{"vi": …, "en": …}`: the same one in both languages. Raises `NotAVerdict` or `NotNow`."""
    try:
        both = _Both.model_validate_json(body)
    except (ValidationError, RecursionError) as error:
        raise NotAVerdict(_place(error)) from None
    if _silenced(both.vi) != _silenced(both.en):
        raise NotAVerdict("vi, en")
    verdict = _verdict(both.vi, english=[found.message for found in both.en.findings])
    _require_sense(verdict)
    _require_now(verdict.judged_at, now, max_age=MAX_AGE)
    return Told(verdict, both.vi.canonical())


def check_result(body: bytes, *, now: dt.datetime) -> int:
    """How many verdicts a job's result holds, if it is one: JSON lines as the verifier writes them.

    The bytes are sealed as they are, so they have to be the only way of writing what was understood: a member that stands
    there twice would be read differently by the next program. Raises `NotAVerdict` or `NotNow`.
    """
    lines = body.splitlines(keepends=True)
    if not 1 <= len(lines) <= MAX_RESULT_LINES:
        raise NotAVerdict("result")
    for number, line in enumerate(lines, start=1):
        place = f"line {number}"
        try:
            told = _Line.model_validate_json(line)
            loaded = json.loads(line, parse_constant=_refused_number)
            written = json.dumps(loaded, ensure_ascii=False).encode() + b"\n"
        except ValidationError as error:
            raise NotAVerdict(f"{place}: {_place(error)}") from None
        except (ValueError, RecursionError):
            raise NotAVerdict(place) from None
        if written != line:
            raise NotAVerdict(place)
        verdict = _verdict(told.verdict, english=[found.message for found in told.verdict.findings])
        _require_sense(verdict)
        _require_now(verdict.judged_at, now, max_age=MAX_RESULT_AGE)
    return len(lines)


def _refused_number(word: str) -> float:
    """Python reads and writes NaN and Infinity, which JSON does not have."""
    raise ValueError(word)


def _require_sense(verdict: Verdict) -> None:
    if conclude(verdict.findings) is not verdict.conclusion:
        raise NotAVerdict("conclusion")
    taken_in = verdict.finding(Check.INTAKE)
    if taken_in is None or taken_in.outcome is Outcome.SKIPPED:  # Only an id or a digest was asked about.
        raise NotAVerdict("findings")


def _require_now(judged_at: dt.datetime, now: dt.datetime, *, max_age: dt.timedelta) -> None:
    if not now - max_age <= judged_at <= now + MAX_AHEAD:
        raise NotNow(judged_at, now)


def _silenced(told: ToldVerdict) -> dict[str, Any]:
    """All of the verdict but its sentences."""
    said = told.model_dump()
    for found in said["findings"]:
        del found["message"]
    return said


def _verdict(told: ToldVerdict, *, english: list[str]) -> Verdict:
    return Verdict(
        conclusion=told.conclusion,
        standing=told.standing,
        findings=tuple(
            Finding(found.check, found.outcome, found.code, found.message, en, found.details)
            for found, en in zip(told.findings, english, strict=True)
        ),
        judged_at=told.judged_at,
        file_sha256=told.file_sha256,
        unit=told.unit,
        school=None if told.school is None else told.school.code,
        school_name=None if told.school is None else told.school.name,
        school_year=told.school_year,
        level=told.level,
        anchored_at=told.anchored_at,
        recalled_at=told.recalled_at,
        recall_reason=told.recall_reason,
        replaced_by=told.replaced_by,
        signatures=tuple(
            SignatureSummary(
                role=one.role,
                signer=one.signer,
                signed_at=one.signed_at,
                outcome=one.outcome,
                sub_indication=one.sub_indication,
                subject=one.subject or None,
                delegated_by=one.delegated_by or None,
            )
            for one in told.signatures
        ),
        as_of=told.as_of,
    )


def _place(error: Exception) -> str:
    """Where it is wrong, by the names of members: the content is other people's data."""
    if not isinstance(error, ValidationError):
        return "JSON"
    # What is too much there is named by whoever sent it, so only names that we know are repeated.
    path = error.errors(include_input=False, include_url=False)[0]["loc"]
    return ".".join(str(part) for part in path if isinstance(part, int) or part in _MEMBERS) or "JSON"


_MEMBERS = {
    name for model in (_Both, _Line, ToldVerdict, ToldFinding, ToldSignature, ToldSchool) for name in model.model_fields
}
