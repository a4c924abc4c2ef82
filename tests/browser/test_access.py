"""The page for everyone: by keyboard, on a phone, in the dark, without motion."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, StartFake
from tests.browser.figures import HOSTILE, Shape

#: The contrast of every piece of text that can be seen against the nearest ground below it.
_CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = (color) => {
    const [r, g, b] = [...rgba(color)].slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let n = node; n; n = n.parentElement) {
      const color = getComputedStyle(n).backgroundColor;
      if (rgba(color)[3] === 255) return color;
    }
    return "white";
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !node.checkVisibility() || node.closest("svg")) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(ground(node))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([Math.round(contrast * 100) / 100, texts.currentNode.data.trim().slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}"""


def settled(page: Page) -> None:
    """Wait until figures and the user's time line are drawn."""
    expect(page.locator("#state")).to_have_text("working")
    expect(page.locator("#user-found")).to_be_visible()
    expect(page.locator("#leaders tbody tr")).to_have_count(10)


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_ground(
    dark: bool, start_fake: StartFake, open_page: OpenPage
) -> None:
    """All text that can be seen has a contrast of 4.5 or more (WCAG 2 AA), light and dark."""
    shape = Shape(problems=("A problem.",), workers=8)
    page = open_page(start_fake(shape).url + "#user=user-7", dark=dark, calm=True)
    settled(page)
    contrasts = page.evaluate(_CONTRASTS)
    assert len(contrasts) > 200
    assert [] == [pair for pair in contrasts if pair[0] < 4.5]


def test_the_button_chooses_the_theme_and_the_browser_keeps_it(
    start_fake: StartFake, open_page: OpenPage
) -> None:
    """System, light, dark, and round again; after a reload it is the chosen one from the start."""
    page = open_page(start_fake().url)
    ground = "getComputedStyle(document.body).backgroundColor"
    assert "rgb(244, 245, 246)" == page.evaluate(ground)
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    assert "rgb(14, 17, 20)" == page.evaluate(ground)
    page.reload()
    assert "rgb(14, 17, 20)" == page.evaluate(ground)
    page.get_by_role("button", name="Theme: dark").click()
    expect(page.get_by_role("button", name="Theme: system")).to_be_visible()
    assert "rgb(244, 245, 246)" == page.evaluate(ground)


@pytest.mark.parametrize("width", [360, 390, 768, 1024, 1440])
def test_the_page_is_never_wider_than_its_window(
    width: int, start_fake: StartFake, open_page: OpenPage
) -> None:
    """Not with 64 partitions, nor with ids that have no end: wide tables scroll by themselves."""
    long = HOSTILE + "x" * 200
    shape = Shape(partitions=64, workers=3, user=long, product=long, problems=(long,))
    page = open_page(start_fake(shape).url + "#user=user-7", size=(width, 800))
    settled(page)
    assert width == page.evaluate("document.documentElement.scrollWidth")


def test_tab_reaches_everything_and_the_focus_is_seen(
    start_fake: StartFake, open_page: OpenPage
) -> None:
    """From the skip link to the footer each stop is another element, with an outline."""
    page = open_page(start_fake(every_s=3_600).url + "#user=user-7")
    settled(page)
    page.locator(".skip").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    stops = []
    for _ in range(120):
        stop = page.evaluate(
            """() => {
              const n = document.activeElement;
              if (n === document.body) return null;
              return [n.id || n.getAttribute("aria-label") || n.textContent.slice(0, 30),
                      getComputedStyle(n).outlineStyle, n.checkVisibility()];
            }"""
        )
        if stop is None:
            break
        stops.append(stop)
        page.keyboard.press("Tab")
    names = [stop[0] for stop in stops]
    assert "Skip to the figures" == names[0]
    assert [] == [stop for stop in stops if stop[1] == "none" or not stop[2]]
    for name in (
        "user-id",
        "theme",
        "user-close",
        "counting",
        "10:10\N{EN DASH}10:15",
        "products",
        "API",
    ):
        assert name in names
    marks = [name for name in names if name.startswith("2026-") or "clicks, " in name]
    assert len(marks) == 1


def test_the_skip_link_goes_past_the_header(start_fake: StartFake, open_page: OpenPage) -> None:
    """After it, Tab goes to what stands in the main part."""
    page = open_page(start_fake().url)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_nothing_moves_for_who_wants_it_so(start_fake: StartFake, open_page: OpenPage) -> None:
    """New conversions light up for a moment, but not where motion is reduced."""
    moves = "node => getComputedStyle(node).animationName"
    fake = start_fake(every_s=0.5)
    for calm, expected in ((True, "none"), (False, "fresh")):
        page = open_page(fake.url, calm=calm)
        fresh = page.locator("#conversions .fresh").first
        fresh.wait_for()
        assert expected == fresh.evaluate(moves)
