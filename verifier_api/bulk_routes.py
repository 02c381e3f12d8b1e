# SPDX-License-Identifier: Apache-2.0

"""The API for bulk work: `/v1/verify/batch` and `/v1/jobs/...`, for whoever holds a key."""

import datetime as dt
import functools
import json
from typing import Any
from uuid import UUID

import anyio.to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.datastructures import UploadFile

from ledger.web import bodies
from ledger.web.languages import language_of
from verifier_api import problems
from verifier_api.archive import MAX_ARCHIVE_BYTES, Archive, HostileArchive, open_archive
from verifier_api.bulk import MAX_DIGESTS, Bulk, refused
from verifier_api.bulk_store import JobRow, JobState
from verifier_api.documents import VerdictBody, refusals
from verifier_api.problems import MEGABYTE, Refusal
from verifier_api.quota import rate_fields
from verifier_api.serving import digest
from verifier_api.uploads import ENVELOPE_BYTES, PlacesPerKey, UploadPlaces
from verifier_api.verdict import Conclusion, Standing

DIGESTS_BODY_BYTES = 128 * 1024
"""A thousand digests, with quotes and spaces, are 70 kB."""
ARCHIVES_AT_ONCE = 2
"""Each holds two copies of at most 100 MB while it is read."""
SIGNATURES_AT_ONCE = 1
"""It holds a whole result; whoever asks twice at the same time gets the same; and an attester that hangs is to keep nobody from
asking how far a job is."""
SIGNATURE_TYPE = "application/pkcs7-signature"
SIGNATURES_PER_KEY = 1
"""While the attester hangs, one key that asks again and again has others wait for one of its questions, and not for all."""
QUESTIONS_PER_KEY = 2
"""Of eight that are worked on at a time."""
ARCHIVES_PER_KEY = 1
"""One key that sends slowly, or all day, leaves the other place to whoever else comes."""
RECEIVING_SECONDS = 600
"""100 MB at 1.5 Mbit/s."""
NO_STORE = {"Cache-Control": "no-store"}
ZIP_TYPES = frozenset({"application/zip", "application/x-zip-compressed"})


class DigestBody(BaseModel):
    """What can be said of one digest."""

    sha256: str
    issued: bool | None
    """Whether such a file was issued; null when that could not be found out."""
    standing: Standing
    conclusion: Conclusion
    unit: UUID | None
    school: str | None
    school_year: str | None
    anchored_at: dt.datetime | None
    recalled_at: dt.datetime | None
    recall_reason: str | None
    replaced_by: UUID | None
    judged_at: dt.datetime
    doubts: list[str]
    """Codes of the findings that failed, or that could not be found out."""


class FileBody(BaseModel):
    """The verdict on one file of an archive."""

    name: str
    verdict: VerdictBody


class BatchBody(BaseModel):
    """The answers, in the order of the question."""

    digests: list[DigestBody] | None = None
    files: list[FileBody] | None = None


class JobBody(BaseModel):
    """How far a job is."""

    id: UUID
    state: JobState
    total: int
    done: int
    created_at: dt.datetime
    ended_at: dt.datetime | None
    result: str | None
    """Where the result is, once there is one."""
    signature: str | None
    """Where the signature over it is, once there is a result and where results are signed."""


_BATCH_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["digests"],
                    "properties": {
                        "digests": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": MAX_DIGESTS,
                            "items": {"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"},
                        }
                    },
                }
            },
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary", "description": "One ZIP."}},
                }
            },
        },
    },
}


def bulk_api(bulk: Bulk) -> APIRouter:
    """The routes, over `bulk`."""
    # It only describes: whoever brings no key is told so in our own words.
    described = HTTPBearer(auto_error=False, scheme_name="key", description="An API key; `hocba key add` makes one.")
    router = APIRouter(dependencies=[Depends(described)])
    places = UploadPlaces(ARCHIVES_AT_ONCE, receiving_seconds=RECEIVING_SECONDS)
    questions, archives = PlacesPerKey(QUESTIONS_PER_KEY), PlacesPerKey(ARCHIVES_PER_KEY)
    waiting = PlacesPerKey(SIGNATURES_PER_KEY)
    working = anyio.CapacityLimiter(8)
    signing = anyio.CapacityLimiter(SIGNATURES_AT_ONCE)

    async def work(question: Any, *args: Any) -> Any:  # noqa: ANN401 - any question that blocks
        return await anyio.to_thread.run_sync(functools.partial(question, *args), limiter=working)

    @router.post(
        "/v1/verify/batch",
        summary="Verify many digests, or a ZIP of files",
        openapi_extra=_BATCH_BODY,
        responses={
            200: {"model": BatchBody},
            202: {"model": JobBody, "description": "A job; its address is in Location"},
            **refusals(
                *(problems.BAD_BATCH, problems.KEY_REQUIRED, problems.KEY_REVOKED, problems.TOO_SLOW),
                *(
                    problems.TOO_LARGE,
                    problems.UNSUPPORTED_BATCH,
                    problems.ARCHIVE_REFUSED,
                    problems.QUOTA,
                    problems.BUSY,
                ),
            ),
        },
    )
    async def batch(request: Request) -> JSONResponse:
        """Digests are answered at once, and so is a ZIP of up to 50 files; a larger one becomes a job.

        `Prefer: respond-async` (RFC 7240) makes a job of a small one too: only results of jobs are signed.
        """
        holder = await work(bulk.holder, request.headers.get("authorization"))
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        language = language_of(request)
        if media_type == "application/json":
            asked = await _digests(request)
            async with questions.taken(holder.id):
                allowance = await work(bulk.take, holder, len(asked))
                answer: dict[str, Any] = {"digests": await work(bulk.digests, asked, allowance)}
            return JSONResponse(answer, headers={**NO_STORE, **rate_fields(allowance)})
        if media_type not in ZIP_TYPES | {"multipart/form-data"}:
            raise Refusal(problems.UNSUPPORTED_BATCH)
        async with archives.taken(holder.id), places.taken():
            data = await _archive_bytes(request, media_type, seconds=places.receiving_seconds)
            archive = await work(_opened, data)
            allowance = await work(bulk.take, holder, len(archive))
            headers = {**NO_STORE, **rate_fields(allowance), "Content-Language": language}
            if bulk.is_small(archive) and not _prefers_job(request):
                files = await work(bulk.judge_now, archive, language, allowance)
                return JSONResponse({"files": files}, headers=headers)
            row = await work(bulk.start, holder, archive, language, allowance)
        return JSONResponse(
            _job(row, signs=bulk.signs),
            status_code=202,
            headers={**headers, "Location": f"/v1/jobs/{row.id}", "Retry-After": "5"},
        )

    @router.get(
        "/v1/jobs/{job_id}",
        summary="How far a job is",
        responses={200: {"model": JobBody}, **refusals(*_JOB_PROBLEMS)},
    )
    async def job(request: Request, job_id: str) -> JSONResponse:
        """Only the key that sent the files can ask."""
        holder = await work(bulk.holder, request.headers.get("authorization"))
        row = await work(bulk.job, holder, _job_id(job_id))
        return JSONResponse(_job(row, signs=bulk.signs), headers=NO_STORE)

    @router.get(
        "/v1/jobs/{job_id}/result",
        summary="A job's verdicts",
        responses={
            200: {
                "content": {"application/jsonl": {"schema": {"$ref": "#/components/schemas/FileBody"}}},
                "description": "One line for each file: its name and its verdict",
            },
            **refusals(*_JOB_PROBLEMS, problems.JOB_RUNNING, problems.JOB_GONE),
        },
    )
    async def result(request: Request, job_id: str) -> StreamingResponse:
        """For an hour after the job's end. A line is decrypted when it is sent; an answer that breaks off is not complete."""
        holder = await work(bulk.holder, request.headers.get("authorization"))
        lines = await work(bulk.result, holder, _job_id(job_id))
        return StreamingResponse(lines, media_type="application/jsonl", headers=NO_STORE)

    @router.get(
        "/v1/jobs/{job_id}/result.p7s",
        summary="The signature over a job's verdicts",
        response_class=Response,
        responses={
            200: {
                "content": {SIGNATURE_TYPE: {"schema": {"type": "string", "format": "binary"}}},
                "description": "Detached CMS (CAdES-B-T, DER) over the very bytes of the result",
            },
            **refusals(
                *_JOB_PROBLEMS,
                *(problems.JOB_RUNNING, problems.JOB_GONE, problems.BUSY),
                *(problems.REPORT_UNCONFIGURED, problems.REPORT_DOWN, problems.REPORT_REFUSED),
            ),
        },
    )
    async def signature(request: Request, job_id: str) -> Response:
        """For as long as the result itself. It says that this verifier gave these verdicts, and since when they exist."""
        holder = await work(bulk.holder, request.headers.get("authorization"))
        async with waiting.taken(holder.id):
            made = await anyio.to_thread.run_sync(
                functools.partial(bulk.signature, holder, _job_id(job_id)), limiter=signing
            )
        return Response(made, media_type=SIGNATURE_TYPE, headers=NO_STORE)

    @router.delete(
        "/v1/jobs/{job_id}",
        summary="Cancel a job, or delete its result",
        status_code=204,
        responses=refusals(*_JOB_PROBLEMS),
    )
    async def cancel(request: Request, job_id: str) -> Response:
        """Its files and verdicts can be read by nobody from then on."""
        holder = await work(bulk.holder, request.headers.get("authorization"))
        await work(bulk.cancel, holder, _job_id(job_id))
        return Response(status_code=204, headers=NO_STORE)

    return router


_JOB_PROBLEMS = (problems.KEY_REQUIRED, problems.KEY_REVOKED, problems.UNKNOWN_JOB)


def _prefers_job(request: Request) -> bool:
    wishes = ",".join(request.headers.getlist("prefer")).lower().split(",")
    return any(wish.partition(";")[0].strip() == "respond-async" for wish in wishes)


def _job(row: JobRow, *, signs: bool) -> dict[str, Any]:
    result = f"/v1/jobs/{row.id}/result" if row.state is JobState.DONE else None
    return JobBody(
        id=row.id,
        state=row.state,
        total=row.total,
        done=row.done,
        created_at=row.created_at,
        ended_at=row.ended_at,
        result=result,
        signature=f"{result}.p7s" if result is not None and signs else None,
    ).model_dump(mode="json")


def _job_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refusal(problems.UNKNOWN_JOB) from None


async def _digests(request: Request) -> list[str]:
    """The digests that were asked about, in lower case. Raises `Refusal`."""
    wrong = Refusal(problems.BAD_BATCH, limit=MAX_DIGESTS)
    try:
        with anyio.fail_after(30):
            asked = json.loads(await bodies.whole(request, limit=DIGESTS_BODY_BYTES))
        digests = asked["digests"]
        if not isinstance(digests, list) or not 1 <= len(digests) <= MAX_DIGESTS:
            raise wrong
        return [digest(text if isinstance(text, str) else "") for text in digests]
    except TimeoutError:
        raise Refusal(problems.TOO_SLOW, seconds=30) from None
    except (bodies.BodyError, ValueError, TypeError, KeyError, RecursionError, Refusal):
        raise wrong from None


async def _archive_bytes(request: Request, media_type: str, *, seconds: float) -> bytes:
    try:
        with anyio.fail_after(seconds):
            if media_type in ZIP_TYPES:
                return await bodies.whole(request, limit=MAX_ARCHIVE_BYTES)
            limit = MAX_ARCHIVE_BYTES + ENVELOPE_BYTES
            async with bodies.form_of(request, limit=limit, part_limit=ENVELOPE_BYTES) as form:
                files = [file for file in form.getlist("file") if isinstance(file, UploadFile)]
                if len(files) != 1:
                    raise Refusal(problems.ONE_FILE if files else problems.NO_FILE)
                return await files[0].read()
    except TimeoutError:
        raise Refusal(problems.TOO_SLOW, seconds=round(seconds)) from None
    except bodies.TooLarge:
        raise Refusal(problems.TOO_LARGE, limit=MAX_ARCHIVE_BYTES // MEGABYTE) from None
    except bodies.Broken:
        raise Refusal(problems.BROKEN_UPLOAD) from None


def _opened(data: bytes) -> Archive:
    try:
        return open_archive(data)
    except HostileArchive as error:
        raise refused(error) from None
