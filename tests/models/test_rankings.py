"""Laws of a window as a whole: its summary, and the clicks on each product and page."""

from dataclasses import replace
from typing import Any

import pytest

from models.counting import Counting
from models.queries import RANKINGS, ranking_of, summaries_of, summary_of
from models.rankings import MAX_PAGE_BYTES, PAGE, PRODUCT, SUMMARY, Summary, page_name
from models.watermark import StreamTime
from models.windows import ROW, WindowRules
from tests.models.fakes import HOUR, MINUTE, Record, Task, at, inner, watermark

RULES = WindowRules(5 * MINUTE, 2 * MINUTE, HOUR)


def task(rules: WindowRules = RULES, partitions: int = 1) -> Task:
    """The counting stage over so many input partitions."""
    return Task(lambda rows: Counting(rules, StreamTime({"clicks": partitions}, 1), rows))


def click(clock: str, user: str = "u", stream: str = "10:00", **fields: Any) -> Record:
    """A click at a time of the day, when its input partition had come to ``stream``."""
    return inner(user, at(clock), stream_ms=at(stream), **fields)


def test_a_windows_summary_counts_its_clicks_and_each_user_once() -> None:
    """Whatever the batches; another window's clicks are its own."""
    counting = task()
    counting.run([click("10:00", "ann"), click("10:01", "bob"), click("10:06", "ann")])
    counting.run([click("10:04", "ann")])
    expected = {at("10:00"): Summary(3, 2, 0), at("10:05"): Summary(1, 1, 0)}
    assert expected == summaries_of(counting.rows)
    assert {at("10:05"): Summary(1, 1, 0)} == summaries_of(counting.rows, at("10:01"))
    assert Summary(3, 2, 0) == summary_of(counting.rows, at("10:00"))
    assert summary_of(counting.rows, at("10:10")) is None


@pytest.mark.parametrize("emit_late", [True, False])
def test_a_windows_summary_counts_late_clicks_beside_its_clicks(emit_late: object) -> None:
    """Sent to late-events or not; their users are none of the window's."""
    counting = task(replace(RULES, emit_late=bool(emit_late)))
    late = [click("10:01", "bob", "10:07"), click("10:02", "ann", "10:08")]
    counting.run([click("10:00", "ann"), *late, click("10:06", "ann", "10:15", page="/")])
    expected = {at("10:00"): Summary(1, 1, 2), at("10:05"): Summary(0, 0, 1)}
    assert expected == summaries_of(counting.rows)
    assert {} == ranking_of(counting.rows, "pages", at("10:05"))


@pytest.mark.parametrize(("lacked_ms", "late"), [(HOUR - 1, 1), (HOUR, None)])
def test_a_click_that_lacked_the_retention_is_late_for_no_window(
    lacked_ms: int, late: int | None
) -> None:
    """The window has expired: by the click's own partition, though another holds S back."""
    # clicks-0 -----------------------|10:07 + retention    10:01 comes: 10:00-10:05 has expired
    # clicks-1 --|10:00 = S                                 and is still in the table
    counting = task(partitions=2)
    slow = watermark("clicks-1", at("10:00"))
    old = inner("u", at("10:01"), "clicks-0-0", stream_ms=at("10:07") + lacked_ms)
    counting.run([slow, old])
    assert 1 == len(counting.sent["late-events"])
    found = summary_of(counting.rows, at("10:00"))
    assert late == (found and found.late)


def test_a_ranking_counts_the_clicks_on_each_user_product_and_page() -> None:
    """Over all batches, with a click on no product or page in none."""
    counting = task()
    counting.run([click("10:00", page="/a", productId="p"), click("10:01", "v", page="/a?x=1")])
    counting.run([click("10:02", page="/b#c", productId="p"), click("10:03", productId="é")])
    told = {by: ranking_of(counting.rows, by, at("10:00")) for by in RANKINGS}
    assert {
        "users": {"u": 3, "v": 1},
        "products": {"p": 2, "é": 1},
        "pages": {"/a": 2, "/b": 1},
    } == told
    assert {} == ranking_of(counting.rows, "pages", at("10:05"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("/a", b"/a"),
        ("/a?b#c", b"/a"),
        ("/a#b?c", b"/a"),
        ("?b", b""),
        ("", b""),
        ("x" * 513, b"x" * MAX_PAGE_BYTES),
        ("x" + "é" * 300, b"x" + "é".encode() * 255),
    ],
)
def test_a_page_is_ranked_without_query_and_fragment_and_cut_between_characters(
    text: str, name: bytes
) -> None:
    """At most 512 bytes, of whole characters."""
    assert name == page_name(text)


@pytest.mark.parametrize("fields", [{"page": ""}, {"page": "?b"}, {"page": 5}, {"page": ["/"]}])
def test_a_click_without_a_page_is_counted_and_ranked_for_none(fields: dict[str, Any]) -> None:
    """Nor is one of another application's making, whose page is no text."""
    counting = task()
    counting.run([click("10:00", productId="x" * 257, **fields)])
    assert {ROW, SUMMARY} == {key[:1] for key in counting.rows.rows}


@pytest.mark.parametrize(
    ("kept", "kinds"),
    [((), set()), (("pages",), {PAGE}), (("products",), {PRODUCT})],
)
def test_only_rankings_that_are_wanted_are_kept(kept: tuple[str, ...], kinds: set[bytes]) -> None:
    """The ranking of users needs no rows of its own."""
    counting = task(replace(RULES, rankings=kept))
    counting.run([click("10:00", page="/", productId="p")])
    assert {ROW, SUMMARY} | kinds == {key[:1] for key in counting.rows.rows}


def test_a_ranking_that_is_no_longer_kept_expires_with_its_window() -> None:
    """As do the rows of all other kinds."""
    counting = task()
    counting.run([click("10:00", page="/", productId="p")])
    less = task(replace(RULES, rankings=()))
    less.rows, less.state = counting.rows, counting.state
    less.crash()
    less.run([watermark("clicks-0", at("11:07"))])
    assert {} == less.rows.rows


def test_summaries_add_up_over_partitions() -> None:
    """Users are co-partitioned: none is in two."""
    assert Summary(4, 3, 2) == Summary(3, 2, 0) + Summary(1, 1, 2)
