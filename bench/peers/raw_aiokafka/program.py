"""Read the topic to its end with aiokafka; values are looked at for being there only."""

import asyncio
import signal

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.peers.told import Told, has_read, ready

_FETCH_BYTES = 4 * 1024 * 1024


async def main(told: Told) -> None:
    """Read everything, then wait for the end."""
    partitions = [TopicPartition(told.input, p) for p in range(told.partitions)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=told.bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_bytes=len(partitions) * _FETCH_BYTES,
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        ready()
        has_read(await _read(consumer, ends))
        signal.pause()
    finally:
        await consumer.stop()


async def _read(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> int:
    values = 0
    waiting = set(ends)
    while waiting:
        for partition, records in (await consumer.getmany(timeout_ms=1000)).items():
            values += sum(1 for record in records if record.value is not None)
            if records[-1].offset + 1 >= ends[partition]:
                waiting.discard(partition)
    return values


if __name__ == "__main__":
    asyncio.run(main(Told.from_environment()))
