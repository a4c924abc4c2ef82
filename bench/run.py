"""A run: a broker, a place to work, and the topic of enriched clicks that all read."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.admin import create_topics
from app.topics import CLICKS, ENRICHED_CLICKS, topic_name
from bench.clicks import Clicks
from bench.cores import Cores, pinned
from bench.report import machine
from bench.setup import Setup, workspace
from bench.subject import Round, say
from bench.topics import fill
from dev.kafka import resolve_broker


@dataclass(frozen=True, slots=True)
class Place:
    """A run that is ready for its rounds.

    Attributes:
        setup: Where it works.
        clicks: What is counted; they are written.
        machine: The machine and its software.
    """

    setup: Setup
    clicks: Clicks
    machine: str

    def rounds(self, count: int) -> list[Round]:
        """So many rounds."""
        return [Round(self.setup, self.clicks, number) for number in range(count)]


@contextmanager
def running(count: int, users: int, cores: str = "one", *, filled: bool = True) -> Iterator[Place]:
    """Get everything ready, and leave nothing behind.

    Args:
        count: How many clicks.
        users: Of how many users.
        cores: ``one`` for what is measured, or ``all`` for everything.
        filled: Whether anybody reads the enriched clicks.
    """
    # New topics have no leader for a moment, which the client tells and then bears.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    named = Cores.named(cores)
    # A broker that is started here, and everything else that is not measured, keeps off the core.
    with pinned(named.others), resolve_broker() as broker:
        about = machine(named)
        with workspace(broker.bootstrap, named) as setup:
            clicks = made_up(setup, count, users)
            if filled:
                asyncio.run(fill_enriched(setup, clicks))
            yield Place(setup, clicks, about)


def made_up(setup: Setup, count: int, users: int) -> Clicks:
    """The clicks of a run, none of them given yet."""
    settings = setup.settings("counting-0")
    return Clicks(
        count,
        users,
        time.time_ns() // 1_000_000,  # stock Faust closes windows by the wall clock
        topic_name(settings, CLICKS),
        settings.window_size_ms,
        settings.partitions,
    )


async def fill_enriched(setup: Setup, clicks: Clicks) -> None:
    """Write the enriched clicks that all read."""
    settings = setup.settings("counting-0")
    await create_topics(settings)
    say(f"Writing {clicks.count:,} enriched clicks ...")
    topic = topic_name(settings, ENRICHED_CLICKS)
    await fill(setup.bootstrap, topic, settings.partitions, clicks)
