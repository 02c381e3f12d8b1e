# SPDX-License-Identifier: Apache-2.0

"""What a booklet lists and should not: the insider seals any cover he likes over anything that he can anchor.

What nobody can find out from manifests is whether two units are of one pupil: they name no pupil. That is the seal's word.
"""

import functools
from dataclasses import dataclass, field, replace
from uuid import uuid4

import attacked_school as world
import pytest
from attacked_school import CODE, FAILED, OTHER_CODE, PASSED, PRINCIPAL, SEAL, YEAR
from test_attacks_booklets import EARLIER, booklet, drawn, listed_of, manifest_of, shelf, standing_codes, years

from ledger.chain.errors import Unreachable
from ledger.chain.registry import LeafStatus, RegistryReader
from ledger.proof.manifest import ListedUnit as Listed
from ledger.unit import BOOKLET
from verifier_api.verdict import Outcome, Standing


@functools.cache
def unit_paper():
    return world.signed(world.signed(world.drawn(), PRINCIPAL), SEAL)


def unit(*, anchored_by=None, **changes):
    """The receipt of a unit whose manifest says what the insider wants; nobody but the verifier ever opens its files."""
    manifest = world.manifest_of(unit_paper(), id=uuid4(), **changes)
    return world.anchored(manifest, school=anchored_by, year=int(manifest.year[:4]))


def record(**info):
    """What the cover is to say of a unit."""
    first = world.SHEET.records[0]
    return replace(first, class_info=replace(first.class_info, **info), history=())


OLDER, NEWEST = {"school_year": EARLIER, "grade": 8, "name": "8A1"}, {"school_year": YEAR}


def judged(*pairs, level="THCS", registry=None, known=None, deep=True):
    """The verdict on a genuine file over these records and units; and the one on its id alone."""
    listed = listed_of(pairs)
    paper = world.archived(world.signed(drawn(listed), SEAL))
    units = tuple(Listed(id=unit_id, manifest_sha256=sha256) for _, unit_id, sha256 in listed)
    manifest = world.manifest_of(paper, kind="booklet", profile=BOOKLET.name, units=units, level=level)
    receipt = world.anchored(manifest, deep=deep)
    shelf_of_all = world.Shelf(receipt, *(one for _, one in pairs), *(known or ()))
    verifier = world.verifier(issued=shelf_of_all, registry=registry)
    return verifier.verify(paper.pdf, receipt=receipt.to_json()), verifier.unit(manifest.id)


def test_two_years_are_a_booklet():
    verdict, by_id = judged((record(**OLDER), unit(year=EARLIER)), (record(**NEWEST), unit()))
    assert (verdict.conclusion, verdict.standing, by_id.standing) == (PASSED, Standing.CURRENT, Standing.CURRENT)


def test_an_older_year_of_another_school_belongs_as_long_as_the_cover_says_so():
    older = record(**OLDER)
    older = replace(older, school=replace(older.school, code=OTHER_CODE))
    verdict, _ = judged((older, unit(year=EARLIER, school=OTHER_CODE)), (record(**NEWEST), unit()))
    assert (verdict.conclusion, verdict.standing) == (PASSED, Standing.CURRENT)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ({"year": EARLIER, "level": "TH"}, {}),
        ({"year": EARLIER}, {"level": "THPT"}),
        ({"year": YEAR}, {"year": EARLIER}),
        ({"year": YEAR}, {}),
        ({"year": "2026-2027"}, {}),
        ({"year": EARLIER}, {"year": "2026-2027"}),
        ({"year": EARLIER}, {"school": OTHER_CODE}),
        ({"year": EARLIER, "kind": "booklet", "profile": BOOKLET.name, "units": "of our own"}, {}),
    ],
    ids=[
        "of the level below",
        "of the level above",
        "in the wrong order",
        "twice the same year",
        "a later year first",
        "a later year than the booklet's",
        "the newest of another school",
        "a booklet in a booklet",
    ],
)
def test_a_unit_that_does_not_belong(first, last):
    if "units" in first:
        first = {**first, "units": (Listed(id=years()[0][1].manifest.id, manifest_sha256="1a" * 32),)}
    verdict, by_id = judged((record(**OLDER), unit(**first)), (record(**NEWEST), unit(**last)))
    for each in (verdict, by_id):
        assert each.conclusion is FAILED
        assert each.standing is not Standing.CURRENT
        assert "contents.other_unit" in world.codes(each, Outcome.FAILED)


@pytest.mark.parametrize(
    "said", [{"year": "2023-2024"}, {"year": EARLIER, "school": OTHER_CODE}], ids=["year", "school"]
)
def test_a_cover_that_says_another_year_or_school_than_the_unit(said):
    """Found out only where there is a cover to look at."""
    verdict, by_id = judged((record(**OLDER), unit(**said)), (record(**NEWEST), unit()))
    assert verdict.conclusion is FAILED
    assert world.codes(verdict, Outcome.FAILED) == {"contents.other_unit"}
    assert by_id.standing is Standing.CURRENT


def test_booklets_in_booklets_are_not_followed():
    """Sixteen of sixteen of sixteen would be as many questions to the chain as a chain cannot answer."""
    counted = Watched(world.chain().registry)
    inner = unit(year=EARLIER, kind="booklet", profile=BOOKLET.name, units=manifest_of(booklet()).units)
    verdict, _ = judged((record(**OLDER), inner), (record(**NEWEST), unit()), registry=counted, known=shelf_receipts())
    assert verdict.conclusion is FAILED
    assert counted.asked == 2 + 2


def shelf_receipts():
    return [receipt for _, receipt in years()]


def test_a_unit_that_only_another_school_anchored():
    foreign = unit(year=EARLIER, anchored_by=OTHER_CODE)
    assert foreign.manifest.school == CODE
    verdict, by_id = judged((record(**OLDER), foreign), (record(**NEWEST), unit()))
    assert (verdict.standing, by_id.standing) == (Standing.UNANCHORED, Standing.UNANCHORED)


def test_one_unit_may_stand_in_two_booklets():
    older, newest = (record(**OLDER), unit(year=EARLIER)), (record(**NEWEST), unit())
    assert judged(older, newest)[0].standing is Standing.CURRENT
    assert judged(newest)[0].standing is Standing.CURRENT


def test_a_recalled_unit_withdraws_both_and_so_does_a_replaced_one():
    older, newest, better = unit(year=EARLIER), unit(), unit()
    world.chain().recall(newest, by=better)
    verdict, by_id = judged((record(**OLDER), older), (record(**NEWEST), newest), known=[better])
    assert (verdict.standing, by_id.standing) == (Standing.RECALLED, Standing.RECALLED)


def test_a_recalled_unit_shows_before_the_booklet_is_deep_enough():
    older, newest = unit(year=EARLIER), unit()
    world.chain().recall(older)
    verdict, _ = judged((record(**OLDER), older), (record(**NEWEST), newest), deep=False)
    assert verdict.standing is Standing.RECALLED


def test_a_booklet_that_awaits_its_anchor_is_not_current_because_its_units_are():
    verdict, _ = judged((record(**NEWEST), unit()), deep=False)
    assert verdict.standing is Standing.UNANCHORED


@dataclass
class Watched:
    """The registry, counting, and lying from some question on. Implements `RegistryReader`."""

    registry: RegistryReader
    lies_from: int = 10_000
    lie: object = None
    asked: int = field(default=0)

    @property
    def pin(self):
        return self.registry.pin

    def head(self):
        return self.registry.head()

    def seal_at(self, **asked):
        return self.registry.seal_at(**asked)

    def school(self, code):
        return self.registry.school(code)

    def status_of(self, **asked) -> LeafStatus:
        self.asked += 1
        status = self.registry.status_of(**asked)
        return self.lie(status) if self.asked >= self.lies_from else status


def unreachable(_):
    raise Unreachable("http://node", "connection refused")


LIES = {
    "gone": (unreachable, Standing.UNKNOWN),
    "never heard of it": (lambda status: replace(status, included=False), Standing.UNANCHORED),
    "an anchor that is not deep": (
        lambda status: replace(status, anchored_in_block=status.head.number),
        Standing.UNANCHORED,
    ),
    "an anchor by a stolen key": (
        lambda status: replace(
            status,
            anchor_doubtful=True,
            compromised_since=status.anchored_at,
            compromise_recorded_at=status.anchored_at,
        ),
        Standing.UNKNOWN,
    ),
    "recalled a moment ago": (lambda status: replace(status, recalled_at=status.anchored_at), Standing.RECALLED),
}


@pytest.mark.parametrize("question", [2, 3], ids=["first unit", "last unit"])
@pytest.mark.parametrize("lie", LIES)
def test_a_node_that_changes_its_mind_between_booklet_and_units(question, lie):
    said, standing = LIES[lie]
    registry = Watched(world.chain().registry, lies_from=question, lie=said)
    # The ledger is asked instead of bringing the receipt: one question for the booklet, one for each unit.
    receipt = world.anchored(manifest_of(booklet()))
    verdict = world.judge(booklet().pdf, issued=shelf(receipt), registry=registry)
    assert registry.asked == 1 + 2
    assert verdict.standing is standing
    assert "standing.units_current" not in standing_codes(verdict)
