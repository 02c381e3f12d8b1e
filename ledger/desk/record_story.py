# SPDX-License-Identifier: Apache-2.0

"""What has become of one record: what the journal says about it, in words, and how its recall and its replacement stand."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger.batch import ActKind, BatchState
from ledger.desk.desk import Desk
from ledger.desk.standing import Standing, standing
from ledger.desk.wording_decisions import BY_ITSELF_IN_WORDS, DEEDS, REASONS
from ledger.errors import UnknownAccount
from ledger.journal import Deed, Entry
from ledger.store.errands import Act
from ledger.store.journal_store import BY_ITSELF
from ledger.store.reader import Unit
from ledger.unit import RecallReason, UnitState
from ledger.web.languages import Text


@dataclass(frozen=True)
class StoryLine:
    """One entry of the journal, as people read it."""

    at: dt.datetime
    who: Text
    what: Text
    why: str
    reason: Text | None
    """Of a recall: why, as the registry names it."""
    evidence: str
    """Digest of the document that it rests on; empty where there is none."""


@dataclass(frozen=True)
class RecallView:
    """The decision to withdraw a record."""

    standing: Standing
    reason: Text


@dataclass(frozen=True)
class SuccessorView:
    """The record that takes this one's place."""

    unit_id: UUID
    state: UnitState
    naming: Standing | None
    """How the registry is told of it; None while it is not to be told yet."""


@dataclass(frozen=True)
class RecordStory:
    """Everything that has become of a record."""

    lines: Sequence[StoryLine]
    """Oldest first."""
    recall: RecallView | None
    successor: SuccessorView | None


def story_of(desk: Desk, unit: Unit) -> RecordStory:
    """What has become of a record."""
    entries = _entries(desk, unit)
    people = {who: who_in_words(desk, who, unit.school_code) for who in {entry.who for entry in entries}}
    lines = [_line(entry, people[entry.who]) for entry in entries]
    return RecordStory(lines=lines, recall=_recall(desk, unit), successor=_successor(desk, unit))


def who_in_words(desk: Desk, who: str, school_code: str) -> Text:
    """Whoever the journal names: people of the school and of the authority by their names, others as they stand there."""
    if who == BY_ITSELF:
        return BY_ITSELF_IN_WORDS
    try:
        account = desk.stores.accounts.account(who)
    except UnknownAccount:
        return Text(who, who)
    told = account.display_name if account.school_code in {school_code, None} else who
    return Text(told, told)


def decision_about(desk: Desk, unit_id: UUID) -> Entry | None:
    """The journal's entry of the newest decision to recall a record."""
    entries = desk.deciding.journal.entries(subject=f"unit {unit_id}")
    return max((entry for entry, _ in entries if entry.deed is Deed.RECALL_DECIDED), key=_place, default=None)


def evidence_about(desk: Desk, unit_id: UUID) -> set[str]:
    """The digests of every document that the journal names about a record."""
    entries = desk.deciding.journal.entries(subject=f"unit {unit_id}")
    return {digest for entry, _ in entries if (digest := _evidence(entry))}


def consent_to(acts: Sequence[Act], replacement_id: UUID | None) -> BatchState | None:
    """Where the authority's consent stands, among its approvals about one record; None where it has given none."""
    found = (act.state for act in acts if act.replacement_id == replacement_id)
    return next(found, None)


def _entries(desk: Desk, unit: Unit) -> list[Entry]:
    return sorted((entry for subject in _subjects(desk, unit) for entry in _about(desk, subject)), key=_place)


def _subjects(desk: Desk, unit: Unit) -> Iterator[str]:
    yield f"unit {unit.id}"
    batch = desk.deciding.errands.batch_of(unit.id)
    if batch is not None:
        yield f"batch {batch.root.hex()}"
        yield f"year {unit.school_year}"


def _about(desk: Desk, subject: str) -> list[Entry]:
    return [entry for entry, _ in desk.deciding.journal.entries(subject=subject)]


def _place(entry: Entry) -> int:
    return entry.seq


def _line(entry: Entry, who: Text) -> StoryLine:
    reason = entry.detail.get("reason")
    return StoryLine(
        at=entry.at,
        who=who,
        what=DEEDS[entry.deed],
        why=entry.why,
        reason=REASONS[RecallReason(reason)] if isinstance(reason, str) else None,
        evidence=_evidence(entry),
    )


def _evidence(entry: Entry) -> str:
    found = entry.detail.get("evidence")
    return found if isinstance(found, str) else ""


def _recall(desk: Desk, unit: Unit) -> RecallView | None:
    errands = desk.deciding.errands
    recall = errands.recall_of(unit.id)
    if recall is None:
        return None
    consent = consent_to(errands.approvals_of(unit.id, reason=recall.reason), None)
    locked = unit.state is UnitState.LOCKED
    return RecallView(standing(recall.state, locked=locked, consent=consent), REASONS[recall.reason])


def _successor(desk: Desk, unit: Unit) -> SuccessorView | None:
    reader, errands = desk.stores.reader, desk.deciding.errands
    successor_id = reader.successor(unit.id)
    if successor_id is None:
        return None
    naming = next(iter(errands.acts(ActKind.REPLACE, unit_id=unit.id)), None)
    recall = errands.recall_of(unit.id)
    stands = None
    if naming is not None and recall is not None:
        consent = consent_to(errands.approvals_of(unit.id, reason=recall.reason), naming.replacement_id)
        stands = standing(naming.state, locked=errands.year_locked(unit.school_year), consent=consent)
    return SuccessorView(successor_id, reader.unit(successor_id).state, stands)
