"""Answers of the tables' web views, from this worker's stores."""

from collections.abc import Callable
from typing import Any

from agents.engine import Engine
from app.reading import Reading, moving, readings
from models.partitioning import partition_of
from models.queries import clicks_of, purchases_of, windows_of
from models.windows import WindowRules


class Lookups:
    """What a table gives for a user."""

    def __init__(self, engine: Engine, rules: WindowRules) -> None:
        """Look into the engine's stores."""
        self._engine = engine
        self._rules = rules

    def of(self, table: str) -> Callable[[bytes], Any]:
        """The look-up of a table."""
        return {"click-counts": self.windows, "join-state": self.join_state}[table]

    def windows(self, user: bytes) -> Any:
        """A user's windows; KeyError for a user without any."""
        reading = self._reading("click-counts", user)
        closed_to = reading.closed_to
        found = reading.read(lambda rows: windows_of(rows, self._rules, user, closed_to))
        if not found:
            raise KeyError(user)
        return found

    def join_state(self, user: bytes) -> Any:
        """A user's clicks and pending purchases; KeyError for a user without any."""
        reading = self._reading("join-state", user)
        clicks = reading.read(lambda rows: clicks_of(rows, user))
        purchases = reading.read(lambda rows: purchases_of(rows, user))
        if not clicks and not purchases:
            raise KeyError(user)
        return {"clicks": clicks, "purchases": purchases}

    def _reading(self, table: str, user: bytes) -> Reading:
        partition = partition_of(user, self._engine.partitions)
        reading = readings(self._engine, table).get(partition)
        if reading is None:
            raise moving([partition])
        return reading
