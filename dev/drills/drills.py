"""The drills: what is done while the load goes on."""

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from dev.drills.arena import Arena, configure
from dev.drills.disk import small_disk
from dev.drills.faults import (
    DAY_S,
    compacted,
    freeze,
    jump_clock,
    kill,
    kill_broker,
    poisoned,
    roll,
    set_clock,
)
from dev.drills.poison import INPUT_BYTES

_FULL = "Free space, or set CLICKSTREAM_DATA_DIR."
"""The remedy that a worker names whose disk is full."""


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill.

    Attributes:
        name: For the command line.
        about: What happens, in a few words.
        harm: Does it.
        records: Sent at the full rate, at scale 1.
        workers: How many there are.
        settings: Of the application, beside the common ones.
    """

    name: str
    about: str
    harm: Callable[[Arena], Awaitable[None]]
    records: int = 200_000
    workers: int = 2
    settings: Mapping[str, str] = field(default_factory=dict)


async def _killed(arena: Arena) -> None:
    for number in range(4):
        await arena.pause(0.5, 2)
        await kill(arena, arena.workers[number % 2])
    await arena.pause(1, 2)
    await kill(arena, *arena.workers)
    await arena.pause(0.1, 0.5)
    await kill(arena, *arena.workers)


async def _zombies(arena: Arena) -> None:
    for worker in arena.workers:
        await arena.pause(1, 2)
        await freeze(arena, worker)


async def _broker(arena: Arena) -> None:
    for _ in range(2):
        await arena.pause(2, 4)
        await kill_broker(arena)


async def _rolled(arena: Arena) -> None:
    for worker in arena.workers:
        await arena.pause(1, 2)
        await roll(arena, worker)


async def _wiped(arena: Arena) -> None:
    for worker in arena.workers:
        await arena.pause(1, 2)
        await kill(arena, worker, wipe=True)
    await arena.pause(1, 2)
    await kill(arena, *arena.workers, wipe=True)


async def _compacted(arena: Arena) -> None:
    await arena.pause(2)
    for _ in range(2):
        await compacted(arena)
        await kill(arena, *arena.workers, wipe=True)


async def _disk_full(arena: Arena) -> None:
    worker = arena.workers[0]
    with small_disk(worker.directory) as disk:
        disk.fill()
        for _ in range(2):
            complaints = worker.said.count(_FULL)
            worker.faust = disk.faust
            await worker.gone(signal.SIGTERM)
            arena.faults += 1
            await arena.until(
                lambda: worker.said.count(_FULL) > complaints,  # noqa: B023 it is awaited here
                "the worker to say that its disk is full",
            )
            await arena.pause(3)
            disk.grow()
            worker.faust = disk.faust
            await arena.until_ready()
            await arena.pause(1)
            disk.fill()
        disk.grow()
        await arena.finish()  # the disk goes now


async def _clocks(arena: Arena) -> None:
    for worker, ahead_s in zip(arena.workers, (DAY_S, -DAY_S), strict=True):
        await arena.pause(1)
        await set_clock(arena, worker, ahead_s)
    await arena.pause(1, 2)
    for worker in arena.workers:
        await jump_clock(arena, worker)
    await arena.pause(2)
    for worker in arena.workers:
        await kill(arena, worker)


async def _poison(arena: Arena) -> None:
    inputs = [arena.site.topic(short) for short in ("clicks", "purchases")]
    await configure(arena.site, inputs, max_message_bytes=INPUT_BYTES)
    await arena.pause(1)
    await poisoned(arena)
    await kill(arena, arena.workers[0])
    await poisoned(arena)


async def _wild(arena: Arena) -> None:
    chance, workers = arena.chance, arena.workers
    choices = (
        lambda: kill(arena, chance.choice(workers)),
        lambda: kill(arena, *workers),
        lambda: kill(arena, chance.choice(workers), wipe=True),
        lambda: freeze(arena, chance.choice(workers)),
        lambda: roll(arena, chance.choice(workers)),
        lambda: kill_broker(arena),
        lambda: set_clock(arena, chance.choice(workers), chance.choice((DAY_S, -DAY_S))),
    )
    for number in chance.choices(range(len(choices)), k=6):
        await arena.pause(0.2, 2)
        await choices[number]()


DRILLS = (
    Drill("kill", "workers killed (kill -9), one at a time and both at once", _killed),
    Drill("zombie", "workers stopped beyond their session, then awake again", _zombies),
    Drill("broker", "the broker killed (kill -9) and started again", _broker),
    Drill("roll", "three workers with standbys rolled one by one", _rolled, workers=3,
          settings={"STANDBY_REPLICAS": "1"}),
    Drill("wipe", "data directories wiped, one at a time and both at once", _wiped),
    Drill("compaction", "changelogs compacted, then all data wiped", _compacted),
    Drill("disk", "a data directory without space, then with space again", _disk_full),
    Drill("clock", "clocks a day ahead and behind, and jumping by two", _clocks),
    Drill("poison", "large, broken, empty and compressed records", _poison),
    Drill("wild", "a mix by chance", _wild, workers=3),
)  # fmt: skip
"""In the order they are run."""
