# SPDX-License-Identifier: Apache-2.0

"""OpenID providers on 127.0.0.1: the real one from npm, with people who sign in to it; and one that forges its ID tokens.

Example::

    with RealProvider.started() as provider:
        address = ...                        # where the desk sends the browser
        answer = Person("4711").sign_in(address)
"""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from ledger.desk.open_id import Provider

REDIRECT_URI = "https://desk.example/dang-nhap/openid/ve"
SECRET = "32 characters: a+b%20c&d=e/f and more"
SCRIPT = Path(__file__).with_suffix(".mjs")
ROOT = SCRIPT.parents[2]
PATIENCE_SECONDS = 20


@dataclass
class RealProvider:
    """npm's oidc-provider in a process of its own."""

    issuer: str
    process: subprocess.Popen[str]

    @classmethod
    @contextmanager
    def started(cls, *, port: int = 0, algorithm: str = "RS256") -> Iterator["RealProvider"]:
        """One that is gone after the block. Started again on the same port, it has other keys."""
        node = str(Path(sys.executable).parent / "node")
        process = subprocess.Popen(
            [node, str(SCRIPT), str(port), REDIRECT_URI, SECRET, algorithm],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            yield cls(process.stdout.readline().strip(), process)
        finally:
            process.stdin.close()
            process.wait(PATIENCE_SECONDS)
            process.stdout.close()

    @property
    def port(self) -> int:
        return urlsplit(self.issuer).port

    def as_configured(self) -> Provider:
        return configured(self.issuer)


def configured(issuer: str) -> Provider:
    """How a desk is told of a provider."""
    return Provider(issuer=issuer, client_id="hocba", client_secret=SECRET, name="tài khoản của Sở")


@dataclass
class Person:
    """Somebody with a browser, who is known to the provider by a subject."""

    subject: str

    def sign_in(self, address: str) -> str:
        """Goes where the desk sends the browser, signs in, agrees; returns the path and query it is sent back to."""
        with httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            answer = self._until_asked(client, address)
            while isinstance(answer, httpx.Response):
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)[1]
                form = {"prompt": prompt, "login": self.subject, "password": "x"}
                action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)[1]
                answer = self._until_asked(client, str(answer.url.join(action)), form)
            return answer

    def refuse(self, address: str) -> str:
        """Goes there, and cancels."""
        with httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            asked = self._until_asked(client, address)
            abort = re.search(r'href="([^"]+/abort)"', asked.text)[1]
            return self._until_asked(client, str(asked.url.join(abort)))

    def _until_asked(self, client: httpx.Client, address: str, form: dict[str, str] | None = None):
        """Follows redirects to a form, which is returned, or back to the desk: then where to is returned."""
        answer = client.get(address) if form is None else client.post(address, data=form)
        while answer.is_redirect:
            onward = answer.url.join(answer.headers["location"])
            if str(onward).startswith(REDIRECT_URI):
                return f"{onward.path}?{onward.query.decode()}"
            answer = client.get(onward)
        assert answer.status_code == 200, answer.text
        return answer


@dataclass
class ForgingProvider:
    """A provider whose answers a test decides: `claims` replace those of the ID token, None takes one away."""

    issuer: str = ""
    claims: dict[str, object] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
    signs_with: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    publishes: RSAKey | None = None
    """The key that it publishes; its own unless said otherwise."""
    id_token: str | None = None
    """Handed out instead of a signed one."""
    token_answer: tuple[int, bytes] | None = None
    """Status and body that the token endpoint answers instead."""
    now: float = 0.0
    codes: list[dict[str, str]] = field(default_factory=list)
    """What was asked of the token endpoint."""

    @contextmanager
    def serving(self) -> Iterator["ForgingProvider"]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(200, json.dumps(provider.document(self.path)).encode())

            def do_POST(self) -> None:
                sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                provider.codes.append({name: values[0] for name, values in sent.items()})
                self.answer(*(provider.token_answer or (200, json.dumps(provider.token()).encode())))

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_words: object) -> None:
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def document(self, path: str) -> dict[str, object]:
        if path == "/keys":
            return {"keys": [(self.publishes or self.signs_with).as_dict(private=False)]}
        addresses = {name: f"{self.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint")}
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **addresses, **self.settings}

    def token(self) -> dict[str, object]:
        honest = {"iss": self.issuer, "aud": "hocba", "sub": "4711", "iat": int(self.now), "exp": int(self.now) + 300}
        claims = {name: value for name, value in (honest | self.claims).items() if value is not None}
        signed = self.id_token or jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.signs_with)
        return {"access_token": "access", "token_type": "Bearer", "id_token": signed}
