# SPDX-License-Identifier: Apache-2.0

"""Everything that `ledger.record` raises on purpose.

* RecordError
  x UnknownRulebook     no circular that we know covers this school year
  x Unwritable          the record lacks something that the ministry's format demands
  x Unreadable          these bytes are no học bạ of ours, or are not safe to read
    + Hostile           the document is built to hurt or deceive whoever reads it: DTD, encoding, depth, size, hidden or
                        doubled parts, whatever leads outside the file

A mistake in a school's marks is never an exception: it is a `Finding`. Anything else that leaves this package is a bug.
"""


class RecordError(Exception):
    """The root of the tree; carries what to tell a person, in Vietnamese and in English.

    `remedy`, in both languages, is put behind it, for words that do not end in one themselves.
    """

    def __init__(self, vi: str, en: str, *, remedy: tuple[str, str] | None = None) -> None:
        self.vi, self.en = (vi, en) if remedy is None else (f"{vi} {remedy[0]}", f"{en} {remedy[1]}")
        super().__init__(self.en)


class UnknownRulebook(RecordError):
    """Raised when no circular that we know covers this level and school year."""


class Unwritable(RecordError):
    """Raised when a record lacks, or holds in an impossible form, something that the XML demands."""


class Unreadable(RecordError):
    """Raised when bytes cannot be read as a học bạ in a profile we know."""

    ORIGINAL = (
        "Hãy xin lại tệp gốc từ nhà trường, hoặc xuất lại tệp từ phần mềm của trường.",
        "Ask the school for the original file, or export it again from the school's software.",
    )
    """Whoever reads a file cannot mend it, so this is the remedy wherever no better one is known."""

    def __init__(self, vi: str, en: str, *, remedy: tuple[str, str] | None = ORIGINAL) -> None:
        super().__init__(vi, en, remedy=remedy)


class Hostile(Unreadable):
    """Raised when a document uses what no học bạ needs and an attacker does."""
