"""Input records in the wire format of schema registries, read apart from the stages.

The registry is asked anew. Of Avro only the five fields that a verdict rests on are given a meaning
here, from raw values, while the stages convert whole payloads.
"""

import base64
import json
import math
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import date, timedelta
from decimal import MAX_PREC, Context, Decimal
from io import BytesIO
from typing import Any, TypeAlias

import fastavro
import jsonschema_rs

from app.audit.errors import AuditError
from app.registry.client import RegistryClient, RegistryError
from app.registry.security import SchemaRegistry
from models.avro_shape import check_shape
from models.formats import Registered

#: A value's JSON text; None of one that nobody could read.
Read: TypeAlias = Callable[[bytes], bytes | None]
#: Gives the JSON texts of those among values that are in the wire format.
Opened: TypeAlias = Mapping[bytes | None, bytes | None]
Open: TypeAlias = Callable[[Iterable[bytes | None]], Coroutine[Any, Any, Opened]]

_HEAD = 5
_MAX_VALUE = 1_048_576
_FIELDS = ("userId", "productId", "timestamp", "page", "userAgent")
_EXACT = Context(prec=MAX_PREC)
#: How many of a logical type make a millisecond.
_A_MS = {"millis": 1, "micros": 1_000, "nanos": 1_000_000}


def opener(settings: SchemaRegistry) -> Open:
    """What opens values by the registry that is set."""

    async def open_all(values: Iterable[bytes | None]) -> Opened:
        wired = {value for value in values if value is not None and is_wired(value)}
        readers = await _readers(settings, {_id(value) for value in wired})
        return {value: _opened(value, readers) for value in wired}

    return open_all


def is_wired(value: bytes) -> bool:
    """Whether a value is in the wire format."""
    return value[:1] == b"\0" and _HEAD <= len(value) <= _MAX_VALUE


def _id(value: bytes) -> int:
    return int.from_bytes(value[1:_HEAD], "big", signed=True)


def _opened(value: bytes, readers: Mapping[int, Read]) -> bytes | None:
    read = readers.get(_id(value))
    return None if read is None else read(value[_HEAD:])


async def _readers(settings: SchemaRegistry, ids: set[int]) -> dict[int, Read]:
    if settings.schema_registry is None or not ids:
        return {}
    try:
        async with RegistryClient.connected(settings) as client:
            found = [await client.schema(schema_id) for schema_id in sorted(ids)]
    except RegistryError as error:
        raise AuditError(f"Records name schemas, which the audit must know. {error}") from None
    return {schema.schema_id: _reader(schema) for schema in found if schema is not None}


def _reader(schema: Registered) -> Read:
    make = {"AVRO": _avro, "JSON": _json}.get(schema.kind)
    try:
        if make is not None:
            return make(schema)
    except Exception:  # noqa: BLE001 whatever a strange schema makes the library raise
        return lambda _: None
    return lambda _: None


def _json(schema: Registered) -> Read:
    others = [(name, json.loads(text)) for name, text in schema.references.items()]
    registry = jsonschema_rs.Registry(others, retriever=_refuse) if others else None
    validator = jsonschema_rs.validator_for(
        json.loads(schema.text), registry=registry, retriever=_refuse
    )

    def read(payload: bytes) -> bytes | None:
        try:
            fits = validator.is_valid(json.loads(payload, parse_float=Decimal))
        except (ValueError, RecursionError, ArithmeticError):
            return None  # no JSON, or nested or large beyond any limit: a dead letter in any case
        return payload if fits else None

    return read


def _refuse(uri: str) -> Any:
    raise ValueError(uri)


def _avro(schema: Registered) -> Read:
    named: dict[str, Any] = {}
    for text in schema.references.values():
        fastavro.parse_schema(_bare(json.loads(text)), named_schemas=named)
    root = {"name": "root", "type": _bare(json.loads(schema.text))}
    # A record of one field is written as that field; fastavro reads no names by themselves.
    parsed: Any = fastavro.parse_schema(
        {"type": "record", "name": "clickstream_audit_root", "fields": [root]}, named_schemas=named
    )
    check_shape(parsed, named)  # or a payload could end this process

    def read(payload: bytes) -> bytes | None:
        stream = BytesIO(payload)
        try:
            found: Any = fastavro.schemaless_reader(stream, parsed, None, return_record_name=True)
        except Exception:  # noqa: BLE001 whatever its bytes make the decoder raise
            return None
        if stream.tell() != len(payload):
            return None
        return _looked_at(found["root"], parsed["fields"][0]["type"], named)

    return read


def _looked_at(value: Any, kind: Any, named: Mapping[str, Any]) -> bytes | None:
    """The fields that a verdict rests on; None of what is no record."""
    if isinstance(value, tuple):  # a branch of a union: its name, and the record
        kind, value = value
    if not isinstance(value, dict):
        return None
    record = named[kind] if isinstance(kind, str) else kind
    types = {field["name"]: field["type"] for field in record["fields"]}
    found = {name: _meant(value[name], types[name], named) for name in _FIELDS if name in types}
    return json.dumps(found, default=lambda _: {}).encode()


def _bare(node: Any) -> Any:
    """A schema whose logical types are only noted: its values stay as they are written."""
    if isinstance(node, list):
        return [_bare(item) for item in node]
    if isinstance(node, dict):
        return {
            "noted" if name == "logicalType" else name: _bare(item) for name, item in node.items()
        }
    return node


def _meant(value: Any, types: Any, named: Mapping[str, Any]) -> Any:
    """What a field's raw value means, by the logical type among its types."""
    for each in types if isinstance(types, list) else [types]:
        kind = named.get(each, {}) if isinstance(each, str) else each
        logical = kind.get("noted", "")
        if isinstance(value, bytes) and logical == "decimal":
            number = Decimal(int.from_bytes(value, "big", signed=True))
            return format(number.scaleb(-kind.get("scale", 0), _EXACT), "f")
        if isinstance(value, int) and logical == "date":
            return _day(value)
        if isinstance(value, int) and "timestamp-" in logical:
            return value // _A_MS[logical.rpartition("-")[2]]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _day(number: int) -> str | int:
    try:
        return str(date(1970, 1, 1) + timedelta(days=number))
    except OverflowError:
        return number
