"""Rubbish put straight into the inner topics: it stops no stage, and no view."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.queries import clicks_of, purchases_of, windows_of
from models.watermark import Headers
from tests.models.bad_records import HEADERS, KAFKA_TIMES, KEYS, VALUES, mutated
from tests.models.fakes import BY_USER, DAY, ENRICHED, Record, Task, at, inner
from tests.models.test_bad_input import stages

GOOD = inner("u", at("10:01"), productId="p")
_GOOD_FIELDS = json.loads(GOOD.value or b"")
_LATEST = "9999-12-31T23:59:59.999Z"


def foreign(**fields: object) -> bytes:
    """A good inner record's value with some fields changed."""
    return json.dumps({**_GOOD_FIELDS, **fields}).encode()


def deep(depth: int) -> bytes:
    """A good inner record's value with arrays nested this deep in a field that nobody reads."""
    return foreign().replace(b"{", b'{"x":' + b"[" * depth + b"]" * depth + b",", 1)


#: Values of the user u that pass for one of ours, but for what their names say.
VALUES_BY_NAME = {
    "nested too deep to read": deep(100_000),
    "partition beyond four bytes": foreign(sourceRecord="clicks-99999999999-1"),
    "offset beyond eight bytes": foreign(sourceRecord="clicks-1-99999999999999999999"),
    "partition in other digits": foreign(sourceRecord="clicks-٣-1"),
    "no partition": foreign(sourceRecord="clicks-1"),
    "at the epoch": foreign(
        timestamp="1970-01-01T00:00:00.000Z", streamTime="1970-01-01T00:00:00.000Z"
    ),
    "in the last window of all": foreign(timestamp=_LATEST, streamTime=_LATEST),
    "stream time of the year 1": foreign(streamTime="0001-01-01T00:00:00.000Z"),
    "stream time of the year 9999": foreign(streamTime=_LATEST),
    "empty product": foreign(productId=""),
    "product of 70,000 bytes": foreign(productId="p" * 70_000),
    "bot of another type": foreign(bot=[{}]),
}
HEADERS_BY_NAME: dict[str, Any] = {
    "watermark without a value": (("watermark", None), ("stream-time", b"1")),
    "stream time without a value": (("watermark", b"clicks-0"), ("stream-time", None)),
    "idle without a value": (("idle", None), ("idle-for", b"1")),
    "idle for no value": (("idle", b"clicks-0"), ("idle-for", None)),
    "stream time of 25 digits": (("watermark", b"clicks-0"), ("stream-time", b"9" * 25)),
    "stream time of 5,000 digits": (("watermark", b"clicks-0"), ("stream-time", b"9" * 5000)),
    "stream time below all": (("watermark", b"clicks-0"), ("stream-time", b"-" + b"9" * 25)),
    "idle for 25 digits": (("idle", b"clicks-0"), ("stream-time", b"1"), ("idle-for", b"9" * 25)),
    "idle for less than nothing": (("idle", b"clicks-0"), ("idle-for", b"-1")),
    "no input partition's name": (("watermark", b""), ("stream-time", b"1")),
}


def survive(records: Sequence[Record]) -> None:
    """Counting and joining take the records, crash, go on to close all, and can be looked into."""
    end = Record(ENRICHED, headers=_idle_for_long("clicks-0"))
    both = [end, Record(ENRICHED, headers=_idle_for_long("purchases-0"))]
    for task, last in zip(stages(), ([end], both), strict=True):
        task.run(records)
        look(task)
        task.crash()
        task.run([GOOD, *last])
        look(task)
        assert len(records) + 1 + len(last) == task.ledger.read
        assert task.ledger.balanced


def _idle_for_long(q: str) -> Headers:
    return (("idle", q.encode()), ("stream-time", b"%d" % at("23:59")), ("idle-for", b"9" * 12))


def look(task: Task) -> None:
    """Ask what the web views ask."""
    rules: Any = getattr(task.stage, "rules", None)
    for user in (b"u", b"", b"\xff"):
        if hasattr(rules, "size_ms"):
            windows_of(task.rows, rules, user, b"")
        else:
            clicks_of(task.rows, user)
            purchases_of(task.rows, user)


@pytest.mark.parametrize("topic", [ENRICHED, BY_USER])
@pytest.mark.parametrize("value", VALUES_BY_NAME.values(), ids=VALUES_BY_NAME.keys())
def test_no_foreign_value_stops_a_stage(topic: str, value: bytes) -> None:
    """Whatever is wrong with it, the stages take what follows."""
    survive([Record(topic, key=b"u", value=value)])


@pytest.mark.parametrize("topic", [ENRICHED, BY_USER])
@pytest.mark.parametrize("user", ["", "u" * 257, "u" * 70_000], ids=len)
def test_no_foreign_user_stops_a_stage(topic: str, user: str) -> None:
    """The keys of rows hold users of 1 to 256 bytes."""
    survive([Record(topic, key=user.encode(), value=foreign(userId=user))])


@pytest.mark.parametrize("headers", HEADERS_BY_NAME.values(), ids=HEADERS_BY_NAME.keys())
def test_no_foreign_signal_stops_a_stage(headers: Headers) -> None:
    """Kafka takes headers of any name, with any bytes or none."""
    survive([Record(ENRICHED, headers=headers)])


_TEXTS = st.sampled_from(
    ["u", "", _LATEST, "1970-01-01T00:00:00.000Z", "clicks-0-1", "clicks-0", "9" * 30, "\0"]
)
_NUMBERS = st.sampled_from([b"", b"x", b"1", b"-1", b"9" * 18, b"9" * 19, b"9" * 30, None])
_NAMES = ["userId", "productId", "timestamp", "streamTime", "sourceRecord", "bot", "a"]
_INNER = st.dictionaries(st.sampled_from(_NAMES), st.none() | _TEXTS, max_size=3).map(
    lambda fields: foreign(**fields)
)
_SIGNALS: st.SearchStrategy[Any] = st.tuples(
    st.tuples(st.sampled_from(["watermark", "idle"]), st.none() | st.just(b"clicks-0")),
    st.tuples(st.just("stream-time"), _NUMBERS),
    st.tuples(st.just("idle-for"), _NUMBERS),
)
RUBBISH = st.builds(
    Record,
    topic=st.sampled_from([ENRICHED, BY_USER]),
    timestamp=KAFKA_TIMES,
    key=st.sampled_from([b"u", b"u", b"", None]) | KEYS,
    value=st.one_of(_INNER, mutated(_INNER), st.none(), VALUES),
    headers=st.one_of(st.just(()), _SIGNALS, HEADERS),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(RUBBISH, max_size=20))
def test_no_rubbish_stops_a_stage(records: list[Record]) -> None:
    """Each becomes one thing, whatever it is taken for; then the next are taken."""
    survive([Record(r.topic, 0, n, DAY, r.key, r.value, r.headers) for n, r in enumerate(records)])
