# SPDX-License-Identifier: Apache-2.0

"""Any text made fit for the report: what cannot be shown as it is, is shown as its number. Pure.

A record with an odd character in it is sent back to be mended (`ledger.paper.printable`). A report cannot be: it has to say what
a stranger put into his certificate, whatever that is. So a character that our font does not have, or that a reader would not
see, or that changes the order of others, stands there as `[U+202E]`; nothing is left out, and nothing can hide.

Example::

    drawable("Nguyễn Văn A" + chr(0x202E)) == "Nguyễn Văn A[U+202E]"
"""

import unicodedata

from ledger.paper.printable import printable

_RANGES = (
    (0x20, 0x7E),
    (0xA1, 0xAC),  # U+00AD, which is invisible, lies between
    (0xAE, 0x24F),
    (0x386, 0x38A),
    (0x38E, 0x3A1),
    (0x3A3, 0x3CE),
    (0x400, 0x45F),
    (0x1EA0, 0x1EF9),
    (0x2013, 0x2014),
    (0x2018, 0x201E),
    (0x2026, 0x2026),
    (0x20AB, 0x20AC),
)
"""Letters of Latin, Greek and Cyrillic, and the punctuation of our own sentences. Each is in our font and has ink."""

WIDEST_WORD = 9.0
"""What surely fits into the narrowest column, in em."""


def drawable(text: str, *, widest: float = WIDEST_WORD) -> str:
    """`text` as it can be printed, composed, with places to break in long words."""
    composed = unicodedata.normalize("NFC", text)
    return printable("".join(_shown(character) for character in composed), widest=widest)


def has_ink(character: str) -> bool:
    """Whether a character is printed as itself."""
    return any(first <= ord(character) <= last for first, last in _RANGES)


def _shown(character: str) -> str:
    return character if has_ink(character) else f"[U+{ord(character):04X}]"
