"""Many records into Kafka, in batches built here: some hundred thousand a second."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaProducer

from models.partitioning import partition_of

#: Bytes of a batch; the broker's limit for a batch into the inputs is 1 MiB by default.
BATCH_BYTES = 256 * 1024

Headers = list[tuple[str, bytes]]

NO_HEADERS: Headers = []


class BulkSender:
    """Fills a batch for each partition; ``add`` never waits, ``push`` does.

    Attributes:
        full: Batches that wait for ``push``: (batch, topic, partition).
    """

    def __init__(self, producer: AIOKafkaProducer, partitions: Mapping[str, int]) -> None:
        """Take a started producer.

        Args:
            producer: With ``max_batch_size=BATCH_BYTES``.
            partitions: Number of partitions by full topic name.
        """
        self.full: list[tuple[Any, str, int]] = []
        self._producer = producer
        self._partitions = partitions
        self._open: dict[tuple[str, int], Any] = {}
        self._keyless: dict[str, int] = defaultdict(int)
        self._sent: list[asyncio.Future[Any]] = []

    def add(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = NO_HEADERS
    ) -> None:
        """Put a record into the batch of its partition, by murmur2 of its key."""
        if key is None:
            partition = self._keyless[topic]
        else:
            partition = partition_of(key, self._partitions[topic])
        place = (topic, partition)
        batch = self._open.get(place)
        if batch is None:
            batch = self._open[place] = self._producer.create_batch()
        if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
            self._close(place, batch)
            batch = self._open[place] = self._producer.create_batch()
            batch.append(timestamp=None, key=key, value=value, headers=headers)

    async def push(self) -> None:
        """Hand full batches to the producer, which makes it wait while the broker is behind.

        Raises:
            aiokafka.errors.KafkaError: The broker is gone, or refuses.
        """
        while self.full:
            batch, topic, partition = self.full.pop(0)
            sent = await self._producer.send_batch(batch, topic, partition=partition)
            self._sent.append(sent)

    async def flush(self) -> None:
        """Send everything added so far and wait until the broker has it.

        Raises:
            aiokafka.errors.KafkaError: The broker is gone, or refuses.
        """
        for place, batch in list(self._open.items()):
            self._close(place, batch)
        self._open.clear()
        await self.push()
        sent, self._sent = self._sent, []
        for result in await asyncio.gather(*sent, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    def _close(self, place: tuple[str, int], batch: Any) -> None:
        topic, partition = place
        batch.close()
        self.full.append((batch, topic, partition))
        if partition == self._keyless[topic]:
            self._keyless[topic] = (partition + 1) % self._partitions[topic]
