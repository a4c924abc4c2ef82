"""A plot as SVG: points over a logarithmic axis, the value axis from zero."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.svg import document, line, text, upright

WIDTH, HEIGHT = 720, 360
#: The axes' frame, in the units of the picture.
LEFT, RIGHT, TOP, BOTTOM = 72.0, 676.0, 64.0, 292.0
#: The outermost points keep off the frame, so that their labels stay inside.
_INNER = 0.8
#: Half the width of the caps of a spread.
_CAP = 5
#: The value axis ends beyond the highest value, so that its label has room.
_ROOM = 1.15
#: About how many marks the value axis has.
_TICKS = 5
#: From here on powers of ten are written as such.
_POWERS_FROM = 10_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a plot.

    Attributes:
        x: How many; more than none.
        y: The value.
        spread: The lowest and the highest that was measured.
        times: How many times the first; None where that is not known.
    """

    x: int
    y: float
    spread: tuple[float, float]
    times: float | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn.

    Attributes:
        title: Above it.
        across: What x counts.
        upward: What y is.
        marks: The points, from left to right.
    """

    title: str
    across: str
    upward: str
    marks: Sequence[Mark]

    @property
    def step(self) -> float:
        """Between two marks of the value axis: 1, 2 or 5 times a power of ten."""
        rough = max((mark.spread[1] for mark in self.marks), default=1.0) * _ROOM / _TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        return next(times * power for times in (1, 2, 5, 10) if times * power >= rough)

    @property
    def top(self) -> float:
        """The value at which the axis ends."""
        highest = max((mark.spread[1] for mark in self.marks), default=1.0)
        return math.ceil(highest * _ROOM / self.step) * self.step

    def across_at(self, x: int) -> float:
        """Where a count is: as far from the next as it is times that."""
        first, last = self.marks[0].x, self.marks[-1].x
        if first == last:
            return (LEFT + RIGHT) / 2
        inner = (RIGHT - LEFT) * _INNER
        share = math.log(x / first) / math.log(last / first)
        return round(LEFT + (RIGHT - LEFT - inner) / 2 + share * inner, 1)

    def upward_at(self, y: float) -> float:
        """Where a value is."""
        return round(BOTTOM - y / self.top * (BOTTOM - TOP), 1)


def svg(plot: Plot) -> str:
    """The picture."""
    parts = [*_frame(plot), *_values(plot), *_counts(plot), *_marks(plot)]
    return document((WIDTH, HEIGHT), plot.title, described(plot), parts)


def described(plot: Plot) -> str:
    """The points in words, for those who can't see them."""
    told = "; ".join(f"{mark.x:,} {plot.across}: {_label(mark)}" for mark in plot.marks)
    return f"{plot.upward}. {told}."


def _label(mark: Mark) -> str:
    return f"{mark.y:.2f}" if mark.times is None else f"{mark.y:.2f} (x{mark.times:.2f})"


def _frame(plot: Plot) -> Iterator[str]:
    yield text(WIDTH / 2, 30, plot.title, "title")
    yield upright(24, (TOP + BOTTOM) / 2, plot.upward)
    yield text((LEFT + RIGHT) / 2, HEIGHT - 18, f"{plot.across}, logarithmic", "faint")


def _values(plot: Plot) -> Iterator[str]:
    """The value axis."""
    for number in range(round(plot.top / plot.step) + 1):
        y = plot.upward_at(number * plot.step)
        yield line(LEFT, y, RIGHT, y, "grid" if number else "axis")
        yield text(LEFT - 10, y + 4, f"{number * plot.step:g}", "faint value")


def _counts(plot: Plot) -> Iterator[str]:
    """The marks of the axis across."""
    for mark in plot.marks:
        x = plot.across_at(mark.x)
        yield line(x, BOTTOM, x, BOTTOM + 5, "axis")
        yield f'<text class="faint" x="{x}" y="{BOTTOM + 22}">{counted(mark.x)}</text>'


def counted(count: int) -> str:
    """A count as its axis names it: of powers of ten the large ones are written as such."""
    power = len(str(count)) - 1
    if count >= _POWERS_FROM and count == 10**power:
        return f'10<tspan dy="-5" font-size="9">{power}</tspan>'
    return f"{count:,}"


def _marks(plot: Plot) -> Iterator[str]:
    places = [(plot.across_at(mark.x), plot.upward_at(mark.y)) for mark in plot.marks]
    if places:
        yield f'<polyline class="line" points="{" ".join(f"{x},{y}" for x, y in places)}"/>'
    for mark, (x, y) in zip(plot.marks, places, strict=True):
        low, high = map(plot.upward_at, mark.spread)
        yield line(x, low, x, high, "spread")
        yield from (line(x - _CAP, end, x + _CAP, end, "spread") for end in (low, high))
        yield f'<circle class="point" cx="{x}" cy="{y}" r="4"/>'
        yield text(x, high - 10, _label(mark), "label")
