# SPDX-License-Identifier: Apache-2.0

"""Signing in to the desk: sessions, codes for the agent, known browsers, and how often it failed.

Like `ledger.store.writer`: each change is one transaction, and what may happen once happens by a row that is deleted once. All of
it is in the database, so that a restart of the desk neither signs anybody out nor forgives an attacker.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Delete, Engine, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from ledger.errors import InvitationOver, TooOften
from ledger.store.account_tables import (
    AccountRow,
    DeskSessionRow,
    KnownBrowserRow,
    OpenIdRequestRow,
    PairingCodeRow,
    SessionKind,
    ThrottleRow,
)
from ledger.store.accounts import Account, account_of, digest_of
from ledger.store.sessions import reading, writing

IDLE = dt.timedelta(minutes=60)
"""A session that nobody uses ends after this: long enough for a lesson, short enough for a computer in the staff room."""

ABSOLUTE = dt.timedelta(hours=12)
"""A session ends after this in any case: a working day."""

SEEN_EVERY = dt.timedelta(minutes=1)
"""How exactly it is noted when a session was used last."""

PAIRING_MINUTES = 10
OPEN_ID_MINUTES = 10
WINDOW = dt.timedelta(minutes=15)
"""Failures count for this long, from the first; then all are forgiven."""

KNOWN_BROWSER_DAYS = 180


@dataclass(frozen=True)
class SignedIn:
    """A session, and whose it is."""

    account: Account
    kind: SessionKind
    began_at: dt.datetime


@dataclass(frozen=True)
class OpenIdRequest:
    """A browser that was sent to the OpenID provider."""

    nonce: str
    verifier: str
    invitation_sha256: str | None


class SignIns:
    """Reads and changes who is signed in. `now` gives the time that everything is measured by."""

    def __init__(self, engine: Engine, *, now: Callable[[], dt.datetime]) -> None:
        self._engine = engine
        self._now = now

    # Sessions.

    def begin(self, account: str, token: str, *, kind: SessionKind) -> None:
        """A new session, which `token` carries."""
        now = self._now()
        with writing(self._engine) as session:
            session.execute(delete(DeskSessionRow).where(_over(now)))
            session.add(
                DeskSessionRow(token_sha256=digest_of(token), kind=kind, account=account, began_at=now, seen_at=now)
            )

    def find(self, token: str, *, kind: SessionKind) -> SignedIn | None:
        """Whose session `token` carries; None if it has ended, is of another kind, or the account is disabled."""
        now, token_sha256 = self._now(), digest_of(token)
        query = (
            select(DeskSessionRow, AccountRow)
            .join(AccountRow, AccountRow.name == DeskSessionRow.account)
            .where(
                DeskSessionRow.token_sha256 == token_sha256,
                DeskSessionRow.kind == kind,
                ~_over(now),
                AccountRow.disabled_at.is_(None),
            )
            .options(selectinload(AccountRow.duties))
        )
        with reading(self._engine) as session:
            found = session.execute(query).one_or_none()
            if found is None:
                return None
            row, account = found
            signed_in, seen_at = SignedIn(account_of(account), row.kind, row.began_at), row.seen_at
        if now - seen_at >= SEEN_EVERY:
            with writing(self._engine) as session:
                session.execute(
                    update(DeskSessionRow)
                    .where(DeskSessionRow.token_sha256 == token_sha256, DeskSessionRow.seen_at == seen_at)
                    .values(seen_at=now)
                )
        return signed_in

    def end(self, token: str) -> None:
        """Ends the session that `token` carries, if it has not ended."""
        with writing(self._engine) as session:
            session.execute(delete(DeskSessionRow).where(DeskSessionRow.token_sha256 == digest_of(token)))

    # Codes for the agent.

    def offer_pairing(self, account: str, code: str) -> dt.datetime:
        """Makes `code` the account's one open pairing code, and returns when it ends."""
        ends_at = self._now() + dt.timedelta(minutes=PAIRING_MINUTES)
        with writing(self._engine) as session:
            # Of two codes that are asked for at once, one takes the place of the other.
            session.execute(select(AccountRow.name).where(AccountRow.name == account).with_for_update())
            session.execute(delete(PairingCodeRow).where(PairingCodeRow.account == account))
            session.add(PairingCodeRow(account=account, code_sha256=digest_of(code), ends_at=ends_at))
        return ends_at

    def pair(self, code: str) -> str:
        """Uses a pairing code up; returns whose it was. Raises `InvitationOver`."""
        with writing(self._engine) as session:
            row = session.scalars(
                select(PairingCodeRow).where(
                    PairingCodeRow.code_sha256 == digest_of(code), PairingCodeRow.ends_at > self._now()
                )
            ).one_or_none()
            if row is None or not _deleted_one(
                session, delete(PairingCodeRow).where(PairingCodeRow.code_sha256 == digest_of(code))
            ):
                raise InvitationOver
            return row.account

    # Browsers.

    def knows(self, browser: str, account: str) -> bool:
        """Whether `account` has signed in with the browser that holds this token, not too long ago."""
        with reading(self._engine) as session:
            return (
                session.scalars(
                    select(KnownBrowserRow.account).where(
                        KnownBrowserRow.token_sha256 == digest_of(browser),
                        KnownBrowserRow.account == account,
                        KnownBrowserRow.seen_at > self._now() - dt.timedelta(days=KNOWN_BROWSER_DAYS),
                    )
                ).one_or_none()
                is not None
            )

    def remember(self, browser: str, account: str) -> None:
        """Notes that `account` has signed in with the browser that will hold this token."""
        now = self._now()
        with writing(self._engine) as session:
            old = KnownBrowserRow.seen_at < now - dt.timedelta(days=KNOWN_BROWSER_DAYS)
            session.execute(delete(KnownBrowserRow).where(old))
            session.add(KnownBrowserRow(token_sha256=digest_of(browser), account=account, seen_at=now))

    # Failures.

    def count_attempt(self, limits: Mapping[str, int]) -> None:
        """Counts an attempt as failed, under every key, before it is known how it ends; `forgive` takes it back.

        So attempts that run side by side cannot all slip below a limit. Raises `TooOften`, and counts nothing, when any key has
        reached its limit: knocking at a closed door does not keep it closed.
        """
        now = self._now()
        with writing(self._engine) as session:
            session.execute(delete(ThrottleRow).where(ThrottleRow.since <= now - WINDOW))
            for key, limit in sorted(limits.items()):
                _count(session, digest_of(key), limit=limit, now=now)

    def forgive(self, *, wholly: Sequence[str], once: Sequence[str]) -> None:
        """Takes an attempt back that has ended well: all failures under the keys in `wholly`, one under those in `once`."""
        with writing(self._engine) as session:
            wholly_sha256, once_sha256 = [digest_of(key) for key in wholly], [digest_of(key) for key in once]
            session.execute(delete(ThrottleRow).where(ThrottleRow.key_sha256.in_(wholly_sha256)))
            one, more = ThrottleRow.failures <= 1, ThrottleRow.failures > 1
            session.execute(delete(ThrottleRow).where(ThrottleRow.key_sha256.in_(once_sha256), one))
            session.execute(
                update(ThrottleRow)
                .where(ThrottleRow.key_sha256.in_(once_sha256), more)
                .values(failures=ThrottleRow.failures - 1)
            )

    # OpenID.

    def sent(self, state: str, request: OpenIdRequest, *, visit: str) -> None:
        """Notes a browser, known by its cookie's `visit`, before it is sent to the provider."""
        now = self._now()
        with writing(self._engine) as session:
            session.execute(delete(OpenIdRequestRow).where(OpenIdRequestRow.ends_at <= now))
            session.add(
                OpenIdRequestRow(
                    state_sha256=digest_of(state),
                    visit_sha256=digest_of(visit),
                    nonce=request.nonce,
                    verifier=request.verifier,
                    invitation_sha256=request.invitation_sha256,
                    ends_at=now + dt.timedelta(minutes=OPEN_ID_MINUTES),
                )
            )

    def returned(self, state: str, *, visit: str) -> OpenIdRequest:
        """The request that a browser brings the answer to, which is awaited once. Raises `InvitationOver`."""
        ours = (OpenIdRequestRow.state_sha256 == digest_of(state), OpenIdRequestRow.visit_sha256 == digest_of(visit))
        with writing(self._engine) as session:
            row = session.scalars(
                select(OpenIdRequestRow).where(*ours, OpenIdRequestRow.ends_at > self._now())
            ).one_or_none()
            if row is None or not _deleted_one(session, delete(OpenIdRequestRow).where(*ours)):
                raise InvitationOver
            return OpenIdRequest(row.nonce, row.verifier, row.invitation_sha256)


def _over(now: dt.datetime) -> ColumnElement[bool]:
    return or_(DeskSessionRow.seen_at <= now - IDLE, DeskSessionRow.began_at <= now - ABSOLUTE)


def _deleted_one(session: Session, statement: Delete) -> bool:
    return bool(session.execute(statement).rowcount == 1)  # type: ignore[attr-defined]


def _count(session: Session, key_sha256: str, *, limit: int, now: dt.datetime) -> None:
    """One more failure under a key, or `TooOften`."""
    more = (
        update(ThrottleRow)
        .where(ThrottleRow.key_sha256 == key_sha256, ThrottleRow.failures < limit)
        .values(failures=ThrottleRow.failures + 1)
    )
    if session.execute(more).rowcount == 1:  # type: ignore[attr-defined]
        return
    try:
        with session.begin_nested():
            session.add(ThrottleRow(key_sha256=key_sha256, failures=1, since=now))
    except IntegrityError:
        # It is there: at its limit, or made by somebody else a moment ago.
        if session.execute(more).rowcount == 1:  # type: ignore[attr-defined]
            return
        since = session.scalars(select(ThrottleRow.since).where(ThrottleRow.key_sha256 == key_sha256)).one_or_none()
        left = 0 if since is None else int((since + WINDOW - now).total_seconds())  # It may just have been forgiven.
        raise TooOften(max(1, left)) from None
