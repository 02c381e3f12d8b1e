# SPDX-License-Identifier: Apache-2.0

"""Text made fit for paper: composed, free of what nobody would see, and breakable where a word is too wide."""

import unicodedata

from ledger.paper.errors import UnprintableText

WIDEST_WORD = 15.0
"""What surely fits into half a line, in em. The widest Vietnamese syllable, "nghiêng", takes 3.7; a word wider than this
is a slip of the keyboard or an address, and is given places to break so that it cannot run off the page."""

_BREAK = "\u200b"


def tidy(text: str) -> str:
    """`text` in NFC, with single spaces."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def printable(text: str, *, widest: float = WIDEST_WORD) -> str:
    """`text`, tidied, with invisible places to break in words of more than `widest` em.

    Raises `UnprintableText` for a character that has no ink: a print-out must not be able to hide what its data says.
    """
    clean = tidy(text)
    if not clean.isprintable():
        # Controls, format marks, lone surrogates, private use, unassigned; of separators `tidy` leaves spaces alone.
        raise UnprintableText(next(character for character in clean if not character.isprintable()), clean)
    return " ".join(_breakable(word, widest) for word in clean.split(" "))


def _breakable(word: str, widest: float) -> str:
    if len(word) <= widest or sum(map(_em, word)) <= widest:  # no letter is wider than 1 em
        return word
    pieces, width = [""], 0.0
    for character in word:
        width += _em(character)
        if width > widest:
            pieces.append("")
            width = _em(character)
        pieces[-1] += character
    return _BREAK.join(pieces)


def _em(character: str) -> float:
    """About how wide a letter is in Times, erring on the wide side."""
    if unicodedata.combining(character):
        return 0.0
    if character in "MW%@—…":
        return 1.0
    if character.isupper():
        return 0.78
    return 0.8 if character in "mw" else 0.52
