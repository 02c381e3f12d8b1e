# SPDX-License-Identifier: Apache-2.0

"""The pages in a browser: a parent with a phone, without scripts, with a keyboard, on paper."""

import pytest
from playwright.sync_api import Page, expect

from ledger.chain.registry import RecallReason
from tests.e2e.page_basics import hold_to_basics

pytestmark = pytest.mark.browser

GENUINE = "Học bạ thật, đang có hiệu lực"
OF_A_CODE = "Mã này là của học bạ thật, đang có hiệu lực"


def choose(page: Page, data: bytes) -> None:
    page.set_input_files("#file", {"name": "hoc-ba.pdf", "mimeType": "application/pdf", "buffer": data})


def test_a_chosen_file_is_judged_on_the_same_page(page, site):
    page.goto("/")
    hold_to_basics(page)
    choose(page, site.world.issue().pdf)
    page.get_by_role("button", name="Kiểm tra").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(GENUINE)
    expect(page.locator(".banner.good")).to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "H1"
    hold_to_basics(page)


def test_a_dropped_file_is_judged(page, site):
    page.goto("/kiem-tra")
    page.evaluate(
        """text => {
          const files = new DataTransfer();
          files.items.add(new File([text], 'hoc-ba.pdf', {type: 'application/pdf'}));
          for (const name of ['dragover', 'drop']) {
            document.getElementById('drop').dispatchEvent(
              new DragEvent(name, {dataTransfer: files, bubbles: true, cancelable: true}));
          }
        }""",
        site.world.issue().pdf.decode(),
    )
    expect(page.get_by_role("heading", level=1)).to_have_text(GENUINE)


def test_changing_the_language_of_a_verdict_keeps_the_verdict(page, site):
    page.goto("/kiem-tra")
    choose(page, site.world.issue().pdf)
    page.get_by_role("button", name="Kiểm tra").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(GENUINE)
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A genuine record, and current")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.get_by_role("link", name="Tiếng Việt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(GENUINE)


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(page, site, tmp_path):
    large = tmp_path / "large.pdf"
    with large.open("wb") as file:
        file.truncate(60_000_000)
    page.goto("/kiem-tra")
    page.set_input_files("#file", large)
    page.get_by_role("button", name="Kiểm tra").click()
    expect(page.get_by_role("alert")).to_contain_text("quá lớn (60 MB")
    assert site.world.asked.total() == 0


def test_a_server_that_is_gone_is_told_and_the_form_stays(page, site):
    page.goto("/kiem-tra")
    page.route("**/kiem-tra", lambda route: route.abort())
    choose(page, site.world.issue().pdf)
    page.get_by_role("button", name="Kiểm tra").click()
    expect(page.get_by_role("alert")).to_contain_text("Không gửi được tệp")
    expect(page.get_by_role("button", name="Kiểm tra")).to_be_enabled()


@pytest.mark.parametrize("kind", ["forged", "recalled", "waiting", "outage", "foreign"])
def test_a_verdict_that_is_not_green_holds_to_the_basics_too(page, site, kind):
    unit = site.world.issue(**({"depth": 3, "final": False} if kind == "waiting" else {}))
    data = unit.pdf
    if kind == "forged":
        data = site.world.forged(unit)
    elif kind == "recalled":
        site.world.recall(unit, reason=RecallReason.WRONG_DATA, replaced_by=site.world.issue())
    elif kind == "outage":
        site.world.chain_down = True
    elif kind == "foreign":
        data = b"%PDF-1.7 of somebody else"
    page.goto("/kiem-tra")
    choose(page, data)
    page.get_by_role("button", name="Kiểm tra").click()
    expect(page.locator(f".banner.{'open' if kind in ('waiting', 'outage') else 'bad'} svg")).to_be_visible()
    page.locator("summary").first.click()
    hold_to_basics(page)


@pytest.mark.parametrize("path", ["/q/{id}", "/q/00000000-0000-4000-8000-000000000063", "/problems", "/nothing"])
def test_other_pages_hold_to_the_basics(page, site, path):
    page.goto(path.format(id=site.world.issue().id))
    hold_to_basics(page)


def test_everything_works_without_scripts(scriptless, site):
    unit = site.world.issue()
    scriptless.goto(f"/q/{unit.id}")
    expect(scriptless.get_by_role("heading", level=1)).to_have_text(OF_A_CODE)
    scriptless.locator("p.actions a").click()
    choose(scriptless, unit.pdf)
    scriptless.get_by_role("button", name="Kiểm tra").click()
    expect(scriptless.get_by_role("heading", level=1)).to_have_text(GENUINE)
    scriptless.locator("summary").first.click()
    expect(scriptless.get_by_text("intake.ok")).to_be_visible()


def test_a_keyboard_is_enough(page, site):
    page.goto("/kiem-tra")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Tới nội dung chính")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#file")).to_be_focused()
    choose(page, site.world.issue().pdf)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Kiểm tra")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(GENUINE)


def test_print_shows_the_verdict_without_buttons(page, site):
    page.goto(f"/q/{site.world.issue().id}")
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("p.actions")).to_be_hidden()
