"""What readers make of lines: records for Kafka, and lines that can't be records."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import msgspec

from app.inputs.lines import MAX_LINE_BYTES
from models.errors import RejectCode

TOO_LONG = "line_too_long"
BAD_COLUMNS = "bad_columns"

_NUMBER = re.compile(r"\d{9,}(?:\.\d+)?")


class Row(NamedTuple):
    """One record for an input topic.

    Attributes:
        line: Number of its (first) line, from 1.
        topic: Short name of the topic.
        key: The bytes of userId where there is one.
        value: A JSON value; whether it keeps the record rules is judged by the application.
    """

    line: int
    topic: str
    key: bytes | None
    value: bytes


class Unreadable(NamedTuple):
    """A line that can't be turned into a record.

    Attributes:
        line: Its number, from 1.
        raw: Its bytes, cut after ``MAX_LINE_BYTES``.
        code: A stable code for the rule it breaks.
        message: The rule, what was got, the remedy.
    """

    line: int
    raw: bytes
    code: str
    message: str


Item = Row | Unreadable


class Reader(Protocol):
    """Iterates over what the lines hold: None for one that is blank or not asked for."""

    def __iter__(self) -> Iterator[Item | None]: ...


@dataclass(frozen=True, slots=True)
class Fields:
    """How columns and fields of the input become fields of the record.

    Attributes:
        mapping: Our name to theirs; the rest keeps its name.
        epoch_s: Whether numbers in ``timestamp`` are seconds; they are milliseconds otherwise.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    epoch_s: bool = False

    def renamed(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record under our names; where a name clashes with a mapped one, the mapped wins."""
        if not self.mapping:
            return record
        ours = {name: record[theirs] for name, theirs in self.mapping.items() if theirs in record}
        dropped = {*self.mapping, *self.mapping.values()}
        return ours | {name: value for name, value in record.items() if name not in dropped}

    def in_ms(self, timestamp: object) -> object:
        """A number of seconds or milliseconds, also as text, as milliseconds; else as it is."""
        if isinstance(timestamp, str) and _NUMBER.fullmatch(timestamp):
            timestamp = float(timestamp) if "." in timestamp else int(timestamp)
        if isinstance(timestamp, bool) or not isinstance(timestamp, int | float):
            return timestamp
        return round(timestamp * 1000) if self.epoch_s else int(timestamp)


def key_of(user: object) -> bytes | None:
    """The Kafka key of a userId: its text's bytes, or None where it is no id."""
    if isinstance(user, str):
        return user.encode("utf-8", "replace") or None
    if isinstance(user, int) and not isinstance(user, bool):
        return str(user).encode()
    return None


def row(line: int, topic: str, record: dict[str, Any], raw: bytes) -> Item:
    """The record of a line, or why there is none."""
    try:
        value = msgspec.json.encode(record)
    except UnicodeEncodeError:
        return Unreadable(
            line,
            raw,
            RejectCode.NOT_UNICODE,
            "Text must be UTF-8; this line is not. Convert the file, as with iconv.",
        )
    if len(value) > MAX_LINE_BYTES:
        return too_long(line, raw)
    return Row(line, topic, key_of(record.get("userId")), value)


def too_long(line: int, raw: bytes) -> Unreadable:
    """A line that is longer than a record may be."""
    return Unreadable(
        line,
        raw[:MAX_LINE_BYTES],
        TOO_LONG,
        f"A record has at most {MAX_LINE_BYTES} bytes; this line is longer, and cut here. "
        "Split it.",
    )
