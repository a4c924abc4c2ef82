"""Everything this application raises on purpose, in one tree.

::

    ClickstreamError
    ├── SettingsError    a setting is missing, can't be read, or clashes with another
    ├── TopicError       a topic is missing, or not as the settings say
    ├── BrokerError      Kafka can't be reached, or refuses
    ├── StoreError       a partition's store on disk can't be read or written
    ├── SnapshotError    a snapshot can't be taken, or not be used
    ├── LedgerBroken     records that a stage read are not accounted for
    ├── SchemaFault      a schema of the registry can't be used (models/schema_fault.py)
    └── RecordRejected   an input record is a dead letter; its code is a RejectCode

A message says the rule, what was got, and the remedy.
"""

from enum import StrEnum

#: Characters of a rejected value that a message shows.
SHOWN_CHARS = 80


class ClickstreamError(Exception):
    """The root: whatever else is raised is a bug or another library's."""


class SettingsError(ClickstreamError):
    """A setting is missing, can't be read, or clashes with another."""


def made_otherwise(setting: str, was: str, now: str) -> SettingsError:
    """The error of a setting that is not what the state was made with."""
    return SettingsError(
        f"CLICKSTREAM_{setting} must stay what the state of this application was made with; it "
        f"was {was} and is {now}, and the numbers of both would mix. Set it back, or replay as "
        "another version: docs/how-to/replay-history.md."
    )


def check_revise(was_ms: int, now_ms: int) -> None:
    """Check that late records revise over state that was kept for it, as far back as now.

    Args:
        was_ms: The horizon of the state's late policy ``revise``; 0 for another policy.
        now_ms: The same of the settings.

    Raises:
        SettingsError: The horizons differ: what is needed was deleted, or was emitted already.
    """
    if was_ms == now_ms:
        return
    if was_ms and now_ms:
        raise made_otherwise("REVISE_HORIZON", f"{was_ms} ms", f"{now_ms} ms")
    names = {True: "revise", False: "topic or discard"}
    raise made_otherwise("LATE_POLICY", names[bool(was_ms)], names[bool(now_ms)])


class TopicError(ClickstreamError):
    """A topic is missing, or its partitions or configuration are not as the settings say."""


class BrokerError(ClickstreamError):
    """Kafka can't be reached, or refuses what was asked of it."""


class StoreError(ClickstreamError):
    """A partition's store on disk can't be opened, read or written."""


class SnapshotError(ClickstreamError):
    """A snapshot can't be taken, or not be used."""


class LedgerBroken(ClickstreamError):  # noqa: N818 - said of the books: they are broken.
    """Records that a stage read are not accounted for, or more than once."""


class RejectCode(StrEnum):
    """Why an input record is a dead letter: stable strings, safe to alert on."""

    NO_VALUE = "no_value"
    """The record has no value (a tombstone)."""
    TOO_LARGE = "too_large"
    """The value is over 1 MiB."""
    NOT_JSON = "not_json"
    """The value is not JSON (RFC 8259), or nested beyond what is read."""
    NOT_UNICODE = "not_unicode"
    """The value is not UTF-8, or escapes a surrogate that has no partner."""
    NOT_OBJECT = "not_object"
    """The value is JSON, but no object."""
    MISSING_FIELD = "missing_field"
    """A required field is absent or null."""
    WRONG_TYPE = "wrong_type"
    """A field that has a meaning here is of another type than that needs."""
    BAD_ID = "bad_id"
    """An id is empty or over 256 bytes."""
    BAD_TIMESTAMP = "bad_timestamp"
    """A timestamp can't be read, or lies outside the years 1 to 9999."""
    BEFORE_2000 = "before_2000"
    """A timestamp is before 2000-01-01T00:00:00Z."""
    IN_THE_FUTURE = "in_the_future"
    """A timestamp is later than its record's Kafka timestamp allows."""
    NO_REGISTRY = "no_registry"
    """The value names a schema (it is in the wire format), and no schema registry is set."""
    UNKNOWN_SCHEMA = "unknown_schema"
    """The value names a schema that the schema registry does not know."""
    UNUSABLE_SCHEMA = "unusable_schema"
    """The value's schema is neither Avro nor JSON Schema, faulty, or without bounds."""
    SCHEMA_MISMATCH = "schema_mismatch"
    """The payload does not fit the schema that the value names."""


class RecordRejected(ClickstreamError):  # noqa: N818 - the word for it is a dead letter's, no error's.
    """An input record is a dead letter.

    Attributes:
        code: The rule it breaks, a :class:`RejectCode`.
        message: The rule, what was got (80 characters of it), the remedy.
    """

    def __init__(self, code: str, message: str) -> None:
        """Reject for a reason.

        Args:
            code: The rule it breaks, a :class:`RejectCode`.
            message: The rule, what was got, the remedy.
        """
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def shown(value: object) -> str:
    """What was got, for a message: at most 80 characters, no control character or surrogate.

    Args:
        value: Text or bytes (cut before they are rendered), or any other object.
    """
    head = value[: SHOWN_CHARS + 1] if isinstance(value, str | bytes) else value
    text = repr(head)
    return text if len(text) <= SHOWN_CHARS else f"{text[: SHOWN_CHARS - 1]}…"
