"""``python -m bench.growth``: what a click costs as users, partitions and retained hours grow.

The counting stage of one worker on one core counts the clicks of an hour of event time: of 10^4 to
10^7 users, in 1 to 64 partitions, or after 1 to 24 hours of history that the table holds and lets
go as fast as the new windows come. The clicks appear at once, to a worker that has counted the
history, or has warmed up; only they are measured. Every count, of the history too, is checked. One
setting is varied at a time, and rounds are interleaved.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from logging import CRITICAL, getLogger
from pathlib import Path
from subprocess import SubprocessError

import msgspec

from bench.cores import Cores, pinned
from bench.growth_plot import Mark, Plot, svg
from bench.growth_report import Line, lines, show
from bench.growth_run import Measured, Point, measure
from bench.report import machine
from bench.setup import Setup, workspace
from bench.subject import say
from bench.worker import BenchError
from dev.kafka import resolve_broker

_CLICKS, _ROUNDS = 500_000, 3


@dataclass(frozen=True, slots=True)
class Question:
    """What grows.

    Attributes:
        title: Of its table and plot.
        unit: What is counted along it.
        points: How much there is, by how many of the unit.
    """

    title: str
    unit: str
    points: Mapping[int, Point]


QUESTIONS = {
    "users": Question(
        "Cost of a click by number of users",
        "users",
        {users: Point(users=users) for users in (10**4, 10**5, 10**6, 10**7)},
    ),
    "partitions": Question(
        "Cost of a click by partitions of one worker",
        "partitions",
        {count: Point(partitions=count) for count in (1, 8, 32, 64)},
    ),
    "retention": Question(
        "Cost of a click by hours of retained state",
        "hours",
        {hours: Point.full(hours) for hours in (1, 6, 24)},
    ),
}


@dataclass(slots=True)
class Answer:
    """What was measured of a question.

    Attributes:
        measured: By how many of the unit, one for each round that succeeded.
        faults: Why others did not.
    """

    measured: dict[int, list[Measured]]
    faults: list[str] = field(default_factory=list)


def main() -> None:
    """Measure and print; exit code 1 if anything failed or counted wrong, never for a time."""
    options = _options()
    getLogger("aiokafka").setLevel(CRITICAL)  # new topics have no leader for a moment
    cores = Cores.of_this_machine()
    with (
        pinned(cores.others),
        resolve_broker() as broker,
        workspace(broker.bootstrap, cores) as setup,
    ):
        about = f"{options.clicks:,} clicks, {options.rounds} rounds; {machine(cores)}."
        answers = {
            name: answer(setup, name, options.clicks, options.rounds) for name in options.only
        }
    found = {name: lines(answer.measured) for name, answer in answers.items()}
    faults = [fault for answer in answers.values() for fault in answer.faults]
    show(about, {QUESTIONS[n].title: (QUESTIONS[n].unit, told) for n, told in found.items()})
    if options.json:
        text = msgspec.json.encode({"about": about, "questions": found, "faults": faults})
        options.json.write_bytes(msgspec.json.format(text) + b"\n")
    if options.svg:
        options.svg.mkdir(parents=True, exist_ok=True)
        for name, told in found.items():
            (options.svg / f"growth-{name}.svg").write_text(svg(plot(QUESTIONS[name], told)))
    sys.exit("\n".join(faults) or 0)


def answer(setup: Setup, name: str, clicks: int, rounds: int) -> Answer:
    """Measure each point of a question once a round: A B C, A B C."""
    points = QUESTIONS[name].points
    found = Answer({count: [] for count in points})
    for number in range(rounds):
        for count, point in points.items():
            say(f"Round {number + 1}: {QUESTIONS[name].unit}: {count:,} ...")
            try:
                measured = measure(setup, f"{name}-{count}-{number}", point, clicks)
                found.measured[count].append(measured)
            except (BenchError, SubprocessError) as error:
                found.faults.append(f"{count:,} {QUESTIONS[name].unit}: {error}")
                say(f"  failed: {error}")
    return found


def plot(question: Question, told: Sequence[Line]) -> Plot:
    """A question's plot: points that failed are not in it."""
    marks = [
        Mark(line.count, line.microseconds.median, (each.lowest, each.highest), line.times)
        for line in told
        if (each := line.microseconds)
    ]
    return Plot(question.title, question.unit, "CPU microseconds a click", marks)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument(
        "--only",
        type=_names,
        default=list(QUESTIONS),
        metavar="NAME,...",
        help=f"measure these only, of {', '.join(QUESTIONS)}",
    )
    parser.add_argument("--clicks", type=int, default=_CLICKS, help=f"an hour has [{_CLICKS:,}]")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help=f"of everything [{_ROUNDS}]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    parser.add_argument("--svg", type=Path, metavar="DIR", help="write a plot of each there")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in QUESTIONS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of: {', '.join(QUESTIONS)}")
    return names


if __name__ == "__main__":
    main()
