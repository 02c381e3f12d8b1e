# SPDX-License-Identifier: Apache-2.0

"""The API for programs: `/v1/...` and `/healthz`. Each handler asks one question and hands the answer on.

Answers that may be cached say so, for so short a time that a recall shows within a minute; what was found during an outage is not
cached at all.
"""

import re
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from ledger.web.languages import language_of
from verifier_api import history, problems
from verifier_api.caching import kept_json, not_modified, tag_of
from verifier_api.direct import DirectRoute
from verifier_api.documents import VerdictBody, refusals
from verifier_api.health import Health, HealthBody
from verifier_api.history import HistoryBody
from verifier_api.problems import Refusal
from verifier_api.serving import Serving, digest, ledger_is_down, unit_id
from verifier_api.verdict import Language, Outcome, Verdict

VERDICT_SECONDS = 30
"""How long an answer may be served from a cache. With a page's own delay, a recall still shows within a minute."""

RECEIPT_SECONDS = 3600
"""A final receipt never changes; the hour is for the case that a file should have to be withdrawn."""


SCHOOL_CODE = re.compile(r"[0-9]{8}", re.ASCII)
NOT_MODIFIED: dict[str, Any] = {"description": "What the tag in If-None-Match stands for still holds"}


class SchoolBody(BaseModel):
    """A school that issues here."""

    code: str
    name: str
    operator: str
    """The chain account that anchors for it."""
    seal_cert_sha256: str


UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "The record, PDF or XML."},
                        "receipt": {"type": "string", "format": "binary", "description": "Its receipt, if at hand."},
                    },
                }
            },
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            "application/xml": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
"""How a file is sent, for OpenAPI."""


def api(serving: Serving, health: Health) -> APIRouter:
    """The routes, over the parts in `serving`; `health` looks after them."""
    router = APIRouter(route_class=DirectRoute)

    @router.post(
        "/v1/verify",
        summary="Verify one file",
        openapi_extra=UPLOAD_BODY,
        responses={
            200: {"model": VerdictBody},
            **refusals(problems.NO_FILE, problems.TOO_SLOW, problems.TOO_LARGE, problems.UNSUPPORTED, problems.BUSY),
        },
    )
    async def verify(request: Request) -> JSONResponse:
        """Whatever the file holds, the answer is a verdict with status 200; problems are about the request."""
        return _answer(request, await serving.judge_upload(request))

    @router.get(
        "/v1/units/{unit_id}",
        summary="The standing of one unit",
        responses={
            200: {"model": VerdictBody},
            304: NOT_MODIFIED,
            **refusals(problems.BAD_UNIT_ID, problems.UNKNOWN_UNIT, problems.LEDGER_DOWN),
        },
    )
    async def unit(request: Request, unit_id: str) -> Response:
        """What can be said from an id alone; that is never that a file or a paper is genuine."""
        return _cached_answer(request, await serving.judge_unit(unit_id))

    @router.get(
        "/v1/digests/{sha256}",
        summary="Whether a file with this digest was issued",
        responses={
            200: {"model": VerdictBody},
            304: NOT_MODIFIED,
            **refusals(problems.BAD_DIGEST, problems.UNKNOWN_DIGEST, problems.LEDGER_DOWN),
        },
    )
    async def file_digest(request: Request, sha256: str) -> Response:
        """What can be said from a file's SHA-256 alone."""
        return _cached_answer(request, await serving.judge_digest(sha256))

    @router.get(
        "/v1/receipts/{sha256}",
        summary="The receipt of a file, by the file's own digest",
        responses={
            200: {"content": {"application/json": {}}, "description": "A receipt, format hocba-receipt/1"},
            304: NOT_MODIFIED,
            **refusals(problems.BAD_DIGEST, problems.UNKNOWN_DIGEST, problems.RECEIPT_PENDING, problems.LEDGER_DOWN),
        },
    )
    async def receipt(request: Request, sha256: str) -> Response:
        """Only who holds the file can name its digest, so only they get the receipt and the salt in it."""
        wanted = digest(sha256)
        entry = await serving.ask(serving.ledger.receipt_of_file, wanted)
        if entry is None:
            raise Refusal(problems.UNKNOWN_DIGEST)
        if entry.receipt is None or not entry.final:
            raise Refusal(problems.RECEIPT_PENDING)
        headers = {
            "Content-Disposition": f'attachment; filename="{entry.unit_id}.receipt.json"',
            "Cache-Control": f"public, max-age={RECEIPT_SECONDS}",
            "ETag": tag_of(entry.receipt),
        }
        return not_modified(request, headers) or Response(entry.receipt, media_type="application/json", headers=headers)

    @router.get(
        "/v1/schools",
        summary="The schools that issue here",
        responses={200: {"model": list[SchoolBody]}, 304: NOT_MODIFIED, **refusals(problems.LEDGER_DOWN)},
    )
    async def schools(request: Request) -> Response:
        """By code. The seal's digest is to be compared with the chain's."""
        told = [
            SchoolBody(
                code=school.code, name=school.name, operator=school.operator, seal_cert_sha256=school.seal_cert_sha256
            ).model_dump()
            for school in await serving.ask(serving.ledger.schools)
        ]
        return kept_json(request, told, headers={"Cache-Control": f"public, max-age={VERDICT_SECONDS}"})

    @router.get(
        "/healthz",
        summary="Which leg stands",
        responses={200: {"model": HealthBody}, 503: {"model": HealthBody, "description": "A leg is down"}},
    )
    async def well(_request: Request) -> JSONResponse:
        """503 when ledger, chain or workers cannot be asked. The service still answers what it can."""
        status, body = await health.look()
        return JSONResponse(body.model_dump(), status_code=status, headers={"Cache-Control": "no-store"})

    return router


def history_api(serving: Serving) -> APIRouter:
    """What the chain holds about one unit or one school."""
    router = APIRouter()

    @router.get(
        "/v1/history",
        summary="What happened to a unit, or how a school stands, on the chain",
        responses={
            200: {"model": HistoryBody},
            304: NOT_MODIFIED,
            **refusals(
                *(problems.BAD_REQUEST, problems.BAD_UNIT_ID, problems.UNKNOWN_UNIT, problems.UNKNOWN_SCHOOL),
                *(problems.RECEIPT_PENDING, problems.LEDGER_DOWN, problems.CHAIN_DOWN),
            ),
        },
    )
    async def past(request: Request, unit: str | None = None, school: str | None = None) -> Response:
        """Of either a unit or a school; no person is in it."""
        if unit is not None and school is None:
            told = await serving.ask(history.of_unit, unit_id(unit), issued=serving.ledger, chain=serving.registry)
        elif school is not None and unit is None and SCHOOL_CODE.fullmatch(school):
            told = await serving.ask(history.of_school, school, chain=serving.registry)
        else:
            raise Refusal(problems.BAD_REQUEST)
        headers = {"Cache-Control": f"public, max-age={VERDICT_SECONDS}"}
        return kept_json(request, told.model_dump(mode="json"), headers=headers)

    return router


def _answer(request: Request, verdict: Verdict) -> JSONResponse:
    language = language_of(request)
    return JSONResponse(verdict.to_dict(language), headers=_spoken(language, cache="no-store"))


def _cached_answer(request: Request, verdict: Verdict) -> Response:
    if ledger_is_down(verdict):
        raise Refusal(problems.LEDGER_DOWN)
    if any(found.outcome is Outcome.UNKNOWN for found in verdict.findings):
        return _answer(request, verdict)
    language = language_of(request)
    headers = _spoken(language, cache=f"public, max-age={VERDICT_SECONDS}")
    return kept_json(request, verdict.to_dict(language), headers=headers)


def _spoken(language: Language, *, cache: str) -> dict[str, str]:
    return {"Cache-Control": cache, "Content-Language": language, "Vary": "Accept-Language, Cookie"}
