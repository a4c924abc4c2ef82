"""The audit reads the wire format apart from the stages, and comes to the same verdicts."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audit import wired
from app.audit.errors import AuditError
from app.audit.judge import judge
from app.registry.security import SchemaRegistry
from dev.kafka.ports import HOST, free_port
from models.errors import RecordRejected
from models.formats import Registered, format_of
from models.records import parse_click
from models.wire import opened
from tests.models.fakes import DAY, HOUR
from tests.models.wires import avro, head, record
from tests.models.wires import wired as in_json


def logical(kind: str, logical_type: str, **more: Any) -> dict[str, Any]:
    """A logical type."""
    return {"type": kind, "logicalType": logical_type, **more}


DECIMAL = logical("bytes", "decimal", precision=9, scale=2)
#: By id: each reads what the others write, or fails.
SCHEMAS = {
    1: record(("userId", "string"), ("timestamp", logical("long", "timestamp-millis"))),
    2: record(("userId", ["null", "long"]), ("timestamp", logical("long", "timestamp-micros"))),
    3: record(("userId", DECIMAL), ("timestamp", logical("int", "date")), ("page", "double")),
    4: record(("userId", "bytes"), ("timestamp", "string"), ("page", ["null", "string"])),
    5: record(("timestamp", ["null", logical("long", "local-timestamp-nanos")]), ("userId", "int")),
    6: record(("userId", "R")),
    7: {"type": "array", "items": "string"},
    8: {"required": ["page"], "properties": {"userId": {"type": "string", "maxLength": 3}}},
    9: {"$ref": "http://127.0.0.1:1/nowhere"},
    10: "nonsense",
    13: ["A", "B"],
}
#: Of schema 13: what a topic with several types of records has.
BRANCHES = {
    name: record(("userId", kind), ("timestamp", logical("long", "timestamp-micros")), name=name)
    for name, kind in (("A", DECIMAL), ("B", "string"))
}
REFERENCES = {13: {name: json.dumps(schema) for name, schema in BRANCHES.items()}}
REGISTERED = {
    n: Registered(n, "JSON" if n in {8, 9} else "AVRO", json.dumps(s), REFERENCES.get(n, {}))
    for n, s in SCHEMAS.items()
} | {11: Registered(11, "PROTOBUF", "message M {}")}
FORMATS = {n: format_of(schema) for n, schema in REGISTERED.items()}
READERS = {n: wired._reader(schema) for n, schema in REGISTERED.items()}

#: What schema 3 is without its logical types.
RAW = record(("u", "bytes"), ("t", "int"), ("p", "double"))
#: What the branches of schema 13 are without theirs.
BYTES, TEXT = (record(("u", kind), ("t", "long")) for kind in ("bytes", "string"))
CLICK = b'{"userId":"u","timestamp":1704067200000,"page":"x","more":%b}'
VALUES: list[bytes] = [
    avro(1, SCHEMAS[1], {"userId": "u", "timestamp": DAY}),
    avro(1, SCHEMAS[1], {"userId": "", "timestamp": DAY}),
    avro(2, record(("u", ["null", "long"]), ("t", "long")), {"u": -5, "t": DAY * 1_000 + 999}),
    avro(2, record(("u", ["null", "long"]), ("t", "long")), {"u": None, "t": DAY * 1_000}),
    avro(3, RAW, {"u": b"\x04", "t": 19_000, "p": float("nan")}),
    avro(3, RAW, {"u": b"\x04", "t": 2**31 - 1, "p": 1.5}),
    avro(4, SCHEMAS[4], {"userId": b"\xff", "timestamp": "2023-12-31", "page": "é"}),
    avro(5, record(("t", ["null", "long"]), ("u", "int")), {"t": DAY * 1_000_000 + 1, "u": 0}),
    in_json(8, {"userId": "u", "timestamp": DAY, "page": "x"}),
    in_json(8, {"userId": "user", "timestamp": DAY, "page": "x"}),
    in_json(8, {"userId": "u", "timestamp": DAY}),
    in_json(8, {"userId": "u", "timestamp": DAY, "page": None}),
    in_json(9, {"userId": "u", "timestamp": DAY}),
    in_json(12, {"userId": "u", "timestamp": DAY}),
    in_json(-1, {"userId": "u", "timestamp": DAY}),
    head(8) + CLICK % b"1e99999999999999999999",
    head(8) + CLICK % (b"1" * 5_000),
    head(13) + b"\0" + avro(0, BYTES, {"u": b"\x04", "t": DAY * 1_000})[5:],
    head(13) + b"\2" + avro(0, TEXT, {"u": "u", "t": DAY * 1_000})[5:],
    head(11) + b"x",
]  # fmt: skip


def verdicts(value: bytes) -> tuple[Any, Any]:
    """Of the stage, and of the audit: user and time, or None."""
    try:
        click = parse_click(opened(value, FORMATS), DAY, HOUR)
        stage = (click.user_id, click.product_id, click.timestamp_ms)
    except RecordRejected:
        stage = None
    read = wired._opened(value, READERS) if wired.is_wired(value) else value
    found = judge("clicks", read, DAY, HOUR)
    return stage, (found.user_id, found.product_id, found.event_ms) if found.good else None


@pytest.mark.parametrize("value", VALUES)
def test_audit_and_stage_agree_on_a_record(value: bytes) -> None:
    """On whether it is good, whose it is and when it happened."""
    stage, audit = verdicts(value)
    assert stage == audit


def test_the_records_that_are_compared_are_of_both_kinds() -> None:
    """Good ones, and dead letters."""
    good = [verdicts(value)[0] is not None for value in VALUES]
    assert (9, 11) == (sum(good), len(good) - sum(good))


@settings(max_examples=400)
@given(st.integers(0, 13), st.binary(max_size=40))
def test_audit_and_stage_agree_on_any_bytes(schema_id: int, payload: bytes) -> None:
    """Under any schema, also one that is not known or of no use."""
    stage, audit = verdicts(head(schema_id) + payload)
    assert stage == audit


def test_an_audit_without_an_answer_of_the_registry_is_none() -> None:
    """It would tell differences that are not there."""
    registry = SchemaRegistry(CLICKSTREAM_SCHEMA_REGISTRY=f"http://{HOST}:{free_port()}")  # type: ignore[call-arg]  # by alias
    with pytest.raises(AuditError, match="which the audit must know"):
        asyncio.run(wired.opener(registry)([VALUES[0]]))


def test_without_a_registry_nothing_in_its_format_is_good() -> None:
    """As for the stages; values in no such format are left alone."""
    found = asyncio.run(wired.opener(SchemaRegistry())([VALUES[0], b"{}", None]))
    assert {VALUES[0]: None} == found
