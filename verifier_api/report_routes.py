# SPDX-License-Identifier: Apache-2.0

"""Sealed reports: `POST /v1/verify/report` for programs, `POST /kiem-tra/bien-ban` for the page's form.

The file is judged and its verdict sealed in one request, so that neither has to be kept: whoever wants a report sends the file to
this address in place of the other.
"""

from collections.abc import Callable

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from verifier_api import problems
from verifier_api.attesting import Attesting
from verifier_api.documents import refusals
from verifier_api.problems import Refusal
from verifier_api.routes import UPLOAD_BODY
from verifier_api.serving import Serving
from verifier_api.verdict import Verdict

REPORTS_AT_ONCE = 8
"""Threads that wait for the attester: of their own, so that one that hangs keeps nobody from a verdict."""
MAX_WAITING = 32
"""Requests that wait for one of them; the next is told to come back."""

REPORT_PAGE = "/kiem-tra/bien-ban"


def report_api(serving: Serving, attesting: Attesting | None) -> APIRouter:
    """The routes. Without `attesting` they say that no reports are made here."""
    router = APIRouter()
    sealing = anyio.CapacityLimiter(REPORTS_AT_ONCE)

    async def report(request: Request) -> Response:
        """The sealed report on one file, whatever the verdict is. Nothing of the file, or of the report, is kept."""
        service = _configured(attesting)
        verdict = await serving.judge_upload(request)
        if sealing.statistics().tasks_waiting >= MAX_WAITING:
            raise Refusal(problems.BUSY)
        pdf = await anyio.to_thread.run_sync(_question(service, verdict), limiter=sealing)
        return Response(pdf, media_type="application/pdf", headers=_headers(verdict))

    router.add_api_route(
        "/v1/verify/report",
        report,
        methods=["POST"],
        summary="Verify one file, and get the verdict as a sealed report (PDF)",
        response_class=Response,
        openapi_extra=UPLOAD_BODY,
        responses={
            200: {
                "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
                "description": "The report: a PDF/A with a PAdES B-LTA signature and the verdict attached",
            },
            **refusals(
                *(problems.NO_FILE, problems.TOO_SLOW, problems.TOO_LARGE, problems.UNSUPPORTED, problems.BUSY),
                *(problems.REPORT_UNCONFIGURED, problems.REPORT_DOWN, problems.REPORT_REFUSED),
            ),
        },
    )
    router.add_api_route(
        REPORT_PAGE, report, methods=["POST"], response_class=Response, include_in_schema=False, name="report_page"
    )
    return router


def _configured(attesting: Attesting | None) -> Attesting:
    if attesting is None:
        raise Refusal(problems.REPORT_UNCONFIGURED)
    return attesting


def _question(service: Attesting, verdict: Verdict) -> Callable[[], bytes]:
    return lambda: service.report(verdict)


def _headers(verdict: Verdict) -> dict[str, str]:
    # Named after the file's digest and the moment: it says nothing of the pupil, and two reports do not overwrite each other.
    name = f"bien-ban-{(verdict.file_sha256 or '')[:12]}-{verdict.judged_at:%Y%m%dT%H%M%SZ}.pdf"
    return {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
