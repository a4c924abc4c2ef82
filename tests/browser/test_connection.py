"""The connection: lost, found again, and guarded by a token."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, StartFake
from tests.browser.driver import until
from tests.browser.figures import Shape

SESAME = "s3cret"


def test_a_lost_connection_is_said_and_found_again(
    start_fake: StartFake, open_page: OpenPage
) -> None:
    """The page says since when its figures are old, and goes on by itself with the server."""
    fake = start_fake()
    page = open_page(fake.url)
    expect(page.locator("#connection")).to_have_text(re.compile(r"^live, \d\d:\d\d:\d\d$"))
    fake.go()
    expect(page.locator("#lost-text")).to_have_text(
        re.compile(
            r"^Connection lost since \d\d:\d\d:\d\d: .+\. The figures are from then\. Next try in "
        )
    )
    expect(page.locator("#connection")).to_have_text("not connected")
    expect(page.locator("#news")).to_have_text(re.compile("^Connection lost: "))
    fake.come()
    expect(page.locator("#lost")).to_be_hidden(timeout=15_000)
    expect(page.locator("#connection")).to_have_text(re.compile("^live, "))
    expect(page.locator("#news")).to_have_text("State: working.")


def test_an_event_may_be_cut_anywhere(start_fake: StartFake, open_page: OpenPage) -> None:
    """Each comes in two pieces, most of them cut within a character of three bytes."""
    problem = "分" * 5_000
    page = open_page(start_fake(Shape(problems=(problem,))).url)
    expect(page.locator("#problem-list li")).to_have_text([problem])
    page.evaluate("window.updates.length = 0")
    until(page, lambda: page.evaluate("window.updates.length") >= 20)
    expect(page.locator("#problem-list li")).to_have_text([problem])
    expect(page.locator("#lost")).to_be_hidden()


def test_a_person_can_try_again_at_once(start_fake: StartFake, open_page: OpenPage) -> None:
    """After some tries the next one is seconds away; the button does not wait for it."""
    fake = start_fake()
    page = open_page(fake.url)
    expect(page.locator("#state")).to_have_text("working")
    fake.go()
    expect(page.locator("#lost-text")).to_have_text(
        re.compile(r"Next try in [89]\.0 s"), timeout=60_000
    )
    fake.come()
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("#lost")).to_be_hidden(timeout=4_000)


def test_a_guarded_server_is_asked_with_the_token(
    start_fake: StartFake, open_page: OpenPage
) -> None:
    """A wrong token is asked for again; the right one serves all views, and is kept by the tab."""
    page = open_page(start_fake(token=SESAME).url)
    expect(page.locator("#token")).to_be_visible()
    page.locator("#token-text").fill("wrong")
    page.locator("#token-text").press("Enter")
    expect(page.locator("#token-said")).to_have_text("The server did not accept this token.")
    page.locator("#token-text").fill(SESAME)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#state")).to_have_text("working")
    expect(page.locator("#leaders tbody tr")).to_have_count(10)
    page.reload()
    expect(page.locator("#state")).to_have_text("working")
    expect(page.locator("#token")).to_be_hidden()
    assert SESAME == page.evaluate("sessionStorage.getItem('clickstream-token')")
    assert 0 == page.evaluate("localStorage.length")


def test_the_question_for_the_token_can_not_be_escaped(
    start_fake: StartFake, open_page: OpenPage
) -> None:
    """Without a token nothing can be shown: Escape brings the question again."""
    page = open_page(start_fake(token=SESAME).url)
    expect(page.locator("#token")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#token")).to_be_visible()
    expect(page.locator("#token-text")).to_be_focused()
