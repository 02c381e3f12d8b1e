# SPDX-License-Identifier: Apache-2.0

"""A pupil goes to another school: nothing is made again, nothing is lost, and of two workers one wins."""

from dataclasses import replace

import pytest

from ledger.confirming import Confirmed, Doubt
from ledger.errors import AlreadyImported, CannotTransfer, LostRace, PupilsDeparted, UnknownSchool
from ledger.journal import Deed, breaks
from ledger.store.class_import import Draft, Revision
from ledger.unit import Role, UnitState
from tests.simulators.anchoring_world import World, world_with
from tests.simulators.confirmation_office import UNTIL
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate, each, mortal_statements
from tests.simulators.school_ledger import OTHER_SCHOOL, SCHOOL, YEAR, digest, unit_id

NEXT, PUPIL = "2026-2027", f"{1:010d}"
CONFIRMATION = b"%PDF-1.7 xac nhan ket qua hoc tap"


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A pupil with one year on the chain, and the next begun at the same school."""
    world = world_with(tmp_path_factory.mktemp("grown"), 1)
    world.seal()
    world.finish()
    begin(world.ledger, SCHOOL, 100)
    return world.ledger


@pytest.fixture
def ledger(grown, tmp_path):
    return grown.copied(tmp_path / "ledger")


def begin(ledger, school, number, *, year=NEXT):
    draft = Draft(unit_id(number), PUPIL, 1, digest("record", number), digest("source", number))
    ledger.import_class([draft], school_code=school, school_year=year, name=f"7A{number}")


def release(ledger, **changes):
    asked = {"level": "THCS", "school_year": NEXT, "from_school": SCHOOL, "to_school": OTHER_SCHOOL}
    asked |= {"confirmation": CONFIRMATION, "by": "van.thu", "why": "theo cha mẹ", **changes}
    return ledger.transferring.release(PUPIL, **asked)


def accept(ledger, transfer, *, school_code=OTHER_SCHOOL):
    return ledger.transferring.accept(transfer.id, school_code=school_code, by="clerk.b")


def refused(ledger, act, error=CannotTransfer):
    before = ledger.rows()
    with pytest.raises(error) as caught:
        act()
    assert ledger.rows() == before
    assert caught.value.vi
    assert caught.value.en


def test_in_mid_year_the_new_school_goes_on_where_the_old_one_stopped(ledger):
    brought = accept(ledger, release(ledger))
    assert [unit.school_year for unit in brought.records] == [YEAR]
    assert brought.unfinished.id == unit_id(100)
    begin(ledger, OTHER_SCHOOL, 200)
    states = {(u.school_code, u.school_year): u.state for u in ledger.reader.units_of_pupils([PUPIL], level="THCS")}
    assert states == {(SCHOOL, YEAR): UnitState.ANCHORED, (OTHER_SCHOOL, NEXT): UnitState.DRAFT}


def test_what_was_issued_is_inherited_and_not_touched(ledger):
    before = ledger.reader.unit(unit_id(1))
    accept(ledger, release(ledger))
    assert ledger.reader.unit(unit_id(1)) == before


def test_between_years_no_confirmation_is_asked(ledger):
    ledger.import_class(
        [], school_code=SCHOOL, school_year=NEXT, name="7A100", removed=[ledger.reader.unit(unit_id(100))]
    )
    transfer = release(ledger, confirmation=None)
    assert not transfer.mid_year
    brought = accept(ledger, transfer)
    assert (len(brought.records), brought.unfinished) == (1, None)


def test_until_it_is_accepted_the_old_school_keeps_the_year(ledger):
    release(ledger)
    refused(ledger, lambda: begin(ledger, OTHER_SCHOOL, 200), AlreadyImported)
    assert ledger.reader.unit(unit_id(100)).state is UnitState.DRAFT


def test_what_was_confirmed_to_the_new_school_is_not_changed_before_it_accepts(ledger):
    release(ledger)
    begun = ledger.reader.unit(unit_id(100))
    revision = Revision(begun, 1, digest("record", 101), digest("source", 101))
    refused(ledger, lambda: revise(ledger, revision), PupilsDeparted)
    # Whoever is only listed as before keeps nobody from anything.
    ledger.import_class([], school_code=SCHOOL, school_year=NEXT, name="7A100", places={begun.id: 2})


def revise(ledger, revision):
    ledger.import_class([], school_code=SCHOOL, school_year=NEXT, name="7A100", revised=[revision])


def test_the_old_school_does_not_begin_a_record_of_who_has_gone(ledger):
    accept(ledger, release(ledger))
    refused(ledger, lambda: begin(ledger, SCHOOL, 101), PupilsDeparted)
    refused(ledger, lambda: begin(ledger, SCHOOL, 102, year="2027-2028"), PupilsDeparted)
    begin(ledger, OTHER_SCHOOL, 200)


def test_a_year_from_before_may_still_be_taken_in(ledger):
    accept(ledger, release(ledger))
    begin(ledger, SCHOOL, 103, year="2024-2025")


def test_who_comes_back_is_a_pupil_again(ledger):
    accept(ledger, release(ledger))
    begin(ledger, OTHER_SCHOOL, 200)
    back = release(ledger, from_school=OTHER_SCHOOL, to_school=SCHOOL)
    refused(ledger, lambda: begin(ledger, SCHOOL, 104), PupilsDeparted)
    accept(ledger, back, school_code=SCHOOL)
    begin(ledger, SCHOOL, 104)
    refused(ledger, lambda: begin(ledger, OTHER_SCHOOL, 201), PupilsDeparted)


def test_a_release_that_is_withdrawn_changes_nothing(ledger):
    transfer = release(ledger)
    ledger.transferring.withdraw(transfer.id, school_code=SCHOOL, by="van.thu", why="không đi nữa")
    refused(ledger, lambda: accept(ledger, transfer))
    begun = ledger.reader.unit(unit_id(100))
    assert begun.state is UnitState.DRAFT
    revise(ledger, Revision(begun, 1, digest("record", 101), digest("source", 101)))
    assert release(ledger).id != transfer.id


def test_who_did_what_and_why_stands_in_the_journal(ledger):
    transfer = release(ledger)
    accept(ledger, transfer)
    out, taken = [entry for entry, _ in ledger.journal.entries(subject=f"pupil {PUPIL}")]
    assert (out.deed, out.who, out.why) == (Deed.TRANSFERRED_OUT, "van.thu", "theo cha mẹ")
    assert ledger.files.get(out.detail["confirmation"]) == CONFIRMATION
    assert (taken.deed, taken.who, taken.detail["inherits"]) == (
        Deed.TRANSFERRED_IN,
        "clerk.b",
        [str(unit_id(1))],
    )
    assert taken.detail["unfinished_source"] == digest("source", 100)
    assert list(breaks(ledger.journal.entries())) == []


def test_who_confirmed_stands_in_the_journal_and_is_told_to_both(ledger):
    ledger.confirmations.doubts = (Doubt.NO_REVOCATION_DATA,)
    transfer = release(ledger)
    found = ledger.reopened().transferring.confirmed(transfer)
    assert [(one.role, one.signer, one.signed_at, one.doubts) for one in found.signatures] == [
        (Role.PRINCIPAL, "Người ký CBQL", UNTIL, (Doubt.NO_REVOCATION_DATA,)),
        (Role.SEAL, "Người ký KY_PHAT_HANH", UNTIL, (Doubt.NO_REVOCATION_DATA,)),
    ]
    assert found.until == UNTIL
    ((unit, to_school, handed_over),) = ledger.confirmations.asked
    assert (unit.id, to_school, [one.id for one in handed_over]) == (unit_id(100), OTHER_SCHOOL, [unit_id(1)])


def test_of_a_release_of_an_older_version_nothing_is_claimed(ledger):
    transfer = release(ledger)
    (out,) = [entry for entry, _ in ledger.journal.entries(subject=f"pupil {PUPIL}")]
    older = {name: out.detail[name] for name in ("transfer", "to", "year", "confirmation")}
    assert Confirmed.from_detail(older) is None
    assert ledger.transferring.confirmed(replace(transfer, id=transfer.id + 1)) is None


REFUSALS = {
    "without a confirmation in mid-year": {"confirmation": None},
    "with something else than a PDF": {"confirmation": b"PK\x03\x04"},
    "with a confirmation that is not signed as it has to be": {"confirmation": b"%PDF-1.7 scanned"},
    "with a confirmation of a year in which nothing is begun": {"school_year": "2024-2025"},
    "to the same school": {"to_school": SCHOOL},
    "from a school that has nothing of the pupil": {"from_school": OTHER_SCHOOL, "to_school": SCHOOL},
    "of another level": {"level": "THPT"},
    "for a year that is issued": {"school_year": YEAR},
    "over a year that is not finished": {"school_year": "2027-2028"},
}


@pytest.mark.parametrize("changes", REFUSALS.values(), ids=REFUSALS)
def test_a_release_is_refused(ledger, changes):
    ledger.confirmations.unsound.add(b"%PDF-1.7 scanned")
    refused(ledger, lambda: release(ledger, **changes))


def test_a_school_that_is_not_registered_receives_nobody(ledger):
    refused(ledger, lambda: release(ledger, to_school="79000999"), UnknownSchool)


def test_a_school_that_the_pupil_has_left_gives_nobody_away(ledger):
    """Else the present school's record of the year would be taken out without its being asked."""
    accept(ledger, release(ledger))
    begin(ledger, OTHER_SCHOOL, 200)
    ledger.opened(ledger.reader.unit(unit_id(200)))
    refused(ledger, lambda: release(ledger))
    assert ledger.reader.unit(unit_id(200)).state is UnitState.SIGNING


def test_a_pupil_is_on_the_way_once(ledger):
    release(ledger)
    refused(ledger, lambda: release(ledger), LostRace)


def test_only_the_new_school_accepts_and_only_the_old_one_withdraws(ledger):
    transfer = release(ledger)
    refused(ledger, lambda: accept(ledger, transfer, school_code=SCHOOL))
    refused(ledger, lambda: ledger.transferring.withdraw(transfer.id, school_code=OTHER_SCHOOL, by="x"))


def test_a_pupil_is_taken_in_once(ledger):
    transfer = release(ledger)
    accept(ledger, transfer)
    refused(ledger, lambda: accept(ledger.reopened(), transfer))


def test_what_was_issued_since_the_release_is_not_taken_out(ledger):
    transfer = release(ledger)
    signing = ledger.opened(ledger.reader.unit(unit_id(100)))

    for role in (Role.PRINCIPAL, Role.SEAL):
        signing = ledger.sign(signing, role)
    ledger.issue(signing)
    refused(ledger, lambda: accept(ledger, transfer))


def test_a_draft_that_moved_meanwhile_is_a_lost_race(ledger):
    transfer = release(ledger)
    brought = ledger.transferring.inheritance(transfer)
    ledger.opened(ledger.reader.unit(unit_id(100)))
    late = ledger.transfers.by("clerk.b")
    refused(
        ledger,
        lambda: late.accept(transfer, inherited=brought.records, unfinished=brought.unfinished),
        LostRace,
    )


def test_what_was_imported_while_its_confirmation_was_looked_into_is_a_lost_race(ledger):
    """A mark that changes then is not the one that was confirmed."""
    (begun,) = [one for one in ledger.reader.units_of_pupils([PUPIL], level="THCS") if one.school_year == NEXT]
    office = ledger.confirmations

    class Meanwhile(type(office)):
        def require(self, *arguments, **named):
            found = super().require(*arguments, **named)
            revision = Revision(begun, begun.stt, digest("record", 101), digest("source", 101))
            ledger.import_class([], school_code=SCHOOL, school_year=NEXT, name="7A100", revised=[revision])
            return found

    ledger.confirmations = Meanwhile()
    with pytest.raises(LostRace):
        release(ledger)
    assert ledger.transfers.those(pupil_code=PUPIL) == []
    ledger.confirmations = office
    assert release(ledger).open


def test_dying_at_any_statement_is_nothing_done_or_all(grown, tmp_path):
    first = grown.copied(tmp_path / "first").reopened(Fate())
    mortal_statements(first.engine, first.fate)
    transfer = release(first)
    begun = len(first.fate.log)
    accept(first, transfer)
    steps = list(each(first.fate.log))
    after = first.rows()
    for step in steps:
        ledger = grown.copied(tmp_path / str(step))
        dying = ledger.reopened(Fate(dies_at=step))
        mortal_statements(dying.engine, dying.fate)
        with pytest.raises(Killed):
            accept(dying, release(dying))
        dying.engine.dispose()
        open_ones = [one for one in ledger.transfers.those() if one.open]
        assert len(open_ones) == (step > begun), step
        accept(ledger, open_ones[0] if open_ones else release(ledger))
        assert {name: len(rows) for name, rows in ledger.rows().items()} == {n: len(r) for n, r in after.items()}
        assert list(breaks(ledger.journal.entries())) == []
        assert World(ledger).errands()
