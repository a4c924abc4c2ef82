"""`python -m dev.drills.launch SECONDS ...`: Faust's command line, by a clock that is wrong.

The clock is shifted before anything is imported but what reads times, and knows no clock: its types
must be the true ones. SIGRTMIN makes it jump to the other side of the truth: a clock that is a day
ahead is a day behind then.
"""

import datetime as dt
import signal
import sys
import time
from importlib import import_module
from types import FrameType

import models.inner  # noqa: F401 its types of times


class _Clock:
    """The true clock, and how far this one is off."""

    def __init__(self, ahead_s: int) -> None:
        self.ahead_s = ahead_s
        self._time, self._time_ns = time.time, time.time_ns

    def jump(self, _number: int, _frame: FrameType | None) -> None:
        self.ahead_s = -self.ahead_s

    def time(self) -> float:
        return self._time() + self.ahead_s

    def time_ns(self) -> int:
        return self._time_ns() + self.ahead_s * 1_000_000_000


def _shifted(clock: _Clock) -> type[dt.datetime]:
    class Shifted(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> "Shifted":
            return cls.fromtimestamp(clock.time(), tz)

        @classmethod
        def utcnow(cls) -> "Shifted":
            return cls.now(dt.UTC).replace(tzinfo=None)

    return Shifted


def main() -> None:
    """Shift the clock, then be Faust."""
    clock = _Clock(int(sys.argv.pop(1)))
    signal.signal(signal.SIGRTMIN, clock.jump)
    time.time, time.time_ns = clock.time, clock.time_ns
    dt.datetime = _shifted(clock)  # type: ignore[misc]  # that is what it is about
    import_module("faust.cli.faust").cli()


if __name__ == "__main__":
    main()
