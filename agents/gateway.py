"""The engine's way to Kafka and to its disk: clients, stores and readers are made here alone."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupLoadInProgressError
from aiokafka.structs import OffsetAndMetadata

from agents.delivery import Partition
from agents.snapshots import Snapshots
from tables.changelog import Stores, follow, last_states, restore
from tables.store import PartitionStore
from tables.transaction import TransactionalWriter


async def group_offsets(
    admin: AIOKafkaAdminClient, group: str, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    """A group's offsets and their metadata; -1 where it has none.

    aiokafka passes over the error of an answer as a whole: a coordinator that is loading after the
    broker's restart would look like a group without offsets, and everything be done twice.

    Raises:
        KafkaError: The coordinator does not tell; ask again.
    """
    offsets: dict[TopicPartition, OffsetAndMetadata] = await admin.list_consumer_group_offsets(
        group, partitions=list(partitions)
    )
    if set(partitions) - offsets.keys():
        raise GroupLoadInProgressError("the group's offsets are being loaded")
    return offsets


class Gateway(Protocol):
    """What the engine asks of the world outside of its process."""

    def writer(self, transactional_id: str) -> TransactionalWriter:
        """A producer; starting it fences the former one of this id."""

    def store(self, table: str, partition: int) -> PartitionStore:
        """Open the local store of a table's partition."""

    async def last_states(
        self, changelogs: Collection[TopicPartition]
    ) -> dict[TopicPartition, bytes]:
        """What stages last kept in these changelogs; none where nothing was committed."""

    async def begin(self, stores: Stores) -> None:
        """Let empty stores begin with snapshots, where there are any that fit."""

    async def restore(self, stores: Stores) -> int:
        """Bring stores up to the end of their changelogs; the number of records read."""

    async def follow(self, stores: Stores) -> None:
        """Keep standby stores warm until cancelled."""

    async def committed(self, partitions: Sequence[Partition]) -> dict[Partition, tuple[int, str]]:
        """The group's offsets and their metadata; -1 where it has none."""

    async def partition_counts(self, topics: Sequence[str]) -> dict[str, int]:
        """The number of partitions of each topic."""


class KafkaGateway:
    """The gateway to a Kafka cluster and a directory."""

    def __init__(
        self,
        group: str,
        directory: Path,
        snapshots: Snapshots | None = None,
        **connection: Any,
    ) -> None:
        """Connect nothing yet.

        Args:
            group: The consumer group whose offsets the stages commit.
            directory: Where the stores are.
            snapshots: What empty stores begin with.
            connection: ``bootstrap_servers`` and security settings of the Kafka clients.
        """
        self._group = group
        self._directory = directory
        self._snapshots = snapshots
        self._connection: Mapping[str, Any] = connection

    def writer(self, transactional_id: str) -> TransactionalWriter:
        """A producer; starting it fences the former one of this id."""
        return TransactionalWriter(transactional_id, self._group, **self._connection)

    def store(self, table: str, partition: int) -> PartitionStore:
        """Open the local store of a table's partition."""
        return PartitionStore(self._directory / table / str(partition))

    async def last_states(
        self, changelogs: Collection[TopicPartition]
    ) -> dict[TopicPartition, bytes]:
        """What stages last kept in these changelogs; none where nothing was committed."""
        return await last_states(changelogs, **self._connection)

    async def begin(self, stores: Stores) -> None:
        """Let empty stores begin with snapshots, where there are any that fit."""
        if self._snapshots is not None:
            await self._snapshots.begin(stores, self.last_states)

    async def restore(self, stores: Stores) -> int:
        """Bring stores up to the end of their changelogs; the number of records read."""
        return await restore(stores, **self._connection)

    async def follow(self, stores: Stores) -> None:
        """Keep standby stores warm until cancelled."""
        await follow(stores, **self._connection)

    async def committed(self, partitions: Sequence[Partition]) -> dict[Partition, tuple[int, str]]:
        """The group's offsets and their metadata; -1 where it has none."""
        wanted = [TopicPartition(*at) for at in partitions]
        async with self._admin() as admin:
            offsets = await group_offsets(admin, self._group, wanted)
        return {(tp.topic, tp.partition): (o.offset, o.metadata) for tp, o in offsets.items()}

    async def partition_counts(self, topics: Sequence[str]) -> dict[str, int]:
        """The number of partitions of each topic."""
        async with self._admin() as admin:
            described = await admin.describe_topics(list(topics))
        return {topic["topic"]: len(topic["partitions"]) for topic in described}

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(**self._connection)
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()
