# SPDX-License-Identifier: Apache-2.0

"""The visible appearance of a signature: one page of a small PDF, drawn into the field 1:1."""

import io

from pyhanko.pdf_utils.content import ImportedPdfPage, PdfContent
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.stamp import StaticStampStyle


def stamp_style(stamp: bytes) -> StaticStampStyle:
    """How pyHanko is told to draw `stamp`; to be made anew for each signature, see `_StampPage`."""
    whole_field = SimpleBoxLayoutRule(
        x_align=AxisAlignment.ALIGN_MID, y_align=AxisAlignment.ALIGN_MID, margins=Margins(0, 0, 0, 0)
    )
    return StaticStampStyle(
        background=_StampPage(stamp), background_opacity=1, background_layout=whole_field, border_width=0
    )


class _StampPage(ImportedPdfPage):
    """A stamp's page from memory.

    To be made anew for each signature: it remembers resources of the file it was last drawn into, and a second file would
    get references that lead nowhere (SIGNING.md 1).
    """

    def __init__(self, pdf: bytes) -> None:
        PdfContent.__init__(self)
        self._pdf = pdf

    def render(self) -> bytes:
        """Copy the page into the file that is being written."""
        form = self._ensure_writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self._pdf)), page_ix=0)
        self.resources.xobject["/Stamp"] = form
        left, bottom, right, top = form.get_object()["/BBox"]
        self.box = BoxConstraints(width=abs(right - left), height=abs(top - bottom))
        return b"/Stamp Do"
