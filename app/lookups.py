"""Answers of the tables' web views, from this worker's stores."""

from collections.abc import Callable
from typing import Any

import msgspec
from faust.web.exceptions import ServiceUnavailable

from agents.engine import Engine
from agents.spec import Envelope
from models.counting import CountingState, WindowRules
from models.partitioning import partition_of
from models.queries import clicks_of, purchases_of, windows_of
from tables.store import PartitionStore


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
        store = self._store("click-counts", user)
        found = windows_of(store, self._rules, user, _closed_to(store))
        if not found:
            raise KeyError(user)
        return found

    def join_state(self, user: bytes) -> Any:
        """A user's clicks and pending purchases; KeyError for a user without any."""
        store = self._store("join-state", user)
        clicks, purchases = clicks_of(store, user), purchases_of(store, user)
        if not clicks and not purchases:
            raise KeyError(user)
        return {"clicks": clicks, "purchases": purchases}

    def _store(self, table: str, user: bytes) -> PartitionStore:
        """The store of the task at work; one that is being restored would give old answers."""
        partition = partition_of(user, self._engine.partitions)
        for task in self._engine.delivery.tasks.values():
            if task.spec.table == table and task.partition == partition:
                if task.store is not None and not task.failed:
                    return task.store
                break
        raise ServiceUnavailable("The partition is moving or recovering: ask again soon.")


def _closed_to(store: PartitionStore) -> bytes:
    state = store.state()
    if state is None:
        return b""
    stage = msgspec.json.decode(state, type=Envelope).stage
    return bytes.fromhex(msgspec.json.decode(stage, type=CountingState).closed_to)
