"""How far a version has come: what it has read of the inputs, and what is on its way inside."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupIdNotFound,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
    for_code,
)

from agents.spec import StageSpec
from app.audit.logs import Logs
from app.books import Books, read_books
from app.inputs.cluster import partition_counts
from app.redriving.sources import stream_time
from app.settings import Settings
from app.topics import INPUTS, topic_name, topic_specs
from app.versions.registry import Version
from models.timestamps import iso
from models.watermark import NEVER_MS

#: Offsets at a log's end that may hold no record: the marker of a transaction.
_MARKERS = 1
#: A coordinator that can't answer yet, and seconds until it is asked again.
_NOT_YET = (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)
_RETRY_SECONDS = 0.2
#: Characters of an instant up to its seconds.
_SECONDS = len("2000-01-01T00:00:00")


@dataclass(frozen=True, slots=True)
class Look:
    """How far a version was at one moment.

    Attributes:
        read_to: Next offset of each input partition.
        starts: Where it began.
        ends: Where the inputs ended.
        inside: Inner records that were sent and not read yet.
        sent: Inner records sent, by the stage that reads them.
        taken: Inner records read, by stage.
        stream_ms: The lowest stream time of an input partition, in epoch ms.
    """

    read_to: Mapping[TopicPartition, int]
    starts: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]
    sent: Mapping[str, int]
    taken: Mapping[str, int]
    stream_ms: int = NEVER_MS

    @property
    def read(self) -> int:
        """Input records read."""
        return sum(at - self.starts[tp] for tp, at in self.read_to.items())

    @property
    def total(self) -> int:
        """Input records there are."""
        return sum(end - self.starts[tp] for tp, end in self.ends.items())

    @property
    def lag(self) -> int:
        """Records that are left to do, inner ones too."""
        return self.total - self.read + sum(self.sent.values()) - sum(self.taken.values())

    def has_done(self, before: "Look") -> bool:
        """Whether all is done that there was to do at an earlier look."""
        return (
            all(self.read_to[tp] + _MARKERS >= end for tp, end in before.ends.items())
            and bool(self.sent)
            and all(self.taken[stage] >= sent for stage, sent in before.sent.items())
        )

    @property
    def brief(self) -> str:
        """For a person, beside a bar that tells how long it will take."""
        text = f"{self.read:,} of {self.total:,}"
        if self.stream_ms > NEVER_MS:
            text += f", stream time {second_of(iso(self.stream_ms))}"
        return text

    def told(self, rate: float) -> str:
        """A line for a person.

        Args:
            rate: Input records a second.
        """
        text = f"{self.read:,} of {self.total:,} records, {rate:,.0f} a second"
        if self.stream_ms > NEVER_MS:
            text += f", stream time {iso(self.stream_ms)}"
        left = self.total - self.read
        return text + (f", {left / rate:,.0f} s left" if rate >= 1 and left else "")


def second_of(instant: str) -> str:
    """An instant as :func:`iso` writes it, cut to seconds: a terminal is narrow."""
    return f"{instant[:_SECONDS]}Z"


async def look(
    settings: Settings, begun: Version | None, logs: Logs, stages: Collection[StageSpec]
) -> Look:
    """Look how far a version is.

    Args:
        settings: The version's.
        begun: As it was begun; None: with the first record of all.
        logs: The cluster's.
        stages: The application's.
    """
    counts = await partition_counts(logs.admin, [topic_name(settings, short) for short in INPUTS])
    inputs = [TopicPartition(topic, p) for topic, count in counts.items() for p in range(count)]
    books = await read_books(settings, stages)
    offsets = await logs.group_offsets(settings.identity, inputs)
    starts = await logs.start_of(inputs)
    for short, firsts in (begun.starts if begun else {}).items():
        named = topic_name(settings, short)
        starts |= {TopicPartition(named, p): first for p, first in enumerate(firsts)}
    ends = await logs.end_of(inputs)
    times = [stream_time(at.metadata) for at in offsets.values()]
    return Look(
        read_to={tp: offsets[tp].offset if tp in offsets else starts[tp] for tp in inputs},
        starts=starts,
        ends=ends,
        **_inside(books),
        stream_ms=min((ms for ms in times if ms > NEVER_MS), default=NEVER_MS),
    )


async def gone(settings: Settings, logs: Logs) -> list[str]:
    """Topics of a version that are not there any more."""
    inputs = {topic_name(settings, short) for short in INPUTS}
    there = inputs | set(await logs.admin.list_topics())
    return [spec.name for spec in topic_specs(settings) if spec.name not in there]


def _inside(books: Books) -> dict[str, dict[str, int]]:
    taken = {a.stage: a.total.read for a in books.accounts if a.reads_inner}
    sent = {a.stage: taken[a.stage] + books.on_the_way(a) for a in books.accounts if a.reads_inner}
    return {"sent": sent, "taken": taken}


async def members(settings: Settings, logs: Logs) -> int:
    """How many workers of a version run.

    Raises:
        KafkaError: Kafka does not tell; that is not the same as none.
    """
    while True:
        try:
            (answer,) = await logs.admin.describe_consumer_groups([settings.identity])
            code, _, _, _, _, found, *_ = answer.groups[0]
            if code not in {0, GroupIdNotFound.errno}:
                raise for_code(code)(f"of the group {settings.identity}")
        except _NOT_YET:  # after a start of the broker, or where no group ever was
            logs.proceed()
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return len(found)
