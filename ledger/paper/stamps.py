# SPDX-License-Identifier: Apache-2.0

"""What a signature shows on the page, drawn at the moment of signing.

Each stamp is a PDF of one page, as large as the field it will fill, transparent but for its ink, its fonts embedded.
It is a picture of a signature and proves nothing: the proof is the signature that lies beneath it.

Whoever fills a field with it must scale it 1:1 and without margins; pyHanko's default box layout adds some.

Example::

    box = fields.boxes(pdf)[FieldName.HEAD]
    stamp = stamp_pdf(StampKind.HEAD, name="Nguyễn Thị Minh Phương", role="Hiệu trưởng",
                      organisation="Trường THCS Lạch Tray Mẫu", signed_at=now, width=box.width, height=box.height)
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ledger.paper.fields import FieldName
from ledger.paper.moments import shown_time
from ledger.paper.printable import printable
from ledger.paper.typesetter import compile_pdf

TEMPLATE = "stamp_v1.typ"

WIDEST_WORD = 9.0
"""What fits across the ring of the seal at its usual size, in em."""


class StampKind(StrEnum):
    """Who signs, which decides ink and arrangement."""

    TEACHER = "teacher"
    """A person, in blue."""
    HEAD = "head"
    """A person, in blue, whose left third the seal will cover: the small lines keep out of it."""
    SEAL = "seal"
    """The school, in red."""


KIND_OF_FIELD: Mapping[FieldName, StampKind] = MappingProxyType(
    {
        FieldName.HOMEROOM_TEACHER: StampKind.TEACHER,
        FieldName.HEAD: StampKind.HEAD,
        FieldName.SEAL: StampKind.SEAL,
    }
)


def stamp_pdf(
    kind: StampKind, *, name: str, role: str, organisation: str, signed_at: datetime, width: float, height: float
) -> bytes:
    """One stamp of `width` by `height` points.

    A person's shows `name`, `role` and time; the school's shows `organisation`, `role` (what the seal does, "Ký phát
    hành") and time. Raises `NaiveTime` if `signed_at` has no zone and `UnprintableText` for what cannot be shown.
    """
    inputs = {
        "kind": kind.value,
        "name": printable(name, widest=WIDEST_WORD),
        "role": printable(role, widest=WIDEST_WORD),
        "organisation": printable(organisation, widest=WIDEST_WORD),
        "time": shown_time(signed_at),
        "width": f"{width:.4f}",
        "height": f"{height:.4f}",
    }
    # No tags: the page becomes a form object of another file, where its structure would point nowhere.
    return compile_pdf(TEMPLATE, inputs, created=signed_at, pdf_tags=False)
