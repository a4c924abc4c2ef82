"""What a comparison of two versions found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of difference.

    Attributes:
        thing: What differs.
        what: How: only in one of them, otherwise, or more than once in one.
        reason: Why, in a word.
        count: How many there are.
        explanation: Why, in a sentence.
        examples: Some of them.
    """

    thing: str
    what: str
    reason: str
    count: int
    explanation: str
    examples: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """How much was compared.

    Attributes:
        thing: What.
        found: Records of each version that are final in both.
        differences: How many differ.
    """

    thing: str
    found: tuple[int, int]
    differences: int


@dataclass(slots=True)
class Result:
    """What a comparison found.

    Attributes:
        names: The two versions.
        rules: Settings that differ, with both values.
        lines: How much was compared.
        kinds: What differs.
        notes: Up to where it was compared, and what was not.
        seconds: How long it took.
    """

    names: tuple[str, str]
    rules: Mapping[str, tuple[str, str]]
    lines: list[Line] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def differences(self) -> int:
        """Things that differ."""
        return sum(kind.count for kind in self.kinds)

    @property
    def compared(self) -> int:
        """Records that were compared, of the version that has more."""
        return sum(max(line.found) for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "versions": list(self.names),
            "differences": self.differences,
            "settings": {name: list(pair) for name, pair in self.rules.items()},
            "compared": [
                {"what": line.thing, "records": list(line.found), "differences": line.differences}
                for line in self.lines
            ],
            "kinds": [
                {
                    "what": kind.thing,
                    "kind": kind.what,
                    "reason": kind.reason,
                    "count": kind.count,
                    "explanation": kind.explanation,
                    "examples": list(kind.examples),
                }
                for kind in self.kinds
            ],
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
        }
