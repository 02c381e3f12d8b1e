# SPDX-License-Identifier: Apache-2.0

"""A booklet stands as its worst unit stands, and nothing can be taken out of it, put in or exchanged behind its cover."""

import functools
from dataclasses import replace
from uuid import uuid4

import attacked_school as world
import pytest
from attacked_school import CODE, FAILED, PASSED, PRINCIPAL, SEAL

from ledger.paper.booklet_wording import from_booklet
from ledger.paper.render import render_booklet
from ledger.proof.manifest import ListedUnit as Listed
from ledger.record import xml as record_xml
from ledger.record.booklet import bound
from ledger.record.xml import booklet as xml_booklet
from ledger.unit import BOOKLET
from verifier_api.verdict import Outcome, Standing

EARLIER = "2024-2025"


@functools.cache
def years():
    """Two units of one pupil, each with its receipt: the year before, and this one. Only what is anchored matters here."""
    newest = world.genuine()
    record = world.SHEET.records[0]
    info = replace(record.class_info, school_year=EARLIER, grade=record.class_info.grade - 1, name="8A1")
    before = replace(record, class_info=info, history=())
    paper = world.drawn(record=before)
    paper = world.signed(world.signed(paper, PRINCIPAL), SEAL)
    receipt = world.anchored(world.manifest_of(paper, year=EARLIER), year=int(EARLIER[:4]))
    return ((before, receipt), (record, world.anchored(world.manifest_of(newest))))


def listed_of(pairs):
    return [(record, receipt.manifest.id, receipt.manifest.sha256().hex()) for record, receipt in pairs]


def drawn(listed):
    booklet_id, when = uuid4(), world.now()
    document = xml_booklet.write(bound(listed), booklet_id=booklet_id, created_at=when, planned_issue_date=when)
    pdf = render_booklet(
        from_booklet(bound(listed), booklet_id=booklet_id, planned_issue_date=when),
        record_xml=record_xml.data_element(document),
        qr_url=f"https://hocba.example/q/{booklet_id}",
        created=when,
    )
    return world.Paper(booklet_id, pdf, document)


@functools.cache
def booklet():
    return world.archived(world.signed(drawn(listed_of(years())), SEAL))


def manifest_of(paper, **changes):
    units = tuple(Listed(id=unit_id, manifest_sha256=sha256) for _, unit_id, sha256 in listed_of(years()))
    return world.manifest_of(paper, **{"kind": "booklet", "profile": BOOKLET.name, "units": units, **changes})


def shelf(*more):
    return world.Shelf(*(receipt for _, receipt in years()), *more)


def standing_codes(verdict):
    return {one.code for one in verdict.findings if one.check.value == "standing"}


@pytest.mark.parametrize("kind", ["pdf", "xml"])
def test_genuine(kind):
    verdict = world.judge(getattr(booklet(), kind), world.anchored(manifest_of(booklet())), issued=shelf())
    assert (verdict.conclusion, verdict.standing) == (PASSED, Standing.CURRENT)
    assert "standing.units_current" in standing_codes(verdict)


def test_genuine_with_the_principals_signature_before_the_seal():
    paper = world.archived(world.signed(world.signed(drawn(listed_of(years())), PRINCIPAL), SEAL))
    verdict = world.judge(paper.pdf, world.anchored(manifest_of(paper)), issued=shelf())
    assert (verdict.conclusion, verdict.standing) == (PASSED, Standing.CURRENT)


def test_one_recalled_unit_withdraws_the_booklet():
    record, receipt = years()[0]
    recalled = world.anchored(receipt.manifest, year=int(EARLIER[:4]))
    world.chain().recall(recalled)
    listing = world.Shelf(recalled, years()[1][1])
    verdict = world.judge(booklet().pdf, world.anchored(manifest_of(booklet())), issued=listing)
    assert record.class_info.school_year == EARLIER
    assert verdict.standing is Standing.RECALLED
    assert "standing.unit_withdrawn" in standing_codes(verdict)
    assert "standing.units_current" not in standing_codes(verdict)


def test_a_unit_that_nobody_can_look_up_leaves_it_open():
    only_one = world.Shelf(years()[1][1])
    verdict = world.judge(booklet().pdf, world.anchored(manifest_of(booklet())), issued=only_one)
    assert (verdict.conclusion, verdict.standing) == (PASSED, Standing.UNKNOWN)
    assert standing_codes(verdict) == {"standing.current", "standing.unit_unknown"}


def test_another_manifest_under_a_listed_id_does_not_speak_for_it():
    other = world.anchored(world.manifest_of(world.genuine(1), id=years()[1][1].manifest.id))
    listing = world.Shelf(years()[0][1], other)
    verdict = world.judge(booklet().pdf, world.anchored(manifest_of(booklet())), issued=listing)
    assert verdict.standing is Standing.UNKNOWN


def test_a_manifest_that_lists_fewer_units_than_the_cover():
    fewer = manifest_of(booklet(), units=manifest_of(booklet()).units[1:])
    verdict = world.judge(booklet().pdf, world.anchored(fewer), issued=shelf())
    assert verdict.conclusion is FAILED
    assert "contents.other_claim" in world.codes(verdict, Outcome.FAILED)


def test_a_manifest_that_exchanges_a_unit():
    first, second = manifest_of(booklet()).units
    other = first.model_copy(update={"manifest_sha256": "00" * 32})
    verdict = world.judge(booklet().pdf, world.anchored(manifest_of(booklet(), units=(other, second))), issued=shelf())
    assert verdict.conclusion is FAILED


def test_a_unit_under_the_lighter_profile_of_a_booklet():
    paper = world.archived(world.signed(world.drawn(), SEAL))
    verdict = world.judge(paper.pdf, world.anchored(world.manifest_of(paper, profile=BOOKLET.name)))
    assert verdict.conclusion is FAILED


def test_a_unit_that_says_it_is_a_booklet():
    paper = world.archived(world.signed(world.drawn(), SEAL))
    verdict = world.judge(paper.pdf, world.anchored(manifest_of(paper)), issued=shelf())
    assert verdict.conclusion is FAILED
    assert "contents.other_claim" in world.codes(verdict, Outcome.FAILED)


def test_a_booklet_without_the_seal():
    paper = world.archived(world.signed(drawn(listed_of(years())), PRINCIPAL))
    assert world.judge(paper.pdf, world.anchored(manifest_of(paper)), issued=shelf()).conclusion is FAILED


def test_the_booklet_of_another_school():
    assert manifest_of(booklet()).school == CODE
    verdict = world.judge(
        booklet().pdf, world.anchored(manifest_of(booklet(), school=world.OTHER_CODE)), issued=shelf()
    )
    assert verdict.conclusion is FAILED
