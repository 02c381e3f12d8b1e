# SPDX-License-Identifier: Apache-2.0

"""What has been found about one question on the way to its verdict: written by every step, read by the conclusion."""

from dataclasses import dataclass, field
from uuid import UUID

from ledger.chain.registry import LeafStatus
from ledger.proof.manifest import Manifest
from ledger.proof.receipt import Receipt
from verifier_api.verdict import Check, Finding, Outcome, SignatureSummary, Standing


@dataclass
class Case:
    """What has been found about one question so far."""

    findings: list[Finding] = field(default_factory=list)
    standing: Standing = Standing.UNKNOWN
    file_sha256: str | None = None
    unit: UUID | None = None
    manifest: Manifest | None = None
    status: LeafStatus | None = None
    reached: bool = False
    """Whether the chain has answered."""
    replaced_by: UUID | None = None
    listed: tuple[Receipt | None, ...] = ()
    """What a booklet lists, in its order; None for what is not known, or not as it is listed."""
    signatures: tuple[SignatureSummary, ...] = ()

    def note(self, *found: Finding) -> None:
        """Writes findings down."""
        self.findings.extend(found)

    def take(self, other: "Case") -> None:
        """What was found of a file's receipt and anchor in `other` is what holds here."""
        self.note(*other.findings)
        self.standing, self.unit, self.manifest = other.standing, other.unit, other.manifest
        self.status, self.reached, self.replaced_by, self.listed = (
            other.status,
            other.reached,
            other.replaced_by,
            other.listed,
        )

    @property
    def issued(self) -> Outcome | None:
        """Whether these very bytes were issued, as far as is known."""
        return next((found.outcome for found in self.findings if found.check is Check.BYTES), None)
