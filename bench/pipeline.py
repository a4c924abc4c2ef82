"""The whole pipeline, raw clicks and purchases in, by one worker or several."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from aiokafka import AIOKafkaProducer

from app.admin import create_topics
from app.settings import Settings
from app.topics import (
    CLICK_COUNTS,
    CLICKS,
    CONVERSION_EVENTS,
    LATE_EVENTS,
    PURCHASES,
    UNATTRIBUTED_PURCHASES,
    topic_name,
)
from bench.checks import CountsCheck
from bench.clicks import Clicks
from bench.counting import until_started
from bench.report import Row
from bench.setup import Setup
from bench.shopping import Shopping
from bench.topics import Offsets, delete_topics, partitions_of, reader, transaction, write
from bench.tree import Sample
from bench.watch import Output, row, watch
from bench.worker import FaustWorker, faust_worker
from models.dead_letters import DEAD_LETTERS

_OUTPUTS = (
    CLICK_COUNTS,
    CONVERSION_EVENTS,
    UNATTRIBUTED_PURCHASES,
    LATE_EVENTS,
    DEAD_LETTERS,
)
#: Seconds that workers are left to share the partitions, before there is anything to do.
_SETTLE_SECONDS = 4.0


@dataclass(slots=True)
class PipelineCheck:
    """All counts right, and as many other records as there must be, none of them twice.

    Attributes:
        counts: The counts.
        counts_topic: Where they are.
        wanted: How many records each other topic must get.
        got: The values that it got, hashed: of millions they are held.
        repeated: How many of them it got again.
    """

    counts: CountsCheck
    counts_topic: str
    wanted: dict[str, int]
    got: dict[str, set[int]]
    repeated: int = 0

    def take(self, record: Any) -> bool:
        """Take a record."""
        if record.topic == self.counts_topic:
            return self.counts.take(record)
        got = self.got[record.topic]
        value = hash(record.value)
        self.repeated += value in got
        got.add(value)
        return True

    def fault(self) -> str | None:
        """What is missing or wrong so far."""
        for topic, wanted in self.wanted.items():
            got = len(self.got[topic])
            if got != wanted or self.repeated:
                return (
                    f"{topic} must get {wanted:,} records; it got {got:,}, and of all such topics "
                    f"{self.repeated:,} were repeated."
                )
        return self.counts.fault()


async def measure(setup: Setup, name: str, clicks: Clicks, cores: Sequence[frozenset[int]]) -> Row:
    """Let workers do everything, from when the input appears until all outputs are there.

    Args:
        setup: Where the run works; it gets topics of its own.
        name: Application id.
        clicks: Clicks, none of them given yet.
        cores: A worker runs on each.

    Raises:
        BenchError: An output is wrong, or a worker failed.
    """
    setup = replace(setup, prefix=f"{setup.prefix}{name}-")
    settings = setup.settings(name)
    await create_topics(settings)
    shopping = Shopping(clicks, settings.join_within_ms)
    async with (
        _deleted_after(setup),
        transaction(setup.bootstrap, f"{setup.prefix}input") as producer,
        reader(setup.bootstrap) as consumer,
    ):
        await _write(producer, settings, shopping)
        output = Output(consumer, _starts(settings), _check(settings, shopping))
        with _workers(setup, name, cores) as workers:
            await _settle(workers)
            begin = _sample(workers)
            await producer.commit_transaction()
            seen = await watch(output, lambda: _sample(workers))
    what = f"Whole pipeline, {len(cores)} workers"
    return row(what, "exactly once", clicks.count, begin, seen)


@asynccontextmanager
async def _deleted_after(setup: Setup) -> AsyncIterator[None]:
    """Leave no topics behind: a run of millions fills gigabytes."""
    try:
        yield
    finally:
        await delete_topics(setup.bootstrap, [setup.prefix])


async def _write(producer: AIOKafkaProducer, settings: Settings, shopping: Shopping) -> None:
    inputs = {
        CLICKS: (shopping.click_messages(), shopping.closing_click),
        PURCHASES: (shopping.purchase_messages(), shopping.closing_purchase),
    }
    for short, (messages, closing) in inputs.items():
        topic = topic_name(settings, short)
        await write(producer, topic, settings.partitions, messages)
        for partition in range(settings.partitions):
            batch = producer.create_batch()
            batch.append(timestamp=None, key=None, value=closing(partition))
            await producer.send_batch(batch, topic, partition=partition)
    await producer.flush()


def _starts(settings: Settings) -> Offsets:
    topics = [topic_name(settings, short) for short in _OUTPUTS]
    return {tp: 0 for topic in topics for tp in partitions_of(topic, settings.partitions)}


def _check(settings: Settings, shopping: Shopping) -> PipelineCheck:
    conversions, unattributed = shopping.expected()
    counts, *others = [topic_name(settings, short) for short in _OUTPUTS]
    wanted = dict(zip(others, (conversions, unattributed, 0, 0), strict=True))
    return PipelineCheck(
        CountsCheck(shopping.clicks.expected), counts, wanted, {topic: set() for topic in others}
    )


@contextmanager
def _workers(
    setup: Setup, name: str, cores: Sequence[frozenset[int]]
) -> Iterator[list[FaustWorker]]:
    with ExitStack() as stack:
        workers = []
        for number, core in enumerate(cores):
            directory = setup.directory / f"{name}-worker-{number}"
            environment = setup.environment(name) | {"CLICKSTREAM_DATA_DIR": str(directory)}
            worker = faust_worker("app", environment, directory.with_suffix(".log"), core)
            workers.append(stack.enter_context(worker))
        yield workers


async def _settle(workers: Sequence[FaustWorker]) -> None:
    """Wait until all have started, and those that started first have given partitions away."""
    for worker in workers:
        await asyncio.to_thread(until_started, worker)
    await asyncio.sleep(_SETTLE_SECONDS if len(workers) > 1 else 0)


def _sample(workers: Sequence[FaustWorker]) -> Sample:
    """All workers together."""
    samples = [worker.sample() for worker in workers]
    return Sample(
        samples[-1].at_s,
        sum(sample.cpu_s for sample in samples),
        sum(sample.peak_bytes for sample in samples),
        sum(sample.used_bytes for sample in samples),
    )
