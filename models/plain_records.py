"""Input records as most are, read many at a time: plain text fields, nothing wrong with any.

A call of the decoder for each record costs as much as all decoding. What is read here is what
:mod:`models.records` reads; as soon as one record of the many is not plain, none of them is read
here. A record is plain if its ids are short text, its other fields that are known here are text
or null, its timestamp is in range, and what else it has is not nested.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec.json import Decoder

from models.fields import SURELY_FITS_CHARS, YEAR_2000_MS, YEAR_9000_MS
from models.json_object import MAX_VALUE_BYTES, Fields
from models.records import Click, Purchase
from models.timestamps import from_isos, to_ms
from models.wire import Valued

T = TypeVar("T")


class _Click(msgspec.Struct, gc=False, rename="camel"):
    user_id: str
    timestamp: str | int
    page: str | None = None
    product_id: str | None = None
    user_agent: str | None = None


class _OnlyClick(_Click, gc=False, forbid_unknown_fields=True, rename="camel"):
    pass


class _Purchase(msgspec.Struct, gc=False, rename="camel"):
    user_id: str
    product_id: str
    timestamp: str | int


_CLICK, _ONLY_CLICK, _PURCHASE = Decoder(_Click), Decoder(_OnlyClick), Decoder(_Purchase)
_FIELDS = Decoder(Fields)
_NONE: Fields = {}


def plain_clicks(records: Sequence[Valued], future_skew_ms: int) -> list[Click] | None:
    """Read clicks; None unless all are plain."""
    try:
        lines = _lines(records)
        clicks: Sequence[_Click]
        try:
            clicks = _ONLY_CLICK.decode_lines(lines)
            others = [_NONE] * len(clicks)
        except msgspec.ValidationError:  # most often for a field that is passed on
            clicks, others = _CLICK.decode_lines(lines), _others(lines, _CLICK)
        events = _times(records, [click.timestamp for click in clicks], future_skew_ms)
        _check_ids([click.user_id for click in clicks])
        _check_ids([click.product_id for click in clicks if click.product_id is not None])
    except (ValueError, TypeError, RecursionError):
        return None
    return [
        Click(c.user_id, event_ms, c.page, c.product_id, c.user_agent, extra)
        for c, event_ms, extra in zip(clicks, events, others, strict=True)
    ]


def plain_purchases(records: Sequence[Valued], future_skew_ms: int) -> list[Purchase] | None:
    """Read purchases; None unless all are plain."""
    try:
        lines = _lines(records)
        purchases, others = _PURCHASE.decode_lines(lines), _others(lines, _PURCHASE)
        events = _times(records, [purchase.timestamp for purchase in purchases], future_skew_ms)
        _check_ids([purchase.user_id for purchase in purchases])
        _check_ids([purchase.product_id for purchase in purchases])
    except (ValueError, TypeError, RecursionError):
        return None
    return [
        Purchase(p.user_id, p.product_id, event_ms, extra)
        for p, event_ms, extra in zip(purchases, events, others, strict=True)
    ]


def _lines(records: Sequence[Valued]) -> bytes:
    """The values, a line each.

    Raises:
        TypeError: There is a record without a value.
        ValueError: A value does not begin an object, or is not UTF-8, too large, or nested.
    """
    values = [record.value for record in records]
    lines = b"\n".join(values)  # type: ignore[arg-type]  # as said
    text = lines.decode()
    if not (
        text.count("{") == len(values)
        and not [value for value in values if value[:1] != b"{"]  # type: ignore[index]  # as above
        and "[" not in text
        and max(map(len, values)) <= MAX_VALUE_BYTES  # type: ignore[arg-type]  # as above
    ):
        raise ValueError("a value is not plain")
    return lines


def _others(lines: bytes, decoder: Decoder[Any]) -> list[Fields]:
    known = set(decoder.type.__struct_encode_fields__)
    return [
        {name: raw for name, raw in fields.items() if name not in known}
        for fields in _FIELDS.decode_lines(lines)
    ]


def _times(
    records: Sequence[Valued], timestamps: list[str | int], future_skew_ms: int
) -> list[int]:
    events: list[int]
    try:
        events = from_isos(timestamps)  # type: ignore[arg-type]  # a number is a TypeError
    except (ValueError, TypeError):
        numbers = {*map(type, timestamps)} == {int}
        events = timestamps if numbers else [to_ms(t) for t in timestamps]  # type: ignore[assignment]  # as asked
    if not (
        len(events) == len(records)
        and min(events) >= YEAR_2000_MS
        and max(events) < YEAR_9000_MS
        and not [
            r
            for r, ms in zip(records, events, strict=True)
            if 0 <= r.timestamp < ms - future_skew_ms
        ]
    ):
        raise ValueError("a timestamp is not plain")
    return events


def _check_ids(ids: Iterable[str]) -> None:
    lengths = set(map(len, ids))
    if lengths and not 0 < min(lengths) <= max(lengths) <= SURELY_FITS_CHARS:
        raise ValueError("an id is not plain")
