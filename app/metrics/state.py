"""How the engine is, told at the time of a scrape: nothing is kept up between scrapes."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.delivery import Partition
from agents.engine import Engine
from agents.stage import StageTask
from models.watermark import NEVER_MS

_TASK = ("stage", "partition")
#: A task that waits does so for the schema registry.
STATES = ("working", "recovering", "waiting", "failed")


class State(Collector):
    """Collects from an engine, and from the disk that its stores are on."""

    def __init__(self, engine: Engine, short: Callable[[str], str], data_dir: Path) -> None:
        """Collect from an engine that may not have started yet.

        Args:
            engine: The worker's.
            short: Gives a topic's short name.
            data_dir: Where the stores are.
        """
        self._engine = engine
        self._short = short
        self._data_dir = data_dir
        self._ends: dict[Partition, int] = {}

    def describe(self) -> Iterable[Metric]:
        """The metrics, without asking the engine: for the registry, which checks their names."""
        return [*_lag_and_time([], {}, str), *_books([]), *_sizes([]), *_states({}), *self._disk()]

    def collect(self) -> Iterator[Metric]:
        """The metrics, as of now."""
        engine = self._engine
        tasks = engine.tasks
        self._hear_ends(tasks)
        yield from _lag_and_time(tasks, self._ends, self._short)
        yield from _books(tasks)
        yield from _sizes([task for task in tasks if not task.failed])
        yield from _states(_count_states(engine, tasks))
        yield from self._disk()

    def _hear_ends(self, tasks: Iterable[StageTask]) -> None:
        """Keep the ends last heard of: what is full, or without a broker, hears of none."""
        for topic, partition in _inputs(tasks):
            end = self._engine.end_of(topic, partition)
            if end is not None:
                self._ends[topic, partition] = end

    def _disk(self) -> Iterator[Metric]:
        size, free = (
            GaugeMetricFamily(f"clickstream_disk_{name}_bytes", "Of the data directory's disk.")
            for name in ("size", "free")
        )
        if self._data_dir.exists():
            usage = shutil.disk_usage(self._data_dir)
            size.add_metric((), usage.total)
            free.add_metric((), usage.free)
        yield size
        yield free


def _inputs(tasks: Iterable[StageTask]) -> Iterator[Partition]:
    return ((topic, task.partition) for task in tasks for topic in task.spec.inputs)


def _lag_and_time(
    tasks: Iterable[StageTask], ends: dict[Partition, int], short: Callable[[str], str]
) -> Iterator[Metric]:
    lag = GaugeMetricFamily(
        "clickstream_lag_records",
        "Offsets of an input topic that are not committed yet, up to its end as last heard of.",
        labels=("stage", "topic", "partition"),
    )
    stream_time = GaugeMetricFamily(
        "clickstream_stream_time_seconds",
        "How far event time has come, in seconds since the epoch.",
        labels=_TASK,
    )
    for task in tasks:
        stage, partition = task.spec.name, str(task.partition)
        for topic, position in task.positions.items():
            end = max(ends.get((topic, task.partition), 0), task.expected(topic))
            at = (stage, short(topic), partition)
            lag.add_metric(at, max(end - position, 0))
        if task.stage.stream_time_ms > NEVER_MS:
            stream_time.add_metric((stage, partition), task.stage.stream_time_ms / 1000)
    yield lag
    yield stream_time


def _books(tasks: Iterable[StageTask]) -> Iterator[Metric]:
    balanced = GaugeMetricFamily(
        "clickstream_ledger_balanced",
        "1 where every record read became one thing, 0 where not.",
        labels=_TASK,
    )
    lost = CounterMetricFamily(
        "clickstream_lost_offsets",
        "Offsets that retention deleted before they were read, since the topics began.",
        labels=_TASK,
    )
    for task in tasks:
        at = (task.spec.name, str(task.partition))
        balanced.add_metric(at, task.ledger.balanced)
        lost.add_metric(at, task.ledger.lost)
    yield balanced
    yield lost


def _sizes(tasks: Iterable[StageTask]) -> Iterator[Metric]:
    size = GaugeMetricFamily(
        "clickstream_state_bytes",
        "What a table's partition takes, on disk and in memory.",
        labels=("table", "partition"),
    )
    for task in tasks:
        if task.store is not None and task.spec.table is not None:
            size.add_metric((task.spec.table, str(task.partition)), task.store.bytes)
    yield size


def _count_states(engine: Engine, tasks: Iterable[StageTask]) -> dict[tuple[str, str], int]:
    counts = {(stage, state): 0 for stage in engine.specs for state in STATES}
    found = {(task.spec.name, task.partition): task for task in tasks}
    for at in engine.assigned | found.keys():
        task = found.get(at)
        counts[at[0], _state_of(task)] += 1
    return counts


def _state_of(task: StageTask | None) -> str:
    if task is None:
        return "recovering"
    if task.failed:
        return "failed"
    return "waiting" if task.preparation else "working"


def _states(counts: dict[tuple[str, str], int]) -> Iterator[Metric]:
    tasks = GaugeMetricFamily(
        "clickstream_tasks",
        "Partitions of stages that are this worker's, by how they are; waiting is for the schema "
        "registry.",
        labels=("stage", "state"),
    )
    for labels, count in counts.items():
        tasks.add_metric(labels, count)
    yield tasks
