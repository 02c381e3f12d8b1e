# SPDX-License-Identifier: Apache-2.0

"""The life of a unit: every arrow there is, and none besides; who signs, and when that is enough."""

import itertools

import pytest

from ledger.errors import ForbiddenMove
from ledger.unit import (
    MOET,
    PAST_STATES,
    PROFILES,
    Ownership,
    RecallReason,
    Role,
    SigningProfile,
    Slot,
    UnitState,
    require_move,
)

DRAFT, SIGNING, ISSUED, ANCHORED, LOCKED, RECALLED, REPLACED = UnitState
SUBJECT, TEACHER, PRINCIPAL, SEAL = Role

ARROWS = {
    (DRAFT, SIGNING),
    (SIGNING, DRAFT),
    (SIGNING, ISSUED),
    (ISSUED, ANCHORED),
    (ANCHORED, LOCKED),
    (ANCHORED, RECALLED),
    (LOCKED, RECALLED),
    (RECALLED, REPLACED),
}
"""Written out a second time on purpose: DESIGN.md section 4 as somebody else read it."""


@pytest.mark.parametrize(("old", "new"), list(itertools.product(UnitState, UnitState)))
def test_there_is_this_arrow_or_it_is_forbidden(old, new):
    if (old, new) in ARROWS:
        require_move(old, new)
        return
    with pytest.raises(ForbiddenMove) as caught:
        require_move(old, new)
    assert old.value in caught.value.en
    assert new.value in caught.value.vi


def test_nothing_that_was_issued_becomes_a_draft_again():
    reachable, frontier = set(), {ISSUED}
    while frontier:
        reachable |= frontier
        frontier = {new for old, new in ARROWS if old in frontier} - reachable
    assert reachable == {ISSUED, ANCHORED, LOCKED, RECALLED, REPLACED}


def test_only_what_was_withdrawn_makes_room_for_another_unit():
    assert {RECALLED, REPLACED} == PAST_STATES


def test_values_that_the_database_holds_never_change():
    assert [state.value for state in UnitState] == [
        "draft",
        "signing",
        "issued",
        "anchored",
        "locked",
        "recalled",
        "replaced",
    ]
    assert [role.value for role in Role] == ["GVBM", "GVCN", "CBQL", "KY_PHAT_HANH"]
    assert [reason.value for reason in RecallReason] == [
        "wrong-data",
        "civil-status",
        "reassessment",
        "issued-in-error",
        "fraud",
        "other",
    ]


NOBODY: frozenset[Role] = frozenset()
WITH_TEACHER = frozenset({TEACHER})


@pytest.mark.parametrize(
    ("signed", "assigned", "expected"),
    [
        ([], NOBODY, PRINCIPAL),
        ([], WITH_TEACHER, TEACHER),
        ([TEACHER], WITH_TEACHER, PRINCIPAL),
        ([TEACHER], NOBODY, PRINCIPAL),  # assigned at one sitting and forgotten at the next
        ([PRINCIPAL], NOBODY, SEAL),
        ([PRINCIPAL], WITH_TEACHER, SEAL),  # too late for the teacher: the order is fixed
        ([TEACHER, PRINCIPAL], NOBODY, SEAL),
        ([TEACHER, PRINCIPAL], WITH_TEACHER, SEAL),
        ([PRINCIPAL, SEAL], WITH_TEACHER, None),
        ([TEACHER, PRINCIPAL, SEAL], NOBODY, None),
        ([SEAL], NOBODY, None),
        ([TEACHER, SEAL], WITH_TEACHER, None),
        ([PRINCIPAL, TEACHER], WITH_TEACHER, None),
        ([TEACHER, TEACHER], WITH_TEACHER, None),
        ([PRINCIPAL, PRINCIPAL], NOBODY, None),
    ],
)
def test_who_signs_next(signed, assigned, expected):
    assert MOET.next_role(signed, assigned=assigned) is expected


@pytest.mark.parametrize("size", range(5))
def test_only_the_right_signatures_in_the_right_order_are_enough(size):
    enough = [(PRINCIPAL, SEAL), (TEACHER, PRINCIPAL, SEAL)]
    for signed in itertools.product(Role, repeat=size):
        assert MOET.complete(signed) == (signed in enough), signed


def test_a_profile_that_demands_the_teacher_waits_for_the_teacher():
    strict = SigningProfile(name="strict", order=tuple(Role), required=frozenset(Role))
    assert strict.next_role([], assigned=NOBODY) is SUBJECT
    assert strict.next_role([SUBJECT], assigned=NOBODY) is TEACHER
    assert strict.next_role([PRINCIPAL], assigned=NOBODY) is None
    assert not strict.complete([PRINCIPAL, SEAL])
    assert strict.complete(list(Role))


def test_every_profile_can_be_completed_by_those_it_demands():
    for name, profile in PROFILES.items():
        assert name == profile.name
        assert profile.required <= set(profile.order)
        assert profile.order[-1] is SEAL
        assert profile.complete([role for role in profile.order if role in profile.required])


MATHS, LETTERS = Slot(SUBJECT, "TOAN"), Slot(SUBJECT, "NGU_VAN")
HCMC, BOTH = PROFILES["hcmc"], frozenset({"TOAN", "NGU_VAN"})


@pytest.mark.parametrize(
    ("signed", "following"),
    [
        ([], {MATHS, LETTERS}),
        ([LETTERS], {MATHS}),
        ([LETTERS, MATHS], {Slot(TEACHER)}),
        ([MATHS, LETTERS, Slot(TEACHER)], {Slot(PRINCIPAL)}),
        ([MATHS, LETTERS, Slot(TEACHER), Slot(PRINCIPAL)], {Slot(SEAL)}),
        ([MATHS, LETTERS, Slot(TEACHER), Slot(PRINCIPAL), Slot(SEAL)], set()),
        ([MATHS, MATHS], set()),
        ([MATHS, Slot(TEACHER)], set()),
        ([Slot(TEACHER)], set()),
        ([MATHS, Slot(SUBJECT, "TIN_HOC")], set()),
        ([MATHS, Slot(TEACHER), LETTERS], set()),
    ],
)
def test_every_subject_is_signed_by_its_own_teacher_and_nobody_overtakes(signed, following):
    assert HCMC.next_slots(signed, subjects=BOTH, assigned=NOBODY) == following


def test_a_record_is_complete_with_all_its_subjects_and_not_with_one_less_or_another():
    rest = [Slot(TEACHER), Slot(PRINCIPAL), Slot(SEAL)]
    assert HCMC.all_signed([MATHS, LETTERS, *rest], subjects=BOTH)
    assert HCMC.all_signed([LETTERS, MATHS, *rest], subjects=BOTH)
    assert not HCMC.all_signed([MATHS, *rest], subjects=BOTH)
    assert not HCMC.all_signed(rest, subjects=BOTH)
    assert not HCMC.all_signed([MATHS, Slot(SUBJECT, "TIN_HOC"), *rest], subjects=BOTH)
    assert not HCMC.all_signed([MATHS, LETTERS, *rest[1:]], subjects=BOTH)
    assert MOET.all_signed(rest[1:], subjects=BOTH)
    assert not MOET.all_signed([MATHS, LETTERS, *rest], subjects=BOTH), "the ministry's form has no place for them"


def test_a_slot_is_read_back_as_it_was_written_and_nonsense_is_refused():
    for slot in (MATHS, Slot(TEACHER), Slot(SEAL)):
        assert Slot.parse(str(slot)) == slot
    for nonsense in ("GVBM", "GVCN-TOAN", "", "XYZ"):
        with pytest.raises(ValueError, match=r"."):
            Slot.parse(nonsense)


def test_a_public_school_under_hcmc_seals_with_vgca_only():
    assert HCMC.seal_may_come_from("vgca", Ownership.PUBLIC)
    assert not HCMC.seal_may_come_from("public", Ownership.PUBLIC)
    assert HCMC.seal_may_come_from("public", Ownership.PRIVATE)
    assert MOET.seal_may_come_from("public", Ownership.PUBLIC)
