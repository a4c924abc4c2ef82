"""`python -m bench.formats`: enrichment alone, offline, by the format that its clicks come in.

Plain JSON, JSON under a schema and Avro side by side, in rounds that take turns; of each the median
of its rounds, in clicks a second of CPU.
"""

import argparse
import io
import json
import statistics
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import fastavro

from models.formats import Registered, format_of
from models.intake import CLICKS, Intake, IntakeRules
from models.timestamps import iso
from models.watermark import Headers

_NOON_MS = 1_767_268_800_000
#: Records of a step, as a worker takes them.
_STEP = 10_000
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_AVRO: Any = {
    "type": "record",
    "name": "Click",
    "fields": [
        {"name": "userId", "type": "string"},
        {"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "page", "type": ["null", "string"]},
        {"name": "productId", "type": ["null", "string"]},
        {"name": "userAgent", "type": ["null", "string"]},
    ],
}
_JSON = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["userId", "timestamp"],
    "properties": {
        "userId": {"type": "string", "minLength": 1},
        "timestamp": {"type": "string"},
        "page": {"type": ["string", "null"]},
        "productId": {"type": ["string", "null"]},
        "userAgent": {"type": ["string", "null"]},
    },
}


@dataclass(frozen=True, slots=True)
class _Record:
    offset: int
    value: bytes
    topic: str = "clicks"
    partition: int = 0
    timestamp: int = _NOON_MS
    key: bytes | None = None
    headers: Headers = ()


def _click(number: int) -> dict[str, Any]:
    return {
        "userId": f"user-{number % 10_000}",
        "timestamp": _NOON_MS + number,
        "page": f"/product/{number % 1_000}",
        "productId": f"product-{number % 1_000}",
        "userAgent": _AGENT,
    }


def _plain(click: dict[str, Any]) -> bytes:
    return json.dumps(click | {"timestamp": iso(click["timestamp"])}).encode()


def _wired(click: dict[str, Any]) -> bytes:
    return struct.pack(">bi", 0, 1) + _plain(click)


def _avro(click: dict[str, Any], schema: Any = fastavro.parse_schema(_AVRO)) -> bytes:  # noqa: B008 parsed once
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, click)
    return struct.pack(">bi", 0, 2) + out.getvalue()


_KINDS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "plain JSON": _plain,
    "JSON under a schema": _wired,
    "Avro": _avro,
}


def _seconds(records: list[_Record]) -> float:
    """CPU seconds that enrichment takes for these."""
    formats = {
        1: format_of(Registered(1, "JSON", json.dumps(_JSON))),
        2: format_of(Registered(2, "AVRO", json.dumps(_AVRO))),
    }
    rules = IntakeRules("inner", 8, 86_400_000, 500, 30_000)
    intake = Intake(CLICKS, rules, "clicks-0", formats)
    began = time.process_time()
    for begin in range(0, len(records), _STEP):
        step = intake.step(records[begin : begin + _STEP], 0, at_end=False)
        if "dead-letters" in step.outputs:
            raise AssertionError("a click of the benchmark is a dead letter")
    return time.process_time() - began


def measure(clicks: int, rounds: int) -> Iterator[tuple[str, float]]:
    """Clicks a second of CPU, of each format.

    Args:
        clicks: Clicks of a round.
        rounds: Rounds; the first of each format only warms up.
    """
    logs = {
        name: [_Record(number, write(_click(number))) for number in range(clicks)]
        for name, write in _KINDS.items()
    }
    took: dict[str, list[float]] = {name: [] for name in logs}
    for turn in range(rounds + 1):
        for name, records in logs.items():
            seconds = _seconds(records)
            if turn:
                took[name].append(seconds)
    for name, seconds_of in took.items():
        yield name, clicks / statistics.median(seconds_of)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.formats", description=__doc__)
    parser.add_argument("--clicks", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    found = dict(measure(given.clicks, given.rounds))
    print("| clicks in | clicks per CPU second | of plain JSON |")
    print("|---|---:|---:|")
    for name, rate in found.items():
        print(f"| {name} | {rate:,.0f} | {rate / found['plain JSON']:.2f} |")


if __name__ == "__main__":
    main()
