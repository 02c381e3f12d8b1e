# SPDX-License-Identifier: Apache-2.0

"""The consent in which a school names the account that acts for it on the chain.

The registry contract keeps the SHA-256 of this statement, signed with the school's seal, beside the account and the seal. Whoever
would quietly register an account of their own for a school needs such a statement, and cannot make one without the seal.

It is canonical JSON (RFC 8785) and names no person. `parse` takes canonical bytes and no others.
"""

from datetime import date
from typing import Annotated, Literal, Self

import rfc8785
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ledger.errors import LedgerError
from ledger.proof.manifest import SchoolCode, Sha256Hex

CONSENT_FORMAT: Literal["hocba-consent/1"] = "hocba-consent/1"

Account = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{40}$")]
"""An account of the chain, 0x and 40 lower-case hexadecimal digits."""


class MalformedConsent(LedgerError):
    """The bytes are no consent, or not in canonical form."""


class Consent(BaseModel):
    """Which account acts for which school in which registry, from which seal."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal["hocba-consent/1"] = CONSENT_FORMAT
    school: SchoolCode
    operator: Account
    seal_sha256: Sha256Hex
    """SHA-256 of the DER of the certificate that the statement is signed with."""
    chain_id: Annotated[int, Field(gt=0)]
    registry: Account
    given_on: Annotated[date, Field(strict=False)]

    @classmethod
    def of(cls, *, school: str, operator: str, seal_sha256: str, chain_id: int, registry: str, given_on: date) -> Self:
        """The consent of a school. Raises `MalformedConsent` for a code or an account that is none."""
        try:
            return cls(
                school=school,
                operator=operator.lower(),
                seal_sha256=seal_sha256,
                chain_id=chain_id,
                registry=registry,
                given_on=given_on,
            )
        except ValidationError as error:
            raise MalformedConsent(
                f"Chưa lập được văn bản đồng ý ({_places(error)}). Mã trường phải gồm 8 chữ số, địa chỉ khóa chuỗi là 0x và "
                "40 chữ số thập lục phân; hãy kiểm tra lại.",
                f"The consent cannot be made ({_places(error)}). A school code is eight digits, a chain account 0x and 40 hex "
                "digits; check them.",
            ) from error

    def canonical(self) -> bytes:
        """The bytes that are signed."""
        return rfc8785.dumps(self.model_dump(mode="json"))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read canonical bytes. Raises `MalformedConsent` for any others."""
        try:
            consent = cls.model_validate_json(data)
        except ValidationError as error:
            raise _malformed(_places(error)) from error
        if consent.canonical() != data:
            raise _malformed("RFC 8785")
        return consent


def _malformed(place: str) -> MalformedConsent:
    return MalformedConsent(
        f"Tệp này không phải văn bản đồng ý của trường (sai ở: {place}). Hãy đề nghị trường tạo lại bằng lệnh «hocba consent».",
        f"This is not a school's consent (wrong in: {place}). Ask the school to make it again with 'hocba consent'.",
    )


def _places(error: ValidationError) -> str:
    """The members that are wrong; none is named when the text is no JSON object at all."""
    return ", ".join(str(part) for problem in error.errors() for part in problem["loc"]) or "JSON"
