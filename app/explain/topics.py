"""Reading what is committed in topics: some partitions whole, or one record by its place."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from app.admin import connected
from app.inputs.cluster import partition_counts
from app.inputs.errors import InputError
from app.settings import Settings
from app.topics import INNER, INPUTS, OUTPUTS, topic_name
from models.errors import BrokerError
from models.stage import InputRecord

#: Bytes fetched of one partition at once.
_FETCH_BYTES = 4 * 1024 * 1024
_POLL_MS = 200
_PLACE = re.compile(r"(.+)-(\d{1,9})-(\d{1,18})", re.ASCII | re.DOTALL)


def place_of(record: InputRecord) -> str:
    """A record's place, ``<topic>-<partition>-<offset>``."""
    return f"{record.topic}-{record.partition}-{record.offset}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}-{self.offset}"

    @classmethod
    def of(cls, text: str) -> Self:
        """Read ``<topic>-<partition>-<offset>``.

        Raises:
            InputError: It is no such thing.
        """
        if (match := _PLACE.fullmatch(text)) is None:
            raise InputError(
                f"A record's place reads <topic>-<partition>-<offset>; got {text!r}. Take it from "
                "a sourceRecord, from click or purchase of a conversion, or from a dead letter."
            )
        return cls(match[1], int(match[2]), int(match[3]))


class Topics:
    """The committed records of the application's topics."""

    def __init__(
        self, settings: Settings, counts: Mapping[str, int], consumer: AIOKafkaConsumer
    ) -> None:
        """Read topics with so many partitions by a consumer of one's own; see :func:`topics_of`."""
        self._settings = settings
        self._counts = counts
        self._consumer = consumer

    async def scan(
        self, short: str, keep: Callable[[InputRecord], bool], partition: int | None = None
    ) -> list[InputRecord]:
        """Records of a topic that are to be kept, in offset order within a partition.

        Args:
            short: The topic's short name.
            keep: Says which.
            partition: One partition only.
        """
        partitions = self._partitions(topic_name(self._settings, short))
        wanted = [tp for tp in partitions if partition in {None, tp.partition}]
        self._consumer.assign(wanted)
        ends = await self._consumer.end_offsets(wanted)
        for tp, start in (await self._consumer.beginning_offsets(wanted)).items():
            self._consumer.seek(tp, start)
        return [record async for record in self._records(ends) if keep(record)]

    async def at(self, place: Place) -> InputRecord | None:
        """The record at a place; None if the log has none there (any more)."""
        tp = TopicPartition(place.topic, place.partition)
        if tp not in self._partitions(place.topic):
            return None
        self._consumer.assign([tp])
        start = (await self._consumer.beginning_offsets([tp]))[tp]
        end = (await self._consumer.end_offsets([tp]))[tp]
        if not start <= place.offset < end:
            return None
        self._consumer.seek(tp, place.offset)
        async for record in self._records({tp: place.offset + 1}):
            return record if record.offset == place.offset else None
        return None

    async def start_of(self, topic: str, partition: int) -> int:
        """The first offset that a log still has."""
        tp = TopicPartition(topic, partition)
        return int((await self._consumer.beginning_offsets([tp]))[tp])

    async def _records(self, ends: Mapping[TopicPartition, int]) -> AsyncIterator[InputRecord]:
        left = [tp for tp, end in ends.items() if await self._consumer.position(tp) < end]
        while left:
            fetched = await self._consumer.getmany(*left, timeout_ms=_POLL_MS)
            for tp, records in fetched.items():
                for record in records:
                    if record.offset < ends[tp]:
                        yield record
            left = [tp for tp in left if await self._consumer.position(tp) < ends[tp]]

    def _partitions(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, number) for number in range(self._counts.get(topic, 0))]


@asynccontextmanager
async def topics_of(settings: Settings) -> AsyncIterator[Topics]:
    """The topics for as long as they are read.

    Raises:
        BrokerError: Kafka can't be reached.
        TopicError: A topic does not exist.
    """
    async with connected(settings) as admin:
        names = (topic_name(settings, short) for short in (*INPUTS, *INNER, *OUTPUTS))
        counts = await partition_counts(admin, names)
    consumer = AIOKafkaConsumer(
        **settings.connection,
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    try:
        await consumer.start()
        yield Topics(settings, counts, consumer)
    except (KafkaError, OSError) as error:
        raise BrokerError(
            f"Kafka must answer at {settings.bootstrap_servers}; it does not: {error!r}. Start it, "
            "or set CLICKSTREAM_BROKER."
        ) from None
    finally:
        await consumer.stop()


def header_of(record: InputRecord, name: str) -> str:
    """A header's text; empty if there is none."""
    return dict(record.headers).get(name, b"").decode(errors="replace")
