# SPDX-License-Identifier: Apache-2.0

"""A remote signing provider: a real CSC API v2 server on 127.0.0.1, with a real key, driven by its state.

It keeps the promises of a provider: a PIN counter that locks, permissions ("SAD") that are good once, for a while, and for
exactly the digests they were given for. What goes wrong at providers is set as state, and what was asked is counted.

Example::

    with CscServer(key, certificate, chain=[authority]) as provider:
        provider.multisign = 10
        provider.time_lost = [4000.0]      # this long passes before the next permission is used
        ...
        assert provider.asked["credentials/authorize"] == 2
"""

import base64
import json
import secrets
import threading
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

PIN_OBJECT = {"type": "Password", "id": "PIN", "format": "N", "label": "PIN"}
OTP_OBJECT = {"type": "Password", "id": "OTP", "format": "N", "generator": "totp", "label": "Mobile OTP"}
SMS_OBJECT = {"type": "ChallengeResponse", "id": "SMS", "format": "N", "label": "SMS"}
SHA256_OID = "2.16.840.1.101.3.4.2.1"
WITH_SHA256 = {"RSA": "1.2.840.113549.1.1.11", "EC": "1.2.840.10045.4.3.2"}


@dataclass
class Permission:
    """What one authorization allows."""

    hashes: list
    ends: float
    left: int = 1


class Refusal(Exception):
    """An error as the specification writes it."""

    def __init__(self, code, words, status=400):
        super().__init__(code, words, status)
        self.code, self.words, self.status = code, words, status


class CscServer:
    def __init__(self, key, certificate, *, chain=(), pin="271828"):
        self.key, self.certificate, self.chain, self.pin = key, certificate, list(chain), pin
        self.access_token = secrets.token_urlsafe()
        self.users = {"co.an": "mật khẩu"}
        self.credential_ids = ["GX0112348"]
        self.key_status, self.certificate_status = "enabled", "valid"
        self.algorithms = [WITH_SHA256["RSA" if isinstance(key, rsa.RSAPrivateKey) else "EC"]]
        self.auth_mode, self.auth_objects, self.auth_expression = "explicit", [PIN_OBJECT], ""
        self.codes = []
        """One-time codes that are good, each once."""
        self.multisign = 100
        self.sad_seconds = 3600.0
        self.clock = 0.0
        self.time_lost = []
        """How long passes after each of the next authorizations."""
        self.wrong_pins, self.most_wrong_pins, self.locked = 0, 3, False
        self.phone_polls = 0
        """How often one has to ask before the person has confirmed; 0: no phone is involved."""
        self.other_signer = None
        """Signs in place of the key, as a provider that mixes up its customers would."""
        self.raw_ecdsa = False
        self.answers = {}
        """What is answered instead, by path: status and bytes."""
        self.drops = set()
        """Paths on which the connection is dropped after the request was read and acted upon."""
        self.silent = set()
        """Paths that are never answered."""
        self.asked = Counter()
        self.authorized = []
        """Digests of each authorization that was granted."""
        self.shown = []
        """Values of authData, as they came."""
        self._permissions, self._pending, self._lock = {}, {}, threading.Lock()
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/csc/v2"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(server):  # noqa: N805 - `self` is the request below
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = (
                True  # headers and body go in two writes; a client would wait 40 ms for the second
            )

            def log_message(self, *_):
                pass

            def do_POST(self):
                path = self.path.removeprefix("/csc/v2/")
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with server._lock:
                    server.asked[path] += 1
                    try:
                        status, answer = server._answer(path, json.loads(body), self.headers.get("Authorization", ""))
                        content = b"" if answer is None else json.dumps(answer).encode()
                    except Refusal as refusal:
                        status = refusal.status
                        content = json.dumps({"error": refusal.code, "error_description": refusal.words}).encode()
                if path in server.silent:
                    server._stopping.wait(5)
                if path in server.drops | server.silent:
                    self.close_connection = True
                    return
                status, content = server.answers.get(path, (status, content))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler

    def _answer(self, path, question, authorization):
        if path == "auth/login":
            user, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            if self.users.get(user) != password:
                raise Refusal("authentication_error", "An error occurred during authentication process", 401)
            return 200, {"access_token": self.access_token, "expires_in": 3600}
        if authorization != f"Bearer {self.access_token}":
            raise Refusal("invalid_token", "The access token is not valid", 401)
        if path == "credentials/list":
            return 200, {"credentialIDs": self.credential_ids}
        if path == "credentials/authorizeCheck":
            return self._confirmed_yet(question.get("handle"))
        if question.get("credentialID") not in self.credential_ids:
            raise Refusal("invalid_request", "Invalid parameter credentialID")
        return self._about_a_credential(path, question)

    def _about_a_credential(self, path, question):
        match path:
            case "credentials/info":
                return 200, self.info()
            case "credentials/getChallenge":
                self.codes.append(secrets.token_hex(3))
                return 204, None
            case "credentials/authorize":
                return self._authorize(question)
            case "signatures/signHash":
                return 200, {"signatures": self._signatures(question)}
        raise Refusal("not_implemented", path, 501)

    def info(self):
        encoded = [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in (self.certificate, *self.chain)]
        auth = {"mode": self.auth_mode, "expression": self.auth_expression, "objects": self.auth_objects}
        return {
            "key": {"status": self.key_status, "algo": self.algorithms, "len": self.key.key_size},
            "cert": {"status": self.certificate_status, "certificates": encoded},
            "auth": auth,
            "SCAL": "2",
            "multisign": self.multisign,
        }

    def _authorize(self, question):
        count, digests = question["numSignatures"], question["hashes"]
        if not 1 <= count <= self.multisign:
            raise Refusal("invalid_request", "Numbers of signatures is too high")
        if len(digests) != count or question["hashAlgorithmOID"] != SHA256_OID:
            raise Refusal("invalid_request", "Invalid parameter hashes")
        if self.locked:
            raise Refusal("invalid_request", "Credential locked")
        shown = {entry["id"]: entry["value"] for entry in question.get("authData", [])}
        self.shown.append(shown)
        if not all(self._right(wanted["id"], shown.get(wanted["id"])) for wanted in self.auth_objects):
            self.wrong_pins += 1
            self.locked = self.wrong_pins >= self.most_wrong_pins
            raise Refusal("invalid_authentication_data", f"The authentication data is invalid: {shown}")
        self.wrong_pins = 0
        if self.phone_polls:
            handle = secrets.token_urlsafe()
            self._pending[handle] = [self.phone_polls, digests]
            return 202, {"handle": handle}
        return 200, self._permit(digests)

    def _right(self, which, value):
        if which == "PIN":
            return value == self.pin
        if value in self.codes:
            self.codes.remove(value)
            return True
        return False

    def _confirmed_yet(self, handle):
        waiting = self._pending[handle]
        waiting[0] -= 1
        return (202, {"handle": handle}) if waiting[0] > 0 else (200, self._permit(waiting[1]))

    def _permit(self, digests):
        sad = secrets.token_urlsafe()
        self.authorized.append(digests)
        self._permissions[sad] = Permission(list(digests), self.clock + self.sad_seconds)
        if self.time_lost:
            self.clock += self.time_lost.pop(0)
        return {"SAD": sad, "expiresIn": int(self.sad_seconds)}

    def _signatures(self, question):
        permission = self._permissions.get(question["SAD"])
        if permission is None or not permission.left:
            raise Refusal("invalid_request", "Invalid parameter SAD")
        if self.clock >= permission.ends:
            raise Refusal("invalid_request", "SAD expired")
        if question["hashes"] != permission.hashes:
            raise Refusal("invalid_request", "Hash is not authorized by the SAD")
        if question["signAlgo"] not in self.algorithms:
            raise Refusal("invalid_request", "Invalid parameter signAlgo")
        if self.certificate_status == "expired":
            raise Refusal("invalid_request", "Signing certificate is expired")
        permission.left -= 1
        return [base64.b64encode(self._value(base64.b64decode(one))).decode() for one in question["hashes"]]

    def _value(self, digest):
        key, hashed = self.other_signer or self.key, Prehashed(hashes.SHA256())
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(digest, padding.PKCS1v15(), hashed)
        value = key.sign(digest, ec.ECDSA(hashed))
        if self.raw_ecdsa:
            return b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(value))
        return value
