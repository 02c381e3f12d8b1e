# SPDX-License-Identifier: Apache-2.0

"""Whether a class is complete: the school's own count against what is issued and anchored, and who is missing."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from ledger.desk.completeness import completeness_of
from ledger.unit import UnitState
from tests.simulators.chancery import Chancery
from tests.simulators.school_office import SHEET, corrected

NAMES = [record.pupil.name for record in SHEET.records]
CLASS = len(NAMES)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    return Chancery.opened(tmp_path_factory.mktemp("begun"))


@pytest.fixture
def chancery(begun, tmp_path):
    return begun.copied(tmp_path / "chancery")


def card(chancery, who="van.thu"):
    page = chancery.page(who, "/lop/1")
    return page[page.index('id="complete"') :].partition("</section>")[0]


def test_a_class_in_which_everybody_is_anchored_is_complete(chancery):
    told = card(chancery)
    assert f"Sĩ số {CLASS}: đã phát hành {CLASS}, đã neo {CLASS}." in told
    assert "Đủ: mọi học sinh" in told
    assert "Chưa có học bạ" not in told


def test_who_has_no_issued_record_is_named_with_its_state(chancery):
    office = chancery.office
    office.stand(chancery.unit(2), UnitState.ISSUED)
    office.stand(chancery.unit(3), UnitState.RECALLED)
    office.take_in(corrected(2))
    office.stand(chancery.unit(4), UnitState.RECALLED)
    told = card(chancery, "an.le")
    assert f"đã phát hành {CLASS - 2}, đã neo {CLASS - 3}." in told
    assert "Chưa có học bạ đã phát hành (2):" in told
    assert f"STT 3, {NAMES[2]}: Nháp" in told
    assert f"STT 4, {NAMES[3]}: Đã thu hồi" in told
    for there in (0, 1, 4):
        assert NAMES[there] not in told
    assert "Đủ:" not in told


def test_those_who_are_enrolled_and_have_not_even_a_draft_are_counted(chancery):
    with chancery.office.ledger.engine.begin() as connection:
        connection.execute(text("UPDATE class SET enrolled = enrolled + 2"))
    told = card(chancery)
    assert f"Sĩ số {CLASS + 2}: đã phát hành {CLASS}" in told
    assert "2 học sinh trong sĩ số chưa có cả bản nháp" in told
    assert "Đủ:" not in told


def units(chancery):
    return chancery.office.units()


def test_a_replacement_is_its_pupils_record_from_when_it_is_issued(chancery):
    recalled, *rest = units(chancery)
    old = replace(recalled, state=UnitState.RECALLED)
    new = replace(recalled, id=UUID(int=1, version=4), state=UnitState.DRAFT, replaces=old.id)
    for order in ([old, new], [new, old]):
        found = completeness_of(CLASS, [*order, *rest])
        assert (found.issued, list(found.without), found.unlisted, found.complete) == (CLASS - 1, [new], 0, False)
    done = completeness_of(CLASS, [old, replace(new, state=UnitState.LOCKED), *rest])
    assert (done.issued, done.anchored, list(done.without), done.complete) == (CLASS, CLASS, [], True)


@pytest.mark.parametrize(
    ("enrolled", "unlisted", "complete"), [(CLASS, 0, True), (CLASS + 2, 2, False), (CLASS - 1, 0, True)]
)
def test_the_schools_own_count_decides(chancery, enrolled, unlisted, complete):
    found = completeness_of(enrolled, units(chancery))
    assert (found.unlisted, found.complete) == (unlisted, complete)


def test_a_class_without_records_lacks_everybody():
    found = completeness_of(40, [])
    assert (found.issued, found.anchored, found.unlisted, found.complete) == (0, 0, 40, False)
