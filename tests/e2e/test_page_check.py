# SPDX-License-Identifier: Apache-2.0

"""The pages in a browser: a parent with a phone, without scripts, with a keyboard, on paper."""

import pytest
from playwright.sync_api import Page, expect

from ledger.chain.registry import RecallReason

pytestmark = pytest.mark.browser

GENUINE = "Học bạ thật, đang có hiệu lực"
OF_A_CODE = "Mã này là của học bạ thật, đang có hiệu lực"


def choose(page: Page, data: bytes) -> None:
    page.set_input_files("#file", {"name": "hoc-ba.pdf", "mimeType": "application/pdf", "buffer": data})


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two `rgb(...)` colours (WCAG 2.2, definition of contrast ratio)."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


GROUNDS = """() => {
  const solid = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || parent.closest('svg') || !parent.checkVisibility()) continue;
    found.push([walker.currentNode.data.trim().slice(0, 40), getComputedStyle(parent).color, solid(parent)]);
  }
  return found;
}"""


def hold_to_basics(page: Page) -> None:
    """What an accessibility checker asks first: language, one headline, landmarks, names, contrast, nothing cut off."""
    assert page.evaluate("document.documentElement.lang") in ("vi", "en")
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == page.locator("header.top").count() == page.locator("footer").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing is cut off"
    for control in page.locator("input, button, a, summary").all():
        assert control.evaluate("e => (e.textContent || e.labels?.[0]?.textContent || '').trim()"), control
    for text, ink, ground in page.evaluate(GROUNDS):
        assert contrast(ink, ground) >= 4.5, (text, ink, ground)


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
