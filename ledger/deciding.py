# SPDX-License-Identifier: Apache-2.0

"""Deciding: what a school or the authority resolves about records that stand on the chain, and why.

A decision is stored, with who made it and the reason, in one transaction with its entry in the journal; nothing is sent from
here. `ledger.anchoring.Anchorer` carries it to the registry, with whosever key is to do it:

=============  ==========================================================================================  =============
recall         withdraws a record. After the lock of its year the authority has to approve                 the school
approve        the authority's consent to one recall, or to one replacement of what is recalled            the authority
lock           a school year, for good: from then on recalls need consent (QĐ 1789/QĐ-SGDĐT, Điều 21)        the authority
publish        the head of the journal                                                                     either
=============  ==========================================================================================  =============

A correction is a recall and a new record in the old one's place: whoever imports the corrected sheet makes it, and the registry
is told of the replacement by itself once both are on the chain. An amendment changes nothing that was issued: it adds to a
record's history what has become of the pupil's name or date of birth since, with the decision that says so (QĐ 1789, Điều 21.7).

Until anything of it was sent, a recall can be taken back by the school, and declined by the authority where it waits for that.
What failed is tried again, or given up, by somebody who says why.
"""

from contextlib import suppress
from uuid import UUID

from ledger.batch import ActKind, BatchState
from ledger.errors import (
    EvidenceMissing,
    LostRace,
    NoSchoolYear,
    NothingToApprove,
    ReasonMissing,
    UnknownUnit,
    YearAlreadyLocked,
)
from ledger.journal import BEGINNING, JOURNAL_TOPIC, Deed
from ledger.store.errand_writer import ErrandWriter, NewAct
from ledger.store.errands import Act, Errand, Errands, Number
from ledger.store.files import FileStore
from ledger.store.journal_store import Journal
from ledger.store.reader import Reader
from ledger.store.ways_out import WaysOut
from ledger.unit import RecallReason, UnitState

YEAR_DIGITS = 4

CONSEQUENCES = frozenset(
    {
        Deed.BATCH_FINAL,
        Deed.UNIT_RECALLED,
        Deed.UNIT_REPLACED,
        Deed.YEAR_LOCKED,
        Deed.RECALL_APPROVED,
        Deed.PUBLISHED,
    }
)
"""What the chain shows by itself: alone it is no reason to publish another head of the journal."""


def is_school_year(text: str) -> bool:
    """Whether `text` is two calendar years, one after the other, such as 2025-2026."""
    first, _, second = text.partition("-")
    years = first.isascii() and second.isascii() and first.isdigit() and second.isdigit()
    return years and len(first) == len(second) == YEAR_DIGITS and int(second) == int(first) + 1


class Decisions:
    """Stores decisions about records. Everything is by somebody, whom the journal names."""

    def __init__(
        self,
        reader: Reader,
        errands: Errands,
        writer: ErrandWriter,
        journal: Journal,
        files: FileStore,
        *,
        ways_out: WaysOut,
    ) -> None:
        self._reader = reader
        self._errands = errands
        self._writer = writer
        self._ways_out = ways_out
        self._journal = journal
        self._files = files

    def recall(
        self,
        unit_id: UUID,
        *,
        school_code: str,
        reason: RecallReason,
        by: str,
        why: str = "",
        evidence: bytes | None = None,
    ) -> bool:
        """Decides to withdraw a record that the school issued; returns whether the authority has to approve first.

        `evidence` is a document that it rests on; a change of civil status needs one. Raises `EvidenceMissing`, `UnknownUnit`,
        `ForbiddenMove` for what is not on the chain, `LostRace` for what is recalled already.
        """
        if reason is RecallReason.CIVIL_STATUS_CHANGE and not evidence:
            raise EvidenceMissing
        unit = self._reader.unit(unit_id)
        self._writer.by(by).decide_recall(
            unit_id,
            school_code=school_code,
            reason=reason,
            note=why,
            evidence_sha256=self._files.put(evidence) if evidence else None,
        )
        return unit.state is UnitState.LOCKED

    def approve(self, unit_id: UUID, *, by: str, why: str = "") -> Act | None:
        """The authority consents to what waits for it about a record: its recall, or the naming of its replacement.

        Returns the approval that was given already, on the chain or on its way, if one was. Raises `NothingToApprove` when
        nothing waits.
        """
        recall = next((one for one in self._errands.open_recalls() if one.unit_id == unit_id), None)
        acts = self._errands.open_acts()
        naming = next((act for act in acts if act.kind is ActKind.REPLACE and act.unit_id == unit_id), None)
        if recall is not None:
            reason = recall.reason
            wanted = NewAct(ActKind.APPROVE, school_code=recall.school_code, unit_id=unit_id, reason=reason)
        elif naming is not None and (done := self._errands.recall_of(unit_id)) is not None:
            reason = done.reason
            wanted = NewAct(
                ActKind.APPROVE,
                school_code=naming.school_code,
                unit_id=unit_id,
                replacement_id=naming.replacement_id,
                reason=reason,
            )
        else:
            raise NothingToApprove(unit_id)
        for act in self._errands.approvals_of(unit_id, reason=reason):
            if act.replacement_id == wanted.replacement_id:
                return act
        self._writer.by(by).decide(wanted, why=why)
        return None

    def withdraw(self, unit_id: UUID, *, school_code: str, by: str, why: str) -> None:
        """The school takes back a recall of which nothing was sent; the record stands as if nobody had asked.

        Raises `ReasonMissing`, `NothingToTakeBack`, or `TooLateToTakeBack` for what is on its way or done.
        """
        _require(why)
        self._ways_out.by(by).withdraw_recall(unit_id, school_code=school_code, why=why)

    def decline(self, unit_id: UUID, *, by: str, why: str) -> None:
        """The authority says no to a recall that waits for its consent. Raises as `withdraw` does."""
        _require(why)
        self._ways_out.by(by).decline_recall(unit_id, why=why)

    def give_up(self, school_code: str | None, *, by: str, why: str) -> list[Act]:
        """Ends for good those failed acts of a school, or of the authority, that never had a transaction; returns them.

        They make no sense any more, and `retry` passes them over. Raises `ReasonMissing`.
        """
        _require(why)
        ended = []
        for act in self._errands.failed(school_code):
            if isinstance(act, Act) and self._errands.number(act) is None:
                with suppress(LostRace):
                    self._ways_out.by(by).give_up(act.id, why=why)
                    ended.append(act)
        return ended

    def lock(self, school_year: str, *, by: str, why: str = "") -> None:
        """The authority locks a school year, for good. Raises `YearAlreadyLocked`, or `NoSchoolYear` for a slip of the pen."""
        if not is_school_year(school_year):
            raise NoSchoolYear(school_year)
        if self._errands.year_locked(school_year):
            raise YearAlreadyLocked(school_year)
        pending = (act for act in self._errands.open_acts() if act.kind is ActKind.LOCK)
        if all(act.school_year != school_year for act in pending):
            self._writer.by(by).decide(NewAct(ActKind.LOCK, school_year=school_year), why=why)

    def amend(self, unit_id: UUID, *, evidence: bytes, by: str, why: str) -> str:
        """Adds to an issued record's history what has changed since, with its document; returns the document's digest.

        Raises `EvidenceMissing`, or `UnknownUnit` for a record that was not issued.
        """
        if not evidence or not why.strip():
            raise EvidenceMissing
        if self._reader.unit(unit_id).manifest is None:
            raise UnknownUnit(unit_id)
        digest = self._files.put(evidence)
        self._writer.by(by).note(Deed.AMENDED, f"unit {unit_id}", why=why, detail={"evidence": digest})
        return digest

    def publish_head(self, school_code: str | None) -> bool:
        """Decides to publish the journal's head, by a school or by the authority; not when nothing was decided since the last."""
        last = self._errands.published(
            JOURNAL_TOPIC, school_code=school_code, states=set(BatchState) - {BatchState.FAILED}
        )
        news = [entry.deed for entry in self._journal.since(last or BEGINNING) if entry.deed not in CONSEQUENCES]
        if not news:
            return False
        head = NewAct(ActKind.PUBLISH, school_code=school_code, topic=JOURNAL_TOPIC, digest=self._journal.head())
        self._writer.decide(head)
        return True

    def retry(self, school_code: str | None, *, by: str, why: str = "") -> list[Errand]:
        """Has what the contract undid tried again, after a person has looked; returns what that is. The journal tells of each."""
        again: list[Errand] = []
        for errand in self._errands.failed(school_code):
            number = self._errands.number(errand)
            if number is None:
                continue  # It never had a transaction: what it was for makes no sense any more.
            try:
                self._writer.by(by).retry(errand, Number(number.sender, number.nonce), why=why)
            except LostRace:
                continue  # The same was decided anew since, and goes its own way.
            again.append(errand)
        return again


def _require(why: str) -> None:
    if not why.strip():
        raise ReasonMissing
