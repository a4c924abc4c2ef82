"""A worker's consumer: fetches of any size, dropped and repeated batches, seeks."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from agents.batch import Batch
from agents.engine import Engine
from tests.simulation.broker import Link
from tests.simulation.transactions import Partition

#: Offsets that one fetch goes over at most.
_FETCH = (1, 2, 5, 20, 200)
#: Seconds for which what was heard of a log's end holds, and after which a fetch tells it anew.
_FRESH_SECONDS = 2.0
_POLL_SECONDS = 0.05


class SimConsumer:
    """What the engine asks of its consumer, and the loop that fetches.

    Attributes:
        flowing: Fetched batches are wanted: off around rebalances.
        queues: What waits for each stage's agent.
        awake_since: Second at which the process came back to life.
        lag: Seconds between a record's coming and its fetch, at most.
        engine: Whose consumer it is.
    """

    engine: Engine

    def __init__(self, link: Link, stages: Mapping[str, Sequence[str]]) -> None:
        """Begin with no partition.

        Args:
            link: To the broker.
            stages: The stages that read a topic, by topic.
        """
        self.flowing = False
        self.queues: dict[str, asyncio.Queue[Batch]] = {
            stage: asyncio.Queue() for names in stages.values() for stage in names
        }
        self.awake_since = 0.0
        self.lag = 0.0
        self._stages = stages
        self._link = link
        self._positions: dict[Partition, int | None] = {}
        self._heard: dict[Partition, tuple[int, float]] = {}
        self._more = asyncio.Event()
        self.hear_rejoin: Callable[[], None] = lambda: None

    def assign(self, partitions: Sequence[Partition]) -> None:
        """Own these from now on; without a position until sought."""
        logs = self._link.broker.logs
        for at in self._positions:
            logs[at].watchers.pop(self, None)
        self._positions = dict.fromkeys(partitions)
        self._heard = {}
        for at in partitions:
            logs[at].watchers[self] = self._more.set

    def clear(self) -> None:
        """Drop what waits for the agents."""
        for queue in self.queues.values():
            while not queue.empty():
                queue.get_nowait()

    def end_of(self, topic: str, partition: int) -> int | None:
        """The log's end as last heard of; a waiting fetch tells it often."""
        at, now = (topic, partition), self._link.broker.loop.time()
        if self._positions.get(at) is None:
            return None
        if self._link.up and self.flowing and now - self.awake_since > _POLL_SECONDS:
            self._heard[at] = (self._link.broker.logs[at].end, now)
        end, heard_at = self._heard.get(at, (0, 0.0))
        return end if now - heard_at < _FRESH_SECONDS else None

    def position_of(self, topic: str, partition: int) -> int | None:
        """Where it stands."""
        return self._positions.get((topic, partition))

    async def starts_of(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """Where the logs begin."""
        logs = self._link.broker.logs
        return await self._link.call("log starts", lambda: {p: logs[p].start for p in partitions})

    async def go_to(self, positions: Mapping[Partition, int]) -> None:
        """Seek, as far as the partitions are assigned."""
        await asyncio.sleep(self._link.broker.latency())
        self._link.broker.note(self._link.process.name, "seek", dict(positions))
        for at, offset in positions.items():
            if at in self._positions:
                self._positions[at] = offset
        self._more.set()

    def rejoin(self) -> None:
        """Ask the group's coordinator for a rebalance."""
        self.hear_rejoin()

    def resume(self) -> None:
        """Read on."""
        self.flowing = True
        self._more.set()

    async def run(self) -> None:
        """Fetch for ever."""
        broker = self._link.broker
        while True:
            await self._more.wait()
            await asyncio.sleep(broker.latency() + self.lag * broker.random.random())
            self._more.clear()
            if not self.flowing:
                continue
            if not self._link.up:
                self._soon(0.1)
                continue
            self._fetch()

    def _soon(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._more.set)

    def _fetch(self) -> None:
        random, wanted = self._link.broker.random, self.engine.delivery.wanted()
        for at in random.sample(list(self._positions), len(self._positions)):
            begin = self._positions[at]
            if at not in wanted:
                self._soon(0.01)
            elif begin is not None:
                self._read(at, max(begin, self._link.broker.logs[at].start))

    def _read(self, at: Partition, begin: int) -> None:
        log = self._link.broker.logs[at]
        records, end = log.read(begin, self._link.broker.random.choice(_FETCH))
        self._heard[at] = (log.end, self._link.broker.loop.time())
        self._positions[at] = end
        if end < log.stable_end:
            self._more.set()
        if end > begin:
            for stage in self._stages[at[0]]:
                self._hand(stage, Batch(*at, begin, end, records))

    def _hand(self, stage: str, batch: Batch) -> None:
        broker = self._link.broker
        times = 1
        if broker.drops and broker.random.random() < broker.drops:
            times = broker.random.choice((0, 2))
            broker.fault(self._link.process.name, "repeated batch" if times else "dropped batch")
        for _ in range(times):
            self.queues[stage].put_nowait(batch)
