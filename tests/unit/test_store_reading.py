# SPDX-License-Identifier: Apache-2.0

"""Reading shows one state, changes nothing whoever asks, and says so when the database cannot be asked."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, StatementError

from ledger.errors import LostRace, Unavailable, UnknownSchool, UnknownUnit
from ledger.store.database import migrate, open_for_reading, open_for_writing
from ledger.store.errands import Attempt, Errands, Number
from ledger.store.reader import Reader
from ledger.store.tables import FileRole
from ledger.store.writer import Draft, Writer
from ledger.unit import Role, UnitState
from tests.simulators.anchoring_world import World, chain_with_schools
from tests.simulators.databases import DAMAGES, damage_database
from tests.simulators.school_ledger import (
    NOON,
    SCHOOL,
    SEAL,
    YEAR,
    SchoolLedger,
    digest,
    school,
    unit_id,
)

ATTEMPT = Attempt(sender="0x" + "11" * 20, nonce=0, tx_hash=b"\x01" * 32, raw=b"signed bytes")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return SchoolLedger.created(tmp_path_factory.mktemp("made"))


@pytest.fixture
def ledger(made, tmp_path):
    return made.copied(tmp_path / "ledger")


def sealed(ledger, count=2):
    ledger.issued(count)
    World(ledger, chain_with_schools()).seal()
    (batch,) = ledger.errands.open_batches()
    return batch


def draft(number, pupil=None):
    return Draft(unit_id(number), pupil or f"pupil {number}", number, digest("r", number), digest("s", number))


def test_what_is_unknown_is_said_so(ledger):
    with pytest.raises(UnknownUnit):
        ledger.reader.unit(unit_id(1))
    with pytest.raises(UnknownSchool):
        ledger.reader.school("79000999")
    assert ledger.reader.receipt_of_file("0" * 64) is None
    assert ledger.reader.receipt_of_unit(unit_id(1)) is None
    assert ledger.reader.successor(unit_id(1)) is None
    assert ledger.errands.next_nonce(ATTEMPT.sender, mined=0, waiting=0) == 0


def test_nothing_that_is_not_issued_is_shown_to_the_public(ledger):
    unit = ledger.signing()[0]
    assert ledger.reader.receipt_of_unit(unit.id) is None
    assert ledger.reader.receipt_of_file(unit.file(FileRole.PDF).sha256) is None


def test_a_receipt_is_found_by_either_file_and_is_final_with_its_batch(ledger):
    batch = sealed(ledger)
    unit = ledger.reader.unit(unit_id(1))
    for kind in FileRole:
        entry = ledger.reader.receipt_of_file(unit.file(kind).sha256)
        assert (entry.unit_id, entry.final) == (unit.id, False)
    ledger.carried_by(batch, ATTEMPT)
    assert ledger.errands.next_nonce(ATTEMPT.sender, mined=0, waiting=0) == 1
    assert ledger.errands.next_nonce(ATTEMPT.sender, mined=0, waiting=7) == 7
    assert ledger.errands.attempts(batch) == [replace(ATTEMPT, signed_at=NOON)]
    assert ledger.errands.number(batch) == Number(ATTEMPT.sender, ATTEMPT.nonce)


def test_a_renewed_file_is_found_and_so_is_the_one_that_was_issued(ledger):
    sealed(ledger)
    issued = ledger.reader.unit(unit_id(1))
    renewed = ledger.renew(issued)
    again = ledger.reader.unit(unit_id(1))
    assert renewed.file(FileRole.PDF) != issued.file(FileRole.PDF)
    assert (again.state, again.manifest) == (issued.state, issued.manifest)
    old, new = (ledger.reader.receipt_of_file(unit.file(FileRole.PDF).sha256) for unit in (issued, renewed))
    assert (old.unit_id, old.renewed) == (issued.id, False)
    assert (new.unit_id, new.renewed) == (issued.id, True)
    assert old.receipt == new.receipt
    assert not ledger.reader.receipt_of_file(issued.file(FileRole.XML).sha256).renewed


def test_a_file_is_renewed_only_from_where_it_was_read(ledger):
    issued = ledger.issued()[0]
    ledger.renew(issued)
    before = ledger.rows()
    with pytest.raises(LostRace):
        ledger.renew(issued)
    with pytest.raises(LostRace):
        ledger.renew(ledger.signing(first=7)[0])
    assert ledger.rows()["earlier_file"] == before["earlier_file"]


def test_what_ends_first_is_due_first_and_what_nobody_looked_into_is_told_apart(ledger):
    one, two, three = ledger.issued(3)
    ledger.signing(first=9)
    for unit, days in ((one, 20), (two, 10)):
        ends = NOON + timedelta(days=days)
        ledger.writer.note_archive_end(unit.id, pdf=unit.file(FileRole.PDF).sha256, archive_ends=ends)
    assert [each.unit_id for each in ledger.reader.archived_pdfs(ending_before=None)] == [three.id]
    month = ledger.reader.archived_pdfs(ending_before=NOON + timedelta(days=20))
    assert [each.unit_id for each in month] == [two.id, one.id]
    assert ledger.reader.archived_pdfs(ending_before=NOON + timedelta(days=9)) == []
    ledger.writer.note_archive_end(three.id, pdf="0" * 64, archive_ends=NOON)
    assert [each.unit_id for each in ledger.reader.archived_pdfs(ending_before=None)] == [three.id]


@pytest.mark.parametrize("state", sorted({*UnitState} - {UnitState.DRAFT, UnitState.SIGNING}))
def test_whatever_was_issued_is_kept_alive_whatever_became_of_it(ledger, state):
    (unit,) = ledger.issued()
    with ledger.engine.begin() as connection:
        connection.execute(text("UPDATE unit SET state = :state"), {"state": state.value})
    assert [each.unit_id for each in ledger.reader.archived_pdfs(ending_before=None)] == [unit.id]
    ledger.renew(unit)
    assert ledger.reader.unit(unit.id).state is state


def test_a_reading_engine_cannot_write(ledger):
    sealed(ledger)
    engine = open_for_reading(ledger.url)
    before = ledger.rows()
    for statement in ("DELETE FROM leaf", "UPDATE unit SET stt = 0", "CREATE TABLE t (x INTEGER)", "DROP TABLE leaf"):
        with pytest.raises(DBAPIError), engine.begin() as connection:
            connection.execute(text(statement))
    with pytest.raises(Unavailable):
        Writer(engine, now=lambda: NOON).register_school(replace(school(), code="79000503"))
    assert ledger.rows() == before


def test_a_sqlite_file_that_is_read_cannot_be_written_by_who_knows_the_pragma(tmp_path):
    """What PostgreSQL has roles for: `tests/unit/test_store_postgresql.py`."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    migrate(open_for_writing(url))
    with open_for_reading(url).begin() as connection:
        connection.execute(text("PRAGMA query_only = OFF"))
        with pytest.raises(DBAPIError):
            connection.execute(text("DELETE FROM leaf"))


def test_a_reading_engine_over_a_sqlite_database_in_memory_cannot_write_either():
    with open_for_reading("sqlite://").begin() as connection, pytest.raises(DBAPIError):
        connection.execute(text("CREATE TABLE t (x)"))


def test_a_reading_engine_reads(ledger):
    sealed(ledger)
    reader = Reader(reading := open_for_reading(ledger.url))
    assert reader.school(SCHOOL) == ledger.reader.school(SCHOOL)
    assert reader.schools() == ledger.reader.schools()
    assert reader.unit(unit_id(1)) == ledger.reader.unit(unit_id(1))
    assert Errands(reading).open_batches() == ledger.errands.open_batches()


def test_a_reader_sees_one_state_while_somebody_writes(ledger):
    """Unit, files and signatures are three questions; a signature must not come between them."""
    unit = ledger.signing()[0]
    engine, writers = open_for_reading(ledger.url), [ledger.reopened()]

    @event.listens_for(engine, "after_cursor_execute")
    def meanwhile(_connection, _cursor, statement, *_):
        if "FROM unit" in statement and writers:
            writers.pop().sign(unit, Role.PRINCIPAL)

    assert Reader(engine).unit(unit.id) == unit
    assert not writers
    assert Reader(engine).unit(unit.id).signed_roles == (Role.PRINCIPAL,)


# When the database cannot be asked.


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_database_that_cannot_be_asked_is_unavailable(ledger, damage):
    ledger.drafts()
    ledger.engine.dispose()
    damage_database(ledger.path, damage)
    office = ledger.reopened()
    for ask in (
        office.reader.schools,
        office.errands.open_batches,
        lambda: office.reader.unit(unit_id(1)),
        lambda: office.writer.register_school(school()),
        lambda: office.import_class([draft(1)]),
        lambda: Reader(open_for_reading(ledger.url)).schools(),
    ):
        with pytest.raises(Unavailable) as caught:
            ask()
        assert caught.value.vi
        assert caught.value.en


def test_reading_a_sqlite_database_that_is_not_there_makes_none(tmp_path):
    with pytest.raises(Unavailable):
        Reader(open_for_reading(f"sqlite:///{tmp_path / 'nowhere.db'}")).schools()
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_folder_is_unavailable(tmp_path):
    engine = open_for_writing(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(Unavailable):
        Writer(engine, now=lambda: NOON).register_school(school())


def test_a_naive_clock_is_a_mistake_of_ours_and_not_an_outage(ledger):
    writer = Writer(ledger.engine, now=lambda: datetime(2026, 6, 1))  # noqa: DTZ001
    with pytest.raises(StatementError, match="offset"):
        writer.register_school(replace(school(), code="79000503"))


def test_units_come_in_the_order_of_the_list(ledger):
    ledger.import_class([draft(3), draft(1), draft(2)])
    assert [unit.stt for unit in ledger.reader.units(school_code=SCHOOL, school_year=YEAR)] == [1, 2, 3]
    assert ledger.reader.units(school_code=SCHOOL, school_year=YEAR, class_name="9A2") == []
    assert ledger.reader.units(school_code=SCHOOL, school_year=YEAR, states=[]) == []
    assert ledger.reader.school(SCHOOL).seal_cert_sha256 == SEAL
