# SPDX-License-Identifier: Apache-2.0

"""How a unit moves in the database: from where it was read, or not at all."""

import datetime as dt
from uuid import UUID

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from ledger.errors import LostRace
from ledger.store.tables import UnitRow
from ledger.unit import UnitState, require_move


def move_unit(
    session: Session,
    unit_id: UUID,
    old: UnitState,
    new: UnitState,
    *also: ColumnElement[bool],
    now: dt.datetime,
    **values: object,
) -> None:
    """Moves one unit, or raises `ForbiddenMove` or `LostRace` and leaves it to the caller's transaction to change nothing."""
    require_move(old, new)
    result = session.execute(
        update(UnitRow)
        .where(UnitRow.id == unit_id, UnitRow.state == old, *also)
        .values(state=new, changed_at=now, **values)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise LostRace(f"học bạ/unit {unit_id}", old)
