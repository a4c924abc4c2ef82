"""``faust -A app replay``: a second version, over all of the inputs, beside the first one."""

import asyncio
import shlex
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from aiokafka.errors import KafkaError
from faust.cli import argument, option

from agents.spec import StageSpec
from app.audit.logs import Logs, open_logs
from app.commands.console import ConsoleCommand, Interrupt
from app.inputs.cluster import told
from app.inputs.progress import Rate, Reporter
from app.redriving.choice import instant
from app.settings import MAIN, Settings, load_settings
from app.topics import INPUTS, topic_name
from app.versions.begin import begin
from app.versions.errors import VersionError
from app.versions.progress import Look, look
from app.versions.registry import Version
from app.versions.rules import (
    changes_of,
    differing,
    name_of,
    rules_of,
    variables,
    with_rules,
)
from app.versions.worker import ReplayWorker, replay_worker
from models.errors import BrokerError

if TYPE_CHECKING:
    from app.bootstrap import App

#: Seconds between two looks.
_LOOK_SECONDS = 2.0
#: Seconds between two turns in which Ctrl-C is heard and the worker's end seen.
_TURN_SECONDS = 0.1


class replay(ConsoleCommand):  # noqa: N801 its name is the command's
    """Run another version over all of the inputs, beside this one.

    It has a consumer group, inner topics, outputs, tables and a directory of its own and reads the
    same inputs, from their start, as fast as it goes. NAME=VALUE is a setting in which it differs,
    as WINDOW_SIZE=10m; without any it must give what this version gave (see diff).

    Once it has caught up it goes on with the traffic, until Ctrl-C. Interrupted or killed, it goes
    on where it stopped when the same command is run again.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        argument("changes", metavar="[NAME=VALUE]...", nargs=-1),
        option("--as", "name", metavar="VERSION", required=True, help="Its name, as v2."),
        option(
            "--from",
            "from_",
            metavar="ISO",
            help="Input records from here on, by Kafka's timestamps. Windows and joins that reach "
            "back before it are incomplete.",
        ),
        option("--until-caught-up", is_flag=True, default=False, help="End when it has caught up."),
        option("--web-port", type=int, help="Of its worker [a free one]."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Begin the version, run its worker, and tell how far it is."""
        ours = load_settings()
        target = with_rules(ours, options["name"], changes_of(options["changes"]))
        since_ms = instant("--from", options["from_"])
        if target.version in {"", ours.version}:
            raise VersionError(
                f"A replay runs as another version than {name_of(ours)} and {MAIN}; got "
                f"{options['name']!r}. Say --as v2."
            )
        try:
            async with open_logs(ours.connection, interrupt.proceed, self.say) as logs:
                version = await begin(ours, target, since_ms, logs)
                await self._tell(ours, version, logs)
                changed = variables(version.name, version.rules)
                async with replay_worker(changed, target.directory, options["web_port"]) as worker:
                    follow = Following(ours, target, version, logs, worker)
                    await self._follow(follow, interrupt, options)
        except KafkaError as error:
            raise told(error, ours.broker, "it goes on where it stopped") from error

    async def _tell(self, ours: Settings, version: Version, logs: Logs) -> None:
        wanted = {name: now for name, (_, now) in differing(rules_of(ours), version.rules).items()}
        changed = variables(version.name, wanted)
        given = " ".join(f"{name}={shlex.quote(value)}" for name, value in changed.items())
        self.say(
            f"Replaying as {version.name}. More workers of it, each with a CLICKSTREAM_DATA_DIR of "
            f"its own:\n  {given} faust -A app worker -l info"
        )
        for short in INPUTS if version.since is None else ():
            if lost := sum(version.starts[short]):
                self.say(
                    f"Retention has deleted {lost:,} offsets of {topic_name(ours, short)}: what "
                    "they gave can't be computed again."
                )

    async def _follow(
        self, follow: "Following", interrupt: Interrupt, options: dict[str, Any]
    ) -> None:
        stages = cast("App", self.app).engine.specs.values()
        name = follow.target.version
        last = first = await follow.look(stages)
        now: Look | None = first
        rate, caught_up, done = Rate(), False, Lasting(2 * follow.target.watermark_interval_ms)
        with Reporter(f"replay {name}", first.total, quiet=self.quiet) as reporter:
            while not interrupt:
                await follow.pause(interrupt)
                now, before = await follow.look_again(stages), now
                if now is None:
                    if before is not None:
                        reporter.note(f"Kafka does not answer: {name} and its worker wait for it.")
                    continue
                line = now.told(rate.of(now.read - first.read))
                reporter.show(now.read, now.brief if reporter.is_bar else line)
                if done.for_long(now.has_done(last)) and not caught_up:
                    caught_up = True
                    reporter.note(
                        f"{name} has caught up: {now.read:,} records. Compare it with: "
                        f"faust -A app diff {name_of(follow.ours)} {name}"
                    )
                    if options["until_caught_up"]:
                        return
                last = now


class Lasting:
    """Whether something has been so for a while.

    A partition that has been read tells its stream time with its next watermark record only: until
    then the last windows have not closed.
    """

    def __init__(self, duration_ms: int) -> None:
        """So long is a while."""
        self._duration_ms = duration_ms
        self._since_s: float | None = None

    def for_long(self, so: bool) -> bool:  # noqa: FBT001 it is what is asked about
        """Whether it is so now, and was at every look for a while."""
        now_s = time.monotonic()
        if not so:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = now_s
        return so and 1_000 * (now_s - (self._since_s or now_s)) >= self._duration_ms


@dataclass(frozen=True, slots=True)
class Following:
    """A replay that is followed.

    Attributes:
        ours: The version that is there.
        target: The version that is replayed.
        version: As it was begun.
        logs: The cluster's.
        worker: Its worker here.
    """

    ours: Settings
    target: Settings
    version: Version
    logs: Logs
    worker: ReplayWorker

    async def look(self, stages: Collection[StageSpec]) -> Look:
        """How far it is."""
        return await look(self.target, self.version, self.logs, stages)

    async def look_again(self, stages: Collection[StageSpec]) -> Look | None:
        """The same, later on; None where Kafka does not answer: the worker waits for it, too."""
        try:
            return await self.look(stages)
        except (KafkaError, OSError, BrokerError):
            return None

    async def pause(self, interrupt: Interrupt) -> None:
        """Wait for the next look, as long as the worker runs and nobody asks to end."""
        until_s = time.monotonic() + _LOOK_SECONDS
        while not interrupt and time.monotonic() < until_s:
            self.worker.check()
            await asyncio.sleep(_TURN_SECONDS)
