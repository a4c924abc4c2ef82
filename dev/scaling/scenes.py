"""What is simulated: the runs that were measured, and a deployment under more and more load."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from dev.scaling.limits import default
from dev.scaling.model import Model
from dev.scaling.queues import Outcome, Scene
from dev.scaling.simulation import Simulation
from dev.scaling.sizing import Sizer
from dev.scaling.traffic import Traffic
from dev.scaling.workload import Deployment, Workload

#: The clicks and users of ``make bench``: two hours, so that a batch of 10,000 is of 4 windows.
_CLICKS, _USERS, _PARTITIONS = 500_000.0, 10_000.0, 8
_BATCH_WINDOWS = 3.84
_LOADS = (0.25, 0.5, 1.0, 1.5, 2.25, 3.5)
_HOT = (0.0, 0.1, 0.25, 0.4, 0.6)
_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Point:
    """Something that was measured, and how to simulate it.

    Attributes:
        what: What it is.
        measured: In docs/performance.md.
        simulated: The same, simulated.
    """

    what: str
    measured: float
    simulated: Callable[[], float]


def bench(workers: int, brokers: int | None, stages: tuple[str, ...] | None = None) -> Outcome:
    """The whole pipeline, or some stages, over what waits for them, as ``make bench`` has it."""
    work = Workload(_CLICKS, _USERS, replication=1)
    model = Model(work, Deployment(workers, _PARTITIONS, _PARTITIONS))
    rows = _USERS / _PARTITIONS * _BATCH_WINDOWS
    scene = Scene(model, brokers, backlog=_CLICKS, rows=rows)
    return Simulation(replace(scene, stages=stages) if stages else scene).run()


def latency() -> Outcome:
    """A thousand clicks a second, with transactions every 20 ms, as ``bench.latency`` has it."""
    work = Workload(1_000, _USERS, purchases=0.05, commit_interval_ms=20, replication=1)
    return Simulation(Scene(Model(work, Deployment(1, _PARTITIONS, _PARTITIONS)), 1)).run()


MEASURED = (
    Point("pipeline, one worker, clicks/s", 31_606, lambda: bench(1, 1).clicks_s),
    Point("pipeline, two workers on Kafka's cores", 51_804, lambda: bench(2, None).clicks_s),
    Point("counting with rankings", 154_592, lambda: bench(2, None, ("counting",)).clicks_s),
    Point(
        "a worker at 1,000 clicks/s, `COMMIT_INTERVAL=20ms`, % of a core",
        65,
        lambda: 100 * latency().used["workers"],
    ),
)


@cache
def swept(clicks_s: float) -> list[tuple[float, Outcome]]:
    """A deployment that is sized for a rate, from a quarter of it to three times as much."""
    model, brokers = _sized(clicks_s)
    loads = [clicks_s * times for times in _LOADS]
    works = [replace(model, work=replace(model.work, clicks_s=load)) for load in loads]
    found = [Simulation(Scene(work, brokers, _SECONDS)).run() for work in works]
    return list(zip(loads, found, strict=True))


def skewed(clicks_s: float) -> Iterator[tuple[float, Outcome]]:
    """A deployment at its rate, one user of which makes more and more of the clicks."""
    model, brokers = _sized(clicks_s)
    for hot in _HOT:
        yield hot, Simulation(Scene(model, brokers, _SECONDS, hot=hot)).run()


def _sized(clicks_s: float) -> tuple[Model, int]:
    """A deployment, and the cores of its brokers."""
    model = Sizer().sized(default(clicks_s))
    return model, int(Traffic(model).brokers * model.one.broker_cores)
