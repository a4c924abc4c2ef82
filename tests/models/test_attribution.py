"""Laws of attribution to the last or the first click of each purchase."""

import itertools

import pytest

from models.join import JoinRules
from models.joining import Joining
from models.watermark import StreamTime
from tests.models.fakes import BY_USER, HOUR, MINUTE, SECOND, Record, Task, at, inner, said
from tests.models.fakes import watermark as heard


def task(attribution: str, within_ms: int = HOUR) -> Task:
    """The stage over one input partition each."""
    partitions = {"clicks": 1, "purchases": 1}
    rules = JoinRules(within_ms, 2 * MINUTE, HOUR, attribution)
    return Task(lambda rows: Joining(rules, StreamTime(partitions, 30 * SECOND), rows, BY_USER))


def click(clock: str, source: str) -> Record:
    """A click of u on p."""
    return inner("u", at(clock), source, stream_ms=at("12:00"), productId="p")


BOUGHT = inner("u", at("12:30"), "purchases-0-0", stream_ms=at("12:00"), productId="p")


def both(stream_ms: int) -> list[Record]:
    """Watermark records of both inputs."""
    return [heard("clicks-0", stream_ms), heard("purchases-0", stream_ms)]


def clicks(joining: Task, *records: Record) -> list[str]:
    """The clicks that the records' conversions name."""
    return [found["click"] for found in said(joining.run(records), "conversion-events")]


@pytest.mark.parametrize(
    ("attribution", "expected"),
    [("first", ["clicks-0-1"]), ("last", ["clicks-0-2"])],
)
def test_one_click_is_attributed_when_w_has_passed_the_purchase(
    attribution: str, expected: list[str]
) -> None:
    """Until then an earlier or later click may come, on either side of the purchase."""
    # C1 12:01   C0 12:10   C2 12:20   P 12:30     W = 12:30, then 12:30:00.001
    joining = task(attribution)
    before = [click("12:10", "clicks-0-0"), click("12:20", "clicks-0-2")]
    assert [] == clicks(joining, *before, BOUGHT, click("12:01", "clicks-0-1"))
    assert [] == clicks(joining, *both(at("12:32")))
    joining.crash()
    assert expected == clicks(joining, *both(at("12:32") + 1))
    assert [] == said(joining.sent, "unattributed-purchases")


@pytest.mark.parametrize(("attribution", "index"), [("first", 0), ("last", -1)])
def test_ties_are_broken_by_input_partition_then_offset(attribution: str, index: int) -> None:
    """By number, not as text: 9 comes before 10. Whatever the order of arrival."""
    ranked = ["clicks-2-9", "clicks-2-10", "clicks-10-1", "clicks-10-300"]
    for order in itertools.permutations(ranked):
        joining = task(attribution)
        records = [click("12:10", source) for source in order]
        assert [ranked[index]] == clicks(joining, *records, BOUGHT, *both(at("13:00")))


@pytest.mark.parametrize("attribution", ["first", "last"])
def test_time_comes_before_the_ties(attribution: str) -> None:
    """The first click is the earliest, not that of the lowest partition."""
    records = [click("12:10", "clicks-1-0"), click("12:11", "clicks-0-0")]
    expected = {"first": ["clicks-1-0"], "last": ["clicks-0-0"]}[attribution]
    assert expected == clicks(task(attribution), *records, BOUGHT, *both(at("13:00")))


@pytest.mark.parametrize("attribution", ["all", "first", "last"])
def test_a_purchase_without_a_click_is_unattributed(attribution: str) -> None:
    """A click after the purchase is none of its."""
    joining = task(attribution)
    sent = joining.run([click("12:31", "clicks-0-0"), BOUGHT, *both(at("13:00"))])
    assert ["purchases-0-0"] == [p["purchase"] for p in said(sent, "unattributed-purchases")]
    assert "conversion-events" not in sent


def test_the_first_click_is_still_there_when_w_jumps_far_ahead() -> None:
    """Purchases are resolved before the clicks that they need expire, in the same step."""
    joining = task("first")
    joining.run([click("12:01", "clicks-0-0"), BOUGHT])
    assert ["clicks-0-0"] == clicks(joining, *both(at("20:00")))
    assert {} == joining.rows.rows


def test_each_purchase_has_its_own_click() -> None:
    """Two purchases of one product may be due to the same click."""
    joining = task("last")
    again = inner("u", at("12:31"), "purchases-0-1", stream_ms=at("12:00"), productId="p")
    sent = joining.run([click("12:10", "clicks-0-0"), BOUGHT, again, *both(at("13:00"))])
    expected = ["clicks-0-0/purchases-0-0", "clicks-0-0/purchases-0-1"]
    assert expected == [found["id"] for found in said(sent, "conversion-events")]
