"""Kafka records as the stages get them: lighter than aiokafka's.

aiokafka makes a dataclass with eleven fields of each record, which costs as much as all the rest of
reading. These have what a stage looks at, and are not tracked by the garbage collector.
"""

from typing import Any

import msgspec
from aiokafka.consumer import fetcher

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


class LightRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka is untyped
    """What one fetch brought of a partition, unpacked into light records."""

    def _consumer_record(self, tp: Any, record: Any) -> KafkaRecord:
        return KafkaRecord(
            tp.topic,
            tp.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.value,
            record.headers,
        )


def use_light_records() -> None:
    """Let this process's consumers unpack light records: aiokafka has no setting for it."""
    fetcher.PartitionRecords = LightRecords
