"""The whole cluster's status from the workers' own."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from app.status.pulse import BECAME, NAMES, READ, SENT
from app.status.shape import (
    EXAMPLES,
    WINDOWS,
    Conversion,
    DeadLetter,
    Histogram,
    Late,
    Place,
    Stage,
    Status,
    Window,
    Worker,
    worst,
)

_Example = TypeVar("_Example", Late, DeadLetter, Conversion)


def merge(parts: Sequence[Status], unreachable: Sequence[Worker], wanted: set[Place]) -> Status:
    """Put the workers' parts together.

    Args:
        parts: What each worker says of itself; that of the asked one first.
        unreachable: Workers that own partitions and do not answer.
        wanted: The stages and partitions that there are.

    Returns:
        The whole. A partition that two workers claim, around a rebalance, counts once.
    """
    tasks = {Place(t.stage, t.partition): t for part in parts for t in part.stages}
    stages = [tasks[place] for place in sorted(tasks)]
    workers = sorted([w for part in parts for w in part.workers] + [*unreachable], key=_url)
    times = [part.stream_time for part in parts if counts(part.stages)]
    stream_time = None if None in times else min((t for t in times if t), default=None)
    lags = [part.event_time_lag_seconds for part in parts]
    return replace(
        parts[0],
        state=worst([w.state for w in workers]),
        problems=[problem for part in parts for problem in part.problems]
        + _gaps(unreachable, sorted(wanted - tasks.keys())),
        stream_time=stream_time,
        event_time_lag_seconds=max((lag for lag in lags if lag is not None), default=None)
        if stream_time
        else None,
        lag=lag_of(stages),
        rates={name: round(sum(p.rates[name] for p in parts), 3) for name in NAMES},
        totals=totals(stages),
        balanced=all(task.balanced for task in stages),
        workers=workers,
        stages=stages,
        missing=sorted(wanted - tasks.keys()),
        windows=_windows([part.windows for part in parts]),
        late=_latest(parts, lambda part: part.late),
        dead_letters=_latest(parts, lambda part: part.dead_letters),
        conversions=_latest(parts, lambda part: part.conversions),
        time_to_purchase=_histogram([part.time_to_purchase for part in parts]),
    )


def _gaps(unreachable: Sequence[Worker], missing: Sequence[Place]) -> list[str]:
    """What can't be told, and until when."""
    gaps = [worker.error or f"{worker.url} does not answer." for worker in unreachable]
    if missing:
        named = ", ".join(f"{place.stage}-{place.partition}" for place in missing)
        gaps.append(
            f"Nobody answers for {named}, and the totals lack them: partitions that move are back "
            "in seconds; else start a worker, or see the log of the one that had them."
        )
    return gaps


def counts(stages: Sequence[Stage]) -> bool:
    """Whether any of these is counting."""
    return any(task.stage == "counting" for task in stages)


def lag_of(stages: Sequence[Stage]) -> int | None:
    """Records not read yet; None where the end of a log is not known."""
    lags = [task.lag for task in stages]
    return None if None in lags else sum(lag or 0 for lag in lags)


def totals(stages: Sequence[Stage]) -> dict[str, int]:
    """What all stages did since the topics began, from their ledgers."""
    sums = dict.fromkeys((*NAMES, "lost"), 0)
    for task in stages:
        sums["lost"] += task.lost
        if task.stage in READ:
            sums[READ[task.stage]] += task.read
        for name, what in BECAME.items():
            sums[what] += task.became.get(name, 0)
        for topic, what in SENT.items():
            sums[what] += task.sent.get(topic, 0)
    return sums


def _url(worker: Worker) -> str:
    return worker.url


def _windows(parts: Sequence[Sequence[Window]]) -> list[Window]:
    """Sums by window, newest first; a window is closed when it is closed in all partitions."""
    order = ("closed", "closing", "open")
    merged: dict[str, Window] = {}
    for window in (window for part in parts for window in part):
        known = merged.get(window.window_start)
        if known is None:
            merged[window.window_start] = window
            continue
        merged[window.window_start] = replace(
            known,
            state=max(known.state, window.state, key=order.index),
            clicks=known.clicks + window.clicks,
            users=known.users + window.users,
            late=known.late + window.late,
        )
    return sorted(merged.values(), key=lambda window: window.window_start, reverse=True)[:WINDOWS]


def _latest(
    parts: Sequence[Status], examples: Callable[[Status], Sequence[_Example]]
) -> list[_Example]:
    found = [example for part in parts for example in examples(part)]
    return sorted(found, key=lambda example: example.at, reverse=True)[:EXAMPLES]


def _histogram(parts: Sequence[Histogram]) -> Histogram:
    sums = [sum(column) for column in zip(*(part.counts for part in parts), strict=True)]
    return Histogram(parts[0].bounds_seconds, sums)
