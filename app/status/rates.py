"""How often things happened in the last ten seconds."""

from collections import deque

#: Seconds over which a rate is the mean.
SECONDS = 10


class Rate:
    """A sum over the last ten whole seconds, by a clock that is given."""

    def __init__(self) -> None:
        self._buckets: deque[tuple[int, float]] = deque()

    def add(self, now: float, amount: float) -> None:
        """Add an amount at a time (s)."""
        second = int(now)
        if self._buckets and self._buckets[-1][0] == second:
            self._buckets[-1] = (second, self._buckets[-1][1] + amount)
        else:
            self._buckets.append((second, amount))
            self._forget(second)

    def total(self, now: float) -> float:
        """The sum over the ten whole seconds before this one."""
        second = int(now)
        self._forget(second)
        return sum(amount for at, amount in self._buckets if at != second)

    def per_second(self, now: float) -> float:
        """The mean of a second."""
        return self.total(now) / SECONDS

    def _forget(self, second: int) -> None:
        while self._buckets and self._buckets[0][0] < second - SECONDS:
            self._buckets.popleft()
