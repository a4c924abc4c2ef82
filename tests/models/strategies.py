"""Small but nasty inputs: few users and products, times near the edges of windows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from hypothesis import strategies as st

from tests.models.fakes import DAY, Record
from tests.models.pipeline import TIMEOUT, Turn
from tests.models.reference import BOT, Rules

Inputs: TypeAlias = Mapping[str, list[list[Record]]]

#: Windows are 5 to 10 ms, so that edges are everywhere; now and then a jump over many of them.
TIMES = st.one_of(*[st.integers(0, 40)] * 4, st.sampled_from([90, 91, 200]))
USERS = st.sampled_from(["ann", "ann", "ann", 7])
PAGES = st.sampled_from(["/", "/", "/a", "/a?b=c#d", "/a#d?b", "?b", ""])
PRODUCTS = st.sampled_from(["p", "p", "p", 7])

RULES = st.builds(
    Rules,
    size=st.sampled_from([5, 7, 10]),
    grace=st.sampled_from([0, 3, 12]),
    retention=st.sampled_from([0, 1, 20]),
    within=st.sampled_from([1, 5, 12, 30]),
    join_grace=st.sampled_from([0, 3, 12]),
    attribution=st.sampled_from(["all", "last", "first"]),
    emit_late=st.sampled_from([True, True, False]),
    count_bots=st.booleans(),
    rankings=st.sampled_from([("products", "pages"), ("pages",), ("products",), ()]),
)


def _revising(revise: int, longer: int, **rules: Any) -> Rules:
    return Rules(revise=revise, retention=revise + longer, **rules)


#: Late records revise, many of them; the horizon may be as long as the retention, not longer.
REVISING = st.builds(
    _revising,
    revise=st.sampled_from([1, 5, 100, 200]),
    longer=st.sampled_from([0, 0, 20]),
    size=st.sampled_from([5, 10]),
    grace=st.sampled_from([0, 0, 3]),
    within=st.sampled_from([5, 30]),
    join_grace=st.sampled_from([0, 0, 3]),
    count_bots=st.booleans(),
)

PARTITIONS = st.integers(1, 3)
CRASHES = st.sampled_from(["", "", "before", "after", "rewind"])


def _iso(ms: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds")


_CLICKS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"userId": USERS, "productId": st.one_of(PRODUCTS, PRODUCTS, st.none())},
    optional={"page": PAGES, "userAgent": st.sampled_from([BOT, "", None])},
)
_PURCHASES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"userId": USERS, "productId": PRODUCTS},
    optional={"orderId": st.integers(1, 2), "amount": st.just(9.9), "streamTime": st.just("x")},
)


def _log(values: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[bytes | None]]:
    """Disordered, or in order (nothing is late then); one record in eight is rubbish."""
    event = st.tuples(TIMES, st.integers(0, 7), values)
    sizes = st.one_of(st.lists(event, max_size=3), st.lists(event, min_size=4, max_size=12))
    return st.tuples(sizes, st.booleans()).map(lambda drawn: _written(*drawn))


def _written(
    events: list[tuple[int, int, dict[str, Any]]],
    in_order: bool,
) -> list[bytes | None]:
    if in_order:
        events = sorted(events, key=lambda event: event[0])
    return [_value(*event) for event in events]


def _value(time: int, form: int, fields: dict[str, Any]) -> bytes | None:
    if form == 7:
        return b"{" if time % 2 else None
    timestamp = _iso(DAY + time) if form % 2 else DAY + time
    return json.dumps(fields | {"timestamp": timestamp}).encode()


def _records(topic: str, partition: int, values: list[bytes | None]) -> list[Record]:
    return [
        Record(topic, partition, offset, DAY, b"any", value) for offset, value in enumerate(values)
    ]


def _inputs(
    clicks: list[list[bytes | None]], purchases: list[list[bytes | None]]
) -> dict[str, list[list[Record]]]:
    values = {"clicks": clicks, "purchases": purchases}
    return {
        topic: [_records(topic, partition, log) for partition, log in enumerate(logs)]
        for topic, logs in values.items()
    }


#: Up to three input partitions of each topic, not as many of both; some may stay empty.
INPUTS: st.SearchStrategy[Inputs] = st.builds(
    _inputs,
    st.lists(_log(_CLICKS), min_size=1, max_size=3),
    st.lists(_log(_PURCHASES), min_size=1, max_size=2),
)


def turns(*idle_ms: int) -> st.SearchStrategy[list[Turn]]:
    """Up to fifty turns of any task, with batches of any size, and crashes.

    Args:
        idle_ms: For how long an input partition may be idle after a turn; without, none ever is.
    """
    counts = st.tuples(st.integers(0, 5), st.integers(0, 5))
    idle = st.sampled_from([0, 0, 0, *idle_ms])
    waits = st.integers(0, 10)
    turn = st.builds(Turn, st.integers(0, 11), counts, CRASHES, waits, st.booleans(), idle)
    return st.lists(turn, max_size=50)


def idle_times(inputs: Inputs) -> st.SearchStrategy[dict[str, int]]:
    """For how long some of the input partitions, often all of them, are idle in the end."""
    partitions = [f"{topic}-{i}" for topic, logs in inputs.items() for i in range(len(logs))]
    chosen = st.one_of(st.just(partitions), st.lists(st.sampled_from(partitions), unique=True))
    times = st.integers(TIMEOUT, TIMEOUT + 20)
    return chosen.flatmap(lambda qs: st.fixed_dictionaries(dict.fromkeys(qs, times)))


@dataclass(frozen=True, slots=True)
class Case:
    """What to run, and how.

    Attributes:
        rules: The settings.
        inputs: The input topics.
        partitions: Number of inner partitions.
        plan: Who does what, before all that is left is read.
        rows: MAX_ROWS of counting and joining.
    """

    rules: Rules
    inputs: Inputs
    partitions: int
    plan: list[Turn]
    rows: int


def cases(*idle_ms: int) -> st.SearchStrategy[Case]:
    """Anything; input partitions may be idle for so long at any time."""
    rows = st.sampled_from([1, 2, 20_000])
    rules = st.one_of(RULES, REVISING)
    return st.builds(Case, rules, INPUTS, PARTITIONS, turns(*idle_ms), rows)
