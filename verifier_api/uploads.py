# SPDX-License-Identifier: Apache-2.0

"""Taking an upload in: bounded in size, time and number, in memory only, so that nothing of it is ever on a disk.

How a body is bounded and kept in memory is `ledger.web.bodies`'s; the number of uploads at a time bounds how much memory that is.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from ledger.proof.receipt import MAX_RECEIPT_BYTES
from ledger.web import bodies
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

BARE_TYPES = frozenset({"application/pdf", "application/xml", "text/xml", "application/octet-stream"})
"""Content types whose body is the file itself."""


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
        async with _one_of(self._places, self._waiting_seconds):
            yield


class PlacesPerKey:
    """How many places each holder of a key may take of those that all share, so that one leaves some to the others."""

    def __init__(self, places: int, *, waiting_seconds: float = WAITING_SECONDS) -> None:
        self._places = places
        self._waiting_seconds = waiting_seconds
        self._keys: dict[int, anyio.Semaphore] = {}
        self._interested: Counter[int] = Counter()

    @asynccontextmanager
    async def taken(self, key_id: int) -> AsyncIterator[None]:
        """Holds one of the key's places while the body runs. Raises `Refusal` (busy) when none becomes free in time."""
        places = self._keys.setdefault(key_id, anyio.Semaphore(self._places))
        self._interested[key_id] += 1
        try:
            async with _one_of(places, self._waiting_seconds):
                yield
        finally:
            self._interested[key_id] -= 1
            if not self._interested[key_id]:  # Keys that ask nothing are not remembered.
                del self._interested[key_id], self._keys[key_id]


@asynccontextmanager
async def _one_of(places: anyio.Semaphore, waiting_seconds: float) -> AsyncIterator[None]:
    try:
        with anyio.fail_after(waiting_seconds):
            await places.acquire()
    except TimeoutError:
        raise Refusal(problems.BUSY) from None
    try:
        yield
    finally:
        places.release()


async def receive(request: Request, *, seconds: float) -> Upload:
    """The upload that `request` carries, if it arrives within `seconds`. Raises `Refusal`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        with anyio.fail_after(seconds):
            if media_type == "multipart/form-data":
                return await _upload_in_form(request)
            if media_type in BARE_TYPES:
                # An empty file is a file too, on which there is a verdict.
                return Upload(data=await bodies.whole(request, limit=MAX_BODY_BYTES), receipt=None)
    except TimeoutError:
        raise Refusal(problems.TOO_SLOW, seconds=round(seconds)) from None
    except bodies.TooLarge:
        raise problems.too_large() from None
    except bodies.Broken:
        raise Refusal(problems.BROKEN_UPLOAD) from None
    raise Refusal(problems.UNSUPPORTED)


async def _upload_in_form(request: Request) -> Upload:
    async with bodies.form_of(request, limit=MAX_BODY_BYTES, part_limit=MAX_RECEIPT_BYTES) as form:
        files = [file for file in form.getlist("file") if isinstance(file, UploadFile)]
        chosen = [file for file in files if not bodies.left_empty(file)]
        if not chosen:
            raise Refusal(problems.NO_FILE)
        if len(chosen) > 1:
            raise Refusal(problems.ONE_FILE)
        return Upload(data=await chosen[0].read(), receipt=await _receipt(form))


async def _receipt(form: FormData) -> bytes | None:
    """The receipt, sent as a file or as a field; None when the field was left empty."""
    given = form.get("receipt")
    data = given.encode() if isinstance(given, str) else b"" if given is None else await given.read()
    return data or None
