"""Taking over partitions: reading what their former owners committed, after fencing them."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from agents.delivery import Consumer, Partition
from agents.gateway import Gateway
from agents.spec import Envelope
from agents.stage import StageTask
from models.errors import StoreError
from tables.store import PartitionStore

logger = logging.getLogger(__name__)

A = TypeVar("A")
B = TypeVar("B")

#: Seconds until standbys are followed again after Kafka did not answer.
_RETRY_SECONDS = 1.0


class Takeover:
    """The stores of a worker, and where its tasks begin.

    Attributes:
        stores: The open stores, by table and partition: active ones and standbys.
        input_counts: Number of partitions by input topic, as of the last take-over.
    """

    def __init__(
        self, gateway: Gateway, inputs: Sequence[str], changelog: Callable[[str], str]
    ) -> None:
        """Begin without stores.

        Args:
            gateway: The way to Kafka and to the stores.
            inputs: Full names of the input topics.
            changelog: Gives the full name of a table's changelog topic.
        """
        self.stores: dict[Partition, PartitionStore] = {}
        self.input_counts: dict[str, int] = {}
        self._gateway = gateway
        self._inputs = inputs
        self._changelog = changelog
        self._following: asyncio.Task[None] | None = None

    async def same_inputs(self) -> bool:
        """Whether the input topics have as many partitions as at the last take-over."""
        return self.input_counts == await self._gateway.partition_counts(self._inputs)

    async def load(
        self,
        tasks: Sequence[StageTask],
        kept: Sequence[StageTask],
        standbys: set[Partition],
        consumer: Consumer,
    ) -> int:
        """Restore the tasks' tables, and tell each task where to begin.

        Args:
            tasks: Fenced tasks.
            kept: Tasks that go on with their stores.
            standbys: Tables' partitions to keep warm.
            consumer: Knows where the logs begin.

        Returns:
            How many changelog records were read.
        """
        active, in_use = _tables(tasks), _tables(kept)
        self._open(active | in_use | standbys)
        read, starts = await _both(self._restore(active), self._starts(tasks, consumer))
        if active:
            logger.info("Restored %d partitions from %d changelog records", len(active), read)
        for task in tasks:
            inputs = {topic: starts[topic, task.partition] for topic in task.spec.inputs}
            task.load(self.stores.get((task.spec.table or "", task.partition)), inputs)
        if warm := standbys - active - in_use:
            self._following = asyncio.create_task(self._follow(warm))
        return read

    async def _restore(self, wanted: set[Partition]) -> int:
        await self._gateway.begin(self._by_changelog(wanted))
        await self._drop_strangers(wanted)
        return await self._gateway.restore(self._by_changelog(wanted))

    async def _drop_strangers(self, wanted: set[Partition]) -> None:
        """Empty the stores that are of another table than their changelog, before it is read.

        Afterwards nothing would tell: the changelog may have no state behind the store's offset,
        and a crash in between would leave rows of both under the lineage of one.
        """
        stores = self._by_changelog(wanted)
        lineages = {at: lineage for at, store in stores.items() if (lineage := _lineage(store))}
        states = await self._gateway.last_states(list(lineages))
        for at, lineage in lineages.items():
            if at not in states or lineage != _envelope(states[at]).lineage:
                logger.warning(
                    "The store %s is of another table than the changelog: it is built anew. Was "
                    "the topic deleted, or the cluster another one?",
                    stores[at].path,
                )
                stores[at].reset()

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
        for at in sorted(wanted - self.stores.keys()):
            self.stores[at] = self._gateway.store(*at)

    def _by_changelog(self, wanted: set[Partition]) -> dict[TopicPartition, PartitionStore]:
        return {
            TopicPartition(self._changelog(table), partition): self.stores[table, partition]
            for table, partition in sorted(wanted)
        }

    async def _starts(
        self, tasks: Sequence[StageTask], consumer: Consumer
    ) -> dict[Partition, tuple[int, bytes | None]]:
        """Where to begin each input: the group's offset and its metadata, or the log's start."""
        inputs = sorted({(topic, t.partition) for t in tasks for topic in t.spec.inputs})
        if not inputs:
            return {}
        starts, committed, self.input_counts = await asyncio.gather(
            consumer.starts_of(inputs),
            self._gateway.committed(inputs),
            self._gateway.partition_counts(self._inputs),
        )
        stateless = {t.spec.offsets_of for t in tasks if t.spec.table is None}
        found: dict[Partition, tuple[int, bytes | None]] = {}
        for at in inputs:
            offset, metadata = committed.get(at, (-1, ""))
            known = offset >= 0 and at[0] in stateless
            found[at] = (offset, metadata.encode() or None) if known else (starts[at], None)
        return found

    async def _follow(self, warm: set[Partition]) -> None:
        while True:
            try:
                await self._restore(warm)
                await self._gateway.follow(self._by_changelog(warm))
            except (KafkaError, ConnectionError, TimeoutError) as error:
                logger.warning("Standbys wait for Kafka: %s", error)
                await asyncio.sleep(_RETRY_SECONDS)
            except StoreError as error:
                logger.error("Standbys are kept warm no more: %s", error)  # noqa: TRY400 it says all
                return


async def _both(one: Coroutine[Any, Any, A], other: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """What both give; when one fails the other is ended first, so that it touches no store."""
    tasks = asyncio.ensure_future(one), asyncio.ensure_future(other)
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _tables(tasks: Sequence[StageTask]) -> set[Partition]:
    return {(task.spec.table, task.partition) for task in tasks if task.spec.table}


def _lineage(store: PartitionStore) -> str | None:
    state = store.state()
    return None if state is None else _envelope(state).lineage


def _envelope(state: bytes) -> Envelope:
    return msgspec.json.decode(state, type=Envelope)
