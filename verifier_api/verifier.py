# SPDX-License-Identifier: Apache-2.0

"""The verifier: how an answer is found.

One file, one verdict, in numbered steps (DESIGN.md, section 8). Each step leaves findings; a step that another one made pointless
is SKIPPED; what could not be asked is UNKNOWN. Only the last step concludes.

1. *Intake.* The bytes are looked at in a worker process, under bounds (`intake`).
2. *Exact bytes.* Is SHA-256 of the whole file one that was issued? If not: is an issued file a prefix of it, followed by document
   timestamps and nothing else? If not: what does the file claim to be?
3. *Receipt.* Manifest, leaf, path and root recompute. Parsing a receipt does just that.
4. *Chain.* The pinned registry knows the root, anchored by the school that the manifest names, deep enough.
5. *Standing.* Recalled, replaced or current, as the same reading of the chain says.
6. *Signatures.* All that the manifest lists and no others, in order, each intact and valid at its proven time, under a root
   that may certify its role, on the authority's list, which is the newest that it published on chain; nothing but signatures was
   added after the first; the seal is the one registered on chain for the school.
7. *Contents.* The record inside has the digest that the manifest holds.
8. *Conclusion.* Once, from the findings.

A verifier that was made with `at` answers as it would have at that moment: 4 and 5 by what was on the chain then (how deep an
anchor lies is known now), 6 by the revocation data that there was (its examiner's anchors are `Trust.as_of`), and it says so in
every verdict.

Example::

    verifier = Verifier.live(trust=Trust.load(folder), issued=reader, registry=registry, examiner=examiner, now=utc_now)
    verdict = verifier.verify(path.read_bytes())
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self
from uuid import UUID

from ledger.chain.errors import ChainError, WrongChain
from ledger.chain.registry import Head, LeafStatus, RegistryReader, Statement
from ledger.errors import Unavailable
from ledger.proof.errors import MalformedReceipt
from ledger.proof.manifest import ListedUnit, Manifest
from ledger.proof.receipt import Receipt
from ledger.proof.signer_list import SIGNERS_TOPIC
from ledger.store.reader import ReceiptEntry
from ledger.unit import Role
from ledger.web.languages import told
from verifier_api import approval, checks
from verifier_api import findings as f
from verifier_api.examination import ClaimedLine, Examination, Examiner, FileKind
from verifier_api.intake import MAX_FILE_BYTES, Exhausted
from verifier_api.trust import Trust
from verifier_api.verdict import Check, Conclusion, Finding, Outcome, SignatureSummary, Standing, Verdict, conclude

MEGABYTE = 1_000_000

_WITHDRAWN = frozenset({Standing.RECALLED, Standing.REPLACED})
_WORST_FIRST = (Standing.UNKNOWN, Standing.UNANCHORED, Standing.CURRENT)
"""Of units that nobody has recalled, the one of which least is known speaks for the booklet."""


class Issued(Protocol):
    """Whoever can give the receipt of what was issued: the ledger's reader, or a folder of receipts.

    Raises `Unavailable` when it cannot be asked. An entry without a receipt says: issued, and not in a batch yet.
    """

    @property
    def complete(self) -> bool:
        """Whether what it does not know was surely not issued: true of a ledger, false of a folder of receipts."""

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
    reached: bool = False
    """Whether the chain has answered."""
    replaced_by: UUID | None = None
    listed: tuple[Receipt | None, ...] = ()
    """What a booklet lists, in its order; None for what is not known, or not as it is listed."""
    signatures: tuple[SignatureSummary, ...] = ()

    def note(self, *found: Finding) -> None:
        self.findings.extend(found)

    def take(self, other: "_Case") -> None:
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


@dataclass(frozen=True)
class _Proof:
    """A receipt that covers the bytes of a file."""

    receipt: Receipt
    pending: bool
    """Whether the ledger still waits for its root to be final."""
    brought: bool
    """Whether it came with the file, and not from the ledger."""

    def same_as(self, other: "_Proof") -> bool:
        """Whether both lead from the same leaf to the same root."""
        return (self.receipt.leaf, self.receipt.root) == (other.receipt.leaf, other.receipt.root)


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
        at: dt.datetime | None = None,
    ) -> None:
        self._trust = trust
        self._issued = issued
        self._registry = registry
        self._examiner = examiner
        self._now = now
        self._at = at

    @classmethod
    def live(
        cls,
        *,
        trust: Trust,
        issued: Issued,
        registry: RegistryReader,
        examiner: Examiner,
        now: Callable[[], dt.datetime],
        at: dt.datetime | None = None,
    ) -> Self:
        """A verifier that asks the chain; with `at`, an aware time in the past, about that moment."""
        return cls(trust=trust, issued=issued, registry=registry, examiner=examiner, now=now, at=at)

    @classmethod
    def offline(
        cls,
        *,
        trust: Trust,
        issued: Issued,
        examiner: Examiner,
        now: Callable[[], dt.datetime],
        at: dt.datetime | None = None,
    ) -> Self:
        """A verifier that asks nobody: at best INDETERMINATE, because anchor and standing stay UNKNOWN."""
        return cls(trust=trust, issued=issued, registry=None, examiner=examiner, now=now, at=at)

    def verify(self, data: bytes, *, receipt: bytes | None = None) -> Verdict:
        """Judges one file by its bytes. `receipt` is the one that came with it; without it, the ledger is asked."""
        return self.verify_and_read(data, receipt=receipt)[0]

    def verify_and_read(self, data: bytes, *, receipt: bytes | None = None) -> tuple[Verdict, bytes | None]:
        """The verdict on one file, and the XML of the record inside: only of a file that is TOTAL_PASSED and CURRENT."""
        case, record = self._judge(data, receipt)
        verdict = self._conclude(case)  # (8)
        return verdict, record if verdict.good else None

    def _judge(self, data: bytes, receipt: bytes | None) -> tuple[_Case, bytes | None]:
        """(1) to (7), and the record that the file holds, whatever it is worth."""
        case = _Case(file_sha256=hashlib.sha256(data).hexdigest())
        examination = self._take_in(case, data)  # (1)
        if examination is None:
            return case, None
        proof = self._prove(case, data, examination, receipt)  # (2) to (5)
        if proof is None:
            case.note(f.CHAIN_SKIPPED(), *checks.signatures_alone(examination, self._trust), f.CONTENTS_SKIPPED())
            return case, None
        parsed = proof.receipt
        about_the_list = tuple(self._signer_list(case))
        expected = checks.Expected(
            manifest=parsed.manifest,
            trust=self._trust,
            seal_certificates=self._seals(case, parsed.manifest, examination),
            anchored_at=None if case.status is None else case.status.anchored_at,
            now=self._moment,
            list_in_force=all(found.outcome is Outcome.PASSED for found in about_the_list),
        )
        case.note(*checks.signatures(examination, expected), *about_the_list)  # (6)
        case.signatures = checks.summaries(examination.signatures, expected.approvals)
        case.note(checks.contents(examination, parsed.manifest))  # (7)
        return case, examination.record

    def oversized(self) -> Verdict:
        """The verdict on a file that was too large to be taken in at all."""
        return self._conclude(_Case([f.INTAKE_TOO_LARGE(limit=MAX_FILE_BYTES // MEGABYTE)]))

    def unopened(self, problem: str) -> Verdict:
        """The verdict on a file that its owner's computer would not open."""
        return self._conclude(_Case([f.INTAKE_UNOPENED({"problem": problem})]))

    def unit(self, unit_id: UUID) -> Verdict:
        """What can be said from a unit's id alone, such as a QR code holds: the standing, and never that a paper is genuine."""
        case = _Case(unit=unit_id)
        case.note(f.INTAKE_NO_FILE())
        try:
            entry = self._issued.receipt_of_unit(unit_id)
        except Unavailable:
            case.note(f.BYTES_NO_LEDGER())
            return self._conclude(case)
        self._judge_entry(case, entry, lambda manifest: manifest.id == unit_id)
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
        renewed = entry is not None and entry.renewed
        if entry is not None:
            case.note(f.BYTES_RENEWAL_LISTED() if renewed else f.BYTES_ISSUED())
        # Only the file itself can show that an issued one is a prefix of it.
        self._judge_entry(case, entry, lambda manifest: renewed or manifest.file(sha256) is not None)
        return self._conclude(case)

    def receipt(self, receipt: bytes) -> Verdict:
        """What can be said from a receipt alone: what it leads to on the chain, and how that unit stands; no file is judged."""
        case = _Case()
        case.note(f.INTAKE_NO_FILE())
        try:
            parsed = Receipt.parse(receipt)
        except MalformedReceipt as error:
            case.note(f.RECEIPT_MALFORMED(problem=str(error)), f.CHAIN_SKIPPED())
            return self._conclude(case)
        self._judge_receipt(case, parsed, pending=False, brought=True)
        return self._conclude(case)

    def workers_stand(self) -> bool:
        """Whether files can be examined at all; for whoever watches over the service."""
        return self._examiner.stands()

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

    def _prove(self, case: _Case, data: bytes, examination: Examination, given: bytes | None) -> _Proof | None:
        """(2) to (5) What proves these bytes, and what the chain says of it.

        Anybody can make up a receipt of anything, and it costs nothing to send it with a genuine file. So one that the chain does
        not bear out says nothing against the file: the ledger's own is taken; if the ledger cannot be asked, nothing is known.
        """
        if given is None:
            return self._follow(case, self._by_ledger(case, data, examination), examination)
        with_it, without_it = _Case(), _Case()
        brought = self._follow(with_it, self._by_receipt(with_it, data, examination, given), examination)
        if with_it.status is not None:
            case.take(with_it)
            return brought
        own = self._by_ledger(without_it, data, examination)
        no_better = without_it.issued is Outcome.FAILED or (own and brought and own.same_as(brought))
        if no_better or (without_it.issued is Outcome.UNKNOWN and not self._issued.complete):
            case.take(with_it)
            return brought
        case.take(without_it)
        case.note(
            f.RECEIPT_SET_ASIDE(
                {"findings": [found.code for found in with_it.findings if found.outcome is not Outcome.PASSED]}
            )
        )
        return self._follow(case, own, examination)

    def _follow(self, case: _Case, proof: _Proof | None, examination: Examination) -> _Proof | None:
        """(4), (5) From a file's receipt to the chain."""
        if proof is not None:
            self._look_up_units(case, proof.receipt.manifest, lines=examination.claimed_lines)
            self._ask_chain(case, proof.receipt, pending=proof.pending, brought=proof.brought)
        return proof

    def _by_receipt(self, case: _Case, data: bytes, examination: Examination, given: bytes) -> _Proof | None:
        """(2), (3) By the receipt that came with a file."""
        try:
            receipt = Receipt.parse(given)
        except MalformedReceipt as error:
            case.note(f.RECEIPT_MALFORMED(problem=str(error)))
            return None
        case.unit, case.manifest = receipt.manifest.id, receipt.manifest
        if (covered := self._covered(data, examination, receipt.manifest)) is None:
            case.note(self._explain_mismatch(data, examination, receipt.manifest))
            return None
        case.note(covered, f.RECEIPT_OK({"root": receipt.root, "leaf": receipt.leaf}))
        return _Proof(receipt, pending=False, brought=True)

    def _by_ledger(self, case: _Case, data: bytes, examination: Examination) -> _Proof | None:
        """(2), (3) By what the ledger has of a file's digest, or else of the unit that the file claims to be."""
        claimed = examination.claimed_unit
        try:
            entry = self._issued.receipt_of_file(hashlib.sha256(data).hexdigest())
            known = entry is not None
            if entry is None and claimed is not None:
                entry = self._issued.receipt_of_unit(claimed)
        except Unavailable:
            case.note(f.BYTES_NO_LEDGER())
            return None
        if entry is None:
            details = {"claimed_unit": None if claimed is None else str(claimed)}
            case.note(f.BYTES_NOT_ISSUED(details) if self._issued.complete else f.BYTES_NO_RECEIPT(details))
            return None
        case.unit = entry.unit_id
        if entry.receipt is None:
            if known:
                case.standing = Standing.UNANCHORED
            case.note(*((f.BYTES_ISSUED(), f.RECEIPT_PENDING()) if known else (f.BYTES_ALTERED(unit=claimed),)))
            return None
        try:
            receipt = Receipt.parse(entry.receipt)
        except MalformedReceipt as error:
            case.note(f.BYTES_LEDGER_CONTRADICTS({"problem": str(error)}))
            return None
        # If the ledger's index has lost the file, what it says of the unit proves it all the same.
        if (covered := self._covered(data, examination, receipt.manifest)) is not None:
            case.unit, case.manifest = receipt.manifest.id, receipt.manifest
            case.note(covered, f.RECEIPT_OK({"root": receipt.root, "leaf": receipt.leaf}))
            return _Proof(receipt, pending=not entry.final, brought=False)
        if known:
            # It has this file's digest beside another file's receipt. That is no fault of the file.
            case.note(f.BYTES_LEDGER_CONTRADICTS({"receipt_of": str(receipt.manifest.id)}))
        else:
            case.note(self._explain_mismatch(data, examination, receipt.manifest))
        return None

    @staticmethod
    def _covered(data: bytes, examination: Examination, manifest: Manifest) -> Finding | None:
        """That `manifest` is about these very bytes, or about those before the last document timestamps; None when it is not."""
        if manifest.file(hashlib.sha256(data).hexdigest()) is not None:
            return f.BYTES_ISSUED()
        added = checks.renewed_bytes(examination, data, manifest)
        return None if added is None else f.BYTES_RENEWED(count=added)

    @staticmethod
    def _explain_mismatch(data: bytes, examination: Examination, manifest: Manifest) -> Finding:
        """How a file differs from what `manifest` says was issued."""
        if (count := checks.appended_bytes(data, manifest)) is not None:
            return f.BYTES_APPENDED(count=count)
        if examination.claimed_unit == manifest.id:
            return f.BYTES_ALTERED(unit=manifest.id)
        return f.BYTES_OTHER_RECEIPT()

    def _judge_entry(self, case: _Case, entry: ReceiptEntry | None, asked: Callable[[Manifest], bool]) -> None:
        """What the ledger's own entry and the chain say, when there is no file to look into.

        `asked` says whether a manifest is about what was asked for: a ledger that mixes units up must not answer for another.
        """
        if entry is None:
            case.note(f.BYTES_NOT_ISSUED() if self._issued.complete else f.BYTES_NO_RECEIPT(), f.CHAIN_SKIPPED())
            return
        case.unit = entry.unit_id
        if entry.receipt is None:
            case.standing = Standing.UNANCHORED
            case.note(f.RECEIPT_PENDING(), f.CHAIN_SKIPPED())
            return
        try:
            receipt = Receipt.parse(entry.receipt)
        except MalformedReceipt as error:
            case.note(f.BYTES_LEDGER_CONTRADICTS({"problem": str(error)}), f.CHAIN_SKIPPED())
            return
        if not asked(receipt.manifest):
            case.note(f.BYTES_LEDGER_CONTRADICTS({"receipt_of": str(receipt.manifest.id)}), f.CHAIN_SKIPPED())
            return
        self._judge_receipt(case, receipt, pending=not entry.final, brought=False)

    def _judge_receipt(self, case: _Case, receipt: Receipt, *, pending: bool, brought: bool) -> None:
        """Steps 3 to 5 of a sound receipt, when there is no file to look into."""
        case.unit, case.manifest = receipt.manifest.id, receipt.manifest
        case.note(f.RECEIPT_OK({"root": receipt.root, "leaf": receipt.leaf}))
        self._look_up_units(case, receipt.manifest, lines=None)
        self._ask_chain(case, receipt, pending=pending, brought=brought)
        case.note(f.SIGNATURES_SKIPPED(), f.CONTENTS_SKIPPED())

    def _ask_chain(self, case: _Case, receipt: Receipt, *, pending: bool, brought: bool) -> None:
        """(4), (5) One reading of the registry, at one block, for anchor and standing.

        `brought` says that the receipt came with the file, and not from the ledger.
        """
        if self._registry is None:
            case.note(f.CHAIN_OFFLINE(), f.STANDING_UNKNOWN())
            return
        manifest = receipt.manifest
        try:
            status = _asked(self._registry, receipt, self._at)
            since = self._anchored_since(self._registry, receipt, status)
            if brought and status.recalled_at is None:
                status = self._recalled_elsewhere(self._registry, receipt, status)
            needed = self._depth_needed(self._registry, status.head)
        except WrongChain:
            case.note(f.CHAIN_WRONG(), f.STANDING_UNKNOWN())
            return
        except ChainError as error:
            case.note(f.CHAIN_UNREACHABLE({"problem": type(error).__name__}), f.STANDING_UNKNOWN())
            return
        case.reached = True
        settings = self._trust.settings.registry
        within = settings.newest_block_within
        # A node that has come past the moment asked about knows all that was recorded by then.
        stale = within is not None and self._moment - status.head.time > dt.timedelta(seconds=within)
        finding, anchored = checks.chain(status, manifest, confirmations=needed, pending=pending, stale=stale)
        case.note(finding if since is None else f.CHAIN_NOT_YET(when=told(since)))
        if not anchored:
            case.standing = Standing.UNKNOWN if stale else Standing.UNANCHORED
            return
        case.status = status
        finding, case.standing = checks.standing(status, final=finding.outcome is Outcome.PASSED)
        if stale and case.standing is Standing.UNANCHORED:
            case.standing = Standing.UNKNOWN
        case.note(finding)
        case.note(*checks.doubts(status))
        if case.standing is Standing.REPLACED:
            case.replaced_by = self._successor(manifest, status)
        if manifest.units and case.standing not in _WITHDRAWN:
            self._ask_units(case, manifest.units)

    def _anchored_since(self, registry: RegistryReader, receipt: Receipt, status: LeafStatus) -> dt.datetime | None:
        """When what was not anchored at the moment asked about came to be; None if it was, is not yet, or no moment was asked."""
        if self._at is None or status.anchored_at is not None:
            return None
        today = _asked(registry, receipt, None)
        return today.anchored_at if today.included else None

    def _depth_needed(self, registry: RegistryReader, head: Head) -> int:
        """How deep a block must be today to stand for good."""
        rule = self._trust.settings.registry.confirmations
        return rule if rule != "finalized" else head.number - registry.settled_block(rule) + 1

    def _look_up_units(self, case: _Case, booklet: Manifest, *, lines: Sequence[ClaimedLine] | None) -> None:
        """What is known of the units that a booklet lists, each only if it is the very one, and whether they belong in it.

        Whether they are of one pupil nobody can tell from manifests, which name no pupil; that is what the school's seal says.
        """
        known = [self._known(listed.id) for listed in booklet.units or ()]
        case.listed = tuple(
            receipt if receipt and receipt.manifest.sha256().hex() == listed.manifest_sha256 else None
            for receipt, listed in zip(known, booklet.units or (), strict=True)
        )
        manifests = [None if receipt is None else receipt.manifest for receipt in case.listed]
        strange = checks.strangers(booklet, manifests, lines)
        case.note(*(f.CONTENTS_OTHER_UNIT(unit=unit_id) for unit_id in strange))
        case.listed = tuple(None if r is None or r.manifest.id in strange else r for r in case.listed)

    def _ask_units(self, case: _Case, units: Sequence[ListedUnit]) -> None:
        """(5) A booklet stands as its worst unit stands."""
        standings = set()
        for listed, receipt in zip(units, case.listed, strict=True):
            unit = _Case()
            if receipt is not None:
                self._ask_chain(unit, receipt, pending=False, brought=False)
            open_questions = [found.code for found in unit.findings if found.outcome is Outcome.UNKNOWN]
            if unit.standing in _WITHDRAWN:
                case.note(f.STANDING_UNIT_WITHDRAWN({"doubts": open_questions}, unit=listed.id))
            elif unit.standing is not Standing.CURRENT or open_questions:
                case.note(f.STANDING_UNIT_UNKNOWN({"findings": open_questions}, unit=listed.id))
                # What was anchored with a stolen key is on the chain and yet not to be relied on.
                unit.standing = Standing.UNKNOWN if unit.standing is Standing.CURRENT else unit.standing
            standings.add(unit.standing)
        if standings == {Standing.CURRENT}:
            case.note(f.STANDING_UNITS_CURRENT(count=len(units)))
        # A withdrawn unit withdraws the booklet, whether or not something took that unit's place: the booklet still lists it.
        standings.add(case.standing)
        case.standing = (
            Standing.RECALLED if _WITHDRAWN & standings else next(worst for worst in _WORST_FIRST if worst in standings)
        )

    def _recalled_elsewhere(self, registry: RegistryReader, receipt: Receipt, status: LeafStatus) -> LeafStatus:
        """`status`, with the recall of the unit under the leaf that the ledger knows for it, if there is one.

        A recall names a batch and an entry. Whoever anchors a recalled unit once more, in another batch or under another salt,
        gets something that nobody recalled; so a recall of either counts. Where no ledger can be asked, the receipt is all
        there is to go by.
        """
        known = self._known(receipt.manifest.id)
        same = known is not None and (known.leaf, known.root) == (receipt.leaf, receipt.root)
        if known is None or same or known.manifest.school != receipt.manifest.school:
            return status
        other = _asked(registry, known, self._at)
        if not other.included or other.recalled_at is None:
            return status
        return replace(
            status,
            recalled_at=other.recalled_at,
            reason=other.reason,
            recall_doubtful=other.recall_doubtful,
            replacement=other.replacement,
        )

    def _known(self, unit_id: UUID) -> Receipt | None:
        """The ledger's own receipt of a unit, if it can be asked and has a sound one."""
        try:
            entry = self._issued.receipt_of_unit(unit_id)
            receipt = None if entry is None or entry.receipt is None else Receipt.parse(entry.receipt)
        except (Unavailable, MalformedReceipt):
            return None
        return receipt if receipt is not None and receipt.manifest.id == unit_id else None

    def _successor(self, manifest: Manifest, status: LeafStatus) -> UUID | None:
        """The unit that replaces this one, if the ledger knows it and it is the one that the chain names."""
        try:
            successor = self._issued.successor(manifest.id)
        except Unavailable:
            return None
        receipt = None if successor is None else self._known(successor)
        if receipt is None or status.replacement is None:
            return None
        same_school = receipt.manifest.school == status.replacement[0]
        return successor if same_school and receipt.entry_bytes == status.replacement[1] else None

    def _seals(self, case: _Case, manifest: Manifest, examination: Examination) -> frozenset[bytes] | None:
        """The school's registered seal when it anchored, and when it sealed: a new seal may have come between the two.

        The second is asked only when the first is not the one in the manifest, and only for a time that a trusted time-stamp
        proves. None when the chain could not be asked.
        """
        if case.status is None or self._registry is None:
            return None
        seals = {case.status.seal_certificate}
        listed = (bytes.fromhex(s.cert_sha256) for s in manifest.signers if s.role == Role.SEAL.value)
        sealed = (s.timestamped_at for s in examination.signatures if s.field == Role.SEAL.value)
        at = next(sealed, None)
        if at is not None and seals.isdisjoint(listed):
            try:
                seals.add(self._registry.seal_at(school=manifest.school, at=at))
            except ChainError as error:
                case.note(f.CHAIN_UNREACHABLE({"problem": type(error).__name__}))
                return None
        return frozenset(seals)

    def _signer_list(self, case: _Case) -> Iterator[Finding]:
        """(6) Whether the list beside the trust settings is the authority's newest; one inside them is taken as it is."""
        signer_list, digest = self._trust.signer_list, self._trust.signer_list_sha256
        if signer_list is None or digest is None:
            return
        if self._registry is None:
            yield f.SIGNATURES_LIST_OFFLINE()
            return
        try:
            # Whoever did not answer a moment ago is not waited for once more.
            newest = self._newest_list(self._registry, self._at) if case.reached else None
            since = None
            if case.reached and self._at is not None and getattr(newest, "digest", None) != digest:
                since = self._newest_list(self._registry, None)
        except ChainError:
            case.reached, newest = False, None
        if not case.reached:
            yield f.SIGNATURES_LIST_UNCONFIRMED()
            return
        if since is not None and since.digest == digest:
            # Lines are only added and ended: the list of today still says who was approved then.
            yield f.SIGNATURES_LIST_SINCE({"published": digest.hex()}, when=told(since.published_at))
            return
        yield approval.published(digest=digest, issued_at=signer_list.issued_at, newest=newest)

    @staticmethod
    def _newest_list(registry: RegistryReader, at: dt.datetime | None) -> Statement | None:
        return registry.statement_at(publisher=None, topic=SIGNERS_TOPIC, at=at)

    def _conclude(self, case: _Case) -> Verdict:
        """(8) The one place that concludes."""
        if self._at is not None:
            case.note(f.STANDING_AS_OF(when=told(self._at)))
        manifest, status = case.manifest, case.status
        seal = next((s.signer for s in case.signatures if s.role == Role.SEAL.value), None)
        return Verdict(
            conclusion=conclude(case.findings),
            standing=case.standing,
            findings=tuple(case.findings),
            judged_at=self._now(),
            as_of=self._at,
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

    @property
    def _moment(self) -> dt.datetime:
        """The moment that the question is about."""
        return self._at or self._now()


def _asked(registry: RegistryReader, receipt: Receipt, at: dt.datetime | None) -> LeafStatus:
    return registry.status_of(
        school=receipt.manifest.school,
        root=receipt.root_bytes,
        entry=receipt.entry_bytes,
        proof=receipt.proof_bytes,
        at=at,
    )


__all__ = ["Conclusion", "Issued", "Verdict", "Verifier"]
