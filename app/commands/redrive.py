"""``faust -A app redrive``: dead letters and late events back into their inputs."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import click
from aiokafka.errors import KafkaError, ProducerFenced
from faust.cli import argument, option
from rich.console import Console

from app.audit.logs import open_logs
from app.commands.console import ConsoleCommand, Interrupt
from app.inputs.cluster import told
from app.inputs.errors import InputError
from app.inputs.progress import Reporter
from app.redriving.candidates import COUNT, JOIN
from app.redriving.choice import Choice, instant
from app.redriving.plan import Plan
from app.redriving.redrive import Outcome, Redrive
from app.redriving.report import show_outcome, show_plan
from app.settings import Settings, load_settings
from app.topics import LATE_EVENTS
from models.dead_letters import DEAD_LETTERS
from models.errors import BrokerError, RejectCode


class redrive(ConsoleCommand):  # noqa: N801 its name is the command's
    """Put dead letters or late events back, each once.

    WHAT is dead-letters or late-events. Without --yes nothing is sent: it is told how many records
    would go where, and what would become of the others. Run again, it sends what was not sent
    before; a record is never sent twice.

    A dead letter is worth it once its reason is gone: a setting was changed, a newer version
    reads it, or a time that lay ahead has come. It goes back as it was received.

    A late event keeps its event time, and stream time never retreats: it would be late again,
    unless an input partition is so far behind that its window is still open (it is sent there), or
    the workers run with a CLICKSTREAM_GRACE that was raised enough before the window closed. A
    closed window's count stays as it was given. A click that was late for only one of counting and
    joining is left out: the other would take it twice.

    What would be late or a dead letter again is held back, unless --anyway is given.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        argument("what", metavar="WHAT", type=click.Choice((DEAD_LETTERS, LATE_EVENTS))),
        option("--yes", is_flag=True, default=False, help="Send; without it nothing is sent."),
        option("--code", help="Dead letters of this code only, as in_the_future."),
        option("--stage", type=click.Choice((COUNT, JOIN)), help="Late events of this stage only."),
        option("--user", metavar="ID", help="Of this user only."),
        option("--from", "from_", metavar="ISO", help="Letters and events written from here on."),
        option("--to", metavar="ISO", help="Letters and events written before this."),
        option("--anyway", is_flag=True, default=False, help="Send what is of no use, too."),
        option("--examples", type=click.IntRange(min=0), default=5, help="Told of each kind."),
        option("--json", "as_json", is_flag=True, default=False, help="For machines."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Plan, or plan and send."""
        settings = load_settings()
        choice = _choice(options)

        def proceed() -> None:
            if interrupt:
                raise asyncio.CancelledError

        try:
            with Reporter("redrive", None, quiet=self.quiet, lines=False) as reporter:
                reporter.begin(f"reading {options['what']}")
                async with open_logs(settings.connection, proceed, reporter.note) as logs:
                    work = Redrive(settings, logs, options["what"], choice)
                    done = await _work(work, reporter, interrupt, options)
        except KafkaError as error:
            raise _told(error, settings) from error
        self._tell(done, options)

    def _tell(self, done: Plan | Outcome, options: dict[str, Any]) -> None:
        anyway, console = options["anyway"], Console()
        if options["as_json"]:
            self.say(json.dumps(done.as_json(anyway=anyway), indent=2))
        elif isinstance(done, Plan):
            show_plan(console, done, options["examples"], anyway=anyway)
        else:
            show_outcome(console, done, anyway=anyway)


async def _work(
    work: Redrive, reporter: Reporter, interrupt: Interrupt, options: dict[str, Any]
) -> Plan | Outcome:
    if not options["yes"]:
        return await work.plan()
    proceed = _proceed(reporter, interrupt)
    return await work.carry_out(anyway=options["anyway"], proceed=proceed)


def _proceed(reporter: Reporter, interrupt: Interrupt) -> Callable[[int, int], bool]:
    def proceed(done: int, total: int) -> bool:
        reporter.show(done, f"{done:,} of {total:,} records sent")
        return not interrupt

    return proceed


def _choice(options: dict[str, Any]) -> Choice:
    what, code, stage = options["what"], options["code"], options["stage"]
    if what == LATE_EVENTS and code is not None:
        raise InputError(f"--code is of dead-letters; got {what} --code {code}. Leave it out.")
    if what == DEAD_LETTERS and stage is not None:
        raise InputError(f"--stage is of late-events; got {what} --stage {stage}. Leave it out.")
    if code is not None and code not in set(RejectCode):
        known = ", ".join(sorted(RejectCode))
        raise InputError(f"A dead letter's code is one of {known}; got {code}. Correct it.")
    from_ms, to_ms = instant("--from", options["from_"]), instant("--to", options["to"])
    return Choice(code, stage, options["user"], from_ms, to_ms)


def _told(error: KafkaError, settings: Settings) -> BrokerError:
    if isinstance(error, ProducerFenced):
        return BrokerError(
            "One process at a time puts records back; another has taken over. Let it finish, then "
            "run this again: nothing is sent twice."
        )
    return told(error, settings.broker, "nothing is sent twice")
