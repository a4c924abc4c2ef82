"""Laws of what came of purchases: kept in the step that emits it, until it expires."""

import json
from typing import Any

import pytest

from models.join import JoinRules
from models.joining import Joining
from models.outcomes import OUTCOME
from models.queries import outcomes_of
from models.watermark import StreamTime
from tests.models.fakes import BY_USER, DAY, HOUR, Record, Task, at, inner, said
from tests.models.fakes import watermark as heard

#: After all that happens.
EVER = 1 << 62


def task(retention_ms: int = 3 * HOUR, attribution: str = "all") -> Task:
    """The joining stage over one input partition each, without grace."""
    partitions = {"clicks": 1, "purchases": 1}
    rules = JoinRules(HOUR, 0, retention_ms, attribution)
    return Task(lambda rows: Joining(rules, StreamTime(partitions, 1), rows, BY_USER))


def event(clock: str, source: str, user: str = "u") -> Record:
    """A click on p, or a purchase of it."""
    return inner(user, at(clock), source, stream_ms=DAY, productId="p", orderId=source)


def both(stream_ms: int) -> list[Record]:
    """Watermark records of both inputs."""
    return [heard("clicks-0", stream_ms), heard("purchases-0", stream_ms)]


def told(joining: Task, user: str = "u", from_ms: int = 0, to_ms: int = EVER) -> list[Any]:
    """What the table tells of a user: conversions, then unattributed purchases."""
    found = outcomes_of(joining.rows, user.encode(), from_ms, to_ms)
    return [[json.loads(bytes(value)) for value in values] for values in found]


@pytest.mark.parametrize("attribution", ["all", "last"])
def test_what_comes_of_a_purchase_is_readable_as_it_was_emitted(attribution: str) -> None:
    """In the order of purchases, not of emission; after a restart, too."""
    joining = task(attribution=attribution)
    joining.run([event("10:10", "clicks-0-0"), event("11:05", "purchases-0-1")])
    joining.run([event("10:20", "purchases-0-0"), event("09:00", "purchases-0-2")])
    joining.run([event("10:20", "purchases-0-3", "uu"), *both(at("11:30"))])
    joining.crash()
    conversions, unattributed = told(joining)
    emitted = {topic: said(joining.sent, topic) for topic in joining.sent}
    pairs = ["clicks-0-0/purchases-0-0", "clicks-0-0/purchases-0-1"]
    assert pairs == [value["id"] for value in conversions]
    assert ["purchases-0-2"] == [value["purchase"] for value in unattributed]
    assert all(value in emitted["conversion-events"] for value in conversions)
    assert all(value in emitted["unattributed-purchases"] for value in unattributed)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("10:00", "12:00", [0, 1, 2]),
        ("10:20", "11:05", [0, 1]),
        ("10:21", "11:06", [1, 2]),
        ("11:06", "12:00", []),
        ("10:30", "10:30", []),
    ],
)
def test_outcomes_are_asked_for_by_the_purchases_time(
    first: str, last: str, expected: list[int]
) -> None:
    """From a time on, and before another."""
    joining = task()
    clocks = ["10:20", "10:40", "11:05"]
    joining.run([event(clock, f"purchases-0-{n}") for n, clock in enumerate(clocks)])
    joining.run(both(at("11:30")))
    _, found = told(joining, "u", at(first), at(last))
    assert [f"purchases-0-{n}" for n in expected] == [value["purchase"] for value in found]


@pytest.mark.parametrize("attribution", ["all", "first"])
def test_an_outcome_stays_until_w_reaches_its_hours_end_plus_retention(attribution: str) -> None:
    """That of 10:20 until 11:00 and three hours; then a tombstone follows."""
    joining = task(3 * HOUR, attribution)
    joining.run([event("10:10", "clicks-0-0"), event("10:20", "purchases-0-0")])
    joining.run([event("10:59", "purchases-0-1", "v"), *both(at("14:00") - 1)])
    assert [1, 0] == [len(found) for found in told(joining)]
    assert [0, 1] == [len(found) for found in told(joining, "v")]
    kept = joining.kind(OUTCOME)
    step = joining.stage.step(both(at("14:00")), 0, at_end=False)
    assert dict.fromkeys(kept) == step.changes


def test_what_is_emitted_when_it_has_expired_is_not_kept() -> None:
    """A jump of W over the purchase and its retention."""
    joining = task(0)
    joining.run([event("10:20", "purchases-0-0"), *both(at("20:00"))])
    assert 1 == len(joining.sent["unattributed-purchases"])
    assert {} == joining.rows.rows


def test_a_user_without_purchases_has_no_outcomes() -> None:
    """A prefix of a known name is another name."""
    joining = task()
    joining.run([event("10:20", "purchases-0-0", "ann"), *both(at("10:30"))])
    assert [[], []] == told(joining, "an")
    assert [0, 1] == [len(found) for found in told(joining, "ann")]
