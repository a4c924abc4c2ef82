"""The clicks of the questions of growth: as many in each hour of event time, however many hours."""

import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from bench.clicks import DISORDER_MS, Clicks, Event
from bench.counts import Counts

HOUR_MS = 3_600_000
#: The closing clicks come so long after the others: beyond window and grace, so that all windows
#: close, and by hardly more, so that no hours of history expire at once.
_CLOSING_MS = 15 * 60_000

_SEED = 20_250_101
_PRODUCTS = 1_000


@dataclass(slots=True)
class SparseCounts(Counts):
    """Counts of many users, few of whom click in a window: only what has a count has a cell.

    Cells for all of 10^7 users would take gigabytes, and so long to compare that the worker, which
    is done meanwhile, would be measured idling.

    Attributes:
        index: Where the cell of a user and window is, by its place among all.
    """

    index: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cells = array("I")

    def add(self, user: int, event_ms: int) -> None:
        """Count a click."""
        place = user * self.windows + (event_ms - self.start_ms) // self.window_ms
        cell = self.index.setdefault(place, len(self.cells))
        if cell == len(self.cells):
            self.cells.append(0)
        self.cells[cell] += 1

    def like(self) -> Self:
        """An empty one of the same users and windows, with the cells there are now."""
        of = (self.users, self.start_ms, self.window_ms, self.windows, self.closing, self.index)
        empty = type(self)(*of)
        empty.cells = array("I", bytes(4 * len(self.cells)))
        return empty

    def place(self, start_ms: int, user: str) -> int | None:
        """The cell of a user and window; None where there is none."""
        place = Counts.place(self, start_ms, user)
        return None if place is None else self.index.get(place)


@dataclass(slots=True)
class HourlyClicks(Clicks):
    """As many clicks in every hour, of users drawn evenly.

    Attributes:
        expected: Clicks by user and window, of those given so far.
        span_ms: Event time from the first to the last.
    """

    expected: SparseCounts = field(init=False)
    span_ms: int = HOUR_MS

    def __post_init__(self) -> None:
        first_ms = self.start_ms - DISORDER_MS
        first_ms -= first_ms % self.window_ms
        windows = (self.end_ms - first_ms) // self.window_ms + 1
        of = (self.users, first_ms, self.window_ms, windows, self.partitions)
        self.expected = SparseCounts(*of)

    @property
    def start_ms(self) -> int:
        """Event time begins about here."""
        return self.end_ms - self.span_ms

    @property
    def closing_ms(self) -> int:
        """Event time of the closing clicks: all windows of the others have closed by then."""
        return self.end_ms + _CLOSING_MS

    def unread(self) -> Self:
        """The same clicks, none of them given yet."""
        of = (self.count, self.users, self.end_ms, self.topic, self.window_ms, self.partitions)
        return type(self)(*of, span_ms=self.span_ms)

    def events(self) -> Iterator[Event]:
        """The clicks, the same for the same seed; each is added to what is expected."""
        chance = random.Random(_SEED).random
        start_ms, span_ms, add = self.start_ms, self.span_ms, self.expected.add
        for number in range(self.count):
            event_ms = start_ms + number * span_ms // self.count - int(chance() * DISORDER_MS)
            user = int(chance() * self.users)
            add(user, event_ms)
            yield Event(number, user, int(chance() * _PRODUCTS), event_ms)
