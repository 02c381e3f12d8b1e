# SPDX-License-Identifier: Apache-2.0

"""What an accessibility checker asks first of any page."""

import re

from playwright.sync_api import Page, expect


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
    # A click returns once the next page is on its way: these wait for it, where a plain look could find it half arrived.
    for landmark in ("h1", "main", "header.top", "footer"):
        expect(page.locator(landmark)).to_have_count(1)
    expect(page.locator("html")).to_have_attribute("lang", re.compile("^(vi|en)$"))
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing is cut off"
    for control in page.locator("input:not([type='hidden']), button, a, summary").all():
        assert control.evaluate("e => (e.textContent || e.labels?.[0]?.textContent || '').trim()"), control
    for text, ink, ground in page.evaluate(GROUNDS):
        assert contrast(ink, ground) >= 4.5, (text, ink, ground)
