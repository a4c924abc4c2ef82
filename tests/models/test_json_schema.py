"""Laws of payloads in JSON under a JSON Schema."""

from typing import Any

import pytest

from models.errors import RecordRejected
from models.json_object import decode_object
from tests.models.wires import head, json_format, wired

CLICK = {
    "type": "object",
    "required": ["userId"],
    "properties": {"userId": {"type": "string"}, "amount": {"type": "number"}},
}


@pytest.mark.parametrize(
    "payload",
    [b'{"userId": "u", "amount": 1.10}', b'{"userId":"u","amount":1e400,"more":[]}'],
)
def test_a_payload_that_fits_is_passed_on_to_the_letter(payload: bytes) -> None:
    """Numbers that no float holds, spaces and fields that the schema does not name."""
    assert payload == json_format(CLICK)(head(1) + payload)


@pytest.mark.parametrize("value", [{}, {"userId": 7}, {"userId": "u", "amount": "1"}, []])
def test_a_payload_that_does_not_fit_is_refused(value: Any) -> None:
    """The message names the schema, and the place in the payload."""
    with pytest.raises(RecordRejected, match="schema 1 does not") as rejected:
        json_format(CLICK)(wired(1, value))
    assert "schema_mismatch" == rejected.value.code


@pytest.mark.parametrize("payload", [b"{", b"", b'{"a":NaN}', b"\xff"])
def test_a_payload_that_is_no_json_is_left_to_those_who_read_json(payload: bytes) -> None:
    """They say what is wrong with it."""
    assert payload == json_format(CLICK)(head(1) + payload)


@pytest.mark.parametrize(
    "number", ["1e99999999999999999999", "-1E-99999999999999999999", "1" * 5_000]
)
def test_a_number_beyond_any_account_is_refused(number: str) -> None:
    """It can't be held against the schema, so it must neither pass nor end the stage."""
    with pytest.raises(RecordRejected, match="schema_mismatch"):
        json_format(CLICK)(head(1) + b'{"userId":"u","more":%b}' % number.encode())


def test_a_payload_nested_beyond_what_the_validator_follows_is_refused() -> None:
    """Comparing nested arrays has a limit; what is nested deeper still is left to the others."""
    read = json_format({"properties": {"a": {"items": {"enum": [1]}}}})
    for levels in (300, 5_000):
        payload = b'{"a":%b%b}' % (b"[" * levels, b"]" * levels)
        with pytest.raises(RecordRejected):
            decode_object(read(head(1) + payload))


@pytest.mark.parametrize("draft", ["http://json-schema.org/draft-07/schema#", None])
def test_a_schema_may_refer_to_others_of_the_registry(draft: str | None) -> None:
    """By the URIs that it calls them by, relative ones too."""
    schema = {"properties": {"o": {"$ref": "order.json"}}} | ({"$schema": draft} if draft else {})
    read = json_format(schema, **{"order.json": {"type": "integer"}})
    assert b'{"o": 1}' == read(wired(1, {"o": 1}))
    with pytest.raises(RecordRejected, match="schema_mismatch"):
        read(wired(1, {"o": "x"}))


@pytest.mark.parametrize(
    "schema", [{"$ref": "http://127.0.0.1:1/x"}, {"$ref": "file:///etc/passwd"}, {"type": "wat"}, 5]
)
def test_a_schema_that_is_none_or_refers_elsewhere_is_unusable(schema: Any) -> None:
    """Nothing is fetched for it."""
    with pytest.raises(RecordRejected, match="unusable_schema"):
        json_format(schema)(wired(1, {}))
