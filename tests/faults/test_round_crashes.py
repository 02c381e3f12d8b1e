# SPDX-License-Identifier: Apache-2.0

"""A signing round that dies, at whatever statement or file: the next start goes on, no PIN is asked for twice without need, and no
unit is signed twice."""

import itertools
from collections import Counter

import pytest

from ledger.store.signing_tables import ItemState
from ledger.store.tables import FileRole
from ledger.unit import Role, Slot
from tests.simulators.mortality import Fate, telling
from tests.simulators.school_office import only
from tests.simulators.signing_room import Room, staffed_pki

HOMEROOM, HEAD = Slot(Role.HOMEROOM), Slot(Role.PRINCIPAL)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Two pupils, laid out for signing."""
    room = Room.opened(tmp_path_factory.mktemp("begun"), staffed_pki(tmp_path_factory.mktemp("pki")), sheet=only(0, 1))
    assert len(room.units()) == 2
    return room


def whole_round(room):
    room.sign("GVCN")


def assert_sound(room):
    """Rows name only files that are there, and whoever signed stands on both of them."""
    for unit in room.units():
        for role in FileRole:
            room.office.files.get(unit.file(role).sha256)
        assert max(Counter(unit.signed_slots).values(), default=0) <= 1
        pdf, xml = (room.office.files.get(unit.file(role).sha256) for role in FileRole)
        assert pdf.count(b"/ETSI.CAdES.detached") == xml.count(b"<SignatureValue>") == len(unit.signatures)


def test_a_round_that_dies_anywhere_is_finished_by_the_next_start(begun, tmp_path):
    folders = (tmp_path / str(number) for number in itertools.count())
    steps = Fate()
    whole_round(begun.copied(next(folders)).reopened(steps))
    assert len(telling(steps.log)) > 20
    for step in telling(steps.log):
        room = begun.copied(next(folders))
        room.dies(step, whole_round)
        what = f"{step}: {steps.log[step - 1]}"
        assert_sound(room)
        again = room.reopened()
        waiting = again.lines.unfinished_rounds()
        answered = sum(len(again.lines.round(one).those(ItemState.ANSWERED)) for one in waiting)
        for round_id in waiting:  # As a desk does when it starts, without any key.
            assert again.finish(round_id) == [], what
        left = [unit for unit in again.units() if not unit.signatures]
        assert len(left) <= 2 - answered, what
        if left:
            whole_round(again)
        assert_sound(again)
        assert [unit.signed_slots for unit in again.units()] == [(HOMEROOM,)] * 2, what
        if round_id := again.open_rounds():
            again.finish(round_id[0])
        assert again.open_rounds() == [], what
        again.office.ledger.engine.dispose()


def test_returning_a_unit_happens_whole_or_not_at_all(begun, tmp_path):
    signed = begun.copied(tmp_path / "signed")
    signed.sign("GVCN")
    signed.sign("CBQL")
    folders = (tmp_path / str(number) for number in itertools.count())

    def give_back(room):
        room.returning.give_back(room.units()[0].id, slot=HEAD, reason="Sai chức danh", by="văn thư")

    before = signed.office.everything()
    steps = Fate()
    give_back(signed.copied(next(folders)).reopened(steps))
    for step in telling(steps.log):
        room = signed.copied(next(folders))
        room.dies(step, give_back)
        assert room.office.everything() == before
        give_back(room)
        assert room.units()[0].signed_slots == (HOMEROOM,)
        assert_sound(room)
