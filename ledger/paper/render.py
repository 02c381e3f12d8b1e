# SPDX-License-Identifier: Apache-2.0

"""From content to the PDF that people will sign.

The file is a tagged PDF/A-3b: pages, QR, the record's XML as attachment, three empty signature fields; the same
arguments give the same bytes. It is not signed, and nothing in it says that it was issued.

A template is kept for ever once a school has signed what it drew; changing how a unit looks means a new file with the
next version number beside the old one.

Example::

    pdf = render_unit(content, record_xml=xml, qr_url="https://tracuu.example.vn/q/...#...", created=now)
    places = fields.boxes(pdf)
"""

from datetime import datetime
from typing import Final
from urllib.parse import urldefrag

from ledger.paper import fields, qr
from ledger.paper.content import PaperUnit
from ledger.paper.errors import AttachmentRefused, UnprintableText
from ledger.paper.typesetter import compile_pdf

UNIT_THCS: Final = "unit_thcs_v1.typ"
"""The lower secondary form (Thông tư 22/2021/TT-BGDĐT), our first version."""

ATTACHMENT: Final = "record.xml"
"""What the record is called among the PDF's attachments."""


def render_unit(
    content: PaperUnit, *, record_xml: bytes, qr_url: str, created: datetime, template: str = UNIT_THCS
) -> bytes:
    """The unsigned paper of one unit.

    `record_xml` is attached as it is, byte for byte, as the source of the pages. `qr_url` is the whole address for
    the QR; beside it the address is printed without its fragment, short enough to type. `created` (with a zone) is
    the only time that goes into the file.

    Raises a `ContentRefused` if something cannot be printed faithfully.
    """
    try:
        record = record_xml.decode()
    except UnicodeDecodeError as error:
        raise AttachmentRefused from error
    if not record:
        raise AttachmentRefused
    code = qr.draw(qr_url)
    inputs = {
        "content": content.as_json(),
        "record": record,
        "qr": code.svg,
        "qr_side": f"{code.side_mm:.2f}",
        "address": urldefrag(qr_url).url,
    }
    try:
        pdf = compile_pdf(template, inputs, created=created)
    except UnprintableText as error:
        raise UnprintableText(error.character, content.text_with(error.character)) from error
    return fields.lay_out(pdf)
