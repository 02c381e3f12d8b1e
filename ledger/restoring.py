# SPDX-License-Identifier: Apache-2.0

"""Restoring: from an archive (`ledger.exporting`) to a ledger that has nothing yet.

1. Every file of the archive is hashed; one that is missing, altered or too many, and nothing happens.
2. The files go into the file store, each under its digest. Stopped here, the next start does it again; nothing is there twice.
3. All rows go into the empty tables in one transaction, in the version of the tables that they were archived in.
4. The tables come to the newest version.

Afterwards `hocba audit` has nothing to report, or restores what the archive had to report. Accounts are made anew.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Engine, Table, func, insert, select, text, update
from sqlalchemy.orm import Session

from ledger.bag import BagReader, UnusableArchive
from ledger.errors import LedgerError
from ledger.exporting import FILES, FORMAT, FORMAT_FIELD, REVISION_FIELD, ROWS, SCOPE_FIELD, UNITS, WHOLE
from ledger.store.database import migrate, revision_of
from ledger.store.files import FileStore
from ledger.store.row_files import archived_tables, is_empty, values_of
from ledger.store.sessions import writing

_ROWS_AT_ONCE = 500
_RECEIPT = ".receipt.json"


class NotEmpty(LedgerError):
    """The ledger that was to be restored into has rows already, or tables of another version. Nothing was changed."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(
            f"Chỉ khôi phục vào sổ cái trống: {vi}. Hãy tạo cài đặt mới (hocba init) với cơ sở dữ liệu mới.",
            f"Only an empty ledger can be restored into: {en}. Make a new installation (hocba init) with a new database.",
        )


class Restoring:
    """Brings one archive back."""

    def __init__(self, bag: BagReader, engine: Engine, files: FileStore) -> None:
        self._bag = bag
        self._engine = engine
        self._files = files

    def restore(self) -> Iterator[str]:
        """Does all of it, yielding what is done as it is done: each file when it is checked, and when it is stored, each table.

        Raises `UnusableArchive` or `NotEmpty`, and has changed no row then.
        """
        revision = self._revision()
        self._require_empty(revision)
        yield from self._bag.check()
        for folder in (FILES, UNITS):
            for name in self._bag.payload(folder):
                if not name.endswith(_RECEIPT):
                    self._files.put(self._bag.read(name))
                    yield name
        with self._engine.connect() as connection:
            fresh = revision_of(connection) is None
        if fresh:
            migrate(self._engine, revision)
        tables = self._tables()
        with writing(self._engine) as session:
            if not is_empty(session, tables):
                raise NotEmpty("đã có dữ liệu", "it has rows")
            for table in tables:
                self._fill(session, table)
                yield table.name
        migrate(self._engine)

    def _revision(self) -> str:
        info = self._bag.info()
        if info.get(FORMAT_FIELD) != FORMAT:
            raise UnusableArchive(self._bag.path, "không phải bản lưu trữ hocba", "it is no archive of hocba")
        if info.get(SCOPE_FIELD) != WHOLE:
            raise UnusableArchive(
                self._bag.path,
                "chỉ là của một trường, nhật ký không đủ để lập lại sổ cái",
                "it is one school's, whose journal is not enough to make a ledger of",
            )
        return info.get(REVISION_FIELD, "")

    def _tables(self) -> list[Table]:
        """Those that the archive has: an older one has none that came later."""
        known = json.loads(self._bag.read(f"{ROWS}/schema.json"))
        return [table for table in archived_tables() if table.name in known]

    def _require_empty(self, revision: str) -> None:
        with self._engine.connect() as connection:
            current = revision_of(connection)
        if current not in {None, revision}:
            raise NotEmpty(
                f"bảng ở phiên bản {current}, bản lưu trữ ở {revision}",
                f"its tables are at version {current}, those of the archive at {revision}",
            )
        if current is not None:
            with Session(self._engine) as session:
                if not is_empty(session, archived_tables()):
                    raise NotEmpty("đã có dữ liệu", "it has rows")

    def _fill(self, session: Session, table: Table) -> None:
        """All rows of one table. What points within the table is set once all of them are there."""
        inner = {key.parent.name for key in table.foreign_keys if key.column.table is table}
        (primary,) = list(table.primary_key.columns) if inner else [None]
        pointing: list[Mapping[str, Any]] = []
        rows: list[Mapping[str, Any]] = []
        for line in self._bag.lines(f"{ROWS}/{table.name}.jsonl"):
            row = values_of(table, line)
            if primary is not None and (points := {name: row[name] for name in inner if row.get(name) is not None}):
                pointing.append({"key": row[primary.name], **points})
                row |= dict.fromkeys(points)
            rows.append(row)
            if len(rows) == _ROWS_AT_ONCE:
                session.execute(insert(table), rows)
                rows.clear()
        if rows:
            session.execute(insert(table), rows)
        for each in pointing:
            assert primary is not None  # noqa: S101 - nothing points otherwise
            values = {name: value for name, value in each.items() if name != "key"}
            session.execute(update(table).where(primary == each["key"]).values(values))
        _count_on(session, table)


def _count_on(session: Session, table: Table) -> None:
    """PostgreSQL counts ids by itself, and knows nothing of those that were given."""
    column = table.autoincrement_column
    if column is None or session.connection().dialect.name != "postgresql":
        return
    highest = session.scalar(select(func.max(column)))
    if highest is not None:
        sequence = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
        session.execute(text(f"SELECT setval({sequence}, :highest)"), {"highest": highest})
