# SPDX-License-Identifier: Apache-2.0

"""The public application: pages for people, an API for programs, and nothing that could sign or change anything.

`create_app` takes its parts as arguments and reads no setting. Around all routes stand layers: one puts the security
headers on, one sends away who asks too often, one lets clients finish what was refused, and one turns whatever was not foreseen
into a plain 500 with an id.

Example::

    app = create_app(verifier=verifier, reader=reader, registry=registry, public_url="https://hocba.example",
                     closers=[examiner.close])
    uvicorn.run(app, host="127.0.0.1", port=8000, access_log=False)
"""

import datetime as dt
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from uuid import UUID, uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.errors import LedgerError
from ledger.web import tracing
from ledger.web.bodies import Lingering
from ledger.web.languages import language_of
from ledger.web.last_resort import LastResort
from ledger.web.look import static_files
from verifier_api import problems
from verifier_api.attesting import Attesting
from verifier_api.bulk import Bulk
from verifier_api.bulk_routes import bulk_api
from verifier_api.health import Health
from verifier_api.pages import STATIC, Pages, pages
from verifier_api.problems import Refusal, json_answer, refusal_of
from verifier_api.rates import RateLimiting, Rates
from verifier_api.report_routes import report_api
from verifier_api.routes import api, history_api
from verifier_api.serving import Answers, Chain, ChainHead, Ledger, Serving
from verifier_api.telemetry import Telemetry, Watching, metrics_page
from verifier_api.uploads import UploadPlaces

SECURITY_HEADERS = {
    # Nothing is allowed but what is named: our own style sheet, script and images, and forms to ourselves.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
STRICT_TRANSPORT = "max-age=31536000"
STATIC_CACHE = "public, max-age=86400"


def create_app(
    *,
    verifier: Answers,
    reader: Ledger,
    registry: Chain,
    public_url: str,
    at_once: Answers | None = None,
    closers: Sequence[Callable[[], None]] = (),
    places: UploadPlaces | None = None,
    bulk: Bulk | None = None,
    rates: Rates | None = None,
    attesting: Attesting | None = None,
    telemetry: Telemetry | None = None,
    nodes: Mapping[str, ChainHead] | None = None,
    workers: Callable[[], bool] = lambda: True,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    new_id: Callable[[], UUID] = uuid4,
) -> FastAPI:
    """The application.

    `at_once` is the verifier over what is kept, if anything is; `closers` run when it shuts down; `places` bounds the uploads at
    a time; `new_id` names errors. Without `bulk` nobody can ask about many files at once; without `rates` everybody can ask as
    often as they like; without `attesting` nobody gets a sealed report. `nodes` are the chain nodes one by one, `workers` tells
    whether files can be examined, both for `/healthz`.
    """
    public_url = public_url.rstrip("/")
    telemetry = Telemetry(clock=time.perf_counter) if telemetry is None else telemetry
    health = Health(
        ledger=reader,
        registry=registry,
        now=now,
        nodes=nodes or {},
        workers=workers,
        attester=None if attesting is None else attesting.stands,
    )
    serving = Serving(
        verifier=telemetry.counted(verifier),
        ledger=reader,
        registry=registry,
        public_url=public_url,
        at_once=None if at_once is None else telemetry.counted(at_once),
        places=UploadPlaces() if places is None else places,
    )

    app = FastAPI(
        telemetry=tracing.NONE,
        title="hocba",
        summary="Kiểm tra học bạ số / Verify Vietnam's digital school records",
        version="1",
        # The interactive pages would load scripts from third parties.
        docs_url=None,
        redoc_url=None,
        lifespan=_closing(serving, closers),
    )
    maker = Pages(public_url=public_url, reports=attesting is not None)
    for router in (
        api(serving, health),
        history_api(serving),
        report_api(serving, attesting),
        *([] if bulk is None else [bulk_api(bulk)]),
        pages(serving, maker),
    ):
        # Not `include_router`, which looks each request's route up twice.
        app.router.routes.extend(router.routes)
    app.add_route("/metrics", metrics_page(telemetry), include_in_schema=False)
    app.mount("/static", static_files(STATIC))

    async def refuse(request: Request, error: Exception) -> Response:
        refusal = refusal_of(error)
        if refusal is None:
            raise error
        return _shown(request, refusal)

    def _shown(request: Request, refusal: Refusal) -> Response:
        if _is_for_programs(request.url.path):
            return json_answer(refusal, language=language_of(request), public_url=public_url)
        return maker.refusal(request, refusal)

    def lost(request: Request, number: str) -> Response:
        return _shown(request, Refusal(problems.INTERNAL, id=number))

    for kind in (Refusal, LedgerError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, refuse)
    app.add_middleware(LastResort, shown=lost, new_id=new_id)
    app.add_middleware(Lingering)
    if rates is not None:
        app.add_middleware(RateLimiting, rates=rates, shown=_shown)
    app.add_middleware(Headers, https=public_url.startswith("https:"))
    app.add_middleware(Watching, telemetry=telemetry)
    return app


def _closing(
    serving: Serving, closers: Sequence[Callable[[], None]]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        for close in closers:
            await serving.ask(close)

    return lifespan


class Headers:
    """Puts the security headers on every response, and lets other sites' scripts read the API's GET answers."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        always = {**SECURITY_HEADERS, **({"Strict-Transport-Security": STRICT_TRANSPORT} if https else {})}
        self._always = _raw(always)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102 - ASGI's own
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        # A job is its sender's business: nothing about it is for the scripts of other sites.
        public = path.startswith("/v1/") and not path.startswith("/v1/jobs") and scope["method"] in ("GET", "HEAD")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                # None of them is set by any route, so that they need not be looked for.
                message["headers"] = [*message["headers"], *self._always, *(FOR_ALL if public else FOR_US)]
                if path.startswith("/static/") and message["status"] == HTTPStatus.OK:
                    MutableHeaders(scope=message)["Cache-Control"] = STATIC_CACHE
            await send(message)

        await self._app(scope, receive, with_headers)


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


FOR_ALL = _raw({"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"})
FOR_US = _raw({"Cross-Origin-Resource-Policy": "same-origin"})


def _is_for_programs(path: str) -> bool:
    return path.startswith(("/v1/", "/healthz", "/openapi.json", "/metrics"))
