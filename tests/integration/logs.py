"""Topics of one test's own, to write transactions into and to read as others see them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.errors import GroupCoordinatorNotAvailableError

from models.stage import Output
from tables.transaction import TransactionalWriter

#: How often, and after how many seconds each, markers of a commit are looked for.
_MARKER_TRIES, _MARKER_SECONDS = 20, 0.1


@asynccontextmanager
async def administration(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def new_topic(
    bootstrap: str, name: str | None = None, partitions: int = 2, **config: str
) -> str:
    """Create a topic; a dot in a configuration's name is written as ``_``."""
    name = name or f"t{uuid4().hex[:8]}"
    configs = {key.replace("_", "."): value for key, value in config.items()}
    async with administration(bootstrap) as admin:
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
        while name not in await admin.list_topics():  # noqa: ASYNC110 the broker tells nobody
            await asyncio.sleep(0.05)
    return name


async def delete_topic(bootstrap: str, name: str) -> None:
    """Delete a topic, and wait until it is gone."""
    async with administration(bootstrap) as admin:
        await admin.delete_topics([name])
        while name in await admin.list_topics():  # noqa: ASYNC110 the broker tells nobody
            await asyncio.sleep(0.05)


async def truncate(bootstrap: str, at: TopicPartition, before: int) -> None:
    """Delete records below an offset, as retention does."""
    async with administration(bootstrap) as admin:
        await admin.delete_records({at: RecordsToDelete(before)})


@asynccontextmanager
async def writer_of(bootstrap: str, name: str, group: str = "g") -> AsyncIterator[Any]:
    """A started transactional writer."""
    writer = TransactionalWriter(name, group, bootstrap_servers=bootstrap)
    await writer.start()
    try:
        yield writer
    finally:
        await writer.close()


async def send_and_leave_open(writer: TransactionalWriter, at: TopicPartition, key: bytes) -> None:
    """A record in a transaction that is not ended: as if the owner stopped just there."""
    producer = writer._producer
    await producer.begin_transaction()
    await producer.send_and_wait(at.topic, b"uncommitted", key, partition=at.partition)


@asynccontextmanager
async def _reader(bootstrap: str, topic: str, isolation: str) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level=isolation, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        await consumer._client._wait_on_metadata(topic)
        consumer.assign([TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)])
        yield consumer
    finally:
        await consumer.stop()


async def committed(bootstrap: str, topic: str) -> dict[int, list[Any]]:
    """All records that a read-committed consumer gets, by partition; [] where there is none.

    The broker answers a commit before it has written all markers: it is given a moment.
    """
    async with (
        _reader(bootstrap, topic, "read_committed") as consumer,
        _reader(bootstrap, topic, "read_uncommitted") as other,
    ):
        for _ in range(_MARKER_TRIES):
            ends = await consumer.end_offsets(consumer.assignment())
            if ends == await other.end_offsets(other.assignment()):
                break
            await asyncio.sleep(_MARKER_SECONDS)
        found: dict[int, list[Any]] = {tp.partition: [] for tp in ends}
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                found[tp.partition].extend(records)
        return found


async def end_of(bootstrap: str, at: TopicPartition, isolation: str = "read_committed") -> int:
    """The log's end, for a reader of committed records or of all."""
    async with _reader(bootstrap, at.topic, isolation) as consumer:
        return int((await consumer.end_offsets([at]))[at])


async def group_offset(bootstrap: str, group: str, at: TopicPartition) -> tuple[int, str]:
    """A group's offset and its metadata; -1 if there is none."""
    async with administration(bootstrap) as admin, asyncio.timeout(30):
        while True:
            try:
                offsets = await admin.list_consumer_group_offsets(group, partitions=[at])
                break
            except GroupCoordinatorNotAvailableError:  # a new broker's first group
                await asyncio.sleep(0.1)
    found = offsets.get(at)  # not even there, where the group has committed nothing at all
    return (found.offset, found.metadata) if found else (-1, "")


def outputs(rows: Iterable[tuple[bytes, bytes | None]]) -> list[Output]:
    """Records to send, of keys and values."""
    return [Output(key, value) for key, value in rows]
