# SPDX-License-Identifier: Apache-2.0

"""A ledger in which everything has happened once, on a simulated chain, and whoever tampers with it behind the program's back.

Example::

    world = eventful(tmp_path)
    tamper(world.ledger, "UPDATE unit SET stt = 9")
    codes(world)                                     # what the audit finds, by code
"""

import copy
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Column, Connection, Integer, LargeBinary, Uuid, text

from ledger.audit.auditor import audit
from ledger.audit.findings import Severity
from ledger.batch import ActKind
from ledger.journal import JOURNAL_TOPIC
from ledger.proof.merkle import keccak
from ledger.store.class_import import Draft
from ledger.store.errand_writer import NewAct
from ledger.store.tables import Base
from ledger.unit import Role, UnitState
from tests.simulators.anchoring_world import World
from tests.simulators.databases import POSTGRESQL
from tests.simulators.school_ledger import (
    AUTHORITY,
    CLASS,
    CONFIRMATIONS,
    OPERATOR,
    OTHER_SCHOOL,
    SCHOOL,
    Clock,
    SchoolLedger,
    digest,
    unit_id,
)

TOPIC = keccak(b"hocba.signers.v1")
LAST_YEAR = "2024-2025"
RECALLED, REPLACEMENT, RENEWED, SIGNING, DRAFT, LOCKED = (unit_id(number) for number in (1, 40, 2, 20, 30, 50))


def eventful(folder: Path) -> World:
    """Units in every state, a recall with its replacement, a locked year, statements, a renewed paper, transactions at rest."""
    ledger = SchoolLedger.created(folder)
    ledger.now = Clock()
    world = World(ledger)
    authority = {"school_code": None, "wallet": AUTHORITY}

    ledger.issued(5)
    ledger.issued(1, first=50, year=LAST_YEAR)
    for year in ("2025-2026", LAST_YEAR):
        ledger.now.passes(minutes=1)
        ledger.sealer(world.chain).seal(school_code=SCHOOL, school_year=year)
    world.finish()

    ledger.now.passes(minutes=1)
    world.recall(ledger.reader.unit(RECALLED))
    world.finish()
    ledger.now.passes(minutes=1)
    draft = Draft(REPLACEMENT, f"{1:010d}", 1, digest("record", 40), digest("source", 40), RECALLED)
    ledger.import_class([draft], name=f"{CLASS}-1", enrolled=5)
    unit = ledger.opened(ledger.reader.unit(REPLACEMENT))
    for role in (Role.PRINCIPAL, Role.SEAL):
        unit = ledger.sign(unit, role)
    ledger.issue(unit)
    world.seal()
    world.finish()

    ledger.renew(ledger.reader.unit(RENEWED))
    for unit in ledger.signing(2, first=20):
        ledger.sign(unit, Role.PRINCIPAL)
    ledger.drafts(3, first=30)
    moves = {
        "level": "THCS",
        "school_year": "2025-2026",
        "from_school": SCHOOL,
        "to_school": OTHER_SCHOOL,
        "by": "hiệu trưởng",
    }
    # One goes in mid-year and is taken in; one is released and called back; one is on the way.
    gone, called_back, _ = (
        ledger.transferring.release(f"{number:010d}", confirmation=b"%PDF-", **moves) for number in (32, 31, 30)
    )
    ledger.transferring.accept(gone.id, school_code=OTHER_SCHOOL, by="hiệu trưởng mới")
    ledger.transferring.withdraw(called_back.id, school_code=SCHOOL, by="hiệu trưởng", why="ở lại")
    ledger.errand_writer.decide(NewAct(ActKind.LOCK, school_year=LAST_YEAR))
    ledger.errand_writer.decide(NewAct(ActKind.PUBLISH, topic=TOPIC, digest=b"\x11" * 32))
    world.finish(**authority)
    for publisher, who in ((None, authority), (SCHOOL, {"wallet": OPERATOR})):
        head = ledger.journal.head()
        act = NewAct(ActKind.PUBLISH, school_code=publisher, topic=JOURNAL_TOPIC, digest=head)
        ledger.errand_writer.decide(act)
        world.finish(**who)
    world.chain.mine(CONFIRMATIONS)
    assert {UnitState.DRAFT, UnitState.SIGNING, UnitState.ANCHORED, UnitState.LOCKED, UnitState.REPLACED} == (
        ledger.states()
    )
    return world


def copied(world: World, folder: Path) -> World:
    """The same world, to go its own way from here."""
    ledger = world.ledger.copied(folder)
    if (kept := world.ledger.path.parent / "files").exists():
        shutil.copytree(kept, folder / "files")
    return World(ledger, copy.deepcopy(world.chain))


def tamper(ledger: SchoolLedger, *statements: str, **values: object) -> None:
    """Runs SQL as somebody would who has the database's password: keys rest, and nothing that guards a table stops it."""
    with ledger.engine.connect() as connection:
        (_disarm_postgresql if POSTGRESQL else _disarm_sqlite)(connection)
        for statement in statements:
            said = re.sub("x'([0-9a-f]+)'", r"decode('\1', 'hex')", statement) if POSTGRESQL else statement
            changed = connection.execute(text(said), {k: v for k, v in values.items() if f":{k}" in statement})
            assert changed.rowcount != 0, statement
        connection.commit()
    ledger.engine.dispose()


def _disarm_sqlite(connection: Connection) -> None:
    connection.connection.dbapi_connection.execute("PRAGMA foreign_keys = OFF")
    connection.connection.dbapi_connection.execute("PRAGMA ignore_check_constraints = ON")
    guards = "SELECT type, name FROM sqlite_master WHERE type = 'trigger' OR (type = 'index' AND sql LIKE '%UNIQUE%')"
    for kind, name in connection.execute(text(guards)).all():
        connection.execute(text(f"DROP {kind} {name}"))


def _disarm_postgresql(connection: Connection) -> None:
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    guards = "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype IN ('c', 'u') AND connamespace = 'public'::regnamespace"
    for table, name in connection.execute(text(guards)).all():
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"))
    current = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE '%UNIQUE%WHERE%'"
    for (name,) in connection.execute(text(current)).all():
        connection.execute(text(f"DROP INDEX {name}"))


def another(table: str, where: str, **changes: str) -> str:
    """A statement that adds a row like the one that `where` names, but for `changes`."""
    columns = Base.metadata.tables[table].columns
    said = ", ".join(
        _of_type(column, changes[column.name]) if column.name in changes else column.name for column in columns
    )
    return f"INSERT INTO {table} ({', '.join(column.name for column in columns)}) SELECT {said} FROM {table} WHERE {where} LIMIT 1"


def _of_type(column: Column, value: str) -> str:
    """PostgreSQL wants to be told what a literal is."""
    kind = {Uuid: "uuid", LargeBinary: "bytea", Integer: "integer"}.get(type(column.type))
    return f"CAST({value} AS {kind})" if POSTGRESQL and kind else value


def findings(world: World, **parts: object) -> list:
    """What somebody has to look at."""
    asked = {"chain": world.chain, "finality": CONFIRMATIONS, **parts}
    return [found for found in audit(world.ledger.engine, **asked) if found.severity is not Severity.INFO]


def codes(world: World, **parts: object) -> set[str]:
    return {found.code for found in findings(world, **parts)}


def only(found: Iterable, code: str) -> list:
    return [each for each in found if each.code == code]


def with_files(world: World) -> World:
    """The files that a simulated ledger only names, written: what `digest` hashed."""
    units = [unit for code in (SCHOOL, OTHER_SCHOOL) for unit in _units(world.ledger, code)]
    words: list[tuple] = [("sheet",), *(("source", number) for number in range(100))]
    for unit in units:
        words += [(kind, unit) for kind in ("pdf", "xml", "archived", "renewed")]
        words += [(kind, unit, role) for kind in ("pdf", "xml") for role in Role]
    for each in words:
        world.ledger.files.put(repr(each).encode())
    return world


def _units(ledger: SchoolLedger, code: str) -> list:
    years = ("2025-2026", LAST_YEAR)
    return [unit.id for year in years for unit in ledger.reader.units(school_code=code, school_year=year, kind=None)]
