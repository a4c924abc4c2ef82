"""Record batches as any producer might write them: any timestamp, key, header and codec."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

#: Every codec that Kafka knows.
CODECS = (None, "gzip", "snappy", "lz4", "zstd")

_BATCH_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """A record to write; its timestamp in ms."""

    partition: int
    timestamp_ms: int
    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()


async def write(bootstrap: str, topic: str, rows: Sequence[Row], codec: str | None = None) -> None:
    """Write the rows in their order, in batches of that codec."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, compression_type=codec, max_batch_size=_BATCH_BYTES
    )
    await producer.start()
    try:
        batch, partition = producer.create_batch(), 0
        for row in rows:
            if row.partition != partition or not _append(batch, row):
                await _send(producer, batch, topic, partition)
                batch, partition = producer.create_batch(), row.partition
                assert _append(batch, row)
        await _send(producer, batch, topic, partition)
    finally:
        await producer.stop()


def _append(batch: Any, row: Row) -> bool:
    headers = list(row.headers)
    appended = batch.append(
        timestamp=row.timestamp_ms, key=row.key, value=row.value, headers=headers
    )
    return appended is not None


async def _send(producer: AIOKafkaProducer, batch: Any, topic: str, partition: int) -> None:
    if batch.record_count():
        await (await producer.send_batch(batch, topic, partition=partition))


class RawName(str):
    """A header's name that is sent as bytes that are not UTF-8, as a producer in C can."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Latin-1."""
        return super().encode("latin-1")


async def write_raw(bootstrap: str, topic: str, rows: Sequence[Row]) -> None:
    """Write the rows into partition 0, in one batch, with header names of any bytes."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        batch = producer.create_batch()
        batch._builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, _BATCH_BYTES)
        for row in rows:
            assert _append(batch, row)
        await _send(producer, batch, topic, 0)
    finally:
        await producer.stop()
