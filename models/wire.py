"""Input records in the wire format of schema registries: a zero byte, a schema's id, the payload.

What such a record holds is told by its schema alone; how payloads of a schema are turned into the
JSON object that a plain record would have as its value is that schema's :data:`Format`. Which
schemas there are is told by the registry, before a step: a stage looks them up in a mapping.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

import msgspec

from models.errors import RecordRejected, RejectCode
from models.json_object import MAX_VALUE_BYTES

#: The first byte: no JSON text begins with it.
MAGIC = b"\0"
#: Bytes of the head: the magic byte and the id, a big-endian signed integer.
HEAD_BYTES = 5

_HEAD = struct.Struct(">xi")

#: Gives the JSON text of a value in the wire format; raises RecordRejected if it has none.
Format: TypeAlias = Callable[[bytes], bytes]
#: The formats of the schemas that are known, by their ids.
Formats: TypeAlias = Mapping[int, Format]


class Valued(Protocol):
    """What is looked at in a record that is read."""

    @property
    def value(self) -> bytes | None:
        """Its value."""

    @property
    def timestamp(self) -> int:
        """Its Kafka timestamp in epoch ms; negative if it has none."""


class Opened(msgspec.Struct, frozen=True, gc=False):
    """A record with the JSON text that it holds."""

    value: bytes
    timestamp: int


def schema_id(value: bytes | None) -> int | None:
    """The id of a value's schema; None if the value is not in the wire format."""
    if value is None or value[:1] != MAGIC or not HEAD_BYTES <= len(value) <= MAX_VALUE_BYTES:
        return None
    return _id_in(value[:HEAD_BYTES])


def missing(records: Iterable[Valued], formats: Formats) -> set[int]:
    """The ids of schemas that records name and that are not known."""
    values = [record.value for record in records]
    wired = {value[:HEAD_BYTES] for value in values if value and value[:1] == MAGIC}
    return {found for head in wired if (found := schema_id(head)) is not None} - formats.keys()


def opened(value: bytes | None, formats: Formats | None) -> bytes | None:
    """The JSON text that a value holds: itself, if it is not in the wire format.

    Args:
        value: A record's value.
        formats: The formats of the schemas that the registry knows; None: there is no registry.

    Raises:
        RecordRejected: no_registry, unknown_schema, or what the format says of the value.
    """
    found = schema_id(value)
    if found is None or value is None:
        return value
    if formats is None:
        raise RecordRejected(
            RejectCode.NO_REGISTRY,
            "A value in the wire format of a schema registry is read with one; got schema "
            f"{found}, and none is set. Set CLICKSTREAM_SCHEMA_REGISTRY to its URL, then redrive; "
            "or send plain JSON, in UTF-8.",
        )
    if (read := formats.get(found)) is None:
        raise RecordRejected(
            RejectCode.UNKNOWN_SCHEMA,
            f"A value names a schema that the registry knows; got the id {found}, and it, or "
            "what it refers to, is not known there. Register the schema, or correct the "
            "producer's registry, then redrive.",
        )
    return read(value)


def opened_all(records: Sequence[Valued], formats: Formats | None) -> list[Opened] | None:
    """Records with the JSON texts that they hold, as :func:`opened` gives them.

    Returns:
        None if one of them can't be opened, or all are plain.
    """
    if not formats:
        return None
    values = [record.value or b"" for record in records]
    heads = {value[:HEAD_BYTES] for value in values if value[:1] == MAGIC}
    if not heads or max(map(len, values)) > MAX_VALUE_BYTES:
        return None
    ids = {head: _id_in(head) for head in heads if len(head) == HEAD_BYTES}
    readers = {head: formats[found] for head, found in ids.items() if found in formats}
    try:
        texts = [v if v[:1] != MAGIC else readers[v[:HEAD_BYTES]](v) for v in values]
    except (RecordRejected, KeyError):
        return None
    return [Opened(text, r.timestamp) for text, r in zip(texts, records, strict=True)]


def _id_in(head: bytes) -> int:
    (found,) = _HEAD.unpack(head)
    return int(found)
