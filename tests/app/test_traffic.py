"""Laws of the generated clickstream."""

import json
from collections import Counter
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Any

import pytest

from app.inputs.agents import real_agents
from app.inputs.rubbish import BREAKAGES, broken
from app.inputs.traffic import LATE_FROM_MS, Event, Traffic

TRAFFIC = Traffic(seed=7, users=500, products=50)
EVENTS = list(TRAFFIC.events(20_000))


def good(topic: str) -> list[Event]:
    """The messages of a topic that are records."""
    return [event for event in EVENTS if event.topic == topic and not event.rubbish]


def value(event: Event) -> Any:
    """The decoded value."""
    return json.loads(event.value)


CLICKS = [(event, value(event)) for event in good("clicks")]
PURCHASES = [(event, value(event)) for event in good("purchases")]


def test_the_same_seed_gives_the_same_messages() -> None:
    """Byte for byte, however many are taken."""
    assert EVENTS[:5_000] == list(islice(TRAFFIC.events(), 5_000))
    assert EVENTS[:100] != list(islice(replace(TRAFFIC, seed=8).events(), 100))


def test_it_ends_after_the_clicks_asked_for_and_the_purchases_that_follow_them() -> None:
    """Purchases of clicks that were not sent are not sent."""
    last = max(event.arrival_ms for event, _ in CLICKS)
    assert 20_000 == len(CLICKS)
    assert all(event.cause_ms <= last for event, _ in PURCHASES)
    assert any(event.arrival_ms > last for event, _ in PURCHASES)


def test_messages_come_in_order_of_arrival_at_the_density_asked_for() -> None:
    """Within 15 %, from the first minute on."""
    arrivals = [event.arrival_ms for event in EVENTS]
    assert sorted(arrivals) == arrivals
    assert TRAFFIC.start_ms <= arrivals[0]
    span_s = (CLICKS[-1][0].arrival_ms - TRAFFIC.start_ms) / 1000
    assert 0.85 < 20_000 / span_s / TRAFFIC.clicks_per_s < 1.15


def test_events_are_disordered_by_the_delay_and_some_are_late() -> None:
    """A delay is at most the disorder, or minutes."""
    delays = [event.arrival_ms - event.event_ms for event, _ in CLICKS]
    late = [delay for delay in delays if delay > TRAFFIC.disorder_ms]
    assert min(delays) >= 0
    assert min(late) >= LATE_FROM_MS
    assert 0.003 < len(late) / len(delays) < 0.03
    times = [event.event_ms for event, _ in CLICKS]
    assert sorted(times) != times


def test_nothing_is_late_or_broken_where_none_is_asked_for() -> None:
    """Every message arrives when it happens."""
    clean = list(replace(TRAFFIC, late=0, rubbish=0, disorder_ms=0).events(2_000))
    assert all(event.arrival_ms == event.event_ms and not event.rubbish for event in clean)


def test_messages_carry_their_user_as_key_and_their_time() -> None:
    """One user in eight sends epoch milliseconds."""
    assert all(event.key == record["userId"].encode() for event, record in CLICKS + PURCHASES)
    numbers = [(e.event_ms, r["timestamp"]) for e, r in CLICKS if isinstance(r["timestamp"], int)]
    assert 0.03 < len(numbers) / len(CLICKS) < 0.3
    assert all(event_ms == timestamp for event_ms, timestamp in numbers)


def test_few_products_have_most_of_the_clicks_and_users_return() -> None:
    """Zipf's law; the busiest user comes more than five times."""
    products = Counter(record["productId"] for _, record in CLICKS if "productId" in record)
    assert 10 * products["product-40"] < products["product-0"]
    visits = {record["sessionId"]: record["userId"] for _, record in CLICKS}
    assert max(Counter(visits.values()).values()) > 5
    assert 3 < len(CLICKS) / len(visits) < 12


def test_purchases_follow_a_click_of_user_and_product_most_of_them_within_the_hour() -> None:
    """The rest are beyond the hour, or of a product that nobody looked at."""
    clicks: dict[tuple[str, str], list[int]] = {}
    for event, record in CLICKS:
        if "productId" in record:
            clicks.setdefault((record["userId"], record["productId"]), []).append(event.event_ms)
    within = unseen = 0
    for event, record in PURCHASES:
        times = clicks.get((record["userId"], record["productId"]), [])
        within += any(0 <= event.event_ms - time < 3_600_000 for time in times)
        unseen += not times
    assert 0.003 < len(PURCHASES) / len(CLICKS) < 0.05
    assert within > 0.7 * len(PURCHASES)
    assert 0 < unseen < 0.2 * len(PURCHASES)
    assert len(PURCHASES) == len({record["orderId"] for _, record in PURCHASES})
    assert all(record["amount"] > 0 and record["currency"] for _, record in PURCHASES)


def test_user_agents_are_real_ones_of_people_and_bots() -> None:
    """All come from the packages that gather them."""
    agents = real_agents()
    seen = {record["userAgent"] for _, record in CLICKS}
    assert seen & set(agents.bots)
    assert len(seen & set(agents.people)) > 100
    assert seen <= {*agents.people, *agents.bots}


@pytest.mark.parametrize("kind", BREAKAGES)
def test_every_kind_of_rubbish_is_broken(kind: str) -> None:
    """None is the good message."""
    whole = {"userId": "u", "timestamp": "2025-01-01T00:00:00.000Z", "page": "/p", "productId": "p"}
    assert json.dumps(whole).encode() != BREAKAGES[kind](Random(1), whole)


def test_rubbish_has_no_key_and_comes_beside_the_clicks() -> None:
    """Its share is that of the clicks, which stay as many."""
    rubbish = [event for event in Traffic(rubbish=0.5, users=50).events(2_000) if event.rubbish]
    assert 700 < len(rubbish) < 1_300
    assert {"clicks", "purchases"} == {event.topic for event in rubbish}
    assert broken(Random(3), {}) == broken(Random(3), {})


def test_a_shop_may_have_one_visitor_and_one_product() -> None:
    """The smallest shop still has traffic."""
    assert 50 <= len(list(Traffic(users=1, products=1, clicks_per_s=0.5).events(50)))
