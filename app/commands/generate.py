"""``faust -A app generate``: a realistic clickstream, the same for the same seed."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import click
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from faust.cli import option

from app.commands.console import ConsoleCommand, Interrupt
from app.fields import duration_ms
from app.inputs.bulk import BATCH_BYTES, BulkSender
from app.inputs.cluster import REQUEST_TIMEOUT_MS, connected, partition_counts, told
from app.inputs.errors import InputError
from app.inputs.pouring import Pace, Pourer, Sent
from app.inputs.progress import Rate, Reporter
from app.inputs.traffic import DEFAULT_START_MS, Traffic
from app.settings import Settings, load_settings
from app.topics import INPUTS, topic_name
from models.timestamps import iso, to_ms

#: Clicks of a run that is told neither how many nor how long; live runs go on until interrupted.
_DEFAULT_CLICKS = 100_000

#: Clicks a second of event time: from a start, and live.
_DENSITY = 100.0
_LIVE_RATE = 50.0

_SHARE = click.FloatRange(0, 1)
_ABOVE_ZERO = click.FloatRange(0, min_open=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to generate, how fast, and how many clicks; None is no end."""

    traffic: Traffic
    pace: Pace
    clicks: int | None


class Generate(ConsoleCommand):
    """Send a realistic clickstream to Kafka.

    Visits, popular products, purchases after clicks. Messages come out of order, some minutes
    late, some broken. The same seed, start and numbers give the same messages. Event time begins
    at --start and runs as fast as messages are sent, --density clicks a second of it; with --live
    it is now.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        option("--seed", type=int, default=1, help="Of chance."),
        option(
            "--clicks",
            type=click.IntRange(min=1),
            help="End after so many [100000; live: never].",
        ),
        option("--seconds", type=_ABOVE_ZERO, help="End after so many seconds."),
        option(
            "--rate",
            type=_ABOVE_ZERO,
            help="Messages sent a second [as fast as possible]; live: clicks a second [50].",
        ),
        option("--users", type=click.IntRange(min=1), default=10_000, help="Visitors there are."),
        option("--products", type=click.IntRange(min=1), default=1_000, help="Products there are."),
        option("--start", metavar="ISO", help="Where event time begins [2025-01-01T00:00:00Z]."),
        option(
            "--density", type=_ABOVE_ZERO, default=_DENSITY, help="Clicks a second of event time."
        ),
        option("--live", is_flag=True, default=False, help="Event time is now."),
        option("--late", type=_SHARE, default=0.01, help="Share of visits held back for minutes."),
        option("--rubbish", type=_SHARE, default=0.001, help="Broken messages for each click."),
        option(
            "--disorder",
            default="5s",
            metavar="DURATION",
            help="Longest ordinary delay: 5s, 250ms.",
        ),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Generate and send."""
        settings = load_settings()
        plan = _plan(options)
        sent = Sent(plan.traffic.disorder_ms)
        try:
            rate = await self._send(settings, plan, sent, interrupt)
        except KafkaError as error:
            raise told(error, settings.broker, "with a later --start") from error
        done = "interrupted" if interrupt else "done"
        self.say(f"Generating is {done}: {sent.summary(rate)}.")
        if not plan.pace.live and sent.last_ms:
            self.say(f"Event time reached {iso(sent.last_ms)}: go on there with --start.")

    async def _send(
        self, settings: Settings, plan: Plan, sent: Sent, interrupt: Interrupt
    ) -> float:
        topics = {short: topic_name(settings, short) for short in INPUTS}
        reporter = Reporter("generate", plan.clicks, quiet=self.quiet)
        async with _sender(settings, topics) as sender:
            rate = Rate()

            def proceed() -> bool:
                reporter.show(sent.counts["clicks"], sent.summary(rate.of(sent.messages)))
                return not interrupt and not plan.pace.over()

            with reporter:
                pourer = Pourer(sender, topics, plan.pace, sent, proceed)
                await pourer.pour(plan.traffic.events(plan.clicks))
            return rate.of(sent.messages)


@asynccontextmanager
async def _sender(settings: Settings, topics: dict[str, str]) -> AsyncIterator[BulkSender]:
    async with connected(settings.connection) as admin:
        partitions = await partition_counts(admin, topics.values())
    producer = AIOKafkaProducer(
        **settings.connection,
        enable_idempotence=True,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_batch_size=BATCH_BYTES,
    )
    await producer.start()
    try:
        yield BulkSender(producer, partitions)
    finally:
        with suppress(KafkaError):
            await producer.stop()


def _plan(options: dict[str, Any]) -> Plan:
    """What the options ask for.

    Raises:
        InputError: They contradict each other, or can't be read.
    """
    live, rate, seconds = options["live"], options["rate"], options["seconds"]
    clicks, start = options["clicks"], options["start"]
    if live and start is not None:
        raise InputError(f"With --live event time is now; got --start {start} too. Choose one.")
    if clicks is None and seconds is None and not live:
        clicks = _DEFAULT_CLICKS
    traffic = Traffic(
        start_ms=int(time.time() * 1000) if live else _start_ms(start),
        clicks_per_s=(rate or _LIVE_RATE) if live else options["density"],
        disorder_ms=_disorder_ms(options["disorder"]),
        **{name: options[name] for name in ("seed", "users", "products", "late", "rubbish")},
    )
    return Plan(traffic, Pace(rate, live, seconds), clicks)


def _start_ms(start: str | None) -> int:
    try:
        return DEFAULT_START_MS if start is None else to_ms(start)
    except ValueError:
        raise InputError(
            f"--start is a time such as 2025-01-01T00:00:00Z; got {start}. Correct it."
        ) from None


def _disorder_ms(disorder: str) -> int:
    try:
        return duration_ms(disorder)
    except ValueError as error:
        raise InputError(f"--disorder: {error}; got {disorder}. Correct it.") from None
