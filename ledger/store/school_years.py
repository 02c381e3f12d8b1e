# SPDX-License-Identifier: Apache-2.0

"""How far the records of a school year have come, over all schools: what an authority looks at before a lock. Selects only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Engine, func, select

from ledger.store.sessions import reading
from ledger.store.tables import ClassRow, SchoolRow, UnitRow
from ledger.unit import FINAL_STATES, PAST_STATES, UnitKind, UnitState


@dataclass(frozen=True)
class Counted:
    """How many yearly records stand in each state; states without records are absent."""

    counts: Mapping[UnitState, int] = field(default_factory=dict)

    @property
    def anchored(self) -> int:
        """How many are on the chain and in force."""
        return self._of(FINAL_STATES)

    @property
    def open(self) -> int:
        """How many are not anchored yet, though nobody has withdrawn them."""
        return self._of(set(UnitState) - FINAL_STATES - PAST_STATES)

    def _of(self, states: Iterable[UnitState]) -> int:
        return sum(self.counts.get(state, 0) for state in states)


@dataclass(frozen=True)
class SchoolOfYear:
    """One school with records, or classes, of the year."""

    code: str
    name: str
    records: Counted


class SchoolYears:
    """Asks about school years."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> dict[str, Counted]:
        """Every school year for which a class was imported, newest first."""
        query = (
            select(ClassRow.school_year, UnitRow.state, func.count(UnitRow.id))
            .outerjoin(UnitRow, (UnitRow.class_id == ClassRow.id) & (UnitRow.kind == UnitKind.UNIT))
            .group_by(ClassRow.school_year, UnitRow.state)
            .order_by(ClassRow.school_year.desc())
        )
        found: dict[str, dict[UnitState, int]] = {}
        with reading(self._engine) as session:
            for year, state, count in session.execute(query):
                counts = found.setdefault(year, {})
                if state is not None:
                    counts[state] = count
        return {year: Counted(counts) for year, counts in found.items()}

    def schools(self, school_year: str) -> list[SchoolOfYear]:
        """The schools that have imported a class of the year, by code."""
        query = (
            select(SchoolRow.code, SchoolRow.name, UnitRow.state, func.count(UnitRow.id))
            .join(ClassRow, ClassRow.school_code == SchoolRow.code)
            .outerjoin(UnitRow, (UnitRow.class_id == ClassRow.id) & (UnitRow.kind == UnitKind.UNIT))
            .where(ClassRow.school_year == school_year)
            .group_by(SchoolRow.code, SchoolRow.name, UnitRow.state)
            .order_by(SchoolRow.code)
        )
        names: dict[str, str] = {}
        found: dict[str, dict[UnitState, int]] = {}
        with reading(self._engine) as session:
            for code, name, state, count in session.execute(query):
                names[code] = name
                counts = found.setdefault(code, {})
                if state is not None:
                    counts[state] = count
        return [SchoolOfYear(code, names[code], Counted(counts)) for code, counts in found.items()]
