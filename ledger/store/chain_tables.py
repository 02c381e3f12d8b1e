# SPDX-License-Identifier: Apache-2.0

"""The tables of whatever is carried to the chain, of the transactions that carry it, and of the journal.

An errand is a batch, a recall or an act. A *number* is a nonce of one chain account, set aside for one errand before anything is
signed with it: the database, not the workers' good manners, keeps one key from signing one nonce for two purposes. A number never
expires and belongs to the errand, not to the worker, so that a worker that dies holds nobody up.
"""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.batch import ActKind, BatchState
from ledger.journal import Deed
from ledger.store.tables import Base, by_value
from ledger.unit import RecallReason


class NumberState(StrEnum):
    """What became of a number. Stored by value."""

    HELD = "held"
    """Its errand's transactions have it, or empty ones that fill a gap; nothing else ever will."""
    FREE = "free"
    """Its errand was refused before anything was signed with it; the next errand takes it, as the chain leaves none out."""
    LOST = "lost"
    """A transaction that is not ours has it, for good; its errand goes on with another."""


class BatchRow(Base):
    """A closed set of leaves under one root."""

    __tablename__ = "batch"
    __table_args__ = (
        UniqueConstraint("school_code", "root"),
        CheckConstraint("(signature IS NULL) = (deadline IS NULL)", name="signed_until"),
        CheckConstraint("(token IS NULL) = (stamped_at IS NULL)", name="stamped_once"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    school_code: Mapped[str] = mapped_column(ForeignKey("school.code"))
    school_year: Mapped[str] = mapped_column(String(9))
    root: Mapped[bytes]
    leaf_count: Mapped[int]
    state: Mapped[BatchState] = mapped_column(by_value(BatchState, "state"), index=True)
    signature: Mapped[bytes | None]
    """The school's own (EIP-712), for a batch that the authority is to send."""
    deadline: Mapped[dt.datetime | None]
    """Until when it serves."""
    sealed_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
    token: Mapped[bytes | None]
    """A time-stamp token over the root (`ledger.proof.root_token`); None until some run got one."""
    stamped_at: Mapped[dt.datetime | None]
    """The time that the token tells."""


class LeafRow(Base):
    """One unit's leaf in its batch, with the receipt as it will be handed out, but for the batch's token."""

    __tablename__ = "leaf"
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"), index=True)
    leaf: Mapped[bytes] = mapped_column(unique=True)
    receipt: Mapped[bytes]


class RecallRow(Base):
    """The decision to withdraw a unit, carried to the chain like a batch."""

    __tablename__ = "recall"
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"), unique=True)
    school_code: Mapped[str] = mapped_column(ForeignKey("school.code"))
    reason: Mapped[RecallReason] = mapped_column(by_value(RecallReason, "reason"))
    note: Mapped[str]
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    """The stored document that it rests on, such as a decision about civil status."""
    state: Mapped[BatchState] = mapped_column(by_value(BatchState, "state"), index=True)
    decided_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]


_APPROVAL = "kind = 'approve' AND state <> 'failed' AND replacement_id"


class ActRow(Base):
    """What else a school or the authority does on the registry: publish, lock a year, approve a recall, name a replacement."""

    __tablename__ = "act"
    __table_args__ = (
        CheckConstraint("(kind = 'publish') = (topic IS NOT NULL AND digest IS NOT NULL)", name="what_to_publish"),
        CheckConstraint("(kind = 'lock') = (school_year IS NOT NULL)", name="year_to_lock"),
        CheckConstraint("(kind IN ('approve', 'replace')) = (unit_id IS NOT NULL)", name="unit_withdrawn"),
        CheckConstraint("kind <> 'replace' OR replacement_id IS NOT NULL", name="replacement_named"),
        CheckConstraint("kind IN ('approve', 'replace') OR replacement_id IS NULL", name="replacement_of_a_unit"),
        CheckConstraint("(kind = 'approve') = (reason IS NOT NULL)", name="reason_approved"),
        CheckConstraint("kind <> 'lock' OR school_code IS NULL", name="authority_locks"),
        CheckConstraint("kind NOT IN ('approve', 'replace') OR school_code IS NOT NULL", name="school_of_the_unit"),
        Index(
            "uq_act_lock",
            "school_year",
            unique=True,
            sqlite_where=text("kind = 'lock' AND state <> 'failed'"),
            postgresql_where=text("kind = 'lock' AND state <> 'failed'"),
        ),
        *(
            Index(
                f"uq_act_approve_{name}",
                *columns,
                unique=True,
                sqlite_where=text(f"{_APPROVAL} {of_what}"),
                postgresql_where=text(f"{_APPROVAL} {of_what}"),
            )
            for name, columns, of_what in (
                ("recall", ("unit_id", "reason"), "IS NULL"),
                ("replacement", ("unit_id", "replacement_id"), "IS NOT NULL"),
            )
        ),
        Index(
            "uq_act_replace",
            "unit_id",
            unique=True,
            sqlite_where=text("kind = 'replace' AND state <> 'failed'"),
            postgresql_where=text("kind = 'replace' AND state <> 'failed'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[ActKind] = mapped_column(by_value(ActKind, "kind"))
    school_code: Mapped[str | None] = mapped_column(ForeignKey("school.code"))
    """The school that acts, or whose record the authority decides on; None where it is the authority's own affair."""
    school_year: Mapped[str | None] = mapped_column(String(9))
    topic: Mapped[bytes | None]
    digest: Mapped[bytes | None]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    """The unit that is withdrawn, or was."""
    replacement_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    """The unit that takes its place."""
    reason: Mapped[RecallReason | None] = mapped_column(by_value(RecallReason, "reason"))
    state: Mapped[BatchState] = mapped_column(by_value(BatchState, "state"), index=True)
    decided_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]


class NumberRow(Base):
    """A nonce, and what it is for."""

    __tablename__ = "number"
    __table_args__ = (
        CheckConstraint(
            "(state = 'free') = (batch_id IS NULL AND recall_id IS NULL AND act_id IS NULL AND NOT fills)",
            name="free_for_nothing",
        ),
        CheckConstraint(
            "NOT fills OR (state = 'held' AND batch_id IS NULL AND recall_id IS NULL AND act_id IS NULL)",
            name="fills_for_no_errand",
        ),
        CheckConstraint(
            "(batch_id IS NULL OR recall_id IS NULL) AND (batch_id IS NULL OR act_id IS NULL) "
            "AND (recall_id IS NULL OR act_id IS NULL)",
            name="one_errand",
        ),
        # What an attempt points at: empty transactions and those of errands never have one number.
        UniqueConstraint("sender", "nonce", "fills"),
        *(
            Index(
                f"uq_number_{errand}",
                errand,
                unique=True,
                sqlite_where=text("state = 'held'"),
                postgresql_where=text("state = 'held'"),
            )
            for errand in ("batch_id", "recall_id", "act_id")
        ),
    )
    sender: Mapped[str] = mapped_column(String(42), primary_key=True)
    nonce: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    state: Mapped[NumberState] = mapped_column(by_value(NumberState, "state"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    recall_id: Mapped[int | None] = mapped_column(ForeignKey("recall.id"))
    act_id: Mapped[int | None] = mapped_column(ForeignKey("act.id"))
    fills: Mapped[bool] = mapped_column(default=False)
    """Whether it is held for nothing but to be used up, so that the chain takes what comes after it (`ledger.gaps`)."""


class AttemptRow(Base):
    """One signed transaction, stored before it is sent. Those with the same number replace one another, at rising fees."""

    __tablename__ = "attempt"
    __table_args__ = (
        ForeignKeyConstraint(["sender", "nonce", "fills"], ["number.sender", "number.nonce", "number.fills"]),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    sender: Mapped[str] = mapped_column(String(42))
    nonce: Mapped[int] = mapped_column(BigInteger)
    tx_hash: Mapped[bytes] = mapped_column(unique=True)
    raw: Mapped[bytes]
    fee: Mapped[int | None] = mapped_column(BigInteger)
    """The most that it offers for a unit of gas, in wei; None for those of older ledgers, which did not keep it."""
    tip: Mapped[int | None] = mapped_column(BigInteger)
    """What of that goes to the block's maker (EIP-1559); None for a transaction with one price."""
    signed_at: Mapped[dt.datetime]
    fills: Mapped[bool] = mapped_column(default=False)
    """Whether it is empty, and carries nothing."""


class JournalRow(Base):
    """One entry of the journal (`ledger.journal`). The database lets nobody change or delete one."""

    __tablename__ = "journal"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime]
    who: Mapped[str] = mapped_column(String(128))
    deed: Mapped[Deed] = mapped_column(by_value(Deed, "deed", length=32))
    subject: Mapped[str] = mapped_column(String(160), index=True)
    why: Mapped[str]
    detail: Mapped[str]
    """A JSON object."""
    previous: Mapped[bytes] = mapped_column(unique=True)
    hash: Mapped[bytes] = mapped_column(unique=True)
