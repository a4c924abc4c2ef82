"""What is measured: each subject once a round, the rounds interleaved."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from subprocess import SubprocessError

from bench.clicks import Clicks
from bench.peers import running
from bench.peers.peer import Peer
from bench.report import Row
from bench.setup import CountingRun, Setup
from bench.worker import BenchError


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a run.

    Attributes:
        setup: Where it works.
        clicks: What is counted.
        number: From 0.
        counted: Names of the runs of the counting stage that are done: each has left a changelog.
    """

    setup: Setup
    clicks: Clicks
    number: int
    counted: set[str] = field(default_factory=set)

    def run(self, name: str, rankings: str = "none") -> CountingRun:
        """A run of the counting stage, or of a peer, under a name of its own."""
        return CountingRun(self.setup, f"{name}-{self.number}", self.clicks, rankings)


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that is measured.

    Attributes:
        name: What the command line calls it.
        title: What the table calls it.
        guarantee: What holds after a crash.
        tuning: How it was set: one sentence.
        measure: Does it once; raises BenchError where it fails or comes out wrong.
        ours: Whether it is a part of this application.
        counts: Whether it reads the enriched clicks that all share; others write their own input.
    """

    name: str
    title: str
    guarantee: str
    tuning: str
    measure: Callable[[Round], Row]
    ours: bool = False
    counts: bool = True


@dataclass(slots=True)
class Result:
    """What came of a subject.

    Attributes:
        subject: What was measured.
        rows: One for each round that succeeded.
        faults: Why others did not.
    """

    subject: Subject
    rows: list[Row] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def of_peer(peer: Peer) -> Subject:
    """A peer as a subject."""

    def measure(round_: Round) -> Row:
        return asyncio.run(running.measure(peer, round_.run(peer.name)))

    return Subject(peer.name, peer.title, peer.guarantee, peer.tuning, measure)


def measure_all(subjects: Sequence[Subject], rounds: Sequence[Round]) -> list[Result]:
    """Measure each subject once a round: A B C, A B C, so that a slow minute hits all alike."""
    results = [Result(subject) for subject in subjects]
    for round_ in rounds:
        for result in results:
            say(f"Round {round_.number + 1}: {result.subject.title} ...")
            try:
                result.rows.append(result.subject.measure(round_))
            except (BenchError, SubprocessError) as error:
                result.faults.append(str(error))
                say(f"  failed: {error}")
    return results


def say(text: str) -> None:
    """Tell how far it is; the figures alone go to standard output."""
    print(text, file=sys.stderr, flush=True)
