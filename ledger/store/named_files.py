# SPDX-License-Identifier: Apache-2.0

"""Every file that the ledger names beside the newest files of its units: what an audit reads, and what an archive takes along."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.journal import Deed
from ledger.store.chain_tables import BatchRow, JournalRow, RecallRow
from ledger.store.signing_tables import RoundItemRow
from ledger.store.tables import ClassRow, EarlierFileRow, SignatureRow, UnitRow
from ledger.store.transfer_tables import TransferRow

ROWS_AT_ONCE = 500


def named_files(session: Session, *, school_code: str | None = None) -> Iterator[tuple[str, str]]:
    """Each digest, and what it is; a few more than once. With `school_code` those that concern that school.

    Sheets and sources, decisions that recalls rest on, confirmations of transfers, earlier forms of PDFs, documents before each
    signature and as they were prepared for one, and what the journal alone names.
    """
    of_unit = select(UnitRow.id).where(UnitRow.school_code == school_code)
    between = (TransferRow.from_school == school_code) | (TransferRow.to_school == school_code)
    whose: tuple[tuple[Any, Any, Any, str], ...] = (
        (UnitRow.source_sha256, UnitRow.id, UnitRow.school_code == school_code, "source of unit"),
        (ClassRow.sheet_sha256, ClassRow.id, ClassRow.school_code == school_code, "sheet of class"),
        (RecallRow.evidence_sha256, RecallRow.id, RecallRow.school_code == school_code, "evidence of recall"),
        (TransferRow.confirmation_sha256, TransferRow.id, between, "confirmation of transfer"),
    )
    for column, key, concerns, what in whose:
        query = select(key, column) if school_code is None else select(key, column).where(concerns)
        for page in pages(session, query, key):
            yield from ((digest, f"{what} {name}") for name, digest in page if digest is not None)
    for page in pages(session, select(UnitRow.id) if school_code is None else of_unit, UnitRow.id):
        yield from _of_units(session, [row.id for row in page])
    yield from _told_of(session, school_code)


def _of_units(session: Session, ids: Sequence[UUID]) -> Iterator[tuple[str, str]]:
    kinds: tuple[tuple[Any, tuple[Any, ...], str], ...] = (
        (EarlierFileRow.unit_id, (EarlierFileRow.sha256,), "earlier pdf of unit"),
        (SignatureRow.unit_id, (SignatureRow.pdf_before, SignatureRow.xml_before), "file before a signature of unit"),
        (
            RoundItemRow.unit_id,
            (RoundItemRow.pdf_before, RoundItemRow.xml_before, RoundItemRow.pdf_prepared, RoundItemRow.xml_prepared),
            "file prepared for a signature of unit",
        ),
    )
    seen: set[str | None] = {None}
    # What was signed was prepared before: most are named twice.
    for unit_id, columns, what in kinds:
        for name, *digests in session.execute(select(unit_id, *columns).where(unit_id.in_(ids))):
            yield from ((digest, f"{what} {name}") for digest in digests if digest not in seen)
            seen.update(digests)


def _told_of(session: Session, school_code: str | None) -> Iterator[tuple[str, str]]:
    """What the journal alone names.

    Decisions about a pupil's name, those that recalls rest on or did, marks of a year that went on at another school, and what
    confirmations were drawn from.
    """
    told = select(JournalRow.seq, JournalRow.subject, JournalRow.deed, JournalRow.detail).where(
        JournalRow.deed.in_([Deed.AMENDED, Deed.TRANSFERRED_IN, Deed.RECALL_DECIDED, Deed.CONFIRMATION_DRAWN])
    )
    for page in pages(session, told, JournalRow.seq):
        ours = None if school_code is None else subjects_of(session, school_code, [row.subject for row in page])
        for row in page:
            detail = json.loads(row.detail)
            transfer = None if "transfer" not in detail else session.get(TransferRow, detail["transfer"])
            # Marks of a year that went on elsewhere are the business of the two schools, and of no third.
            concerned = [] if transfer is None else [transfer.from_school, transfer.to_school]
            if row.deed == Deed.CONFIRMATION_DRAWN:
                # The new school has it inside the confirmation, once that is signed and the pupil released.
                concerned = [detail["from"]]
            if ours is None or (school_code in concerned if concerned else row.subject in ours):
                found = (detail.get("evidence"), detail.get("unfinished_source"), detail.get("drawn_from"))
                yield from ((one, f"what journal {row.seq} rests on") for one in found if one is not None)


def subjects_of(session: Session, school_code: str, subjects: Iterable[str]) -> set[str]:
    """Those of the journal's `subjects` that concern a school; what concerns all, such as a year's lock, concerns each."""
    named: dict[str, list[str]] = {}
    for subject in set(subjects):
        kind, _, name = subject.partition(" ")
        named.setdefault(kind, []).append(name)
    found = {f"{kind} {name}" for kind in ("year", "topic", "act") for name in named.get(kind, ())}
    found |= {
        f"{kind} {name}" for kind in ("class", "school") for name in named.get(kind, ()) if name[:8] == school_code
    }
    wanted: Mapping[str, tuple[Any, Any]] = {
        "unit": (UnitRow.id, UnitRow.school_code),
        "batch": (BatchRow.root, BatchRow.school_code),
        "pupil": (UnitRow.pupil_code, UnitRow.school_code),
    }
    for kind, (column, school) in wanted.items():
        values = {_value(kind, name): name for name in named.get(kind, ())}
        there = session.scalars(select(column).where(column.in_(_in_order(values)), school == school_code))
        found |= {f"{kind} {values[value]}" for value in there}
    return found


def _in_order(values: Collection[Any]) -> list[Any]:
    return sorted(values)


def _value(kind: str, name: str) -> object:
    match kind:
        case "unit":
            return UUID(name)
        case "batch":
            return bytes.fromhex(name)
        case _:
            return name


def pages(session: Session, query: Any, key: Any) -> Iterator[Sequence[Any]]:  # noqa: ANN401 - SQLAlchemy's own types
    """The rows of `query` in the order of `key`, which is unique and among its columns, some at a time."""
    last: Any = None
    while True:
        page = query.order_by(key).limit(ROWS_AT_ONCE)
        found = session.execute(page if last is None else page.where(key > last)).all()
        if found:
            yield found
            last = getattr(found[-1], key.key)
        if len(found) < ROWS_AT_ONCE:
            return
