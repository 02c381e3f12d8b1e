# SPDX-License-Identifier: Apache-2.0

"""The door: signing in and out, invitations, and the way to the OpenID provider and back."""

import functools
import re

from fastapi import Request
from starlette.responses import Response

from ledger.desk.desk import Desk
from ledger.desk.pages import to
from ledger.desk.passwords import problem_with
from ledger.desk.problems import NOT_FOUND, TOO_OFTEN, WRONG_SIGN_IN, Refusal, refusal_of
from ledger.desk.sign_in import Attempt, NewSession
from ledger.desk.visits import address_of, field, visitor_of
from ledger.desk.wording import TEXTS
from ledger.errors import LedgerError
from ledger.store.account_tables import SessionKind
from ledger.store.accounts import digest_of
from ledger.web.languages import Text

OUR_PATH = re.compile(r"/(?:[a-z0-9-]+(?:/[a-z0-9-]+)*)?")
"""Where signing in may lead on to: a page of this desk, and nothing that a browser could take for another site."""

FAILED = frozenset({WRONG_SIGN_IN, TOO_OFTEN})
"""Refusals that are told beside the form, so that it can be filled in again."""


class Door:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """The page for signing in."""
        note = {"het": TEXTS["ended"], "ra": TEXTS["left"]}.get(request.query_params.get("vi-sao", ""))
        return self._form(request, next_path=request.query_params.get("tiep", "/"), note=note)

    async def enter(self, request: Request) -> Response:
        """Name and password."""
        desk, next_path = self._desk, field(request, "tiep")
        attempt = Attempt(
            name=field(request, "ten"),
            password=field(request, "mat-khau"),
            address=address_of(request),
            browser=request.cookies.get(desk.cookies.browser),
        )
        work = functools.partial(desk.signing_in.with_password, attempt, kind=SessionKind.BROWSER)
        try:
            session = await desk.within(desk.hashing, work)
        except LedgerError as error:
            refusal = refusal_of(error)
            if refusal is None or refusal.problem not in FAILED:
                raise
            return self._form(request, next_path=next_path, refusal=refusal, name=attempt.name)
        return await self._welcome(request, session, next_path)

    async def leave(self, request: Request) -> Response:
        """Signs out."""
        await self._desk.ask(self._desk.stores.sign_ins.end, visitor_of(request).token)
        response = to("/dang-nhap?vi-sao=ra")
        self._desk.cookies.forget_session(response)
        return response

    async def show_invitation(self, request: Request, token: str) -> Response:
        """What an invitation offers."""
        return await self._invitation(request, token)

    async def accept(self, request: Request, token: str) -> Response:
        """A password, under an invitation."""
        desk = self._desk
        account = await desk.ask(desk.stores.accounts.invited, token)
        password, again = field(request, "mat-khau"), field(request, "mat-khau-lai")
        problem = problem_with(password, account) or (TEXTS["not_the_same"] if password != again else None)
        if problem is not None:
            return await self._invitation(request, token, problem=problem)
        session = await desk.within(desk.hashing, functools.partial(desk.signing_in.by_invitation, token, password))
        return await self._welcome(request, session, "/")

    async def link(self, request: Request, token: str) -> Response:
        """Offers the way to the provider, under an invitation.

        A link and no redirect: browsers hold redirects after a form to the page's own policy, all the way through sites that we
        do not know.
        """
        desk = self._desk
        if desk.open_id is None:
            raise Refusal(NOT_FOUND)
        account = await desk.ask(desk.stores.accounts.invited, token)
        address = await desk.ask(
            desk.open_id.begin, visit=visitor_of(request).token, invitation_sha256=digest_of(token)
        )
        return desk.pages.render(
            "to_openid.html",
            request,
            switch=f"/loi-moi/{token}",
            address=address,
            invited=account,
            provider=desk.open_id.name,
        )

    async def to_provider(self, request: Request) -> Response:
        """Sends the browser to the provider."""
        desk, visitor = self._desk, visitor_of(request)
        if desk.open_id is None:
            raise Refusal(NOT_FOUND)
        response = to(await desk.ask(desk.open_id.begin, visit=visitor.token))
        if visitor.new:
            desk.cookies.keep_session(response, visitor.token)
        return response

    async def from_provider(self, request: Request) -> Response:
        """Takes the browser back from the provider."""
        desk = self._desk
        if desk.open_id is None:
            raise Refusal(NOT_FOUND)
        answer = dict(request.query_params)
        identity = await desk.ask(desk.open_id.finish, answer, visit=visitor_of(request).token)
        session = await desk.ask(
            desk.signing_in.with_open_id,
            issuer=identity.issuer,
            subject=identity.subject,
            invitation_sha256=identity.invitation_sha256,
        )
        return await self._welcome(request, session, "/")

    def _form(
        self,
        request: Request,
        *,
        next_path: str,
        note: Text | None = None,
        refusal: Refusal | None = None,
        name: str = "",
    ) -> Response:
        response = self._desk.pages.render(
            "sign_in.html",
            request,
            **({"status": refusal.problem.status} if refusal else {}),
            switch="/dang-nhap",
            next_path=_ours(next_path),
            note=note,
            refusal=refusal,
            name=name,
            provider=self._desk.open_id.name if self._desk.open_id else None,
        )
        if refusal is not None:
            response.headers.update(refusal.headers)
        return response

    async def _invitation(self, request: Request, token: str, *, problem: Text | None = None) -> Response:
        desk = self._desk
        account = await desk.ask(desk.stores.accounts.invited, token)
        return desk.pages.render(
            "invitation.html",
            request,
            invited=account,
            token=token,
            problem=problem,
            provider=desk.open_id.name if desk.open_id else None,
        )

    async def _welcome(self, request: Request, session: NewSession, next_path: str) -> Response:
        """Gives the browser its new token; whatever session it had before is over."""
        await self._desk.ask(self._desk.stores.sign_ins.end, visitor_of(request).token)
        response = to(_ours(next_path))
        self._desk.cookies.keep_session(response, session.token)
        if session.browser is not None:
            self._desk.cookies.keep_browser(response, session.browser)
        return response


def _ours(path: str) -> str:
    return path if OUR_PATH.fullmatch(path) else "/"
