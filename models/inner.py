"""Records of the inner topics, as counting and joining read them.

Only this application writes inner topics; a record that is none of its own becomes a dead letter,
so that it can stop nobody.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec.json import Decoder

from models.dead_letters import DEAD_LETTERS, bad_inner_record
from models.fields import MAX_ID_BYTES, YEAR_2000_MS, YEAR_9000_MS
from models.records import input_partition
from models.stage import InputRecord, Step
from models.timestamps import MAX_MS, MIN_MS, moment_of, ms_of
from models.watermark import StreamTime, watermark_of

#: Decoding makes it at once, and it compares as fast as a number: few need be converted.
Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
_YEAR_2000, _YEAR_9000 = moment_of(YEAR_2000_MS), moment_of(YEAR_9000_MS)
_LATEST = moment_of(MAX_MS)


class Stamped(msgspec.Struct, gc=False, rename="camel"):
    """What is looked at of every enriched click and admitted purchase."""

    user_id: str
    timestamp: Instant
    stream_time: Instant
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
        events: Their event times.
        streams: S(q) up to each.
        partitions: The input partition q of each.
    """

    fields: list[T]
    keys: tuple[bytes, ...]
    events: list[datetime]
    streams: list[datetime]
    partitions: list[str]


class Reader(Generic[T]):
    """Reads inner records, many at a time: a call for each would cost as much as the reading."""

    def __init__(self, fields: type[T]) -> None:
        """Take the fields to look at."""
        self._decoder: Decoder[T] = Decoder(fields)

    def read(
        self, records: Sequence[InputRecord], columns: Columns[T] | None, step: Step
    ) -> Iterable[Read[T] | None]:
        """Read records; None for a signal, and for what is sent to the dead letters.

        Args:
            records: Those to read, signals among them.
            columns: Of those with a value.
            step: Takes the dead letters.
        """
        if columns is None:
            return (None if r.value is None else self._read_one(r, step) for r in records)
        fields, _, events, streams, partitions = columns
        reads = zip(fields, map(ms_of, events), map(ms_of, streams), partitions, strict=True)
        if len(fields) == len(records):
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
            # Where one value ends as an object and the next begins as one, JSON has a border.
            astray = [v for v in values if v[:1] + v[-1:] != b"{}"]  # type: ignore[index]  # as above
            if astray or len(fields) != len(values):
                return None
            return _checked(fields, keys)  # type: ignore[arg-type]  # no key is a TypeError
        except (ValueError, TypeError, RecursionError):
            return None

    def _read_one(self, record: InputRecord, step: Step) -> Read[T] | None:
        try:
            inner = _decode(self._decoder, record.value or b"")
            if not _YEAR_2000 <= inner.timestamp < _YEAR_9000:
                raise ValueError("it is not of the years 2000 to 8999")  # noqa: TRY301 one place for all that is wrong
            if inner.stream_time > _LATEST:
                raise ValueError("its stream time is beyond all that can be written")  # noqa: TRY301 as above
            if inner.user_id.encode() != record.key:
                raise ValueError("its key is not its userId")  # noqa: TRY301 as above
            if not 0 < len(record.key) <= MAX_ID_BYTES:
                raise ValueError("its userId has not 1 to 256 bytes")  # noqa: TRY301 as above
            q = input_partition(inner.source_record)
            return inner, ms_of(inner.timestamp), ms_of(inner.stream_time), q
        except ValueError as error:
            step.send(DEAD_LETTERS, bad_inner_record(record, error))
            return None


def _checked(fields: list[T], keys: tuple[bytes, ...]) -> Columns[T] | None:
    """What :meth:`Reader._read_one` checks of a record, of many at once."""
    events = [inner.timestamp for inner in fields]
    streams = [inner.stream_time for inner in fields]
    partitions = [inner.source_record.rpartition("-")[0] for inner in fields]
    lengths = set(map(len, keys))
    if (
        min(events) >= _YEAR_2000
        and max(events) < _YEAR_9000
        and max(streams) <= _LATEST
        and tuple([inner.user_id.encode() for inner in fields]) == keys
        and 0 < min(lengths) <= max(lengths) <= MAX_ID_BYTES
        and all(partitions)
    ):
        return Columns(fields, keys, events, streams, partitions)
    return None


def hear_all(
    records: Sequence[InputRecord], columns: Columns[T], time: StreamTime, step: Step
) -> bool:
    """Tell an awake stage's time what records and watermark records tell; False if it can't be.

    Args:
        records: All, at least one.
        columns: Those with a value, read.
        time: The stage's; it comes to what hearing one by one does.
        step: Takes the signals.
    """
    latest = {q: moment_of(max(ms, MIN_MS)) for q, ms in time.latest.items()}
    told: Iterator[tuple[str, datetime]] = zip(columns.partitions, columns.streams, strict=True)
    if len(columns.keys) < len(records):
        told = _with_watermarks(records, told)
    for q, stream_time in told:
        if (before := latest.get(q)) is not None and stream_time < before:
            return False  # it retreats, as in no record of this application
        latest[q] = stream_time
    if not latest.keys() <= time.partitions:
        return False  # one is none of the stage's, or there is no watermark: S may be beyond it
    time.hear_all({q: ms_of(moment) for q, moment in latest.items()}, records[-1].timestamp)
    if len(columns.keys) < len(records):
        step.count("signals", len(records) - len(columns.keys))
    return True


_NO_WATERMARK = ""


def _with_watermarks(
    records: Sequence[InputRecord], told: Iterator[tuple[str, datetime]]
) -> Iterator[tuple[str, datetime]]:
    for record in records:
        if record.value is not None:
            yield next(told)
        elif (watermark := watermark_of(record.headers)) is None:
            yield _NO_WATERMARK, _YEAR_2000
        else:
            yield watermark[0], moment_of(watermark[1])


def hear(record: InputRecord, time: StreamTime, step: Step) -> None:
    """Take a record without a value: a signal (watermark or idle), or else a dead letter."""
    try:
        time.hear_control(record.headers, record.timestamp)
        step.count("signals")
    except ValueError as error:
        step.send(DEAD_LETTERS, bad_inner_record(record, error))
