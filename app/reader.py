"""The thread that reads from Kafka: fetches become batches, from position to position."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from agents.batch import Batch
from agents.delivery import Partition

if TYPE_CHECKING:
    from app.transport import Consumer

#: How long the broker may hold a fetch (ms): a partition that was not free when it was sent, as its
#: records waited here, has to wait for the next one.
_FETCH_WAIT_MS = 50
#: Seconds from one fetch to the next of a broker: each is answered as soon as there is anything,
#: and one for every record would cost the CPU.
_FETCH_GAP_SECONDS = 0.02
#: What was heard of a log's end holds for so long (ms): the broker answers every fetch with it.
_FRESH_MS = 2_000
#: Seconds between looks at whether any partition may be read, while none may.
POLL_SECONDS = 0.01
#: Seconds a fetched partition that is full may hold up fetching from the same broker.
_PREFETCH_BACKOFF_SECONDS = 0.01


class Paced:
    """What aiokafka's fetcher is to do next, with fetches of one broker not too close together."""

    def __init__(self, actions: Callable[[Any], tuple[Any, ...]]) -> None:
        """Take the fetcher's own way to find out: requests, resets, seconds to wait, and more."""
        self._actions = actions
        self._next: dict[int, float] = {}

    def __call__(self, assignment: Any) -> tuple[Any, ...]:
        """The same, without the fetches that would come too early: seconds until the first."""
        requests, resets, seconds, *more = self._actions(assignment)
        now = time.monotonic()
        due = []
        for node, request in requests:
            if (left := self._next.get(node, now) - now) > 0:
                seconds = min(seconds, left)
            else:
                due.append((node, request))
                self._next[node] = now + _FETCH_GAP_SECONDS
        return due, resets, seconds, *more


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that reads from Kafka."""

    consumer: "Consumer"

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # aiokafka's fetcher is made at start, from these.
        consumer._isolation_level = "read_committed"  # noqa: SLF001 Faust offers no setting
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS  # noqa: SLF001 Faust sets 1500
        return consumer

    async def on_start(self) -> None:
        """Start reading."""
        self._readable = asyncio.Event()
        await super().on_start()
        fetcher = self._ensure_consumer()._fetcher  # noqa: SLF001
        fetcher._prefetch_backoff = _PREFETCH_BACKOFF_SECONDS  # noqa: SLF001
        fetcher._get_actions_per_node = Paced(fetcher._get_actions_per_node)  # noqa: SLF001

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
            ready = self.consumer.engine.delivery.wanted()
            wanted = {tp for tp in active_partitions if (tp.topic, tp.partition) in ready}
            batches = await self._drain(consumer, wanted)
            left = deadline - asyncio.get_running_loop().time()
            if batches or left <= 0:
                return batches
            waiter = fetcher._create_fetch_waiter()  # noqa: SLF001
            await asyncio.wait(
                [waiter], timeout=min(left, POLL_SECONDS if wanted < active_partitions else left)
            )
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
