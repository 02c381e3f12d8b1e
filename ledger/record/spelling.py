# SPDX-License-Identifier: Apache-2.0

r"""One spelling for text that arrives in many.

The same heading reaches us as `Họ và tên`, as `HO VA TEN`, with a line break in the middle, and with its accents taken
apart (Unicode NFD, which macOS and some exporters write). Two functions are enough for all of it: `clean` for what is
kept, `folded` for what is only compared.

Example::

    folded("Họ\nvà tên ") == folded("HO VA TEN") == "hovaten"
"""

import unicodedata


def clean(text: str) -> str:
    """Return `text` in NFC, without control characters, its runs of white space made single, its ends trimmed.

    Apostrophes, hyphens and inner spaces stay: H'Hen Niê and Park Ji-hoon are names as they are written.
    """
    composed = unicodedata.normalize("NFC", text)
    if composed.isprintable():  # Nearly all cells of nearly all sheets: none of what follows is in them.
        return unicodedata.normalize("NFC", " ".join(composed.split()))
    # Format characters (Cf: zero-width space, byte-order mark) are invisible, so they could only ever make two
    # names that look the same differ; surrogates and unassigned points cannot be written as XML at all.
    visible = "".join(" " if _category(c) == "Cc" else c for c in composed if _category(c) not in _INVISIBLE)
    # What was between two marks may now be adjacent to another, so compose once more.
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def folded(text: str) -> str:
    """Return the letters and digits of `text` alone, lower case and without accents: a key for comparing."""
    apart = unicodedata.normalize("NFKD", text.lower().replace("đ", "d"))
    return "".join(c for c in apart if c.isalnum())


_INVISIBLE = frozenset({"Cf", "Cs", "Co", "Cn"})


def _category(character: str) -> str:
    return unicodedata.category(character)
