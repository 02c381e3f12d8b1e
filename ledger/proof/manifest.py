# SPDX-License-Identifier: Apache-2.0

"""The manifest: what was issued for a unit, and by whom it was signed, as digests.

It is written as canonical JSON (RFC 8785), so that anybody who holds its values computes the same bytes and the same
SHA-256. It names no pupil. A member without a value is absent, never null. Unknown members are refused: a manifest that
says more than we understand is one that we can't vouch for. `parse` takes canonical bytes and no others, so that a manifest
has one digest, whoever computes it.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_serializer, model_validator

from ledger.proof.errors import MalformedManifest

MANIFEST_VERSION: Literal["hocba-manifest/1"] = "hocba-manifest/1"

Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 as 64 lower-case hexadecimal digits."""

SchoolCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]
"""`MA_TRUONG`: eight digits (CV 2088/BGDĐT-GDTH, annex 1)."""

SchoolYear = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{4}$")]
"""`TEN_NAM_HOC`, such as 2025-2026."""

UnitId = Annotated[
    UUID, Field(strict=False, json_schema_extra={"pattern": r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"})
]
"""A unit's id, written with 32 lower-case hexadecimal digits and four hyphens."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)

MAX_EXACT_INTEGER = 2**53 - 1
"""Beyond that, JSON readers disagree about an integer, and RFC 8785 (3.2.2.3) has no form for it."""

MAX_UNITS = 16
"""A level has at most five grades; a pupil may repeat some of them."""

Level = Literal["TH", "THCS", "THPT"]
FileRole = Literal["pdf", "xml"]
SignerRole = Literal["GVBM", "GVCN", "CBQL", "KY_PHAT_HANH"]
"""The ministry's names: subject teacher, homeroom teacher, principal, and the school's seal that issues (CV 2088, annex 1)."""

SubjectCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,31}$")]
"""`MA_MON_HOC`, as hocba profile 0 lists them."""


class _Value(BaseModel):
    """A frozen value that refuses unknown members and converts nothing silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class IssuedFile(_Value):
    """One file that was handed out, by its exact bytes."""

    role: FileRole
    sha256: Sha256Hex
    size: Annotated[int, Field(gt=0, le=MAX_EXACT_INTEGER)]
    """In bytes."""


class ManifestSigner(_Value):
    """One person or organisation that signed, by the certificate it signed with."""

    role: SignerRole
    cert_sha256: Sha256Hex
    subject: SubjectCode | None = None
    """Whose row of the marks a subject teacher signed; absent for all others."""

    @model_validator(mode="after")
    def _subject_teachers_have_one(self) -> Self:
        if (self.role == "GVBM") is not (self.subject is not None):
            raise ValueError("a subject teacher signs a subject, and nobody else does")
        return self


class ListedUnit(_Value):
    """One unit that a booklet lists, by what was issued for it."""

    id: UnitId
    manifest_sha256: Sha256Hex

    @field_serializer("id")
    def _plain_uuid(self, value: UUID) -> str:
        return str(value)


class Manifest(_Value):
    """What was issued for one unit or one booklet, and by whom it was signed (DESIGN.md section 6)."""

    version: Literal["hocba-manifest/1"] = MANIFEST_VERSION
    kind: Literal["unit", "booklet"] = "unit"
    id: UnitId
    school: SchoolCode
    year: SchoolYear
    level: Level
    profile: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    """Which signing profile decided who had to sign."""
    record_sha256: Sha256Hex
    """SHA-256 over the exclusive C14N of `DU_LIEU_HOC_BA`."""
    files: Annotated[tuple[IssuedFile, ...], Field(min_length=1, strict=False)]
    signers: Annotated[tuple[ManifestSigner, ...], Field(min_length=1, strict=False)]
    """In the order in which they signed."""
    replaces: UnitId | None = None
    units: Annotated[tuple[ListedUnit, ...] | None, Field(min_length=1, max_length=MAX_UNITS, strict=False)] = None
    """What a booklet lists, oldest year first; a unit lists none. `year` is then that of the newest."""

    @field_serializer("id", "replaces")
    def _plain_uuid(self, value: UUID | None) -> str | None:
        return None if value is None else str(value)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        first, second = map(int, self.year.split("-"))
        if second != first + 1:
            raise ValueError(f"{self.year} is not a school year")
        once: tuple[tuple[str, list[object]], ...] = (
            ("file role", [file.role for file in self.files]),
            ("file", [file.sha256 for file in self.files]),
            ("signer role", [(signer.role, signer.subject) for signer in self.signers]),
            ("unit", [str(unit.id) for unit in self.units or ()]),
        )
        for name, values in once:
            if len(set(values)) != len(values):
                raise ValueError(f"a {name} stands twice in the manifest")
        if self.id.version != 4:  # noqa: PLR2004 - the ministry demands UUID version 4
            raise ValueError("the unit's id is not a UUID of version 4")
        if self.replaces == self.id:
            raise ValueError("a unit cannot replace itself")
        if (self.kind == "booklet") is not (self.units is not None):
            raise ValueError("a booklet lists its units, and a unit lists none")
        if any(unit.id == self.id for unit in self.units or ()):
            raise ValueError("a booklet cannot list itself")
        return self

    def canonical(self) -> bytes:
        """The bytes that are hashed: RFC 8785, UTF-8, without absent members."""
        # For names and text in ASCII and integers below 2^53, and nothing else passes the types above, what the standard library
        # writes when told to sort is that form, and in a seventh of the time; tests/property compares with the rfc8785 package.
        value = self.model_dump(mode="json", exclude_none=True)
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    def sha256(self) -> bytes:
        """SHA-256 of `canonical()`, 32 bytes: the third word of the leaf."""
        return self._sha256

    @cached_property
    def _sha256(self) -> bytes:
        return hashlib.sha256(self.canonical()).digest()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, which would leave the copy with the digest of the original."""
        copy = super().model_copy(update=update, deep=deep)
        copy.__dict__.pop("_sha256", None)
        return copy

    def file(self, sha256_hex: str) -> IssuedFile | None:
        """The issued file with exactly this digest, if there is one."""
        return next((file for file in self.files if file.sha256 == sha256_hex), None)

    @property
    def first_year(self) -> int:
        """The calendar year in which the school year begins: what the contract calls `schoolYear`."""
        return int(self.year[:4])

    @classmethod
    def parse(cls, canonical: bytes) -> Self:
        """Reads what `canonical` wrote. Raises `MalformedManifest` with the first thing that is wrong."""
        try:
            manifest = cls.model_validate_json(canonical)
        except ValidationError as error:
            raise MalformedManifest(first_problem(error)) from error
        if manifest.canonical() != canonical:
            raise MalformedManifest("the bytes are not the canonical form (RFC 8785) of what they say")
        return manifest


def first_problem(error: ValidationError) -> str:
    """The first of pydantic's complaints as one line: where, and what."""
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    # A member that is too much is named by whoever wrote it, and this goes into messages that people believe.
    where = ".".join(part if _NAME.fullmatch(part := str(each)) else "…" for each in problem["loc"])
    return f"{where}: {problem['msg']}" if where else problem["msg"]
