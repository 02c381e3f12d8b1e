# SPDX-License-Identifier: Apache-2.0

"""Reading who may sign, who is to sign, and what is being signed. Selects only, and returns frozen values."""

import base64
import datetime as dt
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, func, select

from ledger.errors import UnknownClass, UnknownRound
from ledger.signing import SignerIdentity
from ledger.store.reader import value_of
from ledger.store.sessions import reading
from ledger.store.signing_tables import (
    AssignmentRow,
    Holding,
    ItemState,
    RegistrationRow,
    RegistrationState,
    RoundItemRow,
    RoundRow,
    RoundState,
    UnitReturnRow,
)
from ledger.store.tables import ClassRow, UnitRow
from ledger.unit import Role, Slot


@dataclass(frozen=True)
class Registration:
    """One line about one certificate: who may sign as what, for which school, from when to when."""

    id: int
    school_code: str
    cert_sha256: str
    certificate: bytes
    chain: tuple[bytes, ...]
    role: Role
    subjects: frozenset[str]
    """What a subject teacher may sign; empty for any."""
    holder: str
    account: str
    holding: Holding
    hierarchy: str
    delegated_by: str | None
    state: RegistrationState
    valid_from: dt.datetime | None
    valid_to: dt.datetime | None
    requested_at: dt.datetime
    requested_by: str
    decided_at: dt.datetime | None
    decided_by: str | None
    reason: str

    def covers(self, slot: Slot, at: dt.datetime) -> bool:
        """Whether this line allows a signature in that slot at that time."""
        return (
            self.state is RegistrationState.APPROVED
            and self.role is slot.role
            and (not self.subjects or slot.subject in self.subjects)
            and self.valid_from is not None
            and self.valid_from <= at
            and (self.valid_to is None or at < self.valid_to)
        )


@dataclass(frozen=True)
class SchoolClass:
    """One class of one school year."""

    id: int
    school_code: str
    school_year: str
    name: str
    enrolled: int
    sheet_sha256: str
    """The sheet that it was imported from."""


@dataclass(frozen=True)
class Assignment:
    """Who signs in one slot of one class, now."""

    id: int
    school_class: SchoolClass
    slot: Slot
    account: str
    replacing: str
    """Why somebody else than the record names signs; empty for the regular teacher."""


@dataclass(frozen=True)
class StoredPart:
    """One prepared document, as it is kept."""

    sha256: str
    to_be_signed: bytes
    state: bytes


@dataclass(frozen=True)
class RoundItem:
    """One unit of a round."""

    unit_id: UUID
    stt: int
    state: ItemState
    signed_at: dt.datetime
    prepared_at: dt.datetime
    pdf_before: str
    xml_before: str
    pdf: StoredPart | None
    xml: StoredPart
    pdf_value: bytes | None
    xml_value: bytes | None
    problem_vi: str | None
    problem_en: str | None


@dataclass(frozen=True)
class Round:
    """Everything that one person has to sign at one sitting."""

    id: UUID
    school_class: SchoolClass
    slot: Slot
    signer: SignerIdentity
    cert_sha256: str
    account: str
    state: RoundState
    opened_at: dt.datetime
    items: tuple[RoundItem, ...]
    """In the order of the class list."""

    def those(self, *states: ItemState) -> tuple[RoundItem, ...]:
        """The items in one of `states`."""
        return tuple(item for item in self.items if item.state in states)


@dataclass(frozen=True)
class RoundLine:
    """One round without its documents: what a list shows."""

    id: UUID
    slot: Slot
    account: str
    state: RoundState
    opened_at: dt.datetime
    changed_at: dt.datetime
    counts: Mapping[ItemState, int]
    """How many of its units stand in each state; what there is none of is absent."""


@dataclass(frozen=True)
class Returned:
    """A unit that a signer gave back."""

    unit_id: UUID
    slot: Slot
    reason: str
    returned_by: str
    returned_at: dt.datetime


class SigningReader:
    """Asks the database, and cannot change it. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def school_class(self, *, school_code: str, school_year: str, name: str) -> SchoolClass:
        """The class of this name. Raises `UnknownClass`."""
        with reading(self._engine) as session:
            query = select(ClassRow).filter_by(school_code=school_code, school_year=school_year, name=name)
            if (row := session.scalars(query).one_or_none()) is None:
                raise UnknownClass(name, school_year)
            return value_of(SchoolClass, row)

    def classes(self, *, school_code: str, school_year: str | None = None) -> list[SchoolClass]:
        """The classes of a school, of one year if it is named, newest year first."""
        query = select(ClassRow).where(ClassRow.school_code == school_code)
        if school_year is not None:
            query = query.where(ClassRow.school_year == school_year)
        with reading(self._engine) as session:
            rows = session.scalars(query.order_by(ClassRow.school_year.desc(), ClassRow.name))
            return [value_of(SchoolClass, row) for row in rows]

    def registrations(
        self,
        *,
        school_code: str | None = None,
        cert_sha256: str | None = None,
        account: str | None = None,
        state: RegistrationState | None = None,
    ) -> list[Registration]:
        """The lines about certificates, oldest first; only those of a school, certificate, account or state, if named."""
        wanted = {"school_code": school_code, "cert_sha256": cert_sha256, "account": account, "state": state}
        query = select(RegistrationRow).filter_by(
            **{name: value for name, value in wanted.items() if value is not None}
        )
        with reading(self._engine) as session:
            return [_registration(row) for row in session.scalars(query.order_by(RegistrationRow.id))]

    def registration(self, registration_id: int) -> Registration | None:
        """One line."""
        with reading(self._engine) as session:
            row = session.get(RegistrationRow, registration_id)
            return None if row is None else _registration(row)

    def line_for(self, cert_sha256: str, slot: Slot, *, school_code: str, at: dt.datetime) -> Registration | None:
        """The approved line that allows a signature by that certificate, in that slot, at that time."""
        lines = self.registrations(school_code=school_code, cert_sha256=cert_sha256)
        return next((line for line in lines if line.covers(slot, at)), None)

    def assignments(self, *, class_id: int | None = None, account: str | None = None) -> list[Assignment]:
        """Who signs now: in a class, or which slots an account has."""
        query = (
            select(AssignmentRow, ClassRow)
            .join(ClassRow, ClassRow.id == AssignmentRow.class_id)
            .where(AssignmentRow.ended_at.is_(None))
        )
        if class_id is not None:
            query = query.where(AssignmentRow.class_id == class_id)
        if account is not None:
            query = query.where(AssignmentRow.account == account)
        with reading(self._engine) as session:
            rows = session.execute(query.order_by(ClassRow.school_year.desc(), ClassRow.name, AssignmentRow.id)).all()
            return [
                Assignment(
                    id=row.id,
                    school_class=value_of(SchoolClass, class_row),
                    slot=Slot(row.role, row.subject),
                    account=row.account,
                    replacing=row.replacing,
                )
                for row, class_row in rows
            ]

    def round(self, round_id: UUID) -> Round:
        """The round with this id. Raises `UnknownRound`."""
        with reading(self._engine) as session:
            if (row := session.get(RoundRow, round_id)) is None:
                raise UnknownRound(round_id)
            items = session.scalars(
                select(RoundItemRow)
                .where(RoundItemRow.round_id == round_id)
                .order_by(RoundItemRow.stt, RoundItemRow.unit_id)
            )
            return _round(row, session.get_one(ClassRow, row.class_id), list(items))

    def items(self, round_id: UUID, unit_ids: Collection[UUID]) -> tuple[RoundItem, ...]:
        """Those units of a round, without reading the others. Raises `UnknownRound`."""
        with reading(self._engine) as session:
            if session.scalars(select(RoundRow.id).where(RoundRow.id == round_id)).one_or_none() is None:
                raise UnknownRound(round_id)
            query = select(RoundItemRow).where(RoundItemRow.round_id == round_id, RoundItemRow.unit_id.in_([*unit_ids]))
            return tuple(_item(row) for row in session.scalars(query))

    def open_round(self, *, class_id: int, slot: Slot, cert_sha256: str) -> Round | None:
        """The round that this certificate has open for a slot of a class, if there is one."""
        query = select(RoundRow.id).filter_by(
            class_id=class_id, role=slot.role, subject=slot.subject, cert_sha256=cert_sha256, state=RoundState.OPEN
        )
        with reading(self._engine) as session:
            found = session.scalars(query).one_or_none()
        return None if found is None else self.round(found)

    def rounds_of(self, *, class_id: int, slot: Slot, account: str) -> list[RoundLine]:
        """The rounds of an account for a slot of a class, newest first."""
        place = {"class_id": class_id, "role": slot.role, "subject": slot.subject, "account": account}
        rounds = select(RoundRow).filter_by(**place).order_by(RoundRow.opened_at.desc(), RoundRow.id)
        counted = (
            select(RoundItemRow.round_id, RoundItemRow.state, func.count())
            .join(RoundRow, RoundRow.id == RoundItemRow.round_id)
            .filter_by(**place)
            .group_by(RoundItemRow.round_id, RoundItemRow.state)
        )
        counts: dict[UUID, dict[ItemState, int]] = {}
        with reading(self._engine) as session:
            for round_id, state, count in session.execute(counted):
                counts.setdefault(round_id, {})[state] = count
            rows = session.scalars(rounds)
            return [value_of(RoundLine, row, slot=slot, counts=counts.get(row.id, {})) for row in rows]

    def unfinished_rounds(self) -> list[UUID]:
        """Open rounds in which a key has signed and values wait to be put in, oldest first."""
        query = (
            select(RoundRow.id)
            .where(RoundRow.state == RoundState.OPEN)
            .where(RoundRow.id.in_(select(RoundItemRow.round_id).where(RoundItemRow.state == ItemState.ANSWERED)))
            .order_by(RoundRow.opened_at)
        )
        with reading(self._engine) as session:
            return list(session.scalars(query))

    def returns(self, *, class_id: int) -> list[Returned]:
        """What was given back in a class, oldest first."""
        query = (
            select(UnitReturnRow)
            .join(UnitRow, UnitRow.id == UnitReturnRow.unit_id)
            .where(UnitRow.class_id == class_id)
            .order_by(UnitReturnRow.id)
        )
        with reading(self._engine) as session:
            return [
                Returned(row.unit_id, Slot(row.role, row.subject), row.reason, row.returned_by, row.returned_at)
                for row in session.scalars(query)
            ]


def written_chain(chain: tuple[bytes, ...]) -> str:
    """Certificates as the database keeps them."""
    return json.dumps([base64.b64encode(one).decode() for one in chain])


def _read_chain(written: str) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(one) for one in json.loads(written))


def _registration(row: RegistrationRow) -> Registration:
    return value_of(Registration, row, subjects=frozenset(row.subjects.split()), chain=_read_chain(row.chain))


def _round(row: RoundRow, class_row: ClassRow, items: list[RoundItemRow]) -> Round:
    return value_of(
        Round,
        row,
        school_class=value_of(SchoolClass, class_row),
        slot=Slot(row.role, row.subject),
        signer=SignerIdentity(certificate=row.certificate, chain=_read_chain(row.chain), shown_role=row.shown_role),
        items=tuple(_item(item) for item in items),
    )


def _item(row: RoundItemRow) -> RoundItem:
    pdf = None
    if row.pdf_prepared is not None and row.pdf_to_be_signed is not None and row.pdf_state is not None:
        pdf = StoredPart(row.pdf_prepared, row.pdf_to_be_signed, row.pdf_state)
    xml = StoredPart(row.xml_prepared, row.xml_to_be_signed, row.xml_state)
    return value_of(RoundItem, row, pdf=pdf, xml=xml)
