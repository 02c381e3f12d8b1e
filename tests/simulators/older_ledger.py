# SPDX-License-Identifier: Apache-2.0

"""A ledger as an earlier version left it: the tables of that version, with rows in every one of them.

The rows are made from the tables themselves, as the database describes them, so that a table which is added later gets its row
without anybody thinking of it. Only what a CHECK demands of several columns at once is written down, in `DEMANDED`.

Example::

    rows = fill(older_engine)              # what stands there now, by table
    migrate(older_engine)
    assert_kept(rows, rows_of(older_engine))
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from alembic.script import ScriptDirectory
from sqlalchemy import (
    CHAR,
    Boolean,
    Column,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Uuid,
    insert,
    inspect,
    select,
)

from ledger.store.database import MIGRATIONS

NOON = datetime(2026, 6, 1, 12)  # noqa: DTZ001 - as the database keeps it
REVISIONS = [script.revision for script in reversed([*ScriptDirectory(str(MIGRATIONS)).walk_revisions()])]
"""Every version there has been, the oldest first."""

RECALLED, SUCCESSOR, WAITING = (UUID(int=number, version=4) for number in (1, 2, 3))

_NO_ACT = dict.fromkeys(("school_year", "topic", "digest", "unit_id", "replacement_id", "reason"))
DEMANDED: Mapping[str, list[dict[str, object]]] = {
    "unit": [
        {"id": RECALLED, "state": "recalled", "pupil_code": "31", "replaces": None},
        {"id": SUCCESSOR, "state": "issued", "pupil_code": "31", "replaces": RECALLED},
        {"id": WAITING, "state": "draft", "pupil_code": "32", "replaces": None, "manifest": None, "template": None},
    ],
    "signature": [{"role": "CBQL", "subject": ""}, {"role": "KY_PHAT_HANH", "subject": ""}],
    "unit_file": [{"role": "pdf"}, {"role": "xml"}],
    "attempt": [{"recall_id": None}, {"batch_id": None}],
    "registration": [{"state": "approved", "role": "CBQL"}],
    "assignment": [{"role": "GVBM"}],
    "round_item": [{"state": "refused"}],
    "school": [{"code": "79000501"}, {"code": "79000502"}],
    "transfer": [{"from_school": "79000501", "to_school": "79000502", "withdrawn_at": None}],
    "act": [
        {**_NO_ACT, "kind": "lock", "school_code": None, "school_year": "2025-2026"},
        {**_NO_ACT, "kind": "publish", "topic": b"topic", "digest": b"digest"},
        {**_NO_ACT, "kind": "approve", "unit_id": RECALLED, "reason": "fraud"},
    ],
    "number": [
        {"recall_id": None, "act_id": None, "fills": False},
        {"state": "free", "batch_id": None, "recall_id": None, "act_id": None, "fills": False},
    ],
}
"""Rows of a table, with what cannot be made up; one row of any other."""

MOVED: Mapping[str, frozenset[str]] = {"attempt": frozenset({"batch_id", "recall_id"})}
"""What a later version keeps in another table: here, in `number`."""

VERSION_TABLE = "alembic_version"


def tables_of(engine: Engine) -> list[Table]:
    """The tables as the database describes them, those first that others refer to."""
    metadata = MetaData()
    metadata.reflect(engine)
    return [table for table in metadata.sorted_tables if table.name != VERSION_TABLE]


def fill(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Puts rows into every table, and returns what then stands there."""
    made: dict[str, list[dict[str, Any]]] = {}
    tables = [(table, allowed_values(engine, table)) for table in tables_of(engine)]
    with engine.begin() as connection:
        for table, allowed in tables:
            made[table.name] = [
                {column.name: _value(column, number, demanded, allowed, made) for column in table.columns}
                for number, demanded in enumerate(DEMANDED.get(table.name, [{}]), 1)
            ]
            connection.execute(insert(table), made[table.name])
    return rows_of(engine)


def rows_of(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    tables = tables_of(engine)
    with engine.connect() as connection:
        return {table.name: [dict(row) for row in connection.execute(select(table)).mappings()] for table in tables}


def assert_kept(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> None:
    """Each row is still there, with every value that it had; and no table lacks a row to tell by."""
    for table, rows in before.items():
        assert rows, f"no row in {table}"
        assert len(after[table]) == len(rows), table
        moved = MOVED.get(table, frozenset())
        for row in rows:
            kept = {name: value for name, value in row.items() if name in after[table][0] or name not in moved}
            assert any(kept.items() <= now.items() for now in after[table]), (table, row)


def allowed_values(engine: Engine, table: Table) -> dict[str, str]:
    """For each column with a CHECK on its value, the first that is allowed."""
    found = {}
    for check in inspect(engine).get_check_constraints(table.name):
        said = re.sub(r"::[a-z ]+(\[\])?", "", check["sqltext"])  # PostgreSQL writes each type out.
        values = re.findall(r"'([^']*)'", said)
        columns = {c.name for c in table.columns if re.search(rf"\b{c.name}\b", re.sub(r"'[^']*'", "", said))}
        if values and len(columns) == 1 and re.search(r"\bIN\b|\bANY\b", said) and "NOT" not in said:
            found[columns.pop()] = values[0]
    return found


def _value(
    column: Column[Any], number: int, demanded: dict[str, object], allowed: dict[str, str], made: dict[str, Any]
) -> object:
    if column.name in demanded:
        value = demanded[column.name]
        return value.hex if isinstance(value, UUID) and isinstance(column.type, CHAR) else value
    for key in column.foreign_keys:
        if key.column.table is not column.table:
            return made[key.column.table.name][0][key.column.name]
    if column.name in allowed:
        return allowed[column.name]
    return _made_up(column, number)


def _made_up(column: Column[Any], number: int) -> object:
    unique = UUID(int=1000 + number, version=4)
    length = getattr(column.type, "length", None) or 64
    made: dict[type, object] = {
        DateTime: NOON,
        Boolean: True,
        Integer: number,
        LargeBinary: f"{column.name} {number}".encode(),
        Uuid: unique,
        CHAR: unique.hex,  # What SQLite keeps a UUID in.
        String: f"{column.name[: length - 2]}-{number}",
    }
    return next(value for kind, value in made.items() if isinstance(column.type, kind))
