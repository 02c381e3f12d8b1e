# SPDX-License-Identifier: Apache-2.0

"""Empty signature fields, laid out before anybody signs.

Where they are is the template's business alone: it marks each place with a link to `hocba:field/NAME`, and this
module turns that very link annotation into a signature field, so that the rectangle cannot drift from the page around
it. The structure tree must not refer to a field: pyHanko's difference policy then takes every later signature for a
change of the tree, and calls the earlier ones invalid. A screen reader finds a field by the text in its `/TU`.

Each field locks itself and nothing else when it is signed (`Include` its own name, without `/P`): of the locks that
were tried this is the one which every later signature and document timestamp leaves valid. Nothing but signing
follows: the file is rewritten once, in one revision, with an identifier that depends on its content alone.
"""

import io
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from ledger.paper.errors import LayoutError


class FieldName(StrEnum):
    """The three places for signatures, by their names in the ministry's XML, in the order of signing."""

    HOMEROOM_TEACHER = "GVCN"
    HEAD = "CBQL"
    SEAL = "KY_PHAT_HANH"


UNIT_FIELDS = (FieldName.HOMEROOM_TEACHER, FieldName.HEAD, FieldName.SEAL)
"""Who signs the paper of a unit."""

BOOKLET_FIELDS = (FieldName.HEAD, FieldName.SEAL)
"""Who signs a booklet's cover document. Only the seal has to; the head's place may stay empty."""

CONFIRMATION_FIELDS = BOOKLET_FIELDS
"""Who signs a confirmation of results in mid-year. Here both have to (QĐ 1789/QĐ-SGDĐT, Điều 22.2)."""

ROLES: Mapping[FieldName, str] = MappingProxyType(
    {
        FieldName.HOMEROOM_TEACHER: "Chữ ký số của giáo viên chủ nhiệm",
        FieldName.HEAD: "Chữ ký số của Hiệu trưởng (cán bộ quản lí)",
        FieldName.SEAL: "Chữ ký số của nhà trường (ký phát hành)",
    }
)
"""What a screen reader says at each field (`/TU`)."""

MARK = "hocba:field/"
"""How the template marks a place: a link to this, followed by the field's name."""

PRINT_AND_LOCKED = 132
"""Annotation flags: PDF/A asks for Print; Locked keeps the box where it was laid out."""

SIGNATURES_EXIST_AND_APPEND_ONLY = 3
"""`/SigFlags` of the form."""


@dataclass(frozen=True)
class FieldBox:
    """Where a field is, in PDF points from the lower left corner of its page."""

    name: FieldName
    page: int
    """Counted from 0."""
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """In points."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """In points."""
        return self.y1 - self.y0


def lay_out(pdf: bytes, *, expected: Collection[FieldName] = UNIT_FIELDS) -> bytes:
    """`pdf` with its marked places turned into empty signature fields.

    Raises `LayoutError` unless each of the `expected` places is marked exactly once, and no other.
    """
    return lay_out_places(pdf, {name: ROLES[name] for name in expected})


def lay_out_places(pdf: bytes, expected: Mapping[str, str]) -> bytes:
    """The same for a paper that is no record's: its places by name, each with what a screen reader says there (`/TU`)."""
    with _opened(pdf, expected) as document:
        marks = [(name, page, link) for page in document.pages for name, link in _marks(page)]
        if sorted(name for name, _, _ in marks) != sorted(expected):
            raise LayoutError([name for name, _, _ in marks], list(expected))
        for name, page, link in marks:
            _turn_into_field(document, page, link, name, spoken=expected[name])
        for page in {page.objgen: page for _, page, _ in marks}.values():
            # Indirect, so that signing changes the array's entries and leaves the page object alone.
            page.obj.Annots = document.make_indirect(Array(list(page.obj.Annots)))
        fields = document.make_indirect(Array([link for _, _, link in marks]))
        document.Root.AcroForm = document.make_indirect(
            Dictionary({"/SigFlags": SIGNATURES_EXIST_AND_APPEND_ONLY, "/Fields": fields})
        )
        out = io.BytesIO()
        document.save(
            out,
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            preserve_pdfa=True,
        )
    return out.getvalue()


def boxes(pdf: bytes, *, expected: Collection[FieldName] = UNIT_FIELDS) -> Mapping[FieldName, FieldBox]:
    """Where the signature fields of a laid-out paper are, signed or not.

    Raises `LayoutError` unless each of the `expected` fields is there exactly once, and no other of ours.
    """
    found = []
    with _opened(pdf, expected) as document:
        for number, page in enumerate(document.pages):
            for annotation in page.obj.get("/Annots", Array()):
                if annotation.get("/FT") == Name.Sig and str(annotation.get("/T", "")) in list(FieldName):
                    x0, y0, x1, y1 = (float(value) for value in annotation.Rect)
                    found.append(FieldBox(FieldName(str(annotation.T)), number, x0, y0, x1, y1))
    if sorted(box.name for box in found) != sorted(expected):
        raise LayoutError([box.name for box in found], list(expected))
    return MappingProxyType({box.name: box for box in found})


def box(pdf: bytes, name: FieldName) -> FieldBox:
    """Where one signature field of a laid-out paper is: a unit's, a booklet's or a confirmation's. Raises `LayoutError`."""
    for expected in (UNIT_FIELDS, BOOKLET_FIELDS):
        if name in expected:
            with suppress(LayoutError):
                return boxes(pdf, expected=expected)[name]
    raise LayoutError([], [name])


def _opened(pdf: bytes, expected: Collection[str]) -> pikepdf.Pdf:
    try:
        return pikepdf.open(io.BytesIO(pdf))
    except pikepdf.PdfError as error:
        raise LayoutError([], list(expected)) from error


def _marks(page: pikepdf.Page) -> list[tuple[str, Any]]:
    marks = []
    for annotation in page.obj.get("/Annots", Array()):
        address = str(annotation.get("/A", Dictionary()).get("/URI", ""))
        if address.startswith(MARK):
            marks.append((address.removeprefix(MARK), annotation))
    return marks


def _turn_into_field(
    document: pikepdf.Pdf,
    page: pikepdf.Page,
    link: Any,  # noqa: ANN401 - pikepdf's own
    name: str,
    *,
    spoken: str,
) -> None:
    x0, y0, x1, y1 = (float(value) for value in link.Rect)
    for key in ("/A", "/Border", "/Contents"):
        if key in link:
            del link[key]
    # PDF/A wants an appearance even of a field that shows nothing yet.
    form = {"/Type": Name.XObject, "/Subtype": Name.Form, "/BBox": [0, 0, x1 - x0, y1 - y0], "/Resources": Dictionary()}
    link.Subtype = Name.Widget
    link.FT = Name.Sig
    link.T = String(name)
    link.TU = String(spoken)
    link.F = PRINT_AND_LOCKED
    link.P = page.obj
    link.AP = Dictionary({"/N": document.make_stream(b"", form)})
    link.Lock = document.make_indirect(
        Dictionary({"/Type": Name.SigFieldLock, "/Action": Name.Include, "/Fields": [String(name)]})
    )
