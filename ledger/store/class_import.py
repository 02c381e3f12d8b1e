# SPDX-License-Identifier: Apache-2.0

"""Drafts: what an import changes in the database, as a value, and its one transaction; and how a booklet is added.

An import touches only the pupils whose record changed. What is issued is never touched; a unit that people are signing goes
back to draft and loses the signatures that stand on what it no longer says.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger.errors import AlreadyImported, LostRace, PupilsDeparted, UnknownSchool
from ledger.short_code import lookup_key
from ledger.store.reader import Unit
from ledger.store.tables import ClassRow, SchoolRow, SignatureRow, UnitFileRow, UnitRow
from ledger.store.transfer_tables import departed
from ledger.unit import PAST_STATES, UnitKind, UnitState, require_move


@dataclass(frozen=True)
class Draft:
    """One pupil's record as imported: what becomes a unit in `draft`."""

    unit_id: UUID
    pupil_code: str
    stt: int
    record_sha256: str
    source_sha256: str
    replaces: UUID | None = None
    """The recalled unit whose place it takes."""


@dataclass(frozen=True)
class Revision:
    """A unit that is not issued yet, as it was read, and what it says from now on."""

    unit: Unit
    stt: int
    record_sha256: str
    source_sha256: str


@dataclass(frozen=True)
class ClassImport:
    """Everything that one import changes."""

    school_code: str
    school_year: str
    level: str
    name: str
    enrolled: int
    sheet_sha256: str
    found: Mapping[UUID, str]
    """The class's current units when the change was thought out, each with the digest of the source that it then had."""
    added: Sequence[Draft] = ()
    revised: Sequence[Revision] = ()
    removed: Sequence[Unit] = ()
    """Units, not issued yet, of pupils whom the list no longer names."""
    places: Mapping[UUID, int] = field(default_factory=dict)
    """Where units that stay as they are stand in the list now."""


def carry_out(session: Session, change: ClassImport, *, now: dt.datetime) -> bool:
    """Makes the change within `session`, all of it or none, and tells whether the ledger says anything else than before.

    Raises `UnknownSchool`; `LostRace` when a unit, or the class as a whole, no longer stands as it was read, for then a pupil
    who was to stay as he was might be gone, or say something else; `AlreadyImported` when a pupil has a current unit that the
    change does not know of; `PupilsDeparted` when something would be said of a pupil who was released to another school.
    """
    if session.get(SchoolRow, change.school_code) is None:
        raise UnknownSchool(change.school_code)
    class_id, anew = _class(session, change, now)
    current = select(UnitRow.id, UnitRow.source_sha256).where(
        UnitRow.class_id == class_id, UnitRow.kind == UnitKind.UNIT, UnitRow.state.not_in(PAST_STATES)
    )
    if {row.id: row.source_sha256 for row in session.execute(current)} != change.found:
        raise LostRace(f"lớp/class {change.name}", "as read")
    _require_present(session, change)
    for unit in change.removed:
        remove_unit(session, unit)
    for revision in change.revised:
        _revise(session, revision, now)
    for unit_id, stt in sorted(change.places.items()):
        session.execute(update(UnitRow).where(UnitRow.id == unit_id).values(stt=stt))
    if not change.added:  # SQLAlchemy would insert one row of defaults.
        return anew or bool(change.removed or change.revised)
    where = {
        "class_id": class_id,
        "school_code": change.school_code,
        "school_year": change.school_year,
        "level": change.level,
        "kind": UnitKind.UNIT,
    }
    try:
        session.execute(insert(UnitRow), [{**where, **_drafted(draft, now)} for draft in change.added])
    except IntegrityError as error:
        raise AlreadyImported(change.name, change.school_year) from error
    return True


def add_booklet(
    session: Session, draft: Draft, *, units: Sequence[Unit], instead_of: Unit | None, now: dt.datetime
) -> None:
    """Adds a booklet of `units`, filed beside the last, the newest; `instead_of` is an unissued one that gives way to it.

    Raises `LostRace` when any of those has moved, or another booklet of the pupil is current already.
    """
    if instead_of is not None:
        remove_unit(session, instead_of)
    listed = {unit.id: unit for unit in units}
    rows = session.scalars(select(UnitRow).where(UnitRow.id.in_(listed)).order_by(UnitRow.id).with_for_update())
    stand = {row.id: row for row in rows}
    for unit in units:
        if unit.id not in stand or stand[unit.id].state is not unit.state:
            raise LostRace(f"học bạ/unit {unit.id}", unit.state)
    newest = stand[units[-1].id]
    where = {name: getattr(newest, name) for name in ("class_id", "school_code", "school_year", "level")}
    try:
        session.execute(insert(UnitRow), [{**where, "kind": UnitKind.BOOKLET, **_drafted(draft, now)}])
    except IntegrityError as error:
        raise LostRace(f"sổ học bạ/booklet {draft.pupil_code}", "none") from error


def _drafted(draft: Draft, now: dt.datetime) -> dict[str, object]:
    return {
        "id": draft.unit_id,
        "short_code": lookup_key(draft.unit_id),
        "pupil_code": draft.pupil_code,
        "stt": draft.stt,
        "state": UnitState.DRAFT,
        "record_sha256": draft.record_sha256,
        "source_sha256": draft.source_sha256,
        "replaces": draft.replaces,
        "created_at": now,
        "changed_at": now,
    }


def remove_unit(session: Session, unit: Unit) -> None:
    """Takes out a unit that is not issued, as it was read; the files that it named stay in their store."""
    _strip(session, unit)
    if session.execute(delete(UnitRow).where(*_as_read(unit))).rowcount != 1:  # type: ignore[attr-defined]
        raise LostRace(f"học bạ/unit {unit.id}", unit.state)


def _class(session: Session, change: ClassImport, now: dt.datetime) -> tuple[int, bool]:
    """The id of the class, made if it is new, with what this import says of it; and whether that is news."""
    where = {"school_code": change.school_code, "school_year": change.school_year, "name": change.name}
    # One import of a class at a time; SQLite lets only one process write anyway, and leaves this out.
    row = session.scalars(select(ClassRow).filter_by(**where).with_for_update()).one_or_none()
    if row is None:
        row = ClassRow(**where)
        session.add(row)
    anew = (row.enrolled, row.sheet_sha256) != (change.enrolled, change.sheet_sha256)
    row.enrolled, row.sheet_sha256, row.imported_at = change.enrolled, change.sheet_sha256, now
    try:
        session.flush()  # The class needs its id before its units can name it.
    except IntegrityError as error:
        raise LostRace(f"lớp/class {change.name}", "as read") from error
    return row.id, anew


def _require_present(session: Session, change: ClassImport) -> None:
    said_of = [*(draft.pupil_code for draft in change.added), *(one.unit.pupil_code for one in change.revised)]
    gone = departed(
        session, said_of, school_code=change.school_code, level=change.level, school_year=change.school_year
    )
    if gone:
        raise PupilsDeparted(change.name, change.school_year, [f"{code} → {to}" for code, to in sorted(gone.items())])


def _revise(session: Session, revision: Revision, now: dt.datetime) -> None:
    unit = revision.unit
    if unit.state is not UnitState.DRAFT:
        require_move(unit.state, UnitState.DRAFT)
    _strip(session, unit)
    result = session.execute(
        update(UnitRow)
        .where(*_as_read(unit))
        .values(
            state=UnitState.DRAFT,
            stt=revision.stt,
            record_sha256=revision.record_sha256,
            source_sha256=revision.source_sha256,
            template=None,
            changed_at=now,
        )
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise LostRace(f"học bạ/unit {unit.id}", unit.state)


def _strip(session: Session, unit: Unit) -> None:
    """Takes files and signatures off a unit; one signature more than was read is a lost race, for its signer was told nothing."""
    if unit.state not in {UnitState.DRAFT, UnitState.SIGNING}:
        require_move(unit.state, UnitState.DRAFT)
    # Whoever signs holds the unit; from here on nobody does.
    session.execute(select(UnitRow.id).where(UnitRow.id == unit.id).with_for_update())
    signed = session.execute(delete(SignatureRow).where(SignatureRow.unit_id == unit.id))
    if signed.rowcount != len(unit.signatures):  # type: ignore[attr-defined]
        raise LostRace(f"học bạ/unit {unit.id}", unit.state)
    session.execute(delete(UnitFileRow).where(UnitFileRow.unit_id == unit.id))


def _as_read(unit: Unit):  # type: ignore[no-untyped-def]  # noqa: ANN202 - SQLAlchemy's own type
    return UnitRow.id == unit.id, UnitRow.state == unit.state, UnitRow.source_sha256 == unit.source_sha256
