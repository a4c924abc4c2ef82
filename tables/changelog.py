"""Reading changelogs: restoring a partition's store, and keeping a standby's warm.

A consumer of its own, without a group, reads committed records only. A store is restored when the
reader's position (not an offset seen) has reached the changelog's end: the end of a transactional
or compacted log may be a control record, or gone.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from aiokafka import TopicPartition

from tables.reader import ChangelogConsumer
from tables.store import STATE_KEY, PartitionStore

logger = logging.getLogger(__name__)

Stores: TypeAlias = Mapping[TopicPartition, PartitionStore]

#: Bytes fetched at once: some 30,000 rows, for which the event loop stands still.
_FETCH_BYTES = 1024 * 1024
#: Seconds between looks at the changelog of a standby that is up to date.
_STANDBY_POLL_SECONDS = 0.5
#: How long to wait for a fetch (ms): when only a control record is left, nothing comes of it.
_POLL_MS = 10
#: Records from the end at which the last state is looked for first.
_TAIL_RECORDS = 16


@asynccontextmanager
async def _reader(
    partitions: Collection[TopicPartition], **connection: Any
) -> AsyncIterator[ChangelogConsumer]:
    consumer = ChangelogConsumer(
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        fetch_max_bytes=_FETCH_BYTES,
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=100,
        **connection,
    )
    try:
        await consumer.start()
        consumer.assign(list(partitions))
        yield consumer
    finally:
        await consumer.stop()


async def restore(stores: Stores, **connection: Any) -> int:
    """Bring stores up to the end of their changelogs.

    The owner must have fenced its predecessor, else the end is not final.

    Args:
        stores: The store of each changelog partition.
        connection: ``bootstrap_servers`` and security settings of the Kafka client.

    Returns:
        The number of changelog records read.
    """
    if not stores:
        return 0
    async with _reader(stores, **connection) as consumer:
        ends = await consumer.end_offsets(list(stores))
        await _seek(consumer, stores, ends)
        read = 0
        behind = await _behind(consumer, ends)
        while behind:
            read += await _apply(consumer, stores, behind, timeout_ms=_POLL_MS)
            behind = await _behind(consumer, ends)
    return read


async def follow(stores: Stores, **connection: Any) -> None:
    """Keep standby stores warm until cancelled."""
    async with _reader(stores, **connection) as consumer:
        await _seek(consumer, stores, await consumer.end_offsets(list(stores)))
        while True:
            if not await _apply(consumer, stores, list(stores), timeout_ms=0):
                await asyncio.sleep(_STANDBY_POLL_SECONDS)


async def _seek(
    consumer: ChangelogConsumer, stores: Stores, ends: Mapping[TopicPartition, int]
) -> None:
    starts = await consumer.beginning_offsets(list(stores))
    for partition, store in stores.items():
        following = starts[partition] if store.offset is None else store.offset + 1
        if not starts[partition] <= following <= ends[partition] or store.may_lack_tombstones:
            logger.warning(
                "The store %s (changelog offset %s) does not fit the changelog %s-%d (%d to %d), "
                "or was away for a day: it is built anew.",
                store.path,
                store.offset,
                *partition,
                starts[partition],
                ends[partition],
            )
            store.reset()
            following = starts[partition]
        consumer.seek(partition, following)


async def _behind(
    consumer: ChangelogConsumer, ends: Mapping[TopicPartition, int]
) -> list[TopicPartition]:
    return [p for p, end in ends.items() if await consumer.position(p) < end]


async def _apply(
    consumer: ChangelogConsumer, stores: Stores, partitions: list[TopicPartition], timeout_ms: int
) -> int:
    fetched = await consumer.getmany(*partitions, timeout_ms=timeout_ms)
    for partition, (changes,) in fetched.items():
        stores[partition].write(changes.rows, changes.offset)
        await asyncio.sleep(0)
    return sum(changes.read for (changes,) in fetched.values())


async def last_states(
    partitions: Collection[TopicPartition], **connection: Any
) -> dict[TopicPartition, bytes]:
    """What stages last kept under ``STATE_KEY``, read from the ends of their changelogs.

    Every transaction ends with the state, so a few records are enough.

    Args:
        partitions: Changelog partitions.
        connection: ``bootstrap_servers`` and security settings of the Kafka client.

    Returns:
        The states; none for a partition in which nothing was committed.
    """
    if not partitions:
        return {}
    async with _reader(partitions, **connection) as consumer:
        starts = await consumer.beginning_offsets(list(partitions))
        ends = await consumer.end_offsets(list(partitions))
        found: dict[TopicPartition, bytes] = {}
        left, back = {p: end for p, end in ends.items() if end > starts[p]}, _TAIL_RECORDS
        while left:
            for partition, end in left.items():
                consumer.seek(partition, max(starts[partition], end - back))
            found |= await _states(consumer, left)
            left = {p: end for p, end in left.items() if p not in found and end - back > starts[p]}
            back *= 16
        return found


async def _states(
    consumer: ChangelogConsumer, ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, bytes]:
    found: dict[TopicPartition, bytes] = {}
    while behind := await _behind(consumer, ends):
        fetched = await consumer.getmany(*behind, timeout_ms=_POLL_MS)
        for partition, (changes,) in fetched.items():
            if (state := changes.rows.get(STATE_KEY)) is not None:
                found[partition] = state
    return found
