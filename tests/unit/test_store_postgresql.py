# SPDX-License-Identifier: Apache-2.0

"""What is PostgreSQL's own: who may read, which database will do, and writers that really are at work at the same time."""

import threading

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import event, text
from sqlalchemy.engine import make_url

from ledger.errors import LostRace, UnusableDatabase
from ledger.store.class_import import Revision
from ledger.store.database import database_url, migrate, open_for_reading, open_for_writing
from ledger.store.reader import Reader
from ledger.store.sessions import writing
from ledger.store.signing_reader import SigningReader
from ledger.store.signing_tables import ItemState, RoundState
from ledger.store.signing_writer import SigningWriter
from ledger.store.tables import FileRole
from ledger.store.writer import Writer
from ledger.unit import Role, Slot, UnitState
from tests.simulators.databases import POSTGRESQL, empty_database_at, server
from tests.simulators.operating_page import made_by_the_page
from tests.simulators.school_ledger import NOON, OTHER_SCHOOL, SCHOOL, SchoolLedger, new_file, school, unit_id
from tests.simulators.signing_rows import ROUND, sign_in

pytestmark = pytest.mark.skipif(not POSTGRESQL, reason="HOCBA_TEST_DATABASE is not postgresql")
PATIENCE_SECONDS = 30
A_MOMENT_SECONDS = 0.3


@pytest.fixture
def ledger(tmp_path):
    return SchoolLedger.created(tmp_path)


# Addresses.


@pytest.mark.parametrize("address", ["postgresql://db/x", "postgres://db/x", "postgresql+psycopg://db/x"])
def test_however_it_is_written_it_is_the_driver_that_hocba_brings(address):
    assert str(database_url(address)) == "postgresql+psycopg://db/x"


# The public service's role.


@pytest.fixture(scope="module")
def addresses():
    """The database and the roles that the operating page makes, and a ledger in it."""
    with made_by_the_page() as (owner, reader):
        engine = open_for_writing(owner)
        Writer(engine, now=lambda: NOON).register_school(school())
        engine.dispose()
        yield owner, reader


def test_the_readers_role_answers_everything_that_the_public_service_asks(addresses):
    reader = Reader(open_for_reading(addresses[1]))
    assert reader.school(SCHOOL) == school()
    assert reader.schools() == [school()]
    assert reader.receipt_of_file("0" * 64) is None
    assert reader.receipt_of_unit(unit_id(1)) is None
    assert reader.unit_with_short_code("0" * 16) is None
    assert reader.successor(unit_id(1)) is None


BY_HAND = [
    "INSERT INTO school SELECT '79000999', name, '', '', '', '', registered_at, ownership FROM school",
    "UPDATE school SET name = 'x'",
    "DELETE FROM school",
    "TRUNCATE leaf",
    "DROP TABLE leaf",
    "ALTER TABLE leaf DROP COLUMN receipt",
    "CREATE TABLE mine (x INTEGER)",
    "CREATE TEMPORARY TABLE mine (x INTEGER)",
    "CREATE SCHEMA mine",
    "SELECT code FROM school FOR UPDATE",
    "SELECT nextval('class_id_seq')",
    "SELECT password_hash FROM account",
    "SELECT token_sha256 FROM desk_session",
    "SELECT data FROM uploaded_sheet",
    "SET ROLE hocba",
    "COPY school TO PROGRAM 'cat'",
]


@pytest.mark.parametrize("statement", BY_HAND)
def test_the_readers_role_cannot_write_even_by_hand(addresses, statement):
    """Over a connection of one's own, on which nothing says that it is for reading."""
    address = addresses[1].set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("off",)
        with pytest.raises(InsufficientPrivilege):
            connection.execute(statement)


def test_the_owner_can_what_the_reader_cannot(addresses):
    """Or the refusals above would be somebody else's."""
    with open_for_writing(addresses[0]).connect() as connection:
        for statement in BY_HAND[:3]:
            assert connection.execute(text(statement)).rowcount >= 1


# Which database will do.


def test_a_database_that_does_not_keep_utf_8_is_refused(tmp_path):
    with server().control.connect() as control:
        control.execute(text("CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"))
    with pytest.raises(UnusableDatabase) as caught:
        migrate(open_for_writing(server().url("ascii")))
    assert "LOCALE 'C'" in caught.value.vi


def test_a_database_that_sorts_by_a_language_is_refused(tmp_path):
    """The test server knows no language, so its `<` is made to sort as one does: letters first, whatever their case."""
    url = empty_database_at(tmp_path / "ledger.db", postgresql=True)
    engine = open_for_writing(url)
    with engine.begin() as connection:
        for statement in (
            "CREATE SCHEMA language",
            "CREATE FUNCTION language.before(text, text) RETURNS boolean RETURN pg_catalog.text_lt(lower($1), lower($2))",
            "CREATE OPERATOR language.< (FUNCTION = language.before, LEFTARG = text, RIGHTARG = text)",
            f"ALTER DATABASE {make_url(url).database} SET search_path = language, public, pg_catalog",
        ):
            connection.execute(text(statement))
    engine.dispose()
    with pytest.raises(UnusableDatabase):
        migrate(open_for_writing(url))


# Writers at the same time.


def test_of_two_that_stop_each_other_one_has_lost_a_race(ledger):
    """Each holds what the other wants next: PostgreSQL ends one of them."""
    start, outcomes = threading.Barrier(2), []

    def hold(first: str, second: str) -> None:
        try:
            with writing(ledger.engine) as session:
                for number, code in enumerate((first, second)):
                    session.execute(text("UPDATE school SET name = name WHERE code = :code"), {"code": code})
                    if number == 0:
                        start.wait(PATIENCE_SECONDS)
        except LostRace as error:
            outcomes.append(error)

    together(lambda: hold(SCHOOL, OTHER_SCHOOL), lambda: hold(OTHER_SCHOOL, SCHOOL))
    assert len(outcomes) == 1


def test_what_cannot_be_put_in_one_order_is_a_lost_race(ledger):
    rename = text("UPDATE school SET name = name || '!'")
    strict = ledger.engine.execution_options(isolation_level="SERIALIZABLE")

    def work() -> None:
        with writing(strict) as session:
            session.execute(text("SELECT 1"))
            with ledger.reopened().engine.begin() as other:
                other.execute(rename)
            session.execute(rename)

    with pytest.raises(LostRace):
        work()


def test_a_correction_and_a_signature_at_the_same_moment_end_as_one_after_the_other(ledger):
    """The signature comes when the correction has taken the signatures off, and before it has made the unit a draft."""
    (unit,) = ledger.signing()
    signing = while_it_runs(ledger, "DELETE FROM signature", lambda: ledger.reopened().sign(unit, Role.PRINCIPAL))
    ledger.import_class([], revised=[Revision(unit, unit.stt, "a" * 64, "b" * 64)], name=unit.class_name)
    assert isinstance(signing(), LostRace)
    after = ledger.reader.unit(unit.id)
    assert (after.state, after.signatures, after.files) == (UnitState.DRAFT, (), ())


def test_a_round_is_not_closed_over_what_is_being_put_in(ledger):
    sign_in(ledger)
    lines, writer = SigningReader(ledger.engine), SigningWriter(ledger.engine, now=lambda: NOON)
    (item,) = lines.round(ROUND).items
    writer.drop_items(ROUND, [item.unit_id])
    closing = while_it_runs(
        ledger,
        "INSERT INTO round_item",
        lambda: SigningWriter(ledger.reopened().engine, now=lambda: NOON).close_round(ROUND),
    )
    writer.put_item(ROUND, item)
    assert closing() is None
    found = lines.round(ROUND)
    assert (found.state, [one.state for one in found.items]) == (RoundState.OPEN, [ItemState.PREPARED])


def test_nothing_is_put_into_a_round_that_is_being_closed(ledger):
    sign_in(ledger)
    lines, writer = SigningReader(ledger.engine), SigningWriter(ledger.engine, now=lambda: NOON)
    (item,) = lines.round(ROUND).items
    writer.drop_items(ROUND, [item.unit_id])
    late = SigningWriter(ledger.reopened().engine, now=lambda: NOON)
    putting = while_it_runs(ledger, "SELECT signing_round.id", lambda: late.put_item(ROUND, item))
    writer.close_round(ROUND)
    assert isinstance(putting(), LostRace)
    assert (lines.round(ROUND).state, lines.round(ROUND).items) == (RoundState.CLOSED, ())


def test_nobody_moves_a_unit_while_it_is_being_signed(ledger):
    (unit,) = ledger.signing()
    seen = []

    def move() -> None:
        with ledger.reopened().engine.begin() as connection:
            connection.execute(text("UPDATE unit SET state = 'draft'"))
            seen.append(connection.execute(text("SELECT count(*) FROM signature")).scalar_one())

    moving = while_it_runs(ledger, "INSERT INTO signature", move)
    ledger.writer.add_signature(
        unit.id,
        slot=Slot(Role.PRINCIPAL),
        position=0,
        cert_sha256="c" * 64,
        signed_at=NOON,
        replaced={kind: unit.file(kind).sha256 for kind in FileRole},
        pdf=new_file("pdf", "signed"),
        xml=new_file("xml", "signed"),
    )
    assert (moving(), seen) == (None, [1])


def test_two_registrations_of_a_school_at_once_are_one(ledger):
    new = school("79000777")
    other = while_it_runs(ledger, "INSERT INTO school", lambda: ledger.reopened().writer.register_school(new))
    ledger.writer.register_school(new)
    assert isinstance(other(), LostRace)
    assert ledger.reader.school(new.code) == new


def test_a_reader_sees_one_state_on_a_writers_connection_too(ledger):
    (unit,) = ledger.signing()
    writers = [ledger.reopened()]

    @event.listens_for(ledger.engine, "after_cursor_execute")
    def meanwhile(_connection, _cursor, statement, *_):
        if "FROM unit" in statement and writers:
            writers.pop().sign(unit, Role.PRINCIPAL)

    assert ledger.reader.unit(unit.id) == unit
    assert not writers
    assert ledger.reader.unit(unit.id).signed_roles == (Role.PRINCIPAL,)


def test_a_server_that_was_restarted_is_asked_again_without_an_error(ledger):
    assert len(ledger.reader.schools()) == 2
    with server().control.connect() as control:
        ended = control.execute(
            text("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = :name"),
            {"name": ledger.engine.url.database},
        ).scalar_one()
    assert ended >= 1
    assert len(ledger.reader.schools()) == 2


def test_whoever_cannot_get_a_row_in_time_has_not_lost_it(ledger):
    """The timeout of a writer who waits is the one of SQLite."""
    with ledger.engine.connect() as connection:
        assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "30s"
        assert connection.execute(text("SHOW transaction_isolation")).scalar_one() == "read committed"


def together(*deeds) -> None:
    threads = [threading.Thread(target=deed) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def while_it_runs(ledger, statement: str, deed):
    """Lets somebody else begin `deed` right after our `statement`, and gives them a moment; what came of it is told when asked."""
    outcome, threads = [], []

    def work() -> None:
        try:
            deed()
            outcome.append(None)
        except Exception as error:
            outcome.append(error)

    @event.listens_for(ledger.engine, "after_cursor_execute")
    def meanwhile(_connection, _cursor, said, *_):
        if said.startswith(statement) and not threads:
            threads.append(threading.Thread(target=work))
            threads[0].start()
            threads[0].join(A_MOMENT_SECONDS)

    def ended() -> Exception | None:
        threads[0].join(PATIENCE_SECONDS)
        return outcome[0]

    return ended
