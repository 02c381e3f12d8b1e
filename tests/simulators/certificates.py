# SPDX-License-Identifier: Apache-2.0

"""Certificates and what is known of them, driven by state: implements `ledger.registering.CertificateJudge`.

Example::

    office = CertificateOffice()
    teacher = office.issued("Lê Thị An", number="079180000001")
    office.revoked.add(teacher)
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.errors import CertificateRefused
from ledger.registering import Judged
from tests.simulators.school_ledger import NOON

YEAR = dt.timedelta(days=365)


@dataclass
class CertificateOffice:
    """Everything that was certified, and what became of it since."""

    known: dict[bytes, Judged] = field(default_factory=dict)
    revoked: set[bytes] = field(default_factory=set)
    answers: bool = True
    """Whether CRL and OCSP can be had."""

    def issued(
        self,
        holder: str,
        *,
        number: str | None = None,
        hierarchy: str | None = "public",
        since: dt.datetime = NOON - YEAR,
        until: dt.datetime = NOON + YEAR,
    ) -> bytes:
        """A new certificate: bytes that nobody but this office understands."""
        certificate = f"{holder}/{number}/{len(self.known)}".encode()
        self.known[certificate] = Judged(
            sha256=sha256(certificate),
            holder=holder,
            personal_number=number,
            valid_from=since,
            valid_to=until,
            hierarchy=hierarchy,
            revoked=False,
            revocation_known=True,
        )
        return certificate

    def judge(self, certificate: bytes, chain: Sequence[bytes]) -> Judged:  # noqa: ARG002 - the office knows its own
        if certificate not in self.known:
            raise CertificateRefused("Chứng thư không đọc được.", "not a certificate")
        judged = self.known[certificate]
        return Judged(
            **{
                **judged.__dict__,
                "revoked": self.answers and certificate in self.revoked,
                "revocation_known": self.answers,
            }
        )


def sha256(certificate: bytes) -> str:
    return hashlib.sha256(certificate).hexdigest()
