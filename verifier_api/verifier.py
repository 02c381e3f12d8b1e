# SPDX-License-Identifier: Apache-2.0

"""The verifier: how an answer is found.

One file, one verdict, in numbered steps (DESIGN.md, section 8). Each step leaves findings; a step that another one made pointless
is SKIPPED; what could not be asked is UNKNOWN. Only the last step concludes.

1. *Intake.* The bytes are looked at in a worker process, under bounds (`intake`).
2. *Exact bytes.* Is SHA-256 of the whole file one that was issued? If not: is an issued file a prefix of it, followed by document
   timestamps and nothing else? If not: what does the file claim to be, and was it cut, re-saved, printed or altered (`mismatch`)?
3. *Receipt.* Manifest, leaf, path and root recompute. Parsing a receipt does just that (2 and 3: `provenance`).
4. *Chain.* The pinned registry knows the root, anchored by the school that the manifest names, deep enough.
5. *Standing.* Recalled, replaced or current, as the same reading of the chain says (4 and 5: `on_chain`).
6. *Signatures.* All that the manifest lists and no others, in order, each intact and valid at its proven time, under a root
   that may certify its role, on the authority's list, which is the newest that it published on chain; nothing but signatures was
   added after the first; the seal is the one registered on chain for the school (6 and 7: `checks`).
7. *Contents.* The record inside has the digest that the manifest holds.
8. *Conclusion.* Once, from the findings (`verdict.conclude`).

Beside 4 stands a second witness of time, the time-stamp tokens over the root in the receipt (`witness`). They never decide; the
time by which the signatures existed, which 6 asks for, is the earlier of what a token and the anchor prove.

A verifier that was made with `at` answers as it would have at that moment: 4 and 5 by what was on the chain then (how deep an
anchor lies is known now), 6 by the revocation data that there was (its examiner's anchors are `Trust.as_of`), and it says so in
every verdict.

Example::

    verifier = Verifier.live(trust=Trust.load(folder), issued=reader, registry=registry, examiner=examiner, now=utc_now)
    verdict = verifier.verify(path.read_bytes())
"""

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Self
from uuid import UUID

from ledger.chain.registry import RegistryReader
from ledger.errors import Unavailable
from ledger.proof.errors import MalformedReceipt
from ledger.proof.manifest import Manifest
from ledger.proof.receipt import Receipt
from ledger.store.reader import ReceiptEntry
from ledger.unit import Role
from ledger.web.languages import told
from verifier_api import checks, mismatch
from verifier_api import findings as f
from verifier_api.abreast import LedgerIsAbreast, trusted
from verifier_api.case import Case
from verifier_api.examination import Examination, Examiner, FileKind
from verifier_api.intake import MAX_FILE_BYTES, Exhausted
from verifier_api.on_chain import OnChain
from verifier_api.provenance import Issued, Proof, Provenance, known_receipt, still_waiting
from verifier_api.trust import Trust
from verifier_api.verdict import Conclusion, Outcome, Standing, Verdict, conclude
from verifier_api.witness import Testimony, Witness

MEGABYTE = 1_000_000


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
        read_receipt: Callable[[bytes], Receipt] = Receipt.parse,
        abreast: LedgerIsAbreast = trusted,
    ) -> None:
        self._trust = trust
        self._issued = issued
        self._provenance = Provenance(issued, abreast=abreast)
        self._chain = OnChain(trust=trust, issued=issued, registry=registry, now=now, at=at)
        self._examiner = examiner
        self._now = now
        self._at = at
        self._read_receipt = read_receipt
        self._witness = Witness(examiner, now=now)

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
        read_receipt: Callable[[bytes], Receipt] = Receipt.parse,
        abreast: LedgerIsAbreast = trusted,
    ) -> Self:
        """A verifier that asks the chain; with `at`, an aware time in the past, about that moment.

        `read_receipt` parses the ledger's own receipts of what is asked for without a file, and recomputes them each time.
        `abreast` is asked before what a ledger does not know is said not to be issued.
        """
        return cls(
            trust=trust,
            issued=issued,
            registry=registry,
            examiner=examiner,
            now=now,
            at=at,
            read_receipt=read_receipt,
            abreast=abreast,
        )

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

    def _judge(self, data: bytes, receipt: bytes | None) -> tuple[Case, bytes | None]:
        """(1) to (7), and the record that the file holds, whatever it is worth."""
        case = Case(file_sha256=hashlib.sha256(data).hexdigest())
        examination = self._take_in(case, data)  # (1)
        if examination is None:
            return case, None
        proof = self._prove(case, data, examination, receipt)  # (2) to (5)
        if proof is None:
            case.note(f.CHAIN_SKIPPED(), *checks.signatures_alone(examination, self._trust), f.CONTENTS_SKIPPED())
            return case, None
        manifest = proof.receipt.manifest
        about_the_list = tuple(self._chain.signer_list(case))
        testimony = self._hear(proof.receipt, brought=proof.brought)
        expected = checks.Expected(
            manifest=manifest,
            trust=self._trust,
            seal_certificates=self._chain.seals(case, manifest, examination),
            anchored_at=None if case.status is None else case.status.anchored_at,
            now=self._chain.moment,
            stamped_at=testimony.stamped_at,
            list_in_force=all(found.outcome is Outcome.PASSED for found in about_the_list),
        )
        case.note(*checks.signatures(examination, expected), *about_the_list)  # (6)
        case.signatures = checks.summaries(examination.signatures, expected.approvals)
        case.note(checks.contents(examination, manifest))  # (7)
        case.note(testimony.finding)
        return case, examination.record

    def oversized(self) -> Verdict:
        """The verdict on a file that was too large to be taken in at all."""
        return self._conclude(Case([f.INTAKE_TOO_LARGE(limit=MAX_FILE_BYTES // MEGABYTE)]))

    def unopened(self, problem: str) -> Verdict:
        """The verdict on a file that its owner's computer would not open."""
        return self._conclude(Case([f.INTAKE_UNOPENED({"problem": problem})]))

    def unit(self, unit_id: UUID) -> Verdict:
        """What can be said from a unit's id alone, such as a QR code holds: the standing, and never that a paper is genuine."""
        case = Case(unit=unit_id)
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
        case = Case(file_sha256=sha256)
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
        case = Case()
        case.note(f.INTAKE_NO_FILE())
        try:
            parsed = Receipt.parse(receipt)
        except MalformedReceipt as error:
            case.note(f.RECEIPT_MALFORMED(problem=str(error)), f.CHAIN_SKIPPED())
            return self._conclude(case)
        self._judge_receipt(case, parsed, pending=still_waiting(self._issued, parsed), brought=True)
        return self._conclude(case)

    def workers_stand(self) -> bool:
        """Whether files can be examined at all; for whoever watches over the service."""
        return self._examiner.stands()

    def _take_in(self, case: Case, data: bytes) -> Examination | None:
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
            lacks_its_end = mismatch.cut_off(data, examination.kind)
            unreadable = f.INTAKE_CUT_OFF if lacks_its_end else f.INTAKE_UNREADABLE
            case.note(unreadable({"problem": examination.problem}))
        elif examination.seen_at is not None:
            case.note(f.INTAKE_SEEN_BEFORE(when=told(examination.seen_at)))
        else:
            case.note(f.INTAKE_OK())
        return examination

    def _prove(self, case: Case, data: bytes, examination: Examination, given: bytes | None) -> Proof | None:
        """(2) to (5) What proves these bytes, and what the chain says of it.

        Anybody can make up a receipt of anything, and it costs nothing to send it with a genuine file; any one school can anchor
        a receipt that lists another's files. So one that the chain does not bear out, or that is about another record than the
        one inside, says nothing against the file: the ledger's own is taken; if the ledger cannot be asked, nothing is known.
        """
        if given is None:
            found = Case()
            own = self._follow(found, self._provenance.by_ledger(found, data, examination), examination)
            return own if self._take_own(case, found) else None
        with_it, without_it = Case(), Case()
        brought = self._follow(with_it, self._provenance.by_receipt(with_it, data, examination, given), examination)
        fits = brought is not None and checks.contents(examination, brought.receipt.manifest).outcome is Outcome.PASSED
        if with_it.status is not None and fits:
            case.take(with_it)
            return brought
        own = self._provenance.by_ledger(without_it, data, examination)
        no_better = without_it.issued is Outcome.FAILED or (own and brought and own.same_as(brought))
        if no_better or (without_it.issued is Outcome.UNKNOWN and not self._issued.complete):
            case.take(with_it)
            return brought
        case.take(without_it)
        because = [found.code for found in with_it.findings if found.outcome is not Outcome.PASSED]
        case.note(f.RECEIPT_SET_ASIDE({"findings": because}))
        return self._follow(case, own, examination)

    def _take_own(self, case: Case, found: Case) -> bool:
        """Takes over what was found by a receipt that lay at hand, and says whether it counts.

        A folder holds what applicants hand in, and one of them may have made up a receipt of another's file. Unlike a ledger's,
        one that the chain does not know is then as good as none.
        """
        if self._issued.complete or not any(one.code == f.CHAIN_NOT_ANCHORED.code for one in found.findings):
            case.take(found)
            return True
        case.note(f.BYTES_NO_RECEIPT(), f.RECEIPT_NOT_BORNE_OUT())
        return False

    def _follow(self, case: Case, proof: Proof | None, examination: Examination) -> Proof | None:
        """(4), (5) From a file's receipt to the chain."""
        if proof is not None:
            self._provenance.look_up_units(case, proof.receipt.manifest, lines=examination.claimed_lines)
            self._chain.ask(case, proof.receipt, pending=proof.pending, brought=proof.brought)
        return proof

    def _judge_entry(self, case: Case, entry: ReceiptEntry | None, asked: Callable[[Manifest], bool]) -> None:
        """What the ledger's own entry and the chain say, when there is no file to look into.

        `asked` says whether a manifest is about what was asked for: a ledger that mixes units up must not answer for another.
        """
        if entry is None:
            case.note(self._provenance.unknown(None), f.CHAIN_SKIPPED())
            return
        case.unit = entry.unit_id
        if entry.receipt is None:
            case.standing = Standing.UNANCHORED
            case.note(f.RECEIPT_PENDING(), f.CHAIN_SKIPPED())
            return
        try:
            receipt = self._read_receipt(entry.receipt)
        except MalformedReceipt as error:
            case.note(f.BYTES_LEDGER_CONTRADICTS({"problem": str(error)}), f.CHAIN_SKIPPED())
            return
        if not asked(receipt.manifest):
            case.note(f.BYTES_LEDGER_CONTRADICTS({"receipt_of": str(receipt.manifest.id)}), f.CHAIN_SKIPPED())
            return
        found = Case()
        self._judge_receipt(found, receipt, pending=not entry.final, brought=False)
        if not self._take_own(case, found):
            case.unit = None if case.file_sha256 else case.unit
            case.note(f.CHAIN_SKIPPED(), f.SIGNATURES_SKIPPED(), f.CONTENTS_SKIPPED())

    def _judge_receipt(self, case: Case, receipt: Receipt, *, pending: bool, brought: bool) -> None:
        """Steps 3 to 5 of a sound receipt, when there is no file to look into."""
        case.unit, case.manifest = receipt.manifest.id, receipt.manifest
        case.note(f.RECEIPT_OK({"root": receipt.root, "leaf": receipt.leaf}))
        self._provenance.look_up_units(case, receipt.manifest, lines=None)
        self._chain.ask(case, receipt, pending=pending, brought=brought)
        case.note(f.SIGNATURES_SKIPPED(), f.CONTENTS_SKIPPED())
        if brought or not case.reached:
            # While the chain answers, its time is told, and a QR code that a thousand scan costs no worker anything.
            case.note(self._hear(receipt, brought=brought).finding)

    def _hear(self, receipt: Receipt, *, brought: bool) -> Testimony:
        """Beside (4): what the tokens over the root say; those of the ledger are heard along with those that somebody brought."""
        own = known_receipt(self._issued, receipt.manifest.id) if brought else None
        return self._witness.hear(receipt, own, moment=self._chain.moment)

    def _conclude(self, case: Case) -> Verdict:
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


__all__ = ["Conclusion", "Issued", "Verdict", "Verifier"]
