# SPDX-License-Identifier: Apache-2.0

"""Files changed by chance, each change with a name: flips, cuts, splices, repeated sections, words of the format put in.

A mutation is drawn from a source of chance that the caller seeds, so that what it finds can be made again. Pure.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

WORDS: Final[Mapping[str, Sequence[bytes]]] = {
    "pdf": (
        b"endobj\n",
        b"endstream\n",
        b"stream\r\n",
        b"startxref\n0\n%%EOF\n",
        b"%%EOF\n",
        b"xref\n0 1\n0000000000 65535 f \n",
        b"trailer<</Root 1 0 R/Prev 0>>",
        b"/Prev 15",
        b"/Contents<",
        b">",
        b"<<",
        b">>",
        b"[" * 600,
        b"(" * 600,
        b"/ByteRange[0 1 2 3]",
        b"/Type/ObjStm/N 99999999/First 0",
        b"/Filter/FlateDecode",
        b"/Length 4294967296",
        b"1 0 R",
        b"99999999 0 R",
        b"-1",
        b"\x00" * 64,
        b"/Kids[1 0 R]",
        b"/Parent 1 0 R",
        b"/Type/XRef/W[1 8 2]/Size 2147483647/Index[0 2147483647]",
        b"/AcroForm<</Fields[]>>",
        b"/AA<</O<</S/JavaScript/JS(app.alert\\(1\\))>>>>",
        b"/DocMDP",
        b"/DSS<<>>",
        b"/Encrypt<</Filter/Standard/V 5>>",
    ),
    "xml": (
        b"<",
        b">",
        b"&",
        b"</",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"<?x ?>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
        b"&b;",
        b"&#0;",
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x">',
        b' Id="data"',
        b" xmlns=''",
        b"<HOC_BA>",
        b"</HOC_BA>",
        b"<a>" * 600,
        b'<Reference URI="">',
        b'<Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>',
        b"\xff\xfe",
        b"\x00",
    ),
    "receipt": (
        b"{",
        b"}",
        b"[" * 600,
        b'"',
        b",",
        b":",
        b"null",
        b"true",
        b"1e999",
        b"-0",
        b'"root":"0x00",',
        b'"format":"hocba-receipt/1",',
        b"\\u0000",
        b"\xed\xa0\x80",
        b"NaN",
        b"9" * 400,
    ),
}
"""By kind of file: what a parser stumbles over when it stands where it should not."""

Mutation = Callable[[bytes, bytes, str, random.Random], bytes]


def flip(data: bytes, _other: bytes, _kind: str, chance: random.Random) -> bytes:
    """One to eight bits the other way."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def overwrite(data: bytes, _other: bytes, _kind: str, chance: random.Random) -> bytes:
    """Noise over a few bytes."""
    start, noise = chance.randrange(len(data)), chance.randbytes(chance.randint(1, 64))
    return data[:start] + noise + data[start + len(noise) :]


def cut_end(data: bytes, _other: bytes, _kind: str, chance: random.Random) -> bytes:
    """Nothing after some place."""
    return data[: chance.randrange(len(data))]


def cut_out(data: bytes, _other: bytes, _kind: str, chance: random.Random) -> bytes:
    """A piece is missing."""
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[:start] + data[end:]


def repeat(data: bytes, _other: bytes, _kind: str, chance: random.Random) -> bytes:
    """A section stands there several times."""
    start = chance.randrange(len(data))
    piece = data[start : start + chance.choice((16, 256, 4096, 65536))]
    return data[:start] + piece * chance.randint(2, 5) + data[start + len(piece) :]


def splice(data: bytes, other: bytes, _kind: str, chance: random.Random) -> bytes:
    """It begins as one file and ends as the other."""
    return data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]


def put_in(data: bytes, _other: bytes, kind: str, chance: random.Random) -> bytes:
    """A word of the format where it should not be."""
    start = chance.randrange(len(data))
    return data[:start] + chance.choice(WORDS[kind]) + data[start:]


def put_over(data: bytes, _other: bytes, kind: str, chance: random.Random) -> bytes:
    """The same with offsets kept."""
    start, word = chance.randrange(len(data)), chance.choice(WORDS[kind])
    return data[:start] + word + data[start + len(word) :]


def append(data: bytes, other: bytes, kind: str, chance: random.Random) -> bytes:
    """Something behind the end."""
    return data + chance.choice((chance.choice(WORDS[kind]), b"\n", b" ", b"\x00", other[-4096:], data[-4096:], other))


def swap_number(data: bytes, _other: bytes, _kind: str, chance: random.Random) -> bytes:
    """One digit is another, where there are digits: offsets, lengths, marks."""
    start = chance.randrange(len(data))
    place = next((at for at in (*range(start, len(data)), *range(start)) if 0x30 <= data[at] <= 0x39), None)  # noqa: PLR2004
    if place is None:
        return flip(data, _other, _kind, chance)
    other = chance.choice([digit for digit in b"0123456789" if digit != data[place]])
    return data[:place] + bytes([other]) + data[place + 1 :]


MUTATIONS: Final[tuple[Mutation, ...]] = (
    flip, overwrite, cut_end, cut_out, repeat, splice, put_in, put_over, append, swap_number,
)  # fmt: skip


def mutated(data: bytes, other: bytes, kind: str, chance: random.Random) -> tuple[str, bytes]:
    """`data` after one to three mutations, and their names; never the same bytes again, nor those of `other`."""
    while True:
        names, changed = [], data
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            mutation = chance.choice(MUTATIONS)
            changed = mutation(changed, other, kind, chance) or b"\n"
            names.append(mutation.__name__)
        if changed not in (data, other):
            return "+".join(names), changed
