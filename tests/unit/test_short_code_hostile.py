# SPDX-License-Identifier: Apache-2.0

"""Short codes as nobody types them in good faith: each is refused, or leads to the one unit that it is the code of."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MistypedCode
from ledger.short_code import canonical, lookup_key, short_code
from ledger.store.reader import Reader
from tests.simulators.issuing_world import World
from tests.simulators.school_ledger import SchoolLedger, unit_id
from tests.simulators.web_client import ask, get

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def with_one():
    """A unit whose code holds a 1 and an S: what other alphabets have letters for that Python turns into these."""
    numbers = (number for number in range(1, 10_000))
    return next(unit_id(n) for n in numbers if {"1", "S"} <= set(lookup_key(unit_id(n))))


UNIT = with_one()
CODE = short_code(UNIT)


@pytest.mark.parametrize(
    "typed",
    [
        CODE.replace("1", "ı", 1),
        CODE.replace("S", "ſ", 1),
        CODE.replace("1", "١", 1),
        CODE.replace("1", "１", 1),
        CODE.replace("1", "¹", 1),
        CODE + "\u200b",
        CODE + "\0",
        CODE + "%",
        CODE * 2,
        CODE * 10_000,
        "-" * 100_000,
        "' OR ''='",
        f"{CODE}' --",
        f"{CODE};",
        CODE.replace("-", "_"),
        CODE.replace("-", "*"),
    ],
)
def test_what_only_looks_like_a_code_is_refused(typed):
    with pytest.raises(MistypedCode) as caught:
        canonical(typed)
    assert len(caught.value.vi) < 200


@pytest.mark.parametrize("between", ["\u2010", "\u2011", "\u2013", "\u2014", "\u2212", "\u00a0", " ", ".", "\t"])
def test_what_word_processors_put_between_the_groups_does_not_matter(between):
    assert canonical(CODE.replace("-", between)) == lookup_key(UNIT)


@given(st.text(max_size=40))
def test_any_text_is_refused_or_is_the_code_of_its_key(typed):
    try:
        key = canonical(typed)
    except MistypedCode:
        return
    assert len(key) == 16
    assert set(key) <= set(DIGITS)


@given(st.uuids(version=4), st.uuids(version=4))
def test_two_units_have_two_codes(one, other):
    assert (one == other) is (lookup_key(one) == lookup_key(other))


@pytest.fixture
def world():
    return World()


HOSTILE = [
    "' OR 1=1 --",
    "%",
    "_" * 17,
    "*" * 17,
    "E681-WSMS-T387-BB1V-%",
    "١" * 17,
    "A" * 5_000,
    "\N{SNOWMAN}",
    "{}",
    "null",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("path", ["/q/", "/v1/units/"])
def test_no_hostile_code_finds_anything(world, path, text):
    world.issue()
    answer = get(world.app(), path + quote(text, safe=""))
    assert answer.status_code == 400
    assert answer.headers.get("cache-control") == "no-store"
    assert world.asked["unit_with_short_code"] == 0


def test_a_code_is_never_answered_with_another_unit(world):
    """A ledger whose index is mixed up answers for nobody."""
    right, wrong = world.issue(), world.issue()
    for path in ("/q/", "/v1/units/"):
        assert get(world.app(), path + short_code(right.id)).status_code == 200

    class MixedUp(World):
        def unit_with_short_code(self, key):  # noqa: ARG002
            return wrong.id

    mixed = MixedUp(units=world.units)
    for path in ("/q/", "/v1/units/"):
        answer = get(mixed.app(), path + short_code(right.id))
        assert answer.status_code == 503
        assert str(wrong.id) not in answer.text
        assert get(mixed.app(), path + short_code(wrong.id)).status_code == 200


def test_a_draft_is_not_told_from_a_unit_that_never_was(world):
    draft = world.issue()
    code = short_code(draft.id)

    class Drafted(World):
        def receipt_of_unit(self, unit_id):  # noqa: ARG002
            return None

    told = get(Drafted(units=world.units).app(), f"/v1/units/{code}")
    never = get(World().app(), f"/v1/units/{code}")
    assert (told.status_code, told.json()["code"]) == (never.status_code, never.json()["code"]) == (404, "unknown-unit")


@pytest.mark.parametrize("path", ["/q/", "/v1/units/"])
def test_head_says_what_get_says(world, path):
    unit = world.issue()
    app = world.app()
    for each in (short_code(unit.id), short_code(unit.id)[:-2], short_code(UNIT)):
        head, told = ask(app, "HEAD", path + each), get(app, path + each)
        assert head.status_code in (told.status_code, 405)
        if head.status_code != 405:
            assert head.content == b""
            assert head.headers["cache-control"] == told.headers["cache-control"]


def test_what_a_code_says_is_cached_no_longer_than_a_recall_may_take(world):
    unit = world.issue()
    app = world.app()
    assert get(app, f"/v1/units/{short_code(unit.id)}").headers["cache-control"] == "public, max-age=30"
    assert get(app, f"/q/{short_code(unit.id)}").headers["cache-control"] == "no-store"
    world.chain_down = True
    assert get(app, f"/v1/units/{short_code(unit.id)}").headers["cache-control"] == "no-store"


def test_a_ledger_looks_for_the_key_and_for_nothing_like_it(tmp_path):
    ledger = SchoolLedger.created(tmp_path)
    (unit,) = ledger.drafts()
    key = lookup_key(unit.id)
    reader = Reader(ledger.engine)
    assert reader.unit_with_short_code(key) == unit.id
    for other in (key.lower(), key[:-1] + "%", "%", "_" * 16, key + " ", key[:-1], "' OR ''='"):
        assert reader.unit_with_short_code(other) is None
