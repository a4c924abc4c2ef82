"""A record's value as a JSON object whose fields are kept to the letter.

Fields stay raw JSON: a field that nobody here reads is passed on byte for byte, so ``1.10``,
``1e400`` and integers of any length survive. Yet the whole text is checked, in fields that are
passed on as much as in those that are read:

- It is UTF-8. msgspec does not look inside raw values for that, so the bytes are decoded first.
- It is JSON (RFC 8259). msgspec checks raw values for that, with pairs of surrogates: no NaN, no
  byte order mark, nothing after the end.
- It is nested at most MAX_DEPTH deep. msgspec's own limit is what is left of Python's stack, so
  whether a record is valid would depend on who calls. RFC 8259, section 9 allows a limit.

Of two fields of one name the last counts. Names are compared decoded.
"""

import json
from itertools import accumulate
from typing import NoReturn

import msgspec

from models.errors import RecordRejected, RejectCode, shown

#: Bytes of a value at most (1 MiB): the default limit of Kafka's own producers.
MAX_VALUE_BYTES = 1_048_576

#: Objects and arrays inside each other at most, the outermost object included.
MAX_DEPTH = 128

#: An object's fields: decoded names, raw JSON values.
Fields = dict[str, msgspec.Raw]

_OBJECT = msgspec.json.Decoder(Fields)
_ANYTHING = msgspec.json.Decoder(msgspec.Raw)
_STEPS = bytes.maketrans(b"[]{}", b"\2\0\2\0")
_UP_OR_DOWN = (-1).__add__
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))


def decode_object(value: bytes | None) -> Fields:
    """Read a value as an object.

    Args:
        value: The record's value. The fields refer to it, it is not copied.

    Raises:
        RecordRejected: no_value, too_large, not_unicode, not_json or not_object, the first of them.
    """
    if value is None:
        raise RecordRejected(
            RejectCode.NO_VALUE,
            "A record has a JSON object as its value; got none. Inputs take no tombstones: "
            "send the whole object.",
        )
    _check_depth(_text(value), value)
    try:
        return _OBJECT.decode(value)
    except msgspec.DecodeError:
        raise _fault(value) from None


def _text(value: bytes) -> str:
    if len(value) > MAX_VALUE_BYTES:
        raise RecordRejected(
            RejectCode.TOO_LARGE,
            f"A value has at most {MAX_VALUE_BYTES} bytes; got {len(value)}, beginning with "
            f"{shown(value)}. Keep bulky data elsewhere and send a reference to it.",
        )
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise RecordRejected(
            RejectCode.NOT_UNICODE,
            f"A value is UTF-8; got {shown(value[error.start :])} at byte {error.start}. "
            "Encode the JSON text as UTF-8.",
        ) from None


def _check_depth(text: str, value: bytes) -> None:
    if "[" not in text and text.find("{", 1) < 0:
        return  # A flat object, as most are; text is searched much faster than bytes.
    if _depth(value) > MAX_DEPTH:
        raise RecordRejected(
            RejectCode.NOT_JSON,
            f"A value is JSON with at most {MAX_DEPTH} objects and arrays inside each other; got "
            f"{shown(value)}. Send a flatter object.",
        )


def _depth(value: bytes) -> int:
    """How deep objects and arrays are nested; for most values an upper bound, found faster.

    In linear time and without recursion. What is not JSON may have any depth: it is rejected by
    the decoder if not by this.
    """
    openings = value.count(b"[") + value.count(b"{")
    if openings <= MAX_DEPTH:
        return openings
    unescaped = value.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside_strings = b"".join(unescaped.split(b'"')[::2])
    steps = outside_strings.translate(_STEPS, _NO_BRACKET)
    return max(accumulate(map(_UP_OR_DOWN, steps)), default=0)


def _fault(value: bytes) -> RecordRejected:
    """Why the value, which is UTF-8 and no object, is a dead letter."""
    try:
        _ANYTHING.decode(value)
    except msgspec.DecodeError as error:
        if _is_json_but_for_surrogates(value):
            return RecordRejected(
                RejectCode.NOT_UNICODE,
                f"An escaped surrogate comes in a pair; got one without its partner in "
                f"{shown(value)}. Replace it, by U+FFFD for instance.",
            )
        return RecordRejected(
            RejectCode.NOT_JSON,
            f"A value is JSON text; got {shown(value)} ({error}). Send one JSON object.",
        )
    return RecordRejected(
        RejectCode.NOT_OBJECT,
        f"A value is a JSON object; got {shown(value)}. Send each event as an object of its own.",
    )


def _is_json_but_for_surrogates(value: bytes) -> bool:
    """Whether the standard library, which takes lone surrogates, can read what msgspec can't."""
    if b"\\u" not in value:
        return False
    try:
        json.loads(value.decode(), parse_constant=_refuse, parse_int=str, parse_float=str)
    except ValueError:
        return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
