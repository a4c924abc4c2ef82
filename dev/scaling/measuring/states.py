"""What a stage's stream time costs by the number of input partitions: its bytes, and its hearing.

Every transaction of a stage with a table carries its state, with S(q) of every input partition.
"""

import time
from pathlib import Path
from typing import Any

import msgspec

from agents.spec import NoRows
from dev.kafka.broker import LocalKafka
from dev.scaling.measuring.fitting import line
from models.counting import Counting
from models.stage import InputRecord
from models.watermark import StreamTime, watermark_headers
from models.windows import WindowRules

_INPUTS = (8, 64, 256, 1024)
_ROUNDS = 20
_NOW_MS = 1_767_225_600_000


class Signal(msgspec.Struct):
    """A watermark record as it is read."""

    headers: tuple[tuple[str, bytes], ...]
    topic: str = "enriched-clicks"
    partition: int = 0
    offset: int = 0
    timestamp: int = _NOW_MS
    key: bytes | None = None
    value: bytes | None = None


def measure(_kafka: LocalKafka, _place: Path) -> dict[str, Any]:
    """Bytes of the state, and microseconds to hear a watermark, to step and to dump."""
    found = {count: figures(count) for count in _INPUTS}
    names = ("state_bytes", "watermark_us", "step_us")
    fitted = {
        name: line([(count, found[count][number]) for count in _INPUTS])
        for number, name in enumerate(names)
    }
    return {"by_inputs": found, "fixed_and_per_input": fitted}


def figures(inputs: int) -> tuple[float, float, float]:
    """Bytes of the state, microseconds of a watermark, and of a step."""
    rules = WindowRules(300_000, 120_000, 86_400_000)
    stage = Counting(rules, StreamTime({"clicks": inputs}, 30_000), NoRows())
    stage.step(_signals(inputs, 0), 0, at_end=False)
    many, one = [], []
    for number in range(1, _ROUNDS + 1):
        many.append(_timed(stage, _signals(inputs, number * 2)))
        one.append(_timed(stage, _signals(1, number * 2 + 1)))
    step_us = min(one)
    return len(stage.dump()), (min(many) - step_us) / inputs * 1e6, step_us * 1e6


def _signals(inputs: int, at: int) -> list[InputRecord]:
    times_ms = _NOW_MS + at
    return [
        Signal(tuple(watermark_headers(f"clicks-{q}", times_ms, times_ms))) for q in range(inputs)
    ]


def _timed(stage: Counting, records: list[InputRecord]) -> float:
    began_s = time.process_time()
    stage.step(records, 0, at_end=False)
    stage.dump()
    return time.process_time() - began_s
