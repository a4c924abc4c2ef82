"""Whether tasks make progress: a worker whose event loop runs can still be stuck.

A task is stalled when it has had something to do, or has heard nothing of its input's end, for
``STALL_SECONDS`` while its positions stood still.
"""

from collections.abc import Hashable, Mapping
from typing import NamedTuple

#: A step takes a tenth of a second, a slow commit seconds, a broker's fail-over about ten.
STALL_SECONDS = 45.0


class Sight(NamedTuple):
    """What was seen of a task: its positions, and its lag (None: not known)."""

    positions: Hashable
    lag: int | None


class Watchdog:
    """Compares what is seen of tasks with what was seen before."""

    def __init__(self) -> None:
        self._moved: dict[str, tuple[Sight, float]] = {}

    def look(self, sights: Mapping[str, Sight], now: float) -> dict[str, float]:
        """Look at all tasks.

        Args:
            sights: Each task as it is now, by name; others are forgotten.
            now: A monotonic clock (s).

        Returns:
            The stalled tasks, and for how many seconds each stood still.
        """
        before, self._moved = self._moved, {}
        for name, sight in sights.items():
            seen, since = before.get(name, (sight, now))
            idle = sight.lag == 0
            moved = seen.positions != sight.positions
            self._moved[name] = (sight, now if idle or moved else since)
        stood = {name: now - since for name, (_, since) in self._moved.items()}
        return {name: seconds for name, seconds in stood.items() if seconds >= STALL_SECONDS}
