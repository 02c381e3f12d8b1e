# SPDX-License-Identifier: Apache-2.0

"""From content to the PDF that people will sign.

The file is a tagged PDF/A-3b: pages, QR, the record's XML as attachment, empty signature fields (three for a unit, two
for a booklet's cover document and for a confirmation, which has no QR: no chain knows of it); the same arguments give the
same bytes. It is not signed, and nothing in it says that
it was issued.

A template is kept for ever once a school has signed what it drew; changing how a paper looks means a new file with the
next version number beside the old one, and a new entry in `TEMPLATES`. Printing again what was issued long ago names
the old one.

Example::

    pdf = render_unit(content, record_xml=xml, qr_url="https://tracuu.example.vn/q/...#...", created=now)
    places = fields.boxes(pdf)
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urldefrag

from ledger.paper import fields, qr
from ledger.paper.content import PaperBooklet, PaperConfirmation, PaperUnit
from ledger.paper.errors import AttachmentRefused, UnprintableText
from ledger.paper.fields import BOOKLET_FIELDS, CONFIRMATION_FIELDS, UNIT_FIELDS, FieldName
from ledger.paper.typesetter import compile_pdf
from ledger.record.subjects import Level

UNIT_THCS_V1: Final = "unit_thcs_v1.typ"
"""The lower secondary form (Thông tư 22/2021/TT-BGDĐT), our first version; kept for papers that it drew."""

UNIT_SECONDARY: Final = "unit_secondary_v2.typ"
"""The form of both secondary levels (Thông tư 22/2021/TT-BGDĐT)."""

UNIT_PRIMARY: Final = "unit_primary_v1.typ"
"""The primary form (Thông tư 27/2020/TT-BGDĐT; as displayed by Công văn 2088/BGDĐT-GDTH, Phụ lục 2)."""

BOOKLET: Final = "booklet_v1.typ"
"""The cover document of all units of one pupil at one level."""

CONFIRMATION: Final = "confirmation_v1.typ"
"""What the old school confirms of a pupil who leaves in mid-year (QĐ 1789/QĐ-SGDĐT, Điều 22.2)."""

TEMPLATES: Mapping[Level, str] = MappingProxyType(
    {Level.TH: UNIT_PRIMARY, Level.THCS: UNIT_SECONDARY, Level.THPT: UNIT_SECONDARY}
)
"""The newest form of a unit, for each level."""

ATTACHMENT: Final = "record.xml"
"""What the record is called among the PDF's attachments."""


def render_unit(
    content: PaperUnit, *, record_xml: bytes, qr_url: str, created: datetime, template: str | None = None
) -> bytes:
    """The unsigned paper of one unit.

    `record_xml` is attached as it is, byte for byte, as the source of the pages. `qr_url` is the whole address for
    the QR; beside it the address is printed without its fragment, short enough to type. `created` (with a zone) is
    the only time that goes into the file. `template` is the newest of the content's level unless one is named.

    Raises a `ContentRefused` if something cannot be printed faithfully.
    """
    named = template or TEMPLATES[content.level]
    return _render(content, named, UNIT_FIELDS, record_xml=record_xml, qr_url=qr_url, created=created)


def render_booklet(
    content: PaperBooklet, *, record_xml: bytes, qr_url: str, created: datetime, template: str = BOOKLET
) -> bytes:
    """The unsigned cover document of one booklet; arguments and errors as in `render_unit`."""
    return _render(content, template, BOOKLET_FIELDS, record_xml=record_xml, qr_url=qr_url, created=created)


def render_confirmation(
    content: PaperConfirmation, *, record_xml: bytes, created: datetime, template: str = CONFIRMATION
) -> bytes:
    """The unsigned confirmation of a pupil's results so far; arguments and errors as in `render_unit`."""
    return _laid_out(content, template, CONFIRMATION_FIELDS, record_xml=record_xml, created=created, more={})


def _render(
    content: PaperUnit | PaperBooklet,
    template: str,
    expected: Collection[FieldName],
    *,
    record_xml: bytes,
    qr_url: str,
    created: datetime,
) -> bytes:
    code = qr.draw(qr_url)
    more = {"qr": code.svg, "qr_side": f"{code.side_mm:.2f}", "address": urldefrag(qr_url).url}
    return _laid_out(content, template, expected, record_xml=record_xml, created=created, more=more)


def _laid_out(
    content: PaperUnit | PaperBooklet | PaperConfirmation,
    template: str,
    expected: Collection[FieldName],
    *,
    record_xml: bytes,
    created: datetime,
    more: Mapping[str, str],
) -> bytes:
    try:
        record = record_xml.decode()
    except UnicodeDecodeError as error:
        raise AttachmentRefused from error
    if not record:
        raise AttachmentRefused
    try:
        pdf = compile_pdf(template, {"content": content.as_json(), "record": record, **more}, created=created)
    except UnprintableText as error:
        raise UnprintableText(error.character, content.text_with(error.character)) from error
    return fields.lay_out(pdf, expected=expected)
