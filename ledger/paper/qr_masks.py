# SPDX-License-Identifier: Apache-2.0

"""Which of the eight masks makes a QR code easiest to read (ISO/IEC 18004, 7.8.3).

The qrcode package draws the code eight times and walks over every module of each. Here it is drawn once, and the whole
matrix is one integer, a bit for each module: a pattern is then found everywhere at once by shifting and AND-ing, along
rows by one bit and along columns by one row. Rows are one bit wider than the matrix; that last bit belongs to no module
and is cleared wherever a pattern must not run over the edge.

The points are the package's to the last one, its shortcuts included, so that the drawing of an address never changes:
a paper that is printed again must come out the same. A property test holds both against each other.
"""

import functools

import qrcode

RUN = 5
"""From how many equal modules in a line a run costs points."""

FIRST_WITH_ITS_NUMBER = 7
"""From this version on a code tells its version."""

FINDERS = ("10111010000", "00001011101")
"""What looks like the corner of a QR code, with its light margin."""

SKIPPING = len(FINDERS[0]) - 1
"""The package looks one module further on after it met a dark one this far ahead."""


def draw_clearest(code: qrcode.QRCode) -> list[list[bool]]:
    """The modules of `code`, whose version and data are settled, under the mask with the fewest points of annoyance."""
    side = code.version * 4 + 17
    code.makeImpl(True, 0)
    drawn = _packed(code.modules, side)
    masks = _masks(code.version)
    # A trial leaves the format bits light under every mask, so the data alone are judged.
    number = min(range(len(masks)), key=lambda other: (_points(drawn ^ masks[0] ^ masks[other], side), other))
    code.modules = _unpacked(drawn ^ masks[0] ^ masks[number], side)
    code.setup_type_info(False, number)
    if code.version >= FIRST_WITH_ITS_NUMBER:
        code.setup_type_number(False)
    rows: list[list[bool]] = code.modules
    return rows


def _packed(rows: list[list[bool]], side: int) -> int:
    """The matrix as one integer: module (row, column) is bit row * (side + 1) + column."""
    text = "".join("0" + "".join("1" if dark else "0" for dark in reversed(row)) for row in reversed(rows[:side]))
    return int(text, 2)


def _unpacked(drawn: int, side: int) -> list[list[bool]]:
    text = f"{drawn:0{(side + 1) * side}b}"[::-1]
    return [[module == "1" for module in text[start : start + side]] for start in range(0, len(text), side + 1)]


@functools.cache
def _masks(version: int) -> tuple[int, ...]:
    """What each mask flips in a code of `version`: data modules alone, as the package places them."""
    side = version * 4 + 17
    # Of all-zero data every module is dark exactly where the mask says so; the fixed patterns are in all eight alike.
    drawings = []
    for number in range(8):
        blank = qrcode.QRCode(version=version, border=0)
        blank.data_cache = [0] * (side * side // 8 + 1)
        blank.makeImpl(True, number)
        drawings.append(_packed(blank.modules, side))
    fixed = functools.reduce(lambda one, other: one & other, drawings)
    return tuple(drawing & ~fixed for drawing in drawings)


def _points(dark: int, side: int) -> int:
    line = side + 1
    inside = _field(side, side, line)
    light = inside & ~dark
    total = 0
    for colour in (dark, light):
        for step in (1, line):
            long = colour
            for shift in range(1, RUN):
                long &= colour >> (step * shift)
            # A run of n shows n - 4 times, and once as a place without a run before it: n - 2 points.
            total += long.bit_count() + 2 * (long & ~(long << step)).bit_count()
        pairs = colour & (colour >> 1)
        total += 3 * (pairs & (pairs >> line)).bit_count()
    total += 40 * (_finders(dark, light, side, 1, line) + _finders(dark, light, side, line, 1))
    return total + 10 * int(abs(dark.bit_count() / side**2 * 100 - 50) / 5)


def _finders(dark: int, light: int, side: int, step: int, across: int) -> int:
    """How many finder-like patterns the package counts along lines of `step`."""
    reach = side - SKIPPING
    starts = _field(reach, side, across) if step == 1 else _field(side, reach, step)
    found = 0
    for pattern in FINDERS:
        here = starts
        for place, module in enumerate(pattern):
            here &= (dark if module == "1" else light) >> (step * place)
        found |= here
    # The package never looks at a place right after one that it looked at and that had a dark module ten ahead.
    ahead = (dark >> (step * SKIPPING)) & starts
    return sum(_looked_at(bit, ahead, starts, step) for bit in _bits(found))


def _looked_at(bit: int, ahead: int, starts: int, step: int) -> bool:
    """Whether the package's walk stops at `bit`: behind it stands an even number of dark modules in a row."""
    run = 0
    bit -= step
    while bit >= 0 and (starts >> bit) & 1 and (ahead >> bit) & 1:
        run += 1
        bit -= step
    return run % 2 == 0


def _bits(number: int) -> list[int]:
    places = []
    while number:
        lowest = number & -number
        places.append(lowest.bit_length() - 1)
        number ^= lowest
    return places


@functools.cache
def _field(columns: int, rows: int, line: int) -> int:
    """A rectangle of ones from the first module, in rows of `line` bits."""
    row = (1 << columns) - 1
    return sum(row << (line * number) for number in range(rows))
