"""A settled shop of two workers, and what the query views must say of it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tests.integration.harness import Cluster, Event, Worker, until
from tests.integration.recount import Rules, _valid, canonical, iso
from tests.integration.settling import settled
from tests.integration.shop import Shop
from tests.integration.web import ask

#: Users whose ids a URL has to quote, and one that is as long as they come.
SPECIAL = (
    "a b",
    "日本",
    "a+b&c=d?e#f",
    'quo"te',
    "100%",
    "%41",
    "a/b",
    "%2F",
    "{x}",
    "..",
    "ü" * 128,
)
USERS = [f"user-{n}" for n in range(100)]
RULES = Rules()

Json = dict[str, Any]


@dataclass
class Queried:
    """Two workers whose shop is settled, and what was put in.

    Attributes:
        workers: The two.
        counts: Final counts by user, as /counts must give them.
        windows: By start: clicks by users, products and pages, and how many were late.
        emitted: Conversions and unattributed purchases, by user, as emitted.
        last: When the shop's last events happened; SPECIAL users clicked and bought then.
    """

    workers: list[Worker]
    counts: dict[str, list[Json]]
    windows: dict[str, dict[str, Counter[str]]]
    emitted: dict[str, dict[str, list[str]]]
    last: str


def settled_shop(cluster: Cluster, workers: list[Worker]) -> Queried:
    """Fill the inputs, and wait until the workers have done what there is to do."""
    shop = Shop(22, cluster.partitions, users=100)
    cluster.produce([*shop.events(3_000), *shop.last()])
    expected, _ = settled(cluster)
    last = json.loads(next(shop.last()).value)["timestamp"]
    cluster.produce(_specials(last))
    until(lambda: all(_known(worker) for worker in workers), "every user to be known")
    counts = defaultdict(list)
    for text in expected["click-counts"]:
        user, count, start, end = json.loads(text)
        counts[user].append(_count(start, end, count))
    read = cluster.read("clicks", "conversion-events", "unattributed-purchases")
    windows = _windows(read["clicks"], expected["late-events"])
    return Queried(workers, counts, windows, _emitted(read), last)


def _specials(last: str) -> Iterator[Event]:
    for user in SPECIAL:
        value = {"userId": user, "timestamp": last, "productId": "open"}
        for topic in ("clicks", "purchases"):
            yield Event(topic, 0, json.dumps(value).encode())


def _known(worker: Worker) -> bool:
    return all(
        ask(worker, view, user).status == HTTPStatus.OK
        for view in ("counts", "conversions", "clicks")
        for user in SPECIAL
    )


def _count(start: str, end: str, count: int) -> Json:
    return {"windowStart": start, "windowEnd": end, "clickCount": count, "final": True}


def _windows(clicks: list[Any], late: Counter[str]) -> dict[str, dict[str, Counter[str]]]:
    """Clicks of every window, by what they are of."""
    found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    items, _ = _valid(clicks, ("userId", "timestamp"))
    for click in items:
        start = click.at // RULES.size * RULES.size
        if click.stream < start + RULES.size + RULES.grace:
            window = found[iso(start)]
            window["users"][click.user] += 1
            window["products"].update(filter(None, [click.product]))
            window["pages"].update(filter(None, [click.other.get("page")]))
    for text in late.elements():
        stage, _, start, _ = json.loads(text)
        if stage == "count":
            found[start]["late"]["late"] += 1
    return found


def _emitted(read: dict[str, list[Any]]) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for topic in ("conversion-events", "unattributed-purchases"):
        for record in read[topic]:
            value = json.loads(record.value)
            found[value["userId"]][topic].append(canonical(value))
    return found
