"""Records of the inner topics, as counting and joining read them.

Only this application writes inner topics; a record that is none of its own becomes a dead letter,
so that it can stop nobody.
"""

from typing import TypeAlias

import msgspec

from models.dead_letters import DEAD_LETTERS, bad_inner_record
from models.records import input_partition
from models.stage import InputRecord, Step
from models.timestamps import from_iso
from models.watermark import StreamTime


class Inner(msgspec.Struct, gc=False, rename="camel"):
    """The fields of an enriched click or an admitted purchase that the stages look at."""

    user_id: str
    timestamp: str
    stream_time: str
    source_record: str
    product_id: str | None = None
    bot: bool = False


#: An inner record, read: its fields, its event time (ms), S(q) up to it (ms), and q.
Read: TypeAlias = tuple[Inner, int, int, str]

_decode = msgspec.json.Decoder(Inner).decode


def decode(value: bytes) -> Inner:
    """The fields of an inner record's value.

    Raises:
        ValueError: It is none of this application's.
    """
    return _decode(value)


def read(record: InputRecord, step: Step) -> Read | None:
    """Read a record with a value; None if it can't be, after sending it to the dead letters."""
    try:
        inner = _decode(record.value or b"")
        stream_ms = event_ms = from_iso(inner.stream_time)
        if inner.timestamp != inner.stream_time:
            event_ms = from_iso(inner.timestamp)
        if event_ms < 0:
            raise ValueError("it is older than 1970")  # noqa: TRY301 one place for all that is wrong
        if inner.user_id.encode() != record.key:
            raise ValueError("its key is not its userId")  # noqa: TRY301 as above
        return inner, event_ms, stream_ms, input_partition(inner.source_record)
    except ValueError as error:
        step.send(DEAD_LETTERS, bad_inner_record(record, error))
        return None


def hear(record: InputRecord, time: StreamTime, step: Step) -> None:
    """Take a record without a value: a signal (watermark or idle), or else a dead letter."""
    try:
        time.hear_control(record.headers, record.timestamp)
        step.count("signals")
    except ValueError as error:
        step.send(DEAD_LETTERS, bad_inner_record(record, error))
