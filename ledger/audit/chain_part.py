# SPDX-License-Identifier: Apache-2.0

"""The chain: what the registry told of, and what it holds, against the ledger.

1. The newest block is read *before* the ledger is: whatever the chain has by then, the ledger had decided before.
2. The contract's events are read from the first block to the newest, some blocks at a time, each compared with the ledger's rows.
3. The ledger's rows are compared with what was told of: a final batch has its root on the chain, a recalled unit its recall, …
4. One record of every final batch is looked up in the contract's state, whose proof the contract checks itself, and every
   difference between events and ledger is looked up too. A node that leaves out events is caught by that, or outvoted.

What is kept meanwhile is a few hundred bytes for each batch, recall and replacement, and nothing for a unit.
"""

import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from ledger.audit import findings
from ledger.audit.batch_part import read_receipt
from ledger.audit.findings import Finding
from ledger.audit.pages import AnyRow, Pages
from ledger.batch import OPEN_STATES, ActKind, BatchState
from ledger.chain.errors import ChainError, Unreachable
from ledger.chain.registry import Finality, Head, LeafStatus, RegistryEvent, RegistryHistory
from ledger.journal import JOURNAL_TOPIC
from ledger.proof.leaf import entry_hash
from ledger.proof.manifest import Manifest
from ledger.proof.merkle import keccak
from ledger.store.chain_tables import ActRow, BatchRow, JournalRow, LeafRow, RecallRow
from ledger.store.tables import SchoolRow, UnitRow
from ledger.unit import PAST_STATES

T = TypeVar("T")

BLOCKS_AT_ONCE = 5_000
"""Public nodes give up at ten thousand, or at so many events."""
_NOBODY = bytes(32)


@dataclass(frozen=True)
class OnChain:
    """What an audit asks the chain with."""

    registry: RegistryHistory
    finality: Finality
    head: int
    """The newest block when the ledger had not been read yet."""
    first_block: int = 0
    """Where the registry was created, or before."""
    published: Collection[bytes] = ()
    """Digests of statements that somebody keeps outside of the ledger: the signer lists in a trust folder."""
    choose: Callable[[int], int] = secrets.randbelow
    """Which leaf of a batch is looked up: nobody who runs a node should know beforehand."""


@dataclass
class _Told:
    """What the events left behind."""

    anchored: dict[int, int] = field(default_factory=dict)
    """Batch to its block."""
    recalled: dict[UUID, int] = field(default_factory=dict)
    annulled: set[UUID] = field(default_factory=set)
    replaced: dict[UUID, bytes] = field(default_factory=dict)
    """Unit to the entry that takes its place."""
    locked: set[int] = field(default_factory=set)
    acts: set[int] = field(default_factory=set)
    """Statements of ours that were seen."""
    newest: dict[tuple[bytes, bytes], bytes] = field(default_factory=dict)
    """Publisher and topic to the newest digest."""


def check_chain(pages: Pages, chain: OnChain) -> Iterator[Finding]:
    """All of it; ends at the first question that nobody answers, and says so."""
    try:
        yield from _check(pages, chain)
    except ChainError as error:
        yield findings.CHAIN_UNREACHABLE("chain", found=error.en)


def _check(pages: Pages, chain: OnChain) -> Iterator[Finding]:
    schools = frozenset(pages.session.scalars(select(SchoolRow.code)))
    settled = chain.registry.settled_block(chain.finality)
    head = chain.registry.head()
    newest, told = head.number, _Told()
    pages.watcher.begin("blocks", max(0, newest - chain.first_block + 1))
    for events, blocks in _events(chain.registry, chain.first_block, newest):
        yield from _compare(pages, chain, schools, events, told)
        pages.watcher.advance(blocks)
    yield from _batches(pages, chain, told, settled)
    yield from _recalls(pages, chain, told)
    yield from _replacements(pages, told)
    yield from _locks(pages, told)
    yield from _statements(pages, told)
    yield from _heads(chain, schools, told, head)
    yield from _schools(pages, chain)


def _events(registry: RegistryHistory, first: int, last: int) -> Iterator[tuple[Sequence[RegistryEvent], int]]:
    """The events of all these blocks; of fewer at a time when a node refuses so many."""
    at_once = BLOCKS_AT_ONCE
    while first <= last:
        until = min(last, first + at_once - 1)
        try:
            events = registry.events_between(first, until)
        except Unreachable:
            if until == first:
                raise
            registry.head()  # A node that answers nothing at all raises here.
            at_once = max(1, at_once // 4)
            continue
        yield events, until - first + 1
        first = until + 1


def _code(word: bytes) -> str:
    return word.rstrip(b"\0").decode("ascii", "replace")


# 2. Events against rows.


def _compare(
    pages: Pages, chain: OnChain, schools: frozenset[str], events: Sequence[RegistryEvent], told: _Told
) -> Iterator[Finding]:
    batches = _batches_of(pages, {event.values["root"] for event in events if event.name == "BatchAnchored"})
    units = _units_of(pages, {keccak(event.values["entry"]) for event in events if "entry" in event.values})
    for event in events:
        match event.name:
            case "BatchAnchored":
                code = _code(event.values["school"])
                if code in schools:
                    yield from _anchored(pages, chain, event, batches.get((code, event.values["root"])), told)
            case "LeafRecalled" | "LeafReplaced" | "RecallAnnulled":
                yield from _recall_event(chain, schools, event, units, told)
            case "SchoolYearLocked":
                told.locked.add(event.values["schoolYear"])
            case "StatementPublished":
                yield from _statement(pages, chain, schools, event, told)
            case _:
                pass  # Keys and standing of schools: their state is asked.


def _batches_of(pages: Pages, roots: Collection[bytes]) -> dict[tuple[str, bytes], AnyRow]:
    query = select(
        BatchRow.id, BatchRow.school_code, BatchRow.school_year, BatchRow.root, BatchRow.leaf_count, BatchRow.state
    )
    found = pages.beside(query, BatchRow.root, roots)
    return {(row.school_code, row.root): row for rows in found.values() for row in rows}


def _units_of(pages: Pages, leaves: Collection[bytes]) -> dict[bytes, AnyRow]:
    query = (
        select(
            LeafRow.leaf,
            LeafRow.unit_id,
            BatchRow.root,
            BatchRow.school_code,
            UnitRow.state,
            RecallRow.state.label("recall_state"),
        )
        .join(BatchRow, BatchRow.id == LeafRow.batch_id)
        .join(UnitRow, UnitRow.id == LeafRow.unit_id)
        .outerjoin(RecallRow, RecallRow.unit_id == LeafRow.unit_id)
    )
    return {leaf: rows[0] for leaf, rows in pages.beside(query, LeafRow.leaf, leaves).items()}


def _anchored(
    pages: Pages,
    chain: OnChain,
    event: RegistryEvent,
    batch: AnyRow | None,
    told: _Told,
) -> Iterator[Finding]:
    code, root = _code(event.values["school"]), event.values["root"]
    if batch is None:
        if event.block <= chain.head:
            yield _unknown_anchor(pages, code, event)
        return
    told.anchored[batch.id] = event.block
    on_chain = (event.values["schoolYear"], event.values["leafCount"])
    ours = (int(batch.school_year[:4]), batch.leaf_count)
    if on_chain != ours:
        yield findings.CHAIN_ROOT_DIFFERS(f"batch {root.hex()}", found=ours, expected=on_chain)
    if batch.state is BatchState.FAILED:
        yield findings.CHAIN_ROOT_DIFFERS(f"batch {root.hex()}", found=batch.state, expected=f"block {event.block}")


def _unknown_anchor(pages: Pages, code: str, event: RegistryEvent) -> Finding:
    """A root of one leaf is that leaf: then it can be told whose record was anchored anew."""
    root, where = event.values["root"], f"school {code}, block {event.block}, {event.values['leafCount']} leaves"
    again = select(LeafRow.unit_id).where(LeafRow.leaf == root)
    if event.values["leafCount"] == 1 and (unit_id := pages.session.scalar(again)) is not None:
        return findings.RECALL_ANCHORED_AGAIN(f"unit {unit_id}", found=f"batch {root.hex()}, {where}")
    return findings.CHAIN_ANCHOR_UNKNOWN(f"batch {root.hex()}", found=where, expected="none")


def _recall_event(
    chain: OnChain, schools: frozenset[str], event: RegistryEvent, units: dict[bytes, AnyRow], told: _Told
) -> Iterator[Finding]:
    code, root, entry = _code(event.values["school"]), event.values["root"], event.values["entry"]
    if code not in schools:
        return
    unit = units.get(keccak(entry))
    if unit is None or (unit.root, unit.school_code) != (root, code):
        if event.block <= chain.head and event.name == "LeafRecalled":
            found = f"school {code}, root {root.hex()}, block {event.block}"
            if unit is None:
                yield findings.CHAIN_RECALL_UNKNOWN(f"entry {entry.hex()}", found=found, expected="a unit of ours")
            else:
                yield findings.RECALL_ANCHORED_AGAIN(f"unit {unit.unit_id}", found=unit.root, expected=found)
        return
    match event.name:
        case "LeafRecalled":
            told.recalled[unit.unit_id] = event.block
            told.annulled.discard(unit.unit_id)
            decided = unit.recall_state in OPEN_STATES or unit.state in PAST_STATES
            if not decided and event.block <= chain.head:
                yield findings.CHAIN_RECALL_UNKNOWN(
                    f"unit {unit.unit_id}", found=unit.state, expected=f"recalled in block {event.block}"
                )
        case "RecallAnnulled":
            told.recalled.pop(unit.unit_id, None)
            told.replaced.pop(unit.unit_id, None)
            told.annulled.add(unit.unit_id)
        case _:
            pass
    replacement = event.values.get("replacementEntry", _NOBODY)
    if replacement != _NOBODY:
        told.replaced[unit.unit_id] = replacement


def _statement(
    pages: Pages, chain: OnChain, schools: frozenset[str], event: RegistryEvent, told: _Told
) -> Iterator[Finding]:
    publisher, topic, digest = event.values["publisher"], event.values["topic"], event.values["digest"]
    code = None if publisher == _NOBODY else _code(publisher)
    if code is not None and code not in schools:
        return
    told.newest[publisher, topic] = digest
    acts = pages.session.execute(
        select(ActRow.id, ActRow.school_code).where(
            ActRow.kind == ActKind.PUBLISH, ActRow.topic == topic, ActRow.digest == digest
        )
    )
    ours = {row.id for row in acts if row.school_code == code}
    told.acts |= ours
    if event.block > chain.head:
        return
    subject = f"topic {topic.hex()} of {code or 'authority'}"
    if topic == JOURNAL_TOPIC:
        if not _is_head(pages, digest):
            yield findings.JOURNAL_HEAD_MISSING(subject, found="none", expected=digest)
    elif not ours and digest not in chain.published:
        yield findings.CHAIN_STATEMENT_UNKNOWN(subject, found=digest, expected="a digest that we know")


# 3 and 4. Rows against events and state.


def _batches(pages: Pages, chain: OnChain, told: _Told, settled: int) -> Iterator[Finding]:
    query = select(BatchRow.id, BatchRow.school_code, BatchRow.root, BatchRow.state).where(
        BatchRow.state == BatchState.FINAL
    )
    for page in pages.of(query, BatchRow.id, part="batches on the chain"):
        for row in page:
            subject = f"batch {row.root.hex()}"
            status = _sample(pages, chain, row)
            block = told.anchored.get(row.id)
            if status is not None and (status.anchored_in_block is None) is not (block is None):
                yield findings.CHAIN_EVENTS(subject, found=f"event {block}", expected=status.anchored_in_block)
            elif block is None or block > settled:
                found = "none" if block is None else f"block {block}, final up to {settled}"
                yield findings.CHAIN_ROOT_MISSING(subject, found=found, expected=row.state)
            elif status is not None and not status.included:
                yield findings.CHAIN_ROOT_MISSING(subject, found="its path leads elsewhere", expected="included")
            locked = status is not None and status.locked_at is not None
            if status is not None and status.school_year and locked is not (status.school_year in told.locked):
                yield findings.CHAIN_EVENTS(f"year {status.school_year}", found="lock", expected=status.locked_at)


def _sample(pages: Pages, chain: OnChain, batch: AnyRow) -> LeafStatus | None:
    """What the contract says of one record of a batch; None for a batch that has none to ask with."""
    leaves = select(LeafRow.receipt).where(LeafRow.batch_id == batch.id).order_by(LeafRow.unit_id)
    total = pages.count_of(leaves)
    stored = pages.session.scalar(leaves.offset(chain.choose(total)).limit(1)) if total else None
    return None if stored is None else _status(chain, batch.school_code, stored)


def _status(chain: OnChain, school_code: str, stored: bytes) -> LeafStatus | None:
    receipt = read_receipt(stored)
    if receipt is None:
        return None  # `batch_part` says so.
    return chain.registry.status_of(
        school=school_code,
        root=bytes.fromhex(receipt["root"][2:]),
        entry=_entry(receipt),
        proof=[bytes.fromhex(node[2:]) for node in receipt["proof"]],
    )


def _entry(receipt: dict[str, Any]) -> bytes:
    manifest = Manifest.model_validate(receipt["manifest"])
    return entry_hash(salt=bytes.fromhex(receipt["salt"][2:]), manifest_sha256=manifest.sha256())


def _recalls(pages: Pages, chain: OnChain, told: _Told) -> Iterator[Finding]:
    query = (
        select(RecallRow.id, RecallRow.unit_id, RecallRow.school_code, RecallRow.state, LeafRow.receipt)
        .outerjoin(LeafRow, LeafRow.unit_id == RecallRow.unit_id)
        .where(RecallRow.state == BatchState.FINAL)
    )
    for page in pages.of(query, RecallRow.id, part="recalls on the chain"):
        for row in page:
            subject = f"unit {row.unit_id}"
            if row.unit_id in told.recalled:
                continue
            status = None if row.receipt is None else _status(chain, row.school_code, row.receipt)
            if status is not None and status.recalled_at is not None:
                yield findings.CHAIN_EVENTS(subject, found="no event", expected=f"recalled {status.recalled_at}")
            elif row.unit_id in told.annulled:
                yield findings.CHAIN_RECALL_ANNULLED(subject, found="recalled", expected="annulled")
            else:
                yield findings.CHAIN_RECALL_MISSING(subject, found="recalled", expected="in force on the chain")


def _replacements(pages: Pages, told: _Told) -> Iterator[Finding]:
    """What replaces a record, in both."""
    query = (
        select(ActRow.id, ActRow.unit_id, ActRow.replacement_id, ActRow.state, LeafRow.leaf)
        .outerjoin(LeafRow, LeafRow.unit_id == ActRow.replacement_id)
        .where(ActRow.kind == ActKind.REPLACE)
    )
    left = dict(told.replaced)
    for page in pages.of(query, ActRow.id):
        for row in page:
            subject = f"unit {row.unit_id}"
            entry = told.replaced.get(row.unit_id)
            if entry is not None and keccak(entry) == row.leaf:
                left.pop(row.unit_id, None)
            elif row.state is BatchState.FINAL:
                left.pop(row.unit_id, None)
                found = "none" if entry is None else f"entry {entry.hex()}"
                yield findings.CHAIN_REPLACEMENT(subject, found=row.replacement_id, expected=found)
    for some in _slices(sorted(left)):
        successors = pages.beside(
            select(UnitRow.replaces, LeafRow.leaf).join(LeafRow, LeafRow.unit_id == UnitRow.id), UnitRow.replaces, some
        )
        for unit_id in some:
            if all(row.leaf != keccak(left[unit_id]) for row in successors.get(unit_id, ())):
                yield findings.CHAIN_REPLACEMENT(
                    f"unit {unit_id}", found="none", expected=f"entry {left[unit_id].hex()}"
                )


def _locks(pages: Pages, told: _Told) -> Iterator[Finding]:
    acts = pages.session.execute(select(ActRow.school_year, ActRow.state).where(ActRow.kind == ActKind.LOCK)).all()
    final = {int(str(year)[:4]) for year, state in acts if state is BatchState.FINAL}
    under_way = {int(str(year)[:4]) for year, state in acts if state in OPEN_STATES}
    for year in sorted(final - told.locked):
        yield findings.CHAIN_LOCK(f"year {year}-{year + 1}", found="locked in the ledger", expected="not on the chain")
    years = {int(year[:4]) for year in pages.session.scalars(select(BatchRow.school_year).distinct())}
    for year in sorted((told.locked & years) - final - under_way):
        yield findings.CHAIN_LOCK(f"year {year}-{year + 1}", found="not in the ledger", expected="locked on the chain")


def _statements(pages: Pages, told: _Told) -> Iterator[Finding]:
    query = select(ActRow.id, ActRow.school_code, ActRow.topic, ActRow.digest).where(
        ActRow.kind == ActKind.PUBLISH, ActRow.state == BatchState.FINAL
    )
    for page in pages.of(query, ActRow.id):
        for row in page:
            if row.id not in told.acts:
                subject = f"topic {(row.topic or b'').hex()} of {row.school_code or 'authority'}"
                yield findings.CHAIN_STATEMENT_MISSING(subject, found="none", expected=row.digest or b"")


def _heads(chain: OnChain, schools: frozenset[str], told: _Told, head: Head) -> Iterator[Finding]:
    """A shortened journal would like its newest heads left out: the contract's state knows them too."""
    for code in (None, *sorted(schools)):
        publisher = _NOBODY if code is None else code.encode().ljust(32, b"\0")
        stated = chain.registry.statement_at(publisher=code, topic=JOURNAL_TOPIC, at=head.time)
        digest = None if stated is None else stated.digest
        if digest != (seen := told.newest.get((publisher, JOURNAL_TOPIC))):
            yield findings.CHAIN_EVENTS(
                f"journal of {code or 'authority'}", found=seen or "no event", expected=digest or "none"
            )


def _is_head(pages: Pages, digest: bytes | None) -> bool:
    """Whether an entry of our journal has this hash."""
    return digest is not None and (
        pages.session.scalar(select(JournalRow.seq).where(JournalRow.hash == digest)) is not None
    )


def _schools(pages: Pages, chain: OnChain) -> Iterator[Finding]:
    query = select(SchoolRow.code, SchoolRow.operator, SchoolRow.seal_cert_sha256)
    for page in pages.of(query, SchoolRow.code, part="schools on the chain"):
        for row in page:
            there = chain.registry.school(row.code)
            ours = (row.operator.lower(), row.seal_cert_sha256)
            theirs = None if there is None else (there.operator.lower(), there.seal_certificate.hex())
            if ours != theirs:
                yield findings.CHAIN_SCHOOL(f"school {row.code}", found=ours, expected=theirs or "registered")


def _slices(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), 1000):
        yield values[start : start + 1000]
