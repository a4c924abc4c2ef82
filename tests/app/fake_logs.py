"""Logs in memory, as the history reads them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition

from app.topics import ENRICHED_CLICKS
from models.partitioning import partition_of
from models.timestamps import iso
from tests.models.fakes import Record

USER, PARTITIONS = "ann", 2
P = partition_of(b"ann", PARTITIONS)


class Crash(Exception):  # noqa: N818 a test's own
    """The process ends here."""


@dataclass
class FakeLogs:
    """Logs in memory.

    Attributes:
        records: By topic and partition.
        starts: First offsets, where retention has deleted records.
        crash_after: Records until the process ends; None: never.
        read_count: Records that were read.
        hidden: Records at the start of each log that are not committed.
    """

    records: dict[tuple[str, int], list[Record]] = field(default_factory=dict)
    starts: dict[tuple[str, int], int] = field(default_factory=dict)
    crash_after: int | None = None
    read_count: int = 0
    hidden: int = 0

    @property
    def admin(self) -> "FakeLogs":
        """Tells of topics."""
        return self

    async def describe_topics(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Each has the partitions."""
        parts: list[dict[str, Any]] = [{}] * PARTITIONS
        return [{"topic": name, "error_code": 0, "partitions": parts} for name in names]

    async def start_of(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """First offsets."""
        return {tp: self.starts.get(tp, 0) for tp in partitions}

    async def end_of(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Next offsets."""
        logs = {tp: self.records.get(tp, []) for tp in partitions}
        return {tp: log[-1].offset + 1 if log else 0 for tp, log in logs.items()}

    async def read(self, starts: Mapping[Any, int], ends: Mapping[Any, int], take: Any) -> None:
        """Give the records one by one."""
        for tp, start in starts.items():
            for record in self.records.get(tp, []):
                if max(start, self.hidden) <= record.offset < ends[tp]:
                    if self.read_count == self.crash_after:
                        raise Crash
                    self.read_count += 1
                    take(tp, [record])

    def put(self, topic: str, value: dict[str, Any], at_ms: int | None = None) -> None:
        """Append a record of the user."""
        log = self.records.setdefault((topic, P), [])
        offset = log[-1].offset + 1 if log else 0
        data = json.dumps(value).encode()
        stamp = 1_000 + offset if at_ms is None else at_ms
        log.append(Record(topic, P, offset, stamp, USER.encode(), data))

    def click(self, at_ms: int, stream_ms: int | None = None) -> str:
        """Append an enriched click; its source."""
        source = f"clicks-0-{len(self.records.get((ENRICHED_CLICKS, P), []))}"
        stream = iso(at_ms if stream_ms is None else stream_ms)
        value = {"userId": USER, "timestamp": iso(at_ms), "streamTime": stream}
        self.put(ENRICHED_CLICKS, value | {"sourceRecord": source})
        return source


@dataclass
class Shortened(FakeLogs):
    """Logs that retention shortens before they are read.

    Attributes:
        shortened_to: First offset that is left of the clicks.
    """

    shortened_to: int = 0

    async def read(self, starts: Mapping[Any, int], ends: Mapping[Any, int], take: Any) -> None:
        """Begin where the log begins now."""
        self.starts[ENRICHED_CLICKS, P] = self.shortened_to
        now = await self.start_of(list(starts))
        await super().read({tp: max(now[tp], start) for tp, start in starts.items()}, ends, take)
