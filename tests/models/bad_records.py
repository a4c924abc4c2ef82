"""Strategies of bad records: valid ones mutated, any JSON, any bytes; with any key and headers."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.models.fakes import DAY

#: Of the record's own: some time of the day of all tests, none, the first and the last there is.
KAFKA_TIMES = st.sampled_from([DAY, DAY, DAY, -1, 0, (1 << 63) - 1])

_NAMES = st.sampled_from(
    ["userId", "productId", "timestamp", "page", "userAgent", "streamTime", "sourceRecord", "bot"]
)
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, -(10**400), 1 << 63, DAY, 253_402_300_799_999]),
    st.floats(),
    st.text(),
    st.sampled_from(["9999-12-31T23:59:59.999Z", "2000-01-01", "\0", "\ufeff", "x" * 257]),
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(_NAMES | st.text(), inner),
    max_leaves=8,
)
_TIMES = st.one_of(
    st.integers(DAY - 86_400_000, DAY + 90_000_000),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.sampled_from(["2024-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", 253_402_300_799_999]),
)
_IDS = st.one_of(st.text(min_size=1, max_size=64), st.integers(-9, 9))
_VALID: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"userId": _IDS, "productId": _IDS, "timestamp": _TIMES},
    optional={"page": st.text(), "userAgent": st.text(), "amount": st.floats(), "a": _JSON},
)
#: Valid fields, some of them replaced by anything.
_FIELDS = st.builds(
    lambda valid, other: {**valid, **other}, _VALID, st.dictionaries(_NAMES, _JSON, max_size=2)
)
_FRAGMENTS = st.sampled_from(
    [b'"', b"\\", b"\\u", b"\\ud800", b"{", b"}", b"[", b"]", b",", b":", b"\0", b"\xff", b"NaN"]
)


def mutated(values: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Values with up to three changes: a byte flipped, a piece cut out, put in or doubled."""
    change = st.tuples(
        st.sampled_from(["flip", "cut", "end", "put", "double"]),
        st.integers(0, 400),
        st.integers(1, 255),
        _FRAGMENTS,
    )
    return st.tuples(values, st.lists(change, max_size=3)).map(lambda drawn: _changed(*drawn))


def _changed(value: bytes, changes: list[tuple[str, int, int, bytes]]) -> bytes:
    for kind, place, number, fragment in changes:
        at = place % (len(value) + 1)
        head, tail = value[:at], value[at:]
        value = {
            "flip": head + bytes(byte ^ number for byte in tail[:1]) + tail[1:],
            "cut": head + tail[number % 8 :],
            "end": head,
            "put": head + fragment + tail,
            "double": head + tail[: number % 64] + tail,
        }[kind]
    return value


def _texts(values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    return st.tuples(values, st.booleans()).map(
        lambda drawn: json.dumps(drawn[0], ensure_ascii=drawn[1]).encode()
    )


VALUES = st.one_of(
    st.none(),
    _texts(_VALID),
    _texts(_FIELDS),
    mutated(_texts(_VALID)),
    mutated(_texts(_FIELDS)),
    _texts(_JSON),
    st.binary(),
)
KEYS = st.none() | st.binary(max_size=300)
#: Kafka's headers have any name, often, and maybe no value.
HEADERS: st.SearchStrategy[Any] = st.lists(
    st.tuples(
        st.sampled_from(["code", "message", "source", "watermark", "idle", ""]) | st.text(),
        st.none() | st.binary(),
    ),
    max_size=4,
).map(tuple)
