"""Batches to tasks, and the seeks that make up for batches which did not arrive."""

import logging
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

from aiokafka.errors import KafkaError

from agents.batch import Batch
from agents.stage import StageTask

logger = logging.getLogger(__name__)

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


class Delivery:
    """The way from the consumer to the tasks.

    Attributes:
        tasks: The tasks of this worker, by stage and partition.
    """

    def __init__(self, consumer: Consumer, tasks: Mapping[Partition, StageTask]) -> None:
        """Deliver to these tasks; none of their batches was dropped so far."""
        self.tasks = tasks
        self._consumer = consumer
        self._suspects: dict[Partition, int] = {}

    async def deliver(self, stage: str, batch: Batch) -> None:
        """Hand a batch to a stage's task; seek back when it leaves a gap."""
        task = self.tasks.get((stage, batch.partition))
        if task is not None and (back_to := task.deliver(batch)) is not None:
            logger.info(
                "%r expects %s-%d at %d, got %d: seeking back",
                task,
                batch.topic,
                batch.partition,
                back_to,
                batch.begin,
            )
            await self._consumer.go_to({(batch.topic, batch.partition): back_to})

    def wanted(self) -> set[Partition]:
        """Input partitions to fetch: they have tasks, and none of these is full."""
        read: set[Partition] = set()
        full: set[Partition] = set()
        for task in self.tasks.values():
            for topic in task.spec.inputs:
                (full if task.full else read).add((topic, task.partition))
        return read - full

    def expected(self) -> dict[Partition, int]:
        """The lowest offset that a task still expects, by input partition."""
        lowest: dict[Partition, int] = {}
        for task in self.tasks.values():
            for topic in task.spec.inputs:
                at = (topic, task.partition)
                lowest[at] = min(task.expected(topic), lowest.get(at, task.expected(topic)))
        return lowest

    async def reconcile(self) -> None:
        """Seek back where the consumer stands beyond what is expected and that does not move.

        Called every second. Batches dropped around a rebalance at the end of a log would else
        wait for ever: no later batch comes to show the gap. The consumer may go on reading: where
        the log lost what is expected, a gap can't be sought back, and traffic need never rest.
        """
        back_to = {}
        suspects = {}
        for at, expected in self.expected().items():
            position = self._consumer.position_of(*at)
            if position is not None and position > expected:
                suspects[at] = expected
                if self._suspects.get(at) == expected:
                    back_to[at] = expected
        self._suspects = suspects
        if back_to:
            try:
                await self._skip_lost()
            except (KafkaError, OSError) as error:
                logger.warning("Kafka does not tell where its logs begin (%s): asking again", error)
                return
            logger.info("Seeking back to what was not delivered: %s", back_to)
            await self._consumer.go_to({at: self.expected()[at] for at in back_to})

    async def _skip_lost(self) -> None:
        """Go on where the log begins, and say so, if retention deleted what was not yet read."""
        starts = await self._consumer.starts_of(sorted(self.expected()))
        for task in self.tasks.values():
            for topic in task.spec.inputs:
                expected, start = task.expected(topic), starts[topic, task.partition]
                if expected < start:
                    logger.error(
                        "%s-%d lost the offsets %d to %d to retention before %r read them. Raise "
                        "the topic's retention, or run more workers.",
                        topic,
                        task.partition,
                        expected,
                        start - 1,
                        task,
                    )
                    task.advance(topic, start)
