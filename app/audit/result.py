"""What an audit found."""

from dataclasses import dataclass, field
from typing import Any

from app.audit.comparisons import Line


@dataclass(slots=True)
class Result:
    """What an audit found.

    Attributes:
        lines: One for each thing compared.
        examples: Differences in words.
        notes: What else is to be said; no differences.
        clicks: Clicks that were read.
        purchases: Purchases that were read.
        seconds: How long it took.
    """

    lines: list[Line] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    clicks: int = 0
    purchases: int = 0
    seconds: float = 0.0

    @property
    def differences(self) -> int:
        """Things that are wrong."""
        return sum(line.differences for line in self.lines)

    @property
    def numbers(self) -> int:
        """Records and rows that were compared."""
        return sum(line.expected for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        names = ("stage", "expected", "found", "missing", "extra", "duplicated")
        return {
            "ok": not self.differences,
            "differences": self.differences,
            "rows": [{name: getattr(line, name) for name in names} for line in self.lines],
            "examples": self.examples,
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
        }
