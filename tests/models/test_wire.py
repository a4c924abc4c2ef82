"""Laws of records in the wire format of schema registries, through enrichment and admission."""

import json
from typing import Any

import pytest

from models.errors import RecordRejected
from models.formats import Registered, format_of
from models.intake import CLICKS, PURCHASES, Intake, IntakeRules
from models.json_object import MAX_VALUE_BYTES
from models.wire import Formats, missing, opened, schema_id
from tests.models.fakes import DAY, HOUR, SECOND, Record, Task
from tests.models.wires import avro, avro_format, head, json_format, record, wired

RULES = IntakeRules("inner", 1, 24 * HOUR, 500, 30 * SECOND)
SCHEMA = record(("userId", "string"), ("productId", "string"), ("timestamp", "long"))
FORMATS: Formats = {1: avro_format(SCHEMA), 2: json_format({"required": ["page"]})}
VALUE = {"userId": "u", "productId": "p", "timestamp": DAY}
PLAIN = json.dumps(VALUE).encode()
AVRO = avro(1, SCHEMA, VALUE)
JSON = wired(2, VALUE | {"page": "x"})


def run(values: list[bytes], formats: Formats | None = FORMATS, kind: Any = CLICKS) -> Task:
    """Enrichment, or admission, of these values."""
    task = Task(lambda _: Intake(kind, RULES, "clicks-0", formats))
    task.run([Record("clicks", 0, n, DAY, b"k", value) for n, value in enumerate(values)])
    return task


def passed(task: Task) -> list[Any]:
    """What came out."""
    return [json.loads(o.value) for o in task.sent.get("inner", ()) if o.value]


def codes(task: Task) -> list[tuple[bytes, bytes]]:
    """Source and code of the dead letters."""
    heads = [dict[str, Any](o.headers) for o in task.sent.get("dead-letters", ())]
    return [(found["source"], found["code"]) for found in heads]


@pytest.mark.parametrize("kind", [CLICKS, PURCHASES])
def test_a_record_becomes_the_same_in_whatever_format_it_comes(kind: Any) -> None:
    """Plain JSON, Avro and JSON under a schema, one after another or mixed."""
    with_page = json.dumps(VALUE | {"page": "x"}).encode()
    (plain,), (in_avro,) = passed(run([PLAIN], kind=kind)), passed(run([AVRO], kind=kind))
    assert plain == in_avro
    mixed = passed(run([PLAIN, AVRO, JSON, with_page], kind=kind))
    assert passed(run([PLAIN, PLAIN, with_page, with_page], kind=kind)) == mixed


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (wired(9, VALUE), b"unknown_schema"),
        (wired(-1, VALUE), b"unknown_schema"),
        (wired(2, VALUE), b"schema_mismatch"),
        (AVRO[:-1], b"schema_mismatch"),
        (head(2) + b"{", b"not_json"),
        (wired(2, {"page": "x"}), b"missing_field"),
        (head(2)[:-1], b"not_json"),
        (JSON + b" " * (MAX_VALUE_BYTES + 1 - len(JSON)), b"too_large"),
    ],
)
def test_what_can_not_be_read_is_a_dead_letter_as_received_and_others_pass(
    value: bytes, code: bytes
) -> None:
    """Each with a code of its own."""
    task = run([AVRO, value, JSON, PLAIN])
    assert [(b"clicks-0-1", code)] == codes(task)
    assert [value] == [letter.value for letter in task.sent["dead-letters"]]
    assert ["clicks-0-0", "clicks-0-2", "clicks-0-3"] == [v["sourceRecord"] for v in passed(task)]


def test_without_a_registry_the_message_says_what_to_set() -> None:
    """Plain records pass."""
    task = run([AVRO, PLAIN], formats=None)
    assert [(b"clicks-0-0", b"no_registry")] == codes(task)
    (letter,) = task.sent["dead-letters"]
    assert b"CLICKSTREAM_SCHEMA_REGISTRY" in (dict(letter.headers)["message"] or b"")
    assert 1 == len(passed(task))


def test_only_schemas_that_are_not_known_are_missing() -> None:
    """Of records in the wire format alone, each once."""
    values = [None, b"", PLAIN, AVRO, head(9)[:-1], wired(9, 1), wired(9, 2), wired(-2, 1)]
    assert {9, -2} == missing([Record(value=value) for value in values], FORMATS)


def test_an_id_is_a_big_endian_signed_number_behind_a_zero_byte() -> None:
    """As Confluent's serializers write it."""
    assert (258, -1) == (schema_id(b"\0\0\0\1\2x"), schema_id(b"\0\xff\xff\xff\xff"))
    assert (None, None) == (schema_id(b"\1\0\0\1\2x"), schema_id(None))


def test_a_schema_of_another_kind_is_unusable() -> None:
    """Protobuf is one."""
    read = format_of(Registered(3, "PROTOBUF", "message M {}"))
    with pytest.raises(RecordRejected, match=r"unusable_schema: .*schema 3.*PROTOBUF"):
        opened(head(3) + b"x", {3: read})
