"""Messages as broken trackers send them; each becomes a dead letter."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

Breakage = Callable[[Random, dict[str, Any]], bytes]


def _changed(**fields: Any) -> Breakage:
    return lambda _rng, record: json.dumps(record | fields).encode()


def _without(field: str) -> Breakage:
    return lambda _rng, record: json.dumps({k: v for k, v in record.items() if k != field}).encode()


def _always(value: bytes) -> Breakage:
    return lambda _rng, _record: value


def _truncated(rng: Random, record: dict[str, Any]) -> bytes:
    whole = json.dumps(record).encode()
    return whole[: rng.randrange(1, len(whole))]


def _not_utf8(_rng: Random, record: dict[str, Any]) -> bytes:
    return json.dumps(record | {"page": "/caf\xe9"}, ensure_ascii=False).encode(
        "latin-1", "replace"
    )


BREAKAGES: dict[str, Breakage] = {
    "truncated": _truncated,
    "not UTF-8": _not_utf8,
    "no JSON": _always(b"<html><body>502 Bad Gateway</body></html>"),
    "empty": _always(b""),
    "a list": _always(b"[]"),
    "null": _always(b"null"),
    "no user": _without("userId"),
    "no time": _without("timestamp"),
    "user of the wrong type": _changed(userId={"id": 1}),
    "empty user": _changed(userId=""),
    "endless user": _changed(userId="x" * 300),
    "lone surrogate": _changed(userId="\ud800"),
    "time of the wrong type": _changed(timestamp=True),
    "time that is none": _changed(timestamp="yesterday"),
    "time before 2000": _changed(timestamp="1970-01-01T00:00:00.000Z"),
    "time in the future": _changed(timestamp="2099-12-31T23:59:59.999Z"),
    "product of the wrong type": _changed(productId=["a", "b"]),
}
_ALL = tuple(BREAKAGES.values())


def broken(rng: Random, record: dict[str, Any]) -> bytes:
    """A broken message.

    Args:
        rng: Decides how it is broken.
        record: The fields of a good one.
    """
    return rng.choice(_ALL)(rng, record)
