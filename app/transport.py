"""A Faust transport that delivers partition batches.

Faust's own path costs some 200 microseconds a message. Here one fetch of a partition is one Faust
message, whose value is a :class:`~agents.batch.Batch` of raw Kafka records: conductor, stream and
agent stay Faust's, and cost once a batch. Offsets are committed by the stages' transactions only.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from agents.batch import Batch
from agents.delivery import Partition
from agents.engine import Engine

#: How long the broker may hold a fetch (ms), and the bytes that end it sooner: Faust's 1500 ms
#: would delay a partition's first record, and a fetch for every record would cost the CPU.
_FETCH_WAIT_MS = 50
_FETCH_MIN_BYTES = 16 * 1024
#: Bytes of one partition in a fetch: some thousands of records.
_FETCH_BYTES = 1024 * 1024
#: What was heard of a log's end holds for so long (ms): the broker answers every fetch with it.
_FRESH_MS = 2_000
#: Seconds between looks at whether any partition may be read, while none may.
_POLL_SECONDS = 0.01
#: Seconds a fetched partition that is full may hold up fetching from the same broker.
_PREFETCH_BACKOFF_SECONDS = 0.01


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that reads from Kafka."""

    consumer: "Consumer"

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # aiokafka's fetcher is made at start, from these.
        consumer._isolation_level = "read_committed"  # noqa: SLF001 Faust offers no setting
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS  # noqa: SLF001 Faust sets 1500
        consumer._fetch_min_bytes = _FETCH_MIN_BYTES  # noqa: SLF001 Faust offers no setting
        return consumer

    async def on_start(self) -> None:
        """Start reading."""
        self._readable = asyncio.Event()
        await super().on_start()
        self._ensure_consumer()._fetcher._prefetch_backoff = _PREFETCH_BACKOFF_SECONDS  # noqa: SLF001

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 the signature is Faust's
        max_records: int | None = None,
    ) -> dict[TP, list[Batch]]:
        """Batches of the partitions that may be read; waits up to the timeout (s) for some."""
        # The context tells aiokafka that somebody reads: else it would leave the group in time.
        with consumer._subscription.fetch_context():  # noqa: SLF001
            return await self._next_batches(consumer, active_partitions, timeout or 0.0)

    async def _next_batches(
        self, consumer: AIOKafkaConsumer, active_partitions: set[TP], seconds: float
    ) -> dict[TP, list[Batch]]:
        deadline = asyncio.get_running_loop().time() + seconds
        while self.consumer.flow_active:
            fetcher = consumer._fetcher  # noqa: SLF001 as in the class extended here
            if consumer._closed or fetcher._closed:  # noqa: SLF001
                raise ConsumerStoppedError
            full = self.consumer.engine.delivery.full()
            wanted = {tp for tp in active_partitions if (tp.topic, tp.partition) not in full}
            batches = await self._drain(consumer, wanted)
            left = deadline - asyncio.get_running_loop().time()
            if batches or left <= 0:
                return batches
            waiter = fetcher._create_fetch_waiter()  # noqa: SLF001
            await asyncio.wait([waiter], timeout=min(left, _POLL_SECONDS if full else left))
            waiter.cancel()
        return {}

    async def _drain(self, consumer: AIOKafkaConsumer, wanted: set[TP]) -> dict[TP, list[Batch]]:
        """What was fetched, with the consumer's position before and after it.

        The position also moves over control records alone; then the batch is empty.
        """
        subscriptions = consumer._subscription  # noqa: SLF001
        if not wanted or subscriptions.reassignment_in_progress:
            return {}
        assignment = subscriptions.subscription.assignment
        fetcher = consumer._fetcher  # noqa: SLF001
        waiting = {
            tp: state.position
            for tp in fetcher._records  # noqa: SLF001
            if tp in wanted
            and (state := assignment.state_value(tp)) is not None
            and state.has_valid_position
        }
        if not waiting:
            return {}
        fetched = await fetcher.fetched_records(waiting.keys(), timeout=0)
        batches = {}
        for tp, begin in waiting.items():
            state = assignment.state_value(tp)
            records = fetched.get(tp, ())
            if records or (state is not None and state.position != begin):
                end = records[-1].offset + 1 if state is None else state.position
                batches[TP(*tp)] = [Batch(tp.topic, tp.partition, begin, end, records)]
        return batches

    def highwater(self, tp: TP) -> int:
        """The log's end as last heard of; 0 for a partition that is not assigned any more."""
        try:
            return self._ensure_consumer().highwater(tp) or 0
        except (AssertionError, IllegalStateError):
            return 0

    def end_of(self, topic: str, partition: int) -> int | None:
        """The log's end, or None if nothing was heard of it lately."""
        at = TopicPartition(topic, partition)
        consumer = self._ensure_consumer()
        try:
            heard_ms = consumer.last_poll_timestamp(at) or 0
            fresh = time.time_ns() // 1_000_000 - heard_ms < _FRESH_MS
            return cast("int | None", consumer.highwater(at)) if fresh else None
        except (AssertionError, IllegalStateError):
            return None

    def position_of(self, topic: str, partition: int) -> int | None:
        """Where the consumer stands, or None."""
        consumer = self._ensure_consumer()
        assignment = consumer._subscription.subscription.assignment  # noqa: SLF001
        state = assignment and assignment.state_value(TopicPartition(topic, partition))
        return state.position if state and state.has_valid_position else None

    async def go_to(self, positions: Mapping[Partition, int]) -> None:
        """Seek, as far as the partitions are still assigned."""
        await self.call_thread(self._go_to, dict(positions))

    async def _go_to(self, positions: Mapping[Partition, int]) -> None:
        consumer = self._ensure_consumer()
        for at, offset in positions.items():
            try:
                consumer.seek(TopicPartition(*at), offset)
            except IllegalStateError:
                self.log.info("%s-%d is not assigned any more", *at)

    async def pause_natively(self, partitions: Sequence[TP]) -> None:
        """Never fetch these: changelogs are read by a reader of their own."""
        await self.call_thread(self._pause_natively, partitions)

    async def _pause_natively(self, partitions: Sequence[TP]) -> None:
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        consumer.pause(*(TopicPartition(*tp) for tp in partitions if tp in assigned))

    def rejoin(self) -> None:
        """Ask the group's coordinator for a rebalance."""
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001 no public call
        self.thread_loop.call_soon_threadsafe(coordinator.request_rejoin)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: Faust's check takes changelogs, which are not fetched here, for stuck."""


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
            await asyncio.sleep(_POLL_SECONDS)  # Faust's own sleeps a second
            return {}, set()
        return await super()._wait_next_records(timeout)

    async def perform_seek(self) -> None:
        """Go to where the stages expect to go on."""
        await self.go_to(self.engine.delivery.expected())

    async def wait_empty(self) -> None:
        """End the turns at hand. Batches that wait are dropped: their positions tell of them."""
        await self.engine.quiesce()

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
