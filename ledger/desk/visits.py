# SPDX-License-Identifier: Apache-2.0

"""Who is calling: the cookie or token of a request, whose session it carries, and whether the request is truly theirs.

A browser holds one random token, and the database its digest while it is signed in. One that is not signed in holds a token too:
forms and the way to the OpenID provider are bound to it, and signing in replaces it. What a form must bring along to be believed
is derived from the token, so that each session has its own and none has to be stored.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from ledger.desk.access import AT_SCHOOL, RULES, Rule
from ledger.desk.problems import BROKEN_BODY, FORBIDDEN, NOT_SIGNED_IN, STALE_FORM, TOO_LARGE, Refusal
from ledger.store.account_tables import SessionKind
from ledger.store.accounts import Account
from ledger.store.sign_ins import KNOWN_BROWSER_DAYS, SignedIn, SignIns
from ledger.web import bodies

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
MEGABYTE = 1_000_000
MAX_FIELD_BYTES = 4096
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 bits in base64url; what is not of this form is not looked up."""

CSRF_FIELD = "ma-phien"
SAFE_METHODS = frozenset({"GET", "HEAD"})


class Cookies:
    """The desk's cookies at its public address: with the `__Host-` prefix, unless it is this computer without HTTPS."""

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self.secure = parts.scheme == "https"
        if not self.secure and parts.hostname not in LOOPBACK:
            raise ValueError(f"{public_url}: a desk that others reach needs https")
        self.origin = f"{parts.scheme}://{parts.netloc}"
        prefix = "__Host-" if self.secure else ""
        self.session, self.browser = f"{prefix}hocba", f"{prefix}hocba-may"

    def keep_session(self, response: Response, token: str) -> None:
        """Until the browser closes, or the session ends here."""
        response.set_cookie(self.session, token, path="/", secure=self.secure, httponly=True, samesite="lax")

    def keep_browser(self, response: Response, token: str) -> None:
        """By which this browser is known when somebody signs in again."""
        response.set_cookie(
            self.browser,
            token,
            max_age=KNOWN_BROWSER_DAYS * 24 * 3600,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )

    def forget_session(self, response: Response) -> None:
        """The browser is nobody's again."""
        response.delete_cookie(self.session, path="/", secure=self.secure, httponly=True, samesite="lax")


@dataclass(frozen=True)
class Visitor:
    """Who is calling."""

    token: str
    """What the browser's cookie, or the agent's header, holds; a new one if it held none."""
    new: bool
    """Whether the browser has yet to be given its cookie."""
    signed_in: SignedIn | None

    @property
    def account(self) -> Account | None:
        """Who is signed in."""
        return None if self.signed_in is None else self.signed_in.account

    @property
    def csrf(self) -> str:
        """What a form must bring along: known to the pages of this browser's session, and to no other site."""
        made = hmac.digest(self.token.encode(), b"hocba desk: a form of this session", hashlib.sha256)
        return base64.urlsafe_b64encode(made).decode().rstrip("=")


class Visits:
    """Finds out who is calling, and refuses what is not theirs to ask."""

    def __init__(self, sign_ins: SignIns, cookies: Cookies, *, new_token: Callable[[], str]) -> None:
        self._sign_ins = sign_ins
        self._cookies = cookies
        self._new_token = new_token

    def visitor(self, request: Request) -> Visitor:
        """Whose request this is, by its cookie or, below `/agent/`, by its bearer token. Asks the database."""
        for_agent = is_for_agent(request.url.path)
        token = _bearer(request) if for_agent else request.cookies.get(self._cookies.session, "")
        if not TOKEN.fullmatch(token):
            return Visitor(self._new_token(), new=True, signed_in=None)
        kind = SessionKind.AGENT if for_agent else SessionKind.BROWSER
        return Visitor(token, new=False, signed_in=self._sign_ins.find(token, kind=kind))

    def admit(self, visitor: Visitor, rule: Rule) -> None:
        """Raises `Refusal` unless the visitor has a duty that the route asks for."""
        if rule.duties is None:
            return
        if visitor.account is None:
            raise Refusal(NOT_SIGNED_IN)
        if not visitor.account.may(rule.duties):
            raise Refusal(FORBIDDEN)

    @asynccontextmanager
    async def believed_form(self, request: Request, visitor: Visitor, rule: Rule) -> AsyncIterator[FormData]:
        """The form of a request that changes something, if it comes from a page of this visitor's. Raises `Refusal`."""
        # Both, because either may fail in some browser: the origin by a bug, the token by a leak.
        if request.headers.get("origin") != self._cookies.origin or visitor.new:
            raise Refusal(STALE_FORM)
        try:
            async with bodies.form_of(request, limit=rule.body_bytes, part_limit=MAX_FIELD_BYTES) as form:
                given = form.get(CSRF_FIELD)
                if not isinstance(given, str) or not hmac.compare_digest(given.encode(), visitor.csrf.encode()):
                    raise Refusal(STALE_FORM)
                yield form
        except bodies.TooLarge:
            raise too_large(rule.body_bytes) from None
        except bodies.Broken:
            raise Refusal(BROKEN_BODY) from None


def rule_of(request: Request) -> Rule:
    """What the route of a request asks. A route that nobody wrote a rule for is a bug, and answers nobody."""
    return RULES[request.method, request.scope["route"].path]


def is_for_agent(path: str) -> bool:
    """Whether a path is asked by programs, who get JSON."""
    return path.startswith("/agent/")


def visitor_of(request: Request) -> Visitor:
    """Who is calling, as the guard found out."""
    found: Visitor = request.state.visitor
    return found


def account_of(request: Request) -> Account:
    """Who is signed in, on a route whose rule asks for a duty."""
    account = visitor_of(request).account
    if account is None:
        raise Refusal(NOT_SIGNED_IN)
    return account


def school_of(request: Request) -> tuple[Account, str]:
    """Who is signed in, and whose school it is, on a route for people at schools."""
    account = account_of(request)
    if account.school_code is None or not account.may(AT_SCHOOL):
        raise Refusal(FORBIDDEN)
    return account, account.school_code


def field(request: Request, name: str) -> str:
    """A field of the form that the guard has read; empty if it is not there."""
    value = request.state.form.get(name)
    return value if isinstance(value, str) else ""


def address_of(request: Request) -> str:
    """Where a request comes from, as the server (or the proxy that it trusts) knows it."""
    return request.client.host if request.client else "?"


def too_large(limit: int) -> Refusal:
    """The refusal of a body beyond its bound."""
    return Refusal(TOO_LARGE, limit=max(1, limit // MEGABYTE))


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def wants_page(request: Request) -> bool:
    """Whether somebody without a session is to be led to the door, rather than told that it is shut."""
    return not is_for_agent(request.url.path) and request.method in {*SAFE_METHODS, "POST"}
