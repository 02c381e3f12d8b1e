# SPDX-License-Identifier: Apache-2.0

"""Recalls, acts, and the numbers and transactions that carry errands to the chain."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from ledger.audit import findings
from ledger.audit.batch_part import read_receipt
from ledger.audit.findings import Finding
from ledger.audit.journal_part import Vouching, agrees, decided_since_taken_back, deeds_about, words_of
from ledger.audit.pages import AnyRow, Pages, Query
from ledger.batch import ActKind, BatchState
from ledger.chain.registry import WORD_BYTES
from ledger.chain.transaction_bytes import says_nothing
from ledger.journal import JOURNAL_TOPIC, Deed
from ledger.proof.leaf import entry_hash
from ledger.proof.merkle import keccak
from ledger.store.chain_tables import ActRow, AttemptRow, BatchRow, LeafRow, NumberRow, NumberState, RecallRow
from ledger.store.tables import UnitRow

_CARRIED = frozenset({BatchState.PREPARED, BatchState.SENT, BatchState.MINED, BatchState.FINAL})
"""States in which a signed transaction is stored."""


def check_recalls(pages: Pages, vouched: Vouching) -> Iterator[Finding]:
    """Every recall against the journal, and against the batch that its unit is in."""
    query = (
        select(
            RecallRow.id,
            RecallRow.unit_id,
            RecallRow.school_code,
            RecallRow.reason,
            RecallRow.evidence_sha256,
            RecallRow.state,
            RecallRow.decided_at,
            BatchRow.sealed_at,
            BatchRow.root,
        )
        .outerjoin(LeafRow, LeafRow.unit_id == RecallRow.unit_id)
        .outerjoin(BatchRow, BatchRow.id == LeafRow.batch_id)
    )
    for page in pages.of(query, RecallRow.id, part="recalls"):
        told = deeds_about(pages, [f"unit {row.unit_id}" for row in page])
        for row in page:
            subject = f"recall of unit {row.unit_id}"
            decided = decided_since_taken_back(told.get(f"unit {row.unit_id}", []))
            stored = {"reason": row.reason.value, "evidence": row.evidence_sha256}
            if decided and (said := json.loads(decided[-1].detail)) != stored:
                yield findings.ROW_DIFFERS(subject, found=stored, expected=said)
            elif not decided and vouched.covers(row.school_code, row.decided_at):
                yield findings.ROW_UNJOURNALED(subject, found=row.state)
            if row.sealed_at is not None and row.sealed_at > row.decided_at:
                found = f"batch {row.root.hex()}, {row.sealed_at}"
                yield findings.RECALL_ANCHORED_AGAIN(f"unit {row.unit_id}", found=found, expected=row.decided_at)
            if row.state is BatchState.FAILED:
                yield findings.ERRAND_FAILED(subject, found=row.state)


def check_acts(pages: Pages, vouched: Vouching) -> Iterator[Finding]:
    """Every act against the journal."""
    query = select(
        ActRow.id,
        ActRow.kind,
        ActRow.school_code,
        ActRow.school_year,
        ActRow.topic,
        ActRow.digest,
        ActRow.unit_id,
        ActRow.replacement_id,
        ActRow.reason,
        ActRow.state,
        ActRow.decided_at,
        ActRow.changed_at,
    )
    for page in pages.of(query, ActRow.id, part="acts"):
        told = deeds_about(pages, {_about(row) for row in page} | {f"act {row.id}" for row in page})
        for row in page:
            entries = told.get(_about(row), [])
            decided, done = _DEEDS[row.kind]
            subject = f"act {row.id} {row.kind} {_about(row)}"
            if row.kind is ActKind.PUBLISH and row.topic == JOURNAL_TOPIC:
                pass  # Of its own head the journal says nothing.
            elif decided is not None and not _tells(entries, decided, row):
                if vouched.covers(row.school_code, row.decided_at):
                    yield findings.ROW_UNJOURNALED(subject, found=row.state, expected=decided)
            elif row.state is BatchState.FINAL and not _tells(entries, done, row):
                if vouched.covers(row.school_code, row.changed_at):
                    yield findings.ROW_UNJOURNALED(subject, found=row.state, expected=done)
            elif row.state is not BatchState.FINAL and row.kind is ActKind.LOCK and _tells(entries, done, row):
                yield findings.ROW_DIFFERS(subject, found=row.state, expected=done)
            if row.state is BatchState.FAILED:
                over = any(entry.deed is Deed.ERRAND_GIVEN_UP for entry in told.get(f"act {row.id}", ()))
                yield (findings.ERRAND_GIVEN_UP if over else findings.ERRAND_FAILED)(subject, found=row.state)


_DEEDS: Mapping[ActKind, tuple[Deed | None, Deed]] = {
    ActKind.PUBLISH: (Deed.TO_PUBLISH, Deed.PUBLISHED),
    ActKind.LOCK: (Deed.YEAR_TO_LOCK, Deed.YEAR_LOCKED),
    ActKind.APPROVE: (Deed.RECALL_TO_APPROVE, Deed.RECALL_APPROVED),
    ActKind.REPLACE: (None, Deed.UNIT_REPLACED),
}
"""What the journal says when an act is decided, and when it is done."""


def _about(row: AnyRow) -> str:
    if row.kind is ActKind.PUBLISH:
        return f"topic {(row.topic or b'').hex()}"
    return f"year {row.school_year}" if row.kind is ActKind.LOCK else f"unit {row.unit_id}"


def _tells(entries: Sequence[AnyRow], deed: Deed, row: AnyRow) -> bool:
    """Whether the journal has that deed about just this act: a statement's publisher and digest, a consent's words."""
    stated: dict[str, object] = {}
    match row.kind:
        case ActKind.PUBLISH:
            stated = {"school": row.school_code, "digest": (row.digest or b"").hex()}
        case ActKind.APPROVE:
            stated = words_of(row)
    return any(entry.deed is deed and agrees(json.loads(entry.detail), stated) for entry in entries)


def check_attempts(pages: Pages) -> Iterator[Finding]:
    """Every signed transaction has a number that is held for what it says, and its bytes are those that were signed."""
    query = select(
        AttemptRow.id,
        AttemptRow.sender,
        AttemptRow.nonce,
        AttemptRow.tx_hash,
        AttemptRow.raw,
        NumberRow.state,
        NumberRow.batch_id,
        NumberRow.recall_id,
        NumberRow.act_id,
        NumberRow.fills,
    ).outerjoin(NumberRow, (NumberRow.sender == AttemptRow.sender) & (NumberRow.nonce == AttemptRow.nonce))
    for page in pages.of(query, AttemptRow.id, part="transactions"):
        batches = pages.beside(
            select(BatchRow.id, BatchRow.root), BatchRow.id, {row.batch_id for row in page if row.batch_id is not None}
        )
        recalls = pages.beside(
            select(RecallRow.id, LeafRow.receipt, UnitRow.manifest)
            .outerjoin(LeafRow, LeafRow.unit_id == RecallRow.unit_id)
            .outerjoin(UnitRow, UnitRow.id == RecallRow.unit_id),
            RecallRow.id,
            {row.recall_id for row in page if row.recall_id is not None},
        )
        acts = pages.beside(
            select(ActRow.id, ActRow.digest, ActRow.school_year, ActRow.unit_id, LeafRow.receipt, UnitRow.manifest)
            .outerjoin(LeafRow, LeafRow.unit_id == ActRow.unit_id)
            .outerjoin(UnitRow, UnitRow.id == ActRow.unit_id),
            ActRow.id,
            {row.act_id for row in page if row.act_id is not None},
        )
        for row in page:
            subject = f"transaction {row.tx_hash.hex()}"
            if keccak(row.raw) != row.tx_hash:
                yield findings.ERRAND_ATTEMPT(subject, found=keccak(row.raw), expected=row.tx_hash)
            if row.state not in {NumberState.HELD, NumberState.LOST}:
                yield findings.ERRAND_NUMBER(subject, found=f"{row.sender} {row.nonce}: {row.state}", expected="held")
                continue
            said = _says(row, batches, recalls, acts)
            if not (said in row.raw if said is not None else row.fills and says_nothing(row.raw, account=row.sender)):
                errand = f"batch {row.batch_id}, recall {row.recall_id}, act {row.act_id}, gap {row.fills}"
                yield findings.ERRAND_NUMBER(
                    subject, found=f"{row.sender} {row.nonce} for {errand}", expected="its own"
                )


def _says(
    row: AnyRow,
    batches: Mapping[Any, Sequence[AnyRow]],
    recalls: Mapping[Any, Sequence[AnyRow]],
    acts: Mapping[Any, Sequence[AnyRow]],
) -> bytes | None:
    """What must stand in the bytes of a transaction for the errand that has its number; None if no errand has it."""
    if row.batch_id is not None:
        found = batches.get(row.batch_id)
        return bytes(found[0].root) if found else None
    if row.recall_id is not None:
        found = recalls.get(row.recall_id)
        return _entry(found[0]) if found else None
    found = acts.get(row.act_id)
    if not found:
        return None
    if found[0].unit_id is not None:
        return _entry(found[0])
    year = found[0].school_year
    return found[0].digest if year is None else int(year.partition("-")[0]).to_bytes(WORD_BYTES)


def _entry(row: AnyRow) -> bytes | None:
    """What the registry calls a record, by its receipt and manifest."""
    receipt = read_receipt(row.receipt) if row.receipt else None
    if receipt is None:
        return None
    digest = hashlib.sha256(row.manifest or b"").digest()
    return entry_hash(salt=bytes.fromhex(receipt["salt"][2:]), manifest_sha256=digest)


def check_carried(pages: Pages) -> Iterator[Finding]:
    """Whatever is on its way or done has a transaction, under a number that is held for it; or others have done it."""
    kinds: tuple[tuple[str, type[BatchRow | RecallRow | ActRow], Any], ...] = (
        ("batch", BatchRow, NumberRow.batch_id),
        ("recall", RecallRow, NumberRow.recall_id),
        ("act", ActRow, NumberRow.act_id),
    )
    for name, table, column in kinds:
        query: Query = select(table.id, table.state).where(table.state.in_(_CARRIED))
        for page in pages.of(query, table.id):
            carried = (
                select(column)
                .join(AttemptRow, (NumberRow.sender == AttemptRow.sender) & (NumberRow.nonce == AttemptRow.nonce))
                .where(NumberRow.state == NumberState.HELD)
            )
            held = pages.beside(carried, column, [row.id for row in page])
            for row in page:
                if row.id not in held and not (table is ActRow and _found_done(pages, row.id)):
                    yield findings.ERRAND_ATTEMPT(f"{name} {row.id}", found="none", expected=row.state)


def _found_done(pages: Pages, act_id: int) -> bool:
    """Whether the journal says that an act was found done, by somebody with another tool."""
    query = select(ActRow.id, ActRow.kind, ActRow.school_year, ActRow.topic, ActRow.unit_id, ActRow.state)
    (row,) = pages.session.execute(query.where(ActRow.id == act_id)).all()
    about, (_, done) = _about(row), _DEEDS[row.kind]
    entries = deeds_about(pages, [about]).get(about, [])
    return row.state is BatchState.FINAL and any(
        entry.deed is done and "found" in json.loads(entry.detail) for entry in entries
    )
