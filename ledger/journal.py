# SPDX-License-Identifier: Apache-2.0

"""The journal: who did what, when and why, each entry bound to the one before it by a hash. Pure.

The newest hash, the *head*, vouches for every entry before it. It is published on the chain with each evening's batches, so that
whoever holds the database cannot tell another past than the one that stood there that evening. An entry is never changed and
never taken back; what was wrong is followed by what put it right.

The hash is SHA-256 over the entry's RFC 8785 canonical JSON, in which the hash before it stands. Nothing in an entry is needed to
verify a record, and entries leave the ledger only for an audit: reasons that people typed may name somebody.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import rfc8785

from ledger.proof.merkle import keccak

JOURNAL_FORMAT: Final = "hocba-journal/1"
BEGINNING: Final = bytes(32)
"""What stands for the hash before the first entry."""
JOURNAL_TOPIC: Final = keccak(b"hocba.journal.v1")
"""The topic under which heads are published (docs/contract.md, "Statements")."""
MAX_WHY: Final = 2000
"""Characters of a reason that somebody types."""

Detail = Mapping[str, str | int | list[str] | None]


class Deed(StrEnum):
    """What was done. Stored by value; a value is never given another meaning."""

    SCHOOL_REGISTERED = "school-registered"
    CLASS_IMPORTED = "class-imported"
    BOOKLET_BOUND = "booklet-bound"
    UNIT_ISSUED = "unit-issued"
    PAPER_RENEWED = "paper-renewed"
    BATCH_SEALED = "batch-sealed"
    BATCH_FINAL = "batch-final"
    BATCH_FAILED = "batch-failed"
    RECALL_DECIDED = "recall-decided"
    RECALL_TO_APPROVE = "recall-to-approve"
    RECALL_APPROVED = "recall-approved"
    UNIT_RECALLED = "unit-recalled"
    RECALL_FAILED = "recall-failed"
    UNIT_REPLACED = "unit-replaced"
    YEAR_TO_LOCK = "year-to-lock"
    YEAR_LOCKED = "year-locked"
    TO_PUBLISH = "to-publish"
    PUBLISHED = "published"
    ACT_FAILED = "act-failed"
    TRANSFERRED_OUT = "transferred-out"
    TRANSFERRED_IN = "transferred-in"
    TRANSFER_WITHDRAWN = "transfer-withdrawn"
    AMENDED = "amended"
    RECALL_WITHDRAWN = "recall-withdrawn"
    RECALL_DECLINED = "recall-declined"
    ERRAND_RETRIED = "errand-retried"
    ERRAND_GIVEN_UP = "errand-given-up"
    CONFIRMATION_DRAWN = "confirmation-drawn"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal."""

    seq: int
    """Counted from 1 without a gap."""
    at: dt.datetime
    """Aware, UTC."""
    who: str
    """An account of the desk, an organisation, or `hocba` for what the program does by itself."""
    deed: Deed
    subject: str
    """What it was done to: `unit` and its id, `batch` and its root; `class`, `school`, `pupil`, `year`, `topic`, `act`, and its
    name."""
    why: str
    """What people said was the reason; empty where none was asked for."""
    detail: Detail
    previous: bytes
    """The hash of the entry before it, 32 bytes."""

    def digest(self) -> bytes:
        """The entry's hash, 32 bytes."""
        told: dict[str, Any] = {
            "format": JOURNAL_FORMAT,
            "seq": self.seq,
            "at": self.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            "who": self.who,
            "deed": self.deed.value,
            "subject": self.subject,
            "why": self.why,
            "detail": dict(self.detail),
            "previous": self.previous.hex(),
        }
        return hashlib.sha256(rfc8785.dumps(told)).digest()


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the journal is not what was written."""

    seq: int
    en: str
    vi: str


def breaks(entries: Iterable[tuple[Entry, bytes]]) -> Iterator[Break]:
    """Every place where stored entries, in order and each with the hash stored beside it, do not follow from one another."""
    previous, seq = BEGINNING, 0
    for entry, stored in entries:
        if entry.seq != seq + 1:
            missing = f"{seq + 1}" if entry.seq == seq + 2 else f"{seq + 1}-{entry.seq - 1}"
            yield Break(entry.seq, f"journal entry {missing} is missing", f"thiếu mục nhật ký {missing}")
        if entry.previous != previous:
            yield Break(
                entry.seq,
                f"journal entry {entry.seq} does not follow from the one before it",
                f"mục nhật ký {entry.seq} không nối tiếp mục trước",
            )
        if entry.digest() != stored:
            yield Break(
                entry.seq,
                f"journal entry {entry.seq} was changed after it was written",
                f"mục nhật ký {entry.seq} đã bị sửa sau khi ghi",
            )
        previous, seq = stored, entry.seq
