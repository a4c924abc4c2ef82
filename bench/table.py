"""A run's results for a terminal, and as Markdown."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from bench.document import Document, Line, sentence
from bench.figures import Spread

_WIDTH = 150
_MIB = 1024 * 1024
_HEADINGS = (
    "What",
    "Clicks/s",
    "lowest - highest",
    "Clicks/CPU s",
    "lowest - highest",
    "Peak MiB",
    "Guarantee",
    "Ours is ahead, wall / CPU",
)
_GOAL_HEADINGS = ("Goal", "Reached (lowest to highest)", "")
#: Columns that are not numbers.
_TEXT = ("What", "Guarantee", "Goal", "")


def show(found: Document) -> None:
    """Print the tables, the faults, and how each was set."""
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(about(found), soft_wrap=True)
    console.print(_rich(_HEADINGS, [cells(line) for line in found.lines]))
    if found.verdicts:
        console.print(_rich(_GOAL_HEADINGS, goals(found)))
    for line in remarks(found):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def markdown(found: Document) -> str:
    """The same as Markdown."""
    parts = [about(found), _pipes(_HEADINGS, [cells(line) for line in found.lines])]
    if found.verdicts:
        parts.append(_pipes(_GOAL_HEADINGS, goals(found)))
    return "\n\n".join([*parts, "\n".join(f"- {line}" for line in remarks(found))]) + "\n"


def about(found: Document) -> str:
    """What was done, and where."""
    return (
        f"{found.clicks:,} clicks of {found.users:,} users, medians of {found.rounds} interleaved "
        f"rounds; {found.machine}."
    )


def cells(line: Line) -> list[str]:
    """A subject's row."""
    figures = line.figures
    if figures is None:
        return [line.title, "failed", *[""] * 4, line.guarantee, ""]
    title = f"{line.title} (failed {len(line.faults)} times)" if line.faults else line.title
    wall, cpu = figures.per_second, figures.per_cpu_second
    peak = f"{figures.peak_bytes / _MIB:,.0f}" if figures.peak_bytes else ""
    return [title, *_figure(wall), *_figure(cpu), peak, line.guarantee, _ahead(line)]


def _figure(spread: Spread) -> list[str]:
    return [f"{spread.median:,.0f}", f"{spread.lowest:,.0f} - {spread.highest:,.0f}"]


def _ahead(line: Line) -> str:
    if line.ahead_wall is None or line.ahead_cpu is None:
        return ""
    return f"{line.ahead_wall.median:.2f} / {line.ahead_cpu.median:.2f}"


def goals(found: Document) -> list[list[str]]:
    """The rows of the goals."""
    titles = {line.name: line.title for line in found.lines}
    return [list(sentence(verdict, titles)) for verdict in found.verdicts]


def remarks(found: Document) -> Iterator[str]:
    """How each was set, what memory a worker used over time, and what failed."""
    for line in found.lines:
        yield f"{line.title}: {line.tuning}"
    for line in found.lines:
        if line.name in {"counting", "pipeline"} and line.figures and line.figures.used_bytes:
            used = " ".join(f"{used / _MIB:,.0f}" for used in line.figures.used_bytes)
            yield f"{line.title}: MiB in use at each tenth of the time: {used}"
    for line in found.lines:
        for fault in line.faults:
            yield f"{line.title} failed: {fault}"


def _rich(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table()
    for heading in headings:
        table.add_column(heading, justify="left" if heading in _TEXT else "right")
    for row in rows:
        table.add_row(*row)
    return table


def _pipes(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---" if heading in _TEXT else "---:" for heading in headings]
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, rule, *rows))
