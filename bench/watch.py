"""Watching output topics until they are complete, and telling when the last needed record came."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.report import Row
from bench.topics import Offsets, read
from bench.tree import Sample
from bench.worker import BenchError

#: Seconds between looks at the ends: all there is to be wrong about the time.
_POLL_SECONDS = 0.05
#: Topics that did not grow for so long may be complete: then they are read, on the others' core.
_QUIET_SECONDS = 1.5
#: Topics that did not grow for so long, and are not complete, never will be.
_STUCK_SECONDS = 60.0
#: Seconds that anything may take.
_RUN_SECONDS = 3600.0
#: How many moments of the memory in use are kept.
_MOMENTS = 10


class Check(Protocol):
    """What is looked for in the output."""

    def take(self, record: Any) -> bool:
        """Take a record; tell whether it is one that is needed."""

    def fault(self) -> str | None:
        """What is missing or wrong so far, as a sentence; None where all is there and right."""


@dataclass(slots=True)
class Output:
    """Output topics, from where they stood at the start.

    Attributes:
        consumer: Reads committed records; used by nobody else meanwhile.
        starts: Where the partitions began.
        check: What is looked for.
        needed: Per partition the offset after the last record that is needed, of those read.
    """

    consumer: AIOKafkaConsumer
    starts: Offsets
    check: Check
    needed: dict[TopicPartition, int] = field(default_factory=dict)

    async def ends(self) -> Offsets:
        """Where committed records end."""
        ends: Offsets = await self.consumer.end_offsets(list(self.starts))
        return ends

    async def take(self, ends: Offsets) -> None:
        """Read on, to these ends."""
        async for record in read(self.consumer, self.starts, ends):
            if self.check.take(record):
                partition = TopicPartition(record.topic, record.partition)
                self.needed[partition] = record.offset + 1
        self.starts = ends


@dataclass(frozen=True, slots=True)
class Look:
    """The output's committed ends at a moment of the process that writes it."""

    sample: Sample
    ends: Offsets


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen of a process.

    Attributes:
        end: The moment when the last record that is needed was committed.
        used_bytes: The memory in use at ten moments from the start to then, the last one then.
    """

    end: Sample
    used_bytes: tuple[int, ...]


def never() -> bool:
    """Whether a process that never ends of itself has ended well."""
    return False


async def watch(
    output: Output, sample: Callable[[], Sample], ended: Callable[[], bool] = never
) -> Watched:
    """Wait until the output is complete.

    Args:
        output: What is watched.
        sample: The moment of the process that writes it; raises BenchError if it has failed.
        ended: Whether it has ended well: then nothing more comes.

    Raises:
        BenchError: The output stays incomplete, or is wrong.
    """
    looks = [Look(sample(), output.starts)]
    began_s = quiet_s = looks[0].sample.at_s
    samples = [looks[0].sample]
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        over, ends, now = ended(), await output.ends(), sample()
        samples.append(now)
        if ends != looks[-1].ends:
            looks.append(Look(now, ends))
            quiet_s = now.at_s
        elif over or now.at_s - quiet_s > _QUIET_SECONDS:
            await output.take(ends)
            if not output.check.fault():
                return watched(samples, completed(looks, output.needed))
            quiet = now.at_s - looks[-1].sample.at_s
            if over or quiet > _STUCK_SECONDS or now.at_s - began_s > _RUN_SECONDS:
                raise BenchError(output.check.fault())
            quiet_s = now.at_s


def watched(samples: Sequence[Sample], end: Sample) -> Watched:
    """What was seen, up to the end."""
    before = [sample.used_bytes for sample in samples if sample.at_s <= end.at_s]
    tenths = (max(0, len(before) * tenth // _MOMENTS - 1) for tenth in range(1, _MOMENTS + 1))
    return Watched(end, tuple(before[number] for number in tenths))


def row(what: str, guarantee: str, records: int, begin: Sample, seen: Watched) -> Row:
    """What was measured, from the beginning to the end that was seen."""
    return Row(
        what,
        records,
        seen.end.at_s - begin.at_s,
        seen.end.cpu_s - begin.cpu_s,
        guarantee,
        seen.end.peak_bytes,
        seen.used_bytes,
    )


def completed(looks: Sequence[Look], needed: Offsets) -> Sample:
    """The first moment at which all that is needed was committed."""
    return next(
        look.sample
        for look in looks
        if all(look.ends[partition] >= end for partition, end in needed.items())
    )
