"""Kafka records as the stages get them: lighter than aiokafka's.

aiokafka makes a dataclass with eleven fields of each record, which costs as much as all the rest of
reading. These have what a stage looks at, and are not tracked by the garbage collector.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

from models.watermark import Headers


class KafkaRecord(msgspec.Struct, gc=False):
    """A record of a partition; see :class:`models.stage.InputRecord`."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Fetched:
    """The record batches of one fetch, and their bytes, to read them again."""

    def __init__(self, data: bytes) -> None:
        """Look into what was fetched of a partition."""
        self.data = data
        records = MemoryRecords(data)
        self.has_next = records.has_next
        self.next_batch = records.next_batch
        self.size_in_bytes = records.size_in_bytes


class LightRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka is untyped
    """What one fetch brought of a partition, unpacked into light records.

    aiokafka fails on header names that are not UTF-8, which producers in C can send: every worker
    would fail on that record for ever. A fetch with such names is read again, tolerantly.
    """

    _records: Any
    _records_iterator: Iterator[KafkaRecord]
    _aborted_transactions: list[Any]
    _aborted_producers: set[int]

    def __iter__(self) -> Iterator[KafkaRecord]:
        """All that is left, without aiokafka's call for each."""
        return self._records_iterator

    def _unpack_records(self) -> Iterator[KafkaRecord]:
        data, aborted = self._records.data, list(self._aborted_transactions)
        try:
            yield from super()._unpack_records()
        except UnicodeDecodeError:
            # From the record at hand on: aiokafka skips those below its next offset.
            self._records = _TolerantRecords(data)
            self._aborted_transactions, self._aborted_producers = aborted, set()
            yield from super()._unpack_records()

    def _consumer_record(self, tp: Any, record: Any) -> KafkaRecord:
        return KafkaRecord(
            tp.topic,
            tp.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.value,
            record.headers or (),  # an empty list for each would be walked by the collector
        )


class _TolerantRecords(_MemoryRecordsPy):  # type: ignore[misc]  # as LightRecords
    """Record batches whose headers may have names of any bytes."""

    def next_batch(self) -> "_TolerantBatch":
        """The next one; it is of the format since Kafka 0.11: older ones have no headers."""
        batch = _TolerantBatch(self._next_slice)
        self._cache_next()
        return batch


class _TolerantBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # as LightRecords
    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Buffer(self._buffer)


class _Buffer(bytearray):
    """Bytes whose parts are decoded with U+FFFD for what is not UTF-8, as the Java client does."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Buffer(found) if isinstance(at, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Decode, whatever is asked for."""
        return super().decode(encoding, "replace")


def use_light_records() -> None:
    """Let this process's consumers unpack light records: aiokafka has no setting for it."""
    fetcher.MemoryRecords = Fetched
    fetcher.PartitionRecords = LightRecords
