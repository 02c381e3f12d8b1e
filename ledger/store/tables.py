# SPDX-License-Identifier: Apache-2.0

"""The tables, and the rules that the database enforces by itself; what concerns the chain stands in `chain_tables`.

Enums are stored by value with a CHECK; what may exist only once is UNIQUE; a pupil has one current unit per school year
and level (DOMAIN.md, rule ID-12), which is a partial unique index. Times are UTC, stored without offset and read back aware.
"""

import datetime as dt
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    false,
    text,
)
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from ledger.unit import PAST_STATES, Ownership, Role, UnitKind, UnitState

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Fixed names, so that a migration can drop on every database what it made on one."""


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware UTC time. SQLite has no time zones, so the offset is taken off on the way in and put back on the way out."""

    impl = SqlDateTime
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """Refuses a naive time: nobody could say what it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs its offset")
        return value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:  # noqa: ANN401, ARG002
        """Gives the offset back."""
        return None if value is None else value.replace(tzinfo=dt.UTC)


def by_value(kind: type[StrEnum], name: str, *, length: int = 16) -> Enum:
    """An enum stored by value, with a CHECK; `length` is what the longest value to come may need."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=length,
        values_callable=lambda members: [member.value for member in members],
    )


class FileRole(StrEnum):
    """Which of a unit's files: the two that are handed out, each in the newest form it has reached."""

    PDF = "pdf"
    XML = "xml"


class Base(DeclarativeBase):
    """One metadata for all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {dt.datetime: UtcDateTime, bytes: LargeBinary, UUID: Uuid}  # noqa: RUF012 - SQLAlchemy reads it so


class SchoolRow(Base):
    """A school of this authority, and what the registry contract knows it by."""

    __tablename__ = "school"
    __table_args__ = (
        CheckConstraint("batch_count IS NULL OR batch_count > 0", name="batch_count_counts"),
        CheckConstraint("batch_hours IS NULL OR batch_hours > 0", name="batch_hours_count"),
    )
    code: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str]
    authority: Mapped[str]
    profile: Mapped[str] = mapped_column(String(32))
    ownership: Mapped[Ownership] = mapped_column(
        by_value(Ownership, "ownership"), server_default=Ownership.PUBLIC.value
    )
    """Who runs it, which decides where its seal may come from."""
    operator: Mapped[str] = mapped_column(String(42))
    seal_cert_sha256: Mapped[str] = mapped_column(String(64))
    relayed: Mapped[bool] = mapped_column(server_default=false())
    """Whether the school signs its batches and the authority sends them, and pays."""
    batch_count: Mapped[int | None]
    """A batch is closed once so many issued units wait; None for by hand or by age alone."""
    batch_hours: Mapped[int | None]
    """A batch is closed once a unit has waited for so many hours; None for by hand or by count alone."""
    registered_at: Mapped[dt.datetime]


class ClassRow(Base):
    """One class of one school year, as it was last imported."""

    __tablename__ = "class"
    __table_args__ = (UniqueConstraint("school_code", "school_year", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    school_code: Mapped[str] = mapped_column(ForeignKey("school.code"))
    school_year: Mapped[str] = mapped_column(String(9))
    name: Mapped[str] = mapped_column(String(32))
    enrolled: Mapped[int]
    """How many pupils the school says the class has: what completeness is measured against."""
    sheet_sha256: Mapped[str] = mapped_column(String(64))
    imported_at: Mapped[dt.datetime]


class UnitRow(Base):
    """One pupil, one school year; or, by `kind`, the booklet of all years of a level, which lives the same life."""

    __tablename__ = "unit"
    __table_args__ = (
        Index(
            "uq_unit_current",
            "pupil_code",
            "school_year",
            "level",
            "kind",
            unique=True,
            sqlite_where=text(f"state NOT IN ({', '.join(repr(s.value) for s in sorted(PAST_STATES))})"),
            postgresql_where=text(f"state NOT IN ({', '.join(repr(s.value) for s in sorted(PAST_STATES))})"),
        ),
        CheckConstraint("replaces IS NULL OR replaces <> id", name="not_itself"),
        CheckConstraint("(manifest IS NULL) = (state IN ('draft', 'signing'))", name="manifest_when_issued"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    short_code: Mapped[str] = mapped_column(String(16), unique=True)
    """`ledger.short_code.lookup_key` of the id: what is typed where a QR cannot be scanned."""
    kind: Mapped[UnitKind] = mapped_column(by_value(UnitKind, "kind"))
    class_id: Mapped[int] = mapped_column(ForeignKey("class.id"), index=True)
    school_code: Mapped[str] = mapped_column(ForeignKey("school.code"))
    school_year: Mapped[str] = mapped_column(String(9))
    level: Mapped[str] = mapped_column(String(4))
    pupil_code: Mapped[str] = mapped_column(String(16))
    stt: Mapped[int]
    """The pupil's place in the class list."""
    state: Mapped[UnitState] = mapped_column(by_value(UnitState, "state"), index=True)
    record_sha256: Mapped[str] = mapped_column(String(64))
    source_sha256: Mapped[str] = mapped_column(String(64))
    """The stored, unsigned XML from which everything else of this unit is made."""
    template: Mapped[str | None] = mapped_column(String(64))
    """What drew its PDF, from `signing` on: templates are kept, so that it can be drawn again the same."""
    subjects: Mapped[str] = mapped_column(String(512), server_default=text("''"))
    """Codes of the subjects whose teachers sign, with a space between them, from `signing` on; empty where none do."""
    manifest: Mapped[bytes | None]
    """Canonical, from `issued` on."""
    replaces: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"), unique=True)
    """A recalled unit has one successor."""
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]

    class_: Mapped[ClassRow] = relationship(lazy="raise")
    files: Mapped[list["UnitFileRow"]] = relationship(lazy="raise", order_by="UnitFileRow.role")
    signatures: Mapped[list["SignatureRow"]] = relationship(lazy="raise", order_by="SignatureRow.position")


class UnitFileRow(Base):
    """A file of a unit in the newest form it has reached."""

    __tablename__ = "unit_file"
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    role: Mapped[FileRole] = mapped_column(by_value(FileRole, "role"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    size: Mapped[int]
    archive_ends: Mapped[dt.datetime | None] = mapped_column(index=True)
    """When the last document timestamp of an issued PDF stops proving anything; None where nobody has looked yet."""


class EarlierFileRow(Base):
    """A PDF that was issued or handed out, before its document timestamp was renewed. It stays in the file store for good."""

    __tablename__ = "earlier_file"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"), index=True)
    size: Mapped[int]
    renewed_at: Mapped[dt.datetime]


class SignatureRow(Base):
    """One signature: of a role, for a subject teacher of one subject, on both files of a unit or on the XML alone."""

    __tablename__ = "signature"
    __table_args__ = (
        UniqueConstraint("unit_id", "position"),
        CheckConstraint("(role = 'GVBM') = (subject <> '')", name="subject_teachers_have_one"),
        CheckConstraint("(pdf_before IS NULL) = (xml_before IS NULL)", name="both_before"),
    )
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(by_value(Role, "role"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(32), primary_key=True, server_default=text("''"))
    position: Mapped[int]
    cert_sha256: Mapped[str] = mapped_column(String(64))
    signed_at: Mapped[dt.datetime]
    pdf_before: Mapped[str | None] = mapped_column(String(64))
    """The files as they were before it: what a unit goes back to when it is returned. Signatures of older ledgers have none."""
    xml_before: Mapped[str | None] = mapped_column(String(64))
