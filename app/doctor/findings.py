"""What was found: well, odd or wrong, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.timestamps import MAX_MS, iso

_UNITS = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"))


class Level(StrEnum):
    """How bad it is: only what is wrong makes the command fail."""

    WELL = "well"
    ODD = "odd"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        area: What it is about: broker, topics, group, lag, registry, disk, web, packages,
            settings.
        level: How bad it is.
        text: What was found.
        remedy: What to do; empty when it is well.
    """

    area: str
    level: Level
    text: str
    remedy: str = ""


def well(area: str, text: str) -> Finding:
    """It is as it should be."""
    return Finding(area, Level.WELL, text)


def odd(area: str, text: str, remedy: str) -> Finding:
    """It works, and may not be meant so."""
    return Finding(area, Level.ODD, text, remedy)


def wrong(area: str, text: str, remedy: str) -> Finding:
    """It does not work, or loses something."""
    return Finding(area, Level.WRONG, text, remedy)


def worst(findings: Sequence[Finding]) -> Level:
    """The worst level of all."""
    return max((f.level for f in findings), key=list(Level).index, default=Level.WELL)


def duration(ms: float) -> str:
    """A length of time for people: in the largest unit of which there is more than one."""
    for unit_ms, name in _UNITS:
        if ms >= 2 * unit_ms:
            return f"{ms / unit_ms:,.0f} {name}s"
    return f"{ms:,.0f} ms"


def size(count: float) -> str:
    """Bytes for people."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:  # noqa: PLR2004 bytes in the next unit
            return f"{count:,.0f} {unit}"
        count /= 1024
    return f"{count:,.1f} TiB"


def moment(ms: int) -> str:
    """A time for people."""
    return iso(ms) if 0 <= ms <= MAX_MS else "never"
