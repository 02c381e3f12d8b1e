# SPDX-License-Identifier: Apache-2.0

"""Request bodies: bounded, and in memory only, so that nothing of them is ever on a disk.

A body that declares more than its bound is refused before any of it is read; one that declares nothing is read up to the bound
and no further. Frameworks keep large parts in temporary files; what schools send is not to lie in one.

Many clients read an answer only after they have sent everything, and see a broken connection if the server hangs up before. So a
refusal is sent at once, and what still arrives is then thrown away for a short while (`Lingering`; nginx calls it the same).
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINGERING_SECONDS = 10
LINGERING_BYTES = 100_000_000
"""How long, and how much of, a body is thrown away after its refusal. Beyond, the connection is cut."""

MAX_PARTS = 8


class BodyError(Exception):
    """The root of what is wrong with a body."""


class TooLarge(BodyError):
    """It is longer than its bound."""


class Broken(BodyError):
    """It was cut off, or is not what it says it is."""


async def whole(request: Request, *, limit: int) -> bytes:
    """The body as it is. Raises `BodyError`."""
    require_declared_size(request, limit)
    try:
        return b"".join([chunk async for chunk in _bounded(request, limit)])
    except ClientDisconnect:
        raise Broken from None


@asynccontextmanager
async def form_of(
    request: Request, *, limit: int, part_limit: int, max_parts: int = MAX_PARTS
) -> AsyncIterator[FormData]:
    """The form in the body, its files closed at the end. A field that is no file has at most `part_limit` bytes.

    Raises `BodyError`.
    """
    require_declared_size(request, limit)
    body = _bounded(request, limit)
    try:
        if _is_multipart(request):
            parser = _InMemoryParser(
                request.headers, body, max_files=max_parts, max_fields=max_parts, max_part_size=part_limit
            )
            parser.spool_max_size = limit + 1
            form = await parser.parse()
            if not parser.ended:
                await form.close()
                raise Broken
        else:
            form = await FormParser(request.headers, body, max_fields=max_parts, max_part_size=part_limit).parse()
    except (MultiPartException, ClientDisconnect, ValueError):
        # A ValueError is what Python's codecs say to an impossible `charset`; the parser looks it up unguarded.
        raise Broken from None
    try:
        yield form
    finally:
        await form.close()


def left_empty(file: UploadFile) -> bool:
    """Whether this is how a browser sends a file field in which nothing was chosen (HTML, "constructing the entry list")."""
    return not file.filename and not file.size


def require_declared_size(request: Request, limit: int) -> None:
    """Raises `TooLarge` or `Broken` for a body that declares more than `limit`, or no number, before any of it is read."""
    declared = request.headers.get("content-length")
    if declared is None:
        return
    if not declared.isascii() or not declared.isdigit():
        raise Broken
    # By the number of digits first: turning an endless number into an int is an attack of its own.
    if len(declared) > len(str(limit)) or int(declared) > limit:
        raise TooLarge


class _InMemoryParser(MultiPartParser):
    """Starlette's parser, which starts a temporary file above `spool_max_size`: set so that no body is that long."""

    ended = False

    def on_end(self) -> None:
        """Called for the closing boundary. Without one the body was cut off, which Starlette lets pass."""
        self.ended = True


def _is_multipart(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "multipart/form-data"


async def _bounded(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The body as it comes, up to the bound."""
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > limit:
            raise TooLarge
        yield chunk


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
