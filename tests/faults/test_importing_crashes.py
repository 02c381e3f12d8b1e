# SPDX-License-Identifier: Apache-2.0

"""An import that dies, at whatever statement or file: the class is as it was or as it was to be; and once more ends the same.

And an import that is overtaken: by a signer, or by another import of the same class. Whoever comes second is refused and changes
nothing, or finds what the first one left.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from ledger.errors import AlreadyImported, LostRace
from ledger.importing import Change
from ledger.unit import Role, UnitState
from tests.simulators.mortality import Fate, each
from tests.simulators.school_office import SHEET, Office, corrected, counted, only, turned, without

FIRST_IDS, LATER_IDS = 1, 1000


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """An office that has imported nothing yet."""
    return Office.opened(tmp_path_factory.mktemp("registered"))


@pytest.fixture(scope="module")
def begun(registered, tmp_path_factory):
    """A class of four in every state an import can meet: a draft, two whom somebody has signed, one issued."""
    office = registered.copied(tmp_path_factory.mktemp("begun") / "office").reopened(new_id=counted(FIRST_IDS))
    office.take_in(only(0, 1, 2, 3))
    for unit in office.units()[1:]:
        office.ledger.sign(office.ledger.opened(unit), Role.HOMEROOM)
    issued = office.units()[3]
    for role in (Role.PRINCIPAL, Role.SEAL):
        issued = office.ledger.sign(issued, role)
    office.ledger.issue(issued)
    return office


@pytest.fixture(scope="module")
def recalled(begun, tmp_path_factory):
    """The same class after the issued record was recalled."""
    office = begun.copied(tmp_path_factory.mktemp("recalled") / "office")
    office.recall(office.units()[3])
    return office


WAYS = {
    "a class that is new": ("registered", SHEET),
    "one of each kind": ("begun", corrected(0, 1, sheet=turned(only(0, 1, 3, 4)))),
    "a recalled record replaced": ("recalled", corrected(3, sheet=only(0, 1, 2, 3, 4))),
}


@pytest.mark.parametrize("way", WAYS)
def test_dying_anywhere_leaves_the_class_as_it_was_or_as_it_was_to_be(way, request, tmp_path):
    name, sheet = WAYS[way]
    start = request.getfixturevalue(name)
    folders = (tmp_path / str(number) for number in itertools.count())
    before = start.everything()
    steps = Fate()
    whole = start.copied(next(folders))
    whole.reopened(steps, new_id=counted(LATER_IDS)).take_in(sheet)
    after = whole.everything()
    assert before != after
    for step in each(steps.log):
        office = start.copied(next(folders))
        office.dies(step, lambda other: other.take_in(sheet), first_id=LATER_IDS)
        office.assert_whole()
        assert office.everything() == before, steps.log[step - 1]
        office.reopened(new_id=counted(LATER_IDS)).take_in(sheet)
        office.assert_whole()
        assert office.everything() == after, steps.log[step - 1]
    whole.take_in(sheet)
    assert whole.everything() == after


def test_the_ways_meet_every_kind_of_change(begun, recalled, registered):
    offices = {"begun": begun, "recalled": recalled, "registered": registered}
    met = {pupil.change for name, sheet in WAYS.values() for pupil in offices[name].plan(sheet).pupils}
    # What the others make is nothing; `tests/unit/test_importing.py` has them.
    assert met == {Change.ADDED, Change.REVISED, Change.REMOVED, Change.UNCHANGED, Change.REPLACING}


@pytest.fixture
def office(begun, tmp_path):
    return begun.copied(tmp_path / "office")


def refused(office, change):
    """`change` is one that somebody was too late for."""
    before = office.everything()
    with pytest.raises((LostRace, AlreadyImported)):
        change()
    assert office.everything() == before
    office.assert_whole()


@pytest.mark.parametrize("sheet", [corrected(1), without(1)], ids=["revised", "removed"])
def test_a_signature_before_the_import_refuses_it(office, sheet):
    plan = office.plan(sheet)
    office.reopened().ledger.sign(office.units()[1], Role.PRINCIPAL)
    refused(office, lambda: office.carry_out(plan))


@pytest.mark.parametrize("sheet", [corrected(1), without(1)], ids=["revised", "removed"])
def test_an_import_before_the_signature_refuses_that(office, sheet):
    unit = office.units()[1]
    office.reopened().take_in(sheet)
    refused(office, lambda: office.ledger.sign(unit, Role.PRINCIPAL))


def test_a_paper_drawn_from_what_was_corrected_meanwhile_is_not_opened_for_signing(office):
    """The unit is a draft before and after; only what it says is another."""
    read = office.units()[0]
    office.reopened().take_in(corrected(0))
    refused(office, lambda: office.prepared(read))
    office.prepared(office.units()[0])
    assert office.units()[0].state is UnitState.SIGNING


def test_signing_may_begin_while_a_list_is_imported_that_changes_nobody(office):
    plan = office.plan(turned(only(0, 1, 2, 3)))
    office.reopened().prepared(office.units()[0])
    office.carry_out(plan)
    assert office.ledger.reader.unit(plan.pupils[0].unit.id).state is UnitState.SIGNING


SHEETS = {
    "the same": only(0, 1, 2, 3),
    "corrected": corrected(0, sheet=only(0, 1, 2, 3)),
    "corrected otherwise": corrected(0, sheet=only(0, 1, 2, 3), homeroom_comment="Chăm ngoan."),
    "one less": only(1, 2, 3),
    "one more": only(0, 1, 2, 3, 4),
    "another order": turned(only(0, 1, 2, 3)),
}


@pytest.mark.parametrize(
    ("first", "second"), [pair for pair in itertools.product(SHEETS, SHEETS) if pair[0] != pair[1]]
)
def test_of_two_imports_the_second_does_what_it_said_or_nothing(office, first, second):
    plan = office.plan(SHEETS[second])
    office.reopened().take_in(SHEETS[first])
    before = office.everything()
    try:
        office.carry_out(plan)
    except (LostRace, AlreadyImported):
        assert office.everything() == before
        office.take_in(SHEETS[second])
    said = {unit.pupil_code: (office.said(unit).record, unit.stt) for unit in office.units()}
    assert said == {
        record.pupil.code: (record, place.stt)
        for record, place in zip(SHEETS[second].records, SHEETS[second].places, strict=True)
    }
    assert {pupil.change for pupil in office.plan(SHEETS[second]).pupils} == {Change.UNCHANGED}
    office.assert_whole()


def test_two_imports_at_the_same_moment_end_as_one_after_the_other(office, tmp_path):
    one, other = SHEETS["corrected"], SHEETS["one more"]
    for number in range(3):
        here = office.copied(tmp_path / str(number))
        together = Barrier(2)

        def work(sheet, here=here, together=together):
            mine = here.reopened()
            plan = mine.plan(sheet)
            together.wait(timeout=30)
            try:
                mine.carry_out(plan)
            except (LostRace, AlreadyImported):
                return False
            return True

        with ThreadPoolExecutor(2) as threads:
            done = list(threads.map(work, (one, other)))
        assert sorted(done) == [False, True]
        winner = (one, other)[done.index(True)]
        assert {pupil.change for pupil in here.plan(winner).pupils} == {Change.UNCHANGED}
        here.assert_whole()


def test_two_first_imports_of_one_class_make_one_class(registered, tmp_path):
    office = registered.copied(tmp_path / "office")
    plan = office.plan()
    office.reopened().take_in()
    refused(office, lambda: office.carry_out(plan))


def test_a_pupil_whom_another_class_took_in_meanwhile_is_not_taken_over(registered, tmp_path):
    office = registered.copied(tmp_path / "office")
    plan = office.plan()
    elsewhere = replace(only(0), class_info=replace(SHEET.class_info, name="9A2"))
    office.reopened().take_in(elsewhere)
    refused(office, lambda: office.carry_out(plan))
