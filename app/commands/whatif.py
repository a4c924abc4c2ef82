"""``faust -A app whatif``: the past with other windows, grace and join, to choose them by."""

import json
from pathlib import Path
from typing import Any

from faust.cli import option
from rich.console import Console

from app.admin import connected
from app.beside import beside
from app.commands.console import ConsoleCommand, Interrupt
from app.history.asking import caught_up, place_of
from app.history.errors import HistoryError
from app.inputs.cluster import partition_counts
from app.inputs.progress import Reporter
from app.settings import Settings, load_settings
from app.topics import INPUTS, topic_name
from app.versions.check import check_version
from app.whatif.choice import Choice, choice_of
from app.whatif.found import Found, find
from app.whatif.picture import picture
from app.whatif.report import as_json, show
from app.whatif.rerun import Rerun


class whatif(ConsoleCommand):  # noqa: N801 its name is the command's
    """Show what other settings would have done with the past.

    For each window size and grace: late clicks, how long results wait, open rows; for each grace
    and --within: conversions. What is set now is always among them. Lists are separated by commas.
    Reads what is new in the logs first, and keeps it in DATA_DIR/history. Changes nothing.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        option("--grace", default="0s,30s,2m,10m", show_default=True, help="Graces to try."),
        option("--window", default="", help="Window sizes to try; that of now by default."),
        option("--within", default="", help="Lengths of the join to try; that of now by default."),
        option(
            "--late",
            default="0.1%",
            show_default=True,
            help="Suggest the smallest grace with at most this share of late clicks.",
        ),
        option("--svg", metavar="FILE", help="Draw it, too."),
        option("--json", "as_json", is_flag=True, default=False, help="For machines."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Catch up, compute, tell."""
        settings = load_settings()
        choice = choice_of(
            settings, options["grace"], options["window"], options["within"], options["late"]
        )
        svg = place_of("--svg", Path(options["svg"])) if options["svg"] else None
        await check_version(settings)
        with Reporter("whatif", None, quiet=self.quiet) as reporter:
            found = await _found(settings, choice, interrupt, reporter)
        self._tell(found, svg, as_json_=options["as_json"])

    def _tell(self, found: Found, svg: Path | None, *, as_json_: bool) -> None:
        if as_json_:
            self.say(json.dumps(as_json(found), indent=2))
        else:
            show(Console(), found)
        if svg:
            _draw(found, svg)


def _draw(found: Found, svg: Path) -> None:
    try:
        svg.write_text(picture(found), encoding="utf-8")
    except OSError as error:
        raise HistoryError(
            f"--svg is a file that can be written; {svg}: {error.strerror}. Name another."
        ) from None


async def _found(
    settings: Settings, choice: Choice, interrupt: Interrupt, reporter: Reporter
) -> Found:
    names = {topic_name(settings, short): short for short in INPUTS}
    async with connected(settings) as admin:
        counts = await partition_counts(admin, names)
    partitions = {short: counts[name] for name, short in names.items()}
    with await caught_up(settings, interrupt, reporter) as history:

        def compute() -> Found:
            idle_ms = settings.idle_timeout_ms
            rerun = Rerun(history, partitions, idle_ms, count_bots=settings.count_bots)
            reporter.begin("telling the time")
            rerun.tell_time(interrupt.proceed)
            return find(rerun, choice, reporter.begin)

        return await beside(history, interrupt.proceed, compute)
