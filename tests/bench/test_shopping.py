"""Laws of the purchases among the clicks."""

import json

from bench.clicks import Clicks
from bench.shopping import CLICKS_PER_PURCHASE, Shopping
from models.timestamps import from_iso

HOUR = 3_600_000


def shopping(count: int, users: int, within_ms: int = HOUR) -> Shopping:
    """Clicks and purchases of a few users."""
    return Shopping(Clicks(count, users, 1_767_225_600_000, "clicks", 300_000), within_ms)


def test_what_is_expected_is_what_a_join_of_the_messages_gives() -> None:
    """0 <= P.t - C.t < within, each pair once; a purchase without a pair is unattributed."""
    given = shopping(4_000, users=3, within_ms=600_000)
    clicks = [json.loads(value) for _, value in given.click_messages()]
    purchases = [json.loads(value) for _, value in given.purchase_messages()]
    pairs = [
        sum(
            (click["userId"], click["productId"]) == (purchase["userId"], purchase["productId"])
            and 0 <= from_iso(purchase["timestamp"]) - from_iso(click["timestamp"]) < 600_000
            for click in clicks
        )
        for purchase in purchases
    ]
    assert (sum(pairs), pairs.count(0)) == given.expected()
    assert 0 < pairs.count(0) < len(pairs)


def test_a_few_per_cent_are_purchases() -> None:
    """One for so many clicks."""
    assert 4_000 // CLICKS_PER_PURCHASE == len(shopping(4_000, users=3).purchases)


def test_closing_messages_make_no_pair() -> None:
    """The click has no product; the purchase stays pending."""
    given = shopping(10, users=1)
    assert "productId" not in json.loads(given.closing_click(0))
    assert "productId" in json.loads(given.closing_purchase(0))
