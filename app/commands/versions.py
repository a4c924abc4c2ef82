"""``faust -A app versions``: which versions there are, and which one readers are to use."""

import json
from typing import Any

import click
from aiokafka.errors import KafkaError
from faust.cli import option
from rich.console import Console
from rich.table import Table

from app.audit.logs import open_logs
from app.commands.console import ConsoleCommand, Interrupt
from app.inputs.cluster import told
from app.settings import MAIN, Settings, load_settings
from app.topics import OUTPUTS
from app.versions.progress import second_of
from app.versions.registry import Registry, read_registry
from app.versions.rules import differing, name_of, rules_of


class versions(ConsoleCommand):  # noqa: N801 its name is the command's
    """List the versions, and tell which one readers are to use."""

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        option("--current", is_flag=True, default=False, help="Only the name of readers' version."),
        option(
            "--topic",
            metavar="TOPIC",
            type=click.Choice(OUTPUTS),
            help="Only what this topic of readers' version is called.",
        ),
        option("--json", "as_json", is_flag=True, default=False, help="As /versions gives it."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Read and tell."""
        settings = load_settings()
        try:
            async with open_logs(settings.connection, interrupt.proceed, self.say) as logs:
                registry = await read_registry(settings, logs)
        except KafkaError as error:
            raise told(error, settings.broker, "nothing was changed") from error
        found = registry.as_json(settings)
        if options["topic"]:
            self.say(found["topics"][options["topic"]])
        elif options["current"]:
            self.say(found["current"])
        elif options["as_json"]:
            self.say(json.dumps(found, indent=2))
        else:
            Console().print(_table(registry, settings))


def _table(registry: Registry, settings: Settings) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("version", "readers", "begun", "differs in", "compared"):
        table.add_column(name, overflow="fold")
    ours = rules_of(settings)
    for name in sorted({MAIN, name_of(settings), registry.current, *registry.versions}):
        version = registry.versions.get(name)
        row = ["", "", ""]
        if version is not None and name != MAIN:
            pairs = differing(ours, version.rules).items()
            row[:2] = (
                second_of(version.begun),
                ", ".join(f"{rule}={now}" for rule, (_, now) in pairs),
            )
        if version is not None and version.compared:
            compared = version.compared
            at = second_of(compared.at)
            row[2] = f"{compared.differences:,} from {compared.other}, {at}"
        table.add_row(name, "use it" if name == registry.current else "", *row)
    return table
