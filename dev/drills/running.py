"""Holding one drill: topics, workers, load, harm, rest, verdict."""

import time
from pathlib import Path

from dev.demo.beside import beside
from dev.drills.arena import Arena, arena_of, topics
from dev.drills.drills import Drill
from dev.drills.judge import verdict
from dev.drills.report import Result
from dev.drills.workers import supervise
from dev.kafka import LocalKafka

_RATE = 20_000
"""Records a second, about what two cores take beside workers and broker."""

_LOOK_S = 0.2
"""Seconds between two looks at the partitions."""


async def hold(drill: Drill, kafka: LocalKafka, directory: Path, scale: float, seed: int) -> Result:
    """Hold a drill.

    Args:
        drill: Which.
        kafka: Runs, and may be killed.
        directory: For data and logs.
        scale: Of the number of records.
        seed: Of load and chance.

    Raises:
        DemoError: It can't be held to its end.
    """
    began_s = time.monotonic()
    arena = arena_of(
        kafka,
        directory,
        drill.name,
        seed,
        workers=drill.workers,
        records=int(drill.records * scale),
        rate=_RATE,
        look_s=_LOOK_S,
        settings=drill.settings,
    )
    async with topics(arena.site):
        await beside(
            _perform(drill, arena), supervise(arena.workers), arena.load.run(), arena.prober.run()
        )
        found = await verdict(arena.site)
    deaths = sum(worker.deaths for worker in arena.workers)
    if deaths:
        arena.notes.append(f"workers ended of themselves {deaths} times")
    return Result(
        drill.name,
        arena.prober.records,
        arena.faults,
        arena.prober.longest_s,
        found.lost,
        found.duplicated,
        time.monotonic() - began_s,
        (*arena.notes, *found.examples),
    )


async def _perform(drill: Drill, arena: Arena) -> None:
    await arena.until_ready()
    await drill.harm(arena)
    await arena.until_ready()
    await arena.finish()
