"""``faust -A app ledger``: what became of every record that each stage read."""

import json
from typing import TYPE_CHECKING, Any, cast

from faust.cli import option
from rich.console import Console
from rich.table import Table

from app.books import Books, read_books
from app.commands.console import ConsoleCommand, Interrupt
from models.errors import LedgerBroken
from models.ledger import Ledger

if TYPE_CHECKING:
    from app.bootstrap import App

#: What a record can become beside being taken, with the heading of its column.
_APART = {
    "late": "late",
    "skipped": "skipped",
    "signals": "signals",
    "deadLetters": "dead",
}


class ledger(ConsoleCommand):  # noqa: N801 its name is the command's
    """Show what became of every record that each stage read.

    Every stage commits its sums with its outputs; they are read from Kafka and need no worker.
    Exit code 1 if they do not add up.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        option("--partitions", is_flag=True, default=False, help="Each partition by itself, too."),
        option("--json", "as_json", is_flag=True, default=False, help="As /ledger/ gives it."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Read and show."""
        app = cast("App", self.app)
        books = await read_books(app.settings, app.engine.specs.values())
        if options["as_json"]:
            self.say(json.dumps(books.as_json(), indent=2))
        else:
            _show(Console(), books, each=options["partitions"])
        if books.faults:
            raise LedgerBroken("\n".join(books.faults))


def _show(console: Console, books: Books, *, each: bool) -> None:
    console.print(_read(books, each=each))
    console.print()
    console.print(_sent(books))
    if not books.faults:
        console.print("\nEvery record that was read is accounted for.")


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left")
    return table


def _read(books: Books, *, each: bool) -> Table:
    table = _table(
        "stage", "read", "= taken", *(f"+ {name}" for name in _APART.values()), "to come"
    )
    for account in books.accounts:
        table.add_row(account.stage, *_cells(account.total), f"{books.on_the_way(account):,}")
        for partition, ledger in sorted(account.ledgers.items()) if each else ():
            table.add_row(f"  partition {partition}", *_cells(ledger), style="dim")
        if lost := account.total.lost:
            table.add_row(f"  {lost:,} offsets were lost to retention", style="red")
    return table


def _cells(of: Ledger) -> list[str]:
    apart = [of.became.get(name, 0) for name in _APART]
    taken = sum(of.became.values()) - sum(apart)
    return [f"{count:,}" for count in (of.read, taken, *apart)]


def _sent(books: Books) -> Table:
    table = _table("topic", "sent")
    total = sum((account.total for account in books.accounts), Ledger())
    for topic, count in total.sent.items():
        table.add_row(topic, f"{count:,}")
    return table
