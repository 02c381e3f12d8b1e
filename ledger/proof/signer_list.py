# SPDX-License-Identifier: Apache-2.0

"""The authority's dated list of approved signers: which certificate may sign in which role, for which school, from when to when.

It is canonical JSON (RFC 8785) and names no person. The authority publishes its SHA-256 on the chain (`SIGNERS_TOPIC`) and hands
the list out; whoever verifies holds the list against the chain's newest statement, so that nobody can shorten, extend or hold
back a list unnoticed.

A list only grows. Whoever leaves, or gets another subject, has their line ended with `valid_to`, and the new line stands beside
it; no line is ever taken out. So the newest list answers for every signature that was ever made, and one list is all that a
verifier needs.

Example::

    listed = SignerList.parse((folder / "signers.json").read_bytes())
    any(line.covers(cert_sha256=digest, role="GVBM", subject="TOAN", school="79000401", at=when) for line in listed.lines)
"""

import datetime as dt
import hashlib
from typing import Annotated, Final, Literal, Self

import rfc8785
from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from ledger.proof.errors import MalformedSignerList
from ledger.proof.manifest import SchoolCode, Sha256Hex, SignerRole, SubjectCode, _Value, first_problem
from ledger.proof.merkle import keccak

SIGNERS_FORMAT: Literal["hocba-signers/1"] = "hocba-signers/1"

SIGNERS_TOPIC: Final = keccak(b"hocba.signers.v1")
"""The topic under which the authority publishes its lists (docs/contract.md, "Statements")."""

Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(dt.UTC))]
"""A time with a zone, kept in UTC: one moment is written in one way."""

HierarchyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
"""A certification hierarchy as trust settings name it, such as `vgca` or `public`."""


class ApprovedSigner(_Value):
    """One line of the list: who may sign, in which role, for which school, from when to when."""

    cert_sha256: Sha256Hex
    role: SignerRole
    school: SchoolCode
    subjects: Annotated[tuple[SubjectCode, ...] | None, Field(min_length=1, strict=False)] = None
    """Which subjects a subject teacher may sign; absent: any, and for all other roles."""
    valid_from: Moment
    valid_to: Moment | None = None
    """The first moment at which the line no longer holds; absent while nobody has ended it."""
    hierarchy: HierarchyName | None = None
    """The hierarchy under which the certificate was approved. A list that is published always says it; a line that an operator
    writes into `trust.json` may leave it to the roles there."""
    delegated_by: Sha256Hex | None = None
    """For a deputy who signs as principal (CBQL): the certificate of the principal who delegated. The delegation's dates are the
    line's own."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.subjects is not None and self.role != "GVBM":
            raise ValueError("only a subject teacher's line names subjects")
        if len(set(self.subjects or ())) != len(self.subjects or ()):
            raise ValueError("a subject stands twice in a line")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("a line ends before it begins")
        if self.delegated_by is not None and (self.role != "CBQL" or self.delegated_by == self.cert_sha256):
            raise ValueError("a principal delegates to somebody else, who then signs as CBQL")
        return self

    def covers(self, *, cert_sha256: str, role: str, school: str, at: dt.datetime, subject: str = "") -> bool:
        """Whether this line allows that signature at that time. `subject` is a subject teacher's; for all others it is empty."""
        return (
            (self.cert_sha256, self.role, self.school) == (cert_sha256, role, school)
            and (self.subjects is None or subject in self.subjects)
            and self.valid_from <= at
            and (self.valid_to is None or at < self.valid_to)
        )

    @property
    def unended(self) -> Self:
        """The same line without its end: what stays the same of a line from list to list."""
        return self.model_copy(update={"valid_to": None})


class SignerList(_Value):
    """The whole list of one authority, as it stood when it was issued."""

    format: Literal["hocba-signers/1"] = SIGNERS_FORMAT
    authority: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """The authority's name, such as "Sở GDĐT Hải Phòng"."""
    issued_at: Moment
    lines: Annotated[tuple[ApprovedSigner, ...], Field(strict=False)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        unended = [line.unended for line in self.lines]
        if len(set(unended)) != len(unended):
            raise ValueError("a line stands twice in the list")
        principals = {(line.school, line.cert_sha256) for line in self.lines if _in_own_right(line)}
        for line in self.lines:
            if line.hierarchy is None:
                raise ValueError(f"the line of {line.cert_sha256} names no hierarchy")
            if line.delegated_by is not None and (line.school, line.delegated_by) not in principals:
                raise ValueError(f"{line.delegated_by} delegated, and is not listed as principal of {line.school}")
        return self

    def canonical(self) -> bytes:
        """The bytes that are hashed and handed out: RFC 8785, UTF-8, without absent members."""
        return rfc8785.dumps(self.model_dump(mode="json", exclude_none=True))

    def sha256(self) -> bytes:
        """SHA-256 of `canonical()`: what is published on the chain."""
        return hashlib.sha256(self.canonical()).digest()

    def lost_since(self, older: Self) -> tuple[ApprovedSigner, ...]:
        """The lines of an older list that this one has no longer, whether ended or not: there must be none."""
        kept = {line.unended for line in self.lines}
        return tuple(line for line in older.lines if line.unended not in kept)

    @classmethod
    def parse(cls, canonical: bytes) -> Self:
        """Reads what `canonical` wrote. Raises `MalformedSignerList` with the first thing that is wrong."""
        try:
            listed = cls.model_validate_json(canonical)
        except ValidationError as error:
            raise MalformedSignerList(first_problem(error)) from error
        if listed.canonical() != canonical:
            raise MalformedSignerList("the bytes are not the canonical form (RFC 8785) of what they say")
        return listed


def _in_own_right(line: ApprovedSigner) -> bool:
    return line.role == "CBQL" and line.delegated_by is None
