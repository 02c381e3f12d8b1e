# SPDX-License-Identifier: Apache-2.0

"""The library's own steps, with the same results in less time: nothing is checked less, or later, or by another rule.

Half of what stock pyHanko spends on a record goes into doing the same again (PERFORMANCE.md, section 2):

* a hexadecimal string, such as a signature of 16 kB, is read digit by digit, with a call for each;
* an object in an object stream is found by parsing the stream's whole table of contents, once for each object;
* names of issuers are prepared for comparison (RFC 4518) each time that they are compared, some ten thousand times a file.

Here the first is read at once where it is plain, and left to the library where it is not; the table is parsed once, as far as
it is needed; and what a name comes to is remembered until `forget`, which follows each file, so that nobody's name outlives the
file it stood in. `tests/property/test_quicker.py` holds each of them to what the library says, errors included.
"""

import binascii
import functools
import io
from dataclasses import dataclass, field
from typing import Any, Final

from asn1crypto import x509
from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.reader import PdfFileReader

STOCK_READ_HEX: Final = generic.read_hex_string_from_stream
STOCK_PREPARE: Final = x509.NameTypeAndValue._ldap_string_prep  # noqa: SLF001
STOCK_HASHABLE: Final = x509.RDNSequence.hashable.fget
STOCK_EQUAL: Final = x509.RDNSequence.__eq__

_DIGITS_AND_BLANKS: Final = b"0123456789abcdefABCDEF \n\r\t\x00"
_BLANKS: Final = b" \n\r\t\x00"
FIRST_BLOCK: Final = 128
LARGEST_BLOCK: Final = 1 << 20
_NAMES_KEPT: Final = 4096
_LONGEST_NAME_KEPT: Final = 4096


def read_hex_string(stream: Any) -> Any:  # noqa: ANN401 - the library's own types
    """What `generic.read_hex_string_from_stream` returns, block by block. Comments and rubbish are left to the library."""
    start = stream.tell()
    stream.read(1)
    digits, size = [], FIRST_BLOCK
    while block := stream.read(size):
        rest = block.lstrip(_DIGITS_AND_BLANKS)
        digits.append(block[: len(block) - len(rest)])
        if rest:
            if not rest.startswith(b">"):
                break
            stream.seek(1 - len(rest), io.SEEK_CUR)
            found = b"".join(digits).translate(None, _BLANKS)
            return generic.pdf_string(binascii.unhexlify(found + b"0" if len(found) % 2 else found))
        size = min(2 * size, LARGEST_BLOCK)
    stream.seek(start)
    return STOCK_READ_HEX(stream)


@dataclass
class _Contents:
    """How far an object stream's table of contents has been read."""

    stream: generic.StreamObject
    data: io.BytesIO
    read: int = 0
    position: int = 0
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Number of an object to the index and offset at which it is named first."""


class Reader(PdfFileReader):
    """The library's reader, which reads each object stream's table of contents once."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - handed through
        self._tables: dict[int, _Contents] = {}
        super().__init__(*arguments, **options)

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> Any:  # noqa: ANN401
        stream = generic.Reference(stmnum, 0, self).get_object()
        if not (isinstance(stream, generic.StreamObject) and stream["/Type"] == "/ObjStm" and self.strict):
            return self._as_stock(idnum, stmnum, idx)
        count, first = stream["/N"], stream["/First"]
        if not (isinstance(count, int) and isinstance(first, int) and 0 <= idx < count):
            return self._as_stock(idnum, stmnum, idx)
        table = self._tables.get(stmnum)
        if table is None or table.stream is not stream:
            data = io.BytesIO(stream.read_data(DecodePurpose.OBJECT_STREAM))
            table = self._tables[stmnum] = _Contents(stream, data)
        place = self._place(table, idnum, count)
        if place is None or place[0] != idx:
            return self._as_stock(idnum, stmnum, idx)  # Which says what is wrong with it.
        try:
            table.data.seek(first + place[1])
            found = generic.read_object(table.data, generic.Reference(idnum, 0, self))
            if isinstance(found, generic.StreamObject | generic.IndirectObject):
                return self._as_stock(idnum, stmnum, idx)
            misc.read_non_whitespace(table.data, seek_back=True, allow_eof=True)  # type: ignore[no-untyped-call]
        except (misc.PdfStreamError, misc.PdfReadError):
            return self._as_stock(idnum, stmnum, idx)
        return found

    def _as_stock(self, idnum: int, stmnum: int, idx: int) -> Any:  # noqa: ANN401
        return super()._get_object_from_stream(idnum, stmnum, idx)  # type: ignore[no-untyped-call]

    @staticmethod
    def _place(table: _Contents, idnum: int, count: int) -> tuple[int, int] | None:
        """Where the table names `idnum`, reading on in it; None when it does not, or cannot be read so far."""
        data = table.data
        data.seek(table.position)
        while idnum not in table.places and table.read < count:
            try:
                misc.read_non_whitespace(data, seek_back=True)  # type: ignore[no-untyped-call]
                number = generic.NumberObject.read_from_stream(data)  # type: ignore[no-untyped-call]
                misc.read_non_whitespace(data, seek_back=True)  # type: ignore[no-untyped-call]
                offset = generic.NumberObject.read_from_stream(data)  # type: ignore[no-untyped-call]
                misc.read_non_whitespace(data, seek_back=True)  # type: ignore[no-untyped-call]
            except (ValueError, misc.PdfError):
                return None
            if not (isinstance(number, int) and isinstance(offset, int)):
                return None
            table.places.setdefault(number, (table.read, offset))
            table.read, table.position = table.read + 1, data.tell()
        return table.places.get(idnum)


@functools.lru_cache(_NAMES_KEPT)
def _prepared(text: str) -> str:
    found: str = STOCK_PREPARE(None, text)
    return found


def prepare(_self: x509.NameTypeAndValue, text: str) -> str:
    """What `NameTypeAndValue._ldap_string_prep` returns, which depends on the text alone."""
    return _prepared(text) if len(text) <= _LONGEST_NAME_KEPT else str(STOCK_PREPARE(None, text))


class _Hashables(dict[bytes, str]):
    """Names by their DER, which says all that there is to a name."""


_hashables: Final = _Hashables()
_equals: Final[dict[tuple[bytes, bytes], bool]] = {}


def hashable(self: x509.RDNSequence) -> str:
    """What `RDNSequence.hashable` returns."""
    der = self.contents
    found = _hashables.get(der)
    if found is None:
        found = STOCK_HASHABLE(self)
        if len(der) <= _LONGEST_NAME_KEPT and len(_hashables) < _NAMES_KEPT:
            _hashables[der] = found
    return found


def equal(self: x509.RDNSequence, other: object) -> bool:
    """What `RDNSequence.__eq__` returns."""
    if not isinstance(other, x509.RDNSequence):
        return False
    ders = self.contents, other.contents
    found = _equals.get(ders)
    if found is None:
        found = bool(STOCK_EQUAL(self, other))
        if max(map(len, ders)) <= _LONGEST_NAME_KEPT and len(_equals) < _NAMES_KEPT:
            _equals[ders] = found
    return found


def forget() -> None:
    """Lets go of every name. To be called after each file."""
    _prepared.cache_clear()
    _hashables.clear()
    _equals.clear()


def apply() -> None:
    """Put them in force for this process. Doing it twice changes nothing."""
    # setattr, because none of them is meant to be replaced: that is the point.
    setattr(generic, "read_hex_string_from_stream", read_hex_string)  # noqa: B010
    setattr(x509.NameTypeAndValue, "_ldap_string_prep", prepare)  # noqa: B010
    setattr(x509.RDNSequence, "hashable", property(hashable))  # noqa: B010
    setattr(x509.RDNSequence, "__eq__", equal)  # noqa: B010
