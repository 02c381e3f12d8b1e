# SPDX-License-Identifier: Apache-2.0

"""Tables as CSV (RFC 4180) that a spreadsheet may open: no cell becomes a formula, and what was written can be read back.

A name in a record is whatever somebody typed. A cell that begins with = + - @ would run as a formula on the computer of whoever
opens the file, so it gets an apostrophe before it, which spreadsheets take for "this is text". Where the list separator of a
computer is a semicolon, as it is wherever decimals have a comma, Excel cuts a line there and not at our commas: whatever would
begin a formula after a semicolon gets an apostrophe too.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = frozenset("=+-@＝＋－＠")
"""What begins a formula; the wide forms do where East Asian input is set up."""

_APOSTROPHE = "'"
_CUT = re.compile(r""";(?=[\s"]*[=+\-@＝＋－＠]|')""")
"""A semicolon after which a formula would begin, quotes and spaces left out; or an apostrophe that is somebody's own."""

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the computer's own code page, and Vietnamese turns to rubbish."""


def safe(text: str) -> str:
    """`text` as a cell that no spreadsheet runs; `plain` undoes it. Line breaks and tabs become spaces."""
    line = " ".join(text.split()) if not text.isprintable() else text
    line = _CUT.sub(";'", line)
    return _APOSTROPHE + line if line.lstrip()[:1] in _FORMULA | {_APOSTROPHE} else line


def plain(cell: str) -> str:
    """The text that `safe` made a cell of."""
    return (cell[1:] if cell[:1] == _APOSTROPHE else cell).replace(";'", ";")


def line(cells: Iterable[str]) -> str:
    """One row, made safe, as one line of CSV with its line end."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow([safe(cell) for cell in cells])
    return written.getvalue()


def cells(row: str, *, columns: Sequence[str]) -> dict[str, str] | None:
    """What stands in a line that `line` wrote, by column; None for a line that is torn or not ours."""
    if not row.endswith("\n"):
        return None
    read = next(csv.reader([row]), [])
    return dict(zip(columns, map(plain, read), strict=True)) if len(read) == len(columns) else None
