"""A Faust transport that delivers partition batches.

Faust's own path costs some 200 microseconds a message. Here one fetch of a partition is one Faust
message, whose value is a :class:`~agents.batch.Batch` of raw Kafka records: conductor, stream and
agent stay Faust's, and cost once a batch. Offsets are committed by the stages' transactions only.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from aiokafka import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from agents.delivery import Partition
from agents.engine import Engine
from app.reader import POLL_SECONDS, ConsumerThread

if TYPE_CHECKING:
    from agents.batch import Batch


class _Unread(dict[TP, None]):
    """Faust's read offsets, always unknown: the stages alone judge what was delivered."""

    def __getitem__(self, key: TP) -> None:
        return None

    def __setitem__(self, key: TP, value: object) -> None:
        pass


class Consumer(driver.Consumer):
    """The worker's consumer, and the engine's view of it."""

    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = cast("Any", _Unread())
        self.engine: Engine = cast("Transport", self.transport).engine
        self.engine.connect(self)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        batch = cast("Batch", record)
        last = batch.records[-1] if batch.records else None
        return ConsumerMessage(
            batch.topic,
            batch.partition,
            batch.begin,
            last.timestamp / 1000 if last else 0.0,
            0,
            [],
            None,
            cast("Any", batch),
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109 Faust's
        if self.flow_active and not self._get_active_partitions():
            await asyncio.sleep(POLL_SECONDS)  # Faust's own sleeps a second
            return {}, set()
        return await super()._wait_next_records(timeout)

    async def perform_seek(self) -> None:
        """Go to where the stages expect to go on."""
        await self.go_to(self.engine.delivery.expected())

    async def wait_empty(self) -> None:
        """Nothing: tasks go on until the assignment says whose they are; a new owner fences them.

        Batches that wait in Faust are dropped: the tasks' positions tell of them.
        """

    async def commit(self, *args: Any, **kwargs: Any) -> bool:
        """Nothing: the stages' transactions commit offsets."""
        return False

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: see :class:`ConsumerThread`."""

    def end_of(self, topic: str, partition: int) -> int | None:
        """The log's end as last heard of, or None."""
        return self._thread.end_of(topic, partition)

    def position_of(self, topic: str, partition: int) -> int | None:
        """Where the consumer stands, or None."""
        return self._thread.position_of(topic, partition)

    async def starts_of(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """The first offsets that the logs still have."""
        starts = await self.earliest_offsets(*(TopicPartition(*p) for p in partitions))
        return {(tp.topic, tp.partition): offset for tp, offset in starts.items()}

    async def go_to(self, positions: Mapping[Partition, int]) -> None:
        """Seek, as far as the partitions are still assigned."""
        await self._thread.go_to(positions)

    async def pause_natively(self, partitions: Sequence[TP]) -> None:
        """Never fetch these."""
        await self._thread.pause_natively(partitions)

    def rejoin(self) -> None:
        """Ask the group's coordinator for a rebalance."""
        self._thread.rejoin()


class Transport(driver.Transport):
    """Faust's aiokafka transport, delivering batches to an engine's stages."""

    Consumer: ClassVar[type[Consumer]] = Consumer

    def __init__(self, *args: Any, engine: Engine, **kwargs: Any) -> None:
        self.engine = engine
        super().__init__(*args, **kwargs)
