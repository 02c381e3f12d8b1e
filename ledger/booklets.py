# SPDX-License-Identifier: Apache-2.0

"""Binding the yearly units of a pupil into a booklet: which units belong in it, and the draft of its cover document.

Only what is final on the chain and not recalled is bound, because a cover cannot be corrected afterwards: when one of
its units is recalled the booklet is worth no more than that unit, and a new one is bound. From `draft` on a booklet lives the
life of a unit: `ledger.issuing` draws it and has it signed, `ledger.anchoring` anchors it, with a manifest and a leaf of its own.
"""

import datetime as dt
from collections.abc import Callable
from uuid import UUID

from ledger.errors import BookletIssued, NothingToBind, YearsMissing
from ledger.proof.manifest import Manifest
from ledger.record import xml
from ledger.record.booklet import bound
from ledger.record.digest import record_digest
from ledger.record.xml import booklet as xml_booklet
from ledger.store.class_import import Draft
from ledger.store.files import FileStore
from ledger.store.reader import Reader, Unit
from ledger.store.writer import Writer
from ledger.unit import FINAL_STATES, PAST_STATES, UNISSUED_STATES


class Booklets:
    """Makes drafts of booklets."""

    def __init__(
        self,
        reader: Reader,
        writer: Writer,
        files: FileStore,
        *,
        now: Callable[[], dt.datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._files = files
        self._now = now
        self._new_id = new_id

    def bind(self, pupil_code: str, *, level: str, school_code: str) -> UUID:
        """Makes the draft of a pupil's booklet at a level, by the school of the newest year, and returns its id.

        Binding again the same units changes nothing, and gives the booklet that is there. One that is not issued gives way to a
        new one; one that was recalled is replaced. Raises `NothingToBind` when no unit is final, or the newest is another
        school's, `YearsMissing` when a year that the ledger knows of is not final or was recalled (the seal says that the list is
        whole), and `BookletIssued` when one that lists other units has been issued.
        """
        ever = self._reader.units_of_pupils([pupil_code], level=level)
        units = [unit for unit in ever if unit.state in FINAL_STATES]
        if not units or units[-1].school_code != school_code:
            raise NothingToBind(pupil_code, level)
        if missing := sorted({unit.school_year for unit in ever} - {unit.school_year for unit in units}):
            raise YearsMissing(pupil_code, missing)
        newest = units[-1]
        booklet = bound(
            [(xml.read(self._files.get(unit.source_sha256)).record, unit.id, _manifest_sha256(unit)) for unit in units]
        )
        known = self._reader.booklets_of(pupil_code, level=level, school_year=newest.school_year)
        current = next((one for one in known if one.state not in PAST_STATES), None)
        if current is not None:
            if xml_booklet.read(self._files.get(current.source_sha256)).booklet == booklet:
                return current.id
            if current.state not in UNISSUED_STATES:
                raise BookletIssued(current.id)
        now, booklet_id = self._now(), self._new_id()
        replaces = next((one.id for one in reversed(known) if one.state in PAST_STATES), None)
        document = xml_booklet.write(
            booklet, booklet_id=booklet_id, created_at=now, planned_issue_date=now, replaces=replaces
        )
        draft = Draft(
            unit_id=booklet_id,
            pupil_code=pupil_code,
            stt=newest.stt,
            record_sha256=record_digest(document).hex(),
            source_sha256=self._files.put(document),
            replaces=replaces,
        )
        self._writer.add_booklet(draft, units=units, instead_of=current)
        return booklet_id


def _manifest_sha256(unit: Unit) -> str:
    return Manifest.parse(unit.manifest or b"").sha256().hex()
