# SPDX-License-Identifier: Apache-2.0

"""The code that people type: what is printed is found again, and what is mistyped is said to be."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MistypedCode
from ledger.short_code import canonical, lookup_key, short_code

UNIT = UUID("9b2c1f7e-4a53-4d8e-8c11-2f6a7b3d9e10")
UNITS = st.uuids(version=4)
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_the_code_of_a_unit_never_changes():
    assert short_code(UNIT) == "E681-WSMS-T387-BB1V-1"


@given(UNITS)
def test_what_is_printed_is_found_again(unit_id):
    code = short_code(unit_id)
    assert canonical(code) == lookup_key(unit_id)
    assert len(code) == 16 + 4 + 1


@given(UNITS)
def test_how_people_type_does_not_matter(unit_id):
    code = short_code(unit_id)
    typed = code[:-1].lower().replace("-", " ").replace("0", "o").replace("1", "l") + code[-1].lower()
    assert canonical(typed) == lookup_key(unit_id)


@given(UNITS, st.integers(0, 15), st.sampled_from(DIGITS))
def test_one_wrong_character_is_noticed(unit_id, place, letter):
    code = short_code(unit_id).replace("-", "")
    if code[place] == letter:
        return
    with pytest.raises(MistypedCode):
        canonical(code[:place] + letter + code[place + 1 :])


@given(UNITS, st.integers(0, 14))
def test_two_neighbours_in_the_wrong_order_are_noticed(unit_id, place):
    code = short_code(unit_id).replace("-", "")
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped == code:
        return
    with pytest.raises(MistypedCode):
        canonical(swapped)


@pytest.mark.parametrize(
    "typed", ["", "-", "7", short_code(UNIT)[:-2], short_code(UNIT) + "0", "Ơ" * 17, "U" * 17, str(UNIT)]
)
def test_what_cannot_be_a_code_is_refused_in_both_languages(typed):
    with pytest.raises(MistypedCode) as caught:
        canonical(typed)
    assert "17" in caught.value.vi
    assert "17" in caught.value.en
