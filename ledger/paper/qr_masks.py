# SPDX-License-Identifier: Apache-2.0

"""Which of the eight masks makes a QR code easiest to read (ISO/IEC 18004, 7.8.3).

The qrcode package draws the code eight times and walks over every module of each. Here it is drawn once, and the whole
matrix is one integer, a bit for each module: a pattern is then found everywhere at once by shifting and AND-ing, along
rows by one bit and along columns by one row. Rows are one bit wider than the matrix; that last bit belongs to no module
and is cleared wherever a pattern must not run over the edge.

The points are the package's to the last one, so that the drawing of an address never changes: a paper that is printed
again must come out the same. Tests hold both against each other.
"""

import functools

import qrcode

RUN = 5
"""From how many equal modules in a line a run costs points."""

FIRST_WITH_ITS_NUMBER = 7
"""From this version on a code tells its version."""

FINDERS = ("10111010000", "00001011101")
"""What looks like the corner of a QR code, with its light margin."""


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


def points(rows: list[list[bool]]) -> int:
    """How hard `rows` are to read, in the package's points: 0 is best."""
    return _points(_packed(rows, len(rows)), len(rows))


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
    short = side - len(FINDERS[0]) + 1
    total += 40 * _finders(dark, light, _field(short, side, line), 1)
    total += 40 * _finders(dark, light, _field(side, short, line), line)
    return total + 10 * int(abs(dark.bit_count() / side**2 * 100 - 50) / 5)


def _finders(dark: int, light: int, starts: int, step: int) -> int:
    """How many finder-like patterns there are along lines of `step`, from any of `starts`."""
    found = 0
    for pattern in FINDERS:
        here = starts
        for place, module in enumerate(pattern):
            here &= (dark if module == "1" else light) >> (step * place)
        found |= here
    return found.bit_count()


@functools.cache
def _field(columns: int, rows: int, line: int) -> int:
    """A rectangle of ones from the first module, in rows of `line` bits."""
    row = (1 << columns) - 1
    return sum(row << (line * number) for number in range(rows))
