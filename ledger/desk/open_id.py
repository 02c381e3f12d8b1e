# SPDX-License-Identifier: Apache-2.0

"""Single sign-on with an OpenID provider: code flow with PKCE, state and nonce (OpenID Connect Core 1.0, 3.1; RFC 9700).

1. `begin`: the browser is sent to the provider with a state, a nonce and the digest of a verifier; all three are stored under the
   browser's own token before it leaves.
2. `finish`: the answer counts once, from that browser, and only from the issuer that was asked (RFC 9207). The code is exchanged
   with the verifier, and the ID token checked: signature by one of the provider's published keys, issuer, audience, nonce, times.

Who it is, is issuer and subject, and nothing else that the provider says: an e-mail address changes hands.
"""

import datetime as dt
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from ledger.desk.problems import DECLINED, NO_SINGLE_SIGN_ON, Refusal
from ledger.desk.visits import LOOPBACK
from ledger.store.sign_ins import OpenIdRequest, SignIns

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Signatures by a key that only the provider has. Never `none`, and no HMAC: its key would be our own secret."""

LEEWAY_SECONDS = 60
TIMEOUT_SECONDS = 10.0
SCOPE = "openid"


@dataclass(frozen=True)
class Provider:
    """The provider as it is configured."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    """What people call it: “tài khoản VNeID”, “cổng của Sở”."""

    def __repr__(self) -> str:
        return f"Provider({self.issuer!r}, {self.client_id!r})"


@dataclass(frozen=True)
class Identity:
    """Whom the provider has vouched for."""

    issuer: str
    subject: str
    invitation_sha256: str | None
    """The invitation under which the browser was sent there."""


class OpenId:
    """The desk's side of single sign-on. Threads may share it; the provider's settings and keys are asked once."""

    def __init__(
        self,
        provider: Provider,
        sign_ins: SignIns,
        *,
        public_url: str,
        now: Callable[[], dt.datetime],
        new_token: Callable[[], str],
    ) -> None:
        _require_secure(provider.issuer)
        self._provider = provider
        self._sign_ins = sign_ins
        self._now = now
        self._new_token = new_token
        self._http = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False)
        self._client = OAuth2Client(
            self._http,
            client_id=provider.client_id,
            redirect_uri=f"{public_url.rstrip('/')}/dang-nhap/openid/ve",
            scope=SCOPE,
            code_challenge_method="S256",
        )
        self._lock = threading.Lock()
        self._known: Mapping[str, Any] | None = None
        self._keys: KeySet | None = None

    @property
    def name(self) -> str:
        """What people call the provider."""
        return self._provider.name

    def close(self) -> None:
        """Gives the connections back."""
        self._http.close()

    def begin(self, *, visit: str, invitation_sha256: str | None = None) -> str:
        """Where to send the browser whose token is `visit`. Raises `Refusal`."""
        address = str(self._settings()["authorization_endpoint"])
        state, nonce, verifier = self._new_token(), self._new_token(), self._new_token()
        self._sign_ins.sent(state, OpenIdRequest(nonce, verifier, invitation_sha256), visit=visit)
        url, _ = self._client.create_authorization_url(address, state=state, code_verifier=verifier, nonce=nonce)
        return str(url)

    def finish(self, answer: Mapping[str, str], *, visit: str) -> Identity:
        """Who it is, by the parameters that the browser brought back. Raises `Refusal` or `InvitationOver`."""
        request = self._sign_ins.returned(answer.get("state", ""), visit=visit)
        if answer.get("iss", self._provider.issuer) != self._provider.issuer:
            raise Refusal(NO_SINGLE_SIGN_ON)
        if "code" not in answer:
            raise Refusal(DECLINED)
        token = self._exchange(answer["code"], request.verifier)
        claims = self._claims(token, request.nonce)
        return Identity(self._provider.issuer, str(claims["sub"]), request.invitation_sha256)

    def _exchange(self, code: str, verifier: str) -> Mapping[str, Any]:
        settings, provider = self._settings(), self._provider
        try:
            found: Mapping[str, Any] = self._client.fetch_token(
                settings["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                redirect_uri=self._client.redirect_uri,
                # RFC 6749, 2.3.1: both are form-encoded before they are joined.
                auth=httpx.BasicAuth(quote(provider.client_id, safe=""), quote(provider.client_secret, safe="")),
            )
        except (httpx.HTTPError, AuthlibBaseError, ValueError) as error:
            raise Refusal(NO_SINGLE_SIGN_ON) from _kind_of(error)
        return found

    def _claims(self, token: Mapping[str, Any], nonce: str) -> CodeIDToken:
        provider = self._provider
        try:
            decoded = self._decoded(str(token.get("id_token", "")))
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": provider.issuer},
                    "aud": {"essential": True, "value": provider.client_id},
                    "sub": {"essential": True},
                },
                {"nonce": nonce, "client_id": provider.client_id, "access_token": token.get("access_token")},
            )
            claims.validate(now=int(self._now().timestamp()), leeway=LEEWAY_SECONDS)
        except (JoseError, AuthlibBaseError, ValueError) as error:
            raise Refusal(NO_SINGLE_SIGN_ON) from _kind_of(error)
        return claims

    def _decoded(self, id_token: str) -> jwt.Token:
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        try:
            return jwt.decode(id_token, self._key_set(), registry=registry)
        except InvalidKeyIdError:  # The provider has changed its keys since they were asked.
            return jwt.decode(id_token, self._key_set(fresh=True), registry=registry)

    def _settings(self) -> Mapping[str, Any]:
        """The provider's settings (OpenID Connect Discovery 1.0, 4)."""
        with self._lock:
            if self._known is None:
                known = self._ask(f"{self._provider.issuer.rstrip('/')}/.well-known/openid-configuration")
                addresses = [known.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
                if known.get("issuer") != self._provider.issuer or not all(map(_is_secure, addresses)):
                    raise Refusal(NO_SINGLE_SIGN_ON)
                self._known = known
            return self._known

    def _key_set(self, *, fresh: bool = False) -> KeySet:
        address = self._settings()["jwks_uri"]
        with self._lock:
            if self._keys is None or fresh:
                self._keys = KeySet.import_key_set(self._ask(address))
            return self._keys

    def _ask(self, address: str) -> Any:  # noqa: ANN401 - JSON
        try:
            answer = self._http.get(address)
            answer.raise_for_status()
            return answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Refusal(NO_SINGLE_SIGN_ON) from _kind_of(error)


def _kind_of(error: Exception) -> Exception:
    """The kind of a foreign error without its words, which may quote codes and tokens."""
    return RuntimeError(type(error).__name__)


def _is_secure(address: object) -> bool:
    parts = urlsplit(str(address))
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _require_secure(issuer: str) -> None:
    if not _is_secure(issuer):
        raise ValueError(f"{issuer}: an OpenID provider needs https")
