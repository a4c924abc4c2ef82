"""Records of the inner topics, as counting and joining read them.

Only this application writes inner topics; a record that is none of its own becomes a dead letter,
so that it can stop nobody.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from models.dead_letters import DEAD_LETTERS, bad_inner_record
from models.fields import MAX_ID_BYTES, YEAR_2000_MS, YEAR_9000_MS
from models.records import input_partition
from models.stage import InputRecord, Step
from models.timestamps import from_iso
from models.watermark import StreamTime


class Inner(msgspec.Struct, gc=False, rename="camel"):
    """The fields of an enriched click or an admitted purchase that the stages look at.

    A purchase may have a ``bot`` of its own, of any type.
    """

    user_id: str
    timestamp: str
    stream_time: str
    source_record: str
    product_id: str | None = None
    bot: msgspec.Raw = msgspec.Raw(b"false")

    @property
    def by_bot(self) -> bool:
        """Whether a click is a bot's."""
        return bytes(self.bot) == b"true"


class Viewed(Inner, gc=False, rename="camel"):
    """An enriched click with its page: text, as admitted; a foreign record's may be anything."""

    page: Any = None


#: An inner record, read: its fields, its event time (ms), S(q) up to it (ms), and q.
Read: TypeAlias = tuple[Inner, int, int, str]

Decode: TypeAlias = Callable[[bytes], Inner]


def _decoder(fields: type[Inner]) -> Decode:
    decode_json = msgspec.json.Decoder(fields).decode

    def decode(value: bytes) -> Inner:
        """The fields of an inner record's value.

        Raises:
            ValueError: It is none of this application's.
        """
        try:
            return decode_json(value)
        except RecursionError:
            raise ValueError("it is nested too deep") from None

    return decode


decode = _decoder(Inner)
decode_viewed = _decoder(Viewed)


def read(record: InputRecord, step: Step, decode: Decode = decode) -> Read | None:
    """Read a record with a value; None if it can't be, after sending it to the dead letters."""
    try:
        inner = decode(record.value or b"")
        stream_ms = event_ms = from_iso(inner.stream_time)
        if inner.timestamp != inner.stream_time:
            event_ms = from_iso(inner.timestamp)
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


def hear(record: InputRecord, time: StreamTime, step: Step) -> None:
    """Take a record without a value: a signal (watermark or idle), or else a dead letter."""
    try:
        time.hear_control(record.headers, record.timestamp)
        step.count("signals")
    except ValueError as error:
        step.send(DEAD_LETTERS, bad_inner_record(record, error))
