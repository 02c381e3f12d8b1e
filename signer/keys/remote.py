# SPDX-License-Identifier: Apache-2.0

"""A key at a remote signing provider: the person's PIN authorizes a whole round, the provider's HSM signs it in one call.

N digests cost one authorization and one call, as long as N is within what the credential allows at once (`multisign`);
beyond that the round goes in that many parts, each authorized for exactly its own digests. The same PIN is shown again for
the next part, or when the permission expired, because it was right before; once it is refused it is not shown again.

Example::

    service = CscService("https://example.org/csc/v2", access_token)
    with RemoteKey.open(service, pin, credential_id="GX0112348") as key:
        values = list(key.sign_digests(digests))
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Self

from signer.certificate import SignerCertificate
from signer.errors import PinProblem
from signer.keys import provider_refusals as refusals
from signer.keys.csc import AuthObject, Credential, CscService, SadRefused
from signer.keys.signing_key import Secret, SigningKey
from signer.keys.values import Check, as_der


class RemoteKey(SigningKey):
    """A credential at a provider.

    It guarantees that a PIN which was refused is not sent again, and that each value fits the certificate. A wrong PIN shows
    only when the first digests are signed: the API has no other use for it.
    """

    def __init__(
        self,
        service: CscService,
        credential: Credential,
        *,
        pin: Secret | None,
        code: Callable[[], Secret] | None,
        wait: Callable[[float], None],
    ) -> None:
        self._service = service
        self._credential = credential
        self._pin = pin
        self._code = code
        self._wait = wait
        self._refusal: PinProblem | None = None
        self._check = Check(credential.who)

    @classmethod
    def open(
        cls,
        service: CscService,
        pin: Secret | None,
        *,
        credential_id: str | None = None,
        code: Callable[[], Secret] | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> Self:
        """Choose a credential, the only one if none is named, and read its certificate. The service is closed with the key.

        `pin` is None where the provider asks on the phone. `code` asks the person for a one-time code, once for each
        authorization. Raises `NoSigningKey`, `ChoiceNeeded`, `WrongPin` if something that is needed is not there (nothing
        is sent then), `UnsuitableKey`, `ProviderRefused`, `ProviderMisbehaves` or `ProviderUnavailable`.
        """
        with ExitStack() as stack:
            stack.callback(service.close)
            credential = service.credential(_only_one(service) if credential_id is None else credential_id)
            _require_what_is_wanted(credential, pin, code)
            stack.pop_all()
        return cls(service, credential, pin=pin, code=code, wait=wait)

    @property
    def who(self) -> SignerCertificate:
        """Who signs with it."""
        return self._credential.who

    @property
    def signatures_per_authorization(self) -> int:
        """How many signatures go at once. With a one-time code, that is how often the person is asked; to be said before."""
        return self._credential.multisign

    @property
    def batch(self) -> int:
        """As many as one authorization holds for."""
        return self.signatures_per_authorization

    def sign_digests(self, digests: Sequence[bytes]) -> Iterator[bytes]:
        """Sign in as few parts as the credential allows; the values of a part come together."""
        step = self._credential.multisign
        for start in range(0, len(digests), step):
            part = digests[start : start + step]
            for value, digest in zip(self._signed(part), part, strict=True):
                yield self._check.require(as_der(value) if self.who.algorithm == "sha256_ecdsa" else value, digest)

    def close(self) -> None:
        """Forget PIN and access token."""
        self._pin = self._code = None
        self._service.close()

    def _signed(self, part: Sequence[bytes]) -> list[bytes]:
        for _ in range(2):
            try:
                return self._service.sign_hashes(self._credential, self._authorized(part), part)
            except SadRefused:
                # The PIN that earned it was right: to show it again is no second try of a wrong one.
                continue
        raise refusals.expired_twice(self._service.url)

    def _authorized(self, part: Sequence[bytes]) -> Secret:
        if self._refusal is not None:
            raise type(self._refusal)(self._refusal.vi, self._refusal.en)
        try:
            return self._service.authorize(self._credential, part, self._shown(), wait=self._wait)
        except PinProblem as refusal:
            self._refusal = refusal
            raise

    def _shown(self) -> dict[str, Secret]:
        shown = {wanted.id: self._secret(wanted) for wanted in self._credential.auth_objects}
        return {which: secret for which, secret in shown.items() if secret is not None}

    def _secret(self, wanted: AuthObject) -> Secret | None:
        if not wanted.is_code:
            return self._pin
        if self._code is None:
            return None
        if wanted.has_challenge:
            self._service.challenge(self._credential, wanted)
        return self._code()


def _only_one(service: CscService) -> str:
    ids = service.credential_ids()
    if not ids:
        raise refusals.no_credential(service.url)
    if len(ids) > 1:
        raise refusals.several_credentials(ids)
    return ids[0]


def _require_what_is_wanted(credential: Credential, pin: Secret | None, code: Callable[[], Secret] | None) -> None:
    """Refuse before anything is sent. What of several ways will do only the provider knows."""
    if credential.optional:
        return
    for wanted in credential.auth_objects:
        if wanted.is_code and code is None:
            raise refusals.code_needed()
        if not wanted.is_code and (pin is None or not pin.get_secret_value()):
            raise refusals.pin_needed()
