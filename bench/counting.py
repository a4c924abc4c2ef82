"""The counting stage alone, in a real worker: transactions, changelog and RocksDB as always."""

import asyncio

from app.admin import create_topics
from bench.checks import CountsCheck
from bench.report import Row
from bench.setup import CountingRun
from bench.topics import reader
from bench.tree import Sample
from bench.watch import Output, watch
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
            # A worker never ends of itself.
            end = await watch(output, worker.sample, ended=lambda: False)
    return Row(
        f"Counting stage, ranks {run.rankings}",
        run.clicks.count,
        end.at_s - begin.at_s,
        end.cpu_s - begin.cpu_s,
        "exactly once",
        end.peak_bytes,
    )


def until_started(worker: FaustWorker) -> Sample:
    """Wait until a worker has its partitions' state, and reads; returns the moment."""

    def restored() -> bool:
        worker.sample()
        return bool(worker.said("Restored "))

    wait_for(restored, "The worker's start", _START_SECONDS)
    return worker.sample()
