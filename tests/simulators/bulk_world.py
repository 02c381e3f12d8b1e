# SPDX-License-Identifier: Apache-2.0

"""Bulk work over the small world of the public side: keys, quotas, jobs and their scratch space, with a clock that is turned by hand.

Example::

    with BulkWorld(folder) as bulk:
        key = bulk.key("dai-hoc-a", per_day=100)
        ask(bulk.app, "POST", "/v1/verify/batch", json={"digests": [...]}, headers=bearer(key))
"""

import datetime as dt
import io
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Self
from uuid import UUID, uuid4

import httpx

from ledger.store.database import open_for_writing
from tests.simulators.issuing_world import NOW, World
from tests.simulators.web_client import ask
from verifier_api.bulk import Bulk
from verifier_api.bulk_store import BulkStore, key_digest
from verifier_api.scratch import Scratch

PATIENCE_SECONDS = 20


class BulkWorld:
    """A world whose application takes bulks."""

    def __init__(
        self, folder: Path, *, verifier: object = None, capacity: int = 10_000_000, attesting: object = None
    ) -> None:
        self.world = World()
        self.time = NOW
        self.folder = folder
        self.store = BulkStore(open_for_writing(f"sqlite:///{folder / 'verifier.sqlite'}"), now=lambda: self.time)
        self.scratch = Scratch(folder / "scratch", capacity=capacity)
        self.bulk = Bulk(
            verifier=verifier or self.world.verifier(),
            store=self.store,
            scratch=self.scratch,
            now=lambda: self.time,
            new_id=uuid4,
            at_once_files=2,
            attesting=attesting,
        )
        self.app = self.world.app(bulk=self.bulk)

    def key(self, name: str = "dai-hoc-a", *, per_day: int = 10_000) -> str:
        self.store.add_key(name, digest=key_digest(f"key of {name}"), per_day=per_day)
        return f"key of {name}"

    def send(self, key: str, data: bytes, **request: object) -> httpx.Response:
        headers = {**bearer(key), "Content-Type": "application/zip"}
        return ask(self.app, "POST", "/v1/verify/batch", content=data, headers=headers, **request)

    def job_of(self, answer: httpx.Response) -> UUID:
        return UUID(answer.json()["id"])

    def wait(self, key: str, place: str) -> dict[str, object]:
        """The job once it has ended."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            body = ask(self.app, "GET", place, headers=bearer(key)).json()
            if body["state"] != "RUNNING":
                return body
            time.sleep(0.01)
        raise TimeoutError

    def later(self, **passed: float) -> None:
        self.time += dt.timedelta(**passed)

    def lying_around(self) -> bytes:
        """Everything on the disk, one after the other."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bulk.close()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def zipped(files: Iterable[tuple[str | zipfile.ZipInfo, bytes]], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data, method)
    return target.getvalue()
