"""An engine and its tasks, as far as the web views look at them."""

from typing import Any

from models.watermark import NEVER_MS


class FakeTask:
    """A task, with a spec and a stage that are itself."""

    def __init__(self, rows: Any, partition: int = 3, table: str = "click-counts") -> None:
        self.spec = self
        self.stage = self
        self.name, self.table, self.partition = "counting", table, partition
        self.store = rows
        self.failed = False
        self.stream_time_ms = NEVER_MS
        self.positions = {"enriched-clicks": 40}


class FakeEngine:
    """An engine with these tasks."""

    def __init__(self, *tasks: FakeTask) -> None:
        self.joined = True
        self.delivery = self
        self.tasks = {("counting", task.partition): task for task in tasks}
        self.ends: dict[tuple[str, int], int] = {}

    def end_of(self, topic: str, partition: int) -> int | None:
        """As set."""
        return self.ends.get((topic, partition))
