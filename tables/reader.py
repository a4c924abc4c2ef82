"""A consumer of changelogs that makes no object of a record: a fetch becomes the last values.

aiokafka makes objects of all records of a fetch before it hands over the first; for a changelog
only the last value of each key matters. Its fetcher has no setting for that, so that what it
fetched is unpacked in another way here; aiokafka is pinned for :mod:`app.records`, too.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException


class Changes(NamedTuple):
    """What one fetch brought of a partition.

    Attributes:
        rows: The last value of each key; None where it was deleted.
        offset: That of the last record.
        read: How many records there were.
    """

    rows: dict[bytes, bytes | None]
    offset: int
    read: int


class ChangelogConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka is untyped
    """Its ``getmany`` gives one :class:`Changes` for each partition."""

    _fetcher: Any

    async def start(self) -> None:
        """Connect."""
        await super().start()
        fetcher, fetch = self._fetcher, self._fetcher._proc_fetch_request  # noqa: SLF001

        async def fetched(*request: Any) -> bool:
            came: bool = await fetch(*request)
            for result in fetcher._records.values():  # noqa: SLF001
                if isinstance(result, FetchResult):
                    _LastValues.take(result._partition_records)  # noqa: SLF001
            return came

        fetcher._proc_fetch_request = fetched  # noqa: SLF001


class _LastValues(PartitionRecords):  # type: ignore[misc]  # as above
    """One fetch of a partition, unpacked into one :class:`Changes`."""

    _tp: Any
    _records: Any
    _aborted_producers: set[int]
    next_fetch_offset: int

    @classmethod
    def take(cls, records: Any) -> None:
        """Let records of which none was unpacked yet be unpacked in this way."""
        if type(records) is not cls:
            records.__class__ = cls
            records._records_iterator = records._unpack_records()  # noqa: SLF001

    def _unpack_records(self) -> Iterator[Changes]:
        begin = self.next_fetch_offset
        rows: dict[bytes, bytes | None] = {}
        read, last = 0, -1
        for batch in self._committed():
            for record in batch:
                # A fetch may begin in the middle of a batch.
                if record.offset >= begin:
                    rows[record.key] = record.value
                    read += 1
                    last = record.offset
        if read:
            yield Changes(rows, last, read)

    def _committed(self) -> Iterator[Any]:
        """Batches that are neither of aborted transactions nor control records."""
        while self._records.has_next():
            batch = self._records.next_batch()
            if not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {self._tp}")
            self.next_fetch_offset = batch.next_offset
            if not self._aborted(batch) and not batch.is_control_batch:
                yield batch

    def _aborted(self, batch: Any) -> bool:
        self._consume_aborted_up_to(batch.base_offset)
        if batch.is_control_batch:
            if self._contains_abort_marker(batch):
                self._aborted_producers.discard(batch.producer_id)
            return False
        return batch.is_transactional and batch.producer_id in self._aborted_producers
