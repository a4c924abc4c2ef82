"""Purchases among the clicks, the raw messages of both, and how many pairs the join must find."""

from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from bench.clicks import Clicks, Event, agent_name, product_name, user_name
from bench.counts import CLOSING
from models.timestamps import iso

#: A purchase follows every so many clicks: 2.5 % of them.
CLICKS_PER_PURCHASE = 40
#: What is bought was clicked among so many last clicks.
_RECENT = 20_000

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase: of the product of an earlier click, by its user.

    Attributes:
        user: Number of the user.
        product: Number of the product.
        event_ms: When it happened.
    """

    user: int
    product: int
    event_ms: int


@dataclass(slots=True)
class Shopping:
    """The clicks with purchases among them.

    Attributes:
        clicks: The clicks; they count what they give.
        within_ms: A click matches a purchase less than so long after it.
        purchases: All of them.
        clicked_ms: Times of the clicks on what somebody bought, by user and product, once given.
    """

    clicks: Clicks
    within_ms: int
    purchases: list[Purchase] = field(init=False)
    clicked_ms: dict[tuple[int, int], "array[int]"] = field(init=False)

    def __post_init__(self) -> None:
        self.purchases = list(_purchases(self.clicks.unread().events()))
        bought = {(purchase.user, purchase.product) for purchase in self.purchases}
        self.clicked_ms = {pair: array("q") for pair in bought}

    def click_messages(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of each click."""
        for event in self.clicks.events():
            clicked_ms = self.clicked_ms.get((event.user, event.product))
            if clicked_ms is not None:
                clicked_ms.append(event.event_ms)
            yield user_name(event.user).encode(), _click(event)

    def purchase_messages(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of each purchase."""
        for number, purchase in enumerate(self.purchases):
            user, product = user_name(purchase.user), product_name(purchase.product)
            fields = {"userId": user, "productId": product, "timestamp": iso(purchase.event_ms)}
            yield user.encode(), _encode(fields | {"orderId": f"order-{number}", "amount": 9.5})

    def closing_click(self, partition: int) -> bytes:
        """The click that lets an input partition's time pass all windows."""
        return _encode(
            {"userId": f"{CLOSING}{partition}", "timestamp": iso(self.clicks.closing_ms)}
        )

    def closing_purchase(self, partition: int) -> bytes:
        """The same for purchases; it stays pending."""
        user, at = f"{CLOSING}{partition}", iso(self.clicks.closing_ms)
        return _encode({"userId": user, "productId": "none", "timestamp": at})

    def expected(self) -> tuple[int, int]:
        """Conversions, and purchases without any: design section 2, ``0 <= P.t - C.t < within``."""
        sorted_ms = {pair: sorted(times) for pair, times in self.clicked_ms.items()}
        matches = [
            _matches(sorted_ms[purchase.user, purchase.product], purchase.event_ms, self.within_ms)
            for purchase in self.purchases
        ]
        return sum(matches), matches.count(0)


def _purchases(events: Iterator[Event]) -> Iterator[Purchase]:
    recent: deque[Event] = deque(maxlen=_RECENT)
    for event in events:
        recent.append(event)
        if event.number % CLICKS_PER_PURCHASE == CLICKS_PER_PURCHASE - 1:
            bought = recent[event.number * 7919 % len(recent)]
            yield Purchase(bought.user, bought.product, event.event_ms)


def _matches(clicked_ms: list[int], purchased_ms: int, within_ms: int) -> int:
    first = bisect_right(clicked_ms, purchased_ms - within_ms)
    return bisect_right(clicked_ms, purchased_ms) - first


def _click(event: Event) -> bytes:
    product = product_name(event.product)
    return _encode(
        {
            "userId": user_name(event.user),
            "timestamp": iso(event.event_ms),
            "page": f"/products/{product}",
            "productId": product,
            "userAgent": agent_name(event.number),
        }
    )
