"""Steady traffic for the measurement of latency, and when what was sent that results wait for.

Event time is the time of sending. Clicks go to the input partitions in turn; after every so many
there is a purchase, of what was clicked a second before: then the purchase alone is waited for.
"""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from bench.worker import BenchError
from models.timestamps import iso

#: Length of the windows and their grace (ms): one closes every second, and no peer that reads its
#: partitions unevenly takes a click for late. The grace is of whole windows.
WINDOW_MS = 1_000
GRACE_MS = 1_000
#: Seconds between two sendings: a click more than this late has no bearing on a millisecond.
_SLOT_SECONDS = 0.005
#: Seconds between a click and the purchase of what was clicked.
_PURCHASE_AFTER_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is sent.

    Attributes:
        rate: Clicks per second.
        partitions: Input partitions of clicks, and of purchases.
        users: The clicks are of so many users in turn.
        purchase_every: A purchase for so many clicks.
    """

    rate: int = 1_000
    partitions: int = 8
    users: int = 203
    purchase_every: int = 20

    def click(self, number: int, now_ms: int) -> bytes:
        """The click of this number: the only one on its product."""
        fields = {
            "userId": self.user(number),
            "productId": f"product-{number}",
            "page": f"/products/{number % 1_000}",
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
            "timestamp": iso(now_ms),
        }
        return json.dumps(fields).encode()

    def purchase(self, number: int, now_ms: int) -> bytes | None:
        """The purchase that follows the click of this number, if one does."""
        clicked = number - _PURCHASE_AFTER_SECONDS * self.rate
        if clicked < 0 or number % self.purchase_every:
            return None
        fields = {
            "userId": self.user(clicked),
            "productId": f"product-{clicked}",
            "orderId": number,
            "timestamp": iso(now_ms),
        }
        return json.dumps(fields).encode()

    def user(self, number: int) -> str:
        """Whose click the one of this number is."""
        return f"user-{number % self.users:05d}"


class Sent:
    """What was sent when, by the monotonic clock in seconds.

    Attributes:
        counts: Clicks by window start (ms) and user.
        purchases: When the purchase of an order was sent.
    """

    def __init__(self, partitions: int) -> None:
        """Begin with nothing sent to so many input partitions."""
        self.counts = Counter[tuple[int, str]]()
        self.purchases: dict[int, float] = {}
        self._partitions = partitions
        self._first: dict[tuple[int, int], float] = {}

    def click(self, partition: int, user: str, event_ms: int, at_s: float) -> None:
        """A click was sent; event time never retreats."""
        start_ms = event_ms - event_ms % WINDOW_MS
        self.counts[start_ms, user] += 1
        self._first.setdefault((partition, start_ms), at_s)

    def closed_s(self, start_ms: int) -> float:
        """When the click was sent that let a window close: then all partitions were beyond it.

        Raises:
            BenchError: A partition got no click in the second that follows.
        """
        beyond = [(p, start_ms + WINDOW_MS + GRACE_MS) for p in range(self._partitions)]
        if any(at not in self._first for at in beyond):
            raise BenchError(
                f"Each of {self._partitions} partitions must get a click in every "
                f"{WINDOW_MS} ms; after {start_ms} one got none. Keep the machine free."
            )
        return max(self._first[at] for at in beyond)


async def send(
    producer: AIOKafkaProducer, traffic: Traffic, topics: tuple[str, str], seconds: float
) -> Sent:
    """Send clicks and purchases for so long; returns what was sent when.

    Args:
        producer: Sends at once, and waits for nothing.
        traffic: What to send.
        topics: Full names of the topics of clicks and purchases.
        seconds: For how long.
    """
    clicks, purchases = topics
    sent = Sent(traffic.partitions)
    began_s = time.monotonic()
    number = 0
    while (passed_s := time.monotonic() - began_s) < seconds:
        while number < passed_s * traffic.rate:
            partition = number % traffic.partitions
            now_ms, at_s = time.time_ns() // 1_000_000, time.monotonic()
            sent.click(partition, traffic.user(number), now_ms, at_s)
            await producer.send(clicks, traffic.click(number, now_ms), partition=partition)
            if (purchase := traffic.purchase(number, now_ms)) is not None:
                sent.purchases[number] = time.monotonic()
                partition = number // traffic.purchase_every % traffic.partitions
                await producer.send(purchases, purchase, partition=partition)
            number += 1
        await asyncio.sleep(_SLOT_SECONDS)
    await producer.flush()
    return sent
