"""Payloads in Avro, turned into the JSON object that a plain record would have.

By the type of a field:

- null, boolean, int, long, float, double, string, enum, record, array, map: what JSON has for it;
  an infinity or NaN is null. Of a union the value alone.
- timestamps, local ones too, of any precision: epoch milliseconds, cut.
- date: ``YYYY-MM-DD``. decimal: its text, with as many digits behind the point as the scale says.
- bytes and fixed: base64 (RFC 4648, with padding).
- Other logical types: as the type that they are written as.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import MAX_PREC, Context, Decimal
from io import BytesIO
from typing import Any

import fastavro
import msgspec
from fastavro.read import LOGICAL_READERS

from models.avro_shape import check_shape
from models.schema_fault import SchemaFault, mismatch
from models.wire import HEAD_BYTES, Format

_encode = msgspec.json.Encoder().encode

_ROOT = "clickstream_root"

#: Bytes of a decimal, and digits behind its point: far more than anybody counts, and soon written.
_MAX_DECIMAL, _MAX_SCALE = 1_000, 1_000
_EXACT = Context(prec=MAX_PREC)

#: Day 0 of Avro's dates is 1970-01-01.
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def _decimal(data: bytes, schema: Any, _: Any) -> str:
    if len(data) > _MAX_DECIMAL:
        raise ValueError(f"a decimal has at most {_MAX_DECIMAL} bytes")
    number = Decimal(int.from_bytes(data, "big", signed=True))
    return format(number.scaleb(-schema.get("scale", 0), _EXACT), "f")


def _date(data: int, *_: Any) -> str | int:
    """The day; its number, where it lies outside the years 1 to 9999."""
    try:
        return date.fromordinal(_EPOCH_DAY + data).isoformat()
    except (ValueError, OverflowError):
        return data


#: How what is written is read, by our own names for logical types: fastavro's stay as they are.
_READERS: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "long-clickstream-micros": lambda data, *_: data // 1_000,
    "long-clickstream-nanos": lambda data, *_: data // 1_000_000,
    "int-clickstream-date": _date,
    "bytes-clickstream-decimal": _decimal,
    "fixed-clickstream-decimal": _decimal,
}
LOGICAL_READERS.update(_READERS)

#: Logical types that are not read as the type they are written as, and our names for them.
_OURS = {
    "timestamp-micros": "clickstream-micros",
    "local-timestamp-micros": "clickstream-micros",
    "timestamp-nanos": "clickstream-nanos",
    "local-timestamp-nanos": "clickstream-nanos",
    "date": "clickstream-date",
    "decimal": "clickstream-decimal",
}


def avro_format(schema_id: int, text: str, references: Mapping[str, str]) -> Format:
    """The format of an Avro schema.

    Args:
        schema_id: Its id.
        text: The schema.
        references: The schemas of types that it refers to; those that others refer to come first.

    Raises:
        SchemaFault: It can't be used.
    """
    schema, wrapped = _parsed(text, references)

    def read(value: bytes) -> bytes:
        stream = BytesIO(value)
        stream.seek(HEAD_BYTES)
        try:
            found: Any = fastavro.schemaless_reader(stream, schema, None)
        except Exception as error:  # noqa: BLE001 whatever its bytes make the decoder raise
            why = f"{type(error).__name__}: {error}"
            raise mismatch(schema_id, why, value[HEAD_BYTES:]) from None
        if stream.tell() != len(value):
            why = f"{len(value) - stream.tell()} bytes too many"
            raise mismatch(schema_id, why, value[HEAD_BYTES:])
        return _encode(found[_ROOT] if wrapped else found)

    return read


def _parsed(text: str, references: Mapping[str, str]) -> tuple[Any, bool]:
    """The schema as fastavro reads it, and whether that is a record about the real one.

    Of one that is but a name, or a union of names, fastavro would not find what is named. A record
    of one field is written as that field.
    """
    named: dict[str, Any] = {}
    try:
        for other in references.values():
            fastavro.parse_schema(_ours(json.loads(other)), named_schemas=named)
        root = _ours(json.loads(text))
        wrapped = not isinstance(root, dict)
        if wrapped:
            root = {"type": "record", "name": _ROOT, "fields": [{"name": _ROOT, "type": root}]}
        schema = fastavro.parse_schema(root, named_schemas=named)
        check_shape(schema, named)
    except SchemaFault:
        raise
    except Exception as error:  # noqa: BLE001 whatever a strange schema makes the parser raise
        why = f"{type(error).__name__}: {str(error)[:100]}"
        raise SchemaFault(f"it is no Avro schema ({why})") from None
    return schema, wrapped


def _ours(node: Any) -> Any:
    """A schema whose logical types are read as said above."""
    if isinstance(node, list):
        return [_ours(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = ("type", "items", "values", "fields")
    found = {name: _ours(item) if name in inner else item for name, item in node.items()}
    logical = found.pop("logicalType", None)
    if logical == "decimal" and not 0 <= found.get("scale", 0) <= _MAX_SCALE:
        raise SchemaFault(f"a decimal's scale is 0 to {_MAX_SCALE}, not {found['scale']}")
    return found | {"logicalType": _OURS[logical]} if logical in _OURS else found
