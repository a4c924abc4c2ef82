"""A run's results as data, for the table, Markdown and JSON alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from bench.figures import Figures, Spread
from bench.goals import CPU, WALL, Verdict, figures, ratios, verdicts
from bench.report import Row
from bench.subject import Result

#: What peers are compared with.
_COUNTING = "counting"


@dataclass(frozen=True, slots=True)
class Line:
    """A subject of the table.

    Attributes:
        name: What the command line calls it.
        title: What the table calls it.
        guarantee: What holds after a crash.
        tuning: How it was set.
        figures: What the rounds came to; None where none succeeded.
        faults: Why rounds failed.
        ahead_wall: How many times its clicks a second of wall time our counting stage reaches.
        ahead_cpu: The same of processor time.
    """

    name: str
    title: str
    guarantee: str
    tuning: str
    figures: Figures | None
    faults: list[str]
    ahead_wall: Spread | None
    ahead_cpu: Spread | None


@dataclass(frozen=True, slots=True)
class Document:
    """A run's results.

    Attributes:
        machine: The machine and its software.
        clicks: How many were counted.
        users: Of how many users.
        rounds: How often.
        lines: The subjects.
        verdicts: What came of the goals.
    """

    machine: str
    clicks: int
    users: int
    rounds: int
    lines: list[Line]
    verdicts: list[Verdict]

    def json(self) -> bytes:
        """As JSON."""
        return msgspec.json.format(msgspec.json.encode(self))


def document(
    machine: str, clicks: int, users: int, rounds: int, results: Sequence[Result]
) -> Document:
    """Gather the results.

    Args:
        machine: The machine and its software.
        clicks: How many were counted.
        users: Of how many users.
        rounds: How often.
        results: What came of the subjects.
    """
    rows = {result.subject.name: result.rows for result in results}
    counting = rows.get(_COUNTING, [])
    lines = [_line(result, counting) for result in results]
    return Document(machine, clicks, users, rounds, lines, verdicts(rows))


def _line(result: Result, counting: Sequence[Row]) -> Line:
    subject, rows = result.subject, result.rows
    compared = bool(rows and counting) and not subject.ours
    return Line(
        subject.name,
        subject.title,
        subject.guarantee,
        subject.tuning,
        Figures.of(rows) if rows else None,
        result.faults,
        ratios(figures(counting, WALL), figures(rows, WALL)) if compared else None,
        ratios(figures(counting, CPU), figures(rows, CPU)) if compared else None,
    )


def sentence(verdict: Verdict, titles: dict[str, str]) -> tuple[str, str, str]:
    """A goal in words, what was reached, and whether it is met."""
    goal, got = verdict.goal, verdict.got
    clock = {WALL: "wall time", CPU: "CPU time"}[goal.clock]
    ours = titles.get(goal.ours, goal.ours)
    if goal.peer is None:
        what = f"{ours}: at least {goal.at_least:,.0f} a second of {clock}"
        text = f"{got.median:,.0f} ({got.lowest:,.0f} to {got.highest:,.0f})"
    else:
        peer = titles.get(goal.peer, goal.peer)
        what = f"{ours} against {peer}: at least {goal.at_least:g} times by {clock}"
        text = f"{got.median:.2f} ({got.lowest:.2f} to {got.highest:.2f})"
    return what, text, "met" if verdict.met else "not met"
