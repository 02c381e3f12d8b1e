# SPDX-License-Identifier: Apache-2.0

"""Rows as lines of JSON and back: how an archive holds the ledger's tables. docs/audit.md has the format.

Every table is held but those of people and their doors (`ledger.store.account_tables`): accounts, passwords, invitations and
sessions are an installation's own, and whoever restores one makes them anew.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Enum, LargeBinary, Row, Table, Uuid, false, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from ledger.store import account_tables, chain_tables, signing_tables, tables, transfer_tables
from ledger.store.tables import Base, UtcDateTime

LEFT_OUT = frozenset(
    value.__tablename__
    for value in vars(account_tables).values()
    if isinstance(value, type) and issubclass(value, Base) and value is not Base
)
"""Tables that no archive has."""
_KNOWN = (chain_tables, signing_tables, tables, transfer_tables)
"""Imported for their tables: what the metadata does not know is not archived."""
ROWS_AT_ONCE = 500
AnyRow = Row[*tuple[Any, ...]]


def archived_tables() -> list[Table]:
    """The tables of an archive, each after those that it points at."""
    return [table for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT]


def schema() -> dict[str, dict[str, str]]:
    """What the lines of each table hold, by column: how the value is written."""
    return {
        table.name: {
            column.name: _written(column) + (", or null" if column.nullable else "") for column in table.columns
        }
        for table in archived_tables()
    }


def _written(column: Column[Any]) -> str:
    match column.type:
        case LargeBinary():
            return "bytes, hexadecimal"
        case UtcDateTime():
            return "time, ISO 8601, UTC"
        case Uuid():
            return "UUID"
        case Enum() as kind:
            return "one of " + ", ".join(kind.enums)
        case kind:
            return kind.python_type.__name__


def lines_of(session: Session, table: Table, *, school_code: str | None = None) -> Iterator[str]:
    """The rows of a table in the order of their keys, a line of JSON each; of one school, those that concern it."""
    key, names = list(table.primary_key.columns), [column.name for column in table.columns]
    query = select(table).order_by(*key).limit(ROWS_AT_ONCE)
    if school_code is not None:
        query = query.where(_concerns(table, school_code))
    last: Sequence[Any] | None = None
    while True:
        page = session.execute(query if last is None else query.where(tuple_(*key) > tuple_(*last))).all()
        for row in page:
            yield json.dumps(dict(zip(names, map(_plain, row), strict=True)), ensure_ascii=False) + "\n"
        if len(page) < ROWS_AT_ONCE:
            return
        said = dict(zip(names, page[-1], strict=True))
        last = [literal(said[column.name], column.type) for column in key]


def _plain(value: object) -> object:
    match value:
        case bytes():
            return value.hex()
        case dt.datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value


def values_of(table: Table, line: str) -> dict[str, Any]:
    """What a line says, for inserting. Raises `ValueError` or `KeyError` for what is no row of this table."""
    said: Mapping[str, Any] = json.loads(line)
    return {name: _read(table.columns[name], value) for name, value in said.items()}


def _read(column: Column[Any], value: Any) -> Any:  # noqa: ANN401 - whatever the column holds
    if value is None:
        return None
    match column.type:
        case LargeBinary():
            return bytes.fromhex(value)
        case UtcDateTime():
            return dt.datetime.fromisoformat(value)
        case Uuid():
            return UUID(value)
        case Enum() as kind if kind.enum_class is not None:
            return kind.enum_class(value)
        case _:
            return value


def _concerns(table: Table, school_code: str) -> ColumnElement[bool]:
    """Which rows of a table concern one school."""
    columns = table.columns
    units = select(tables.UnitRow.id).where(tables.UnitRow.school_code == school_code)
    classes = select(tables.ClassRow.id).where(tables.ClassRow.school_code == school_code)
    match table.name:
        case "school":
            where = columns["code"] == school_code
        case "act":
            where = or_(columns["school_code"] == school_code, columns["school_code"].is_(None))
        case "transfer":
            where = or_(columns["from_school"] == school_code, columns["to_school"] == school_code)
        case "number":
            where = _of_errands(columns, school_code)
        case "attempt":
            number = chain_tables.NumberRow.__table__
            ours = select(number.c.sender, number.c.nonce).where(_of_errands(number.columns, school_code))
            where = tuple_(columns["sender"], columns["nonce"]).in_(ours)
        case "journal":
            where = false()  # `ledger.exporting` writes it: entries about other schools stay links of the chain.
        case _ if "school_code" in columns:
            where = columns["school_code"] == school_code
        case _ if "unit_id" in columns:
            where = columns["unit_id"].in_(units)
        case _ if "class_id" in columns:
            where = columns["class_id"].in_(classes)
        case name:
            raise LookupError(f"nobody says which rows of {name} concern a school")
    return where


def _of_errands(columns: Any, school_code: str) -> ColumnElement[bool]:  # noqa: ANN401 - a table's columns
    batch, recall, act = (
        row.__table__.c for row in (chain_tables.BatchRow, chain_tables.RecallRow, chain_tables.ActRow)
    )
    return or_(
        columns["batch_id"].in_(select(batch.id).where(batch.school_code == school_code)),
        columns["recall_id"].in_(select(recall.id).where(recall.school_code == school_code)),
        columns["act_id"].in_(select(act.id).where(or_(act.school_code == school_code, act.school_code.is_(None)))),
    )


def is_empty(session: Session, those: Iterable[Table]) -> bool:
    """Whether none of these tables has a row. Asks for no column: an older version may lack some."""
    return all(session.execute(select(literal(1)).select_from(table).limit(1)).first() is None for table in those)
