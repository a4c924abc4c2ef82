"""What a click costs each stage alone, in a real worker, and the broker; and the bytes it leaves.

The stages run one after the other on the same half million clicks, each as an application with
that stage only: transactions, changelog and RocksDB as always, all settings the defaults.
"""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from app.admin import create_topics
from app.settings import Settings
from app.topics import CLICKS, PURCHASES, topic_specs
from bench.clicks import Clicks
from bench.cores import Cores
from bench.setup import Setup
from bench.shopping import Shopping
from bench.topics import Offsets, partitions_of, reader, transaction, write
from bench.tree import Sample, Tree
from bench.worker import FaustWorker, faust_worker, wait_for
from dev.kafka.broker import LocalKafka

#: Which stage an application of :mod:`dev.scaling.measuring.stage_app` has.
STAGE = "SCALING_STAGE"
_STAGES = ("enrichment", "counting", "joining")
_CLICKS, _PARTITIONS = 400_000, 8
#: With the second, nearly each click is a row of its own.
_USERS = (1_000, 50_000)
#: What a worker prints when it has its partitions, and how long that may take.
_READY, _START_SECONDS = "Worker ready", 60.0
_LOOK_SECONDS, _QUIET_SECONDS = 0.1, 4.0


@dataclass(frozen=True, slots=True)
class Run:
    """A run of all stages over the same clicks.

    Attributes:
        kafka: Where.
        setup: The place of its workers.
        consumer: Tells where logs end.
        clicks: What they get.
    """

    kafka: LocalKafka
    setup: Setup
    consumer: AIOKafkaConsumer
    clicks: Clicks

    def settings(self, stage: str) -> Settings:
        """The settings of a stage's application."""
        return self.setup.settings(stage)


def measure(kafka: LocalKafka, place: Path) -> dict[str, Any]:
    """By users: of each stage microseconds a click of worker and broker, bytes, rows."""
    return {f"{users} users": asyncio.run(_measure(kafka, place, users)) for users in _USERS}


async def _measure(kafka: LocalKafka, place: Path, users: int) -> dict[str, Any]:
    directory = place / f"users-{users}"
    directory.mkdir()
    setup = Setup(kafka.bootstrap, directory, Cores.named("all"))
    settings = setup.settings(_STAGES[0])
    topic = next(s.name for s in topic_specs(settings) if s.name.endswith(CLICKS))
    now_ms = time.time_ns() // 1_000_000
    clicks = Clicks(_CLICKS, users, now_ms, topic, settings.window_size_ms, _PARTITIONS)
    async with reader(kafka.bootstrap) as consumer:
        run = Run(kafka, setup, consumer, clicks)
        for stage in _STAGES:
            await create_topics(run.settings(stage))
        async with transaction(kafka.bootstrap, f"{setup.prefix}input") as producer:
            await _write(producer, run)
            found = {stage: await _stage(run, stage, producer) for stage in _STAGES}
    sizes = {topic: _size(kafka, topic) for topic in await _topics(run)}
    return {"rows": clicks.expected.rows(), "stages": found, "topic_bytes": sizes}


async def _write(producer: AIOKafkaProducer, run: Run) -> None:
    shopping = Shopping(run.clicks, run.settings(_STAGES[0]).join_within_ms)
    prefix = run.setup.prefix
    await write(producer, prefix + CLICKS, _PARTITIONS, shopping.click_messages())
    await write(producer, prefix + PURCHASES, _PARTITIONS, shopping.purchase_messages())
    await producer.flush()


async def _stage(run: Run, stage: str, inputs: AIOKafkaProducer) -> dict[str, float]:
    """One stage; the inputs appear when the first of them is ready."""
    os.environ[STAGE] = stage
    environment = run.setup.environment(stage)
    log = run.setup.directory / f"{stage}.log"
    broker = Tree(run.kafka.pid or 0)
    with faust_worker(
        "dev.scaling.measuring.stage_app", environment, log, run.setup.cores.worker
    ) as worker:
        await asyncio.to_thread(_until_ready, worker)
        before = worker.sample(), broker.sample()
        if stage == _STAGES[0]:
            await inputs.commit_transaction()
        after = await _until_quiet(run, worker, broker)
    spent = [(b.cpu_s - a.cpu_s) / _CLICKS * 1e6 for a, b in zip(before, after, strict=True)]
    store = run.setup.directory / stage
    return {
        "worker_us": spent[0],
        "broker_us": spent[1],
        "seconds": after[0].at_s - before[0].at_s,
        "store_bytes": sum(f.stat().st_size for f in store.rglob("*.sst")),
        "resident_mib": after[0].peak_bytes / 2**20,
    }


def _until_ready(worker: FaustWorker) -> None:
    """Wait until a worker has its partitions."""

    def ready() -> bool:
        worker.sample()
        return bool(worker.said(_READY))

    wait_for(ready, "The worker's start", _START_SECONDS)


async def _until_quiet(run: Run, worker: FaustWorker, broker: Tree) -> tuple[Sample, Sample]:
    """The moment of worker and broker when the last record of any topic was written."""
    partitions = [tp for topic in await _topics(run) for tp in partitions_of(topic, _PARTITIONS)]
    first: Offsets = await run.consumer.end_offsets(partitions)
    last, moment = first, (worker.sample(), broker.sample())
    while last == first or moment[0].at_s + _QUIET_SECONDS > time.monotonic():
        await asyncio.sleep(_LOOK_SECONDS)
        ends = await run.consumer.end_offsets(partitions)
        if ends != last:
            last, moment = ends, (worker.sample(), broker.sample())
    return moment


async def _topics(run: Run) -> list[str]:
    return sorted(t for t in await run.consumer.topics() if t.startswith(run.setup.prefix))


def _size(kafka: LocalKafka, topic: str) -> int:
    """Bytes of a topic's log on disk."""
    logs = (kafka.directory / "data").glob(f"{topic}-*/*.log")
    return sum(log.stat().st_size for log in logs)
