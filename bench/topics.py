"""The benchmarks' topics: made, filled, read, and deleted at the end."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.clicks import INPUT_PARTITIONS, Clicks
from models.partitioning import partition_of
from models.watermark import watermark_headers

#: Bytes of a batch, and of what is fetched of one partition.
_BATCH_BYTES = 512 * 1024
_FETCH_BYTES = 4 * 1024 * 1024
#: How long a transaction may last: the longest that a broker allows by default.
_TRANSACTION_MS = 900_000
#: Seconds a client may take to say goodbye.
_STOP_SECONDS = 20.0

Offsets: TypeAlias = Mapping[TopicPartition, int]


async def fill(bootstrap: str, topic: str, partitions: int, clicks: Clicks) -> None:
    """Write the clicks, then to each partition its closing click and the watermark records."""
    async with _producer(bootstrap, enable_idempotence=True) as producer:
        await write(producer, topic, partitions, clicks)
        for p in range(partitions):
            await producer.send_batch(closing_batch(producer, clicks, p), topic, partition=p)


async def write(
    producer: AIOKafkaProducer, topic: str, partitions: int, messages: Iterable[tuple[bytes, bytes]]
) -> None:
    """Write messages, each to the partition of its key."""
    batches = {p: producer.create_batch() for p in range(partitions)}
    for key, value in messages:
        p = partition_of(key, partitions)
        if batches[p].append(timestamp=None, key=key, value=value) is None:
            await producer.send_batch(batches[p], topic, partition=p)
            batches[p] = producer.create_batch()
            batches[p].append(timestamp=None, key=key, value=value)
    for p, batch in batches.items():
        if batch.record_count():
            await producer.send_batch(batch, topic, partition=p)


@asynccontextmanager
async def transaction(bootstrap: str, name: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer in a transaction: what it writes appears at once, when that is committed."""
    limits = {"transactional_id": name, "transaction_timeout_ms": _TRANSACTION_MS}
    async with _producer(bootstrap, **limits) as producer:
        await producer.begin_transaction()
        yield producer


@asynccontextmanager
async def _producer(bootstrap: str, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=_BATCH_BYTES, **options)
    await producer.start()
    try:
        yield producer
    finally:
        await _stopped(producer)


def closing_batch(producer: AIOKafkaProducer, clicks: Clicks, partition: int) -> Any:
    """The closing click, for those who know event time only, then all watermark records."""
    batch = producer.create_batch()
    key, value = clicks.closing(partition)
    batch.append(timestamp=None, key=key, value=value)
    for q in range(INPUT_PARTITIONS):
        headers = list(watermark_headers(f"{clicks.topic}-{q}", clicks.closing_ms))
        batch.append(timestamp=None, key=None, value=None, headers=headers)
    return batch


@asynccontextmanager
async def reader(bootstrap: str, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of committed records, without a group."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_partition_fetch_bytes=_FETCH_BYTES,
        **options,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await _stopped(consumer)


async def _stopped(client: Any) -> None:
    """Stop a client; one that waits for a broker which is busy does not hold up the rest."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_STOP_SECONDS):
            await client.stop()


async def read(consumer: AIOKafkaConsumer, starts: Offsets, ends: Offsets) -> AsyncIterator[Any]:
    """All records from the starts to the ends."""
    consumer.assign(list(starts))
    for partition, offset in starts.items():
        consumer.seek(partition, offset)
    while behind := [tp for tp in starts if await consumer.position(tp) < ends[tp]]:
        for tp, records in (await consumer.getmany(*behind, timeout_ms=200)).items():
            for record in records:
                if record.offset < ends[tp]:  # a fetch may bring what came since
                    yield record


def partitions_of(topic: str, count: int) -> list[TopicPartition]:
    """All partitions of a topic."""
    return [TopicPartition(topic, p) for p in range(count)]


async def create_topic(bootstrap: str, topic: str, partitions: int) -> None:
    """Create a topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, partitions, 1)])
    finally:
        await admin.close()


async def delete_topics(bootstrap: str, prefixes: Sequence[str]) -> None:
    """Delete all topics with these prefixes."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        names = [n for n in await admin.list_topics() if n.startswith(tuple(prefixes))]
        if names:
            await admin.delete_topics(names)
    finally:
        await admin.close()
