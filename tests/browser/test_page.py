"""What the page shows of what it is sent."""

import statistics

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, StartFake
from tests.browser.driver import until
from tests.browser.figures import HOSTILE, Shape, status, url_of


def texts(page: Page, selector: str) -> list[str]:
    """The texts of what a selector finds, blanks as one space."""
    return [" ".join(text.split()) for text in page.locator(selector).all_inner_texts()]


def test_a_figure_on_the_page_is_the_one_that_was_sent(
    start_fake: StartFake, open_page: OpenPage
) -> None:
    """One event is sent and no other: state, sums, windows, rates and counts are those of it."""
    fake = start_fake(every_s=3_600)
    page = open_page(fake.url)
    expect(page.locator("#state")).to_have_text("working")
    sent = status(fake.shape, 301)
    tiles = texts(page, ".tile")
    assert f"Stream time {sent['streamTime'][11:19]} 2026-11-23, of counting" == tiles[0]
    assert f"Event-time lag {sent['eventTimeLagSeconds']:.1f} s behind the clock" == tiles[1]
    assert f"Records waiting {sent['lag']} not yet read, all stages" == tiles[2]
    clicks = sent["rates"]["clicks"]
    assert f"Throughput {clicks + 12.4:,.0f}/s clicks {clicks:,.0f}, purchases 12.4" == tiles[3]
    assert tiles[5].startswith("Ledger balances ")
    windows = [
        f"{w['windowStart'][11:16]}\N{EN DASH}{w['windowEnd'][11:16]}" for w in sent["windows"]
    ]
    assert windows == texts(page, "#windows tbody th")
    assert [f"{w['clicks']:,}" for w in sent["windows"]] == texts(page, "#windows td:nth-child(4)")
    assert [c["productId"] for c in sent["conversions"][:14]] == texts(
        page, "#conversions td:nth-child(3)"
    )
    assert [f"{n:,}" for n in sent["timeToPurchase"]["counts"]] == texts(
        page, "#histogram td.number"
    )


def test_every_partition_of_an_opened_stage_has_its_line(
    start_fake: StartFake, open_page: OpenPage
) -> None:
    """Counting is open from the start; joining opens, and closes, by its button."""
    fake = start_fake(every_s=3_600)
    page = open_page(fake.url)
    sent = [s for s in status(fake.shape, 301)["stages"] if s["stage"] == "counting"]
    rows = page.locator("#stages tbody tr:not(.sum)")
    expect(rows).to_have_count(8)
    assert [str(s["lag"]) for s in sent] == texts(page, "#stages tr:not(.sum) td:nth-child(2)")
    assert ["A", "B", "C", "A", "B", "C", "A", "B"] == texts(page, "#stages tr:not(.sum) .chip")
    page.get_by_role("button", name="joining").click()
    expect(rows).to_have_count(16)
    page.get_by_role("button", name="joining").click()
    expect(rows).to_have_count(8)


def test_a_partition_that_nobody_owns_is_seen(start_fake: StartFake, open_page: OpenPage) -> None:
    """It stands among the others with a question mark, and the problem is said in full."""
    problem = "counting 0 has no owner: start a worker."
    page = open_page(start_fake(Shape(missing=1, problems=(problem,))).url)
    expect(page.locator("#problem-list li")).to_have_text([problem])
    expect(page.locator("#state")).to_have_text("recovering")
    cell = page.locator("[aria-label=counting] li").first
    expect(cell).to_have_text("0 ?")
    expect(cell).to_have_attribute("title", "counting 0: nobody, nobody answers")
    expect(page.locator("#news")).to_have_text("State: recovering. 1 problem.")


def test_a_problem_that_is_over_goes_away(start_fake: StartFake, open_page: OpenPage) -> None:
    """With the last one the list of problems goes too."""
    fake = start_fake(Shape(problems=("One.", "Two.")))
    page = open_page(fake.url)
    expect(page.locator("#problem-list li")).to_have_text(["One.", "Two."])
    fake.shape = Shape(problems=("Two.",))
    expect(page.locator("#problem-list li")).to_have_text(["Two."])
    fake.shape = Shape()
    expect(page.locator("#problems")).to_be_hidden()


def test_the_map_says_who_owns_what(start_fake: StartFake, open_page: OpenPage) -> None:
    """By letter, not by colour alone; the letters are those of the list of workers."""
    page = open_page(start_fake(Shape(partitions=4, workers=2)).url)
    expect(page.locator("#workers tbody tr")).to_have_count(2)
    assert [url_of(0)[7:], url_of(1)[7:]] == [t[2:] for t in texts(page, "#workers tbody th")]
    assert ["0 A", "1 B", "2 A", "3 B"] == texts(page, "[aria-label=joining] li")
    classes = page.locator("[aria-label=joining] li").evaluate_all(
        "cells => cells.map(c => c.className)"
    )
    assert ["cell owner-0", "cell owner-1", "cell owner-0", "cell owner-1"] == classes


def test_figures_move_into_the_line_of_the_last_minutes(
    start_fake: StartFake, open_page: OpenPage
) -> None:
    """After the second event the line of throughput has two points, then more, at most 300."""
    page = open_page(start_fake().url)
    line = page.locator(".tile .line").nth(2)
    points = "node => (node.getAttribute('d') ?? '').split('L').length"
    until(page, lambda: line.evaluate(points) > 20)
    assert line.evaluate(points) <= 300
    spoken = page.locator(".tile svg").nth(2).get_attribute("aria-label") or ""
    assert spoken.startswith("Throughput over the last five minutes: lowest ")


def test_text_of_a_record_never_becomes_markup(start_fake: StartFake, open_page: OpenPage) -> None:
    """An id that is an image with a script is shown to the letter, wherever it stands."""
    fake = start_fake(Shape(user=HOSTILE, product=HOSTILE, problems=(HOSTILE,)))
    page = open_page(fake.url)
    for place in ("#leaders th", "#conversions td", "#refused td", "#problem-list li"):
        expect(page.locator(place, has_text=HOSTILE).first).to_have_text(HOSTILE)
    page.locator("#leaders").get_by_role("link", name=HOSTILE).click()
    expect(page.locator("#user-title")).to_have_text(HOSTILE)
    expect(page.locator("#user-events td", has_text=HOSTILE).first).to_have_text(HOSTILE)
    page.get_by_role("button", name="products").click()
    expect(page.locator("#leaders th").first).to_have_text(HOSTILE)
    assert 0 == page.locator("img").count()
    assert page.title() != "owned"


def test_an_update_takes_less_than_ten_milliseconds(
    start_fake: StartFake, open_page: OpenPage
) -> None:
    """With 64 partitions and every stage opened: 256 lines, 256 cells, all moving.

    Every update does the same, so the shortest is what it costs; the rest is the machine's.
    """
    page = open_page(start_fake(Shape(partitions=64, workers=12)).url)
    for stage in ("enrichment", "admission", "joining"):
        page.get_by_role("button", name=stage).click()
    expect(page.locator("#stages tbody tr")).to_have_count(260)
    page.evaluate("window.updates.length = 0")
    until(page, lambda: page.evaluate("window.updates.length") >= 20)
    taken = page.evaluate("window.updates")
    assert min(taken) < 10, statistics.quantiles(taken)
