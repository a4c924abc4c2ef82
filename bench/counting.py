"""The counting stage alone, in a real worker: transactions, changelog and RocksDB as always."""

import asyncio

from app.admin import create_topics
from bench.checks import CountsCheck
from bench.report import Row
from bench.setup import CountingRun
from bench.topics import reader
from bench.tree import Sample
from bench.watch import Output, row, watch
from bench.worker import FaustWorker, faust_worker, wait_for

#: Seconds a worker may take to start.
_START_SECONDS = 60.0


async def measure(run: CountingRun) -> Row:
    """Count the clicks, and check every count.

    Raises:
        BenchError: A count is wrong, or the worker failed.
    """
    await create_topics(run.settings)
    setup = run.setup
    log = setup.directory / f"{run.name}.log"
    async with reader(setup.bootstrap) as consumer:
        starts = await consumer.end_offsets(run.output)
        output = Output(consumer, starts, CountsCheck(run.clicks.expected))
        with faust_worker("bench.counting_app", run.environment, log, setup.cores.worker) as worker:
            begin = await asyncio.to_thread(until_started, worker)
            seen = await watch(output, worker.sample)
    what = f"Counting stage, ranks {run.rankings}"
    return row(what, "exactly once", run.clicks.count, begin, seen)


def until_started(worker: FaustWorker) -> Sample:
    """Wait until a worker has its partitions' state, and reads; returns the moment."""

    def restored() -> bool:
        worker.sample()
        return bool(worker.said("Restored "))

    wait_for(restored, "The worker's start", _START_SECONDS)
    return worker.sample()
