"""The tables of the model and of the simulation: cells of text, the first row the headings."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from dev.scaling import constants
from dev.scaling.limits import LIMITS, LOW, default, hot_user
from dev.scaling.model import Model
from dev.scaling.queues import Outcome
from dev.scaling.scenes import MEASURED, skewed, swept
from dev.scaling.sizing import Sizer, need
from dev.scaling.traffic import Traffic
from dev.scaling.workload import Design, Workload

Rows: TypeAlias = list[list[str]]

RATES = (1e5, 1e6, 1e7)
#: Partitions that somebody might think of at the lowest rate.
_PARTITIONS = (8, 64, 256, 1024)
_GB, _MB, _MIB = 1e9, 1e6, 2**20

_LOADS: dict[str, Callable[[Model], float]] = {
    "users": lambda m: m.work.users,
    "partitions, of inputs as well": lambda m: m.given.partitions,
    "workers, a core each": lambda m: m.given.workers,
    "their cores for clicks": lambda m: m.click_cores,
    "their cores for transactions": lambda m: m.commit_cores,
    "their cores for stream time": lambda m: m.time_cores,
    "the busiest task, of a core": lambda m: max(m.task_cores(t) for t in m.tasks),
    "one user's clicks at most, %": lambda m: 100 * hot_user(m),
    "transactions/s": lambda m: m.transactions_s,
    "marks of transactions/s": lambda m: m.markers_s,
    "producers": lambda m: m.producers,
    "watermark records/s": lambda m: m.watermarks_s,
    "group offsets/s": lambda m: m.offsets_s,
    "brokers of 8 cores": lambda m: Traffic(m).brokers,
    "their cores for records": lambda m: Traffic(m).record_cores,
    "their cores for transactions ": lambda m: Traffic(m).commit_cores,
    "the coordinator's cores for offsets": lambda m: Traffic(m).coordinator_cores,
    "MB/s written, copies included": lambda m: Traffic(m).written_bytes_s / _MB,
    "MB/s read": lambda m: Traffic(m).read_bytes_s / _MB,
    "MB/s of states, one copy": lambda m: Traffic(m).state_bytes_s / _MB,
    "replicas of partitions": lambda m: Traffic(m).replicas,
    "rows of counts": lambda m: m.count_rows,
    "rows of the join": lambda m: m.join_rows,
    "GB in RocksDB": lambda m: Traffic(m).disk_bytes / _GB,
    "GB in changelogs, one copy": lambda m: Traffic(m).changelog_bytes / _GB,
    "MiB of a worker": lambda m: Traffic(m).worker_bytes / _MIB,
    "s to restore a partition": lambda m: Traffic(m).restore_s,
    "s a moved partition stands still": lambda m: Traffic(m).rebalance_s,
    "s of the leader's assigning": lambda m: Traffic(m).assign_s,
    "MiB of the group's record": lambda m: Traffic(m).group_bytes / _MIB,
}


def figures(model: Model) -> dict[str, float]:
    """Every load of a deployment."""
    return {name.strip(): of(model) for name, of in _LOADS.items()}


def loads(models: Sequence[Model]) -> Rows:
    """The loads at several rates."""
    heads = ["", *(f"{_count(model.work.clicks_s)} clicks/s" for model in models)]
    return [heads, *([name.strip(), *map(_count, map(of, models))] for name, of in _LOADS.items())]


def breaking(sizer: Sizer, like: Workload) -> Rows:
    """What breaks, the first first."""
    found = [(limit.breaks_at(sizer, like), limit) for limit in LIMITS]
    found.sort(key=lambda each: each[0] or float("inf"))
    rows = [[_rate(clicks_s), limit.what, limit.remedy] for clicks_s, limit in found]
    return [["Clicks/s", "What breaks", "What to do"], *rows]


def partitions(clicks_s: float = RATES[0]) -> Rows:
    """What partitions cost that the load does not need."""
    models = [Sizer(partitions=count).sized(default(clicks_s)) for count in _PARTITIONS]
    heads = ["", *(f"{model.given.partitions:,} partitions" for model in models)]
    wanted = (
        "workers, a core each",
        "their cores for transactions",
        "their cores for stream time",
        "marks of transactions/s",
        "watermark records/s",
        "brokers of 8 cores",
        "s to restore a partition",
        "MiB of a worker",
    )
    return [heads, *([name, *(_count(_LOADS[name](model)) for model in models)] for name in wanted)]


def remedies() -> Rows:
    """What each further step brings at the largest rates."""
    second = {"commit_interval_ms": 1000}
    shared = Design(shared=True)
    steps: dict[str, tuple[dict[str, int], Design]] = {
        "as it is": ({}, Design()),
        "`COMMIT_INTERVAL=1s`": (second, Design()),
        "and one transaction a worker": (second, shared),
        "and relayed watermarks": (second, replace(shared, relayed=True)),
    }
    rows = [
        _step(what, Sizer(design=design).sized(replace(default(rate), **more)))
        for rate in RATES[1:]
        for what, (more, design) in steps.items()
    ]
    heads = ["Clicks/s", "", "Partitions", "Workers", "Brokers", "Marks/s", "Watermarks/s", "Lacks"]
    return [heads, *rows]


def _step(what: str, model: Model) -> list[str]:
    given, traffic = model.given, Traffic(model)
    numbers = (given.partitions, given.workers, traffic.brokers, model.markers_s)
    cells = [_count(model.work.clicks_s), what, *map(_count, numbers), _count(model.watermarks_s)]
    return [*cells, f"{need(model):.1f} times" if need(model) > 1 else ""]


def agreement() -> Rows:
    """The simulation beside what was measured."""
    heads = ["", "Measured", "Simulated"]
    return [heads, *([p.what, _count(p.measured), _count(p.simulated())] for p in MEASURED)]


_SIMULATED = ("Done, clicks/s", "Latency, ms", "Nearest to full", "Of its time, %")


def sweep(clicks_s: float) -> Rows:
    """A deployment that is sized for a rate, at a part of it and at more than that."""
    rows = [[_count(load), *_outcome(found)] for load, found in swept(clicks_s)]
    return [["Load, clicks/s", *_SIMULATED], *rows]


def skew(clicks_s: float = RATES[0]) -> Rows:
    """A deployment at its rate, with one user who makes a part of all clicks."""
    rows = [[f"{100 * hot:.0f} %", *_outcome(found)] for hot, found in skewed(clicks_s)]
    return [["One user's clicks", *_SIMULATED], *rows]


def _outcome(found: Outcome) -> list[str]:
    used = f"{100 * min(1.0, found.used[found.first]):.0f}"
    return [_count(found.clicks_s), _count(found.latency_ms), found.first, used]


def known() -> Rows:
    """The constants."""
    return [["What", "", "Measured by"], *map(list, constants.told())]


def _rate(clicks_s: float | None) -> str:
    if clicks_s is None:
        return "not up to 100 M"
    return f"{_count(clicks_s)} or less" if clicks_s <= LOW else _count(clicks_s)


def _count(value: float) -> str:
    """A number to two or three figures, with a word for its size."""
    for size, word in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if value >= size:
            unit = 1e3 if word == " k" else size
            return f"{value / unit:.3g}{word}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"  # noqa: PLR2004 three figures
