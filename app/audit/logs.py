"""Reading topics from Kafka: committed records only, each log from its start to a fixed end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
)
from aiokafka.structs import OffsetAndMetadata

from agents.gateway import group_offsets
from app.records import use_light_records
from app.refusals import refusal

#: Bytes fetched of one partition, and of all.
_PARTITION_BYTES = 4 * 1024 * 1024
_FETCH_BYTES = 32 * 1024 * 1024
#: How long the broker may hold a fetch that finds nothing (ms): the next one waits behind it.
_FETCH_WAIT_MS = 10
#: Seconds that closing a client may take before it is cancelled.
_CLOSE_SECONDS = 1.0
#: Seconds between questions that the broker can't answer yet.
_RETRY_SECONDS = 0.05
#: Seconds after which a transaction in flight is spoken of.
_PATIENCE_SECONDS = 3.0

#: Next offset by partition.
Ends: TypeAlias = Mapping[TopicPartition, int]
#: Records of one partition, in offset order.
Take: TypeAlias = Callable[[TopicPartition, Sequence[Any]], None]


@dataclass(frozen=True, slots=True)
class Logs:
    """The cluster's logs.

    Attributes:
        admin: For groups and topics.
        committed: Reads committed records.
        ends: Only asks for logs' ends: those of all records, committed or not.
        proceed: Called between fetches; raises to end.
        say: Tells a person.
    """

    admin: AIOKafkaAdminClient
    committed: AIOKafkaConsumer
    ends: AIOKafkaConsumer
    proceed: Callable[[], None]
    say: Callable[[str], None]

    async def start_of(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """First offsets that retention left."""
        return dict(await self.ends.beginning_offsets(list(partitions)))

    async def end_of(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Ends of the logs, once the transactions in flight are over.

        Below them all transactions are whole: a table's rows and its stage's state fit together.
        """
        now = await self.ends.end_offsets(list(partitions))
        began_s = time.monotonic()
        said = False
        while True:
            ends: dict[TopicPartition, int] = await self.committed.end_offsets(list(partitions))
            open_ = [tp for tp, end in ends.items() if end < now[tp]]
            if not open_:
                return ends
            if not said and time.monotonic() - began_s > _PATIENCE_SECONDS:
                said = True
                self.say(f"Waiting for a transaction in flight in {open_[0].topic} ...")
            self.proceed()
            await asyncio.sleep(_RETRY_SECONDS)

    async def group_offsets(
        self, group: str, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        """Committed offsets of a group; a partition without one is not there."""
        while True:
            try:
                found = await group_offsets(self.admin, group, partitions)
            except (GroupCoordinatorNotAvailableError, GroupLoadInProgressError):
                self.proceed()
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return {tp: at for tp, at in found.items() if at.offset >= 0}

    async def read(self, starts: Ends, ends: Ends, take: Take) -> None:
        """Read all committed records from starts to ends."""
        consumer = self.committed
        left = [tp for tp, start in starts.items() if start < ends[tp]]
        if not left:
            return
        consumer.assign(left)
        for tp in left:
            consumer.seek(tp, starts[tp])
        while left:
            self.proceed()
            fetched = await consumer.getmany(*left, timeout_ms=200)
            for tp, records in fetched.items():
                end = ends[tp]
                take(tp, records if records[-1].offset < end else _below(records, end))
            left = [tp for tp in left if await consumer.position(tp) < ends[tp]]


def _below(records: Sequence[Any], end: int) -> Sequence[Any]:
    return [record for record in records if record.offset < end]


@asynccontextmanager
async def open_logs(
    connection: Mapping[str, Any], proceed: Callable[[], None], say: Callable[[str], None]
) -> AsyncIterator[Logs]:
    """Connect.

    Args:
        connection: What every Kafka client is made with.
        proceed: Called between fetches; raises to end.
        say: Tells a person.
    """
    use_light_records()
    admin = AIOKafkaAdminClient(**connection)
    committed = _consumer(connection, "read_committed")
    ends = _consumer(connection, "read_uncommitted")
    clients = (admin, committed, ends)
    try:
        for client in clients:
            await _start(client, connection)
        yield Logs(admin, committed, ends, proceed, say)
    finally:
        await asyncio.gather(*(_end(client) for client in clients))


async def _start(client: Any, connection: Mapping[str, Any]) -> None:
    try:
        await client.start()
    except KafkaError as error:
        raise await refusal(connection, error) or error from None


async def _end(client: Any) -> None:
    """Close a client; one that is interrupted while it reads may take no notice the first time."""
    closing = client.close() if isinstance(client, AIOKafkaAdminClient) else client.stop()
    with suppress(TimeoutError):
        await asyncio.wait_for(closing, _CLOSE_SECONDS)


def _consumer(connection: Mapping[str, Any], isolation: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        **connection,
        group_id=None,
        enable_auto_commit=False,
        isolation_level=isolation,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_PARTITION_BYTES,
        fetch_max_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=_FETCH_WAIT_MS,
    )
