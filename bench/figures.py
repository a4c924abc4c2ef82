"""Medians and spreads of several rounds."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from bench.report import Row


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over the rounds.

    Attributes:
        median: The one in the middle: a round that was disturbed does not move it.
        lowest: The lowest.
        highest: The highest.
    """

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Figures:
    """What several rounds of one subject came to.

    Attributes:
        records: Clicks, or records, of a round.
        per_second: Of wall time.
        per_cpu_second: Of processor time.
        peak_bytes: The most memory of any round; 0 where nobody looked.
        used_bytes: The memory in use at ten moments of the last round.
    """

    records: int
    per_second: Spread
    per_cpu_second: Spread
    peak_bytes: int
    used_bytes: tuple[int, ...]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """Of at least one round."""
        return cls(
            rows[-1].records,
            Spread.of([row.per_second for row in rows]),
            Spread.of([row.per_cpu_second for row in rows]),
            max(row.peak_bytes for row in rows),
            rows[-1].used_bytes,
        )
