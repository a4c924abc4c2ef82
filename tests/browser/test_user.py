"""Looking up a user: the time line, the tables, and the address."""

import pytest
from playwright.sync_api import expect

from tests.browser.answers import clicks, conversions, counts
from tests.browser.conftest import OpenPage, StartFake

#: Where marks are: what stands between the brackets of translate(x y).
_PLACES = "marks => marks.map(m => m.getAttribute('transform').slice(10, -1))"


def test_a_user_is_looked_up_with_the_keyboard_alone(
    start_fake: StartFake, open_page: OpenPage
) -> None:
    """The slash goes to the search box, Enter looks up; windows, clicks, purchases are drawn."""
    fake = start_fake()
    page = open_page(fake.url)
    page.keyboard.press("/")
    page.keyboard.type("user-42")
    page.keyboard.press("Enter")
    expect(page.locator("#user-title")).to_have_text("user-42")
    windows, bought = counts(0)["windows"], conversions(fake.shape)
    kept = sum(len(p["clicks"]) for p in clicks(fake.shape)["products"])
    expect(page.locator("rect.mark")).to_have_count(len(windows))
    expect(page.locator(".mark.click")).to_have_count(kept + len(bought["conversions"]))
    expect(page.locator(".mark.conversion")).to_have_count(3)
    expect(page.locator(".mark.unattributed")).to_have_count(1)
    expect(page.locator(".mark.pending")).to_have_count(1)
    expect(page.locator(".links path")).to_have_count(3)
    expect(page.locator("#user-windows tbody tr")).to_have_count(len(windows))
    expect(page.locator("#user-events tbody tr")).to_have_count(kept + 3 + 5)
    assert page.url.endswith("#user=user-42")


def test_marks_are_walked_with_the_arrows(start_fake: StartFake, open_page: OpenPage) -> None:
    """The time line is one stop; Home, End and arrows go on, and the mark is told in words."""
    page = open_page(start_fake().url + "#user=user-7")
    expect(page.locator(".mark[tabindex='0']")).to_have_count(1)
    page.locator(".mark[tabindex='0']").focus()
    page.keyboard.press("Home")
    first = page.locator(".mark").first
    expect(first).to_be_focused()
    page.keyboard.press("ArrowRight")
    second = page.locator(".mark").nth(1)
    expect(second).to_be_focused()
    expect(page.locator(".told")).to_have_text(second.get_attribute("aria-label") or "no label")
    expect(page.locator(".mark[tabindex='0']")).to_have_count(1)
    page.keyboard.press("End")
    expect(page.locator(".mark").last).to_be_focused()


def test_a_mark_keeps_the_focus_while_figures_come(
    start_fake: StartFake, open_page: OpenPage
) -> None:
    """The user is asked for again every few seconds, and nobody is thrown back to the start."""
    page = open_page(start_fake().url + "#user=user-7")
    page.locator(".mark[tabindex='0']").focus()
    page.keyboard.press("Home")
    with page.expect_response("**/counts/user-7", timeout=15_000):
        pass
    page.wait_for_timeout(300)
    expect(page.locator(".mark").first).to_be_focused()


def test_an_unknown_user_is_said_to_be_unknown(start_fake: StartFake, open_page: OpenPage) -> None:
    """Plainly, and nothing of the user before is left."""
    page = open_page(start_fake().url + "#user=user-7")
    expect(page.locator("#user-found")).to_be_visible()
    page.locator("#user-id").fill("nobody")
    page.locator("#user-id").press("Enter")
    expect(page.locator("#user-said")).to_have_text(
        "Unknown user: no clicks or purchases of this id are kept."
    )
    expect(page.locator("#user-found")).to_be_hidden()


@pytest.mark.parametrize("user", ["user-a/b?c=d#e", "user-100%", "user-日本 ü"])
def test_any_id_survives_the_address(user: str, start_fake: StartFake, open_page: OpenPage) -> None:
    """What is typed, linked and asked for is the same id, whatever its characters."""
    page = open_page(start_fake().url)
    page.locator("#user-id").fill(user)
    with page.expect_response("**/counts/**") as asked:
        page.locator("#user-id").press("Enter")
    assert user == asked.value.json()["userId"]
    page.reload()
    expect(page.locator("#user-title")).to_have_text(user)
    expect(page.locator("#user-found")).to_be_visible()


def test_back_goes_to_the_user_before(start_fake: StartFake, open_page: OpenPage) -> None:
    """The address holds the user, so that a link can be sent; Close goes to none."""
    page = open_page(start_fake().url + "#user=user-1")
    expect(page.locator("#user-found")).to_be_visible()
    page.locator("#leaders a").first.click()
    expect(page.locator("#user-title")).to_have_text("user-7")
    page.go_back()
    expect(page.locator("#user-title")).to_have_text("user-1")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#user")).to_be_hidden()
    assert "#" not in page.url


def test_a_shorter_span_leaves_the_older_out(start_fake: StartFake, open_page: OpenPage) -> None:
    """An hour of windows of five minutes is at most twelve of them."""
    page = open_page(start_fake().url + "#user=user-7")
    expect(page.locator("rect.mark")).to_have_count(len(counts(0)["windows"]))
    page.get_by_role("button", name="1 h").click()
    expect(page.locator("rect.mark")).to_have_count(10)


def test_a_conversion_s_line_leads_from_its_click_to_its_purchase(
    start_fake: StartFake, open_page: OpenPage
) -> None:
    """Also when the time line was drawn before, for another width and another span."""
    page = open_page(start_fake().url + "#user=user-7")
    expect(page.locator(".links path")).to_have_count(3)
    for width, span in ((700, "6 h"), (1200, "all")):
        page.set_viewport_size({"width": width, "height": 800})
        page.get_by_role("button", name=span, exact=True).click()
        page.wait_for_timeout(300)
        marks = {
            kind: page.locator(f".mark.{kind}").evaluate_all(_PLACES)
            for kind in ("click", "conversion")
        }
        ends = page.locator(".links path").evaluate_all(
            "lines => lines.map(l => l.getAttribute('d').slice(1).split('L'))"
        )
        assert 3 == len(ends)
        assert [] == [end for end in ends if end[0] not in marks["click"]]
        assert sorted(marks["conversion"]) == sorted(end[1] for end in ends)
        times = page.locator(".axis text").evaluate_all(
            "texts => texts.map(t => +t.getAttribute('x'))"
        )
        assert sorted(times) == times
        assert times[-1] <= width
