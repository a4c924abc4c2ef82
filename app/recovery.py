"""Recovery after a rebalance: the engine takes over the partitions, then reading goes on.

Replaces Faust's recovery, which waits for offsets that a transactional or compacted changelog does
not have, goes on after errors, and keeps reading the changelogs of active partitions. Changelogs
stay assigned through Faust (for routing and standbys) but are read by a reader of their own.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from aiokafka.errors import KafkaError
from faust.tables.manager import TableManager as FaustTableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from faust.types import TP
from mode import Service

if TYPE_CHECKING:
    from app.transport import Consumer

T = TypeVar("T")

#: Seconds between attempts to take over partitions, when Kafka does not answer.
_RETRY_SECONDS = 1.0
#: Attempts of which one is told.
_TELL_EVERY = 10
#: Seconds between looks for batches that were dropped.
_RECONCILE_SECONDS = 1.0


class StageRecovery(Recovery):
    """Hands assigned partitions to the engine."""

    _current: asyncio.Future[None] | None = None

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        """Begin anew for this generation of the group."""
        self._generation_id = generation_id
        self.signal_recovery_start.set()

    @Service.task
    async def _restart_recovery(self) -> None:
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start):  # type: ignore[arg-type]
                break
            self.signal_recovery_start.clear()
            self._current = asyncio.ensure_future(self._recover(self._generation_id))
            try:
                await self._wait(self._current)
            except (RebalanceAgain, asyncio.CancelledError):
                continue  # another rebalance has begun, or the service is stopping
            except ServiceStopped:
                break

    async def _recover(self, generation_id: int) -> None:
        consumer = cast("Consumer", self.app.consumer)
        self._set_recovery_started()
        changelogs = [tp for tp in consumer.assignment() if self._is_changelog_tp(tp)]
        await consumer.pause_natively(changelogs)
        assignor, engine = self.app.assignor, consumer.engine
        actives = [(tp.topic, tp.partition) for tp in assignor.assigned_actives()]
        standbys = [(tp.topic, tp.partition) for tp in assignor.assigned_standbys()]
        some_go_on = await self._until_kafka_answers(
            lambda: engine.rebalance(actives, standbys, generation_id)
        )
        if some_go_on:
            await self.on_recovery_completed(generation_id)
        new = await self._until_kafka_answers(engine.take_over)
        if some_go_on:
            await consumer.go_to(new)
        else:
            await self.on_recovery_completed(generation_id)

    async def _until_kafka_answers(self, attempt: Callable[[], Awaitable[T]]) -> T:
        for number in itertools.count():
            try:
                return await attempt()
            except (KafkaError, ConnectionError, TimeoutError) as error:
                if number % _TELL_EVERY == 0:
                    self.log.warning("Partitions wait for Kafka (%s): trying again", error)
                await asyncio.sleep(_RETRY_SECONDS)
        raise AssertionError("attempts have no end")

    @Service.task
    async def _slurp_changelogs(self) -> None:
        await self.wait_until_stopped()

    @Service.task
    async def _publish_stats(self) -> None:
        await self.wait_until_stopped()

    @Service.task
    async def _reconcile(self) -> None:
        consumer = cast("Consumer", self.app.consumer)
        while not self.should_stop:
            await self.sleep(_RECONCILE_SECONDS)
            if not self.in_recovery and not self.app.rebalancing:
                await consumer.engine.delivery.reconcile()

    async def on_stop(self) -> None:
        """Nothing: there are no buffers to flush."""

    def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Give up a take-over that goes on: its partitions may be another worker's soon."""
        if self._current is not None:
            self._current.cancel()


class TableManager(FaustTableManager):
    """Faust's table manager, with our recovery."""

    @property
    def recovery(self) -> Recovery:
        """The recovery service."""
        if self._recovery is None:
            self._recovery = StageRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        """Start without Faust's second of waiting: all tables are declared at import."""
        await self._update_channels()
        await self.recovery.start()

    async def on_stop(self) -> None:
        """Stop, and close the stores."""
        await super().on_stop()
        await cast("Any", self.app.consumer).engine.close()
