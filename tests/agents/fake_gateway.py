"""The engine's way to a fake Kafka, and to stores in a directory of the test."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import TopicPartition

from tables.changelog import Stores
from tables.store import PartitionStore
from tests.agents.fake_kafka import FakeKafka, FakeWriter

Partition = tuple[str, int]


@dataclass
class FakeGateway:
    """What the engine is given; its changelogs are empty.

    Attributes:
        path: Where the stores are.
        kafka: What its writers write to.
        writers: The last one of each transactional id.
        fault: Where writers made from now on fail.
        error: With what.
        offsets: The group's offsets, with their metadata.
        states: What the changelogs say that stages last kept.
        partitions: How many partitions each topic has.
    """

    path: Path
    kafka: FakeKafka = field(default_factory=FakeKafka)
    writers: dict[str, FakeWriter] = field(default_factory=dict)
    fault: str | None = None
    error: Exception | None = None
    offsets: dict[Partition, tuple[int, str]] = field(default_factory=dict)
    states: dict[TopicPartition, bytes] = field(default_factory=dict)
    partitions: int = 3

    def writer(self, transactional_id: str) -> FakeWriter:
        """One that fails as told."""
        writer = FakeWriter(self.kafka)
        writer.fault, writer.error = self.fault, self.error or writer.error
        self.writers[transactional_id] = writer
        return writer

    def store(self, table: str, partition: int) -> PartitionStore:
        """A real one."""
        return PartitionStore(self.path / table / str(partition))

    async def last_states(
        self, changelogs: Collection[TopicPartition]
    ) -> dict[TopicPartition, bytes]:
        """Those that are told."""
        return {at: self.states[at] for at in changelogs if at in self.states}

    async def begin(self, stores: Stores) -> None:
        """There are no snapshots."""

    async def restore(self, stores: Stores) -> int:
        """Nothing is there to read."""
        return 0

    async def follow(self, stores: Stores) -> None:
        """Nothing comes."""

    async def committed(self, partitions: Sequence[Partition]) -> dict[Partition, tuple[int, str]]:
        """Offsets, -1 where there is none."""
        return {at: self.offsets.get(at, (-1, "")) for at in partitions}

    async def partition_counts(self, topics: Sequence[str]) -> dict[str, int]:
        """Each has as many."""
        return dict.fromkeys(topics, self.partitions)
