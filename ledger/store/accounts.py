# SPDX-License-Identifier: Apache-2.0

"""Accounts of the desk: adding and disabling them, what they are invited to, and by what they are recognised.

Like `ledger.store.writer`: each change is one transaction and names what it was read as. What opens a door comes in here as it
is handed out and is stored as a digest.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from ledger.duty import Duty, fit_together
from ledger.errors import AccountRefused, InvitationOver, LostRace, UnknownAccount, UnknownSchool
from ledger.store.account_tables import (
    AccountDutyRow,
    AccountRow,
    DeskSessionRow,
    InvitationRow,
    KnownBrowserRow,
    OpenIdRow,
    PairingCodeRow,
)
from ledger.store.sessions import reading, writing
from ledger.store.tables import SchoolRow

INVITATION_DAYS = 7
NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,62})[a-z0-9]")
"""Letters without marks, digits, dots, hyphens: what can be typed on any keyboard and read out over the telephone."""

MAX_DISPLAY_NAME = 128


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in."""

    name: str
    display_name: str
    school_code: str | None
    """None for the authority's people."""
    duties: frozenset[Duty]
    disabled: bool
    has_password: bool

    def may(self, duties: Iterable[Duty]) -> bool:
        """Whether any of `duties` is theirs."""
        return not self.duties.isdisjoint(duties)


class Accounts:
    """Reads and changes accounts. `now` gives the time that is written beside each change."""

    def __init__(self, engine: Engine, *, now: Callable[[], dt.datetime]) -> None:
        self._engine = engine
        self._now = now

    def all(self, *, school_code: str | None = None) -> list[Account]:
        """Every account, disabled ones too, by name; of one school, if it is named."""
        query = select(AccountRow).options(selectinload(AccountRow.duties)).order_by(AccountRow.name)
        if school_code is not None:
            query = query.where(AccountRow.school_code == school_code)
        with reading(self._engine) as session:
            return [account_of(row) for row in session.scalars(query)]

    def account(self, name: str) -> Account:
        """The account with this sign-in name. Raises `UnknownAccount`."""
        with reading(self._engine) as session:
            return account_of(_row(session, name))

    def add(self, name: str, *, display_name: str, school_code: str | None, duties: Iterable[Duty]) -> Account:
        """Adds an account that nobody can sign in to yet. Raises `AccountRefused` or `UnknownSchool`."""
        wanted = frozenset(duties)
        shown = " ".join(display_name.split())
        if not NAME.fullmatch(name):
            raise AccountRefused(
                f"Tên đăng nhập “{name}” không hợp lệ. Hãy dùng 3 đến 64 ký tự: chữ thường không dấu, chữ số, dấu chấm, gạch "
                "nối, gạch dưới; ví dụ an.le.",
                f"“{name}” cannot be a sign-in name. Use 3 to 64 of: lower-case letters without marks, digits, dots, hyphens, "
                "underscores; for example an.le.",
            )
        if not shown or len(shown) > MAX_DISPLAY_NAME:
            raise AccountRefused(
                f"Họ tên phải có từ 1 đến {MAX_DISPLAY_NAME} ký tự. Hãy ghi họ tên như trong hồ sơ.",
                f"The display name must have 1 to {MAX_DISPLAY_NAME} characters. Write the name as in the files.",
            )
        if not fit_together(wanted, at_school=school_code is not None):
            raise AccountRefused(
                "Nhiệm vụ không phù hợp: tài khoản của Sở không thuộc trường nào và chỉ có nhiệm vụ authority; tài khoản của "
                "trường cần ít nhất một trong clerk, principal, teacher. Hãy chọn lại.",
                "These duties do not fit: the authority's accounts belong to no school and have the duty authority alone; a "
                "school's need at least one of clerk, principal, teacher. Choose again.",
            )
        with writing(self._engine) as session:
            if school_code is not None and session.get(SchoolRow, school_code) is None:
                raise UnknownSchool(school_code)
            session.add(AccountRow(name=name, display_name=shown, school_code=school_code, made_at=self._now()))
            try:
                session.flush()
            except IntegrityError as error:
                raise AccountRefused(
                    f"Tên đăng nhập “{name}” đã có người dùng, hoặc đã từng có. Hãy chọn tên khác.",
                    f"The sign-in name “{name}” is somebody's, or was. Choose another one.",
                ) from error
            session.add_all(AccountDutyRow(account=name, duty=duty) for duty in wanted)
        return self.account(name)

    def disable(self, name: str) -> None:
        """Shuts an account: whoever is signed in is out, and nothing leads in any more. Doing it again changes nothing."""
        with writing(self._engine) as session:
            moved = session.execute(
                update(AccountRow)
                .where(AccountRow.name == name, AccountRow.disabled_at.is_(None))
                .values(disabled_at=self._now())
            )
            if moved.rowcount != 1:  # type: ignore[attr-defined]
                _row(session, name)
            _shut(session, name)

    def enable(self, name: str) -> None:
        """Opens an account again. Whoever owns it signs in anew."""
        with writing(self._engine) as session:
            _row(session, name)
            session.execute(update(AccountRow).where(AccountRow.name == name).values(disabled_at=None))

    def password_hash(self, name: str) -> str | None:
        """What an attempt to sign in is held against; None for whoever cannot sign in by a password."""
        with reading(self._engine) as session:
            return session.scalars(
                select(AccountRow.password_hash).where(AccountRow.name == name, AccountRow.disabled_at.is_(None))
            ).one_or_none()

    def set_password(self, name: str, password_hash: str) -> None:
        """Another password. Whoever is signed in by the old one is out, and an open invitation is over."""
        with writing(self._engine) as session:
            _held(session, name)
            self._set_password(session, name, password_hash)

    def rehash(self, name: str, *, old: str, new: str) -> None:
        """The same password, hashed as it is done now. Raises `LostRace` if it has been changed since."""
        with writing(self._engine) as session:
            moved = session.execute(
                update(AccountRow)
                .where(AccountRow.name == name, AccountRow.password_hash == old)
                .values(password_hash=new)
            )
            if moved.rowcount != 1:  # type: ignore[attr-defined]
                raise LostRace(f"tài khoản/account {name}", "unchanged")

    def invite(self, name: str, token: str) -> dt.datetime:
        """Makes `token` the account's one open invitation, and returns when it ends. Raises `UnknownAccount`."""
        ends_at = self._now() + dt.timedelta(days=INVITATION_DAYS)
        with writing(self._engine) as session:
            if _held(session, name).disabled_at is not None:
                raise AccountRefused(
                    f"Tài khoản {name} đang bị khóa. Hãy mở lại trước (hocba account enable).",
                    f"The account {name} is disabled. Enable it first (hocba account enable).",
                )
            session.execute(delete(InvitationRow).where(InvitationRow.account == name))
            session.add(InvitationRow(account=name, token_sha256=digest_of(token), ends_at=ends_at))
        return ends_at

    def invited(self, token: str) -> Account:
        """Whom an invitation is for. Raises `InvitationOver`."""
        with reading(self._engine) as session:
            return account_of(_row(session, self._invited(session, digest_of(token))))

    def accept_with_password(self, token: str, password_hash: str) -> Account:
        """Uses an invitation up: its account gets this password. Raises `InvitationOver`."""
        with writing(self._engine) as session:
            name = self._use_up(session, digest_of(token))
            self._set_password(session, name, password_hash)
        return self.account(name)

    def accept_with_open_id(self, token_sha256: str, *, issuer: str, subject: str) -> Account:
        """Uses an invitation up: its account is recognised by this OpenID from now on.

        Raises `InvitationOver`, and `AccountRefused` for an OpenID that is another account's.
        """
        with writing(self._engine) as session:
            name = self._use_up(session, token_sha256)
            session.add(OpenIdRow(issuer=issuer, subject=subject, account=name, linked_at=self._now()))
            try:
                session.flush()
            except IntegrityError as error:
                raise AccountRefused(
                    "Danh tính đăng nhập một lần này đã liên kết với một tài khoản. Hãy đăng nhập bằng tài khoản đó, hoặc dùng "
                    "danh tính khác.",
                    "This single sign-on identity is linked to an account already. Sign in to that account, or use another "
                    "identity.",
                ) from error
        return self.account(name)

    def with_open_id(self, *, issuer: str, subject: str) -> Account | None:
        """The account that is recognised by this OpenID, if there is one and it is not disabled."""
        query = (
            select(AccountRow)
            .join(OpenIdRow, OpenIdRow.account == AccountRow.name)
            .where(OpenIdRow.issuer == issuer, OpenIdRow.subject == subject, AccountRow.disabled_at.is_(None))
            .options(selectinload(AccountRow.duties))
        )
        with reading(self._engine) as session:
            row = session.scalars(query).one_or_none()
            return None if row is None else account_of(row)

    def _invited(self, session: Session, token_sha256: str) -> str:
        name = session.scalars(
            select(InvitationRow.account).where(
                InvitationRow.token_sha256 == token_sha256, InvitationRow.ends_at > self._now()
            )
        ).one_or_none()
        if name is None:
            raise InvitationOver
        return name

    def _use_up(self, session: Session, token_sha256: str) -> str:
        name = self._invited(session, token_sha256)
        used = session.execute(delete(InvitationRow).where(InvitationRow.token_sha256 == token_sha256))
        if used.rowcount != 1:  # type: ignore[attr-defined]
            raise InvitationOver
        return name

    def _set_password(self, session: Session, name: str, password_hash: str) -> None:
        session.execute(update(AccountRow).where(AccountRow.name == name).values(password_hash=password_hash))
        _shut(session, name)


def account_of(row: AccountRow) -> Account:
    """The frozen value of a row whose duties have been loaded."""
    return Account(
        name=row.name,
        display_name=row.display_name,
        school_code=row.school_code,
        duties=frozenset(duty.duty for duty in row.duties),
        disabled=row.disabled_at is not None,
        has_password=row.password_hash is not None,
    )


def digest_of(token: str) -> str:
    """What is stored of something that opens a door."""
    return hashlib.sha256(token.encode()).hexdigest()


def _row(session: Session, name: str) -> AccountRow:
    row = session.get(AccountRow, name, options=[selectinload(AccountRow.duties)])
    if row is None:
        raise UnknownAccount(name)
    return row


def _held(session: Session, name: str) -> AccountRow:
    """The account, which nobody else changes or invites before this transaction ends."""
    session.execute(select(AccountRow.name).where(AccountRow.name == name).with_for_update())
    return _row(session, name)


def _shut(session: Session, name: str) -> None:
    """Ends whatever leads into an account without its password."""
    for kind in (DeskSessionRow, InvitationRow, PairingCodeRow, KnownBrowserRow):
        session.execute(delete(kind).where(kind.account == name))
