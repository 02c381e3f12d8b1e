# SPDX-License-Identifier: Apache-2.0

"""The code beside every QR, for who cannot scan: 80 bits in Crockford's base32, with his check character.

It is derived from the unit's id and finds the unit in a ledger; it proves nothing and opens nothing. 80 bits are too many to
guess at, few enough to type. Letters that are mistaken for digits are read as those digits (I and L as 1, O as 0), case and
hyphens do not matter, and the check character (modulo 37) tells every single mistyped character and every swap of two neighbours.

Example::

    short_code(unit_id) == "7ZK4-9QWX-30MD-5TNB-H"
    canonical("7zk4 9qwx 3omd 5tnb h") == "7ZK49QWX30MD5TNB"
"""

import hashlib
import re
from typing import Final
from uuid import UUID

from ledger.errors import MistypedCode

BITS: Final = 80
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECKS: Final = _DIGITS + "*~$=U"
"""Crockford's check symbols: one for each remainder modulo 37."""
_LOOKALIKES: Final = str.maketrans("OIL", "011")
_LENGTH: Final = BITS // 5
_SEPARATORS: Final = re.compile(r"[\s.\-\u2010-\u2015\u2212]")
"""What people and word processors put between the groups: any space, point, hyphen, dash or minus."""
_TAG: Final = b"hocba.short.v1"


def lookup_key(unit_id: UUID) -> str:
    """Return the 16 characters under which a ledger finds the unit, without check character or hyphens."""
    number = int.from_bytes(hashlib.sha256(_TAG + unit_id.bytes).digest()[: BITS // 8], "big")
    return "".join(_DIGITS[number >> shift & 31] for shift in range(BITS - 5, -1, -5))


def short_code(unit_id: UUID) -> str:
    """Return the code as it is printed: groups of four, and the check character."""
    key = lookup_key(unit_id)
    return "-".join([*(key[at : at + 4] for at in range(0, _LENGTH, 4)), _check(key)])


def canonical(typed: str) -> str:
    """Return the lookup key that somebody typed. Raises `MistypedCode` when it cannot be one."""
    letters = _SEPARATORS.sub("", typed)
    if not letters.isascii():  # Beyond ASCII, upper case makes an I of a dotless i and two letters of one.
        raise MistypedCode(typed)
    letters = letters.upper()
    key, check = letters[:-1].translate(_LOOKALIKES), letters[-1:]
    if check not in _CHECKS:
        check = check.translate(_LOOKALIKES)
    if len(key) != _LENGTH or set(key) - set(_DIGITS) or check != _check(key):
        raise MistypedCode(typed)
    return key


def _check(key: str) -> str:
    number = 0
    for letter in key:
        number = number * 32 + _DIGITS.index(letter)
    return _CHECKS[number % 37]
