# SPDX-License-Identifier: Apache-2.0

"""Transfers: each against what the journal says was released, accepted or taken back."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select

from ledger.audit import findings
from ledger.audit.findings import Finding
from ledger.audit.journal_part import Vouching, deeds_about
from ledger.audit.pages import AnyRow, Pages
from ledger.journal import Deed
from ledger.store.chain_tables import JournalRow
from ledger.store.transfer_tables import TransferRow

_DEEDS = (Deed.TRANSFERRED_OUT, Deed.TRANSFERRED_IN, Deed.TRANSFER_WITHDRAWN)


def check_transfers(pages: Pages, vouched: Vouching) -> Iterator[Finding]:
    """Every transfer, and every one that the journal tells of and that is gone."""
    query = select(*TransferRow.__table__.columns)
    for page in pages.of(query, TransferRow.id, part="transfers"):
        told = deeds_about(pages, {f"pupil {row.pupil_code}" for row in page})
        for row in page:
            entries = told.get(f"pupil {row.pupil_code}", [])
            yield from _told(row, {entry.deed: json.loads(entry.detail) for entry in _of(row.id, entries)}, vouched)
    released = select(JournalRow.seq, JournalRow.subject, JournalRow.detail).where(
        JournalRow.deed == Deed.TRANSFERRED_OUT
    )
    for page in pages.of(released, JournalRow.seq):
        numbers = {row.seq: json.loads(row.detail).get("transfer") for row in page}
        there = pages.beside(select(TransferRow.id), TransferRow.id, set(numbers.values()))
        for row in page:
            if numbers[row.seq] not in there:
                subject = f"transfer {numbers[row.seq]} of {row.subject}"
                yield findings.ROW_DELETED(subject, expected=f"journal {row.seq}: {Deed.TRANSFERRED_OUT}")


def _of(number: int, entries: Sequence[AnyRow]) -> list[AnyRow]:
    return [entry for entry in entries if entry.deed in _DEEDS and json.loads(entry.detail).get("transfer") == number]


def _told(row: AnyRow, deeds: dict[Deed, dict[str, Any]], vouched: Vouching) -> Iterator[Finding]:
    subject = f"transfer {row.id} of pupil {row.pupil_code}"
    if (out := deeds.get(Deed.TRANSFERRED_OUT)) is None:
        if vouched.covers(row.from_school, row.released_at):
            yield findings.ROW_UNJOURNALED(subject, found=row.released_at)
        return
    stored = {"to": row.to_school, "year": row.school_year, "confirmation": row.confirmation_sha256}
    said = {name: out.get(name) for name in stored}
    if stored != said:
        yield findings.ROW_DIFFERS(subject, found=stored, expected=said)
    taken = deeds.get(Deed.TRANSFERRED_IN)
    if taken is not None and taken.get("from") != row.from_school:
        yield findings.ROW_DIFFERS(subject, found=row.from_school, expected=taken.get("from"))
    ends = {Deed.TRANSFERRED_IN: row.accepted_at, Deed.TRANSFER_WITHDRAWN: row.withdrawn_at}
    for deed, ended_at in ends.items():
        if (deed in deeds) is not (ended_at is not None):
            yield findings.ROW_DIFFERS(subject, found=ended_at, expected=deed if deed in deeds else f"no {deed}")
