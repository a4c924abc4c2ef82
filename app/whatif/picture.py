"""What was found, as a picture: what each grace loses, and what it makes results wait."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from app.svg import document, line, text, upright
from app.whatif.found import Found
from app.whatif.report import duration, percent
from app.whatif.rerun import Windows

WIDTH, HEIGHT = 760, 560
_LEFT, _RIGHT = 88.0, 640.0
#: Top and bottom of the two panels.
_UPPER, _LOWER = (76.0, 256.0), (310.0, 490.0)
#: The outermost graces keep off the frame.
_INNER = 0.86
#: Lines have so many colours; with more window sizes they begin again.
_COLOURS = 4
#: Labels of lines are at least so far apart.
_APART = 15.0
#: Marks of an axis of durations, in ms.
_DURATIONS = (
    1, 10, 100, 1_000, 5_000, 15_000, 60_000, 120_000, 300_000, 900_000, 3_600_000, 14_400_000,
    86_400_000, 604_800_000,
)  # fmt: skip

_STYLE = """
 .end{text-anchor:start;font-size:12px}.now{fill:var(--grid);opacity:.45}
 .wanted{stroke:var(--faint);stroke-dasharray:4 4}.p99{stroke-dasharray:2 3}
 .left{text-anchor:start}
""" + "".join(
    f" .of-{n} .line{{stroke:var(--line-{n})}} .of-{n} .point{{fill:var(--line-{n})}}\n"
    for n in range(1, _COLOURS)
)

#: A value of one grace: None where there is none.
_Values: TypeAlias = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class _Axis:
    """A logarithmic axis upward; nothing is at its foot.

    Attributes:
        low: Value a little above the foot; more than none.
        high: Value at the top.
        panel: Where top and foot are.
    """

    low: float
    high: float
    panel: tuple[float, float]

    def at(self, value: float) -> float:
        """Where a value is."""
        top, bottom = self.panel
        if value < self.low:
            return bottom
        foot = bottom - 16
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(foot - share * (foot - top), 1)


def picture(found: Found) -> str:
    """Draw what was found, as SVG."""
    title = "What a grace loses, and what it costs"
    parts = [
        text(WIDTH / 2, 32, title, "title"),
        *_now(found),
        *_panel(found, _shares(found), _share_axis(found), "clicks that are late", percent),
        *_wanted(found),
        *_panel(found, _delays(found, 0), _delay_axis(found), "results wait", _duration_mark),
        *_lines(found, _delays(found, 1), _delay_axis(found), "line p99", 2),
        *_graces(found),
    ]
    return document((WIDTH, HEIGHT), title, described(found), parts, _STYLE)


def described(found: Found) -> str:
    """The points in words."""
    return " ".join(
        f"Windows of {duration(one.size_ms)}, grace {duration(one.grace_ms)}: "
        f"{percent(one.late_share)} late"
        + (f", results wait {_seconds(one.delay_ms)}." if one.delay_ms else ".")
        for one in found.windows
    )


def _seconds(delay_ms: tuple[int, int]) -> str:
    return " to ".join(f"{ms / 1000:g} s" for ms in delay_ms)


def _shares(found: Found) -> dict[int, _Values]:
    return _by_size(found, lambda one: one.late_share)


def _delays(found: Found, which: int) -> dict[int, _Values]:
    return _by_size(found, lambda one: one.delay_ms[which] if one.delay_ms else None)


def _by_size(found: Found, value: Callable[[Windows], float | None]) -> dict[int, _Values]:
    return {
        size_ms: [value(one) for one in found.windows if one.size_ms == size_ms]
        for size_ms in found.choice.sizes_ms
    }


def _share_axis(found: Found) -> _Axis:
    shares = [one.late_share for one in found.windows if one.late] + [found.choice.late_share or 1]
    low, high = (10.0 ** round_(math.log10(end(shares))) for round_, end in _ENDS)
    return _Axis(low, max(high, low * 10), _UPPER)


_ENDS: tuple[tuple[Callable[[float], int], Callable[[Sequence[float]], float]], ...] = (
    (math.floor, min),
    (math.ceil, max),
)


def _delay_axis(found: Found) -> _Axis:
    delays = [float(ms) for one in found.windows for ms in one.delay_ms or () if ms] or [1.0]
    low = max(mark for mark in _DURATIONS if mark <= max(1, min(delays)))
    return _Axis(low, max(max(delays) * 1.2, low * 10), _LOWER)


def _x(found: Found, number: int) -> float:
    count = len(found.choice.graces_ms)
    share = number / (count - 1) if count > 1 else 0.5
    width = (_RIGHT - _LEFT) * _INNER
    return round(_LEFT + (_RIGHT - _LEFT - width) / 2 + share * width, 1)


def _panel(
    found: Found, values: dict[int, _Values], axis: _Axis, name: str, mark: Callable[[float], str]
) -> Iterator[str]:
    top, bottom = axis.panel
    yield upright(20, (top + bottom) / 2, name)
    yield line(_LEFT, bottom, _RIGHT, bottom, "axis")
    yield text(_LEFT - 10, bottom + 4, "0", "faint value")
    for value in _marks(axis):
        yield line(_LEFT, axis.at(value), _RIGHT, axis.at(value), "grid")
        yield text(_LEFT - 10, axis.at(value) + 4, mark(value), "faint value")
    yield from _lines(found, values, axis, "line", 3.5)
    yield from _ends(values, axis)


def _marks(axis: _Axis) -> list[float]:
    if axis.panel is _LOWER:
        marks = [float(mark) for mark in _DURATIONS]
    else:
        marks = [10.0**power for power in range(-9, 1)]
    return [mark for mark in marks if axis.low * 0.999 <= mark <= axis.high * 1.001]


def _lines(
    found: Found, values: dict[int, _Values], axis: _Axis, kind: str, radius: float
) -> Iterator[str]:
    for number, of_size in enumerate(values.values()):
        places = [
            (_x(found, n), axis.at(value)) for n, value in enumerate(of_size) if value is not None
        ]
        points = " ".join(f"{x},{y}" for x, y in places)
        dots = "".join(f'<circle class="point" cx="{x}" cy="{y}" r="{radius}"/>' for x, y in places)
        drawn = f'<polyline class="{kind}" points="{points}"/>{dots}'
        yield f'<g class="of-{number % _COLOURS}">{drawn}</g>'


def _ends(values: dict[int, _Values], axis: _Axis) -> Iterator[str]:
    """The names of the lines, beside their ends, where they do not cover each other."""
    ends = {size_ms: [v for v in of if v is not None][-1:] for size_ms, of in values.items()}
    placed = sorted((axis.at(end[0]), size_ms) for size_ms, end in ends.items() if end)
    lowest = -math.inf
    for y, size_ms in placed:
        lowest = max(y, lowest + _APART)
        number = list(values).index(size_ms) % _COLOURS
        dot = f'<circle class="point" cx="{_RIGHT + 12}" cy="{lowest}" r="3.5"/>'
        yield f'<g class="of-{number}">{dot}</g>'
        yield text(_RIGHT + 20, lowest + 4, f"{duration(size_ms)} windows", "end")


def _wanted(found: Found) -> Iterator[str]:
    wanted = found.choice.late_share
    if wanted:
        y = _share_axis(found).at(wanted)
        yield line(_LEFT, y, _RIGHT, y, "wanted")
        yield text(_LEFT + 4, y - 5, f"wanted: {percent(wanted)}", "faint left")


def _now(found: Found) -> Iterator[str]:
    """A band at the grace of now, behind all else."""
    x = _x(found, list(found.choice.graces_ms).index(found.choice.now[0]))
    top, bottom = _UPPER[0] - 14, _LOWER[1]
    yield f'<rect class="now" x="{x - 22}" y="{top}" width="44" height="{bottom - top}" rx="4"/>'
    yield text(x, top - 4, "now", "faint")


def _graces(found: Found) -> Iterator[str]:
    for panel in (_UPPER, _LOWER):
        for number, grace_ms in enumerate(found.choice.graces_ms):
            x = _x(found, number)
            yield line(x, panel[1], x, panel[1] + 5, "axis")
            yield text(x, panel[1] + 20, duration(grace_ms), "faint")
    middle = (_LEFT + _RIGHT) / 2
    yield text(middle, HEIGHT - 32, "grace", "faint")
    told = "results wait in event time from a window's end to its closing: half of them so long"
    yield text(middle, HEIGHT - 12, f"{told} (line), 99 of 100 (dotted)", "faint")


def _duration_mark(value: float) -> str:
    return duration(int(value))
