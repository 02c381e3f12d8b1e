# SPDX-License-Identifier: Apache-2.0

"""The documents that the API answers with, described for OpenAPI. Whoever writes them is held to these by tests."""

import datetime as dt
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from verifier_api.problems import PROBLEM_JSON, Problem
from verifier_api.verdict import Check, Conclusion, Outcome, Standing


class FindingBody(BaseModel):
    """What one check found."""

    check: Check
    outcome: Outcome
    code: str
    message: str
    details: dict[str, Any]


class SignatureBody(BaseModel):
    """One signature."""

    role: str
    signer: str
    signed_at: dt.datetime | None
    outcome: Outcome
    sub_indication: str | None
    subject: str | None = None
    """Code of the subject that a subject teacher signed; absent for all others."""
    delegated_by: str | None = None
    """SHA-256 of the principal's certificate on whose behalf a deputy signed; absent for whoever signed in their own right."""


class VerdictSchool(BaseModel):
    """The school that a verdict names."""

    code: str
    name: str | None


class VerdictBody(BaseModel):
    """The verdict as JSON. `Verdict.to_dict` writes it; here it is described, for OpenAPI."""

    format: Literal["hocba-verdict/1"]
    conclusion: Conclusion
    standing: Standing
    unit: UUID | None
    school: VerdictSchool | None
    school_year: str | None
    level: str | None
    anchored_at: dt.datetime | None
    recalled_at: dt.datetime | None
    recall_reason: str | None
    replaced_by: UUID | None
    file_sha256: str | None
    judged_at: dt.datetime
    as_of: dt.datetime | None = None
    """The moment that the answer is about; absent when it is about now."""
    findings: list[FindingBody]
    signatures: list[SignatureBody]


class ProblemBody(BaseModel):
    """An RFC 9457 problem."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    id: str | None = None
    """Of an internal error: what to tell the operator."""
    reason: str | None = None
    """Of a refused archive: why, for programs."""
    entry: str | None = None
    """Of a refused archive: where in it."""


def refusals(*rows: Problem) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI describes these problems. Several with one status share its place, and all of their titles are told."""
    told: dict[int | str, dict[str, Any]] = {}
    for row in rows:
        place = told.setdefault(row.status.value, {"content": {PROBLEM_JSON: {"schema": _PROBLEM_SCHEMA}}})
        place["description"] = " / ".join(filter(None, [place.get("description"), f"{row.title_en} (`{row.code}`)"]))
    return told


_PROBLEM_SCHEMA = ProblemBody.model_json_schema()
