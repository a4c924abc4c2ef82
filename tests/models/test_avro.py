"""Laws of payloads in Avro: the JSON that they become, and what is refused."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import RecordRejected
from tests.models.wires import avro, avro_format, head, record

NOON = datetime(2024, 2, 29, 12, 0, 0, 123_456, tzinfo=UTC)
NOON_MS = 1_709_208_000_123
UUID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


def logical(kind: str, logical_type: str, **more: Any) -> dict[str, Any]:
    """A logical type."""
    return {"type": kind, "logicalType": logical_type, **more}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("string", "é", "é"),
        ("long", 2**63 - 1, 2**63 - 1),
        ("double", 1.5, 1.5),
        ("double", float("nan"), None),
        ("boolean", True, True),
        (["null", "string"], None, None),
        (["null", "string"], "x", "x"),
        ([record(("a", "int"), name="A"), "string"], {"a": 1}, {"a": 1}),
        ({"type": "array", "items": ["int", "string"]}, [1, "x"], [1, "x"]),
        (
            {"type": "map", "values": record(("a", "int"), name="A")},
            {"k": {"a": 1}},
            {"k": {"a": 1}},
        ),
        ({"type": "enum", "name": "E", "symbols": ["X", "Y"]}, "Y", "Y"),
        ("bytes", b"\x00\xff", "AP8="),
        ({"type": "fixed", "name": "F", "size": 2}, b"\x00\xff", "AP8="),
        (logical("long", "timestamp-millis"), NOON, NOON_MS),
        (logical("long", "timestamp-micros"), NOON, NOON_MS),
        (logical("long", "local-timestamp-millis"), NOON.replace(tzinfo=None), NOON_MS),
        (logical("long", "local-timestamp-micros"), NOON.replace(tzinfo=None), NOON_MS),
        (logical("long", "timestamp-nanos"), NOON_MS * 1_000_000 + 999_999, NOON_MS),
        (["null", logical("long", "timestamp-micros")], NOON, NOON_MS),
        (logical("int", "date"), date(2024, 2, 29), "2024-02-29"),
        (logical("bytes", "decimal", precision=9, scale=2), Decimal("-12.50"), "-12.50"),
        (logical("bytes", "decimal", precision=20, scale=10), Decimal(0), "0.0000000000"),
        (logical("bytes", "decimal", precision=40, scale=1), Decimal(10**38), f"{10**38}.0"),
        (logical("fixed", "decimal", name="D", size=4, precision=4), Decimal(7), "7"),
        (logical("string", "uuid"), UUID, UUID),
        (logical("string", "nobody-knows"), "x", "x"),
    ],
)
def test_each_type_becomes_what_json_has_for_it(kind: Any, value: Any, expected: Any) -> None:
    """Timestamps are epoch ms, decimals and dates text, bytes base64."""
    schema = record(("f", kind))
    found = avro_format(schema)(avro(1, schema, {"f": value}))
    assert {"f": expected} == json.loads(found)


def test_a_timestamp_before_the_epoch_is_cut_towards_the_past() -> None:
    """As finer ones are everywhere: one microsecond before 1970 is in the last ms of 1969."""
    schema = record(("f", "long"))
    told = avro_format(record(("f", logical("long", "timestamp-micros"))))
    assert b'{"f":-1}' == told(avro(1, schema, {"f": -1}))


def test_types_of_other_schemas_are_found_by_their_names() -> None:
    """References come in the order in which they need each other."""
    inner = record(("a", "int"), name="Inner")
    middle = record(("i", "Inner"), name="Middle")
    schema = record(("m", "Middle"))
    whole = record(("m", record(("i", inner), name="Middle")))
    value = {"m": {"i": {"a": 5}}}
    assert value == json.loads(avro_format(schema, inner, middle)(avro(1, whole, value)))


def test_a_schema_may_be_a_name_or_a_union_of_names_of_other_schemas() -> None:
    """As of topics with several types of records: the branch tells which one it is."""
    click = record(("a", "int"), name="Click")
    view = record(("c", "Click"), name="View")
    both = avro_format(["Click", "View"], click, view)
    assert b'{"a":5}' == both(head(1) + b"\0\x0a")
    assert b'{"c":{"a":5}}' == both(head(1) + b"\2\x0a")
    assert b'{"c":{"a":5}}' == avro_format("View", click, view)(head(1) + b"\x0a")


def test_a_record_may_be_called_as_one_of_ours() -> None:
    """Names are the producers' own."""
    read = avro_format(record(("a", "int"), name="clickstream_root"))
    assert b'{"a":5}' == read(head(1) + b"\x0a")


FITS = avro(1, record(("f", "string")), {"f": "text"})


@pytest.mark.parametrize("value", [FITS[:-1], FITS + b"x", head(1), head(1) + b"\x04\xff\xff"])
def test_a_payload_that_does_not_fit_its_schema_is_refused(value: bytes) -> None:
    """Too short, too long, nothing, or text that is not UTF-8."""
    with pytest.raises(RecordRejected) as rejected:
        avro_format(record(("f", "string")))(value)
    assert "schema_mismatch" == rejected.value.code
    assert "schema 1" in rejected.value.message


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (record(("next", ["null", "R"])), "holds itself"),
        (record(("all", {"type": "map", "values": {"type": "array", "items": "R"}})), "itself"),
        ({"type": "array", "items": "null"}, "endless"),
        ({"type": "array", "items": record(("n", "null"), name="N")}, "endless"),
        ({"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}}, "endless"),
        (record(("f", "Unheard")), "UnknownType"),
        ({"type": "record", "fields": []}, "no Avro schema"),
        ({"type": {"type": {"type": []}}}, "no Avro schema"),
        (5, "no Avro schema"),
        (record(("d", logical("bytes", "decimal", precision=2_000, scale=2_000))), "scale is 0 to"),
    ],
)
def test_a_schema_without_bounds_or_sense_is_said_to_be_unusable(schema: Any, why: str) -> None:
    """Its decoder would go down the process's stack, or fill its memory, for a small payload."""
    with pytest.raises(RecordRejected) as rejected:
        avro_format(schema)(head(1) + b"\x02" * 1_000)
    assert "unusable_schema" == rejected.value.code
    assert why in rejected.value.message


def _doubled(levels: int, *last: tuple[str, Any], name: str = "R") -> Any:
    """Records of two of the next level each: the last is there 2 ** levels times."""
    inner = record(*last, name=f"{name}{levels}")
    for level in reversed(range(levels)):
        inner = record(("a", inner), ("b", f"{name}{level + 1}"), name=f"{name}{level}")
    return inner


@pytest.mark.parametrize(
    ("schema", "payload"),
    [
        (_doubled(60), b""),
        (record(("none", _doubled(60)), ("some", _doubled(60, ("i", "int"), name="S"))), b""),
        ({"type": "array", "items": _doubled(8, ("n", "null"))}, b"\2\0\0"),
        ({"type": "array", "items": record(("n" * 5_000, "int"))}, b"\0"),
        ({"type": "map", "values": _doubled(8)}, b"\0"),
        ({"type": "array", "items": logical("bytes", "decimal", precision=4, scale=999)}, b"\0"),
        ([_doubled(60), "int"], b"\2\2"),
    ],
)
def test_a_schema_that_blows_payloads_up_is_unusable(schema: Any, payload: bytes) -> None:
    """Bytes that are not there, a thousandfold: a megabyte would take all memory."""
    with pytest.raises(RecordRejected, match="unusable_schema"):
        avro_format(schema)(head(1) + payload)


def test_a_schema_of_many_fields_is_used_however_they_are_nested() -> None:
    """Each record of some fields, in arrays of unions: none of that is strange."""
    line = record(("id", record(("value", "int"), name="Id")), ("flag", "boolean"), name="Line")
    wide = record(*((f"field_{n}", ["null", line if n == 0 else "Line"]) for n in range(2_000)))
    found = json.loads(avro_format({"type": "array", "items": wide})(head(1) + b"\0"))
    assert [] == found


def test_a_schema_nested_beyond_what_json_may_be_is_unusable() -> None:
    """128 levels are read, as of plain JSON."""
    deep: Any = "int"
    for _ in range(128):
        deep = {"type": "array", "items": deep}
    assert b"]" in avro_format(deep)(head(1) + b"\x00")
    with pytest.raises(RecordRejected, match="128 deep"):
        avro_format({"type": "array", "items": deep})(head(1) + b"\x00")


MANY = record(
    ("s", "string"),
    ("u", ["null", "long", logical("int", "date")]),
    ("d", logical("bytes", "decimal", precision=30, scale=30)),
    ("a", {"type": "array", "items": {"type": "map", "values": "bytes"}}),
    ("e", {"type": "enum", "name": "E", "symbols": ["X"]}),
)


@given(st.binary(max_size=60))
def test_whatever_a_payload_is_it_is_read_or_refused(payload: bytes) -> None:
    """No bytes raise anything else."""
    try:
        json.loads(avro_format(MANY)(head(1) + payload))
    except RecordRejected as rejected:
        assert "schema_mismatch" == rejected.code  # noqa: PT017 one of two outcomes


def test_what_no_calendar_or_account_holds_is_a_number_or_refused() -> None:
    """A day outside the years 1 to 9999 keeps its number; a decimal of a thousand bytes is none."""
    day = avro_format(record(("d", logical("int", "date"))))
    assert b'{"d":2147483647}' == day(avro(1, record(("d", "int")), {"d": 2**31 - 1}))
    decimal = avro_format(record(("d", logical("bytes", "decimal", precision=4))))
    with pytest.raises(RecordRejected, match="at most 1000 bytes"):
        decimal(avro(1, record(("d", "bytes")), {"d": bytes(1_001)}))
