# SPDX-License-Identifier: Apache-2.0

"""Asking an application in this process, without a socket: through httpx, or chunk by chunk as a hostile client would."""

from collections.abc import Iterable

import anyio
import httpx
from fastapi import FastAPI

BASE = "https://hocba.example"


def ask(app: FastAPI, method: str, path: str, **request: object) -> httpx.Response:
    """One request and its response. Without an Accept-Language, so that the default language shows."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.request(method, path, **request)

    return anyio.run(send)


def get(app: FastAPI, path: str, **request: object) -> httpx.Response:
    return ask(app, "GET", path, **request)


def upload(app: FastAPI, data: bytes, *, path: str = "/v1/verify", **request: object) -> httpx.Response:
    """The file as a browser would send it."""
    return ask(app, "POST", path, files={"file": ("hoc-ba.pdf", data, "application/pdf")}, **request)


class Stream:
    """A body that counts how much of it was read, sent without a length."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.taken = 0
        self.taken_before_answer = 0
        """How much was read when the answer's status was sent; what is read after it is thrown away."""

    async def receive(self) -> dict[str, object]:
        chunk = next(self._chunks, None)
        if chunk is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        self.taken += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": True}


def stream(app: FastAPI, path: str, headers: dict[str, str], body: Stream) -> tuple[int, bytes]:
    """Status and body of the answer to a request whose body comes from `body`."""
    answer: dict[str, object] = {"status": 0, "body": b""}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            answer["status"] = message["status"]
            body.taken_before_answer = body.taken
        else:
            answer["body"] += message.get("body", b"")

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        "server": ("hocba.example", 443),
        "client": ("192.0.2.1", 4711),
    }

    async def run() -> None:
        await app(scope, body.receive, send)

    anyio.run(run)
    return answer["status"], answer["body"]
