"""What the outputs must be, counted again from the input topics in one go.

Shares no code with models/: plain loops over offset-ordered records.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Rules:
    """Settings that matter, in milliseconds."""

    size: int = 300_000
    grace: int = 120_000
    within: int = 3_600_000


@dataclass
class _Item:
    user: str
    product: str
    at: int
    stream: int
    source: str
    other: dict[str, Any]


Outcome = dict[str, Counter[str]]


def iso(ms: int) -> str:
    """Epoch ms as the application writes it."""
    text = datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def canonical(value: Any) -> str:
    """A value's JSON, whatever the order of its fields."""
    return json.dumps(value, sort_keys=True)


def recount(clicks: Iterable[Any], purchases: Iterable[Any], rules: Rules) -> Outcome:
    """The outputs that follow from all records of the inputs.

    Every input partition must end with an event so late in time that all else is final.
    """
    click_items, bad_clicks = _valid(clicks, ("userId", "timestamp"))
    purchase_items, bad_purchases = _valid(purchases, ("userId", "productId", "timestamp"))
    outcome: Outcome = defaultdict(Counter)
    outcome["dead-letters"].update(bad_clicks + bad_purchases)
    _count(click_items, rules, outcome)
    _join(click_items, purchase_items, rules, outcome)
    return outcome


def _valid(records: Iterable[Any], required: tuple[str, ...]) -> tuple[list[_Item], list[str]]:
    stream: dict[int, int] = {}
    items, bad = [], []
    for record in sorted(records, key=lambda r: (r.partition, r.offset)):
        source = f"{record.topic}-{record.partition}-{record.offset}"
        try:
            value = json.loads(record.value)
            fields = {name: value.pop(name) for name in required}
        except (ValueError, KeyError, TypeError):
            bad.append(source)
            continue
        at = int(datetime.fromisoformat(fields["timestamp"]).timestamp() * 1000)
        stream[record.partition] = max(stream.get(record.partition, at), at)
        product = fields.get("productId") or value.get("productId") or ""
        item = _Item(fields["userId"], product, at, stream[record.partition], source, value)
        items.append(item)
    return items, bad


def _count(clicks: list[_Item], rules: Rules, outcome: Outcome) -> None:
    last: dict[str, int] = {}
    counts: Counter[tuple[str, int]] = Counter()
    for click in clicks:
        start = click.at // rules.size * rules.size
        by = click.stream - start - rules.size - rules.grace
        if by >= 0:
            outcome["late-events"][canonical(["count", by / 1000, iso(start), click.source])] += 1
        else:
            counts[click.user, start] += 1
        last[click.source.rsplit("-", 1)[0]] = click.stream
    closed = min(last.values(), default=0) - rules.size - rules.grace
    for (user, start), count in counts.items():
        if start <= closed:
            value = [user, count, iso(start), iso(start + rules.size)]
            outcome["click-counts"][canonical(value)] += 1


def _join(clicks: list[_Item], purchases: list[_Item], rules: Rules, outcome: Outcome) -> None:
    by_key = defaultdict(list)
    for click in clicks:
        if click.product and not _late(click, rules, outcome):
            by_key[click.user, click.product].append(click)
    final = min(max(i.stream for i in items) for items in (clicks, purchases)) - rules.grace
    for bought in purchases:
        if _late(bought, rules, outcome):
            continue
        matched = [
            c for c in by_key[bought.user, bought.product] if 0 <= bought.at - c.at < rules.within
        ]
        for click in matched:
            took = (bought.at - click.at) / 1000
            value = [click.source, bought.source, bought.user, bought.product, took, bought.other]
            outcome["conversion-events"][canonical(value)] += 1
        if not matched and bought.at < final:
            value = [bought.source, bought.user, bought.product, iso(bought.at), bought.other]
            outcome["unattributed-purchases"][canonical(value)] += 1


def _late(item: _Item, rules: Rules, outcome: Outcome) -> bool:
    by = item.stream - rules.grace - item.at
    if by > 0:
        outcome["late-events"][canonical(["join", by / 1000, None, item.source])] += 1
    return by > 0


def outputs(read: dict[str, list[Any]]) -> Outcome:
    """The outputs that were found, in the same form."""
    found: Outcome = defaultdict(Counter)
    shapes: dict[str, Callable[[Any], Any]] = {
        "click-counts": lambda v: [v["userId"], v["clickCount"], v["windowStart"], v["windowEnd"]],
        "late-events": lambda v: [
            v["stage"], v["lateBy"], v.get("windowStart"), v["record"]["sourceRecord"],
        ],
        "conversion-events": lambda v: [
            v["click"], v["purchase"], v["userId"], v["productId"], v["timeToPurchase"], v["order"],
        ],
        "unattributed-purchases": lambda v: [
            v["purchase"], v["userId"], v["productId"], v["purchaseTimestamp"], v["order"],
        ],
    }  # fmt: skip
    for topic, shape in shapes.items():
        found[topic].update(canonical(shape(json.loads(r.value))) for r in read[topic])
    found["dead-letters"].update(dict(r.headers)["source"].decode() for r in read["dead-letters"])
    return found


def lacking(expected: Outcome, found: Outcome) -> dict[str, list[str]]:
    """What is expected and was not found, by topic."""
    return {
        t: list((expected[t] - found[t]).elements()) for t in expected if expected[t] - found[t]
    }


def differences(expected: Outcome, found: Outcome) -> dict[str, tuple[list[str], list[str]]]:
    """What is missing and what is too much, by topic; empty when all is right."""
    compared = {
        t: (list((expected[t] - found[t]).elements()), list((found[t] - expected[t]).elements()))
        for t in sorted(set(expected) | set(found))
    }
    return {topic: both for topic, both in compared.items() if any(both)}
