"""Latency is from what lets a result come about to its receipt, over results that are all right."""

import asyncio
import json
from typing import Any

import pytest

from bench.latency_report import LatencyRow
from bench.latency_results import Latencies, Receipt, Span, of_conversions, of_counts
from bench.latency_traffic import WINDOW_MS, Sent, Traffic, send
from bench.worker import BenchError
from models.timestamps import from_iso, iso

#: The start of a window.
START_MS = 1_431_857_100_000
ALWAYS = Span(0.0, 1_000.0)


def sent_clicks(*clicks: tuple[int, int, float], partitions: int = 2) -> Sent:
    """Clicks of one user: partition, ms after the start, seconds at which it was sent."""
    sent = Sent(partitions)
    for partition, after_ms, at_s in clicks:
        sent.click(partition, "ann", START_MS + after_ms, at_s)
    return sent


#: Partition 1 goes beyond the window and its grace at 1.5 s, partition 0 only at 1.75 s.
TWO_PARTITIONS = sent_clicks((0, 0, 0.5), (1, 900, 0.75), (1, 2_100, 1.5), (0, 2_000, 1.75))


def count(clicks: int, at_s: float, start: Any = START_MS, user: str = "ann") -> Receipt:
    """A count received."""
    value = {"userId": user, "clickCount": clicks, "windowStart": start}
    return Receipt("counts", json.dumps(value).encode(), at_s)


def conversion(order: int, at_s: float, where: str = "order") -> Receipt:
    """The conversion of an order received."""
    return Receipt("conversions", json.dumps({where: {"orderId": order}}).encode(), at_s)


def test_a_window_closes_with_the_first_click_beyond_it_in_the_last_partition() -> None:
    """Grace included: a click at its very end is beyond it; later ones change nothing."""
    sent = sent_clicks((0, 10, 1.0), (0, 2_000, 2.0), (1, 1_999, 2.5), (1, 2_001, 3.0))
    assert 3.0 == sent.closed_s(START_MS)


def test_a_partition_without_a_click_in_the_second_after_a_window_is_an_error() -> None:
    """Nobody could say when the window closed."""
    with pytest.raises(BenchError, match="Each of 2 partitions must get a click"):
        sent_clicks((0, 0, 1.0), (1, 0, 1.0), (0, 2_000, 2.0)).closed_s(START_MS)


@pytest.mark.parametrize("start", [iso(START_MS), START_MS])
def test_the_latency_of_a_count_is_from_the_click_that_closed_its_window(start: Any) -> None:
    """Whether windows are told as text or as a number."""
    assert [250.0] == of_counts(TWO_PARTITIONS, [count(2, 2.0, start)], ALWAYS).values


@pytest.mark.parametrize(
    "receipts",
    [
        pytest.param([], id="missing"),
        pytest.param([count(1, 2.0)], id="wrong"),
        pytest.param([count(2, 2.0), count(2, 2.5)], id="twice"),
        pytest.param([count(2, 2.0), count(2, 2.0, user="bob")], id="nobody's"),
    ],
)
def test_a_count_that_is_not_right_is_an_error(receipts: list[Receipt]) -> None:
    """A quick answer that is wrong is none."""
    with pytest.raises(BenchError):
        of_counts(TWO_PARTITIONS, receipts, ALWAYS)


def test_only_windows_that_close_in_the_span_are_measured() -> None:
    """Whatever else is received."""
    clicks = [(p, n * WINDOW_MS, float(n)) for n in range(5) for p in (0, 1)]
    received = [count(2, n + 2.5, START_MS + n * WINDOW_MS) for n in range(3)]
    measured = of_counts(sent_clicks(*clicks), received, Span(3.0, 4.0))
    assert [500.0] == measured.values


def sent_purchases(**at_s: float) -> Sent:
    """Purchases, by order number, sent at these seconds."""
    sent = Sent(1)
    sent.purchases.update({int(order.removeprefix("order_")): s for order, s in at_s.items()})
    return sent


def test_the_latency_of_a_conversion_is_from_its_purchase() -> None:
    """Those sent before and after the span are received, and not measured."""
    sent = sent_purchases(order_1=1.0, order_2=2.0, order_3=3.0)
    received = [conversion(3, 3.5), conversion(1, 1.5), conversion(2, 2.125, "purchase")]
    assert [125.0] == of_conversions(sent, received, Span(2.0, 3.0)).values


@pytest.mark.parametrize("orders", [[], [1], [1, 2, 2]])
def test_a_conversion_that_is_missing_or_there_twice_is_an_error(orders: list[int]) -> None:
    """Each purchase has one."""
    received = [conversion(order, 2.5) for order in orders]
    with pytest.raises(BenchError):
        of_conversions(sent_purchases(order_1=1.0, order_2=2.0), received, ALWAYS)


def test_percentiles_are_latencies_that_were_measured() -> None:
    """The 99th of a hundred is the 99th, the last one the largest."""
    hundred = Latencies([float(n) for n in range(1, 101)])
    assert (50.0, 99.0, 100.0) == tuple(hundred.percentile(s) for s in (0.5, 0.99, 1.0))
    assert 7.0 == Latencies([7.0]).percentile(0.01)


def test_a_purchase_is_of_what_its_user_clicked_a_second_before() -> None:
    """And no other click is on this product: one purchase, one conversion."""
    traffic = Traffic(rate=100, purchase_every=20)
    purchases = [traffic.purchase(number, START_MS) for number in range(200)]
    asked = [json.loads(p) for p in purchases if p is not None]
    clicked = [json.loads(traffic.click(number, START_MS)) for number in (0, 20, 40, 60, 80)]
    assert [(c["userId"], c["productId"]) for c in clicked] == [
        (p["userId"], p["productId"]) for p in asked
    ]
    assert len({json.loads(traffic.click(n, START_MS))["productId"] for n in range(200)}) == 200


class FakeProducer:
    """Takes records down."""

    def __init__(self) -> None:
        self.records: list[tuple[str, bytes, int]] = []

    async def send(self, topic: str, value: bytes, partition: int) -> None:
        """Take one."""
        self.records.append((topic, value, partition))

    async def flush(self) -> None:
        """Nothing waits."""


def test_traffic_is_steady_goes_to_all_partitions_and_is_taken_down() -> None:
    """Event time is the time of sending, and never retreats."""
    producer: Any = FakeProducer()
    traffic = Traffic(rate=400, partitions=4, purchase_every=20)
    sent = asyncio.run(send(producer, traffic, ("clicks", "purchases"), 1.5))
    clicks = [r for r in producer.records if r[0] == "clicks"]
    assert [n % 4 for n in range(len(clicks))] == [partition for *_, partition in clicks]
    times = [from_iso(json.loads(value)["timestamp"]) for _, value, _ in clicks]
    assert sorted(times) == times
    assert len(clicks) == sent.counts.total() <= 600
    assert len(clicks) > 400
    orders = [json.loads(v)["orderId"] for topic, v, _ in producer.records if topic == "purchases"]
    assert orders == [*sent.purchases] == list(range(400, len(clicks), 20))


def test_a_row_tells_latencies_in_ms_and_shares_of_a_core() -> None:
    """In the order of the headings."""
    few = Latencies([10.4, 20.0, 30.0])
    row = LatencyRow("ours", "exactly once", few, Latencies([1.0]), 0.256, 0.0123)
    expected = ["ours", "exactly once", "20", "30", "30", "1", "1", "1", "26%", "1.2%"]
    assert expected == row.cells()
