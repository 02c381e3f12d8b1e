# SPDX-License-Identifier: Apache-2.0

"""A ledger on disk with units in any state, made by the real `Writer`; the files behind the units are named, not written.

Example::

    ledger = SchoolLedger.created(tmp_path)
    units = ledger.issued(3)
    ledger.sealer(chain).seal(school_code=SCHOOL, school_year=YEAR)
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import Column, Engine, text

from ledger.anchoring import Anchorer
from ledger.chain.registry import RegistrySender, UnsignedTransaction, Wallet
from ledger.chain.wallet import KeyWallet
from ledger.confirming import ConfirmationCheck
from ledger.deciding import Decisions
from ledger.proof.manifest import IssuedFile, Manifest, ManifestSigner
from ledger.sealing import Sealer
from ledger.store.class_import import ClassImport, Draft
from ledger.store.database import open_for_writing
from ledger.store.errand_writer import ErrandWriter
from ledger.store.errands import Attempt, Errand, Errands, Number
from ledger.store.files import FolderFiles
from ledger.store.gap_numbers import GapNumbers
from ledger.store.journal_store import Journal
from ledger.store.reader import NewFile, Reader, School, Unit
from ledger.store.tables import Base, FileRole
from ledger.store.transfers import Transfers
from ledger.store.ways_out import WaysOut
from ledger.store.writer import Writer
from ledger.transferring import Transferring
from ledger.unit import MOET, PAST_STATES, Role, Slot, UnitState
from tests.simulators.confirmation_office import ConfirmationOffice
from tests.simulators.databases import copy_database, database_at
from tests.simulators.mortality import Fate, MortalSender, MortalWallet, mortal

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SCHOOL, OTHER_SCHOOL, YEAR, CLASS = "79000501", "79000502", "2025-2026", "9A1"
AUTHORITY = KeyWallet(b"\x01" * 32)
OPERATOR = KeyWallet(b"\x02" * 32)
OTHER_OPERATOR = KeyWallet(b"\x03" * 32)
SEAL = hashlib.sha256(b"seal").hexdigest()
CONFIRMATIONS = 3


def digest(*words: object) -> str:
    return hashlib.sha256(repr(words).encode()).hexdigest()


def unit_id(number: int) -> UUID:
    return UUID(int=number, version=4)


def new_file(*words: object) -> NewFile:
    return NewFile(sha256=digest(*words), size=1000)


def school(code: str = SCHOOL, operator: Wallet = OPERATOR, **policy: object) -> School:
    return School(code, "Trường THCS Hoa Mai", "Sở GDĐT", MOET.name, operator.address, SEAL, **policy)


@dataclass
class Clock:
    """A time that tests move."""

    time: datetime = NOON

    def __call__(self) -> datetime:
        return self.time

    def passes(self, **span: float) -> None:
        self.time += timedelta(**span)


@dataclass
class SchoolLedger:
    """One database, and whoever works on it. Two of them over one path are two processes."""

    path: Path
    fate: Fate
    now: Callable[[], datetime] = lambda: NOON
    signed: list[UnsignedTransaction] = field(default_factory=list)
    """What the school's key was asked to sign, by any process."""
    confirmations: ConfirmationCheck = field(default_factory=ConfirmationOffice)

    @classmethod
    def created(cls, folder: Path, fate: Fate | None = None) -> "SchoolLedger":
        """A ledger with two registered schools and nothing else."""
        ledger = cls.at(folder / "ledger.db", fate)
        ledger.writer.register_school(school())
        ledger.writer.register_school(school(OTHER_SCHOOL, OTHER_OPERATOR))
        return ledger

    @classmethod
    def at(cls, path: Path, fate: Fate | None = None) -> "SchoolLedger":
        """An empty ledger."""
        database_at(path, new=True)
        return cls(path, fate or Fate())

    def copied(self, folder: Path) -> "SchoolLedger":
        """The same ledger in another folder, to go its own way from here."""
        folder.mkdir(parents=True)
        self.engine.dispose()
        copy_database(self.path, folder / self.path.name)
        return SchoolLedger(folder / self.path.name, Fate(), self.now, list(self.signed))

    def reopened(self, fate: Fate | None = None) -> "SchoolLedger":
        """What another process sees."""
        return SchoolLedger(self.path, fate or Fate(), self.now, self.signed)

    @cached_property
    def engine(self) -> Engine:
        return mortal(open_for_writing(self.url), self.fate)

    @property
    def url(self) -> str:
        return database_at(self.path)

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.engine)

    @cached_property
    def writer(self) -> Writer:
        return Writer(self.engine, now=self.now)

    @cached_property
    def errands(self) -> Errands:
        return Errands(self.engine)

    @cached_property
    def errand_writer(self) -> ErrandWriter:
        return ErrandWriter(self.engine, now=self.now)

    @cached_property
    def transfers(self) -> Transfers:
        return Transfers(self.engine, now=self.now)

    @cached_property
    def files(self) -> FolderFiles:
        return FolderFiles(self.path.parent / "files")

    @property
    def decisions(self) -> Decisions:
        ways_out = WaysOut(self.engine, now=self.now)
        return Decisions(self.reader, self.errands, self.errand_writer, self.journal, self.files, ways_out=ways_out)

    @property
    def transferring(self) -> Transferring:
        return Transferring(self.reader, self.transfers, self.files, self.journal, self.confirmations, new_id=uuid4)

    @cached_property
    def journal(self) -> Journal:
        return Journal(self.engine)

    # Units in every state.

    def drafts(self, count: int = 1, *, school_code: str = SCHOOL, year: str = YEAR, first: int = 1) -> list[Unit]:
        numbers = range(first, first + count)
        drafts = [Draft(unit_id(n), f"{n:010d}", n, digest("record", n), digest("source", n)) for n in numbers]
        self.import_class(drafts, school_code=school_code, school_year=year, name=f"{CLASS}-{first}")
        return self.units(map(unit_id, numbers))

    def import_class(self, drafts: Sequence[Draft], **changes: object) -> None:
        """Imports with the class as it stands at this moment, unless `changes` say otherwise."""
        values = {"school_code": SCHOOL, "school_year": YEAR, "level": "THCS", "name": CLASS, "enrolled": len(drafts)}
        values |= {"sheet_sha256": digest("sheet"), "added": drafts, **changes}
        found = self.reader.units(
            school_code=values["school_code"],
            school_year=values["school_year"],
            class_name=values["name"],
            states=set(UnitState) - PAST_STATES,
        )
        said = {unit.id: unit.source_sha256 for unit in found}
        self.writer.import_class(ClassImport(**{"found": said, **values}))

    def signing(self, count: int = 1, **where: object) -> list[Unit]:
        return [self.opened(unit) for unit in self.drafts(count, **where)]

    def opened(self, unit: Unit) -> Unit:
        """A draft, opened for signing."""
        self.writer.begin_signing(
            unit.id,
            source_sha256=unit.source_sha256,
            record_sha256=unit.record_sha256,
            template="unit_v1.typ",
            pdf=new_file("pdf", unit.id),
            xml=new_file("xml", unit.id),
        )
        return self.reader.unit(unit.id)

    def sign(self, unit: Unit, role: Role) -> Unit:
        """As `unit` stands, `role` signs it."""
        self.writer.add_signature(
            unit.id,
            slot=Slot(role),
            position=len(unit.signatures),
            cert_sha256=SEAL if role is Role.SEAL else digest(role),
            signed_at=NOON,
            replaced={kind: unit.file(kind).sha256 for kind in FileRole},
            pdf=new_file("pdf", unit.id, role),
            xml=new_file("xml", unit.id, role),
        )
        return self.reader.unit(unit.id)

    def issued(self, count: int = 1, **where: object) -> list[Unit]:
        units = self.signing(count, **where)
        for unit in units:
            self.signed_and_issued(unit)
        return self.units(unit.id for unit in units)

    def issued_again(self, recalled: Unit, number: int) -> Unit:
        """A unit that takes a recalled one's place, issued."""
        draft = Draft(
            unit_id(number),
            recalled.pupil_code,
            recalled.stt,
            digest("record", number),
            digest("source", number),
            recalled.id,
        )
        school = recalled.school_code
        self.import_class([draft], school_code=school, school_year=recalled.school_year, name=f"again {number}")
        self.signed_and_issued(self.opened(self.reader.unit(draft.unit_id)))
        return self.reader.unit(draft.unit_id)

    def signed_and_issued(self, unit: Unit) -> None:
        for role in (Role.PRINCIPAL, Role.SEAL):
            signed = self.sign(self.reader.unit(unit.id), role)
        self.issue(signed)

    def issue(self, unit: Unit) -> None:
        archived, xml = new_file("archived", unit.id), unit.file(FileRole.XML)
        self.writer.issue(
            unit.id,
            manifest=manifest_of(unit, archived).canonical(),
            replaced={role: unit.file(role).sha256 for role in FileRole},
            pdf=archived,
            xml=NewFile(sha256=xml.sha256, size=xml.size),
        )

    def renew(self, unit: Unit) -> Unit:
        """As `unit` stands, its PDF gets a new document timestamp."""
        renewed = replace(new_file("renewed", unit.id), archive_ends=NOON + timedelta(days=3650))
        self.writer.renew(unit.id, replaced_pdf=unit.file(FileRole.PDF).sha256, pdf=renewed)
        return self.reader.unit(unit.id)

    def units(self, ids: Iterable[UUID]) -> list[Unit]:
        return [self.reader.unit(each) for each in ids]

    def issued_ids(self) -> list[UUID]:
        """All units of the school, in the order of the list."""
        return [unit.id for unit in self.reader.units(school_code=SCHOOL, school_year=YEAR)]

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every table, in one order: what a refused change must leave as it was.

        The numbers that a database gives are told by their order: PostgreSQL leaves out those of what was not committed.
        """
        rows: dict[str, list[tuple[object, ...]]] = {}
        numbers: dict[Column[object], dict[object, int]] = {}
        with self.engine.connect() as connection:
            for table in Base.metadata.sorted_tables:
                found = connection.execute(text(f'SELECT * FROM "{table.name}"')).mappings().all()
                for column in table.columns:
                    if column is table.autoincrement_column:
                        numbers[column] = {n: place for place, n in enumerate(sorted(r[column.name] for r in found))}
                keys = {c.name: numbers.get(next((k.column for k in c.foreign_keys), c), {}) for c in table.columns}
                rows[table.name] = sorted(
                    (tuple(keys[name].get(value, value) for name, value in row.items()) for row in found), key=repr
                )
        return rows

    def states(self) -> set[UnitState]:
        return set(self.reader.count_by_state())

    # Whoever carries them to the chain.

    def carried_by(self, errand: Errand, attempt: Attempt) -> None:
        """Sets the attempt's number aside for a sealed errand, and stores it."""
        self.errand_writer.reserve(errand, Number(attempt.sender, attempt.nonce))
        self.errand_writer.store_attempt(errand, attempt)

    def sealer(self, chain: RegistrySender, **parts: object) -> Sealer:
        pin = chain.pin
        return Sealer(
            self.reader, self.errands, self.errand_writer, chain_id=pin.chain_id, registry=pin.address, **parts
        )

    def anchorer(
        self, chain: RegistrySender, *, school_code: str | None = SCHOOL, wallet: Wallet = OPERATOR, **parts: object
    ) -> Anchorer:
        return Anchorer(
            self.reader,
            self.errands,
            self.errand_writer,
            MortalSender(chain, self.fate),
            MortalWallet(wallet, self.fate, self.signed),
            gap_numbers=GapNumbers(self.engine, now=self.now),
            school_code=school_code,
            **{"finality": CONFIRMATIONS, "now": self.now, **parts},
            chain_id=chain.pin.chain_id,
            registry=chain.pin.address,
        )


def manifest_of(unit: Unit, pdf: NewFile) -> Manifest:
    xml = unit.file(FileRole.XML)
    return Manifest(
        id=unit.id,
        school=unit.school_code,
        year=unit.school_year,
        level="THCS",
        profile=MOET.name,
        record_sha256=unit.record_sha256,
        files=(
            IssuedFile(role="pdf", sha256=pdf.sha256, size=pdf.size),
            IssuedFile(role="xml", sha256=xml.sha256, size=xml.size),
        ),
        signers=tuple(ManifestSigner(role=s.role.value, cert_sha256=s.cert_sha256) for s in unit.signatures),
        replaces=unit.replaces,
    )
