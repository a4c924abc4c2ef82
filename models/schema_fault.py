"""Schemas that can't be used, and payloads that do not fit theirs."""

from models.errors import ClickstreamError, RecordRejected, RejectCode, shown


class SchemaFault(ClickstreamError):  # noqa: N818 - a fault of a schema, told of its records.
    """A schema of the registry can't be used."""


def mismatch(schema_id: int, why: str, payload: bytes) -> RecordRejected:
    """A payload is not as its schema says.

    Args:
        schema_id: The schema's id.
        why: What is wrong, as far as it is known.
        payload: The payload.
    """
    return RecordRejected(
        RejectCode.SCHEMA_MISMATCH,
        f"A payload fits the schema that its record names; that of schema {schema_id} does not "
        f"({shown(why)}), got {shown(payload)}. Correct the producer.",
    )
