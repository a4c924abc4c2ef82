"""``faust -A app doctor``: what is wrong with the cluster, the machine or the settings."""

import asyncio
import json
from typing import TYPE_CHECKING, Any, cast

from faust.cli import option
from rich.console import Console

from app.commands.console import FAULT, ConsoleCommand, Interrupt
from app.doctor.examination import Order, examine
from app.doctor.findings import Level, worst
from app.doctor.report import as_json, show
from app.inputs.progress import Reporter

if TYPE_CHECKING:
    from app.bootstrap import App


class doctor(ConsoleCommand):  # noqa: N801 its name is the command's
    """Check Kafka, schema registry, disk, workers and settings.

    Each line is well (✓), odd (!) or wrong (✗), and says what to do. Exit code 1 if anything is
    wrong. Works with and without workers. Nothing is changed; but for trying transactions, and
    for the broker's time, a record is written to the dead letters in a transaction that is
    aborted, which no reader of committed records sees: --read-only leaves that out.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        option("--url", "urls", metavar="URL", multiple=True, help="Ask this worker; repeatable."),
        option("--read-only", is_flag=True, default=False, help="Try no transaction."),
        option("--json", "as_json", is_flag=True, default=False, help="For machines."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Examine and report."""
        app = cast("App", self.app)

        def proceed() -> None:
            if interrupt:
                raise asyncio.CancelledError

        order = Order(
            app.settings,
            app.engine.specs.values(),
            options["urls"],
            app.conf.web_port,
            write=not options["read_only"],
        )
        with Reporter("doctor", None, quiet=self.quiet, lines=False) as reporter:
            reporter.begin("looking at the cluster and this machine")
            findings = await examine(order, proceed)
        if options["as_json"]:
            self.say(json.dumps(as_json(findings), indent=2, ensure_ascii=False))
        else:
            show(Console(), findings)
        if worst(findings) is Level.WRONG:
            raise SystemExit(FAULT)
