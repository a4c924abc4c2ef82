"""``faust -A app explain``: the records that a number rests on."""

from typing import Any

from faust.cli import argument
from rich.console import Console

from app.commands.console import FAULT, ConsoleCommand, Interrupt
from app.explain.conversion import explain_conversion, parts_of
from app.explain.count import explain_count, window_start
from app.explain.gathering import of_count, of_record, others_of, place_in
from app.explain.story import Story
from app.explain.topics import topics_of
from app.explain.trace import explain_record
from app.inputs.errors import InputError
from app.inputs.progress import Reporter
from app.settings import Settings, load_settings
from app.stages import join_rules, window_rules

_USAGE = {
    "count": "USER WINDOW_START",
    "conversion": "CLICK/PURCHASE",
    "record": "TOPIC-PARTITION-OFFSET",
}


class explain(ConsoleCommand):  # noqa: N801 its name is the command's
    """Show what a count, a conversion or a record rests on.

    WHAT is "count USER WINDOW_START", "conversion CLICK/PURCHASE" or "record
    TOPIC-PARTITION-OFFSET".

    Exit 1 if what was emitted is not what follows from the records.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        argument("what", metavar="WHAT"),
        argument("names", nargs=-1),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Gather and tell."""
        what, names = options["what"], options["names"]
        wanted = _USAGE.get(what, "").split()
        if not wanted or len(names) != len(wanted):
            usage = "; ".join(f"explain {name} {rest}" for name, rest in _USAGE.items())
            got = " ".join((what, *names))
            raise InputError(f"What to explain is one of: {usage}. Got: explain {got}.")
        with Reporter("explain", None, quiet=self.quiet, lines=False) as reporter:
            reporter.begin("reading the topics")
            story = await _story(load_settings(), what, *names)
        story.show(Console())
        if not story.right:
            raise SystemExit(FAULT)


async def _story(settings: Settings, what: str, *names: str) -> Story:
    if what == "count":
        return await _count(settings, *names)
    if what == "conversion":
        return await _conversion(settings, *names)
    place = place_in(settings, *names)
    async with topics_of(settings) as topics:
        return explain_record(window_rules(settings), await of_record(topics, settings, place))


async def _count(settings: Settings, user: str, start: str) -> Story:
    rules = window_rules(settings)
    start_ms = window_start(rules, start)
    async with topics_of(settings) as topics:
        evidence = await of_count(topics, settings, user, start_ms)
    return explain_count(rules, user, start_ms, evidence)


async def _conversion(settings: Settings, name: str) -> Story:
    places = [place_in(settings, part) for part in parts_of(name)]
    async with topics_of(settings) as topics:
        click, purchase = [await of_record(topics, settings, place) for place in places]
        rivals = [
            rival
            for item in purchase.inner[:1]
            for rival in await others_of(topics, settings, item.user, item.product or "")
        ]
    return explain_conversion(join_rules(settings), click, purchase, rivals)
