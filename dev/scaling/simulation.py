"""The queues of a deployment, event by event: what waits for what, and what is full first.

A task takes what waits for it, works on its worker's core, commits through the brokers, and only
then begins again; between two commits it waits for the interval, unless it is behind. Tasks of a
worker share one core. Offsets of the stages without a table all go through the group's coordinator.
Records are a fluid: how many there are is followed, not which.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from agents.stage import MAX_RECORDS, UNHURRIED_MS, behind_records
from dev.scaling.model import Task, distinct
from dev.scaling.queues import STATELESS, Outcome, Queue, Scene, Station

_US, _MS = 1e-6, 1e-3
#: Seconds until a task looks again whether anything waits for it.
_LOOK_S = 0.01
#: Tasks begin one after the other within this time (s), as they do after a start.
_SPREAD_S = 0.1
#: Stages that the last of a click's work is done by.
_LAST = ("counting", "joining")


@dataclass(slots=True)
class Simulation:
    """A run of a scene.

    Attributes:
        scene: What is simulated.
        done: Records that each stage has committed.
    """

    scene: Scene
    done: dict[str, float] = field(init=False)
    _workers: list[Station] = field(init=False)
    _brokers: Station = field(init=False)
    _coordinator: Station = field(init=False)
    _queues: list[Queue] = field(init=False)
    _events: list[tuple[float, int, int, Queue, float]] = field(init=False)
    _order: Iterator[int] = field(init=False)
    _tasks: dict[str, Task] = field(init=False)
    _waited: float = 0.0
    _seen_s: float = 0.0
    _from_s: float = 0.0

    def __post_init__(self) -> None:
        given, scene = self.scene.model.given, self.scene
        self.done = dict.fromkeys(scene.stages, 0.0)
        self._workers = [Station([0.0]) for _ in range(given.workers)]
        shared = Station([0.0] * given.workers)  # whoever of all is free
        if scene.brokers is None:
            self._workers = [shared] * given.workers
        self._brokers = shared if scene.brokers is None else Station([0.0] * scene.brokers)
        self._coordinator = Station([0.0])
        self._tasks = {task.stage: task for task in scene.model.tasks}
        self._order = count()
        self._queues = [queue for stage in scene.stages for queue in self._made(stage)]
        spread = _SPREAD_S / len(self._queues)
        self._events = [(n * spread, next(self._order), 0, q, 0.0) for n, q in
                        enumerate(self._queues)]  # fmt: skip

    def _made(self, stage: str) -> Iterator[Queue]:
        work, given = self.scene.model.work, self.scene.model.given
        tasks = given.inputs if stage in STATELESS else given.partitions
        interval_ms = work.commit_interval_ms
        if stage == "counting":
            interval_ms = max(interval_ms, UNHURRIED_MS)
        hot = 0.0 if stage in STATELESS else self.scene.hot
        for number in range(tasks):
            share = (1 - hot) / tasks + (hot if number == 0 else 0.0)
            core = self._workers[number % given.workers]
            yield Queue(stage, share, core, interval_ms * _MS)

    def run(self) -> Outcome:
        """Run it to its end."""
        self._from_s = 0.0 if self.scene.backlog else self.scene.seconds / 2
        at_s, before = 0.0, self._spent()
        done_before = 0.0
        while self._events and not self._over(at_s):
            at_s, _, step, queue, records = heapq.heappop(self._events)
            if self._seen_s < self._from_s <= at_s:
                before, done_before = self._spent(), self._finished
            self._look(at_s)
            (self._turn, self._sent, self._committed)[step](at_s, queue, records)
        span_s = at_s - self._from_s
        clicks_s = (self._finished - done_before) / span_s
        used = {name: (s - before[name]) / span_s for name, s in self._spent().items()}
        return Outcome(clicks_s, self._waited / span_s / max(clicks_s, 1.0) / _MS, used)

    def _over(self, at_s: float) -> bool:
        backlog = self.scene.backlog
        return at_s > self.scene.seconds if backlog is None else self._finished >= backlog - 1

    @property
    def _finished(self) -> float:
        """Clicks that are done with by every stage."""
        last = [stage for stage in _LAST if stage in self.done] or [self.scene.stages[-1]]
        return min(self.done[stage] for stage in last)

    def _spent(self) -> dict[str, float]:
        """Busy seconds of each resource, by core where there are several."""
        cores = {id(station): station for station in self._workers}.values()
        each = [station.busy_s / len(station.free_s) for station in cores]
        spent = {"workers": sum(each) / len(each), "the busiest worker": max(each)}
        if self.scene.brokers is not None:
            spent["brokers"] = self._brokers.busy_s / self.scene.brokers
        spent["the group's coordinator"] = self._coordinator.busy_s
        spent["one task"] = max(queue.busy_s for queue in self._queues)
        return spent

    def _look(self, at_s: float) -> None:
        """Add up what waits, over time."""
        if at_s >= self._from_s:
            since_s = at_s - max(self._seen_s, self._from_s)
            self._waited += since_s * (self._input(at_s) - self._finished)
        self._seen_s = at_s

    def _input(self, at_s: float) -> float:
        backlog = self.scene.backlog
        return self.scene.model.work.clicks_s * at_s if backlog is None else backlog

    def _arrived(self, at_s: float, queue: Queue) -> float:
        """Records that ever came for a task."""
        if queue.stage in STATELESS or "enrichment" not in self.scene.stages:
            purchases = self.scene.model.work.purchases if queue.stage == "admission" else 1.0
            return self._input(at_s) * purchases * queue.share
        return self.done["enrichment"] * queue.share

    def _turn(self, at_s: float, queue: Queue, _: float) -> None:
        """Take what waits, or wait for the next commit."""
        waiting = self._arrived(at_s, queue) - queue.taken
        due_s = queue.committed_s + queue.interval_s
        behind = waiting >= behind_records(self.scene.model.work.commit_interval_ms)
        if waiting < 1 or not (behind or at_s >= due_s):
            look_s = at_s + _LOOK_S
            self._push(min(due_s, look_s) if due_s > at_s else look_s, 0, queue)
            return
        records = min(waiting, float(MAX_RECORDS))
        queue.taken += records
        queue.began_s = at_s
        touched = self._touched(at_s, queue, records)
        self._push(
            queue.core.serve(at_s, self._worked_s(queue, records, touched)), 1, queue, records
        )

    def _sent(self, at_s: float, queue: Queue, records: float) -> None:
        """Let the brokers commit."""
        one = self.scene.model.one
        each = {
            "enrichment": one.broker_enrich_us,
            "counting": one.broker_count_us + self._row_share(queue, records) * one.broker_row_us,
            "joining": one.broker_join_us,
        }
        touched = self._touched(at_s, queue, records)
        work_us = records * each.get(queue.stage, one.broker_enrich_us)
        work_us += one.broker_commit_us + touched * one.broker_touch_us
        copies = 1 + (self.scene.model.work.replication - 1) * one.replica_share
        done_s = self._brokers.serve(at_s, work_us * copies * _US)
        if queue.stage in STATELESS:
            offset_s = one.broker_offset_us * _US
            done_s = max(done_s, self._coordinator.serve(at_s, offset_s))
            if self._tells(at_s, queue):
                queue.told_s = at_s
        self._push(max(done_s, at_s + one.commit_ms * _MS), 2, queue, records)

    def _committed(self, at_s: float, queue: Queue, records: float) -> None:
        """What was taken is done; the task begins again."""
        self.done[queue.stage] += records
        queue.committed_s = at_s
        queue.busy_s += at_s - queue.began_s
        self._push(at_s, 0, queue)

    def _push(self, at_s: float, step: int, queue: Queue, records: float = 0.0) -> None:
        heapq.heappush(self._events, (at_s, next(self._order), step, queue, records))

    def _tells(self, at_s: float, queue: Queue) -> bool:
        return at_s - queue.told_s >= self.scene.model.work.watermark_interval_ms * _MS

    def _touched(self, at_s: float, queue: Queue, records: float) -> float:
        """Partitions that a transaction writes to."""
        partitions = self.scene.model.given.partitions
        if queue.stage not in STATELESS:
            return 2.0
        return 1 + (partitions if self._tells(at_s, queue) else distinct(records, partitions))

    def _row_share(self, queue: Queue, records: float) -> float:
        """Rows that a counted click changes."""
        model = self.scene.model
        rows = self.scene.rows or model.window_users / model.given.partitions
        return distinct(records, rows) / records

    def _worked_s(self, queue: Queue, records: float, touched: float) -> float:
        """Seconds of a worker's core that a step takes."""
        model, one = self.scene.model, self.scene.model.one
        task = self._tasks[queue.stage]
        each = {
            "counting": one.count_us + self._row_share(queue, records) * one.row_us,
            "joining": one.join_us * (1 + model.work.purchases),
        }
        work_us = records * each.get(queue.stage, model.enrich_us)
        work_us += one.commit_us + touched * one.touch_us + task.known * one.known_us
        heard = task.heard_s * max(queue.interval_s, records / max(task.records_s, 1.0))
        return (work_us + heard * one.watermark_us) * _US
