"""Inner logs of a few input partitions: mostly in order, with all that is unusual among it."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from models.timestamps import MAX_MS
from models.watermark import NEVER_MS, watermark_headers
from tests.models.fakes import DAY, ENRICHED, Record, idle, inner, watermark
from tests.models.many import MOVES, Move, moved

#: Input partitions of clicks; there is one of purchases.
PARTITIONS = 2

#: What a record is, and how often.
_CALM = ["click"] * 6 + ["purchase"] * 3 + ["watermark"]
_TIMELY = [*_CALM, "late", "idle"]
_ODD = [*_TIMELY, "retreat", "foreign", "no time", "beyond all", "no signal", "no value", "rubbish"]
_USERS = st.sampled_from(["ann", "ann", "bob", "x" * 256])
#: What makes a good inner record no good, or only look so.
_WRONG: list[dict[str, object]] = [
    {"userId": "somebody else"},
    {"userId": 7},
    {"timestamp": "2024-01-01"},
    {"timestamp": "1999-12-31T23:59:59.999Z"},
    {"timestamp": "9000-01-01T00:00:00.000Z"},
    {"timestamp": "2024-01-01T00:00:00.004999Z", "streamTime": "2024-01-01T00:00:00.004001Z"},
    {"timestamp": "2024-01-01T12:00:00.004+12:00", "streamTime": "2024-01-01T00:00:00.010+00:00"},
    {"streamTime": "9999-12-31T23:59:59.999Z"},
    {"streamTime": "9999-12-31T23:59:59.999-23:59"},
    {"streamTime": "0001-01-01T00:00:00.000Z"},
    {"streamTime": None},
    {"sourceRecord": "nowhere"},
    {"sourceRecord": "-7"},
    {"sourceRecord": "clicks-0-x"},
    {"bot": "yes", "page": ["/"], "more": {"a": [{}]}},
    {"productId": 7},
]
_KEYS: list[bytes | None] = [None, b"", b"nobody", b"x" * 257]


class _Log:
    """Writes a log; S(q) goes on from what was written."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.times: dict[str, int] = {}
        self.now_ms = DAY

    def write(self, kind: str, n: int, ahead_ms: int, user: str, odd: int) -> None:
        """Write one record.

        Args:
            kind: What it is.
            n: Number of its input partition.
            ahead_ms: How far its event lies beyond S(q).
            user: Of its user.
            odd: What is odd about it, if anything.
        """
        self.now_ms += odd % 3
        q = "purchases-0" if kind == "purchase" else f"clicks-{n}"
        if kind in {"foreign", "no time"}:
            q = ("clicks-9", "other-0", q)[odd % 3]
        record = self._record(kind, q, ahead_ms, user, odd)
        at = len(self.records)
        self.records.append(replace(record, offset=at, timestamp=self.now_ms))

    def _record(self, kind: str, q: str, ahead_ms: int, user: str, odd: int) -> Record:
        known_ms = self.times.get(q, NEVER_MS)
        if kind == "watermark":
            return watermark(q, max(known_ms, DAY))
        if kind == "idle":
            return idle(q, odd, known_ms)
        if kind == "no time":
            return Record(ENRICHED, headers=(("watermark", q.encode()), ("stream-time", b"")))
        if kind == "beyond all":
            return Record(ENRICHED, headers=watermark_headers(q, MAX_MS + 1))
        if kind == "no signal":
            return Record(ENRICHED, key=user.encode())
        return self._event(kind, q, ahead_ms, user, odd)

    def _event(self, kind: str, q: str, ahead_ms: int, user: str, odd: int) -> Record:
        known_ms = self.times.get(q, DAY)
        event_ms = known_ms + ahead_ms - (20 if kind == "late" else 0)
        stream_ms = self.times[q] = max(known_ms, event_ms)
        product = ("p", "p", None, "r")[odd % 4]
        fields: dict[str, Any] = {
            "productId": product or "p" if q.startswith("purchases") else product
        }
        fields |= {"page": "/a?b"} if odd % 5 else {}
        told_ms = stream_ms - odd if kind == "retreat" else stream_ms
        bot = {"bot": odd % 2 == 0} if odd % 3 == 0 else {}
        record = inner(
            user, event_ms, f"{q}-{len(self.records)}", stream_ms=told_ms, **fields, **bot
        )
        return _spoilt(kind, record, odd)


def _spoilt(kind: str, record: Record, odd: int) -> Record:
    if kind == "no value":
        return replace(record, value=(b"", b"{", b"null", b"{}{}")[odd % 4])
    if kind != "rubbish":
        return record
    if odd % 4 == 0:
        return replace(record, key=_KEYS[odd // 4 % len(_KEYS)])
    fields = json.loads(record.value or b"") | _WRONG[odd // 4]
    return replace(record, value=json.dumps(fields).encode())


def _log(events: list[tuple[str, int, int, str, int]], moves: list[Move]) -> list[Record]:
    written = _Log()
    for event in events:
        written.write(*event)
    return spoilt(written.records, moves)


def spoilt(records: list[Record], moves: list[Move]) -> list[Record]:
    """The same records with the borders of their values moved."""
    values = iter(moved([r.value for r in records if r.value is not None], moves))
    return [r if r.value is None else replace(r, value=next(values)) for r in records]


def _events(kinds: list[str]) -> st.SearchStrategy[list[tuple[str, int, int, str, int]]]:
    event = st.tuples(
        st.sampled_from(kinds),
        st.integers(0, PARTITIONS - 1),
        st.integers(-3, 6),
        _USERS,
        st.integers(0, 4 * len(_WRONG) - 1),
    )
    return st.lists(event, max_size=30)


#: Records of clicks and purchases, in the order of their append.
LOGS = st.one_of(
    st.builds(_log, _events(_CALM), st.just([])),
    st.builds(_log, _events(_TIMELY), st.just([])),
    st.builds(_log, _events(_ODD), st.just([])),
    st.builds(_log, _events(_CALM), MOVES),
)
