"""Running a peer: its program as a process, watched until its output is complete and right."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.checks import CountsCheck
from bench.peers.peer import Peer
from bench.peers.told import READ, READY, Told
from bench.report import Row
from bench.setup import CountingRun
from bench.topics import create_topic, partitions_of, reader
from bench.tree import Sample, Tree
from bench.watch import Output, Watched, row, watch, watched
from bench.worker import BenchError, said, started, wait_for
from dev.kafka.errors import tail

#: Seconds a program may take to begin to read, and, if it only reads, to read everything.
_START_SECONDS = 120.0
_READ_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Program:
    """A running peer.

    Attributes:
        pid: Its process, and its process group.
        log: What it prints.
        tree: It and its descendants.
    """

    pid: int
    log: Path
    tree: Tree

    def ended(self) -> bool:
        """Whether it has ended; it is not waited for, so that its times stay."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def sample(self) -> Sample:
        """This moment; raises BenchError if the program has failed."""
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is not None and (found.si_code != os.CLD_EXITED or found.si_status):
            raise BenchError(f"The program failed; the end of its log:\n{tail(self.log)}")
        return self.tree.sample()

    def until_said(self, line: str, seconds: float) -> Sample:
        """Wait for a line that begins like this; returns the moment."""
        wait_for(lambda: bool(said(self.log, line)) or self._gone(line), line, seconds)
        return self.sample()

    def _gone(self, line: str) -> bool:
        self.sample()
        if self.ended() and not said(self.log, line):
            raise BenchError(f"The program must say {line}; it ended:\n{tail(self.log)}")
        return False


async def measure(peer: Peer, run: CountingRun) -> Row:
    """Let a peer count the clicks, and check every count.

    Args:
        peer: Who counts.
        run: Where, what and under which name.

    Raises:
        BenchError: A count is wrong, or the program failed.
    """
    told = await _told(run)
    if peer.reads_only:
        begin, seen = await asyncio.to_thread(_read, peer, run, told)
    else:
        begin, seen = await _count(peer, run, told)
    return row(peer.title, peer.guarantee, run.clicks.count, begin, seen)


async def _told(run: CountingRun) -> Told:
    settings, setup = run.settings, run.setup
    told = Told(
        bootstrap=setup.bootstrap,
        input=run.input[0].topic,
        output=f"{setup.prefix}{run.name}-counts",
        group=f"{setup.prefix}{run.name}",
        partitions=settings.partitions,
        window_ms=settings.window_size_ms,
        grace_ms=settings.grace_ms,
        directory=setup.directory / run.name,
    )
    told.directory.mkdir()
    await create_topic(setup.bootstrap, told.output, told.partitions)
    return told


def _read(peer: Peer, run: CountingRun, told: Told) -> tuple[Sample, Watched]:
    """From ready to everything read."""
    with program(peer, run, told) as running:
        begin = running.until_said(READY, _START_SECONDS)
        end = running.until_said(READ, _READ_SECONDS)
        got = int(said(running.log, READ)[0].removeprefix(READ))
        expected = run.clicks.count + run.clicks.expected.closing
        if got != expected:
            raise BenchError(f"{expected:,} records must be read; got {got:,}.")
        return begin, watched([begin, end], end)


async def _count(peer: Peer, run: CountingRun, told: Told) -> tuple[Sample, Watched]:
    """From ready to all counts committed."""
    check = CountsCheck(run.clicks.expected, peer.updates)
    with program(peer, run, told) as running:
        begin = await asyncio.to_thread(running.until_said, READY, _START_SECONDS)
        async with reader(told.bootstrap) as consumer:
            starts = dict.fromkeys(partitions_of(told.output, told.partitions), 0)
            output = Output(consumer, starts, check)
            return begin, await watch(output, running.sample, running.ended)


@contextmanager
def program(peer: Peer, run: CountingRun, told: Told) -> Iterator[Program]:
    """Run a peer's program on the cores of what is measured; it and its children end with this."""
    log = told.directory / "log"
    variables = dict(peer.environment) | told.to_environment()
    with started(peer.command(told), variables, log, run.setup.cores.worker) as process:
        yield Program(process.pid, log, Tree(process.pid))
