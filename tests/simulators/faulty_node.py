# SPDX-License-Identifier: Apache-2.0

"""A node that is not to be relied on: it stands before a real one and does to the answers what its state says.

Driven by its state: `node.answers["eth_chainId"] = lambda result: "0x1"` lies, `node.replies["eth_sendRawTransaction"] = lambda
raw: ...` answers by itself and passes nothing on, `node.errors[...]` refuses, `node.http_status` fails, `node.body` talks nonsense.
`node.asked` counts what was asked of it; `honest()` takes all that back.
"""

import json
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class FaultyNode:
    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.asked: Counter[str] = Counter()
        self.honest()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def honest(self) -> None:
        """From here on it only passes on."""
        self.answers: dict[str, Callable[[Any], Any]] = {}
        self.replies: dict[str, Callable[..., Any]] = {}
        self.errors: dict[str, dict[str, Any]] = {}
        self.http_status: int | None = None
        self.body: bytes | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply(self, request: bytes) -> tuple[int, bytes]:
        asked = json.loads(request)
        method = asked["method"]
        self.asked[method] += 1
        if self.http_status is not None:
            return self.http_status, b""
        if self.body is not None:
            return 200, self.body
        if method in self.errors:
            return 200, json.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": self.errors[method]}).encode()
        if method in self.replies:
            made = self.replies[method](*asked["params"])
            return 200, json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": made}).encode()
        passed_on = urllib.request.Request(self.upstream, request, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(passed_on, timeout=10) as answer:
                told = json.load(answer)
        except OSError:
            return 502, b""  # The real one is gone.
        if "result" in told and method in self.answers:
            told["result"] = self.answers[method](told["result"])
        return 200, json.dumps(told).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # Headers and body in one piece: in two, each answer waits 40 ms for an acknowledgement.
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                status, body = node.reply(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing: a test's output is its assertions."""

        return Handler
