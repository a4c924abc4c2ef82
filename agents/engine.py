"""All stage tasks of a worker: made on assignment, fed by the agents, ended on revocation."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from aiokafka.errors import IllegalOperation, KafkaError

from agents.delivery import Consumer, Delivery, Partition
from agents.gateway import Gateway
from agents.spec import Observer, StageSpec
from agents.stage import StageTask
from agents.takeover import Takeover
from models.errors import StoreError

logger = logging.getLogger(__name__)

#: Errors after which what was committed decides; IllegalOperation: a producer was fenced meanwhile.
_KAFKAS = (KafkaError, IllegalOperation, ConnectionError, TimeoutError)
#: Seconds that a task may go on with its transaction when its partition is revoked.
_STOP_SECONDS = 4.0
#: Seconds after a failure until the group is asked for a rebalance, and between askings.
_REJOIN_SECONDS = 1.0


class Engine:
    """The stages of one worker.

    Attributes:
        commit_interval_ms: Transactions of a task are about this far apart (ms).
        partitions: Partitions of inner topics, outputs and tables.
        consumer: The worker's consumer; set by the transport.
        delivery: The way from the consumer to the tasks.
        specs: The stages by name, in the order of the flow.
        observers: Hear what the stages do.
    """

    def __init__(  # noqa: PLR0913 by name, once
        self,
        *,
        app_id: str,
        partitions: int,
        inputs: Sequence[str],
        commit_interval_ms: int,
        topic: Callable[[str], str],
        changelog: Callable[[str], str],
        crash: Callable[[BaseException], Awaitable[None]],
        gateway: Gateway,
    ) -> None:
        """Make an engine without stages.

        Args:
            app_id: Consumer group, and prefix of transactional ids.
            partitions: Partitions of inner topics, outputs and tables.
            inputs: Full names of the input topics.
            commit_interval_ms: Transactions of a task are about this far apart (ms).
            topic: Gives the full name of an output topic.
            changelog: Gives the full name of a table's changelog topic.
            crash: Ends the worker.
            gateway: The way to Kafka and to the stores.
        """
        self.commit_interval_ms = commit_interval_ms
        self.partitions = partitions
        self.topic = topic
        self.changelog = changelog
        self.consumer: Consumer
        self.delivery: Delivery
        self.specs: dict[str, StageSpec] = {}
        self.observers: list[Observer] = []
        self._app_id = app_id
        self._crash = crash
        self._gateway = gateway
        self._generation = 0
        self._mine: set[Partition] = set()
        self._standbys: set[Partition] = set()
        self._takeover = Takeover(gateway, inputs, changelog)
        self._ending: set[StageTask] = set()
        self._background: set[asyncio.Future[Any]] = set()

    def connect(self, consumer: Consumer) -> None:
        """Take the worker's consumer."""
        self.consumer = consumer
        self.delivery = Delivery(consumer, {})

    def add(self, spec: StageSpec) -> None:
        """Add a stage."""
        self.specs[spec.name] = spec

    def input_partitions(self, topic: str) -> int:
        """Number of partitions of an input topic, as of the last assignment."""
        return self._takeover.input_counts[topic]

    @property
    def assigned(self) -> frozenset[Partition]:
        """The tasks, by stage and partition, that are this worker's: some may be to be made."""
        return frozenset(self._mine)

    @property
    def tasks(self) -> list[StageTask]:
        """The tasks at work; none before there was an assignment."""
        return [*self.delivery.tasks.values()] if self.joined else []

    @property
    def standbys(self) -> frozenset[Partition]:
        """The tables' partitions that this worker keeps warm."""
        return frozenset(self._standbys)

    @property
    def joined(self) -> bool:
        """Whether there was an assignment yet."""
        return self._generation > 0

    def end_of(self, topic: str, partition: int) -> int | None:
        """The log's end as last heard of, or None."""
        return self.consumer.end_of(topic, partition)

    def lag_of(self, task: StageTask) -> int | None:
        """Records that a task has yet to deal with; None where the end of a log is not known."""
        lag = 0
        for topic, position in task.positions.items():
            end = self.end_of(topic, task.partition)
            if end is None:
                return None
            lag += max(end - position, 0)
        return lag

    def width(self, spec: StageSpec) -> int:
        """Number of partitions of a stage; 0 for one of inputs that are not known yet."""
        unknown = 0 if spec.table is None else self.partitions
        return self._takeover.input_counts.get(spec.inputs[0], unknown)

    async def rebalance(
        self, actives: Iterable[Partition], standbys: Iterable[Partition], generation: int
    ) -> bool:
        """Take an assignment: end the tasks that are no longer this worker's; the others go on.

        A partition that was this worker's in the generation before was nobody's in between: its
        task needs no fence and no restoring. Should that ever be wrong, it is fenced, and its next
        transaction fails.

        Args:
            actives: Input partitions (full topic name, partition) that are this worker's now.
            standbys: Changelog partitions to keep warm.
            generation: Of the consumer group; an attempt may be repeated.

        Returns:
            Whether any task goes on. The rest waits for :meth:`take_over`.
        """
        follows, self._generation = generation - self._generation in {0, 1}, generation
        self._mine = {
            (spec.name, partition)
            for spec in self.specs.values()
            for topic, partition in actives
            if topic == spec.inputs[0]
        }
        self._standbys = self._tables(standbys)
        await self._keep(self._mine if follows else set())
        if self.delivery.tasks and not await self._takeover.same_inputs():
            await self.quiesce()  # stages are made for a number of input partitions
        return bool(self.delivery.tasks)

    async def take_over(self) -> dict[Partition, int]:
        """Take over what is assigned and has no task: fence all former owners, then read.

        Returns:
            Where the consumer is to go on, by input partition.
        """
        began = asyncio.get_running_loop().time()
        kept = self.delivery.tasks
        tasks = {at: self._new_task(*at) for at in sorted(self._mine - kept.keys())}
        try:
            await asyncio.gather(*(task.fence() for task in tasks.values()))
            restored = await self._takeover.load(
                list(tasks.values()), list(kept.values()), self._standbys, self.consumer
            )
        except BaseException:
            self._ending |= set(tasks.values())
            await self._end()
            raise
        self.delivery = Delivery(self.consumer, {**kept, **tasks})
        for task in tasks.values():
            task.start()
        seconds = asyncio.get_running_loop().time() - began
        for observer in self.observers:
            observer.rebalanced(len(kept), len(tasks), restored, seconds)
        return Delivery(self.consumer, tasks).expected()

    def _new_task(self, stage: str, partition: int) -> StageTask:
        writer = self._gateway.writer(f"{self._app_id}-{stage}-{partition}")
        return StageTask(self.specs[stage], partition, writer, self)

    def _tables(self, changelogs: Iterable[Partition]) -> set[Partition]:
        tables = {self.changelog(s.table): s.table for s in self.specs.values() if s.table}
        return {(tables[topic], p) for topic, p in changelogs if topic in tables}

    async def quiesce(self) -> None:
        """End all tasks."""
        await self._keep(set())

    async def _keep(self, wanted: set[Partition]) -> None:
        """End all tasks but these: their transactions are committed, or given up."""
        tasks = self.delivery.tasks
        kept = {at: task for at, task in tasks.items() if at in wanted and not task.failed}
        self.delivery = Delivery(self.consumer, kept)
        self._ending |= {task for at, task in tasks.items() if at not in kept}
        await self._takeover.rest()
        await self._end()

    async def _end(self) -> None:
        """Wait until tasks have ended; those of an attempt that was cancelled meanwhile, too.

        Their stores must not be closed, or taken over, before.
        """
        ending = set(self._ending)
        await asyncio.gather(*(task.stop(_STOP_SECONDS) for task in ending))
        self._ending -= ending

    async def close(self) -> None:
        """End all tasks and close the stores."""
        await self.quiesce()
        for task in self._background:
            task.cancel()
        self._takeover.close()

    def on_failure(self, task: StageTask, error: BaseException) -> None:
        """Ask for a rebalance after an error of Kafka's; end the worker after any other."""
        for observer in self.observers:
            observer.failed(task, error)
        if isinstance(error, _KAFKAS):
            logger.warning(
                "%r gave up its transaction (%s); it goes on from what was committed after a "
                "rebalance",
                task,
                error,
            )
            self._spawn(self._rejoin(task))
            return
        if isinstance(error, StoreError):
            logger.error("%r ends the worker: %s", task, error)
        else:
            logger.error("%r failed: a fault of the application", task, exc_info=error)
        self._spawn(self._crash(error))

    async def _rejoin(self, task: StageTask) -> None:
        at = (task.spec.name, task.partition)
        await asyncio.sleep(_REJOIN_SECONDS)
        while self.delivery.tasks.get(at) is task:
            self.consumer.rejoin()
            await asyncio.sleep(_REJOIN_SECONDS)

    def _spawn(self, work: Awaitable[None]) -> None:
        spawned = asyncio.ensure_future(work)
        self._background.add(spawned)
        spawned.add_done_callback(self._background.discard)
