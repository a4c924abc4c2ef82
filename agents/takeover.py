"""Taking over partitions: reading what their former owners committed, after fencing them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from agents.delivery import Consumer, Partition
from agents.spec import Envelope
from agents.stage import StageTask
from tables.changelog import follow, restore
from tables.store import PartitionStore

logger = logging.getLogger(__name__)

#: Seconds until standbys are followed again after Kafka did not answer.
_RETRY_SECONDS = 1.0


class Takeover:
    """The stores of a worker, and where its tasks begin.

    Attributes:
        stores: The open stores, by table and partition: active ones and standbys.
        input_counts: Number of partitions by input topic, as of the last take-over.
    """

    def __init__(
        self,
        group: str,
        directory: Path,
        inputs: Sequence[str],
        changelog: Callable[[str], str],
        connection: Mapping[str, Any],
    ) -> None:
        """Begin without stores.

        Args:
            group: The consumer group whose offsets the tasks commit.
            directory: Where the stores are.
            inputs: Full names of the input topics.
            changelog: Gives the full name of a table's changelog topic.
            connection: ``bootstrap_servers`` and security settings of the Kafka clients.
        """
        self.stores: dict[Partition, PartitionStore] = {}
        self.input_counts: dict[str, int] = {}
        self._group = group
        self._directory = directory
        self._inputs = inputs
        self._changelog = changelog
        self._connection = dict(connection)
        self._following: asyncio.Task[None] | None = None

    async def load(
        self, tasks: Sequence[StageTask], standbys: set[Partition], consumer: Consumer
    ) -> None:
        """Restore the tasks' tables, and tell each task where to begin.

        Args:
            tasks: Fenced tasks.
            standbys: Tables' partitions to keep warm.
            consumer: Knows where the logs begin.
        """
        active = {(task.spec.table, task.partition) for task in tasks if task.spec.table}
        self._open(active | standbys)
        read = await self._restore(active)
        if active:
            logger.info("Restored %d partitions from %d changelog records", len(active), read)
        starts = await self._starts(tasks, consumer)
        for task in tasks:
            inputs = {topic: starts[topic, task.partition] for topic in task.spec.inputs}
            task.load(self.stores.get((task.spec.table or "", task.partition)), inputs)
        if warm := standbys - active:
            self._following = asyncio.create_task(self._follow(warm))

    async def _restore(self, active: set[Partition]) -> int:
        before = {at: _lineage(self.stores[at]) for at in active}
        read = await restore(self._by_changelog(active), **self._connection)
        strange = {at for at in active if before[at] not in {None, _lineage(self.stores[at])}}
        for at in strange:
            logger.warning(
                "The store %s is of another table than the changelog: it is built anew. Was the "
                "topic deleted, or the cluster another one?",
                self.stores[at].path,
            )
            self.stores[at].reset()
        return read + await restore(self._by_changelog(strange), **self._connection)

    async def rest(self) -> None:
        """Follow no changelog any more."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])
            self._following = None

    def close(self) -> None:
        """Close all stores."""
        self._open(set())

    def _open(self, wanted: set[Partition]) -> None:
        for gone in self.stores.keys() - wanted:
            self.stores.pop(gone).close()
        for table, partition in wanted - self.stores.keys():
            path = self._directory / table / str(partition)
            self.stores[table, partition] = PartitionStore(path)

    def _by_changelog(self, wanted: set[Partition]) -> dict[TopicPartition, PartitionStore]:
        return {
            TopicPartition(self._changelog(table), partition): self.stores[table, partition]
            for table, partition in wanted
        }

    async def _starts(
        self, tasks: Sequence[StageTask], consumer: Consumer
    ) -> dict[Partition, tuple[int, bytes | None]]:
        """Where to begin each input: the group's offset and its metadata, or the log's start."""
        inputs = sorted({(topic, t.partition) for t in tasks for topic in t.spec.inputs})
        if not inputs:
            return {}
        starts = await consumer.starts_of(inputs)
        async with self._admin() as admin:
            committed = await self._committed(admin, inputs)
            described = await admin.describe_topics(list(self._inputs))
            self.input_counts = {t["topic"]: len(t["partitions"]) for t in described}
        stateless = {t.spec.offsets_of for t in tasks if t.spec.table is None}
        found: dict[Partition, tuple[int, bytes | None]] = {}
        for at in inputs:
            offset, metadata = committed.get(at, (-1, ""))
            known = offset >= 0 and at[0] in stateless
            found[at] = (offset, metadata.encode() or None) if known else (starts[at], None)
        return found

    async def _committed(
        self, admin: AIOKafkaAdminClient, partitions: Sequence[Partition]
    ) -> dict[Partition, tuple[int, str]]:
        offsets = await admin.list_consumer_group_offsets(
            self._group, partitions=[TopicPartition(*p) for p in partitions]
        )
        return {(tp.topic, tp.partition): (o.offset, o.metadata) for tp, o in offsets.items()}

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(**self._connection)
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()

    async def _follow(self, warm: set[Partition]) -> None:
        while True:
            try:
                await self._restore(warm)
                await follow(self._by_changelog(warm), **self._connection)
            except (KafkaError, ConnectionError, TimeoutError) as error:
                logger.warning("Standbys wait for Kafka: %s", error)
                await asyncio.sleep(_RETRY_SECONDS)


def _lineage(store: PartitionStore) -> str | None:
    state = store.state()
    return None if state is None else msgspec.json.decode(state, type=Envelope).lineage
