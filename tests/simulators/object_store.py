# SPDX-License-Identifier: Apache-2.0

"""An object store on this computer: moto's S3 server, and in front of it a road on which answers go missing.

The client is the real one, boto3 over HTTP. `Road.faults` says what befalls the next requests, one each; when it is empty, all
goes well. `Road.asked` counts them by method::

    with ObjectStore() as store:
        store.road.faults = [Fault.SLOW_DOWN, Fault.LOST_ANSWER]
        store.files("school/").put(b"…")     # gets there all the same
"""

import enum
import time
from collections import Counter
from functools import cached_property
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ledger.store.s3_files import ObjectClient, Patience, S3Files
from ledger.store.s3_place import S3Place

BUCKET = "hoc-ba"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "an-id",
    "AWS_SECRET_ACCESS_KEY": "a-secret",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
}
"""Keys of no account, and nothing of whoever runs the tests."""
HASTE = Patience(connect_seconds=2.0, read_seconds=2.0, attempts=2)
_SLOW_SECONDS = 3.0


class Fault(enum.Enum):
    SERVER_ERROR = enum.auto()
    """500, and the store is asked nothing."""
    SLOW_DOWN = enum.auto()
    """503 SlowDown, as a busy store says it."""
    FULL = enum.auto()
    """507, as MinIO says it."""
    DENIED = enum.auto()
    """403 AccessDenied."""
    CUT_OFF = enum.auto()
    """The connection ends before the store hears anything."""
    LOST_ANSWER = enum.auto()
    """The store does as it is told, and nobody hears of it."""
    HALF_AN_ANSWER = enum.auto()
    """The answer's body breaks off in the middle."""
    SLOW = enum.auto()
    """The store does as it is told, and answers when nobody waits any more."""
    OVERTAKEN = enum.auto()
    """409, as when two write one object at the same moment; nothing was written."""


_SAID = {
    Fault.SERVER_ERROR: (500, "InternalError"),
    Fault.SLOW_DOWN: (503, "SlowDown"),
    Fault.FULL: (507, "XMinioStorageFull"),
    Fault.DENIED: (403, "AccessDenied"),
    Fault.OVERTAKEN: (409, "ConditionalRequestConflict"),
}


class Road(ThreadingHTTPServer):
    """What lies between a client and the store at `port`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Traveller)
        self.store_port = port
        self.faults: list[Fault] = []
        self.asked: Counter[str] = Counter()
        self.headers: dict[str, str] = {}
        """Of the newest request."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is what several faults are there for."""


class _Traveller(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Road

    def log_message(self, *_: object) -> None:
        pass

    def _travel(self) -> None:
        self.server.asked[self.command] += 1
        self.server.headers = {name.lower(): value for name, value in self.headers.items()}
        fault = self.server.faults.pop(0) if self.server.faults else None
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if fault is Fault.CUT_OFF:
            return self._hang_up()
        if fault in _SAID:
            status, code = _SAID[fault]
            return self._answer(status, {}, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())
        status, headers, answer = self._forwarded(body)
        if fault is Fault.LOST_ANSWER:
            return self._hang_up()
        if fault is Fault.SLOW:
            time.sleep(_SLOW_SECONDS)
        if fault is Fault.HALF_AN_ANSWER:
            self._answer(status, headers, answer[: len(answer) // 2], told=len(answer))
            return self._hang_up()
        return self._answer(status, headers, answer)

    do_GET = _travel  # noqa: N815 - so the standard library finds them
    do_PUT = _travel  # noqa: N815

    def _forwarded(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection("127.0.0.1", self.server.store_port, timeout=20)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
        connection.request(self.command, self.path, body=body, headers=headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        kept = {name: value for name, value in response.getheaders() if name.lower() in {"etag", "content-type"}}
        return response.status, kept, answer

    def _answer(self, status: int, headers: dict[str, str], body: bytes, *, told: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if told is None else told))
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True


class ObjectStore:
    """The store with one bucket, which keeps every version, and the road to it. `ENVIRONMENT` is set as long as it stands."""

    def __enter__(self) -> Self:
        self._environment = pytest.MonkeyPatch()
        for name, value in ENVIRONMENT.items():
            self._environment.setenv(name, value)
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        port = self._server.get_host_and_port()[1]
        self.road = Road(port)
        self._thread = Thread(target=self.road.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.inside = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1")
        """Whoever can change the store itself, past the road."""
        self.inside.create_bucket(Bucket=BUCKET)
        self.inside.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        return self

    def __exit__(self, *_: object) -> None:
        self.road.shutdown()
        self.road.server_close()
        self._thread.join()
        self._server.stop()
        self._environment.undo()

    def line(self, prefix: str = "", bucket: str = BUCKET) -> str:
        """The store as a setting has it."""
        return f"s3://{bucket}/{prefix}?endpoint=http://127.0.0.1:{self.road.server_address[1]}"

    def files(self, prefix: str = "", bucket: str = BUCKET) -> S3Files:
        return S3Files(self.client, bucket=bucket, prefix=prefix, attempts=HASTE.attempts)

    @cached_property
    def client(self) -> ObjectClient:
        """The one that production makes, in haste, and once: boto3 takes half a second for each."""
        return S3Files.at(S3Place.parse(self.line()), HASTE)._client

    def keys(self, prefix: str = "") -> list[str]:
        found = self.inside.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", ())]

    def versions(self, prefix: str = "") -> int:
        """How often anything was written there."""
        return len(self.inside.list_object_versions(Bucket=BUCKET, Prefix=prefix).get("Versions", ()))
