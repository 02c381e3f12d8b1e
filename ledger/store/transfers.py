# SPDX-License-Identifier: Apache-2.0

"""Transfers of pupils between schools: how their table is read and changed. Each change is one transaction."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger.errors import LostRace, UnknownSchool
from ledger.journal import Deed, Detail
from ledger.store.class_import import remove_unit
from ledger.store.journal_store import BY_ITSELF, add_entry
from ledger.store.reader import Unit, value_of
from ledger.store.sessions import reading, writing
from ledger.store.tables import SchoolRow, UnitRow
from ledger.store.transfer_tables import OPEN, TransferRow
from ledger.unit import PAST_STATES, UnitKind


@dataclass(frozen=True)
class Transfer:
    """One school gives a pupil to another; see `TransferRow`."""

    id: int
    pupil_code: str
    level: str
    school_year: str
    from_school: str
    to_school: str
    mid_year: bool
    confirmation_sha256: str | None
    released_at: dt.datetime
    released_by: str
    why: str
    accepted_at: dt.datetime | None
    accepted_by: str | None
    withdrawn_at: dt.datetime | None

    @property
    def open(self) -> bool:
        """Whether the new school has still to take the pupil in."""
        return self.accepted_at is None and self.withdrawn_at is None


@dataclass(frozen=True)
class Release:
    """What the old school decides."""

    pupil_code: str
    level: str
    school_year: str
    from_school: str
    to_school: str
    mid_year: bool
    confirmation_sha256: str | None
    why: str


class Transfers:
    """Reads and changes them. `now` gives the time that is written beside each, `who` whoever decides."""

    def __init__(self, engine: Engine, *, now: Callable[[], dt.datetime], who: str = BY_ITSELF) -> None:
        self._engine = engine
        self._now = now
        self._who = who

    def by(self, who: str) -> Self:
        """The same, for what `who` decides."""
        return type(self)(self._engine, now=self._now, who=who)

    def those(self, *, school_code: str | None = None, pupil_code: str | None = None) -> list[Transfer]:
        """Transfers, of a school on either side or of a pupil if one is named, oldest first."""
        query = select(TransferRow).order_by(TransferRow.id)
        if school_code is not None:
            query = query.where((TransferRow.from_school == school_code) | (TransferRow.to_school == school_code))
        if pupil_code is not None:
            query = query.where(TransferRow.pupil_code == pupil_code)
        with reading(self._engine) as session:
            return [value_of(Transfer, row) for row in session.scalars(query)]

    def drawn(self, pupil_code: str, *, from_school: str, to_school: str, detail: Detail) -> None:
        """Notes that a confirmation was drawn from a sheet; `detail` says which, of what, and up to when."""
        with writing(self._engine) as session:
            self._schools(session, from_school, to_school)
            told: Detail = {"from": from_school, "to": to_school, **detail}
            self._note(session, Deed.CONFIRMATION_DRAWN, pupil_code, why="", detail=told)

    def release(self, release: Release, *, begun: Unit | None, confirmed: Detail | None = None) -> Transfer:
        """The old school gives the pupil away. One that is given away already is a lost race.

        `begun` is the unit of the year that goes on elsewhere, as it was read; one that says something else by now, or that is
        begun since, is a lost race too. `confirmed` is what was found of its confirmation, for the journal.
        """
        with writing(self._engine) as session:
            self._schools(session, release.from_school, release.to_school)
            self._as_read(session, release, begun)
            values = {name: getattr(release, name) for name in Release.__dataclass_fields__}
            row = TransferRow(**values, released_at=self._now(), released_by=self._who)
            session.add(row)
            try:
                session.flush()
            except IntegrityError as error:
                raise LostRace(f"chuyển trường/transfer {release.pupil_code}", "at school") from error
            told: Detail = {
                "transfer": row.id,
                "to": release.to_school,
                "year": release.school_year,
                "confirmation": release.confirmation_sha256,
                **(confirmed or {}),
            }
            self._note(session, Deed.TRANSFERRED_OUT, release.pupil_code, why=release.why, detail=told)
            return value_of(Transfer, row)

    def accept(self, transfer: Transfer, *, inherited: Sequence[Unit], unfinished: Unit | None) -> None:
        """The new school takes the pupil in. `unfinished` is the unit that the old school had begun for the year, which goes.

        A transfer or a unit that stands elsewhere than it was read is a lost race.
        """
        with writing(self._engine) as session:
            self._end(session, transfer, accepted_at=self._now(), accepted_by=self._who)
            if unfinished is not None:
                remove_unit(session, unfinished)
            told: Detail = {
                "transfer": transfer.id,
                "from": transfer.from_school,
                "year": transfer.school_year,
                "inherits": [str(unit.id) for unit in inherited],
                "removed": None if unfinished is None else str(unfinished.id),
                "unfinished_source": None if unfinished is None else unfinished.source_sha256,
            }
            self._note(session, Deed.TRANSFERRED_IN, transfer.pupil_code, why="", detail=told)

    def withdraw(self, transfer: Transfer, *, why: str) -> None:
        """The old school takes its release back, before the new one has taken the pupil in."""
        with writing(self._engine) as session:
            self._end(session, transfer, withdrawn_at=self._now())
            told: Detail = {"transfer": transfer.id}
            self._note(session, Deed.TRANSFER_WITHDRAWN, transfer.pupil_code, why=why, detail=told)

    @staticmethod
    def _end(session: Session, transfer: Transfer, **values: object) -> None:
        result = session.execute(update(TransferRow).where(TransferRow.id == transfer.id, text(OPEN)).values(**values))
        if result.rowcount != 1:  # type: ignore[attr-defined]
            raise LostRace(f"chuyển trường/transfer {transfer.id}", "open")

    @staticmethod
    def _as_read(session: Session, release: Release, begun: Unit | None) -> None:
        current = select(UnitRow.id, UnitRow.state, UnitRow.source_sha256).where(
            UnitRow.pupil_code == release.pupil_code,
            UnitRow.level == release.level,
            UnitRow.school_year == release.school_year,
            UnitRow.school_code == release.from_school,
            UnitRow.kind == UnitKind.UNIT,
            UnitRow.state.not_in(PAST_STATES),
        )
        expected = [] if begun is None else [(begun.id, begun.state, begun.source_sha256)]
        if [tuple(row) for row in session.execute(current.with_for_update())] != expected:
            raise LostRace(f"chuyển trường/transfer {release.pupil_code}", "as read")

    @staticmethod
    def _schools(session: Session, *codes: str) -> None:
        for code in codes:
            if session.get(SchoolRow, code) is None:
                raise UnknownSchool(code)

    def _note(self, session: Session, deed: Deed, pupil_code: str, *, why: str, detail: Detail) -> None:
        add_entry(session, deed, f"pupil {pupil_code}", who=self._who, now=self._now(), why=why, detail=detail)
