# SPDX-License-Identifier: Apache-2.0

"""Passwords: argon2id, the same work whether or not there is anybody to compare with, and what a new one has to be.

Length is what counts (NIST SP 800-63B-4, 3.1.1.2); no rule asks for signs and digits. Vietnamese keyboards write one letter in
two ways, composed and decomposed, so a password is brought to one form first (NFKC, as the same section asks).
"""

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ledger.store.accounts import Account
from ledger.web.languages import Text

MIN_CHARACTERS = 12
MAX_CHARACTERS = 256
"""Beyond, a password only costs time."""

MIN_DIFFERENT = 5

TOO_SHORT = Text(
    f"Mật khẩu cần ít nhất {MIN_CHARACTERS} ký tự. Hãy ghép bốn, năm từ dễ nhớ với bạn mà người khác khó đoán.",
    f"The password needs at least {MIN_CHARACTERS} characters. Join four or five words that others cannot guess.",
)
TOO_LONG = Text(
    f"Mật khẩu dài quá {MAX_CHARACTERS} ký tự. Hãy chọn mật khẩu ngắn hơn.",
    f"The password has more than {MAX_CHARACTERS} characters. Choose a shorter one.",
)
TOO_EASY = Text(
    "Mật khẩu này quá dễ đoán: chứa tên đăng nhập, hoặc chỉ lặp lại vài ký tự. Hãy chọn mật khẩu khác.",
    "This password is too easy to guess: it holds the sign-in name, or repeats a few characters. Choose another one.",
)


class Passwords:
    """Hashes and compares. `hasher` says at what cost; a change of it is taken over as people sign in."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex())

    def hash(self, password: str) -> str:
        """What is stored for a password."""
        return self._hasher.hash(_normal(password))

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed. Without a hash the same work is done, and the answer is no."""
        try:
            return self._hasher.verify(password_hash or self._nobody, _normal(password)) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_old(self, password_hash: str) -> bool:
        """Whether it was hashed at another cost than is asked for now."""
        return self._hasher.check_needs_rehash(password_hash)


def problem_with(password: str, account: Account) -> Text | None:
    """What is wrong with a new password, if anything."""
    normal = _normal(password)
    if len(normal) < MIN_CHARACTERS:
        return TOO_SHORT
    if len(normal) > MAX_CHARACTERS:
        return TOO_LONG
    if account.name in normal.lower() or len(set(normal.lower())) < MIN_DIFFERENT:
        return TOO_EASY
    return None


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
