"""``faust -A app load FILE``: events or web server logs from a file into Kafka."""

import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import click
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from faust.cli import argument, option

from app.commands.console import ConsoleCommand, Interrupt
from app.inputs.cluster import connected, partition_counts, told
from app.inputs.errors import InputError
from app.inputs.feed import Feed, FileFeed, PipeFeed, aside
from app.inputs.files import Source, open_source
from app.inputs.formats import Format
from app.inputs.loader import Loader, Target
from app.inputs.options import LoadOptions, format_of, reader_of
from app.inputs.position import Position, load_id
from app.inputs.progress import Rate, Reporter
from app.inputs.rows import Reader
from app.inputs.salt import mark, salt_of
from app.settings import Settings, load_settings
from app.topics import CLICKS, INPUTS, PURCHASES, topic_name
from models.dead_letters import DEAD_LETTERS


@dataclass(frozen=True, slots=True)
class Job:
    """One file to load, with all that was asked for."""

    source: Source
    reader: Reader
    options: LoadOptions
    salt_mark: str
    restart: bool


class Load(ConsoleCommand):
    """Load a file into Kafka, every line exactly once.

    FILE holds JSON lines, CSV with a header, or a web server's log, and may end in .gz; - is
    standard input. A load that was interrupted or killed goes on where it stopped when it is run
    again. Lines that can't be read go to the dead letters with file name and line number.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        argument("file", metavar="FILE"),
        option("--topic", type=click.Choice(INPUTS), help="What JSON or CSV lines are."),
        option(
            "--format",
            type=click.Choice([f.value for f in Format]),
            help="Format of the lines. Without it, the name or the first line tells.",
        ),
        option(
            "--map",
            "mapping",
            metavar="OURS=THEIRS,...",
            help="Fields, as userId=customer.",
        ),
        option(
            "--epoch",
            type=click.Choice(["ms", "s"]),
            default="ms",
            help="Unit of a timestamp that is a number (JSON, CSV).",
        ),
        option("--only", metavar="REGEX", help="Web log: take requests whose target matches."),
        option(
            "--product",
            metavar="REGEX",
            help="Web log: the first group in the target is the productId.",
        ),
        option(
            "--purchases",
            metavar="REGEX",
            help="Web log: what a purchase's target or 'METHOD target' matches; it is no click.",
        ),
        option(
            "--salt",
            envvar="CLICKSTREAM_SALT",
            help="Web log: secret in the users' hashes [one is kept in the data directory].",
        ),
        option(
            "--restart", is_flag=True, default=False, help="Load from the first line once more."
        ),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Load the file."""
        settings = load_settings()
        with open_source(options["file"]) as source:
            prepare = partial(_job, settings, source, **options)
            job = await aside(prepare, lambda: bool(interrupt))
            if job is not None:
                await self._connect(settings, job, interrupt)

    async def _connect(self, settings: Settings, job: Job, interrupt: Interrupt) -> None:
        try:
            async with connected(settings.connection) as admin:
                target = await _target(settings, admin, job)
                async with Loader(target) as loader:
                    await self._load(loader, admin, job, interrupt)
        except KafkaError as error:
            again = "it goes on where it stopped" if job.source.resumable else "it begins anew"
            raise told(error, settings.broker, again) from error

    async def _load(
        self, loader: Loader, admin: AIOKafkaAdminClient, job: Job, interrupt: Interrupt
    ) -> None:
        start = await _start(loader, admin, job)
        source, rate = job.source, Rate()
        with Reporter(source.name, source.size, quiet=self.quiet) as reporter:

            def proceed(position: Position) -> bool:
                pace = rate.of(position.lines - start.lines)
                reporter.show(source.done(), _summary(position, pace, brief=True))
                return not interrupt

            feed: Feed = FileFeed(job.reader) if source.resumable else PipeFeed(job.reader)
            end = await loader.load(feed, source.lines, start, proceed, remember=source.resumable)
        self.say(_farewell(job, start, end, rate.of(end.lines - start.lines), ended=feed.done))


def _job(
    settings: Settings,
    source: Source,
    *,
    file: str,
    salt: str | None,
    restart: bool,
    **asked: Any,
) -> Job:
    options = LoadOptions(**asked)
    if (source.resumable or not options.format) and not source.lines.peek():
        raise InputError(f"FILE must hold lines; {file} is empty. Give one that does.")
    format_ = format_of(source, options)
    secret = salt_of(salt, settings.data_dir) if format_ is Format.WEBLOG else b""
    reader = reader_of(source, format_, options, secret)
    return Job(source, reader, replace(options, format=format_.value), mark(secret), restart)


async def _target(settings: Settings, admin: AIOKafkaAdminClient, job: Job) -> Target:
    topics = {short: topic_name(settings, short) for short in (CLICKS, PURCHASES, DEAD_LETTERS)}
    name = job.source.name
    # The options' text is stable: a frozen dataclass of strings.
    load = load_id(settings.app_id, name, _head(job), repr(job.options))
    counts = await partition_counts(admin, topics.values())
    return Target(settings.connection, load, topics, counts, name)


def _head(job: Job) -> bytes:
    """What tells the file from others of its name: its first line, below a CSV file's header."""
    head = job.source.head
    if head is None:
        return uuid.uuid4().bytes
    return head if job.options.format == Format.CSV else head.partition(b"\n")[0]


async def _start(loader: Loader, admin: AIOKafkaAdminClient, job: Job) -> Position:
    """Where to begin; the source's lines are read up to there."""
    begin = Position(salt=job.salt_mark)
    if job.restart or not job.source.resumable:
        return begin
    position = await loader.position(admin)
    if not position.lines:
        return begin
    lines = job.source.lines
    if not lines.skip_to(position.lines) or lines.crc != position.crc:
        raise InputError(
            f"Lines that are loaded must stay as they are; {job.source.name} has changed before "
            f"line {position.lines}. Load it under another name, or all of it again with --restart."
        )
    if position.salt != job.salt_mark:
        raise InputError(
            f"One salt goes with one file; {position.lines} lines of {job.source.name} were loaded "
            "with another. Give that salt with --salt, or load all of it again with --restart."
        )
    return position


def _summary(position: Position, rate: float, *, brief: bool = False) -> str:
    """What became of the lines; a brief one leaves out what there is none of."""
    counts = {
        "lines": position.lines,
        "clicks": position.clicks,
        "purchases": position.purchases,
        "unreadable": position.unreadable,
        "passed over": position.passed,
    }
    parts = [f"{count:,} {name}" for name, count in counts.items() if count or not brief]
    return ", ".join([*parts, f"{rate:,.0f} lines/s"])


def _farewell(job: Job, start: Position, end: Position, rate: float, *, ended: bool) -> str:
    name = job.source.name
    if ended and start.lines == end.lines and start.lines:
        return f"{name} is already loaded: {_summary(end, rate)}. Load it once more with --restart."
    since = f" (the first {start.lines:,} by an earlier run)" if start.lines else ""
    if ended:
        return f"{name} is loaded{since}: {_summary(end, rate)}."
    again = (
        "Run the same command again to go on from there, without --restart."
        if job.source.resumable
        else "Standard input can't be resumed."
    )
    return f"{name} is interrupted after line {end.lines:,}{since}: {_summary(end, rate)}. {again}"
