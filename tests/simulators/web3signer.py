# SPDX-License-Identifier: Apache-2.0

"""A remote signer: a small server that speaks Web3Signer's `eth1` API on 127.0.0.1, with real keys, driven by its state.

Example::

    with Web3Signer([KEY]) as signer:
        signer.signs_with = OTHER_KEY      # mixes up its keys
        signer.answers = b"busy"           # talks nonsense
        signer.status = 503                # fails
        signer.slow = 2.0                  # takes so long
        signer.keys.clear()                # holds no key any more
        assert signer.asked["sign"] == 1

`down()` takes it off the port, `up()` puts it back.
"""

import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from eth_keys import keys

from ledger.proof.merkle import keccak

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class Web3Signer:
    def __init__(self, held: Sequence[bytes], *, context: ssl.SSLContext | None = None) -> None:
        self.keys = {key.public_key.to_hex(): key for key in map(keys.PrivateKey, held)}
        self.signs_with: bytes | None = None
        self.answers: bytes | None = None
        self.status: int | None = None
        self.slow = 0.0
        self.high_s = False
        """Gives the other form of each signature, which the chain does not take."""
        self.token: str | None = None
        self.asked: Counter[str] = Counter()
        self.signed: list[bytes] = []
        """The bytes that it was asked to sign."""
        self._context = context
        self._port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"{'http' if self._context is None else 'https'}://127.0.0.1:{self._port}"

    def up(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        if self._context is not None:
            self._server.socket = self._context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def down(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def reply(self, path: str, body: bytes, token: str | None) -> tuple[int, bytes]:
        name = "sign" if "/sign/" in path else "publicKeys"
        self.asked[name] += 1
        time.sleep(self.slow)
        if self.token is not None and token != f"Bearer {self.token}":
            return 401, b""
        if self.status is not None:
            return self.status, b""
        if self.answers is not None:
            return 200, self.answers
        if path == "/api/v1/eth1/publicKeys":
            return 200, json.dumps(list(self.keys)).encode()
        start, _, identifier = path.rpartition("/")
        if start != "/api/v1/eth1/sign" or identifier not in self.keys:
            return 404, b"Public Key not found"
        data = bytes.fromhex(json.loads(body)["data"].removeprefix("0x"))
        self.signed.append(data)
        key = self.keys[identifier] if self.signs_with is None else keys.PrivateKey(self.signs_with)
        v, r, s = key.sign_msg_hash(keccak(data)).vrs
        if self.high_s:
            v, s = 1 - v, ORDER - s
        return 200, f"0x{r:064x}{s:064x}{27 + v:02x}".encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        signer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # Headers and body in one piece: in two, each answer waits 40 ms for an acknowledgement.
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, asked: bytes) -> None:
                status, body = signer.reply(self.path, asked, self.headers["Authorization"])
                self.send_response(status)
                self.send_header("Content-Type", "text/plain" if "/sign/" in self.path else "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                # One answer to a connection: a signer that goes down leaves no thread behind that still answers.
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing: a test's output is its assertions."""

        return Handler


def tls(certificate: Path, *, clients_from: Path | None = None) -> ssl.SSLContext:
    """What the signer shows, and which clients it lets in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if clients_from is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients_from)
    return context
