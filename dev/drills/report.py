"""The table in the end."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Result:
    """What a drill came to.

    Attributes:
        drill: Its name.
        records: In the input topics.
        faults: Made.
        unavailable_s: The longest time for which a partition with input waiting committed nothing.
        lost: Outputs missing.
        duplicated: Outputs that came twice, or that nothing explains.
        took_s: Seconds, the recount too.
        notes: What else is to be said.
    """

    drill: str
    records: int
    faults: int
    unavailable_s: float
    lost: int
    duplicated: int
    took_s: float
    notes: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether nothing was lost, and nothing came twice."""
        return not self.lost and not self.duplicated


def show(console: Console, results: Sequence[Result]) -> None:
    """Print the table and its sums."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("drill")
    for name in ("records", "faults", "unavailable", "lost", "duplicated", "took"):
        table.add_column(name, justify="right")
    for result in results:
        table.add_row(*_cells(result), style=None if result.right else "bold red")
    table.add_section()
    table.add_row(*_cells(total(results)), style="bold")
    console.print(table)
    console.print(
        "unavailable: the longest time for which a partition with input waiting committed nothing"
    )


def total(results: Sequence[Result]) -> Result:
    """All drills together; of the times without a commit, the longest."""
    return Result(
        "all",
        sum(r.records for r in results),
        sum(r.faults for r in results),
        max((r.unavailable_s for r in results), default=0.0),
        sum(r.lost for r in results),
        sum(r.duplicated for r in results),
        sum(r.took_s for r in results),
    )


def _cells(result: Result) -> tuple[str, ...]:
    return (
        result.drill,
        f"{result.records:,}",
        str(result.faults),
        f"{result.unavailable_s:.1f} s",
        f"{result.lost:,}",
        f"{result.duplicated:,}",
        f"{result.took_s:.0f} s",
    )
