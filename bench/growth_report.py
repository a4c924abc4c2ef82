"""The tables of growth: each point beside the first of its question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench.figures import Figures, Spread
from bench.growth_run import Measured

_MIB = 1024 * 1024
_WIDTH = 110
_HEADINGS = ("CPU us/click", "lowest - highest", "times", "clicks/s", "times", "Peak MiB")


@dataclass(frozen=True, slots=True)
class Line:
    """A point of a question.

    Attributes:
        count: How many of the question's unit.
        clicks_a_row: How many clicks there are to a user's window.
        figures: What the rounds came to; None where none succeeded.
        microseconds: Processor time a click.
        times: How many times that of the first point.
        speed_times: How many times its clicks a second of wall time.
    """

    count: int
    clicks_a_row: float = 0.0
    figures: Figures | None = None
    microseconds: Spread | None = None
    times: float | None = None
    speed_times: float | None = None


def lines(measured: Mapping[int, Sequence[Measured]]) -> list[Line]:
    """The points of a question, each with its ratios to the first; none where that failed.

    Args:
        measured: The rounds, by how many of the unit.
    """
    first = next(iter(measured.values()), ())
    return [_line(count, rounds, first) for count, rounds in measured.items()]


def _line(count: int, rounds: Sequence[Measured], first: Sequence[Measured]) -> Line:
    if not rounds:
        return Line(count)
    figures, cost = Figures.of([each.row for each in rounds]), _microseconds(rounds)
    clicks_a_row = rounds[-1].clicks_a_row
    if not first:
        return Line(count, clicks_a_row, figures, cost)
    speed = Figures.of([each.row for each in first]).per_second.median
    times = cost.median / _microseconds(first).median
    return Line(count, clicks_a_row, figures, cost, times, figures.per_second.median / speed)


def _microseconds(rounds: Sequence[Measured]) -> Spread:
    return Spread.of([1e6 / each.row.per_cpu_second for each in rounds])


def show(about: str, questions: Mapping[str, tuple[str, Sequence[Line]]]) -> None:
    """Print a table for each question.

    Args:
        about: What was done, and where.
        questions: The unit and the points, by title.
    """
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(about, soft_wrap=True)
    for title, (unit, points) in questions.items():
        table = Table(title=title)
        for heading in (unit, "clicks/row", *_HEADINGS):
            table.add_column(heading, justify="right")
        for line in points:
            table.add_row(*cells(line))
        console.print(table)


def cells(line: Line) -> list[str]:
    """A point's row."""
    count, figures, cost = f"{line.count:,}", line.figures, line.microseconds
    if figures is None or cost is None:
        return [count, "failed", *[""] * len(_HEADINGS)]
    return [
        count,
        f"{line.clicks_a_row:.2f}",
        f"{cost.median:.2f}",
        f"{cost.lowest:.2f} - {cost.highest:.2f}",
        times(line.times),
        f"{figures.per_second.median:,.0f}",
        times(line.speed_times),
        f"{figures.peak_bytes / _MIB:,.0f}",
    ]


def times(ratio: float | None) -> str:
    """A ratio to the first point."""
    return "" if ratio is None else f"x{ratio:.2f}"
