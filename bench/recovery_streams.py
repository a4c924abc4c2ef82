"""Kafka Streams restores what it counted: see the Java program ``Restoring``."""

import asyncio
from dataclasses import replace

from bench.peers.kafka_streams.peers import PEERS, java
from bench.peers.peer import Peer
from bench.peers.running import Program, measure, program
from bench.peers.told import Told
from bench.report import Row
from bench.setup import CountingRun
from bench.tree import Sample
from bench.worker import said

#: Its windows stay for a day, as ours do: else most of what it restores it would drop.
_KEPT = {"BENCH_RETENTION_MS": "86400000"}
_RESTORED = "RESTORED "
_SECONDS = 600.0


async def restored_by_streams(run: CountingRun) -> Row:
    """Let Kafka Streams count the clicks, then restore its store in an empty directory.

    What an application without any state uses of the processor until it runs is taken off: that is
    Java's start.

    Raises:
        BenchError: A count is wrong, or a program failed.
    """
    counting = replace(PEERS[0], environment=dict(PEERS[0].environment) | _KEPT)
    run = replace(run, name="streams")
    counting.prepare()
    await measure(counting, run)
    restoring = replace(counting, command=lambda _: java("Restoring"))
    nothing, _ = await asyncio.to_thread(_run, restoring, run, "nobody")
    sample, words = await asyncio.to_thread(_run, restoring, run, run.name)
    cpu_s = sample.cpu_s - nothing.cpu_s
    return Row("Kafka Streams 4.1.0", int(words[0]), float(words[1]), cpu_s, "complete")


def _run(peer: Peer, run: CountingRun, group: str) -> tuple[Sample, list[str]]:
    """Restore what a group has, and tell the moment when it had, and what the program said."""
    with program(peer, run, _told(run, group)) as running:
        return _until_restored(running)


def _until_restored(running: Program) -> tuple[Sample, list[str]]:
    sample = running.until_said(_RESTORED, _SECONDS)
    return sample, said(running.log, _RESTORED)[0].removeprefix(_RESTORED).split()


def _told(run: CountingRun, group: str) -> Told:
    directory = run.setup.directory / f"{group}-restored"
    directory.mkdir()
    return Told(
        bootstrap=run.setup.bootstrap,
        input=run.input[0].topic,
        output=f"{run.setup.prefix}{run.name}-counts",
        group=f"{run.setup.prefix}{group}",
        partitions=run.settings.partitions,
        window_ms=run.settings.window_size_ms,
        grace_ms=run.settings.grace_ms,
        directory=directory,
    )
