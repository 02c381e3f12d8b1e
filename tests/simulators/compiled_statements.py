# SPDX-License-Identifier: Apache-2.0

"""Statements that are compiled once for a whole test process, and not once for each of its thousands of engines.

SQLAlchemy keeps what it compiled beside the engine, and tells engines apart by their dialect. A service opens its database once;
a test opens one for every process that it plays, and each of those would compile the same statements again: a quarter of all the
processor time of tests that work on a database. So here dialects of one kind are the same one, and share what was compiled.
`conftest.py` calls `share`; whoever opens an engine knows nothing of it.
"""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

COMPILED: dict[Any, Any] = {}


class _Alike:
    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=COMPILED)


class SharedSQLite(_Alike, SQLiteDialect_pysqlite):
    """SQLite, compiled for once."""

    supports_statement_cache = True


class SharedPostgreSQL(_Alike, PGDialect_psycopg):
    """PostgreSQL, compiled for once."""

    supports_statement_cache = True


def share() -> None:
    """From now on, every engine of this process."""
    registry.register("sqlite", __name__, SharedSQLite.__name__)
    registry.register("postgresql.psycopg", __name__, SharedPostgreSQL.__name__)
