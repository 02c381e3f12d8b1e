# SPDX-License-Identifier: Apache-2.0

"""QR codes as vector drawings.

The matrix comes from the qrcode package; it is drawn as one SVG path, so that it is sharp at any size and costs the
PDF a few kilobytes. Error correction M (15 %) survives folds and stamps on paper and keeps the modules large.

Which of the eight masks reads best is judged in `ledger.paper.qr_masks`, by the package's own measure but ten times as
fast: in the package that choice takes nine tenths of the time.
"""

from dataclasses import dataclass

import qrcode
from qrcode.constants import ERROR_CORRECT_M

from ledger.paper.errors import QrTooDense
from ledger.paper.qr_masks import draw_clearest

QUIET_ZONE = 4
"""Light modules on each side; ISO/IEC 18004 asks for four."""

MODULE_MM = 0.35
"""Smallest module that old phones read reliably off a laser print, in millimetres."""

SMALLEST_MM = 30.0
"""Side of a QR with little in it, quiet zone included, in millimetres."""

LARGEST_LENGTH = 666
"""Bytes that version 20-M holds (ISO/IEC 18004, table 7): 97 modules, 36.75 mm with the quiet zone. Beyond, a crumpled
print-out stops being readable."""


@dataclass(frozen=True)
class QrDrawing:
    """A QR code, ready to be placed."""

    svg: str
    """The drawing, quiet zone included, one unit per module."""
    modules: int
    """Modules along one side, without the quiet zone."""
    side_mm: float
    """How large to print it, quiet zone included."""


def draw(data: str) -> QrDrawing:
    """The QR of `data`. Raises `QrTooDense` if it would be too fine to scan."""
    length = len(data.encode())
    if length > LARGEST_LENGTH:
        raise QrTooDense(length, LARGEST_LENGTH)
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    # Splitting the text into numeric and alphanumeric runs saves nothing on an address with a base64url fragment.
    code.add_data(data, optimize=0)
    code.best_fit()
    rows = draw_clearest(code)
    side = len(rows) + 2 * QUIET_ZONE
    path = "".join(_runs(row, y + QUIET_ZONE) for y, row in enumerate(rows))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"><path d="{path}"/></svg>'
    return QrDrawing(svg=svg, modules=len(rows), side_mm=max(SMALLEST_MM, side * MODULE_MM))


def _runs(row: list[bool], y: int) -> str:
    """One rectangle for each run of dark modules: fewer shapes, and no hairlines between neighbours."""
    pieces, start = [], None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            pieces.append(f"M{start + QUIET_ZONE} {y}h{x - start}v1h{start - x}z")
            start = None
    return "".join(pieces)
