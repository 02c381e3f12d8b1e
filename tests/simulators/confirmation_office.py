# SPDX-License-Identifier: Apache-2.0

"""Who judges confirmations where no paper is written: implements `ledger.confirming.ConfirmationCheck`, driven by state.

Everything that begins as a PDF is good, but for what is put among `unsound`. Example::

    office = ConfirmationOffice()
    office.unsound.add(b"%PDF-1.7 scanned")
    office.doubts = (Doubt.NO_REVOCATION_DATA,)     # of what is judged from now on
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.confirming import PDF, SIGNERS, Confirmed, Doubt, Endorsement
from ledger.errors import ConfirmationRefused
from ledger.so_far import SoFar
from ledger.store.reader import Unit

UNTIL = dt.datetime(2026, 5, 29, 2, 0, tzinfo=dt.UTC)
NOT_SIGNED = ("chưa có chữ ký", "nobody has signed it")


@dataclass
class ConfirmationOffice:
    """What is good, and what was asked about."""

    unsound: set[bytes] = field(default_factory=set)
    doubts: tuple[Doubt, ...] = ()
    asked: list[tuple[Unit | SoFar, str, tuple[Unit, ...]]] = field(default_factory=list)

    def draw(self, unit: Unit | SoFar, *, to_school: str, handed_over: Sequence[Unit], until: dt.datetime) -> bytes:
        return PDF + f"{unit.id} {to_school} {[str(one.id) for one in handed_over]} {until}".encode()

    def require(self, pdf: bytes, unit: Unit | SoFar, *, to_school: str, handed_over: Sequence[Unit]) -> Confirmed:
        self.asked.append((unit, to_school, tuple(handed_over)))
        if not pdf.startswith(PDF) or pdf in self.unsound:
            raise ConfirmationRefused([NOT_SIGNED])
        return Confirmed(
            UNTIL,
            tuple(
                Endorsement(
                    role=role,
                    signer=f"Người ký {role}",
                    cert_sha256=hashlib.sha256(role.encode()).hexdigest(),
                    signed_at=None if Doubt.NO_PROVEN_TIME in self.doubts else UNTIL,
                    holds=True,
                    certified=True,
                    revoked=False,
                    doubts=self.doubts,
                )
                for role in SIGNERS
            ),
        )
