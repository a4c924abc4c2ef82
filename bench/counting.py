"""The counting stage alone, in a real worker: transactions, changelog and RocksDB as always."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer

from app.admin import create_topics
from bench.report import Row
from bench.setup import CountingRun
from bench.topics import Offsets, read, reader
from bench.worker import BenchError, FaustWorker, Sample, faust_worker, wait_for
from models.timestamps import from_iso
from tables.store import STATE_KEY

#: Seconds a worker may take to start, and the whole input.
_START_SECONDS = 60.0
_RUN_SECONDS = 900.0
#: Seconds between looks at the changelog's end: all there is to be wrong about the time.
_POLL_SECONDS = 0.05
#: A changelog that did not grow for so long may be complete: then its positions tell.
_QUIET_SECONDS = 1.0
#: The last record of a transaction is the stage's state; its commit marker follows.
_TAIL = 2


@dataclass(frozen=True, slots=True)
class Measured:
    """From the first record that the worker could read to its last commit."""

    begin: Sample
    end: Sample


async def measure(run: CountingRun) -> Row:
    """Count the clicks, and check every count.

    Raises:
        BenchError: A count is wrong, or the worker failed.
    """
    await create_topics(run.settings)
    setup = run.setup
    log = setup.directory / f"{run.name}.log"
    async with reader(setup.bootstrap) as consumer:
        before = await consumer.end_offsets(run.output)
        with faust_worker("bench.counting_app", run.environment, log, setup.cores.worker) as worker:
            measured = await _watch(run, worker, consumer)
        await _check(run, consumer, before)
    return Row(
        f"Counting stage, {run.clicks.users:,} users, ranks {run.rankings}",
        run.clicks.count,
        measured.end.at_s - measured.begin.at_s,
        measured.end.cpu_s - measured.begin.cpu_s,
        "exactly once",
    )


async def _watch(run: CountingRun, worker: FaustWorker, consumer: AIOKafkaConsumer) -> Measured:
    def restored() -> bool:
        worker.sample()
        return bool(worker.said("Restored "))

    await asyncio.to_thread(wait_for, restored, "The worker's start", _START_SECONDS)
    begin = moved = worker.sample()
    wanted = await consumer.end_offsets(run.input)
    ends = await consumer.end_offsets(run.changelog)
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        now, seen = worker.sample(), await consumer.end_offsets(run.changelog)
        if seen != ends:
            ends, moved = seen, now
        elif now.at_s - moved.at_s > _QUIET_SECONDS and await _done(consumer, run, ends, wanted):
            return Measured(begin, moved)
        if now.at_s - begin.at_s > _RUN_SECONDS:
            raise BenchError(f"The clicks must be counted in {_RUN_SECONDS:.0f} s; they were not.")


async def _done(
    consumer: AIOKafkaConsumer, run: CountingRun, ends: Offsets, wanted: Offsets
) -> bool:
    """Whether every partition's committed position is the end of its input."""
    starts = {tp: max(0, end - _TAIL) for tp, end in ends.items()}
    positions = {}
    async for record in read(consumer, starts, ends):
        if record.key == STATE_KEY:
            positions[record.partition] = json.loads(record.value)["positions"]
    return all(positions.get(tp.partition, {}).get(tp.topic) == end for tp, end in wanted.items())


async def _check(run: CountingRun, consumer: AIOKafkaConsumer, starts: Offsets) -> None:
    """Compare every count with the benchmark's own."""
    counted: Counter[tuple[int, str]] = Counter()
    records = 0
    async for record in read(consumer, starts, await consumer.end_offsets(run.output)):
        fields = json.loads(record.value)
        counted[from_iso(fields["windowStart"]), fields["userId"]] += fields["clickCount"]
        records += 1
    expected = run.clicks.expected
    if counted != expected or records != len(expected):
        wrong = sum(counted[key] != expected[key] for key in counted.keys() | expected.keys())
        raise BenchError(
            f"Each of {len(expected):,} users' windows must be counted once and right; got "
            f"{records:,} counts, {wrong:,} windows wrong."
        )
