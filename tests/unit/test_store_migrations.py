# SPDX-License-Identifier: Apache-2.0

"""A ledger of any earlier version comes to the newest one with every row it had, or stays as it was."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from ledger.short_code import lookup_key
from ledger.store.database import migrate, open_for_writing
from ledger.store.reader import Reader
from ledger.unit import UnitKind
from tests.simulators.databases import empty_database_at
from tests.simulators.mortality import Fate, mortal_statements
from tests.simulators.older_ledger import (
    RECALLED,
    REVISIONS,
    SUCCESSOR,
    VERSION_TABLE,
    WAITING,
    assert_kept,
    fill,
    rows_of,
    tables_of,
)

PATIENCE_SECONDS = 60


def older(folder, revision: str) -> Engine:
    """A ledger of that version, with rows in all of its tables."""
    engine = open_for_writing(empty_database_at(folder / "ledger.db"))
    migrate(engine, revision)
    fill(engine)
    return engine


@pytest.fixture
def engine(tmp_path):
    return older(tmp_path, REVISIONS[0])


def version(engine: Engine) -> str:
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one()


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_row_of_every_version_is_there_with_all_its_values(tmp_path, revision):
    engine = older(tmp_path, revision)
    before = rows_of(engine)
    assert set(before) == {table.name for table in tables_of(engine)}
    migrate(engine)
    assert version(engine) == REVISIONS[-1]
    assert_kept(before, rows_of(engine))


def test_a_table_without_a_row_is_noticed(engine):
    before = rows_of(engine)
    with pytest.raises(AssertionError, match="no row in leaf"):
        assert_kept({**before, "leaf": []}, before)


def test_units_of_the_first_version_are_filled_in(engine):
    migrate(engine)
    for row in rows_of(engine)["unit"]:
        assert (row["kind"], row["short_code"]) == ("unit", lookup_key(UUID(str(row["id"]))))
        assert row["template"] == (None if row["state"] == "draft" else "unit_thcs_v1.typ")


def test_attempts_of_the_first_version_keep_their_numbers_and_errands(engine):
    before = {row["nonce"]: row for row in rows_of(engine)["attempt"]}
    migrate(engine)
    numbers = rows_of(engine)["number"]
    assert {row["nonce"] for row in numbers} == set(before)
    for row in numbers:
        was = before[row["nonce"]]
        assert {name: row[name] for name in ("sender", "batch_id", "recall_id")}.items() <= was.items()
        assert (row["state"], row["act_id"]) == ("held", None)


def test_the_code_reads_what_was_there_before(engine):
    migrate(engine)
    reader = Reader(engine)
    assert reader.successor(RECALLED) == SUCCESSOR
    assert reader.unit(WAITING).kind is UnitKind.UNIT
    assert reader.unit_with_short_code(lookup_key(WAITING)) == WAITING


def test_foreign_keys_hold_again_afterwards(engine):
    migrate(engine)
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), engine.begin() as connection:
        connection.execute(text("UPDATE unit SET class_id = 12345"))


def test_a_migration_that_cannot_be_finished_changes_nothing(engine):
    with engine.begin() as connection:
        two_successors = text(
            "UPDATE unit SET replaces = (SELECT replaces FROM unit WHERE replaces IS NOT NULL) WHERE state = 'draft'"
        )
        connection.execute(two_successors)
    before = rows_of(engine)
    with pytest.raises(IntegrityError):
        migrate(engine)
    assert (rows_of(engine), version(engine)) == (before, REVISIONS[0])


# Other processes.


def in_a_child(deed: Callable[[], None]) -> multiprocessing.Process:
    """Another process does it, knowing what this one knows. It opens its own connections."""
    child = multiprocessing.get_context("fork").Process(target=deed)
    child.start()
    return child


def ended(child: multiprocessing.Process) -> int | None:
    child.join(PATIENCE_SECONDS)
    return child.exitcode


def killed_at(url: str, step: int) -> int | None:
    """Another process migrates, and is killed before its statement number `step`."""

    class Killing(Fate):
        def step(self, name: str) -> None:
            super().step(name)
            if len(self.log) == step:
                os.kill(os.getpid(), signal.SIGKILL)

    return ended(in_a_child(lambda: migrate(mortal_statements(open_for_writing(url), Killing()))))


def statements_of_a_migration(folder) -> int:
    steps = Fate()
    engine = older(folder, REVISIONS[0])
    migrate(mortal_statements(engine, steps))
    return len(steps.log)


def test_a_process_that_is_killed_while_it_migrates_leaves_the_old_version_or_the_new(tmp_path):
    (tmp_path / "whole").mkdir()
    last = statements_of_a_migration(tmp_path / "whole")
    engine = older(tmp_path, REVISIONS[0])
    url, before = engine.url.render_as_string(hide_password=False), rows_of(engine)
    engine.dispose()
    for step in sorted({*range(3, last, last // 8), last}):
        assert killed_at(url, step) == -signal.SIGKILL, step
        assert (rows_of(engine), version(engine)) == (before, REVISIONS[0]), step
        engine.dispose()
    migrate(engine)
    assert version(engine) == REVISIONS[-1]
    assert_kept(before, rows_of(engine))


def test_of_two_processes_that_migrate_at_once_one_waits_and_finds_it_done(engine):
    url, before = engine.url.render_as_string(hide_password=False), rows_of(engine)
    engine.dispose()
    start = multiprocessing.get_context("fork").Barrier(2)

    def together() -> None:
        other = open_for_writing(url)
        start.wait(PATIENCE_SECONDS)
        migrate(other)

    assert [ended(child) for child in [in_a_child(together), in_a_child(together)]] == [0, 0]
    assert version(engine) == REVISIONS[-1]
    assert_kept(before, rows_of(engine))
