# SPDX-License-Identifier: Apache-2.0

"""The whole verdict over ten years: the anchored paper, renewed in time, with its first receipt, and what is said beside it."""

import functools

import pytest

from tests.simulators.aging_pki import BEGIN, DAY, year
from tests.simulators.kept_paper import KeptPaper, world
from verifier_api.verdict import Outcome, Standing

OPEN, PASSED = world.OPEN, world.PASSED
RENEWED = (2.9, 6.4, 8.8)


@functools.cache
def calm() -> KeptPaper:
    return KeptPaper.issued().renewed(*RENEWED)


@pytest.mark.parametrize("when", [0.1, 2, 4.5, 7, 10])
def test_the_paper_is_genuine_all_along(when):
    form = calm().forms[sum(renewed <= when for renewed in RENEWED)]
    verdict = calm().verdict(when, file=form)
    assert (verdict.conclusion, verdict.standing, world.complaints(verdict)) == (PASSED, Standing.CURRENT, set())
    code = "bytes.issued" if when < RENEWED[0] else "bytes.renewed"
    assert {code, "signatures.valid"} <= world.codes(verdict, Outcome.PASSED)
    assert "signatures.revocation_not_asked" in world.codes(verdict, Outcome.SKIPPED)
    assert all(abs(one.signed_at - BEGIN) < DAY for one in verdict.signatures)


def test_the_xml_too():
    assert calm().verdict(10, file=calm().paper.xml).conclusion is PASSED


def test_without_its_renewals_nothing_can_be_concluded():
    verdict = calm().verdict(4.5, file=calm().forms[0])
    assert (verdict.conclusion, world.complaints(verdict)) == (OPEN, {"signatures.indeterminate"})


def test_what_is_known_today_is_said_with_its_day():
    with calm().years.at(1):
        news = calm().years.news()
    verdict = calm().verdict(1.001, file=calm().forms[0], news=news)
    assert verdict.conclusion is PASSED
    (known,) = [found for found in verdict.findings if found.code == "signatures.revocation_known"]
    assert "01/06/2027" in known.vi
    later = calm().verdict(1.1, file=calm().forms[0], news=news)
    assert later.conclusion is PASSED
    assert "signatures.revocation_not_asked" in world.codes(later, Outcome.SKIPPED)


@pytest.mark.parametrize(
    ("days", "conclusion", "code"),
    [(30, PASSED, "signatures.revoked_later"), (-2, OPEN, "signatures.revoked_before")],
    ids=["after signing", "dated back"],
)
def test_a_revocation_published_later_is_told(days, conclusion, code):
    kept = KeptPaper.issued()
    kept.years.authorities["people"].revoke(
        kept.years.people["GVCN"].certificate, at=BEGIN + days * DAY, published=BEGIN + 40 * DAY
    )
    verdict = kept.verdict(0.5, news=kept.years.news(year(0.5)))
    assert verdict.conclusion is conclusion
    assert code in {found.code for found in verdict.findings}
    unaware = kept.verdict(0.5)
    assert unaware.conclusion is PASSED
    assert "signatures.revocation_not_asked" in world.codes(unaware, Outcome.SKIPPED)
