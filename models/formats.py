"""What the registry tells of a schema, made a reader of payloads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.avro import avro_format
from models.errors import RecordRejected, RejectCode, shown
from models.json_schema import json_schema_format
from models.schema_fault import SchemaFault
from models.wire import Format

_KINDS = {"AVRO": avro_format, "JSON": json_schema_format}


@dataclass(frozen=True, slots=True)
class Registered:
    """A schema as a registry has it.

    Attributes:
        schema_id: Its id.
        kind: ``AVRO``, ``JSON`` or another.
        text: The schema.
        references: The texts of the schemas it refers to, by the names it calls them by; what these
            refer to stands before them.
    """

    schema_id: int
    kind: str
    text: str
    references: Mapping[str, str] = field(default_factory=dict)


def format_of(schema: Registered) -> Format:
    """The format of a schema; for one that can't be used, one that says so of every record."""
    make = _KINDS.get(schema.kind)
    if make is None:
        return _unusable(schema, f"it is of type {shown(schema.kind)}")
    try:
        return make(schema.schema_id, schema.text, schema.references)
    except SchemaFault as fault:
        return _unusable(schema, str(fault))


def _unusable(schema: Registered, why: str) -> Format:
    message = (
        "Payloads are read by an Avro schema (not recursive) or a JSON Schema; schema "
        f"{schema.schema_id} can't be used: {why}. Register one that can, and send by that."
    )

    def refuse(value: bytes) -> bytes:
        raise RecordRejected(RejectCode.UNUSABLE_SCHEMA, message)

    return refuse
