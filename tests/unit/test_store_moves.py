# SPDX-License-Identifier: Apache-2.0

"""Every change is made whole and from where it was read: of two workers one wins, and the other changes nothing."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from ledger.batch import BatchState
from ledger.errors import AlreadyImported, ForbiddenMove, LostRace, UnknownSchool, UnknownUnit
from ledger.short_code import lookup_key
from ledger.store.class_import import Draft, Revision
from ledger.store.errand_writer import NewLeaf
from ledger.store.errands import Attempt
from ledger.store.tables import FileRole
from ledger.unit import RecallReason, Role, UnitState
from tests.simulators.anchoring_world import World, chain_with_schools
from tests.simulators.school_ledger import (
    OTHER_SCHOOL,
    SCHOOL,
    YEAR,
    SchoolLedger,
    digest,
    manifest_of,
    new_file,
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


def refused_and_unchanged(ledger, act, error=LostRace):
    before = ledger.rows()
    with pytest.raises(error) as caught:
        act()
    assert ledger.rows() == before
    return caught.value


def begin(ledger, unit):
    ledger.writer.begin_signing(
        unit.id,
        source_sha256=unit.source_sha256,
        record_sha256=unit.record_sha256,
        template="unit_v1.typ",
        pdf=new_file("pdf", unit.id),
        xml=new_file("xml", unit.id),
    )


def sealed(ledger, count=2):
    ledger.issued(count)
    World(ledger, chain_with_schools()).seal()
    (batch,) = ledger.errands.open_batches()
    return batch


def anchored(ledger):
    batch = sealed(ledger)
    ledger.carried_by(batch, ATTEMPT)
    for old, new in ((BatchState.PREPARED, BatchState.MINED), (BatchState.MINED, BatchState.FINAL)):
        ledger.errand_writer.move(replace(batch, state=old), new)
    return ledger.units([unit_id(1), unit_id(2)])


def recall(ledger, unit, **changes):
    values = {"school_code": SCHOOL, "reason": RecallReason.FRAUD, "note": "", **changes}
    ledger.errand_writer.decide_recall(unit.id, **values)


# Two workers, one move.


def both_at_once(*acts) -> list[BaseException | None]:
    """What came of each: `None` for the one that won."""
    start, outcomes = threading.Barrier(len(acts)), [None] * len(acts)

    def work(number, act):
        start.wait()
        try:
            act()
        except Exception as error:
            outcomes[number] = error

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def moves(ledger):
    """Every move of a unit and of an errand, with the state it is made from."""
    draft = ledger.drafts(1, first=100)[0]
    signing = ledger.signing(1, first=200)[0]
    complete = ledger.sign(ledger.sign(ledger.signing(1, first=300)[0], Role.PRINCIPAL), Role.SEAL)
    batch = sealed(ledger)
    return {
        "begin signing": lambda office: begin(office, draft),
        "sign": lambda office: office.sign(signing, Role.PRINCIPAL),
        "issue": lambda office: office.issue(complete),
        "store an attempt": lambda office: office.carried_by(batch, ATTEMPT),
    }


@pytest.mark.parametrize("move", ["begin signing", "sign", "issue", "store an attempt"])
def test_of_two_workers_exactly_one_wins(ledger, move):
    act = moves(ledger)[move]
    offices = [ledger.reopened(), ledger.reopened()]
    outcomes = both_at_once(*(lambda office=office: act(office) for office in offices))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LostRace", "NoneType"]


@pytest.mark.parametrize("move", ["begin signing", "sign", "issue", "store an attempt"])
def test_the_loser_changes_nothing(ledger, move):
    act = moves(ledger)[move]
    act(ledger)
    refused_and_unchanged(ledger, lambda: act(ledger.reopened()))


def test_of_two_sealers_one_takes_each_unit(ledger):
    ledger.issued(3)
    chain = chain_with_schools()
    worlds = [World(ledger.reopened(), chain), World(ledger.reopened(), chain)]
    units = ledger.units([unit_id(1), unit_id(2), unit_id(3)])
    outcomes = both_at_once(*(world.seal for world in worlds))
    assert {type(outcome) for outcome in outcomes} <= {type(None), LostRace}
    (batch,) = ledger.errands.open_batches()
    assert batch.leaf_count == 3
    assert all(ledger.reader.receipt_of_unit(unit.id).receipt for unit in units)


@pytest.mark.parametrize("new", [BatchState.PREPARED, BatchState.MINED, BatchState.FINAL])
def test_a_batch_moves_only_from_where_it_was_read(ledger, new):
    batch = sealed(ledger)
    ledger.carried_by(batch, ATTEMPT)
    ledger.errand_writer.move(replace(batch, state=BatchState.PREPARED), BatchState.SENT)
    elsewhere = {BatchState.PREPARED: BatchState.MINED, BatchState.MINED: BatchState.PREPARED}
    stale = replace(batch, state=elsewhere.get(new, BatchState.MINED))
    refused_and_unchanged(ledger, lambda: ledger.errand_writer.move(stale, new))


def test_an_arrow_that_does_not_exist_is_forbidden(ledger):
    batch = sealed(ledger)
    refused_and_unchanged(ledger, lambda: ledger.errand_writer.move(batch, BatchState.FINAL), ForbiddenMove)


def test_nothing_is_prepared_without_its_transaction(ledger):
    batch = sealed(ledger)
    refused_and_unchanged(ledger, lambda: ledger.errand_writer.move(batch, BatchState.PREPARED), ForbiddenMove)


def test_final_takes_the_units_along_or_does_not_happen(ledger):
    batch = sealed(ledger)
    ledger.carried_by(batch, ATTEMPT)
    ledger.errand_writer.move(replace(batch, state=BatchState.PREPARED), BatchState.MINED)
    with ledger.engine.begin() as connection:
        connection.execute(text("UPDATE unit SET state = 'recalled' WHERE id = :id"), {"id": unit_id(2).hex})
    mined = replace(batch, state=BatchState.MINED)
    refused_and_unchanged(ledger, lambda: ledger.errand_writer.move(mined, BatchState.FINAL))


# Signing and issuing.


def test_a_signature_over_other_files_than_the_stored_ones_is_a_lost_race(ledger):
    unit = ledger.signing()[0]
    for kind in FileRole:
        files = tuple(replace(f, sha256=digest("other")) if f.role is kind else f for f in unit.files)
        stale = replace(unit, files=files)
        refused_and_unchanged(ledger, lambda stale=stale: ledger.sign(stale, Role.PRINCIPAL))


def test_nobody_signs_a_draft_or_what_is_issued(ledger):
    unit = ledger.issued()[0]
    refused_and_unchanged(ledger, lambda: ledger.sign(replace(unit, signatures=()), Role.HOMEROOM))


def test_a_place_in_the_order_is_taken_once(ledger):
    unit = ledger.signing()[0]
    signed = ledger.sign(unit, Role.PRINCIPAL)
    stale = replace(signed, signatures=())
    refused_and_unchanged(ledger, lambda: ledger.sign(stale, Role.SEAL))


def test_a_pdf_that_changed_meanwhile_is_not_issued(ledger):
    unit = ledger.sign(ledger.sign(ledger.signing()[0], Role.PRINCIPAL), Role.SEAL)
    archived = new_file("archived")
    refused_and_unchanged(
        ledger,
        lambda: ledger.writer.issue(
            unit.id,
            manifest=manifest_of(unit, archived).canonical(),
            replaced={FileRole.PDF: digest("other"), FileRole.XML: unit.file(FileRole.XML).sha256},
            pdf=archived,
            xml=archived,
        ),
    )


# Importing.


def draft(number, pupil=None):
    return Draft(unit_id(number), pupil or f"pupil {number}", number, digest("r", number), digest("s", number))


def test_an_import_is_all_or_nothing(ledger):
    twice = [draft(1), draft(2), draft(3, pupil="pupil 1")]
    refused_and_unchanged(ledger, lambda: ledger.import_class(twice), AlreadyImported)


def revision(unit, number=99):
    return Revision(unit, number, digest("r", number), digest("s", number))


def read(ledger, number):
    return ledger.reader.unit(unit_id(number))


def test_an_import_touches_only_what_it_names(ledger):
    ledger.import_class([draft(1), draft(2), draft(3)])
    before = [read(ledger, number) for number in (1, 2, 3)]
    ledger.import_class([draft(4)], revised=[revision(before[1])], removed=[before[2]], enrolled=40)
    units = ledger.reader.units(school_code=SCHOOL, school_year=YEAR)
    assert [unit.id for unit in units] == [unit_id(1), unit_id(4), unit_id(2)]
    assert units[0] == before[0]
    assert (units[2].source_sha256, units[2].stt) == (digest("s", 99), 99)
    assert len(ledger.rows()["class"]) == 1
    assert 40 in ledger.rows()["class"][0]


def test_a_revised_unit_in_signing_loses_its_signatures_and_files_and_is_a_draft_again(ledger):
    signed, other = ledger.signing(2)
    signed = ledger.sign(signed, Role.PRINCIPAL)
    ledger.import_class([], revised=[revision(signed)], name=signed.class_name)
    back = ledger.reader.unit(signed.id)
    assert (back.state, back.files, back.signatures) == (UnitState.DRAFT, (), ())
    assert back.record_sha256 == digest("r", 99)
    assert ledger.reader.unit(other.id) == other


def test_what_somebody_signed_meanwhile_is_not_revised(ledger):
    (unit,) = ledger.signing(1)
    ledger.sign(unit, Role.PRINCIPAL)
    refused_and_unchanged(ledger, lambda: ledger.import_class([], revised=[revision(unit)], name=unit.class_name))
    refused_and_unchanged(ledger, lambda: ledger.import_class([], removed=[unit], name=unit.class_name))


def test_what_was_revised_meanwhile_is_not_revised_again(ledger):
    ledger.import_class([draft(1)])
    unit = read(ledger, 1)
    ledger.import_class([], revised=[revision(unit, 98)])
    refused_and_unchanged(ledger, lambda: ledger.import_class([], revised=[revision(unit)]))
    refused_and_unchanged(ledger, lambda: ledger.import_class([], removed=[unit]))


def test_a_revised_unit_does_not_take_a_late_signature(ledger):
    (unit,) = ledger.signing(1)
    ledger.import_class([], revised=[revision(unit)], name=unit.class_name)
    refused_and_unchanged(ledger, lambda: ledger.sign(unit, Role.PRINCIPAL))


def test_what_is_issued_is_neither_revised_nor_removed(ledger):
    (unit,) = ledger.issued(1)
    for change in ({"revised": [revision(unit)]}, {"removed": [unit]}):
        refused_and_unchanged(
            ledger, lambda change=change: ledger.import_class([], name=unit.class_name, **change), ForbiddenMove
        )


def test_a_recalled_unit_has_one_successor(ledger):
    ledger.import_class([draft(1), draft(2)])
    recalled = read(ledger, 1)
    ledger.import_class([replace(draft(3), replaces=recalled.id)])
    refused_and_unchanged(
        ledger, lambda: ledger.import_class([replace(draft(4), replaces=recalled.id)]), AlreadyImported
    )


def test_a_unit_is_found_by_its_short_code(ledger):
    ledger.import_class([draft(1), draft(2)])
    assert ledger.reader.unit_with_short_code(lookup_key(unit_id(2))) == unit_id(2)
    assert ledger.reader.unit_with_short_code("0" * 16) is None


def test_a_pupil_of_another_class_is_not_taken_over(ledger):
    ledger.import_class([draft(1)])
    refused_and_unchanged(
        ledger, lambda: ledger.import_class([draft(2), draft(3, pupil="pupil 1")], name="9A2"), AlreadyImported
    )


def test_an_unknown_school_imports_nothing(ledger):
    refused_and_unchanged(ledger, lambda: ledger.import_class([draft(1)], school_code="79000999"), UnknownSchool)


def test_a_school_is_registered_once_and_with_the_same_values(ledger):
    ledger.writer.register_school(school())
    refused_and_unchanged(ledger, lambda: ledger.writer.register_school(replace(school(), seal_cert_sha256="0" * 64)))


# Batches and recalls.


def test_only_issued_units_of_that_school_and_year_are_batched(ledger):
    signing, issued = ledger.signing(1, first=1)[0], ledger.issued(1, first=2)[0]
    elsewhere = ledger.issued(1, first=3, school_code=OTHER_SCHOOL)[0]
    earlier = ledger.issued(1, first=4, year="2024-2025")[0]

    def seal(*units):
        leaves = [NewLeaf(unit.id, bytes([n]) * 32, b"{}") for n, unit in enumerate(units)]
        ledger.errand_writer.seal_batch(school_code=SCHOOL, school_year=YEAR, root=b"\x09" * 32, leaves=leaves)

    for stranger in (signing, elsewhere, earlier):
        refused_and_unchanged(ledger, lambda stranger=stranger: seal(issued, stranger))
    seal(issued)
    refused_and_unchanged(ledger, lambda: seal(issued))


def test_only_what_is_anchored_is_recalled(ledger):
    for unit in (ledger.drafts(1, first=40)[0], ledger.signing(1, first=50)[0], ledger.issued(1, first=60)[0]):
        refused_and_unchanged(ledger, lambda unit=unit: recall(ledger, unit), ForbiddenMove)


def test_a_recall_is_decided_once(ledger):
    unit, _ = anchored(ledger)
    recall(ledger, unit)
    refused_and_unchanged(ledger, lambda: recall(ledger, unit))


def test_no_school_recalls_another_schools_unit(ledger):
    unit, _ = anchored(ledger)
    refused_and_unchanged(ledger, lambda: recall(ledger, unit, school_code=OTHER_SCHOOL), UnknownUnit)


def test_a_unit_that_nobody_knows_is_not_recalled(ledger):
    unit = replace(ledger.drafts()[0], id=unit_id(999))
    error = refused_and_unchanged(ledger, lambda: recall(ledger, unit), UnknownUnit)
    assert str(unit.id) in error.vi


def test_a_final_recall_withdraws_its_unit_and_no_other(ledger):
    unit, other = anchored(ledger)
    recall(ledger, unit)
    (errand,) = ledger.errands.open_recalls()
    ledger.carried_by(errand, replace(ATTEMPT, nonce=1, tx_hash=b"\x02" * 32))
    ledger.errand_writer.move(replace(errand, state=BatchState.PREPARED), BatchState.MINED)
    assert ledger.reader.unit(unit.id).state is UnitState.ANCHORED
    ledger.errand_writer.move(replace(errand, state=BatchState.MINED), BatchState.FINAL)
    assert ledger.reader.unit(unit.id).state is UnitState.RECALLED
    assert ledger.reader.unit(other.id).state is UnitState.ANCHORED
