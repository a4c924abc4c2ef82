"""`python -m dev.drills --rebalance`: for how long a rebalance stops which partitions."""

import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from rich.console import Console
from rich.table import Table

from app.inputs.cluster import connected
from app.topics import CLICKS, ENRICHED_CLICKS, PURCHASES, PURCHASES_BY_USER
from dev.demo.beside import beside
from dev.drills.arena import Arena, arena_of, topics
from dev.drills.workers import supervise
from dev.kafka import LocalKafka

_RATE = 3_000
"""Records a second: the machine is not busy with them, so the rebalance is what is measured."""

_LOOK_S = 0.02
_REST_S = 4.0
"""Seconds for the group to come to rest before and after."""

_STAGES = {
    CLICKS: ("enrichment",),
    PURCHASES: ("admission",),
    ENRICHED_CLICKS: ("counting", "joining"),
    PURCHASES_BY_USER: (),
}

Owners = dict[tuple[str, int], str]


@dataclass(frozen=True, slots=True)
class Stop:
    """What one rebalance did.

    Attributes:
        event: Why there was one.
        stayed_s: For how long each partition stood still that kept its worker.
        moved_s: The same of those that another worker has now.
    """

    event: str
    stayed_s: tuple[float, ...]
    moved_s: tuple[float, ...]


async def measure(kafka: LocalKafka, directory: Path, seed: int, **settings: str) -> list[Stop]:
    """Have workers come and go under a light load.

    Args:
        kafka: Runs.
        directory: For data and logs.
        seed: Of load and chance.
        settings: Of the application, beside the drills' own.

    Raises:
        DemoError: They don't.
    """
    arena = arena_of(
        kafka,
        directory,
        "rebalance",
        seed,
        rate=_RATE,
        look_s=_LOOK_S,
        workers=3,
        settings=settings,
    )
    stops: list[Stop] = []
    arena.workers[2].wanted = False
    async with topics(arena.site):
        await beside(
            _perform(arena, stops),
            supervise(arena.workers),
            arena.load.run(),
            arena.prober.run(),
        )
    return stops


async def _perform(arena: Arena, stops: list[Stop]) -> None:
    third = arena.workers[2]

    async def nothing() -> None:
        await arena.pause(1)

    async def join() -> None:
        third.wanted = True
        await arena.until(lambda: third.alive, "the third worker to start")
        await arena.until_ready(third)

    async def leave() -> None:
        await third.gone(signal.SIGTERM, again=False)

    async def die() -> None:
        await third.gone(signal.SIGKILL, again=False)
        await arena.pause(_REST_S)

    await arena.until_ready(*arena.workers[:2])
    events = (
        ("none", nothing),
        ("a third worker joins", join),
        ("it leaves in order", leave),
        ("it joins again", join),
        ("it is killed", die),
    )
    for event, harm in events:
        stops.append(await _observed(arena, event, harm))


async def _observed(arena: Arena, event: str, harm: Callable[[], Awaitable[None]]) -> Stop:
    await arena.pause(_REST_S)
    before = await _owners(arena)
    arena.prober.forget()
    await harm()
    await arena.pause(_REST_S)
    after = await _owners(arena)
    still = {at: partition.longest_s for at, partition in arena.prober.partitions.items()}
    stayed = tuple(still[at] for at in still if before.get(at) == after.get(at))
    return Stop(event, stayed, tuple(still[at] for at in still if before.get(at) != after.get(at)))


async def _owners(arena: Arena) -> Owners:
    """The group's member that has each partition of each stage."""
    async with connected({"bootstrap_servers": arena.site.broker.bootstrap}) as admin:
        (answer,) = await admin.describe_consumer_groups([f"{arena.site.prefix}app"])
    owners: Owners = {}
    for group in answer.groups:
        for member, _, _, _, encoded in group[5]:
            assigned = ConsumerProtocolMemberAssignment.decode(encoded).assignment
            for topic, numbers in assigned:
                short = topic.removeprefix(arena.site.prefix)
                for stage in _STAGES.get(short, ()):
                    owners |= {(stage, number): member for number in numbers}
    return owners


def show_stops(console: Console, stops: Sequence[Stop]) -> None:
    """Print the table."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("rebalance")
    for name in ("stayed", "median", "longest", "moved", "median", "longest"):
        table.add_column(name, justify="right")
    for stop in stops:
        table.add_row(stop.event, *_cells(stop.stayed_s), *_cells(stop.moved_s))
    console.print(table)
    console.print(
        "seconds for which partitions (of stages) with input waiting committed nothing, those that "
        "stayed with their worker and those that moved"
    )


def _cells(times_s: Sequence[float]) -> tuple[str, str, str]:
    if not times_s:
        return "0", "", ""
    return str(len(times_s)), f"{median(times_s):.2f}", f"{max(times_s):.2f}"
