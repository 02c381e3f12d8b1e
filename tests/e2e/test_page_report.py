# SPDX-License-Identifier: Apache-2.0

"""Sealed reports in a browser: from the verdict that is on the screen, from the form, without scripts, and when nobody seals."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Download, Page, expect

from tests.e2e.conftest import PHONE, Site, served, watched_page
from tests.e2e.page_basics import hold_to_basics
from tests.e2e.test_page_check import GENUINE, choose
from tests.simulators.attesting_world import AttestingWorld, Office
from tests.simulators.issuing_world import SIGNERS

pytestmark = pytest.mark.browser

AGAIN = "Tải biên bản kiểm tra (PDF có ký)"
AT_ONCE = "Kiểm tra và tải biên bản (PDF có ký)"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return Office.opened(tmp_path_factory.mktemp("attester"))


@pytest.fixture
def attesting(office):
    with office.world() as opened:
        yield opened


@pytest.fixture
def site(attesting: AttestingWorld):
    world = attesting.small
    with served(lambda url: world.app(public_url=url, attesting=attesting.service)) as url:
        yield Site(url, world)


@pytest.fixture
def page(browser: Browser, site: Site):
    yield from watched_page(browser, site, viewport=PHONE)


@pytest.fixture
def scriptless(browser: Browser, site: Site):
    yield from watched_page(browser, site, viewport=PHONE, java_script_enabled=False)


def downloaded(page: Page, button: str) -> Download:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return download.value


def is_sealed(download: Download) -> bool:
    content = Path(download.path()).read_bytes()
    return content.startswith(b"%PDF-") and b"/ETSI.CAdES.detached" in content


def test_the_verdict_on_the_screen_is_to_be_had_as_a_report(page, site):
    page.goto("/")
    choose(page, site.world.issue().pdf)
    page.get_by_role("button", name="Kiểm tra", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(GENUINE)
    hold_to_basics(page)
    report = downloaded(page, AGAIN)
    assert is_sealed(report)
    assert report.suggested_filename.startswith("bien-ban-")
    expect(page.get_by_role("heading", level=1)).to_have_text(GENUINE)
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A genuine record, and current")
    assert is_sealed(downloaded(page, "Download the sealed report"))


def test_a_receipt_that_was_sent_goes_along(page, site):
    unit = site.world.issue()
    page.goto("/")
    choose(page, unit.pdf)
    page.locator("summary").first.click()
    page.set_input_files(
        "#receipt", {"name": "r.json", "mimeType": "application/json", "buffer": unit.receipt.to_json()}
    )
    site.world.ledger_down = True
    page.get_by_role("button", name="Kiểm tra", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(GENUINE)
    assert SIGNERS["CBQL"] in page.content()
    assert page.evaluate("document.querySelector('#report [name=receipt]').files.length") == 1
    assert page.evaluate("document.querySelector('#report [name=file]').files[0].name") == "record"
    assert is_sealed(downloaded(page, AGAIN))


def test_the_form_gives_a_report_at_once_with_scripts_and_without(page, scriptless, site):
    for each in (page, scriptless):
        each.goto("/kiem-tra")
        choose(each, site.world.issue().pdf)
        assert is_sealed(downloaded(each, AT_ONCE))
    hold_to_basics(page)


def test_without_scripts_the_verdict_offers_no_button_that_could_not_work(scriptless, site):
    scriptless.goto("/kiem-tra")
    choose(scriptless, site.world.issue().pdf)
    scriptless.get_by_role("button", name="Kiểm tra", exact=True).click()
    expect(scriptless.get_by_role("heading", level=1)).to_have_text(GENUINE)
    expect(scriptless.get_by_text(AGAIN)).to_be_hidden()


def test_when_nobody_can_seal_the_page_says_so(page, site, attesting):
    attesting.tsa_down = True
    page.goto("/")
    choose(page, site.world.issue().pdf)
    page.get_by_role("button", name="Kiểm tra", exact=True).click()
    page.get_by_role("button", name=AGAIN).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Chưa lập được biên bản")
    hold_to_basics(page)
