"""A record in one line for people, or as JSON for machines: pure."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from app.explain.topics import header_of, place_of
from app.topics import (
    CLICK_COUNTS,
    CONVERSION_EVENTS,
    ENRICHED_CLICKS,
    LATE_EVENTS,
    UNATTRIBUTED_PURCHASES,
)
from models.dead_letters import DEAD_LETTERS
from models.stage import InputRecord
from models.timestamps import MAX_MS, iso

#: Bytes of a dead letter that are shown.
_SHOWN_BYTES = 160
#: Characters of a field that are shown.
_SHOWN_CHARS = 120

#: What a terminal could act on, or show as something else.
_NOT_ASCII = re.compile(r"[^\x20-\x7e]+")

Fields = Mapping[str, Any]


def _count(value: Fields) -> str:
    window = f"{value.get('windowStart')} to {value.get('windowEnd')}"
    revision = f", revision {value['revision']}" if "revision" in value else ""
    return f"{window}  {value.get('userId')}  {value.get('clickCount')} clicks{revision}"


def _conversion(value: Fields) -> str:
    click, purchase = value.get("clickTimestamp"), value.get("purchaseTimestamp")
    what = f"{value.get('userId')}  {value.get('productId')}"
    return f"{purchase}  {what}  bought {value.get('timeToPurchase')} s after the click at {click}"


def _unattributed(value: Fields) -> str:
    what = f"{value.get('userId')}  {value.get('productId')}"
    return (
        f"{value.get('purchaseTimestamp')}  {what}  bought without a click  {value.get('purchase')}"
    )


def _late(value: Fields) -> str:
    inner = value.get("record")
    record: Fields = inner if isinstance(inner, dict) else {}
    stage = f"late for {value.get('stage')} by {value.get('lateBy')} s"
    window = f" of {value['windowStart']}" if "windowStart" in value else ""
    who = f"{record.get('timestamp')}  {record.get('userId')}"
    return f"{who}  {stage}{window}  {record.get('sourceRecord')}"


def _click(value: Fields) -> str:
    device = " ".join(str(value[name]) for name in ("device", "browser", "os") if name in value)
    bot = " bot" if value.get("bot") is True else ""
    what = " ".join(str(value[name]) for name in ("page", "productId") if name in value)
    return f"{value.get('timestamp')}  {value.get('userId')}  {what}  ({device}{bot})"


_LINES: Mapping[str, Callable[[Fields], str]] = {
    CLICK_COUNTS: _count,
    CONVERSION_EVENTS: _conversion,
    UNATTRIBUTED_PURCHASES: _unattributed,
    LATE_EVENTS: _late,
    ENRICHED_CLICKS: _click,
}

#: What can be followed.
TOPICS = (*_LINES, DEAD_LETTERS)


def line(short: str, record: InputRecord) -> str:
    """A record in one line, without any control character.

    Args:
        short: Short name of its topic.
        record: One that is no signal.
    """
    if short == DEAD_LETTERS:
        return _letter(record)
    value = decoded(record.value)
    if not isinstance(value, dict):
        return f"{place_of(record)}  not written by this application: {escaped(record.value)}"
    return printable(_LINES[short](_shortened(value)))


def _shortened(value: Fields) -> Fields:
    return {
        name: f"{item[:_SHOWN_CHARS]}…"
        if isinstance(item, str) and len(item) > _SHOWN_CHARS
        else item
        for name, item in value.items()
    }


def _letter(record: InputRecord) -> str:
    written = iso(record.timestamp) if 0 <= record.timestamp <= MAX_MS else "-"
    code, source = header_of(record, "code"), header_of(record, "source")
    told = f"{written}  {source}  {code}: {header_of(record, 'message')}"
    return f"{printable(told)}  {escaped(record.value)}"


def decoded(value: bytes | None) -> Any:
    """A value as JSON; None if it is none."""
    try:
        return msgspec.json.decode(value or b"")
    except (ValueError, RecursionError):  # not JSON, not Unicode, or nested too deep
        return None


def escaped(value: bytes | None) -> str:
    """The start of some bytes: ASCII as it is, all else escaped; safe on any terminal."""
    if value is None:
        return "no value"
    rest = f" … {len(value):,} bytes" if len(value) > _SHOWN_BYTES else ""
    return repr(value[:_SHOWN_BYTES])[2:-1] + rest


def printable(text: str) -> str:
    """Text whose control, format and lone surrogate characters are escaped.

    A record's fields are anybody's: raw, they could move a terminal's cursor, or set its title.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def as_json(record: InputRecord) -> str:
    """The record with its place, time and headers, as one line of ASCII JSON.

    A value that is JSON stands under ``value``, other bytes under ``bytes`` in base64.
    """
    value = decoded(record.value)
    told: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": None if record.key is None else record.key.decode(errors="backslashreplace"),
        "headers": [
            [name, (content or b"").decode(errors="backslashreplace")]
            for name, content in record.headers
        ],
    }
    if value is None and record.value not in {None, b"null"}:
        told["bytes"] = record.value
    else:
        told["value"] = msgspec.Raw(msgspec.json.format(record.value or b"null", indent=-1))
    return _NOT_ASCII.sub(_unicode_escape, msgspec.json.encode(told).decode())


def _unicode_escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[n : n + 2].hex()}" for n in range(0, len(units), 2))


def wanted(short: str, record: InputRecord, user: str | None) -> bool:
    """Whether a record is shown: signals are not, nor are those of other users."""
    if record.value is None and short != DEAD_LETTERS:
        return False
    if user is None or record.key == user.encode():
        return True
    value = decoded(record.value) if short == DEAD_LETTERS else None
    return isinstance(value, dict) and str(value.get("userId")) == user
