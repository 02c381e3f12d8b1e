# SPDX-License-Identifier: Apache-2.0

"""A ledger of any earlier version comes to the newest one with every row it had, or stays as it was."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import MetaData, insert, text
from sqlalchemy.exc import IntegrityError

from ledger.short_code import lookup_key
from ledger.store.database import migrate, open_for_writing
from ledger.store.reader import Reader
from ledger.unit import UnitKind

RECALLED, SUCCESSOR, WAITING = (UUID(int=number, version=4) for number in (1, 2, 3))
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC).replace(tzinfo=None)
DIGEST = "ab" * 32


def unit(unit_id, state, **values):
    row = {"class_id": 1, "school_code": "79000501", "school_year": "2025-2026", "level": "THCS", "stt": 1}
    row |= {"id": unit_id.hex, "pupil_code": "31", "state": state, "record_sha256": DIGEST, "source_sha256": DIGEST}
    row |= {"manifest": b"{}", "replaces": None, "created_at": NOON, "changed_at": NOON}
    return row | values


FIRST = {
    "school": [
        {"code": "79000501", "name": "Trường", "authority": "Sở", "profile": "moet", "operator": "0x" + "11" * 20}
        | {"seal_cert_sha256": DIGEST, "registered_at": NOON}
    ],
    "class": [
        {"id": 1, "school_code": "79000501", "school_year": "2025-2026", "name": "9A1", "enrolled": 2}
        | {"sheet_sha256": DIGEST, "imported_at": NOON}
    ],
    "unit": [
        unit(RECALLED, "recalled"),
        unit(SUCCESSOR, "issued", replaces=RECALLED.hex),
        unit(WAITING, "draft", manifest=None, pupil_code="32"),
    ],
    "unit_file": [{"unit_id": RECALLED.hex, "role": "pdf", "sha256": DIGEST, "size": 9}],
    "signature": [{"unit_id": RECALLED.hex, "role": "CBQL", "position": 0, "cert_sha256": DIGEST, "signed_at": NOON}],
    "batch": [
        {"id": 1, "school_code": "79000501", "school_year": "2025-2026", "root": b"r" * 32, "leaf_count": 1}
        | {"state": "final", "sealed_at": NOON, "changed_at": NOON}
    ],
    "leaf": [{"unit_id": RECALLED.hex, "batch_id": 1, "leaf": b"l" * 32, "receipt": b"{}"}],
    "recall": [
        {
            "id": 1,
            "unit_id": RECALLED.hex,
            "school_code": "79000501",
            "reason": "wrong-data",
            "note": "",
            "state": "final",
        }
        | {"decided_at": NOON, "changed_at": NOON}
    ],
    "attempt": [
        {"id": 1, "batch_id": 1, "recall_id": None, "sender": "0x", "nonce": 0, "tx_hash": b"t", "raw": b"b"}
        | {"signed_at": NOON}
    ],
}
"""A row in every table, as the first version had them."""


@pytest.fixture
def engine(tmp_path):
    engine = open_for_writing(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(engine, "0001")
    tables = MetaData()
    with engine.begin() as connection:
        tables.reflect(connection)
        for name, rows in FIRST.items():
            connection.execute(insert(tables.tables[name]), rows)
    return engine


def rows(engine):
    with engine.connect() as connection:
        return {
            name: [dict(row) for row in connection.execute(text(f'SELECT * FROM "{name}"')).mappings()]
            for name in FIRST
        }


def test_every_row_of_the_first_version_is_there_and_filled_in(engine):
    before = rows(engine)
    migrate(engine)
    after = rows(engine)
    for table, old in before.items():
        for was, now in zip(old, after[table], strict=True):
            gone = {"batch_id", "recall_id"} if table == "attempt" else set()
            assert {name: value for name, value in was.items() if name not in gone}.items() <= now.items()
    with engine.connect() as connection:
        (number,) = connection.execute(text("SELECT * FROM number")).mappings()
    assert number == {"sender": "0x", "nonce": 0, "state": "held", "batch_id": 1, "recall_id": None, "act_id": None}
    for row in after["unit"]:
        assert (row["kind"], row["short_code"]) == ("unit", lookup_key(UUID(row["id"])))
        assert row["template"] == (None if row["state"] == "draft" else "unit_thcs_v1.typ")


def test_the_code_reads_what_was_there_before(engine):
    migrate(engine)
    reader = Reader(engine)
    assert reader.successor(RECALLED) == SUCCESSOR
    assert reader.unit(WAITING).kind is UnitKind.UNIT
    assert reader.unit_with_short_code(lookup_key(WAITING)) == WAITING


def test_foreign_keys_hold_again_afterwards(engine):
    migrate(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_migration_that_cannot_be_finished_changes_nothing(engine):
    with engine.begin() as connection:
        two_successors = text("UPDATE unit SET replaces = :old WHERE id = :id")
        connection.execute(two_successors, {"old": RECALLED.hex, "id": WAITING.hex})
    before = rows(engine)
    with pytest.raises(IntegrityError):
        migrate(engine)
    assert rows(engine) == before
