# SPDX-License-Identifier: Apache-2.0

"""Tables of who may sign and of what they are signing: registered certificates, assignments, rounds, and returned units."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ledger.store.tables import Base, by_value
from ledger.unit import Role


class Holding(StrEnum):
    """Where the private key of a registered certificate is. Stored by value; the ministry's words, and one of ours."""

    USB_TOKEN = "USB_TOKEN"  # noqa: S105 - the ministry's word for a token, not a secret
    REMOTE_SIGNING = "REMOTE_SIGNING"
    FILE = "FILE"
    """A PKCS#12 file. The ministry's list of kinds does not have it."""


class RegistrationState(StrEnum):
    """How a request stands. Stored by value."""

    PENDING = "pending"
    """The school has asked; the authority has not answered."""
    APPROVED = "approved"
    """It may sign, from and to the dates of the line."""
    REFUSED = "refused"
    """The authority said no, with a reason."""


class RoundState(StrEnum):
    """How a signing round stands. Stored by value."""

    OPEN = "open"
    """Some of it is still to be signed or to be put in."""
    CLOSED = "closed"
    """Each of its units is stored or refused."""


class ItemState(StrEnum):
    """How one unit of a round stands. Stored by value, each with its arrow."""

    PREPARED = "prepared"
    """The documents have an empty place for a signature. -> answered, refused"""
    ANSWERED = "answered"
    """The key has signed; the values wait to be put in. -> stored, refused"""
    STORED = "stored"
    """The signature stands on the unit's files."""
    REFUSED = "refused"
    """It can no longer be signed in this round; the reason stands beside it."""


class RegistrationRow(Base):
    """One line about one certificate: who may sign as what, for which school, from when to when.

    Lines are added and ended, never changed or deleted: old signatures are judged by them.
    """

    __tablename__ = "registration"
    __table_args__ = (
        CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("state <> 'approved' OR valid_from IS NOT NULL", name="approved_from"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="forwards"),
        CheckConstraint("delegated_by IS NULL OR (role = 'CBQL' AND valid_to IS NOT NULL)", name="deputies_for_a_time"),
        Index(
            "uq_registration_pending",
            "cert_sha256",
            "school_code",
            "role",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    school_code: Mapped[str] = mapped_column(ForeignKey("school.code"), index=True)
    cert_sha256: Mapped[str] = mapped_column(String(64), index=True)
    certificate: Mapped[bytes]
    """DER."""
    chain: Mapped[str] = mapped_column(Text)
    """JSON list of base64 DER: certificates above it, as the school gave them."""
    role: Mapped[Role] = mapped_column(by_value(Role, "role"))
    subjects: Mapped[str] = mapped_column(String(512), server_default=text("''"))
    """Codes, with a space between them, that a subject teacher may sign; empty for any."""
    holder: Mapped[str]
    """The name in the certificate."""
    account: Mapped[str] = mapped_column(String(64), server_default=text("''"))
    """Whose sign-in name at the desk it belongs to; empty where there is no desk."""
    holding: Mapped[Holding] = mapped_column(by_value(Holding, "holding"))
    hierarchy: Mapped[str] = mapped_column(String(32))
    """Name of the hierarchy that its chain leads to."""
    delegated_by: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of the certificate of the principal for whom a deputy signs."""
    state: Mapped[RegistrationState] = mapped_column(by_value(RegistrationState, "state"))
    valid_from: Mapped[dt.datetime | None]
    valid_to: Mapped[dt.datetime | None]
    requested_at: Mapped[dt.datetime]
    requested_by: Mapped[str]
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[str | None]
    reason: Mapped[str] = mapped_column(server_default=text("''"))


class AssignmentRow(Base):
    """Who signs in one slot of one class. The one before stays, ended: a teacher who left is replaced, not forgotten."""

    __tablename__ = "assignment"
    __table_args__ = (
        CheckConstraint("(role = 'GVBM') = (subject <> '')", name="subject_teachers_have_one"),
        Index(
            "uq_assignment_current",
            "class_id",
            "role",
            "subject",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("class.id"))
    role: Mapped[Role] = mapped_column(by_value(Role, "role"))
    subject: Mapped[str] = mapped_column(String(32), server_default=text("''"))
    account: Mapped[str] = mapped_column(String(64), index=True)
    replacing: Mapped[str] = mapped_column(server_default=text("''"))
    """Why somebody else than the record names signs, such as "cô An nghỉ việc từ 01/03"; empty for the regular teacher."""
    assigned_at: Mapped[dt.datetime]
    assigned_by: Mapped[str]
    ended_at: Mapped[dt.datetime | None]


class RoundRow(Base):
    """Everything that one person has to sign at one sitting: one slot of one class."""

    __tablename__ = "signing_round"
    __table_args__ = (
        Index(
            "uq_signing_round_open",
            "class_id",
            "role",
            "subject",
            "cert_sha256",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("class.id"))
    role: Mapped[Role] = mapped_column(by_value(Role, "role"))
    subject: Mapped[str] = mapped_column(String(32), server_default=text("''"))
    cert_sha256: Mapped[str] = mapped_column(String(64))
    certificate: Mapped[bytes]
    """DER."""
    chain: Mapped[str] = mapped_column(Text)
    """JSON list of base64 DER: certificates above it, to be embedded."""
    shown_role: Mapped[str]
    """What the visible signature says that the signer is."""
    account: Mapped[str] = mapped_column(String(64), server_default=text("''"))
    state: Mapped[RoundState] = mapped_column(by_value(RoundState, "state"), index=True)
    opened_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]


class RoundItemRow(Base):
    """One unit of a round: what it was prepared from, what is to be signed, and what the key said."""

    __tablename__ = "round_item"
    __table_args__ = (
        CheckConstraint("(state = 'refused') = (problem_vi IS NOT NULL)", name="refused_why"),
        CheckConstraint("state NOT IN ('answered', 'stored') OR xml_value IS NOT NULL", name="answered_with"),
    )
    round_id: Mapped[UUID] = mapped_column(ForeignKey("signing_round.id"), primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id", ondelete="CASCADE"), primary_key=True)
    stt: Mapped[int]
    state: Mapped[ItemState] = mapped_column(by_value(ItemState, "state"))
    signed_at: Mapped[dt.datetime]
    """The time that the signature claims."""
    prepared_at: Mapped[dt.datetime]
    pdf_before: Mapped[str] = mapped_column(String(64))
    xml_before: Mapped[str] = mapped_column(String(64))
    """The unit's files that it was prepared from: others now mean that the record changed."""
    pdf_prepared: Mapped[str | None] = mapped_column(String(64))
    pdf_to_be_signed: Mapped[bytes | None]
    pdf_state: Mapped[bytes | None]
    xml_prepared: Mapped[str] = mapped_column(String(64))
    xml_to_be_signed: Mapped[bytes]
    xml_state: Mapped[bytes]
    pdf_value: Mapped[bytes | None]
    xml_value: Mapped[bytes | None]
    problem_vi: Mapped[str | None] = mapped_column(Text)
    problem_en: Mapped[str | None] = mapped_column(Text)


class UnitReturnRow(Base):
    """A unit that a signer gave back to the one before, with the reason."""

    __tablename__ = "unit_return"
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role] = mapped_column(by_value(Role, "role"))
    """Who is to sign anew."""
    subject: Mapped[str] = mapped_column(String(32), server_default=text("''"))
    reason: Mapped[str] = mapped_column(Text)
    returned_by: Mapped[str]
    returned_at: Mapped[dt.datetime]
