"""Payloads that are JSON, held against a JSON Schema."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NoReturn

import jsonschema_rs
import msgspec

from models.errors import shown
from models.schema_fault import SchemaFault, mismatch
from models.wire import HEAD_BYTES, Format

# A float would not hold 1e400, which is passed on to the letter.
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def json_schema_format(schema_id: int, text: str, references: Mapping[str, str]) -> Format:
    """The format of a JSON Schema: the payload is checked, and passed on to the letter.

    Args:
        schema_id: Its id.
        text: The schema.
        references: The schemas that it refers to, by the URIs it calls them by.

    Raises:
        SchemaFault: It can't be used.
    """
    validator = _validator(text, references)

    def read(value: bytes) -> bytes:
        payload = value[HEAD_BYTES:]
        try:
            instance = _decode(payload)
        except (msgspec.ValidationError, ArithmeticError):
            why = "it has a number of thousands of digits, or with such an exponent"
            raise mismatch(schema_id, why, payload) from None
        except (msgspec.DecodeError, RecursionError):
            return payload  # what is wrong with it as JSON is told by who reads it
        try:
            validator.validate(instance)
        except jsonschema_rs.ValidationError as error:
            at = "/".join(map(str, error.instance_path))
            raise mismatch(schema_id, f"at /{at}: {error.message}", payload) from None
        except ValueError as error:  # nested deeper than the validator goes
            raise mismatch(schema_id, str(error), payload) from None
        return payload

    return read


def _validator(text: str, references: Mapping[str, str]) -> jsonschema_rs.Validator:
    try:
        others = [(name, msgspec.json.decode(other)) for name, other in references.items()]
        registry = jsonschema_rs.Registry(others, retriever=_refuse) if others else None
        return jsonschema_rs.validator_for(
            msgspec.json.decode(text), registry=registry, retriever=_refuse
        )
    except (ValueError, RecursionError, jsonschema_rs.ReferencingError) as error:
        raise SchemaFault(f"it is no JSON Schema ({str(error)[:100]})") from None


def _refuse(uri: str) -> NoReturn:
    """A schema must not make a worker fetch what its author likes."""
    raise ValueError(f"{shown(uri)} is none of its references in the registry")
