"""aiokafka's clients as far as the engine uses them, on a link to the simulated broker."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from agents import gateway
from models.stage import Output
from tables import changelog, transaction
from tables.reader import Changes
from tests.simulation.broker import Link
from tests.simulation.log import Log

#: Offsets that one fetch of a changelog goes over at most.
_FETCH = (1, 3, 10, 100)
#: Seconds that a fetch of a changelog waits for records.
_POLL_SECONDS = 0.1
#: Share of answers about a group that come while its coordinator is loading.
_LOADING = 0.1


class _Batch(list[Output]):
    """A batch builder, and what it appends to."""

    _relative_offset: int

    @property
    def _builder(self) -> "_Batch":
        return self

    def append(self, number: int, timestamp: int, key: Any, value: Any, headers: Any) -> bool:  # type: ignore[override]  # as aiokafka's
        super().append(Output(key, value, None, headers))
        return True

    def record_count(self) -> int:
        """How many records it has."""
        return len(self)


class Producer:
    """A transactional producer: one epoch, one transaction at a time."""

    def __init__(self, *, transactional_id: str, bootstrap_servers: Link, **_: Any) -> None:
        self._name = transactional_id
        self._link = bootstrap_servers
        self._transactions = bootstrap_servers.broker.transactions
        self._epoch: int | None = None
        self._pending: list[asyncio.Future[Any]] = []
        self._last: dict[tuple[str, int], float] = {}
        self._txn_manager = self

    def maybe_add_partition_to_txn(self, partition: TopicPartition) -> None:
        """Nothing is told before the first record."""

    async def start(self) -> None:
        """Fence."""
        self._epoch = await self._link.call(
            f"fence {self._name}", lambda: self._transactions.fence(self._name)
        )

    @property
    def _mine(self) -> tuple[str, int]:
        if self._epoch is None:
            raise KafkaConnectionError("The producer is not started.")
        return self._name, self._epoch

    async def begin_transaction(self) -> None:
        """Nothing is sent before the first record."""
        self._pending = []

    def create_batch(self) -> _Batch:
        """An empty one."""
        return _Batch()

    async def send_batch(
        self, batch: _Batch, topic: str, *, partition: int
    ) -> asyncio.Future[SimpleNamespace]:
        """Send a batch; those to one partition arrive in order."""
        broker, at, mine = self._link.broker, (topic, partition), self._mine

        def append() -> SimpleNamespace:
            first = self._transactions.append(*mine, at, batch, broker.now_ms)
            return SimpleNamespace(offset=first)

        name = f"send {self._name} {topic}-{partition} {len(batch)}"
        sent = self._link.send(name, append, self._last.get(at, 0.0))
        self._pending.append(sent)
        return sent

    async def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, Any], group: str
    ) -> None:
        """Add the group's offsets."""
        told = {(tp.topic, tp.partition): (o.offset, o.metadata) for tp, o in offsets.items()}
        mine = self._mine
        await self._link.call(
            f"offsets {self._name}", lambda: self._transactions.add_offsets(*mine, told)
        )

    async def commit_transaction(self) -> None:
        """Flush, then commit, even if a batch failed: as aiokafka does."""
        mine = self._mine
        if self._pending:
            await asyncio.wait(self._pending)
        await asyncio.shield(
            self._link.send(f"commit {self._name}", lambda: self._transactions.commit(*mine))
        )

    async def stop(self) -> None:
        """Flush."""
        if self._pending:
            await asyncio.wait(self._pending)


class Reader:
    """A consumer without a group: reads changelogs."""

    def __init__(
        self, *, bootstrap_servers: Link, isolation_level: str = "read_uncommitted", **_: Any
    ) -> None:
        self._link = bootstrap_servers
        self._stable = isolation_level == "read_committed"
        self._positions: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        """Connect."""
        await self._link.call("connect reader", lambda: None)

    async def stop(self) -> None:
        """Disconnect."""

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        """Read these."""
        self._positions = dict.fromkeys(partitions, 0)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go to an offset."""
        self._positions[partition] = offset

    async def position(self, partition: TopicPartition) -> int:
        """Where it stands."""
        return self._positions[partition]

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """The stable ends."""
        logs = self._link.broker.logs
        return await self._link.call("ends", lambda: {p: self._end(logs[p]) for p in partitions})

    def _end(self, log: Log) -> int:
        return log.stable_end if self._stable else log.end

    async def beginning_offsets(
        self, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Where the logs begin."""
        logs = self._link.broker.logs
        return await self._link.call("starts", lambda: {p: logs[p].start for p in partitions})

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int
    ) -> dict[TopicPartition, list[Changes]]:
        """Some records, or none when there are none in time; as the real one, it never fails."""
        random = self._link.broker.random
        await asyncio.sleep(self._link.broker.latency())
        found: dict[TopicPartition, list[Changes]] = {}
        for at in partitions if self._link.up else ():
            log = self._link.broker.logs[at]
            read = log.read if self._stable else log.read_uncommitted
            records, self._positions[at] = read(self._positions[at], random.choice(_FETCH))
            if records:
                rows = {record.key or b"": record.value for record in records}
                found[at] = [Changes(rows, records[-1].offset, len(records))]
        if not found and timeout_ms:
            await asyncio.sleep(min(timeout_ms / 1000, _POLL_SECONDS))
        return found


class Admin:
    """An admin client."""

    def __init__(self, *, bootstrap_servers: Link, **_: Any) -> None:
        self._link = bootstrap_servers

    async def start(self) -> None:
        """Connect."""

    async def close(self) -> None:
        """Disconnect."""

    async def list_consumer_group_offsets(
        self, group: str, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, SimpleNamespace]:
        """The group's offsets, -1 where there is none."""
        broker = self._link.broker
        if broker.drops and broker.random.random() < _LOADING:
            broker.fault(self._link.process.name, "loading group")
            return {}  # as the real one passes over the answer's error
        known = broker.transactions.group
        found = await self._link.call(
            "offsets of group", lambda: {at: known.get(at, (-1, "")) for at in partitions}
        )
        return {at: SimpleNamespace(offset=o, metadata=m) for at, (o, m) in found.items()}

    async def describe_topics(self, topics: Sequence[str]) -> list[dict[str, Any]]:
        """Their partitions."""
        counts = self._link.broker.counts
        return await self._link.call(
            "describe", lambda: [{"topic": t, "partitions": range(counts[t])} for t in topics]
        )


@contextmanager
def simulated_clients() -> Iterator[None]:
    """Let the engine's real code make these clients instead of aiokafka's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changelog, "ChangelogConsumer", Reader)
        patch.setattr(transaction, "AIOKafkaProducer", Producer)
        patch.setattr(gateway, "AIOKafkaAdminClient", Admin)
        yield
