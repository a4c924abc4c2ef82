"""This worker's own part of the status."""

import resource
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from agents.stage import StageTask
from app.settings import Settings
from app.status import merging
from app.status.problems import Condition, problems_of
from app.status.pulse import Pulse
from app.status.shape import (
    WINDOWS,
    Health,
    Place,
    Rules,
    Stage,
    State,
    Status,
    Window,
    Worker,
    worst,
)
from models.queries import summaries_of
from models.rankings import Summary
from models.stage import Rows
from models.timestamps import iso
from models.watermark import NEVER_MS
from models.windows import WindowRules

if TYPE_CHECKING:
    from app.bootstrap import App

_STATM = Path("/proc/self/statm")


class Reporter:
    """Tells how this worker is."""

    def __init__(self, app: "App", pulse: Pulse, rules: WindowRules) -> None:
        """Report on an app's engine; nothing has started yet."""
        self._app = app
        self._pulse = pulse
        self._rules = rules
        self._started_at = iso(_now_ms())
        self._version = version("clickstream")  # read from a file

    def report(self, condition: Condition) -> Status:
        """This worker's part of the status, as of now."""
        tasks = self._app.engine.tasks
        stages = [self._stage(task, condition) for task in tasks]
        counting = [task for task in tasks if task.spec.name == "counting"]
        times = [task.stage.stream_time_ms for task in counting]
        stream_ms = min(times, default=NEVER_MS)
        worker = self._worker(tasks, stages, condition)
        now_ms = _now_ms()
        return Status(
            at=iso(now_ms),
            app_id=self._app.settings.identity,
            version=self._version,
            settings=_rules(self._app.settings),
            state=worker.state,
            problems=problems_of(worker, stages, condition),
            stream_time=None if stream_ms == NEVER_MS else iso(stream_ms),
            event_time_lag_seconds=None
            if stream_ms == NEVER_MS
            else round((now_ms - stream_ms) / 1000, 3),
            lag=merging.lag_of(stages),
            rates={
                n: rate.per_second(time.monotonic()) for n, rate in self._pulse.happened.items()
            },
            totals=merging.totals(stages),
            balanced=all(task.balanced for task in stages),
            workers=[worker],
            stages=stages,
            missing=[],
            windows=self._windows(counting),
            late=[*reversed(self._pulse.late)],
            dead_letters=[*reversed(self._pulse.dead_letters)],
            conversions=[*reversed(self._pulse.conversions)],
            time_to_purchase=self._pulse.took,
        )

    def health(self, condition: Condition) -> Health:
        """Whether this worker is well: no table is looked into, as others ask every second."""
        tasks = self._app.engine.tasks
        stages = [self._stage(task, condition) for task in tasks]
        worker = self._worker(tasks, stages, condition)
        problems = problems_of(worker, stages, condition)
        return Health(worker.state, problems, merging.lag_of(stages))

    def places(self) -> set[Place]:
        """The stages and partitions that there are, as far as the inputs are known."""
        engine = self._app.engine
        return {
            Place(spec.name, partition)
            for spec in engine.specs.values()
            for partition in range(engine.width(spec))
        }

    def _worker(self, tasks: list[StageTask], stages: list[Stage], condition: Condition) -> Worker:
        engine = self._app.engine
        return Worker(
            url=str(self._app.peers.me),
            asked=True,
            state=self._state(tasks, stages, condition),
            started_at=self._started_at,
            version=self._version,
            partitions=_grouped((t.spec.name, t.partition) for t in tasks),
            standbys=_grouped(engine.standbys),
            rebalances=self._pulse.rebalances,
            last_rebalance=self._pulse.last_rebalance,
            memory_bytes=_memory(),
            cpu_seconds=round(time.process_time(), 3),
        )

    def _state(self, tasks: list[StageTask], stages: list[Stage], condition: Condition) -> State:
        engine = self._app.engine
        if condition.waiting:
            return State.WAITING
        if not engine.joined or self._app.rebalancing:
            return State.REBALANCING
        if len(tasks) < len(engine.assigned):
            return State.RECOVERING
        return worst([task.state for task in stages])

    def _stage(self, task: StageTask, condition: Condition) -> Stage:
        now = time.monotonic()
        name = repr(task)
        count, took = (rate.total(now) for rate in self._pulse.commits[name])
        ledger = task.ledger
        return Stage(
            stage=task.spec.name,
            partition=task.partition,
            worker=str(self._app.peers.me),
            state=_state_of(task, condition),
            stream_time=None
            if task.stage.stream_time_ms == NEVER_MS
            else iso(task.stage.stream_time_ms),
            lag=self._app.engine.lag_of(task),
            records_per_second=self._pulse.records[name].per_second(now),
            commit_ms=round(took / count * 1000, 3) if count else None,
            read=ledger.read,
            became=dict(ledger.became),
            sent=dict(ledger.sent),
            lost=ledger.lost,
            balanced=ledger.balanced,
            state_bytes=task.store.bytes if task.store is not None else None,
        )

    def _windows(self, counting: list[StageTask]) -> list[Window]:
        windows: list[Window] = []
        for task in counting:
            if task.store is None or task.failed:
                continue
            now_ms = task.stage.stream_time_ms
            found = self._newest(task.store, now_ms)
            windows += [self._window(start_ms, summary, now_ms) for start_ms, summary in found]
        return windows

    def _newest(self, rows: Rows, now_ms: int) -> list[tuple[int, Summary]]:
        """The newest windows; looked for farther back only where there was little traffic."""
        found: dict[int, Summary] = {}
        for windows in (WINDOWS, WINDOWS * WINDOWS, max(now_ms, 0) // self._rules.size_ms):
            first_ms = self._rules.start_of(max(now_ms, 0)) - windows * self._rules.size_ms
            found = summaries_of(rows, max(first_ms, 0))
            if len(found) >= WINDOWS:
                break
        return sorted(found.items())[-WINDOWS:]

    def _window(self, start_ms: int, summary: Summary, now_ms: int) -> Window:
        end_ms = start_ms + self._rules.size_ms
        closes_ms = end_ms + self._rules.grace_ms
        state = "open" if now_ms < end_ms else "closing" if now_ms < closes_ms else "closed"
        counts = (summary.clicks, summary.users, summary.late)
        return Window(iso(start_ms), iso(end_ms), iso(closes_ms), state, *counts)


def _state_of(task: StageTask, condition: Condition) -> State:
    if task.failed:
        return State.FAILED
    return State.STALLED if repr(task) in condition.stalled else State.WORKING


def _rules(settings: Settings) -> Rules:
    return Rules(
        partitions=settings.partitions,
        window_size_seconds=settings.window_size_ms / 1000,
        grace_seconds=settings.grace_ms / 1000,
        retention_seconds=settings.retention_ms / 1000,
        join_within_seconds=settings.join_within_ms / 1000,
        attribution=settings.attribution.value,
        late_policy=settings.late_policy.value,
    )


def _grouped(places: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    grouped: dict[str, list[int]] = {}
    for name, partition in sorted(places):
        grouped.setdefault(name, []).append(partition)
    return grouped


def _memory() -> int | None:
    """Resident bytes, where the system tells."""
    try:
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
