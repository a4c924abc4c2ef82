"""``faust -A app diff``: what two versions emitted, against each other."""

import gc
import json
from time import time_ns
from typing import Any

import click
import msgspec
from aiokafka.errors import KafkaError
from faust.cli import argument, option
from rich.console import Console

from app.audit.logs import Logs, open_logs
from app.commands.console import FAULT, ConsoleCommand, Interrupt
from app.diffing.diff import Diff
from app.diffing.gathering import Side
from app.diffing.report import show
from app.diffing.result import Result
from app.inputs.cluster import told
from app.inputs.progress import Reporter
from app.settings import MAIN, Settings, load_settings
from app.versions.errors import VersionError
from app.versions.registry import Compared, Registry, put_version, read_registry
from app.versions.rules import name_of
from models.timestamps import iso

#: New objects after which the garbage collector looks for cycles.
_COLLECT_AFTER = 200_000
#: Exit code when nothing could be compared: 1 says that there are differences.
_FAILED = 2


class diff(ConsoleCommand):  # noqa: N801 its name is the command's
    """Compare what two versions emitted, and say why it differs.

    ONE and OTHER are versions; main is the one without CLICKSTREAM_VERSION. What is final in both
    is compared, so traffic may go on. Exit code 1 on any difference, 2 if it can't be compared.
    """

    failed = _FAILED

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        argument("one", metavar="ONE"),
        argument("other", metavar="OTHER"),
        option(
            "--examples",
            type=click.IntRange(min=0),
            default=3,
            show_default=True,
            help="Differences told of a kind.",
        ),
        option("--json", "as_json", is_flag=True, default=False, help="For machines."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Compare and report."""
        gc.set_threshold(_COLLECT_AFTER)  # it would walk all rows in flight again and again
        settings = load_settings()
        try:
            with Reporter("diff", None, quiet=self.quiet, lines=False) as reporter:
                async with open_logs(settings.connection, interrupt.proceed, reporter.note) as logs:
                    result = await _compare(settings, logs, reporter, options)
        except KafkaError as error:
            raise told(error, settings.broker, "nothing was changed") from error
        if options["as_json"]:
            self.say(json.dumps(result.as_json(), indent=2))
        else:
            show(Console(), result)
        if result.differences:
            raise SystemExit(FAULT)


async def _compare(
    settings: Settings, logs: Logs, reporter: Reporter, options: dict[str, Any]
) -> Result:
    registry = await read_registry(settings, logs)
    one, other = (_side(settings, registry, options[name]) for name in ("one", "other"))
    if one.name == other.name:
        raise VersionError(
            f"Two versions are compared; got {one.name} twice. Name another one; there are: "
            f"{', '.join(sorted({MAIN, *registry.versions}))}."
        )
    result = await Diff(logs, (one, other), options["examples"], reporter.begin).run()
    await _remember(settings, logs, (one, other), result.differences)
    return result


async def _remember(
    settings: Settings, logs: Logs, sides: tuple[Side, Side], differences: int
) -> None:
    """Remember that they were compared, of those that are still there as they were begun."""
    versions = (await read_registry(settings, logs)).versions
    at = iso(time_ns() // 1_000_000)
    for side, against in (sides, sides[::-1]):
        version = versions.get(side.name)
        if version is not None and side.begun is not None and version.begun == side.begun.begun:
            compared = Compared(against.name, at, differences)
            await put_version(settings, msgspec.structs.replace(version, compared=compared))


def _side(settings: Settings, registry: Registry, name: str) -> Side:
    found = registry.settings_of(settings, name)
    return Side(found, registry.versions.get(name_of(found)))
