"""Whether an input record is acceptable, by the standard library alone.

For the few records that SQL could not read, or whose place is in doubt: the design's list of what a
dead letter is, word by word.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

#: Bytes of a value, of an id; objects and arrays inside each other.
_MAX_VALUE, _MAX_ID, _MAX_DEPTH = 1_048_576, 256, 128
#: 2000-01-01T00:00:00Z.
_YEAR_2000_MS = 946_684_800_000
#: 8999-12-31T23:59:59.999Z.
_LAST_MS = 221_845_391_999_999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of an input record.

    Attributes:
        good: Whether it is acceptable; else it is a dead letter.
        user_id: The user, of a good one.
        product_id: The product, if any.
        event_ms: Its event time.
    """

    good: bool
    user_id: str | None = None
    product_id: str | None = None
    event_ms: int | None = None


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


class _BadError(Exception):
    """The record is a dead letter."""


def judge(kind: str, value: bytes | None, recorded_ms: int, future_skew_ms: int) -> Verdict:
    """Judge a record.

    Args:
        kind: ``clicks`` or ``purchases``.
        value: Its value.
        recorded_ms: Its own Kafka timestamp; negative if it has none.
        future_skew_ms: How far its event may lie beyond that.
    """
    try:
        fields = _object(value)
        user = _id(fields, "userId", required=True)
        product = _id(fields, "productId", required=kind == "purchases")
        event_ms = _event(fields.get("timestamp"), recorded_ms, future_skew_ms)
        if kind == "clicks":
            _texts(fields, "page", "userAgent")
    except (_BadError, RecursionError):  # the latter: nested beyond any limit
        return Verdict(good=False)
    return Verdict(good=True, user_id=user, product_id=product, event_ms=event_ms)


def _object(value: bytes | None) -> dict[str, Any]:
    if value is None or len(value) > _MAX_VALUE:
        raise _BadError
    try:
        found = json.loads(
            value.decode(), parse_int=_Number, parse_float=_Number, parse_constant=_refuse
        )
        _walk(found)
    except ValueError:  # of JSON and of Unicode
        raise _BadError from None
    if not isinstance(found, dict):
        raise _BadError
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _walk(found: object) -> None:
    """Look at every text (it must be Unicode) and at the depth."""
    level, depth = [found], 1
    while level:
        inside: list[object] = []
        for item in level:
            if isinstance(item, str):
                item.encode()
            elif isinstance(item, dict):
                inside += [*item, *item.values()]
            elif isinstance(item, list):
                inside += item
            if depth > _MAX_DEPTH and isinstance(item, dict | list):
                raise _BadError
        level, depth = inside, depth + 1


def _integer(value: object) -> str | None:
    if isinstance(value, _Number) and value.removeprefix("-").isdecimal():
        return "0" if value == "-0" else str(value)
    return None


def _id(fields: dict[str, Any], name: str, *, required: bool) -> str | None:
    value = fields.get(name)
    if value is None and not required:
        return None
    text = _integer(value)
    if text is None and type(value) is str:
        text = value
    if text is None or not 0 < len(text.encode()) <= _MAX_ID:
        raise _BadError
    return text


def _texts(fields: dict[str, Any], *names: str) -> None:
    if any(fields.get(name) is not None and type(fields[name]) is not str for name in names):
        raise _BadError


def _event(value: object, recorded_ms: int, future_skew_ms: int) -> int:
    event_ms = _instant(value)
    if not _YEAR_2000_MS <= event_ms <= _LAST_MS:
        raise _BadError
    if 0 <= recorded_ms < event_ms - future_skew_ms:
        raise _BadError
    return event_ms


def _instant(value: object) -> int:
    if (number := _integer(value)) is not None and len(number) < 20:  # noqa: PLR2004 digits of any instant
        return int(number)
    if type(value) is not str:
        raise _BadError
    try:
        moment = datetime.fromisoformat(value)
        at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (at - _EPOCH) // _MS
    except (ValueError, OverflowError):
        raise _BadError from None
