"""Where one drill takes place: topics of its own, workers, load, and someone who watches."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from operator import eq
from pathlib import Path
from random import Random

from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from app.inputs.cluster import connected
from app.settings import Settings
from app.topics import topic_specs
from dev.demo.processes import run
from dev.demo.site import Site
from dev.demo.topics import delete_topics
from dev.drills.errors import DrillError
from dev.drills.load import INPUT_PARTITIONS, Load
from dev.drills.prober import Prober
from dev.drills.settings import PARTITIONS, SETTINGS
from dev.drills.workers import Worker
from dev.kafka import Broker, LocalKafka

_PATIENCE_S = 120.0
"""Seconds after which what has not happened never will."""

_POLL_S = 0.1
_SETTLED_S = 2.0
"""Seconds without any commit after which nothing more follows: watermarks come twice a second."""


@dataclass
class Arena:
    """One drill's place.

    Attributes:
        kafka: The broker, the drill's to kill.
        site: Names and directories.
        workers: Under supervision.
        load: What is sent.
        prober: Watches the partitions.
        chance: The drill's.
        partitions: Of inner topics and changelogs.
        faults: Number of faults made so far.
        notes: What is to be said beside the numbers.
    """

    kafka: LocalKafka
    site: Site
    workers: list[Worker]
    load: Load
    prober: Prober
    chance: Random
    partitions: int = PARTITIONS
    faults: int = 0
    notes: list[str] = field(default_factory=list)

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for something.

        Raises:
            DrillError: It does not come.
        """
        deadline_s = time.monotonic() + _PATIENCE_S
        while not condition():
            if time.monotonic() > deadline_s:
                raise DrillError(f"Waited {_PATIENCE_S:.0f} s for {what}")
            await asyncio.sleep(_POLL_S)

    async def until_ready(self, *workers: Worker) -> None:
        """Wait until workers (all, if none is named) have taken up their work."""
        for worker in workers or self.workers:
            await self.until(
                lambda worker=worker: worker.alive and worker.ready,  # type: ignore[misc]
                f"worker {worker.number} to be ready",
            )

    async def until_moving(self) -> None:
        """Wait until every partition has committed something: under load, each has input."""
        before = self.prober.logs
        await self.until(
            lambda: not any(map(eq, before, self.prober.logs)), "every partition to commit"
        )

    async def pause(self, least_s: float, most_s: float | None = None) -> None:
        """Let the load run for some seconds."""
        await asyncio.sleep(self.chance.uniform(least_s, most_s or least_s))

    async def finish(self) -> None:
        """End the load, and wait until everything sent has been worked off."""
        self.load.end()
        await self.until(lambda: self.load.over, "the load to end")
        await self.settle()

    async def settle(self) -> None:
        """Wait until everything sent has been worked off.

        Raises:
            DrillError: It never is.
        """
        await self.until(lambda: self.prober.behind == 0, "the inputs to be read")
        while True:
            before = self.prober.logs
            await asyncio.sleep(_SETTLED_S)
            if self.prober.logs == before and self.prober.behind == 0:
                return


def arena_of(  # noqa: PLR0913 by name, mostly
    kafka: LocalKafka,
    directory: Path,
    name: str,
    seed: int,
    *,
    workers: int,
    records: int = 0,
    rate: int,
    look_s: float,
    settings: Mapping[str, str] | None = None,
) -> Arena:
    """Make a place.

    Args:
        kafka: Runs, and may be killed.
        directory: For data and logs, in a folder of that name.
        name: Prefix of all topics.
        seed: Of load and chance.
        workers: How many.
        records: Sent at least.
        rate: Records a second.
        look_s: Seconds between two looks at the partitions.
        settings: Of the application, beside the common ones.
    """
    (directory / name).mkdir()
    broker, all_settings = Broker(kafka.bootstrap), {**SETTINGS, **(settings or {})}
    site = Site(broker, directory / name, prefix=f"{name}-", settings=all_settings)
    load = Load(site, seed, records, rate)
    some = [Worker(site, number + 1) for number in range(workers)]
    return Arena(kafka, site, some, load, Prober(site, look_s), Random(seed))


@asynccontextmanager
async def topics(site: Site) -> AsyncIterator[None]:
    """The drill's topics; they are deleted in the end."""
    settings = Settings.model_validate(site.environment("topics"))
    specs = {spec.name: spec for spec in topic_specs(settings)}
    async with connected(settings.connection) as admin:
        new = [
            NewTopic(site.topic(short), count, 1, topic_configs=specs[site.topic(short)].config)
            for short, count in INPUT_PARTITIONS.items()
        ]
        await admin.create_topics(new)
    await run(site, "init-topics", "init-topics")
    try:
        yield
    finally:
        await delete_topics(site)


async def configure(site: Site, names: Sequence[str], **more: object) -> None:
    """Configure topics further; a dot in a configuration's name is written as `_`."""
    settings = Settings.model_validate(site.environment("topics"))
    config = {key.replace("_", "."): str(value) for key, value in more.items()}
    changed = [
        ConfigResource(ConfigResourceType.TOPIC, spec.name, configs=spec.config | config)
        for spec in topic_specs(settings)
        if spec.name in names
    ]
    async with connected(settings.connection) as admin:
        await admin.alter_configs(changed)
