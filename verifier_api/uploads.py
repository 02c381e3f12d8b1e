# SPDX-License-Identifier: Apache-2.0

"""Taking an upload in: bounded in size, time and number, in memory only, so that nothing of it is ever on a disk.

A body that declares more than the bound is refused before any of it is read; one that declares nothing is read up to the bound
and no further. Frameworks keep large parts in temporary files; a school record is not to lie in one, so here they never leave
memory, and the number of uploads at a time bounds how much memory that is.

Many clients read an answer only after they have sent everything, and see a broken connection if the server hangs up before. So a
refusal is sent at once, and what still arrives is then thrown away for a short while (`Lingering`; nginx calls it the same).
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.proof.receipt import MAX_RECEIPT_BYTES
from verifier_api import problems
from verifier_api.intake import MAX_FILE_BYTES
from verifier_api.problems import Refusal

ENVELOPE_BYTES = 64 * 1024
"""For boundaries, part headers and file names of a multipart body."""

MAX_BODY_BYTES = MAX_FILE_BYTES + MAX_RECEIPT_BYTES + ENVELOPE_BYTES

RECEIVING_SECONDS = 120
"""For one upload: 20 MB at 1.5 Mbit/s."""

UPLOADS_AT_ONCE = 32
"""Each holds two copies of at most 20 MB while it is read: 1.3 GB at the very worst."""

WAITING_SECONDS = 10
"""For one of those places; then the client is told to come back."""

LINGERING_SECONDS = 10
LINGERING_BYTES = 100_000_000
"""How long, and how much of, a body is thrown away after its refusal. Beyond, the connection is cut."""

BARE_TYPES = frozenset({"application/pdf", "application/xml", "text/xml", "application/octet-stream"})
"""Content types whose body is the file itself."""

MAX_PARTS = 8


@dataclass(frozen=True)
class Upload:
    """One file to judge, and the receipt that came with it."""

    data: bytes
    receipt: bytes | None


class UploadPlaces:
    """How many uploads are in memory at a time, and for how long each may arrive. Make one per application."""

    def __init__(
        self,
        places: int = UPLOADS_AT_ONCE,
        *,
        waiting_seconds: float = WAITING_SECONDS,
        receiving_seconds: float = RECEIVING_SECONDS,
    ) -> None:
        self._places = anyio.Semaphore(places)
        self._waiting_seconds = waiting_seconds
        self.receiving_seconds = receiving_seconds

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Holds a place while the body runs. Raises `Refusal` (busy) when none becomes free in time."""
        try:
            with anyio.fail_after(self._waiting_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise Refusal(problems.BUSY) from None
        try:
            yield
        finally:
            self._places.release()


async def receive(request: Request, *, seconds: float) -> Upload:
    """The upload that `request` carries, if it arrives within `seconds`. Raises `Refusal`."""
    _refuse_by_declared_size(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        with anyio.fail_after(seconds):
            if media_type == "multipart/form-data":
                return await _upload_in_form(request)
            if media_type in BARE_TYPES:
                return Upload(data=await _whole(request), receipt=None)
    except TimeoutError:
        raise Refusal(problems.TOO_SLOW, seconds=round(seconds)) from None
    except (MultiPartException, ClientDisconnect, ValueError):
        # A ValueError is what Python's codecs say to an impossible `charset`; the parser looks it up unguarded.
        raise Refusal(problems.BROKEN_UPLOAD) from None
    raise Refusal(problems.UNSUPPORTED)


class Lingering:
    """Lets a client finish sending what was refused already, so that it gets to read why."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102 - ASGI's own
        if scope["type"] != "http" or scope["method"] != "POST" or _waits_for_leave(scope):
            await self._app(scope, receive, send)
            return
        unread = True

        async def watch() -> Message:
            nonlocal unread
            message = await receive()
            unread = message["type"] == "http.request" and message.get("more_body", False)
            return message

        async def linger(message: Message) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if not (last and unread):
                await send(message)
                return
            await send({**message, "more_body": True})
            thrown_away = 0
            with anyio.move_on_after(LINGERING_SECONDS):
                while unread and thrown_away <= LINGERING_BYTES:
                    thrown_away += len((await watch()).get("body", b""))
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(scope, watch, linger)


def _waits_for_leave(scope: Scope) -> bool:
    """Whether the client asked before sending its body (RFC 9110, 10.1.1); then an answer is all that it needs."""
    return any(name == b"expect" for name, _ in scope["headers"])


class _InMemoryParser(MultiPartParser):
    """Starlette's parser, which starts a temporary file above this size: never, since no body is that long."""

    spool_max_size = MAX_BODY_BYTES + 1
    ended = False

    def on_end(self) -> None:
        """Called for the closing boundary. Without one the body was cut off, which Starlette lets pass."""
        self.ended = True


def _refuse_by_declared_size(request: Request) -> None:
    declared = request.headers.get("content-length")
    if declared is None:
        return
    if not declared.isascii() or not declared.isdigit():
        raise Refusal(problems.BROKEN_UPLOAD)
    # By the number of digits first: turning an endless number into an int is an attack of its own.
    if len(declared) > len(str(MAX_BODY_BYTES)) or int(declared) > MAX_BODY_BYTES:
        raise problems.too_large()


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    """The body as it comes, up to the bound."""
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > MAX_BODY_BYTES:
            raise problems.too_large()
        yield chunk


async def _whole(request: Request) -> bytes:
    """The body as a file. An empty one is a file too, on which there is a verdict."""
    return b"".join([chunk async for chunk in _bounded(request)])


async def _upload_in_form(request: Request) -> Upload:
    parser = _InMemoryParser(
        request.headers, _bounded(request), max_files=MAX_PARTS, max_fields=MAX_PARTS, max_part_size=MAX_RECEIPT_BYTES
    )
    form = await parser.parse()
    try:
        if not parser.ended:
            raise Refusal(problems.BROKEN_UPLOAD)
        chosen = [file for file in form.getlist("file") if isinstance(file, UploadFile) and not _left_empty(file)]
        if not chosen:
            raise Refusal(problems.NO_FILE)
        if len(chosen) > 1:
            raise Refusal(problems.ONE_FILE)
        return Upload(data=await chosen[0].read(), receipt=await _receipt(form))
    finally:
        await form.close()


async def _receipt(form: FormData) -> bytes | None:
    """The receipt, sent as a file or as a field; None when the field was left empty."""
    given = form.get("receipt")
    data = given.encode() if isinstance(given, str) else b"" if given is None else await given.read()
    return data or None


def _left_empty(file: UploadFile) -> bool:
    """Whether this is how a browser sends a file field in which nothing was chosen (HTML, "constructing the entry list")."""
    return not file.filename and not file.size
