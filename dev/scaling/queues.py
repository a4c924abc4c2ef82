"""What a simulation is made of: cores that serve, tasks that queue, a scene, and its outcome."""

import heapq
from dataclasses import dataclass
from math import inf

from dev.scaling.model import Model

#: Stages without a table: their offsets are the group's.
STATELESS = {"enrichment", "admission"}


@dataclass(slots=True)
class Station:
    """Cores that serve in order of arrival.

    Attributes:
        free_s: When each core is free.
        busy_s: Core seconds served.
    """

    free_s: list[float]
    busy_s: float = 0.0

    def serve(self, at_s: float, work_s: float) -> float:
        """When work that arrives now is done."""
        done_s = max(at_s, heapq.heappop(self.free_s)) + work_s
        heapq.heappush(self.free_s, done_s)
        self.busy_s += work_s
        return done_s


@dataclass(slots=True)
class Queue:
    """One task and what it has taken.

    Attributes:
        stage: Its stage.
        share: Its part of all records of its input.
        core: Of its worker.
        interval_s: Between two of its commits, unless it is behind.
        taken: Records it has taken.
        committed_s: When it last committed.
        told_s: When it last told a watermark.
        began_s: When it last took records.
        busy_s: Seconds between taking records and having committed what followed.
    """

    stage: str
    share: float
    core: Station
    interval_s: float
    taken: float = 0.0
    committed_s: float = -inf
    told_s: float = -inf
    began_s: float = 0.0
    busy_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What is simulated.

    Attributes:
        model: The deployment; its workload's clicks a second are the load.
        brokers: Cores of brokers; None where they share the workers'.
        seconds: How long.
        backlog: Clicks that wait at the start, and all there are; None: they come at the load.
        rows: Rows of a partition among which the clicks of a batch fall; those of a window.
        hot: Part of all clicks that one user makes.
        stages: Those that run.
    """

    model: Model
    brokers: int | None
    seconds: float = 10.0
    backlog: float | None = None
    rows: float | None = None
    hot: float = 0.0
    stages: tuple[str, ...] = ("enrichment", "admission", "counting", "joining")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it, over the second half; of a backlog: over all the time it took.

    Attributes:
        clicks_s: Clicks a second that were done with by every stage.
        latency_ms: How long a click took through all stages, in the mean: what waits, by Little.
        used: What part of its time each resource was busy.
    """

    clicks_s: float
    latency_ms: float
    used: dict[str, float]

    @property
    def first(self) -> str:
        """What is nearest to being full."""
        return max(self.used, key=lambda name: self.used[name])
