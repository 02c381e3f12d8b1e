# SPDX-License-Identifier: Apache-2.0

"""Reading the ledger. Selects only, returns frozen values, and never a row that could be changed."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Engine, Select, exists, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, joinedload, selectinload

from ledger.batch import BatchState
from ledger.errors import UnknownSchool, UnknownUnit
from ledger.proof.receipt import with_tokens
from ledger.store.chain_tables import BatchRow, JournalRow, LeafRow
from ledger.store.sessions import reading
from ledger.store.tables import (
    Base,
    ClassRow,
    EarlierFileRow,
    FileRole,
    SchoolRow,
    UnitFileRow,
    UnitRow,
)
from ledger.store.transfer_tables import departed
from ledger.unit import Ownership, Role, Slot, UnitKind, UnitState

T = TypeVar("T")


@dataclass(frozen=True)
class School:
    """A school as the ledger knows it."""

    code: str
    name: str
    authority: str
    profile: str
    operator: str
    seal_cert_sha256: str
    ownership: Ownership = Ownership.PUBLIC
    relayed: bool = False
    """Whether it signs its batches and the authority sends them, and pays."""
    batch_count: int | None = None
    """A batch is closed once so many issued units wait; None for by hand or by age alone."""
    batch_hours: int | None = None
    """A batch is closed once a unit has waited for so many hours; None for by hand or by count alone."""


@dataclass(frozen=True)
class StoredFile:
    """A unit's file in the newest form it has reached."""

    role: FileRole
    sha256: str
    size: int


@dataclass(frozen=True)
class NewFile:
    """Bytes that are in the file store already."""

    sha256: str
    size: int
    archive_ends: dt.datetime | None = None
    """For an archived PDF: when its last document timestamp stops proving anything (`ledger.archives`)."""


@dataclass(frozen=True)
class Signature:
    """One signature, on both files or on the XML alone."""

    role: Role
    subject: str
    cert_sha256: str
    signed_at: dt.datetime
    pdf_before: str | None
    """SHA-256 of the files as they were before it; None in ledgers that did not keep it."""
    xml_before: str | None

    @property
    def slot(self) -> Slot:
        """The place it fills."""
        return Slot(self.role, self.subject)


@dataclass(frozen=True)
class Unit:
    """One pupil, one school year, with its files and signatures."""

    id: UUID
    school_code: str
    school_year: str
    level: str
    kind: UnitKind
    class_name: str
    stt: int
    pupil_code: str
    state: UnitState
    record_sha256: str
    source_sha256: str
    template: str | None
    subjects: frozenset[str]
    """Codes of the subjects whose teachers sign."""
    manifest: bytes | None
    replaces: UUID | None
    files: tuple[StoredFile, ...]
    signatures: tuple[Signature, ...]
    """In the order in which they were made."""

    @property
    def signed_roles(self) -> tuple[Role, ...]:
        """Who has signed, in order; a role once, however many subjects it signed for."""
        return tuple(dict.fromkeys(signature.role for signature in self.signatures))

    @property
    def signed_slots(self) -> tuple[Slot, ...]:
        """The places that are filled, in order."""
        return tuple(signature.slot for signature in self.signatures)

    def file(self, role: FileRole) -> StoredFile:
        """The file with this role. It exists from `signing` on."""
        return next(file for file in self.files if file.role is role)


@dataclass(frozen=True)
class ArchivedPdf:
    """The newest PDF of an issued unit, and how long it lasts."""

    unit_id: UUID
    sha256: str
    archive_ends: dt.datetime | None
    """When its last document timestamp stops proving anything; None where nobody has looked yet."""


@dataclass(frozen=True)
class ReceiptEntry:
    """What there is to prove an issued unit with."""

    unit_id: UUID
    receipt: bytes | None
    """With the token over the batch's root, if there is one. None while the unit is in no batch."""
    final: bool
    """Whether the batch's root is deep enough on the chain, so that the receipt may be handed out."""
    renewed: bool = False
    """What was asked for is no file of the manifest, but one of them with later document timestamps, as the ledger says."""


class Reader:
    """Asks the database, and cannot change it. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    complete = True
    """Whatever was issued here stands here: what this does not know was not issued."""

    def school(self, code: str) -> School:
        """The school with this code. Raises `UnknownSchool`."""
        with reading(self._engine) as session:
            if (row := session.get(SchoolRow, code)) is None:
                raise UnknownSchool(code)
            return value_of(School, row)

    def schools(self) -> list[School]:
        """All schools, by code."""
        with reading(self._engine) as session:
            return [value_of(School, row) for row in session.scalars(select(SchoolRow).order_by(SchoolRow.code))]

    def unit(self, unit_id: UUID) -> Unit:
        """The unit with this id. Raises `UnknownUnit`."""
        found = self._units(select(UnitRow).where(UnitRow.id == unit_id))
        if not found:
            raise UnknownUnit(unit_id)
        return found[0]

    def unit_with_short_code(self, key: str) -> UUID | None:
        """The unit with this lookup key (`ledger.short_code.canonical`), if there is one."""
        with reading(self._engine) as session:
            return session.scalars(select(UnitRow.id).where(UnitRow.short_code == key)).one_or_none()

    def units_of_pupils(self, pupil_codes: Iterable[str], *, level: str, school_year: str | None = None) -> list[Unit]:
        """Every unit, past ones too, of these pupils at a level, of any school, oldest first; of one year, if it is named."""
        codes = list(pupil_codes)
        query = select(UnitRow).where(
            UnitRow.pupil_code.in_(codes), UnitRow.level == level, UnitRow.kind == UnitKind.UNIT
        )
        if school_year is not None:
            query = query.where(UnitRow.school_year == school_year)
        return self._units(query, UnitRow.school_year, UnitRow.created_at, UnitRow.id)

    def has_head(self, digest: bytes) -> bool:
        """Whether the journal has come as far as the entry with this hash. Asks for no other column of the journal."""
        with reading(self._engine) as session:
            return session.scalar(select(JournalRow.hash).where(JournalRow.hash == digest)) is not None

    def departed(self, pupil_codes: Iterable[str], *, school_code: str, level: str, school_year: str) -> dict[str, str]:
        """Which of these pupils this school has released, for this year or an earlier one, and to which school."""
        with reading(self._engine) as session:
            return departed(session, pupil_codes, school_code=school_code, level=level, school_year=school_year)

    def booklets_of(self, pupil_code: str, *, level: str, school_year: str) -> list[Unit]:
        """Every booklet of a pupil at a level that is filed under a year, past ones too, oldest first."""
        query = select(UnitRow).where(
            UnitRow.pupil_code == pupil_code,
            UnitRow.level == level,
            UnitRow.school_year == school_year,
            UnitRow.kind == UnitKind.BOOKLET,
        )
        return self._units(query, UnitRow.created_at, UnitRow.id)

    def units(
        self,
        *,
        school_code: str,
        school_year: str,
        states: Iterable[UnitState] = UnitState,
        class_name: str | None = None,
        kind: UnitKind | None = UnitKind.UNIT,
        unbatched: bool = False,
    ) -> list[Unit]:
        """The units of a school and year in any of `states`, in class and list order; `unbatched` omits those with a leaf."""
        query = select(UnitRow).where(
            UnitRow.school_code == school_code, UnitRow.school_year == school_year, UnitRow.state.in_(list(states))
        )
        if kind is not None:
            query = query.where(UnitRow.kind == kind)
        if class_name is not None:
            query = query.where(UnitRow.class_.has(ClassRow.name == class_name))
        if unbatched:
            query = query.where(~exists().where(LeafRow.unit_id == UnitRow.id))
        return self._units(query)

    def receipt_of_file(self, sha256: str) -> ReceiptEntry | None:
        """The receipt of the unit that this exact file belongs to, as it was issued or in a renewed form; None for any other."""
        newest = select(UnitFileRow.unit_id).where(UnitFileRow.sha256 == sha256)
        earlier = select(EarlierFileRow.unit_id).where(EarlierFileRow.sha256 == sha256)
        return self._receipt(select(UnitRow.id).where(UnitRow.id.in_(union_all(newest, earlier))), sha256)

    def receipt_of_unit(self, unit_id: UUID) -> ReceiptEntry | None:
        """The receipt of a unit; None when no such unit was issued."""
        return self._receipt(select(UnitRow.id).where(UnitRow.id == unit_id))

    def successor(self, unit_id: UUID) -> UUID | None:
        """The unit that replaces this one, if one does."""
        with reading(self._engine) as session:
            return session.scalars(select(UnitRow.id).where(UnitRow.replaces == unit_id)).one_or_none()

    def archived_pdfs(self, *, ending_before: dt.datetime | None) -> list[ArchivedPdf]:
        """The PDFs of issued units, withdrawn ones too, whose last document timestamp ends by then, the most urgent first.

        With None those of which it is not known when they end.
        """
        ends = UnitFileRow.archive_ends
        due = ends.is_(None) if ending_before is None else ends <= ending_before
        query = (
            select(UnitFileRow.unit_id, UnitFileRow.sha256, ends)
            .join(UnitRow, UnitRow.id == UnitFileRow.unit_id)
            .where(UnitFileRow.role == FileRole.PDF, UnitRow.manifest.is_not(None), due)
            .order_by(ends, UnitFileRow.unit_id)
        )
        with reading(self._engine) as session:
            return [ArchivedPdf(*row) for row in session.execute(query)]

    def count_by_state(self) -> dict[UnitState, int]:
        """How many units stand in each state; states without units are absent."""
        with reading(self._engine) as session:
            rows = session.execute(select(UnitRow.state, func.count()).group_by(UnitRow.state))
            return {row[0]: row[1] for row in rows}

    def count_by_class(self, school_code: str) -> dict[int, dict[UnitState, int]]:
        """How many yearly units stand in each state, by the number of their class; what there is none of is absent."""
        query = (
            select(UnitRow.class_id, UnitRow.state, func.count())
            .where(UnitRow.school_code == school_code, UnitRow.kind == UnitKind.UNIT)
            .group_by(UnitRow.class_id, UnitRow.state)
        )
        counts: dict[int, dict[UnitState, int]] = {}
        with reading(self._engine) as session:
            for class_id, state, count in session.execute(query):
                counts.setdefault(class_id, {})[state] = count
        return counts

    def _receipt(self, issued: Select[UUID], sha256: str | None = None) -> ReceiptEntry | None:
        """The receipt of the one unit that `issued` selects, by way of the file with digest `sha256`."""
        whole = (
            issued.where(UnitRow.manifest.is_not(None))
            .outerjoin(LeafRow, LeafRow.unit_id == UnitRow.id)
            .outerjoin(BatchRow, BatchRow.id == LeafRow.batch_id)
            .add_columns(LeafRow.receipt, BatchRow.state, UnitRow.manifest, BatchRow.token)
        )
        with reading(self._engine) as session:
            row = session.execute(whole).one_or_none()
        if row is None:
            return None
        return ReceiptEntry(
            unit_id=row[0],
            receipt=None if row[1] is None else with_tokens(row[1], () if row[4] is None else (row[4],)),
            final=row[2] is BatchState.FINAL,
            renewed=sha256 is not None and sha256.encode() not in row[3],
        )

    def _units(self, query: Select[UnitRow], *order: InstrumentedAttribute[Any]) -> list[Unit]:
        whole = query.options(
            selectinload(UnitRow.files), selectinload(UnitRow.signatures), joinedload(UnitRow.class_, innerjoin=True)
        )
        with reading(self._engine) as session:
            rows = session.scalars(
                whole.join(UnitRow.class_).order_by(*(order or (ClassRow.name, UnitRow.stt, UnitRow.id)))
            )
            return [
                value_of(
                    Unit,
                    row,
                    class_name=row.class_.name,
                    subjects=frozenset(row.subjects.split()),
                    files=tuple(value_of(StoredFile, file) for file in row.files),
                    signatures=tuple(value_of(Signature, signature) for signature in row.signatures),
                )
                for row in rows
            ]


def value_of(kind: type[T], row: Base, **derived: Any) -> T:  # noqa: ANN401
    """The frozen value of `kind` whose fields stand in `row` under the same names, or in `derived`."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: derived[name] if name in derived else getattr(row, name) for name in names})
