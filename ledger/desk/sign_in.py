# SPDX-License-Identifier: Apache-2.0

"""Signing in, by password, by pairing code or by OpenID, and what guessing costs.

1. An attempt is counted as failed before anything is compared, under its address and under its name; `TooOften` ends it here.
2. The password is compared, with the same work for a name that nobody has.
3. What went well is taken back from the counts, and a new session begins under a new token.

Failures from a browser in which the account has signed in before are counted apart from those of strangers: who knocks at
somebody's name all night keeps other strangers waiting, and never its owner at their own computer. And nobody waits for longer
than `ledger.store.sign_ins.WINDOW`, because attempts at a closed door are not counted.
"""

import hashlib
import ipaddress
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from ledger.desk.passwords import MAX_CHARACTERS, Passwords
from ledger.desk.problems import NOT_LINKED, WRONG_SIGN_IN, Refusal
from ledger.errors import LostRace
from ledger.store.account_tables import SessionKind
from ledger.store.accounts import Account, Accounts
from ledger.store.sign_ins import SignIns

PER_NAME = 10
"""Failures in a window under one name; as many again from each browser that is known for it."""

PER_ADDRESS = 60
"""Failures in a window from one address: a whole school may stand behind one."""

IPV6_PREFIX = 64
"""What one subscriber is given of IPv6; a single address there costs nothing."""

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: nothing that looks like something else."""

CODE_LENGTH = 8


@dataclass(frozen=True)
class Attempt:
    """Who tries to sign in, and from where."""

    name: str
    password: str
    address: str
    browser: str | None = None
    """The token that this browser was given when somebody signed in with it, if it has one."""


@dataclass(frozen=True)
class NewSession:
    """A session that has begun: the one time that its token is seen."""

    account: Account
    token: str
    browser: str | None = None
    """A token by which this browser will be known, if it is new to the account."""


class SigningIn:
    """Lets people in. `new_token` gives 256 bits of chance as text."""

    def __init__(
        self, accounts: Accounts, sign_ins: SignIns, passwords: Passwords, *, new_token: Callable[[], str]
    ) -> None:
        self._accounts = accounts
        self._sign_ins = sign_ins
        self._passwords = passwords
        self._new_token = new_token

    def with_password(self, attempt: Attempt, *, kind: SessionKind) -> NewSession:
        """Begins a session. Raises `Refusal`, which does not tell what was wrong, or `TooOften`."""
        name = _name(attempt.name)
        known = attempt.browser is not None and self._sign_ins.knows(attempt.browser, name)
        own = f"browser {attempt.browser} {name}" if known else f"name {name}"
        address = _address_key(attempt.address)
        self._sign_ins.count_attempt({own: PER_NAME, address: PER_ADDRESS})
        found = self._accounts.password_hash(name)
        # A password that is too long was never set; it is compared all the same, cut, so that it takes as long as any other.
        right = self._passwords.matches(found, attempt.password[: MAX_CHARACTERS + 1])
        if not right or found is None:
            raise Refusal(WRONG_SIGN_IN)
        self._sign_ins.forgive(wholly=[own], once=[address])
        if self._passwords.is_old(found):
            self._rehash(name, found, attempt.password)
        return self._begin(self._accounts.account(name), kind, known=known or kind is SessionKind.AGENT)

    def with_code(self, code: str, *, address: str) -> NewSession:
        """Begins a session of the agent. Raises `InvitationOver` or `TooOften`."""
        key = _address_key(address)
        self._sign_ins.count_attempt({key: PER_ADDRESS})
        account = self._sign_ins.pair(_code(code))
        self._sign_ins.forgive(wholly=[], once=[key])
        return self._begin(self._accounts.account(account), SessionKind.AGENT, known=True)

    def with_open_id(self, *, issuer: str, subject: str, invitation_sha256: str | None) -> NewSession:
        """Begins a session for whom the provider has vouched for; under an invitation, links the two first.

        Raises `Refusal` when no account is linked, `InvitationOver` or `AccountRefused` when none can be.
        """
        if invitation_sha256 is not None:
            account: Account | None = self._accounts.accept_with_open_id(
                invitation_sha256, issuer=issuer, subject=subject
            )
        else:
            account = self._accounts.with_open_id(issuer=issuer, subject=subject)
        if account is None:
            raise Refusal(NOT_LINKED)
        return self._begin(account, SessionKind.BROWSER, known=True)

    def by_invitation(self, token: str, password: str) -> NewSession:
        """Uses an invitation up for a password, and begins a session. Raises `InvitationOver`."""
        account = self._accounts.accept_with_password(token, self._passwords.hash(password))
        return self._begin(account, SessionKind.BROWSER, known=False)

    def pairing_code(self, account: str) -> str:
        """A new code that the agent can sign in with, as it is shown."""
        code = _code_from(self._new_token())
        self._sign_ins.offer_pairing(account, code)
        return f"{code[:4]}-{code[4:]}"

    def _begin(self, account: Account, kind: SessionKind, *, known: bool) -> NewSession:
        token, browser = self._new_token(), None if known else self._new_token()
        self._sign_ins.begin(account.name, token, kind=kind)
        if browser is not None:
            self._sign_ins.remember(browser, account.name)
        return NewSession(account, token, browser)

    def _rehash(self, name: str, old: str, password: str) -> None:
        try:
            self._accounts.rehash(name, old=old, new=self._passwords.hash(password))
        except LostRace:
            return  # It was changed a moment ago; the new one is hashed as it should be.


def _name(typed: str) -> str:
    return unicodedata.normalize("NFKC", typed.strip()[:MAX_CHARACTERS]).lower()


def _address_key(address: str) -> str:
    """What an address is counted under."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return f"address {address}"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return f"address {parsed.ipv4_mapped}"
        return f"address {ipaddress.IPv6Network((parsed, IPV6_PREFIX), strict=False)}"
    return f"address {parsed}"


def _code_from(token: str) -> str:
    number = int.from_bytes(hashlib.sha256(token.encode()).digest())
    return "".join(CODE_ALPHABET[(number >> 5 * place) % 32] for place in range(CODE_LENGTH))


def _code(typed: str) -> str:
    """A code as it was typed, in the one form in which it is stored: Crockford reads O as 0, I and L as 1."""
    bare = typed.upper().replace("-", "").replace(" ", "")
    return bare.translate(str.maketrans("OIL", "011"))[: 2 * CODE_LENGTH]
