# SPDX-License-Identifier: Apache-2.0

"""The service: verdicts in, sealed reports and signatures out. For one client, the verifier, and not for the public.

| request | answer |
|---|---|
| `POST /v1/reports` with `{"vi": verdict, "en": verdict}` | the report, a sealed PDF |
| `POST /v1/results` with a bulk job's JSON lines | the CAdES-B-T signature over these very bytes |
| `GET /healthz` | whether the key is open and its certificate in force |

The token is looked at before any of a body is read. Nothing that was sent is kept or logged.

Example::

    app = create_attester(seal, token=token, verifier_url="https://hocba.example", now=utc_now, rates=rates)
    uvicorn.run(app, host="127.0.0.1", port=8010, access_log=False)
"""

import datetime as dt
import hashlib
import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

import anyio
import anyio.to_thread
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from ledger.paper.errors import PaperError
from ledger.web import bodies, tracing
from ledger.web.bodies import Lingering
from ledger.web.languages import language_of
from ledger.web.last_resort import LastResort
from scripts.attester import problems
from scripts.attester.errors import AttesterError
from scripts.attester.problems import json_answer, refusal_of
from scripts.attester.reading import MAX_REPORT_BYTES, MAX_RESULT_BYTES, check_result, read_report
from scripts.attester.sealing import WAITING, Sealing, TooManyWaiting
from signer.errors import SignerError
from verifier_api import problems as of_verifier
from verifier_api.problems import Refusal
from verifier_api.rates import Rates

RECEIVING_SECONDS: Final = 60
RESULTS_AT_ONCE: Final = 2
"""Each has up to 32 MB, and a few copies of its lines while they are read."""
SIGNATURE_TYPE: Final = "application/pkcs7-signature"
NO_STORE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
THE_ONE_CLIENT: Final = "verifier"

_logger = logging.getLogger(__name__)


def create_attester(
    seal: Sealing,
    *,
    token: str,
    verifier_url: str,
    now: Callable[[], dt.datetime],
    rates: Rates,
    new_id: Callable[[], UUID] = uuid4,
) -> FastAPI:
    """The application.

    `token` opens it; `verifier_url` is the public address of the verifier whose verdicts these are, which every report names;
    `rates` bounds how many pieces are sealed in a minute, and `new_id` names errors.
    """
    app = FastAPI(
        telemetry=tracing.NONE, title="hocba attester", version="1", docs_url=None, redoc_url=None, openapi_url=None
    )
    app.include_router(_routes(_Door(token, rates), seal, verifier_url=verifier_url.rstrip("/"), now=now))

    async def refuse(request: Request, error: Exception) -> Response:
        refusal = refusal_of(error)
        if refusal is None:
            raise error
        if isinstance(error, SignerError):
            # Its words are about the key or the time-stamping authority, and never about a verdict.
            _logger.warning("nothing sealed: %s: %s", type(error).__name__, error.en)
        return json_answer(refusal, language=language_of(request))

    def lost(request: Request, number: str) -> Response:
        return json_answer(Refusal(of_verifier.INTERNAL, id=number), language=language_of(request))

    for kind in (Refusal, AttesterError, SignerError, PaperError, TooManyWaiting, HTTPException):
        app.add_exception_handler(kind, refuse)
    app.add_middleware(LastResort, shown=lost, new_id=new_id)
    app.add_middleware(Lingering)
    return app


@dataclass(frozen=True)
class _Door:
    """Lets in the verifier, and only so often."""

    token: str
    rates: Rates

    def admit(self, request: Request) -> None:
        """Raises `Refusal`, before anything of the body is read."""
        if not _is_token(request.headers.get("authorization"), self.token):
            raise Refusal(problems.TOKEN_REQUIRED, headers={"WWW-Authenticate": 'Bearer realm="hocba-attester"'})
        if wait := self.rates.wait_of(THE_ONE_CLIENT, sends_file=True):
            raise Refusal(problems.BUSY, headers={"Retry-After": str(wait)})


def _routes(door: _Door, seal: Sealing, *, verifier_url: str, now: Callable[[], dt.datetime]) -> APIRouter:
    router = APIRouter()
    large = anyio.Semaphore(RESULTS_AT_ONCE)
    working = anyio.CapacityLimiter(WAITING + 2)

    async def work(question: Callable[[], bytes]) -> bytes:
        return await anyio.to_thread.run_sync(question, limiter=working)

    @router.post("/v1/reports", response_class=Response)
    async def report(request: Request) -> Response:
        """The report on one verdict, sealed."""
        door.admit(request)
        body = await _body(request, limit=MAX_REPORT_BYTES)

        def sealed() -> bytes:
            return seal.report(read_report(body, now=now()), verifier_url=verifier_url)

        return Response(await work(sealed), media_type="application/pdf", headers=NO_STORE)

    @router.post("/v1/results", response_class=Response)
    async def result(request: Request) -> Response:
        """The signature over a bulk job's result."""
        door.admit(request)
        async with large:
            body = await _body(request, limit=MAX_RESULT_BYTES)

            def signed() -> bytes:
                check_result(body, now=now())
                return seal.result(body)

            return Response(await work(signed), media_type=SIGNATURE_TYPE, headers=NO_STORE)

    @router.get("/healthz", response_class=Response)
    async def well() -> Response:
        """503 when the key cannot be used."""
        stands = seal.ready()
        return JSONResponse({"key": stands}, status_code=200 if stands else 503, headers=NO_STORE)

    return router


def _is_token(authorization: str | None, token: str) -> bool:
    """Compared by digest and in constant time, so that neither its content nor its length can be felt for."""
    scheme, _, given = (authorization or "").partition(" ")
    shown, wanted = (hashlib.sha256(text.encode()).digest() for text in (given.strip(), token))
    same = hmac.compare_digest(shown, wanted)
    return same and scheme.lower() == "bearer"


async def _body(request: Request, *, limit: int) -> bytes:
    try:
        with anyio.fail_after(RECEIVING_SECONDS):
            return await bodies.whole(request, limit=limit)
    except TimeoutError:
        raise Refusal(problems.TOO_SLOW, seconds=RECEIVING_SECONDS) from None
    except bodies.TooLarge:
        raise Refusal(problems.TOO_LARGE, limit=limit // 1000) from None
    except bodies.Broken:
        raise Refusal(of_verifier.BROKEN_UPLOAD) from None
