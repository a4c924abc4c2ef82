"""What is done to workers, broker and data; each waits until the workers have recovered."""

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable

from dev.drills.arena import Arena, configure
from dev.drills.poison import poison
from dev.drills.settings import SESSION_S, changelogs
from dev.drills.workers import Worker

DAY_S = 86_400

Fault = Callable[[Arena], Awaitable[None]]


async def kill(arena: Arena, *workers: Worker, wipe: bool = False) -> None:
    """Kill -9, at once; they are started again, with an empty data directory if `wipe`."""
    await asyncio.gather(*(worker.gone(signal.SIGKILL, wipe=wipe) for worker in workers))
    arena.faults += len(workers)
    await arena.until_ready(*workers)


async def roll(arena: Arena, worker: Worker) -> None:
    """End a worker in order, and start it again."""
    await worker.gone(signal.SIGTERM)
    arena.faults += 1
    await arena.until_ready(worker)


async def freeze(arena: Arena, worker: Worker) -> None:
    """Stop a worker for longer than its session: it wakes as a zombie."""
    worker.send(signal.SIGSTOP)
    arena.faults += 1
    await arena.pause(SESSION_S + 1, SESSION_S + 3)
    worker.send(signal.SIGCONT)
    await arena.until_moving()


async def kill_broker(arena: Arena) -> None:
    """Kill -9 the broker, and start it again after a second or two."""
    began_s = time.monotonic()
    await asyncio.to_thread(arena.kafka.kill)
    arena.faults += 1
    await arena.pause(1, 2)
    await asyncio.to_thread(arena.kafka.start)
    arena.notes.append(f"the broker was away for {time.monotonic() - began_s:.1f} s")
    await arena.until_moving()


async def set_clock(arena: Arena, worker: Worker, ahead_s: int) -> None:
    """Start a worker again with a clock that is ahead (behind: negative) by so much."""
    worker.faust = (sys.executable, "-m", "dev.drills.launch", str(ahead_s))
    await roll(arena, worker)


async def jump_clock(arena: Arena, worker: Worker) -> None:
    """Let a wrong clock jump to the other side of the truth while the worker runs."""
    worker.send(signal.SIGRTMIN)
    arena.faults += 1


async def poisoned(arena: Arena) -> None:
    """Records that nobody should send, and that are no reason to stop."""
    for options, records in poison(arena.chance):
        await arena.load.put(records, **options)
        arena.faults += 1


async def compacted(arena: Arena) -> None:
    """Have the changelogs compacted, and see that they are.

    Raises:
        DrillError: The cleaner does not come.
    """
    names = changelogs(arena.site)
    await configure(
        arena.site,
        names,
        segment_ms=500,
        segment_bytes=1024 * 1024,
        min_cleanable_dirty_ratio=0.001,
        min_compaction_lag_ms=0,
    )
    before = _cleaned(arena, names)
    await arena.until(
        lambda: all(_cleaned(arena, names)[at] > before[at] for at in before),
        "the log cleaner to clean the changelogs",
    )
    cleaned = _cleaned(arena, names)
    arena.notes.append(f"the cleaner has cleaned {sum(cleaned.values()):,} changelog offsets")


def _cleaned(arena: Arena, names: list[str]) -> dict[tuple[str, int], int]:
    """Up to which offset the broker's cleaner has come, by changelog partition."""
    done = {(name, number): 0 for name in names for number in range(arena.partitions)}
    checkpoint = arena.kafka.directory / "data" / "cleaner-offset-checkpoint"
    for line in checkpoint.read_text().splitlines() if checkpoint.exists() else ():
        topic, _, rest = line.partition(" ")
        if topic in names:
            number, offset = map(int, rest.split())
            done[topic, number] = offset
    return done
