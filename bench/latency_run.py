"""One measurement of latency: a subject started, left idle, then given traffic."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from app.admin import create_topics
from app.topics import CLICK_COUNTS, CLICKS, CONVERSION_EVENTS, PURCHASES, topic_name
from bench.latency_report import LatencyRow
from bench.latency_results import Receipts, Span, of_conversions, of_counts
from bench.latency_subjects import NAME, Running, Subject
from bench.latency_traffic import Sent, Traffic, send
from bench.setup import Setup
from bench.topics import partitions_of, reader
from bench.tree import Sample
from bench.worker import wait_for

_START_SECONDS = 120.0
#: Seconds after its start until a worker is at rest, and of traffic until it is in its stride.
_SETTLE_SECONDS = 5.0
_WARM_UP_SECONDS = 45.0
#: Seconds of traffic after what is measured: they let the last windows close.
_AFTER_SECONDS = 3.0
#: Seconds without a result that end a run.
_QUIET_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Seconds:
    """For how long is measured: without traffic, and with it."""

    idle: float
    traffic: float


async def measure(setup: Setup, subject: Subject, seconds: Seconds) -> LatencyRow:
    """Measure a subject between topics of its own.

    Args:
        setup: Where; its prefix is that of the topics.
        subject: Whose latency.
        seconds: For how long.

    Raises:
        BenchError: It does not start, or a result is missing or wrong.
    """
    await create_topics(setup.settings(NAME))
    with subject.start(setup) as running:
        await asyncio.to_thread(_until_ready, running, subject.ready)
        await asyncio.sleep(_SETTLE_SECONDS)
        begin = running.sample()
        await asyncio.sleep(seconds.idle)
        idle = share(begin, running.sample())
        async with _receipts(setup) as receipts:
            sent, begin, end = await _loaded(setup, running, seconds.traffic)
            await receipts.until_quiet(_QUIET_SECONDS)
    span = Span(begin.at_s, end.at_s)
    return LatencyRow(
        subject.name,
        subject.guarantee,
        of_counts(sent, receipts.of(_topic(setup, CLICK_COUNTS)), span),
        of_conversions(sent, receipts.of(_topic(setup, CONVERSION_EVENTS)), span),
        share(begin, end),
        idle,
    )


async def _loaded(setup: Setup, running: Running, seconds: float) -> tuple[Sent, Sample, Sample]:
    """Send traffic; what was sent, and the subject's begin and end of what is measured."""
    traffic = asyncio.create_task(_traffic(setup, _WARM_UP_SECONDS + seconds + _AFTER_SECONDS))
    await asyncio.sleep(_WARM_UP_SECONDS)
    begin = running.sample()
    await asyncio.sleep(seconds)
    end = running.sample()
    return await traffic, begin, end


def _until_ready(running: Running, ready: str) -> None:
    def said() -> bool:
        running.sample()
        return bool(running.said(ready))

    wait_for(said, "The start", _START_SECONDS)


def share(begin: Sample, end: Sample) -> float:
    """What part of a core was used between two moments."""
    return (end.cpu_s - begin.cpu_s) / (end.at_s - begin.at_s)


def _topic(setup: Setup, short: str) -> str:
    return topic_name(setup.settings(NAME), short)


@asynccontextmanager
async def _receipts(setup: Setup) -> AsyncIterator[Receipts]:
    """Read both outputs from now on."""
    count = setup.settings(NAME).partitions
    async with reader(setup.bootstrap, auto_offset_reset="earliest") as consumer:
        topics = [_topic(setup, short) for short in (CLICK_COUNTS, CONVERSION_EVENTS)]
        consumer.assign([tp for topic in topics for tp in partitions_of(topic, count)])
        receipts = Receipts(consumer)
        reading = asyncio.create_task(receipts.read())
        try:
            yield receipts
        finally:
            reading.cancel()


async def _traffic(setup: Setup, seconds: float) -> Sent:
    async with AIOKafkaProducer(bootstrap_servers=setup.bootstrap) as producer:
        topics = _topic(setup, CLICKS), _topic(setup, PURCHASES)
        return await send(producer, Traffic(), topics, seconds)
