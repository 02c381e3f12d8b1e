# SPDX-License-Identifier: Apache-2.0

"""The CSC API v2 (Cloud Signature Consortium, version 2.0), as far as signing digests needs it.

    auth/login              a name and password become an access token, where none was given
    credentials/list, info  whose keys these are, how they are authorized, how many signatures at once
    credentials/authorize   PIN (and one-time code) for exactly these digests: signature activation data, "SAD"
    credentials/authorizeCheck, getChallenge   a confirmation on the phone; a code by SMS
    signatures/signHash     the values

It asks once and never again by itself: what a refusal means is for `signer.keys.remote` to decide. Secrets are turned to
text only while a request is written; no error, and no frame that an error passes through, has seen them.
"""

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

from signer.certificate import SignerCertificate
from signer.errors import SignerError
from signer.keys import provider_refusals as refusals
from signer.keys.signing_key import Hidden, Secret

ANSWER_SECONDS: Final = 30.0
"""A provider that takes longer to answer is down."""
POLL_SECONDS: Final = 2.0
"""Between two questions whether a person has confirmed on the phone."""
MOST_POLLS: Final = 90
"""Three minutes; apps of providers give up earlier."""

_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_ALGORITHMS: Final = {
    # The one that names its hash first; with the other the hash is named beside it (11.10).
    "sha256_rsa": ("1.2.840.113549.1.1.11", "1.2.840.113549.1.1.1"),
    "sha256_ecdsa": ("1.2.840.10045.4.3.2", "1.2.840.10045.2.1"),
}
_LONGEST_WORDS: Final = 200
_WRONG_SECRET: Final = frozenset({"invalid_authentication_data", "invalid_pin", "invalid_otp"})
"""Version 2 knows the first (11.6); the others are version 1's, which providers still send."""


class SadRefused(Exception):
    """The signature activation data were not taken (any more)."""


@dataclass(frozen=True)
class AuthObject:
    """Something that a credential wants to be shown, as `credentials/info` lists it."""

    id: str
    is_code: bool
    """A one-time code, and not the PIN."""
    has_challenge: bool
    """The code comes only after a challenge was asked for."""


@dataclass(frozen=True)
class Credential:
    """A key at a provider, and how it is used."""

    id: str
    who: SignerCertificate
    sign_algorithm: str
    multisign: int
    """How many signatures one authorization may cover."""
    auth_objects: tuple[AuthObject, ...]
    optional: bool
    """Not all of `auth_objects` are needed: the provider's expression has an OR in it."""


@dataclass(frozen=True)
class _Answer:
    """Of one question."""

    status: int
    content: dict[str, Any] | None = None
    """Of a yes."""
    code: str = ""
    """Of a no, as the specification names it."""
    words: str = ""


class CscService:
    """A provider at `url` (such as https://example.org/csc/v2), with an access token."""

    def __init__(self, url: str, access: Secret | None, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        """Raises `UnknownPlace` unless the address is https, or of this computer."""
        _require_safe(url)
        self.url = url.rstrip("/")
        self._access = access
        # Nothing from the environment, and no redirects: a PIN goes to the address that a person gave, and nowhere else.
        self._client = httpx.Client(timeout=answer_seconds, trust_env=False, follow_redirects=False)

    @classmethod
    def logged_in(cls, url: str, user: str, password: Secret, *, answer_seconds: float = ANSWER_SECONDS) -> Self:
        """With a name and password instead of an access token (auth/login, HTTP Basic)."""
        service = cls(url, None, answer_seconds=answer_seconds)
        try:
            answer = service._ask("auth/login", {"rememberMe": False}, basic=(user, password))
            service._access = Hidden(service._text(answer, "access_token"))
        except SignerError:
            service.close()
            raise
        return service

    def close(self) -> None:
        """Forget the access token, and hang up."""
        self._access = None
        self._client.close()

    def credential_ids(self) -> tuple[str, ...]:
        """Of whoever logged in."""
        ids = self._ask("credentials/list", {"onlyValid": True}).get("credentialIDs")
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise self._misbehaves("credentialIDs")
        return tuple(ids)

    def credential(self, credential_id: str) -> Credential:
        """Everything about one. Raises `ProviderRefused` if it is not in a state to sign."""
        question = {"credentialID": credential_id, "certificates": "chain", "certInfo": True, "authInfo": True}
        answer = self._ask("credentials/info", question)
        try:
            key, cert, auth = answer["key"], answer["cert"], answer["auth"]
            for status in (key["status"], cert.get("status", "valid")):
                if status not in {"enabled", "valid"}:
                    raise refusals.credential_unusable(self.url, credential_id, str(status))
            own, *chain = (base64.b64decode(one, validate=True) for one in cert["certificates"])
            mode, multisign, algorithms = auth["mode"], int(answer["multisign"]), list(key["algo"])
            objects = tuple(map(_auth_object, auth.get("objects") or ()))
            expression = str(auth.get("expression") or "")
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise self._misbehaves(f"credentials/info: {type(error).__name__}") from None
        if mode == "oauth2code":
            raise refusals.browser_needed(self.url)
        if multisign < 1:
            raise self._misbehaves("multisign")
        who = SignerCertificate.load(own, chain)
        algorithm = next((oid for oid in _ALGORITHMS[who.algorithm] if oid in algorithms), None)
        if algorithm is None:
            raise refusals.unsuitable(credential_id)
        optional = re.search(r"\bX?OR\b", expression) is not None
        return Credential(credential_id, who, algorithm, multisign, objects, optional)

    def challenge(self, credential: Credential, wanted: AuthObject) -> None:
        """Have the provider send the person a code."""
        self._ask("credentials/getChallenge", {"credentialID": credential.id, "authObjectID": wanted.id})

    def authorize(
        self,
        credential: Credential,
        digests: Sequence[bytes],
        shown: Mapping[str, Secret],
        *,
        wait: Callable[[float], None],
    ) -> Secret:
        """Permission for exactly these digests. `shown` goes by id of the `AuthObject`; `wait` passes time for the phone.

        Raises `WrongPin` or `PinLocked` as soon as the provider says so.
        """
        question: dict[str, Any] = {
            "credentialID": credential.id,
            "numSignatures": len(digests),
            "hashes": _encoded(digests),
            "hashAlgorithmOID": _SHA256,
        }
        if shown:
            question["authData"] = [{"id": which, "value": secret} for which, secret in shown.items()]
        answer = self._ask("credentials/authorize", question)
        for _ in range(MOST_POLLS):
            if "SAD" in answer or "handle" not in answer:
                return Hidden(self._text(answer, "SAD"))
            wait(POLL_SECONDS)
            answer = self._ask("credentials/authorizeCheck", {"handle": self._text(answer, "handle")})
        raise refusals.not_confirmed(self.url)

    def sign_hashes(self, credential: Credential, sad: Secret, digests: Sequence[bytes]) -> list[bytes]:
        """The values, one for each digest; whether they fit is for others to check. Raises `SadRefused`."""
        question: dict[str, Any] = {
            "credentialID": credential.id,
            "SAD": sad,
            "hashes": _encoded(digests),
            "hashAlgorithmOID": _SHA256,
            "signAlgo": credential.sign_algorithm,
        }
        values = self._ask("signatures/signHash", question).get("signatures")
        if not isinstance(values, list) or len(values) != len(digests):
            raise self._misbehaves("signatures")
        try:
            return [base64.b64decode(value, validate=True) for value in values]
        except (ValueError, TypeError):
            raise self._misbehaves("signatures: base64") from None

    def _ask(
        self, path: str, question: Mapping[str, Any], *, basic: tuple[str, Secret] | None = None
    ) -> dict[str, Any]:
        answer = self._exchange(path, question, basic)
        if isinstance(answer, str):
            raise refusals.unavailable(self.url, answer)
        status = answer.status
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in {
            httpx.codes.REQUEST_TIMEOUT,
            httpx.codes.TOO_MANY_REQUESTS,
        }:
            raise refusals.unavailable(self.url, f"HTTP {status}")
        if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise refusals.no_access(self.url)
        if status == httpx.codes.NO_CONTENT:
            return {}
        if answer.content is not None:
            return answer.content
        if answer.code:
            raise self._refusal(path, question, answer.code, answer.words)
        raise self._misbehaves(f"{path}: HTTP {status}")

    def _refusal(self, path: str, question: Mapping[str, Any], code: str, words: str) -> SignerError | SadRefused:
        if path.startswith("credentials/authorize"):
            if "locked" in words.lower():
                return refusals.locked(self.url)
            if code in _WRONG_SECRET:
                return refusals.wrong_pin(with_code=len(question.get("authData", ())) > 1)
        # "SAD expired", "Invalid parameter SAD": 11.10 has no code of their own for them.
        if path == "signatures/signHash" and re.search(r"\bSAD\b", words) and "not authorized" not in words:
            return SadRefused()
        return refusals.refused(self.url, words)

    def _exchange(self, path: str, question: Mapping[str, Any], basic: tuple[str, Secret] | None) -> _Answer | str:
        """What came back; or why nothing did.

        The one frame that sees secrets in clear. It raises nothing, and leaves with nothing that holds them: errors and
        responses of httpx hold the request, and a provider may say a PIN back in its refusal.
        """
        revealed: list[str] = []

        def reveal(secret: Secret) -> str:
            revealed.append(secret.get_secret_value())
            return revealed[-1]

        headers = {b"Content-Type": b"application/json"}
        try:
            if basic is not None:
                headers[b"Authorization"] = b"Basic " + base64.b64encode(f"{basic[0]}:{reveal(basic[1])}".encode())
            elif self._access is not None:
                headers[b"Authorization"] = b"Bearer " + reveal(self._access).encode()
            body = json.dumps(question, default=reveal)
            response = self._client.post(f"{self.url}/{path}", content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RuntimeError) as error:
            # ValueError: a host name that no resolver takes, a token that is no text; RuntimeError: closed already.
            return type(error).__name__
        try:
            content = response.json()
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            return _Answer(response.status_code)
        if response.status_code in {httpx.codes.OK, httpx.codes.ACCEPTED}:
            return _Answer(response.status_code, content=content)
        code, words = (str(content.get(name) or "") for name in ("error", "error_description"))
        for secret in filter(None, revealed):
            code, words = code.replace(secret, "…"), words.replace(secret, "…")
        return _Answer(response.status_code, code=code[:_LONGEST_WORDS], words=f"{code}: {words}"[:_LONGEST_WORDS])

    def _text(self, answer: Mapping[str, Any], name: str) -> str:
        value = answer.get(name)
        if not isinstance(value, str) or not value:
            raise self._misbehaves(name)
        return value

    def _misbehaves(self, cause: str) -> SignerError:
        return refusals.misbehaves(self.url, cause)


def _require_safe(url: str) -> None:
    try:
        read = httpx.URL(url)
        host = read.host
    except (httpx.InvalidURL, TypeError):
        raise refusals.not_safe(url) from None
    if read.userinfo:
        # Not repeated in the message: there may be a password in it.
        raise refusals.not_safe(host)
    if not host or not (read.scheme == "https" or (read.scheme == "http" and _is_this_computer(host))):
        raise refusals.not_safe(url)


def _is_this_computer(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _auth_object(entry: Mapping[str, Any]) -> AuthObject:
    is_challenge = entry.get("type") == "ChallengeResponse"
    which = str(entry["id"])
    return AuthObject(which, is_challenge or "generator" in entry or "OTP" in which.upper(), is_challenge)


def _encoded(digests: Sequence[bytes]) -> list[str]:
    return [binascii.b2a_base64(digest, newline=False).decode() for digest in digests]
