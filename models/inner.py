"""Records of the inner topics, as counting and joining read them.

Only this application writes inner topics; a record that is none of its own becomes a dead letter,
so that it can stop nobody.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec.json import Decoder

from models.dead_letters import DEAD_LETTERS, bad_inner_record
from models.fields import MAX_ID_BYTES, YEAR_2000_MS, YEAR_9000_MS
from models.records import input_partition
from models.stage import InputRecord, Step
from models.timestamps import from_iso, from_isos
from models.watermark import StreamTime


class Stamped(msgspec.Struct, gc=False, rename="camel"):
    """What is looked at of every enriched click and admitted purchase."""

    user_id: str
    timestamp: str
    stream_time: str
    source_record: str
    bot: Any = False  # a purchase may have one of its own, of any type


class Inner(Stamped, gc=False, rename="camel"):
    """The same with its product, if any."""

    product_id: str | None = None


class Viewed(Inner, gc=False, rename="camel"):
    """An enriched click with its page: text, as admitted; a foreign record's may be anything."""

    page: Any = None


T = TypeVar("T", bound=Stamped)

#: An inner record, read: its fields, its event time (ms), S(q) up to it (ms), and q.
Read: TypeAlias = tuple[T, int, int, str]


_INNER = Decoder(Inner)


def decode(value: bytes) -> Inner:
    """The fields of an inner record's value.

    Raises:
        ValueError: It is none of this application's.
    """
    return _decode(_INNER, value)


def _decode(decoder: Decoder[T], value: bytes) -> T:
    try:
        return decoder.decode(value)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


class Columns(NamedTuple, Generic[T]):
    """Inner records with a value, read: a list for each thing, in the records' order.

    Attributes:
        fields: Their fields.
        keys: Their keys: the users.
        events_ms: Their event times (ms).
        streams_ms: S(q) up to each (ms).
        partitions: The input partition q of each.
    """

    fields: list[T]
    keys: tuple[bytes, ...]
    events_ms: list[int]
    streams_ms: list[int]
    partitions: list[str]


class Reader(Generic[T]):
    """Reads inner records, many at a time: a call for each would cost as much as the reading."""

    def __init__(self, fields: type[T]) -> None:
        """Take the fields to look at."""
        self._decoder: Decoder[T] = Decoder(fields)

    def read(self, records: Sequence[InputRecord], step: Step) -> Iterable[Read[T] | None]:
        """Read records; None for a signal, and for what is sent to the dead letters."""
        valued = [record for record in records if record.value is not None]
        if (columns := self.columns(valued)) is None:
            return (None if r.value is None else self._read_one(r, step) for r in records)
        fields, _, events, streams, partitions = columns
        reads = zip(fields, events, streams, partitions, strict=True)
        if len(valued) == len(records):
            return reads
        return [None if record.value is None else next(reads) for record in records]

    def columns(self, records: Sequence[InputRecord]) -> Columns[T] | None:
        """Read records with a value; None when one is none of this application's."""
        if not records:
            return Columns([], (), [], [], [])
        values = [record.value for record in records]
        keys = tuple([record.key for record in records])
        try:
            lines = b"\n".join(values)  # type: ignore[arg-type]  # a signal is a TypeError
            fields = self._decoder.decode_lines(lines)
            if not len(fields) == len(values) == lines.count(b"\n") + 1:
                return None  # one is not on one line
            return _checked(fields, keys)  # type: ignore[arg-type]  # no key is a TypeError
        except (ValueError, TypeError, RecursionError):
            return None

    def _read_one(self, record: InputRecord, step: Step) -> Read[T] | None:
        try:
            inner = _decode(self._decoder, record.value or b"")
            event_ms, stream_ms = from_iso(inner.timestamp), from_iso(inner.stream_time)
            if not YEAR_2000_MS <= event_ms < YEAR_9000_MS:
                raise ValueError("it is not of the years 2000 to 8999")  # noqa: TRY301 one place for all that is wrong
            if inner.user_id.encode() != record.key:
                raise ValueError("its key is not its userId")  # noqa: TRY301 as above
            if not 0 < len(record.key) <= MAX_ID_BYTES:
                raise ValueError("its userId has not 1 to 256 bytes")  # noqa: TRY301 as above
            return inner, event_ms, stream_ms, input_partition(inner.source_record)
        except ValueError as error:
            step.send(DEAD_LETTERS, bad_inner_record(record, error))
            return None


def _checked(fields: list[T], keys: tuple[bytes, ...]) -> Columns[T] | None:
    """What :meth:`Reader._read_one` checks of a record, of many at once."""
    events = from_isos([inner.timestamp for inner in fields])
    streams = from_isos([inner.stream_time for inner in fields])
    partitions = [inner.source_record.rpartition("-")[0] for inner in fields]
    lengths = set(map(len, keys))
    if (
        min(events) >= YEAR_2000_MS
        and max(events) < YEAR_9000_MS
        and tuple([inner.user_id.encode() for inner in fields]) == keys
        and 0 < min(lengths) <= max(lengths) <= MAX_ID_BYTES
        and all(partitions)
    ):
        return Columns(fields, keys, events, streams, partitions)
    return None


def hear(record: InputRecord, time: StreamTime, step: Step) -> None:
    """Take a record without a value: a signal (watermark or idle), or else a dead letter."""
    try:
        time.hear_control(record.headers, record.timestamp)
        step.count("signals")
    except ValueError as error:
        step.send(DEAD_LETTERS, bad_inner_record(record, error))
