"""Laws of what a scrape finds of the engine: lag, stream time, books, and how tasks are."""

import asyncio
from pathlib import Path

from prometheus_client import CollectorRegistry

from agents.batch import Batch
from app.metrics.state import State
from tests.agents.fakes import TOPIC, FakeConsumer, Partition, in_loop
from tests.agents.test_engine import BenchEngine
from tests.models.fakes import DAY


class Ends(FakeConsumer):
    """A consumer that heard of the logs' ends, once."""

    heard: dict[Partition, int]

    def end_of(self, topic: str, partition: int) -> int | None:
        """What it heard of."""
        return self.heard.pop((topic, partition), None)


def scraped(state: State) -> dict[tuple[str, ...], float]:
    """What is collected: by name and labels' values."""
    registry = CollectorRegistry()
    registry.register(state)
    samples = [sample for family in registry.collect() for sample in family.samples]
    names = [sample.name.removeprefix("clickstream_") for sample in samples]
    return {(name, *s.labels.values()): s.value for name, s in zip(names, samples, strict=True)}


@in_loop
async def test_lag_is_what_lies_between_the_position_and_the_end_last_heard_of(
    tmp_path: Path,
) -> None:
    """A task that is full is not fetched for, and hears of no end: its lag stays."""
    engine = BenchEngine(tmp_path)
    ends = Ends()
    ends.heard = {(TOPIC, 0): 50}
    engine.connect(ends)
    await engine.assign((TOPIC, 0))
    state = State(engine, lambda name: name.removeprefix("i"), tmp_path)
    for _ in range(2):
        assert 50 == scraped(state)["lag_records", "one", "n", "0"]
    await engine.close()


@in_loop
async def test_lag_counts_what_was_delivered_and_waits(tmp_path: Path) -> None:
    """Before any end was heard of."""
    engine = BenchEngine(tmp_path)
    await engine.assign((TOPIC, 0))
    await engine.delivery.deliver("one", Batch(TOPIC, 0, 0, 7, []))
    assert 7 == scraped(State(engine, str, tmp_path))["lag_records", "one", TOPIC, "0"]
    await asyncio.sleep(0.1)
    assert 0 == scraped(State(engine, str, tmp_path))["lag_records", "one", TOPIC, "0"]
    await engine.close()


@in_loop
async def test_tasks_are_counted_by_how_they_are(tmp_path: Path) -> None:
    """Those that wait to be taken over as well."""
    engine = BenchEngine(tmp_path)
    state = State(engine, str, tmp_path)
    assert 0 == scraped(state)["tasks", "one", "working"]
    await engine.assign((TOPIC, 0), (TOPIC, 1))
    engine.delivery.tasks["one", 1].failed = True
    await engine.rebalance([(TOPIC, 0), (TOPIC, 2)], [], engine.generation + 1)
    found = scraped(state)
    shown = {name: found["tasks", "one", name] for name in ("working", "recovering", "failed")}
    assert {"working": 1, "recovering": 1, "failed": 0} == shown
    engine.delivery.tasks["one", 0].failed = True
    assert 1 == scraped(state)["tasks", "one", "failed"]
    await engine.close()


@in_loop
async def test_a_task_whose_records_wait_for_the_schema_registry_is_told_apart(
    tmp_path: Path,
) -> None:
    """It does not work, and has not failed."""
    engine = BenchEngine(tmp_path)
    await engine.assign((TOPIC, 0), (TOPIC, 1))
    preparation = engine.delivery.tasks["one", 1].preparation
    waiting = asyncio.create_task(preparation.done(asyncio.Event().wait()))  # type: ignore[arg-type]  # whatever it gives
    await asyncio.sleep(0)
    found = scraped(State(engine, str, tmp_path))
    assert (1, 1) == (found["tasks", "one", "waiting"], found["tasks", "one", "working"])
    preparation.give_up()
    assert not await waiting
    await engine.close()


@in_loop
async def test_books_time_and_losses_are_told_by_task(tmp_path: Path) -> None:
    """A broken ledger is 0; before anything was heard of there is no stream time."""
    engine = BenchEngine(tmp_path)
    await engine.assign((TOPIC, 0))
    state = State(engine, str, tmp_path)
    at = ("one", "0")
    assert ("stream_time_seconds", *at) not in scraped(state)
    ours = engine.delivery.tasks["one", 0]
    ours.stage.stream_time_ms = DAY  # type: ignore[misc]  # the fake's is a field
    ours.ledger.read, ours.ledger.lost = 3, 5
    found = scraped(state)
    assert DAY / 1000 == found["stream_time_seconds", *at]
    assert (0, 5) == (found["ledger_balanced", *at], found["lost_offsets_total", *at])
    assert 0 < found["disk_free_bytes",] <= found["disk_size_bytes",]
    await engine.close()
