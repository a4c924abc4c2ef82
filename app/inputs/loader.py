"""Rows into Kafka, each exactly once, whatever interrupts the loading.

A transaction holds some thousand rows and, as the offset of a consumer group of its own, the number
of lines that are done. The producer's transactional id is the load's: starting it ends whatever a
killed run left open, then the offset says where to go on. The broker remembers it for
``offsets.retention.minutes`` (7 days by default).
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
)

from agents.gateway import group_offsets
from app.inputs.bulk import BATCH_BYTES, BulkSender
from app.inputs.cluster import REQUEST_TIMEOUT_MS
from app.inputs.feed import Feed
from app.inputs.lines import Lines
from app.inputs.position import Position, position_of
from app.inputs.rows import Item, Row
from app.topics import CLICKS, PURCHASES
from models.dead_letters import DEAD_LETTERS

#: Rows of a transaction, and the seconds it lasts at most.
TRANSACTION_ROWS = 10_000
TRANSACTION_S = 1.0

#: Milliseconds after which the broker ends a transaction that nobody goes on with; consumers that
#: read committed records wait for that long behind a load that was killed.
_TRANSACTION_TIMEOUT_MS = 20_000

#: Rows between two turns of the event loop: about 5 ms.
_ROWS_AT_ONCE = 500

#: Seconds until a pipe that gave nothing is looked at again.
_POLL_S = 0.02

#: Seconds that ending a failed load may take.
_FAREWELL_S = 5.0

#: Tries to find the group's coordinator, which a broker just started does not have yet.
_COORDINATOR_TRIES = 50
_COORDINATOR_PAUSE_S = 0.2
#: The coordinator is being chosen, moved or loaded.
_COORDINATOR_MOVES = (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows go.

    Attributes:
        connection: What every Kafka client is made with; it may hold a password.
        load_id: Transactional id and consumer group.
        topics: Full names of clicks, purchases and dead letters, by short name.
        partitions: Number of partitions by full name.
        source: Name of the file, for the dead letters.
    """

    connection: Mapping[str, Any] = field(repr=False)
    load_id: str
    topics: dict[str, str]
    partitions: dict[str, int]
    source: str

    @property
    def anchor(self) -> TopicPartition:
        """The partition whose offset in the load's group is the position."""
        return TopicPartition(self.topics[CLICKS], 0)


class Loader:
    """The one process that loads a file; a context manager that owns the producer."""

    def __init__(self, target: Target) -> None:
        """Name the target; nothing is sent before the context is entered."""
        self._target = target
        self._producer = AIOKafkaProducer(
            **target.connection,
            transactional_id=target.load_id,
            transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            max_batch_size=BATCH_BYTES,
        )
        self._sender = BulkSender(self._producer, target.partitions)
        self._counts: Counter[str] = Counter()
        self._began_s: float | None = None
        self._rows = 0

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # An assertion is how the client says that the broker has ended the transaction already.
        with suppress(KafkaError, TimeoutError, AssertionError):
            if self._began_s is not None:
                await asyncio.wait_for(self._producer.abort_transaction(), _FAREWELL_S)
        with suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(self._producer.stop(), _FAREWELL_S)

    async def position(self, admin: AIOKafkaAdminClient) -> Position:
        """Where the last run stopped; to be asked inside the context, which ends that run.

        Args:
            admin: Started.

        Raises:
            InputError: The group's offset is none that a load wrote.
        """
        anchor = self._target.anchor
        for tries_left in reversed(range(_COORDINATOR_TRIES)):
            try:
                offsets = await group_offsets(admin, self._target.load_id, [anchor])
                break
            except _COORDINATOR_MOVES:
                if not tries_left:
                    raise
                await asyncio.sleep(_COORDINATOR_PAUSE_S)
        return position_of(offsets.get(anchor))

    async def load(
        self,
        feed: Feed,
        lines: Lines,
        start: Position,
        proceed: Callable[[Position], bool],
        *,
        remember: bool,
    ) -> Position:
        """Send rows until there are no more or it is told to stop.

        Args:
            feed: The rows after the start.
            lines: What they are read from.
            start: Where they begin.
            proceed: Told the position several times a second; whether to go on.
            remember: Whether the position is written.

        Returns:
            The position that Kafka holds now.

        Raises:
            DamagedFileError: The file breaks off; the rows before are loaded.
            aiokafka.errors.KafkaError: Kafka failed; what was committed stays.
        """
        self._counts.update(clicks=start.clicks, purchases=start.purchases)
        self._counts.update(unreadable=start.unreadable, passed=start.passed)
        position = start
        while proceed(position) and not feed.done:
            rows = feed.take(_ROWS_AT_ONCE)
            await (self._send(rows) if rows else asyncio.sleep(_POLL_S))
            position = self._position(start, lines)
            if self._due():
                await self._commit(position, remember=remember)
        if self._began_s is not None or position.lines > start.lines:
            await self._commit(position, remember=remember)
        if feed.damage is not None:
            raise feed.damage
        return position

    async def _send(self, rows: list[Item | None]) -> None:
        await self._begin()
        self._rows += len(rows)
        for row in rows:
            self._add(row)
        await self._sender.push()
        await asyncio.sleep(0)

    def _add(self, row: Item | None) -> None:
        topics = self._target.topics
        if row is None:
            self._counts["passed"] += 1
        elif isinstance(row, Row):
            self._counts[row.topic] += 1
            self._sender.add(topics[row.topic], row.key, row.value)
        else:
            self._counts["unreadable"] += 1
            source = f"{self._target.source}:{row.line}"
            headers = {"code": row.code, "message": row.message, "source": source}
            encoded = [(name, text.encode("utf-8", "replace")) for name, text in headers.items()]
            self._sender.add(topics[DEAD_LETTERS], None, row.raw, encoded)

    def _position(self, start: Position, lines: Lines) -> Position:
        return replace(
            start,
            lines=lines.number,
            crc=lines.crc,
            clicks=self._counts[CLICKS],
            purchases=self._counts[PURCHASES],
            unreadable=self._counts["unreadable"],
            passed=self._counts["passed"],
        )

    async def _begin(self) -> None:
        if self._began_s is None:
            await self._producer.begin_transaction()
            self._began_s = time.monotonic()
            self._rows = 0

    def _due(self) -> bool:
        if self._began_s is None:
            return False
        return self._rows >= TRANSACTION_ROWS or time.monotonic() - self._began_s >= TRANSACTION_S

    async def _commit(self, position: Position, *, remember: bool) -> None:
        await self._begin()
        await self._sender.flush()
        if remember:
            offsets = {self._target.anchor: position.offset()}
            await self._producer.send_offsets_to_transaction(offsets, self._target.load_id)
        await self._producer.commit_transaction()
        self._began_s = None
