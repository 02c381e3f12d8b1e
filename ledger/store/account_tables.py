# SPDX-License-Identifier: Apache-2.0

"""Tables of the desk: who may come in, who is in, and what they have handed in and not decided about yet.

Whatever opens a door (session, invitation, pairing code) is stored as its SHA-256: who reads the database, or a backup of it,
cannot come in with what is found there. The values have at least 40 bits of chance in them, those that live longer than minutes
256, so that no slow hash is needed.
"""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ledger.duty import Duty
from ledger.store.tables import Base, by_value

SHA256_DIGITS = 64


class SessionKind(StrEnum):
    """What carries a session. Stored by value."""

    BROWSER = "browser"
    """A cookie."""
    AGENT = "agent"
    """A bearer token, in the memory of the signing agent."""


class AccountRow(Base):
    """Somebody who may sign in. Accounts are disabled and never deleted: what was done under a name stays somebody's."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("name = lower(name)", name="lower_case"),)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    """What is typed to sign in. It is never given to anybody else: assignments and rounds name it."""
    display_name: Mapped[str] = mapped_column(String(128))
    school_code: Mapped[str | None] = mapped_column(ForeignKey("school.code"), index=True)
    """None for the authority's people."""
    password_hash: Mapped[str | None] = mapped_column(String(255))
    """Argon2id with its parameters and salt; None until one was chosen, and for those who sign in elsewhere."""
    made_at: Mapped[dt.datetime]
    disabled_at: Mapped[dt.datetime | None]

    duties: Mapped[list["AccountDutyRow"]] = relationship(lazy="raise", order_by="AccountDutyRow.duty")


class AccountDutyRow(Base):
    """One duty of an account."""

    __tablename__ = "account_duty"
    account: Mapped[str] = mapped_column(ForeignKey("account.name"), primary_key=True)
    duty: Mapped[Duty] = mapped_column(by_value(Duty, "duty"), primary_key=True)


class OpenIdRow(Base):
    """Whom an OpenID provider means by a subject. Only issuer and subject together name somebody: an e-mail may be taken over."""

    __tablename__ = "open_id"
    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.name"), index=True)
    linked_at: Mapped[dt.datetime]


class InvitationRow(Base):
    """A link that lets an account's owner choose a password, or link an OpenID, once. A new one takes the place of the last."""

    __tablename__ = "invitation"
    account: Mapped[str] = mapped_column(ForeignKey("account.name"), primary_key=True)
    token_sha256: Mapped[str] = mapped_column(String(SHA256_DIGITS), unique=True)
    ends_at: Mapped[dt.datetime]


class DeskSessionRow(Base):
    """Somebody who is signed in. Signing out deletes the row, and so does disabling the account."""

    __tablename__ = "desk_session"
    __table_args__ = (CheckConstraint("seen_at >= began_at", name="forwards"),)
    token_sha256: Mapped[str] = mapped_column(String(SHA256_DIGITS), primary_key=True)
    kind: Mapped[SessionKind] = mapped_column(by_value(SessionKind, "kind"))
    account: Mapped[str] = mapped_column(ForeignKey("account.name"), index=True)
    began_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    """When it was used last, give or take a minute."""


class PairingCodeRow(Base):
    """A code that the agent signs in with, once, within minutes. A new one takes the place of the last."""

    __tablename__ = "pairing_code"
    account: Mapped[str] = mapped_column(ForeignKey("account.name"), primary_key=True)
    code_sha256: Mapped[str] = mapped_column(String(SHA256_DIGITS), unique=True)
    ends_at: Mapped[dt.datetime]


class KnownBrowserRow(Base):
    """A browser in which an account has signed in: its attempts are counted apart, so that strangers cannot lock its owner out.

    OWASP calls it a device cookie: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
    """

    __tablename__ = "known_browser"
    token_sha256: Mapped[str] = mapped_column(String(SHA256_DIGITS), primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.name"), index=True)
    seen_at: Mapped[dt.datetime]


class ThrottleRow(Base):
    """How often something failed since a time: for one account name, one known browser or one address."""

    __tablename__ = "throttle"
    __table_args__ = (CheckConstraint("failures > 0", name="some"),)
    key_sha256: Mapped[str] = mapped_column(String(SHA256_DIGITS), primary_key=True)
    """A digest, because people type passwords into the field for the name."""
    failures: Mapped[int]
    since: Mapped[dt.datetime] = mapped_column(index=True)


class OpenIdRequestRow(Base):
    """A browser that was sent to the OpenID provider and is awaited back."""

    __tablename__ = "open_id_request"
    state_sha256: Mapped[str] = mapped_column(String(SHA256_DIGITS), primary_key=True)
    visit_sha256: Mapped[str] = mapped_column(String(SHA256_DIGITS))
    """Of the cookie of the browser that was sent: nobody else may bring the answer."""
    nonce: Mapped[str] = mapped_column(String(128))
    verifier: Mapped[str] = mapped_column(String(128))
    """PKCE's (RFC 7636)."""
    invitation_sha256: Mapped[str | None] = mapped_column(String(SHA256_DIGITS))
    """Of the invitation under which the OpenID is to be linked to an account."""
    ends_at: Mapped[dt.datetime] = mapped_column(index=True)


class UploadedSheetRow(Base):
    """A class sheet that was handed in and waits for its clerk to say yes. It goes with the answer, or after a day."""

    __tablename__ = "uploaded_sheet"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.name"), index=True)
    file_name: Mapped[str] = mapped_column(String(255))
    data: Mapped[bytes]
    uploaded_at: Mapped[dt.datetime] = mapped_column(index=True)
