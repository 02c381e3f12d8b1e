# SPDX-License-Identifier: Apache-2.0

"""A school's office: a ledger and a file store on disk, and the class sheet that it imports, corrects and imports again.

Example::

    office = Office.opened(tmp_path)
    office.take_in()                       # SHEET becomes drafts
    office.take_in(corrected(2))           # one pupil's mark is another
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text

from ledger.booklets import Booklets
from ledger.drawing import Drawing
from ledger.importing import Importing, ImportPlan
from ledger.issuing import Issuing
from ledger.record import xml
from ledger.record.check import CheckOptions, check_workbook
from ledger.record.model import ClassSheet
from ledger.record.xml.unit import ReadUnit
from ledger.store.files import FileStore, FolderFiles
from ledger.store.reader import Unit
from ledger.store.signing_reader import SigningReader
from ledger.unit import PAST_STATES, Role, UnitState
from scripts.sample_class import make_workbook
from tests.simulators.databases import copy_folder
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate, MortalFiles, mortal_statements
from tests.simulators.school_ledger import NOON, SchoolLedger, school

WORKBOOK = make_workbook(grade=9, class_name="9A1", pupils=5, seed=11)
SHEET = check_workbook(WORKBOOK, file="9A1.xlsx", options=CheckOptions(allow_synthetic_province=True)).class_sheet
CODE, YEAR = SHEET.school.code, SHEET.class_info.school_year


@dataclass
class Office:
    """A school's ledger and files. Two of them over one folder are two processes."""

    folder: Path
    ledger: SchoolLedger
    files: FileStore
    new_id: Callable[[], UUID] = field(default=uuid4)
    now: Callable[[], datetime] = lambda: NOON

    @classmethod
    def opened(cls, folder: Path) -> "Office":
        """A new office whose school is registered, and nothing else."""
        office = cls(folder, SchoolLedger.created(folder), FolderFiles(folder / "files"))
        office.ledger.writer.register_school(replace(school(CODE), code=CODE))
        return office

    @classmethod
    def opened_with(cls, folder: Path, *, profile: str, seal: str) -> "Office":
        """The same, of a school with this profile and this seal."""
        office = cls(folder, SchoolLedger.created(folder), FolderFiles(folder / "files"))
        office.ledger.writer.register_school(replace(school(CODE), code=CODE, profile=profile, seal_cert_sha256=seal))
        return office

    def reopened(self, fate: Fate | None = None, *, new_id: Callable[[], UUID] = uuid4) -> "Office":
        """Another process over the same folder; with a `fate`, one that can die at every statement and every file."""
        ledger = SchoolLedger(self.folder / "ledger.db", fate or Fate())
        files = FolderFiles(self.folder / "files")
        if fate is not None:
            mortal_statements(ledger.engine, fate)
            files = MortalFiles(self.folder / "files", fate)
        return Office(self.folder, ledger, files, new_id)

    def dies(self, step: int, deed: Callable[["Office"], object], *, first_id: int = 1) -> None:
        """Another process does `deed` and is killed at `step`; what it had open closes with it."""
        other = self.reopened(Fate(dies_at=step), new_id=counted(first_id))
        try:
            deed(other)
        except Killed:
            return
        finally:
            other.ledger.engine.dispose()
        raise AssertionError(f"nobody died at step {step}")

    def copied(self, folder: Path) -> "Office":
        """The same office in another folder, to go its own way from here."""
        self.ledger.engine.dispose()
        return replace(self, folder=copy_folder(self.folder, folder, database="ledger.db")).reopened()

    @property
    def importing(self) -> Importing:
        return Importing(self.ledger.reader, self.ledger.writer, self.files, now=self.now, new_id=self.new_id)

    @property
    def booklets(self) -> Booklets:
        return Booklets(self.ledger.reader, self.ledger.writer, self.files, now=self.now, new_id=self.new_id)

    @property
    def drawing(self) -> Drawing:
        return Drawing(self.files, public_url="https://hocba.example")

    @property
    def issuing(self) -> Issuing:
        return Issuing(
            self.ledger.reader, self.ledger.writer, self.files, self.drawing, SigningReader(self.ledger.engine)
        )

    def plan(self, sheet: ClassSheet = SHEET) -> ImportPlan:
        return self.importing.plan(sheet)

    def take_in(self, sheet: ClassSheet = SHEET) -> ImportPlan:
        plan = self.plan(sheet)
        self.carry_out(plan)
        return plan

    def carry_out(self, plan: ImportPlan) -> None:
        self.importing.carry_out(plan, source=WORKBOOK)

    def units(self, year: str = YEAR) -> list[Unit]:
        return self.ledger.reader.units(school_code=CODE, school_year=year)

    def everyone(self) -> list[Unit]:
        """Units and booklets of both years."""
        reader = self.ledger.reader
        return [
            unit for year in (EARLIER, YEAR) for unit in reader.units(school_code=CODE, school_year=year, kind=None)
        ]

    def prepared(self, *units: Unit) -> None:
        list(self.issuing.prepare(units or self.units(), planned_issue_date=NOON))

    def issue(self, unit: Unit) -> None:
        for role in (Role.PRINCIPAL, Role.SEAL):
            unit = self.ledger.sign(unit, role)
        self.ledger.issue(unit)

    def issued_without_papers(self, *units: Unit, state: UnitState = UnitState.ISSUED) -> None:
        """Issues drafts whose papers nobody looks at, and sets them where the chain would have taken them."""
        for unit in units:
            self.issue(self.ledger.opened(unit))
            self.stand(unit, state)

    def recall(self, unit: Unit) -> None:
        """As if the chain had taken the recall: only what the ledger shows matters here."""
        self.stand(unit, UnitState.RECALLED)

    def stand(self, unit: Unit, state: UnitState) -> None:
        with self.ledger.engine.begin() as connection:
            connection.execute(
                text("UPDATE unit SET state = :state WHERE id = :id"), {"id": unit.id.hex, "state": state.value}
            )

    def said(self, unit: Unit) -> ReadUnit:
        return xml.read(self.files.get(self.ledger.reader.unit(unit.id).source_sha256))

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        return self.ledger.rows()

    def assert_whole(self) -> None:
        """Rows name only sources that are on disk, and a pupil has one current document of each kind, year and level."""
        current = [unit for unit in self.everyone() if unit.state not in PAST_STATES]
        for unit in self.everyone():
            self.files.get(unit.source_sha256)
        for row in self.everything()["class"]:
            self.files.get(next(str(value) for value in row if isinstance(value, str) and len(value) == DIGITS))
        who = [(unit.pupil_code, unit.school_year, unit.level, unit.kind) for unit in current]
        assert len(who) == len(set(who))
        for unit in current:
            drawn = unit.state is not UnitState.DRAFT
            assert (bool(unit.files), unit.template is not None) == (drawn, drawn)
            assert drawn or not unit.signatures


DIGITS = 64
EARLIER = "2024-2025"


def counted(first: int = 1) -> Callable[[], UUID]:
    """Ids that are the same in every run."""
    numbers: Iterator[int] = iter(range(first, first + 10_000))
    return lambda: UUID(int=next(numbers), version=4)


def corrected(*numbers: int, sheet: ClassSheet = SHEET, **changes: object) -> ClassSheet:
    """The sheet with another mark, or other values in the year, for the pupils at these places."""
    records = list(sheet.records)
    for number in numbers:
        record = records[number]
        subject = record.year.subjects[0]
        mark = Decimal("3.1") if subject.hk1 != Decimal("3.1") else Decimal("3.2")
        subjects = (replace(subject, hk1=mark), *record.year.subjects[1:])
        records[number] = replace(record, year=replace(record.year, **(changes or {"subjects": subjects})))
    return replace(sheet, records=tuple(records))


def only(*numbers: int, sheet: ClassSheet = SHEET) -> ClassSheet:
    """The sheet with the pupils at these places, in this order, each keeping the number in the list."""
    return replace(
        sheet, records=tuple(sheet.records[i] for i in numbers), places=tuple(sheet.places[i] for i in numbers)
    )


def without(number: int, sheet: ClassSheet = SHEET) -> ClassSheet:
    """The sheet without the pupil at this place."""
    return only(*(index for index in range(len(sheet.records)) if index != number), sheet=sheet)


def turned(sheet: ClassSheet = SHEET) -> ClassSheet:
    """The sheet with the pupils numbered from the other end."""
    last = len(sheet.places) + 1
    return replace(sheet, places=tuple(replace(place, stt=last - place.stt) for place in sheet.places))


def year_before(sheet: ClassSheet = SHEET) -> ClassSheet:
    """The same pupils and marks, a year and a grade earlier."""
    info = replace(sheet.class_info, school_year=EARLIER, grade=sheet.class_info.grade - 1, name="8A1")
    records = tuple(replace(record, class_info=info, history=()) for record in sheet.records)
    return replace(sheet, class_info=info, records=records)
