"""How a setting is declared: its variable, its description, durations as people write them."""

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

PREFIX = "CLICKSTREAM_"
DAY_MS = 86_400_000

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS, "": 1_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|)")


def duration_ms(value: object) -> int:
    """Turn a duration as people write it into milliseconds.

    Args:
        value: Seconds as a number, or text such as ``90s``, ``5m``, ``1h``, ``250ms``.

    Returns:
        Whole milliseconds, rounded to the nearest.

    Raises:
        ValueError: The text is no duration.
    """
    match = _DURATION.fullmatch(str(value).strip().lower())
    ms = float(match[1]) * _UNITS_MS[match[2]] if match else math.inf
    if math.isinf(ms) or isinstance(value, bool):
        raise ValueError("a duration is seconds as a number, or text such as 90s, 5m, 1h, 250ms")
    return round(ms)


Duration = Annotated[int, BeforeValidator(duration_ms)]


def duration(value_ms: int) -> str:
    """A duration in the longest unit that leaves no fraction, as ``duration_ms`` reads it."""
    units = [(size, unit) for unit, size in _UNITS_MS.items() if unit]
    size, unit = next((size, unit) for size, unit in reversed(units) if value_ms % size == 0)
    return f"{value_ms // size}{unit}" if value_ms else "0"


def setting(default: Any, name: str, description: str, **bounds: Any) -> Any:
    """A field that is read from ``CLICKSTREAM_<NAME>``.

    Args:
        default: Validated as what is given is.
        name: The variable's, without its prefix.
        description: What it is, and its unit; part of what is said of a wrong value.
        bounds: As pydantic's fields take them.
    """
    return Field(
        default,
        validation_alias=PREFIX + name,
        description=description,
        validate_default=True,
        **bounds,
    )
