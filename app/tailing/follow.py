"""Reading a topic from a moment on, for as long as somebody looks."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.inputs.errors import InputError
from app.records import use_light_records
from app.settings import Settings
from models.stage import InputRecord
from models.timestamps import to_ms

_POLL_MS = 100
_FETCH_BYTES = 4 * 1024 * 1024

#: Where to begin: a time in epoch ms, or None for the log's start.
BEGINNING = None


def start_ms(text: str) -> int | None:
    """Where to begin.

    Args:
        text: ``beginning``, ``now``, or a time.

    Returns:
        Epoch ms; None for the beginning.

    Raises:
        InputError: It is none of these.
    """
    if text == "beginning":
        return BEGINNING
    if text == "now":
        return time.time_ns() // 1_000_000
    try:
        return to_ms(text)
    except ValueError:
        raise InputError(
            f"--from is beginning, now or a time such as 2025-01-01T10:00:00Z; got {text!r}. "
            "Correct it."
        ) from None


async def follow(
    settings: Settings,
    topic: str,
    partitions: int,
    begin_ms: int | None,
    proceed: Callable[[], bool],
) -> AsyncGenerator[InputRecord, None]:
    """Committed records as they come, in offset order within a partition.

    Args:
        settings: Where Kafka is.
        topic: Full name.
        partitions: How many it has.
        begin_ms: Where to begin, by Kafka's timestamps.
        proceed: Asked several times a second whether to go on.
    """
    use_light_records()
    consumer = AIOKafkaConsumer(
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=_POLL_MS,
        **settings.connection,
    )
    try:
        await consumer.start()
        await _seek(consumer, [TopicPartition(topic, p) for p in range(partitions)], begin_ms)
        while proceed():
            fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=1_000)
            for record in _in_time(fetched):
                yield record
                if not proceed():
                    return
    finally:
        with suppress(TimeoutError):
            await consumer.stop()


def _in_time(fetched: dict[Any, list[InputRecord]]) -> list[InputRecord]:
    """What was fetched of all partitions, as the broker appended it."""
    return sorted(
        (record for records in fetched.values() for record in records), key=lambda r: r.timestamp
    )


async def _seek(
    consumer: AIOKafkaConsumer, partitions: list[TopicPartition], begin_ms: int | None
) -> None:
    consumer.assign(partitions)
    starts = await consumer.beginning_offsets(partitions)
    if begin_ms is not None:
        ends = await consumer.end_offsets(partitions)
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, begin_ms))
        starts |= {tp: at.offset if (at := found.get(tp)) else ends[tp] for tp in partitions}
    for tp, start in starts.items():
        consumer.seek(tp, start)
