"""``faust -A app promote``: another version for readers."""

from typing import TYPE_CHECKING, Any, cast

from aiokafka.errors import KafkaError
from faust.cli import argument, option

from app.audit.logs import open_logs
from app.commands.console import ConsoleCommand, Interrupt
from app.inputs.cluster import told
from app.settings import load_settings
from app.versions.promote import promote as name_for_readers

if TYPE_CHECKING:
    from app.bootstrap import App


class promote(ConsoleCommand):  # noqa: N801 its name is the command's
    """Name another version as the one that readers are to use.

    It is refused, with the reason, while the version is behind, no worker of it runs, or nobody has
    compared it (diff) with the one that readers use now. Nothing else is changed: readers ask
    `faust -A app versions --topic click-counts`, or GET /versions. Back goes the same way.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        argument("version", metavar="VERSION"),
        option("--force", is_flag=True, default=False, help="Whatever speaks against it."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Look, and promote."""
        settings = load_settings()
        stages = cast("App", self.app).engine.specs.values()
        version = options["version"]
        try:
            async with open_logs(settings.connection, interrupt.proceed, self.say) as logs:
                before = await name_for_readers(
                    settings, version, logs, stages, force=options["force"]
                )
        except KafkaError as error:
            raise told(error, settings.broker, "promoting twice does no harm") from error
        if before == version:
            self.say(f"{version} is the version for readers already.")
            return
        self.say(f"{version} is the version for readers now; {before} was it before.")
