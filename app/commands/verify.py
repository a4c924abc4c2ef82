"""``faust -A app verify``: everything emitted, against everything computed again in batch."""

import gc
import json
from typing import Any

import click
from aiokafka.errors import KafkaError
from faust.cli import option
from rich.console import Console

from app.audit.audit import Order, audit
from app.audit.options import choice_of
from app.audit.report import show
from app.audit.result import Result
from app.audit.rules import Rules
from app.audit.views import Views
from app.commands.console import FAULT, ConsoleCommand, Interrupt
from app.inputs.cluster import told
from app.inputs.progress import Reporter
from app.settings import load_settings
from app.versions.check import check_version

#: New objects after which the garbage collector looks for cycles.
_COLLECT_AFTER = 200_000


class verify(ConsoleCommand):  # noqa: N801 its name is the command's
    """Recount everything from the topics, in SQL, and compare.

    It is held against all that was emitted: counts, late events, conversions, unattributed
    purchases, dead letters, the tables and the ledgers. Changes nothing, and works while workers
    run. Exit code 1 on any difference.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        option("--from", "from_", metavar="ISO", help="Event time from here on."),
        option("--to", metavar="ISO", help="Event time before this."),
        option("--user", "users", metavar="ID", multiple=True, help="This user only; repeatable."),
        option("--sample", metavar="N%", help="This share of the users, by hash."),
        option(
            "--examples",
            type=click.IntRange(min=0),
            default=5,
            show_default=True,
            help="Differences told of a line.",
        ),
        option("--web", metavar="URL", help="Ask a worker's views, too: http://127.0.0.1:6066."),
        option("--ask", type=int, default=20, show_default=True, help="Users to ask it about."),
        option("--json", "as_json", is_flag=True, default=False, help="For machines."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Audit and report."""
        gc.set_threshold(_COLLECT_AFTER)  # it would walk all rows in flight again and again
        settings = load_settings()
        await check_version(settings)
        choice = choice_of(options["from_"], options["to"], options["users"], options["sample"])
        views = Views(options["web"], options["ask"], settings) if options["web"] else None
        try:
            with Reporter("verify", None, quiet=self.quiet, lines=False) as reporter:
                order = Order(Rules(settings), choice, options["examples"], views, reporter.begin)
                result = await audit(order, interrupt.proceed, reporter.note)
        except KafkaError as error:
            raise told(error, settings.broker, "nothing was changed") from error
        self._report(result, as_json=options["as_json"])
        if result.differences:
            raise SystemExit(FAULT)

    def _report(self, result: Result, *, as_json: bool) -> None:
        if as_json:
            self.say(json.dumps(result.as_json(), indent=2))
        else:
            show(Console(), result)
