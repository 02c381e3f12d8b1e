# SPDX-License-Identifier: Apache-2.0

"""PKCS#11 modules: the library that comes with a token, what is plugged in, and what is on it.

A module is a shared library (.so, .dll, .dylib) from whoever made the token; its path is always the caller's choice, and
loading it runs its code. Its state is one for the whole process, so that users of it are counted: the first one starts it
(only then do some see a token that was plugged in meanwhile), and the last one stops it, which ends all logins.

Nothing here needs a PIN. Example::

    for token in tokens("/usr/lib/softhsm/libsofthsm2.so"):
        print(token.label, token.serial, token.pin)
        for found in token.certificates:
            print(found.label, found.described)
"""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import pkcs11
from asn1crypto import x509
from pkcs11.constants import Attribute, CertificateType, ObjectClass, TokenFlag
from pkcs11.exceptions import AttributeTypeInvalid, PKCS11Error, TokenNotPresent, TokenNotRecognised

from signer.certificate import SignerCertificate
from signer.errors import KeyProblem
from signer.keys import token_refusals
from signer.keys.pin_state import PinState, state_from

Library = Any
"""A started module: `pkcs11._pkcs11.lib`, which has no name that can be imported before a module is loaded."""

_users: Final[Counter[str]] = Counter()
_starting: Final = threading.Lock()


@dataclass(frozen=True)
class FoundCertificate:
    """A certificate on a token, for whoever chooses."""

    who: SignerCertificate
    label: str
    """What the token calls it (CKA_LABEL)."""
    key_id: bytes
    """Which key it belongs to (CKA_ID)."""

    @property
    def described(self) -> str:
        """On one line: who, until when, and the digest that chooses it."""
        end = self.who.certificate.not_valid_after
        return f"{self.who.common_name} ({end:%d/%m/%Y}, SHA-256 {self.who.certificate_sha256.hex()})"


@dataclass(frozen=True)
class FoundToken:
    """A token that is plugged in."""

    label: str
    serial: str
    manufacturer: str
    model: str
    pin: PinState
    certificates: tuple[FoundCertificate, ...]
    """Those that sign. Whether their keys are there shows only after login."""

    @property
    def described(self) -> str:
        """On one line."""
        return f"{self.label} ({self.serial})"


def tokens(module: str) -> tuple[FoundToken, ...]:
    """Everything that is plugged in, with the certificates that sign. Raises `TokenUnusable`."""
    with started(module) as library:
        try:
            return tuple(_look(token) for token in plugged_in(library))
        except PKCS11Error as error:
            raise token_refusals.token_unusable(token_refusals.name_of(error)) from error


@contextmanager
def started(module: str) -> Iterator[Library]:
    """The module at this path, started for as long as somebody uses it. Raises `TokenUnusable`."""
    with _starting:
        try:
            library = pkcs11.lib(module)
        except PKCS11Error as error:
            raise token_refusals.module_unusable(module, str(error) or token_refusals.name_of(error)) from error
        _users[module] += 1
    try:
        yield library
    finally:
        with _starting:
            _users[module] -= 1
            if not _users[module]:
                # A module whose token was pulled out may not even stop properly; it is started anew next time all the same.
                with suppress(PKCS11Error):
                    library.finalize()


def plugged_in(library: Library) -> list[pkcs11.Token]:
    """Tokens that were set up; SoftHSM2 and some readers also show an empty one."""
    found = []
    for slot in library.get_slots(token_present=True):
        with suppress(TokenNotPresent, TokenNotRecognised):
            token = slot.get_token()
            if token.flags & TokenFlag.TOKEN_INITIALIZED:
                found.append(token)
    return found


def pin_state(token: pkcs11.Token) -> PinState:
    """What the token says now: its flags are read anew."""
    return state_from(token.slot.get_token().flags)


def pin_state_after_login(token: pkcs11.Token) -> PinState:
    """The same after a login that failed; if the token does not even say that, a try is taken to be lost."""
    try:
        return pin_state(token)
    except PKCS11Error:
        return PinState.WRONG_BEFORE


def serial_of(token: pkcs11.Token) -> str:
    """As people read it on the token."""
    return token.serial.decode("utf-8", "replace")


def certificates_on(session: pkcs11.Session) -> tuple[FoundCertificate, ...]:
    """Those that sign, each with the authorities above it as far as they are on the token too.

    What is of no use is passed over: certificates of authorities, for encryption only, with keys that we do not sign with.
    """
    read: list[tuple[x509.Certificate, pkcs11.Object]] = []
    for stored in list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})):
        with suppress(ValueError, TypeError, KeyError, AttributeTypeInvalid):
            if attribute(stored, Attribute.CERTIFICATE_TYPE, CertificateType.X_509) == CertificateType.X_509:
                read.append((x509.Certificate.load(stored[Attribute.VALUE], strict=True), stored))
    authorities = [certificate for certificate, _ in read if certificate.ca]
    found = []
    for certificate, stored in read:
        if not certificate.ca and _signs(certificate):
            above = [authority.dump() for authority in _path(certificate, authorities)]
            with suppress(KeyProblem):
                who = SignerCertificate.load(certificate.dump(), above)
                label, key_id = attribute(stored, Attribute.LABEL, ""), attribute(stored, Attribute.ID, b"")
                found.append(FoundCertificate(who, label, key_id))
    return tuple(found)


def attribute(stored: Any, which: Attribute, otherwise: Any) -> Any:  # noqa: ANN401 - each has its own type, and mixins make the object
    """What an object says of itself, or `otherwise` when its module does not know the attribute."""
    try:
        return stored[which]
    except PKCS11Error:
        return otherwise


def _look(token: pkcs11.Token) -> FoundToken:
    with token.open() as session:
        certificates = certificates_on(session)
    return FoundToken(token.label, serial_of(token), token.manufacturer_id, token.model, pin_state(token), certificates)


def _signs(certificate: x509.Certificate) -> bool:
    usage = certificate.key_usage_value
    return usage is None or bool({"digital_signature", "non_repudiation"} & usage.native)


def _path(certificate: x509.Certificate, authorities: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    path: list[x509.Certificate] = []
    below = certificate
    while above := [one for one in authorities if one.subject == below.issuer and one not in path]:
        path.append(above[0])
        below = above[0]
    return path
