"""All stage tasks of a worker: made on assignment, fed by the agents, ended on revocation."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from agents.batch import Batch
from agents.stage import StageSpec, StageTask
from tables.changelog import follow, restore
from tables.store import PartitionStore
from tables.transaction import TransactionalWriter

logger = logging.getLogger(__name__)

#: Seconds that a task may go on with its transaction when its partition is revoked.
_STOP_SECONDS = 4.0
#: Seconds after a failure until the group is asked for a rebalance, and between askings.
_REJOIN_SECONDS = 1.0

Partition: TypeAlias = tuple[str, int]


class Consumer(Protocol):
    """What the engine asks of the worker's consumer."""

    def end_of(self, topic: str, partition: int) -> int | None:
        """The log's end as last heard of, or None."""

    def position_of(self, topic: str, partition: int) -> int | None:
        """Where the consumer stands, or None."""

    async def starts_of(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """The first offsets that the logs still have."""

    async def go_to(self, positions: Mapping[Partition, int]) -> None:
        """Seek."""

    def rejoin(self) -> None:
        """Ask the group's coordinator for a rebalance."""


class Engine:
    """The stages of one worker.

    Attributes:
        commit_interval_ms: Transactions of a task are about this far apart (ms).
        partitions: Partitions of inner topics, outputs and tables.
        stores: The open stores, by table and partition: active ones and standbys.
    """

    def __init__(  # noqa: PLR0913 by name, once
        self,
        *,
        app_id: str,
        data_dir: Path,
        partitions: int,
        inputs: Sequence[str],
        commit_interval_ms: int,
        topic: Callable[[str], str],
        changelog: Callable[[str], str],
        crash: Callable[[BaseException], Awaitable[None]],
        connection: Mapping[str, Any],
    ) -> None:
        """Make an engine without stages.

        Args:
            app_id: Consumer group, and prefix of transactional ids.
            data_dir: Directory of the stores.
            partitions: Partitions of inner topics, outputs and tables.
            inputs: Full names of the input topics.
            commit_interval_ms: Transactions of a task are about this far apart (ms).
            topic: Gives the full name of an output topic.
            changelog: Gives the full name of a table's changelog topic.
            crash: Ends the worker.
            connection: ``bootstrap_servers`` and security settings of the Kafka clients.
        """
        self.commit_interval_ms = commit_interval_ms
        self.partitions = partitions
        self.topic = topic
        self.changelog = changelog
        self.consumer: Consumer
        self.specs: dict[str, StageSpec] = {}
        self.stores: dict[Partition, PartitionStore] = {}
        self._inputs = inputs
        self._input_counts: dict[str, int] = {}
        self._app_id = app_id
        self._data_dir = data_dir
        self._crash = crash
        self._connection = dict(connection)
        self._tasks: dict[Partition, StageTask] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._standby: asyncio.Task[None] | None = None
        self._suspects: dict[Partition, tuple[int, int]] = {}

    def add(self, spec: StageSpec) -> None:
        """Add a stage."""
        self.specs[spec.name] = spec

    def task(self, stage: str, partition: int) -> StageTask | None:
        """The task that works on a stage's partition here, if there is one."""
        return self._tasks.get((stage, partition))

    def store_of(self, table: str, partition: int) -> PartitionStore | None:
        """The store of a table's partition, if it is open here."""
        return self.stores.get((table, partition))

    def input_partitions(self, topic: str) -> int:
        """Number of partitions of an input topic, as of the last assignment."""
        return self._input_counts[topic]

    def end_of(self, topic: str, partition: int) -> int | None:
        """The log's end as last heard of, or None."""
        return self.consumer.end_of(topic, partition)

    # -- assignment

    async def assign(self, actives: Iterable[Partition], standbys: Iterable[Partition]) -> None:
        """Take over partitions: fence all former owners, then read what they committed.

        Args:
            actives: Input partitions (full topic name, partition) that are this worker's now.
            standbys: Changelog partitions to keep warm.
        """
        await self.quiesce()
        mine = set(actives)
        tasks = [
            self._new_task(spec, partition)
            for spec in self.specs.values()
            for partition in sorted({p for t, p in mine if t == spec.inputs[0]})
        ]
        try:
            await asyncio.gather(*(task.fence() for task in tasks))
            await self._load(tasks, set(standbys))
        except BaseException:
            await asyncio.gather(*(task.stop(0) for task in tasks))
            raise
        self._tasks = {(task.spec.name, task.partition): task for task in tasks}
        for task in tasks:
            task.start()

    def _new_task(self, spec: StageSpec, partition: int) -> StageTask:
        transactional_id = f"{self._app_id}-{spec.name}-{partition}"
        writer = TransactionalWriter(transactional_id, self._app_id, **self._connection)
        return StageTask(spec, partition, writer, self)

    async def _load(self, tasks: Sequence[StageTask], standbys: set[Partition]) -> None:
        tables = {self.changelog(s.table): s.table for s in self.specs.values() if s.table}
        active = {(t.spec.table, t.partition) for t in tasks if t.spec.table}
        warm = {(tables[topic], p) for topic, p in standbys if topic in tables} - active
        self._open(active | warm)
        changelogs = {
            TopicPartition(self.changelog(table), p): self.stores[table, p] for table, p in active
        }
        read = await restore(changelogs, **self._connection)
        if changelogs:
            logger.info("Restored %d partitions from %d changelog records", len(active), read)
        starts = await self._starts(tasks)
        for task in tasks:
            inputs = {topic: starts[topic, task.partition] for topic in task.spec.inputs}
            task.load(self.stores.get((task.spec.table or "", task.partition)), inputs)
        if warm:
            followed = {TopicPartition(self.changelog(t), p): self.stores[t, p] for t, p in warm}
            self._standby = asyncio.create_task(self._follow(followed))

    def _open(self, wanted: set[Partition]) -> None:
        for gone in self.stores.keys() - wanted:
            self.stores.pop(gone).close()
        for table, partition in wanted - self.stores.keys():
            path = self._data_dir / table / str(partition)
            self.stores[table, partition] = PartitionStore(path)

    async def _starts(
        self, tasks: Sequence[StageTask]
    ) -> dict[Partition, tuple[int, bytes | None]]:
        """Where to begin each input: the group's offset and its metadata, or the log's start."""
        inputs = sorted({(topic, t.partition) for t in tasks for topic in t.spec.inputs})
        if not inputs:
            return {}
        starts = await self.consumer.starts_of(inputs)
        async with self._admin() as admin:
            committed = await self._committed(admin, inputs)
            described = await admin.describe_topics(list(self._inputs))
            self._input_counts = {t["topic"]: len(t["partitions"]) for t in described}
        stateless = {t.spec.offsets_of for t in tasks if t.spec.table is None}
        found: dict[Partition, tuple[int, bytes | None]] = {}
        for partition in inputs:
            offset, metadata = committed.get(partition, (-1, ""))
            if offset < 0 or partition[0] not in stateless:
                found[partition] = (starts[partition], None)
            else:
                found[partition] = (offset, metadata.encode() or None)
        return found

    async def _committed(
        self, admin: AIOKafkaAdminClient, partitions: Sequence[Partition]
    ) -> dict[Partition, tuple[int, str]]:
        offsets = await admin.list_consumer_group_offsets(
            self._app_id, partitions=[TopicPartition(*p) for p in partitions]
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

    async def _follow(self, stores: Mapping[TopicPartition, PartitionStore]) -> None:
        while True:
            try:
                await follow(stores, **self._connection)
            except (KafkaError, OSError) as error:
                logger.warning("Standbys wait for Kafka: %r", error)
                await asyncio.sleep(_REJOIN_SECONDS)

    # -- revocation and failure

    async def quiesce(self) -> None:
        """End all tasks: their transactions are committed, or given up."""
        tasks, self._tasks = list(self._tasks.values()), {}
        self._suspects.clear()
        if self._standby is not None:
            self._standby.cancel()
            await asyncio.wait([self._standby])
            self._standby = None
        await asyncio.gather(*(task.stop(_STOP_SECONDS) for task in tasks))

    async def close(self) -> None:
        """End all tasks and close the stores."""
        await self.quiesce()
        for task in self._background:
            task.cancel()
        self._open(set())

    def on_failure(self, task: StageTask, error: BaseException) -> None:
        """Ask for a rebalance after an error of Kafka's; end the worker after any other."""
        if isinstance(error, KafkaError | OSError):
            logger.warning(
                "%r gave up its transaction (%s: %s); it goes on from what was committed after a "
                "rebalance",
                task,
                type(error).__name__,
                error,
            )
            self._spawn(self._rejoin(task))
        else:
            logger.error("%r failed: a fault of the application", task, exc_info=error)
            self._spawn(self._crash(error))

    async def _rejoin(self, task: StageTask) -> None:
        while self._tasks.get((task.spec.name, task.partition)) is task:
            await asyncio.sleep(_REJOIN_SECONDS)
            if self._tasks.get((task.spec.name, task.partition)) is task:
                self.consumer.rejoin()

    def _spawn(self, work: Awaitable[None]) -> None:
        spawned = asyncio.ensure_future(work)
        self._background.add(spawned)
        spawned.add_done_callback(self._background.discard)

    # -- delivery

    async def deliver(self, stage: str, batch: Batch) -> None:
        """Hand a batch to a stage's task; seek back when it leaves a gap."""
        task = self._tasks.get((stage, batch.partition))
        if task is not None and (back_to := task.deliver(batch)) is not None:
            logger.info(
                "%r expects %s-%d at %d, got %d: seeking back",
                task,
                batch.topic,
                batch.partition,
                back_to,
                batch.begin,
            )
            await self.consumer.go_to({(batch.topic, batch.partition): back_to})

    def full(self) -> set[Partition]:
        """Input partitions of which nothing more is to be fetched for now."""
        return {
            (topic, task.partition)
            for task in self._tasks.values()
            if task.full
            for topic in task.spec.inputs
        }

    def expected(self) -> dict[Partition, int]:
        """The lowest offset that a task still expects, by input partition."""
        lowest: dict[Partition, int] = {}
        for task in self._tasks.values():
            for topic in task.spec.inputs:
                at = (topic, task.partition)
                lowest[at] = min(task.expected(topic), lowest.get(at, task.expected(topic)))
        return lowest

    async def reconcile(self) -> None:
        """Seek back where the consumer stands beyond what is expected and nothing moves.

        Called every second. Batches dropped around a rebalance at the end of a log would else
        wait for ever: no later batch comes to show the gap.
        """
        positions = {}
        suspects = {}
        for at, expected in self.expected().items():
            position = self.consumer.position_of(*at)
            if position is not None and position > expected:
                suspects[at] = (expected, position)
                if self._suspects.get(at) == suspects[at]:
                    positions[at] = expected
        self._suspects = suspects
        if positions:
            await self._skip_lost()
            logger.info("Seeking back to what was not delivered: %s", positions)
            await self.consumer.go_to(positions)

    async def _skip_lost(self) -> None:
        """Go on where the log begins, and say so, if retention deleted what was not yet read."""
        expected = self.expected()
        starts = await self.consumer.starts_of(sorted(expected))
        for task in self._tasks.values():
            for topic in task.spec.inputs:
                start = starts[topic, task.partition]
                if task.expected(topic) < start:
                    logger.error(
                        "%s-%d lost the offsets %d to %d to retention before %r read them. "
                        "Raise the topic's retention, or run more workers.",
                        topic,
                        task.partition,
                        task.expected(topic),
                        start - 1,
                        task,
                    )
                    task.advance(topic, start)
