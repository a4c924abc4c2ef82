"""What is told of a number: where it comes from, and whether it is right."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from models.timestamps import iso

#: Rows of a section that are shown; the rest is told as a number.
SHOWN_ROWS = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One record or fact.

    Attributes:
        name: Its place, or the rule.
        at_ms: Its event time in epoch ms, if it has one.
        text: What is to be said of it.
    """

    name: str
    at_ms: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """An explanation.

    Attributes:
        title: What is explained.
        verdict: What follows, in a sentence.
        right: Whether what was emitted is what follows.
        sections: Headings, and what stands below each.
    """

    title: str
    verdict: str
    right: bool
    sections: dict[str, Sequence[Row]] = field(default_factory=dict)

    def show(self, console: Console) -> None:
        """Print it."""
        parts: list[RenderableType] = [Text(self.title, style="bold")]
        for heading, rows in self.sections.items():
            if rows:
                parts += [Text(f"\n{heading} ({len(rows):,})"), _table(rows)]
        style = "green" if self.right else "bold red"
        console.print(Group(*parts, Text(f"\n{self.verdict}", style=style)))


def _table(rows: Sequence[Row]) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, overflow="fold")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows[:SHOWN_ROWS]:
        at = "" if row.at_ms is None else iso(row.at_ms)
        table.add_row(Text(f"  {row.name}"), Text(at), Text(row.text))
    if len(rows) > SHOWN_ROWS:
        table.add_row(Text(f"  and {len(rows) - SHOWN_ROWS:,} more"), "", "")
    return table
