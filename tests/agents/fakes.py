"""Fakes of what surrounds a task: its stage, its store, the engine and the worker's consumer."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import ParamSpec

from agents.batch import Batch
from agents.spec import Observer, StageSpec
from agents.stage import StageTask
from models.stage import InputRecord, Output, Rows, Stage, Step
from models.watermark import NEVER_MS
from tables.store import PartitionStore
from tests.models.fakes import Record

TOPIC = "in"
Partition = tuple[str, int]
P = ParamSpec("P")


def in_loop(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run a test in an event loop of its own."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def main() -> None:
            await test(*args, **kwargs)

        asyncio.run(main())

    return run


async def eventually(condition: Callable[[], object]) -> None:
    """Wait for something that the loop will bring about."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        await asyncio.sleep(0.005)


def record(offset: int, key: bytes | None = None, topic: str = TOPIC) -> Record:
    """A record whose value is its offset."""
    return Record(topic, 0, offset, 0, key or b"k%d" % offset, b"%d" % offset)


def batch(begin: int, end: int, offsets: Iterable[int] | None = None, topic: str = TOPIC) -> Batch:
    """A batch from begin to end; its records are there at every offset, or at those given."""
    there = range(begin, end) if offsets is None else offsets
    return Batch(topic, 0, begin, end, [record(offset, topic=topic) for offset in there])


class WatchedStore(PartitionStore):
    """A store that writes its writes into the journal."""

    def __init__(self, path: Path, journal: list[str]) -> None:
        super().__init__(path)
        self._journal = journal

    def write(self, changes: Mapping[bytes, bytes | None], offset: int) -> None:
        """Write, and say so."""
        self._journal.append("write")
        super().write(changes, offset)


@dataclass
class EchoStage:
    """Sends every record to ``echo``, keeps it as a row, and counts.

    Attributes:
        steps: The offsets that each step was given, and whether at the end of the input.
        rounds: Further steps that it asks for after the next one.
        awaited: Offsets of the records that readers wait for; None: all.
    """

    partition: int | None = None
    count: int = 0
    rounds: int = 0
    speak: bool = False
    awaited: Container[int] | None = None
    steps: list[tuple[list[int], bool]] = field(default_factory=list)
    stream_time_ms: int = NEVER_MS

    def restore(self, state: bytes | None) -> None:
        """Go on counting."""
        self.count = json.loads(state)["count"] if state else 0

    def step(self, records: Sequence[InputRecord], now_ms: int, *, at_end: bool) -> Step:
        """Echo."""
        self.steps.append(([r.offset for r in records], at_end))
        step = Step(more=self.rounds > 0)
        if self.rounds or self.speak:
            step.send("echo", Output(b"round", b"%d" % self.rounds, 0))
        self.rounds = max(self.rounds - 1, 0)
        for r in records:
            step.send("echo", Output(r.key, r.value, self.partition))
            step.changes[r.key or b""] = r.value
        self.count += len(records)
        step.count("echoed", len(records))
        return step

    def urgent(self, records: Sequence[InputRecord]) -> bool:
        """Whether one of them is waited for."""
        return self.awaited is None or any(r.offset in self.awaited for r in records)

    def dump(self) -> bytes:
        """How many it echoed."""
        return b'{"count":%d}' % self.count

    def created(self, partition: int, rows: Rows) -> Stage:
        """This one, where the wiring makes a stage."""
        return self

    @property
    def offsets(self) -> list[int]:
        """Offsets of all records it was given."""
        return [offset for offsets, _ in self.steps for offset in offsets]


@dataclass
class FakeContext:
    """The world around a task."""

    commit_interval_ms: int = 0
    partitions: int = 4
    observers: Sequence[Observer] = ()
    ends: dict[Partition, int] = field(default_factory=dict)
    failures: list[BaseException] = field(default_factory=list)

    def topic(self, short: str) -> str:
        """The full name."""
        return f"x-{short}"

    def changelog(self, table: str) -> str:
        """The changelog of a table."""
        return f"x-{table}-changelog"

    def end_of(self, topic: str, partition: int) -> int | None:
        """The log's end."""
        return self.ends.get((topic, partition))

    def on_failure(self, task: StageTask, error: BaseException) -> None:
        """Keep the error."""
        self.failures.append(error)


@dataclass
class FakeConsumer:
    """The worker's consumer.

    Attributes:
        positions: Where it stands.
        starts: Where the logs begin; 0 unless told.
        sought: All seeks.
        rejoined: How often the group was asked for a rebalance.
    """

    positions: dict[Partition, int] = field(default_factory=dict)
    starts: dict[Partition, int] = field(default_factory=dict)
    sought: list[dict[Partition, int]] = field(default_factory=list)
    rejoined: int = 0
    error: Exception | None = None

    def end_of(self, topic: str, partition: int) -> int | None:
        """Unknown."""
        return None

    def position_of(self, topic: str, partition: int) -> int | None:
        """Where it stands."""
        return self.positions.get((topic, partition))

    async def starts_of(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """Where the logs begin."""
        if self.error is not None:
            raise self.error
        return {at: self.starts.get(at, 0) for at in partitions}

    async def go_to(self, positions: Mapping[Partition, int]) -> None:
        """Seek."""
        self.sought.append(dict(positions))
        self.positions |= positions

    def rejoin(self) -> None:
        """Count."""
        self.rejoined += 1


def spec_of(
    stage: EchoStage,
    name: str = "echo",
    *,
    inputs: tuple[str, ...] = (TOPIC,),
    table: str | None = "rows",
    tick_ms: int | None = None,
) -> StageSpec:
    """A stage's wiring; by default it has a table and reads one topic."""
    return StageSpec(name, inputs, inputs[0], table, stage.created, tick_ms)
