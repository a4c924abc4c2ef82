"""What came of the traffic, when it was received, and how long that took."""

import asyncio
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer

from bench.latency_traffic import GRACE_MS, WINDOW_MS, Sent
from bench.worker import BenchError
from models.timestamps import from_iso


@dataclass(frozen=True, slots=True)
class Receipt:
    """A result.

    Attributes:
        topic: Full name of its topic.
        value: Its value.
        at_s: When a reader of committed records got it, by the monotonic clock.
    """

    topic: str
    value: bytes
    at_s: float


class Receipts:
    """Reads results as they come."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        """Read with this consumer of committed records, which stands at the logs' ends."""
        self.received: list[Receipt] = []
        self._consumer = consumer

    async def read(self) -> None:
        """Read until cancelled."""
        while True:
            fetched = await self._consumer.getmany(timeout_ms=1_000)
            at_s = time.monotonic()
            self.received += [
                Receipt(record.topic, record.value, at_s)
                for records in fetched.values()
                for record in records
                if record.value is not None
            ]

    def of(self, topic: str) -> list[Receipt]:
        """What was received of a topic."""
        return [receipt for receipt in self.received if receipt.topic == topic]

    async def until_quiet(self, quiet_s: float) -> None:
        """Wait until nothing came for so many seconds."""
        before = -1
        while before != len(self.received):
            before = len(self.received)
            await asyncio.sleep(quiet_s)


@dataclass(frozen=True, slots=True)
class Latencies:
    """How long results took, in ms, in ascending order."""

    values: Sequence[float]

    def percentile(self, share: float) -> float:
        """So large a share of the results took no longer than this (ms)."""
        return self.values[max(math.ceil(share * len(self.values)) - 1, 0)]


@dataclass(frozen=True, slots=True)
class Span:
    """What is measured: results of what was sent from one moment on to another (monotonic)."""

    begin_s: float
    end_s: float

    def __contains__(self, at_s: float) -> bool:
        return self.begin_s <= at_s < self.end_s


def of_counts(sent: Sent, receipts: Sequence[Receipt], span: Span) -> Latencies:
    """From the sending of the click that let a window close to each count of it.

    Args:
        sent: What was sent.
        receipts: The counts received: each final, and given once.
        span: When a window must have closed to be measured.

    Raises:
        BenchError: A count of a window that closed in the span is missing, wrong or there twice.
    """
    starts = {start_ms for start_ms, _ in sent.counts}
    last_ms = max(starts, default=0) - WINDOW_MS - GRACE_MS
    closed = {s: sent.closed_s(s) for s in starts if s <= last_ms}
    measured = {s: at_s for s, at_s in closed.items() if at_s in span}
    expected = {key: n for key, n in sent.counts.items() if key[0] in measured}
    took = []
    for receipt in receipts:
        count = json.loads(receipt.value)
        key = (epoch_ms(count["windowStart"]), count["userId"])
        if key[0] in measured:
            _match(f"the count of {key}", expected.pop(key, None), count["clickCount"])
            took.append(1_000 * (receipt.at_s - measured[key[0]]))
    return _complete("counts", took, len(expected))


def of_conversions(sent: Sent, receipts: Sequence[Receipt], span: Span) -> Latencies:
    """From the sending of a purchase to its conversion.

    Args:
        sent: What was sent.
        receipts: The conversions received: one for each purchase.
        span: When a purchase must have been sent to be measured.

    Raises:
        BenchError: The conversion of a purchase sent in the span is missing, or there twice.
    """
    expected = {order: at_s for order, at_s in sent.purchases.items() if at_s in span}
    unmeasured = sent.purchases.keys() - expected.keys()
    took = []
    for receipt in receipts:
        order = _order(json.loads(receipt.value))
        if order not in unmeasured:
            _match(f"the conversion of order {order}", order if order in expected else None, order)
            took.append(1_000 * (receipt.at_s - expected.pop(order)))
    return _complete("conversions", took, len(expected))


def _order(conversion: Any) -> int:
    """Which purchase it is of: ours tells the rest of it as its order, a peer has all of it."""
    order: int = (conversion.get("order") or conversion["purchase"])["orderId"]
    return order


def epoch_ms(time_text: Any) -> int:
    """A window's start: ISO text, or epoch ms."""
    return time_text if isinstance(time_text, int) else from_iso(time_text)


def _match(what: str, expected: int | None, got: int) -> None:
    if expected != got:
        raise BenchError(f"{what} must be {expected} (None: no other one); got {got}.")


def _complete(what: str, took: list[float], missing: int) -> Latencies:
    if missing or not took:
        raise BenchError(
            f"All {what} of at least {WINDOW_MS} ms must be received; {missing} of "
            f"{missing + len(took)} were not."
        )
    return Latencies(sorted(took))
