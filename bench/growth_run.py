"""One point of a question of growth: the counting stage, by one worker, over so much."""

import asyncio
import time
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Self

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.spec import Envelope
from app.admin import create_topics
from app.settings import Settings
from app.topics import CLICKS, topic_name
from bench.checks import CountsCheck
from bench.clicks import INPUT_PARTITIONS
from bench.counting import until_started
from bench.growth_clicks import HOUR_MS, HourlyClicks
from bench.report import Row
from bench.setup import CountingRun, Setup
from bench.subject import say
from bench.topics import (
    Offsets,
    closing_batch,
    create_topic,
    delete_topics,
    reader,
    transaction,
    write,
)
from bench.watch import Output, row, watch
from bench.worker import BenchError, FaustWorker, faust_worker
from tables.changelog import last_states

#: Event time of a history that only lets the worker warm up: a window.
_WARM_UP_MS = 300_000
#: Seconds a worker may take to count the history, and between looks at whether it has.
_HISTORY_SECONDS = 3600.0
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Point:
    """How much of everything there is.

    Attributes:
        users: How many there are.
        partitions: Of the inner topics and the table, all of the one worker.
        history_ms: Event time before the clicks that are measured; their windows are in the table.
        retention: For how long closed windows are kept.
    """

    users: int = 50_000
    partitions: int = 8
    history_ms: int = _WARM_UP_MS
    retention: str = "24h"

    @classmethod
    def full(cls, hours: int) -> Self:
        """A table that holds so many hours, and keeps no more: as many rows go as come."""
        return cls(history_ms=hours * HOUR_MS, retention=f"{hours}h")

    @property
    def settings(self) -> dict[str, str]:
        """What the worker is told of it."""
        return {"PARTITIONS": str(self.partitions), "RETENTION": self.retention}


@dataclass(frozen=True, slots=True)
class GrowthRun(CountingRun):
    """A run of the counting stage at a point.

    Attributes:
        point: How much there is.
    """

    rankings: str = "none"
    point: Point = field(default_factory=Point)

    @property
    def environment(self) -> dict[str, str]:
        """The application's settings, as a worker is given them."""
        return self.setup.environment(self.name, RANKINGS=self.rankings, **self.point.settings)

    @property
    def settings(self) -> Settings:
        """The application's settings."""
        return self.setup.settings(self.name, RANKINGS=self.rankings, **self.point.settings)


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a point.

    Attributes:
        row: The figures, of the clicks of the last hour only.
        clicks_a_row: How many clicks there are to a user's window: each window is written once
            or more, however many clicks it has.
    """

    row: Row
    clicks_a_row: float


def measure(setup: Setup, name: str, point: Point, clicks: int) -> Measured:
    """Count the clicks of an hour, after the history of the point; every count is checked.

    Args:
        setup: Where the run works; it gets topics of its own, which are deleted again.
        name: Application id.
        point: How much there is.
        clicks: How many there are in an hour.

    Raises:
        BenchError: A count is wrong, or the worker failed.
    """
    own = replace(setup, prefix=f"{setup.prefix}{name}-")
    return asyncio.run(_measure(own, name, point, clicks))


async def _measure(setup: Setup, name: str, point: Point, clicks: int) -> Measured:
    run = _run(setup, name, point, clicks)
    try:
        # Clicks come from as many input partitions everywhere: stream time waits for each.
        await create_topic(setup.bootstrap, run.clicks.topic, INPUT_PARTITIONS)
        await create_topics(run.settings)
        async with (
            reader(setup.bootstrap) as consumer,
            transaction(setup.bootstrap, f"{setup.prefix}input") as producer,
        ):
            history = await _write(producer, consumer, run, clicks)
            measured = await _count(run, producer, consumer, history, clicks)
        expected = run.clicks.expected
        return Measured(measured, run.clicks.count / expected.rows())
    finally:
        await delete_topics(setup.bootstrap, [setup.prefix])


def _run(setup: Setup, name: str, point: Point, clicks: int) -> GrowthRun:
    settings = setup.settings(name, **point.settings)
    given = HourlyClicks(
        clicks + clicks * point.history_ms // HOUR_MS,
        point.users,
        time.time_ns() // 1_000_000,
        topic_name(settings, CLICKS),
        settings.window_size_ms,
        settings.partitions,
        span_ms=point.history_ms + HOUR_MS,
    )
    return GrowthRun(setup, name, given, point=point)


async def _write(
    producer: AIOKafkaProducer, consumer: AIOKafkaConsumer, run: GrowthRun, clicks: int
) -> Offsets:
    """Write the history, then the clicks that are measured: these appear on commit.

    Returns:
        Where the history ends.
    """
    say(f"Writing {run.clicks.count:,} enriched clicks ...")
    topic, partitions = run.input[0].topic, run.settings.partitions
    given = iter(run.clicks)
    await write(producer, topic, partitions, islice(given, run.clicks.count - clicks))
    await producer.commit_transaction()
    history: Offsets = await consumer.end_offsets(run.input)
    await producer.begin_transaction()
    await write(producer, topic, partitions, given)
    for p in range(partitions):
        await producer.send_batch(closing_batch(producer, run.clicks, p), topic, partition=p)
    await producer.flush()
    return history


async def _count(
    run: GrowthRun,
    producer: AIOKafkaProducer,
    consumer: AIOKafkaConsumer,
    history: Offsets,
    clicks: int,
) -> Row:
    setup = run.setup
    log = setup.directory / f"{run.name}.log"
    output = Output(consumer, dict.fromkeys(run.output, 0), CountsCheck(run.clicks.expected))
    with faust_worker("bench.counting_app", run.environment, log, setup.cores.worker) as worker:
        await asyncio.to_thread(until_started, worker)
        await _until_read(run, worker, history)
        begin = worker.sample()
        await producer.commit_transaction()
        seen = await watch(output, worker.sample)
    return row(run.name, "exactly once", clicks, begin, seen)


async def _until_read(run: GrowthRun, worker: FaustWorker, ends: Offsets) -> None:
    """Wait until what was counted up to these ends is committed."""
    deadline_s = time.monotonic() + _HISTORY_SECONDS
    while not reached(await _positions(run), ends):
        worker.sample()
        if time.monotonic() > deadline_s:
            raise BenchError(f"History must be counted in {_HISTORY_SECONDS:.0f} s; it was not.")
        await asyncio.sleep(_LOOK_SECONDS)


def reached(positions: Offsets, ends: Offsets) -> bool:
    """Whether all before the ends is read; what comes last is the mark of the transaction."""
    return all(positions.get(tp, 0) >= end - 1 for tp, end in ends.items())


async def _positions(run: GrowthRun) -> dict[TopicPartition, int]:
    """Where the worker has read to, as it committed it with the table."""
    topic = run.input[0].topic
    states = await last_states(run.changelog, **run.settings.connection)
    envelopes = {p: msgspec.json.decode(state, type=Envelope) for p, state in states.items()}
    return {
        TopicPartition(topic, at.partition): envelope.positions[topic]
        for at, envelope in envelopes.items()
    }
