# SPDX-License-Identifier: Apache-2.0

"""Importing: what a class sheet would change in the ledger, and changing it.

`plan` reads and writes nothing; `carry_out` does what a plan says, all of it or nothing. A second import of a corrected sheet
touches, and asks to be signed again, only the pupils whose record changed:

=============  ======================================================================================================
added          a pupil who has no unit for this year: a new draft
revised        the unit is not issued and says something else now: it goes back to draft, and is to be signed again
replacing      the pupil's unit was recalled and the sheet says something else now: a new draft that takes its place
unchanged      the sheet says what the unit says
recalled       the pupil's unit was recalled, and the sheet still says what it said: nothing is made
removed        the unit is not issued and the list no longer names the pupil: it goes
kept           the unit is issued and the list no longer names the pupil: it stays
blocked        the unit is issued, or stands in another class: recall it first. The whole class is refused
departed       the pupil was released to another school, and something new would be said here. The whole class is refused
=============  ======================================================================================================

Whether what the sheet says follows from the circulars is `ledger.record.check`'s to say; a sheet with errors never comes here.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from ledger.errors import AlreadyImported, NoDocuments, PupilsDeparted
from ledger.paper.errors import PaperError
from ledger.paper.wording import from_record
from ledger.record import xml
from ledger.record.differences import Difference, differences
from ledger.record.digest import record_digest
from ledger.record.errors import RecordError
from ledger.record.model import ClassSheet, Record
from ledger.store.class_import import ClassImport, Draft, Revision
from ledger.store.files import FileStore
from ledger.store.reader import Reader, Unit
from ledger.store.writer import Writer
from ledger.unit import PAST_STATES, UNISSUED_STATES, Role, UnitState


class Change(StrEnum):
    """What becomes of one pupil; see the table above."""

    ADDED = "added"
    REVISED = "revised"
    REPLACING = "replacing"
    UNCHANGED = "unchanged"
    RECALLED = "recalled"
    REMOVED = "removed"
    KEPT = "kept"
    BLOCKED = "blocked"
    DEPARTED = "departed"


@dataclass(frozen=True)
class PupilChange:
    """What one import makes of one pupil."""

    change: Change
    pupil_code: str
    name: str
    stt: int | None
    """The place in the new list; None for a pupil whom it no longer names."""
    record: Record | None
    """What the sheet says; None for a pupil whom it no longer names."""
    unit: Unit | None
    """The pupil's unit as it was read, if there is one."""
    differences: tuple[Difference, ...] = ()
    gone_to: str = ""
    """The school that a departed pupil was released to."""

    @property
    def sign_again(self) -> tuple[Role, ...]:
        """Who has signed what is no longer said."""
        return self.unit.signed_roles if self.unit and self.change is Change.REVISED else ()


@dataclass(frozen=True)
class ImportPlan:
    """What an import would change."""

    sheet: ClassSheet
    pupils: tuple[PupilChange, ...]
    """The list's pupils in its order, then those whom it no longer names."""

    def those(self, *changes: Change) -> tuple[PupilChange, ...]:
        """The pupils of whom one of `changes` is true."""
        return tuple(pupil for pupil in self.pupils if pupil.change in changes)

    @property
    def refused(self) -> tuple[PupilChange, ...]:
        """The pupils who keep the whole class from being imported."""
        return self.those(Change.BLOCKED, Change.DEPARTED)

    def count(self, change: Change) -> int:
        """How many pupils that is true of."""
        return len(self.those(change))


class Importing:
    """Carries a class from sheet to drafts."""

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

    def plan(self, sheet: ClassSheet) -> ImportPlan:
        """Says what an import of `sheet` would change. Raises `UnknownSchool` for a school that is not registered here."""
        info = sheet.class_info
        self._reader.school(sheet.school.code)
        codes = [record.pupil.code for record in sheet.records]
        known = self._reader.units_of_pupils(codes, level=info.level.value, school_year=info.school_year)
        newest = {unit.pupil_code: unit for unit in known}
        # A pupil has one unit that is not past; it stands for the pupil, whatever was recalled before or after it was made.
        newest |= {unit.pupil_code: unit for unit in known if unit.state not in PAST_STATES}
        gone = self._reader.departed(
            codes, school_code=sheet.school.code, level=info.level.value, school_year=info.school_year
        )
        listed = [
            _unless_departed(
                self._listed(sheet, record, place.stt or number, newest.get(record.pupil.code)),
                gone.get(record.pupil.code),
                sheet.school.code,
            )
            for number, (record, place) in enumerate(zip(sheet.records, sheet.places, strict=True), start=1)
        ]
        return ImportPlan(sheet, (*listed, *self._unlisted(sheet, frozenset(codes))))

    def carry_out(self, plan: ImportPlan, *, source: bytes) -> None:
        """Does what `plan` says. `source` is the file that the sheet was read from.

        Raises `AlreadyImported` with the pupils' names if any is blocked, `PupilsDeparted` if any has departed, and `LostRace`
        if a unit moved, or the class was imported anew, since the plan was made; nothing is changed then.
        """
        info = plan.sheet.class_info
        if blocked := plan.those(Change.BLOCKED):
            raise AlreadyImported(
                info.name, info.school_year, [f"{pupil.name} ({pupil.pupil_code})" for pupil in blocked]
            )
        if gone := plan.those(Change.DEPARTED):
            raise PupilsDeparted(
                info.name,
                info.school_year,
                [f"{pupil.name} ({pupil.pupil_code}) → {pupil.gone_to}" for pupil in gone],
            )
        now = self._now()
        self._writer.import_class(
            ClassImport(
                school_code=plan.sheet.school.code,
                school_year=info.school_year,
                level=info.level.value,
                name=info.name,
                enrolled=plan.sheet.enrolled,
                sheet_sha256=self._files.put(source),
                found={
                    pupil.unit.id: pupil.unit.source_sha256
                    for pupil in plan.pupils
                    if pupil.unit and pupil.unit.state not in PAST_STATES
                },
                added=[self._draft(pupil, now) for pupil in plan.those(Change.ADDED, Change.REPLACING)],
                revised=[self._revision(pupil, now) for pupil in plan.those(Change.REVISED)],
                removed=[pupil.unit for pupil in plan.those(Change.REMOVED) if pupil.unit],
                places={
                    pupil.unit.id: pupil.stt
                    for pupil in plan.those(Change.UNCHANGED, Change.RECALLED)
                    if pupil.unit and pupil.stt is not None and pupil.unit.class_name == info.name
                },
            )
        )

    def _listed(self, sheet: ClassSheet, record: Record, stt: int, unit: Unit | None) -> PupilChange:
        pupil = record.pupil
        self._require_documents(record)
        if unit is None:
            return PupilChange(Change.ADDED, pupil.code, pupil.name, stt, record, None)
        said = xml.read(self._files.get(unit.source_sha256)).record
        told = differences(said, record)
        same = said == record
        elsewhere = (unit.school_code, unit.class_name) != (sheet.school.code, sheet.class_info.name)
        match unit.state:
            case state if state in PAST_STATES:
                change = Change.RECALLED if same else Change.REPLACING
            case _ if elsewhere:
                change = Change.BLOCKED
            case _ if same:
                change = Change.UNCHANGED
            case state:
                change = Change.REVISED if state in UNISSUED_STATES else Change.BLOCKED
        return PupilChange(change, pupil.code, pupil.name, stt, record, unit, told)

    def _require_documents(self, record: Record) -> None:
        """Refuses, with the pupil's name, what cannot be printed or written; not later, when somebody wants to sign it."""
        unit_id, now = UUID(int=0, version=4), self._now()
        try:
            from_record(record, unit_id=unit_id, planned_issue_date=now)
            xml.write(record, unit_id=unit_id, created_at=now, planned_issue_date=now)
        except (RecordError, PaperError) as error:
            raise NoDocuments(f"{record.pupil.name} ({record.pupil.code})", error.vi, error.en) from error

    def _unlisted(self, sheet: ClassSheet, codes: frozenset[str]) -> Iterator[PupilChange]:
        info = sheet.class_info
        for unit in self._reader.units(
            school_code=sheet.school.code,
            school_year=info.school_year,
            class_name=info.name,
            states=set(UnitState) - PAST_STATES,
        ):
            if unit.pupil_code not in codes:
                name = xml.read(self._files.get(unit.source_sha256)).record.pupil.name
                change = Change.REMOVED if unit.state in UNISSUED_STATES else Change.KEPT
                yield PupilChange(change, unit.pupil_code, name, None, None, unit)

    def _draft(self, pupil: PupilChange, now: dt.datetime) -> Draft:
        unit_id = self._new_id()
        replaces = pupil.unit.id if pupil.unit else None
        record_sha256, source_sha256 = self._written(pupil, unit_id, replaces, now)
        return Draft(unit_id, pupil.pupil_code, pupil.stt or 0, record_sha256, source_sha256, replaces)

    def _revision(self, pupil: PupilChange, now: dt.datetime) -> Revision:
        unit = pupil.unit
        if unit is None:  # pragma: no cover - nothing is revised that is not there
            raise ValueError(pupil)
        return Revision(unit, pupil.stt or unit.stt, *self._written(pupil, unit.id, unit.replaces, now))

    def _written(self, pupil: PupilChange, unit_id: UUID, replaces: UUID | None, now: dt.datetime) -> tuple[str, str]:
        """Stores the record's XML; returns the digests of the record and of the file."""
        if pupil.record is None:  # pragma: no cover - only pupils of the list are written
            raise ValueError(pupil)
        document = xml.write(pupil.record, unit_id=unit_id, created_at=now, planned_issue_date=now, replaces=replaces)
        return record_digest(document).hex(), self._files.put(document)


def _unless_departed(pupil: PupilChange, gone_to: str | None, school_code: str) -> PupilChange:
    """What was found of a pupil, unless it says something new of one who has departed."""
    news = pupil.change in {Change.ADDED, Change.REVISED, Change.REPLACING}
    elsewhere = pupil.change is Change.BLOCKED and pupil.unit is not None and pupil.unit.school_code != school_code
    return replace(pupil, change=Change.DEPARTED, gone_to=gone_to) if gone_to and (news or elsewhere) else pupil
