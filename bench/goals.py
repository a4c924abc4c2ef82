"""The goals: what this application must be ahead of, in the same run, and by how much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.figures import Spread
from bench.report import Row

WALL, CPU = "wall", "CPU"


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of ours, against a peer's or by itself.

    Attributes:
        ours: Name of our subject.
        clock: WALL or CPU: clicks by which second.
        at_least: The ratio to the peer's figure, or the figure itself.
        peer: Name of the other subject; None where there is none.
    """

    ours: str
    clock: str
    at_least: float
    peer: str | None = None


GOALS = (
    Goal("counting", CPU, 1.2, "flink-rocksdb"),
    Goal("counting", CPU, 1.7, "kafka-streams"),
    Goal("counting", WALL, 1.4, "kafka-streams"),
    Goal("counting", WALL, 1.4, "pathway"),
    Goal("counting", WALL, 60, "stock-rocksdb"),
    Goal("counting", WALL, 6, "quix"),
    Goal("counting", WALL, 4, "bytewax"),
    Goal("pipeline", WALL, 100_000),
    Goal("pipeline-two", WALL, 1.8, "pipeline"),
    Goal("restore", CPU, 500_000),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a goal.

    Attributes:
        goal: The goal.
        got: What was reached, over the rounds.
        met: Whether the median reaches it.
    """

    goal: Goal
    got: Spread
    met: bool


def verdicts(rows: Mapping[str, Sequence[Row]]) -> list[Verdict]:
    """The goals that the run tells of.

    Args:
        rows: The rounds of each subject, by its name.
    """
    return [
        Verdict(goal, got, got.median >= goal.at_least)
        for goal in GOALS
        if (got := reached(goal, rows)) is not None
    ]


def reached(goal: Goal, rows: Mapping[str, Sequence[Row]]) -> Spread | None:
    """What was reached; None where something was not measured."""
    ours = figures(rows.get(goal.ours, ()), goal.clock)
    peer = figures(rows.get(goal.peer, ()), goal.clock) if goal.peer else [1.0] * len(ours)
    if not ours or not peer:
        return None
    return ratios(ours, peer)


def ratios(ours: Sequence[float], peer: Sequence[float]) -> Spread:
    """Of each round to the same round's, which was disturbed alike; else of one's to all."""
    if len(ours) != len(peer):
        peer = [Spread.of(peer).median] * len(ours)
    return Spread.of([mine / its for mine, its in zip(ours, peer, strict=True)])


def figures(rows: Sequence[Row], clock: str) -> list[float]:
    """Records by the second of a clock, of each round."""
    return [row.per_second if clock == WALL else row.per_cpu_second for row in rows]
