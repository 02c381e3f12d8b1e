# SPDX-License-Identifier: Apache-2.0

"""Drawing: from a unit's stored source to the two documents that people sign, and again to the same bytes years later.

What a paper looks like depends on its record, its template and two times, and all four are stored: the template by name in the
ledger, the times in the XML. So a paper can be drawn again and compared with what was signed, which begins with those very bytes.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger.paper import booklet_wording, wording
from ledger.paper.confirmation_wording import confirmation_of
from ledger.paper.content import HandedOverRow
from ledger.paper.render import BOOKLET, TEMPLATES, render_booklet, render_confirmation, render_unit
from ledger.record import xml
from ledger.record.xml import booklet as xml_booklet
from ledger.short_code import short_code
from ledger.so_far import SoFar
from ledger.store.files import FileStore
from ledger.store.reader import Unit
from ledger.store.tables import FileRole
from ledger.unit import UnitKind


@dataclass(frozen=True)
class Drawn:
    """The unsigned documents of one unit or booklet."""

    xml: bytes
    pdf: bytes
    template: str
    """What drew the PDF."""
    subjects: frozenset[str] = frozenset()
    """Codes of the subjects that have a place for their teacher's signature."""


class Drawing:
    """Draws units and booklets from what is stored of them. Reads files, writes nothing."""

    def __init__(self, files: FileStore, *, public_url: str) -> None:
        self._files = files
        self._public_url = public_url.rstrip("/")

    def draw(self, unit: Unit, *, planned_issue_date: dt.datetime, subject_slots: bool = False) -> Drawn:
        """Draws a draft by the newest template of its level; with `subject_slots`, each subject has a place to be signed."""
        source = self._files.get(unit.source_sha256)
        if unit.kind is UnitKind.BOOKLET:
            bound = xml_booklet.read(source)
            document = xml_booklet.write(
                bound.booklet,
                booklet_id=unit.id,
                created_at=bound.created_at,
                planned_issue_date=planned_issue_date,
                replaces=bound.replaces,
            )
            return Drawn(document, self._booklet_pdf(document, BOOKLET), BOOKLET)
        read = xml.read(source)
        document = xml.write(
            read.record,
            unit_id=unit.id,
            created_at=read.created_at,
            planned_issue_date=planned_issue_date,
            replaces=read.replaces,
            subject_slots=subject_slots,
        )
        template = TEMPLATES[read.record.class_info.level]
        subjects = frozenset(subject.code for subject in read.record.year.subjects) if subject_slots else frozenset()
        return Drawn(document, self._unit_pdf(document, template), template, subjects)

    def redraw(self, unit: Unit) -> bytes:
        """Draws the PDF once more as it was before anybody signed it: the signed file begins with these bytes.

        Only for what has been drawn: from `signing` on.
        """
        document = self._files.get(unit.file(FileRole.XML).sha256)
        if unit.template is None:  # pragma: no cover - it is stored with the files
            raise ValueError(unit.id)
        if unit.kind is UnitKind.BOOKLET:
            return self._booklet_pdf(document, unit.template)
        return self._unit_pdf(document, unit.template)

    def confirmation(
        self,
        unit: Unit | SoFar,
        *,
        to_code: str,
        schools: Mapping[str, str],
        handed_over: Sequence[Unit],
        until: dt.datetime,
    ) -> bytes:
        """Draws what the old school confirms of a unit that is begun, or of a year so far, as its source stands, as of `until`.

        `schools` has the names of the new school and of those that issued what is handed over, by their codes. The same
        arguments, and the same source, give the same bytes.
        """
        so_far = isinstance(unit, SoFar)
        read = xml.read(self._files.get(unit.source_sha256), so_far=so_far)
        # Of the times in the record inside, the one that the form calls the day of signing is the day that is confirmed.
        document = xml.write(
            read.record,
            unit_id=unit.id,
            created_at=read.created_at,
            planned_issue_date=until,
            replaces=read.replaces,
            so_far=so_far,
        )
        content = confirmation_of(
            read.record,
            unit_id=unit.id,
            to_code=to_code,
            to_school=schools[to_code],
            handed_over=[
                HandedOverRow(one.school_year, one.class_name, schools[one.school_code], one.id) for one in handed_over
            ],
            until=until,
        )
        return render_confirmation(content, record_xml=xml.data_element(document), created=until)

    def link(self, unit_id: UUID) -> str:
        """What the QR code leads to."""
        return f"{self._public_url}/q/{unit_id}"

    def _unit_pdf(self, document: bytes, template: str) -> bytes:
        read = xml.read(document)
        return render_unit(
            wording.from_record(
                read.record,
                unit_id=read.unit_id,
                planned_issue_date=read.planned_issue_date,
                short_code=short_code(read.unit_id),
            ),
            record_xml=xml.data_element(document),
            qr_url=self.link(read.unit_id),
            created=read.created_at,
            template=template,
        )

    def _booklet_pdf(self, document: bytes, template: str) -> bytes:
        bound = xml_booklet.read(document)
        return render_booklet(
            booklet_wording.from_booklet(
                bound.booklet,
                booklet_id=bound.booklet_id,
                planned_issue_date=bound.planned_issue_date,
                short_code=short_code(bound.booklet_id),
            ),
            record_xml=xml.data_element(document),
            qr_url=self.link(bound.booklet_id),
            created=bound.created_at,
            template=template,
        )
