# SPDX-License-Identifier: Apache-2.0

"""The desk as an application. `create_desk` is handed its parts and reads no setting.

Each request passes, from the outside in: the security headers; the bound on its body; the last resort, which turns what nobody
foresaw into a plain 500 with an id; and the guard, which finds out who is calling, holds that against the route's row in
`access`, and believes a form only from the visitor's own page.

Example::

    app = create_desk(stores, importing=importing, signing=signing, deciding=deciding,
                      public_url="https://hocba.truong.example", now=utc_now,
                      new_token=lambda: secrets.token_urlsafe(32), new_id=uuid4)
    uvicorn.run(app, host="127.0.0.1", port=8001, access_log=False)
"""

import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.desk.access import body_limit
from ledger.desk.agent_rounds import AgentRounds
from ledger.desk.agent_session import AgentSession
from ledger.desk.approvals import Approvals
from ledger.desk.certificates import Certificates
from ledger.desk.class_deeds import ClassDeeds
from ledger.desk.class_imports import ClassImports
from ledger.desk.classes import Classes
from ledger.desk.confirmation_pages import ConfirmationPages
from ledger.desk.consents import Consents
from ledger.desk.deciding_desk import DecidingDesk
from ledger.desk.desk import Desk, Stores
from ledger.desk.door import Door
from ledger.desk.home import Home
from ledger.desk.open_id import OpenId, Provider
from ledger.desk.pages import STATIC, Pages, to
from ledger.desk.passwords import Passwords
from ledger.desk.problems import INTERNAL, NOT_SIGNED_IN, UNSUPPORTED, Refusal, refusal_of
from ledger.desk.sign_in import SigningIn
from ledger.desk.signed_by import ClassHistory
from ledger.desk.signer_choice import SignerChoice
from ledger.desk.signing_desk import SigningDesk
from ledger.desk.transfer_pages import TransferPages
from ledger.desk.unit_decisions import UnitDecisions
from ledger.desk.unit_pages import UnitPages
from ledger.desk.visits import SAFE_METHODS, Cookies, Visitor, Visits, is_for_agent, rule_of, too_large
from ledger.desk.work_pages import WorkPages
from ledger.desk.year_locks import YearLocks
from ledger.errors import LedgerError
from ledger.importing import Importing
from ledger.record.check import DEFAULT, CheckOptions
from ledger.web import bodies, tracing
from ledger.web.last_resort import LastResort
from ledger.web.look import static_files

SECURITY_HEADERS = {
    # Nothing is allowed but what is named: our own style sheet and images, and forms to ourselves. There are no scripts.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # To ourselves, because without any a browser hides a form's origin from us too (Fetch, "append a request Origin header").
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
"""For a PDF in the browser's own viewer, which is an object with styles of its own. Nothing else is fetched; no script runs."""

STRICT_TRANSPORT = "max-age=31536000"
STATIC_CACHE = "public, max-age=86400"


def create_desk(
    stores: Stores,
    *,
    importing: Importing,
    signing: SigningDesk,
    deciding: DecidingDesk,
    public_url: str,
    now: Callable[[], dt.datetime],
    new_token: Callable[[], str],
    new_id: Callable[[], UUID],
    passwords: Passwords | None = None,
    provider: Provider | None = None,
    options: CheckOptions = DEFAULT,
) -> FastAPI:
    """The application. `provider` adds single sign-on; `new_token` gives 256 bits of chance in base64url."""
    cookies = Cookies(public_url)
    passwords = passwords or Passwords()
    desk = Desk(
        stores=stores,
        importing=importing,
        signing=signing,
        deciding=deciding,
        options=options,
        passwords=passwords,
        signing_in=SigningIn(stores.accounts, stores.sign_ins, passwords, new_token=new_token),
        open_id=OpenId(provider, stores.sign_ins, public_url=public_url, now=now, new_token=new_token)
        if provider
        else None,
        cookies=cookies,
        visits=Visits(stores.sign_ins, cookies, new_token=new_token),
        pages=Pages(cookies),
        new_id=new_id,
        now=now,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        if desk.open_id is not None:
            desk.open_id.close()

    app = FastAPI(
        telemetry=tracing.NONE,
        title="hocba desk",
        # No page of this desk is described to strangers, and the interactive pages would load scripts from third parties.
        openapi_url=None,
        lifespan=lifespan,
        dependencies=[Depends(_guard(desk))],
    )
    _add_routes(app, desk)
    app.mount("/static", static_files(STATIC))
    return _with_layers(app, desk, https=cookies.secure)


def _add_routes(app: FastAPI, desk: Desk) -> None:
    door, home, classes, imports, agent = Door(desk), Home(desk), Classes(desk), ClassImports(desk), AgentSession(desk)
    rounds = AgentRounds(desk)
    work, units, history, deeds = WorkPages(desk), UnitPages(desk), ClassHistory(desk), ClassDeeds(desk, classes)
    choice, certificates, approvals = SignerChoice(desk), Certificates(desk), Approvals(desk)
    decisions, transfers, confirmations, consents, locks = (
        UnitDecisions(desk, units),
        TransferPages(desk),
        ConfirmationPages(desk),
        Consents(desk),
        YearLocks(desk),
    )
    for method, path, handler in (
        ("GET", "/dang-nhap", door.show),
        ("POST", "/dang-nhap", door.enter),
        ("GET", "/dang-nhap/openid", door.to_provider),
        ("GET", "/dang-nhap/openid/ve", door.from_provider),
        ("POST", "/dang-xuat", door.leave),
        ("GET", "/loi-moi/{token}", door.show_invitation),
        ("POST", "/loi-moi/{token}", door.accept),
        ("POST", "/loi-moi/{token}/openid", door.link),
        ("GET", "/", home.waiting),
        ("GET", "/tai-khoan", home.account),
        ("POST", "/tai-khoan/ma-ghep", home.pairing_code),
        ("GET", "/lop", classes.show_all),
        ("GET", "/lop/{class_id}", classes.show),
        ("GET", "/nhap-lop", imports.form),
        ("POST", "/nhap-lop", imports.hand_in),
        ("GET", "/nhap-lop/mau/{level}", imports.template),
        ("GET", "/nhap-lop/{upload_id}", imports.show),
        ("POST", "/nhap-lop/{upload_id}", imports.confirm),
        ("POST", "/nhap-lop/{upload_id}/bo", imports.discard),
        ("GET", "/ky/{class_id}/{slot}", work.show),
        ("POST", "/ky/{class_id}/{slot}/ma-ghep", work.pairing_code),
        ("GET", "/hoc-ba/{unit_id}", units.show),
        ("GET", "/hoc-ba/{unit_id}/pdf", units.pdf),
        ("POST", "/hoc-ba/{unit_id}/tra-lai", units.give_back),
        ("POST", "/hoc-ba/{unit_id}/thu-hoi", decisions.recall),
        ("POST", "/hoc-ba/{unit_id}/rut-thu-hoi", decisions.withdraw),
        ("POST", "/hoc-ba/{unit_id}/dinh-chinh", decisions.amend),
        ("GET", "/hoc-ba/{unit_id}/van-ban/{sha256}", decisions.evidence),
        ("GET", "/lop/{class_id}/lich-su", history.show),
        ("POST", "/lop/{class_id}/chuan-bi", deeds.prepare),
        ("POST", "/lop/{class_id}/phat-hanh", deeds.issue),
        ("GET", "/lop/{class_id}/phan-cong", choice.show),
        ("POST", "/lop/{class_id}/phan-cong", choice.assign),
        ("GET", "/chung-thu", certificates.show),
        ("POST", "/chung-thu", certificates.request),
        ("POST", "/chung-thu/uy-quyen", certificates.delegate),
        ("GET", "/so/chung-thu", approvals.show),
        ("POST", "/so/chung-thu/{number}/duyet", approvals.approve),
        ("POST", "/so/chung-thu/{number}/tu-choi", approvals.refuse),
        ("POST", "/so/chung-thu/{number}/ket-thuc", approvals.end),
        ("GET", "/chuyen-truong", transfers.show_all),
        ("GET", "/chuyen-truong/moi", transfers.form),
        ("POST", "/chuyen-truong/moi", transfers.release),
        ("GET", "/chuyen-truong/xac-nhan", confirmations.form),
        ("POST", "/chuyen-truong/xac-nhan", confirmations.draw),
        ("GET", "/chuyen-truong/{number}", transfers.show),
        ("GET", "/chuyen-truong/{number}/xac-nhan", transfers.confirmation),
        ("POST", "/chuyen-truong/{number}/tiep-nhan", transfers.accept),
        ("POST", "/chuyen-truong/{number}/rut", transfers.withdraw),
        ("GET", "/so/thu-hoi", consents.show),
        ("POST", "/so/thu-hoi/{unit_id}/chap-thuan", consents.approve),
        ("POST", "/so/thu-hoi/{unit_id}/tu-choi", consents.decline),
        ("GET", "/so/thu-hoi/{unit_id}/van-ban/{sha256}", consents.evidence),
        ("GET", "/so/nam-hoc", locks.show_all),
        ("GET", "/so/nam-hoc/{school_year}", locks.show),
        ("POST", "/so/nam-hoc/{school_year}/khoa", locks.lock),
        ("POST", "/agent/v1/session", agent.start),
        ("DELETE", "/agent/v1/session", agent.end),
        ("GET", "/agent/v1/waiting", rounds.waiting),
        ("POST", "/agent/v1/rounds", rounds.open),
        ("GET", "/agent/v1/rounds/{round_id}", rounds.progress),
        ("GET", "/agent/v1/rounds/{round_id}/items", rounds.items),
        ("GET", "/agent/v1/rounds/{round_id}/items/{unit}/{kind}", rounds.document),
        ("POST", "/agent/v1/rounds/{round_id}/values", rounds.values),
        ("POST", "/agent/v1/rounds/{round_id}/finish", rounds.finish),
    ):
        app.add_api_route(path, handler, methods=[method])


def _guard(desk: Desk) -> Callable[[Request], AsyncIterator[None]]:
    """What runs before every route."""

    async def guard(request: Request) -> AsyncIterator[None]:
        rule = rule_of(request)
        visitor = await _identify(desk, request)
        desk.visits.admit(visitor, rule)
        if request.method in SAFE_METHODS:
            yield
        elif rule.for_agent:
            # A form of another site cannot send this type without asking first, and is answered no.
            if request.method == "POST" and not request.headers.get("content-type", "").startswith("application/json"):
                raise Refusal(UNSUPPORTED)
            yield
        else:
            async with desk.visits.believed_form(request, visitor, rule) as form:
                request.state.form = form
                yield

    return guard


async def _identify(desk: Desk, request: Request) -> Visitor:
    visitor = await desk.ask(desk.visits.visitor, request)
    request.state.visitor, request.state.school_name = visitor, None
    account = visitor.account
    if account is not None and account.school_code is not None:
        request.state.school_name = (await desk.ask(desk.stores.reader.school, account.school_code)).name
    return visitor


class Refusals:
    """Answers for requests that are refused: a page for people, a problem for the agent, the door for who is not signed in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def answer(self, request: Request, error: Exception) -> Response:
        """What an error in the table becomes. Anything else goes on to the last resort."""
        refusal = refusal_of(error)
        if refusal is None:
            raise error
        if not hasattr(request.state, "visitor"):
            try:
                await _identify(self._desk, request)
            except LedgerError:
                _nobody(request)
        if refusal.problem is NOT_SIGNED_IN and not is_for_agent(request.url.path):
            onward = f"&tiep={quote(request.url.path)}" if request.method in SAFE_METHODS else ""
            return to(f"/dang-nhap?vi-sao=het{onward}")
        return self._shown(request, refusal)

    def lost(self, request: Request, number: str) -> Response:
        """For what nobody foresaw."""
        _nobody(request)
        return self._shown(request, Refusal(INTERNAL, id=number))

    def too_long(self, request: Request, limit: int) -> Response:
        """For a body beyond its bound."""
        _nobody(request)
        return self._shown(request, too_large(limit))

    def _shown(self, request: Request, refusal: Refusal) -> Response:
        if is_for_agent(request.url.path):
            return refusal.as_json()
        return self._desk.pages.refusal(request, refusal)


def _with_layers(app: FastAPI, desk: Desk, *, https: bool) -> FastAPI:
    refusals = Refusals(desk)
    for kind in (LedgerError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, refusals.answer)
    app.add_middleware(LastResort, shown=refusals.lost, new_id=desk.new_id)
    app.add_middleware(BodyBound, shown=refusals.too_long)
    app.add_middleware(bodies.Lingering)
    app.add_middleware(Headers, https=https)
    return app


def _nobody(request: Request) -> None:
    """For a page that is made without asking who looks at it."""
    request.state.visitor, request.state.school_name = Visitor("", new=False, signed_in=None), None


class BodyBound:
    """Lets no request send more than its route takes, before anybody is asked whose it is.

    Frameworks read a body before they ask who sends it. One that declares too much is refused at once; one that declares nothing
    ends, for whoever reads it, at the bound and as if the sender had hung up.
    """

    def __init__(self, app: ASGIApp, *, shown: Callable[[Request, int], Response]) -> None:
        self._app = app
        self._shown = shown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102 - ASGI's own
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        limit = body_limit(request.method, request.url.path)
        try:
            bodies.require_declared_size(request, limit)
        except bodies.BodyError:
            await self._shown(request, limit)(scope, receive, send)
            return
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            return {"type": "http.disconnect"} if seen > limit else message

        await self._app(scope, bounded, send)


class Headers:
    """Puts the security headers on every response. Only the look may be kept by anybody's cache."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._always = {**SECURITY_HEADERS, **({"Strict-Transport-Security": STRICT_TRANSPORT} if https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102 - ASGI's own
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        look: bool = scope["path"].startswith("/static/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._always)
                if headers.get("content-type") == "application/pdf":
                    headers["Content-Security-Policy"] = PDF_POLICY
                fixed = look and message["status"] == HTTPStatus.OK
                headers["Cache-Control"] = STATIC_CACHE if fixed else "no-store"
                if not look:
                    headers["Vary"] = "Accept-Language, Cookie"
            await send(message)

        await self._app(scope, receive, with_headers)
