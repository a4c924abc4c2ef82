"""Latencies as one table."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench.latency_results import Latencies

_WIDTH = 130
_SHARES = (0.5, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class LatencyRow:
    """What was measured of a subject.

    Attributes:
        name: Whose latency.
        guarantee: What holds after a crash.
        counts: Of counts on close.
        conversions: Of conversions.
        busy: Part of a core used while there was traffic.
        idle: Part of a core used without any.
    """

    name: str
    guarantee: str
    counts: Latencies
    conversions: Latencies
    busy: float
    idle: float

    def cells(self) -> list[str]:
        """As text."""
        of = (self.counts, self.conversions)
        took = [f"{latencies.percentile(share):,.0f}" for latencies in of for share in _SHARES]
        return [self.name, self.guarantee, *took, f"{self.busy:.0%}", f"{self.idle:.1%}"]


def show(rows: list[LatencyRow]) -> None:
    """Print the table."""
    table = Table(caption="Latencies in ms; CPU in parts of a core, of the subject alone")
    table.add_column("What")
    table.add_column("Guarantee")
    for of in ("Count", "Conversion"):
        for heading in ("p50", "p99", "max"):
            table.add_column(f"{of} {heading}", justify="right")
    table.add_column("CPU at 1,000/s", justify="right")
    table.add_column("CPU idle", justify="right")
    for row in rows:
        table.add_row(*row.cells())
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(table)
