"""``faust -A app as-of``: counts and conversions of the past, from the logs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from faust.cli import argument, option
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.beside import beside
from app.commands.console import ConsoleCommand, Interrupt
from app.history.asking import Asked, asked_of, caught_up, form_of
from app.history.past import Past, window_json
from app.inputs.progress import Reporter
from app.settings import load_settings
from app.stages import window_rules
from app.tailing.lines import printable
from app.versions.check import check_version
from models.timestamps import iso

#: Fields of what came of a purchase, and what is told where there is none.
_OUTCOME = (("purchaseTimestamp", "-"), ("productId", "-"), ("clickTimestamp", "no click"))


class as_of(ConsoleCommand):  # noqa: N801 its name is the command's
    """Tell what a user's numbers were.

    By event time: what had happened up to then, counted by the rules. With --known by the broker's
    clock: what had been published by then. From the logs, as far back as they reach; reads what is
    new first, and keeps it in DATA_DIR/history.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        argument("user", required=False, metavar="[USER]"),
        option("--at", required=True, metavar="ISO", help="The time; or epoch milliseconds."),
        option(
            "--known", is_flag=True, default=False, help="What had been published by that time."
        ),
        option(
            "--all", "all_", is_flag=True, default=False, help="Windows of all users, --output."
        ),
        option("--output", metavar="FILE", help="For --all: a .csv, or .jsonl of JSON lines."),
        option("--json", "as_json", is_flag=True, default=False, help="For machines."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Catch up, ask, tell."""
        asked = asked_of(options["user"], options["at"], known=options["known"])
        output = form_of(asked, options["output"], everybody=options["all_"])
        settings = load_settings()
        await check_version(settings)
        with Reporter("as-of", None, quiet=self.quiet) as reporter:
            history = await caught_up(settings, interrupt, reporter)
        with history:
            past = Past(history, window_rules(settings), settings.partitions)
            if output is not None:
                path, form = output
                args = asked.moment, str(path), form
                since_ms = await beside(history, interrupt.proceed, past.export, *args)
                self.say(_exported(path, since_ms))
            else:
                self._tell(asked, answer_of(past, asked), as_json=options["as_json"])

    def _tell(self, asked: Asked, answer: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.say(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
        else:
            _show(Console(), asked, answer)


def answer_of(past: Past, asked: Asked) -> dict[str, Any]:
    """What there is to tell of a user.

    Raises:
        Forgotten: The logs no longer reach back so far.
        Stranger: They have nothing of the user.
    """
    counts = past.counts(asked.user, asked.moment)
    outcomes = past.outcomes(asked.user, asked.moment)
    past.check_known(asked.user)
    sinces = [ms for ms in (counts.since_ms, outcomes.since_ms) if ms is not None]
    conversions, unattributed = (
        [msgspec.Raw(value.encode()) for _, value in values]
        for values in outcomes.by_topic.values()
    )
    return {
        "userId": asked.user.decode(),
        "knownAt" if asked.moment.known else "asOf": iso(asked.moment.at_ms),
        "since": iso(max(sinces)) if sinces else None,
        "windows": [window_json(window) for window in counts.windows],
        "conversions": conversions,
        "unattributed": unattributed,
    }


def _exported(path: Path, since_ms: int | None) -> str:
    reach = "" if since_ms is None else f", from {iso(since_ms)} on: the logs reach back so far"
    return f"Written to {path}{reach}."


def _show(console: Console, asked: Asked, answer: dict[str, Any]) -> None:
    how = "as published by" if asked.moment.known else "with what had happened by"
    console.print(Text(f"{printable(answer['userId'])}, {how} {iso(asked.moment.at_ms)}"))
    if answer["since"] is not None:
        console.print(f"The logs reach back to {answer['since']}.")
    windows = Table("window", "clicks", "final", title="Windows", title_justify="left")
    for window in answer["windows"]:
        final = "yes" if window["final"] else "no"
        windows.add_row(window["windowStart"], str(window["clickCount"]), final)
    console.print(windows)
    outcomes = Table("bought", "product", "clicked", title="Purchases", title_justify="left")
    for one in (*answer["conversions"], *answer["unattributed"]):
        fields = msgspec.json.decode(one, type=dict[str, msgspec.Raw])
        outcomes.add_row(*(_text(fields, name, none) for name, none in _OUTCOME))
    console.print(outcomes)


def _text(fields: Mapping[str, msgspec.Raw], name: str, none: str) -> Text:
    """A field, whatever it is: what others have written may be anything."""
    raw = fields.get(name)
    try:
        text = none if raw is None else msgspec.json.decode(raw, type=str)
    except msgspec.ValidationError:
        text = bytes(raw or b"").decode()
    return Text(printable(text))
