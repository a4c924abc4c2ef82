"""How many workers and partitions a workload needs: no task, and no worker, over its fill."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from dev.scaling.constants import Constants
from dev.scaling.model import Model
from dev.scaling.workload import Deployment, Design, Workload

#: The default of CLICKSTREAM_PARTITIONS, and the most that it takes.
FEWEST, MOST = 8, 1024
#: Looks at how many workers there must be: with a shared transaction that depends on itself.
_LOOKS = 4
#: A fifth of a decade, and how near a breaking point is told.
_STEP, _NEAR = 10**0.2, 1.01


@dataclass(frozen=True, slots=True)
class Sizer:
    """Finds deployments.

    Attributes:
        inputs: Partitions of each input; None for as many as inner ones.
        partitions: Inner partitions; None for as few as will do.
        design: How the work is done.
        one: What one of each thing costs.
    """

    inputs: int | None = None
    partitions: int | None = None
    design: Design = field(default_factory=Design)
    one: Constants = field(default_factory=Constants)

    def sized(self, work: Workload) -> Model:
        """The smallest deployment that keeps up; where none does, the one that lacks least.

        Partitions are doubled from the default until each task has room on its core and each
        worker has one: more of them cost transactions and watermark records, and so workers.
        """
        counts = [FEWEST]
        while counts[-1] < MOST:
            counts.append(2 * counts[-1])
        models = [self._with(work, n) for n in ([self.partitions] if self.partitions else counts)]
        return next((m for m in models if need(m) <= 1), min(models, key=need))

    def _with(self, work: Workload, partitions: int) -> Model:
        inputs, workers = self.inputs or partitions, 1
        for _ in range(_LOOKS):
            given = Deployment(workers, inputs, partitions)
            model = Model(work, given, self.design, self.one)
            workers = max(1, math.ceil(model.cores / self.one.fill))
        return Model(work, Deployment(workers, inputs, partitions), self.design, self.one)


def need(model: Model) -> float:
    """What the partitions lack: over 1, a task has too little of a core, or a worker nothing."""
    busiest = max(model.task_cores(task) for task in model.tasks) / model.one.fill
    return max(busiest, model.given.workers / model.given.partitions)


def first(fails: Callable[[float], bool], low: float, high: float) -> float | None:
    """Where something fails first, to one part in a hundred; None if it does not.

    It is looked for in steps of a fifth of a decade: what fails may recover beyond.

    Args:
        fails: Whether it fails there.
        low: Where to begin; returned if it fails there already.
        high: Where to end.
    """
    if fails(low):
        return low
    above = low
    while not fails(above):
        if above >= high:
            return None
        low, above = above, above * _STEP
    while above / low > _NEAR:
        middle = math.sqrt(low * above)
        low, above = (low, middle) if fails(middle) else (middle, above)
    return above
