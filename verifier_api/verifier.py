# SPDX-License-Identifier: Apache-2.0

"""The verifier: how an answer is found.

One file, one verdict, in numbered steps (DESIGN.md, section 8). Each step leaves findings; a step that another one made pointless
is SKIPPED; what could not be asked is UNKNOWN. Only the last step concludes.

1. *Intake.* The bytes are looked at in a worker process, under bounds (`intake`).
2. *Exact bytes.* Is SHA-256 of the whole file one that was issued? If not: is an issued file a prefix of it, and what does the
   file claim to be?
3. *Receipt.* Manifest, leaf, path and root recompute. Parsing a receipt does just that.
4. *Chain.* The pinned registry knows the root, anchored by the school that the manifest names, deep enough.
5. *Standing.* Recalled, replaced or current, as the same reading of the chain says.
6. *Signatures.* All that the manifest lists and no others, in order, each intact and valid at its proven time, under a root
   that may certify its role, on the authority's list; nothing but signatures was added after the first; the seal is the one
   registered on chain for the school.
7. *Contents.* The record inside has the digest that the manifest holds.
8. *Conclusion.* Once, from the findings.

Example::

    verifier = Verifier.live(trust=Trust.load(folder), issued=reader, registry=registry, examiner=examiner, now=utc_now)
    verdict = verifier.verify(path.read_bytes())
"""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, Self
from uuid import UUID

from ledger.chain.errors import ChainError, WrongChain
from ledger.chain.registry import LeafStatus, RegistryReader
from ledger.errors import Unavailable
from ledger.proof.errors import MalformedReceipt
from ledger.proof.manifest import Manifest
from ledger.proof.receipt import Receipt
from ledger.store.reader import ReceiptEntry
from ledger.unit import Role
from verifier_api import checks
from verifier_api import findings as f
from verifier_api.examination import Examination, Examiner, FileKind
from verifier_api.intake import MAX_FILE_BYTES, Exhausted
from verifier_api.trust import Trust
from verifier_api.verdict import Conclusion, Finding, Outcome, SignatureSummary, Standing, Verdict, conclude

MEGABYTE = 1_000_000


class Issued(Protocol):
    """Whoever can give the receipt of what was issued: the ledger's reader, or a folder of receipts.

    Raises `Unavailable` when it cannot be asked. An entry without a receipt says: issued, and not in a batch yet.
    """

    def receipt_of_file(self, sha256: str) -> ReceiptEntry | None:
        """The receipt of the unit that this exact file belongs to; None when no such file was issued."""

    def receipt_of_unit(self, unit_id: UUID) -> ReceiptEntry | None:
        """The receipt of a unit; None when no such unit was issued."""

    def successor(self, unit_id: UUID) -> UUID | None:
        """The unit that replaces this one, as far as is known."""


@dataclass
class _Case:
    """What has been found about one question so far."""

    findings: list[Finding] = field(default_factory=list)
    standing: Standing = Standing.UNKNOWN
    file_sha256: str | None = None
    unit: UUID | None = None
    manifest: Manifest | None = None
    status: LeafStatus | None = None
    replaced_by: UUID | None = None
    signatures: tuple[SignatureSummary, ...] = ()

    def note(self, *found: Finding) -> None:
        self.findings.extend(found)


class Verifier:
    """Answers questions about files. Holds no key, changes nothing, and never raises because of a file.

    Safe to share between threads if its parts are. Its ways in are named: `live` asks ledger and chain, `offline` asks the
    file and its receipt only, and says that the rest was not checked.
    """

    def __init__(
        self,
        *,
        trust: Trust,
        issued: Issued,
        registry: RegistryReader | None,
        examiner: Examiner,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._trust = trust
        self._issued = issued
        self._registry = registry
        self._examiner = examiner
        self._now = now

    @classmethod
    def live(
        cls,
        *,
        trust: Trust,
        issued: Issued,
        registry: RegistryReader,
        examiner: Examiner,
        now: Callable[[], dt.datetime],
    ) -> Self:
        """A verifier that asks the chain."""
        return cls(trust=trust, issued=issued, registry=registry, examiner=examiner, now=now)

    @classmethod
    def offline(cls, *, trust: Trust, issued: Issued, examiner: Examiner, now: Callable[[], dt.datetime]) -> Self:
        """A verifier that asks nobody: at best INDETERMINATE, because anchor and standing stay UNKNOWN."""
        return cls(trust=trust, issued=issued, registry=None, examiner=examiner, now=now)

    def verify(self, data: bytes, *, receipt: bytes | None = None) -> Verdict:
        """Judges one file by its bytes. `receipt` is the one that came with it; without it, the ledger is asked."""
        case = _Case(file_sha256=hashlib.sha256(data).hexdigest())
        examination = self._take_in(case, data)  # (1)
        if examination is None:
            return self._conclude(case)
        proof = self._find_receipt(case, data, examination, receipt)  # (2), (3)
        if proof is None:
            case.note(f.CHAIN_SKIPPED(), f.SIGNATURES_SKIPPED(), f.CONTENTS_SKIPPED())
            return self._conclude(case)
        parsed, pending = proof
        self._ask_chain(case, parsed, pending=pending)  # (4), (5)
        expected = checks.Expected(
            manifest=parsed.manifest,
            trust=self._trust,
            seal_certificate=None if case.status is None else case.status.seal_certificate,
            anchored_at=None if case.status is None else case.status.anchored_at,
        )
        case.note(*checks.signatures(examination, expected))  # (6)
        case.note(checks.contents(examination, parsed.manifest))  # (7)
        return self._conclude(case)  # (8)

    def oversized(self) -> Verdict:
        """The verdict on a file that was too large to be taken in at all."""
        return self._conclude(_Case([f.INTAKE_TOO_LARGE(limit=MAX_FILE_BYTES // MEGABYTE)]))

    def unit(self, unit_id: UUID) -> Verdict:
        """What can be said from a unit's id alone, such as a QR code holds: the standing, and never that a paper is genuine."""
        case = _Case(unit=unit_id)
        case.note(f.INTAKE_NO_FILE())
        try:
            entry = self._issued.receipt_of_unit(unit_id)
        except Unavailable:
            case.note(f.BYTES_NO_LEDGER())
            return self._conclude(case)
        self._judge_entry(case, entry)
        return self._conclude(case)

    def digest(self, sha256: str) -> Verdict:
        """What can be said from a file's SHA-256 alone: whether such a file was issued, and its unit's standing."""
        case = _Case(file_sha256=sha256)
        case.note(f.INTAKE_NO_FILE())
        try:
            entry = self._issued.receipt_of_file(sha256)
        except Unavailable:
            case.note(f.BYTES_NO_LEDGER())
            return self._conclude(case)
        if entry is not None:
            case.note(f.BYTES_ISSUED())
        self._judge_entry(case, entry)
        return self._conclude(case)

    def _take_in(self, case: _Case, data: bytes) -> Examination | None:
        """(1) Looks into the file, or says why that makes no sense."""
        if not data:
            case.note(f.INTAKE_EMPTY())
            return None
        if len(data) > MAX_FILE_BYTES:
            case.note(f.INTAKE_TOO_LARGE(limit=MAX_FILE_BYTES // MEGABYTE))
            return None
        try:
            examination = self._examiner.examine(data)
        except Exhausted:
            case.note(f.INTAKE_EXHAUSTED())
            return None
        case.signatures = checks.summaries(examination.signatures)
        if examination.kind is FileKind.OTHER:
            case.note(f.INTAKE_NOT_A_RECORD())
            return None
        if examination.problem is not None:
            case.note(f.INTAKE_UNREADABLE({"problem": examination.problem}))
        else:
            case.note(f.INTAKE_OK())
        return examination

    def _find_receipt(
        self, case: _Case, data: bytes, examination: Examination, given: bytes | None
    ) -> tuple[Receipt, bool] | None:
        """(2), (3) The receipt of exactly these bytes, and whether its root is still on its way to the chain."""
        digest = hashlib.sha256(data).hexdigest()
        pending = False
        try:
            if given is None:
                entry = self._issued.receipt_of_file(digest)
                if entry is None:
                    case.note(self._explain_unknown(case, data, examination))
                    return None
                case.unit, pending = entry.unit_id, not entry.final
                case.note(f.BYTES_ISSUED())
                if entry.receipt is None:
                    case.standing = Standing.UNANCHORED
                    case.note(f.RECEIPT_PENDING())
                    return None
                given = entry.receipt
            receipt = Receipt.parse(given)
        except Unavailable:
            case.note(f.BYTES_NO_LEDGER())
            return None
        except MalformedReceipt as error:
            case.note(f.RECEIPT_MALFORMED(problem=str(error)))
            return None
        case.unit, case.manifest = receipt.manifest.id, receipt.manifest
        if receipt.manifest.file(digest) is None:
            case.note(self._explain_mismatch(data, examination, receipt.manifest))
            return None
        if f.BYTES_ISSUED.code not in {finding.code for finding in case.findings}:
            case.note(f.BYTES_ISSUED())
        case.note(f.RECEIPT_OK({"root": receipt.root, "leaf": receipt.leaf}))
        return receipt, pending

    def _explain_unknown(self, case: _Case, data: bytes, examination: Examination) -> Finding:
        """Why a file without a receipt is none of ours, in the words that help most."""
        claimed = examination.claimed_unit
        entry = None if claimed is None else self._issued.receipt_of_unit(claimed)
        if entry is None:
            return f.BYTES_NOT_ISSUED({"claimed_unit": None if claimed is None else str(claimed)})
        case.unit = claimed
        if entry.receipt is None:
            return f.BYTES_ALTERED(unit=claimed)
        return self._explain_mismatch(data, examination, Receipt.parse(entry.receipt).manifest)

    @staticmethod
    def _explain_mismatch(data: bytes, examination: Examination, manifest: Manifest) -> Finding:
        """How a file differs from what `manifest` says was issued."""
        if (count := checks.appended_bytes(data, manifest)) is not None:
            return f.BYTES_APPENDED(count=count)
        if examination.claimed_unit == manifest.id:
            return f.BYTES_ALTERED(unit=manifest.id)
        return f.BYTES_OTHER_RECEIPT()

    def _judge_entry(self, case: _Case, entry: ReceiptEntry | None) -> None:
        """What the ledger's own entry and the chain say, when there is no file to look into."""
        if entry is None:
            case.note(f.BYTES_NOT_ISSUED(), f.CHAIN_SKIPPED())
            return
        case.unit = entry.unit_id
        if entry.receipt is None:
            case.standing = Standing.UNANCHORED
            case.note(f.RECEIPT_PENDING(), f.CHAIN_SKIPPED())
            return
        try:
            receipt = Receipt.parse(entry.receipt)
        except MalformedReceipt as error:
            case.note(f.RECEIPT_MALFORMED(problem=str(error)), f.CHAIN_SKIPPED())
            return
        case.manifest = receipt.manifest
        case.note(f.RECEIPT_OK({"root": receipt.root, "leaf": receipt.leaf}))
        self._ask_chain(case, receipt, pending=not entry.final)
        case.note(f.SIGNATURES_SKIPPED(), f.CONTENTS_SKIPPED())

    def _ask_chain(self, case: _Case, receipt: Receipt, *, pending: bool) -> None:
        """(4), (5) One reading of the registry, at one block, for anchor and standing."""
        if self._registry is None:
            case.note(f.CHAIN_OFFLINE(), f.STANDING_UNKNOWN())
            return
        manifest = receipt.manifest
        try:
            status = self._registry.status_of(
                school=manifest.school, root=receipt.root_bytes, leaf=receipt.leaf_bytes, proof=receipt.proof_bytes
            )
        except WrongChain:
            case.note(f.CHAIN_WRONG(), f.STANDING_UNKNOWN())
            return
        except ChainError as error:
            case.note(f.CHAIN_UNREACHABLE({"problem": type(error).__name__}), f.STANDING_UNKNOWN())
            return
        confirmations = self._trust.settings.registry.confirmations
        finding, anchored = checks.chain(status, manifest, confirmations=confirmations, pending=pending)
        case.note(finding)
        if not anchored:
            case.standing = Standing.UNANCHORED
            return
        case.status = status
        finding, case.standing = checks.standing(status, final=finding.outcome is Outcome.PASSED)
        case.note(finding)
        if case.standing is Standing.REPLACED:
            case.replaced_by = self._successor(manifest.id)

    def _successor(self, unit_id: UUID) -> UUID | None:
        try:
            return self._issued.successor(unit_id)
        except Unavailable:
            return None

    def _conclude(self, case: _Case) -> Verdict:
        """(8) The one place that concludes."""
        manifest, status = case.manifest, case.status
        seal = next((s.signer for s in case.signatures if s.role == Role.SEAL.value), None)
        return Verdict(
            conclusion=conclude(case.findings),
            standing=case.standing,
            findings=tuple(case.findings),
            judged_at=self._now(),
            file_sha256=case.file_sha256,
            unit=case.unit,
            school=None if manifest is None else manifest.school,
            school_name=None if manifest is None else seal,
            school_year=None if manifest is None else manifest.year,
            level=None if manifest is None else manifest.level,
            anchored_at=None if status is None else status.anchored_at,
            recalled_at=None if status is None else status.recalled_at,
            recall_reason=None
            if status is None or status.reason is None
            else status.reason.name.lower().replace("_", "-"),
            replaced_by=case.replaced_by,
            signatures=case.signatures,
        )


__all__ = ["Conclusion", "Issued", "Verdict", "Verifier"]
