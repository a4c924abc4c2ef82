"""One seed: draw what to run, run it with its faults, and judge what came out."""

import asyncio
import gc
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

import pytest

from agents import stage
from models import counting, joining
from models.stage import Output
from tests.models.fakes import DAY
from tests.simulation.broker import Broker
from tests.simulation.case import (
    INNER,
    INPUT_SECONDS,
    OUTPUTS,
    TABLES,
    Case,
    Value,
    changelog_of,
    draw_case,
)
from tests.simulation.clients import simulated_clients
from tests.simulation.disks import Disk, MemoryStore
from tests.simulation.faults import Faults
from tests.simulation.group import Group
from tests.simulation.loop import OWNER, SimLoop, SimulationHangsError
from tests.simulation.oracle import differences, done, folded
from tests.simulation.transactions import Partition
from tests.simulation.worker import Worker, World

#: Seconds in which faults happen; the last inputs come before half of it.
_FAULT_SECONDS = 7.0
#: Virtual seconds at which a run is taken to hang.
_DEADLINE_SECONDS = 150.0


@dataclass(frozen=True)
class Result:
    """What a seed gave.

    Attributes:
        seed: The seed.
        wrong: What is not as it must be; empty when all is right.
        faults: How many there were of each kind.
        trace: What happened.
    """

    seed: int
    wrong: list[str]
    faults: Counter[str]
    trace: list[tuple[float, str, str, object]]

    @property
    def history(self) -> Iterator[str]:
        """The trace as lines."""
        for at, who, what, detail in self.trace:
            yield f"{at - 1_000:10.4f}  {who:<8} {what}  {detail}"


class Simulation:
    """A world of one seed."""

    def __init__(self, seed: int, *, calm: bool = False) -> None:
        """Draw everything.

        Args:
            seed: The seed.
            calm: Without faults.
        """
        self.seed = seed
        self.case = draw_case(Random(f"{seed}/case"))
        self.loop = SimLoop(1_000 + _DEADLINE_SECONDS)
        self.broker = Broker(self.loop, Random(f"{seed}/run"), self.case.topics)
        self.group = Group(self.broker, _units(self.case), _changelogs(self.case))
        self.world = World(self.broker, self.group, self.case)
        self.workers: list[Worker] = []
        self.random = Random(f"{seed}/faults")
        self.faults = Faults(self, self.random)
        self._calm = calm

    def start(self, name: str, disk: Disk) -> None:
        """Start a worker, unless its machine runs one."""
        if any(worker.name == name and worker.process.alive for worker in self.workers):
            return
        worker = Worker(self.world, name, len(self.workers), disk)
        self.workers.append(worker)
        worker.start()

    def run(self) -> Result:
        """Run to the end, and judge."""
        with _limits(self.case), simulated_clients():
            wrong = self._played()
            result = Result(self.seed, wrong, Counter(self.broker.faults), list(self.broker.trace))
            self.loop.finish()
        wrong += self.loop.errors
        return result

    def _played(self) -> list[str]:
        try:
            self.loop.run_until_complete(self.loop.spawn(self._play(), None))
        except SimulationHangsError as error:
            return [*self.world.crashes, str(error)]
        return [
            *self.world.crashes,
            *differences(self.broker, self.case),
            *self._differing_stores(),
        ]

    async def _play(self) -> None:
        self._begin()
        if not self._calm:
            self.broker.flaky, self.broker.drops = self.case.flaky, self.case.drops
            self.faults.plan(_FAULT_SECONDS)
            await asyncio.sleep(_FAULT_SECONDS)
            self.faults.heal()
        await self._settle()

    def _begin(self) -> None:
        for number in range(self.case.workers):
            self.start(f"w{number}", Disk())
        for topic, logs in self.case.inputs.items():
            for partition, values in enumerate(logs):
                self._schedule((topic, partition), list(values))

    async def _settle(self) -> None:
        """Wait until all is read and nothing follows from it any more, then stop the workers."""
        before = -1
        while before != self._written() or not done(self.broker, self.case):
            if self.world.crashes:
                return
            before = self._written()
            await asyncio.sleep(0.5 + self.random.random())
        living = [worker for worker in self.workers if worker.process.alive]
        await asyncio.gather(*(self.loop.spawn(w.engine.quiesce(), w.process) for w in living))
        await asyncio.sleep(1.0)

    def _written(self) -> int:
        """How much the outputs hold: closing goes on when all is read."""
        logs = self.broker.logs.items()
        return sum(log.end for (topic, _), log in logs if topic in OUTPUTS)

    def _schedule(self, at: Partition, values: list[Value]) -> None:
        """Write the values in some portions; each later than the one before."""
        times = sorted(self.random.random() * INPUT_SECONDS for _ in values[::10])
        for seconds in times:
            count = len(values) if seconds == times[-1] else self.random.randint(1, 10)
            outputs = [Output(b"any", value) for value in values[:count]]
            del values[:count]
            self.loop.after(seconds, self.broker.logs[at].append, outputs, DAY)

    def _differing_stores(self) -> Iterator[str]:
        for worker in self.workers:
            if not worker.process.alive or not worker.ready or worker.assignment is None:
                continue
            mine = {p for topic, p in worker.assignment.actives if topic == INNER[0]}
            for (table, partition), store in worker.engine._takeover.stores.items():
                assert isinstance(store, MemoryStore)
                log = self.broker.logs[changelog_of(table), partition]
                if partition in mine and store.rows != folded(log.committed()):
                    yield f"{worker.process.name}: {table}-{partition} is not as its changelog"


def _units(case: Case) -> list[list[Partition]]:
    inputs = [[(t, p)] for t, logs in case.inputs.items() for p in range(len(logs))]
    return inputs + [[(topic, p) for topic in INNER] for p in range(case.partitions)]


def _changelogs(case: Case) -> dict[Partition, Partition]:
    return {
        (changelog_of(table), p): (INNER[0], p)
        for table in TABLES.values()
        for p in range(case.partitions)
    }


@contextmanager
def _limits(case: Case) -> Iterator[None]:
    """Small turns and steps, no collection at an unforeseen time, and a quiet log."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "MAX_RECORDS", case.turn_records)
        patch.setattr(stage, "FULL_RECORDS", case.turn_records * 4)
        patch.setattr(stage, "BEHIND_RECORDS", case.turn_records * 2)
        patch.setattr(counting, "MAX_ROWS", case.max_rows)
        patch.setattr(joining, "MAX_ROWS", case.max_rows)
        collecting = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if collecting:
                gc.enable()


class _Ear(logging.Handler):
    """Writes what the engine logs into the trace."""

    def __init__(self, broker: Broker) -> None:
        super().__init__()
        self._broker = broker

    def emit(self, record: logging.LogRecord) -> None:
        """Note it."""
        process = OWNER.get()
        self._broker.note(process.name if process else "broker", "says", record.getMessage())


@contextmanager
def _heard(broker: Broker, *, aloud: bool) -> Iterator[None]:
    """Keep the log quiet, or have it in the trace."""
    logging.disable(logging.NOTSET if aloud else logging.CRITICAL)
    root, ear = logging.getLogger(), _Ear(broker)
    kept, level = root.handlers[:], root.level
    if aloud:
        root.handlers[:] = [ear]
        root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.handlers[:] = kept
        root.setLevel(level)
        logging.disable(logging.NOTSET)


def simulate(seed: int, *, calm: bool = False, aloud: bool = False) -> Result:
    """Run a seed.

    Args:
        seed: The seed.
        calm: Without faults.
        aloud: With what the engine logs in the trace.
    """
    simulation = Simulation(seed, calm=calm)
    with _heard(simulation.broker, aloud=aloud):
        return simulation.run()
