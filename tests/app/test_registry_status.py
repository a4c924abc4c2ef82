"""Laws of a worker whose records wait for the schema registry: it is well, and says so."""

import asyncio
from pathlib import Path

import pytest

from app.bootstrap import create_app
from app.registry.known import KnownSchemas
from app.settings import Settings
from app.status.problems import problems_of
from app.status.shape import State, Worker
from app.status.watchdog import STALL_SECONDS
from tests.agents.fakes import eventually, in_loop
from tests.app.fake_registry import FakeSource


class FakeTask:
    """A task that stands still with records to read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.preparation = False
        self.positions = {"clicks": 7}

    def __repr__(self) -> str:
        return self.name


class FakeEngine:
    """An engine with two tasks, both with something to read."""

    def __init__(self) -> None:
        self.tasks = [FakeTask("enrichment-0"), FakeTask("enrichment-1")]

    def lag_of(self, task: FakeTask) -> int:
        """One record."""
        return 1


@in_loop
async def test_a_task_that_waits_for_the_registry_is_not_stalled_and_the_worker_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To start the worker anew would not help; another task that stands still is stalled."""
    app = create_app(
        Settings(CLICKSTREAM_DATA_DIR=tmp_path, CLICKSTREAM_SCHEMA_REGISTRY="http://registry")  # type: ignore[call-arg]  # by alias
    )
    engine = FakeEngine()
    app.engine = engine  # type: ignore[assignment]  # as far as it is looked at
    source = FakeSource({})
    source.failures = 1
    app.schemas = schemas = KnownSchemas(source.connected, retry_seconds=60)
    learning = asyncio.create_task(schemas.learn({1}))
    await eventually(lambda: schemas.trouble)
    engine.tasks[0].preparation = True
    now = [0.0]
    monkeypatch.setattr("app.status.cluster.time.monotonic", lambda: now[0])
    await app.cluster._found()
    now[0] = STALL_SECONDS + 1
    condition = await app.cluster._found()
    assert {"enrichment-1"} == condition.stalled.keys()
    worker = Worker("http://me", asked=True, state=State.WORKING)
    told, _ = problems_of(worker, [], condition)
    expected = (
        "The schema registry must answer; it does not. Start it. Records wait for it at http://me."
    )
    assert expected == told
    learning.cancel()
