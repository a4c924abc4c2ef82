"""Records that nobody should send: too large, broken in every way, in every codec, half empty."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from app.inputs.bulk import Headers
from app.inputs.rubbish import BREAKAGES
from app.topics import CLICKS, PURCHASES
from dev.drills.load import START_MS, Record

_MIB = 1024 * 1024

INPUT_BYTES = 4 * _MIB
"""What the inputs take in the drills: their default would refuse what is over a MiB."""

_SPAN_MS = 600_000
"""The first minutes of the load: later on these records are late, and that is right."""

_INPUTS = (CLICKS, PURCHASES)
_CODECS = ("gzip", "snappy", "lz4", "zstd")
_OPTIONS = {"max_request_size": INPUT_BYTES, "max_batch_size": INPUT_BYTES - 4096}

Batch = tuple[dict[str, Any], list[Record]]


def poison(chance: Random) -> Iterator[Batch]:
    """Batches of records, with the producer's options for each."""
    yield dict(_OPTIONS), _large(chance)
    yield {}, _rubbish(chance)
    yield {"headers": _headers()}, _empty()
    for codec in _CODECS:
        records = [*_rubbish(chance), *_large(chance), *_plain(chance, 200)]
        yield _OPTIONS | {"compression_type": codec}, records


def _value(chance: Random, **more: Any) -> bytes:
    user, product = f"user-{chance.randrange(100)}", f"product-{chance.randrange(20)}"
    value = {
        "userId": user,
        "productId": product,
        "timestamp": START_MS + chance.randrange(_SPAN_MS),
    }
    return json.dumps(value | more).encode()


def _sized(chance: Random, size: int) -> bytes:
    """A good record of so many bytes."""
    bare = len(_value(chance, filler=""))
    value = _value(chance, filler="x" * (size - bare))
    return value[:-2] + b"x" * (size - len(value)) + b'"}'


def _large(chance: Random) -> list[Record]:
    sizes = (_MIB - 1, _MIB, _MIB + 1, 3 * _MIB)
    return [
        (topic, b"large", _sized(chance, size)) for topic in (CLICKS, PURCHASES) for size in sizes
    ]


def _rubbish(chance: Random) -> list[Record]:
    good = json.loads(_value(chance))
    made = [breakage(chance, good) for breakage in BREAKAGES.values()]
    deep = b"[" * 100_000, b'{"userId":"u","timestamp":0,"x":' + b"[" * 200 + b"]" * 200 + b"}"
    odd = (chance.randbytes(300), b"\0", b"{}", b'{"userId":1e400,"timestamp":1e400}')
    return [(topic, None, value) for topic in _INPUTS for value in (*made, *deep, *odd)]


def _empty() -> list[Record]:
    keys = (None, b"", b"\xff\xfe", b"x" * 10_000)
    return [
        (topic, key, value)
        for topic in (CLICKS, PURCHASES)
        for key in keys
        for value in (None, b"")
    ]


def _plain(chance: Random, count: int) -> list[Record]:
    return [(CLICKS, None, _value(chance)) for _ in range(count)]


def _headers() -> Headers:
    """Foreign ones, twice the same, empty, and such as our own signals have."""
    return [
        ("trace", b"\xff" * 100),
        ("trace", b""),
        ("", b""),
        ("watermark", b"clicks-0"),
        ("source", b"x"),
    ]
