# SPDX-License-Identifier: Apache-2.0

"""A key in a token or HSM, behind PKCS#11: a teacher's USB token, the school's VGCA token, an HSM.

One login per round: the key object stays loaded, and after that only digests go in and values come out. A PIN goes to the
token once. If it is wrong, that is said at once; if the token says beforehand that one try is left, it is not risked unless
the caller says so. The key signs on its own only; what it says is checked against the certificate before it is handed on.

Example::

    with TokenKey.open(module, pin, token="Trường THPT An Lạc") as seal:
        for value in seal.sign_digests(digests):
            ...
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import Final, Self

import pkcs11
from pkcs11.constants import Attribute, ObjectClass
from pkcs11.exceptions import PinInvalid, PKCS11Error
from pkcs11.mechanisms import KeyType, Mechanism
from pkcs11.types import SignMixin

from signer.certificate import SignerCertificate
from signer.keys import token_refusals as refusals
from signer.keys.modules import (
    FoundCertificate,
    attribute,
    certificates_on,
    pin_state,
    pin_state_after_login,
    plugged_in,
    serial_of,
    started,
)
from signer.keys.pin_state import PinState
from signer.keys.signing_key import Secret, SigningKey
from signer.keys.values import Check, as_der, digest_info

_KEY_TYPES: Final = {"sha256_rsa": KeyType.RSA, "sha256_ecdsa": KeyType.EC}


class TokenKey(SigningKey):
    """A private key that stays in its token, logged in until `close`.

    It guarantees that the PIN was handed over once (or once per signature, if the key demands that and the caller agreed),
    and that each value fits the certificate. It does not come back after the token was pulled out: close it, open it again
    with the PIN, and ask for the digests that are left.
    """

    def __init__(
        self,
        found: FoundCertificate,
        key: SignMixin,
        *,
        pin_each_time: bool,
        repeated_pin: Secret | None,
        held: ExitStack,
    ) -> None:
        self._who = found.who
        self._key = key
        self._pin_each_time = pin_each_time
        self._repeated_pin = repeated_pin
        self._held = held
        self._check = Check(found.who)

    @classmethod
    def open(
        cls,
        module: str,
        pin: Secret,
        *,
        token: str | None = None,
        serial: str | None = None,
        certificate_sha256: str | None = None,
        label: str | None = None,
        key_id: bytes | None = None,
        risk_last_try: bool = False,
        repeat_pin: bool = False,
    ) -> Self:
        """Log in once, and load the key of one certificate.

        `token` and `serial` choose among tokens; `certificate_sha256` (hexadecimal), `label` and `key_id` among the
        certificates on it; none is needed where a single one fits. `risk_last_try` hands the PIN
        over even if a wrong one would lock the token. `repeat_pin` agrees that the PIN is kept for this round and handed
        over for each signature, should the key demand that.

        Raises `TokenUnusable`, `TokenMissing`, `ChoiceNeeded`, `NoSigningKey` or a `PinProblem`.
        """
        with ExitStack() as stack:
            library = stack.enter_context(started(module))
            try:
                chosen = _choose_token(plugged_in(library), token, serial)
                _require_tries(pin_state(chosen), pin, risk_last_try=risk_last_try)
                session = _logged_in(chosen, pin)
                stack.callback(_leave, session)
                found, key = _choose_key(session, chosen.label, certificate_sha256, label, key_id)
                pin_each_time = bool(attribute(key, Attribute.ALWAYS_AUTHENTICATE, otherwise=False))
            except PKCS11Error as error:
                raise refusals.token_unusable(refusals.name_of(error)) from error
            repeated = pin if pin_each_time and repeat_pin else None
            return cls(found, key, pin_each_time=pin_each_time, repeated_pin=repeated, held=stack.pop_all())

    @property
    def who(self) -> SignerCertificate:
        """Who signs with it."""
        return self._who

    @property
    def asks_pin_for_each_signature(self) -> bool:
        """Whether the token marks the key so (CKA_ALWAYS_AUTHENTICATE)."""
        return self._pin_each_time

    def sign_digests(self, digests: Sequence[bytes]) -> Iterator[bytes]:
        """Sign one after the other. Raises `PinForEachSignature` before the first, `TokenRemoved` wherever it happens."""
        if self._pin_each_time and self._repeated_pin is None:
            raise refusals.pin_for_each_signature(self._who)
        return (self._check.require(self._value(digest), digest) for digest in digests)

    def close(self) -> None:
        """Log out, and let go of the module. The token may be pulled out, now or before."""
        self._repeated_pin = None
        self._held.close()

    def _value(self, digest: bytes) -> bytes:
        answer = self._ask(digest)
        if isinstance(answer, PKCS11Error):
            raise refusals.of_signing(answer) from answer
        return answer

    def _ask(self, digest: bytes) -> bytes | PKCS11Error:
        """The token's answer. An error is returned and not raised: the frames it came through have seen the PIN."""
        again = {} if self._repeated_pin is None else {"pin": self._repeated_pin.get_secret_value()}
        try:
            if self._who.algorithm == "sha256_rsa":
                return self._key.sign(digest_info(digest), mechanism=Mechanism.RSA_PKCS, **again)
            return as_der(self._key.sign(digest, mechanism=Mechanism.ECDSA, **again))
        except PKCS11Error as error:
            return error.with_traceback(None)


def _require_tries(state: PinState, pin: Secret, *, risk_last_try: bool) -> None:
    """Refuse what must not, or cannot, go to the token."""
    match state:
        case PinState.LOCKED:
            raise refusals.locked()
        case PinState.NOT_SET:
            raise refusals.pin_not_set()
        case PinState.LAST_TRY:
            if not risk_last_try:
                raise refusals.last_try()
        case PinState.FINE | PinState.WRONG_BEFORE:
            pass
    if not pin.get_secret_value():
        raise refusals.empty_pin()


def _logged_in(token: pkcs11.Token, pin: Secret) -> pkcs11.Session:
    answer = _log_in(token, pin)
    if isinstance(answer, PKCS11Error):
        raise refusals.of_login(answer, pin_state_after_login(token)) from answer
    return answer


def _log_in(token: pkcs11.Token, pin: Secret) -> pkcs11.Session | PKCS11Error:
    """The one place where a PIN is handed over for a login, once. An error comes back without the frames that saw it."""
    try:
        return token.open(user_pin=pin.get_secret_value())
    except UnicodeEncodeError:
        # Typed at a terminal that does not speak UTF-8: no PIN of anybody's, and the error would repeat it.
        return PinInvalid()
    except PKCS11Error as error:
        return error.with_traceback(None)


def _leave(session: pkcs11.Session) -> None:
    # The token may be gone, and the login with it.
    with suppress(PKCS11Error):
        session.close()


def _choose_token(present: Sequence[pkcs11.Token], label: str | None, serial: str | None) -> pkcs11.Token:
    fitting = [token for token in present if label in {None, token.label} and serial in {None, serial_of(token)}]
    names = [f"{token.label} ({serial_of(token)})" for token in present]
    if not fitting:
        raise refusals.missing(" / ".join(filter(None, (label, serial))), names)
    if len(fitting) > 1:
        raise refusals.several_tokens(names)
    return fitting[0]


def _choose_key(
    session: pkcs11.Session, token: str, sha256: str | None, label: str | None, key_id: bytes | None
) -> tuple[FoundCertificate, SignMixin]:
    present = certificates_on(session)
    sha256 = None if sha256 is None else sha256.replace(":", "").lower()
    if not present:
        raise refusals.no_certificate(token)
    fitting = [
        one
        for one in present
        if sha256 in {None, one.who.certificate_sha256.hex()}
        and label in {None, one.label}
        and key_id in {None, one.key_id}
    ]
    if not fitting:
        wanted = " / ".join(filter(None, (sha256, label, key_id.hex() if key_id else None)))
        raise refusals.no_such_certificate(wanted, [one.described for one in present])
    keys = [
        key for key in session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}) if isinstance(key, SignMixin)
    ]
    usable = [(one, key) for one in fitting if (key := _key_of(one, keys)) is not None]
    if not usable:
        raise refusals.no_key(fitting[0].who)
    if len(usable) > 1:
        raise refusals.several_certificates([one.described for one, _ in usable])
    return usable[0]


def _key_of(found: FoundCertificate, keys: Sequence[SignMixin]) -> SignMixin | None:
    """The key that has the certificate's CKA_ID; where a token has no ids, the only one of that kind."""
    of_kind = [key for key in keys if key.key_type == _KEY_TYPES[found.who.algorithm]]
    same_id = [key for key in of_kind if found.key_id and attribute(key, Attribute.ID, b"") == found.key_id]
    if len(same_id) == 1:
        return same_id[0]
    without_id = [key for key in of_kind if not attribute(key, Attribute.ID, b"")]
    return without_id[0] if len(of_kind) == len(without_id) == 1 else None
