"""Laws of reading input records and times many at a time: what it gives, one by one gives."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.errors import RecordRejected
from models.intake import CLICKS, PURCHASES, Kind
from models.timestamps import from_iso, from_isos, iso
from tests.models.bad_records import KAFKA_TIMES, VALUES, mutated
from tests.models.fakes import DAY, Record
from tests.models.many import MOVES, moved
from tests.nasty import FUTURE_SKEW_MS, RECORD_MS, corpus

KINDS: dict[str, Kind[Any]] = {"clicks": CLICKS, "purchases": PURCHASES}
TOPICS = pytest.mark.parametrize("topic", KINDS)
GOOD = {"userId": "u", "productId": "p", "timestamp": DAY}

_TEXTS = st.one_of(
    st.sampled_from(["u", "p", "", "x" * 64, "é" * 64, "\0", "\ufeff", "a\nb", '"', "{", "["]),
    st.text(max_size=70),
)
_TIMES = st.one_of(
    st.integers(DAY - 5, DAY + FUTURE_SKEW_MS + 5),
    st.integers(DAY - 5, DAY + FUTURE_SKEW_MS + 5).map(iso),
    st.sampled_from([946_684_799_999, 946_684_800_000, "8999-12-31T23:59:59.999Z", "9000-01-01"]),
    st.sampled_from(["2024-01-01", "2024-01-01T00:00:00Z", float(DAY), 10**30, True, "", None]),
)
_OTHERS = st.one_of(st.none(), st.integers(), st.floats(), _TEXTS, st.just([]), st.just({}))
_NAMES = st.sampled_from(
    ["userId", "productId", "timestamp", "page", "userAgent", "a", "streamTime"]
)
#: Pairs of a name and a value: names may come twice, and the last counts.
_PAIRS = st.one_of(
    st.tuples(st.just("page"), _TEXTS),
    st.tuples(st.just("userAgent"), _TEXTS | st.none()),
    st.tuples(st.just("userId"), _TEXTS),
    st.tuples(st.just("productId"), _TEXTS | st.none()),
    st.tuples(st.just("timestamp"), _TIMES),
    st.tuples(_NAMES | _TEXTS, _OTHERS),
)


def written(pairs: list[tuple[str, object]], escaped: int) -> bytes:
    """An object of these pairs in their order, some characters of names and texts escaped."""
    fields = [*GOOD.items(), *pairs]
    parts = [f"{json.dumps(n, ensure_ascii=escaped > 0)}:{json.dumps(v)}" for n, v in fields]
    text = "{" + ",".join(parts) + "}"
    return (text.replace("u", "\\u0075", 2) if escaped > 1 else text).encode(errors="replace")


PLAIN = st.builds(written, st.lists(_PAIRS, max_size=1), st.integers(0, 2))
ODD = st.one_of(st.builds(written, st.lists(_PAIRS, max_size=4), st.integers(0, 2)), VALUES)
BATCHES = st.one_of(
    st.lists(PLAIN, min_size=1, max_size=6),
    st.builds(moved, st.lists(PLAIN, min_size=1, max_size=6), MOVES),
    st.builds(moved, st.lists(mutated(PLAIN), min_size=1, max_size=3), MOVES),
    st.lists(PLAIN | ODD, min_size=1, max_size=4),
)


def told(item: Any) -> dict[str, object]:
    """A click or a purchase, all of it; its other fields as they are written, in their order."""
    extra = [(name, bytes(raw)) for name, raw in item.extra.items()]
    return {name: getattr(item, name) for name in item.__struct_fields__} | {"extra": extra}


def one_by_one(kind: Kind[Any], records: list[Record]) -> list[dict[str, object] | None]:
    """What each is read as; None for a dead letter."""
    found: list[dict[str, object] | None] = []
    for record in records:
        try:
            found.append(told(kind.parse(record.value, record.timestamp, FUTURE_SKEW_MS)))
        except RecordRejected:
            found.append(None)
    return found


def all_or_nothing(kind: Kind[Any], records: list[Record]) -> bool:
    """Whether many were read at a time: then what each is read as by itself."""
    items = kind.parse_all(records, FUTURE_SKEW_MS)
    if items is None:
        return False
    assert one_by_one(kind, records) == [told(item) for item in items]
    return True


@TOPICS
@settings(max_examples=1_500, deadline=None)
@given(values=BATCHES, times=st.lists(KAFKA_TIMES, min_size=6, max_size=6))
def test_many_are_read_as_one_by_one_or_not_at_all(
    topic: str, values: list[bytes | None], times: list[int]
) -> None:
    """Whatever the values are, and however two of them share what would be two good records."""
    records = [Record(timestamp=ms, value=v) for ms, v in zip(times, values, strict=False)]
    all_or_nothing(KINDS[topic], records)


@TOPICS
def test_each_of_the_corpus_among_good_ones_is_read_as_by_itself_or_not_at_all(topic: str) -> None:
    """Before, between and behind good records; a fifth of the corpus and more is plain."""
    good = Record(timestamp=RECORD_MS, value=json.dumps(GOOD).encode())
    plain = 0
    for nasty in corpus():
        bad = Record(timestamp=RECORD_MS, value=nasty.value)
        for records in ([bad], [bad, good], [good, bad, good], [good, bad]):
            plain += all_or_nothing(KINDS[topic], records)
    assert plain > 4 * len(corpus()) // 5


_A, _B = (json.dumps(GOOD | {"userId": user}).encode() for user in "ab")


@TOPICS
@pytest.mark.parametrize(
    "values",
    [
        [b"", _A + _B],
        [_A + _B, b""],
        [_A[:-1], b"}" + _B],
        [_A[:9], _A[9:] + _B],
        [_A + _B[:9], _B[9:]],
        [_A + b"\n" + _B],
        [b" ", _A + b"\n" + _B, _B],
    ],
)
def test_two_records_in_one_value_are_never_read_as_two(topic: str, values: list[bytes]) -> None:
    """Each of the values is a dead letter, though their lines together hold good records."""
    assert not all_or_nothing(KINDS[topic], [Record(value=value) for value in values])


@TOPICS
def test_what_is_plain_is_read_many_at_a_time(topic: str) -> None:
    """A reader that always gave up would agree with everything."""
    values: list[dict[str, object]] = [
        GOOD,
        GOOD | {"timestamp": DAY + FUTURE_SKEW_MS},
        GOOD | {"userId": "é" * 64, "productId": "x" * 64},
        GOOD | {"amount": 9.9, "order": None, "note": "a\nb"},
        GOOD | {"userId": "\ud83d\ude00", "page": "", "userAgent": None},
    ]
    records = [Record(value=json.dumps(value).encode()) for value in values]
    assert all_or_nothing(KINDS[topic], records)
    text = [json.dumps(value | {"timestamp": iso(DAY)}).encode() for value in values]
    assert all_or_nothing(KINDS[topic], [Record(value=value) for value in text])
    assert all_or_nothing(KINDS[topic], [*records, *[Record(value=value) for value in text]])


def test_the_values_tried_are_often_plain() -> None:
    """A law of values that are never read together would hold of anything."""
    found: Counter[bool] = Counter()

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(BATCHES)
    def reach(values: list[bytes | None]) -> None:
        found[all_or_nothing(CLICKS, [Record(value=value) for value in values])] += 1

    reach()
    assert [] == [(plain, found[plain]) for plain in (True, False) if found[plain] < 60]


_ISO = st.integers(DAY - 5_000_000, DAY + 5_000_000).map(iso)
_LIKE_ISO = st.sampled_from(
    ["", "2000-01-01T00:00:00Z", "2000-01-01 00:00:00.000Z", "0001-01-01T00:00:00.000Z"]
)


@settings(deadline=None)
@given(st.lists(_ISO | _LIKE_ISO | st.text(max_size=30), max_size=30) | st.lists(_ISO))
@example([iso(DAY + 1_000 * second) for second in range(10_000)] * 2)
def test_many_times_are_read_as_one_by_one(texts: list[str]) -> None:
    """More seconds than are kept, too; if one can't be read, none is."""
    try:
        expected = [from_iso(text) for text in texts]
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            from_isos(texts)
        return
    assert expected == from_isos(texts)
