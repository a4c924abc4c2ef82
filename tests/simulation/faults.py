"""The faults that a seed injects, at any time or at the very point where it hurts."""

from collections.abc import Callable
from random import Random
from typing import Protocol, TypeAlias

from tests.simulation.broker import Broker
from tests.simulation.case import Case
from tests.simulation.disks import TOMBSTONES_KEPT_MS, Disk
from tests.simulation.group import Group
from tests.simulation.loop import Process
from tests.simulation.oracle import positions
from tests.simulation.worker import Worker

#: Requests after which a worker may crash or freeze, before it hears of the answer.
_POINTS = ("fence", "ends", "offsets of group", "send", "offsets sim", "commit", "join")
_MOST_WORKERS = 4

Strike: TypeAlias = Callable[[], None]
Act: TypeAlias = Callable[[Worker], None]


class Stage(Protocol):
    """Where the faults happen."""

    broker: Broker
    group: Group
    case: Case
    workers: list[Worker]

    def start(self, name: str, disk: Disk) -> None:
        """Start a worker."""


class Faults:
    """What goes wrong."""

    def __init__(self, stage: Stage, random: Random) -> None:
        """Begin without any."""
        self._stage = stage
        self._random = random
        self._armed: list[tuple[str, int, Act]] = []
        self._old: dict[str, list[Disk]] = {}
        self._added = 0
        stage.broker.on_applied = self._applied

    def plan(self, seconds: float) -> None:
        """Draw all faults of the time to come (s)."""
        kinds: list[Strike] = [
            *[self._arm] * 5,
            *[self._crash_one] * 3,
            *[self._freeze_one] * 3,
            *[self._rebalance] * 2,
            self._expel,
            self._add,
            self._leave,
            self._cut,
            self._outage,
            self._compact,
            self._compact,
            self._retain,
        ]
        for _ in range(self._random.randint(3, 18)):
            self._stage.broker.loop.after(
                self._random.random() * seconds, self._random.choice(kinds)
            )

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        self._armed.clear()
        broker = self._stage.broker
        broker.flaky = broker.drops = broker.down_until = 0.0
        for worker in self._stage.workers:
            worker.consumer.lag = worker.link.down_until = 0.0
            if worker.process.alive and worker.process.frozen:
                self._thaw(worker)
        if not any(w.process.alive and not w.leaving for w in self._stage.workers):
            self._stage.start("spare", Disk())

    def _one(self) -> Worker | None:
        running = [w for w in self._stage.workers if w.process.alive and not w.process.frozen]
        for worker in running:
            self._old.setdefault(worker.name, []).append(worker.disk.copied())
        return self._random.choice(running) if running else None

    def _arm(self) -> None:
        point, count = self._random.choice(_POINTS), self._random.choice((1, 1, 2, 5))
        self._armed.append((point, count, self._random.choice((self._crash, self._freeze))))

    def _applied(self, process: Process | None, what: str) -> None:
        for number, (point, count, act) in enumerate(self._armed):
            if what.startswith(point):
                self._armed[number] = (point, count - 1, act)
                worker = self._worker_of(process)
                if count <= 1 and worker is not None:
                    del self._armed[number]
                    self._stage.broker.note(worker.process.name, f"at {what}")
                    act(worker)
                return

    def _worker_of(self, process: Process | None) -> Worker | None:
        for worker in self._stage.workers:
            if worker.process is process and process.alive and not process.frozen:
                return worker
        return None

    def _crash_one(self) -> None:
        if (worker := self._one()) is not None:
            self._crash(worker)

    def _crash(self, worker: Worker) -> None:
        self._stage.broker.fault(worker.process.name, "crash")
        worker.process.alive = False
        self._stage.group.watch(worker)
        delay = self._random.choice((0.1, 0.5, 3.0))
        self._stage.broker.loop.after(delay, self._restart, worker)

    def _restart(self, worker: Worker) -> None:
        draw, disk = self._random.random(), worker.disk
        if draw < 0.15:
            self._stage.broker.fault(worker.name, "disk lost")
            disk = Disk()
        elif draw < 0.35 and self._old:
            disk = self._random.choice(self._old[self._random.choice(list(self._old))]).copied()
            self._stage.broker.fault(worker.name, "old disk")
        elif draw < 0.5:
            self._stage.broker.fault(worker.name, "foreign disk")
            disk = disk.copied()
            disk.foreign = True
        self._stage.start(worker.name, disk)

    def _freeze_one(self) -> None:
        if (worker := self._one()) is not None:
            self._freeze(worker)

    def _freeze(self, worker: Worker) -> None:
        self._stage.broker.fault(worker.process.name, "freeze")
        worker.process.frozen = True
        self._stage.group.watch(worker)
        seconds = self._random.choice((0.05, 0.5, 2.0, 4.0, 9.0))
        self._stage.broker.loop.after(seconds, self._thaw, worker)

    def _thaw(self, worker: Worker) -> None:
        if worker.process.frozen:
            self._stage.broker.note(worker.process.name, "thaw")
            worker.consumer.awake_since = self._stage.broker.loop.time()
            self._stage.broker.loop.thaw(worker.process)

    def _rebalance(self) -> None:
        self._stage.broker.fault("group", "rebalance")
        self._stage.group.rebalance()

    def _expel(self) -> None:
        if self._stage.group.members:
            self._stage.broker.fault("group", "expulsion")
            self._stage.group.expel(self._random.choice(self._stage.group.members))

    def _add(self) -> None:
        if sum(worker.process.alive for worker in self._stage.workers) < _MOST_WORKERS:
            self._added += 1
            self._stage.broker.fault(f"x{self._added}", "added worker")
            self._stage.start(f"x{self._added}", Disk())

    def _leave(self) -> None:
        if (worker := self._one()) is not None:
            self._stage.broker.fault(worker.process.name, "worker leaves")
            self._stage.broker.loop.tell(worker.process, 0.0, worker.leave)

    def _cut(self) -> None:
        if (worker := self._one()) is not None:
            self._stage.broker.fault(worker.process.name, "cut link")
            seconds = self._random.choice((0.2, 1.0, 4.0))
            worker.link.down_until = self._stage.broker.loop.time() + seconds
            worker.consumer.awake_since = worker.link.down_until
            self._stage.group.watch(worker)

    def _outage(self) -> None:
        self._stage.broker.fault("broker", "outage")
        broker = self._stage.broker
        broker.down_until = broker.loop.time() + self._random.choice((0.1, 1.0))

    def _compact(self) -> None:
        for at, log in self._stage.broker.logs.items():
            if at[0].endswith("-changelog"):
                gone = log.compact(self._stage.broker.now_ms, TOMBSTONES_KEPT_MS)
                self._stage.broker.fault(f"{at[0]}-{at[1]}", "compaction", gone)

    def _retain(self) -> None:
        """Delete what every stage has read."""
        for at, offset in positions(self._stage.broker, self._stage.case).items():
            log = self._stage.broker.logs[at]
            log.start = max(log.start, self._random.randint(log.start, offset))
            self._stage.broker.fault(f"{at[0]}-{at[1]}", "retention", log.start)
