"""``faust -A app retire``: a version that is of no use any more goes."""

from typing import Any

import click
from aiokafka.errors import KafkaError
from faust.cli import argument, option

from app.audit.logs import open_logs
from app.commands.console import ConsoleCommand, Interrupt
from app.inputs.cluster import told
from app.settings import load_settings
from app.versions.errors import VersionError
from app.versions.retire import remains
from app.versions.retire import retire as remove

_EXPIRING = (
    "Its transactional ids can't be deleted; Kafka forgets them after "
    "transactional.id.expiration.ms (7 days by default). Data directories of its workers on other "
    "machines can be deleted."
)


class retire(ConsoleCommand):  # noqa: N801 its name is the command's
    """Delete a version's topics, group and files here.

    The inputs stay. Lists what goes, and asks. The version that readers use and one whose workers
    run are refused. Interrupted, it goes on when it is run again.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        argument("version", metavar="VERSION"),
        option("--yes", is_flag=True, default=False, help="Do not ask."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """List, ask, delete."""
        settings = load_settings()
        version = options["version"]
        try:
            async with open_logs(settings.connection, interrupt.proceed, self.say) as logs:
                found = await remains(settings, version, logs)
                if not found.lines and not found.known:
                    self.say(f"There is nothing of {version}.")
                    return
                for line in found.lines:
                    self.say(f"  {line}")
                if not options["yes"]:
                    if not _agreed(version, interrupt):
                        self.say("Nothing was deleted.")
                        return
                    found = await remains(settings, version, logs)  # it may have been promoted
                await remove(settings, found, logs, self.say)
        except KafkaError as error:
            raise told(error, settings.broker, "it goes on") from error
        self.say(f"{version} is retired. {_EXPIRING}")


def _agreed(version: str, interrupt: Interrupt) -> bool:
    try:
        with interrupt.aside():
            return click.confirm(f"Delete all of this, for ever: is {version} of no use any more?")
    except click.Abort:
        click.echo()  # behind the question
        raise VersionError(
            f"Somebody must say that {version} may go; nobody answered. Nothing was deleted. To "
            "delete it without a question: --yes"
        ) from None
