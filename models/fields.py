"""The fields of a record that have a meaning here, and what each may be.

Each function takes its field out of the record's, so that what is left is to be passed on
unchanged. An optional field that is null is absent.
"""

import re
from typing import NoReturn

import msgspec

from models.errors import RecordRejected, RejectCode, shown
from models.json_object import Fields
from models.timestamps import iso, to_ms

#: Bytes of an id in UTF-8 at most: ids are keys of records and of table rows.
MAX_ID_BYTES = 256

#: 2000-01-01T00:00:00.000Z: what lies before it is a unit mistaken, seconds for milliseconds.
YEAR_2000_MS = 946_684_800_000

#: 9000-01-01T00:00:00.000Z: nothing is admitted from here on, whatever its record's timestamp, so
#: that the end of its window can be written: four digits say no more than the year 9999.
YEAR_9000_MS = 221_845_392_000_000

#: Any text of this many characters has at most MAX_ID_BYTES bytes.
SURELY_FITS_CHARS = MAX_ID_BYTES // 4

_decode = msgspec.json.Decoder().decode
_INTEGER = re.compile(r"-?[0-9]+")


def _value(raw: msgspec.Raw) -> object:
    """The value, or the raw JSON itself if it holds a number beyond what Python converts."""
    try:
        value: object = _decode(raw)
    except msgspec.ValidationError:
        return raw
    return value


def _integer_text(raw: msgspec.Raw) -> str | None:
    """An integer of any size as decimal text; None for anything else, 1.0 and 1e3 included."""
    text = bytes(raw).decode()
    if _INTEGER.fullmatch(text) is None:
        return None
    return "0" if text == "-0" else text


def _wrong_type(name: str, rule: str, raw: msgspec.Raw) -> NoReturn:
    raise RecordRejected(
        RejectCode.WRONG_TYPE,
        f"{name} is {rule}; got {_shown(raw)}. Correct the producer and send the record again.",
    )


def _shown(raw: msgspec.Raw) -> str:
    return shown(bytes(raw).decode())


def _missing(name: str) -> NoReturn:
    raise RecordRejected(
        RejectCode.MISSING_FIELD,
        f"{name} is required; got none, or null. Correct the producer and send the record again.",
    )


def take_optional_id(fields: Fields, name: str) -> str | None:
    """Take an id: text, or an integer as its decimal text; 1 to 256 bytes in UTF-8.

    Returns:
        The id, or None if the field is absent or null.

    Raises:
        RecordRejected: wrong_type or bad_id.
    """
    raw = fields.pop(name, None)
    if raw is None:
        return None
    value = _value(raw)
    if type(value) is str and 0 < len(value) <= SURELY_FITS_CHARS:
        return value
    if value is None:
        return None
    text = value if isinstance(value, str) else _integer_text(raw)
    if text is None:
        _wrong_type(name, "text or an integer", raw)
    if not 0 < len(text.encode()) <= MAX_ID_BYTES:
        raise RecordRejected(
            RejectCode.BAD_ID,
            f"{name} has 1 to {MAX_ID_BYTES} bytes in UTF-8; got {len(text.encode())} in "
            f"{shown(text)}. Give every user and product an id of that length.",
        )
    return text


def take_id(fields: Fields, name: str) -> str:
    """Take a required id.

    Raises:
        RecordRejected: missing_field, wrong_type or bad_id.
    """
    text = take_optional_id(fields, name)
    if text is None:
        _missing(name)
    return text


def take_text(fields: Fields, name: str) -> str | None:
    """Take optional text of any length, empty included.

    Returns:
        The text, or None if the field is absent or null.

    Raises:
        RecordRejected: wrong_type.
    """
    raw = fields.pop(name, None)
    if raw is None:
        return None
    value = _value(raw)
    if value is None or isinstance(value, str):
        return value
    return _wrong_type(name, "text", raw)


def take_timestamp(fields: Fields, name: str, record_ms: int, future_skew_ms: int) -> int:
    """Take a required timestamp, neither before 2000 nor in the future.

    Args:
        fields: The record's fields.
        name: The field's name.
        record_ms: The record's own Kafka timestamp, in epoch milliseconds. Negative: it has none,
            so nothing is in the future.
        future_skew_ms: How far beyond it the field may lie, inclusive, in milliseconds.

    Returns:
        Epoch milliseconds.

    Raises:
        RecordRejected: missing_field, wrong_type, bad_timestamp, before_2000 or in_the_future.
    """
    raw = fields.pop(name, None)
    if raw is None:
        _missing(name)
    ms = _timestamp_ms(name, raw)
    if ms < YEAR_2000_MS:
        raise RecordRejected(
            RejectCode.BEFORE_2000,
            f"{name} is not before 2000-01-01T00:00:00Z; got {_shown(raw)}, which is {iso(ms)}. "
            "Send milliseconds, not seconds, and set the producer's clock.",
        )
    if ms >= YEAR_9000_MS:
        raise RecordRejected(
            RejectCode.IN_THE_FUTURE,
            f"{name} is before 9000-01-01T00:00:00Z; got {_shown(raw)}, which is {iso(ms)}. Send "
            "milliseconds, and set the producer's clock.",
        )
    if 0 <= record_ms < ms - future_skew_ms:
        raise RecordRejected(
            RejectCode.IN_THE_FUTURE,
            f"{name} is at most {future_skew_ms} ms later than its record's Kafka timestamp "
            f"({record_ms}); got {_shown(raw)}, which is {iso(ms)}. Set the producer's clock, or "
            "raise FUTURE_SKEW.",
        )
    return ms


def _timestamp_ms(name: str, raw: msgspec.Raw) -> int:
    value = _value(raw)
    if value is None:
        _missing(name)
    readable = type(value) is str or type(value) is int
    if not readable and _integer_text(raw) is None:
        _wrong_type(name, "ISO-8601 text or an integer", raw)
    try:
        return to_ms(value)
    except ValueError:
        raise RecordRejected(
            RejectCode.BAD_TIMESTAMP,
            f"{name} is ISO-8601 text, or an integer of epoch milliseconds, in the years 1 to "
            f"9999; got {_shown(raw)}. Send it as 2000-01-01T00:00:00.000Z.",
        ) from None
