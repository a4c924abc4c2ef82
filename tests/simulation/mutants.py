"""What the real code is replaced by: each does without one rule of the engine."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from agents.batch import Batch
from agents.engine import Engine
from agents.gateway import KafkaGateway
from agents.inbox import Inbox
from agents.spec import Envelope
from agents.stage import StageTask
from agents.takeover import Takeover
from models.ledger import Ledger
from models.stage import Step
from tables import changelog
from tables.store import STATE_KEY, PartitionStore
from tables.transaction import Offsets, Sends, TransactionalWriter
from tests.simulation.clients import Reader

#: Offsets that the last transaction of a changelog has at least.
_LAST = 2

_put = Inbox.put
_load = StageTask.load
_take_over = Takeover.load
_fence = StageTask.fence
_turn = StageTask._turn
_commit = TransactionalWriter.commit
_writer = KafkaGateway.writer
_step_commit = StageTask._commit
_behind = changelog._behind
_reader = Reader.__init__


async def nothing(*_: object) -> None:
    """Do nothing."""


def take_everything(self: Inbox, batch: Batch) -> None:
    """Whatever comes is taken."""
    self._expected[batch.topic] = batch.begin
    _put(self, batch)


def take_gaps(self: Inbox, batch: Batch) -> int | None:
    """What comes after a gap is taken."""
    self._expected[batch.topic] = max(batch.begin, self._expected[batch.topic])
    return _put(self, batch)


def take_overlaps(self: Inbox, batch: Batch) -> int | None:
    """What was there already is taken again."""
    expected = self._expected[batch.topic]
    if batch.begin < expected < batch.end:
        self._expected[batch.topic] = batch.begin
    return _put(self, batch)


def never_seek(self: Inbox, batch: Batch) -> None:
    """A gap is dropped, and never sought back."""
    _put(self, batch)


def forget_positions(self: StageTask, store: Any, starts: Any) -> None:
    """A table's rows are kept, and its inputs read from the logs' starts."""
    _load(self, store, starts)
    if store is not None:
        self._positions = {topic: start for topic, (start, _) in starts.items()}
        self._inbox = Inbox(self._positions)


def forget_state(self: StageTask, store: Any, starts: Any) -> None:
    """An offset's metadata is passed over."""
    _load(self, store, starts)
    if store is None:
        self.stage.restore(b'{"streamTime":0}')


def forget_ledger(self: StageTask, store: Any, starts: Any) -> None:
    """Every owner begins a ledger of its own."""
    _load(self, store, starts)
    self.ledger = Ledger()


async def load_then_fence(self: Takeover, tasks: Any, *more: Any) -> None:
    """Former owners are fenced after their work was read."""
    await _take_over(self, tasks, *more)
    await asyncio.gather(*(_fence(task) for task in tasks))


def writer_of_its_own(self: KafkaGateway, transactional_id: str) -> TransactionalWriter:
    """Every producer has an id of its own."""
    return _writer(self, f"{transactional_id}-{uuid.uuid4().hex}")


async def go_on(self: StageTask) -> None:
    """After an error the same producer goes on."""
    try:
        await _turn(self)
    except KafkaError:
        await asyncio.sleep(0.1)


async def fence_and_repeat(
    self: TransactionalWriter, sends: Sends, offsets: Offsets
) -> dict[tuple[str, int], int]:
    """After an error the same step is done again under a new fence."""
    try:
        return await _commit(self, sends, offsets)
    except KafkaError:
        await self._producer.start()
        return await _commit(self, sends, offsets)


async def offsets_apart(
    self: TransactionalWriter, sends: Sends, offsets: Offsets
) -> dict[tuple[str, int], int]:
    """The offsets have a transaction of their own, after the outputs."""
    last = await _commit(self, sends, {})
    if offsets:
        await _commit(self, {}, offsets)
    return last


async def commit_what_was_sent(
    self: TransactionalWriter, sends: Sends, offsets: Offsets
) -> dict[tuple[str, int], int]:
    """Whether all sends arrived is looked at after the commit."""
    await self._producer.begin_transaction()
    sent = {}
    for (topic, partition), outputs in sends.items():
        for batch in self._batches(outputs, 0):
            sent[topic, partition] = await self._producer.send_batch(
                batch, topic, partition=partition
            )
    told = {TopicPartition(*at): OffsetAndMetadata(*offset) for at, offset in offsets.items()}
    if told:
        await self._producer.send_offsets_to_transaction(told, self._group)
    await self._producer.commit_transaction()
    done = {at: (await batch).offset for at, batch in sent.items()}
    return {at: first + len(sends[at]) - 1 for at, first in done.items()}


async def write_first(self: StageTask, step: Step) -> None:
    """The local store is written before its transaction is committed."""
    if self.store is not None:
        state = msgspec.Raw(self.stage.dump())
        envelope = Envelope(self._lineage, self._positions, self.ledger, state)
        changes = step.changes | {STATE_KEY: msgspec.json.encode(envelope)}
        self.store.write(changes, -1 if self.store.offset is None else self.store.offset)
    await _step_commit(self, step)


async def behind_a_little(reader: Any, ends: Mapping[TopicPartition, int]) -> list[TopicPartition]:
    """The last transaction is left out."""
    return await _behind(reader, {at: end - _LAST for at, end in ends.items()})


async def look_afterwards(self: Takeover, wanted: set[tuple[str, int]]) -> int:
    """Strange stores are found out when their changelogs have been read."""
    stores = self._by_changelog(wanted)
    before = {at: _lineage(store) for at, store in stores.items()}
    read = await self._gateway.restore(stores)
    strange = {at: s for at, s in stores.items() if before[at] not in {None, _lineage(s)}}
    for store in strange.values():
        store.reset()
    return read + await self._gateway.restore(strange)


def _lineage(store: PartitionStore) -> str | None:
    state = store.state()
    return None if state is None else msgspec.json.decode(state, type=Envelope).lineage


def read_all(self: Reader, **options: Any) -> None:
    """Changelogs are read with what was not committed."""
    _reader(self, **(options | {"isolation_level": "read_uncommitted"}))


async def stop_without_waiting(self: StageTask, seconds: float) -> None:
    """The turn at hand goes on by itself."""
    self._stopping = True
    self._inbox.arrived.set()


def no_failure(self: Engine, task: StageTask, error: BaseException) -> None:
    """A task that failed asks for no rebalance."""


def begin_anywhere(self: StageTask, store: Any, starts: Any) -> None:
    """Without a position, wherever the first batch begins."""
    _load(self, store, starts)

    def put(batch: Batch) -> int | None:
        self._inbox._expected[batch.topic] = batch.begin
        del self._inbox.put
        return self._inbox.put(batch)

    if store is None or store.offset is None:
        self._inbox.put = put  # type: ignore[method-assign]


async def believe_anything(admin: Any, group: str, partitions: Any) -> Any:
    """A coordinator that is loading is taken for a group without offsets."""
    return await admin.list_consumer_group_offsets(group, partitions)
