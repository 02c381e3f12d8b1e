# SPDX-License-Identifier: Apache-2.0

"""The journal: its own chain of hashes, and whether the rows that it tells of are there.

That the rows *say* what the journal says is looked at from the rows' side, in the parts about them.
"""

import datetime as dt
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from ledger.audit import findings
from ledger.audit.findings import Finding
from ledger.audit.pages import AnyRow, Pages
from ledger.batch import ActKind
from ledger.journal import Deed, Entry, breaks
from ledger.store.chain_tables import ActRow, BatchRow, JournalRow, RecallRow
from ledger.store.tables import ClassRow, SchoolRow, UnitRow

_JOURNAL = select(
    JournalRow.seq,
    JournalRow.at,
    JournalRow.who,
    JournalRow.deed,
    JournalRow.subject,
    JournalRow.why,
    JournalRow.detail,
    JournalRow.previous,
    JournalRow.hash,
)


@dataclass(frozen=True)
class Vouching:
    """From when on, and for which schools, the journal tells everything."""

    since: dt.datetime | None
    """When its first entry was written; None for an empty one."""
    schools: frozenset[str]
    """Those that it saw registered: nothing of theirs is older than it."""

    def covers(self, school_code: str | None, at: dt.datetime) -> bool:
        """Whether a row of that school, written then, must be in the journal."""
        return self.since is not None and (school_code in self.schools or at >= self.since)


def vouching(pages: Pages) -> Vouching:
    """What the journal can be asked about."""
    since = pages.session.scalar(select(JournalRow.at).order_by(JournalRow.seq).limit(1))
    registered = select(JournalRow.subject).where(JournalRow.deed == Deed.SCHOOL_REGISTERED)
    codes = (subject.partition(" ")[2] for subject in pages.session.scalars(registered))
    return Vouching(since, frozenset(codes))


def deeds_about(pages: Pages, subjects: Collection[str]) -> dict[str, list[AnyRow]]:
    """The entries about each of `subjects`, oldest first: `deed`, `detail` and when."""
    query = select(JournalRow.subject, JournalRow.deed, JournalRow.detail, JournalRow.at, JournalRow.seq).order_by(
        JournalRow.seq
    )
    return pages.beside(query, JournalRow.subject, subjects)


def decided_since_taken_back(entries: Sequence[AnyRow]) -> list[AnyRow]:
    """Of the entries about a unit, oldest first, those that decide a recall which nobody has taken back or declined since."""
    ends = [entry.seq for entry in entries if entry.deed in {Deed.RECALL_WITHDRAWN, Deed.RECALL_DECLINED}]
    return [entry for entry in entries if entry.deed is Deed.RECALL_DECIDED and entry.seq > max(ends, default=0)]


def check_journal(pages: Pages, vouched: Vouching) -> Iterator[Finding]:
    """Every break of the chain, and every row that is told of and gone."""
    if vouched.since is None:
        if pages.session.scalar(select(UnitRow.id).limit(1)) is not None:
            yield findings.JOURNAL_EMPTY("journal")
        return
    for broken in breaks(_entries(pages)):
        yield findings.JOURNAL_BROKEN(f"journal {broken.seq}", found=broken.en, expected="unbroken")
    for page in pages.of(_JOURNAL.where(JournalRow.deed.in_(_TELLS_OF_ROWS)), JournalRow.seq):
        yield from _units_gone(pages, page)
        yield from _others_gone(pages, page)


_TELLS_OF_ROWS = (
    Deed.SCHOOL_REGISTERED,
    Deed.CLASS_IMPORTED,
    Deed.BOOKLET_BOUND,
    Deed.UNIT_ISSUED,
    Deed.BATCH_SEALED,
    Deed.RECALL_DECIDED,
    Deed.YEAR_TO_LOCK,
    Deed.TO_PUBLISH,
    Deed.RECALL_TO_APPROVE,
    Deed.RECALL_APPROVED,
    Deed.UNIT_REPLACED,
)


def _entries(pages: Pages) -> Iterator[tuple[Entry, bytes]]:
    for page in pages.of(_JOURNAL, JournalRow.seq, part="journal"):
        for row in page:
            yield (
                Entry(row.seq, row.at, row.who, row.deed, row.subject, row.why, json.loads(row.detail), row.previous),
                row.hash,
            )


def unit_of(subject: str) -> UUID | None:
    """The unit that an entry is about, if it is about one."""
    kind, _, name = subject.partition(" ")
    try:
        return UUID(name) if kind == "unit" else None
    except ValueError:
        return None


def _units_gone(pages: Pages, page: Sequence[AnyRow]) -> Iterator[Finding]:
    about = {row.seq: unit_of(row.subject) for row in page if row.subject.startswith("unit ")}
    named = {unit_id for unit_id in about.values() if unit_id is not None}
    there = set(pages.beside(select(UnitRow.id), UnitRow.id, named))
    recalled = set(
        pages.beside(
            select(RecallRow.unit_id),
            RecallRow.unit_id,
            {about[row.seq] for row in page if row.deed is Deed.RECALL_DECIDED} - {None},
        )
    )
    for row in page:
        unit_id = about.get(row.seq)
        if unit_id is None:
            continue
        if row.deed in {Deed.UNIT_ISSUED, Deed.BOOKLET_BOUND} and unit_id not in there:
            if row.deed is Deed.BOOKLET_BOUND and _gave_way(pages, row.subject, unit_id):
                continue
            yield findings.ROW_DELETED(row.subject, expected=f"journal {row.seq}: {row.deed}")
        elif row.deed is Deed.RECALL_DECIDED and unit_id not in recalled and _still_decided(pages, row):
            yield findings.ROW_DELETED(f"recall of {row.subject}", expected=f"journal {row.seq}: {row.deed}")
        elif row.deed in _ACTS_ON_UNITS and not _has_act(pages, row, unit_id):
            yield findings.ROW_DELETED(f"act on {row.subject}", expected=f"journal {row.seq}: {row.deed}")


def _still_decided(pages: Pages, row: AnyRow) -> bool:
    entries = deeds_about(pages, [row.subject]).get(row.subject, [])
    return any(entry.seq == row.seq for entry in decided_since_taken_back(entries))


def _consent_stands(pages: Pages, row: AnyRow, unit_id: UUID) -> bool:
    """Whether a consent is there in the words of its entry; or went with a recall that the school took back since."""
    said = json.loads(row.detail)
    query = select(ActRow.reason, ActRow.replacement_id).where(
        ActRow.kind == ActKind.APPROVE, ActRow.unit_id == unit_id
    )
    if any(agrees(said, words_of(act)) for act in pages.session.execute(query)):
        return True
    since = deeds_about(pages, [row.subject]).get(row.subject, [])
    return any(entry.deed is Deed.RECALL_WITHDRAWN and entry.seq > row.seq for entry in since)


def agrees(said: Mapping[str, Any], stored: Mapping[str, object]) -> bool:
    """Whether an entry says nothing else than a row; older ones say less."""
    return all(said.get(name, value) == value for name, value in stored.items())


def words_of(consent: AnyRow) -> dict[str, object]:
    """What the journal says of a consent, from its row."""
    replacement = consent.replacement_id
    return {
        "reason": None if consent.reason is None else consent.reason.value,
        "replacement": None if replacement is None else str(replacement),
    }


_ACTS_ON_UNITS = {
    Deed.RECALL_TO_APPROVE: ActKind.APPROVE,
    Deed.RECALL_APPROVED: ActKind.APPROVE,
    Deed.UNIT_REPLACED: ActKind.REPLACE,
}


def _has_act(pages: Pages, row: AnyRow, unit_id: UUID) -> bool:
    if row.deed is Deed.RECALL_TO_APPROVE:
        return _consent_stands(pages, row, unit_id)
    query = select(ActRow.id).where(ActRow.unit_id == unit_id, ActRow.kind == _ACTS_ON_UNITS[row.deed]).limit(1)
    return pages.session.scalar(query) is not None


def _gave_way(pages: Pages, subject: str, unit_id: UUID) -> bool:
    """Whether a booklet that is gone was never issued, and another was bound in its place."""
    if any(row.deed is Deed.UNIT_ISSUED for row in deeds_about(pages, [subject]).get(subject, ())):
        return True  # What was issued is told of by that entry.
    bound = select(JournalRow.detail).where(
        JournalRow.deed == Deed.BOOKLET_BOUND, JournalRow.detail.contains(str(unit_id), autoescape=True)
    )
    return any(json.loads(detail).get("instead_of") == str(unit_id) for detail in pages.session.scalars(bound))


def _others_gone(pages: Pages, page: Sequence[AnyRow]) -> Iterator[Finding]:
    for row in page:
        kind, _, name = row.subject.partition(" ")
        there: object = row
        match row.deed:
            case Deed.SCHOOL_REGISTERED:
                there = pages.session.scalar(select(SchoolRow.code).where(SchoolRow.code == name))
            case Deed.CLASS_IMPORTED:
                school_code, year, class_name = f"{name}  ".split(" ", 2)
                there = pages.session.scalar(
                    select(ClassRow.id).where(
                        ClassRow.school_code == school_code,
                        ClassRow.school_year == year,
                        ClassRow.name == class_name.rstrip(" "),
                    )
                )
            case Deed.BATCH_SEALED:
                school_code = str(json.loads(row.detail).get("school"))
                this = (BatchRow.school_code == school_code, BatchRow.root == _bytes(name))
                there = pages.session.scalar(select(BatchRow.id).where(*this))
            case Deed.YEAR_TO_LOCK:
                there = pages.session.scalar(select(ActRow.id).where(ActRow.school_year == name).limit(1))
            case Deed.TO_PUBLISH:
                digest = _bytes(str(json.loads(row.detail).get("digest")))
                this = (ActRow.topic == _bytes(name), ActRow.digest == digest)
                there = pages.session.scalar(select(ActRow.id).where(*this).limit(1))
            case _:
                continue
        if there is None:
            yield findings.ROW_DELETED(f"{kind} {name}", expected=f"journal {row.seq}: {row.deed}")


def _bytes(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""
