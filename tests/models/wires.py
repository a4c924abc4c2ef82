"""Values in the wire format, as producers write them."""

import io
import json
import struct
from typing import Any

import fastavro

from models.formats import Registered, format_of
from models.wire import Format


def head(schema_id: int) -> bytes:
    """What a value begins with."""
    return struct.pack(">bi", 0, schema_id)


def wired(schema_id: int, value: object) -> bytes:
    """A value in JSON."""
    return head(schema_id) + json.dumps(value).encode()


def avro(schema_id: int, schema: Any, value: Any) -> bytes:
    """A value in Avro."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return head(schema_id) + out.getvalue()


def avro_format(schema: Any, *references: Any) -> Format:
    """The format of an Avro schema with the id 1."""
    named = {str(number): json.dumps(other) for number, other in enumerate(references)}
    return format_of(Registered(1, "AVRO", json.dumps(schema), named))


def json_format(schema: Any, **references: Any) -> Format:
    """The format of a JSON Schema with the id 1."""
    named = {name: json.dumps(other) for name, other in references.items()}
    return format_of(Registered(1, "JSON", json.dumps(schema), named))


def record(*fields: tuple[str, Any], name: str = "R") -> dict[str, Any]:
    """An Avro record."""
    return {"type": "record", "name": name, "fields": [{"name": n, "type": t} for n, t in fields]}
