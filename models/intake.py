"""Enrichment and admission: what is done to each input record, without a table.

Both read one input partition q, validate its records, stamp S(q) on each and pass it on under its
user's key; both tell the stages behind how far q has come (watermark records) and that it has
come to rest (idle records). S(q) is all they remember.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from models.dead_letters import DEAD_LETTERS, dead_letter
from models.errors import RecordRejected
from models.plain_records import plain_clicks, plain_purchases
from models.records import (
    Click,
    Purchase,
    encode_enriched,
    encode_purchase,
    parse_click,
    parse_purchase,
    source_record,
)
from models.stage import InputRecord, Output, Step, chunks
from models.user_agents import classify
from models.watermark import NEVER_MS, Headers, idle_headers, watermark_headers
from models.wire import Formats, Valued, opened, opened_all

T = TypeVar("T", Click, Purchase)


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """What enrichment and admission are to do; all times in milliseconds.

    Attributes:
        output: Short name of the inner topic.
        partitions: Number of its partitions: each gets every watermark and idle record.
        future_skew_ms: How far an event may lie beyond its record's Kafka timestamp.
        watermark_interval_ms: Watermark records are at least this far apart, but for those that
            let a window close.
        closing: Length and grace of the windows that stream time closes; None: it closes none.
        idle_timeout_ms: Quiet for this long at its end, the input partition is idle.
    """

    output: str
    partitions: int
    future_skew_ms: int
    watermark_interval_ms: int
    idle_timeout_ms: int
    closing: tuple[int, int] | None = None

    def closes(self, from_ms: int, to_ms: int) -> bool:
        """Whether a window closes when stream time goes from one time to another (ms)."""
        if self.closing is None:
            return False
        size_ms, grace_ms = self.closing
        return (from_ms - grace_ms) // size_ms < (to_ms - grace_ms) // size_ms


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How one kind of input record is read and written, and what it is called when it passed.

    ``parse_all`` reads many as ``parse`` does one by one, or gives None.
    """

    passed: str
    parse: Callable[[bytes | None, int, int], T]
    parse_all: Callable[[Sequence[Valued], int], list[T] | None]
    encode: Callable[[T, str, int], bytes]


def _enriched(click: Click, source: str, stream_time_ms: int) -> bytes:
    return encode_enriched(click, classify(click.user_agent), source, stream_time_ms)


CLICKS = Kind("enriched", parse_click, plain_clicks, _enriched)
PURCHASES = Kind("admitted", parse_purchase, plain_purchases, encode_purchase)


class Intake(Generic[T]):
    """Enrichment (of clicks) or admission (of purchases) of one input partition."""

    def __init__(
        self,
        kind: Kind[T],
        rules: IntakeRules,
        input_partition: str,
        formats: Formats | None = None,
    ) -> None:
        """Begin with nothing read.

        Args:
            kind: What the records are.
            rules: What to do.
            input_partition: q, as ``<topic>-<partition>``.
            formats: Of the schemas known; those that a step's records name, if the registry knows
                them, must be there before it. None: there is no registry.
        """
        self.stream_time_ms = NEVER_MS
        self._kind: Kind[T] = kind
        self._rules = rules
        self._formats = formats
        self._q = input_partition
        self._told_ms = NEVER_MS
        self._watermark_at_ms: int | None = None
        self._quiet_since_ms: int | None = None
        self._idle_told_at_ms: int | None = None

    def restore(self, state: bytes | None) -> None:
        """Go on from S(q); the next watermark record repeats it."""
        if state:
            self.stream_time_ms = msgspec.json.decode(state)["streamTime"]

    def dump(self) -> bytes:
        """S(q): committed as the metadata of the input offset."""
        return msgspec.json.encode({"streamTime": self.stream_time_ms})

    def urgent(self, records: Sequence[InputRecord]) -> bool:
        """Always: each record becomes one that is waited for."""
        return bool(records)

    def step(self, records: Sequence[InputRecord], now_ms: int, *, at_end: bool) -> Step:
        """Pass the records on, then tell how far the partition has come."""
        step = Step()
        for chunk in chunks(records):
            self._take_all(chunk, step)
        passed = len(step.outputs.get(self._rules.output, ()))
        step.count(self._kind.passed, passed)
        if passed or not at_end or self._quiet_since_ms is None:
            self._quiet_since_ms = now_ms
            self._idle_told_at_ms = None
        self._tell_watermark(step, now_ms, records[-1].timestamp if records else -1)
        self._tell_idle(step, now_ms)
        return step

    def _take_all(self, records: Sequence[InputRecord], step: Step) -> None:
        items = self._parse_all(records)
        if items is None:
            for record in records:
                self._take(record, step)
            return
        outputs = step.outputs.setdefault(self._rules.output, [])
        encode, q, stream_ms = self._kind.encode, self._q, self.stream_time_ms
        for record, item in zip(records, items, strict=True):
            stream_ms = max(stream_ms, item.timestamp_ms)
            value = encode(item, f"{q}-{record.offset}", stream_ms)
            outputs.append(Output(item.user_id.encode(), value))
        self.stream_time_ms = stream_ms

    def _parse_all(self, records: Sequence[InputRecord]) -> list[T] | None:
        found = opened_all(records, self._formats) or records
        return self._kind.parse_all(found, self._rules.future_skew_ms)

    def _take(self, record: InputRecord, step: Step) -> None:
        source = source_record(record.topic, record.partition, record.offset)
        try:
            value = opened(record.value, self._formats)
            item = self._kind.parse(value, record.timestamp, self._rules.future_skew_ms)
        except RecordRejected as rejected:
            letter = dead_letter(record, source, rejected.code, rejected.message)
            step.send(DEAD_LETTERS, letter)
            return
        self.stream_time_ms = max(self.stream_time_ms, item.timestamp_ms)
        value = self._kind.encode(item, source, self.stream_time_ms)
        step.send(self._rules.output, Output(item.user_id.encode(), value))

    def _tell_watermark(self, step: Step, now_ms: int, appended_ms: int) -> None:
        last_ms = self._watermark_at_ms
        due = last_ms is None or now_ms - last_ms >= self._rules.watermark_interval_ms
        due = due or self._rules.closes(self._told_ms, self.stream_time_ms)
        if due and self.stream_time_ms > self._told_ms:
            self._told_ms = self.stream_time_ms
            self._watermark_at_ms = now_ms
            known_ms = appended_ms if appended_ms >= 0 else None
            self._tell(step, watermark_headers(self._q, self.stream_time_ms, known_ms))

    def _tell_idle(self, step: Step, now_ms: int) -> None:
        timeout_ms = self._rules.idle_timeout_ms
        idle_ms = now_ms - (self._quiet_since_ms or 0)
        last_ms = self._idle_told_at_ms
        if idle_ms >= timeout_ms and (last_ms is None or now_ms - last_ms >= timeout_ms):
            self._idle_told_at_ms = now_ms
            self._tell(step, idle_headers(self._q, self.stream_time_ms, idle_ms))

    def _tell(self, step: Step, headers: Headers) -> None:
        for partition in range(self._rules.partitions):
            step.send(self._rules.output, Output(None, None, partition, headers))
